//! Loads in the ledger, one for each target schema: started, unfinished, finished.

use anyhow::{Context, Error, Result, bail};
use tokio_postgres::types::Type;
use tokio_postgres::{GenericClient, Row};

use crate::dataset::amount::Factor;
use crate::load::ledger::dropped::dropped;
use crate::load::ledger::parts::{PartsProgress, start_parts};
use crate::load::ledger::schema;
use crate::suggestion::finishing;

/// A load that the ledger holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadEntry {
    /// A digest of what decides the tables' contents: the same for the same command.
    pub identity: String,
    /// The command line that started it, for messages; [`finishing`](crate::suggestion::finishing) is the one that goes on
    /// with it.
    pub command: String,
    /// Its tables.
    pub tables: Vec<String>,
    /// Whether it is complete.
    pub finished: bool,
    /// Whether it may empty tables that held rows when it started.
    pub replaced: bool,
    /// Whether it adds its rows to existing ones.
    pub appended: bool,
    /// See [`NewLoadEntry::indexes`].
    pub indexes: Vec<String>,
    /// How many parts it is loaded in, while some are missing.
    pub parts: Option<u32>,
    /// See [`NewLoadEntry::index_plan`].
    pub index_plan: String,
}

/// What is recorded of a load when it starts.
#[derive(Debug, Clone)]
pub struct NewLoadEntry<'a> {
    /// See [`LoadEntry::identity`].
    pub identity: &'a str,
    /// See [`LoadEntry::command`].
    pub command: &'a str,
    /// The dataset's name.
    pub dataset: &'a str,
    /// The dataset's hash.
    pub dataset_hash: &'a str,
    /// Rows of the root table, when seedrow generated them.
    pub root_rows: Option<u64>,
    /// What the rows of every table were multiplied by, when they don't follow from those of the root.
    pub scale: Option<Factor>,
    /// The seed, when seedrow generated the rows.
    pub seed: Option<u64>,
    /// The tables' names.
    pub tables: Vec<String>,
    /// See [`LoadEntry::replaced`].
    pub replaced: bool,
    /// See [`LoadEntry::appended`].
    pub appended: bool,
    /// The qualified names of the indexes that it builds besides the dropped ones.
    pub indexes: Vec<String>,
    /// The plan of these indexes, for the command that goes on.
    pub index_plan: String,
    /// The tables whose rows it takes over from the unfinished load that it replaces.
    pub kept: Vec<String>,
    /// How many parts it is loaded in, each by a command of its own.
    pub parts: Option<u32>,
}

/// The load that the ledger holds for a schema; `None` without a ledger.
pub async fn find(client: &impl GenericClient, schema: &str) -> Result<Option<LoadEntry>> {
    if !schema::exists(client).await? {
        return Ok(None);
    }
    let sql =
        "SELECT identity, command, tables, finished_at IS NOT NULL, replaced, appended, indexes,
            (to_jsonb(l) ->> 'parts')::integer, COALESCE(to_jsonb(l) ->> 'index_plan', '')
        FROM seedrow.loads AS l
        WHERE target_schema = $1";
    let row = client
        .query_typed_opt(sql, &[(&schema, Type::TEXT)])
        .await
        .context("could not read the ledger")?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(LoadEntry {
        identity: row.try_get(0)?,
        command: row.try_get(1)?,
        tables: row.try_get(2)?,
        finished: row.try_get(3)?,
        replaced: row.try_get(4)?,
        appended: row.try_get(5)?,
        indexes: row.try_get(6)?,
        parts: parts(&row, 7)?,
        index_plan: row.try_get(8)?,
    }))
}

/// What the rows of a load are made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadSource {
    /// See [`NewLoadEntry::dataset`].
    pub dataset: String,
    /// See [`NewLoadEntry::dataset_hash`].
    pub dataset_hash: String,
    /// See [`NewLoadEntry::root_rows`].
    pub root_rows: Option<u64>,
    /// See [`NewLoadEntry::scale`].
    pub scale: Option<Factor>,
    /// See [`NewLoadEntry::seed`].
    pub seed: Option<u64>,
}

/// What the rows of the load that the ledger holds for a schema are made from.
pub async fn source_of(client: &impl GenericClient, schema: &str) -> Result<LoadSource> {
    let sql = "SELECT dataset, dataset_hash, root_rows, seed::text, to_jsonb(l) ->> 'scale'
        FROM seedrow.loads AS l
        WHERE target_schema = $1";
    let row = client
        .query_typed_one(sql, &[(&schema, Type::TEXT)])
        .await
        .context("could not read the ledger")?;
    let rows: Option<i64> = row.try_get(2)?;
    let seed: Option<String> = row.try_get(3)?;
    let scale: Option<String> = row.try_get(4)?;
    Ok(LoadSource {
        dataset: row.try_get(0)?,
        dataset_hash: row.try_get(1)?,
        root_rows: rows.map(u64::try_from).transpose()?,
        scale: scale
            .map(|scale| scale.parse())
            .transpose()
            .map_err(Error::msg)?,
        seed: seed.map(|seed| seed.parse()).transpose()?,
    })
}

/// A number of parts; an older seedrow's ledger has none.
fn parts(row: &Row, column: usize) -> Result<Option<u32>> {
    let parts: Option<i32> = row.try_get(column)?;
    Ok(parts.map(u32::try_from).transpose()?)
}

/// A load that was started and not finished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnfinishedLoad {
    /// Its target schema.
    pub schema: String,
    /// See [`LoadEntry::command`].
    pub command: String,
    /// Its tables, parents first.
    pub tables: Vec<String>,
    /// See [`LoadEntry::replaced`].
    pub replaced: bool,
    /// See [`LoadEntry::appended`].
    pub appended: bool,
    /// See [`NewLoadEntry::indexes`].
    pub indexes: Vec<String>,
    /// See [`LoadEntry::parts`].
    pub parts: Option<u32>,
}

impl UnfinishedLoad {
    /// What is to be typed to finish it, each a line.
    pub async fn next_commands(&self, client: &impl GenericClient) -> Result<Vec<String>> {
        let Some(of) = self.parts else {
            return Ok(vec![format!(
                "to finish it, run: {}",
                finishing(&self.command)
            )]);
        };
        let (schema, tables) = (&self.schema, &self.tables);
        let progress = PartsProgress::read(client, schema, of, tables, &self.command).await?;
        Ok(progress.next_commands())
    }
}

/// The unfinished loads of all schemas that exist.
pub async fn unfinished_loads(client: &impl GenericClient) -> Result<Vec<UnfinishedLoad>> {
    let sql = "SELECT l.target_schema, l.command, l.tables, l.replaced, l.indexes, l.appended,
            (to_jsonb(l) ->> 'parts')::integer
        FROM seedrow.loads AS l
        JOIN pg_namespace AS n ON n.nspname = l.target_schema
        WHERE l.finished_at IS NULL
        ORDER BY l.started_at";
    let rows = client
        .query_typed(sql, &[])
        .await
        .context("could not read the ledger")?;
    let load = |row: &Row| {
        Ok(UnfinishedLoad {
            schema: row.try_get(0)?,
            command: row.try_get(1)?,
            tables: row.try_get(2)?,
            replaced: row.try_get(3)?,
            indexes: row.try_get(4)?,
            appended: row.try_get(5)?,
            parts: parts(row, 6)?,
        })
    };
    rows.iter().map(load).collect()
}

/// Records the start of a load, in place of the schema's last one.
pub async fn start(
    client: &impl GenericClient,
    schema: &str,
    entry: &NewLoadEntry<'_>,
) -> Result<()> {
    let sql = "INSERT INTO seedrow.loads
            (target_schema, identity, command, dataset, dataset_hash, seedrow_version, root_rows, seed, tables, replaced, indexes, appended,
            parts, index_plan, scale)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8::text::numeric, $9, $10, $11, $12, $13, $14, $15::text::numeric)
        ON CONFLICT (target_schema) DO UPDATE SET
            identity = EXCLUDED.identity, command = EXCLUDED.command, dataset = EXCLUDED.dataset,
            dataset_hash = EXCLUDED.dataset_hash, seedrow_version = EXCLUDED.seedrow_version,
            root_rows = EXCLUDED.root_rows, seed = EXCLUDED.seed, tables = EXCLUDED.tables,
            replaced = EXCLUDED.replaced, indexes = EXCLUDED.indexes, appended = EXCLUDED.appended,
            parts = EXCLUDED.parts, scale = EXCLUDED.scale, index_plan = EXCLUDED.index_plan, started_at = clock_timestamp(), finished_at = NULL";
    let rows = entry.root_rows.map(i64::try_from).transpose()?;
    let seed = entry.seed.map(|seed| seed.to_string());
    let scale = entry.scale.map(|scale| scale.to_string());
    let version = env!("CARGO_PKG_VERSION");
    let parts = entry.parts.map(i32::try_from).transpose()?;
    client
        .execute(
            sql,
            &[
                &schema,
                &entry.identity,
                &entry.command,
                &entry.dataset,
                &entry.dataset_hash,
                &version,
                &rows,
                &seed,
                &entry.tables,
                &entry.replaced,
                &entry.indexes,
                &entry.appended,
                &parts,
                &entry.index_plan,
                &scale,
            ],
        )
        .await
        .context("could not write the ledger")?;
    clear(client, schema, entry).await
}

/// Deletes what the ledger holds of the tables from earlier loads, but for those whose rows are kept.
async fn clear(client: &impl GenericClient, schema: &str, entry: &NewLoadEntry<'_>) -> Result<()> {
    for sql in [
        "DELETE FROM seedrow.tables
            WHERE schema_name = $1 AND table_name = ANY ($2) AND table_name <> ALL ($3)",
        "DELETE FROM seedrow.removed
            WHERE schema_name = $1 AND table_name = ANY ($2) AND table_name <> ALL ($3)",
    ] {
        client
            .execute_typed(
                sql,
                &[
                    (&schema, Type::TEXT),
                    (&entry.tables, Type::TEXT_ARRAY),
                    (&entry.kept, Type::TEXT_ARRAY),
                ],
            )
            .await
            .context("could not write the ledger")?;
    }
    client
        .execute_typed(
            "DELETE FROM seedrow.parts WHERE schema_name = $1",
            &[(&schema, Type::TEXT)],
        )
        .await
        .context("could not write the ledger")?;
    if entry.parts.is_some() {
        start_parts(client, schema, &entry.tables).await?;
    }
    Ok(())
}

/// Records that the schema's load is complete; refuses while constraints are still dropped.
pub async fn finish(client: &impl GenericClient, schema: &str) -> Result<()> {
    let left = dropped(client, schema).await?;
    if let Some(first) = left.first() {
        bail!(
            "{} constraints and indexes are not restored yet, {} of {} among them",
            left.len(),
            first.name,
            first.table
        );
    }
    for sql in [
        "UPDATE seedrow.loads SET finished_at = clock_timestamp() WHERE target_schema = $1",
        "DELETE FROM seedrow.removed WHERE schema_name = $1",
    ] {
        client
            .execute_typed(sql, &[(&schema, Type::TEXT)])
            .await
            .context("could not write the ledger")?;
    }
    Ok(())
}
