//! How far a load has come, read by the signal handler for what an interrupted run reports.

use std::sync::atomic::{AtomicU8, Ordering};

/// What a load has changed in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// No row yet: the same command starts over.
    NotStarted,
    /// The ledger has it as unfinished.
    Started,
    /// It is complete.
    Complete,
}

/// The stage that a running load has reached.
#[derive(Debug, Default)]
pub struct StageTracker(AtomicU8);

impl StageTracker {
    /// The stage reached.
    pub fn get(&self) -> Stage {
        match self.0.load(Ordering::Relaxed) {
            0 => Stage::NotStarted,
            1 => Stage::Started,
            _ => Stage::Complete,
        }
    }

    pub(super) fn set(&self, stage: Stage) {
        self.0.store(stage as u8, Ordering::Relaxed);
    }
}
