//! Rows per CPU second of one thread: what else the machine does at the time doesn't count.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

const ROUNDS: usize = 30;
/// The least CPU time of a round.
const ROUND: Duration = Duration::from_millis(100);

/// Prints the median rate of `block`, which handles so many rows, with the least and the greatest. Nothing where the
/// command line has a word that isn't in the name.
pub fn print(name: &str, rows: u64, mut block: impl FnMut()) {
    let is_left_out = |word: String| !word.starts_with('-') && !name.contains(&word);
    if std::env::args().skip(1).any(is_left_out) {
        return;
    }
    let mut rates: Vec<f64> = (0..ROUNDS).map(|_| rate(rows, &mut block)).collect();
    rates.sort_by(f64::total_cmp);
    let millions = |place: usize| rates[place] / 1e6;
    println!(
        "{name:<50} {:>7.2} M rows per CPU second  ({:.2} to {:.2})",
        millions(ROUNDS / 2),
        millions(0),
        millions(ROUNDS - 1)
    );
}

fn rate(rows: u64, block: &mut impl FnMut()) -> f64 {
    let start = cpu_time();
    let mut done = 0;
    loop {
        block();
        done += rows;
        let spent = cpu_time().saturating_sub(start);
        if spent >= ROUND {
            return done as f64 / spent.as_secs_f64();
        }
    }
}

fn cpu_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}
