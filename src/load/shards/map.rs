//! Which hashes each shard holds, and on which node it is.

use anyhow::{Context, Result};
use tokio_postgres::{GenericClient, Row};

use crate::copy::{Scalar, hash};
use crate::load::table::target::TargetTable;
use crate::postgres::NodeAddress;

/// A table's shards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShardMap {
    /// The column whose hash decides.
    pub column: String,
    kind: KeyKind,
    /// By their hashes, which cover all there are.
    pub shards: Vec<Shard>,
    /// The nodes that hold them, each once.
    pub nodes: Vec<NodeAddress>,
}

/// One shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shard {
    /// Its table on the node, quoted.
    pub name: String,
    /// The number of its node.
    pub node: usize,
    /// The greatest hash that it holds.
    high: i32,
}

/// Shards of one node that are filled by one connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShardGroup {
    /// The number of the node.
    pub node: usize,
    /// The numbers of the shards.
    pub shards: Vec<usize>,
}

/// How a key is hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KeyKind {
    /// `hashint2`, `hashint4` and `hashint8`, which agree.
    Integer,
    /// `hashtext` with a deterministic collation, and `uuid_hash`.
    Bytes,
}

/// A table's shards; else why rows can't be sorted here. `None` for a table that isn't distributed by a hash: a reference
/// table, or one of the coordinator alone. The outer error is the server's.
pub async fn read(
    client: &impl GenericClient,
    target: &TargetTable,
) -> Result<Option<Result<ShardMap, String>>> {
    let rows = client
        .query(include_str!("sql/shards.sql"), &[&target.oid])
        .await
        .with_context(|| format!("could not read the shards of {}", target.name))?;
    let rows: Vec<Placement> = rows.iter().map(Placement::of).collect::<Result<_>>()?;
    let Some(first) = rows.first() else {
        return Ok(None);
    };
    let mut columns = target.columns.iter();
    let column = columns.find(|column| column.name == first.column);
    let kind = match column.and_then(|column| column.data_type.scalar()) {
        Some(Scalar::Int2 | Scalar::Int4 | Scalar::Int8) => KeyKind::Integer,
        Some(Scalar::Uuid) => KeyKind::Bytes,
        Some(Scalar::Text | Scalar::Varchar) if first.deterministic => KeyKind::Bytes,
        _ => {
            let reason = format!("the hash of {} is the server's", first.column);
            return Ok(Some(Err(reason)));
        }
    };
    Ok(Some(ShardMap::new(kind, &rows)))
}

/// A row of `sql/shards.sql`.
#[derive(Debug, Clone)]
struct Placement {
    column: String,
    deterministic: bool,
    low: i32,
    high: i32,
    name: String,
    address: NodeAddress,
}

impl Placement {
    fn of(row: &Row) -> Result<Placement> {
        Ok(Placement {
            column: row.try_get("column_name")?,
            deterministic: row.try_get("deterministic")?,
            low: row.try_get("low")?,
            high: row.try_get("high")?,
            name: row.try_get("name")?,
            address: NodeAddress {
                host: row.try_get("host")?,
                port: u16::try_from(row.try_get::<_, i32>("port")?)?,
            },
        })
    }
}

impl ShardMap {
    /// `rows` are in the order of their hashes.
    fn new(kind: KeyKind, rows: &[Placement]) -> Result<ShardMap, String> {
        let mut map = ShardMap {
            column: rows.first().map_or(String::new(), |it| it.column.clone()),
            kind,
            shards: Vec::new(),
            nodes: Vec::new(),
        };
        let mut next = i64::from(i32::MIN);
        for row in rows {
            if i64::from(row.low) < next {
                return Err("its shards have several copies".to_owned());
            }
            if i64::from(row.low) > next {
                return Err("some hashes have no shard".to_owned());
            }
            next = i64::from(row.high) + 1;
            let known = map.nodes.iter().position(|node| *node == row.address);
            let node = known.unwrap_or_else(|| {
                map.nodes.push(row.address.clone());
                map.nodes.len() - 1
            });
            map.shards.push(Shard {
                name: row.name.clone(),
                node,
                high: row.high,
            });
        }
        match next > i64::from(i32::MAX) {
            true => Ok(map),
            false => Err("some hashes have no shard".to_owned()),
        }
    }

    /// The number of the shard of a key in COPY's binary format; `None` for one that isn't of the column's type.
    pub fn shard_of(&self, key: &[u8]) -> Option<usize> {
        let hash = match self.kind {
            KeyKind::Integer => hash::of_integer(integer(key)?),
            KeyKind::Bytes => hash::of_text(key),
        };
        let hash = hash.cast_signed();
        Some(self.shards.partition_point(|shard| shard.high < hash))
    }

    /// All shards in groups of about the same size, each of one node, so many of a node if it has as many shards.
    pub fn groups(&self, of_a_node: usize) -> Vec<ShardGroup> {
        let mut groups = Vec::new();
        for node in 0..self.nodes.len() {
            let shards = self.shards.iter().enumerate();
            let own = shards.filter(|(_, shard)| shard.node == node);
            let own: Vec<usize> = own.map(|(number, _)| number).collect();
            let count = of_a_node.clamp(1, own.len().max(1));
            groups.extend((0..count).map(|group| ShardGroup {
                node,
                shards: own.iter().copied().skip(group).step_by(count).collect(),
            }));
        }
        groups
    }

    /// The names of a group's shards.
    pub fn names<'m>(&'m self, group: &'m ShardGroup) -> impl Iterator<Item = &'m str> {
        let shards = group.shards.iter();
        shards.map(|number| self.shards[*number].name.as_str())
    }
}

/// A whole number of 2, 4 or 8 bytes.
fn integer(bytes: &[u8]) -> Option<i64> {
    match bytes.len() {
        2 => Some(i64::from(i16::from_be_bytes(bytes.try_into().ok()?))),
        4 => Some(i64::from(i32::from_be_bytes(bytes.try_into().ok()?))),
        8 => Some(i64::from_be_bytes(bytes.try_into().ok()?)),
        _ => None,
    }
}

#[cfg(test)]
impl ShardMap {
    /// Shards of a table that is distributed by `id`, a whole number: `public.t_-8` on the host `b` holds the hashes from -8
    /// to -1.
    pub fn of_places(places: &[(i32, i32, &str)]) -> Result<ShardMap, String> {
        let placements: Vec<_> = places.iter().copied().map(Placement::sample).collect();
        ShardMap::new(KeyKind::Integer, &placements)
    }
}

#[cfg(test)]
impl Placement {
    fn sample((low, high, host): (i32, i32, &str)) -> Placement {
        Placement {
            column: "id".into(),
            deterministic: true,
            low,
            high,
            name: format!("public.t_{low}"),
            address: NodeAddress {
                host: host.into(),
                port: 5432,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_goes_to_the_shard_of_its_hash() {
        let map = ShardMap::of_places(&[(i32::MIN, -1, "a"), (0, i32::MAX, "b")]).unwrap();
        // hashint4(1) is -1905060026 and hashint4(-1) is 385747274.
        assert_eq!(map.shard_of(&1_i32.to_be_bytes()), Some(0));
        assert_eq!(map.shard_of(&(-1_i32).to_be_bytes()), Some(1));
        assert_eq!(map.shard_of(&(-1_i64).to_be_bytes()), Some(1));
        assert_eq!(map.shard_of(&[1, 2, 3]), None);
    }

    #[test]
    fn texts_and_uuids_are_hashed_by_their_bytes() {
        let halves = [(i32::MIN, 75_294_832, "a"), (75_294_833, i32::MAX, "b")];
        let halves = halves.map(Placement::sample);
        let map = ShardMap::new(KeyKind::Bytes, &halves).unwrap();
        // hashtext('naïve') is 75294833, hashtext('') is -1477818771, and the uuid's hash 776152245.
        let uuid = 0x0011_2233_4455_6677_8899_aabb_ccdd_eeff_u128.to_be_bytes();
        assert_eq!(map.shard_of("naïve".as_bytes()), Some(1));
        assert_eq!(map.shard_of(b""), Some(0));
        assert_eq!(map.shard_of(&uuid), Some(1));
    }

    #[test]
    fn groups_share_a_node_s_shards() {
        let places = [
            (i32::MIN, -9, "a"),
            (-8, -1, "b"),
            (0, 7, "a"),
            (8, i32::MAX, "a"),
        ];
        let map = ShardMap::of_places(&places).unwrap();
        let groups = |of_a_node| {
            let groups = map.groups(of_a_node).into_iter();
            groups.map(|it| (it.node, it.shards)).collect::<Vec<_>>()
        };
        assert_eq!(groups(1), [(0, vec![0, 2, 3]), (1, vec![1])]);
        assert_eq!(groups(2), [(0, vec![0, 3]), (0, vec![2]), (1, vec![1])]);
        assert_eq!(groups(9).len(), 4);
        let first = &map.groups(2)[1];
        assert_eq!(map.names(first).collect::<Vec<_>>(), ["public.t_0"]);
    }

    #[test]
    fn shards_that_lack_hashes_or_share_them_are_the_server_s() {
        let map = ShardMap::of_places;
        let gap = [(i32::MIN, -2, "a"), (0, i32::MAX, "b")];
        assert_eq!(map(&gap).unwrap_err(), "some hashes have no shard");
        let end = [(i32::MIN, 7, "a")];
        assert_eq!(map(&end).unwrap_err(), "some hashes have no shard");
        let copies = [(i32::MIN, i32::MAX, "a"), (i32::MIN, i32::MAX, "b")];
        assert_eq!(map(&copies).unwrap_err(), "its shards have several copies");
    }
}
