//! Measuring the forms: made in a schema of their own, read with the same values one after the other, changed within a
//! transaction that is rolled back, and dropped.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Statement};

use super::export::DocumentQuery;
use super::figures::{Effort, Figures, FormComparison, Size};
use super::form::{Form, SCRATCH};
use crate::check::Latency;
use crate::postgres::Server;
use crate::postgres::explain::{Explain, Run};
use crate::postgres::name::quoted;
use crate::progress::Progress;
use crate::queries::{Binary, ParameterValue, Query};

/// Marks the schema as seedrow's.
const COMMENT: &str = "made by seedrow compare --documents";

/// Reads whose pages are counted.
const COUNTED: usize = 20;
/// Differences that are reported.
const SHOWN: usize = 5;

/// What is compared.
pub struct FormMeasurement<'a> {
    /// The server.
    pub server: &'a Server,
    /// The query.
    pub documents: &'a DocumentQuery,
    /// How many documents each form is made of: those of the last values.
    pub count: u64,
    /// How many of them are read.
    pub reads: u64,
    /// A statement that changes a row of one document; its one parameter is the document's value.
    pub change: Option<Query>,
    /// Messages.
    pub progress: &'a Progress,
}

/// A form ready to be read.
pub struct PreparedForm {
    /// Which form.
    pub form: Form,
    /// The statement that reads it.
    pub sql: String,
    statement: Statement,
    build: Option<Effort>,
}

impl FormMeasurement<'_> {
    /// Makes the forms, measures, and drops them, whatever came of it.
    pub async fn run(&self) -> Result<FormComparison> {
        let client = self.server.connect().await?;
        self.drop_leftover(&client).await?;
        let create = format!("CREATE SCHEMA {SCRATCH}; COMMENT ON SCHEMA {SCRATCH} IS '{COMMENT}'");
        client
            .batch_execute(&create)
            .await
            .with_context(|| format!("could not create the schema {SCRATCH}"))?;
        let measured = self.measure(&client).await;
        // A connection that failed can't.
        let client = self.server.connect_new().await?;
        let dropped = drop_scratch(&client).await;
        let measured = measured?;
        dropped?;
        Ok(measured)
    }

    /// Drops what a comparison that was interrupted has left; refuses a schema that isn't seedrow's.
    async fn drop_leftover(&self, client: &Client) -> Result<()> {
        let sql =
            "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = $1";
        let Some(row) = client.query_opt(sql, &[&SCRATCH]).await? else {
            return Ok(());
        };
        let comment: Option<String> = row.try_get(0)?;
        ensure!(
            comment.as_deref() == Some(COMMENT),
            "the schema {SCRATCH} exists, and seedrow didn't make it; rename it: ALTER SCHEMA {SCRATCH} RENAME TO …"
        );
        drop_scratch(client).await
    }

    async fn measure(&self, client: &Client) -> Result<FormComparison> {
        let text_sql = self.documents.text_sql(client).await?;
        let of = self.values_in_tables(client).await?;
        let mut forms = Vec::with_capacity(Form::ALL.len());
        for form in Form::ALL {
            forms.push(self.prepare(client, form, &text_sql).await?);
        }
        let keys = self.keys(client).await?;
        ensure!(
            !keys.is_empty(),
            "{} holds no {} to make documents of; `seedrow run` fills the tables",
            self.documents.column.quoted_table(),
            quoted(&self.documents.column.column)
        );
        self.progress.note(format!(
            "compare: reading {} documents in each form",
            keys.len()
        ));
        let differences = self.differences(client, &forms, &keys).await?;
        let latencies = self.latencies(client, &forms, &keys).await?;
        let changes = self.changes(&forms, &keys).await?;
        let mut figures = Vec::with_capacity(forms.len());
        for ((form, latency), change) in forms.iter().zip(latencies).zip(changes) {
            figures.push(Figures {
                form: form.form,
                latency: Latency::of(&latency).context("nothing was read")?,
                pages: self.pages(client, form, &keys).await?,
                size: self.size(client, form, &keys).await?,
                build: form.build,
                change,
            });
        }
        Ok(FormComparison {
            query: self.documents.query.name.clone(),
            documents: self.count.min(of),
            of,
            figures,
            differences,
        })
    }

    async fn values_in_tables(&self, client: &Client) -> Result<u64> {
        let (table, column) = self.key_column();
        let sql = format!("SELECT count(DISTINCT {column}) FROM {table}");
        let row = client.query_one(&sql, &[]).await?;
        Ok(u64::try_from(row.try_get::<_, i64>(0)?)?)
    }

    fn key_column(&self) -> (String, String) {
        let column = &self.documents.column;
        (column.quoted_table(), quoted(&column.column))
    }

    async fn prepare(&self, client: &Client, form: Form, text_sql: &str) -> Result<PreparedForm> {
        let sql = form.read_sql(self.documents, text_sql);
        let build = self.build(client, form).await?;
        let prepared = client.prepare_typed(&sql, &self.types(form)).await;
        Ok(PreparedForm {
            form,
            statement: prepared.with_context(|| format!("could not read the {}", form.name()))?,
            sql,
            build,
        })
    }

    async fn build(&self, client: &Client, form: Form) -> Result<Option<Effort>> {
        let statements = form.build_sql(self.documents, self.count);
        let Some(relation) = form.relation() else {
            return Ok(None);
        };
        self.progress
            .note(format!("compare: making the {}", form.name()));
        let could_not = || format!("could not make the {}", form.name());
        let (before, start) = (wal(client).await?, Instant::now());
        for sql in &statements {
            client.batch_execute(sql).await.with_context(could_not)?;
        }
        let effort = Effort {
            ms: milliseconds(start),
            wal: wal(client).await?.saturating_sub(before),
        };
        client
            .batch_execute(&format!("VACUUM (ANALYZE) {relation}"))
            .await
            .with_context(could_not)?;
        Ok(Some(effort))
    }

    /// A form of one relation has the key as its only parameter, at the same place.
    fn types(&self, form: Form) -> Vec<Type> {
        let types = &self.documents.types;
        match form.relation() {
            None => types.clone(),
            Some(_) => types[..=self.documents.key].to_vec(),
        }
    }

    fn values(&self, form: Form, key: &ParameterValue) -> Vec<ParameterValue> {
        let mut values = self.documents.values(key.clone());
        if form.relation().is_some() {
            values.truncate(self.documents.key + 1);
        }
        values
    }

    /// Values spread over those that documents were made of, ascending.
    async fn keys(&self, client: &Client) -> Result<Vec<ParameterValue>> {
        let (table, column) = self.key_column();
        let step = (self.count / self.reads.max(1)).max(1);
        let sql = format!(
            "SELECT value
            FROM (
                SELECT value, row_number() OVER (ORDER BY value) AS number
                FROM (
                    SELECT DISTINCT {column} AS value FROM {table} WHERE {column} IS NOT NULL
                    ORDER BY {column} DESC LIMIT {}
                ) AS last
            ) AS numbered
            WHERE number % {step} = 0
            ORDER BY value
            LIMIT {}",
            self.count, self.reads
        );
        let rows = client.query(&sql, &[]).await?;
        let key = |row: &tokio_postgres::Row| {
            let binary: Binary = row.try_get(0)?;
            Ok(ParameterValue::Raw {
                binary: binary.0,
                text: String::new(),
            })
        };
        rows.iter().map(key).collect()
    }

    /// The bodies that differ from the tables', byte for byte. `jsonb` keeps neither blanks nor the order of keys: its bodies
    /// are compared with the tables' cast to `jsonb`.
    async fn differences(
        &self,
        client: &Client,
        forms: &[PreparedForm],
        keys: &[ParameterValue],
    ) -> Result<Vec<String>> {
        let as_jsonb = format!(
            "SELECT CAST(CAST(text AS jsonb) AS text) FROM ({}) AS body (text)",
            forms[0].sql
        );
        let as_jsonb = client
            .prepare_typed(&as_jsonb, &self.types(Form::Tables))
            .await?;
        let mut differences = Vec::new();
        for (number, key) in keys.iter().enumerate() {
            let tables = self.values(Form::Tables, key);
            let plain = body(client, &forms[0].statement, &tables).await?;
            let normal = body(client, &as_jsonb, &tables).await?;
            for form in &forms[1..] {
                let values = self.values(form.form, key);
                let found = body(client, &form.statement, &values).await?;
                let expected = match form.form {
                    Form::Jsonb => &normal,
                    _ => &plain,
                };
                if found != *expected && differences.len() < SHOWN {
                    let name = form.form.name();
                    differences.push(format!(
                        "document {} of {}: the {name} differs",
                        number + 1,
                        keys.len()
                    ));
                }
            }
        }
        Ok(differences)
    }

    /// Milliseconds of each read, a form after the other for each value: what differs between them isn't the cache. All
    /// were read once before, to be compared.
    async fn latencies(
        &self,
        client: &Client,
        forms: &[PreparedForm],
        keys: &[ParameterValue],
    ) -> Result<Vec<Vec<f64>>> {
        let mut times = vec![Vec::with_capacity(keys.len()); forms.len()];
        for key in keys {
            for (form, times) in forms.iter().zip(&mut times) {
                let values = self.values(form.form, key);
                let start = Instant::now();
                body(client, &form.statement, &values).await?;
                times.push(milliseconds(start));
            }
        }
        Ok(times)
    }

    /// The pages of a read whose body is put out: EXPLAIN alone would leave values out of line where they are.
    #[expect(clippy::cast_precision_loss, reason = "an average for people")]
    async fn pages(
        &self,
        client: &Client,
        form: &PreparedForm,
        keys: &[ParameterValue],
    ) -> Result<f64> {
        let sql = format!(
            "SELECT octet_length(text) FROM ({}) AS body (text)",
            form.sql
        );
        let explain = Explain::prepare(client, &sql, &self.types(form.form), Run::Once).await?;
        let mut pages = 0;
        let counted = keys.len().min(COUNTED);
        for key in keys.iter().rev().take(counted) {
            let values = self.values(form.form, key);
            let plan = explain.with(client, &references(&values)).await?;
            pages += plan.root.buffers();
        }
        Ok(pages as f64 / counted.max(1) as f64)
    }

    /// Of the form's relation, or of all tables that the query reads.
    async fn size(
        &self,
        client: &Client,
        form: &PreparedForm,
        keys: &[ParameterValue],
    ) -> Result<Size> {
        let relations = match form.form.relation() {
            Some(relation) => vec![relation],
            None => {
                let types = self.types(form.form);
                let explain = Explain::prepare(client, &form.sql, &types, Run::Never).await?;
                let plan = explain
                    .with(client, &references(&self.values(form.form, &keys[0])))
                    .await?;
                let tables = plan.nodes().into_iter().filter_map(|node| {
                    let table = node.relation.as_deref()?;
                    Some(match &node.schema {
                        Some(schema) => format!("{}.{}", quoted(schema), quoted(table)),
                        None => quoted(table),
                    })
                });
                let mut tables: Vec<String> = tables.collect();
                tables.sort();
                tables.dedup();
                tables
            }
        };
        let sql = "SELECT
                sum(pg_relation_size(relation))::int8,
                sum(pg_table_size(relation) - pg_relation_size(relation))::int8,
                sum(pg_indexes_size(relation))::int8
            FROM unnest($1::text[]) AS name, CAST(name AS regclass) AS relation";
        let row = client.query_one(sql, &[&relations]).await?;
        let bytes = |at| -> Result<u64> { Ok(u64::try_from(row.try_get::<_, i64>(at)?)?) };
        Ok(Size {
            heap: bytes(0)?,
            toast: bytes(1)?,
            index: bytes(2)?,
        })
    }
}

async fn drop_scratch(client: &Client) -> Result<()> {
    let sql = format!("DROP SCHEMA IF EXISTS {SCRATCH} CASCADE");
    let dropped = client.batch_execute(&sql).await;
    dropped.with_context(|| format!("could not drop the schema {SCRATCH}; to type: {sql}"))
}

/// The first row's text; `None` for no row.
pub async fn body(
    client: &Client,
    statement: &Statement,
    values: &[ParameterValue],
) -> Result<Option<String>> {
    let row = client.query_opt(statement, &references(values)).await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?.flatten())
}

/// Bytes of WAL since the server's first.
pub async fn wal(client: &Client) -> Result<u64> {
    let sql = "SELECT (pg_current_wal_insert_lsn() - '0/0')::int8";
    let row = client.query_one(sql, &[]).await?;
    Ok(u64::try_from(row.try_get::<_, i64>(0)?)?)
}

fn references(values: &[ParameterValue]) -> Vec<&(dyn ToSql + Sync)> {
    values
        .iter()
        .map(|value| value as &(dyn ToSql + Sync))
        .collect()
}

/// Milliseconds since then.
pub fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}
