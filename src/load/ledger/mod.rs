//! The ledger: a small schema in the target database that says what seedrow loaded and what must still be put back.
//!
//! Its rows are written in the same transactions as the work they stand for.

use std::collections::HashSet;

use anyhow::{Context, Result, bail};
use tokio_postgres::{GenericClient, Row};

use crate::load::account::Account;
use crate::load::source::chunk::Position;

mod dropped;
pub mod unfinished;

pub use dropped::{
    Lifted, forget_put_back, lifted, note_lifted, note_restored, note_validated, unvalidated,
};

/// A load as the ledger knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// A digest of what decides the tables' contents: the same for the same command.
    pub identity: String,
    /// What was typed, for messages.
    pub command: String,
    /// The tables it fills.
    pub tables: Vec<String>,
    /// Whether it came to its end.
    pub finished: bool,
    /// Whether it may empty tables that held rows when it began.
    pub replaced: bool,
    /// Whether it adds its rows to those that are there.
    pub appended: bool,
}

/// What a load is to the ledger before it starts.
#[derive(Debug, Clone)]
pub struct NewEntry<'a> {
    /// See [`Entry::identity`].
    pub identity: &'a str,
    /// See [`Entry::command`].
    pub command: &'a str,
    /// The dataset's name.
    pub dataset: &'a str,
    /// The dataset's hash.
    pub dataset_hash: &'a str,
    /// Rows of the root table, when seedrow made them.
    pub root_rows: Option<u64>,
    /// The seed, when seedrow made the rows.
    pub seed: Option<u64>,
    /// The tables' names.
    pub tables: Vec<String>,
    /// See [`Entry::replaced`].
    pub replaced: bool,
    /// See [`Entry::appended`].
    pub appended: bool,
    /// The names, schema and all, of the indexes it builds besides what is lifted.
    pub indexes: Vec<String>,
}

/// How far a table has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The account so far, or the whole one.
    pub account: Account,
    /// What its file was like, size and time; empty for rows that seedrow makes.
    pub source: String,
    /// Where the next segment begins; `None` when the table is complete.
    pub next: Option<Position>,
    /// The bytes of its file of rejects that belong to the account.
    pub rejects: u64,
}

/// Whether the ledger's tables are there.
pub async fn exists(client: &impl GenericClient) -> Result<bool> {
    // The table that was added last: a ledger that lacks it is completed.
    let sql = "SELECT to_regclass('seedrow.removed') IS NOT NULL";
    let found = client
        .query_one(sql, &[])
        .await
        .context("could not look for the ledger")?;
    Ok(found.try_get(0)?)
}

/// Makes the ledger's tables.
pub async fn make(client: &impl GenericClient) -> Result<()> {
    client
        .batch_execute(include_str!("sql/ledger.sql"))
        .await
        .context("could not make the ledger, schema seedrow")
}

/// The load that the ledger holds for a schema, if there is a ledger and one in it.
pub async fn find(client: &impl GenericClient, schema: &str) -> Result<Option<Entry>> {
    if !exists(client).await? {
        return Ok(None);
    }
    let sql = "SELECT identity, command, tables, finished_at IS NOT NULL, replaced, appended
        FROM seedrow.loads
        WHERE target_schema = $1";
    let row = client
        .query_opt(sql, &[&schema])
        .await
        .context("could not read the ledger")?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Entry {
        identity: row.try_get(0)?,
        command: row.try_get(1)?,
        tables: row.try_get(2)?,
        finished: row.try_get(3)?,
        replaced: row.try_get(4)?,
        appended: row.try_get(5)?,
    }))
}

/// A load that has not come to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfinished {
    /// The schema it fills.
    pub schema: String,
    /// See [`Entry::command`].
    pub command: String,
    /// The tables it fills, parents first.
    pub tables: Vec<String>,
    /// See [`Entry::replaced`].
    pub replaced: bool,
    /// See [`Entry::appended`].
    pub appended: bool,
    /// See [`NewEntry::indexes`].
    pub indexes: Vec<String>,
}

/// The unfinished loads of all schemas that are there.
pub async fn unfinished(client: &impl GenericClient) -> Result<Vec<Unfinished>> {
    let sql = "SELECT l.target_schema, l.command, l.tables, l.replaced, l.indexes, l.appended
        FROM seedrow.loads AS l
        JOIN pg_namespace AS n ON n.nspname = l.target_schema
        WHERE l.finished_at IS NULL
        ORDER BY l.started_at";
    let rows = client
        .query(sql, &[])
        .await
        .context("could not read the ledger")?;
    let load = |row: &Row| {
        Ok(Unfinished {
            schema: row.try_get(0)?,
            command: row.try_get(1)?,
            tables: row.try_get(2)?,
            replaced: row.try_get(3)?,
            indexes: row.try_get(4)?,
            appended: row.try_get(5)?,
        })
    };
    rows.iter().map(load).collect()
}

/// Removes what the ledger has of one schema.
pub async fn remove_schema(client: &impl GenericClient, schema: &str) -> Result<()> {
    for (table, column) in [
        ("loads", "target_schema"),
        ("tables", "schema_name"),
        ("lifted", "target_schema"),
        ("unvalidated", "schema_name"),
        ("removed", "schema_name"),
    ] {
        client
            .execute(
                &format!("DELETE FROM seedrow.{table} WHERE {column} = $1"),
                &[&schema],
            )
            .await
            .context("could not write the ledger")?;
    }
    Ok(())
}

/// Removes the ledger. What others put into its schema is not dropped with it: that is an error.
pub async fn remove(client: &impl GenericClient) -> Result<()> {
    let sql = "DROP TABLE seedrow.loads, seedrow.tables, seedrow.lifted, seedrow.unvalidated, seedrow.removed;
        DROP SCHEMA seedrow";
    client
        .batch_execute(sql)
        .await
        .context("could not drop the ledger, schema seedrow")
}

/// Enters a load as begun, in place of the schema's last one.
pub async fn begin(client: &impl GenericClient, schema: &str, entry: &NewEntry<'_>) -> Result<()> {
    let sql = "INSERT INTO seedrow.loads
            (target_schema, identity, command, dataset, dataset_hash, seedrow_version, root_rows, seed, tables, replaced, indexes, appended)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8::text::numeric, $9, $10, $11, $12)
        ON CONFLICT (target_schema) DO UPDATE SET
            identity = EXCLUDED.identity, command = EXCLUDED.command, dataset = EXCLUDED.dataset,
            dataset_hash = EXCLUDED.dataset_hash, seedrow_version = EXCLUDED.seedrow_version,
            root_rows = EXCLUDED.root_rows, seed = EXCLUDED.seed, tables = EXCLUDED.tables,
            replaced = EXCLUDED.replaced, indexes = EXCLUDED.indexes, appended = EXCLUDED.appended,
            started_at = clock_timestamp(), finished_at = NULL";
    let rows = entry.root_rows.map(i64::try_from).transpose()?;
    let seed = entry.seed.map(|seed| seed.to_string());
    let version = env!("CARGO_PKG_VERSION");
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
            ],
        )
        .await
        .context("could not write the ledger")?;
    for forget in [
        "DELETE FROM seedrow.tables WHERE schema_name = $1 AND table_name = ANY ($2)",
        "DELETE FROM seedrow.removed WHERE schema_name = $1 AND table_name = ANY ($2)",
    ] {
        client
            .execute(forget, &[&schema, &entry.tables])
            .await
            .context("could not write the ledger")?;
    }
    Ok(())
}

/// Enters a table's account, the whole one or up to where the next segment begins.
pub async fn enter(
    client: &impl GenericClient,
    schema: &str,
    Progress {
        account,
        source,
        next,
        rejects,
    }: &Progress,
) -> Result<()> {
    let sql = "INSERT INTO seedrow.tables
            (schema_name, table_name, file, read, loaded, rejected, dropped, repaired, source, position, line,
            dropped_by, rejects)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        ON CONFLICT (schema_name, table_name) DO UPDATE SET
            file = EXCLUDED.file, read = EXCLUDED.read, loaded = EXCLUDED.loaded, rejected = EXCLUDED.rejected,
            dropped = EXCLUDED.dropped, repaired = EXCLUDED.repaired,
            source = EXCLUDED.source, position = EXCLUDED.position, line = EXCLUDED.line,
            dropped_by = EXCLUDED.dropped_by, rejects = EXCLUDED.rejects, loaded_at = clock_timestamp()";
    let counts = [
        account.read,
        account.loaded,
        account.rejected,
        account.dropped,
        account.repaired,
    ];
    let [read, loaded, rejected, dropped, repaired] = counts.map(u64::cast_signed);
    let at = next.map(|next| next.at.cast_signed());
    let line = next.map(|next| next.line.cast_signed());
    let dropped_by = serde_json::to_string(&account.dropped_by)?;
    client
        .execute(
            sql,
            &[
                &schema,
                &account.name,
                &account.file,
                &read,
                &loaded,
                &rejected,
                &dropped,
                &repaired,
                &source,
                &at,
                &line,
                &dropped_by,
                &rejects.cast_signed(),
            ],
        )
        .await
        .with_context(|| format!("could not enter {} in the ledger", account.name))?;
    Ok(())
}

/// Takes a table's account out: its rows are gone.
pub async fn forget_table(client: &impl GenericClient, schema: &str, table: &str) -> Result<()> {
    for sql in [
        "DELETE FROM seedrow.tables WHERE schema_name = $1 AND table_name = $2",
        "DELETE FROM seedrow.removed WHERE schema_name = $1 AND table_name = $2",
    ] {
        client
            .execute(sql, &[&schema, &table])
            .await
            .context("could not write the ledger")?;
    }
    Ok(())
}

/// Enters tables that seedrow made and has not filled: they are its own to index.
pub async fn enter_made(
    client: &impl GenericClient,
    schema: &str,
    tables: &[String],
) -> Result<()> {
    let sql = "INSERT INTO seedrow.tables
            (schema_name, table_name, file, read, loaded, rejected, dropped, repaired)
        SELECT $1, made.name, '', 0, 0, 0, 0, 0
        FROM unnest($2::text[]) AS made (name)
        ON CONFLICT (schema_name, table_name) DO UPDATE SET
            file = '', read = 0, loaded = 0, rejected = 0, dropped = 0, repaired = 0, dropped_by = '{}', rejects = 0";
    client
        .execute(sql, &[&schema, &tables])
        .await
        .context("could not write the ledger")?;
    Ok(())
}

/// The accounts of a schema's tables.
pub async fn accounts(
    client: &impl GenericClient,
    schema: &str,
    tables: &[String],
) -> Result<Vec<Account>> {
    let progress = progress(client, schema, tables).await?;
    Ok(progress.into_iter().map(|table| table.account).collect())
}

/// How far each of a schema's tables has come; those that no row is in yet are left out.
pub async fn progress(
    client: &impl GenericClient,
    schema: &str,
    tables: &[String],
) -> Result<Vec<Progress>> {
    let sql =
        "SELECT table_name, file, read, loaded, rejected, dropped, repaired, source, position, line,
            dropped_by, rejects
        FROM seedrow.tables
        WHERE schema_name = $1 AND table_name = ANY ($2)
        ORDER BY array_position($2, table_name)";
    let rows = client
        .query(sql, &[&schema, &tables])
        .await
        .context("could not read the ledger")?;
    let count = |row: &Row, index| -> Result<u64> { Ok(row.try_get::<_, i64>(index)?.try_into()?) };
    let progress = |row: &Row| {
        let account = Account {
            name: row.try_get(0)?,
            file: row.try_get(1)?,
            read: count(row, 2)?,
            loaded: count(row, 3)?,
            rejected: count(row, 4)?,
            dropped: count(row, 5)?,
            repaired: count(row, 6)?,
            dropped_by: serde_json::from_str(row.try_get(10)?)?,
        };
        let next = match row.try_get::<_, Option<i64>>(8)? {
            None => None,
            Some(at) => Some(Position {
                at: at.try_into()?,
                line: count(row, 9)?,
            }),
        };
        Ok(Progress {
            account,
            source: row.try_get(7)?,
            next,
            rejects: count(row, 11)?,
        })
    };
    rows.iter().map(progress).collect()
}

/// Notes the lines of records whose rows were taken out of a table again.
pub async fn note_removed(
    client: &impl GenericClient,
    schema: &str,
    table: &str,
    lines: &[u64],
) -> Result<()> {
    let lines: Vec<i64> = lines.iter().map(|line| line.cast_signed()).collect();
    let sql =
        "INSERT INTO seedrow.removed SELECT $1, $2, unnest($3::int8[]) ON CONFLICT DO NOTHING";
    client
        .execute(sql, &[&schema, &table, &lines])
        .await
        .context("could not write the ledger")?;
    Ok(())
}

/// The lines of records whose rows were taken out of a table again.
pub async fn removed(
    client: &impl GenericClient,
    schema: &str,
    table: &str,
) -> Result<HashSet<u64>> {
    let sql = "SELECT line FROM seedrow.removed WHERE schema_name = $1 AND table_name = $2";
    let rows = client
        .query(sql, &[&schema, &table])
        .await
        .context("could not read the ledger")?;
    rows.iter()
        .map(|row| Ok(row.try_get::<_, i64>(0)?.cast_unsigned()))
        .collect()
}

/// Ends the schema's load; refuses while constraints are still lifted.
pub async fn finish(client: &impl GenericClient, schema: &str) -> Result<()> {
    let left = lifted(client, schema).await?;
    if let Some(first) = left.first() {
        bail!(
            "{} constraints and indexes are not put back yet, {} of {} among them",
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
            .execute(sql, &[&schema])
            .await
            .context("could not write the ledger")?;
    }
    Ok(())
}
