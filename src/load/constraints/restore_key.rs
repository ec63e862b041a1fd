//! Restoring a primary or unique key on a filled table: duplicates are rejected, or named in the error.

use anyhow::{Context, Error, Result, anyhow};
use tokio_postgres::error::{DbError, SqlState};
use tokio_postgres::{Client, GenericClient};

use crate::load::constraints::conflicts::reject_conflicts;
use crate::load::constraints::duplicates::{plain_columns, reject_duplicates};
use crate::load::constraints::restore::{restore, restore_in};
use crate::load::ledger::{DroppedConstraint, DroppedKind};
use crate::load::policy::Duplicates;
use crate::load::table::table_load::TableLoad;
use crate::postgres::cluster;
use crate::postgres::error::server_error;

/// How many duplicate keys an error shows.
const SHOWN: usize = 5;

/// Restores a key or another index. Duplicates of a unique one are rejected where the policy says so, else they are an
/// error that shows some of them. Where they come from no file, a key's duplicates are shown by value, an index's by the
/// server's own message.
pub async fn restore_key(
    client: &mut Client,
    load: &TableLoad<'_>,
    key: &DroppedConstraint,
    policy: Duplicates,
) -> Result<()> {
    let Err(mut error) = build(client, load, key).await else {
        return Ok(());
    };
    if is_violation(&error) && reject_violations(client, load, key, policy).await? {
        match build(client, load, key).await {
            Ok(()) => return Ok(()),
            Err(again) => error = again,
        }
    }
    if !is_violation(&error) || !is_key(key) {
        return Err(error);
    }
    let values = duplicate_values(client, key)
        .await
        .with_context(|| format!("{} has duplicates on {}", key.name, key.table))?;
    Err(anyhow!(
        "{} cannot be created on {}: duplicate keys for {}: {}",
        key.name,
        key.table,
        key.definition,
        values.join(", ")
    ))
}

async fn build(client: &mut Client, load: &TableLoad<'_>, key: &DroppedConstraint) -> Result<()> {
    if load.server.cluster.is_none() {
        return restore(client, key).await;
    }
    let transaction = client.transaction().await?;
    cluster::share_build_settings(&transaction).await?;
    restore_in(&transaction, key).await?;
    let committed = transaction.commit().await;
    committed.with_context(|| format!("could not restore {} on {}", key.name, key.table))
}

/// Rejects the rows that break a key, or fails with the first of them; `false` where the server's message has to do.
async fn reject_violations(
    client: &mut Client,
    load: &TableLoad<'_>,
    key: &DroppedConstraint,
    policy: Duplicates,
) -> Result<bool> {
    match plain_columns(client, load, key).await? {
        Some(columns) => reject_duplicates(client, load, key, columns, policy).await,
        None => reject_conflicts(client, load, key, policy).await,
    }
}

fn is_violation(error: &Error) -> bool {
    matches!(
        server_error(error).map(DbError::code),
        Some(&SqlState::UNIQUE_VIOLATION | &SqlState::EXCLUSION_VIOLATION)
    )
}

/// Whether its definition lists the columns that must differ.
fn is_key(key: &DroppedConstraint) -> bool {
    matches!(key.kind, DroppedKind::Primary | DroppedKind::Unique)
}

/// The most frequent duplicate keys, with how often each occurs: `5 (2 times)`.
async fn duplicate_values(
    client: &impl GenericClient,
    key: &DroppedConstraint,
) -> Result<Vec<String>> {
    // The definition's first parentheses hold the columns, already quoted.
    let columns = key
        .definition
        .split_once('(')
        .and_then(|(_, rest)| rest.split_once(')'))
        .map(|(list, _)| list);
    let columns = columns.context("the key's definition names no columns")?;
    let sql = format!(
        "SELECT concat_ws(', ', {columns}) || ' (' || count(*) || ' times)'
        FROM {}
        WHERE ({columns}) IS NOT NULL
        GROUP BY {columns}
        HAVING count(*) > 1
        ORDER BY count(*) DESC, {columns}
        LIMIT {SHOWN}",
        key.table
    );
    let rows = client.query_typed(&sql, &[]).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}
