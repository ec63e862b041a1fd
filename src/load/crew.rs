//! Several connections working through one list of tasks.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use anyhow::Result;
use futures_util::future::try_join_all;
use tokio_postgres::Client;

use crate::postgres::Server;

/// So many connections to one server.
#[derive(Clone, Copy)]
pub struct Crew<'a> {
    /// The server.
    pub server: &'a Server,
    /// Connections at a time.
    pub jobs: usize,
}

impl Crew<'_> {
    /// Does every task, each begun in its order, and returns what they returned in the order they ended.
    ///
    /// The first error ends it; what the other connections were at is rolled back.
    pub async fn each<T, R>(
        &self,
        tasks: Vec<T>,
        work: impl AsyncFn(&mut Client, T) -> Result<R>,
    ) -> Result<Vec<R>> {
        let workers = self.jobs.min(tasks.len()).max(1);
        let queue = Mutex::new(VecDeque::from(tasks));
        let results = Mutex::new(Vec::new());
        let worker = async || -> Result<()> {
            let mut client = self.connect().await?;
            loop {
                let next = queue
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .pop_front();
                let Some(task) = next else { return Ok(()) };
                let result = work(&mut client, task).await?;
                results
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(result);
            }
        };
        try_join_all((0..workers).map(|_| worker())).await?;
        Ok(results.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// A connection for loading. A crash of the server loses at most the last commits, and the ledger's rows for them
    /// with them: asynchronous commit never reorders.
    async fn connect(&self) -> Result<Client> {
        let client = self.server.connect().await?;
        client.batch_execute("SET synchronous_commit = off").await?;
        Ok(client)
    }
}
