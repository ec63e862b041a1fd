//! The tables that one table's rows are sorted into before COPY: shards of a distributed table, or partitions.

use std::fmt;
use std::sync::Arc;

use anyhow::Result;

use crate::copy::CopyFormat;
use crate::load::partitions::Router;
use crate::load::shards::{NodeAddress, ShardRouter};
use crate::load::source::chunk::RowChunk;

/// How rows are sorted, and into which tables, by their number.
pub enum Division {
    /// Into shards, on the nodes that hold them.
    Shards(ShardRouter),
    /// Into partitions, on the server itself.
    Partitions(Arc<Router>),
}

/// Tables that one connection fills.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableGroup {
    /// The node that holds them; `None` for the server itself.
    pub node: Option<NodeAddress>,
    /// Their numbers.
    pub tables: Vec<usize>,
}

/// Rows that aren't sorted here: the server knows their partition, or says that there is none.
#[derive(Debug)]
pub struct Unsortable;

impl fmt::Display for Unsortable {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a row's partition is the server's to find")
    }
}

impl std::error::Error for Unsortable {}

impl Division {
    /// How many tables there are.
    pub fn tables(&self) -> usize {
        match self {
            Division::Shards(router) => router.map.shards.len(),
            Division::Partitions(router) => router.leaves().len(),
        }
    }

    /// The name of a table, quoted.
    pub fn name(&self, table: usize) -> String {
        match self {
            Division::Shards(router) => router.map.shards[table].name.clone(),
            Division::Partitions(router) => router.leaves()[table].to_string(),
        }
    }

    /// All tables in groups of about the same size, for so many connections, or one to each node if these are more.
    pub fn groups(&self, connections: usize) -> Vec<TableGroup> {
        match self {
            Division::Shards(router) => {
                let map = &router.map;
                let of_a_node = connections.div_ceil(map.nodes.len().max(1));
                let groups = map.groups(of_a_node).into_iter();
                let group = groups.map(|group| TableGroup {
                    node: Some(map.nodes[group.node].clone()),
                    tables: group.shards,
                });
                group.collect()
            }
            Division::Partitions(router) => {
                let leaves = router.leaves().len();
                let count = connections.clamp(1, leaves.max(1));
                let group = (0..count).map(|group| TableGroup {
                    node: None,
                    tables: (group..leaves).step_by(count).collect(),
                });
                group.collect()
            }
        }
    }

    /// What a transaction is set to that changes the tables.
    pub fn setting(&self) -> &'static str {
        match self {
            Division::Shards(_) => "SET LOCAL citus.enable_manual_changes_to_shards = on; ",
            Division::Partitions(_) => "",
        }
    }

    /// Calls `each` with every row of a chunk in COPY's binary format and the number of its table; fails where one has none,
    /// with [`Unsortable`] where the partitioned table takes it.
    pub fn sort<'b>(
        &self,
        chunk: &'b RowChunk,
        mut each: impl FnMut(&'b [u8], usize),
    ) -> Result<()> {
        match self {
            Division::Shards(router) => router.sort(&chunk.bytes, each),
            Division::Partitions(_) if chunk.format != CopyFormat::Binary => Err(Unsortable.into()),
            Division::Partitions(router) => {
                let mut stray = None;
                router.sort(&chunk.bytes, |row, leaf| {
                    match leaf < router.leaves().len() {
                        true => each(row, leaf),
                        false => stray = Some(Unsortable),
                    }
                })?;
                stray.map_or(Ok(()), |stray| Err(stray.into()))
            }
        }
    }
}
