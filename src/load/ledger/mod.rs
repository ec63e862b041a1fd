//! The ledger: a small schema, `seedrow`, in the target database that says what was loaded and what must be restored.
//!
//! Its rows are written in the same transactions as the work they record, so they are never ahead of it or behind it.

mod dropped;
mod loads;
mod parts;
mod removed;
mod schema;
mod tables;
mod unfinished;

pub use dropped::{
    DroppedConstraint, DroppedKind, delete_dropped, dropped, not_validated, prune_dropped,
    save_dropped, set_validated,
};
pub use loads::{
    LoadEntry, LoadSource, NewLoadEntry, UnfinishedLoad, find, finish, source_of, start,
    unfinished_loads,
};
pub use parts::{PartsProgress, join_parts, save_part, start_parts, tables_of_part};
pub use removed::{removed_lines, save_removed_lines};
pub use schema::{create, exists, is_complete, remove, remove_schema};
pub use tables::{
    TableProgress, accounts, add_created_tables, forget_table, known_tables, progress,
    save_progress,
};
pub use unfinished::{Unfinished, ensure_finished};
