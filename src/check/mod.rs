//! Proof that a database's indexes work: foreign-key coverage, each read's plan on the last ids of its tables, and the schema.
//!
//! New rows are at a table's end, and there a missing index costs the most: a sequential scan that stops at its first
//! match reads the whole table for them. Nothing in the target is changed, unless `settle` or `prove` is asked for.

mod assertions;
mod cases;
mod checker;
mod conditions;
mod evidence;
mod finding;
mod fk_lookup;
mod foreign_keys;
mod index_advice;
mod maintenance;
mod measure;
mod measurement;
mod parameter_values;
mod plan_stability;
mod planner;
mod prove;
mod read_check;
mod rejected_read;
mod report;
mod rules;
mod run;
mod saved;
pub mod schema;
mod settings;
mod statements;
mod without_indexes;

pub use cases::{Case, CaseKind};
pub use conditions::CheckConditions;
pub use finding::{Finding, Severity, Verdict, WaivedFinding};
pub use measurement::{
    AccessPath, AccessPaths, FailingCheck, IndexProof, Latency, Measurements, SampleCost,
    SampleFigures, SampleRun,
};
pub use planner::{Unserved, unserved};
pub use report::{Check, CheckReport, KeyCoverage, SkippedCheck, Subject};
pub use rules::{OVER_BUDGET, RULES, all_rules, markdown_table};
pub use run::{ensure_locks_allowed, fitting_dataset, run, run_with, without_and_with_indexes};
pub use saved::{FORMAT, SavedCheck, SavedReport};
pub use settings::{Area, CheckSettings, Suite};
