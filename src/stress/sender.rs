//! One of the generator's threads: a runtime and connections of its own, on which it sends its share of the requests.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{interval, sleep, timeout_at};

use super::counts::{SharedRecorder, lock};
use super::failure::{Failure, FailureKind};
use super::mix::{Choice, Chooser};
use super::pacer::{Due, InFlightLimit};
use super::recorder::Times;
use super::schedule::Arrival;
use super::target::{Endpoint, Target};
use crate::thread_time::{ThreadTimer, ThreadUse};

/// How long a run that was stopped waits for answers.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

/// A thread that sends one load after the other on the same connections, until it is dropped.
pub struct SenderThread {
    jobs: UnboundedSender<(Job, oneshot::Sender<ThreadUse>)>,
}

/// What a thread sends, and where it records that.
pub struct Job {
    /// When it sends.
    pub source: Source,
    /// When the run began: times count from then.
    pub start: Instant,
    /// For how long requests are sent.
    pub duration: Duration,
    /// A request that isn't answered so long after it was due has failed.
    pub timeout: Duration,
    /// The number of the run's first request.
    pub first: u64,
    /// Which request has which number.
    pub chooser: Arc<Chooser>,
    /// Counts all threads' requests in flight.
    pub limit: Arc<InFlightLimit>,
    /// This thread's counts.
    pub recorder: SharedRecorder,
}

/// When requests are sent.
pub enum Source {
    /// When they are due.
    Due(UnboundedReceiver<Due>),
    /// When one before is answered.
    Answered {
        /// So many at a time.
        at_once: u64,
        /// The number of the first.
        first: u64,
        /// From one number to the next.
        step: u64,
    },
}

/// What all requests of a job share.
struct Sending {
    target: Arc<Target>,
    start: Instant,
    duration: Duration,
    timeout: Duration,
    first: u64,
    chooser: Arc<Chooser>,
    limit: Arc<InFlightLimit>,
    recorder: SharedRecorder,
    /// This thread's requests in flight.
    in_flight: AtomicU64,
}

impl SenderThread {
    /// Starts the thread and opens its connections.
    pub async fn start(
        endpoint: Arc<Endpoint>,
        connections: usize,
        timeout: Duration,
    ) -> Result<SenderThread> {
        let (jobs, next) = unbounded_channel();
        let (ready, is_ready) = oneshot::channel();
        let run = async move || match endpoint.connect(connections, timeout).await {
            // Nobody waits any more after a second signal.
            Err(error) => drop(ready.send(Err(error))),
            Ok(target) => {
                let _ = ready.send(Ok(()));
                work(&Arc::new(target), next).await;
            }
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("could not start a runtime")?;
        thread::Builder::new()
            .name("generator".to_owned())
            .spawn(move || runtime.block_on(run()))
            .context("could not start a thread")?;
        is_ready.await.context("a thread ended")??;
        Ok(SenderThread { jobs })
    }

    /// Sends a job's requests until all are answered; what the thread did meanwhile.
    pub async fn send(&self, job: Job) -> Result<ThreadUse> {
        let (done, is_done) = oneshot::channel();
        // It fails with the thread, as the answer does.
        let _ = self.jobs.send((job, done));
        is_done.await.context("a thread ended without a result")
    }
}

async fn work(
    target: &Arc<Target>,
    mut jobs: UnboundedReceiver<(Job, oneshot::Sender<ThreadUse>)>,
) {
    while let Some((job, done)) = jobs.recv().await {
        let timer = ThreadTimer::start();
        send(Arc::clone(target), job).await;
        let _ = done.send(timer.elapsed());
    }
}

/// Sends a job's requests, and waits for their answers; not for long once the run was stopped.
async fn send(target: Arc<Target>, job: Job) {
    let sending = Arc::new(Sending {
        target,
        start: job.start,
        duration: job.duration,
        timeout: job.timeout,
        first: job.first,
        chooser: job.chooser,
        limit: job.limit,
        recorder: job.recorder,
        in_flight: AtomicU64::new(0),
    });
    let mut senders = sending.start_senders(job.source);
    let mut look = interval(Duration::from_millis(100));
    let mut last_answers = None;
    loop {
        let in_flight = sending.in_flight.load(Ordering::Relaxed);
        if senders.is_empty() && (in_flight == 0 || is_over(last_answers)) {
            return;
        }
        tokio::select! {
            _ = senders.join_next(), if !senders.is_empty() => {}
            _ = look.tick() => {}
            () = sleep(Duration::from_millis(1)), if senders.is_empty() => {}
        }
        if sending.is_stopped() && last_answers.is_none() {
            last_answers = Some(Instant::now() + LAST_ANSWERS);
        }
    }
}

impl Sending {
    fn start_senders(self: &Arc<Sending>, source: Source) -> JoinSet<()> {
        let mut senders = JoinSet::new();
        match source {
            Source::Due(due) => {
                senders.spawn(Arc::clone(self).send_due(due));
            }
            Source::Answered {
                at_once,
                first,
                step,
            } => {
                let next = Arc::new(AtomicU64::new(first));
                for _ in 0..at_once {
                    senders.spawn(Arc::clone(self).send_always(Arc::clone(&next), step));
                }
            }
        }
        senders
    }

    /// Sends what the pacer hands over.
    async fn send_due(self: Arc<Sending>, mut due: UnboundedReceiver<Due>) {
        while let Some(due) = due.recv().await {
            match due {
                Due::Send(arrival) => {
                    self.in_flight.fetch_add(1, Ordering::Relaxed);
                    tokio::spawn(Arc::clone(&self).send(arrival));
                }
                Due::Skip(arrival) => {
                    let kind = self.choose(arrival.number).kind;
                    let now = self.start.elapsed();
                    lock(&self.recorder).skip(kind, now);
                }
            }
        }
    }

    /// Sends one request after the other.
    async fn send_always(self: Arc<Sending>, next: Arc<AtomicU64>, step: u64) {
        loop {
            let due = self.start.elapsed();
            if due >= self.duration || self.is_stopped() {
                return;
            }
            let number = next.fetch_add(step, Ordering::Relaxed);
            self.limit.in_flight.fetch_add(1, Ordering::Relaxed);
            self.in_flight.fetch_add(1, Ordering::Relaxed);
            Arc::clone(&self).send(Arrival { number, due }).await;
        }
    }

    /// Sends one request, which is counted as in flight, and records what becomes of it.
    async fn send(self: Arc<Sending>, arrival: Arrival) {
        let Arrival { number, due } = arrival;
        let choice = self.choose(number);
        let now = self.start.elapsed();
        lock(&self.recorder).begin(choice.kind, due, now);
        let deadline = self.start + due + self.timeout;
        let answer = timeout_at(deadline.into(), self.target.exchange(choice)).await;
        let answer = answer.unwrap_or_else(|_| Err(Failure::of(FailureKind::Timeout)));
        let done = self.start.elapsed();
        let since_start = |at: Instant| at.saturating_duration_since(self.start);
        let mut recorder = lock(&self.recorder);
        match answer {
            Ok(answer) => {
                let sent = since_start(answer.sent);
                recorder.complete(choice.kind, Times { due, sent, done }, answer.cache);
            }
            Err(failure) => match failure.rejected {
                Some(sent) => {
                    let service = done.saturating_sub(since_start(sent));
                    recorder.reject(choice.kind, failure, service, done);
                }
                None => recorder.fail(choice.kind, failure, done),
            },
        }
        drop(recorder);
        self.limit.leave();
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }

    fn choose(&self, number: u64) -> Choice {
        self.chooser.choose(self.first + number)
    }

    fn is_stopped(&self) -> bool {
        self.limit.stop.load(Ordering::Relaxed)
    }
}

fn is_over(deadline: Option<Instant>) -> bool {
    deadline.is_some_and(|deadline| Instant::now() >= deadline)
}
