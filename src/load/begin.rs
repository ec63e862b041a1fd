//! The last looks before a load changes anything, and the transaction that begins it.

use std::sync::atomic::{AtomicU8, Ordering};

use anyhow::{Context, Result, bail};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Transaction};

use crate::load::input::Input;
use crate::load::ledger::{self, NewEntry};
use crate::load::lift::{self, Choice};
use crate::load::rights::{self, Needs};
use crate::load::run::Load;
use crate::load::tables::{self, Target};
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

/// Held while a load runs, so that a second seedrow on the same database is refused.
const LOCK: i64 = 0x5EED_0000_0000_0001;

/// Takes the lock; waits a moment for the connection of a load that was just interrupted to end.
pub async fn lock(client: &Client) -> Result<()> {
    client.batch_execute("SET lock_timeout = '1s'").await?;
    let locked = client
        .execute("SELECT pg_advisory_lock($1)", &[&LOCK])
        .await;
    match locked {
        Ok(_) => client
            .batch_execute("RESET lock_timeout")
            .await
            .context("could not set up the session"),
        Err(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => {
            bail!(
                "another seedrow is loading into this database; type the command again when it is done"
            )
        }
        Err(error) => Err(error).context("could not take the lock of this database"),
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
            tables::are_missing(transaction, self.dataset, &schema, self.tables).await?;
        let needs = Needs {
            ledger: lacks_ledger,
            schema: lacks_schema.then_some(&schema),
            tables_in: (lacks_tables && !lacks_schema).then_some(&schema),
        };
        rights::ensure_may_make(transaction, needs).await?;
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
            tables::apply(transaction, self.dataset, &schema).await?;
        }
        Ok(schema)
    }

    /// Enters the load, drops the keys and empties what cannot be emptied table by table.
    pub(super) async fn begin(
        &self,
        transaction: Transaction<'_>,
        schema: &str,
        identity: &str,
        input: &Input,
        choice: &Choice,
        targets: &[Target],
    ) -> Result<()> {
        let entry = NewEntry {
            identity,
            command: &self.command,
            dataset: &self.dataset.name,
            dataset_hash: &self.dataset.hash,
            root_rows: input.origin.map(|origin| origin.rows),
            seed: input.origin.map(|origin| origin.seed),
            tables: self.table_names(),
        };
        ledger::begin(&transaction, schema, &entry).await?;
        ledger::forget_put_back(&transaction, schema).await?;
        let unvalidated = ledger::unvalidated(&transaction).await?;
        for key in choice.to_lift(&unvalidated) {
            lift::drop_constraint(&transaction, schema, &key).await?;
        }
        if let Some(statement) = truncation(choice, targets) {
            transaction
                .batch_execute(&statement)
                .await
                .context("could not empty the tables together")?;
        }
        self.stage.set(Reached::Begun);
        transaction
            .commit()
            .await
            .context("could not begin the load")
    }
}

/// Empties all tables at once when one that holds rows cannot be emptied alone, being partitioned or referred to by a
/// foreign key that stays. Tables outside the load are named with them where they refer to one: they are empty, or the
/// load would have been refused.
fn truncation(choice: &Choice, targets: &[Target]) -> Option<String> {
    let crowded = |target: &Target| {
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
