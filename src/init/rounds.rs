//! Which tables a trial is of, and how many rows: all of them first, then those that weren't accepted, and all again.
//!
//! Most tables are accepted the first time. What is wrong with the others shows in a few rows, and may take several
//! attempts to mend; the whole is tried with the full number of rows when nothing is known to be wrong.

use std::collections::{BTreeMap, BTreeSet};

use crate::dataset::Dataset;
use crate::infer::model::{Model, ModelTable};
use crate::load::trial::{FirstRows, ROWS, Trial, TrialVerdict};

/// Rows that show most of what is wrong.
pub(super) const FEW: u64 = 50;

/// What earlier trials have shown.
#[derive(Debug, Default)]
pub(super) struct Rounds {
    /// The tables that were accepted, as they were made.
    accepted: BTreeMap<String, ModelTable>,
    /// Whether nothing is known to be wrong.
    is_settled: bool,
}

/// A trial.
#[derive(Debug)]
pub(super) struct Round {
    /// The tables' positions, in load order.
    tables: Vec<usize>,
    rows: u64,
}

impl Round {
    /// The rows of the trial.
    pub fn first_rows(&self, seed: u64) -> FirstRows<'_> {
        FirstRows {
            tables: &self.tables,
            rows: self.rows,
            seed,
        }
    }

    /// Whether it is of all tables, with the full number of rows.
    pub fn is_whole(&self) -> bool {
        self.rows == ROWS
    }
}

impl Rounds {
    /// The next trial.
    pub fn next(&self, model: &Model, dataset: &Dataset) -> Round {
        let real = dataset.real_tables();
        let is_open = |table: &usize| {
            let name = &dataset.tables[*table].name;
            self.accepted.get(name) != model.table(name)
        };
        let open: BTreeSet<usize> = real.iter().copied().filter(is_open).collect();
        if self.is_settled || open.is_empty() {
            return Round {
                tables: real,
                rows: ROWS,
            };
        }
        let wanted = with_parents(model, dataset, open);
        Round {
            tables: real.into_iter().filter(|it| wanted.contains(it)).collect(),
            rows: FEW,
        }
    }

    /// Takes what a trial has shown.
    pub fn take(&mut self, model: &Model, trial: &Trial, learned: bool) {
        for tried in &trial.tables {
            match (&tried.verdict, model.table(&tried.name)) {
                (TrialVerdict::Holds(_) | TrialVerdict::Occupied, Some(table)) => {
                    self.accepted.insert(tried.name.clone(), table.clone());
                }
                _ => {
                    self.accepted.remove(&tried.name);
                }
            }
        }
        self.is_settled = !learned;
    }
}

/// Tables and those that they refer to, over others, too.
fn with_parents(model: &Model, dataset: &Dataset, mut wanted: BTreeSet<usize>) -> BTreeSet<usize> {
    let mut open: Vec<usize> = wanted.iter().copied().collect();
    while let Some(table) = open.pop() {
        let made = model.table(&dataset.tables[table].name);
        let parents = made.into_iter().flat_map(|it| &it.parents);
        for parent in parents.filter_map(|it| dataset.position(it)) {
            if wanted.insert(parent) {
                open.push(parent);
            }
        }
    }
    wanted
}
