//! Sends requests to a target and records what becomes of them: at a rate, or as fast as they are answered.
//!
//! Everything happens on one thread, whose processor time is measured: a generator that needs a whole core reports its
//! own delays as the target's.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinSet;
use tokio::time::{interval, sleep, timeout_at};

use super::cpu::{ThreadTimer, ThreadUse};
use super::failure::{Failure, FailureKind};
use super::mix::{Choice, Chooser};
use super::pacer::{Due, Gate, pace};
use super::recorder::{Recorder, Times};
use super::schedule::{Arrival, Arrivals, Rate, Schedule};
use super::target::Target;

/// How long an interrupted run waits for answers.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

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
    pub recorder: Recorder,
    /// From the start to the last answer.
    pub elapsed: Duration,
    /// What the generator's thread did.
    pub generator: ThreadUse,
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
pub type Watch<'a> = dyn FnMut(&Recorder, Duration) -> Watched + Send + 'a;

/// What a watcher decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watched {
    /// The run goes on.
    Continue,
    /// It ends.
    Stop,
}

/// What all requests of a run share.
struct Run {
    start: Instant,
    target: Arc<Target>,
    chooser: Arc<Chooser>,
    gate: Arc<Gate>,
    recorder: Mutex<Recorder>,
    timeout: Duration,
    duration: Duration,
    first: u64,
    /// The number of the next request of a closed loop.
    next: AtomicU64,
}

/// Sends the load's requests until its duration is over and all are answered, or until `interrupt` is set. To be awaited
/// on a runtime of one thread, which it measures.
pub async fn generate(
    target: &Arc<Target>,
    chooser: &Arc<Chooser>,
    load: &Load,
    interrupt: &AtomicBool,
    watch: &mut Watch<'_>,
) -> Result<Measured> {
    let timer = ThreadTimer::start();
    let stop = Arc::new(AtomicBool::new(false));
    let run = Arc::new(Run {
        start: Instant::now(),
        target: Arc::clone(target),
        chooser: Arc::clone(chooser),
        gate: Arc::new(Gate {
            in_flight: AtomicU64::new(0),
            most: load.max_in_flight,
            stop: Arc::clone(&stop),
        }),
        recorder: Mutex::new(Recorder::new(target.kinds())),
        timeout: load.timeout,
        duration: load.duration,
        first: load.first,
        next: AtomicU64::new(0),
    });
    let senders = run.start_senders(load)?;
    let ended = run.supervise(senders, &stop, interrupt, watch).await;
    let elapsed = run.start.elapsed();
    Ok(Measured {
        recorder: run.take_recorder(elapsed),
        elapsed,
        generator: timer.elapsed(),
        ended,
    })
}

impl Run {
    fn start_senders(self: &Arc<Run>, load: &Load) -> Result<JoinSet<()>> {
        let mut senders = JoinSet::new();
        match load.rate {
            Rate::PerSecond(rate) => {
                let schedule = Schedule::new(rate, load.duration, load.arrivals, load.seed);
                let due = pace(schedule, self.start, Arc::clone(&self.gate))?;
                senders.spawn(Arc::clone(self).send_due(due));
            }
            Rate::Max => {
                for _ in 0..load.max_in_flight {
                    senders.spawn(Arc::clone(self).send_always());
                }
            }
        }
        Ok(senders)
    }

    /// Waits for the senders and the last answers; looks at the counts once a second.
    async fn supervise(
        &self,
        mut senders: JoinSet<()>,
        stop: &AtomicBool,
        interrupt: &AtomicBool,
        watch: &mut Watch<'_>,
    ) -> Ended {
        let mut ended = Ended::InTime;
        let mut look = interval(Duration::from_millis(100));
        let mut seconds = 0;
        let mut last_answers = None;
        loop {
            let in_flight = self.gate.in_flight.load(Ordering::Relaxed);
            if senders.is_empty() && (in_flight == 0 || is_over(last_answers)) {
                return ended;
            }
            tokio::select! {
                _ = senders.join_next(), if !senders.is_empty() => {}
                _ = look.tick() => {}
                () = sleep(Duration::from_millis(1)), if senders.is_empty() => {}
            }
            let elapsed = self.start.elapsed();
            if elapsed.as_secs() > seconds {
                seconds = elapsed.as_secs();
                let mut recorder = self.recorder();
                recorder.advance(elapsed);
                if ended == Ended::InTime && watch(&recorder, elapsed) == Watched::Stop {
                    ended = Ended::Stopped;
                }
            }
            if interrupt.load(Ordering::Relaxed) {
                ended = Ended::Interrupted;
            }
            if ended != Ended::InTime && last_answers.is_none() {
                stop.store(true, Ordering::Relaxed);
                last_answers = Some(Instant::now() + LAST_ANSWERS);
            }
        }
    }

    /// Sends what the pacer hands over.
    async fn send_due(self: Arc<Run>, mut due: UnboundedReceiver<Due>) {
        while let Some(due) = due.recv().await {
            match due {
                Due::Send(arrival) => {
                    tokio::spawn(Arc::clone(&self).send(arrival));
                }
                Due::Skip(arrival) => {
                    let kind = self.choose(arrival.number).kind;
                    let now = self.start.elapsed();
                    self.recorder().skip(kind, now);
                }
            }
        }
    }

    /// Sends one request after the other.
    async fn send_always(self: Arc<Run>) {
        loop {
            let due = self.start.elapsed();
            if due >= self.duration || self.gate.stop.load(Ordering::Relaxed) {
                return;
            }
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            self.gate.in_flight.fetch_add(1, Ordering::Relaxed);
            Arc::clone(&self).send(Arrival { number, due }).await;
        }
    }

    /// Sends one request and records what becomes of it.
    async fn send(self: Arc<Run>, arrival: Arrival) {
        let Arrival { number, due } = arrival;
        let choice = self.choose(number);
        let now = self.start.elapsed();
        self.recorder().begin(choice.kind, due, now);
        let deadline = self.start + due + self.timeout;
        let answer = timeout_at(deadline.into(), self.target.exchange(choice)).await;
        let answer = answer.unwrap_or_else(|_| Err(Failure::of(FailureKind::Timeout)));
        let done = self.start.elapsed();
        let mut recorder = self.recorder();
        match answer {
            Ok(answer) => {
                let sent = answer.sent.saturating_duration_since(self.start);
                recorder.complete(choice.kind, Times { due, sent, done }, answer.cache);
            }
            Err(failure) => recorder.fail(choice.kind, failure, done),
        }
        drop(recorder);
        self.gate.leave();
    }

    fn choose(&self, number: u64) -> Choice {
        self.chooser.choose(self.first + number)
    }

    fn recorder(&self) -> MutexGuard<'_, Recorder> {
        self.recorder.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The counts, in which requests without an answer have failed. What is answered later isn't counted.
    fn take_recorder(&self, now: Duration) -> Recorder {
        let mut recorder = self.recorder();
        let late = Recorder::ended(recorder.kinds.len());
        let mut taken = std::mem::replace(&mut *recorder, late);
        taken.finish(now);
        taken
    }
}

fn is_over(deadline: Option<Instant>) -> bool {
    deadline.is_some_and(|deadline| Instant::now() >= deadline)
}
