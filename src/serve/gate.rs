//! Overload: so many requests at once for Postgres, so many waiting behind them, and no one for long.
//!
//! Requests over the bounds are rejected at once, so that those accepted are answered soon and memory is bounded.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};

/// How long a request may wait for a slot: the rest of 100 ms is for the response.
const PATIENCE: Duration = Duration::from_millis(80);

/// A worker's slots, and the queue behind them that all workers share.
#[derive(Debug)]
pub struct Gate {
    slots: Semaphore,
    queue: Arc<Queue>,
}

/// The requests that wait.
#[derive(Debug)]
pub struct Queue {
    waiting: AtomicUsize,
    most: usize,
}

impl Queue {
    /// For at most so many.
    pub fn new(most: usize) -> Queue {
        Queue {
            waiting: AtomicUsize::new(0),
            most,
        }
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }
}

/// The queue is full, or the request has waited too long in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overloaded;

impl Gate {
    /// `slots` requests at a time.
    pub fn new(slots: usize, queue: Arc<Queue>) -> Gate {
        Gate {
            slots: Semaphore::new(slots),
            queue,
        }
    }

    /// A slot until the permit is dropped.
    pub async fn enter(&self) -> Result<SemaphorePermit<'_>, Overloaded> {
        if let Ok(permit) = self.slots.try_acquire() {
            return Ok(permit);
        }
        let _place = Place::take(&self.queue)?;
        match tokio::time::timeout(PATIENCE, self.slots.acquire()).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(Overloaded),
        }
    }
}

/// A place in the queue, left even when the request is dropped.
struct Place<'a>(&'a Queue);

impl<'a> Place<'a> {
    fn take(queue: &'a Queue) -> Result<Place<'a>, Overloaded> {
        let before = queue.waiting.fetch_add(1, Ordering::Relaxed);
        let place = Place(queue);
        match before < queue.most {
            true => Ok(place),
            false => Err(Overloaded),
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_over_the_bounds_is_turned_away_at_once_or_soon() {
        let queue = Arc::new(Queue::new(1));
        let gate = Gate::new(1, Arc::clone(&queue));
        let first = gate.enter().await.unwrap();
        let (second, third) = tokio::join!(gate.enter(), gate.enter());
        assert!(second.is_err(), "it waited for {PATIENCE:?}");
        assert!(third.is_err(), "the queue was full");
        assert_eq!(queue.waiting(), 0);
        drop(first);
        assert!(gate.enter().await.is_ok());
    }
}
