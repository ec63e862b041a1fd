//! The tasks of the rows-and-keys phase, and what they have come to.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use crate::load::constraints::KeyViolation;
use crate::load::ledger::DroppedConstraint;
use crate::load::parent_gate::ParentGate;
use crate::load::table::table_load::TableLoad;

/// A task of the rows-and-keys phase.
pub enum FillTask<'a, T> {
    /// A table's rows.
    Rows(&'a TableLoad<'a>),
    /// Its primary and unique keys, one after the other: each takes an exclusive lock on the table.
    Keys(&'a TableLoad<'a>),
    /// Keys and indexes of partitions, which the table's own adopt.
    PartitionKeys(
        &'a TableLoad<'a>,
        Vec<&'a DroppedConstraint>,
        Rc<PartitionsLeft>,
    ),
    /// Another dropped index. Like the hook's tasks, it only locks out writes, so several may run at a time.
    Index(&'a TableLoad<'a>, &'a DroppedConstraint),
    /// A task of the hook.
    Hook(&'a TableLoad<'a>, T),
    /// The statistics of a table whose keys and indexes are built: for a connection that would wait for the others.
    Statistics(&'a TableLoad<'a>),
}

/// The partitions of a table whose keys are restored by several tasks.
#[derive(Debug)]
pub struct PartitionsLeft {
    /// How many of them.
    pub tasks: Cell<usize>,
    /// Whether each key was restored.
    pub whole: Cell<bool>,
}

/// What is done first with tables: their rows, or what follows these where an earlier attempt loaded them.
pub fn first_tasks<'a, T>(loads: Vec<&'a TableLoad<'a>>) -> Vec<FillTask<'a, T>> {
    let first = |load: &'a TableLoad<'a>| match load.is_complete() {
        true => FillTask::Keys(load),
        false => FillTask::Rows(load),
    };
    loads.into_iter().map(first).collect()
}

/// What the tasks have come to.
pub struct FillState<'a> {
    /// Which tables have their rows.
    pub gate: ParentGate<'a>,
    /// Rows that break keys.
    pub violations: RefCell<Vec<KeyViolation>>,
    /// How many indexes are still to be built, by the table's OID.
    builds: RefCell<HashMap<u32, usize>>,
    /// The OIDs of the tables whose statistics are taken.
    pub analyzed: RefCell<BTreeSet<u32>>,
}

impl<'a> FillState<'a> {
    /// Of tables to fill.
    pub fn new(loads: &'a [TableLoad<'a>]) -> FillState<'a> {
        FillState {
            gate: ParentGate::new(loads),
            violations: RefCell::default(),
            builds: RefCell::default(),
            analyzed: RefCell::default(),
        }
    }

    /// So many indexes follow a table's keys.
    pub fn expect_builds(&self, load: &TableLoad<'_>, count: usize) {
        self.builds.borrow_mut().insert(load.target.oid, count);
    }

    /// One of them is built; whether it was the last.
    pub fn is_last_build(&self, load: &TableLoad<'_>) -> bool {
        let mut builds = self.builds.borrow_mut();
        let left = builds.entry(load.target.oid).or_default();
        *left = left.saturating_sub(1);
        *left == 0
    }
}
