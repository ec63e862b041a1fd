//! The result of a load, for the report.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::load::account::Account;
use crate::load::constraints::BrokenForeignKey;
use crate::load::session::ServerSettings;
use crate::load::source::rejects::Rejected;
use crate::load::timeline::Span;

/// The duration of one phase.
#[derive(Debug, Clone, PartialEq)]
pub struct Phase {
    /// What it does.
    pub name: &'static str,
    /// Rows that it processed, where that is meaningful.
    pub rows: Option<u64>,
    /// When it began.
    pub start: Instant,
    /// How long it took.
    pub took: Duration,
}

impl Phase {
    /// A phase that ends now.
    pub fn since(start: Instant, name: &'static str, rows: Option<u64>) -> Phase {
        Phase {
            name,
            rows,
            start,
            took: start.elapsed(),
        }
    }
}

/// Accounts and findings of a complete load.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LoadReport {
    /// One for each table, in load order.
    pub accounts: Vec<Account>,
    /// Foreign keys that rows violate.
    pub broken_keys: Vec<BrokenForeignKey>,
    /// The triggers that didn't fire for the rows, with their tables; none when they fire.
    pub skipped_triggers: Vec<String>,
    /// Constraints that were not dropped for the load, with the reason.
    pub kept_constraints: Vec<String>,
    /// The first records rejected.
    pub rejected: Vec<Rejected>,
    /// The tables that have rejects, with their files.
    pub reject_files: Vec<(String, PathBuf)>,
    /// Where the time went.
    pub phases: Vec<Phase>,
    /// When each table and key had its turn.
    pub spans: Vec<Span>,
    /// The server's settings during the load.
    pub settings: ServerSettings,
}

/// Whether a load ran now or was complete before.
#[derive(Debug, Clone, PartialEq)]
pub enum LoadOutcome {
    /// It ran now.
    Completed(LoadReport),
    /// The ledger has it as complete: nothing was done.
    AlreadyComplete(LoadReport),
}

impl LoadOutcome {
    /// The report in either case.
    pub fn report(&self) -> &LoadReport {
        match self {
            LoadOutcome::Completed(report) | LoadOutcome::AlreadyComplete(report) => report,
        }
    }
}
