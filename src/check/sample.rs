//! Values to run a query with: existing ids spread over the last part of a column's range.

use anyhow::{Context, Result};
use tokio_postgres::GenericClient;
use tokio_postgres::types::Type;

use super::finding::{Finding, Severity};
use super::header::Source;
use super::heap;
use super::query::{Parameter, Query};
use super::settings::Settings;
use super::value::Value;
use crate::dataset::document::did_you_mean;
use crate::dataset::draw::Key;
use crate::postgres::catalog::{self, Column, ForeignKey, Scope};
use crate::postgres::name::{TableName, quoted};
use crate::suggestion::TARGET;

/// A parameter's type and the values to run the query with.
#[derive(Debug, Clone, PartialEq)]
pub enum Sampled {
    /// At least one value.
    Values {
        /// The type to prepare the statement with.
        ty: Type,
        /// The values, ascending.
        values: Vec<Value>,
    },
    /// There is nothing to run the query with.
    Unchecked(Finding),
    /// The table isn't there.
    NoTable,
}

/// The values of one parameter, from the schema it names, else from `home` when one is asked for; an error when it names
/// no column.
pub async fn sample(
    client: &impl GenericClient,
    query: &Query,
    parameter: &Parameter,
    settings: &Settings,
    home: Option<&str>,
) -> Result<Sampled> {
    let (schema, table, name) = match &parameter.source {
        Source::Fixed { ty, value } => {
            return Ok(Sampled::Values {
                ty: ty.clone(),
                values: vec![value.clone()],
            });
        }
        Source::Column {
            schema,
            table,
            column,
        } => (schema.as_deref(), table, column),
    };
    // The search path would go on to other schemas, and their ids prove nothing.
    let Some(oid) = catalog::find(client, schema.or(home), table).await? else {
        return Ok(Sampled::NoTable);
    };
    let columns = catalog::columns(client, Scope::Tables(&[oid])).await?;
    let column = columns
        .iter()
        .find(|column| column.name == *name)
        .ok_or_else(|| no_column(query, parameter, table, name, &columns))?;
    let written = schema.map_or_else(
        || quoted(table),
        |schema| TableName::new(schema, table).to_string(),
    );
    let ty = parameter_type(column);
    let values: Vec<Value> = match is_integer(&ty) {
        true => {
            let tail = tail(client, oid, &written, column, settings).await?;
            tail.into_iter().map(Value::Integer).collect()
        }
        false => {
            let columns = [&*column.name];
            match heap::tail(client, oid, &columns, settings).await? {
                Some(rows) => rows.into_iter().flatten().collect(),
                None => return Ok(Sampled::Unchecked(no_tail(&written, column))),
            }
        }
    };
    match values.is_empty() {
        true => Ok(Sampled::Unchecked(no_rows(query, &written, column))),
        false => Ok(Sampled::Values { ty, values }),
    }
}

/// The values of all columns that a key of several refers to, taken together from rows of the referenced table's tail; in
/// the columns' order, each with its type. None where the table holds no rows that can be told apart.
pub async fn sample_key(
    client: &impl GenericClient,
    key: &ForeignKey,
    settings: &Settings,
) -> Result<Vec<(Type, Vec<Value>)>> {
    let columns = catalog::columns(client, Scope::Tables(&[key.referenced_oid])).await?;
    let names: Vec<&str> = key
        .referenced_columns
        .iter()
        .map(|column| column.name.as_str())
        .collect();
    let rows = heap::tail(client, key.referenced_oid, &names, settings).await?;
    let rows = rows.unwrap_or_default();
    let column = |(at, name): (usize, &&str)| {
        let column = columns.iter().find(|column| column.name == **name);
        let ty = column.map_or(Type::UNKNOWN, parameter_type);
        let values = rows.iter().filter_map(|row| row.get(at).cloned());
        (ty, values.collect())
    };
    Ok(names.iter().enumerate().map(column).collect())
}

/// The type to declare a parameter as; where tokio-postgres doesn't know it, the server finds it out.
fn parameter_type(column: &Column) -> Type {
    Type::from_oid(column.data_type.base().oid).unwrap_or(Type::UNKNOWN)
}

fn is_integer(ty: &Type) -> bool {
    [Type::INT2, Type::INT4, Type::INT8].contains(ty)
}

/// Existing values spread over the tail, ascending and distinct; none for a table without any.
async fn tail(
    client: &impl GenericClient,
    oid: u32,
    table: &str,
    column: &Column,
    settings: &Settings,
) -> Result<Vec<i64>> {
    let name = quoted(&column.name);
    let could_not = || format!("could not sample {table}.{name}");
    let range = format!("SELECT min({name})::int8, max({name})::int8 FROM {table}");
    let row = client
        .query_one(&range, &[])
        .await
        .with_context(could_not)?;
    let (Some(low), Some(high)) = (row.try_get(0)?, row.try_get(1)?) else {
        return Ok(Vec::new());
    };
    let key = Key::new(settings.seed, table, &column.name);
    let points = points(low, high, settings.samples, settings.tail, key);
    let sql = match leads_an_index(client, oid, column.number).await? {
        true => probes(table, &name),
        false => one_scan(table, &name),
    };
    let rows = client
        .query(&sql, &[&points])
        .await
        .with_context(could_not)?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// For each point, the nearest value from there up: a probe of the column's index each.
fn probes(table: &str, column: &str) -> String {
    format!(
        "SELECT DISTINCT found.value
        FROM unnest($1::int8[]) AS point (value)
        CROSS JOIN LATERAL (
            SELECT {column}::int8 AS value
            FROM {table}
            WHERE {column} >= point.value
            ORDER BY {column}
            LIMIT 1
        ) AS found
        ORDER BY found.value"
    )
}

/// Between each point and the next, the least value: one scan of the table, for a column without an index.
fn one_scan(table: &str, column: &str) -> String {
    format!(
        "SELECT min({column})::int8 AS value
        FROM {table}
        WHERE {column} >= ($1::int8[])[1]
        GROUP BY width_bucket({column}::int8, $1::int8[])
        ORDER BY value"
    )
}

async fn leads_an_index(client: &impl GenericClient, oid: u32, column: i16) -> Result<bool> {
    let indexes = catalog::indexes(client, Scope::Tables(&[oid])).await?;
    Ok(indexes.iter().any(|index| {
        index.usable()
            && index.method == "btree"
            && index.predicate.is_none()
            && index.key_columns.first() == Some(&column)
    }))
}

/// One point in each of `samples` equal parts of the last `tail` of `low..=high`, drawn from `key`; ascending.
fn points(low: i64, high: i64, samples: u32, tail: f64, key: Key) -> Vec<i64> {
    let (low, high) = (i128::from(low), i128::from(high));
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a share of the range needn't be exact"
    )]
    let reach = ((high - low) as f64 * tail) as i128;
    let start = high - reach.clamp(0, high - low);
    let width = high - start + 1;
    let parts = i128::from(samples.max(1));
    let mut points: Vec<i64> = (0..parts)
        .zip(0u64..)
        .map(|(part, row)| {
            let (from, to) = (width * part / parts, width * (part + 1) / parts);
            let room = u64::try_from(to - from).unwrap_or(u64::MAX);
            start + from + i128::from(key.row(row).below(room))
        })
        .filter_map(|point| i64::try_from(point).ok())
        .collect();
    points.dedup();
    points
}

/// The table named isn't there: the error when that isn't to be passed over.
pub async fn no_table(
    client: &impl GenericClient,
    query: &Query,
    parameter: &Parameter,
    home: Option<&str>,
) -> Result<anyhow::Error> {
    let Source::Column { schema, table, .. } = &parameter.source else {
        return Ok(query.error(parameter.line, "no such table"));
    };
    let looked_in = match schema.as_deref().or(home) {
        Some(schema) => schema.to_owned(),
        None => catalog::current_schema(client).await?.unwrap_or_default(),
    };
    let tables = catalog::tables(client, Scope::Schema(&looked_in)).await?;
    let names: Vec<&str> = tables.iter().map(|t| t.name.name.as_str()).collect();
    let advice = match names.is_empty() {
        true => {
            format!("there are no tables yet; `seedrow run{TARGET}` makes and fills them")
        }
        false => did_you_mean(table, names),
    };
    let message = format!(
        "parameter `{}` takes its values from table {}, which isn't in schema {}; {advice}",
        parameter.name,
        quoted(table),
        quoted(&looked_in)
    );
    Ok(query.error(parameter.line, message))
}

fn no_column(
    query: &Query,
    parameter: &Parameter,
    table: &str,
    column: &str,
    columns: &[Column],
) -> anyhow::Error {
    let names: Vec<&str> = columns.iter().map(|c| c.name.as_str()).collect();
    let message = format!(
        "parameter `{}` takes its values from {}.{}, but the table has no such column; {} (it has {})",
        parameter.name,
        quoted(table),
        quoted(column),
        did_you_mean(column, names.iter().copied()),
        names.join(", ")
    );
    query.error(parameter.line, message)
}

fn no_rows(query: &Query, table: &str, column: &Column) -> Finding {
    Finding {
        rule: "no-rows",
        severity: Severity::Unchecked,
        on: None,
        message: format!(
            "{table} holds no {} to run {} with",
            quoted(&column.name),
            query.name
        ),
        help: format!("fill it: `seedrow run{TARGET}`, or `seedrow load DIR{TARGET}`"),
    }
}

/// Nothing to look a key of several columns up with.
pub fn no_key(key: &ForeignKey, home: &str) -> Finding {
    Finding {
        rule: "no-rows",
        severity: Severity::Unchecked,
        on: None,
        message: format!(
            "{} holds no row to look {} up with",
            key.referenced.within(home),
            key.shown(home)
        ),
        help: format!("fill it: `seedrow load DIR{TARGET}`"),
    }
}

fn no_tail(table: &str, column: &Column) -> Finding {
    Finding {
        rule: "no-tail",
        severity: Severity::Unchecked,
        on: None,
        message: format!(
            "{table}.{} is of type {}, and {table} has no pages of its own to take the last of",
            quoted(&column.name),
            column.type_name
        ),
        help: "name an integer column, a table's column, or give a fixed value: `-- param name: text = value`"
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points_of(low: i64, high: i64, samples: u32, tail: f64) -> Vec<i64> {
        points(low, high, samples, tail, Key::new(42, "t", "id"))
    }

    #[test]
    fn points_are_spread_over_the_tail() {
        let points = points_of(1, 1_000_000, 20, 0.1);
        assert_eq!(points.len(), 20);
        assert!(points.is_sorted() && points[0] >= 900_000);
        for (part, point) in (0..).zip(&points) {
            let from = 900_001 + part * 5_000;
            assert!((from - 2..from + 5_002).contains(point), "{part}: {point}");
        }
    }

    #[test]
    fn points_depend_on_the_seed_alone() {
        assert_eq!(points_of(1, 1_000, 5, 0.5), points_of(1, 1_000, 5, 0.5));
        let other = points(1, 1_000, 5, 0.5, Key::new(43, "t", "id"));
        assert_ne!(points_of(1, 1_000, 5, 0.5), other);
    }

    #[test]
    fn extremes_are_sampled_all_the_same() {
        assert_eq!(points_of(7, 7, 20, 0.1), [7]);
        assert!(points_of(1, 3, 20, 1.0).iter().all(|p| (1..=3).contains(p)));
        let all = points_of(i64::MIN, i64::MAX, 10_000, 1.0);
        assert!(all.is_sorted() && all.len() == 10_000);
        assert!(
            points_of(-100, -50, 3, 0.1)
                .iter()
                .all(|p| (-55..=-50).contains(p))
        );
    }
}
