//! A Citus cluster: which version, how many nodes, and which of them this is.
//!
//! Citus spreads the rows of a table over shards on several PostgreSQL servers. Most statements work as they do on one
//! server; [`Capabilities`](super::Capabilities) says which don't.

use std::fmt;

use anyhow::{Context, Result};
use tokio_postgres::{Client, SimpleQueryMessage, Transaction};

use super::name::literal;
use super::session;
use crate::units::counted;

/// A cluster, as one of its nodes describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cluster {
    /// The extension's version, major and minor.
    pub version: (u16, u16),
    /// Nodes that hold shards.
    pub nodes: u32,
    /// What the node that was asked is.
    pub node: ClusterNode,
}

/// What a node is in its cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClusterNode {
    /// It takes every statement.
    Coordinator,
    /// It refuses to create, change and empty distributed tables.
    Worker,
}

/// The setting by which the coordinator keeps its connections to the nodes until the session ends. By default it closes all but
/// one to each with every transaction, and the next statement that asks all shards has to open them again: to compare five
/// sequences with their columns it opened 13 to each of two nodes, each for 10 ms of CPU time.
pub const KEPT_CONNECTIONS: (&str, &str) = ("citus.max_cached_conns_per_worker", "16");

/// Where a node listens, as the cluster knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeAddress {
    /// A name or an address.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl Cluster {
    /// The setting by which a statement of the coordinator opens no more connections than these, to all nodes together, or
    /// one to each. By default it opens up to 16 to each node, however many cores there are: a load of 2.67 M rows into 8
    /// shards opened 32 more, each with a TLS handshake and a catalog to read (Citus 13.2).
    pub fn connections_at_a_time(self, connections: usize) -> (&'static str, String) {
        let nodes = usize::try_from(self.nodes).unwrap_or(1).max(1);
        let to_a_node = connections.div_ceil(nodes).max(1);
        (
            "citus.max_adaptive_executor_pool_size",
            to_a_node.to_string(),
        )
    }

    /// Asks by the simple protocol, as a pooler may not support prepared statements; `None` for a database without Citus.
    pub async fn read(client: &Client) -> Result<Option<Cluster>> {
        let could_not = "could not ask whether the database is a part of a Citus cluster";
        let installed = "SELECT extversion FROM pg_extension WHERE extname = 'citus'";
        let answer = client.simple_query(installed).await.context(could_not)?;
        let Some([version]) = first_row(&answer) else {
            return Ok(None);
        };
        let nodes = "SELECT
                (SELECT count(*) FROM pg_dist_node WHERE isactive AND shouldhaveshards AND noderole = 'primary'),
                (SELECT groupid FROM pg_dist_local_group LIMIT 1)";
        let answer = client.simple_query(nodes).await.context(could_not)?;
        let [nodes, group] = first_row(&answer).context(could_not)?;
        Ok(Some(Cluster {
            version: version_of(version),
            nodes: nodes.parse().context(could_not)?,
            node: match group {
                "0" => ClusterNode::Coordinator,
                _ => ClusterNode::Worker,
            },
        }))
    }
}

/// Has EXPLAIN display every task's plan as the nodes make it, and settings of a transaction hold on the nodes, too.
pub async fn prepare_plans(client: &Client) -> Result<()> {
    let settings = [
        ("citus.explain_all_tasks", "on".to_owned()),
        ("citus.enable_local_execution", "off".to_owned()),
        ("citus.propagate_set_commands", "local".to_owned()),
    ];
    session::set(client, &settings).await
}

/// Has what the transaction builds on the nodes sort in as much memory, and with as many parallel workers, as on the
/// coordinator: a session's settings stay there. With a node's default of 2 workers, 46 were started for the keys and indexes
/// of 6 tables in 8 shards, on two cores that were busy already.
pub async fn share_build_settings(transaction: &Transaction<'_>) -> Result<()> {
    let could_not = "could not apply the settings of a build to the nodes' sessions";
    let own = "SELECT current_setting('maintenance_work_mem'), current_setting('max_parallel_maintenance_workers')";
    let own = transaction.query_typed_one(own, &[]).await;
    let own = own.context(could_not)?;
    let (memory, workers): (String, String) = (own.try_get(0)?, own.try_get(1)?);
    let share = build_settings(&memory, &workers);
    transaction.batch_execute(&share).await.context(could_not)
}

/// The statements that set a build's memory and parallel workers for a transaction, on its nodes, too.
pub fn build_settings(memory: &str, workers: &str) -> String {
    on_nodes(&[
        ("maintenance_work_mem", memory),
        ("max_parallel_maintenance_workers", workers),
    ])
}

/// The statements that set these for a transaction, on its nodes, too. They are sent alone: Citus passes on all that a message
/// holds.
fn on_nodes(settings: &[(&str, &str)]) -> String {
    let mut statements = "SET LOCAL citus.propagate_set_commands TO 'local'".to_owned();
    for (name, value) in settings {
        statements += &format!("; SET LOCAL {name} TO {}", literal(value));
    }
    statements
}

/// The values of the first row; `None` where there is no row or one of them is NULL.
fn first_row<const N: usize>(answer: &[SimpleQueryMessage]) -> Option<[&str; N]> {
    let row = answer.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    })?;
    let values: Option<Vec<&str>> = (0..N).map(|at| row.get(at)).collect();
    values?.try_into().ok()
}

/// `13.2-1` → 13 and 2.
fn version_of(text: &str) -> (u16, u16) {
    let mut numbers = text.split(['.', '-']).map(|part| part.parse().unwrap_or(0));
    let mut next = || numbers.next().unwrap_or(0);
    (next(), next())
}

impl fmt::Display for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (major, minor) = self.version;
        write!(f, "Citus {major}.{minor}, ")?;
        match self.node {
            ClusterNode::Coordinator => {
                write!(f, "shards on {}", counted(u64::from(self.nodes), "node"))
            }
            ClusterNode::Worker => f.write_str("a worker"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_is_displayed_with_its_nodes() {
        let mut cluster = Cluster {
            version: version_of("13.2-1"),
            nodes: 2,
            node: ClusterNode::Coordinator,
        };
        assert_eq!(cluster.to_string(), "Citus 13.2, shards on 2 nodes");
        cluster.node = ClusterNode::Worker;
        assert_eq!(cluster.to_string(), "Citus 13.2, a worker");
        assert_eq!(version_of("14.0"), (14, 0));
    }

    #[test]
    fn connections_are_shared_among_the_nodes() {
        let cluster = Cluster {
            version: (13, 2),
            nodes: 2,
            node: ClusterNode::Coordinator,
        };
        let to_a_node = |connections| cluster.connections_at_a_time(connections).1;
        assert_eq!([1, 2, 3, 8].map(to_a_node), ["1", "1", "2", "4"]);
    }

    #[test]
    fn settings_of_a_transaction_hold_on_its_nodes() {
        assert_eq!(
            build_settings("64MB", "1"),
            "SET LOCAL citus.propagate_set_commands TO 'local'; SET LOCAL maintenance_work_mem TO '64MB'; \
             SET LOCAL max_parallel_maintenance_workers TO '1'"
        );
    }
}
