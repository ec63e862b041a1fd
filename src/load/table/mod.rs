//! One table of the database: found and checked, filled through COPY, its records searched for broken keys.

pub mod key_search;
pub mod load;
pub mod maintenance;
pub mod server_rejection;
pub mod size;
pub mod target;
