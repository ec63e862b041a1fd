//! The tables that one table's rows are sorted into before COPY: shards of a distributed table, or partitions.

use std::fmt;
use std::sync::Arc;

use anyhow::Result;

use crate::copy::CopyFormat;
use crate::load::partitions::Router;
use crate::load::shards::ShardRouter;
use crate::load::source::chunk::RowChunk;
use crate::postgres::NodeAddress;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::account::Tally;
    use crate::load::shards::ShardMap;
    use crate::load::source::chunk::{Position, RecordIndex};

    /// Three shards on node `a` and one on node `b`.
    fn shards() -> Division {
        let places = [
            (i32::MIN, -1_000_000_001, "a"),
            (-1_000_000_000, -1, "b"),
            (0, 999_999_999, "a"),
            (1_000_000_000, i32::MAX, "a"),
        ];
        let map = ShardMap::of_places(&places).unwrap();
        Division::Shards(ShardRouter::new(map, &["note", "id"]).unwrap())
    }

    fn partitions(count: usize) -> Division {
        Division::Partitions(Arc::new(Router::of_tens(count)))
    }

    /// A row of COPY's binary format.
    fn row(fields: &[Option<&[u8]>]) -> Vec<u8> {
        let mut row = u16::try_from(fields.len()).unwrap().to_be_bytes().to_vec();
        for field in fields {
            let length = field.map_or(-1, |it| i32::try_from(it.len()).unwrap());
            row.extend(length.to_be_bytes());
            row.extend(field.unwrap_or_default());
        }
        row
    }

    fn chunk(rows: &[Vec<u8>], format: CopyFormat) -> RowChunk {
        RowChunk {
            tally: Tally::default(),
            format,
            bytes: rows.concat().into(),
            file: 0,
            source_bytes: 0,
            next: Position {
                file: 0,
                at: 0,
                line: 0,
            },
            rejected: Vec::new(),
            index: RecordIndex::default(),
        }
    }

    /// The tables that a chunk's rows go into, in their order.
    fn tables_of(division: &Division, rows: &[Vec<u8>]) -> Result<Vec<usize>> {
        let chunk = chunk(rows, CopyFormat::Binary);
        let (mut tables, mut sorted) = (Vec::new(), Vec::new());
        division.sort(&chunk, |row, table| {
            tables.push(table);
            sorted.extend_from_slice(row);
        })?;
        assert_eq!(sorted, chunk.bytes, "each row is passed on as it is");
        Ok(tables)
    }

    /// The node and the tables of each group.
    fn groups(division: &Division, connections: usize) -> Vec<(String, Vec<usize>)> {
        let groups = division.groups(connections).into_iter();
        let host = |node: Option<NodeAddress>| node.map_or(String::new(), |node| node.host);
        groups.map(|it| (host(it.node), it.tables)).collect()
    }

    #[test]
    fn shards_are_named_as_on_their_nodes_and_partitions_as_on_the_server() {
        assert_eq!(shards().tables(), 4);
        assert_eq!(shards().name(1), "public.t_-1000000000");
        assert_eq!(partitions(3).tables(), 3);
        assert_eq!(partitions(3).name(2), "public.t_2");
    }

    #[test]
    fn each_node_has_a_connection_and_more_are_shared_among_the_nodes() {
        let of = |host: &str, tables: &[usize]| (host.to_owned(), tables.to_vec());
        let one_a_node = [of("a", &[0, 2, 3]), of("b", &[1])];
        assert_eq!(groups(&shards(), 1), one_a_node);
        assert_eq!(groups(&shards(), 2), one_a_node);
        let two_a_node = [of("a", &[0, 3]), of("a", &[2]), of("b", &[1])];
        assert_eq!(groups(&shards(), 3), two_a_node);
        assert_eq!(groups(&shards(), 99).len(), 4, "one to each shard at most");
    }

    #[test]
    fn partitions_are_shared_among_connections_to_the_server() {
        let of = |tables: &[usize]| (String::new(), tables.to_vec());
        assert_eq!(groups(&partitions(3), 2), [of(&[0, 2]), of(&[1])]);
        assert_eq!(groups(&partitions(3), 0), [of(&[0, 1, 2])]);
        assert_eq!(groups(&partitions(2), 9), [of(&[0]), of(&[1])]);
    }

    #[test]
    fn only_shards_need_a_setting_to_be_changed() {
        assert_eq!(
            shards().setting(),
            "SET LOCAL citus.enable_manual_changes_to_shards = on; "
        );
        assert_eq!(partitions(1).setting(), "");
    }

    #[test]
    fn a_row_goes_to_the_shard_of_its_key() {
        // hashint8 of 1 is -1905060026, of -1 it is 385747274.
        let keyed = |id: i64| row(&[Some(b"x"), Some(&id.to_be_bytes())]);
        let rows = [keyed(1), keyed(-1), keyed(1)];
        assert_eq!(tables_of(&shards(), &rows).unwrap(), [0, 2, 0]);
        let without = row(&[Some(b"x"), None]);
        let error = tables_of(&shards(), &[keyed(1), without]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a row has no id, by which it is distributed"
        );
    }

    #[test]
    fn a_row_goes_to_the_partition_of_its_key_and_one_without_is_the_server_s() {
        let keyed = |id: i64| row(&[Some(&id.to_be_bytes())]);
        let rows = [keyed(19), keyed(0), keyed(10)];
        assert_eq!(tables_of(&partitions(2), &rows).unwrap(), [1, 0, 1]);
        let stray = tables_of(&partitions(2), &[keyed(5), keyed(20)]);
        assert!(stray.unwrap_err().is::<Unsortable>());
    }

    #[test]
    fn text_is_sorted_by_the_server() {
        let text = chunk(&[b"5\n".to_vec()], CopyFormat::Text);
        let sorted = partitions(2).sort(&text, |_, _| unreachable!());
        assert!(sorted.unwrap_err().is::<Unsortable>());
    }
}
