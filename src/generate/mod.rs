//! How rows are generated: pools, makers, one block → bytes (pure), the parallel ordered pipeline.

pub mod block;
mod compile;
mod compiled;
mod conditions;
mod context;
pub(crate) mod csv;
pub mod estimate;
mod fields;
mod limits;
mod makers;
mod pieces;
pub mod pipeline;
mod pool;
mod row;
mod values;

pub use block::{CompiledTable, TableMaker};
pub use pool::TextEscaping;
