//! Which foreign keys are covered by an index (a pure rule over the catalog), and building what is missing.
//!
//! Postgres builds no index for a foreign key. Without one, every delete of a parent and every join from parent to
//! child reads the whole child table; that is the omission this room finds and mends.

mod along;
mod build;
mod coverage;
mod ownership;
mod plan;
mod survey;

pub use along::Along;
pub use build::{Built, How, build};
pub use coverage::{Unfit, Verdict, verdict};
pub use ownership::{Permission, permission};
pub use plan::{Mode, Proposal, propose};
#[cfg(test)]
pub use survey::samples;
pub use survey::{Coverage, NOT_INDEXED, Survey, survey};
