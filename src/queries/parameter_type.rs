//! The types of a query's parameters: of a column as the catalog resolves it, of a fixed value as it is declared.

use anyhow::{Context, Result};
use tokio_postgres::GenericClient;
use tokio_postgres::types::Type;

use super::parameter::{ColumnRef, Parameter, ValueSource};
use super::query::Query;
use super::sampling::{no_column, no_table};
use crate::copy::{DataType, Scalar};
use crate::postgres::catalog::{self, Scope};
use crate::postgres::name::quoted;

/// A parameter's type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterType {
    /// As SQL writes it.
    pub name: String,
    /// As the catalog resolves it.
    pub data_type: DataType,
    /// A value of the column, where it holds one.
    pub example: Option<String>,
}

impl ParameterType {
    /// The type to prepare a statement with; where tokio-postgres doesn't know it, the server finds it out.
    pub fn declared(&self) -> Type {
        Type::from_oid(self.data_type.base().oid).unwrap_or(Type::UNKNOWN)
    }
}

impl From<&Type> for ParameterType {
    fn from(ty: &Type) -> ParameterType {
        match Scalar::from_oid(ty.oid()) {
            Some(scalar) => scalar.into(),
            None => ParameterType {
                name: ty.name().to_owned(),
                data_type: DataType::UNRESOLVED,
                example: None,
            },
        }
    }
}

impl From<Scalar> for ParameterType {
    fn from(scalar: Scalar) -> ParameterType {
        ParameterType {
            name: scalar.name().to_owned(),
            data_type: scalar.into(),
            example: None,
        }
    }
}

/// The types of the query's parameters in their order. A column is looked up in the schema that it names, else in `schema`
/// when one is given, else along the search path; an error names the file and line of one that doesn't exist.
pub async fn parameter_types(
    client: &impl GenericClient,
    query: &Query,
    schema: Option<&str>,
) -> Result<Vec<ParameterType>> {
    let mut types = Vec::with_capacity(query.header.parameters.len());
    for parameter in &query.header.parameters {
        types.push(match &parameter.source {
            ValueSource::Column(source) => {
                column_type(client, query, parameter, source, schema).await?
            }
            ValueSource::Fixed { ty, .. } => ParameterType::from(ty),
        });
    }
    Ok(types)
}

async fn column_type(
    client: &impl GenericClient,
    query: &Query,
    parameter: &Parameter,
    source: &ColumnRef,
    schema: Option<&str>,
) -> Result<ParameterType> {
    let schema = source.schema.as_deref().or(schema);
    let Some(table) = catalog::find(client, schema, &source.table).await? else {
        return Err(no_table(client, query, parameter, schema).await?);
    };
    let columns = catalog::columns(client, Scope::Tables(&[table])).await?;
    let column = columns.iter().find(|column| column.name == source.column);
    let column = column.ok_or_else(|| no_column(query, parameter, source, &columns))?;
    Ok(ParameterType {
        name: column.type_name.clone(),
        data_type: column.data_type.clone(),
        example: example(client, source).await?,
    })
}

/// The value in the first row that the server comes upon.
async fn example(client: &impl GenericClient, source: &ColumnRef) -> Result<Option<String>> {
    let (table, column) = (source.quoted_table(), quoted(&source.column));
    let sql = format!("SELECT {column}::text FROM {table} WHERE {column} IS NOT NULL LIMIT 1");
    let rows = client
        .query_typed(&sql, &[])
        .await
        .with_context(|| format!("could not read {table}.{column}"))?;
    Ok(rows.first().map(|row| row.try_get(0)).transpose()?)
}
