//! The values of a query's parameters, or why there are none.

use anyhow::{Context, Result};
use tokio_postgres::GenericClient;
use tokio_postgres::types::Type;

use super::range::{is_integer, parameter_type};
use super::spread::Sampling;
use super::{heap, range, rows};
use crate::dataset::document::did_you_mean;
use crate::postgres::catalog::{self, Column, Scope};
use crate::postgres::name::{TableName, quoted};
use crate::queries::parameter::{ColumnRef, Parameter, ValueSource};
use crate::queries::query::Query;
use crate::queries::value::ParameterValue;
use crate::suggestion::TARGET;

/// A parameter's values, or why there are none.
#[derive(Debug, Clone, PartialEq)]
pub enum SampledValues {
    /// At least one.
    Values {
        /// The type to prepare the statement with.
        ty: Type,
        /// The values, ascending or in the order of the table's pages.
        values: Vec<ParameterValue>,
    },
    /// The column holds no values.
    NoRows {
        /// The table, quoted.
        table: String,
        /// The column, quoted.
        column: String,
    },
    /// The column isn't of an integer type, and its relation has no pages to take the last of.
    NoHeap {
        /// The relation, quoted.
        table: String,
        /// The column, quoted.
        column: String,
        /// The column's type.
        type_name: String,
    },
    /// The table doesn't exist.
    NoTable,
}

/// The values of one parameter. Its column is looked up in the schema that it names, else in `schema` when one is given,
/// else along the search path; an error when the table has no such column.
pub async fn sample_parameter(
    client: &impl GenericClient,
    query: &Query,
    parameter: &Parameter,
    sampling: &Sampling,
    schema: Option<&str>,
) -> Result<SampledValues> {
    let source = match &parameter.source {
        ValueSource::Column(column) => column,
        ValueSource::Fixed { ty, value } => {
            return Ok(SampledValues::Values {
                ty: ty.clone(),
                values: vec![value.clone()],
            });
        }
    };
    // The search path would go on to other schemas, and their ids prove nothing.
    let schema = source.schema.as_deref().or(schema);
    let Some(table_oid) = catalog::find(client, schema, &source.table).await? else {
        return Ok(SampledValues::NoTable);
    };
    let columns = catalog::columns(client, Scope::Tables(&[table_oid])).await?;
    let column = columns
        .iter()
        .find(|column| column.name == source.column)
        .ok_or_else(|| no_column(query, parameter, source, &columns))?;
    sample_column(client, source, table_oid, column, sampling).await
}

async fn sample_column(
    client: &impl GenericClient,
    source: &ColumnRef,
    table_oid: u32,
    column: &Column,
    sampling: &Sampling,
) -> Result<SampledValues> {
    let table = match &source.schema {
        Some(schema) => TableName::new(schema, &source.table).to_string(),
        None => quoted(&source.table),
    };
    let ty = parameter_type(column);
    let values: Vec<ParameterValue> = if is_integer(&ty) {
        let integers = range::sample(client, table_oid, &table, column, sampling).await?;
        integers.into_iter().map(ParameterValue::Integer).collect()
    } else {
        match heap::sample(client, table_oid, &[&column.name], sampling).await? {
            Some(rows) if rows.is_empty() => {
                let columns = [column];
                let rows = rows::sample(client, table_oid, &table, &columns, sampling);
                rows.await?.into_iter().flatten().collect()
            }
            Some(rows) => rows.into_iter().flatten().collect(),
            None => {
                return Ok(SampledValues::NoHeap {
                    table,
                    column: quoted(&column.name),
                    type_name: column.type_name.clone(),
                });
            }
        }
    };
    let column = quoted(&column.name);
    match values.is_empty() {
        true => Ok(SampledValues::NoRows { table, column }),
        false => Ok(SampledValues::Values { ty, values }),
    }
}

/// The values of several columns, taken together from the same rows, in the columns' order, each with its type. The lists
/// are empty where the table holds no rows without a NULL in them.
pub async fn sample_rows(
    client: &impl GenericClient,
    table_oid: u32,
    columns: &[&str],
    sampling: &Sampling,
) -> Result<Vec<(Type, Vec<ParameterValue>)>> {
    let known = catalog::columns(client, Scope::Tables(&[table_oid])).await?;
    let mut rows = heap::sample(client, table_oid, columns, sampling).await?;
    if rows.as_ref().is_some_and(Vec::is_empty) {
        let named = |name: &&str| known.iter().find(|column| column.name == **name);
        let columns: Vec<&Column> = columns.iter().filter_map(named).collect();
        let table = catalog::name_of(client, table_oid).await?;
        let found = rows::sample(client, table_oid, &table, &columns, sampling);
        rows = Some(found.await?);
    }
    let rows = rows.unwrap_or_default();
    let column = |(at, name): (usize, &&str)| {
        let column = known.iter().find(|column| column.name == **name);
        let ty = column.map_or(Type::UNKNOWN, parameter_type);
        let values = rows.iter().filter_map(|row| row.get(at).cloned());
        (ty, values.collect())
    };
    Ok(columns.iter().enumerate().map(column).collect())
}

/// The values in their type's order, the first `steps` of them replaced by the next ones: value by value, each list of more
/// steps is after one of fewer. Of a type that is known to this database alone they stay as they are.
pub async fn in_order(
    client: &impl GenericClient,
    ty: &Type,
    values: Vec<ParameterValue>,
    steps: usize,
) -> Result<Vec<ParameterValue>> {
    let mut ordered = values;
    if !is_integer(ty) && *ty != Type::UNKNOWN {
        let texts: Vec<String> = ordered.iter().map(|it| it.to_text().into_owned()).collect();
        let sql = format!(
            "SELECT place
            FROM unnest($1::text[]) WITH ORDINALITY AS values (value, place)
            ORDER BY value::{}",
            quoted(ty.name())
        );
        let rows = client
            .query(&sql, &[&texts])
            .await
            .with_context(|| format!("could not order values of type {ty}"))?;
        let places: Vec<i64> = rows
            .iter()
            .map(|row| row.try_get(0))
            .collect::<Result<_, _>>()?;
        let value = |place: &i64| ordered.get(usize::try_from(place - 1).ok()?).cloned();
        ordered = places.iter().filter_map(value).collect();
    }
    let last = ordered.len().saturating_sub(1);
    let later = (0..ordered.len()).filter_map(|at| ordered.get((at + steps).min(last)).cloned());
    Ok(later.collect())
}

/// The error for a parameter whose column doesn't exist.
pub fn no_column(
    query: &Query,
    parameter: &Parameter,
    source: &ColumnRef,
    columns: &[Column],
) -> anyhow::Error {
    let names: Vec<&str> = columns.iter().map(|c| c.name.as_str()).collect();
    let message = format!(
        "parameter `{}` takes its values from {}.{}, but the table has no such column; {} (it has {})",
        parameter.name,
        quoted(&source.table),
        quoted(&source.column),
        did_you_mean(&source.column, names.iter().copied()),
        names.join(", ")
    );
    query.error(parameter.line, message)
}

/// The error for a parameter whose table doesn't exist in `schema`, or where the search path looks first.
pub async fn no_table(
    client: &impl GenericClient,
    query: &Query,
    parameter: &Parameter,
    schema: Option<&str>,
) -> Result<anyhow::Error> {
    let ValueSource::Column(source) = &parameter.source else {
        return Ok(query.error(parameter.line, "no such table"));
    };
    let searched = match source.schema.as_deref().or(schema) {
        Some(schema) => schema.to_owned(),
        None => catalog::current_schema(client).await?.unwrap_or_default(),
    };
    let tables = catalog::tables(client, Scope::Schema(&searched)).await?;
    let names: Vec<&str> = tables.iter().map(|it| it.name.name.as_str()).collect();
    let advice = match names.is_empty() {
        true => format!("there are no tables yet; `seedrow run{TARGET}` makes and fills them"),
        false => did_you_mean(&source.table, names),
    };
    let message = format!(
        "parameter `{}` takes its values from table {}, which isn't in schema {}; {advice}",
        parameter.name,
        quoted(&source.table),
        quoted(&searched)
    );
    Ok(query.error(parameter.line, message))
}
