//! The server: prepared while an error still ends the command, then run until a signal.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread::JoinHandle;

use anyhow::{Context, Result, anyhow};
use bytes::Bytes;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::sync::{mpsc, watch};

use super::access_log::AccessLog;
use super::api::Api;
use super::body::Body;
use super::cache::Cache;
use super::config::Config;
use super::connection::{self, Serving};
use super::cors::Cors;
use super::gate::Queue;
use super::health::Health;
use super::lifecycle::Lifecycle;
use super::metrics::Metrics;
use super::pages::Pages;
use super::pool::Backend;
use super::respond::{Shared, Throttle};
use super::sockets::Sockets;
use super::statements::{self, BodyStatement};
use super::worker::{self, Drained, Setup};
use crate::postgres::Server;
use crate::progress::Progress;

/// A server that has all it needs: sockets, routes, statements that Postgres has accepted.
pub struct PreparedServer {
    config: Config,
    api: Api,
    statements: Vec<BodyStatement>,
    server: Arc<Server>,
    sockets: Sockets,
    progress: Progress,
}

impl PreparedServer {
    /// Binds the sockets and prepares the statements once; refuses a port in use and a database without the tables.
    pub async fn new(
        config: Config,
        api: Api,
        server: Server,
        progress: Progress,
    ) -> Result<PreparedServer> {
        let sockets = Sockets::bind(&config)?;
        let client = server.connect().await?;
        let statements: Vec<BodyStatement> = api.endpoints.iter().map(Into::into).collect();
        statements::prepare(&client, &statements).await?;
        drop(client);
        Ok(PreparedServer {
            config,
            api,
            statements,
            server: Arc::new(server),
            sockets,
            progress,
        })
    }

    /// Serves until the first signal, then finishes the requests under way; the second signal cuts them off.
    pub async fn run(mut self, mut next_signal: impl AsyncFnMut()) -> Result<()> {
        raise_descriptor_limit();
        let (drain, draining) = watch::channel(false);
        let health = Arc::new(self.health());
        let (log, log_writer) = match &self.config.access_log {
            Some(path) => AccessLog::open(path).map(|(log, writer)| (Some(log), Some(writer)))?,
            None => (None, None),
        };
        let acceptors = std::mem::take(&mut self.sockets.acceptors);
        // Health checks are answered until the process ends: this is never sent.
        let (_admin_drain, never) = watch::channel(false);
        let (shortage, _) = watch::channel(());
        if let Some(acceptor) = self.sockets.admin.take() {
            let (alive, _) = mpsc::channel(1);
            let serving = Serving {
                idle: self.config.idle,
                draining: never,
                shortage: shortage.clone(),
                alive,
            };
            connection::start(acceptor, &health, &serving)?;
        }
        self.sockets
            .announce(self.api.endpoints.len(), &self.progress);
        let (sockets, progress, limit) = (self.sockets, self.progress.clone(), self.config.drain);
        let setup = Setup {
            backend: Arc::new(Backend {
                server: self.server,
                statements: self.statements,
                pages: Pages::new(&self.api),
                timeout: self.config.timeout,
                queue: Arc::clone(&health.queue),
                lifecycle: Arc::clone(&health.lifecycle),
                progress: self.progress.clone(),
                reported: AtomicBool::new(false),
            }),
            connections: self.config.connections,
            idle: self.config.idle,
            drain: limit,
            draining,
            shortage,
            shared: Arc::new(shared(self.api, &self.config, &health, log, self.progress)),
        };
        let workers = start_workers(setup, acceptors)?;
        next_signal().await;
        health.lifecycle.drain();
        progress.note(format!(
            "serve: shutting down; requests under way have {limit:?}"
        ));
        // It fails when no worker is left.
        let _ = drain.send(true);
        let drained = tokio::select! {
            drained = join(workers, log_writer) => drained?,
            () = next_signal() => Drained::CutOff,
        };
        if drained == Drained::CutOff {
            progress.note("serve: connections were cut off");
        }
        sockets.remove();
        Ok(())
    }

    fn health(&self) -> Health {
        let routes = self.api.endpoints.iter().map(|it| it.route.to_string());
        let bytes = self.config.cache_bytes;
        Health {
            lifecycle: Arc::new(Lifecycle::new(self.config.workers)),
            metrics: Arc::new(Metrics::new(routes)),
            queue: Arc::new(Queue::new(self.config.max_queue)),
            cache: (bytes > 0).then(|| Arc::new(Cache::new(bytes))),
        }
    }
}

fn shared(
    api: Api,
    config: &Config,
    health: &Arc<Health>,
    access_log: Option<AccessLog>,
    progress: Progress,
) -> Shared {
    Shared {
        openapi: Body::new(Bytes::from(api.openapi().to_string())),
        index: Body::new(Bytes::from(api.index().to_string())),
        index_page: Body::new(Bytes::from(api.index_page())),
        api,
        cache: health.cache.clone(),
        metrics: Arc::clone(&health.metrics),
        cors: Cors::new(config.cors.clone()),
        access_log,
        health: config.admin.is_none().then(|| Arc::clone(health)),
        progress,
        failures: Throttle::default(),
    }
}

type Worker = JoinHandle<Result<Drained>>;

fn start_workers(
    setup: Setup,
    acceptors: Vec<Vec<super::listen::Acceptor>>,
) -> Result<Vec<Worker>> {
    let numbered = acceptors.into_iter().enumerate();
    numbered
        .map(|(number, acceptors)| worker::start(setup.clone(), number, acceptors))
        .collect()
}

/// Waits for all workers, each of which ends within the deadline, and for the access log to be written.
///
/// On a thread of its own: a second signal need not wait for it, as it would for the runtime's blocking threads.
async fn join(workers: Vec<Worker>, log_writer: Option<JoinHandle<()>>) -> Result<Drained> {
    let (sender, joined) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let drained = join_all(workers);
        if let Some(writer) = log_writer {
            let _ = writer.join();
        }
        sender.send(drained)
    });
    joined.await.context("could not wait for the workers")?
}

fn join_all(workers: Vec<Worker>) -> Result<Drained> {
    let mut all = Drained::Completely;
    for worker in workers {
        let drained = worker.join().map_err(|_| anyhow!("a worker panicked"))??;
        if drained == Drained::CutOff {
            all = drained;
        }
    }
    Ok(all)
}

/// As many file descriptors as the system allows without privileges: each connection takes one.
fn raise_descriptor_limit() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    // Where it is refused, the limit stays what it was.
    let _ = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: maximum,
            maximum,
        },
    );
}
