//! A query's results as NDJSON: run for every value of its parameter, one document a line, in the values' order.
//!
//! Values stream in over one connection and documents over several others, a bounded number of them under way at a time:
//! memory doesn't grow with rows.

use std::io::Write;

use anyhow::{Context, Result, bail};
use futures_util::stream::{StreamExt, TryStreamExt};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Statement};

use super::compact::compact;
use crate::postgres::Server;
use crate::postgres::name::quoted;
use crate::queries::{Binary, ColumnRef, ParameterValue, Query, ValueSource, parameter_types};

/// Documents under way on each connection.
const PIPELINE: usize = 32;

/// A query whose results are documents, one for each value of a column.
#[derive(Debug, Clone)]
pub struct DocumentQuery {
    /// The query.
    pub query: Query,
    /// The types to prepare it with.
    pub types: Vec<Type>,
    /// The place of the parameter that takes the column's values.
    pub key: usize,
    /// Where its values are.
    pub column: ColumnRef,
}

/// What was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Exported {
    /// Values of the parameter.
    pub values: u64,
    /// Lines.
    pub documents: u64,
    /// Bytes of these, line feeds included.
    pub bytes: u64,
}

impl DocumentQuery {
    /// Refuses a query that doesn't take its values from one column.
    pub async fn of(client: &Client, query: Query, schema: Option<&str>) -> Result<DocumentQuery> {
        let parameters = query.header.parameters.iter().enumerate();
        let columns = parameters.filter_map(|(place, parameter)| match &parameter.source {
            ValueSource::Column(column) => Some((place, column.clone())),
            ValueSource::Fixed { .. } => None,
        });
        let columns: Vec<(usize, ColumnRef)> = columns.collect();
        let [(key, column)] = columns.as_slice() else {
            bail!(
                "{}: {} parameters take their values from a column; documents are made for the values of one: \
                 choose another query, or write `-- param name: type = value` for the others",
                query.path,
                columns.len()
            );
        };
        let types = parameter_types(client, &query, schema).await?;
        Ok(DocumentQuery {
            types: types.iter().map(|ty| ty.declared()).collect(),
            key: *key,
            column: column.clone(),
            query,
        })
    }

    /// All parameters' values with this one for the column's.
    pub fn values(&self, key: ParameterValue) -> Vec<ParameterValue> {
        let fixed = self
            .query
            .header
            .parameters
            .iter()
            .map(|parameter| match &parameter.source {
                ValueSource::Fixed { value, .. } => value.clone(),
                ValueSource::Column(_) => key.clone(),
            });
        fixed.collect()
    }

    /// The statement whose first column is a document as text: the query's own JSON, or each of its rows as an object.
    pub async fn text_sql(&self, client: &Client) -> Result<String> {
        let prepared = self.query.prepare(client, &self.types).await?;
        let rows = self.query.as_subquery();
        Ok(match prepared.columns() {
            [column] if [Type::JSON, Type::JSONB].contains(column.type_()) => {
                let name = quoted(column.name());
                format!("SELECT CAST(document.{name} AS text) FROM {rows} AS document")
            }
            _ => format!("SELECT CAST(row_to_json(document) AS text) FROM {rows} AS document"),
        })
    }

    /// The column's values, each once, ascending.
    fn keys_sql(&self) -> String {
        let (table, column) = (self.column.quoted_table(), quoted(&self.column.column));
        format!(
            "SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL ORDER BY {column}"
        )
    }
}

/// A connection that makes documents.
struct Reader {
    client: Client,
    statement: Statement,
}

/// Writes the documents of all values over `connections` connections.
pub async fn export(
    server: &Server,
    documents: &DocumentQuery,
    connections: usize,
    out: &mut impl Write,
) -> Result<Exported> {
    let keys = server.connect().await?;
    let readers = readers(server, documents, connections).await?;
    let values = keys.query_raw(&documents.keys_sql(), no_values()).await;
    let values =
        values.with_context(|| format!("could not read {}", documents.column.quoted_table()))?;
    let made = values.enumerate().map(|(at, row)| {
        let reader = &readers[at % readers.len()];
        async move {
            let binary: Binary = row?.try_get(0)?;
            let key = ParameterValue::Raw {
                binary: binary.0,
                text: String::new(),
            };
            reader.documents(&documents.values(key)).await
        }
    });
    let mut made = std::pin::pin!(made.buffered(PIPELINE * readers.len()));
    let could_not = || format!("{}: could not make all documents", documents.query.path);
    let mut exported = Exported::default();
    let mut line = Vec::new();
    while let Some(texts) = made.try_next().await.with_context(could_not)? {
        exported.values += 1;
        for text in texts {
            line.clear();
            compact(&text, &mut line);
            line.push(b'\n');
            out.write_all(&line)
                .context("could not write the documents")?;
            exported.documents += 1;
            exported.bytes += line.len() as u64;
        }
    }
    Ok(exported)
}

async fn readers(
    server: &Server,
    documents: &DocumentQuery,
    connections: usize,
) -> Result<Vec<Reader>> {
    let mut readers = Vec::with_capacity(connections);
    for _ in 0..connections.max(1) {
        let client = server.connect().await?;
        let sql = documents.text_sql(&client).await?;
        let statement = client.prepare_typed(&sql, &documents.types).await?;
        readers.push(Reader { client, statement });
    }
    Ok(readers)
}

impl Reader {
    /// The documents of one set of values; a NULL is none.
    async fn documents(
        &self,
        values: &[ParameterValue],
    ) -> Result<Vec<String>, tokio_postgres::Error> {
        let rows = self.client.query_raw(&self.statement, values).await?;
        let texts = rows.map(|row| row?.try_get::<_, Option<String>>(0));
        let texts: Vec<Option<String>> = texts.try_collect().await?;
        Ok(texts.into_iter().flatten().collect())
    }
}

fn no_values() -> std::iter::Empty<ParameterValue> {
    std::iter::empty()
}
