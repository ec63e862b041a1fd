//! Proof that a database's indexes work: foreign-key coverage, each read's plan on the last ids of its tables, and the schema.
//!
//! New rows are at a table's end, and there a missing index costs the most: a sequential scan that stops at its first
//! match reads the whole table for them. Nothing in the target is changed, unless `settle` or `prove` is asked for.

mod assertions;
mod bench;
mod coverage;
mod evidence;
mod finding;
mod header;
mod heap;
mod interleave;
mod lexer;
mod lookup;
mod measure;
mod outcome;
mod planner;
mod plans;
mod prove;
mod query;
mod rules;
mod run;
mod sample;
pub mod schema;
mod settings;
mod settled;
mod stability;
mod value;

pub use finding::{Finding, Severity, Verdict, Waived, all_rules};
pub use outcome::{
    Access, Check, CheckReport, Control, Figures, KeyVerdict, Latency, Measured, Proof, Sample,
    Shape, Skipped, Subject,
};
pub use query::QueryFile;
pub use run::{has_tables, run, without_and_with_indexes};
pub use settings::{Area, Settings, Suite};
