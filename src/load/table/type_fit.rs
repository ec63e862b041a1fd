//! Whether the types of a database table's columns hold what is made for them.
//!
//! What would stop the load over every row is refused here, before anything is dropped.

use anyhow::{Result, bail};

use crate::copy::may_hold;
use crate::dataset::{Dataset, Kind};
use crate::load::source::bound::BoundSource;
use crate::load::source::table_source::{SourceKind, TableSource};
use crate::load::table::target::TargetTable;

/// Refuses rows that seedrow makes, or has made, for columns whose types hold none of them. What a foreign file has is read
/// as the columns' types want it, whatever the dataset's makers would write.
pub fn ensure_types_fit(
    dataset: &Dataset,
    source: &TableSource,
    target: &TargetTable,
) -> Result<()> {
    if source.is_foreign() {
        return Ok(());
    }
    let table = &dataset.tables[target.table];
    for (position, column) in table.columns.iter().enumerate() {
        let kind = table.kind(position);
        let mut columns = target.columns.iter();
        let found = columns.find(|found| !column.hidden && found.name == column.name);
        if let Some(found) = found.filter(|found| !may_hold(&found.data_type, kind)) {
            bail!(
                "{}, line {}: {}.{} in the database is {}, and table `{}` fills it with {}; correct the one or the other",
                dataset.path.display(),
                column.line,
                target.name,
                column.name,
                found.type_name,
                table.name,
                plural(kind)
            );
        }
    }
    let bound = BoundSource::new(dataset, source, &target.columns)?;
    match &source.kind {
        SourceKind::Generated(rows) => rows.ensure_texts_fit(source.table, &bound.format),
        _ => Ok(()),
    }
}

fn plural(kind: Kind) -> &'static str {
    match kind {
        Kind::Integer => "whole numbers",
        Kind::Cents => "amounts such as 12.34",
        Kind::Date => "dates",
        Kind::Timestamp => "timestamps",
        Kind::Boolean => "booleans",
        Kind::Text | Kind::Literal => "texts",
        Kind::Decimal(_) => "decimal numbers",
        Kind::Time => "times of day",
        Kind::Interval => "intervals",
        Kind::Uuid => "uuids",
    }
}
