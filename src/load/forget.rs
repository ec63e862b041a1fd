//! `seedrow forget`: removes the ledger, and with `--abandon` an unfinished load before it.
//!
//! Abandoning a load deletes its rows and restores what it dropped, so that the schema is what it was before.

use anyhow::{Context, Result};
use tokio_postgres::Transaction;

use crate::load::constraints::{drop_copies, restore_in};
use crate::load::ledger::{self, UnfinishedLoad};
use crate::load::session::{
    acquire_advisory_lock, end_prepared_transactions, holders_of, is_lock_timeout, prepare_changes,
    stayed_locked,
};
use crate::postgres::catalog::{self, Scope};
use crate::postgres::error::ErrorWithNotes;
use crate::postgres::locks::{self, Holder};
use crate::postgres::name::quoted;
use crate::postgres::{Server, TableName};
use crate::progress::Progress;
use crate::suggestion::again;

/// What was removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forgotten {
    /// The loads abandoned.
    pub abandoned: Vec<Abandoned>,
    /// Whether a ledger existed.
    pub ledger: bool,
}

/// A load that was abandoned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Abandoned {
    /// Its schema.
    pub schema: String,
    /// The tables that are empty now.
    pub emptied: Vec<String>,
    /// How many constraints and indexes were restored.
    pub restored: usize,
}

/// Removes the ledger from the server's database, or its part about the schema asked for, in one transaction.
///
/// Refuses unfinished loads unless they are to be abandoned, and tables that another session has locked. `command` is the
/// command line, for a seedrow that is refused meanwhile.
pub async fn forget(
    server: &Server,
    abandon: bool,
    command: &str,
    progress: &Progress,
) -> Result<Forgotten> {
    match remove(server, abandon, command, progress).await {
        Err(error) if is_lock_timeout(&error) => {
            let holders = lock_holders(server).await.unwrap_or_default();
            let advice = "run the command again when they have finished";
            Err(stayed_locked(&holders, advice, error))
        }
        other => other,
    }
}

async fn lock_holders(server: &Server) -> Result<Vec<Holder>> {
    let client = server.connect().await?;
    locks::limit_waits(&client, locks::PATIENCE).await?;
    let mut tables = Vec::new();
    for load in ledger::unfinished_loads(&client).await? {
        let names = load.tables.iter();
        tables.extend(names.map(|name| TableName::new(&load.schema, name)));
    }
    holders_of(&client, &tables).await
}

async fn remove(
    server: &Server,
    abandon: bool,
    command: &str,
    progress: &Progress,
) -> Result<Forgotten> {
    let mut client = server.connect().await?;
    // A load that has just begun has no ledger yet that others see.
    acquire_advisory_lock(server, &client, command, progress).await?;
    end_prepared_transactions(server, &client).await;
    prepare_changes(server, &client).await?;
    if !ledger::exists(&client).await? {
        return Ok(Forgotten {
            abandoned: Vec::new(),
            ledger: false,
        });
    }
    locks::limit_waits(&client, locks::PATIENCE).await?;
    let transaction = client.transaction().await?;
    let mut abandoned = Vec::new();
    let wanted = |load: &UnfinishedLoad| server.schema().is_none_or(|schema| schema == load.schema);
    let unfinished = ledger::unfinished_loads(&transaction).await?;
    for load in unfinished.into_iter().filter(wanted) {
        if !abandon {
            let message = format!(
                "schema {} has an unfinished load, and without the ledger its constraints could not be restored",
                load.schema
            );
            let mut notes = load.next_commands(&transaction).await?;
            notes.push(format!("to abandon it, run: {}", again(&["--abandon"])));
            return Err(ErrorWithNotes::of(message, notes));
        }
        abandoned.push(abandon_load(&transaction, load).await?);
    }
    match server.schema() {
        Some(schema) => ledger::remove_schema(&transaction, schema).await?,
        None => ledger::remove(&transaction).await?,
    }
    transaction
        .commit()
        .await
        .context("could not remove the ledger")?;
    Ok(Forgotten {
        abandoned,
        ledger: true,
    })
}

async fn abandon_load(transaction: &Transaction<'_>, load: UnfinishedLoad) -> Result<Abandoned> {
    // Added rows cannot be distinguished from those that existed before.
    let emptied = match load.appended {
        true => Vec::new(),
        false => empty(transaction, &load).await?,
    };
    let restored = undo(transaction, &load).await?;
    Ok(Abandoned {
        schema: load.schema,
        emptied,
        restored,
    })
}

/// Drops the indexes that an unfinished load built, and restores what it dropped. Returns how many it restored.
pub async fn undo(transaction: &Transaction<'_>, load: &UnfinishedLoad) -> Result<usize> {
    for index in &load.indexes {
        transaction
            .batch_execute(&format!("DROP INDEX IF EXISTS {index}"))
            .await
            .with_context(|| format!("could not drop {index}, which the load built"))?;
    }
    ledger::prune_dropped(transaction, &load.schema).await?;
    let dropped = ledger::dropped(transaction, &load.schema).await?;
    for constraint in &dropped {
        if constraint.is_partitioned() {
            drop_copies(transaction, constraint).await?;
        }
        restore_in(transaction, constraint).await?;
    }
    validate(transaction, load).await?;
    Ok(dropped.len())
}

/// Empties the tables that the load has rows in, and those that it was to replace; not those that other clients have filled
/// since.
async fn empty(transaction: &Transaction<'_>, load: &UnfinishedLoad) -> Result<Vec<String>> {
    let started = ledger::progress(transaction, &load.schema, &load.tables).await?;
    let (mut names, mut tables) = (Vec::new(), Vec::new());
    for name in &load.tables {
        let is_its_own = load.replaced || started.iter().any(|it| it.account.name == *name);
        let oid = catalog::find(transaction, Some(&load.schema), name).await?;
        if let (true, Some(oid)) = (is_its_own, oid) {
            names.push(name.clone());
            tables.push(oid);
        }
    }
    let full_name = |name: &String| TableName::new(&load.schema, name).to_string();
    let statement = if names.is_empty() {
        String::new()
    } else if is_referenced(transaction, &tables).await? {
        // TRUNCATE would be refused, even where the referencing table is empty. Children first.
        let each = names.iter().rev();
        each.map(|name| format!("DELETE FROM {};", full_name(name)))
            .collect()
    } else {
        let all: Vec<String> = names.iter().map(full_name).collect();
        format!("TRUNCATE {}", all.join(", "))
    };
    transaction
        .batch_execute(&statement)
        .await
        .context("could not empty the tables of the load")?;
    Ok(names)
}

/// Whether a foreign key of another table references one of these.
async fn is_referenced(transaction: &Transaction<'_>, tables: &[u32]) -> Result<bool> {
    let sql = "SELECT EXISTS (
        SELECT FROM pg_constraint
        WHERE contype = 'f' AND confrelid = ANY ($1) AND NOT conrelid = ANY ($1)
    )";
    let row = transaction
        .query_one(sql, &[&tables])
        .await
        .context("could not look up the foreign keys")?;
    Ok(row.try_get(0)?)
}

/// Validates the foreign keys that were restored NOT VALID and were valid before.
async fn validate(transaction: &Transaction<'_>, load: &UnfinishedLoad) -> Result<()> {
    let keys = catalog::foreign_keys(transaction, Scope::Database).await?;
    for (table, name) in ledger::not_validated(transaction).await? {
        let key = keys
            .iter()
            .find(|key| key.table == table && key.name == name);
        let within = key.is_some_and(|key| {
            [&key.table, &key.referenced]
                .iter()
                .any(|table| table.schema == load.schema && load.tables.contains(&table.name))
        });
        if !within {
            continue;
        }
        let statement = format!("ALTER TABLE {table} VALIDATE CONSTRAINT {}", quoted(&name));
        transaction
            .batch_execute(&statement)
            .await
            .with_context(|| format!("could not validate {name} of {table}"))?;
    }
    Ok(())
}
