//! Files read and accounted for without a database: what a load would make of each record, but for its keys.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Result, bail};

use crate::copy::Scalar;
use crate::dataset::{Dataset, Kind, Table};
use crate::load::account::Account;
use crate::load::source::input::Input;
use crate::load::source::reader::FileReader;
use crate::load::source::rejects::{Rejects, RejectsFile};
use crate::postgres::catalog::{Column, ColumnDefault};
use crate::progress::{Progress, Unit};

/// Reads every file; `loaded` in the accounts stands for what would be. Column types are those of the dataset's makers, and
/// any column takes NULL. Stops when the flag is set.
pub fn read_only(
    dataset: &Dataset,
    input: &Input,
    rejects: &Rejects,
    progress: &Progress,
    stop: &AtomicBool,
) -> Result<Vec<Account>> {
    let mut accounts = Vec::new();
    for table in &input.tables {
        let spec = &dataset.tables[table.table];
        let encoder = table.encoder(dataset, &columns(spec))?;
        let none = BTreeMap::new();
        let reader = FileReader::new(dataset, table, &encoder, &none)?;
        let mut account = Account::new(&spec.name, &table.name());
        let task = progress.task(format!("read {}", spec.name), table.bytes, Unit::Bytes);
        let mut file = RejectsFile::new(rejects, table, reader.table(), 0);
        let mut added = Ok(());
        reader.read(None, &mut file, |rows| {
            task.add(rows.tally.rows, rows.share);
            added = account.add(&rows.tally, rows.tally.rows);
            added.is_ok() && !stop.load(Ordering::Relaxed)
        })?;
        added?;
        if stop.load(Ordering::Relaxed) {
            bail!("interrupted");
        }
        task.finish();
        accounts.push(account);
    }
    Ok(accounts)
}

/// The columns that a table would have, as wide as can be.
fn columns(table: &Table) -> Vec<Column> {
    let column = |(place, column): (usize, &crate::dataset::Column)| {
        let scalar = match table.kind(place) {
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
