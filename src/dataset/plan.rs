//! How many rows every table has, cut into blocks, and each block's first ids.
//!
//! Block k of every table holds the descendants of block k of the root tables. Counts are pure draws from (seed, table,
//! parent id), so a first pass that only draws counts gives every block its first ids, and any block can then be generated
//! alone. Bytes do not depend on where blocks are cut.

use std::ops::Range;

use rayon::prelude::*;

use crate::dataset::Amount;
use crate::dataset::draw::Key;
use crate::dataset::spec::{Dataset, Size};

/// About this many rows of the largest table that is needed go into a block: some hundred KB to a few MB of CSV, enough to make
/// hand-overs cheap and few enough for dozens of blocks to be in memory.
const BLOCK_ROWS: f64 = 8_192.0;

/// The counts of one (dataset, rows, seed).
#[derive(Debug)]
pub struct RowPlan {
    seed: u64,
    blocks: usize,
    /// `first[table][block]` is the table's first id in the block; one more at the end. Empty for tables not needed.
    first: Vec<Vec<u64>>,
}

/// The children of one parent, or a block's rows of a table without one.
#[derive(Debug, Clone, Copy)]
pub struct Family<'a> {
    /// Ids of the parent, its parent and so on, nearest first.
    pub ancestors: &'a [u64],
    /// The first child's id.
    pub first: u64,
    /// How many children.
    pub count: u64,
    /// The id that the first of them is there for, where there is one for each row of another table.
    pub partner: u64,
}

impl RowPlan {
    /// Draws the counts of the selected tables (positions), their ancestors and the tables they refer to.
    pub fn new(
        dataset: &Dataset,
        amount: impl Into<Amount>,
        seed: u64,
        selected: &[usize],
    ) -> RowPlan {
        RowPlan::in_parts(dataset, amount.into(), seed, selected, 1)
    }

    /// As [`RowPlan::new`], with blocks for so many parts of the same size, as far as there are rows for as many.
    pub fn in_parts(
        dataset: &Dataset,
        amount: Amount,
        seed: u64,
        selected: &[usize],
        parts: u32,
    ) -> RowPlan {
        let sizes = |table: usize, _| dataset.scaled_rows(table, amount);
        RowPlan::sized(dataset, &sizes, seed, selected, parts)
    }

    /// As [`RowPlan::new`], with at most so many rows of each table without a parent.
    pub fn first_rows(dataset: &Dataset, most: u64, seed: u64, selected: &[usize]) -> RowPlan {
        RowPlan::sized(dataset, &|_, rows| rows.min(most), seed, selected, 1)
    }

    /// `sizes` gives the rows of a table without a parent, from its position and the dataset's number.
    fn sized(
        dataset: &Dataset,
        sizes: &dyn Fn(usize, u64) -> u64,
        seed: u64,
        selected: &[usize],
        parts: u32,
    ) -> RowPlan {
        let needed = needed_tables(dataset, selected);
        let blocks = block_count(dataset, sizes, &needed, parts);
        let mut plan = RowPlan {
            seed,
            blocks,
            first: vec![Vec::new(); dataset.tables.len()],
        };
        let keys = count_keys(dataset, seed);
        for table in (0..dataset.tables.len()).filter(|&table| needed[table]) {
            plan.first[table] = match &dataset.tables[table].size {
                Size::Rows(rows) => {
                    let rows = sizes(table, *rows);
                    (0..=blocks)
                        .map(|block| 1 + slice_start(rows, block, blocks))
                        .collect()
                }
                Size::Loaded => vec![1; blocks + 1],
                Size::Per {
                    parent,
                    counts,
                    each: Some(other),
                } => {
                    let Size::Per {
                        parent: above,
                        counts: of_parent,
                        ..
                    } = &dataset.tables[*parent].size
                    else {
                        continue;
                    };
                    let pairs = |id| {
                        of_parent.draw(&mut keys[*parent].row(id))
                            * counts.draw(&mut keys[*other].row(id))
                    };
                    first_ids(&sums(&plan.first[*above], pairs))
                }
                Size::Per {
                    parent,
                    counts,
                    each: None,
                } => {
                    let count = |id| counts.draw(&mut keys[table].row(id));
                    first_ids(&sums(&plan.first[*parent], count))
                }
            };
        }
        plan
    }

    /// How many blocks every table has.
    pub fn blocks(&self) -> usize {
        self.blocks
    }

    /// The seed.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// A table's rows; its ids are 1 to this number.
    pub fn rows(&self, table: usize) -> u64 {
        self.first[table].last().map_or(0, |end| end - 1)
    }

    /// How many rows of a table some blocks, one behind the other, have.
    pub fn rows_in(&self, table: usize, blocks: &Range<usize>) -> u64 {
        self.first[table][blocks.end] - self.first[table][blocks.start]
    }

    /// The ids of a table's rows in a block.
    pub fn ids(&self, table: usize, block: usize) -> Range<u64> {
        self.first[table][block]..self.first[table][block + 1]
    }
}

/// The sums of a count over each block's ids.
fn sums(first: &[u64], count: impl Fn(u64) -> u64 + Sync) -> Vec<u64> {
    first
        .par_windows(2)
        .map(|ids| (ids[0]..ids[1]).map(&count).sum())
        .collect()
}

/// The ids 1.. after which each block begins.
fn first_ids(sums: &[u64]) -> Vec<u64> {
    let mut next = 1;
    let mut first = Vec::with_capacity(sums.len() + 1);
    first.push(next);
    for sum in sums {
        next += sum;
        first.push(next);
    }
    first
}

/// Where block `block` of `blocks` begins among `rows` rows.
fn slice_start(rows: u64, block: usize, blocks: usize) -> u64 {
    let start = u128::from(rows) * block as u128 / blocks as u128;
    u64::try_from(start).unwrap_or(rows)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a positive number of blocks, and `as` saturates"
)]
fn block_count(
    dataset: &Dataset,
    sizes: &dyn Fn(usize, u64) -> u64,
    needed: &[bool],
    parts: u32,
) -> usize {
    let mut rows = vec![0.0f64; dataset.tables.len()];
    // A block holds whole rows of the tables without a parent: more blocks than these have rows would be empty.
    let (mut largest, mut most) = (0.0f64, 1.0f64);
    for (index, table) in dataset.tables.iter().enumerate() {
        rows[index] = match &table.size {
            Size::Loaded => 0.0,
            Size::Rows(rows) => sizes(index, *rows) as f64,
            Size::Per { parent, counts, .. } => rows[*parent] * counts.mean(),
        };
        if needed[index] {
            largest = largest.max(rows[index]);
            if let Size::Rows(_) = table.size {
                most = most.max(rows[index]);
            }
        }
    }
    let parts = f64::from(parts);
    let of_each_part = (largest / BLOCK_ROWS / parts).ceil().max(1.0);
    (of_each_part * parts).min(most) as usize
}

/// The tables whose counts the selected ones depend on: their own, and those that their values are made from.
fn needed_tables(dataset: &Dataset, selected: &[usize]) -> Vec<bool> {
    let mut needed = vec![false; dataset.tables.len()];
    let mut open = selected.to_vec();
    while let Some(table) = open.pop() {
        if std::mem::replace(&mut needed[table], true) {
            continue;
        }
        let spec = &dataset.tables[table];
        if let Size::Per { parent, each, .. } = spec.size {
            open.push(parent);
            open.extend(each);
        }
        for column in &spec.columns {
            open.extend(column.maker.spec().tables());
        }
    }
    needed
}

/// What each table's counts are drawn from.
fn count_keys(dataset: &Dataset, seed: u64) -> Vec<Key> {
    dataset
        .tables
        .iter()
        .map(|table| Key::new(seed, &table.name, "\0count"))
        .collect()
}

/// The way from a table without a parent down to one table: for walking its rows family by family.
pub struct Walk<'a> {
    dataset: &'a Dataset,
    plan: &'a RowPlan,
    /// The table first, its farthest ancestor last.
    path: Vec<usize>,
    keys: Vec<Key>,
}

impl<'a> Walk<'a> {
    /// For the rows of one table of the plan's dataset.
    pub fn new(dataset: &'a Dataset, plan: &'a RowPlan, table: usize) -> Walk<'a> {
        Walk {
            dataset,
            plan,
            path: dataset.lineage(table),
            keys: count_keys(dataset, plan.seed),
        }
    }

    /// Every family of a block in the order of its children's ids, childless ones included.
    pub fn families(&self, block: usize, mut each: impl FnMut(Family)) {
        // The next id of each table on the path, and behind them that of the table whose rows the own ones are there for.
        let tables = self.path.iter().copied().chain(self.partner());
        let mut next: Vec<u64> = tables
            .map(|table| self.plan.ids(table, block).start)
            .collect();
        let root = self.path.len() - 1;
        let ids = self.plan.ids(self.path[root], block);
        if root == 0 {
            return each(Family {
                ancestors: &[],
                first: ids.start,
                count: ids.end - ids.start,
                partner: 0,
            });
        }
        let mut ancestors = vec![0; root];
        for id in ids {
            ancestors[root - 1] = id;
            self.descend(root - 1, &mut ancestors, &mut next, &mut each);
        }
    }

    /// The children at `level` (0: the table's own rows) of the ancestors set from `level` on.
    fn descend(
        &self,
        level: usize,
        ancestors: &mut [u64],
        next: &mut [u64],
        each: &mut impl FnMut(Family),
    ) {
        let count = self.count(self.path[level], &ancestors[level..]);
        let first = next[level];
        next[level] += count;
        if level == 0 {
            return each(Family {
                ancestors,
                first,
                count,
                partner: next.get(self.path.len()).copied().unwrap_or(0),
            });
        }
        for id in first..first + count {
            ancestors[level - 1] = id;
            self.descend(level - 1, ancestors, next, each);
        }
        // The children of all of the parent's siblings are there for the same rows, which end with the last of them.
        if let (1, Some(other)) = (level, self.partner()) {
            next[self.path.len()] += self.count(other, &ancestors[1..]);
        }
    }

    /// How many rows of a table a parent has, given with its own ancestors.
    fn count(&self, table: usize, ancestors: &[u64]) -> u64 {
        match &self.dataset.tables[table].size {
            Size::Per {
                counts,
                each: Some(other),
                ..
            } => counts.draw(&mut self.keys[*other].row(ancestors[1])),
            Size::Per { counts, .. } => counts.draw(&mut self.keys[table].row(ancestors[0])),
            Size::Rows(_) | Size::Loaded => 0,
        }
    }

    /// The table whose rows those of the walk are there for.
    fn partner(&self) -> Option<usize> {
        match self.dataset.tables[self.path[0]].size {
            Size::Per { each, .. } => each,
            Size::Rows(_) | Size::Loaded => None,
        }
    }
}
