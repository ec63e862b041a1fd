//! Column types and COPY's wire formats: one table of Postgres' types, how each one's values are read from text and
//! written for COPY, used for generated rows and for CSV files alike.
//!
//! Pure: a column's type comes as a value ([`DataType`]) that the catalog has resolved.

pub mod amount;
pub mod array;
pub mod binary_row;
pub mod bits;
pub mod column;
pub mod decimal;
pub mod encode;
pub mod format;
pub mod generated;
pub mod hash;
pub mod holds;
pub mod interval;
pub mod network;
pub mod number;
pub mod parsed;
pub mod range;
pub mod scalar;
pub mod spelled_date;
pub mod time;
pub mod types;
pub mod value;

pub use column::ColumnReader;
pub use format::CopyFormat;
pub use generated::{FieldEncoder, NumberFormat, OutOfRange};
pub use holds::may_hold;
pub use parsed::Unread;
pub use types::{DataType, ParserCoverage, Scalar, TypeKind};
