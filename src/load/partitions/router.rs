//! The rows of a chunk, each sorted to its partition.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};

use crate::copy::binary_row::split;
use crate::load::partitions::read::{PartitionSearch, Partitions};
use crate::load::partitions::tree::PartitionTree;
use crate::postgres::TableName;

/// Sorts a source's rows.
#[derive(Debug)]
pub struct Router {
    tree: Arc<PartitionTree>,
    /// The field of a row that holds each of the tree's columns.
    fields: Vec<usize>,
    leaves: Vec<TableName>,
    parent: TableName,
    has_used_parent: AtomicBool,
}

/// Where rows go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination<'a> {
    /// A partition.
    Leaf(&'a TableName),
    /// The partitioned table, whose server finds the partition or says that there is none.
    Parent(&'a TableName),
}

impl Router {
    /// For rows whose fields are these columns of a partitioned table; else the reason why the server sorts them.
    pub fn new(
        parent: &TableName,
        partitions: &Partitions,
        filled: &[&str],
    ) -> Result<Router, String> {
        let tree = match &partitions.search {
            PartitionSearch::Here(tree) => tree,
            PartitionSearch::ByServer(reason) => return Err(reason.clone()),
        };
        if let Some((leaf, column)) = partitions.other_default(filled) {
            return Err(format!("{leaf} has another default for {column}"));
        }
        let field = |name: &String| {
            let field = filled.iter().position(|filled| filled == name);
            field.ok_or_else(|| format!("its rows have no {name}, by which it is partitioned"))
        };
        Ok(Router {
            fields: tree.columns.iter().map(field).collect::<Result<_, _>>()?,
            tree: Arc::clone(tree),
            leaves: partitions.leaves().map(|leaf| leaf.name.clone()).collect(),
            parent: parent.clone(),
            has_used_parent: AtomicBool::new(false),
        })
    }

    /// The partitions that hold rows, by their number.
    pub fn leaves(&self) -> &[TableName] {
        &self.leaves
    }

    /// How many destinations there are; the last is the partitioned table.
    pub fn destinations(&self) -> usize {
        self.leaves.len() + 1
    }

    /// The destination with a number.
    pub fn destination(&self, number: usize) -> Destination<'_> {
        match self.leaves.get(number) {
            Some(leaf) => Destination::Leaf(leaf),
            None => Destination::Parent(&self.parent),
        }
    }

    /// Notes that rows went through the partitioned table, which takes no FREEZE.
    pub fn use_parent(&self) {
        self.has_used_parent.store(true, Ordering::Relaxed);
    }

    /// Whether rows went through the partitioned table.
    pub fn has_used_parent(&self) -> bool {
        self.has_used_parent.load(Ordering::Relaxed)
    }

    /// Calls `each` with every row of a chunk in COPY's binary format and the number of its destination.
    pub fn sort<'b>(&self, chunk: &'b [u8], mut each: impl FnMut(&'b [u8], usize)) -> Result<()> {
        let mut values = vec![None; self.fields.len()];
        let mut fields = Vec::new();
        let mut rest = chunk;
        while !rest.is_empty() {
            let length = split(rest, &mut fields).context("a row is not as COPY has it")?;
            for (value, field) in values.iter_mut().zip(&self.fields) {
                *value = *fields.get(*field).context("a row lacks a field")?;
            }
            let leaf = self.tree.top.route(&values);
            let (row, behind) = rest.split_at(length);
            each(row, leaf.unwrap_or(self.leaves.len()));
            rest = behind;
        }
        Ok(())
    }
}
