//! All that speaks to a server: which one, connecting, the embedded one, its catalog, COPY, EXPLAIN.

pub mod server;

pub use server::Server;
