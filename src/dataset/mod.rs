//! WHAT the data is: the spec as read and validated, the tables' counts, blocks and first ids. Pure, but for reading
//! a dataset's files.

pub mod calendar;
pub mod distribution;
pub mod document;
pub mod draw;
pub mod fakers;
pub mod lists;
mod makers;
mod phrases;
pub mod plan;
mod ranges;
mod read;
pub mod reading;
pub mod source;
pub mod spec;
mod validate;
mod waivers;

pub use plan::Plan;
pub use read::{waivers_of, waivers_with};
pub use spec::{Column, Dataset, Kind, Reading, Table};
pub use waivers::Waiver;
