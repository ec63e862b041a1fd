//! How rows are generated: pools, makers, one block → bytes (pure), the parallel ordered pipeline.

pub mod block;
mod compile;
mod compiled;
pub(crate) mod csv;
pub mod estimate;
pub mod pipeline;
mod pool;

pub use block::{CompiledTable, TableMaker};
pub use pool::TextEscaping;
