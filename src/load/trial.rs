//! A trial of generated rows: a few of each table into the target, every constraint and trigger on, all rolled back.
//!
//! It answers before any key is dropped whether the rows of a dataset hold: the server's own verdict on each table, with
//! the constraint and the row.

mod effects;
mod tables;
mod verdict;

pub use verdict::{ROWS, TakenRows, Trial, TrialVerdict, TrialViolation, TriedTable, writers};

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::{Context, Result};
use tokio_postgres::{Client, GenericClient, Transaction};

use crate::dataset::{Dataset, RowPlan};
use crate::load::config::Load;
use crate::load::policy::Triggers;
use crate::load::prepare::create_missing;
use crate::load::session::{SessionSettings, prepare_changes};
use crate::load::table::target::{self, TargetTable};
use crate::load::table::triggers;
use crate::postgres::catalog::{self, ForeignKey, Scope, Trigger};
use crate::postgres::locks;
use crate::postgres::name::quoted;
use crate::progress::Progress;
use tables::Tables;

/// Tries the first rows of each table of a load. What it creates and copies is rolled back; sequences that triggers or
/// defaults advance are not.
///
/// An error where the trial itself can't be made, such as a connection that fails.
pub async fn run(load: &Load<'_>, seed: u64) -> Result<Trial> {
    let silent = Progress::new(true);
    let (mut client, _) = SessionSettings::open(load, &silent).await?;
    prepare_changes(load.server, &client).await?;
    let transaction = client.transaction().await?;
    let schema = create_missing(load, &transaction, &silent).await?;
    let copied = Copied {
        dataset: load.dataset,
        rows: &FirstRows {
            tables: load.tables,
            rows: ROWS,
            seed,
        },
        triggers: load.policy.triggers,
    };
    let tables = copied.copy_into(&transaction, &schema).await?;
    undo(transaction).await?;
    load.server.keep(client);
    Ok(Trial { tables })
}

/// As [`run`], of some tables of a dataset, which are in a schema that the connection reaches.
pub async fn of_existing(
    client: &mut Client,
    dataset: &Arc<Dataset>,
    schema: &str,
    rows: &FirstRows<'_>,
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
    let copied = Copied {
        dataset,
        rows,
        triggers: Triggers::Fire,
    };
    let tables = copied.copy_into(&transaction, schema).await?;
    undo(transaction).await?;
    Ok(Trial { tables })
}

async fn undo(transaction: Transaction<'_>) -> Result<()> {
    let undone = transaction.rollback().await;
    undone.context("could not undo the trial")
}

/// The first rows of some tables.
#[derive(Debug, Clone, Copy)]
pub struct FirstRows<'a> {
    /// The tables' positions, in load order.
    pub tables: &'a [usize],
    /// How many of each.
    pub rows: u64,
    /// The seed that they are made with.
    pub seed: u64,
}

/// Rows that are copied into their tables.
struct Copied<'a> {
    dataset: &'a Arc<Dataset>,
    rows: &'a FirstRows<'a>,
    triggers: Triggers,
}

impl Copied<'_> {
    /// Whether triggers fire for the rows of a table.
    fn triggers(&self, table: usize) -> Triggers {
        match self.triggers {
            Triggers::Fire => self.dataset.tables[table].triggers,
            Triggers::Skip => Triggers::Skip,
        }
    }

    async fn copy_into(
        &self,
        transaction: &Transaction<'_>,
        schema: &str,
    ) -> Result<Vec<TriedTable>> {
        let FirstRows { tables, rows, seed } = *self.rows;
        let targets = target::find(transaction, self.dataset, schema, tables).await?;
        let plan = RowPlan::first_rows(self.dataset, rows, seed, tables);
        let keys = foreign_keys(transaction, &targets).await?;
        let late = defer_forward_keys(transaction, &targets, &keys).await?;
        let triggers = triggers::firing(transaction, &targets).await?;
        let skipped: Vec<Trigger> = targets
            .iter()
            .filter(|it| self.triggers(it.table) == Triggers::Skip)
            .flat_map(|target| triggers.iter().filter(|it| it.table == target.oid))
            .cloned()
            .collect();
        let mut tables = Tables {
            dataset: self.dataset,
            plan: &plan,
            keys: &keys,
            targets: &targets,
            oids: targets.iter().map(|it| it.oid).collect(),
            triggers: &triggers,
            skipped: &skipped,
            writers: HashMap::new(),
            verdicts: HashMap::new(),
        };
        for target in &targets {
            tables.try_table(transaction, target).await?;
        }
        for key in late {
            tables.try_deferred(transaction, key).await?;
        }
        if triggers.len() > skipped.len() {
            tables.find_filled_by_triggers(transaction).await?;
        }
        Ok(tables.finish(&targets))
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
