//! Rows of a table whose own heap is empty, as a distributed table's is: near points of a column that leads an index, else
//! the first that come.

use anyhow::{Context, Result};
use futures_util::future::try_join_all;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{GenericClient, Row};

use super::heap::row_values;
use super::range::{extremes, is_integer, leads_an_index, parameter_type, points};
use super::spread::Sampling;
use crate::dataset::draw::Key;
use crate::postgres::catalog::Column;
use crate::postgres::name::quoted;
use crate::queries::value::ParameterValue;

/// The values of some columns, none of them NULL, in distinct rows. `table` is quoted.
pub async fn sample(
    client: &impl GenericClient,
    table_oid: u32,
    table: &str,
    columns: &[&Column],
    sampling: &Sampling,
) -> Result<Vec<Vec<ParameterValue>>> {
    let mut lead = None;
    for column in columns.iter().filter(|it| is_integer(&parameter_type(it))) {
        if lead.is_none() && leads_an_index(client, table_oid, column.number).await? {
            lead = Some(*column);
        }
    }
    let rows = match lead {
        Some(lead) => near_points(client, table, columns, lead, sampling).await,
        None => first(client, table, columns, sampling).await,
    };
    let mut values: Vec<Vec<ParameterValue>> = Vec::new();
    for row in rows.with_context(|| format!("could not sample {table}"))? {
        let row = row_values(&row, columns.len())?;
        if !values.contains(&row) {
            values.push(row);
        }
    }
    Ok(values)
}

async fn near_points(
    client: &impl GenericClient,
    table: &str,
    columns: &[&Column],
    lead: &Column,
    sampling: &Sampling,
) -> Result<Vec<Row>> {
    let name = quoted(&lead.name);
    let Some((low, high)) = extremes(client, table, &name).await? else {
        return Ok(Vec::new());
    };
    let points = points(
        low,
        high,
        sampling,
        Key::new(sampling.seed, table, &lead.name),
    );
    let sql = format!(
        "{} AND sampled.{name} >= $1 ORDER BY sampled.{name} LIMIT 1",
        selection(table, columns)
    );
    let probe = client.prepare_typed(&sql, &[Type::INT8]).await?;
    let parameters: Vec<[&(dyn ToSql + Sync); 1]> =
        points.iter().map(|point| [point as _]).collect();
    let probes = parameters.iter().map(|it| client.query_opt(&probe, it));
    let found = try_join_all(probes).await?;
    Ok(found.into_iter().flatten().collect())
}

async fn first(
    client: &impl GenericClient,
    table: &str,
    columns: &[&Column],
    sampling: &Sampling,
) -> Result<Vec<Row>> {
    let sql = format!("{} LIMIT {}", selection(table, columns), sampling.count);
    Ok(client.query_typed(&sql, &[]).await?)
}

/// `SELECT a, b, a::text, b::text FROM t AS sampled WHERE a IS NOT NULL AND b IS NOT NULL`
fn selection(table: &str, columns: &[&Column]) -> String {
    let names: Vec<String> = columns.iter().map(|it| quoted(&it.name)).collect();
    let as_text = names.iter().map(|name| format!("{name}::text"));
    let selected: Vec<String> = names.iter().cloned().chain(as_text).collect();
    let present: Vec<String> = names.iter().map(|it| format!("{it} IS NOT NULL")).collect();
    format!(
        "SELECT {} FROM {table} AS sampled WHERE {}",
        selected.join(", "),
        present.join(" AND ")
    )
}
