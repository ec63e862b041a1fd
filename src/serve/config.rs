//! How a server is run, as the command line says.

use std::path::PathBuf;
use std::time::Duration;

use hyper::header::HeaderValue;

use super::listen::Listen;

/// How a server is run.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it listens.
    pub listen: Vec<Listen>,
    /// Where it answers health checks; none for beside the routes.
    pub admin: Option<Listen>,
    /// Threads that answer requests.
    pub workers: usize,
    /// Connections to Postgres of each worker.
    pub connections: usize,
    /// Bytes of the cache; 0 for none.
    pub cache_bytes: u64,
    /// Requests that wait for a connection.
    pub max_queue: usize,
    /// The longest time of a query.
    pub timeout: Duration,
    /// How long a client's connection may be silent.
    pub idle: Duration,
    /// How long requests under way may take once the server ends.
    pub drain: Duration,
    /// The origins whose pages may read the answers.
    pub cors: Vec<HeaderValue>,
    /// The file of the access log; `-` for stdout.
    pub access_log: Option<PathBuf>,
}
