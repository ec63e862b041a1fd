//! The last looks before a load changes anything, and the transaction that begins it.

use std::sync::atomic::{AtomicU8, Ordering};

use anyhow::{Context, Result, bail};
use tokio_postgres::Transaction;

use crate::load::constraints::drop::{self, Choice};
use crate::load::identity::Identity;
use crate::load::ledger::{self, Entry, NewEntry};
use crate::load::run::{Begun, Load};
use crate::load::session::privileges::{self, Needs};
use crate::load::table::target::{self, Target};
use crate::postgres::catalog;
use crate::postgres::name::quoted;

/// How far a load has come, for what to type when it is interrupted.
#[derive(Debug, Default)]
pub struct Stage(AtomicU8);

/// What a load has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// No row yet: the same command starts over.
    Nothing,
    /// The ledger holds it as unfinished.
    Begun,
    /// All of it is there.
    Complete,
}

impl Stage {
    /// What has been reached.
    pub fn reached(&self) -> Reached {
        match self.0.load(Ordering::Relaxed) {
            0 => Reached::Nothing,
            1 => Reached::Begun,
            _ => Reached::Complete,
        }
    }

    pub(super) fn set(&self, reached: Reached) {
        self.0.store(reached as u8, Ordering::Relaxed);
    }
}

impl Load<'_> {
    /// Makes what is missing: the ledger, the schema asked for, the tables. Returns the schema's name.
    pub(super) async fn make_ready(&self, transaction: &Transaction<'_>) -> Result<String> {
        let asked = self.server.schema();
        let lacks_schema = match asked {
            Some(schema) => !catalog::schema_exists(transaction, schema).await?,
            None => false,
        };
        let lacks_ledger = !ledger::exists(transaction).await?;
        let schema = self.schema(transaction).await?;
        let lacks_tables =
            target::are_missing(transaction, self.dataset, &schema, self.tables).await?;
        let needs = Needs {
            ledger: lacks_ledger,
            schema: lacks_schema.then_some(&schema),
            tables_in: (lacks_tables && !lacks_schema).then_some(&schema),
        };
        privileges::ensure_may_make(transaction, needs).await?;
        if lacks_ledger {
            ledger::make(transaction).await?;
        }
        if lacks_schema {
            transaction
                .batch_execute(&format!("CREATE SCHEMA {}", quoted(&schema)))
                .await
                .with_context(|| format!("could not make the schema {schema}"))?;
        }
        if lacks_tables {
            target::apply(transaction, self.dataset, &schema).await?;
        }
        Ok(schema)
    }

    /// Enters the load, drops the keys and empties what cannot be emptied table by table.
    pub(super) async fn begin(
        &self,
        transaction: &Transaction<'_>,
        schema: &str,
        entry: &NewEntry<'_>,
        choice: &Choice,
        targets: &[Target],
    ) -> Result<()> {
        ledger::begin(transaction, schema, entry).await?;
        ledger::forget_put_back(transaction, schema).await?;
        self.lift(transaction, schema, choice).await?;
        if self.policy.append {
            return Ok(());
        }
        let targets: Vec<&Target> = targets.iter().collect();
        empty(transaction, choice, &targets).await
    }

    /// Drops the keys of tables that an unfinished load has still to fill, and empties them where they hold rows from a
    /// file that was changed.
    pub(super) async fn begin_rest(
        &self,
        transaction: &Transaction<'_>,
        begun: &Begun,
    ) -> Result<()> {
        self.lift(transaction, &begun.schema, &begun.choice).await?;
        if self.policy.append {
            return Ok(());
        }
        let known = |target: &Target| {
            let mut earlier = begun.earlier.iter();
            earlier.any(|it| it.account.name == target.name.name)
        };
        let targets = begun.targets.iter().filter(|target| !known(target));
        let targets: Vec<&Target> = targets.collect();
        empty(transaction, &begun.choice, &targets).await
    }

    /// Drops the keys and indexes chosen and notes them.
    async fn lift(
        &self,
        transaction: &Transaction<'_>,
        schema: &str,
        choice: &Choice,
    ) -> Result<()> {
        let unvalidated = ledger::unvalidated(transaction).await?;
        for key in choice.to_lift(&unvalidated) {
            drop::drop_constraint(transaction, schema, &key).await?;
        }
        Ok(())
    }

    /// What an unfinished load has of each table. Tables that were emptied since, and those whose file was changed,
    /// count as not begun.
    ///
    /// Refuses a table that was empty when the load began, that no row of its own is in and that holds rows now.
    pub(super) async fn earlier(
        &self,
        transaction: &Transaction<'_>,
        schema: &str,
        targets: &[Target],
        entry: &Entry,
        identity: &Identity,
    ) -> Result<Vec<ledger::Progress>> {
        let known = ledger::progress(transaction, schema, &self.table_names()).await?;
        let mut kept = Vec::new();
        for (target, source) in targets.iter().zip(&identity.sources) {
            let known = known.iter().find(|it| it.account.name == target.name.name);
            match known {
                Some(it)
                    if it.source == *source && (it.account.loaded == 0 || target.holds_rows) =>
                {
                    kept.push(it.clone());
                }
                Some(it) => ledger::forget_table(transaction, schema, &it.account.name).await?,
                None if target.holds_rows && !entry.replaced && !entry.appended => bail!(
                    "{} was empty when this load began, and somebody wrote rows into it since; \
                     `{} --replace` empties it and loads anew",
                    target.name,
                    self.command
                ),
                None => {}
            }
        }
        Ok(kept)
    }
}

async fn empty(transaction: &Transaction<'_>, choice: &Choice, targets: &[&Target]) -> Result<()> {
    let Some(statement) = truncation(choice, targets) else {
        return Ok(());
    };
    transaction
        .batch_execute(&statement)
        .await
        .context("could not empty the tables together")
}

/// Empties all tables at once when one that holds rows cannot be emptied alone, being partitioned or referred to by a
/// foreign key that stays. Tables outside the load are named with them where they refer to one: they are empty, or the
/// load would have been refused.
fn truncation(choice: &Choice, targets: &[&Target]) -> Option<String> {
    let crowded = |target: &&Target| {
        target.holds_rows && (!target.ordinary || choice.is_referred_to(target.oid))
    };
    if !targets.iter().any(crowded) {
        return None;
    }
    let inside: Vec<u32> = targets.iter().map(|target| target.oid).collect();
    let names = targets
        .iter()
        .map(|target| &target.name)
        .chain(choice.outsiders(&inside));
    let mut names: Vec<String> = names.map(ToString::to_string).collect();
    names.sort();
    names.dedup();
    Some(format!("TRUNCATE {}", names.join(", ")))
}
