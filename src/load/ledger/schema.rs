//! The ledger's own tables: created before a load, removed by `seedrow forget`.

use anyhow::{Context, Result};
use tokio_postgres::GenericClient;

/// Whether the ledger exists and lacks nothing that an older seedrow didn't create: `create` completes it.
pub async fn is_complete(client: &impl GenericClient) -> Result<bool> {
    // The column that was added last.
    let sql = "SELECT EXISTS (
        SELECT FROM pg_attribute
        WHERE attrelid = to_regclass('seedrow.loads') AND attname = 'scale'
    )";
    let found = client
        .query_typed_one(sql, &[])
        .await
        .context("could not look for the ledger")?;
    Ok(found.try_get(0)?)
}

/// Whether the ledger has the table of parts, which an older one lacks.
async fn has_parts(client: &impl GenericClient) -> Result<bool> {
    let sql = "SELECT to_regclass('seedrow.parts') IS NOT NULL";
    let found = client
        .query_typed_one(sql, &[])
        .await
        .context("could not look for the ledger")?;
    Ok(found.try_get(0)?)
}

/// Whether the ledger exists, with all its tables.
pub async fn exists(client: &impl GenericClient) -> Result<bool> {
    // The table that was added last among those that every load writes: an older ledger lacks it and is completed by
    // `create`.
    let sql = "SELECT to_regclass('seedrow.removed') IS NOT NULL";
    let found = client
        .query_typed_one(sql, &[])
        .await
        .context("could not look for the ledger")?;
    Ok(found.try_get(0)?)
}

/// Creates the ledger's tables, or those that an older ledger lacks.
pub async fn create(client: &impl GenericClient) -> Result<()> {
    client
        .batch_execute(include_str!("sql/ledger.sql"))
        .await
        .context("could not create the ledger, schema seedrow")
}

/// Deletes what the ledger holds about one schema.
pub async fn remove_schema(client: &impl GenericClient, schema: &str) -> Result<()> {
    for (table, column) in [
        ("loads", "target_schema"),
        ("tables", "schema_name"),
        ("lifted", "target_schema"),
        ("unvalidated", "schema_name"),
        ("removed", "schema_name"),
        ("parts", "schema_name"),
    ] {
        if table == "parts" && !has_parts(client).await? {
            continue;
        }
        client
            .execute(
                &format!("DELETE FROM seedrow.{table} WHERE {column} = $1"),
                &[&schema],
            )
            .await
            .context("could not write the ledger")?;
    }
    Ok(())
}

/// Drops the ledger. Foreign objects in its schema are not dropped with it: they are an error.
pub async fn remove(client: &impl GenericClient) -> Result<()> {
    let sql = "DROP TABLE seedrow.loads, seedrow.tables, seedrow.lifted, seedrow.unvalidated, seedrow.removed;
        DROP TABLE IF EXISTS seedrow.parts;
        DROP SCHEMA seedrow";
    client
        .batch_execute(sql)
        .await
        .context("could not drop the ledger, schema seedrow")
}
