//! One table of the database: found and checked, filled through COPY, its records searched for broken keys.

pub mod agreement;
mod constraint_columns;
pub mod count_rejects;
mod divided;
mod division;
mod failed_copy;
mod generated_rejection;
mod group_writer;
mod isolate;
pub mod key_search;
mod load;
pub mod maintenance;
pub mod refused;
mod routed;
pub mod segment;
pub mod server_rejection;
pub mod shard_statistics;
pub mod size;
pub mod table_load;
pub mod target;
pub mod triggers;
pub mod type_fit;
mod uncounted;
