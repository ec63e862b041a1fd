//! Plan × plan → difference, pure: two checks side by side, read by read, with what is noise and what isn't.
//!
//! Plans are compared by what they do with which table, never by their text; figures by a test that says how likely chance
//! is.

mod difference;
mod noise;
mod structure;

pub use difference::{Comparison, Difference, Direction, Figure, ReadComparison, compare};
pub use noise::{Shift, shift};
pub use structure::{Access, Step, Structure};
