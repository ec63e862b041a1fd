//! Query files: a header of directives, one statement, and existing values to run it with.
//!
//! Checking, serving and load tests read the same files: what a header means and which ids a query is run with is decided
//! here alone.

mod bindings;
mod header;
mod header_lines;
mod identifier;
mod index_use;
mod parameter;
mod parameter_type;
mod query;
mod response;
mod route;
mod sampling;
mod statements;
mod value;

pub use bindings::Bindings;
pub use header::{Header, RuleWaiver, Tasks};
pub use index_use::IndexUse;
pub use parameter::{Bounds, ColumnRef, Existence, PAGE, Parameter, ValueSource};
pub use parameter_type::{ParameterType, parameter_types};
pub use query::{Query, QueryFile, QueryOrigin};
pub use response::{JsonForm, JsonType};
pub use route::{Condition, Route, Segment, WithoutKey, push_value};
pub use sampling::{
    SampledValues, Sampling, Spread, in_order, no_table, sample_parameter, sample_rows,
};
pub use statements::{Statements, UncheckedStatement, top_statements};
pub use value::{Binary, ParameterValue};
