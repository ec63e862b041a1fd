//! The catalog's rows of one schema, in one read-only transaction.

use anyhow::{Context, Result};
use tokio_postgres::{Client, GenericClient, Transaction};

use crate::infer::source::CatalogRows;
use crate::postgres::catalog::{self, Scope};
use crate::postgres::snapshot;

/// What was read.
#[derive(Debug)]
pub struct Found {
    /// The connection's database.
    pub database: String,
    /// The schema.
    pub schema: String,
    /// Its catalog rows.
    pub rows: CatalogRows,
    /// The other schemas that hold tables, each with their number.
    pub others: Vec<(String, usize)>,
}

/// Reads the schema's catalog; without a name that of the connection's current schema.
pub async fn read(client: &mut Client, schema: Option<&str>) -> Result<Found> {
    let transaction = snapshot::begin(client).await?;
    let found = read_within(&transaction, schema).await?;
    snapshot::end(transaction).await?;
    Ok(found)
}

async fn read_within(client: &Transaction<'_>, schema: Option<&str>) -> Result<Found> {
    let schema = match schema {
        Some(schema) => schema.to_owned(),
        None => catalog::current_schema(client)
            .await?
            .unwrap_or_else(|| "public".to_owned()),
    };
    let row = client
        .query_typed_one("SELECT current_database()::text", &[])
        .await
        .context("could not read the database's name")?;
    let scope = Scope::Schema(&schema);
    let rows = CatalogRows {
        tables: catalog::tables(client, scope).await?,
        columns: catalog::columns(client, scope).await?,
        foreign_keys: catalog::foreign_keys(client, scope).await?,
        constraints: catalog::constraints(client, scope).await?,
        indexes: catalog::indexes(client, scope).await?,
        traits: catalog::table_traits(client, scope).await?,
        triggers: catalog::triggers(client, scope).await?,
        domains: catalog::domains(client).await?,
    };
    let mut others = schemas_with_tables(client).await?;
    others.retain(|(name, _)| *name != schema);
    Ok(Found {
        database: row.try_get(0)?,
        schema,
        rows,
        others,
    })
}

/// The schemas that hold tables, each with their number, those of extensions left out.
async fn schemas_with_tables(client: &impl GenericClient) -> Result<Vec<(String, usize)>> {
    let sql = "SELECT n.nspname::text, count(*)
        FROM pg_class AS t
        JOIN pg_namespace AS n ON n.oid = t.relnamespace
        WHERE t.relkind IN ('r', 'p')
            AND NOT t.relispartition
            AND n.nspname !~ '^pg_'
            AND n.nspname NOT IN ('information_schema', 'seedrow')
            AND NOT EXISTS (
                SELECT FROM pg_depend AS d
                WHERE d.classid = 'pg_class'::regclass AND d.objid = t.oid AND d.deptype = 'e'
            )
        GROUP BY n.nspname
        ORDER BY n.nspname";
    let rows = client
        .query_typed(sql, &[])
        .await
        .context("could not read which schemas hold tables")?;
    rows.iter()
        .map(|row| Ok((row.try_get(0)?, usize::try_from(row.try_get::<_, i64>(1)?)?)))
        .collect()
}
