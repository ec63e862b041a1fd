//! What the thread that asks did with its time: whether a generator of load is itself the limit, and whether a server's worker
//! lacks a core.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// A thread's time since a moment.
#[derive(Debug, Clone, Copy)]
pub struct ThreadTimer {
    started: Instant,
    cpu: Duration,
    waited: Duration,
}

/// What a thread did with its time, each a share of it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ThreadUse {
    /// It ran.
    pub busy: f64,
    /// It could have run, but no core was free.
    pub waited: f64,
}

impl ThreadTimer {
    /// From now on.
    pub fn start() -> ThreadTimer {
        ThreadTimer {
            started: Instant::now(),
            cpu: cpu_time(),
            waited: wait_time(),
        }
    }

    /// Since then; to be asked on the same thread.
    pub fn elapsed(&self) -> ThreadUse {
        let elapsed = self.started.elapsed().as_secs_f64().max(1e-6);
        let share = |time: Duration| (time.as_secs_f64() / elapsed).min(1.0);
        ThreadUse {
            busy: share(cpu_time().saturating_sub(self.cpu)),
            waited: share(wait_time().saturating_sub(self.waited)),
        }
    }
}

fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

/// The time on the run queue; none where the system doesn't say.
fn wait_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = text.split(' ').nth(1).and_then(|it| it.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_sleeps_is_not_busy() {
        let timer = ThreadTimer::start();
        std::thread::sleep(Duration::from_millis(100));
        let used = timer.elapsed();
        assert!(used.busy < 0.5, "{used:?}");
    }
}
