//! The rows of a chunk, each sorted to its partition.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};

use crate::copy::binary_row::pick;
use crate::load::partitions::read::{PartitionSearch, Partitions};
use crate::load::partitions::tree::PartitionTree;
#[cfg(test)]
use crate::load::partitions::{
    bound::{Bound, Limit},
    key::{KeyType, OwnedValue},
    tree::{Child, KeyColumn, Level},
};
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
        let mut rest = chunk;
        while !rest.is_empty() {
            let length = pick(rest, &self.fields, &mut values);
            let length = length.context("a row is not as COPY has it")?;
            let leaf = self.tree.top.route(&values);
            let (row, behind) = rest.split_at(length);
            each(row, leaf.unwrap_or(self.leaves.len()));
            rest = behind;
        }
        Ok(())
    }
}

#[cfg(test)]
impl Router {
    /// Of `public.t`, rows of one bigint column, into so many partitions, of ten values each from 0 on: `public.t_0`, `public.t_1`, …
    pub fn of_tens(partitions: usize) -> Router {
        let limit = |ten: usize| {
            let value = i64::try_from(10 * ten).expect("partitions are few");
            vec![Limit::Value(OwnedValue::Whole(value))]
        };
        let partition = |ten| {
            let (from, to) = (limit(ten), limit(ten + 1));
            (Bound::Range { from, to }, Child::Leaf(ten))
        };
        let key = KeyColumn {
            column: 0,
            key_type: KeyType::Int8,
        };
        let top = Level::new(vec![key], (0..partitions).map(partition).collect());
        let leaf = |ten| TableName::new("public", format!("t_{ten}"));
        Router {
            tree: Arc::new(PartitionTree {
                columns: vec!["id".to_owned()],
                top: top.expect("the bounds are in order"),
            }),
            fields: vec![0],
            leaves: (0..partitions).map(leaf).collect(),
            parent: TableName::new("public", "t"),
            has_used_parent: AtomicBool::new(false),
        }
    }
}
