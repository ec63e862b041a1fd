//! Which tables may be indexed without --build: all of them on the embedded server, elsewhere those in the ledger.

use std::collections::HashSet;

use anyhow::{Context, Result};
use tokio_postgres::GenericClient;

use super::plan::Proposal;
use crate::postgres::{Server, TableName};

/// Proposals divided by whether their tables are seedrow's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Permission {
    /// Indexes on tables that seedrow filled, or on a server of its own.
    pub granted: Vec<Proposal>,
    /// Indexes on foreign tables: building one locks out writes, so it takes `--build` or `--concurrently`.
    pub withheld: Vec<Proposal>,
}

/// Divides the proposals by whether their tables are seedrow's.
pub async fn permission(
    server: &Server,
    client: &impl GenericClient,
    proposals: &[Proposal],
) -> Result<Permission> {
    if server.capabilities().build_indexes_unasked {
        return Ok(Permission {
            granted: proposals.to_vec(),
            withheld: Vec::new(),
        });
    }
    let known = known_tables(client).await?;
    let (granted, withheld) = proposals
        .iter()
        .cloned()
        .partition(|proposal| known.contains(&proposal.table));
    Ok(Permission { granted, withheld })
}

/// The tables in seedrow's ledger; none where there is no ledger.
async fn known_tables(client: &impl GenericClient) -> Result<HashSet<TableName>> {
    let ledger: bool = client
        .query_one("SELECT to_regclass('seedrow.tables') IS NOT NULL", &[])
        .await
        .context("could not look for seedrow's ledger")?
        .try_get(0)?;
    if !ledger {
        return Ok(HashSet::new());
    }
    let rows = client
        .query("SELECT schema_name, table_name FROM seedrow.tables", &[])
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
