//! The tables of a trial, one after the other, each behind a savepoint.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use anyhow::{Error, Result};
use bytes::Bytes;
use tokio_postgres::Transaction;

use super::verdict::{TakenRows, TrialVerdict, TrialViolation, TriedTable, of_database};
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
    /// All tables, in load order, and their oids.
    pub targets: &'a [TargetTable],
    pub oids: Vec<u32>,
    /// The triggers of all tables, and those that don't fire.
    pub triggers: &'a [Trigger],
    pub skipped: &'a [Trigger],
    /// The tables whose triggers have written rows to a table, by its oid.
    pub writers: HashMap<u32, Vec<String>>,
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
        &mut self,
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
        &mut self,
        transaction: &Transaction<'_>,
        target: &TargetTable,
    ) -> Result<TrialVerdict> {
        let rows = match self.rows(target.table) {
            Ok(rows) => rows,
            Err(error) => return Ok(TrialVerdict::Violates(TrialViolation::of_makers(&error))),
        };
        execute(transaction, "SAVEPOINT trial").await?;
        let error = match self.copied(transaction, target, rows.clone()).await {
            Ok(verdict) => {
                let end = match verdict {
                    TrialVerdict::Holds(_) => "RELEASE SAVEPOINT trial",
                    _ => "ROLLBACK TO SAVEPOINT trial; RELEASE SAVEPOINT trial",
                };
                execute(transaction, end).await?;
                return Ok(verdict);
            }
            Err(error) => error,
        };
        let violation = self.violation(target.table, error, &rows)?;
        execute(
            transaction,
            "ROLLBACK TO SAVEPOINT trial; RELEASE SAVEPOINT trial",
        )
        .await?;
        // What was rolled back isn't there: rows of triggers are.
        match target::holds_rows(transaction, &target.name).await? {
            true => Ok(self.filled_by_triggers(target)),
            false => Ok(TrialVerdict::Violates(violation)),
        }
    }

    /// Copies rows, and says what the table's triggers make of them.
    async fn copied(
        &mut self,
        transaction: &Transaction<'_>,
        target: &TargetTable,
        rows: Vec<u8>,
    ) -> Result<TrialVerdict> {
        let own = self.skipped.iter().filter(|it| it.table == target.oid);
        let skipped: Vec<Trigger> = own.cloned().collect();
        triggers::disable(transaction, &target.name, &skipped).await?;
        let before = self.row_changes(transaction, target).await?;
        let copied = copy(transaction, self.dataset, target, rows).await?;
        let Some(before) = before else {
            return Ok(TrialVerdict::Holds(copied));
        };
        self.fire_deferred(transaction, target).await?;
        let effects = self.effects(transaction, target, copied, &before).await?;
        if !effects.taken.is_empty() {
            let firing = self.firing(target).into_iter();
            return Ok(TrialVerdict::Takes(TakenRows {
                of: effects.taken,
                by: firing.map(|it| it.name.clone()).collect(),
            }));
        }
        for table in effects.written {
            let writers = self.writers.entry(table).or_default();
            writers.push(target.name.name.clone());
        }
        Ok(TrialVerdict::Holds(copied))
    }

    /// Finds the tables that have more rows than were copied: a load would find rows in them that it didn't write.
    pub async fn find_filled_by_triggers(&mut self, transaction: &Transaction<'_>) -> Result<()> {
        for target in self.targets {
            if self.writers.contains_key(&target.oid)
                && let Some(TrialVerdict::Holds(copied)) = self.verdicts.get(&target.oid)
                && target::count(transaction, &target.name).await? > *copied
            {
                let verdict = self.filled_by_triggers(target);
                self.verdicts.insert(target.oid, verdict);
            }
        }
        Ok(())
    }

    fn filled_by_triggers(&self, target: &TargetTable) -> TrialVerdict {
        let writers = self.writers.get(&target.oid).cloned();
        TrialVerdict::FilledByTriggers(writers.unwrap_or_default())
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
