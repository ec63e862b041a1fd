//! Query files: a header of directives, one statement, and existing values to run it with.
//!
//! Checking, serving and load tests read the same files: what a header means and which ids a query is run with is decided
//! here alone.

mod bindings;
mod header;
mod identifier;
mod index_use;
mod parameter;
mod query;
mod sampling;
mod value;

pub use bindings::Bindings;
pub use header::{Header, RuleWaiver};
pub use index_use::IndexUse;
pub use parameter::{ColumnRef, Parameter, ValueSource};
pub use query::{Query, QueryFile};
pub use sampling::{SampledValues, Sampling, Spread, sample_parameter, sample_rows};
pub use value::ParameterValue;
