//! Constraints and indexes of the loaded tables: dropped before the rows, restored and validated after them.
//!
//! COPY is several times faster without keys, and an index is built faster from a full table than row by row.

pub mod drop;
pub mod orphans;
pub mod restore;
