//! Rows that are there already and stay: which tables hold some, and the keys that new rows refer to.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use tokio_postgres::{Client, Transaction};

use crate::infer::source::{KeptRows, LeftOut, Source, SourceTable, WhyLeftOut};
use crate::load::table::target::holds_rows;
use crate::postgres::name::quoted;
use crate::postgres::{TableName, snapshot};

/// The most keys of a table that are read.
const MOST: usize = 10_000;

/// Larger tables are sampled by blocks rather than read.
const READ_WHOLE: u64 = 200_000;

/// The tables that hold rows.
pub async fn holding(client: &mut Client, source: &Source) -> Result<Vec<String>> {
    let transaction = snapshot::begin(client).await?;
    // What has no page holds no row, and its size may be read by everybody.
    let sql = "SELECT DISTINCT r.relname::text
        FROM pg_class AS t
        JOIN pg_class AS r ON r.oid = coalesce(pg_partition_root(t.oid)::oid, t.oid)
        JOIN pg_namespace AS n ON n.oid = r.relnamespace
        WHERE n.nspname = $1 AND t.relkind = 'r' AND pg_relation_size(t.oid) > 0
        ORDER BY 1";
    let found = transaction.query(sql, &[&source.schema]).await;
    let mut holding = Vec::new();
    for row in found.context("could not read the sizes of the tables")? {
        let table: String = row.try_get(0)?;
        let name = TableName::new(&source.schema, &table);
        let is_known = source.table(&table).is_some();
        if is_known
            && may_read(&transaction, &name).await?
            && holds_rows(&transaction, &name).await?
        {
            holding.push(table);
        }
    }
    snapshot::end(transaction).await?;
    Ok(holding)
}

/// Marks tables that hold rows, with keys of them; those that no other table refers to leave the source. In a read-only
/// transaction.
pub async fn keep(client: &mut Client, source: &mut Source, holding: &[String]) -> Result<()> {
    let transaction = begin(client).await?;
    for place in 0..source.tables.len() {
        let table = &source.tables[place];
        let name = TableName::new(&source.schema, &table.name);
        if holding.contains(&table.name) {
            let columns = referenced(source, &table.name);
            let rows = keys(&transaction, &name, table.rows, &columns).await?;
            source.tables[place].kept = Some(rows);
        }
    }
    snapshot::end(transaction).await?;
    leave_out_childless(source);
    Ok(())
}

/// Adds the tables of other schemas that keys refer to, where they hold rows that the role may read.
pub async fn add_elsewhere(client: &mut Client, source: &mut Source) -> Result<()> {
    let mut wanted: BTreeMap<TableName, BTreeSet<String>> = BTreeMap::new();
    for key in source.tables.iter().flat_map(|it| &it.foreign_keys) {
        if let Some(name) = &key.elsewhere {
            let columns = wanted.entry(name.clone()).or_default();
            columns.extend(key.referenced.iter().cloned());
        }
    }
    if wanted.is_empty() {
        return Ok(());
    }
    let transaction = begin(client).await?;
    for (name, columns) in wanted {
        if !may_read(&transaction, &name).await? || !holds_rows(&transaction, &name).await? {
            continue;
        }
        let columns: Vec<String> = columns.into_iter().collect();
        let rows = keys(&transaction, &name, None, &columns).await?;
        source.add_elsewhere(&name, rows);
    }
    snapshot::end(transaction).await
}

/// A read-only transaction in which values have the same texts everywhere.
async fn begin(client: &mut Client) -> Result<Transaction<'_>> {
    let transaction = snapshot::begin(client).await?;
    transaction
        .batch_execute("SET LOCAL DateStyle = 'ISO, MDY'; SET LOCAL TimeZone = 'UTC'; SET LOCAL extra_float_digits = 3")
        .await
        .context("could not apply the settings for reading keys")?;
    Ok(transaction)
}

/// Whether the role may read a table.
async fn may_read(transaction: &Transaction<'_>, name: &TableName) -> Result<bool> {
    let sql = "SELECT CASE WHEN has_schema_privilege($1, 'USAGE')
            THEN has_table_privilege(format('%I.%I', $1::text, $2::text), 'SELECT')
            ELSE false
        END";
    let row = transaction
        .query_one(sql, &[&name.schema, &name.name])
        .await;
    let row = row.with_context(|| format!("could not read the privileges on {name}"))?;
    Ok(row.try_get(0)?)
}

/// The columns of a table that keys of empty ones could refer to.
fn referenced(source: &Source, table: &str) -> Vec<String> {
    let keys = source.tables.iter().filter(|it| it.name != table);
    let keys = keys.flat_map(|it| &it.foreign_keys);
    let columns = keys.filter(|key| key.table.as_deref() == Some(table));
    let columns: BTreeSet<&String> = columns.flat_map(|key| &key.referenced).collect();
    columns.into_iter().cloned().collect()
}

/// Some of a table's keys, the same as long as its rows are.
async fn keys(
    transaction: &Transaction<'_>,
    name: &TableName,
    known_rows: Option<u64>,
    columns: &[String],
) -> Result<KeptRows> {
    if columns.is_empty() {
        return Ok(KeptRows {
            columns: Vec::new(),
            rows: Vec::new(),
            more: false,
        });
    }
    let texts: Vec<String> = columns
        .iter()
        .map(|it| format!("{}::text", quoted(it)))
        .collect();
    let known: Vec<String> = columns
        .iter()
        .map(|it| format!("{} IS NOT NULL", quoted(it)))
        .collect();
    let sample = match known_rows {
        Some(rows) if rows > READ_WHOLE => {
            #[expect(clippy::cast_precision_loss, reason = "a percentage")]
            let percent = 400.0 * MOST as f64 / rows as f64;
            format!(" TABLESAMPLE SYSTEM ({percent:.6}) REPEATABLE (42)")
        }
        _ => String::new(),
    };
    let sql = format!(
        "SELECT {texts} FROM {name}{sample} WHERE {known} ORDER BY md5(concat_ws('/', {texts})), {texts} LIMIT {limit}",
        texts = texts.join(", "),
        known = known.join(" AND "),
        limit = MOST + 1,
    );
    let found = transaction.query_typed(&sql, &[]).await.with_context(|| {
        format!("could not read keys of {name}; the role needs SELECT on it, or leave it out with --exclude")
    })?;
    let row = |row: &tokio_postgres::Row| (0..columns.len()).map(|it| row.try_get(it)).collect();
    let rows: Result<Vec<Vec<String>>, _> = found.iter().take(MOST).map(row).collect();
    Ok(KeptRows {
        columns: columns.to_vec(),
        rows: rows.context("could not read a key")?,
        more: found.len() > MOST,
    })
}

/// What holds rows and isn't referred to needs no place in a dataset.
fn leave_out_childless(source: &mut Source) {
    let is_childless = |it: &SourceTable| it.kept.as_ref().is_some_and(|kept| kept.rows.is_empty());
    let childless = source.tables.iter().filter(|it| is_childless(it));
    source.left_out.extend(childless.map(|it| LeftOut {
        name: it.name.clone(),
        why: WhyLeftOut::Kept,
    }));
    source.tables.retain(|it| !is_childless(it));
    source.left_out.sort_by(|a, b| a.name.cmp(&b.name));
}
