//! Which tables may be indexed without --build: all of them on the embedded server, elsewhere those in the ledger.

use anyhow::Result;
use tokio_postgres::GenericClient;

use super::plan::Proposal;
use crate::load::ledger;
use crate::postgres::Server;

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
    let known = ledger::known_tables(client).await?;
    let (granted, withheld) = proposals
        .iter()
        .cloned()
        .partition(|proposal| known.contains(&proposal.table));
    Ok(Permission { granted, withheld })
}
