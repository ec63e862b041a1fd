//! What the planner knows of tables and their columns, without any of their values.

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;

use crate::postgres::Server;

/// The statistics of a table, as the last ANALYZE took them. None of its values are among them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct TableStatistics {
    /// The table's schema, unquoted.
    pub schema: String,
    /// The table, unquoted.
    pub table: String,
    /// `pg_class.reltuples`; below 0 when the table was never analysed.
    pub rows: f64,
    /// `pg_class.relpages`.
    pub pages: i32,
    /// Its columns, as far as this role may read them: `pg_stats` shows those with the right to SELECT.
    pub columns: Vec<ColumnStatistics>,
}

/// The statistics of a column, from `pg_stats`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct ColumnStatistics {
    /// The column, unquoted.
    pub name: String,
    /// The share of NULL.
    pub null_share: f64,
    /// `n_distinct`: how many distinct values, or, below 0, their share of the rows.
    pub distinct: f64,
    /// Bytes of a value, the mean.
    pub width: i32,
    /// The share of the rows of each of the most common values, the most common first.
    pub common: Vec<f32>,
    /// How many bounds the histogram of the other values has.
    pub bounds: i32,
    /// How far the order on disk is the values' order, from -1 to 1; null for types without an order.
    pub correlation: Option<f32>,
}

impl TableStatistics {
    /// `public.orders`, unquoted.
    pub fn qualified(&self) -> String {
        format!("{}.{}", self.schema, self.table)
    }
}

/// The statistics of the tables of the target's schema, or of its database, in the order of their names: of all, or of those
/// named, each with its schema or without.
pub async fn statistics(server: &Server, only: Option<&[String]>) -> Result<Vec<TableStatistics>> {
    let client = server.connect().await?;
    let rows = client
        .query(include_str!("sql/statistics.sql"), &[&server.schema()])
        .await
        .context("could not read the statistics of the tables")?;
    server.keep(client);
    let mut tables = by_table(&rows)?;
    if let Some(only) = only {
        tables.retain(|it| only.contains(&it.table) || only.contains(&it.qualified()));
    }
    Ok(tables)
}

fn by_table(rows: &[Row]) -> Result<Vec<TableStatistics>> {
    let mut tables: Vec<TableStatistics> = Vec::new();
    for row in rows {
        let (schema, table): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        if tables
            .last()
            .is_none_or(|last| (&last.schema, &last.table) != (&schema, &table))
        {
            tables.push(TableStatistics {
                schema,
                table,
                rows: row.try_get::<_, f32>(2)?.into(),
                pages: row.try_get(3)?,
                columns: Vec::new(),
            });
        }
        let name: Option<String> = row.try_get(4)?;
        let (Some(name), Some(last)) = (name, tables.last_mut()) else {
            continue;
        };
        last.columns.push(ColumnStatistics {
            name,
            null_share: row.try_get::<_, f32>(5)?.into(),
            distinct: row.try_get::<_, f32>(6)?.into(),
            width: row.try_get(7)?,
            common: row.try_get::<_, Option<Vec<f32>>>(8)?.unwrap_or_default(),
            bounds: row.try_get(9)?,
            correlation: row.try_get(10)?,
        });
    }
    Ok(tables)
}
