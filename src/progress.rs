//! All that goes to stderr, progress first: bars on a terminal, elsewhere a line when a task ends and one every 10
//! seconds.
//!
//! Work adds to atomics; a ticker thread reads them, so that the hot path does not know about bars.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, HumanCount, HumanDuration, MultiProgress, ProgressBar, ProgressStyle};

use crate::postgres::secrets;

const BAR_REDRAW: Duration = Duration::from_millis(100);
const LINE_EVERY: Duration = Duration::from_secs(10);
/// Characters of a task's name beside its bar on a wide terminal; the rest is cut off.
const NAME_WIDTH: usize = 36;
/// Columns from which on a line has room for everything, and those below which it has no bar.
const ROOMY: u16 = 110;
const NARROW: u16 = 60;

/// One message on stderr, its passwords hidden. That nobody reads stderr is no reason to end.
pub fn say(message: &str) {
    let _ = writeln!(std::io::stderr(), "{}", secrets::hide(message));
}

/// A question on stderr; the cursor stays behind it.
pub fn ask(question: &str) {
    let mut stderr = std::io::stderr();
    let _ = write!(stderr, "{question} ").and_then(|()| stderr.flush());
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Quiet,
    Lines,
    Bars,
}

/// Where a command's messages and tasks show. Clones share one place.
#[derive(Clone)]
pub struct Progress {
    shared: Arc<Shared>,
}

struct Shared {
    mode: Mode,
    bars: MultiProgress,
    /// Columns of the terminal when it began.
    width: u16,
    tasks: Mutex<Vec<Arc<State>>>,
    ended: AtomicBool,
}

struct State {
    name: String,
    total: u64,
    unit: Unit,
    rows: AtomicU64,
    done: AtomicU64,
    started: Instant,
    bar: Option<ProgressBar>,
}

/// What a task's total counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bytes of a file or stream; the rate of rows is shown beside it.
    Bytes,
    /// One piece of work that tells nothing until it is done.
    Whole,
    /// Pages of a table that an index is built on.
    Pages,
    /// Queries to be checked.
    Queries,
    /// Tables to be worked on.
    Tables,
    /// Indexes to be worked on.
    Indexes,
}

impl Unit {
    /// What stands behind a count of it; bytes say it themselves.
    fn word(self) -> &'static str {
        match self {
            Unit::Bytes | Unit::Whole => "",
            Unit::Pages => "pages",
            Unit::Queries => "queries",
            Unit::Tables => "tables",
            Unit::Indexes => "indexes",
        }
    }
}

/// One piece of work under way; dropping it without [`Task::finish`] takes its bar away.
pub struct Task {
    state: Arc<State>,
    shared: Arc<Shared>,
}

impl Progress {
    /// Bars when stderr is a terminal, lines when not, nothing when quiet.
    pub fn new(quiet: bool) -> Progress {
        let mode = match (quiet, std::io::stderr().is_terminal()) {
            (true, _) => Mode::Quiet,
            (false, true) => Mode::Bars,
            (false, false) => Mode::Lines,
        };
        let shared = Arc::new(Shared {
            mode,
            bars: MultiProgress::new(),
            width: terminal_width(),
            tasks: Mutex::new(Vec::new()),
            ended: AtomicBool::new(false),
        });
        if mode != Mode::Quiet {
            let ticked = Arc::downgrade(&shared);
            std::thread::spawn(move || {
                let mut last_lines = Instant::now();
                while let Some(shared) = ticked
                    .upgrade()
                    .filter(|s| !s.ended.load(Ordering::Relaxed))
                {
                    shared.tick(&mut last_lines);
                    drop(shared);
                    std::thread::sleep(BAR_REDRAW);
                }
            });
        }
        Progress { shared }
    }

    /// A message on stderr, above any bars; nothing when quiet.
    pub fn say(&self, message: impl AsRef<str>) {
        self.shared.say(message.as_ref());
    }

    /// Starts a task that tells nothing until it is done.
    pub fn step(&self, name: impl Into<String>) -> Task {
        self.task(name, 0, Unit::Whole)
    }

    /// A phase that is under way until the value is dropped: on a terminal a line of its own above the bars.
    pub fn phase(&self, name: &'static str) -> Phase {
        let bar = (self.shared.mode == Mode::Bars).then(|| {
            let bar = self.shared.bars.insert(0, ProgressBar::no_length());
            bar.set_style(phase_style());
            bar.set_message(name);
            bar.enable_steady_tick(Duration::from_secs(1));
            bar
        });
        Phase { bar }
    }

    /// Starts a task of `total` units; a total of 0 means that it isn't known.
    pub fn task(&self, name: impl Into<String>, total: u64, unit: Unit) -> Task {
        let name = name.into();
        let bar = (self.shared.mode == Mode::Bars).then(|| {
            let bar = self.shared.bars.add(ProgressBar::new(total));
            bar.set_style(style(unit, self.shared.width));
            bar.set_prefix(name.clone());
            bar
        });
        let state = Arc::new(State {
            name,
            total,
            unit,
            rows: AtomicU64::new(0),
            done: AtomicU64::new(0),
            started: Instant::now(),
            bar,
        });
        self.shared.lock().push(Arc::clone(&state));
        Task {
            state,
            shared: Arc::clone(&self.shared),
        }
    }
}

impl Task {
    /// Counts rows and units as done.
    pub fn add(&self, rows: u64, units: u64) {
        self.state.rows.fetch_add(rows, Ordering::Relaxed);
        self.state.done.fetch_add(units, Ordering::Relaxed);
    }

    /// Says how many units are done in all.
    pub fn set(&self, units: u64) {
        self.state.done.store(units, Ordering::Relaxed);
    }

    /// Ends the task with its figures on one line.
    pub fn finish(self) {
        if self.state.unit != Unit::Bytes {
            self.set(self.state.total);
        }
        self.shared.say(&format!(
            "{}: {} in {:.1} s",
            self.state.name,
            self.state.figures(),
            self.state.seconds()
        ));
    }
}

/// A part of the work, shown until it is dropped.
pub struct Phase {
    bar: Option<ProgressBar>,
}

impl Drop for Phase {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.shared
            .lock()
            .retain(|state| !Arc::ptr_eq(state, &self.state));
        if let Some(bar) = &self.state.bar {
            bar.finish_and_clear();
        }
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Arc<State>>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn say(&self, message: &str) {
        match self.mode {
            Mode::Quiet => {}
            Mode::Lines => say(message),
            Mode::Bars => self.bars.suspend(|| say(message)),
        }
    }

    fn tick(&self, last_lines: &mut Instant) {
        let lines_due = self.mode == Mode::Lines && last_lines.elapsed() >= LINE_EVERY;
        if lines_due {
            *last_lines = Instant::now();
        }
        for state in self.lock().iter() {
            if let Some(bar) = &state.bar {
                bar.set_position(state.done.load(Ordering::Relaxed));
                bar.set_message(state.beside(self.width));
            } else if lines_due {
                say(&format!(
                    "{}: {}{}",
                    state.name,
                    state.so_far(),
                    state.time_left()
                ));
            }
        }
    }
}

impl State {
    fn seconds(&self) -> f64 {
        self.started.elapsed().as_secs_f64().max(1e-3)
    }

    fn figures(&self) -> String {
        let rows = self.rows.load(Ordering::Relaxed);
        let done = self.done.load(Ordering::Relaxed);
        match self.unit {
            Unit::Bytes => format!(
                "{} rows, {}, {}",
                grouped(rows),
                HumanBytes(done),
                self.rate()
            ),
            Unit::Whole => "done".to_owned(),
            unit => format!(
                "{} of {} {}",
                grouped(done),
                grouped(self.total),
                unit.word()
            ),
        }
    }

    /// For a line between start and end.
    fn so_far(&self) -> String {
        match self.unit {
            Unit::Whole => format!("{:.0} s so far", self.seconds()),
            _ => self.figures(),
        }
    }

    fn rate(&self) -> String {
        let per_second =
            |count: &AtomicU64| per_second(count.load(Ordering::Relaxed), self.seconds());
        match self.unit {
            Unit::Bytes => format!(
                "{} rows/s, {}/s",
                grouped(per_second(&self.rows)),
                HumanBytes(per_second(&self.done))
            ),
            Unit::Whole | Unit::Pages | Unit::Queries | Unit::Tables | Unit::Indexes => {
                String::new()
            }
        }
    }

    /// What stands behind a bar: rate and time left; bytes only where there is room.
    fn beside(&self, width: u16) -> String {
        let rate = match self.unit {
            Unit::Bytes if width >= ROOMY => self.rate(),
            Unit::Bytes => {
                let rows = self.rows.load(Ordering::Relaxed);
                format!("{} rows/s", grouped(per_second(rows, self.seconds())))
            }
            _ => String::new(),
        };
        let text = format!("{rate}{}", self.time_left());
        text.trim_start_matches(", ").to_owned()
    }

    fn time_left(&self) -> String {
        let done = self.done.load(Ordering::Relaxed);
        if done == 0 || done >= self.total {
            return String::new();
        }
        let left = self.seconds() * (self.total - done) as f64 / done as f64;
        format!(", {} left", HumanDuration(Duration::from_secs_f64(left)))
    }
}

/// Columns of the terminal that stderr is; 80 where that can't be told.
fn terminal_width() -> u16 {
    let size = rustix::termios::tcgetwinsize(std::io::stderr());
    size.ok()
        .map(|size| size.ws_col)
        .filter(|columns| *columns > 0)
        .unwrap_or(80)
}

/// The last part is cut where the line ends, so that no line is ever broken in two, which would flicker.
fn style(unit: Unit, width: u16) -> ProgressStyle {
    let (name, bar) = match width {
        ROOMY.. => (NAME_WIDTH, "{bar:24} "),
        NARROW.. => (22, "{bar:12} "),
        _ => (16, ""),
    };
    let figures = match unit {
        Unit::Whole => "{elapsed}".to_owned(),
        _ => format!("{bar}{{percent:>3}}% {{wide_msg}}"),
    };
    let template = format!("{{prefix:<{name}!}} {figures}");
    ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn phase_style() -> ProgressStyle {
    ProgressStyle::with_template("{elapsed:>4.dim} {wide_msg:.bold}")
        .unwrap_or_else(|_| ProgressStyle::default_spinner())
}

/// A rate, rounded down; times under a millisecond count as one.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a count divided by a positive time is positive, and `as` saturates"
)]
pub fn per_second(count: u64, seconds: f64) -> u64 {
    (count as f64 / seconds.max(1e-3)) as u64
}

/// 1234567 → `1,234,567`.
pub fn grouped(number: u64) -> String {
    HumanCount(number).to_string()
}

/// 1234567.4 → `1,234,567`; for counts that are means or medians.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts are at least 0, and `as` saturates"
)]
pub fn whole(number: f64) -> String {
    grouped(number.round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_counted_in_their_unit() {
        let progress = Progress::new(true);
        let figures = |unit| progress.task("x", 21_838, unit).state.figures();
        assert_eq!(figures(Unit::Pages), "0 of 21,838 pages");
        assert_eq!(figures(Unit::Queries), "0 of 21,838 queries");
    }

    #[test]
    fn bars_show_the_names_of_all_built_in_tables_in_full() {
        for dataset in crate::dataset::source::built_in_names() {
            for table in crate::dataset::Dataset::open(&dataset).unwrap().tables {
                let name = format!("generate {}", table.name);
                assert!(name.len() <= NAME_WIDTH, "{name}");
            }
        }
    }

    #[test]
    fn groups_thousands() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(26_700_123), "26,700,123");
    }
}
