//! The rules over plans and their figures, pure functions that give findings with what to type.

mod budget;
mod buffers;
mod estimates;
mod scans;
mod work;

use std::time::Duration;

pub use budget::over_budget;
pub use buffers::{bound, over_bound};
pub use estimates::row_estimates;
pub use scans::{access, generic_plan, seq_scans};
pub use work::{rows_removed, spills};

use crate::index::Survey;
use crate::postgres::catalog::{Index, Table};
use crate::postgres::explain::Node;

/// Up to here, reading a table from end to end is right: 128 pages are 1 MiB, read in well under a millisecond, and
/// the planner prefers it whatever indexes there are.
pub const SMALL_PAGES: u64 = 128;

/// What the rules know of the database beside the plans.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// All tables.
    pub tables: &'a [Table],
    /// All indexes.
    pub indexes: &'a [Index],
    /// The foreign keys and what would cover them.
    pub survey: &'a Survey,
    /// Bytes of one page.
    pub block_bytes: u64,
}

impl<'a> Facts<'a> {
    /// The table that a node scans.
    pub fn table(&self, node: &Node) -> Option<&'a Table> {
        let (schema, relation) = (node.schema.as_deref()?, node.relation.as_deref()?);
        let mut tables = self.tables.iter();
        tables.find(|table| table.name.schema == schema && table.name.name == relation)
    }

    /// The pages of a table's heap.
    pub fn pages(&self, table: &Table) -> u64 {
        table.bytes / self.block_bytes.max(1)
    }
}

/// What a query is for, which decides what is right for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Somebody's query: rows that it reads may be thrown away by joins.
    Query,
    /// A foreign key's lookup, which gives every row that it is to find: where these are a good part of the table, reading
    /// all of it is right.
    Lookup,
}

/// In how many of the samples something was seen: nothing to say for one, `, in all 20 samples`, `, in 3 of 20 samples`.
pub fn in_samples(count: usize, of: usize) -> String {
    match (count, of) {
        (_, 1) => String::new(),
        (count, of) if count == of => format!(", in all {of} samples"),
        (count, of) => format!(", in {count} of {of} samples"),
    }
}

/// Whether the text from `start` to `end` is a whole name.
pub fn stands_alone(text: &str, start: usize, end: usize) -> bool {
    let part_of_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '"' | '.');
    !text[..start].ends_with(part_of_name) && !text[end..].starts_with(part_of_name)
}

/// A duration in milliseconds.
pub fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
