//! Proof that a database's indexes work: foreign-key coverage, and each read's plan on the last ids of its tables.
//!
//! New rows are at a table's end, and there a missing index costs the most: a sequential scan that stops at its first
//! match reads the whole table for them. Nothing in the target is changed.

mod assertions;
mod coverage;
mod finding;
mod header;
mod lexer;
mod measure;
mod query;
mod rules;
mod run;
mod sample;
mod value;

pub use finding::{
    Check, CheckReport, Figures, Finding, Measured, QUERY_RULES, Sample, Severity, Skipped,
    Subject, Verdict, Waived,
};
pub use query::QueryFile;
pub use run::{Area, Settings, Suite, run};
