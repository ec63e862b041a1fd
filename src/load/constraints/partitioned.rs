//! Foreign keys with a partitioned table on either side: added with all rows checked, since such a key cannot be left
//! NOT VALID.
//!
//! Left in place, they cost a lookup for each row: 1.33 million rows took 62 to 83 s, 2.2 to 3.2 s without partitions.

use anyhow::{Context, Error, Result};
use tokio_postgres::error::{DbError, SqlState};
use tokio_postgres::{Client, Transaction};

use crate::load::constraints::restore::{add_statement, restore};
use crate::load::ledger::DroppedConstraint;
use crate::postgres::TableName;
use crate::postgres::catalog::{self, ForeignKey, Scope};
use crate::postgres::error::server_error;

/// Restores a foreign key; one that rows violate is returned as it would be, and stays in the ledger as dropped.
pub async fn restore_partitioned(
    client: &mut Client,
    key: &DroppedConstraint,
) -> Result<Option<ForeignKey>> {
    match restore(client, key).await {
        Ok(()) => Ok(None),
        Err(error) if is_violation(&error) => read_dropped(client, key).await.map(Some),
        Err(error) => Err(error),
    }
}

fn is_violation(error: &Error) -> bool {
    server_error(error).map(DbError::code) == Some(&SqlState::FOREIGN_KEY_VIOLATION)
}

/// Reads a dropped foreign key by adding it to an empty copy of its table, which is rolled back: the ledger has its
/// definition only as text.
async fn read_dropped(client: &mut Client, key: &DroppedConstraint) -> Result<ForeignKey> {
    let transaction = client.transaction().await?;
    let read = read_from_copy(&transaction, key)
        .await
        .with_context(|| format!("could not look up the columns of {}", key.name))?;
    transaction.rollback().await?;
    Ok(read)
}

async fn read_from_copy(
    transaction: &Transaction<'_>,
    key: &DroppedConstraint,
) -> Result<ForeignKey> {
    let copy = TableName::new(&key.table.schema, "seedrow_foreign_key");
    let create = format!(
        "CREATE TABLE {copy} (LIKE {}); {}",
        key.table,
        add_statement(&copy, key)
    );
    transaction.batch_execute(&create).await?;
    let oid = find(transaction, &copy).await?;
    let keys = catalog::foreign_keys(transaction, Scope::Tables(&[oid])).await?;
    let read = keys.into_iter().next().context("it was not added")?;
    Ok(ForeignKey {
        table: key.table.clone(),
        table_oid: find(transaction, &key.table).await?,
        ..read
    })
}

async fn find(transaction: &Transaction<'_>, table: &TableName) -> Result<u32> {
    let oid = catalog::find(transaction, Some(&table.schema), &table.name).await?;
    oid.with_context(|| format!("{table} does not exist"))
}
