//! The work between the ledger's first entry and its last: rows and keys, statistics, foreign keys.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use anyhow::Result;
use tokio_postgres::Client;

use crate::load::account::Account;
use crate::load::afterwards::Afterwards;
use crate::load::crew::Crew;
use crate::load::ledger::Lifted;
use crate::load::lift::Choice;
use crate::load::restore::{self, BrokenKey};
use crate::load::rows::TableLoad;
use crate::load::run::{Loaded, Phase};
use crate::load::settings::Settings;
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
    /// Where bars show.
    pub progress: &'a Progress,
}

impl<A: Afterwards> Fill<'_, A> {
    /// All of it.
    pub async fn carry_out(&self) -> Result<Loaded> {
        let start = Instant::now();
        let accounts = self.rows_and_keys().await?;
        let rows = Some(accounts.iter().map(|account| account.loaded).sum());
        let mut phases = vec![Phase::since(start, A::PHASE, rows)];

        let start = Instant::now();
        self.sequences_and_statistics().await?;
        phases.push(Phase::since(start, "statistics", rows));

        let start = Instant::now();
        let broken = self.foreign_keys().await?;
        phases.push(Phase::since(start, "foreign keys", None));

        let stay = self.choice.stay.iter();
        let stayed = stay
            .map(|(key, why)| format!("{} of {}: {why}", key.lifted.name, key.lifted.table))
            .collect();
        Ok(Loaded {
            accounts,
            broken,
            stayed,
            phases,
            settings: Settings::default(),
        })
    }

    /// Every table's rows, then its keys and what goes along with it, as many at a time as there are connections, the
    /// largest table first; parents first and one at a time while foreign keys stay in place.
    ///
    /// The first connection prefers rows and the others, or an only one, what is built from them: pages just written are
    /// still in memory.
    async fn rows_and_keys(&self) -> Result<Vec<Account>> {
        let mut crew = self.crew;
        if self.choice.has_order() {
            crew.alone = true;
        }
        let complete = self.loads.iter().filter(|load| load.is_complete());
        let complete = complete.filter_map(|load| {
            let account = load.earlier.as_ref()?.account.clone();
            Some((load.target.table, account))
        });
        let accounts = Mutex::new(complete.collect::<Vec<_>>());
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
                    let account = load.carry_out(client, self.progress).await?;
                    let mut accounts = accounts.lock().unwrap_or_else(PoisonError::into_inner);
                    accounts.push((load.target.table, account));
                    Ok(vec![Work::Keys(load)])
                }
                Work::Keys(load) => {
                    let (indexes, keys): (Vec<_>, Vec<_>) =
                        self.keys_of(load).partition(|key| key.is_plain_index());
                    for key in keys {
                        self.put_back(client, key).await?;
                    }
                    let along = self.afterwards.tasks(&load.target.name);
                    let along = along.into_iter().map(|task| Work::Along(load, task));
                    let indexes = indexes.into_iter().map(|index| Work::Index(load, index));
                    Ok(indexes.chain(along).collect())
                }
                Work::Index(_, index) => {
                    self.put_back(client, index).await?;
                    Ok(Vec::new())
                }
                Work::Along(_, task) => {
                    self.afterwards.carry_out(task).await?;
                    Ok(Vec::new())
                }
            },
        )
        .await?;
        let mut accounts = accounts
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        accounts.sort_by_key(|(table, _)| *table);
        Ok(accounts.into_iter().map(|(_, account)| account).collect())
    }

    async fn put_back(&self, client: &mut Client, key: &Lifted) -> Result<()> {
        let task = self.progress.step(format!("build {}", key.name));
        restore::key(client, key).await?;
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
                restore::statistics(client, &load.target.name, load.is_frozen()).await
            })
            .await?;
        task.finish();
        Ok(())
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
        let foreign = || self.lifted.iter().filter(|key| key.is_foreign());
        for key in foreign() {
            restore::foreign_key(&mut client, key).await?;
        }
        let loaded: Vec<u32> = self.loads.iter().map(|load| load.target.oid).collect();
        let mut tables = loaded.clone();
        for key in foreign() {
            tables.extend(catalog::find(&client, Some(&key.table.schema), &key.table.name).await?);
        }
        let keys = restore::awaiting_validation(&client, &tables).await?;
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
            .await?;
        restore::broken_keys(&client, &loaded).await
    }
}

fn group_by_table(keys: Vec<ForeignKey>) -> Vec<Vec<ForeignKey>> {
    let mut by_table: BTreeMap<u32, Vec<ForeignKey>> = BTreeMap::new();
    for key in keys {
        by_table.entry(key.table_oid).or_default().push(key);
    }
    by_table.into_values().collect()
}
