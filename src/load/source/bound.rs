//! A source and the columns of the database table that it goes into: how records are converted, which are dropped.

use anyhow::{Context, Result};

use crate::dataset::spec::DropRule;
use crate::dataset::{Dataset, TableSpec};
use crate::load::encode::RowEncoder;
use crate::load::source::drop_rule::BoundRule;
use crate::load::source::row_format::RowFormat;
use crate::load::source::table_source::{SourceKind, TableSource};
use crate::postgres::catalog;

/// A source with its conversions.
#[derive(Debug, Clone)]
pub struct BoundSource {
    /// The source.
    pub source: TableSource,
    /// How its rows go to COPY.
    pub format: RowFormat,
    /// For each field the name of its column; `None` for one that is passed over.
    columns: Vec<Option<String>>,
    rules: Vec<BoundRule>,
}

impl BoundSource {
    /// For a table with these columns in the database.
    pub fn new(
        dataset: &Dataset,
        source: &TableSource,
        columns: &[catalog::Column],
    ) -> Result<BoundSource> {
        let table = &dataset.tables[source.table];
        let format = match &source.kind {
            SourceKind::Generated(rows) => rows.format(source.table, columns),
            SourceKind::Own { .. } | SourceKind::Foreign { .. } | SourceKind::Stream { .. } => {
                RowFormat::Encoded(encoder(dataset, table, source, columns)?)
            }
        };
        let positions = source.columns.positions().iter();
        let name = |position: &Option<usize>| position.map(|it| table.columns[it].name.clone());
        Ok(BoundSource {
            format,
            columns: positions.map(name).collect(),
            rules: rules(table, source),
            source: source.clone(),
        })
    }

    /// The names of the columns that are filled, in the source's order.
    pub fn filled(&self) -> Vec<&str> {
        self.columns.iter().flatten().map(String::as_str).collect()
    }

    /// The field that goes to a column.
    pub fn field_of(&self, column: &str) -> Option<usize> {
        let mut columns = self.columns.iter();
        columns.position(|known| known.as_deref() == Some(column))
    }

    /// How records become rows; `None` of generated rows.
    pub fn encoder(&self) -> Option<&RowEncoder> {
        match &self.format {
            RowFormat::Encoded(encoder) => Some(encoder),
            RowFormat::Csv | RowFormat::Binary(_) => None,
        }
    }

    /// The rules that drop records.
    pub fn rules(&self) -> &[BoundRule] {
        &self.rules
    }
}

fn encoder(
    dataset: &Dataset,
    table: &TableSpec,
    source: &TableSource,
    columns: &[catalog::Column],
) -> Result<RowEncoder> {
    let pair = |position: &Option<usize>| {
        let Some(position) = *position else {
            return Ok(None);
        };
        let spec = &table.columns[position];
        let column = columns.iter().find(|column| column.name == spec.name);
        let column =
            column.with_context(|| format!("{} has no column {}", table.name, spec.name))?;
        Ok(Some((table.kind(position), spec, column)))
    };
    let positions = source.columns.positions().iter();
    let pairs = positions.map(pair).collect::<Result<Vec<_>>>()?;
    Ok(RowEncoder::new(
        &pairs,
        !source.is_foreign(),
        &dataset.nulls,
        &source.spellings,
    ))
}

/// The rules of a foreign file: seedrow's own files hold no record that they are about.
fn rules(table: &TableSpec, source: &TableSource) -> Vec<BoundRule> {
    if !source.is_foreign() {
        return Vec::new();
    }
    let bound = |rule: &DropRule| {
        let field = source.columns.field_of(rule.column)?;
        Some(BoundRule::new(field, rule.clone()))
    };
    table.drop.iter().filter_map(bound).collect()
}
