//! A pool of connections that work through one list of tasks.

use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use futures_util::future::try_join_all;
use tokio::sync::Notify;
use tokio_postgres::Client;

use crate::load::session::settings::SessionSettings;
use crate::postgres::{NodeAddress, Server};

/// Connections that have a load's settings and wait for their next use.
#[derive(Default)]
pub struct ReadySessions(Mutex<Vec<ReadySession>>);

struct ReadySession {
    /// The node of the cluster that it is a connection to; `None` for the server itself.
    node: Option<NodeAddress>,
    client: Client,
}

impl ReadySessions {
    fn take(&self, node: Option<&NodeAddress>) -> Option<Client> {
        let mut sessions = self.lock();
        sessions.retain(|session| !session.client.is_closed());
        let found = sessions.iter().rposition(|it| it.node.as_ref() == node)?;
        Some(sessions.swap_remove(found).client)
    }

    fn keep(&self, node: Option<NodeAddress>, client: Client) {
        self.lock().push(ReadySession { node, client });
    }

    /// Leaves the connections to the server's next user, who begins with settings of his own.
    pub fn release(&self, server: &Server) {
        for session in self.lock().drain(..).filter(|it| it.node.is_none()) {
            server.keep(session.client);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<ReadySession>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A number of connections to one server.
#[derive(Clone, Copy)]
pub struct WorkerPool<'a> {
    server: &'a Server,
    session: &'a SessionSettings,
    ready: &'a ReadySessions,
    /// Connections at a time.
    pub connections: usize,
}

impl<'a> WorkerPool<'a> {
    /// As many connections as the session has jobs.
    pub fn new(
        server: &'a Server,
        session: &'a SessionSettings,
        ready: &'a ReadySessions,
    ) -> WorkerPool<'a> {
        WorkerPool {
            server,
            session,
            ready,
            connections: session.jobs,
        }
    }

    /// The same with at most so many connections.
    pub fn limited_to(self, connections: usize) -> WorkerPool<'a> {
        WorkerPool {
            connections: self.connections.min(connections),
            ..self
        }
    }

    /// The same for VALIDATE CONSTRAINT: one connection where the server can't validate several tables at a time.
    pub fn for_validation(self) -> WorkerPool<'a> {
        match self.server.capabilities().parallel_validation {
            true => self,
            false => self.limited_to(1),
        }
    }

    /// Runs every task, started in their order. The first error ends it; what the other connections were doing is rolled
    /// back.
    pub async fn run_each<T>(
        &self,
        tasks: Vec<T>,
        work: impl AsyncFn(&mut Client, T) -> Result<()>,
    ) -> Result<()> {
        let count = tasks.len();
        if count == 0 {
            return Ok(());
        }
        let mut place = 0;
        let numbered = tasks.into_iter().map(|task| {
            place += 1;
            (count - place, task)
        });
        self.limited_to(count)
            .run_ranked(
                numbered.collect(),
                |_, (left, _)| *left as u64,
                async |client, (_, task)| work(client, task).await.map(|()| Vec::new()),
            )
            .await
    }

    /// Runs every task and those that each returns. A connection, by its number from 0, takes the task that ranks highest
    /// for it.
    pub async fn run_ranked<T>(
        &self,
        tasks: Vec<T>,
        rank: impl Fn(usize, &T) -> u64,
        work: impl AsyncFn(&mut Client, T) -> Result<Vec<T>>,
    ) -> Result<()> {
        // A task returns others: a table's rows, then its indexes.
        let most = (2 * tasks.len()).max(1);
        let connections = self.connections.min(most);
        let queue = Queue {
            tasks: Mutex::new(Tasks {
                waiting: tasks,
                running: 0,
            }),
            changed: Notify::new(),
        };
        let worker = async |number: usize| -> Result<()> {
            let mut client = self.connect().await?;
            while let Some(task) = queue.next(|task| rank(number, task)).await {
                let more = work(&mut client, task).await?;
                queue.done(more);
            }
            self.keep(client);
            Ok(())
        };
        try_join_all((0..connections).map(worker)).await?;
        Ok(())
    }

    /// Keeps a connection for another use. What was done with it is over: no transaction, no setting of its own.
    pub fn keep(&self, client: Client) {
        self.keep_of(None, client);
    }

    /// The same for a connection to a node of the cluster, or to the server itself.
    pub fn keep_of(&self, node: Option<NodeAddress>, client: Client) {
        self.ready.keep(node, client);
    }

    /// A connection to a node of the cluster, or to the server itself, with the session's settings.
    pub async fn connect_to(&self, node: Option<&NodeAddress>) -> Result<Client> {
        if let Some(client) = self.ready.take(node) {
            return Ok(client);
        }
        let client = match node {
            Some(node) => self.server.connect_to_node(&node.host, node.port).await?,
            None => self.server.connect().await?,
        };
        self.session.apply(&client).await?;
        Ok(client)
    }

    /// A connection with the session's settings.
    pub async fn connect(&self) -> Result<Client> {
        self.connect_to(None).await
    }
}

/// Tasks that wait, and how many are running.
struct Queue<T> {
    tasks: Mutex<Tasks<T>>,
    changed: Notify,
}

struct Tasks<T> {
    waiting: Vec<T>,
    running: usize,
}

impl<T> Queue<T> {
    /// The task that ranks highest; waits while there is none but a running one may return some. `None` when all are done.
    async fn next(&self, rank: impl Fn(&T) -> u64) -> Option<T> {
        loop {
            let changed = self.changed.notified();
            {
                let mut tasks = self.lock();
                let ranked = tasks.waiting.iter().enumerate();
                if let Some((place, _)) = ranked.max_by_key(|(_, task)| rank(task)) {
                    tasks.running += 1;
                    return Some(tasks.waiting.swap_remove(place));
                }
                if tasks.running == 0 {
                    return None;
                }
            }
            changed.await;
        }
    }

    /// A task is done, and returned these.
    fn done(&self, more: Vec<T>) {
        let mut tasks = self.lock();
        tasks.running -= 1;
        tasks.waiting.extend(more);
        drop(tasks);
        self.changed.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, Tasks<T>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
