//! Messages and progress on stderr: on a terminal, lines that are written over, one a task and one for the whole; elsewhere a
//! line when a task ends, and one every 10 seconds.
//!
//! Workers add to atomic counters, which a ticker thread reads: the hot path knows nothing of a display.

mod screen;
mod task;

use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::postgres::secrets;
use crate::printable;
use crate::terminal;
use crate::units::{counted, grouped};
pub use task::Unit;
use task::{Layout, TaskState, time_left};

const REDRAW: Duration = Duration::from_millis(100);
const LINE_EVERY: Duration = Duration::from_secs(10);
/// What takes less is no line of its own when it has ended, unless it is about a table's rows.
const WORTH_A_LINE: Duration = Duration::from_secs(2);
/// Columns of a name; the rest is cut off with the line.
const LONGEST_NAME: usize = 36;
/// Terminals of fewer columns display no bar.
const NARROW: usize = 60;

/// What [`Progress::note_once`] has displayed in this process.
static NOTED: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Prints one message to stderr, with its passwords hidden and, on a terminal, broken between words. A closed stderr is no
/// error.
pub fn note(message: &str) {
    let message = secrets::hide(message);
    let text: String = match terminal::width(&std::io::stderr()) {
        Some(width) => {
            let lines = message.lines();
            let lines = lines.map(|line| terminal::wrapped_message(line, width.into()) + "\n");
            lines.collect()
        }
        None => format!("{message}\n"),
    };
    screen::above(&text);
}

/// Prints the last message of a command: no progress is displayed any more.
pub fn note_last(message: &str) {
    screen::end();
    note(message);
}

/// Takes what is displayed of progress away, until it is displayed again.
pub fn clear() {
    screen::show(&[]);
}

/// Whether a terminal that stdout and stderr go to has a message of [`Progress::note_once`].
pub fn is_displayed(message: &str) -> bool {
    let streams = std::io::stdout().is_terminal() && std::io::stderr().is_terminal();
    streams && noted().iter().any(|known| known == message)
}

fn noted() -> MutexGuard<'static, Vec<String>> {
    NOTED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Prints a question to stderr, without a line break.
pub fn ask(question: &str) {
    screen::above(&format!("{question} "));
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum DisplayMode {
    Quiet,
    Lines,
    Terminal,
}

/// Where a command's messages and tasks are displayed. Clones share one display.
#[derive(Clone)]
pub struct Progress {
    shared: Arc<Shared>,
}

struct Shared {
    mode: DisplayMode,
    tasks: Mutex<Vec<Arc<TaskState>>>,
    phase: Mutex<Option<Arc<PhaseState>>>,
}

/// A phase: its name, and how much of it is done where that is known.
struct PhaseState {
    name: &'static str,
    started: Instant,
    /// Bytes of all its tasks; 0 where that isn't known.
    total: u64,
    rows: Option<u64>,
    /// Of tasks that have ended.
    rows_done: AtomicU64,
    bytes_done: AtomicU64,
}

/// A running task; dropping it without [`Task::finish`] removes its line.
pub struct Task {
    state: Arc<TaskState>,
    shared: Arc<Shared>,
}

/// A phase, displayed until it is dropped.
pub struct PhaseLine {
    shared: Arc<Shared>,
}

impl Progress {
    /// Lines that are written over when stderr is a terminal that isn't dumb, lines of a log when not, nothing when quiet.
    pub fn new(quiet: bool) -> Progress {
        let mode = match (quiet, terminal::obeys(&std::io::stderr())) {
            (true, _) => DisplayMode::Quiet,
            (false, true) => DisplayMode::Terminal,
            (false, false) => DisplayMode::Lines,
        };
        let shared = Arc::new(Shared {
            mode,
            tasks: Mutex::default(),
            phase: Mutex::default(),
        });
        if mode != DisplayMode::Quiet {
            let ticked = Arc::downgrade(&shared);
            std::thread::spawn(move || {
                let mut last_lines = Instant::now();
                while let Some(shared) = ticked.upgrade() {
                    shared.tick(&mut last_lines);
                    drop(shared);
                    std::thread::sleep(REDRAW);
                }
            });
        }
        Progress { shared }
    }

    /// A message on stderr, above what is displayed; nothing when quiet.
    pub fn note(&self, message: impl AsRef<str>) {
        self.shared.note(message.as_ref());
    }

    /// As [`Progress::note`]; nothing where the same was said before.
    pub fn note_once(&self, message: &str) {
        if self.shared.mode == DisplayMode::Quiet {
            return;
        }
        let mut noted = noted();
        if !noted.iter().any(|known| known == message) {
            noted.push(message.to_owned());
            self.note(message);
        }
    }

    /// Starts a task without measurable progress.
    pub fn step(&self, name: impl Into<String>) -> Task {
        self.task(name, 0, Unit::Step)
    }

    /// Starts a phase, which lasts until the value is dropped: on a terminal, a line of its own.
    pub fn phase(&self, name: &'static str) -> PhaseLine {
        self.phase_of(name, 0, None)
    }

    /// A phase whose tasks have so many bytes and rows in all: its line has the part that is done, and the time left.
    pub fn phase_of(&self, name: &'static str, bytes: u64, rows: Option<u64>) -> PhaseLine {
        *self.shared.phase() = Some(Arc::new(PhaseState {
            name,
            started: Instant::now(),
            total: bytes,
            rows,
            rows_done: AtomicU64::new(0),
            bytes_done: AtomicU64::new(0),
        }));
        PhaseLine {
            shared: Arc::clone(&self.shared),
        }
    }

    /// Starts a task of `total` units; a total of 0 means that it isn't known.
    pub fn task(&self, name: impl Into<String>, total: u64, unit: Unit) -> Task {
        let state = Arc::new(TaskState::new(name.into(), total, unit));
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
        self.state.describe(figures);
    }

    /// Ends the task, and prints its figures on a line where it is about a table's rows or took a while.
    pub fn finish(self) {
        let is_of_rows = self.state.unit == Unit::Bytes;
        if !is_of_rows {
            self.set(self.state.total);
        }
        if is_of_rows || self.state.elapsed() >= WORTH_A_LINE {
            self.shared.note(&self.state.result());
        }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.shared
            .tasks()
            .retain(|state| !Arc::ptr_eq(state, &self.state));
        if self.state.unit == Unit::Bytes
            && let Some(phase) = &*self.shared.phase()
        {
            let (rows, bytes) = (&self.state.rows, &self.state.done);
            phase
                .rows_done
                .fetch_add(rows.load(Ordering::Relaxed), Ordering::Relaxed);
            phase
                .bytes_done
                .fetch_add(bytes.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        self.shared.show();
    }
}

impl Drop for PhaseLine {
    fn drop(&mut self) {
        *self.shared.phase() = None;
        self.shared.show();
    }
}

impl Shared {
    fn tasks(&self) -> MutexGuard<'_, Vec<Arc<TaskState>>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn phase(&self) -> MutexGuard<'_, Option<Arc<PhaseState>>> {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, message: &str) {
        if self.mode != DisplayMode::Quiet {
            note(&printable::lines(message));
        }
    }

    fn tick(&self, last_lines: &mut Instant) {
        match self.mode {
            DisplayMode::Quiet => {}
            DisplayMode::Terminal => self.show(),
            DisplayMode::Lines if last_lines.elapsed() >= LINE_EVERY => {
                *last_lines = Instant::now();
                self.log();
            }
            DisplayMode::Lines => {}
        }
    }

    /// A line a task, and one for the phase.
    fn show(&self) {
        if self.mode != DisplayMode::Terminal {
            return;
        }
        let (tasks, phase) = (self.tasks().clone(), self.phase().clone());
        let names = tasks.iter().map(|task| task.name.chars().count());
        let columns = screen::columns();
        let layout = Layout {
            name: names.max().unwrap_or(0).min(LONGEST_NAME),
            bar: match columns {
                NARROW.. => 12,
                _ => 0,
            },
        };
        let mut lines: Vec<String> = tasks.iter().map(|task| task.line(layout)).collect();
        lines.extend(phase.map(|phase| phase.line(&tasks, layout)));
        screen::show(&lines);
    }

    /// The phase, where its end is known, else each task.
    fn log(&self) {
        let (tasks, phase) = (self.tasks().clone(), self.phase().clone());
        match phase.filter(|phase| phase.total > 0) {
            Some(phase) => note(&phase.so_far(&tasks)),
            None => tasks.iter().for_each(|task| note(&task.so_far())),
        }
    }
}

impl PhaseState {
    /// Rows and bytes that are done, those of running tasks among them.
    fn done(&self, tasks: &[Arc<TaskState>]) -> (u64, u64) {
        let mut rows = self.rows_done.load(Ordering::Relaxed);
        let mut bytes = self.bytes_done.load(Ordering::Relaxed);
        for task in tasks.iter().filter(|task| task.unit == Unit::Bytes) {
            rows += task.rows.load(Ordering::Relaxed);
            bytes += task.done.load(Ordering::Relaxed);
        }
        (rows, bytes)
    }

    fn figures(&self, rows: u64, bytes: u64) -> String {
        let rows = match self.rows {
            Some(all) => format!("{} of {}", grouped(rows.min(all)), counted(all, "row")),
            None => counted(rows, "row"),
        };
        let left = time_left(self.started.elapsed(), bytes, self.total);
        let left = left.map(|left| format!(", {left}"));
        rows + &left.unwrap_or_default()
    }

    fn line(&self, tasks: &[Arc<TaskState>], layout: Layout) -> String {
        let PhaseState { name, started, .. } = self;
        let seconds = started.elapsed().as_secs();
        if self.total == 0 {
            return format!("{name}: {seconds} s");
        }
        let (rows, bytes) = self.done(tasks);
        let share = Layout { bar: 0, ..layout }.share(bytes, self.total);
        let line = format!(
            "{name}: {}, {}",
            share.trim_start(),
            self.figures(rows, bytes)
        );
        let with_time = format!("{line}, {seconds} s so far");
        match with_time.len() <= screen::longest(screen::columns()) {
            true => with_time,
            false => line,
        }
    }

    fn so_far(&self, tasks: &[Arc<TaskState>]) -> String {
        let (rows, bytes) = self.done(tasks);
        let share = Layout { name: 0, bar: 0 }.share(bytes, self.total);
        let (name, share) = (self.name, share.trim_start());
        format!("{name}: {share}, {}", self.figures(rows, bytes))
    }
}
