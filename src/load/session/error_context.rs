//! What the error of a failed load, or of one that can't be abandoned, adds: the sessions that hold the lock, and the
//! commands to run next.

use anyhow::{Error, Result};
use tokio_postgres::Client;
use tokio_postgres::error::{DbError, SqlState};

use crate::load::config::Load;
use crate::postgres::catalog;
use crate::postgres::error::{ErrorWithNotes, server_error};
use crate::postgres::locks::{self, Holder};
use crate::postgres::name::TableName;
use crate::suggestion::{TARGET, finishing};

/// The error, with the sessions that hold the lock where it is a lock timeout.
pub async fn with_lock_holders(load: &Load<'_>, error: Error) -> Error {
    if !is_lock_timeout(&error) {
        return error;
    }
    // The lock timeout is reported whether or not they can be found.
    let holders = lock_holders(load).await.unwrap_or_default();
    let advice = "--lock-timeout TIME waits longer; run the command again when they have finished";
    stayed_locked(&holders, advice, error)
}

/// Whether a lock was waited for too long.
pub fn is_lock_timeout(error: &Error) -> bool {
    server_error(error).map(DbError::code) == Some(&SqlState::LOCK_NOT_AVAILABLE)
}

/// The error of a lock timeout, with who holds the lock and what to do.
pub fn stayed_locked(holders: &[Holder], advice: &str, error: Error) -> Error {
    let mut notes: Vec<String> = holders.iter().map(|it| format!("held by {it}")).collect();
    notes.push(advice.into());
    ErrorWithNotes {
        message: "a table stayed locked by another session".into(),
        notes,
        source: Some(error.reallocate_into_boxed_dyn_error_without_backtrace()),
    }
    .into()
}

async fn lock_holders(load: &Load<'_>) -> Result<Vec<Holder>> {
    let client = load.server.connect().await?;
    let schema = load.schema(&client).await?;
    let tables = load.table_names().into_iter();
    let tables = tables.map(|name| TableName::new(&schema, &name));
    holders_of(&client, &tables.collect::<Vec<_>>()).await
}

/// The sessions that hold locks on these tables; where there are none, those that hold any other table exclusively.
pub async fn holders_of(client: &Client, names: &[TableName]) -> Result<Vec<Holder>> {
    let mut tables = Vec::new();
    for table in names {
        tables.extend(catalog::find(client, Some(&table.schema), &table.name).await?);
    }
    let holders = locks::holders(client, &tables).await?;
    match holders.is_empty() {
        false => Ok(holders),
        // Another table of the schema, which is asked about as well.
        true => locks::exclusive_holders(client).await,
    }
}

/// The error, with the commands that resume or abandon the unfinished load.
pub fn with_next_commands(load: &Load, error: Error) -> Error {
    let notes = vec![
        format!(
            "the load is unfinished; once this is fixed, run: {}",
            finishing(&load.command)
        ),
        format!("to abandon it instead, run: seedrow forget --abandon{TARGET}"),
    ];
    ErrorWithNotes {
        message: error.to_string(),
        notes,
        source: Some(error.reallocate_into_boxed_dyn_error_without_backtrace()),
    }
    .into()
}
