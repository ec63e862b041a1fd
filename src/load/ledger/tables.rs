//! The progress of each table's load: its account, and where the next segment begins.

use std::collections::HashSet;

use anyhow::{Context, Result};
use tokio_postgres::types::Type;
use tokio_postgres::{GenericClient, Row};

use crate::load::account::Account;
use crate::load::source::chunk::Position;
use crate::load::source::fingerprint::SourceState;
use crate::postgres::TableName;

/// The progress of a table's load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableProgress {
    /// The account of the committed rows.
    pub account: Account,
    /// Its file and how it is read; empty for generated rows.
    pub source: SourceState,
    /// Where the next segment begins; `None` when the table is complete.
    pub next: Option<Position>,
    /// The committed length of its rejects file, bytes.
    pub rejects: u64,
}

const SAVE: &str = "INSERT INTO seedrow.tables
        (schema_name, table_name, file, read, loaded, rejected, dropped, repaired, source, position, line,
        dropped_by, rejects, files, file_number, reading)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
    ON CONFLICT (schema_name, table_name) DO UPDATE SET
        file = EXCLUDED.file, read = EXCLUDED.read, loaded = EXCLUDED.loaded, rejected = EXCLUDED.rejected,
        dropped = EXCLUDED.dropped, repaired = EXCLUDED.repaired,
        source = EXCLUDED.source, position = EXCLUDED.position, line = EXCLUDED.line,
        dropped_by = EXCLUDED.dropped_by, rejects = EXCLUDED.rejects, files = EXCLUDED.files,
        file_number = EXCLUDED.file_number, reading = EXCLUDED.reading, loaded_at = clock_timestamp()";

/// Saves a table's account, complete or up to where the next segment begins.
pub async fn save_progress(
    client: &impl GenericClient,
    schema: &str,
    progress: &TableProgress,
) -> Result<()> {
    let account = &progress.account;
    let next = progress.next;
    let count = |count: u64| count.cast_signed();
    client
        .execute(
            SAVE,
            &[
                &schema,
                &account.name,
                &account.file,
                &count(account.read),
                &count(account.loaded),
                &count(account.rejected),
                &count(account.dropped),
                &count(account.repaired),
                &progress.source.file,
                &next.map(|next| count(next.at)),
                &next.map(|next| count(next.line)),
                &serde_json::to_string(&account.dropped_by)?,
                &count(progress.rejects),
                &serde_json::to_string(&account.files)?,
                &i32::try_from(next.map_or(0, |next| next.file))?,
                &progress.source.reading,
            ],
        )
        .await
        .with_context(|| {
            format!(
                "could not save the account of {} in the ledger",
                account.name
            )
        })?;
    Ok(())
}

/// Deletes the account of a table whose rows were deleted.
pub async fn forget_table(client: &impl GenericClient, schema: &str, table: &str) -> Result<()> {
    for sql in [
        "DELETE FROM seedrow.tables WHERE schema_name = $1 AND table_name = $2",
        "DELETE FROM seedrow.removed WHERE schema_name = $1 AND table_name = $2",
    ] {
        client
            .execute_typed(sql, &[(&schema, Type::TEXT), (&table, Type::TEXT)])
            .await
            .context("could not write the ledger")?;
    }
    Ok(())
}

/// Records tables that seedrow created and has not filled: it may index them.
pub async fn add_created_tables(
    client: &impl GenericClient,
    schema: &str,
    tables: &[String],
) -> Result<()> {
    let sql = "INSERT INTO seedrow.tables
            (schema_name, table_name, file, read, loaded, rejected, dropped, repaired)
        SELECT $1, created.name, '', 0, 0, 0, 0, 0
        FROM unnest($2::text[]) AS created (name)
        ON CONFLICT (schema_name, table_name) DO UPDATE SET
            file = '', read = 0, loaded = 0, rejected = 0, dropped = 0, repaired = 0, dropped_by = '{}', rejects = 0,
            files = '[]', file_number = 0, reading = ''";
    client
        .execute(sql, &[&schema, &tables])
        .await
        .context("could not write the ledger")?;
    Ok(())
}

/// The tables that seedrow created or filled; none where there is no ledger.
pub async fn known_tables(client: &impl GenericClient) -> Result<HashSet<TableName>> {
    let ledger: bool = client
        .query_typed_one("SELECT to_regclass('seedrow.tables') IS NOT NULL", &[])
        .await
        .context("could not look for seedrow's ledger")?
        .try_get(0)?;
    if !ledger {
        return Ok(HashSet::new());
    }
    let rows = client
        .query_typed("SELECT schema_name, table_name FROM seedrow.tables", &[])
        .await
        .context("could not read seedrow's ledger, schema \"seedrow\"")?;
    rows.iter()
        .map(|row| {
            Ok(TableName::new(
                row.try_get::<_, String>(0)?,
                row.try_get::<_, String>(1)?,
            ))
        })
        .collect()
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

/// The progress of a schema's tables; those without a committed row are left out.
pub async fn progress(
    client: &impl GenericClient,
    schema: &str,
    tables: &[String],
) -> Result<Vec<TableProgress>> {
    // A ledger of an older seedrow lacks the last three until the next load.
    let sql =
        "SELECT table_name, file, read, loaded, rejected, dropped, repaired, source, position, line,
            dropped_by, rejects, COALESCE(to_jsonb(t) ->> 'files', '[]'),
            COALESCE((to_jsonb(t) ->> 'file_number')::integer, 0),
            COALESCE(to_jsonb(t) ->> 'reading', '')
        FROM seedrow.tables AS t
        WHERE schema_name = $1 AND table_name = ANY ($2)
        ORDER BY array_position($2, table_name)";
    let rows = client
        .query_typed(sql, &[(&schema, Type::TEXT), (&tables, Type::TEXT_ARRAY)])
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
            files: serde_json::from_str(row.try_get(12)?)?,
        };
        let next = match row.try_get::<_, Option<i64>>(8)? {
            None => None,
            Some(at) => Some(Position {
                file: row.try_get::<_, i32>(13)?.try_into()?,
                at: at.try_into()?,
                line: count(row, 9)?,
            }),
        };
        Ok(TableProgress {
            account,
            source: SourceState {
                file: row.try_get(7)?,
                reading: row.try_get(14)?,
            },
            next,
            rejects: count(row, 11)?,
        })
    };
    rows.iter().map(progress).collect()
}
