//! What a load's connections set in a Citus cluster.

use anyhow::{Context, Result};
use tokio_postgres::Client;

use crate::postgres::Server;

/// A transaction that has changed or read a distributed table by several connections to a node at a time can't go on to
/// change a table that all shards refer to. Keys between local and reference tables would make the local ones managed by
/// Citus, the ledger's among them.
const ONE_BY_ONE: &str = "SET citus.multi_shard_modify_mode TO 'sequential';
    SET citus.enable_local_reference_table_foreign_keys TO off";

/// Of COPY: a connection to each node in place of one to each shard. 500,000 rows into 32 shards took 1.8 times as long as
/// into a local table in place of 2.4 times, with 2.8 times the server's CPU time in place of 3.6 times.
pub const ONE_CONNECTION_A_NODE: &str = "SET LOCAL citus.max_adaptive_executor_pool_size TO 1";

/// Prepares a connection that changes several tables in a transaction; nothing outside a cluster.
pub async fn prepare_changes(server: &Server, client: &Client) -> Result<()> {
    match server.capabilities().cluster {
        None => Ok(()),
        Some(_) => client
            .batch_execute(ONE_BY_ONE)
            .await
            .context("could not apply the settings of a cluster's connection"),
    }
}

/// Ends what a crash has left half committed on the nodes, and holds locks there until then. The cluster does that by
/// itself once a minute, too; a role may not be allowed to.
pub async fn end_prepared_transactions(server: &Server, client: &Client) {
    if server.capabilities().cluster.is_some() {
        let recover = "SELECT recover_prepared_transactions()";
        let _ = client.batch_execute(recover).await;
    }
}
