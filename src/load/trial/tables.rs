//! The tables of a trial, one after the other, each behind a savepoint.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use anyhow::{Context, Error, Result};
use bytes::Bytes;
use tokio_postgres::Transaction;

use super::verdict::{TrialVerdict, TrialViolation, TriedTable, of_database};
use crate::copy::CopyFormat;
use crate::dataset::{Dataset, RowPlan};
use crate::generate::TableMaker;
use crate::load::table::server_rejection::ServerRejection;
use crate::load::table::target::{self, TargetTable};
use crate::load::table::triggers;
use crate::postgres::catalog::{ForeignKey, Trigger};
use crate::postgres::copy::CopyIn;
use crate::postgres::name::{quoted, quoted_list};
use crate::printable;

/// The tables that are being tried.
pub(super) struct Tables<'a> {
    pub dataset: &'a Arc<Dataset>,
    pub plan: &'a RowPlan,
    pub keys: &'a [ForeignKey],
    /// The triggers that don't fire.
    pub skipped: &'a [Trigger],
    pub verdicts: HashMap<u32, TrialVerdict>,
}

impl Tables<'_> {
    pub async fn try_table(
        &mut self,
        transaction: &Transaction<'_>,
        target: &TargetTable,
    ) -> Result<()> {
        let verdict = match self.unaccepted_parent(target) {
            _ if target.holds_rows => TrialVerdict::Occupied,
            Some(parent) => self.copy_orphans(transaction, target, parent).await?,
            None => self.copy_rows(transaction, target).await?,
        };
        self.verdicts.insert(target.oid, verdict);
        Ok(())
    }

    /// A table that this one refers to whose rows weren't accepted.
    fn unaccepted_parent(&self, target: &TargetTable) -> Option<String> {
        let mut own = self.keys.iter().filter(|key| key.table_oid == target.oid);
        let failed = own.find(|key| !self.is_accepted(target, key));
        failed.map(|key| key.referenced.name.clone())
    }

    /// Whether the rows that a key of a table refers to were accepted, or are to come.
    fn is_accepted(&self, target: &TargetTable, key: &ForeignKey) -> bool {
        let verdict = self.verdicts.get(&key.referenced_oid);
        let accepted = matches!(verdict, Some(TrialVerdict::Holds(_)) | None);
        accepted || key.referenced_oid == target.oid
    }

    /// Copies rows whose parents weren't accepted, without the keys to these: what else is wrong with them shows in the
    /// same trial.
    async fn copy_orphans(
        &self,
        transaction: &Transaction<'_>,
        target: &TargetTable,
        parent: String,
    ) -> Result<TrialVerdict> {
        let own = self.keys.iter().filter(|key| key.table_oid == target.oid);
        let clauses = own
            .filter(|key| !self.is_accepted(target, key))
            .map(|key| format!("DROP CONSTRAINT {}", quoted(&key.name)));
        let clauses: Vec<String> = clauses.collect();
        execute(transaction, "SAVEPOINT keys").await?;
        let sql = format!("ALTER TABLE {} {}", target.name, clauses.join(", "));
        if execute(transaction, &sql).await.is_err() {
            execute(transaction, "ROLLBACK TO SAVEPOINT keys").await?;
            return Ok(TrialVerdict::Depends(parent));
        }
        match self.copy_rows(transaction, target).await? {
            TrialVerdict::Holds(_) => Ok(TrialVerdict::Depends(parent)),
            verdict => Ok(verdict),
        }
    }

    async fn copy_rows(
        &self,
        transaction: &Transaction<'_>,
        target: &TargetTable,
    ) -> Result<TrialVerdict> {
        let rows = match self.rows(target.table) {
            Ok(rows) => rows,
            Err(error) => return Ok(TrialVerdict::Violates(TrialViolation::of_makers(&error))),
        };
        execute(transaction, "SAVEPOINT trial").await?;
        let own = self.skipped.iter().filter(|it| it.table == target.oid);
        let skipped: Vec<Trigger> = own.cloned().collect();
        triggers::disable(transaction, &target.name, &skipped).await?;
        let copied = copy(transaction, self.dataset, target, rows.clone()).await;
        let Err(error) = copied else {
            execute(transaction, "RELEASE SAVEPOINT trial").await?;
            return copied.map(TrialVerdict::Holds);
        };
        let violation = self.violation(target.table, error, &rows)?;
        execute(
            transaction,
            "ROLLBACK TO SAVEPOINT trial; RELEASE SAVEPOINT trial",
        )
        .await?;
        match has_rows(transaction, target).await? {
            true => Ok(TrialVerdict::FilledByTriggers),
            false => Ok(TrialVerdict::Violates(violation)),
        }
    }

    /// Finds the tables that have more rows than were copied: a load would find rows in them that it didn't write.
    pub async fn find_filled_by_triggers(
        &mut self,
        transaction: &Transaction<'_>,
        targets: &[TargetTable],
    ) -> Result<()> {
        for target in targets {
            if let Some(TrialVerdict::Holds(copied)) = self.verdicts.get(&target.oid)
                && target::count(transaction, &target.name).await? > *copied
            {
                self.verdicts
                    .insert(target.oid, TrialVerdict::FilledByTriggers);
            }
        }
        Ok(())
    }

    /// A table's rows as CSV.
    fn rows(&self, table: usize) -> Result<Vec<u8>> {
        let maker = TableMaker::new(self.dataset, self.plan, table)?;
        let mut rows = Vec::new();
        for block in 0..self.plan.blocks() {
            maker.write_block(block, &mut rows)?;
        }
        Ok(rows)
    }

    /// What the server says of rows, with the one that it is about; any other error as it is.
    fn violation(&self, table: usize, error: Error, rows: &[u8]) -> Result<TrialViolation> {
        if let Some(rejection) = ServerRejection::of(&error) {
            let maker = TableMaker::new(self.dataset, self.plan, table)?;
            return Ok(TrialViolation {
                row: row_text(&maker.header()?, rows, rejection.row),
                message: rejection.reason(),
                code: Some(rejection.code.clone()),
                constraint: rejection.constraint,
            });
        }
        of_database(&error).ok_or(error)
    }

    /// Checks a key whose rows came before those that they refer to.
    pub async fn try_deferred(
        &mut self,
        transaction: &Transaction<'_>,
        key: &ForeignKey,
    ) -> Result<()> {
        let accepted = [key.table_oid, key.referenced_oid]
            .iter()
            .all(|oid| matches!(self.verdicts.get(oid), Some(TrialVerdict::Holds(_))));
        if !accepted {
            return Ok(());
        }
        execute(transaction, "SAVEPOINT trial").await?;
        let name = format!("{}.{}", quoted(&key.table.schema), quoted(&key.name));
        let sql = format!("SET CONSTRAINTS {name} IMMEDIATE");
        if let Err(error) = execute(transaction, &sql).await {
            let violation = of_database(&error).ok_or(error)?;
            execute(
                transaction,
                "ROLLBACK TO SAVEPOINT trial; RELEASE SAVEPOINT trial",
            )
            .await?;
            self.verdicts
                .insert(key.table_oid, TrialVerdict::Violates(violation));
        }
        Ok(())
    }

    /// The verdicts in load order. What refers to a table that failed late depends on it, too.
    pub fn finish(mut self, targets: &[TargetTable]) -> Vec<TriedTable> {
        let mut failed: HashSet<u32> = HashSet::new();
        loop {
            let before = failed.len();
            for target in targets {
                let parent = self.unaccepted_parent(target);
                let verdict = self.verdicts.entry(target.oid);
                let verdict = verdict.or_insert(TrialVerdict::Occupied);
                if let (TrialVerdict::Holds(_), Some(parent)) = (&*verdict, parent) {
                    *verdict = TrialVerdict::Depends(parent);
                    failed.insert(target.oid);
                }
            }
            if failed.len() == before {
                break;
            }
        }
        let table = |target: &TargetTable| {
            Some(TriedTable {
                name: target.name.name.clone(),
                verdict: self.verdicts.remove(&target.oid)?,
            })
        };
        targets.iter().filter_map(table).collect()
    }
}

/// Whether a table that was empty has rows: of triggers, then.
async fn has_rows(transaction: &Transaction<'_>, target: &TargetTable) -> Result<bool> {
    let sql = format!("SELECT EXISTS (SELECT FROM {})", target.name);
    let row = transaction.query_typed_one(&sql, &[]).await;
    let row = row.with_context(|| format!("could not see whether {} is empty", target.name))?;
    Ok(row.try_get(0)?)
}

async fn copy(
    transaction: &Transaction<'_>,
    dataset: &Dataset,
    target: &TargetTable,
    rows: Vec<u8>,
) -> Result<u64> {
    let columns: Vec<&str> = dataset.tables[target.table]
        .written()
        .map(|column| column.name.as_str())
        .collect();
    let statement = format!(
        "COPY {} ({}) FROM STDIN ({}, ENCODING 'UTF8')",
        target.name,
        quoted_list(&columns),
        CopyFormat::Csv.option()
    );
    let mut copy = CopyIn::start(transaction, &statement).await?;
    copy.send(Bytes::from(rows)).await;
    copy.finish().await
}

async fn execute(transaction: &Transaction<'_>, sql: &str) -> Result<()> {
    Ok(transaction.batch_execute(sql).await?)
}

/// The row of this number, from 0, as `column=value` pairs.
fn row_text(header: &[u8], rows: &[u8], number: u64) -> Option<String> {
    let number = usize::try_from(number).ok()?;
    let mut text = csv::ReaderBuilder::new();
    let mut header = text.has_headers(false).from_reader(header);
    let mut rows = text.from_reader(rows);
    let columns = header.byte_records().next()?.ok()?;
    let row = rows.byte_records().nth(number)?.ok()?;
    let pairs = columns.iter().zip(&row);
    let pairs = pairs.map(|(column, value)| {
        let column = String::from_utf8_lossy(column);
        format!("{}={}", printable::text(&column), printable::value(value))
    });
    Some(pairs.collect::<Vec<_>>().join(", "))
}
