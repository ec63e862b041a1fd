//! Which foreign keys are covered by an index (a pure rule over the catalog), and building what is missing.
//!
//! Postgres builds no index for a foreign key. Without one, every delete of a parent and every join from parent to
//! child reads the whole child table.

mod build;
mod coverage;
mod load_hook;
mod ownership;
mod plan;
mod survey;

pub use build::{BuildOptions, Built, build, complete_sizes};
pub use coverage::{CoverageVerdict, Unfit, verdict};
pub use load_hook::IndexHook;
pub use ownership::{Permission, permission};
pub use plan::{BuildMode, Existing, IndexColumn, Proposal, propose};
#[cfg(test)]
pub use survey::samples;
pub use survey::{IndexCoverage, NOT_INDEXED, Survey, survey};
