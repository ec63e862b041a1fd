//! Files read and accounted for without a database: what a load would make of each record, but for its keys.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Result, bail};

use crate::copy::Scalar;
use crate::dataset::{Dataset, Kind, TableSpec};
use crate::infer::SchemaTables;
use crate::load::account::Account;
use crate::load::source::bound::BoundSource;
use crate::load::source::drop_rule::lists;
use crate::load::source::input::Input;
use crate::load::source::reader::{RecordReader, Trace};
use crate::load::source::rejects::Rejects;
use crate::load::source::rejects_file::RejectsFile;
use crate::load::source::suitable::ensure_suitable;
use crate::load::source::table_source::TableSource;
use crate::postgres::catalog::{Column, ColumnDefault};
use crate::progress::{Progress, Unit};

/// Reads every file; `loaded` in the accounts is what would be loaded. The columns are those of the schema's tables; without
/// a schema their types are those of the dataset's makers, and any column takes NULL. `rejects` must allow any number.
/// Stops when the flag is set.
pub fn check_only(
    dataset: &Dataset,
    input: &Input,
    schema: Option<&SchemaTables>,
    rejects: &Rejects,
    progress: &Progress,
    stop: &AtomicBool,
) -> Result<Vec<Account>> {
    if !input.ignored.is_empty() {
        let ignored = input.ignored.join(", ");
        progress.note(format!("load: not read, since no table matches: {ignored}"));
    }
    if schema.is_some() {
        let columns: Vec<Vec<Column>> = input
            .tables
            .iter()
            .map(|source| columns_of(dataset, source, schema))
            .collect();
        let pairs: Vec<_> = input
            .tables
            .iter()
            .zip(columns.iter().map(Vec::as_slice))
            .collect();
        for remark in ensure_suitable(dataset, &pairs)? {
            progress.note(format!("load: {remark}"));
        }
    }
    let check = |source: &TableSource| {
        let columns = columns_of(dataset, source, schema);
        let bound = BoundSource::new(dataset, source, &columns)?;
        look_up_parents(dataset, input, &bound, schema)?;
        check_table(&bound, rejects, progress, stop)
    };
    input.tables.iter().map(check).collect()
}

/// The columns of a table as the schema has them, else as its makers fill them.
fn columns_of(
    dataset: &Dataset,
    source: &TableSource,
    schema: Option<&SchemaTables>,
) -> Vec<Column> {
    let columns = schema.and_then(|schema| schema.columns_of(&source.table_name));
    columns.unwrap_or_else(|| columns_made(&dataset.tables[source.table]))
}

/// Looks up which of the values that a table's rules are about are in the files of its parents.
fn look_up_parents(
    dataset: &Dataset,
    input: &Input,
    bound: &BoundSource,
    schema: Option<&SchemaTables>,
) -> Result<()> {
    for rule in bound.rules() {
        let Some(parent) = rule.awaited() else {
            continue;
        };
        let mut found = Vec::new();
        let mut sources = input.tables.iter();
        if let Some(source) = sources.find(|source| source.table == parent.table) {
            let columns = columns_of(dataset, source, schema);
            let of_parent = BoundSource::new(dataset, source, &columns)?;
            let field = of_parent.field_of(&parent.column);
            RecordReader::new(&of_parent)?.each_row(None, |_, record, _| {
                let value = field.map(|field| record.field(field).0);
                if let Some(value) = value.filter(|value| lists(&rule.rule.values, value)) {
                    found.push(String::from_utf8_lossy(value).into_owned());
                    found.dedup();
                }
                Ok(true)
            })?;
        }
        rule.keep(found);
    }
    Ok(())
}

fn check_table(
    bound: &BoundSource,
    rejects: &Rejects,
    progress: &Progress,
    stop: &AtomicBool,
) -> Result<Account> {
    let source = &bound.source;
    let mut account = Account::new(&source.table_name, &source.file_names());
    let name = format!("read {}", source.table_name);
    let task = progress.task(name, source.bytes, Unit::Bytes);
    let mut file = RejectsFile::new(rejects, source, 0);
    let mut added = Ok(());
    RecordReader::new(bound)?.read(None, Trace::Off, |chunk| {
        task.add(chunk.tally.rows, chunk.source_bytes);
        added = account
            .add(chunk.file, &chunk.tally, chunk.tally.rows)
            .and_then(|()| file.put_all(&chunk.rejected))
            .and_then(|()| file.flush());
        added.is_ok() && !stop.load(Ordering::Relaxed)
    })?;
    added?;
    if stop.load(Ordering::Relaxed) {
        bail!("interrupted");
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
            Kind::Text | Kind::Literal => Scalar::Text,
            Kind::Decimal(_) => Scalar::Numeric,
            Kind::Time => Scalar::Time,
            Kind::Interval => Scalar::Interval,
            Kind::Uuid => Scalar::Uuid,
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
