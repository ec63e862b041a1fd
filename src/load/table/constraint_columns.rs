//! The columns behind the constraints that the server names in its errors.

use std::collections::HashMap;

use anyhow::{Context, Result};
use tokio_postgres::GenericClient;

/// The columns of a table's constraints, unique indexes and partition keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConstraintColumns {
    /// By the names of constraints and unique indexes.
    constraints: HashMap<String, Vec<String>>,
    /// By the names of the table and its partitions.
    partition_keys: HashMap<String, Vec<String>>,
}

impl ConstraintColumns {
    /// Reads those of a table and its partitions.
    pub async fn read(client: &impl GenericClient, table: u32) -> Result<ConstraintColumns> {
        let rows = client
            .query(include_str!("sql/constraint_columns.sql"), &[&table])
            .await
            .context("could not read the columns of the table's constraints")?;
        let mut columns = ConstraintColumns::default();
        for row in rows {
            let of = match row.try_get("is_partition_key")? {
                true => &mut columns.partition_keys,
                false => &mut columns.constraints,
            };
            of.insert(row.try_get("name")?, row.try_get("columns")?);
        }
        Ok(columns)
    }

    /// Those of a constraint; none when it is about none, or isn't known.
    pub fn of(&self, constraint: &str) -> &[String] {
        self.constraints.get(constraint).map_or(&[], Vec::as_slice)
    }

    /// Those that decide whether a row of a table fits a partition.
    pub fn of_partition_key(&self, table: &str) -> &[String] {
        let keys = &self.partition_keys;
        keys.get(table).map_or(&[], Vec::as_slice)
    }
}
