//! Refuses a database with an unfinished load: its dropped constraints are in the ledger alone, where neither `index` nor
//! `check` would miss them.

use anyhow::{Context, Result, bail};
use tokio_postgres::GenericClient;

use crate::load::at_work::AtWork;

/// Refuses when the ledger holds an unfinished load of this schema, or of any that exists, and while another seedrow is at
/// work on it. Where the role may not read the ledger, any load that is under way is refused.
pub async fn ensure_finished(client: &impl GenericClient, schema: Option<&str>) -> Result<()> {
    if !is_readable(client).await? {
        return match AtWork::find(client).await? {
            Some(other) => Err(other.refusal()),
            None => Ok(()),
        };
    }
    let row = client
        .query_opt(include_str!("sql/unfinished.sql"), &[&schema])
        .await
        .context("could not read the ledger")?;
    let Some(row) = row else { return Ok(()) };
    if let Some(other) = AtWork::find(client).await? {
        return Err(other.refusal());
    }
    let (schema, command): (String, String) = (row.try_get(0)?, row.try_get(1)?);
    let constraints = match row.try_get(2)? {
        0_i64 => String::new(),
        1 => " with 1 constraint or index not restored yet".to_owned(),
        more => format!(" with {more} constraints and indexes not restored yet"),
    };
    bail!("schema {schema} has an unfinished load{constraints}; to finish it, run: {command}")
}

/// Whether a ledger exists and this role may read it. `to_regclass` would be an error without USAGE on its schema.
async fn is_readable(client: &impl GenericClient) -> Result<bool> {
    let sql = "SELECT count(*) = 2
        FROM pg_class AS c
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname = 'seedrow' AND c.relname IN ('loads', 'lifted')
            AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')";
    let row = client
        .query_typed_one(sql, &[])
        .await
        .context("could not look for the ledger")?;
    Ok(row.try_get(0)?)
}
