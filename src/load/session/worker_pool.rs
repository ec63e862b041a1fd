//! Several connections working through one list of tasks.

use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use futures_util::future::try_join_all;
use tokio::sync::Notify;
use tokio_postgres::Client;

use crate::load::session::settings::Session;
use crate::postgres::Server;

/// Several connections to one server.
#[derive(Clone, Copy)]
pub struct Crew<'a> {
    /// The server.
    pub server: &'a Server,
    /// What they are set to, and how many there are at a time.
    pub session: &'a Session,
    /// Fewer than the session has.
    pub alone: bool,
}

impl Crew<'_> {
    /// Does every task, each begun in its order. The first error ends it; what the other connections were at is rolled
    /// back.
    pub async fn each<T>(
        &self,
        tasks: Vec<T>,
        work: impl AsyncFn(&mut Client, T) -> Result<()>,
    ) -> Result<()> {
        let count = tasks.len();
        let mut place = 0;
        let numbered = tasks.into_iter().map(|task| {
            place += 1;
            (count - place, task)
        });
        self.growing(
            numbered.collect(),
            |_, (left, _)| *left as u64,
            async |client, (_, task)| work(client, task).await.map(|()| Vec::new()),
        )
        .await
    }

    /// Does every task and those that come of it. A connection, by its number from 0, takes the task that ranks highest
    /// for it.
    pub async fn growing<T>(
        &self,
        tasks: Vec<T>,
        rank: impl Fn(usize, &T) -> u64,
        work: impl AsyncFn(&mut Client, T) -> Result<Vec<T>>,
    ) -> Result<()> {
        // A task brings forth others: a table's rows, then its indexes.
        let most = (2 * tasks.len()).max(1);
        let connections = if self.alone {
            1
        } else {
            self.session.jobs.min(most)
        };
        let queue = Queue {
            state: Mutex::new(State {
                waiting: tasks,
                busy: 0,
            }),
            changed: Notify::new(),
        };
        let worker = async |number: usize| -> Result<()> {
            let mut client = self.connect().await?;
            while let Some(task) = queue.next(|task| rank(number, task)).await {
                let more = work(&mut client, task).await?;
                queue.done(more);
            }
            Ok(())
        };
        try_join_all((0..connections).map(worker)).await?;
        Ok(())
    }

    /// A connection for loading.
    pub async fn connect(&self) -> Result<Client> {
        let client = self.server.connect().await?;
        self.session.apply(&client).await?;
        Ok(client)
    }
}

/// Tasks that wait, and how many are being done.
struct Queue<T> {
    state: Mutex<State<T>>,
    changed: Notify,
}

struct State<T> {
    waiting: Vec<T>,
    busy: usize,
}

impl<T> Queue<T> {
    /// The task that ranks highest; waits while there is none but one may still come. `None` when all are done.
    async fn next(&self, rank: impl Fn(&T) -> u64) -> Option<T> {
        loop {
            let changed = self.changed.notified();
            {
                let mut state = self.lock();
                let ranked = state.waiting.iter().enumerate();
                if let Some((place, _)) = ranked.max_by_key(|(_, task)| rank(task)) {
                    state.busy += 1;
                    return Some(state.waiting.swap_remove(place));
                }
                if state.busy == 0 {
                    return None;
                }
            }
            changed.await;
        }
    }

    /// A task was done, and these come of it.
    fn done(&self, more: Vec<T>) {
        let mut state = self.lock();
        state.busy -= 1;
        state.waiting.extend(more);
        drop(state);
        self.changed.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
