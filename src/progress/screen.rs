//! Lines at the bottom of a terminal that are written over: progress, below the messages.
//!
//! There is one such block in a process, since messages of all modules go above it. It is written to stderr in one piece,
//! and erased by how many rows it takes at the terminal's width of that moment: a terminal that was narrowed has broken
//! its lines, and one that was widened has joined them.

use std::io::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::terminal;

/// Lines are no longer than this, so that few terminals are narrowed to less.
const LONGEST: usize = 99;
/// `^C`, which a terminal prints behind the last line when it is typed: that must not begin another row.
const ECHOED: usize = 2;

static SCREEN: Mutex<Screen> = Mutex::new(Screen {
    lines: Vec::new(),
    ended: false,
});

/// The lines that are there now.
#[derive(Debug, Default)]
struct Screen {
    lines: Vec<String>,
    ended: bool,
}

impl Screen {
    /// Takes the lines away, on a terminal of so many columns now. The cursor is then where the first one began.
    fn erase(&mut self, columns: usize) -> String {
        let rows = |line: &String| line.width().max(1).div_ceil(columns.max(1));
        let rows: usize = self.lines.iter().map(rows).sum();
        self.lines.clear();
        match rows {
            0 => String::new(),
            1 => "\r\x1b[J".to_owned(),
            _ => format!("\r\x1b[{}A\x1b[J", rows - 1),
        }
    }

    /// The lines below the cursor, which stays at the end of the last one. None is as long as the terminal is wide: it would
    /// be broken.
    fn draw(&mut self, lines: &[String], columns: usize) -> String {
        let longest = longest(columns);
        self.lines = lines.iter().map(|line| cut(line, longest)).collect();
        self.lines.join("\n")
    }
}

/// The columns of the longest line on a terminal of so many.
pub fn longest(columns: usize) -> usize {
    columns.saturating_sub(1 + ECHOED).min(LONGEST)
}

fn screen() -> MutexGuard<'static, Screen> {
    SCREEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// As much of a text as so many columns show.
fn cut(text: &str, columns: usize) -> String {
    let mut used = 0;
    let fits = text.chars().take_while(|c| {
        used += c.width().unwrap_or(0);
        used <= columns
    });
    fits.collect()
}

/// Columns of the terminal that stderr goes to.
pub fn columns() -> usize {
    usize::from(terminal::width(&std::io::stderr()).unwrap_or(u16::MAX))
}

/// Has these lines in place of those that are there.
pub fn show(lines: &[String]) {
    let mut screen = screen();
    if screen.ended || (lines.is_empty() && screen.lines.is_empty()) {
        return;
    }
    let columns = columns();
    let text = screen.erase(columns) + &screen.draw(lines, columns);
    write(&text);
}

/// Writes whole lines above those that are there.
pub fn above(text: &str) {
    let mut screen = screen();
    if screen.lines.is_empty() {
        return write(text);
    }
    let columns = columns();
    let lines = screen.lines.clone();
    let text = screen.erase(columns) + text + &screen.draw(&lines, columns);
    write(&text);
}

/// Takes the lines away for good, with what the terminal has printed behind them, such as ^C.
pub fn end() {
    let mut screen = screen();
    screen.ended = true;
    if !screen.lines.is_empty() {
        let text = screen.erase(columns());
        write(&text);
    } else if terminal::obeys(&std::io::stderr()) {
        write("\r\x1b[J");
    }
}

/// A closed stderr is no error.
fn write(text: &str) {
    let mut stderr = std::io::stderr().lock();
    let _ = stderr
        .write_all(text.as_bytes())
        .and_then(|()| stderr.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(lines: &[&str]) -> Vec<String> {
        lines.iter().map(|line| (*line).to_owned()).collect()
    }

    #[test]
    fn lines_are_cut_to_the_terminal() {
        let mut screen = Screen::default();
        let drawn = screen.draw(&lines(&["products  53%", "styles ████"]), 12);
        assert_eq!(drawn, "products \nstyles ██");
    }

    #[test]
    fn as_many_rows_are_erased_as_the_lines_take_now() {
        let mut screen = Screen::default();
        let long = "x".repeat(79);
        screen.draw(&lines(&[&long, &long]), 80);
        // Narrowed, each line is broken into two, or into three.
        assert_eq!(screen.erase(60), "\r\x1b[3A\x1b[J");
        screen.draw(&lines(&[&long, &long]), 80);
        assert_eq!(screen.erase(30), "\r\x1b[5A\x1b[J");
        screen.draw(&lines(&[&long, &long]), 80);
        assert_eq!(screen.erase(200), "\r\x1b[1A\x1b[J");
        assert_eq!(screen.erase(200), "");
    }
}
