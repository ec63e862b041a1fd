//! All that speaks to a server: which one, connecting, the embedded one, its catalog, COPY, EXPLAIN.

pub mod catalog;
pub mod explain;
pub mod name;
pub mod server;

pub use name::TableName;
pub use server::Server;
