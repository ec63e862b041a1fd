//! A dataset's queries with routes as a read-only HTTP API.
//!
//! A worker a core: a thread with a runtime, listeners and a few pipelined Postgres connections of its own. Workers share
//! the routes, the cache and the counters.

pub mod api;

mod access_log;
mod body;
mod cache;
mod config;
mod connection;
mod cors;
mod gate;
mod health;
mod lifecycle;
mod listen;
mod metrics;
mod negotiate;
mod pages;
mod pool;
mod probe;
mod respond;
mod selection;
mod server;
mod sockets;
mod statements;
mod uncached;
mod worker;

pub use config::Config;
pub use listen::Listen;
pub use probe::wait_until_ready;
pub use selection::routed_queries;
pub use server::PreparedServer;
