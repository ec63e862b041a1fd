//! All that speaks to a server: which one, connecting, the embedded one, its catalog, COPY, EXPLAIN.

pub mod account;
pub mod capabilities;
pub mod catalog;
pub mod cluster;
pub mod connect;
pub mod conninfo;
pub mod copy;
pub mod embedded;
pub mod environment;
pub mod error;
pub mod explain;
pub mod judge;
pub mod locks;
pub mod memory;
pub mod name;
pub mod passfile;
pub mod peers;
pub mod placements;
pub mod pooler;
pub mod programs;
pub mod script;
pub mod secrets;
pub mod sequences;
pub mod server;
pub mod service;
pub mod session;
pub mod snapshot;
pub mod statistics;
pub mod target;
pub mod tls;

pub use capabilities::{Capabilities, CommitUnit, Writes};
pub use cluster::{Cluster, NodeAddress};
pub use name::TableName;
pub use server::Server;
