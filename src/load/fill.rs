//! The work between the ledger's first entry and its last: rows and keys, statistics, foreign keys.

mod task;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Instant;

use anyhow::Result;
use tokio_postgres::Client;

use crate::load::account::Account;
use crate::load::constraints::{
    BrokenForeignKey, DropPlan, ForeignKeyPhase, restore_key, violations_error,
};
use crate::load::fill::task::{FillState, FillTask, PartitionsLeft, first_tasks};
use crate::load::ledger::{self, DroppedConstraint};
use crate::load::outcome::Phase;
use crate::load::parent_gate::{ParentGate, look_up_parents};
use crate::load::policy::{Duplicates, Policy};
use crate::load::post_load_hook::PostLoadHook;
use crate::load::reject_totals::with_reject_totals;
use crate::load::session::WorkerPool;
use crate::load::table::maintenance::{self, Vacuum};
use crate::load::table::shard_statistics::{self, ShardRows};
use crate::load::table::table_load::TableLoad;
use crate::load::timeline::{Span, SpanKind, Timeline};
use crate::postgres::sequences::{Sequence, sequences};
use crate::progress::Progress;

/// Tables to fill and constraints to restore.
pub struct Fill<'a, H> {
    /// The connections.
    pub pool: WorkerPool<'a>,
    /// The tables, in load order.
    pub loads: &'a [TableLoad<'a>],
    /// The constraints that are dropped.
    pub dropped: &'a [DroppedConstraint],
    /// Which constraints were to be dropped and which are kept.
    pub plan: &'a DropPlan,
    /// What runs on loaded tables.
    pub hook: &'a H,
    /// Handling of rows that violate keys.
    pub policy: Policy,
    /// The tables' schema.
    pub schema: &'a str,
    /// Progress bars.
    pub progress: &'a Progress,
    /// When each table and key had its turn.
    pub timeline: Timeline,
}

/// The result of filling the tables.
pub struct Filled {
    /// One for each table, in load order.
    pub accounts: Vec<Account>,
    /// Foreign keys that rows violate.
    pub broken_keys: Vec<BrokenForeignKey>,
    /// Where the time went.
    pub phases: Vec<Phase>,
    /// When each table and key had its turn.
    pub spans: Vec<Span>,
}

impl<H: PostLoadHook> Fill<'_, H> {
    /// All phases, one after the other.
    pub async fn run(&self) -> Result<Filled> {
        let start = Instant::now();
        let bytes = self.loads.iter().map(TableLoad::bytes).sum();
        let rows = self.loads.iter().map(|load| load.source.source.rows).sum();
        let bar = self.progress.phase_of(H::PHASE, bytes, rows);
        let analyzed = match self.rows_and_keys().await {
            Ok(analyzed) => analyzed,
            Err(error) => return Err(with_reject_totals(self.pool, self.loads, error).await),
        };
        drop(bar);
        let accounts = self.accounts().await?;
        self.ensure_rejects_allowed(&accounts)?;
        let rows = Some(accounts.iter().map(|account| account.loaded).sum());
        let mut phases = vec![Phase::since(start, H::PHASE, rows)];

        let start = Instant::now();
        let bar = self.progress.phase("statistics and foreign keys");
        self.set_sequences().await?;
        let broken_keys = self.statistics_and_foreign_keys(&analyzed).await?;
        drop(bar);
        phases.push(Phase::since(start, "statistics and foreign keys", rows));

        Ok(Filled {
            // Read again: rows may have been deleted.
            accounts: self.accounts().await?,
            broken_keys,
            phases,
            spans: self.timeline.take(),
        })
    }

    /// Every table's rows, then its keys and the hook's tasks, on as many connections as there are, the largest table
    /// first; on one connection and parents first while foreign keys are kept.
    ///
    /// The first connection prefers rows and the others, or an only one, what is built from them: pages just written are
    /// still in memory.
    ///
    /// Rows that break a key fail the load once the other tables are filled: the error names those of all tables. Returns the
    /// OIDs of the tables whose statistics were taken meanwhile.
    async fn rows_and_keys(&self) -> Result<BTreeSet<u32>> {
        let pool = match self.plan.needs_load_order() {
            true => self.pool.limited_to(1),
            false => self.pool,
        };
        let state = FillState::new(self.loads);
        pool.run_ranked(
            first_tasks(state.gate.ready()),
            |worker, task| self.rank(worker, task),
            async |client, task| self.run_task(client, task, &state).await,
        )
        .await?;
        let broken = state.violations.into_inner();
        match (self.loads.first(), broken.as_slice()) {
            (None, _) | (_, []) => Ok(state.analyzed.into_inner()),
            (Some(load), broken) => {
                let duplicates = self.policy.duplicates;
                Err(violations_error(broken, load.rejects, duplicates))
            }
        }
    }

    /// Runs a task and returns those that follow it.
    async fn run_task<'t>(
        &'t self,
        client: &mut Client,
        task: FillTask<'t, H::Work>,
        state: &FillState<'t>,
    ) -> Result<Vec<FillTask<'t, H::Work>>> {
        match task {
            FillTask::Rows(load) => {
                look_up_parents(client, load).await?;
                let start = Instant::now();
                load.run(client, self.pool_of(load, &state.gate), self.progress)
                    .await?;
                let table = &load.target.name.name;
                self.timeline.add(SpanKind::Rows, table, start);
                let mut tasks = first_tasks(state.gate.loaded(load));
                tasks.push(FillTask::Keys(load));
                Ok(tasks)
            }
            FillTask::Keys(load) => {
                look_up_parents(client, load).await?;
                let of_partitions = self.partition_keys(load);
                match of_partitions.is_empty() {
                    true => self.restore_keys(client, load, state).await,
                    false => Ok(of_partitions),
                }
            }
            FillTask::PartitionKeys(load, keys, left) => {
                for key in keys {
                    let restored = self.restore_key(client, load, key, state).await?;
                    left.whole.set(left.whole.get() && restored);
                }
                left.tasks.set(left.tasks.get() - 1);
                match left.tasks.get() == 0 && left.whole.get() {
                    true => self.restore_keys(client, load, state).await,
                    false => Ok(Vec::new()),
                }
            }
            FillTask::Index(load, index) => {
                self.restore_key(client, load, index, state).await?;
                Ok(self.after_build(load, state))
            }
            FillTask::Hook(load, task) => {
                self.hook.run(task).await?;
                Ok(self.after_build(load, state))
            }
            FillTask::Statistics(load) => {
                let vacuum = self.vacuum_for(client, load).await?;
                if vacuum == Vacuum::Nothing {
                    self.take_statistics(client, load, vacuum).await?;
                    state.analyzed.borrow_mut().insert(load.target.oid);
                }
                Ok(Vec::new())
            }
        }
    }

    /// The connections that fill a table's shards, on nodes of their own; or its partitions, beside the other tables' rows.
    fn pool_of(&self, load: &TableLoad<'_>, gate: &ParentGate<'_>) -> WorkerPool<'_> {
        match load.shards {
            Some(_) => self.pool,
            None => self
                .pool
                .limited_to(self.pool.connections / gate.left().max(1)),
        }
    }

    /// Restores a table's keys, and the keys and indexes of those of its partitions that are partitioned themselves. Returns
    /// the table's indexes and what the hook builds.
    async fn restore_keys<'t>(
        &'t self,
        client: &mut Client,
        load: &'t TableLoad<'t>,
        state: &FillState<'_>,
    ) -> Result<Vec<FillTask<'t, H::Work>>> {
        let dropped = self.dropped_from(load);
        let own = dropped.filter(|it| !load.target.is_leaf(&it.table));
        let (indexes, keys): (Vec<_>, Vec<_>) =
            own.partition(|it| it.is_plain_index() && it.table == load.target.name);
        for key in keys {
            self.restore_key(client, load, key, state).await?;
        }
        let hook = self.hook.tasks(&load.target.name).into_iter();
        let hook = hook.map(|task| FillTask::Hook(load, task));
        let indexes = indexes.into_iter();
        let indexes = indexes.map(|index| FillTask::Index(load, index));
        let builds: Vec<_> = indexes.chain(hook).collect();
        state.expect_builds(load, builds.len());
        match builds.is_empty() {
            true => Ok(self.after_build(load, state)),
            false => Ok(builds),
        }
    }

    /// What follows a table's last index: its statistics, where its rows came frozen. VACUUM, which others need, would find
    /// no page visible to all while other tables' rows come.
    fn after_build<'t>(
        &self,
        load: &'t TableLoad<'t>,
        state: &FillState<'_>,
    ) -> Vec<FillTask<'t, H::Work>> {
        let frozen = load.is_frozen() && load.shards.is_none();
        match frozen && state.is_last_build(load) {
            true => vec![FillTask::Statistics(load)],
            false => Vec::new(),
        }
    }

    /// The tasks that restore the keys and indexes of a table's partitions: one for each partition; one for all where rows
    /// may be rejected, which changes the table's account.
    fn partition_keys<'t>(&'t self, load: &'t TableLoad<'t>) -> Vec<FillTask<'t, H::Work>> {
        let mut by_partition: BTreeMap<&str, Vec<&DroppedConstraint>> = BTreeMap::new();
        let rejects = self.policy.duplicates == Duplicates::Reject;
        for key in self.dropped_from(load) {
            if load.target.is_leaf(&key.table) {
                let partition = if rejects { "" } else { key.table.name.as_str() };
                by_partition.entry(partition).or_default().push(key);
            }
        }
        let left = Rc::new(PartitionsLeft {
            tasks: Cell::new(by_partition.len()),
            whole: Cell::new(true),
        });
        let tasks = by_partition.into_values();
        let task = |keys| FillTask::PartitionKeys(load, keys, Rc::clone(&left));
        tasks.map(task).collect()
    }

    /// The keys and indexes that were dropped from a table and its partitions.
    fn dropped_from<'t>(
        &'t self,
        load: &'t TableLoad<'t>,
    ) -> impl Iterator<Item = &'t DroppedConstraint> {
        let dropped = self.dropped.iter();
        dropped.filter(|it| !it.is_foreign() && load.target.holds(&it.table))
    }

    /// Restores a key, or gathers the rows that break it and returns false.
    async fn restore_key(
        &self,
        client: &mut Client,
        load: &TableLoad<'_>,
        key: &DroppedConstraint,
        state: &FillState<'_>,
    ) -> Result<bool> {
        let task = self.progress.step(format!("build {}", key.name));
        let start = Instant::now();
        if let Err(error) = restore_key(client, load, key, self.policy.duplicates).await {
            state.violations.borrow_mut().push(error.downcast()?);
            return Ok(false);
        }
        self.timeline.add(SpanKind::Key, &key.name, start);
        task.finish();
        Ok(true)
    }

    fn rank(&self, worker: usize, task: &FillTask<H::Work>) -> u64 {
        const PREFERRED: u64 = 1 << 62;
        let only_one = self.pool.connections == 1;
        let (load, preferred) = match task {
            FillTask::Rows(load) => (load, worker == 0 && !only_one),
            FillTask::Keys(load)
            | FillTask::PartitionKeys(load, ..)
            | FillTask::Index(load, _)
            | FillTask::Hook(load, _) => (load, worker > 0 || only_one),
            FillTask::Statistics(_) => return 0,
        };
        let size = if self.plan.needs_load_order() {
            // Positions in load order, the first highest.
            u64::from(u32::MAX) - load.target.table as u64
        } else {
            load.bytes()
        };
        size.min(PREFERRED - 1) + if preferred { PREFERRED } else { 0 }
    }

    /// Refuses more rejects than the share of the records read that is allowed.
    fn ensure_rejects_allowed(&self, accounts: &[Account]) -> Result<()> {
        let read = accounts.iter().map(|account| account.read).sum();
        match self.loads.first() {
            Some(load) => load.rejects.ensure_share(read),
            None => Ok(()),
        }
    }

    async fn set_sequences(&self) -> Result<()> {
        self.pool
            .run_each(self.sequences().await?, async |client, sequence| {
                maintenance::set_sequence(client, &sequence, !self.policy.append).await
            })
            .await
    }

    async fn statistics_and_foreign_keys(
        &self,
        analyzed: &BTreeSet<u32>,
    ) -> Result<Vec<BrokenForeignKey>> {
        let phase = ForeignKeyPhase {
            pool: self.pool,
            loads: self.loads,
            dropped: self.dropped,
            policy: self.policy,
            schema: self.schema,
            progress: self.progress,
            analyzed,
        };
        let statistics = async |client: &Client, load: &TableLoad<'_>| {
            let vacuum = self.vacuum_for(client, load).await?;
            self.take_statistics(client, load, vacuum).await
        };
        phase.run(statistics).await
    }

    /// What a table's pages need.
    async fn vacuum_for(&self, client: &Client, load: &TableLoad<'_>) -> Result<Vacuum> {
        let deleted = self.has_rejects(client, load).await?;
        Ok(match load.is_frozen() {
            _ if self.policy.append || deleted || !load.server.freeze => Vacuum::Plain,
            true => Vacuum::Nothing,
            false => Vacuum::Freeze,
        })
    }

    /// Takes a table's statistics and compares its account with its rows.
    async fn take_statistics(
        &self,
        client: &Client,
        load: &TableLoad<'_>,
        vacuum: Vacuum,
    ) -> Result<()> {
        let table = &load.target.name;
        let rows = self.analyze(client, load, vacuum).await?;
        if rows == ShardRows::Untouched {
            return Ok(());
        }
        if self.policy.append {
            // Its counts were compared as rows were added to existing ones.
            return Ok(());
        }
        if vacuum == Vacuum::Nothing && maintenance::is_untouched(client, table).await? {
            return Ok(());
        }
        maintenance::ensure_counts(client, self.schema, table).await
    }

    /// On the shards' nodes where these can be reached.
    async fn analyze(
        &self,
        client: &Client,
        load: &TableLoad<'_>,
        vacuum: Vacuum,
    ) -> Result<ShardRows> {
        if let Some(router) = &load.shards {
            return shard_statistics::analyze(self.pool, &router.map, Vacuum::Nothing).await;
        }
        // A shard may be moved to another node just now, which the coordinator knows.
        if load.server.cluster.is_some()
            && let Some(map) = shard_statistics::reachable(self.pool, client, load.target).await?
            && let Ok(rows) = shard_statistics::analyze(self.pool, &map, vacuum).await
        {
            return Ok(rows);
        }
        maintenance::analyze(client, &load.target.name, vacuum).await?;
        Ok(ShardRows::Unknown)
    }

    /// The sequences that fill the tables.
    async fn sequences(&self) -> Result<Vec<Sequence>> {
        let client = self.pool.connect().await?;
        let tables: Vec<u32> = self.loads.iter().map(|load| load.target.oid).collect();
        let sequences = sequences(&client, Some(&tables)).await?;
        self.pool.keep(client);
        Ok(sequences)
    }

    /// Whether records of a table were rejected: rows may have been deleted from it.
    async fn has_rejects(&self, client: &Client, load: &TableLoad<'_>) -> Result<bool> {
        let name = std::slice::from_ref(&load.target.name.name);
        let accounts = ledger::accounts(client, self.schema, name).await?;
        Ok(accounts.iter().any(|account| account.rejected > 0))
    }

    /// The tables' accounts, from the ledger.
    async fn accounts(&self) -> Result<Vec<Account>> {
        let client = self.pool.connect().await?;
        let names = self.loads.iter().map(|load| load.target.name.name.clone());
        let accounts = ledger::accounts(&client, self.schema, &names.collect::<Vec<_>>()).await?;
        self.pool.keep(client);
        Ok(accounts)
    }
}
