//! Files read and accounted for without a database: what a load would make of each record, but for its keys.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Result, bail};

use crate::copy::Scalar;
use crate::dataset::{Dataset, Kind, TableSpec};
use crate::infer::SchemaTables;
use crate::load::account::Account;
use crate::load::source::bound::BoundSource;
use crate::load::source::input::Input;
use crate::load::source::reader::{RecordReader, Trace};
use crate::load::source::rejects::Rejects;
use crate::load::source::rejects_file::RejectsFile;
use crate::load::source::table_source::TableSource;
use crate::postgres::catalog::{Column, ColumnDefault};
use crate::progress::{Progress, Unit};

/// Reads every file; `loaded` in the accounts is what would be loaded. The columns are those of the schema's tables; without
/// a schema their types are those of the dataset's makers, and any column takes NULL. Stops when the flag is set.
pub fn check_only(
    dataset: &Dataset,
    input: &Input,
    schema: Option<&SchemaTables>,
    rejects: &Rejects,
    progress: &Progress,
    stop: &AtomicBool,
) -> Result<Vec<Account>> {
    let check = |source: &TableSource| {
        let columns = schema.and_then(|schema| schema.columns_of(&source.table_name));
        let columns = columns.unwrap_or_else(|| columns_made(&dataset.tables[source.table]));
        check_table(dataset, source, &columns, rejects, progress, stop)
    };
    input.tables.iter().map(check).collect()
}

fn check_table(
    dataset: &Dataset,
    source: &TableSource,
    columns: &[Column],
    rejects: &Rejects,
    progress: &Progress,
    stop: &AtomicBool,
) -> Result<Account> {
    let bound = BoundSource::new(dataset, source, columns)?;
    let mut account = Account::new(&source.table_name, &source.file_names());
    let name = format!("read {}", source.table_name);
    let task = progress.task(name, source.bytes, Unit::Bytes);
    let mut file = RejectsFile::new(rejects, source, 0);
    let mut added = Ok(());
    RecordReader::new(&bound)?.read(None, Trace::Off, |chunk| {
        task.add(chunk.tally.rows, chunk.source_bytes);
        added = account
            .add(chunk.file, &chunk.tally, chunk.tally.rows)
            .and_then(|()| file.put_all(&chunk.rejected))
            .and_then(|()| file.flush());
        added.is_ok() && !file.exceeds() && !stop.load(Ordering::Relaxed)
    })?;
    added?;
    if stop.load(Ordering::Relaxed) {
        bail!("interrupted");
    }
    if file.exceeds() {
        return Err(file.too_many());
    }
    task.finish();
    Ok(account)
}

/// The columns that a table would have, as wide as can be.
fn columns_made(table: &TableSpec) -> Vec<Column> {
    let column = |(position, column): (usize, &crate::dataset::ColumnSpec)| {
        let scalar = match table.kind(position) {
            Kind::Integer => Scalar::Int8,
            Kind::Cents => Scalar::Numeric,
            Kind::Date => Scalar::Date,
            Kind::Timestamp => Scalar::Timestamptz,
            Kind::Boolean => Scalar::Bool,
            Kind::Text => Scalar::Text,
        };
        Column {
            table: 0,
            name: column.name.clone(),
            number: 1,
            type_name: String::new(),
            data_type: scalar.into(),
            not_null: false,
            default: ColumnDefault::Nothing,
        }
    };
    table.columns.iter().enumerate().map(column).collect()
}
