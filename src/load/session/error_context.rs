//! What a failed load's error adds: the sessions that hold the lock, and the commands to run next.

use anyhow::{Error, Result};
use tokio_postgres::error::{DbError, SqlState};

use crate::load::config::Load;
use crate::postgres::catalog;
use crate::postgres::error::ErrorWithNotes;
use crate::postgres::locks::{self, Holder};
use crate::suggestion::TARGET;

/// The error, with the sessions that hold the lock where it is a lock timeout.
pub async fn with_lock_holders(load: &Load<'_>, error: Error) -> Error {
    let server_error = error
        .chain()
        .find_map(|cause| cause.downcast_ref::<DbError>());
    if server_error.map(DbError::code) != Some(&SqlState::LOCK_NOT_AVAILABLE) {
        return error;
    }
    // The lock timeout is reported whether or not they can be found.
    let holders = lock_holders(load).await.unwrap_or_default();
    let mut notes: Vec<String> = holders.iter().map(|it| format!("held by {it}")).collect();
    notes.push(
        "--lock-timeout TIME waits longer; run the command again when they have finished".into(),
    );
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
    let mut tables = Vec::new();
    for name in load.table_names() {
        tables.extend(catalog::find(&client, Some(&schema), &name).await?);
    }
    let holders = locks::holders(&client, &tables).await?;
    match holders.is_empty() {
        false => Ok(holders),
        // Another table of the schema, which is asked about as well.
        true => locks::exclusive_holders(&client).await,
    }
}

/// The error, with the commands that resume or abandon the unfinished load.
pub fn with_next_commands(load: &Load, error: Error) -> Error {
    let notes = vec![
        format!(
            "the load is unfinished; once this is fixed, run: {}",
            load.command
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
