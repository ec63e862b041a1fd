//! Rows that break a unique index on expressions, a partial one, NULLS NOT DISTINCT or an exclusion constraint: deleted,
//! and their records rejected.
//!
//! The server decides which rows, and which records they were: it reads the records' keys as it reads those of the rows, so
//! that `[1,4]` is found as `[1,5)`.

use std::collections::HashMap;

use anyhow::{Context, Result, ensure};
use tokio_postgres::{Client, Row, Transaction};

use crate::load::constraints::constraint_copy::ConstraintCopy;
use crate::load::constraints::deletion::Deletion;
use crate::load::constraints::unique_violations::UniqueViolations;
use crate::load::ledger::DroppedConstraint;
use crate::load::policy::Duplicates;
use crate::load::source::chunk::FileLine;
use crate::load::table::key_search::{KeySearch, Matcher};
use crate::load::table::table_load::TableLoad;
use crate::units::grouped;

/// Rejects the rows that conflict with an earlier one, or fails with the first of them.
///
/// `false` when the rows come from no file, or a column of the key does not: the server's message has to do.
pub async fn reject_conflicts(
    client: &mut Client,
    load: &TableLoad<'_>,
    key: &DroppedConstraint,
    policy: Duplicates,
) -> Result<bool> {
    // Rows are found and deleted by their addresses.
    if !load.server.row_addresses {
        return Ok(false);
    }
    let Some(file) = KeySearch::of(client, load).await? else {
        return Ok(false);
    };
    let transaction = client.transaction().await?;
    let table = &key.table;
    let Some(copy) = ConstraintCopy::create(&transaction, table, key).await? else {
        return Ok(false);
    };
    if !copy.columns.iter().all(|column| file.has(column)) {
        return Ok(false);
    }
    let rows = copy.find_conflicts(&transaction).await?;
    read_records(&transaction, load, &file, &copy.columns).await?;
    let reasons = reasons(&transaction, &file, key).await?;
    ensure!(
        reasons.len() as u64 == rows,
        "{rows} rows of {table} break {}, and {} has {} of them; was it changed? Its rows are still there",
        key.name,
        file.label(),
        reasons.len()
    );
    let problem = match rows {
        1 => "1 row conflicts with an earlier one".to_owned(),
        _ => format!("{} rows conflict with earlier ones", grouped(rows)),
    };
    let violations = UniqueViolations {
        load,
        file: &file,
        key,
        matcher: Matcher::Lines {
            columns: copy.columns,
            reasons,
        },
        rows,
        deletion: Deletion::ByAddress,
        problem,
        kept: "the earlier ones",
    };
    violations.settle(transaction, policy).await?;
    Ok(true)
}

/// Gathers place and key of the records that conflict, or that one conflicts with, in `pg_temp.seedrow_lines`.
async fn read_records(
    transaction: &Transaction<'_>,
    load: &TableLoad<'_>,
    file: &KeySearch,
    columns: &[String],
) -> Result<()> {
    let types = columns.iter().map(|name| {
        let mut known = load.target.columns.iter();
        let column = known.find(|column| column.name == *name);
        column.map_or("text", |column| column.type_name.as_str())
    });
    let (fields, keys): (Vec<String>, Vec<String>) = (1..)
        .zip(types)
        .map(|(number, of)| (format!("c{number} text"), format!("c{number}::{of}::text")))
        .unzip();
    let create = format!(
        "CREATE TEMPORARY TABLE seedrow_records (file bigint, line bigint, {}) ON COMMIT DROP",
        fields.join(", ")
    );
    transaction.batch_execute(&create).await?;
    file.copy_keys(transaction, "pg_temp.seedrow_records", columns)
        .await?;
    let sql = format!(
        "CREATE TEMPORARY TABLE seedrow_lines ON COMMIT DROP AS
        SELECT file, line, key
        FROM (SELECT file, line, ARRAY[{}] AS key FROM pg_temp.seedrow_records) AS r
        WHERE key IN (SELECT key FROM pg_temp.seedrow_removed UNION SELECT other FROM pg_temp.seedrow_removed)",
        keys.join(", ")
    );
    transaction
        .batch_execute(&sql)
        .await
        .with_context(|| format!("could not find the lines in {}", file.label()))
}

/// What is wrong with each record, by its place: of records with the same key the last ones conflict.
async fn reasons(
    transaction: &Transaction<'_>,
    file: &KeySearch,
    key: &DroppedConstraint,
) -> Result<HashMap<FileLine, String>> {
    let sql = "WITH removed AS (
            SELECT key, min(other) AS other, count(*) AS rows
            FROM pg_temp.seedrow_removed
            GROUP BY key
        ), firsts AS (
            SELECT DISTINCT ON (key) key, file, line
            FROM pg_temp.seedrow_lines
            ORDER BY key, file, line
        ), numbered AS (
            SELECT file, line, key, row_number() OVER (PARTITION BY key ORDER BY file DESC, line DESC) AS number
            FROM pg_temp.seedrow_lines
        )
        SELECT n.file, n.line, array_to_string(n.key, ', ', 'NULL'), f.file, f.line
        FROM numbered AS n
        JOIN removed AS r ON r.key = n.key AND n.number <= r.rows
        LEFT JOIN firsts AS f ON f.key = r.other";
    let mut reasons = HashMap::new();
    for row in transaction.query_typed(sql, &[]).await? {
        let values: String = row.try_get(2)?;
        let at = file_line(&row, 0, 1)?.context("each record has a line")?;
        let other = match file_line(&row, 3, 4)? {
            Some(other) => file.place(other),
            None => "an earlier line".to_owned(),
        };
        let reason = format!("\"{values}\" conflicts with {other} in {}", key.name);
        reasons.insert(at, reason);
    }
    Ok(reasons)
}

/// The place in two columns of a row, if there is one.
fn file_line(row: &Row, file: usize, line: usize) -> Result<Option<FileLine>> {
    let (file, line): (Option<i64>, Option<i64>) = (row.try_get(file)?, row.try_get(line)?);
    let place = |(file, line): (i64, i64)| -> Result<FileLine> {
        Ok(FileLine {
            file: file.try_into()?,
            line: line.cast_unsigned(),
        })
    };
    file.zip(line).map(place).transpose()
}
