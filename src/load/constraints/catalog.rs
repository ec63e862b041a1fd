//! The keys, indexes and foreign keys of loaded tables, read with their definitions and with what prevents dropping them.

use anyhow::{Context, Result};
use tokio_postgres::{GenericClient, Row, Transaction};

use crate::load::ledger::{DroppedConstraint, DroppedKind};
use crate::postgres::TableName;

/// A key or another index of a loaded table, or a foreign key that references one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DropCandidate {
    /// Its table's oid.
    pub table_oid: u32,
    /// For a foreign key: the table it references, else 0.
    pub referenced_oid: u32,
    /// The index behind it, or that a foreign key references.
    pub index_oid: u32,
    /// The index of the topmost partitioned table, which this one is a part of: its own where it is no part; for a
    /// foreign key, 0.
    pub root_index_oid: u32,
    /// Its name, kind and definition.
    pub definition: DroppedConstraint,
    /// Why it must not be dropped; see `sql/keys.sql`.
    pub obstacle: Option<String>,
}

impl DropCandidate {
    /// Whether it is part of a partitioned table's key or index, with which it is dropped.
    pub fn is_part(&self) -> bool {
        self.root_index_oid != 0 && self.root_index_oid != self.index_oid
    }
}

/// The keys and other indexes of the tables, and the foreign keys of any table that reference them, with qualified names in
/// their definitions.
pub async fn read_qualified(
    client: &Transaction<'_>,
    tables: &[u32],
) -> Result<Vec<DropCandidate>> {
    let path: String = client
        .query_typed_one("SHOW search_path", &[])
        .await?
        .try_get(0)?;
    client
        .batch_execute("SET LOCAL search_path = pg_catalog")
        .await?;
    let constraints = read(client, tables).await;
    client
        .execute("SELECT set_config('search_path', $1, true)", &[&path])
        .await?;
    constraints
}

async fn read(client: &impl GenericClient, tables: &[u32]) -> Result<Vec<DropCandidate>> {
    let mut rows = Vec::new();
    for sql in [
        include_str!("sql/keys.sql"),
        include_str!("sql/plain_indexes.sql"),
    ] {
        let found = client.query(sql, &[&tables]).await;
        rows.extend(found.context("could not read the tables' keys and indexes")?);
    }
    rows.iter().map(constraint).collect()
}

fn constraint(row: &Row) -> Result<DropCandidate> {
    let (schema, table): (String, String) =
        (row.try_get("schema_name")?, row.try_get("table_name")?);
    Ok(DropCandidate {
        table_oid: row.try_get("table_oid")?,
        referenced_oid: row.try_get("referenced_oid")?,
        index_oid: row.try_get("index_oid")?,
        root_index_oid: row.try_get("root_index_oid")?,
        definition: DroppedConstraint {
            table: TableName::new(schema, table),
            name: row.try_get("name")?,
            kind: DroppedKind::from_code(row.try_get("kind")?)?,
            definition: row.try_get("definition")?,
            validated: row.try_get("validated")?,
        },
        obstacle: row.try_get("obstacle")?,
    })
}
