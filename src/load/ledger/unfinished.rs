//! Refuses a database that an unfinished load stands in: its constraints wait in the ledger, where neither `index` nor
//! `check` would miss them.

use anyhow::{Context, Result, bail};
use tokio_postgres::GenericClient;

/// Refuses when the ledger holds an unfinished load of this schema, or of any that is there.
///
/// A role that may not read the ledger isn't held up by it.
pub async fn ensure_finished(client: &impl GenericClient, schema: Option<&str>) -> Result<()> {
    if !is_readable(client).await? {
        return Ok(());
    }
    let row = client
        .query_opt(include_str!("sql/unfinished.sql"), &[&schema])
        .await
        .context("could not read the ledger")?;
    let Some(row) = row else { return Ok(()) };
    let (schema, command): (String, String) = (row.try_get(0)?, row.try_get(1)?);
    let constraints = match row.try_get(2)? {
        0_i64 => String::new(),
        1 => ", 1 constraint or index not put back yet".to_owned(),
        more => format!(", {more} constraints and indexes not put back yet"),
    };
    bail!(
        "an unfinished load stands in schema {schema}{constraints}; type, to finish it: {command}"
    )
}

/// Whether there is a ledger and this role may read it. `to_regclass` would be an error without USAGE on its schema.
async fn is_readable(client: &impl GenericClient) -> Result<bool> {
    let sql = "SELECT count(*) = 2
        FROM pg_class AS c
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname = 'seedrow' AND c.relname IN ('loads', 'lifted')
            AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')";
    let row = client
        .query_one(sql, &[])
        .await
        .context("could not look for the ledger")?;
    Ok(row.try_get(0)?)
}
