//! What a terminal can show: whether a stream is one, how wide it is, whether it takes colours; lines broken between words.

use std::io::IsTerminal;
use std::os::fd::AsFd;

use unicode_width::UnicodeWidthChar;

/// The width of a terminal that doesn't know its own.
const USUAL_WIDTH: u16 = 80;

/// The columns of the terminal that a stream goes to; `None` where it goes elsewhere.
pub fn width(stream: &(impl IsTerminal + AsFd)) -> Option<u16> {
    if !stream.is_terminal() {
        return None;
    }
    let size = rustix::termios::tcgetwinsize(stream).ok();
    let columns = size.map(|size| size.ws_col).filter(|columns| *columns > 0);
    Some(columns.unwrap_or(USUAL_WIDTH))
}

/// Whether a stream goes to a terminal that obeys control sequences: colours, and lines that are written over.
pub fn obeys(stream: &impl IsTerminal) -> bool {
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    stream.is_terminal() && !dumb
}

/// The columns that a text takes; the escapes of colours take none.
pub fn width_of(text: &str) -> usize {
    let (mut width, mut in_escape) = (0, false);
    for c in text.chars() {
        match (in_escape, c) {
            (true, _) => in_escape = !c.is_ascii_alphabetic(),
            (false, '\x1b') => in_escape = true,
            (false, c) => width += c.width().unwrap_or(0),
        }
    }
    width
}

/// A line broken between words where it is wider; what follows begins with the indent.
pub fn wrapped(line: &str, width: usize, indent: &str) -> String {
    broken(line.split_inclusive(' '), width, indent)
}

/// What is typed begins with one of these, up to the line's end.
const TYPED: [&str; 5] = ["`seedrow", "--", " seedrow ", "run: ", "://"];

/// As [`wrapped`], but for what is to be typed: a command that is copied has no line break.
pub fn wrapped_message(line: &str, width: usize) -> String {
    let indent = " ".repeat(line.len() - line.trim_start().len() + 2);
    let typed = TYPED.iter().filter_map(|it| line.find(it)).min();
    // From its word's beginning.
    let typed = typed.map_or(line.len(), |at| {
        line[..at].rfind(' ').map_or(0, |it| it + 1)
    });
    let (text, typed) = line.split_at(typed);
    let words = text.split_inclusive(' ').chain([typed]);
    broken(words.filter(|it| !it.is_empty()), width, &indent)
}

fn broken<'w>(words: impl Iterator<Item = &'w str>, width: usize, indent: &str) -> String {
    let mut text = String::new();
    let mut used = 0;
    for word in words {
        let is_first = text.trim().is_empty();
        if !is_first && used + width_of(word.trim_end()) > width {
            text.truncate(text.trim_end().len());
            text.push('\n');
            text.push_str(indent);
            used = indent.len();
        }
        text.push_str(word);
        used += width_of(word);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_take_no_columns() {
        assert_eq!(width_of("\x1b[1;31mfail\x1b[0m"), 4);
        assert_eq!(width_of("größe 写"), 8);
    }

    #[test]
    fn messages_are_broken_between_words_and_commands_are_not() {
        for (line, expected) in [
            ("load: 12 rows", "load: 12 rows"),
            (
                "load: 533,961 rows, 42.01 MiB of CSV",
                "load: 533,961 rows,\n  42.01 MiB of CSV",
            ),
            (
                "  hint: to empty it, run: seedrow run --replace",
                "  hint: to empty it,\n    run: seedrow run --replace",
            ),
            (
                "gone; `seedrow load` takes it",
                "gone;\n  `seedrow load` takes it",
            ),
            (
                "`seedrow load` takes a folder",
                "`seedrow load` takes a folder",
            ),
            ("abcdefghijklmnopqrstuvwxyz", "abcdefghijklmnopqrstuvwxyz"),
        ] {
            assert_eq!(wrapped_message(line, 20), expected);
        }
    }
}
