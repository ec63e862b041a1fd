//! What a load dropped and must put back, and the foreign keys that came back NOT VALID.

use anyhow::{Context, Result};
use tokio_postgres::{GenericClient, Row};

use crate::postgres::TableName;

/// A constraint or index that was dropped for the load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lifted {
    /// Its table.
    pub table: TableName,
    /// Its name.
    pub name: String,
    /// `p`, `u`, `x` or `f`, as `pg_constraint.contype`, or `i` for an index that backs no constraint.
    pub kind: String,
    /// `pg_get_constraintdef` or `pg_get_indexdef`, its names with their schemas.
    pub definition: String,
    /// Whether it was valid when it was lifted.
    pub validated: bool,
}

impl Lifted {
    /// Whether it is a foreign key.
    pub fn is_foreign(&self) -> bool {
        self.kind == "f"
    }

    /// Whether it is an index that backs no constraint.
    pub fn is_plain_index(&self) -> bool {
        self.kind == "i"
    }
}

/// Notes that a constraint is dropped.
pub async fn note_lifted(client: &impl GenericClient, schema: &str, lifted: &Lifted) -> Result<()> {
    let sql = "INSERT INTO seedrow.lifted
            (target_schema, schema_name, table_name, name, kind, definition, validated)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let Lifted {
        table,
        name,
        kind,
        definition,
        validated,
    } = lifted;
    client
        .execute(
            sql,
            &[
                &schema,
                &table.schema,
                &table.name,
                name,
                kind,
                definition,
                validated,
            ],
        )
        .await
        .with_context(|| format!("could not enter {name} in the ledger"))?;
    Ok(())
}

/// Notes that a constraint is back.
pub async fn note_restored(client: &impl GenericClient, lifted: &Lifted) -> Result<()> {
    let sql = "DELETE FROM seedrow.lifted
        WHERE schema_name = $1 AND table_name = $2 AND kind = $3 AND name = $4";
    client
        .execute(
            sql,
            &[
                &lifted.table.schema,
                &lifted.table.name,
                &lifted.kind,
                &lifted.name,
            ],
        )
        .await
        .with_context(|| format!("could not take {} out of the ledger", lifted.name))?;
    Ok(())
}

/// The constraints and indexes that a schema's load dropped and has not put back: keys, then indexes, then foreign keys.
pub async fn lifted(client: &impl GenericClient, schema: &str) -> Result<Vec<Lifted>> {
    let sql = "SELECT schema_name, table_name, name, kind, definition, validated
        FROM seedrow.lifted
        WHERE target_schema = $1
        ORDER BY kind DESC, schema_name, table_name, name";
    let rows = client
        .query(sql, &[&schema])
        .await
        .context("could not read the ledger")?;
    let lifted = |row: &Row| {
        Ok(Lifted {
            table: table_name(row)?,
            name: row.try_get(2)?,
            kind: row.try_get(3)?,
            definition: row.try_get(4)?,
            validated: row.try_get(5)?,
        })
    };
    rows.iter().map(lifted).collect()
}

fn table_name(row: &Row) -> Result<TableName> {
    let (schema, name): (String, String) = (row.try_get(0)?, row.try_get(1)?);
    Ok(TableName::new(schema, name))
}

/// Takes constraints out of the ledger that somebody put back by hand since, or whose table is gone.
pub async fn forget_put_back(client: &impl GenericClient, schema: &str) -> Result<()> {
    let sql = "DELETE FROM seedrow.lifted AS l
        WHERE target_schema = $1 AND NOT EXISTS (
            SELECT FROM pg_class AS t
            JOIN pg_namespace AS n ON n.oid = t.relnamespace
            WHERE n.nspname = l.schema_name AND t.relname = l.table_name AND NOT EXISTS (
                SELECT FROM pg_constraint AS k
                WHERE k.conrelid = t.oid AND k.conname = l.name AND l.kind <> 'i'
            ) AND NOT EXISTS (
                SELECT FROM pg_index AS i
                JOIN pg_class AS x ON x.oid = i.indexrelid
                WHERE i.indrelid = t.oid AND x.relname = l.name AND l.kind = 'i'
            )
        )";
    client
        .execute(sql, &[&schema])
        .await
        .context("could not tidy up the ledger")?;
    Ok(())
}

/// Notes that a foreign key is back and not validated, or that it is.
pub async fn note_validated(
    client: &impl GenericClient,
    table: &TableName,
    name: &str,
    validated: bool,
) -> Result<()> {
    let sql = if validated {
        "DELETE FROM seedrow.unvalidated WHERE schema_name = $1 AND table_name = $2 AND name = $3"
    } else {
        "INSERT INTO seedrow.unvalidated VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
    };
    client
        .execute(sql, &[&table.schema, &table.name, &name])
        .await
        .with_context(|| format!("could not note the state of {name} in the ledger"))?;
    Ok(())
}

/// The foreign keys that earlier loads left NOT VALID.
pub async fn unvalidated(client: &impl GenericClient) -> Result<Vec<(TableName, String)>> {
    let sql = "SELECT schema_name, table_name, name FROM seedrow.unvalidated";
    let rows = client
        .query(sql, &[])
        .await
        .context("could not read the ledger")?;
    let key = |row: &Row| Ok((table_name(row)?, row.try_get(2)?));
    rows.iter().map(key).collect()
}
