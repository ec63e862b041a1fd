//! The foreign keys after the rows: restored NOT VALID, validated, and what rows violate handled as the policy says.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use anyhow::Result;
use tokio_postgres::Client;

use crate::load::constraints::broken::{BrokenForeignKey, broken_foreign_keys};
use crate::load::constraints::orphans::{orphans_error, reject_orphans};
use crate::load::constraints::partitioned::restore_partitioned;
use crate::load::constraints::restore::restore;
use crate::load::constraints::validate::{awaiting_validation, validate};
use crate::load::ledger::DroppedConstraint;
use crate::load::policy::{Orphans, Policy};
use crate::load::session::WorkerPool;
use crate::load::table::maintenance;
use crate::load::table::table_load::TableLoad;
use crate::postgres::catalog::{self, ForeignKey};
use crate::progress::Progress;

/// Foreign keys on filled tables.
pub struct ForeignKeyPhase<'a> {
    /// The connections.
    pub pool: WorkerPool<'a>,
    /// The tables, in load order.
    pub loads: &'a [TableLoad<'a>],
    /// The constraints that were dropped.
    pub dropped: &'a [DroppedConstraint],
    /// Handling of rows that violate keys.
    pub policy: Policy,
    /// The tables' schema.
    pub schema: &'a str,
    /// Progress bars.
    pub progress: &'a Progress,
}

impl ForeignKeyPhase<'_> {
    /// Restores and validates, and returns the foreign keys that rows violate.
    ///
    /// Restoring is done one by one, since each locks two tables; those that were NOT VALID before are not validated. One of
    /// or to a partitioned table that rows violate cannot be restored, so the load fails where its rows may not be rejected.
    pub async fn run(&self) -> Result<Vec<BrokenForeignKey>> {
        let mut client = self.pool.connect().await?;
        let unrestored = self.restore(&mut client).await?;
        let loaded: Vec<u32> = self.loads.iter().map(|load| load.target.oid).collect();
        self.validate(&client, &loaded).await?;
        let broken = broken_foreign_keys(&client, &loaded, &unrestored).await?;
        let broken = match self.policy.orphans {
            _ if broken.is_empty() => broken,
            Orphans::Keep if unrestored.is_empty() => broken,
            Orphans::Keep | Orphans::Fail => {
                let error =
                    orphans_error(&mut client, self.schema, self.loads, &unrestored, &broken);
                return Err(error.await?);
            }
            Orphans::Reject => {
                self.reject(&mut client, &unrestored).await?;
                let unrestored = self.restore_again(&mut client, &unrestored).await?;
                self.validate(&client, &loaded).await?;
                broken_foreign_keys(&client, &loaded, &unrestored).await?
            }
        };
        self.pool.keep(client);
        Ok(broken)
    }

    /// Restores the dropped foreign keys and returns those that rows keep from being restored.
    async fn restore(&self, client: &mut Client) -> Result<Vec<ForeignKey>> {
        let mut unrestored = Vec::new();
        for key in self.dropped_foreign_keys() {
            if key.is_partitioned() {
                let task = self.progress.step(format!("validate {}", key.name));
                unrestored.extend(restore_partitioned(client, key).await?);
                task.finish();
            } else {
                restore(client, key).await?;
            }
        }
        Ok(unrestored)
    }

    /// Restores those of the foreign keys that rows kept from being restored, these rows being deleted.
    async fn restore_again(
        &self,
        client: &mut Client,
        unrestored: &[ForeignKey],
    ) -> Result<Vec<ForeignKey>> {
        let mut again = Vec::new();
        for key in self.dropped_foreign_keys() {
            let is_key = |it: &ForeignKey| it.table == key.table && it.name == key.name;
            if unrestored.iter().any(is_key) {
                again.extend(restore_partitioned(client, key).await?);
            }
        }
        Ok(again)
    }

    /// Deletes the rows that reference a missing row and rejects their records.
    async fn reject(&self, client: &mut Client, unrestored: &[ForeignKey]) -> Result<()> {
        let task = self
            .progress
            .step("delete rows that reference a missing row");
        let tables = reject_orphans(client, self.schema, self.loads, unrestored).await?;
        task.finish();
        for table in &tables {
            maintenance::analyze(client, table, false).await?;
            if !self.policy.append {
                maintenance::ensure_counts(client, self.schema, table).await?;
            }
        }
        Ok(())
    }

    /// Validates several tables' keys at a time, the most work first; those of one table one after the other.
    async fn validate(&self, client: &Client, loaded: &[u32]) -> Result<()> {
        let mut tables = loaded.to_vec();
        for key in self.dropped_foreign_keys() {
            tables.extend(catalog::find(client, Some(&key.table.schema), &key.table.name).await?);
        }
        let keys = awaiting_validation(client, &tables).await?;
        let mut by_table = group_by_table(keys);
        by_table.sort_by_key(|keys| Reverse(self.rows_to_validate(keys)));
        self.pool
            .for_validation()
            .run_each(by_table, async |client, keys: Vec<ForeignKey>| {
                for key in keys {
                    let task = self.progress.step(format!("validate {}", key.name));
                    validate(client, &key).await?;
                    task.finish();
                }
                Ok(())
            })
            .await
    }

    fn dropped_foreign_keys(&self) -> impl Iterator<Item = &DroppedConstraint> {
        self.dropped.iter().filter(|key| key.is_foreign())
    }

    /// Rows that validating a table's keys reads; where they aren't known, bytes.
    fn rows_to_validate(&self, keys: &[ForeignKey]) -> u64 {
        let mut loads = self.loads.iter();
        let load = loads.find(|load| load.target.oid == keys[0].table_oid);
        let rows = load.map_or(0, TableLoad::rows_or_bytes);
        rows * keys.len() as u64
    }
}

fn group_by_table(keys: Vec<ForeignKey>) -> Vec<Vec<ForeignKey>> {
    let mut by_table: BTreeMap<u32, Vec<ForeignKey>> = BTreeMap::new();
    for key in keys {
        by_table.entry(key.table_oid).or_default().push(key);
    }
    by_table.into_values().collect()
}
