//! The forms that a document's data can have in Postgres, and their SQL. Pure.

use super::export::DocumentQuery;
use crate::postgres::name::{literal, quoted};
use crate::queries::ValueSource;

/// The schema that the forms are made in and that is dropped afterwards.
pub const SCRATCH: &str = "seedrow_documents";

/// How documents are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// In tables, put together for each read.
    Tables,
    /// One `jsonb` each.
    Jsonb,
    /// One `json` each, which is its text.
    Json,
    /// The rows of a materialized view of the query.
    View,
}

impl Form {
    /// All of them; the first is what the others are made from.
    pub const ALL: [Form; 4] = [Form::Tables, Form::Jsonb, Form::Json, Form::View];

    /// In reports.
    pub fn name(self) -> &'static str {
        match self {
            Form::Tables => "tables",
            Form::Jsonb => "jsonb",
            Form::Json => "json text",
            Form::View => "materialized view",
        }
    }

    /// Its relation in the scratch schema, quoted where need be; `None` for the tables.
    pub fn relation(self) -> Option<String> {
        let name = match self {
            Form::Tables => return None,
            Form::Jsonb => "as_jsonb",
            Form::Json => "as_json",
            Form::View => "as_view",
        };
        Some(format!("{SCRATCH}.{name}"))
    }

    /// The statements that make it with the documents of the last `count` values; the first one makes it, the others fill it
    /// and index it.
    pub fn build_sql(self, documents: &DocumentQuery, count: u64) -> Vec<String> {
        let Some(relation) = self.relation() else {
            return Vec::new();
        };
        let rows = documents.last_documents_sql(count);
        let typed = |ty: &str| {
            let sql = format!("SELECT key, CAST(body AS {ty}) AS body FROM ({rows}) AS document");
            vec![
                format!("CREATE TABLE {relation} AS {sql} WITH NO DATA"),
                format!("INSERT INTO {relation} {sql}"),
                format!("ALTER TABLE {relation} ADD PRIMARY KEY (key)"),
            ]
        };
        match self {
            Form::Tables => Vec::new(),
            Form::Jsonb => typed("jsonb"),
            Form::Json => typed("json"),
            Form::View => vec![
                format!("CREATE MATERIALIZED VIEW {relation} AS {rows} WITH NO DATA"),
                format!("REFRESH MATERIALIZED VIEW {relation}"),
                format!("CREATE UNIQUE INDEX ON {relation} (key)"),
            ],
        }
    }

    /// The read of one document as text, with the query's own parameters.
    pub fn read_sql(self, documents: &DocumentQuery, text_sql: &str) -> String {
        match self.relation() {
            None => text_sql.to_owned(),
            Some(relation) => format!(
                "SELECT CAST(body AS text) FROM {relation} WHERE key = ${}",
                documents.key + 1
            ),
        }
    }

    /// How a changed document, `$2`, is written; `None` where that isn't how it changes.
    pub fn write_sql(self) -> Option<String> {
        let ty = match self {
            Form::Tables | Form::View => return None,
            Form::Jsonb => "jsonb",
            Form::Json => "json",
        };
        let relation = self.relation()?;
        Some(format!(
            "UPDATE {relation} SET body = CAST($2 AS {ty}) WHERE key = $1"
        ))
    }
}

impl DocumentQuery {
    /// `key` and `body` of the documents of the column's last `count` values.
    fn last_documents_sql(&self, count: u64) -> String {
        let (table, column) = (self.column.quoted_table(), quoted(&self.column.column));
        let parameters = &self.query.header.parameters;
        let value = |place: usize| match &parameters[place].source {
            ValueSource::Column(_) => "document_key.value".to_owned(),
            ValueSource::Fixed { ty, value } => {
                format!("CAST({} AS {})", literal(&value.to_text()), ty.name())
            }
        };
        format!(
            "SELECT document_key.value AS key, document.body
            FROM (
                SELECT DISTINCT {column} AS value FROM {table} WHERE {column} IS NOT NULL
                ORDER BY {column} DESC LIMIT {count}
            ) AS document_key
            CROSS JOIN LATERAL {} AS document (body)",
            self.query.as_subquery_of(value)
        )
    }
}
