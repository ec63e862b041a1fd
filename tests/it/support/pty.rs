//! Commands on a pseudo-terminal, as a person sees them.

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use super::eventually;

/// Starts a command whose streams are a terminal of so many columns; the terminal's end that reads.
fn start(mut command: Command, columns: u16) -> (Child, OwnedFd) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let path = Path::new(std::ffi::OsStr::from_bytes(name.as_bytes()));
    let slave = File::options().read(true).write(true).open(path).unwrap();
    tcsetwinsize(&slave, size(columns)).unwrap();
    command
        .stdin(Stdio::null())
        .stdout(slave.try_clone().unwrap())
        .stderr(slave);
    // The command holds the terminal's other end, too, and reading ends with the last of them.
    (command.spawn().unwrap(), master)
}

fn size(columns: u16) -> Winsize {
    Winsize {
        ws_row: 50,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    }
}

/// Runs a command whose three streams are a terminal of so many columns, and returns what is printed to it.
pub fn on_terminal(command: Command, columns: u16) -> String {
    let (mut child, master) = start(command, columns);
    let mut printed = Vec::new();
    read(File::from(master), |bytes| printed.extend_from_slice(bytes));
    child.wait().unwrap();
    String::from_utf8(printed).unwrap().replace("\r\n", "\n")
}

fn read(mut master: File, mut take: impl FnMut(&[u8])) {
    let mut buffer = [0; 4096];
    // EIO says that the other end is closed.
    while let Ok(count @ 1..) = master.read(&mut buffer) {
        take(&buffer[..count]);
    }
}

/// A terminal that a command is running on.
pub struct Terminal {
    child: Child,
    master: OwnedFd,
    screen: Arc<Mutex<Screen>>,
    reader: Option<JoinHandle<()>>,
}

impl Terminal {
    /// Starts the command.
    pub fn start(command: Command, columns: u16) -> Terminal {
        let (child, master) = start(command, columns);
        let screen = Arc::new(Mutex::new(Screen::new(usize::from(columns))));
        let (file, shared) = (File::from(master.try_clone().unwrap()), Arc::clone(&screen));
        let reader = std::thread::spawn(move || {
            read(file, |bytes| shared.lock().unwrap().print(bytes));
        });
        Terminal {
            child,
            master,
            screen,
            reader: Some(reader),
        }
    }

    /// What is to be seen now.
    pub fn screen(&self) -> String {
        self.screen.lock().unwrap().text()
    }

    /// Waits until the screen is as it should be.
    pub fn wait_for(&self, holds: impl Fn(&str) -> bool) {
        eventually("the screen is so", || holds(&self.screen()));
    }

    /// Waits until what moves has moved a few times.
    pub fn wait_for_frames(&self) {
        let frames = || self.screen.lock().unwrap().erased;
        let before = frames();
        eventually("lines are written over", || frames() > before + 2);
    }

    /// Gives the terminal another width; its lines are broken anew.
    pub fn resize(&self, columns: u16) {
        let mut screen = self.screen.lock().unwrap();
        tcsetwinsize(&self.master, size(columns)).unwrap();
        screen.columns = usize::from(columns);
    }

    /// Presses ^C, which a terminal shows.
    pub fn interrupt(&self) {
        self.screen.lock().unwrap().print(b"^C");
        kill_process(Pid::from_child(&self.child), Signal::INT).unwrap();
    }

    /// What is to be seen when the command has ended.
    pub fn end(mut self) -> String {
        self.child.wait().unwrap();
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        self.screen()
    }
}

/// The lines of a terminal that breaks those that are too long, and joins them again when it is widened.
struct Screen {
    columns: usize,
    lines: Vec<Vec<char>>,
    /// The line and the character that the next one is written to.
    at: (usize, usize),
    /// Bytes of a character or control sequence that isn't complete.
    pending: Vec<u8>,
    /// How often what is below the cursor was erased.
    erased: usize,
}

impl Screen {
    fn new(columns: usize) -> Screen {
        Screen {
            columns,
            lines: vec![Vec::new()],
            at: (0, 0),
            pending: Vec::new(),
            erased: 0,
        }
    }

    fn text(&self) -> String {
        let lines = self
            .lines
            .iter()
            .map(|line| line.iter().collect::<String>());
        lines.collect::<Vec<_>>().join("\n")
    }

    fn print(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(bytes);
        let pending = std::mem::take(&mut self.pending);
        let whole = match std::str::from_utf8(&pending) {
            Ok(text) => text.to_owned(),
            Err(error) => {
                let (whole, rest) = pending.split_at(error.valid_up_to());
                self.pending = rest.to_vec();
                String::from_utf8(whole.to_vec()).unwrap()
            }
        };
        let mut rest = whole.as_str();
        while let Some(c) = rest.chars().next() {
            let used = match c {
                '\x1b' => match rest.find(|c: char| c.is_ascii_alphabetic()) {
                    Some(end) => {
                        self.control(&rest[..=end]);
                        end + 1
                    }
                    None => {
                        let begun = std::mem::take(&mut self.pending);
                        self.pending = [rest.as_bytes(), &begun].concat();
                        return;
                    }
                },
                c => {
                    self.character(c);
                    c.len_utf8()
                }
            };
            rest = &rest[used..];
        }
    }

    fn control(&mut self, sequence: &str) {
        let number = sequence.trim_matches(|c: char| !c.is_ascii_digit());
        match sequence.chars().last() {
            Some('A') => (0..number.parse().unwrap_or(1)).for_each(|_| self.up()),
            Some('J') => {
                self.erased += 1;
                self.lines.truncate(self.at.0 + 1);
                self.lines[self.at.0].truncate(self.at.1);
            }
            _ => {}
        }
    }

    fn character(&mut self, c: char) {
        let (line, place) = self.at;
        match c {
            '\r' => self.at.1 = self.row(line, place) * self.columns,
            '\n' => {
                self.at = (line + 1, 0);
                if self.lines.len() == line + 1 {
                    self.lines.push(Vec::new());
                }
            }
            c => {
                let line = &mut self.lines[line];
                match line.get_mut(place) {
                    Some(old) => *old = c,
                    None => line.push(c),
                }
                self.at.1 += 1;
            }
        }
    }

    /// The row of a line that a character of it is in. The cursor stays in a full row until a character follows.
    fn row(&self, line: usize, place: usize) -> usize {
        let is_behind = place == self.lines[line].len() && place > 0;
        (place - usize::from(is_behind)) / self.columns
    }

    fn up(&mut self) {
        let (line, place) = self.at;
        self.at = match (self.row(line, place), line) {
            (row @ 1.., _) => (line, (row - 1) * self.columns),
            (0, 0) => (0, 0),
            (0, _) => {
                let above = line - 1;
                let last = self.lines[above].len().saturating_sub(1);
                (above, last / self.columns * self.columns)
            }
        };
    }
}
