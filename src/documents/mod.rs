//! Documents made of a query's results: one for each value of its parameter, as a file for a document store, and measured
//! beside the tables that they are made of.

mod changes;
mod compact;
mod export;
mod figures;
mod form;
mod measure;

pub use compact::compact;
pub use export::{DocumentQuery, Exported, export};
pub use figures::{Effort, Figures, FormComparison, Size};
pub use form::Form;
pub use measure::FormMeasurement;
