//! Hands requests to the generator's threads when they are due, one after the other, from a thread of its own.
//!
//! The runtime's timers have a grain of a millisecond. This thread sleeps until the next request is due and hands over
//! all that are due by then, so that a late waking delays requests but loses none.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::schedule::{Arrival, Schedule};

/// The shortest sleep: below it, waking costs more than it gains.
const GRAIN: Duration = Duration::from_micros(50);

/// The longest sleep: how soon a stop is noticed.
const NOTICE: Duration = Duration::from_millis(20);

/// How many requests may be in flight, counted by the schedule's thread and the generator's threads.
#[derive(Debug)]
pub struct InFlightLimit {
    /// Requests that were handed over and aren't done.
    pub in_flight: AtomicU64,
    /// The most that may be.
    pub most: u64,
    /// Set to end the schedule early.
    pub stop: Arc<AtomicBool>,
}

/// What becomes of a request that is due.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Due {
    /// To be sent.
    Send(Arrival),
    /// Too many are in flight.
    Skip(Arrival),
}

/// Starts the thread. The requests' times count from `start`; each goes to the receiver after the one before.
pub fn pace(
    schedule: Schedule,
    start: Instant,
    limit: Arc<InFlightLimit>,
    receivers: usize,
) -> Result<Vec<UnboundedReceiver<Due>>> {
    let (senders, receivers): (Vec<_>, _) = (0..receivers).map(|_| unbounded_channel()).unzip();
    thread::Builder::new()
        .name("pacer".to_owned())
        .spawn(move || run(schedule, start, &limit, &senders))
        .context("could not start a thread")?;
    Ok(receivers)
}

fn run(
    schedule: Schedule,
    start: Instant,
    limit: &InFlightLimit,
    senders: &[UnboundedSender<Due>],
) {
    sleep_precisely();
    for (arrival, sender) in schedule.zip(senders.iter().cycle()) {
        loop {
            if limit.stop.load(Ordering::Relaxed) {
                return;
            }
            let wait = arrival.due.saturating_sub(start.elapsed());
            if wait.is_zero() {
                break;
            }
            thread::sleep(wait.clamp(GRAIN, NOTICE));
        }
        if sender.send(limit.admit(arrival)).is_err() {
            return;
        }
    }
}

impl InFlightLimit {
    /// Counts a request as in flight, unless too many are.
    fn admit(&self, arrival: Arrival) -> Due {
        if self.in_flight.load(Ordering::Relaxed) >= self.most {
            return Due::Skip(arrival);
        }
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        Due::Send(arrival)
    }

    /// Counts a request as done.
    pub fn leave(&self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Has the thread wake within a microsecond of the time asked for, not within the usual 50.
#[cfg(target_os = "linux")]
fn sleep_precisely() {
    let _ = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1_000));
}

#[cfg(not(target_os = "linux"))]
fn sleep_precisely() {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stress::schedule::Arrivals;

    #[test]
    fn no_more_than_allowed_are_in_flight() {
        let limit = Arc::new(InFlightLimit {
            in_flight: AtomicU64::new(0),
            most: 3,
            stop: Arc::default(),
        });
        let duration = Duration::from_millis(10);
        let schedule = Schedule::new(1_000.0, duration, Arrivals::Constant, 1);
        let due = pace(schedule, Instant::now(), Arc::clone(&limit), 2).unwrap();
        let numbers = due.into_iter().map(|mut due| {
            let (mut sent, mut skipped) = (Vec::new(), Vec::new());
            while let Some(due) = due.blocking_recv() {
                match due {
                    Due::Send(arrival) => sent.push(arrival.number),
                    Due::Skip(arrival) => skipped.push(arrival.number),
                }
            }
            (sent, skipped)
        });
        let numbers: Vec<(Vec<u64>, Vec<u64>)> = numbers.collect();
        assert_eq!(numbers[0], (vec![0, 2], vec![4, 6, 8]));
        assert_eq!(numbers[1], (vec![1], vec![3, 5, 7, 9]));
        limit.leave();
        assert_eq!(limit.in_flight.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn a_stop_ends_the_schedule() {
        let stop = Arc::new(AtomicBool::new(true));
        let limit = Arc::new(InFlightLimit {
            in_flight: AtomicU64::new(0),
            most: 1,
            stop,
        });
        let schedule = Schedule::new(1.0, Duration::from_secs(3600), Arrivals::Constant, 1);
        let mut due = pace(schedule, Instant::now(), limit, 1).unwrap();
        assert_eq!(due[0].blocking_recv(), None);
    }
}
