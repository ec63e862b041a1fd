//! Sends requests to a target and records what becomes of them: at a rate, or as fast as they are answered.
//!
//! One thread sends them, or several, each with connections of its own and every so-many-th request. The processor time of
//! each is measured: a generator that needs a whole core reports its own delays as the target's.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use futures_util::future::try_join_all;
use tokio::time::interval;

use super::counts::{Counts, SharedRecorder, SoFar};
use super::mix::Chooser;
use super::pacer::{InFlightLimit, pace};
use super::recorder::Recorder;
use super::schedule::{Arrivals, Rate, Schedule};
use super::sender::{Job, SenderThread, Source};
use super::target::Endpoint;
use crate::thread_time::ThreadUse;

/// How often the counts and the interrupt are looked at.
const LOOK: Duration = Duration::from_millis(100);

/// What is sent, and for how long.
#[derive(Debug, Clone)]
pub struct Load {
    /// Requests a second.
    pub rate: Rate,
    /// How they are spread over a second.
    pub arrivals: Arrivals,
    /// For how long requests are due.
    pub duration: Duration,
    /// The most requests in flight; beyond it those that are due are skipped.
    pub max_in_flight: u64,
    /// A request that isn't answered so long after it was due has failed.
    pub timeout: Duration,
    /// What draws depend on.
    pub seed: u64,
    /// The number of the first request, by which requests and their values are chosen.
    pub first: u64,
}

impl Load {
    /// How many requests there will be; unknown, and many, where as many are sent as are answered.
    pub fn expected_requests(&self) -> u64 {
        match self.rate {
            Rate::PerSecond(rate) => {
                Schedule::new(rate, self.duration, self.arrivals, self.seed).expected()
            }
            Rate::Max => u64::MAX,
        }
    }
}

/// What a run recorded.
#[derive(Debug)]
pub struct Measured {
    /// The counts.
    pub counts: Counts,
    /// From the start to the last answer.
    pub elapsed: Duration,
    /// What the generator's threads did, at least one.
    pub threads: Vec<ThreadUse>,
    /// Whether it ended early because it was told to.
    pub ended: Ended,
}

/// Why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Its duration was over.
    InTime,
    /// A signal.
    Interrupted,
    /// What watches it stopped it.
    Stopped,
}

/// Looks at the counts once a second, and decides whether the run goes on.
pub type Watch<'a> = dyn FnMut(&SoFar) -> Watched + Send + 'a;

/// What a watcher decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watched {
    /// The run goes on.
    Continue,
    /// It ends.
    Stop,
}

/// Threads with connections to a target.
pub struct Generator {
    threads: Vec<SenderThread>,
    kinds: usize,
    chooser: Arc<Chooser>,
}

/// Where a run's threads and what supervises them meet.
struct Run<'a> {
    start: Instant,
    stop: &'a AtomicBool,
    interrupt: &'a AtomicBool,
    so_far: SoFar,
    ended: Ended,
}

impl Generator {
    /// Opens the connections, of which each thread has its share: there are no more threads than connections.
    pub async fn connect(
        endpoint: &Arc<Endpoint>,
        chooser: Chooser,
        threads: usize,
        connections: usize,
        timeout: Duration,
    ) -> Result<Generator> {
        let threads = threads.clamp(1, connections.max(1));
        let share = |place| share(connections as u64, threads, place);
        let opening = (0..threads).map(async |place| {
            let connections = usize::try_from(share(place)).unwrap_or(connections);
            SenderThread::start(Arc::clone(endpoint), connections, timeout).await
        });
        Ok(Generator {
            threads: try_join_all(opening).await?,
            kinds: endpoint.names().len(),
            chooser: Arc::new(chooser),
        })
    }

    /// Sends the load's requests until its duration is over and all are answered, or until `interrupt` is set.
    pub async fn run(
        &self,
        load: &Load,
        interrupt: &AtomicBool,
        watch: &mut Watch<'_>,
    ) -> Result<Measured> {
        let stop = Arc::new(AtomicBool::new(false));
        let recorders = self.threads.iter().map(|_| {
            let recorder = Recorder::new(self.kinds);
            SharedRecorder::new(recorder.into())
        });
        let mut run = Run {
            start: Instant::now(),
            stop: &stop,
            interrupt,
            so_far: SoFar::new(recorders.collect()),
            ended: Ended::InTime,
        };
        let jobs = self.jobs(load, &run, &stop)?;
        let sending = self.threads.iter().zip(jobs);
        let sending = sending.map(|(thread, job)| thread.send(job));
        let threads = run.supervise(try_join_all(sending), watch).await?;
        let elapsed = run.start.elapsed();
        Ok(Measured {
            counts: run.so_far.finish(elapsed),
            elapsed,
            threads,
            ended: run.ended,
        })
    }

    /// What each thread sends: at a rate, every so-many-th request that is due; else a share of the requests in flight.
    fn jobs(&self, load: &Load, run: &Run<'_>, stop: &Arc<AtomicBool>) -> Result<Vec<Job>> {
        let threads = self.threads.len();
        let limit = Arc::new(InFlightLimit {
            in_flight: AtomicU64::new(0),
            most: load.max_in_flight,
            stop: Arc::clone(stop),
        });
        let sources: Vec<Source> = match load.rate {
            Rate::PerSecond(rate) => {
                let schedule = Schedule::new(rate, load.duration, load.arrivals, load.seed);
                let due = pace(schedule, run.start, Arc::clone(&limit), threads)?;
                due.into_iter().map(Source::Due).collect()
            }
            Rate::Max => (0..threads)
                .map(|place| Source::Answered {
                    at_once: share(load.max_in_flight, threads, place),
                    first: place as u64,
                    step: threads as u64,
                })
                .collect(),
        };
        let both = sources.into_iter().zip(&run.so_far.recorders);
        let job = |(source, recorder): (Source, &SharedRecorder)| Job {
            source,
            start: run.start,
            duration: load.duration,
            timeout: load.timeout,
            first: load.first,
            chooser: Arc::clone(&self.chooser),
            limit: Arc::clone(&limit),
            recorder: Arc::clone(recorder),
        };
        Ok(both.map(job).collect())
    }
}

impl Run<'_> {
    /// Waits until all threads have the last answers; looks at the counts once a second.
    async fn supervise(
        &mut self,
        sending: impl Future<Output = Result<Vec<ThreadUse>>>,
        watch: &mut Watch<'_>,
    ) -> Result<Vec<ThreadUse>> {
        let mut sending = std::pin::pin!(sending);
        let mut look = interval(LOOK);
        let mut seconds = 0;
        loop {
            tokio::select! {
                threads = &mut sending => return threads,
                _ = look.tick() => {}
            }
            let elapsed = self.start.elapsed();
            if elapsed.as_secs() > seconds {
                seconds = elapsed.as_secs();
                self.so_far.advance(elapsed);
                if self.ended == Ended::InTime && watch(&self.so_far) == Watched::Stop {
                    self.ended = Ended::Stopped;
                }
            }
            if self.interrupt.load(Ordering::Relaxed) {
                self.ended = Ended::Interrupted;
            }
            if self.ended != Ended::InTime {
                self.stop.store(true, Ordering::Relaxed);
            }
        }
    }
}

/// The part of `all` that the thread at a place gets; all parts together are `all`.
fn share(all: u64, threads: usize, place: usize) -> u64 {
    let (threads, place) = (threads as u64, place as u64);
    all / threads + u64::from(place < all % threads)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_share_all_there_is() {
        let shares = |all, threads| (0..threads).map(|it| share(all, threads, it)).collect();
        let expected: [(u64, usize, Vec<u64>); 3] =
            [(8, 2, vec![4, 4]), (8, 3, vec![3, 3, 2]), (1, 1, vec![1])];
        for (all, threads, each) in expected {
            let found: Vec<u64> = shares(all, threads);
            assert_eq!(found, each);
        }
    }
}
