//! Overload protection: bounds how many requests Postgres executes at once, how many wait, and for how long.
//!
//! A request that would wait too long is rejected at once, so that those accepted are answered soon and memory is bounded.
//! A burst may wait longer than a queue that never empties: there every request waits, and none is answered earlier for it.
//!
//! Postgres on the same machine competes for its cores with the workers, which then are late even in rejecting requests.
//! While that lasts, Postgres gets fewer requests at once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, SemaphorePermit};

/// How long a request of a burst may wait for a slot.
const BURST: Duration = Duration::from_millis(50);
/// How long a request may wait while there is always one that waits.
const SUSTAINED: Duration = Duration::from_millis(10);
/// A queue that was never empty for so long is no burst.
const ALWAYS: Duration = Duration::from_millis(100);
/// A new interval's weight in the mean.
const WEIGHT: u32 = 8;
/// The fewest slots.
const FEWEST: usize = 4;
/// The shares of its time that a worker waits for a core: from the first on it has too little CPU, below the second enough.
const STARVED: f64 = 0.25;
const FED: f64 = 0.15;
/// Rejecting fewer than one for so many accepted ones costs too little to give up slots for.
const ACCEPTED_FOR_ONE: usize = 4;

/// A worker's slots, and the queue behind them that all workers share.
#[derive(Debug)]
pub struct Gate {
    slots: Semaphore,
    /// The most slots there are.
    most: usize,
    /// How many there are to be now.
    wanted: AtomicUsize,
    /// How many there are.
    existing: AtomicUsize,
    /// The requests that wait for one of this worker's.
    waiting: AtomicUsize,
    queue: Arc<Queue>,
    pace: Mutex<Pace>,
    /// The requests that were accepted and rejected since this was looked at.
    accepted: AtomicUsize,
    rejected: AtomicUsize,
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

/// The queue is full, or the request has waited too long in it, or would.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overloaded;

/// How fast slots become free, and since when all are in use.
#[derive(Debug)]
struct Pace {
    /// When a request last found a free slot.
    last_free: Instant,
    /// When a slot was last left.
    last_left: Instant,
    /// The mean time from one slot left to the next while all were in use.
    interval: Duration,
}

impl Pace {
    fn new(now: Instant) -> Pace {
        Pace {
            last_free: now,
            last_left: now,
            interval: Duration::ZERO,
        }
    }

    /// How long a request may wait that comes now behind so many; it is overload where it would wait for longer.
    fn patience(&self, now: Instant, before: usize) -> Result<Duration, Overloaded> {
        let since_free = now.saturating_duration_since(self.last_free);
        let patience = match since_free < ALWAYS {
            true => BURST,
            false => SUSTAINED,
        };
        let places = u32::try_from(before + 1).unwrap_or(u32::MAX);
        match self.interval.saturating_mul(places) <= patience {
            true => Ok(patience),
            false => Err(Overloaded),
        }
    }

    /// A slot was left; `all_in_use` until then.
    fn leave(&mut self, now: Instant, all_in_use: bool) {
        if all_in_use {
            let since = self.last_left.max(self.last_free);
            let interval = now.saturating_duration_since(since);
            self.interval = (self.interval * (WEIGHT - 1) + interval) / WEIGHT;
        }
        self.last_left = now;
    }
}

impl Gate {
    /// `slots` requests at a time.
    pub fn new(slots: usize, queue: Arc<Queue>) -> Gate {
        Gate {
            slots: Semaphore::new(slots),
            most: slots,
            wanted: AtomicUsize::new(slots),
            existing: AtomicUsize::new(slots),
            waiting: AtomicUsize::new(0),
            queue,
            pace: Mutex::new(Pace::new(Instant::now())),
            accepted: AtomicUsize::new(0),
            rejected: AtomicUsize::new(0),
        }
    }

    /// How many requests at a time it admits now.
    pub fn slots(&self) -> usize {
        self.wanted.load(Ordering::Relaxed)
    }

    /// A slot until the permit is dropped.
    pub async fn enter(&self) -> Result<Permit<'_>, Overloaded> {
        let entered = match self.slots.try_acquire() {
            Ok(permit) => {
                self.pace().last_free = Instant::now();
                Ok(Permit::new(self, permit))
            }
            Err(_) => self.wait().await,
        };
        let counter = match entered {
            Ok(_) => &self.accepted,
            Err(Overloaded) => &self.rejected,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        entered
    }

    async fn wait(&self) -> Result<Permit<'_>, Overloaded> {
        let place = Place::take(self)?;
        let patience = self.pace().patience(Instant::now(), place.before)?;
        match tokio::time::timeout(patience, self.slots.acquire()).await {
            Ok(Ok(permit)) => Ok(Permit::new(self, permit)),
            _ => Err(Overloaded),
        }
    }

    /// Fewer slots where many requests are rejected and the worker could have run for more of the time than it did; else
    /// more again. To be called at equal distances.
    pub fn adapt(&self, waited_for_core: f64) {
        let accepted = self.accepted.swap(0, Ordering::Relaxed);
        let rejected = self.rejected.swap(0, Ordering::Relaxed);
        let is_overloaded = rejected * ACCEPTED_FOR_ONE > accepted;
        let wanted = self.slots();
        if is_overloaded && waited_for_core > STARVED {
            let fewest = FEWEST.min(self.most);
            let fewer = (wanted * 3 / 4).max(fewest);
            self.wanted.store(fewer, Ordering::Relaxed);
        } else if wanted < self.most && (!is_overloaded || waited_for_core < FED) {
            self.wanted.store(wanted + 1, Ordering::Relaxed);
            if self.existing.load(Ordering::Relaxed) <= wanted {
                self.existing.fetch_add(1, Ordering::Relaxed);
                self.slots.add_permits(1);
            }
        }
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A slot in use.
#[derive(Debug)]
pub struct Permit<'a> {
    gate: &'a Gate,
    permit: Option<SemaphorePermit<'a>>,
}

impl<'a> Permit<'a> {
    fn new(gate: &'a Gate, permit: SemaphorePermit<'a>) -> Permit<'a> {
        Permit {
            gate,
            permit: Some(permit),
        }
    }
}

impl Drop for Permit<'_> {
    /// Leaves the slot; where there are more than wanted, for nobody.
    fn drop(&mut self) {
        let gate = self.gate;
        let all_in_use = gate.slots.available_permits() == 0;
        gate.pace().leave(Instant::now(), all_in_use);
        let is_unwanted = gate.existing.load(Ordering::Relaxed) > gate.slots();
        if is_unwanted && let Some(permit) = self.permit.take() {
            gate.existing.fetch_sub(1, Ordering::Relaxed);
            permit.forget();
        }
    }
}

/// A place in the queue, left even when the request is dropped.
struct Place<'a> {
    gate: &'a Gate,
    /// This worker's requests before it.
    before: usize,
}

impl<'a> Place<'a> {
    fn take(gate: &'a Gate) -> Result<Place<'a>, Overloaded> {
        let in_queue = gate.queue.waiting.fetch_add(1, Ordering::Relaxed);
        let place = Place {
            gate,
            before: gate.waiting.fetch_add(1, Ordering::Relaxed),
        };
        match in_queue < gate.queue.most {
            true => Ok(place),
            false => Err(Overloaded),
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.gate.waiting.fetch_sub(1, Ordering::Relaxed);
        self.gate.queue.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[tokio::test]
    async fn what_is_over_the_bounds_is_rejected_at_once_or_soon() {
        let queue = Arc::new(Queue::new(1));
        let gate = Gate::new(1, Arc::clone(&queue));
        let first = gate.enter().await.unwrap();
        let (second, third) = tokio::join!(gate.enter(), gate.enter());
        assert!(second.is_err(), "it waited for {BURST:?}");
        assert!(third.is_err(), "the queue was full");
        assert_eq!(queue.waiting(), 0);
        drop(first);
        assert!(gate.enter().await.is_ok());
    }

    #[test]
    fn a_wait_that_would_be_too_long_does_not_begin() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        assert_eq!(pace.patience(start, 500), Ok(BURST), "nothing is known");
        for left in 1..=100 {
            pace.leave(start + ms(left), true);
        }
        let mean = pace.interval.as_secs_f64() * 1e3;
        assert!((0.99..=1.0).contains(&mean), "{mean} ms");
        pace.last_free = start + ms(50);
        let of_a_burst = |before| pace.patience(start + ms(100), before);
        assert_eq!(of_a_burst(45), Ok(BURST));
        assert_eq!(of_a_burst(55), Err(Overloaded));
        let of_a_flood = |before| pace.patience(start + ms(150), before);
        assert_eq!(of_a_flood(5), Ok(SUSTAINED));
        assert_eq!(of_a_flood(15), Err(Overloaded));
    }

    #[test]
    fn time_without_requests_is_no_slowness() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        pace.leave(start + ms(1_000), false);
        assert_eq!(pace.interval, Duration::ZERO);
        pace.last_free = start + ms(5_000);
        pace.leave(start + ms(5_008), true);
        assert_eq!(pace.interval, ms(1), "one in {WEIGHT} of 8 ms");
    }

    /// Takes all slots, and has one request more rejected; the slots.
    async fn fill(gate: &Gate) -> Vec<Permit<'_>> {
        let mut permits = Vec::new();
        while let Ok(permit) = gate.enter().await {
            permits.push(permit);
        }
        permits
    }

    #[tokio::test]
    async fn a_worker_without_a_core_admits_fewer_until_few_are_rejected() {
        let gate = Gate::new(8, Arc::new(Queue::new(0)));
        let permits = fill(&gate).await;
        assert_eq!(permits.len(), 8);
        gate.adapt(0.5);
        assert_eq!(gate.slots(), 8, "one was rejected for 8 accepted");
        assert!(gate.enter().await.is_err());
        gate.adapt(0.5);
        assert_eq!(gate.slots(), 6);
        drop(permits);
        let permits = fill(&gate).await;
        assert_eq!(permits.len(), 6, "slots are taken away as they are left");
        assert!(gate.enter().await.is_err());
        gate.adapt(0.2);
        assert_eq!(gate.slots(), 6, "neither starved nor fed");
        for _ in 0..9 {
            gate.adapt(0.0);
        }
        assert_eq!(gate.slots(), 8);
        assert!(gate.enter().await.is_ok(), "a slot more");
    }
}
