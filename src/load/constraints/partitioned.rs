//! Foreign keys with a partitioned table on either side: added with all rows checked, since such a key cannot be left
//! NOT VALID.
//!
//! Left in place, they cost a lookup for each row: 1.33 million rows took 62 to 83 s, 2.2 to 3.2 s without partitions.

use anyhow::{Context, Error, Result};
use tokio_postgres::error::{DbError, SqlState};
use tokio_postgres::{Client, GenericClient, Transaction};

use crate::load::constraints::restore::{add_statement, restore};
use crate::load::ledger::DroppedConstraint;
use crate::postgres::TableName;
use crate::postgres::catalog::{self, ForeignKey, Scope};
use crate::postgres::error::server_error;

/// Restores a foreign key; one that rows violate is returned as it would be, and stays in the ledger as dropped.
///
/// The key of a partitioned table adopts those of its partitions, and reads no row where these are validated.
pub async fn restore_whole(
    client: &mut Client,
    key: &DroppedConstraint,
) -> Result<Option<ForeignKey>> {
    match restore(client, key).await {
        Ok(()) => Ok(None),
        Err(error) if is_violation(&error) => {
            drop_copies(client, key).await?;
            read_dropped(client, key).await.map(Some)
        }
        Err(error) => Err(error),
    }
}

/// Adds a foreign key of a partitioned table to its partitions, NOT VALID, and returns these; none of an ordinary table, nor
/// on a server whose partitioned table's key wouldn't adopt them as they are.
///
/// They are then validated several at a time, each by the join that is fastest.
pub async fn add_to_partitions(
    client: &mut Client,
    key: &DroppedConstraint,
) -> Result<Vec<ForeignKey>> {
    let transaction = client.transaction().await?;
    drop_copies(&transaction, key).await?;
    if !key.validated {
        // Version 18 leaves such a key of a partitioned table NOT VALID.
        transaction.commit().await?;
        return Ok(Vec::new());
    }
    let name = &key.table;
    let rows = transaction
        .query(include_str!("sql/leaves.sql"), &[&name.schema, &name.name])
        .await
        .with_context(|| format!("could not read the partitions of {name}"))?;
    let mut oids: Vec<u32> = Vec::new();
    for row in rows {
        let (schema, name): (String, String) = (row.try_get(1)?, row.try_get(2)?);
        let statement = add_statement(&TableName::new(schema, name), key);
        transaction
            .batch_execute(&format!("{statement} NOT VALID"))
            .await
            .with_context(|| format!("could not restore {}", key.name))?;
        oids.push(row.try_get(0)?);
    }
    let mut added = catalog::foreign_keys(&transaction, Scope::Tables(&oids)).await?;
    added.retain(|it| it.name == key.name);
    transaction.commit().await?;
    Ok(added)
}

/// Drops what an interrupted load left of a foreign key on the partitions of its table.
pub async fn drop_copies(client: &impl GenericClient, key: &DroppedConstraint) -> Result<()> {
    let sql = "SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', k.conrelid::regclass, k.conname)
        FROM pg_partition_tree(to_regclass(format('%I.%I', $1::text, $2::text))) AS t
        JOIN pg_constraint AS k ON k.conrelid = t.relid
        WHERE t.level > 0 AND k.contype = 'f' AND k.conparentid = 0 AND k.conname = $3";
    let found = client
        .query(sql, &[&key.table.schema, &key.table.name, &key.name])
        .await
        .with_context(|| format!("could not look for {} on partitions", key.name))?;
    for row in found {
        let statement: String = row.try_get(0)?;
        client
            .batch_execute(&statement)
            .await
            .with_context(|| format!("could not drop {} of a partition", key.name))?;
    }
    Ok(())
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
