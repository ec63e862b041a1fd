//! The counts of all the generator's threads together.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::latencies::Latencies;
use super::recorder::{KindRecord, Recorder, Second, ThreadSecond};

/// A thread's counts, which others look at once a second.
pub type SharedRecorder = Arc<Mutex<Recorder>>;

/// The counts of a run.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    /// One a kind of request.
    pub kinds: Vec<KindRecord>,
    /// From due to taken up by the generator: its own delay.
    pub lag: Latencies,
    /// The seconds that have ended.
    pub seconds: Vec<Second>,
}

/// The seconds of a run that goes on, and what they are taken from.
pub struct SoFar {
    /// One a thread.
    pub recorders: Vec<SharedRecorder>,
    /// The seconds that have ended.
    pub seconds: Vec<Second>,
    /// From the start until now.
    pub elapsed: Duration,
}

impl SoFar {
    /// At the start of a run.
    pub fn new(recorders: Vec<SharedRecorder>) -> SoFar {
        SoFar {
            recorders,
            seconds: Vec::new(),
            elapsed: Duration::ZERO,
        }
    }

    /// Takes the seconds that have ended by now from all threads.
    pub fn advance(&mut self, elapsed: Duration) {
        self.elapsed = elapsed;
        let taken = self.recorders.iter().map(|recorder| {
            let mut recorder = lock(recorder);
            recorder.advance(elapsed);
            recorder.take_seconds(elapsed.as_secs())
        });
        self.seconds.extend(together(taken));
    }

    /// All kinds of all threads together.
    pub fn total(&self) -> KindRecord {
        let mut total = KindRecord::default();
        for recorder in &self.recorders {
            lock(recorder).kinds.iter().for_each(|it| total.add(it));
        }
        total
    }

    /// The counts in the end, in which requests without an answer have failed. What is answered later isn't counted.
    pub fn finish(self, now: Duration) -> Counts {
        let end = |recorder: &SharedRecorder| {
            let mut recorder = lock(recorder);
            let late = Recorder::after_the_end(recorder.kinds.len());
            let mut taken = std::mem::replace(&mut *recorder, late);
            taken.finish(now);
            taken
        };
        let counts = Counts::of(self.recorders.iter().map(end).collect());
        let mut seconds = self.seconds;
        seconds.extend(counts.seconds);
        Counts { seconds, ..counts }
    }
}

impl Counts {
    /// Of recorders that have ended, at least one, all with the same kinds.
    pub fn of(mut recorders: Vec<Recorder>) -> Counts {
        let mut counts = Counts {
            seconds: together(recorders.iter_mut().map(|it| it.take_seconds(u64::MAX))),
            ..Counts::default()
        };
        for recorder in recorders {
            let kinds = recorder.kinds.len();
            counts.kinds.resize_with(kinds, KindRecord::default);
            let both = counts.kinds.iter_mut().zip(&recorder.kinds);
            both.for_each(|(sum, kind)| sum.add(kind));
            counts.lag.add(&recorder.lag);
        }
        counts
    }

    /// All kinds together.
    pub fn total(&self) -> KindRecord {
        let mut total = KindRecord::default();
        self.kinds.iter().for_each(|it| total.add(it));
        total
    }
}

/// The seconds of all threads, from the same one on. A thread in whose last second nothing happened lacks that.
fn together(threads: impl Iterator<Item = Vec<ThreadSecond>>) -> Vec<Second> {
    let mut all: Vec<ThreadSecond> = Vec::new();
    for seconds in threads {
        for (place, second) in seconds.into_iter().enumerate() {
            match all.get_mut(place) {
                Some(sum) => sum.add(&second),
                None => all.push(second),
            }
        }
    }
    all.iter().map(ThreadSecond::figures).collect()
}

/// Locks a thread's counts.
pub fn lock(recorder: &Mutex<Recorder>) -> MutexGuard<'_, Recorder> {
    recorder.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stress::recorder::{CacheUse, Times};

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// A thread's recorder, which answers a request every 100 ms until so many have been.
    fn shared(requests: u64, takes_ms: u64) -> SharedRecorder {
        let mut recorder = Recorder::new(1);
        for number in 0..requests {
            let due = ms(number * 100);
            recorder.begin(0, due, due);
            let done = due + ms(takes_ms);
            let times = Times {
                due,
                sent: due,
                done,
            };
            recorder.complete(0, times, CacheUse::Unknown);
        }
        Arc::new(Mutex::new(recorder))
    }

    #[test]
    fn threads_add_up_second_by_second() {
        let mut so_far = SoFar::new(vec![shared(25, 1), shared(15, 9)]);
        so_far.advance(ms(1_500));
        assert_eq!(so_far.seconds.len(), 1);
        assert_eq!(so_far.total().completed, 40);
        let counts = so_far.finish(ms(2_500));
        let completed: Vec<u64> = counts.seconds.iter().map(|it| it.completed).collect();
        assert_eq!(completed, [20, 15, 5]);
        assert!((8.9..9.1).contains(&counts.seconds[0].p95));
        assert!(
            (0.9..1.1).contains(&counts.seconds[2].p95),
            "one thread's alone"
        );
        let total = counts.total();
        assert_eq!((total.completed, total.response.count()), (40, 40));
        assert_eq!(counts.lag.count(), 40);
    }

    #[test]
    fn what_is_answered_after_the_end_is_not_counted() {
        let recorder = shared(1, 1);
        lock(&recorder).begin(0, ms(500), ms(500));
        let counts = SoFar::new(vec![Arc::clone(&recorder)]).finish(ms(600));
        assert_eq!(counts.total().errors(), 1, "without an answer");
        let times = Times {
            due: ms(500),
            sent: ms(500),
            done: ms(700),
        };
        lock(&recorder).complete(0, times, CacheUse::Unknown);
        assert_eq!(counts.total().completed, 1);
    }
}
