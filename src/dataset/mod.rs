//! What the data is: the spec as read and validated, the tables' counts, blocks and first ids. Pure, except for reading
//! a dataset's files.

pub mod agreement;
pub mod calendar;
pub mod choices;
mod circles;
pub mod column_rules;
pub mod csv_options;
pub mod date_format;
pub mod distribution;
pub mod document;
pub mod draw;
pub mod fakers;
pub mod formula;
pub mod lists;
pub mod makers;
mod outline;
pub mod part;
pub mod permutation;
pub mod plan;
pub mod pool_texts;
pub mod profile;
mod ranges;
mod read;
mod read_columns;
mod read_sharding;
mod read_tables;
pub mod record_format;
pub mod sharding;
pub mod source;
pub mod spec;
pub mod spellings;
pub mod spread;
mod table_keys;
pub mod tables;
mod templates;
pub mod unique;
mod validate;
pub mod values;
mod waivers;

pub use part::Part;
pub use plan::RowPlan;
pub use profile::ColumnProfile;
pub use read::{waivers_of, waivers_with};
pub use sharding::Sharding;
pub use spec::{ColumnSpec, Dataset, Kind, Reading, TableSpec};
pub use waivers::Waiver;
