//! What one of the generator's threads counts while it sends: a histogram a kind of request, and one of each second.
//!
//! Each thread has a recorder of its own. The seconds that have ended are taken from it while it runs, so that memory grows
//! by a small record a second, not with requests.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::failure::{Failure, FailureCounts, FailureKind};
use super::latencies::Latencies;

/// When a request was due, sent and answered, from the start.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// When the schedule said so.
    pub due: Duration,
    /// When it was given to its connection.
    pub sent: Duration,
    /// When its answer was read in full.
    pub done: Duration,
}

/// Whether an answer came from a cache, where the service says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheUse {
    /// From the cache.
    Hit,
    /// Made anew.
    Miss,
    /// The service doesn't say.
    Unknown,
}

/// The counts of one kind of request.
#[derive(Debug, Clone, Default)]
pub struct KindRecord {
    /// Due within the run.
    pub offered: u64,
    /// Due while too many were in flight: not sent.
    pub skipped: u64,
    /// Answered as they should be.
    pub completed: u64,
    /// Sent, and not answered as they should be.
    pub failures: FailureCounts,
    /// From sent to answered, of those whose answer was an error.
    pub rejected: Latencies,
    /// From due to answered, of completed ones.
    pub response: Latencies,
    /// From sent to answered, of completed ones.
    pub service: Latencies,
    /// Answers from the service's cache.
    pub hits: u64,
    /// Answers that its cache didn't have.
    pub misses: u64,
}

/// What happened within one second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Second {
    /// Its number, from 0.
    pub second: u64,
    /// Requests due.
    pub offered: u64,
    /// Answers.
    pub completed: u64,
    /// Requests that failed, skipped ones included.
    pub failed: u64,
    /// Requests in flight at its end.
    pub in_flight: u64,
    /// The median response of its answers, in milliseconds.
    pub p50: f64,
    /// 95% of its responses are no longer.
    pub p95: f64,
    /// 99% of its responses are no longer.
    pub p99: f64,
    /// The longest.
    pub max: f64,
}

impl fmt::Display for Second {
    /// `998/s, p95 3.1 ms, 0 failed, 4 in flight`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Second {
            completed,
            p95,
            failed,
            in_flight,
            ..
        } = self;
        write!(
            f,
            "{completed}/s, p95 {p95:.1} ms, {failed} failed, {in_flight} in flight"
        )
    }
}

/// A second of one thread.
#[derive(Debug, Clone, Default)]
pub struct ThreadSecond {
    /// Its counts; its latencies aren't filled in.
    pub counts: Second,
    /// The responses of its answers.
    pub responses: Latencies,
}

/// All counts of a thread.
#[derive(Debug, Clone)]
pub struct Recorder {
    /// One a kind.
    pub kinds: Vec<KindRecord>,
    /// From due to taken up by the generator: its own delay.
    pub lag: Latencies,
    /// The seconds that have ended and weren't taken.
    ended: Vec<ThreadSecond>,
    /// The second that runs.
    current: ThreadSecond,
    in_flight: u64,
}

impl Recorder {
    /// For so many kinds of requests.
    pub fn new(kinds: usize) -> Recorder {
        Recorder {
            kinds: vec![KindRecord::default(); kinds],
            lag: Latencies::default(),
            ended: Vec::new(),
            current: ThreadSecond::default(),
            in_flight: 0,
        }
    }

    /// What requests that are answered after the end are counted in.
    pub fn after_the_end(kinds: usize) -> Recorder {
        Recorder {
            in_flight: u64::MAX,
            ..Recorder::new(kinds)
        }
    }

    /// A request that was due and taken up now.
    pub fn begin(&mut self, kind: usize, due: Duration, now: Duration) {
        self.advance(now);
        self.kinds[kind].offered += 1;
        self.current.counts.offered += 1;
        self.in_flight += 1;
        self.lag.record(now.saturating_sub(due));
    }

    /// A request that was due and not sent.
    pub fn skip(&mut self, kind: usize, now: Duration) {
        self.advance(now);
        self.kinds[kind].offered += 1;
        self.kinds[kind].skipped += 1;
        self.current.counts.offered += 1;
        self.current.counts.failed += 1;
    }

    /// A request that has its answer.
    pub fn complete(&mut self, kind: usize, times: Times, cache: CacheUse) {
        self.advance(times.done);
        self.in_flight -= 1;
        self.current.counts.completed += 1;
        let response = times.done.saturating_sub(times.due);
        self.current.responses.record(response);
        let record = &mut self.kinds[kind];
        record.completed += 1;
        record.response.record(response);
        record.service.record(times.done.saturating_sub(times.sent));
        match cache {
            CacheUse::Hit => record.hits += 1,
            CacheUse::Miss => record.misses += 1,
            CacheUse::Unknown => {}
        }
    }

    /// A request that failed.
    pub fn fail(&mut self, kind: usize, failure: Failure, now: Duration) {
        self.advance(now);
        self.in_flight -= 1;
        self.current.counts.failed += 1;
        self.kinds[kind].failures.add(failure.kind, failure.message);
    }

    /// A request that an answer rejected, so long after it was sent.
    pub fn reject(&mut self, kind: usize, failure: Failure, service: Duration, now: Duration) {
        self.kinds[kind].rejected.record(service);
        self.fail(kind, failure, now);
    }

    /// Ends the seconds before this moment.
    pub fn advance(&mut self, now: Duration) {
        while self.current.counts.second < now.as_secs() {
            self.end_second();
        }
    }

    /// Ends the run: requests in flight have failed, and the last second has ended where anything happened in it.
    pub fn finish(&mut self, now: Duration) {
        self.advance(now);
        for kind in 0..self.kinds.len() {
            let record = &self.kinds[kind];
            let unanswered = record.sent() - record.completed - record.errors();
            for _ in 0..unanswered {
                self.fail(kind, Failure::of(FailureKind::Unanswered), now);
            }
        }
        let Second {
            offered,
            completed,
            failed,
            ..
        } = self.current.counts;
        if offered + completed + failed > 0 {
            self.end_second();
        }
    }

    /// Takes the seconds that have ended before this one.
    pub fn take_seconds(&mut self, before: u64) -> Vec<ThreadSecond> {
        let count = self.ended.partition_point(|it| it.counts.second < before);
        self.ended.drain(..count).collect()
    }

    fn end_second(&mut self) {
        let second = self.current.counts.second;
        let mut ended = std::mem::take(&mut self.current);
        ended.counts.in_flight = self.in_flight;
        self.ended.push(ended);
        self.current.counts.second = second + 1;
    }
}

impl ThreadSecond {
    /// Adds the same second of another thread.
    pub fn add(&mut self, other: &ThreadSecond) {
        self.counts.offered += other.counts.offered;
        self.counts.completed += other.counts.completed;
        self.counts.failed += other.counts.failed;
        self.counts.in_flight += other.counts.in_flight;
        self.responses.add(&other.responses);
    }

    /// Its counts and latencies.
    pub fn figures(&self) -> Second {
        Second {
            p50: self.responses.quantile(0.5),
            p95: self.responses.quantile(0.95),
            p99: self.responses.quantile(0.99),
            max: self.responses.quantile(1.0),
            ..self.counts
        }
    }
}

impl KindRecord {
    /// Requests that were sent.
    pub fn sent(&self) -> u64 {
        self.offered - self.skipped
    }

    /// Sent requests that failed.
    pub fn errors(&self) -> u64 {
        self.failures.total()
    }

    /// Adds all of another's.
    pub fn add(&mut self, other: &KindRecord) {
        self.offered += other.offered;
        self.skipped += other.skipped;
        self.completed += other.completed;
        self.failures.merge(&other.failures);
        self.rejected.add(&other.rejected);
        self.response.add(&other.response);
        self.service.add(&other.service);
        self.hits += other.hits;
        self.misses += other.misses;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stress::counts::Counts;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// A service that answers one request at a time in 1 ms, and doesn't for one second.
    #[test]
    fn a_stall_is_in_the_response_and_not_in_the_service() {
        let mut recorder = Recorder::new(1);
        let mut free = ms(0);
        for number in 0..10_000 {
            let due = ms(number * 10);
            recorder.begin(0, due, due);
            if number == 5_000 {
                free = due + ms(1_000);
            }
            let sent = free.max(due);
            let done = sent + ms(1);
            free = done;
            recorder.complete(0, Times { due, sent, done }, CacheUse::Unknown);
        }
        let total = Counts::of(vec![recorder]).total();
        let (response, service) = (total.response.percentiles(), total.service.percentiles());
        // The stall holds up 110 of the 10,000 requests, most of which a closed loop would not have sent.
        assert!((50.0..200.0).contains(&response.p99), "{}", response.p99);
        assert!(
            (900.0..1_005.0).contains(&response.p999),
            "{}",
            response.p999
        );
        assert!(response.max > 1_000.0, "{}", response.max);
        assert!(service.max < 1.01, "{}", service.max);
        assert!((0.99..1.01).contains(&response.p50), "{}", response.p50);
    }

    #[test]
    fn each_second_has_its_own_figures() {
        let mut recorder = Recorder::new(2);
        recorder.begin(0, ms(100), ms(101));
        recorder.begin(1, ms(200), ms(200));
        let times = Times {
            due: ms(100),
            sent: ms(101),
            done: ms(1_100),
        };
        recorder.complete(0, times, CacheUse::Hit);
        recorder.fail(1, Failure::of(FailureKind::Timeout), ms(3_200));
        recorder.skip(1, ms(3_300));
        recorder.finish(ms(3_300));
        let counts = Counts::of(vec![recorder]);
        let seconds = counts.seconds.iter();
        let seconds: Vec<[u64; 4]> = seconds
            .map(|it| [it.offered, it.completed, it.failed, it.in_flight])
            .collect();
        assert_eq!(
            seconds,
            [[2, 0, 0, 2], [0, 1, 0, 1], [0, 0, 0, 1], [1, 0, 2, 0]]
        );
        assert!((999.0..1_001.0).contains(&counts.seconds[1].p50));
        let total = counts.total();
        assert_eq!((total.offered, total.sent(), total.skipped), (3, 2, 1));
        assert_eq!((total.completed, total.errors(), total.hits), (1, 1, 1));
    }
}
