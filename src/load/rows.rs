//! One table's rows: truncated, copied, counted and entered in the ledger in one transaction.

use std::sync::atomic::Ordering;

use anyhow::{Context, Error, Result, anyhow, ensure};
use tokio_postgres::error::DbError;
use tokio_postgres::{Client, Transaction};

use crate::dataset::{Column, Dataset};
use crate::files::manifest;
use crate::load::account::Account;
use crate::load::columns;
use crate::load::feed::{self, Format};
use crate::load::input::{From, TableInput};
use crate::load::ledger;
use crate::load::tables::{self, Target};
use crate::postgres::copy::{Place, copy_in, place};
use crate::postgres::name::quoted_list;
use crate::progress::{Progress, Unit};

/// How the rows get in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Truncated in the same transaction and written frozen: no WAL where `wal_level` is minimal, and visible to
    /// index-only scans without a VACUUM.
    Frozen,
    /// Into a table that is empty already, or is partitioned, or that a staying foreign key refers to.
    Plain,
}

/// One table with its rows.
#[derive(Debug, Clone)]
pub struct TableLoad<'a> {
    /// The dataset.
    pub dataset: &'a Dataset,
    /// The table.
    pub target: &'a Target,
    /// Its rows.
    pub input: &'a TableInput,
    /// How its rows get in.
    pub way: Way,
}

impl TableLoad<'_> {
    /// The table's columns in the input's order.
    fn columns(&self) -> Result<Vec<&Column>> {
        let table = &self.dataset.tables[self.target.table];
        columns::by_header(table, &self.input.header, &self.input.shown())
    }

    fn copy_statement(&self, format: &Format) -> Result<String> {
        let names: Vec<&str> = self
            .columns()?
            .iter()
            .map(|column| column.name.as_str())
            .collect();
        let format = match format {
            Format::Csv => "FORMAT csv, HEADER",
            Format::Text => "FORMAT text",
            Format::Binary(_) => "FORMAT binary",
        };
        let freeze = if self.way == Way::Frozen {
            ", FREEZE"
        } else {
            ""
        };
        Ok(format!(
            "COPY {} ({}) FROM STDIN ({format}{freeze}, ENCODING 'UTF8')",
            self.target.name,
            quoted_list(&names)
        ))
    }

    /// Loads the table and returns its account. Nothing of it stays when it fails.
    pub async fn carry_out(&self, client: &mut Client, progress: &Progress) -> Result<Account> {
        let format = self.input.format(&self.target.columns);
        let statement = self.copy_statement(&format)?;
        let table = &self.target.name;
        let transaction = client.transaction().await?;
        if self.way == Way::Frozen {
            self.ensure_still_empty(&transaction).await?;
            let truncate = format!("TRUNCATE {table}");
            transaction
                .batch_execute(&truncate)
                .await
                .with_context(|| format!("could not empty {table}"))?;
        }
        let task = progress.task(
            format!("load {}", table.name),
            self.input.bytes,
            Unit::Bytes,
        );
        let feed = feed::start(self.input, &format, &self.dataset.nulls);
        let copied = copy_in(&transaction, &statement, feed.chunks, &task).await;
        let loaded = copied.map_err(|error| self.explain(error))?;
        let read = feed.read.load(Ordering::Relaxed);
        self.ensure_as_described(loaded)?;
        let account = Account::whole(&table.name, &self.input.name(), read, loaded)?;
        ledger::enter(&transaction, &table.schema, &account).await?;
        transaction
            .commit()
            .await
            .with_context(|| format!("could not commit {table}"))?;
        task.finish();
        Ok(account)
    }

    /// Refuses to empty a table that was empty before this load and holds rows now, with the table locked.
    async fn ensure_still_empty(&self, transaction: &Transaction<'_>) -> Result<()> {
        let table = &self.target.name;
        transaction
            .batch_execute(&format!("LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
            .await
            .with_context(|| format!("could not lock {table}"))?;
        let filled = !self.target.holds_rows && tables::holds_rows(transaction, table).await?;
        ensure!(
            !filled,
            "{table} was empty when this load began, and somebody wrote rows into it since"
        );
        Ok(())
    }

    /// Refuses a count other than the manifest's.
    fn ensure_as_described(&self, loaded: u64) -> Result<()> {
        if let From::Described { path, file } = &self.input.from {
            ensure!(
                file.rows == loaded,
                "{} has {loaded} records, and {} says {}; nothing of it was kept. Generate it anew, or remove the \
                 manifest to have every record read and checked",
                path.display(),
                manifest::FILE,
                file.rows
            );
        }
        Ok(())
    }

    /// Names file, line, column and value where Postgres tells where the COPY failed.
    fn explain(&self, error: Error) -> Error {
        let found = error
            .chain()
            .find_map(|cause| cause.downcast_ref::<DbError>());
        let Some(found) = found else { return error };
        let shown = self.input.shown();
        let Some(place) = found.where_().and_then(place) else {
            return error.context(format!("could not load {shown} into {}", self.target.name));
        };
        let line = match &self.input.from {
            From::Described { .. } => format!("line {}", place.line),
            From::Foreign { path } => feed::line_of_record(path, place.line)
                .map_or_else(|_| "in a record".to_owned(), |line| format!("line {line}")),
            From::Made(_) => format!("row {} of {}", place.line, self.target.name.name),
        };
        anyhow!("{shown}, {line}: {}", wrong_value(&place, found))
    }
}

fn wrong_value(place: &Place, error: &DbError) -> String {
    let mut text = match (&place.column, &place.value) {
        (Some(column), Some(value)) => format!("column {column}, value \"{value}\": "),
        (Some(column), None) => format!("column {column}: "),
        (None, _) => String::new(),
    };
    text.push_str(error.message());
    if let Some(detail) = error.detail() {
        text.push_str(&format!("; {detail}"));
    }
    text.push_str(&format!(" ({})", error.code().code()));
    text
}
