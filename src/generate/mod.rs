//! HOW rows are made: pools, makers, one block → bytes (pure), the parallel ordered pipeline.

pub mod block;
mod cells;
mod compile;
pub(crate) mod csv;
pub mod estimate;
pub mod pipeline;
mod pool;

pub use block::TableMaker;
