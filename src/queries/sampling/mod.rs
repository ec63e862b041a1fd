//! Existing values to run a query with, drawn from columns.
//!
//! New rows are at a table's end, and there a missing index costs the most: so the last ids are drawn by default.

mod heap;
mod range;
mod rows;
mod sample;
mod spread;

pub use sample::{SampledValues, in_order, no_column, no_table, sample_parameter, sample_rows};
pub use spread::{Sampling, Spread};
