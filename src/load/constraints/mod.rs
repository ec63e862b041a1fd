//! Constraints and indexes of the loaded tables: dropped before the rows, restored and validated after them.
//!
//! COPY is several times faster without keys, and an index is built faster from a full table than row by row. What cannot be
//! restored exactly is not dropped.

mod broken;
mod catalog;
mod conditions;
mod conflicts;
mod constraint_copy;
mod deletion;
mod drop;
mod drop_plan;
mod duplicates;
mod foreign_keys;
mod orphans;
mod partitioned;
mod referencing;
mod reject_limit;
mod restore;
mod restore_key;
mod unique_violations;
mod validate;

pub use broken::{BrokenForeignKey, broken_foreign_keys};
pub use catalog::read_qualified;
pub use drop::drop_planned;
pub use drop_plan::DropPlan;
pub use foreign_keys::ForeignKeyPhase;
pub use partitioned::drop_copies;
pub use referencing::{ensure_may_empty, referencing_tables_with_rows, ways_out};
pub use restore::restore_in;
pub use restore_key::restore_key;
pub use unique_violations::{KeyViolation, violations_error};
