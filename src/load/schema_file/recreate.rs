//! A dataset's tables dropped, for its file to make them anew.

use anyhow::{Context, Result};
use tokio_postgres::Transaction;

use crate::load::config::Load;
use crate::load::constraints::ways_out;
use crate::load::table::target;
use crate::postgres::error::ErrorWithNotes;
use crate::postgres::{TableName, catalog};

/// Drops the dataset's tables. What depends on them and isn't among them is in the way, and is named before.
pub async fn drop_tables(
    transaction: &Transaction<'_>,
    load: &Load<'_>,
    schema: &str,
) -> Result<()> {
    let real = load.dataset.real_tables();
    let existing = target::existing(transaction, load.dataset, schema, &real).await?;
    if existing.is_empty() {
        return Ok(());
    }
    let names = existing
        .iter()
        .map(|name| TableName::new(schema, name).to_string());
    let names = names.collect::<Vec<_>>().join(", ");
    ensure_independent(transaction, schema, &existing).await?;
    let dropped = transaction
        .batch_execute(&format!("DROP TABLE {names}"))
        .await;
    dropped.with_context(|| format!("could not drop {names}, to make them anew"))
}

/// Refuses tables that foreign keys or views of others refer to.
async fn ensure_independent(
    transaction: &Transaction<'_>,
    schema: &str,
    tables: &[String],
) -> Result<()> {
    let names: Vec<&str> = tables.iter().map(String::as_str).collect();
    let oids = catalog::find_all(transaction, Some(schema), &names).await?;
    let oids: Vec<u32> = oids.into_iter().flatten().collect();
    let sql = include_str!("sql/dependents.sql");
    let rows = transaction.query(sql, &[&oids]).await;
    let rows = rows.context("could not read what refers to the tables")?;
    let (mut dependents, mut statements) = (Vec::new(), Vec::new());
    for row in rows {
        dependents.push(row.try_get::<_, String>(0)?);
        statements.push(row.try_get::<_, String>(1)?);
    }
    if dependents.is_empty() {
        return Ok(());
    }
    let message = format!(
        "--recreate drops {}, and these refer to them: {}; nothing was dropped",
        tables.join(", "),
        dependents.join(", ")
    );
    Err(ErrorWithNotes::of(
        message,
        ways_out(&statements.join("; ")),
    ))
}
