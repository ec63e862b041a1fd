//! How a table's rows are spread over the nodes of a Citus cluster.

/// How a table's rows are spread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sharding {
    /// By the hash of a column's value.
    Distributed {
        /// The column.
        by: String,
        /// The table whose shards lie beside its own, so that joins by the columns stay on a node.
        colocate: Option<String>,
        /// How many shards; the cluster's default where it isn't given.
        shards: Option<u32>,
    },
    /// All of them are on each node.
    Reference,
}
