//! Rows with the key of an earlier row: deleted, and their records rejected.
//!
//! The server finds them by the values of their keys, once all rows are loaded. Which records they were is known from a
//! second read of the file.

use std::collections::HashMap;

use anyhow::{Context, Result};
use tokio_postgres::{Client, Transaction};

use crate::copy::Scalar;
use crate::load::constraints::conditions::{all_not_null, text_array};
use crate::load::constraints::deletion::{Deletion, find_repeated_keys};
use crate::load::constraints::unique_violations::UniqueViolations;
use crate::load::ledger::{DroppedConstraint, DroppedKind};
use crate::load::policy::Duplicates;
use crate::load::source::chunk::FileLine;
use crate::load::table::key_search::{KeySearch, Matcher, Values};
use crate::load::table::table_load::TableLoad;
use crate::postgres::TableName;
use crate::postgres::name::{quoted, quoted_list};
use crate::units::counted;

/// Rejects the rows whose key occurs in an earlier row, or fails with the first of them.
///
/// `false` when the rows come from no file: the server's message has to do.
pub async fn reject_duplicates(
    client: &mut Client,
    load: &TableLoad<'_>,
    key: &DroppedConstraint,
    columns: Vec<String>,
    policy: Duplicates,
) -> Result<bool> {
    let Some(file) = KeySearch::of(client, load).await? else {
        return Ok(false);
    };
    let transaction = client.transaction().await?;
    let table = &key.table;
    let deletion = match load.server.row_addresses {
        true => Deletion::ByAddress,
        false => Deletion::ByKey(columns.clone()),
    };
    match &deletion {
        Deletion::ByAddress => find_duplicates(&transaction, table, &columns).await?,
        Deletion::ByKey(columns) => find_repeated_keys(&transaction, table, columns).await?,
    }
    let (known, rows) = duplicate_keys(&transaction).await?;
    let violations = UniqueViolations {
        load,
        file: &file,
        key,
        matcher: Matcher::Duplicates { columns, known },
        rows,
        deletion,
        problem: format!("duplicate key in {}", counted(rows, "row")),
        kept: "the first of each",
    };
    violations.settle(transaction, policy).await?;
    Ok(true)
}

/// Gathers the duplicate rows in `pg_temp.seedrow_removed`.
async fn find_duplicates(
    transaction: &Transaction<'_>,
    table: &TableName,
    columns: &[String],
) -> Result<()> {
    let names: Vec<&str> = columns.iter().map(String::as_str).collect();
    let (list, present) = (quoted_list(&names), all_not_null("", columns));
    // The keys first: numbering all 11.3 M skus took 22 s; counting their keys takes 10.7 s by hashing and 4.0 s by sorting
    // (PostgreSQL 15). The heap's order is the file's, since the file was the first to be loaded into an empty table.
    let sql = format!(
        "SET LOCAL enable_hashagg = off;
        SELECT set_config('work_mem', current_setting('maintenance_work_mem'), true);
        CREATE TEMPORARY TABLE seedrow_repeated ON COMMIT DROP AS
        SELECT {list}
        FROM {table}
        WHERE {present}
        GROUP BY {list}
        HAVING count(*) > 1;
        ANALYZE pg_temp.seedrow_repeated;
        CREATE TEMPORARY TABLE seedrow_removed ON COMMIT DROP AS
        SELECT place, key
        FROM (
            SELECT t.ctid AS place, {} AS key, row_number() OVER (PARTITION BY {list} ORDER BY t.ctid) AS number
            FROM {table} AS t
            JOIN pg_temp.seedrow_repeated USING ({list})
        ) AS numbered
        WHERE number > 1",
        text_array("", columns)
    );
    transaction
        .batch_execute(&sql)
        .await
        .with_context(|| format!("could not find the duplicates of {table}"))
}

/// The keys that occur more than once, and how many rows are to be deleted.
async fn duplicate_keys(
    transaction: &Transaction<'_>,
) -> Result<(HashMap<Values, Option<FileLine>>, u64)> {
    let sql = "SELECT key, count(*) FROM pg_temp.seedrow_removed GROUP BY key";
    let (mut known, mut rows) = (HashMap::new(), 0);
    for row in transaction.query_typed(sql, &[]).await? {
        known.insert(row.try_get(0)?, None);
        rows += u64::try_from(row.try_get::<_, i64>(1)?)?;
    }
    Ok((known, rows))
}

/// The columns of a key whose values are equal just where their texts are, and that covers all rows; `None` for any other.
pub async fn plain_columns(
    client: &Client,
    load: &TableLoad<'_>,
    key: &DroppedConstraint,
) -> Result<Option<Vec<String>>> {
    let Some(columns) = columns_by_text(load, key) else {
        return Ok(None);
    };
    let sql = "SELECT EXISTS (
            SELECT FROM pg_attribute AS a
            JOIN pg_collation AS c ON c.oid = a.attcollation
            WHERE a.attrelid = $1 AND a.attname = ANY ($2::text[]) AND NOT c.collisdeterministic
        )";
    let row = client
        .query_one(sql, &[&load.target.oid, &columns])
        .await
        .with_context(|| format!("could not look up the columns of {}", key.name))?;
    Ok((!row.try_get::<_, bool>(0)?).then_some(columns))
}

fn columns_by_text(load: &TableLoad, key: &DroppedConstraint) -> Option<Vec<String>> {
    if key.kind == DroppedKind::Exclusion {
        return None;
    }
    let (_, rest) = key.definition.split_once('(')?;
    let (list, behind) = rest.split_once(')')?;
    if behind.contains(" WHERE ") || key.definition.contains("NULLS NOT DISTINCT") {
        return None;
    }
    let columns = &load.target.columns;
    let name = |item: &str| {
        let column = columns.iter().find(|column| quoted(&column.name) == item)?;
        let scalar = column.data_type.scalar()?;
        EQUAL_BY_TEXT.contains(&scalar).then(|| column.name.clone())
    };
    list.split(", ").map(name).collect()
}

/// The types of which two values are equal just where their texts are, as long as collations are deterministic: 1.0 and
/// 1.00 of a numeric are equal.
const EQUAL_BY_TEXT: &[Scalar] = &[
    Scalar::Int2,
    Scalar::Int4,
    Scalar::Int8,
    Scalar::Text,
    Scalar::Varchar,
    Scalar::Uuid,
    Scalar::Date,
    Scalar::Timestamp,
    Scalar::Timestamptz,
    Scalar::Bool,
];
