//! A trial of generated rows: a few of each table into the target, every constraint and trigger on, all rolled back.
//!
//! It answers before any key is dropped whether the rows of a dataset hold: the server's own verdict on each table, with
//! the constraint and the row.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use anyhow::{Context, Error, Result};
use bytes::Bytes;
use tokio_postgres::error::{DbError, SqlState};
use tokio_postgres::{Client, GenericClient, Transaction};

use crate::copy::CopyFormat;
use crate::dataset::{Dataset, RowPlan};
use crate::generate::TableMaker;
use crate::load::config::Load;
use crate::load::policy::Triggers;
use crate::load::prepare::create_missing;
use crate::load::session::SessionSettings;
use crate::load::table::server_rejection::ServerRejection;
use crate::load::table::target::{self, TargetTable};
use crate::load::table::triggers;
use crate::postgres::catalog::{self, ForeignKey, Scope, Trigger};
use crate::postgres::copy::CopyIn;
use crate::postgres::error::ErrorWithNotes;
use crate::postgres::locks;
use crate::postgres::name::{quoted, quoted_list};
use crate::printable;
use crate::progress::Progress;

/// Rows of each table that are tried.
pub const ROWS: u64 = 200;

/// What came of a trial.
#[derive(Debug)]
pub struct Trial {
    /// In load order.
    pub tables: Vec<TriedTable>,
}

/// One table of a trial.
#[derive(Debug)]
pub struct TriedTable {
    /// Its name.
    pub name: String,
    /// What the server says of its rows.
    pub verdict: TrialVerdict,
}

/// What the server says of a table's rows.
#[derive(Debug, PartialEq, Eq)]
pub enum TrialVerdict {
    /// So many rows hold.
    Holds(u64),
    /// It accepts them not.
    Violates(TrialViolation),
    /// They refer to rows of this table, which weren't accepted.
    Depends(String),
    /// The table holds rows already, which new ones may clash with.
    Occupied,
    /// Triggers of other tables have put rows into it.
    FilledByTriggers,
}

/// Why rows of a table aren't accepted.
#[derive(Debug, PartialEq, Eq)]
pub struct TrialViolation {
    /// The constraint, when the error names one.
    pub constraint: Option<String>,
    /// What the server says, with its detail and SQLSTATE.
    pub message: String,
    /// The server's SQLSTATE; `None` where the rows couldn't be made.
    pub code: Option<SqlState>,
    /// The first such row as `column=value` pairs, when the error says which it is.
    pub row: Option<String>,
}

impl Trial {
    /// The tables whose rows the server doesn't accept.
    pub fn violations(&self) -> impl Iterator<Item = (&str, &TrialViolation)> {
        self.tables.iter().filter_map(|table| match &table.verdict {
            TrialVerdict::Violates(violation) => Some((table.name.as_str(), violation)),
            _ => None,
        })
    }

    /// The tables that triggers of others fill.
    pub fn filled_by_triggers(&self) -> impl Iterator<Item = &str> {
        let tables = self.tables.iter();
        let filled = tables.filter(|it| it.verdict == TrialVerdict::FilledByTriggers);
        filled.map(|it| it.name.as_str())
    }

    /// An error that names each table whose rows the server doesn't accept, with the constraint and the row.
    pub fn ensure_holds(&self, dataset: &Dataset) -> Result<()> {
        let violations = self.violations();
        let failed = violations.map(|(table, violation)| violation.described(table));
        let filled = self
            .filled_by_triggers()
            .map(|table| format!("{table}: triggers of other tables write its rows"));
        let failed: Vec<String> = failed.chain(filled).collect();
        if failed.is_empty() {
            return Ok(());
        }
        let depends = self.tables.iter().filter_map(|table| match &table.verdict {
            TrialVerdict::Depends(on) => Some(format!("{} depends on {on}", table.name)),
            _ => None,
        });
        let count = failed.len();
        let mut notes: Vec<String> = failed.into_iter().chain(depends).collect();
        notes.push(format!(
            "correct them in {}, or leave these tables out with --tables",
            dataset.path.display()
        ));
        let text = format!(
            "a trial of {ROWS} rows a table found {} that the server does not accept; nothing was changed",
            tables(count)
        );
        Err(ErrorWithNotes::of(text, notes))
    }
}

impl TrialViolation {
    /// Rows that can't be made.
    fn of_makers(error: &Error) -> TrialViolation {
        TrialViolation {
            constraint: None,
            message: format!("{error:#}"),
            code: None,
            row: None,
        }
    }

    /// Table, constraint, what the server says, and the row.
    fn described(&self, table: &str) -> String {
        let constraint = self.constraint.iter();
        let constraint: String = constraint.map(|name| format!("{name}: ")).collect();
        let row = self.row.iter();
        let row: String = row.map(|row| format!("; the row: {row}")).collect();
        format!("{table}: {constraint}{}{row}", self.message)
    }
}

/// Tries the first rows of each table of a load. What it creates and copies is rolled back; sequences that triggers or
/// defaults advance are not.
///
/// An error where the trial itself can't be made, such as a connection that fails.
pub async fn run(load: &Load<'_>, seed: u64) -> Result<Trial> {
    let mut client = load.server.connect().await?;
    let silent = Progress::new(true);
    let session = SessionSettings::plan(load, &client, &silent).await?;
    session.apply(&client).await?;
    let transaction = client.transaction().await?;
    let schema = create_missing(load, &transaction, &silent).await?;
    let rows = FirstRows {
        dataset: load.dataset,
        tables: load.tables,
        seed,
        triggers: load.policy.triggers,
    };
    let tables = rows.copy(&transaction, &schema).await?;
    undo(transaction).await?;
    load.server.keep(client);
    Ok(Trial { tables })
}

/// As [`run`], of all tables of a dataset, which are in a schema that the connection reaches.
pub async fn of_existing(
    client: &mut Client,
    dataset: &Arc<Dataset>,
    schema: &str,
    seed: u64,
) -> Result<Trial> {
    let transaction = client.transaction().await?;
    transaction
        .execute(
            "SELECT set_config('search_path', concat_ws(', ', quote_ident($1), current_setting('search_path')), true),
                set_config('TimeZone', 'UTC', true), set_config('DateStyle', 'ISO, MDY', true),
                set_config('statement_timeout', '0', true), set_config('lock_timeout', $2, true)",
            &[&schema, &locks::PATIENCE.as_millis().to_string()],
        )
        .await
        .context("could not apply the settings of the trial")?;
    let rows = FirstRows {
        dataset,
        tables: &dataset.real_tables(),
        seed,
        triggers: Triggers::Fire,
    };
    let tables = rows.copy(&transaction, schema).await?;
    undo(transaction).await?;
    Ok(Trial { tables })
}

async fn undo(transaction: Transaction<'_>) -> Result<()> {
    let undone = transaction.rollback().await;
    undone.context("could not undo the trial")
}

/// The first rows of some tables.
struct FirstRows<'a> {
    dataset: &'a Arc<Dataset>,
    /// Their positions, in load order.
    tables: &'a [usize],
    seed: u64,
    triggers: Triggers,
}

impl FirstRows<'_> {
    async fn copy(&self, transaction: &Transaction<'_>, schema: &str) -> Result<Vec<TriedTable>> {
        let targets = target::find(transaction, self.dataset, schema, self.tables).await?;
        let plan = RowPlan::first_rows(self.dataset, ROWS, self.seed, self.tables);
        let keys = foreign_keys(transaction, &targets).await?;
        let late = defer_forward_keys(transaction, &targets, &keys).await?;
        let skipped = match self.triggers {
            Triggers::Fire => Vec::new(),
            Triggers::Skip => triggers::firing(transaction, &targets).await?,
        };
        let mut trial = Tables {
            dataset: self.dataset,
            plan: &plan,
            keys: &keys,
            skipped: &skipped,
            verdicts: HashMap::new(),
        };
        for target in &targets {
            trial.try_table(transaction, target).await?;
        }
        for key in late {
            trial.try_deferred(transaction, key).await?;
        }
        if !triggers::firing(transaction, &targets).await?.is_empty() {
            trial.find_filled_by_triggers(transaction, &targets).await?;
        }
        Ok(trial.finish(&targets))
    }
}

async fn foreign_keys(
    client: &impl GenericClient,
    targets: &[TargetTable],
) -> Result<Vec<ForeignKey>> {
    let oids: Vec<u32> = targets.iter().map(|target| target.oid).collect();
    let keys = catalog::foreign_keys(client, Scope::Tables(&oids)).await?;
    let of_targets = |key: &ForeignKey| oids.contains(&key.table_oid);
    Ok(keys.into_iter().filter(of_targets).collect())
}

/// Defers the keys that refer to tables whose rows come later, and returns them: a cycle of tables has no other order.
async fn defer_forward_keys<'k>(
    transaction: &Transaction<'_>,
    targets: &[TargetTable],
    keys: &'k [ForeignKey],
) -> Result<Vec<&'k ForeignKey>> {
    let place = |oid: u32| targets.iter().position(|target| target.oid == oid);
    let is_forward = |key: &&ForeignKey| place(key.referenced_oid) > place(key.table_oid);
    let forward: Vec<&ForeignKey> = keys.iter().filter(is_forward).collect();
    for key in &forward {
        let sql = format!(
            "ALTER TABLE {} ALTER CONSTRAINT {} DEFERRABLE INITIALLY DEFERRED",
            key.table,
            quoted(&key.name)
        );
        transaction.batch_execute(&sql).await.with_context(|| {
            format!(
                "could not defer {} of {} for the trial",
                key.name, key.table
            )
        })?;
    }
    Ok(forward)
}

/// The tables that are being tried.
struct Tables<'a> {
    dataset: &'a Arc<Dataset>,
    plan: &'a RowPlan,
    keys: &'a [ForeignKey],
    /// The triggers that don't fire.
    skipped: &'a [Trigger],
    verdicts: HashMap<u32, TrialVerdict>,
}

impl Tables<'_> {
    async fn try_table(
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
    async fn find_filled_by_triggers(
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
    async fn try_deferred(
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
    fn finish(mut self, targets: &[TargetTable]) -> Vec<TriedTable> {
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
    let row = transaction.query_one(&sql, &[]).await;
    let row = row.with_context(|| format!("could not see whether {} is empty", target.name))?;
    Ok(row.try_get(0)?)
}

fn tables(count: usize) -> String {
    match count {
        1 => "1 table".to_owned(),
        count => format!("{count} tables"),
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

/// What the server says, where the error is the server's and isn't about the session.
fn of_database(error: &Error) -> Option<TrialViolation> {
    let mut causes = error.chain();
    let error = causes.find_map(|cause| cause.downcast_ref::<DbError>())?;
    // Classes 08, 53, 57 and 58: connections, resources, the operator and the system.
    let class = &error.code().code()[..2];
    if ["08", "53", "57", "58"].contains(&class) {
        return None;
    }
    let detail = error.detail().map(|detail| format!("; {detail}"));
    Some(TrialViolation {
        constraint: error.constraint().map(str::to_owned),
        message: printable::text(&format!(
            "{}{} ({})",
            error.message(),
            detail.unwrap_or_default(),
            error.code().code()
        )),
        code: Some(error.code().clone()),
        row: None,
    })
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
