//! Compares two checks, read by read, and separates real changes from noise; pure.
//!
//! Plans are compared by how they read each table, never by their text; figures by a statistical test.

mod change;
mod difference;
mod noise;
mod plan_difference;
mod second_server;
mod structure;
mod twin;

pub use change::{Difference, Direction};
pub use difference::{Comparison, Figure, ReadComparison, compare};
pub use noise::{Shift, shift};
pub use second_server::add_other_plans;
pub use structure::{Access, Step, Structure};
pub use twin::{
    ColumnComparison, ColumnFigure, NodeComparison, PlanEquality, QErrors, TableComparison,
    TwinComparison, TwinRead, aligned, quantile,
};
