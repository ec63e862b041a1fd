//! Messages and progress on stderr: bars on a terminal; elsewhere one line when a task ends, and one every 10 seconds.
//!
//! Workers add to atomic counters, which a ticker thread reads: the hot path knows nothing of bars.

use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, HumanDuration, MultiProgress, ProgressBar, ProgressStyle};

use crate::postgres::secrets;
use crate::printable;
use crate::terminal;
use crate::units::{counted, grouped, per_second};

const BAR_REDRAW: Duration = Duration::from_millis(100);
const LINE_EVERY: Duration = Duration::from_secs(10);
/// Characters of a task's name beside its bar on a wide terminal; the rest is cut off.
const NAME_WIDTH: usize = 36;
/// Terminals of at least this many columns display everything.
const WIDE: u16 = 110;
/// Terminals of fewer columns display no bar.
const NARROW: u16 = 60;

/// Prints one message to stderr, with its passwords hidden. A closed stderr is no error.
pub fn note(message: &str) {
    let _ = writeln!(std::io::stderr(), "{}", secrets::hide(message));
}

/// Prints a question to stderr, without a line break.
pub fn ask(question: &str) {
    let mut stderr = std::io::stderr();
    let _ = write!(stderr, "{question} ").and_then(|()| stderr.flush());
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum DisplayMode {
    Quiet,
    Lines,
    Bars,
}

/// Where a command's messages and tasks are displayed. Clones share one display.
#[derive(Clone)]
pub struct Progress {
    shared: Arc<Shared>,
}

struct Shared {
    mode: DisplayMode,
    bars: MultiProgress,
    /// Columns of the terminal at the start.
    width: u16,
    tasks: Mutex<Vec<Arc<TaskState>>>,
    /// What [`Progress::note_once`] has displayed.
    noted: Mutex<Vec<String>>,
    ended: AtomicBool,
}

struct TaskState {
    name: String,
    total: u64,
    unit: Unit,
    rows: AtomicU64,
    done: AtomicU64,
    started: Instant,
    /// The latest figures, of a task that describes its own.
    description: Mutex<String>,
    bar: Option<ProgressBar>,
}

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

/// A running task; dropping it without [`Task::finish`] removes its bar.
pub struct Task {
    state: Arc<TaskState>,
    shared: Arc<Shared>,
}

impl Progress {
    /// Bars when stderr is a terminal that isn't dumb, lines when not, nothing when quiet.
    pub fn new(quiet: bool) -> Progress {
        let mode = match (quiet, terminal::obeys(&std::io::stderr())) {
            (true, _) => DisplayMode::Quiet,
            (false, true) => DisplayMode::Bars,
            (false, false) => DisplayMode::Lines,
        };
        let shared = Arc::new(Shared {
            mode,
            bars: MultiProgress::new(),
            width: terminal::width(&std::io::stderr()).unwrap_or(NARROW),
            tasks: Mutex::new(Vec::new()),
            noted: Mutex::new(Vec::new()),
            ended: AtomicBool::new(false),
        });
        if mode != DisplayMode::Quiet {
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
    pub fn note(&self, message: impl AsRef<str>) {
        self.shared.note(message.as_ref());
    }

    /// As [`Progress::note`]; nothing where the same was said before.
    pub fn note_once(&self, message: &str) {
        let noted = self.shared.noted.lock();
        let mut noted = noted.unwrap_or_else(PoisonError::into_inner);
        if !noted.iter().any(|known| known == message) {
            noted.push(message.to_owned());
            self.note(message);
        }
    }

    /// Starts a task without measurable progress.
    pub fn step(&self, name: impl Into<String>) -> Task {
        self.task(name, 0, Unit::Step)
    }

    /// Starts a phase, which lasts until the value is dropped: on a terminal, a line of its own above the bars.
    pub fn phase(&self, name: &'static str) -> PhaseLine {
        let bar = (self.shared.mode == DisplayMode::Bars).then(|| {
            let bar = self.shared.bars.insert(0, ProgressBar::no_length());
            bar.set_style(phase_style());
            bar.set_message(name);
            bar.enable_steady_tick(Duration::from_secs(1));
            bar
        });
        PhaseLine { bar }
    }

    /// Starts a task of `total` units; a total of 0 means that it isn't known.
    pub fn task(&self, name: impl Into<String>, total: u64, unit: Unit) -> Task {
        let name = name.into();
        let bar = (self.shared.mode == DisplayMode::Bars).then(|| {
            let bar = self.shared.bars.add(ProgressBar::new(total));
            bar.set_style(style(unit, self.shared.width));
            bar.set_prefix(name.clone());
            bar
        });
        let state = Arc::new(TaskState {
            name,
            total,
            unit,
            rows: AtomicU64::new(0),
            done: AtomicU64::new(0),
            started: Instant::now(),
            description: Mutex::default(),
            bar,
        });
        self.shared.tasks().push(Arc::clone(&state));
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

    /// Sets how many units are done in all.
    pub fn set(&self, units: u64) {
        self.state.done.store(units, Ordering::Relaxed);
    }

    /// Replaces the figures that are displayed beside how much is done.
    pub fn describe(&self, figures: String) {
        *self.state.description() = figures;
    }

    /// Ends the task and prints its figures on one line.
    pub fn finish(self) {
        if self.state.unit != Unit::Bytes {
            self.set(self.state.total);
        }
        self.shared.note(&format!(
            "{}: {} in {:.1} s",
            self.state.name,
            self.state.figures(),
            self.state.seconds()
        ));
    }
}

/// A phase, displayed until it is dropped.
pub struct PhaseLine {
    bar: Option<ProgressBar>,
}

impl Drop for PhaseLine {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.shared
            .tasks()
            .retain(|state| !Arc::ptr_eq(state, &self.state));
        if let Some(bar) = &self.state.bar {
            bar.finish_and_clear();
        }
    }
}

impl Shared {
    fn tasks(&self) -> std::sync::MutexGuard<'_, Vec<Arc<TaskState>>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, message: &str) {
        let message = &printable::lines(message);
        match self.mode {
            DisplayMode::Quiet => {}
            DisplayMode::Lines => note(message),
            DisplayMode::Bars => self.bars.suspend(|| note(message)),
        }
    }

    fn tick(&self, last_lines: &mut Instant) {
        let lines_due = self.mode == DisplayMode::Lines && last_lines.elapsed() >= LINE_EVERY;
        if lines_due {
            *last_lines = Instant::now();
        }
        for state in self.tasks().iter() {
            if let Some(bar) = &state.bar {
                bar.set_position(state.done.load(Ordering::Relaxed));
                bar.set_message(state.label(self.width));
            } else if lines_due {
                note(&format!(
                    "{}: {}{}",
                    state.name,
                    state.so_far(),
                    state.time_left()
                ));
            }
        }
    }
}

impl TaskState {
    fn description(&self) -> std::sync::MutexGuard<'_, String> {
        let description = self.description.lock();
        description.unwrap_or_else(PoisonError::into_inner)
    }

    fn seconds(&self) -> f64 {
        self.started.elapsed().as_secs_f64().max(1e-3)
    }

    fn figures(&self) -> String {
        let rows = self.rows.load(Ordering::Relaxed);
        let done = self.done.load(Ordering::Relaxed);
        match self.unit {
            Unit::Bytes => format!(
                "{}, {}, {}",
                counted(rows, "row"),
                HumanBytes(done),
                self.rate()
            ),
            Unit::Step => "done".to_owned(),
            unit => format!(
                "{} of {} {}",
                grouped(done),
                grouped(self.total),
                unit.noun()
            ),
        }
    }

    /// The figures for a line while the task runs.
    fn so_far(&self) -> String {
        match self.unit {
            Unit::Step => format!("{:.0} s so far", self.seconds()),
            Unit::Seconds if !self.description().is_empty() => {
                format!("{}: {}", self.figures(), self.description())
            }
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
            _ => String::new(),
        }
    }

    /// The text right of a bar: rate and time left; bytes only on a wide terminal.
    fn label(&self, width: u16) -> String {
        let rate = match self.unit {
            Unit::Bytes if width >= WIDE => self.rate(),
            Unit::Bytes => {
                let rows = self.rows.load(Ordering::Relaxed);
                format!("{} rows/s", grouped(per_second(rows, self.seconds())))
            }
            Unit::Seconds => return self.description().clone(),
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

/// Columns of stderr's terminal; 80 when that is unknown.
/// The last part is cut at the end of the line: a wrapped line would flicker.
fn style(unit: Unit, width: u16) -> ProgressStyle {
    let (name, bar) = match width {
        WIDE.. => (NAME_WIDTH, "{bar:24} "),
        NARROW.. => (22, "{bar:12} "),
        _ => (16, ""),
    };
    let figures = match unit {
        Unit::Step => "{elapsed}".to_owned(),
        _ => format!("{bar}{{percent:>3}}% {{wide_msg}}"),
    };
    let template = format!("{{prefix:<{name}!}} {figures}");
    ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn phase_style() -> ProgressStyle {
    ProgressStyle::with_template("{elapsed:>4.dim} {wide_msg:.bold}")
        .unwrap_or_else(|_| ProgressStyle::default_spinner())
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
}
