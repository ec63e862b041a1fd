//! The work between the ledger's first entry and its last: rows and keys, statistics, foreign keys.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::Result;
use tokio_postgres::Client;

use crate::load::account::Account;
use crate::load::constraints::drop::Choice;
use crate::load::constraints::orphans as removal;
use crate::load::constraints::restore::{self, BrokenKey};
use crate::load::ledger::{self, Lifted};
use crate::load::policy::{Orphans, Policy};
use crate::load::post_load_hook::Afterwards;
use crate::load::run::{Loaded, Phase};
use crate::load::session::server_settings::Settings;
use crate::load::session::worker_pool::Crew;
use crate::load::table::load::TableLoad;
use crate::postgres::TableName;
use crate::postgres::catalog::{self, ForeignKey};
use crate::progress::Progress;

/// One piece of work between rows and keys.
enum Work<'a, T> {
    /// A table's rows.
    Rows(&'a TableLoad<'a>),
    /// Its primary and unique keys, one after the other: each locks the table against all else.
    Keys(&'a TableLoad<'a>),
    /// Another index of its own. Like what goes along, it locks the table against writes alone.
    Index(&'a TableLoad<'a>, &'a Lifted),
    /// What goes along with the load: it locks the table against writes alone, so two pieces may be done at a time.
    Along(&'a TableLoad<'a>, T),
}

/// Tables to be filled and constraints to be put back.
pub struct Fill<'a, A> {
    /// The connections.
    pub crew: Crew<'a>,
    /// The tables, in load order.
    pub loads: &'a [TableLoad<'a>],
    /// The constraints that are dropped.
    pub lifted: &'a [Lifted],
    /// Those that stay.
    pub choice: &'a Choice,
    /// What goes along with it.
    pub afterwards: &'a A,
    /// What becomes of rows that break keys.
    pub policy: Policy,
    /// The tables' schema.
    pub schema: &'a str,
    /// Where bars show.
    pub progress: &'a Progress,
}

impl<A: Afterwards> Fill<'_, A> {
    /// All of it.
    pub async fn carry_out(&self) -> Result<Loaded> {
        let start = Instant::now();
        let shown = self.progress.phase(A::PHASE);
        self.rows_and_keys().await?;
        drop(shown);
        let accounts = self.accounts().await?;
        let read = accounts.iter().map(|account| account.read).sum();
        if let Some(load) = self.loads.first() {
            load.rejects.ensure_share(read)?;
        }
        let rows = Some(accounts.iter().map(|account| account.loaded).sum());
        let mut phases = vec![Phase::since(start, A::PHASE, rows)];

        let start = Instant::now();
        let shown = self.progress.phase("statistics");
        self.sequences_and_statistics().await?;
        drop(shown);
        phases.push(Phase::since(start, "statistics", rows));

        let start = Instant::now();
        let shown = self.progress.phase("foreign keys");
        let broken = self.foreign_keys().await?;
        drop(shown);
        phases.push(Phase::since(start, "foreign keys", None));

        // Rows may have been taken out again.
        let accounts = self.accounts().await?;
        let stay = self.choice.stay.iter().filter(|_| !self.policy.append);
        let stayed = stay
            .map(|(key, why)| format!("{} of {}: {why}", key.lifted.name, key.lifted.table))
            .collect();
        Ok(Loaded {
            accounts,
            broken,
            stayed,
            rejected: Vec::new(),
            put_aside: Vec::new(),
            phases,
            settings: Settings::default(),
        })
    }

    /// Every table's rows, then its keys and what goes along with it, as many at a time as there are connections, the
    /// largest table first; parents first and one at a time while foreign keys stay in place.
    ///
    /// The first connection prefers rows and the others, or an only one, what is built from them: pages just written are
    /// still in memory.
    async fn rows_and_keys(&self) -> Result<()> {
        let mut crew = self.crew;
        if self.choice.has_order() {
            crew.alone = true;
        }
        let begin = |load| match TableLoad::is_complete(load) {
            true => Work::Keys(load),
            false => Work::Rows(load),
        };
        let rows = self.loads.iter().map(begin).collect();
        crew.growing(
            rows,
            |worker, work| self.rank(worker, work),
            async |client, work| match work {
                Work::Rows(load) => {
                    load.carry_out(client, self.progress).await?;
                    Ok(vec![Work::Keys(load)])
                }
                Work::Keys(load) => {
                    let (indexes, keys): (Vec<_>, Vec<_>) =
                        self.keys_of(load).partition(|key| key.is_plain_index());
                    for key in keys {
                        self.put_back(client, load, key).await?;
                    }
                    let along = self.afterwards.tasks(&load.target.name);
                    let along = along.into_iter().map(|task| Work::Along(load, task));
                    let indexes = indexes.into_iter().map(|index| Work::Index(load, index));
                    Ok(indexes.chain(along).collect())
                }
                Work::Index(load, index) => {
                    self.put_back(client, load, index).await?;
                    Ok(Vec::new())
                }
                Work::Along(_, task) => {
                    self.afterwards.carry_out(task).await?;
                    Ok(Vec::new())
                }
            },
        )
        .await
    }

    /// The tables' accounts, as the ledger has them.
    async fn accounts(&self) -> Result<Vec<Account>> {
        let client = self.crew.connect().await?;
        let names = self.loads.iter().map(|load| load.target.name.name.clone());
        ledger::accounts(&client, self.schema, &names.collect::<Vec<_>>()).await
    }

    async fn put_back(
        &self,
        client: &mut Client,
        load: &TableLoad<'_>,
        key: &Lifted,
    ) -> Result<()> {
        let task = self.progress.step(format!("build {}", key.name));
        restore::key(client, load, key, self.policy.duplicates).await?;
        task.finish();
        Ok(())
    }

    /// The keys and indexes that a table lacks.
    fn keys_of(&self, load: &TableLoad) -> impl Iterator<Item = &Lifted> {
        let table = load.target.name.clone();
        let keys = self.lifted.iter();
        keys.filter(move |key| !key.is_foreign() && key.table == table)
    }

    fn rank(&self, worker: usize, work: &Work<A::Task>) -> u64 {
        const PREFERRED: u64 = 1 << 62;
        let single = self.crew.session.jobs == 1;
        let (load, preferred) = match work {
            Work::Rows(load) => (load, worker == 0 && !single),
            Work::Keys(load) | Work::Index(load, _) | Work::Along(load, _) => {
                (load, worker > 0 || single)
            }
        };
        let size = if self.choice.has_order() {
            // Positions in load order, the first highest.
            u64::from(u32::MAX) - load.target.table as u64
        } else {
            load.input.bytes
        };
        size.min(PREFERRED - 1) + if preferred { PREFERRED } else { 0 }
    }

    async fn sequences_and_statistics(&self) -> Result<()> {
        let task = self.progress.step("take statistics");
        let tables = self.loads.iter().collect();
        self.crew
            .each(tables, async |client, load: &TableLoad| {
                restore::sequences(client, load.target).await?;
                let frozen = load.is_frozen() && !self.has_rejects(client, load).await?;
                restore::statistics(client, &load.target.name, frozen).await?;
                self.ensure_counts(client, &load.target.name).await
            })
            .await?;
        task.finish();
        Ok(())
    }

    /// Whether records of a table were rejected: rows may have been taken out of it.
    async fn has_rejects(&self, client: &Client, load: &TableLoad<'_>) -> Result<bool> {
        let name = std::slice::from_ref(&load.target.name.name);
        let accounts = ledger::accounts(client, self.schema, name).await?;
        Ok(accounts.iter().any(|account| account.rejected > 0))
    }

    /// Holds a table's account against its rows. Where they were added to others, it was done with these in place.
    async fn ensure_counts(&self, client: &Client, table: &TableName) -> Result<()> {
        if self.policy.append {
            return Ok(());
        }
        removal::ensure_counts(client, self.schema, table).await
    }

    /// Rows that validating a table's keys reads; bytes stand in for rows where those aren't known.
    fn rows_to_validate(&self, keys: &[ForeignKey]) -> u64 {
        let load = self
            .loads
            .iter()
            .find(|load| load.target.oid == keys[0].table_oid);
        let rows = load.map_or(0, |load| load.input.rows.unwrap_or(load.input.bytes));
        rows * keys.len() as u64
    }

    /// Foreign keys come back NOT VALID one by one, since each locks two tables; then a table's are validated in turn,
    /// several tables at a time, the longest work first. Those that were NOT VALID before stay so.
    async fn foreign_keys(&self) -> Result<Vec<BrokenKey>> {
        let mut client = self.crew.connect().await?;
        for key in self.lifted.iter().filter(|key| key.is_foreign()) {
            restore::foreign_key(&mut client, key).await?;
        }
        let loaded: Vec<u32> = self.loads.iter().map(|load| load.target.oid).collect();
        self.validate(&client, &loaded).await?;
        let broken = restore::broken_keys(&client, &loaded).await?;
        if broken.is_empty() {
            return Ok(broken);
        }
        match self.policy.orphans {
            Orphans::Keep => Ok(broken),
            Orphans::Fail => Err(removal::refuse_orphans(&mut client, self.loads, &broken).await?),
            Orphans::Reject => {
                let task = self.progress.step("take out rows that refer to nothing");
                let tables = removal::reject_orphans(&mut client, self.schema, self.loads).await?;
                task.finish();
                for table in &tables {
                    restore::statistics(&client, table, false).await?;
                    self.ensure_counts(&client, table).await?;
                }
                self.validate(&client, &loaded).await?;
                restore::broken_keys(&client, &loaded).await
            }
        }
    }

    async fn validate(&self, client: &Client, loaded: &[u32]) -> Result<()> {
        let mut tables = loaded.to_vec();
        for key in self.lifted.iter().filter(|key| key.is_foreign()) {
            tables.extend(catalog::find(client, Some(&key.table.schema), &key.table.name).await?);
        }
        let keys = restore::awaiting_validation(client, &tables).await?;
        let mut by_table = group_by_table(keys);
        by_table.sort_by_key(|keys| Reverse(self.rows_to_validate(keys)));
        self.crew
            .each(by_table, async |client, keys: Vec<ForeignKey>| {
                for key in keys {
                    let task = self.progress.step(format!("validate {}", key.name));
                    restore::validate(client, &key).await?;
                    task.finish();
                }
                Ok(())
            })
            .await
    }
}

fn group_by_table(keys: Vec<ForeignKey>) -> Vec<Vec<ForeignKey>> {
    let mut by_table: BTreeMap<u32, Vec<ForeignKey>> = BTreeMap::new();
    for key in keys {
        by_table.entry(key.table_oid).or_default().push(key);
    }
    by_table.into_values().collect()
}
