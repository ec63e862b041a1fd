//! What the nodes of a cluster know of distributed tables: pages, rows and bytes of their shards, and of the shards' indexes.
//!
//! A distributed table's own files on the coordinator are empty, and `pg_class` there knows nothing of its rows.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use tokio_postgres::GenericClient;

use super::Capabilities;
use super::catalog::{Index, Table};
use crate::units::counted;

/// Sums over the shards of each distributed table, by the table's oid.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Placements {
    tables: HashMap<u32, ShardSums>,
}

/// Whether the nodes of a cluster are asked for the sizes of shards. That opens a connection to each.
#[derive(Debug, Clone, PartialEq)]
pub enum ShardSizes {
    /// There are none, or they aren't needed.
    Unasked,
    /// Every node is asked.
    Asked,
    /// They were asked before.
    Known(Placements),
}

impl ShardSizes {
    /// Asks where there is a cluster.
    pub fn of(server: Capabilities) -> ShardSizes {
        match server.cluster {
            Some(_) => ShardSizes::Asked,
            None => ShardSizes::Unasked,
        }
    }

    /// What the nodes answer; nothing where they aren't asked.
    pub async fn read(&self, client: &impl GenericClient) -> Result<Placements> {
        match self {
            ShardSizes::Unasked => Ok(Placements::default()),
            ShardSizes::Asked => read(client).await,
            ShardSizes::Known(placements) => Ok(placements.clone()),
        }
    }
}

/// Sums over a table's shards, each counted once however many copies it has.
#[derive(Debug, Clone, Default, PartialEq)]
struct ShardSums {
    pages: u64,
    rows: f64,
    all_visible: u64,
    bytes: u64,
    /// Whether each shard that has pages was analysed.
    analysed: bool,
    /// Bytes of the indexes, by their names without the shard's number.
    indexes: HashMap<String, u64>,
}

/// A shard, as the node that holds it knows it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
struct Shard {
    shard: u64,
    pages: u64,
    /// Below 0 where it was neither vacuumed nor analysed.
    rows: f64,
    all_visible: u64,
    bytes: u64,
    analysed: bool,
    indexes: HashMap<String, u64>,
}

/// Asks every node for the shards that it holds. What the transaction that asks has made, the nodes don't see.
async fn read(client: &impl GenericClient) -> Result<Placements> {
    let could_not = "could not read which shards the distributed tables have";
    let sql = "SELECT shardid, logicalrelid::oid FROM pg_dist_shard";
    let rows = client.query_typed(sql, &[]).await.context(could_not)?;
    let mut tables: HashMap<u64, u32> = HashMap::new();
    for row in rows {
        tables.insert(row.try_get::<_, i64>(0)?.cast_unsigned(), row.try_get(1)?);
    }
    let mut shards: BTreeMap<u64, Shard> = BTreeMap::new();
    for shard in ask_nodes(client).await? {
        shards.entry(shard.shard).or_insert(shard);
    }
    Placements::sum(&tables, shards.into_values())
}

async fn ask_nodes(client: &impl GenericClient) -> Result<Vec<Shard>> {
    let could_not = "could not ask the cluster's nodes for the sizes of their shards";
    let sql = "SELECT nodeid, success, result FROM run_command_on_all_nodes($1)";
    let asked = client
        .query(sql, &[&include_str!("sql/shards.sql")])
        .await
        .context(could_not)?;
    let mut shards = Vec::new();
    for row in asked {
        let (node, success, result): (i32, bool, Option<String>) =
            (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let result = result.unwrap_or_default();
        if !success {
            bail!("{could_not}: node {node}: {result}");
        }
        let held: Vec<Shard> = serde_json::from_str(&result)
            .with_context(|| format!("{could_not}: node {node} answered {result}"))?;
        shards.extend(held);
    }
    Ok(shards)
}

impl Placements {
    /// `tables` are the shards' tables. An error where a node lacks a shard.
    fn sum(tables: &HashMap<u64, u32>, shards: impl Iterator<Item = Shard>) -> Result<Placements> {
        let mut placements = Placements::default();
        let mut missing = tables.clone();
        for shard in shards {
            // One that was moved or dropped since.
            let Some(table) = missing.remove(&shard.shard) else {
                continue;
            };
            let sums = placements.tables.entry(table).or_insert_with(|| ShardSums {
                analysed: true,
                ..ShardSums::default()
            });
            sums.add(shard);
        }
        match missing.len() {
            0 => Ok(placements),
            count => bail!(
                "{} of distributed tables on no node that could be asked",
                counted(count as u64, "shard")
            ),
        }
    }

    /// Fills in what the coordinator doesn't know of a table; nothing for one that isn't distributed.
    pub fn complete_table(&self, table: &mut Table) {
        if let Some(sums) = self.tables.get(&table.oid) {
            table.pages = sums.pages;
            table.rows = sums.rows;
            table.all_visible = sums.all_visible;
            table.bytes = sums.bytes;
        }
    }

    /// The same of an index.
    pub fn complete_index(&self, index: &mut Index) {
        if let Some(bytes) = self.index_bytes(index.table_oid, &index.name) {
            index.bytes = bytes;
        }
    }

    /// Whether there are no distributed tables.
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }

    /// The bytes of a distributed table's index; `None` where the table isn't distributed.
    pub fn index_bytes(&self, table: u32, index: &str) -> Option<u64> {
        let sums = self.tables.get(&table)?;
        Some(sums.indexes.get(index).copied().unwrap_or(0))
    }

    /// The tables all of whose shards were analysed.
    pub fn analysed(&self) -> impl Iterator<Item = u32> {
        let analysed = self.tables.iter().filter(|(_, sums)| sums.analysed);
        analysed.map(|(table, _)| *table)
    }
}

impl ShardSums {
    fn add(&mut self, shard: Shard) {
        let is_unknown = shard.rows < 0.0 && shard.bytes > 0;
        self.pages += shard.pages;
        self.rows = match is_unknown || self.rows < 0.0 {
            true => -1.0,
            false => self.rows + shard.rows.max(0.0),
        };
        self.all_visible += shard.all_visible;
        self.bytes += shard.bytes;
        self.analysed &= shard.analysed || shard.rows == 0.0 || shard.bytes == 0;
        let suffix = format!("_{}", shard.shard);
        for (name, bytes) in shard.indexes {
            let name = name.strip_suffix(&suffix).unwrap_or(&name).to_owned();
            *self.indexes.entry(name).or_default() += bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shard(number: u64, rows: f64, analysed: bool) -> Shard {
        Shard {
            shard: number,
            pages: 10,
            rows,
            all_visible: 9,
            bytes: 81_920,
            analysed,
            indexes: HashMap::from([(format!("a_b_idx_{number}"), 8_192)]),
        }
    }

    fn sum(shards: &[Shard]) -> Result<ShardSums> {
        let tables = HashMap::from([(1, 7), (2, 7)]);
        let mut sums = Placements::sum(&tables, shards.iter().cloned())?;
        Ok(sums.tables.remove(&7).unwrap_or_default())
    }

    #[test]
    fn shards_are_summed_by_table_and_index() {
        let sums = sum(&[shard(1, 5.0, true), shard(2, 6.0, true)]).unwrap();
        assert_eq!((sums.pages, sums.rows, sums.all_visible), (20, 11.0, 18));
        assert_eq!(sums.indexes["a_b_idx"], 16_384);
        assert!(sums.analysed);
    }

    #[test]
    fn a_shard_that_isn_t_known_makes_its_table_unknown() {
        let sums = sum(&[shard(1, -1.0, false), shard(2, 6.0, true)]).unwrap();
        assert_eq!(sums.rows, -1.0);
        assert!(!sums.analysed);
        let error = sum(&[shard(1, 5.0, true)]).unwrap_err().to_string();
        assert_eq!(
            error,
            "1 shard of distributed tables on no node that could be asked"
        );
    }
}
