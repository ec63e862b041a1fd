//! Prepared statements on a few connections, pipelined: a request doesn't wait for the answers to earlier ones before it
//! is sent.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use futures_util::TryStreamExt;
use tokio_postgres::{Client, Statement};

use super::Answer;
use crate::postgres::Server;
use crate::queries::ParameterValue;
use crate::stress::bound::BoundQuery;
use crate::stress::failure::{Failure, FailureKind};
use crate::stress::mix::Choice;
use crate::stress::recorder::CacheUse;

/// The pauses between attempts to connect again.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// A server with connections on which all queries are prepared.
pub struct PostgresTarget {
    server: Arc<Server>,
    queries: Arc<Vec<BoundQuery>>,
    connections: Vec<Arc<Connection>>,
    timeout: Duration,
}

/// A connection, which is made again when it is lost.
struct Connection {
    session: RwLock<Option<Arc<Session>>>,
    in_flight: AtomicUsize,
    reconnecting: AtomicBool,
}

/// A session and its prepared statements, one a query.
struct Session {
    client: Client,
    statements: Vec<Statement>,
}

/// Counts a request as in flight on its connection until it is dropped.
struct InFlight<'a>(&'a Connection);

impl PostgresTarget {
    /// Opens so many connections, whose I/O is done by the runtime that this is awaited on.
    pub async fn connect(
        server: Arc<Server>,
        queries: Arc<Vec<BoundQuery>>,
        connections: usize,
        timeout: Duration,
    ) -> Result<PostgresTarget> {
        let mut target = PostgresTarget {
            server,
            queries,
            connections: Vec::with_capacity(connections),
            timeout,
        };
        for number in 1..=connections {
            let session = open_session(&target.server, &target.queries, timeout).await;
            let session =
                session.with_context(|| format!("connection {number} of {connections}"))?;
            target.connections.push(Arc::new(Connection {
                session: RwLock::new(Some(Arc::new(session))),
                in_flight: AtomicUsize::new(0),
                reconnecting: AtomicBool::new(false),
            }));
        }
        Ok(target)
    }

    /// One a query.
    pub fn kinds(&self) -> usize {
        self.queries.len()
    }

    /// Executes a query on the connection with the fewest requests in flight, and reads its rows.
    pub async fn exchange(&self, choice: Choice) -> Result<Answer, Failure> {
        let (connection, session) = self
            .least_busy()
            .ok_or_else(|| Failure::connection("the server is gone"))?;
        let _in_flight = InFlight::count(connection);
        let sent = Instant::now();
        let set = &self.queries[choice.kind].sets[choice.set];
        match session.execute(choice.kind, set).await {
            Ok(()) => Ok(Answer {
                sent,
                cache: CacheUse::Unknown,
            }),
            Err(error) => {
                if session.client.is_closed() {
                    self.reconnect(connection);
                }
                Err(failure(&error, sent))
            }
        }
    }

    fn least_busy(&self) -> Option<(&Arc<Connection>, Arc<Session>)> {
        let in_flight = |it: &&Arc<Connection>| it.in_flight.load(Ordering::Relaxed);
        let usable = self.connections.iter().filter(|it| it.is_usable());
        let connection = usable.min_by_key(in_flight)?;
        Some((connection, connection.session()?))
    }

    /// Opens a lost connection again, in the background.
    fn reconnect(&self, connection: &Arc<Connection>) {
        if connection.reconnecting.swap(true, Ordering::Relaxed) {
            return;
        }
        connection.set_session(None);
        let connection = Arc::clone(connection);
        let (server, queries) = (Arc::clone(&self.server), Arc::clone(&self.queries));
        let timeout = self.timeout;
        tokio::spawn(async move {
            let mut pause = FIRST_PAUSE;
            loop {
                match open_session(&server, &queries, timeout).await {
                    Ok(session) => {
                        connection.set_session(Some(Arc::new(session)));
                        connection.reconnecting.store(false, Ordering::Relaxed);
                        return;
                    }
                    Err(_) => tokio::time::sleep(pause).await,
                }
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        });
    }
}

impl Connection {
    fn is_usable(&self) -> bool {
        let session = self.session.read();
        session.unwrap_or_else(PoisonError::into_inner).is_some()
    }

    fn session(&self) -> Option<Arc<Session>> {
        let session = self.session.read();
        session.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_session(&self, session: Option<Arc<Session>>) {
        let lock = self.session.write();
        *lock.unwrap_or_else(PoisonError::into_inner) = session;
    }
}

impl<'a> InFlight<'a> {
    fn count(connection: &'a Connection) -> InFlight<'a> {
        connection.in_flight.fetch_add(1, Ordering::Relaxed);
        InFlight(connection)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Session {
    /// Executes a statement; its rows are received and left unread.
    async fn execute(
        &self,
        query: usize,
        set: &[ParameterValue],
    ) -> Result<(), tokio_postgres::Error> {
        let rows = self.client.query_raw(&self.statements[query], set);
        let mut rows = pin!(rows.await?);
        while rows.try_next().await?.is_some() {}
        Ok(())
    }
}

/// A session that only reads, whose statements end when nobody waits for them any more.
async fn open_session(
    server: &Server,
    queries: &[BoundQuery],
    timeout: Duration,
) -> Result<Session> {
    let client = server.connect_for_reads().await?;
    let settings = format!(
        "SET default_transaction_read_only = on; SET statement_timeout = {}",
        timeout.as_millis().max(1)
    );
    client
        .batch_execute(&settings)
        .await
        .context("could not set up a session")?;
    let mut statements = Vec::with_capacity(queries.len());
    for BoundQuery { query, types, .. } in queries {
        statements.push(query.prepare(&client, types).await?);
    }
    Ok(Session { client, statements })
}

fn failure(error: &tokio_postgres::Error, sent: Instant) -> Failure {
    match error.as_db_error() {
        Some(reported) => Failure {
            kind: FailureKind::SqlState {
                code: reported.code().code().to_owned(),
            },
            message: reported.message().to_owned(),
            rejected: Some(sent),
        },
        None => Failure::connection(error),
    }
}
