//! What a task has done so far, in figures: counters that workers add to and a ticker reads.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::units::{counted, grouped, per_second, size};

/// What a task's total counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bytes of a file or stream; rows per second are displayed too.
    Bytes,
    /// One step, which has no measurable progress.
    Step,
    /// Pages of a table that an index is built on.
    Pages,
    /// Queries to check.
    Queries,
    /// Tables to process.
    Tables,
    /// Indexes to process.
    Indexes,
    /// Seconds of a run whose length is known.
    Seconds,
}

impl Unit {
    /// The noun after a count; bytes are printed with their own unit.
    fn noun(self) -> &'static str {
        match self {
            Unit::Bytes | Unit::Step => "",
            Unit::Pages => "pages",
            Unit::Queries => "queries",
            Unit::Tables => "tables",
            Unit::Indexes => "indexes",
            Unit::Seconds => "s",
        }
    }
}

/// The columns of a task's or phase's name, and of its bar.
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    /// Of the longest name.
    pub name: usize,
    /// 0 on a narrow terminal.
    pub bar: usize,
}

impl Layout {
    /// A part of a whole, as a bar and in percent.
    pub fn share(self, done: u64, total: u64) -> String {
        let tenths_of_percent = (u128::from(done) * 1000)
            .checked_div(u128::from(total))
            .unwrap_or(1000)
            .min(1000);
        let share = usize::try_from(tenths_of_percent).unwrap_or(1000);
        let full = self.bar * share / 1000;
        let bar = match self.bar {
            0 => String::new(),
            bar => format!("{}{} ", "█".repeat(full), "░".repeat(bar - full)),
        };
        format!("{bar}{:>3}%", share / 10)
    }
}

/// A running task's counters.
pub struct TaskState {
    /// Its name.
    pub name: String,
    /// How many units there are; 0 where that isn't known.
    pub total: u64,
    /// What they are.
    pub unit: Unit,
    /// Rows done.
    pub rows: AtomicU64,
    /// Units done.
    pub done: AtomicU64,
    started: Instant,
    /// The latest figures, of a task that describes its own.
    description: Mutex<String>,
}

impl TaskState {
    /// A task that begins now.
    pub fn new(name: String, total: u64, unit: Unit) -> TaskState {
        TaskState {
            name,
            total,
            unit,
            rows: AtomicU64::new(0),
            done: AtomicU64::new(0),
            started: Instant::now(),
            description: Mutex::default(),
        }
    }

    /// Replaces the figures that are displayed beside how much is done.
    pub fn describe(&self, figures: String) {
        let description = self.description.lock();
        *description.unwrap_or_else(PoisonError::into_inner) = figures;
    }

    fn description(&self) -> String {
        let description = self.description.lock();
        description.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Since it began.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    fn seconds(&self) -> f64 {
        self.elapsed().as_secs_f64().max(1e-3)
    }

    /// Rows and bytes, or how many units of how many.
    pub fn figures(&self) -> String {
        let rows = self.rows.load(Ordering::Relaxed);
        let done = self.done.load(Ordering::Relaxed);
        match self.unit {
            Unit::Bytes => format!("{}, {}", counted(rows, "row"), size(done)),
            Unit::Step => "done".to_owned(),
            unit => format!(
                "{} of {} {}",
                grouped(done),
                grouped(self.total),
                unit.noun()
            ),
        }
    }

    /// The line of a task that has ended.
    pub fn result(&self) -> String {
        let rate = match self.unit {
            Unit::Bytes => crate::units::rate(self.rows.load(Ordering::Relaxed), self.seconds()),
            _ => String::new(),
        };
        let figures = match self.unit {
            Unit::Bytes | Unit::Step | Unit::Seconds => self.figures(),
            // Its subject stands in the line already.
            unit if unit.noun() == self.name => grouped(self.total),
            unit => format!("{} {}", grouped(self.total), unit.noun()),
        };
        format!("{}: {figures} in {:.1} s{rate}", self.name, self.seconds())
    }

    /// A line of a log while it runs.
    pub fn so_far(&self) -> String {
        let figures = match self.unit {
            Unit::Step => format!("{:.0} s so far", self.seconds()),
            Unit::Seconds if !self.description().is_empty() => {
                format!("{}: {}", self.figures(), self.description())
            }
            _ => self.figures(),
        };
        let left = self.time_left().map(|left| format!(", {left}"));
        format!("{}: {figures}{}", self.name, left.unwrap_or_default())
    }

    /// The line on a terminal while it runs.
    pub fn line(&self, layout: Layout) -> String {
        let name = format!("{:<width$}", self.name, width = layout.name);
        let done = self.done.load(Ordering::Relaxed);
        let figures = match self.unit {
            Unit::Step => return format!("{name} {:.0} s", self.seconds()),
            Unit::Bytes => {
                let rows = self.rows.load(Ordering::Relaxed);
                let rate = format!("{} rows/s", grouped(per_second(rows, self.seconds())));
                [Some(rate), self.time_left()]
                    .into_iter()
                    .flatten()
                    .collect::<Vec<_>>()
                    .join(", ")
            }
            Unit::Seconds => self.description(),
            _ => self.time_left().unwrap_or_default(),
        };
        let line = format!("{name} {} {figures}", layout.share(done, self.total));
        line.trim_end().to_owned()
    }

    fn time_left(&self) -> Option<String> {
        let done = self.done.load(Ordering::Relaxed);
        time_left(self.elapsed(), done, self.total)
    }
}

/// `12 s left`, as if the rest takes as long as what is done did; `None` where nothing is known.
pub fn time_left(elapsed: Duration, done: u64, total: u64) -> Option<String> {
    if done == 0 || done >= total {
        return None;
    }
    let left = elapsed.as_secs_f64() * (total - done) as f64 / done as f64;
    let left = Duration::try_from_secs_f64(left.ceil()).ok()?.as_secs();
    Some(match left {
        0..120 => format!("{left} s left"),
        120..7200 => format!("{} min left", left / 60),
        _ => format!("{} h left", left / 3600),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_counted_in_their_unit() {
        let figures = |unit| TaskState::new("x".into(), 21_838, unit).figures();
        assert_eq!(figures(Unit::Pages), "0 of 21,838 pages");
        assert_eq!(figures(Unit::Queries), "0 of 21,838 queries");
    }

    #[test]
    fn a_share_is_a_bar_and_percents() {
        let layout = Layout { name: 8, bar: 10 };
        assert_eq!(layout.share(0, 10), "░░░░░░░░░░   0%");
        assert_eq!(layout.share(53, 100), "█████░░░░░  53%");
        assert_eq!(layout.share(12, 10), "██████████ 100%");
        let narrow = Layout { bar: 0, ..layout };
        assert_eq!(narrow.share(1, 3), " 33%");
    }

    #[test]
    fn what_is_left_is_told_in_its_unit() {
        let left = |seconds, done| time_left(Duration::from_secs(seconds), done, 100);
        assert_eq!(left(10, 0), None);
        assert_eq!(left(10, 100), None);
        assert_eq!(left(10, 50).as_deref(), Some("10 s left"));
        assert_eq!(left(600, 50).as_deref(), Some("10 min left"));
        assert_eq!(left(100_000, 50).as_deref(), Some("27 h left"));
    }
}
