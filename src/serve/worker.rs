//! A worker: a thread with a runtime, listeners and Postgres connections of its own, so that a request never changes threads.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::sync::{mpsc, watch};

use super::connection::{self, Serving};
use super::listen::Acceptor;
use super::pool::{Backend, Pool};
use super::respond::{Responder, Shared};

/// What every worker gets.
#[derive(Clone)]
pub struct Setup {
    /// What it answers from.
    pub shared: Arc<Shared>,
    /// Postgres.
    pub backend: Arc<Backend>,
    /// Connections to Postgres.
    pub connections: usize,
    /// How long a client's connection may be silent.
    pub idle: Duration,
    /// How long requests under way may take once the server ends.
    pub drain: Duration,
    /// Becomes true when the server ends.
    pub draining: watch::Receiver<bool>,
    /// Changes when there are no more file descriptors.
    pub shortage: watch::Sender<()>,
}

/// How a worker ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drained {
    /// All connections had ended.
    Completely,
    /// Some were cut off at the deadline.
    CutOff,
}

/// Starts a worker on a thread of its own.
pub fn start(
    setup: Setup,
    number: usize,
    acceptors: Vec<Acceptor>,
) -> Result<JoinHandle<Result<Drained>>> {
    std::thread::Builder::new()
        .name(format!("worker-{number}"))
        .spawn(move || work(setup, number, acceptors))
        .with_context(|| format!("could not start worker {number}"))
}

fn work(setup: Setup, number: usize, acceptors: Vec<Acceptor>) -> Result<Drained> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("could not start a worker's runtime")?;
    runtime.block_on(async {
        let pool = Pool::start(&setup.backend, number, setup.connections);
        let responder = Arc::new(Responder::new(Arc::clone(&setup.shared), pool));
        let (alive, mut all_ended) = mpsc::channel(1);
        let serving = Serving {
            idle: setup.idle,
            draining: setup.draining.clone(),
            shortage: setup.shortage.clone(),
            alive,
        };
        for acceptor in acceptors {
            connection::start(acceptor, &responder, &serving)?;
        }
        drop(serving);
        let mut draining = setup.draining;
        connection::is_true(&mut draining).await;
        Ok(
            match tokio::time::timeout(setup.drain, all_ended.recv()).await {
                Ok(_) => Drained::Completely,
                Err(_) => Drained::CutOff,
            },
        )
    })
}
