//! Whether the server is ready: connected to Postgres, and not about to end.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// What the workers and the health checks share.
#[derive(Debug)]
pub struct Lifecycle {
    draining: AtomicBool,
    /// Open Postgres connections of each worker.
    sessions: Vec<AtomicUsize>,
}

/// What `/ready` answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readiness {
    /// Requests are answered.
    Ready,
    /// A worker has no connection to Postgres.
    NoPostgres,
    /// It ends after the requests under way.
    Draining,
}

impl Readiness {
    /// Its text in the answer of `/ready`.
    pub fn message(self) -> &'static str {
        match self {
            Readiness::Ready => "ready",
            Readiness::NoPostgres => "not connected to Postgres",
            Readiness::Draining => "shutting down",
        }
    }
}

impl Lifecycle {
    /// Without a connection yet.
    pub fn new(workers: usize) -> Lifecycle {
        Lifecycle {
            draining: AtomicBool::new(false),
            sessions: (0..workers).map(|_| AtomicUsize::new(0)).collect(),
        }
    }

    /// The state now.
    pub fn readiness(&self) -> Readiness {
        let is_down = |open: &AtomicUsize| open.load(Ordering::Relaxed) == 0;
        if self.draining.load(Ordering::Relaxed) {
            Readiness::Draining
        } else if self.sessions.iter().any(is_down) {
            Readiness::NoPostgres
        } else {
            Readiness::Ready
        }
    }

    /// From now on it isn't ready.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// A worker's connection was opened.
    pub fn session_opened(&self, worker: usize) {
        self.sessions[worker].fetch_add(1, Ordering::Relaxed);
    }

    /// A worker's connection has ended.
    pub fn session_closed(&self, worker: usize) {
        self.sessions[worker].fetch_sub(1, Ordering::Relaxed);
    }

    /// How many connections to Postgres are open.
    pub fn sessions(&self) -> usize {
        self.sessions
            .iter()
            .map(|open| open.load(Ordering::Relaxed))
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_with_a_connection_for_each_worker_until_it_drains() {
        let lifecycle = Lifecycle::new(2);
        lifecycle.session_opened(0);
        assert_eq!(lifecycle.readiness(), Readiness::NoPostgres);
        lifecycle.session_opened(1);
        assert_eq!(lifecycle.readiness(), Readiness::Ready);
        lifecycle.session_closed(0);
        assert_eq!(lifecycle.readiness(), Readiness::NoPostgres);
        lifecycle.drain();
        assert_eq!(lifecycle.readiness(), Readiness::Draining);
    }
}
