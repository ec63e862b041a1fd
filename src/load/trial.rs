//! A trial of generated rows: a few of each table into the target, every constraint and trigger on, all rolled back.
//!
//! It answers before any key is dropped whether the rows of a dataset hold: the server's own verdict on each table, with
//! the constraint and the row.

mod tables;
mod verdict;

pub use verdict::{ROWS, Trial, TrialVerdict, TrialViolation, TriedTable};

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::{Context, Result};
use tokio_postgres::{Client, GenericClient, Transaction};

use crate::dataset::{Dataset, RowPlan};
use crate::load::config::Load;
use crate::load::policy::Triggers;
use crate::load::prepare::create_missing;
use crate::load::session::SessionSettings;
use crate::load::table::target::{self, TargetTable};
use crate::load::table::triggers;
use crate::postgres::catalog::{self, ForeignKey, Scope};
use crate::postgres::locks;
use crate::postgres::name::quoted;
use crate::progress::Progress;
use tables::Tables;

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
        let mut tables = Tables {
            dataset: self.dataset,
            plan: &plan,
            keys: &keys,
            skipped: &skipped,
            verdicts: HashMap::new(),
        };
        for target in &targets {
            tables.try_table(transaction, target).await?;
        }
        for key in late {
            tables.try_deferred(transaction, key).await?;
        }
        if !triggers::firing(transaction, &targets).await?.is_empty() {
            tables
                .find_filled_by_triggers(transaction, &targets)
                .await?;
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
