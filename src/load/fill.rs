//! The work between the ledger's first entry and its last: rows and keys, statistics, foreign keys.

use std::cmp::Reverse;
use std::time::Instant;

use anyhow::Result;

use crate::load::account::Account;
use crate::load::crew::Crew;
use crate::load::ledger::Lifted;
use crate::load::lift::Choice;
use crate::load::restore::{self, BrokenKey};
use crate::load::rows::{TableLoad, Way};
use crate::load::run::{Loaded, Phase};
use crate::postgres::catalog::{self, ForeignKey};
use crate::progress::Progress;

/// Tables to be filled and constraints to be put back.
pub struct Fill<'a> {
    /// The connections.
    pub crew: Crew<'a>,
    /// The tables, in load order.
    pub loads: &'a [TableLoad<'a>],
    /// The constraints that are dropped.
    pub lifted: &'a [Lifted],
    /// Those that stay.
    pub choice: &'a Choice,
    /// Where bars show.
    pub progress: &'a Progress,
}

impl Fill<'_> {
    /// All of it.
    pub async fn carry_out(&self) -> Result<Loaded> {
        let start = Instant::now();
        let accounts = self.rows_and_keys().await?;
        let rows = Some(accounts.iter().map(|account| account.loaded).sum());
        let mut phases = vec![Phase::since(start, "load rows, build keys", rows)];

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
        })
    }

    /// Every table's rows and then its keys, several tables at a time, the largest first; parents first and one at a
    /// time while foreign keys stay in place.
    async fn rows_and_keys(&self) -> Result<Vec<Account>> {
        let mut order: Vec<&TableLoad> = self.loads.iter().collect();
        let mut crew = self.crew;
        if self.choice.has_order() {
            crew.jobs = 1;
        } else {
            order.sort_by_key(|load| Reverse(load.input.bytes));
        }
        let mut accounts = crew
            .each(order, async |client, load| {
                let account = load.carry_out(client, self.progress).await?;
                let own = |key: &&Lifted| !key.is_foreign() && key.table == load.target.name;
                for key in self.lifted.iter().filter(own) {
                    restore::key(client, key).await?;
                }
                Ok((load.target.table, account))
            })
            .await?;
        accounts.sort_by_key(|(table, _)| *table);
        Ok(accounts.into_iter().map(|(_, account)| account).collect())
    }

    async fn sequences_and_statistics(&self) -> Result<()> {
        let tables = self.loads.iter().collect();
        self.crew
            .each(tables, async |client, load: &TableLoad| {
                restore::sequences(client, load.target).await?;
                restore::statistics(client, &load.target.name, load.way == Way::Frozen).await
            })
            .await?;
        Ok(())
    }

    /// Foreign keys come back NOT VALID one by one, since each locks two tables; then a table's are validated in turn,
    /// several tables at a time. Those that were NOT VALID before stay so.
    async fn foreign_keys(&self) -> Result<Vec<BrokenKey>> {
        let mut client = self.crew.server.connect().await?;
        let mut by_table: Vec<Vec<ForeignKey>> = Vec::new();
        for lifted in self.lifted.iter().filter(|key| key.is_foreign()) {
            restore::foreign_key(&mut client, lifted).await?;
            let table =
                catalog::find(&client, Some(&lifted.table.schema), &lifted.table.name).await?;
            let keys = restore::not_valid(&client, table.as_slice()).await?;
            let Some(key) = keys
                .into_iter()
                .find(|key| key.name == lifted.name && lifted.validated)
            else {
                continue;
            };
            match by_table
                .iter_mut()
                .find(|keys| keys[0].table_oid == key.table_oid)
            {
                Some(keys) => keys.push(key),
                None => by_table.push(vec![key]),
            }
        }
        self.crew
            .each(by_table, async |client, keys: Vec<ForeignKey>| {
                for key in keys {
                    restore::validate(client, &key).await?;
                }
                Ok(())
            })
            .await?;
        let tables: Vec<u32> = self.loads.iter().map(|load| load.target.oid).collect();
        restore::broken_keys(&client, &tables).await
    }
}
