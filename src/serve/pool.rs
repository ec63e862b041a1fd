//! A worker's connections to Postgres: few, each shared by many requests in a pipeline, opened again when they end.
//!
//! No transaction is ever begun on them: statements of several requests follow each other on one connection.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;
use futures_util::TryStreamExt;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::api::Call;
use super::gate::{Gate, Overloaded, Queue};
use super::lifecycle::Lifecycle;
use super::pages::Pages;
use super::statements::{self, BodyStatement, Prepared};
use crate::postgres::Server;
use crate::progress::Progress;
use crate::thread_time::ThreadTimer;

/// Requests in a connection's pipeline: enough to keep its backend busy while answers are on their way.
const PIPELINE: usize = 8;
/// The longest attempt to connect.
const ATTEMPT: Duration = Duration::from_secs(2);
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// How often the worker's time is looked at, for its gate.
const ADAPT: Duration = Duration::from_millis(20);
/// How often a connection is looked at that nobody asks anything.
const WATCH: Duration = Duration::from_millis(50);
/// What a server that hangs gets beyond its own `statement_timeout`.
const GRACE: Duration = Duration::from_millis(250);

/// What the pools of all workers share.
pub struct Backend {
    /// The server.
    pub server: Arc<Server>,
    /// The endpoints' statements, in their order.
    pub statements: Vec<BodyStatement>,
    /// Where pages begin.
    pub pages: Pages,
    /// The longest time of a statement.
    pub timeout: Duration,
    /// The requests that wait.
    pub queue: Arc<Queue>,
    /// Counts the open connections.
    pub lifecycle: Arc<Lifecycle>,
    /// Messages.
    pub progress: Progress,
    /// Whether the loss of the server was reported.
    pub reported: AtomicBool,
}

/// Why there is no answer.
#[derive(Debug, Clone)]
pub enum Unanswered {
    /// Too many requests.
    Overloaded,
    /// No connection.
    Down,
    /// It took longer than it may.
    TimedOut,
    /// The server rejects the statement.
    Rejected(Arc<tokio_postgres::Error>),
}

impl From<Overloaded> for Unanswered {
    fn from(_: Overloaded) -> Unanswered {
        Unanswered::Overloaded
    }
}

/// One worker's connections.
pub struct Pool {
    backend: Arc<Backend>,
    worker: usize,
    slots: Vec<Slot>,
    gate: Gate,
}

/// The place of a connection, empty while there is none.
#[derive(Default)]
struct Slot {
    session: Mutex<Option<Arc<Session>>>,
}

/// An open connection.
struct Session {
    client: Client,
    prepared: Vec<Prepared>,
    in_flight: AtomicUsize,
    /// It hangs, or its statements are out of date.
    unusable: AtomicBool,
}

/// A request in a session's pipeline.
struct InFlight(Arc<Session>);

impl InFlight {
    fn of(session: Arc<Session>) -> InFlight {
        session.in_flight.fetch_add(1, Ordering::Relaxed);
        InFlight(session)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Pool {
    /// Opens `connections` from now on, each by a task of its own on the current runtime.
    pub fn start(backend: &Arc<Backend>, worker: usize, connections: usize) -> Arc<Pool> {
        let pool = Arc::new(Pool {
            backend: Arc::clone(backend),
            worker,
            slots: (0..connections).map(|_| Slot::default()).collect(),
            gate: Gate::new(connections * PIPELINE, Arc::clone(&backend.queue)),
        });
        for at in 0..connections {
            let pool = Arc::clone(&pool);
            tokio::spawn(async move { pool.keep_open(at).await });
        }
        let adapting = Arc::clone(&pool);
        tokio::spawn(async move { adapting.adapt().await });
        if worker == 0 {
            let backend = Arc::clone(backend);
            tokio::spawn(async move { backend.pages.keep_current(&backend.server).await });
        }
        pool
    }

    /// The body of the first row that a call's statement returns; `None` where there is no row, or NULL in it.
    pub async fn answer(&self, call: &Call) -> Result<Option<Bytes>, Unanswered> {
        // Where Postgres is down nobody queues.
        self.least_busy().ok_or(Unanswered::Down)?;
        let _permit = self.gate.enter().await?;
        let session = self.least_busy().ok_or(Unanswered::Down)?;
        let request = InFlight::of(session);
        let limit = self.backend.timeout + GRACE;
        let body = request.0.first_body(&self.backend.pages, call);
        match tokio::time::timeout(limit, body).await {
            Ok(Ok(body)) => Ok(body),
            Ok(Err(error)) => Err(request.0.explain(error)),
            Err(_) => {
                request.0.unusable.store(true, Ordering::Relaxed);
                Err(Unanswered::TimedOut)
            }
        }
    }

    /// The connection with the fewest requests, of as many as have full pipelines with all that the gate admits: a busy
    /// backend costs less than two that are half as busy.
    fn least_busy(&self) -> Option<Arc<Session>> {
        let open = self.slots.iter().filter_map(Slot::get);
        open.filter(|session| session.is_usable())
            .take(self.gate.slots().div_ceil(PIPELINE))
            .min_by_key(|session| session.in_flight.load(Ordering::Relaxed))
    }

    /// Has the gate know whether the worker's thread has a core when it needs one, until the runtime ends.
    async fn adapt(&self) {
        loop {
            let timer = ThreadTimer::start();
            tokio::time::sleep(ADAPT).await;
            self.gate.adapt(timer.elapsed().waited);
        }
    }

    /// Keeps one connection open until the runtime ends.
    async fn keep_open(&self, at: usize) {
        let mut pause = FIRST_PAUSE;
        loop {
            match self.backend.open().await {
                Ok(session) => {
                    pause = FIRST_PAUSE;
                    self.serve_with(at, session).await;
                }
                Err(error) => self.backend.report_loss(&error),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Has requests use the connection until it ends.
    async fn serve_with(&self, at: usize, session: Session) {
        let session = Arc::new(session);
        self.slots[at].set(Some(Arc::clone(&session)));
        self.backend.lifecycle.session_opened(self.worker);
        self.backend.report_return();
        while session.is_usable() {
            tokio::time::sleep(WATCH).await;
        }
        self.slots[at].set(None);
        self.backend.lifecycle.session_closed(self.worker);
    }
}

impl Slot {
    fn get(&self) -> Option<Arc<Session>> {
        let session = self.session.lock();
        session.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, session: Option<Arc<Session>>) {
        *self.session.lock().unwrap_or_else(PoisonError::into_inner) = session;
    }
}

impl Session {
    fn is_usable(&self) -> bool {
        !self.client.is_closed() && !self.unusable.load(Ordering::Relaxed)
    }

    async fn first_body(
        &self,
        pages: &Pages,
        call: &Call,
    ) -> Result<Option<Bytes>, tokio_postgres::Error> {
        let prepared = &self.prepared[call.endpoint];
        let found = match call.page {
            Some(_) => Some(pages.resolve(&self.client, call).await?),
            None => None,
        };
        let values = found.as_ref().unwrap_or(&call.values);
        let rows = self.client.query_raw(&prepared.statement, values).await?;
        let mut rows = std::pin::pin!(rows);
        match rows.try_next().await? {
            Some(row) => prepared.body(&row),
            None => Ok(None),
        }
    }

    /// What a failed statement says about the server.
    fn explain(&self, error: tokio_postgres::Error) -> Unanswered {
        const OUT_OF_DATE: [SqlState; 2] = [
            SqlState::FEATURE_NOT_SUPPORTED,
            SqlState::INVALID_SQL_STATEMENT_NAME,
        ];
        match error.code() {
            None => Unanswered::Down,
            Some(code) if *code == SqlState::QUERY_CANCELED => Unanswered::TimedOut,
            Some(code) if is_shutdown(code) => Unanswered::Down,
            Some(code) if OUT_OF_DATE.contains(code) => {
                self.unusable.store(true, Ordering::Relaxed);
                Unanswered::Down
            }
            Some(_) => Unanswered::Rejected(Arc::new(error)),
        }
    }
}

/// Whether the server ends, starts, or lacks resources.
fn is_shutdown(code: &SqlState) -> bool {
    // Operator intervention, connection exceptions, insufficient resources.
    ["57", "08", "53"]
        .iter()
        .any(|class| code.code().starts_with(class))
}

impl Backend {
    async fn open(&self) -> Result<Session> {
        let client = self.server.connect_once_for_reads(ATTEMPT).await?;
        let settings = format!(
            "SET default_transaction_read_only = on; SET statement_timeout = {}",
            self.timeout.as_millis()
        );
        client
            .batch_execute(&settings)
            .await
            .context("could not make the session read-only")?;
        let prepared = statements::prepare(&client, &self.statements).await?;
        Ok(Session {
            client,
            prepared,
            in_flight: AtomicUsize::new(0),
            unusable: AtomicBool::new(false),
        })
    }

    fn report_loss(&self, error: &anyhow::Error) {
        if !self.reported.swap(true, Ordering::Relaxed) {
            self.progress.note(format!(
                "serve: no connection to Postgres: {error:#}; trying again"
            ));
        }
    }

    fn report_return(&self) {
        if self.reported.swap(false, Ordering::Relaxed) {
            self.progress.note("serve: connected to Postgres again");
        }
    }
}
