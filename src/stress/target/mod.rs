//! What requests are sent to.

mod postgres;

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::failure::Failure;
use super::mix::Choice;
use super::recorder::CacheUse;
use crate::postgres::Server;

pub use postgres::{BoundQuery, PostgresTarget};

/// Where requests go, before a connection is open.
pub enum Endpoint {
    /// To a server, as these queries.
    Postgres {
        /// The server.
        server: Arc<Server>,
        /// The queries, each a kind of request.
        queries: Arc<Vec<BoundQuery>>,
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
        }
    }

    /// For messages; without a password.
    pub fn display_name(&self) -> String {
        match self {
            Endpoint::Postgres { server, .. } => server.display_name().to_owned(),
        }
    }

    /// A name for each kind of request.
    pub fn names(&self) -> Vec<String> {
        match self {
            Endpoint::Postgres { queries, .. } => {
                queries.iter().map(|it| it.query.name.clone()).collect()
            }
        }
    }
}

/// An open target.
pub enum Target {
    /// A server, whose prepared statements are executed.
    Postgres(PostgresTarget),
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
        }
    }

    /// Sends a request and reads its answer.
    pub async fn exchange(&self, choice: Choice) -> Result<Answer, Failure> {
        match self {
            Target::Postgres(target) => target.exchange(choice).await,
        }
    }
}
