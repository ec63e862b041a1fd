//! The columns behind the constraints that the server names in its errors.

use std::collections::HashMap;

use anyhow::{Context, Result};
use tokio_postgres::GenericClient;

/// For each constraint and unique index of a table its columns, in the table's order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConstraintColumns(HashMap<String, Vec<String>>);

impl ConstraintColumns {
    /// Reads those of a table and its partitions.
    pub async fn read(client: &impl GenericClient, table: u32) -> Result<ConstraintColumns> {
        let rows = client
            .query(include_str!("sql/constraint_columns.sql"), &[&table])
            .await
            .context("could not read the columns of the table's constraints")?;
        let mut columns = HashMap::new();
        for row in rows {
            columns.insert(row.try_get("name")?, row.try_get("columns")?);
        }
        Ok(ConstraintColumns(columns))
    }

    /// Those of a constraint; none when it is about none, or isn't known.
    pub fn of(&self, constraint: &str) -> &[String] {
        self.0.get(constraint).map_or(&[], Vec::as_slice)
    }
}
