//! Foreign keys that rows violate: left NOT VALID, and reported with their number of rows and some samples.

use std::fmt;

use anyhow::{Context, Result};
use tokio_postgres::Client;
use tokio_postgres::types::Type;

use crate::load::constraints::conditions::is_orphan;
use crate::postgres::TableName;
use crate::postgres::catalog::{self, ForeignKey, Scope};
use crate::units::grouped;

/// How many sample rows are read.
const SAMPLES: usize = 5;

/// A foreign key that rows violate, which is NOT VALID therefore, or not there.
#[derive(Debug, Clone, PartialEq)]
pub struct BrokenForeignKey {
    /// The constraint.
    pub name: String,
    /// Its table.
    pub table: TableName,
    /// Its columns.
    pub columns: Vec<String>,
    /// The table it references.
    pub referenced: TableName,
    /// Rows that reference a missing row.
    pub rows: u64,
    /// Some of those rows, as JSON.
    pub samples: Vec<String>,
}

impl fmt::Display for BrokenForeignKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rows, reference) = match self.rows {
            1 => ("row", "references a row"),
            _ => ("rows", "reference rows"),
        };
        write!(
            f,
            "{}: {} {rows} of {} {reference} missing from {} ({})",
            self.name,
            grouped(self.rows),
            self.table,
            self.referenced,
            self.columns.join(", ")
        )
    }
}

/// The foreign keys of the tables that are NOT VALID because rows violate them, and those that could not be restored.
pub async fn broken_foreign_keys(
    client: &Client,
    tables: &[u32],
    unrestored: &[ForeignKey],
) -> Result<Vec<BrokenForeignKey>> {
    let mut broken = Vec::new();
    for key in not_valid(client, tables).await?.iter().chain(unrestored) {
        let key = count_orphans(client, key).await?;
        if key.rows > 0 {
            broken.push(key);
        }
    }
    Ok(broken)
}

/// The foreign keys of the tables that are NOT VALID.
pub async fn not_valid(client: &Client, tables: &[u32]) -> Result<Vec<ForeignKey>> {
    // Often there are none, and reading all that there is to know of foreign keys takes ten times as long as this.
    let sql = "SELECT DISTINCT conrelid
        FROM pg_constraint
        WHERE contype = 'f' AND NOT convalidated AND conrelid = ANY ($1)";
    let rows = client
        .query_typed(sql, &[(&tables, Type::OID_ARRAY)])
        .await
        .context("could not look for foreign keys that are not valid")?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let tables: Vec<u32> = rows
        .iter()
        .map(|row| Ok(row.try_get(0)?))
        .collect::<Result<_>>()?;
    let keys = catalog::foreign_keys(client, Scope::Tables(&tables)).await?;
    Ok(keys.into_iter().filter(|key| !key.validated).collect())
}

/// Counts and samples the rows that violate a foreign key.
async fn count_orphans(client: &Client, key: &ForeignKey) -> Result<BrokenForeignKey> {
    let orphans = format!("FROM {} AS c WHERE {}", key.table, is_orphan(key));
    let context = || format!("could not count the rows that violate {}", key.name);
    let rows = client
        .query_typed_one(&format!("SELECT count(*) {orphans}"), &[])
        .await
        .with_context(context)?;
    let sample = format!("SELECT to_jsonb(c)::text {orphans} LIMIT {SAMPLES}");
    let samples = client
        .query_typed(&sample, &[])
        .await
        .with_context(context)?;
    let columns = key.column_names();
    Ok(BrokenForeignKey {
        name: key.name.clone(),
        table: key.table.clone(),
        columns: columns.into_iter().map(str::to_owned).collect(),
        referenced: key.referenced.clone(),
        rows: rows.try_get::<_, i64>(0)?.try_into()?,
        samples: samples
            .iter()
            .map(|row| Ok(row.try_get(0)?))
            .collect::<Result<_>>()?,
    })
}
