//! What requests are sent to.

mod address;
mod http;
mod postgres;

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::bound::{BoundPath, BoundQuery};
use super::failure::Failure;
use super::mix::Choice;
use super::recorder::CacheUse;
use crate::postgres::Server;

pub use address::HttpAddress;
pub use http::HttpTarget;
pub use postgres::PostgresTarget;

/// Where requests go, before a connection is open.
pub enum Endpoint {
    /// To a server, as these queries.
    Postgres {
        /// The server.
        server: Arc<Server>,
        /// The queries, each a kind of request.
        queries: Arc<Vec<BoundQuery>>,
    },
    /// To an HTTP service, for these paths.
    Http {
        /// The service.
        address: HttpAddress,
        /// The paths, each list a kind of request.
        paths: Vec<BoundPath>,
    },
}

impl Endpoint {
    /// Opens so many connections, whose I/O is done by the runtime that this is awaited on.
    pub async fn connect(&self, connections: usize, timeout: Duration) -> Result<Target> {
        match self {
            Endpoint::Postgres { server, queries } => {
                let (server, queries) = (Arc::clone(server), Arc::clone(queries));
                let target = PostgresTarget::connect(server, queries, connections, timeout);
                Ok(Target::Postgres(target.await?))
            }
            Endpoint::Http { address, paths } => {
                let target = HttpTarget::connect(address, paths, connections);
                Ok(Target::Http(target.await?))
            }
        }
    }

    /// For messages; without a password.
    pub fn display_name(&self) -> String {
        match self {
            Endpoint::Postgres { server, .. } => server.display_name().to_owned(),
            Endpoint::Http { address, .. } => address.to_string(),
        }
    }

    /// A name for each kind of request.
    pub fn names(&self) -> Vec<String> {
        match self {
            Endpoint::Postgres { queries, .. } => {
                queries.iter().map(|it| it.query.name.clone()).collect()
            }
            Endpoint::Http { paths, .. } => paths.iter().map(|it| it.name.clone()).collect(),
        }
    }
}

/// An open target.
pub enum Target {
    /// A server, whose prepared statements are executed.
    Postgres(PostgresTarget),
    /// A service, whose paths are asked for.
    Http(HttpTarget),
}

/// A request's answer, read in full.
#[derive(Debug, Clone, Copy)]
pub struct Answer {
    /// When the request was given to its connection.
    pub sent: Instant,
    /// Whether it came from a cache.
    pub cache: CacheUse,
}

impl Target {
    /// How many kinds of requests there are.
    pub fn kinds(&self) -> usize {
        match self {
            Target::Postgres(target) => target.kinds(),
            Target::Http(target) => target.kinds(),
        }
    }

    /// Sends a request and reads its answer.
    pub async fn exchange(&self, choice: Choice) -> Result<Answer, Failure> {
        match self {
            Target::Postgres(target) => target.exchange(choice).await,
            Target::Http(target) => target.exchange(choice).await,
        }
    }
}
