//! The foreign keys after the rows: restored NOT VALID, validated once their table has statistics, and what rows violate
//! handled as the policy says.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use tokio_postgres::Client;

use crate::load::constraints::broken::{BrokenForeignKey, broken_foreign_keys};
use crate::load::constraints::orphans::{orphans_error, reject_orphans};
use crate::load::constraints::partitioned::{add_to_partitions, restore_whole};
use crate::load::constraints::restore::restore;
use crate::load::constraints::validate::{awaiting_validation, validate};
use crate::load::ledger::DroppedConstraint;
use crate::load::policy::{Orphans, Policy};
use crate::load::session::WorkerPool;
use crate::load::table::maintenance::{self, Vacuum};
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
    /// The OIDs of the tables whose statistics are taken already.
    pub analyzed: &'a BTreeSet<u32>,
}

/// What is done with a table after its rows.
enum TableTask<'a> {
    /// Its statistics; its keys follow, and those of each of its partitions.
    Statistics {
        load: &'a TableLoad<'a>,
        keys: Vec<Vec<ForeignKey>>,
    },
    /// Its foreign keys that await validation.
    Validate(Vec<ForeignKey>),
}

impl ForeignKeyPhase<'_> {
    /// Restores all keys, takes each table's statistics and validates its keys, and returns the foreign keys that rows
    /// violate.
    ///
    /// Restoring is done one by one, since each locks two tables; those that were NOT VALID before are not validated. One of a
    /// partitioned table is added to its partitions first, whose validated keys its own adopts. One of or to a partitioned
    /// table that rows violate cannot be restored, so the load fails where its rows may not be rejected.
    pub async fn run(
        &self,
        statistics: impl AsyncFn(&Client, &TableLoad<'_>) -> Result<()>,
    ) -> Result<Vec<BrokenForeignKey>> {
        let mut client = self.pool.connect().await?;
        let of_partitions = self.restore(&mut client).await?;
        let loaded: Vec<u32> = self.loads.iter().map(|load| load.target.oid).collect();
        let mut keys = self.keys_to_validate(&client, &loaded).await?;
        keys.extend(group_by_table(of_partitions));
        // One of those that the tasks take.
        self.pool.keep(client);
        self.analyze_and_validate(keys, &statistics).await?;
        let mut client = self.pool.connect().await?;
        let unrestored = self.restore_partitioned(&mut client).await?;
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
                let keys = self.keys_to_validate(&client, &loaded).await?;
                let tasks = keys.into_values().map(TableTask::Validate).collect();
                self.run_tasks(tasks, &statistics).await?;
                broken_foreign_keys(&client, &loaded, &unrestored).await?
            }
        };
        self.pool.keep(client);
        Ok(broken)
    }

    /// Restores the dropped foreign keys, those of partitioned tables on their partitions alone, and returns these.
    async fn restore(&self, client: &mut Client) -> Result<Vec<ForeignKey>> {
        let mut of_partitions = Vec::new();
        for key in self.dropped_foreign_keys() {
            match key.is_partitioned() {
                true => of_partitions.extend(add_to_partitions(client, key).await?),
                false => restore(client, key).await?,
            }
        }
        Ok(of_partitions)
    }

    /// Restores the foreign keys of and to partitioned tables and returns those that rows keep from being restored.
    async fn restore_partitioned(&self, client: &mut Client) -> Result<Vec<ForeignKey>> {
        let mut unrestored = Vec::new();
        for key in self.dropped_foreign_keys().filter(|it| it.is_partitioned()) {
            let task = self.progress.step(format!("validate {}", key.name));
            unrestored.extend(restore_whole(client, key).await?);
            task.finish();
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
                let of_partitions = add_to_partitions(client, key).await?;
                self.pool
                    .for_validation()
                    .run_each(of_partitions, async |client, key: ForeignKey| {
                        validate(client, &key).await
                    })
                    .await?;
                again.extend(restore_whole(client, key).await?);
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
            maintenance::analyze(client, table, Vacuum::Plain).await?;
            if !self.policy.append {
                maintenance::ensure_counts(client, self.schema, table).await?;
            }
        }
        Ok(())
    }

    /// The keys that await validation, by their table.
    async fn keys_to_validate(
        &self,
        client: &Client,
        loaded: &[u32],
    ) -> Result<BTreeMap<u32, Vec<ForeignKey>>> {
        let mut tables = loaded.to_vec();
        for key in self.dropped_foreign_keys() {
            tables.extend(catalog::find(client, Some(&key.table.schema), &key.table.name).await?);
        }
        Ok(group_by_table(awaiting_validation(client, &tables).await?))
    }

    /// Every other table's statistics, by which its keys' joins are planned, then its keys. No table waits for another's.
    async fn analyze_and_validate(
        &self,
        mut keys: BTreeMap<u32, Vec<ForeignKey>>,
        statistics: &impl AsyncFn(&Client, &TableLoad<'_>) -> Result<()>,
    ) -> Result<()> {
        let mut tasks = Vec::new();
        let analyzed = |load: &TableLoad<'_>| self.analyzed.contains(&load.target.oid);
        for load in self.loads.iter().filter(|load| !analyzed(load)) {
            let own = load.target.oids().filter_map(|oid| keys.remove(&oid));
            tasks.push(TableTask::Statistics {
                load,
                keys: own.collect(),
            });
        }
        tasks.extend(keys.into_values().map(TableTask::Validate));
        self.run_tasks(tasks, statistics).await
    }

    /// Several tables at a time, the most work first.
    async fn run_tasks(
        &self,
        tasks: Vec<TableTask<'_>>,
        statistics: &impl AsyncFn(&Client, &TableLoad<'_>) -> Result<()>,
    ) -> Result<()> {
        self.pool
            .for_validation()
            .run_ranked(
                tasks,
                |_, task| self.work_left(task),
                async |client, task| match task {
                    TableTask::Statistics { load, keys } => {
                        statistics(client, load).await?;
                        Ok(keys.into_iter().map(TableTask::Validate).collect())
                    }
                    TableTask::Validate(keys) => {
                        self.validate_each(client, keys).await?;
                        Ok(Vec::new())
                    }
                },
            )
            .await
    }

    /// Validates one table's keys, one after the other: each locks the table.
    async fn validate_each(&self, client: &mut Client, keys: Vec<ForeignKey>) -> Result<()> {
        for key in keys {
            let task = self.progress.step(format!("validate {}", key.name));
            validate(client, &key).await?;
            task.finish();
        }
        Ok(())
    }

    fn dropped_foreign_keys(&self) -> impl Iterator<Item = &DroppedConstraint> {
        self.dropped.iter().filter(|key| key.is_foreign())
    }

    /// Rows that a task and the one that follows it read.
    fn work_left(&self, task: &TableTask) -> u64 {
        match task {
            TableTask::Statistics { load, keys } => {
                let keys = keys.iter().map(|keys| self.rows_to_validate(keys));
                load.rows_or_bytes() + keys.sum::<u64>()
            }
            TableTask::Validate(keys) => self.rows_to_validate(keys),
        }
    }

    /// Rows that validating a table's keys reads; where they aren't known, bytes.
    fn rows_to_validate(&self, keys: &[ForeignKey]) -> u64 {
        let Some(first) = keys.first() else {
            return 0;
        };
        let mut loads = self.loads.iter();
        // A partition has about its share of the rows.
        let load = loads.find(|load| load.target.oids().any(|oid| oid == first.table_oid));
        let rows = load.map_or(0, |load| {
            let leaves = load.target.partitions.iter().flat_map(|it| it.leaves());
            load.rows_or_bytes() / (leaves.count() as u64).max(1)
        });
        rows * keys.len() as u64
    }
}

fn group_by_table(keys: Vec<ForeignKey>) -> BTreeMap<u32, Vec<ForeignKey>> {
    let mut by_table: BTreeMap<u32, Vec<ForeignKey>> = BTreeMap::new();
    for key in keys {
        by_table.entry(key.table_oid).or_default().push(key);
    }
    by_table
}
