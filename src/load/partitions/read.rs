//! A table's partitions as the catalog has them, and whether its rows can be sorted into them here.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::{Context, Result};
use tokio_postgres::{GenericClient, Row};

use crate::copy::DataType;
use crate::load::partitions::bound::Bound;
use crate::load::partitions::key::KeyType;
use crate::load::partitions::tree::{Child, KeyColumn, Level, ParsedBound, PartitionTree};
use crate::postgres::TableName;
use crate::postgres::catalog::Column;

/// The partitions of a table.
#[derive(Debug, Clone)]
pub struct Partitions {
    /// All of them, those that are partitioned themselves included; parents first.
    pub tables: Vec<PartitionTable>,
    /// How rows find theirs.
    pub search: PartitionSearch,
}

/// A partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionTable {
    /// `pg_class.oid`.
    pub oid: u32,
    /// Schema and name.
    pub name: TableName,
    /// Whether it holds rows itself.
    pub is_leaf: bool,
    /// Columns that have another default than the partitioned table's.
    other_defaults: Vec<String>,
}

/// How rows find their partition.
#[derive(Debug, Clone)]
pub enum PartitionSearch {
    /// They are sorted here.
    Here(Arc<PartitionTree>),
    /// By the server, with the reason.
    ByServer(String),
}

impl Partitions {
    /// Those that hold rows, by their number in the tree.
    pub fn leaves(&self) -> impl Iterator<Item = &PartitionTable> {
        self.tables.iter().filter(|table| table.is_leaf)
    }

    /// Whether rows are sorted before they are sent.
    pub fn are_sorted_here(&self) -> bool {
        matches!(self.search, PartitionSearch::Here(_))
    }

    /// The first partition that fills a column otherwise than the partitioned table does, of those not `filled` by rows.
    pub fn other_default(&self, filled: &[&str]) -> Option<(&TableName, &str)> {
        self.leaves().find_map(|leaf| {
            let mut others = leaf.other_defaults.iter().map(String::as_str);
            let other = others.find(|column| !filled.contains(column))?;
            Some((&leaf.name, other))
        })
    }
}

/// A table of the tree as the catalog has it.
struct Entry {
    table: PartitionTable,
    parent: Option<u32>,
    bound: Option<String>,
    strategy: Option<String>,
    key_columns: Vec<Option<String>>,
    /// Whether the order of each is that of its bytes.
    by_bytes: Vec<bool>,
    obstacle: Option<String>,
}

/// Reads a partitioned table's partitions; `columns` are its own.
pub async fn read(
    client: &impl GenericClient,
    table: u32,
    columns: &[Column],
) -> Result<Partitions> {
    let rows = client
        .query(include_str!("sql/partitions.sql"), &[&table])
        .await
        .context("could not read the table's partitions")?;
    let entries = rows.iter().map(entry).collect::<Result<Vec<_>>>()?;
    let search = match search(&entries, columns) {
        Ok(tree) => PartitionSearch::Here(Arc::new(tree)),
        Err(reason) => PartitionSearch::ByServer(reason),
    };
    let tables = entries.into_iter().skip(1).map(|entry| entry.table);
    Ok(Partitions {
        tables: tables.collect(),
        search,
    })
}

fn entry(row: &Row) -> Result<Entry> {
    let (schema, name): (String, String) =
        (row.try_get("schema_name")?, row.try_get("table_name")?);
    Ok(Entry {
        table: PartitionTable {
            oid: row.try_get("oid")?,
            name: TableName::new(schema, name),
            is_leaf: row.try_get("is_leaf")?,
            other_defaults: row.try_get("other_defaults")?,
        },
        parent: row.try_get("parent")?,
        bound: row.try_get("bound")?,
        strategy: row.try_get("strategy")?,
        key_columns: row
            .try_get::<_, Option<_>>("key_columns")?
            .unwrap_or_default(),
        by_bytes: row.try_get::<_, Option<_>>("by_bytes")?.unwrap_or_default(),
        obstacle: row.try_get("obstacle")?,
    })
}

/// The tree of the entries, the first of which is its top; else the reason why rows can't be sorted here.
fn search(entries: &[Entry], columns: &[Column]) -> Result<PartitionTree, String> {
    if let Some((entry, obstacle)) = entries
        .iter()
        .find_map(|entry| Some((entry, entry.obstacle.as_ref()?)))
    {
        return Err(format!("{} {obstacle}", entry.table.name));
    }
    let Some(top) = entries.first().filter(|_| entries.len() > 1) else {
        return Err("it has no partition".to_owned());
    };
    let leaves = entries.iter().filter(|entry| entry.table.is_leaf);
    let leaves = leaves
        .enumerate()
        .map(|(leaf, entry)| (entry.table.oid, leaf));
    let mut builder = Builder {
        entries,
        columns,
        leaves: leaves.collect(),
        names: Vec::new(),
    };
    let top = builder.level(top)?;
    Ok(PartitionTree {
        columns: builder.names,
        top,
    })
}

/// A tree that is built.
struct Builder<'a> {
    entries: &'a [Entry],
    columns: &'a [Column],
    /// The number of each leaf, by its oid.
    leaves: HashMap<u32, usize>,
    /// The key columns so far.
    names: Vec<String>,
}

impl<'a> Builder<'a> {
    fn level(&mut self, entry: &Entry) -> Result<Level, String> {
        let mut key = Vec::new();
        let mut types = Vec::new();
        for (name, by_bytes) in entry.key_columns.iter().flatten().zip(&entry.by_bytes) {
            let (column, data_type) = self.key_column(entry, name, *by_bytes)?;
            key.push(column);
            types.push(data_type);
        }
        let mut partitions = Vec::new();
        let entries = self.entries;
        for child in entries
            .iter()
            .filter(|it| it.parent == Some(entry.table.oid))
        {
            let bound = parse(child, &key, &types)?;
            let child = match self.leaves.get(&child.table.oid) {
                Some(leaf) => Child::Leaf(*leaf),
                None => Child::Level(Box::new(self.level(child)?)),
            };
            partitions.push((bound, child));
        }
        Level::new(key, partitions).map_err(|error| format!("{}: {error:#}", entry.table.name))
    }

    fn key_column(
        &mut self,
        entry: &Entry,
        name: &str,
        by_bytes: bool,
    ) -> Result<(KeyColumn, &'a DataType), String> {
        let table = &entry.table.name;
        let column = self.columns.iter().find(|column| column.name == name);
        let column = column.ok_or_else(|| format!("{table} is partitioned by {name}"))?;
        let refused = || format!("{table} is partitioned by {name}, a {}", column.type_name);
        let key_type = KeyType::of(&column.data_type).ok_or_else(refused)?;
        let serves = match entry.strategy.as_deref() {
            Some("h") => key_type.is_hashed_here(),
            Some("r") if key_type.is_collated(&column.data_type) && !by_bytes => {
                return Err(format!(
                    "{table} is partitioned by {name} in the order of a language"
                ));
            }
            Some("r") => key_type != KeyType::Label,
            Some("l") => true,
            _ => false,
        };
        if !serves {
            return Err(refused());
        }
        let known = self.names.iter().position(|known| known == name);
        let position = known.unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.names.len() - 1
        });
        let column_of_key = KeyColumn {
            column: position,
            key_type,
        };
        Ok((column_of_key, &column.data_type))
    }
}

/// The bound of a partition of a table with this key.
fn parse(entry: &Entry, key: &[KeyColumn], types: &[&DataType]) -> Result<ParsedBound, String> {
    let table = &entry.table.name;
    let text = entry.bound.as_deref().unwrap_or_default();
    let bound = Bound::parse(text).map_err(|error| format!("{table}: {error:#}"))?;
    bound.try_map(|position, value: String| {
        let column = key.get(position).zip(types.get(position));
        let parsed =
            column.and_then(|(column, data_type)| column.key_type.parse(data_type, &value));
        parsed.ok_or_else(|| format!("{table} takes rows by `{value}`"))
    })
}
