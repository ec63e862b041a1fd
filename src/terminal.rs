//! What a terminal can show: whether a stream is one, how wide it is, whether it takes colours; lines broken between words.

use std::io::IsTerminal;
use std::os::fd::AsFd;

use unicode_width::UnicodeWidthChar;

/// The width of a terminal that doesn't know its own.
pub const USUAL_WIDTH: u16 = 80;

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

/// Behind one of these a command follows, up to the line's end.
const BEFORE_COMMANDS: [&str; 3] = ["run: ", ": seedrow ", ": psql "];

/// Statements of SQL begin with one of these.
const STATEMENTS: [&str; 9] = [
    "ALTER ", "ANALYZE", "CREATE ", "DELETE ", "DROP ", "GRANT ", "INSERT ", "SELECT ", "UPDATE ",
];

/// Each line of a text as [`wrapped_message`] has it, but for statements of SQL, which are copied.
pub fn wrapped_text(text: &str, width: usize) -> String {
    let line = |line: &str| {
        let is_sql = STATEMENTS
            .iter()
            .any(|it| line.trim_start().starts_with(it));
        match is_sql || width_of(line) <= width {
            true => format!("{line}\n"),
            false => wrapped_message(line, width) + "\n",
        }
    };
    text.lines().map(line).collect()
}

/// As [`wrapped`], but for what is to be typed: a command that is copied has no line break.
pub fn wrapped_message(line: &str, width: usize) -> String {
    let indent = " ".repeat(line.len() - line.trim_start().len() + 2);
    let command = BEFORE_COMMANDS.iter().filter_map(|it| {
        let at = line.find(it)?;
        Some(if it.starts_with(':') { at + 2 } else { at })
    });
    let (text, command) = line.split_at(command.min().unwrap_or(line.len()));
    let words = words(text).into_iter().chain([command]);
    broken(words.filter(|it| !it.is_empty()), width, &indent)
}

/// The words of a text, each with the blank behind it; what is between backticks belongs together.
fn words(text: &str) -> Vec<&str> {
    let (mut words, mut begin, mut is_quoted) = (Vec::new(), 0, false);
    for (at, c) in text.char_indices() {
        is_quoted ^= c == '`';
        if c == ' ' && !is_quoted {
            words.push(&text[begin..=at]);
            begin = at + 1;
        }
    }
    words.push(&text[begin..]);
    words
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
                "gone; `seedrow load d` takes it",
                "gone;\n  `seedrow load d`\n  takes it",
            ),
            (
                "another is at work: seedrow run --rows 1M",
                "another is at work:\n  seedrow run --rows 1M",
            ),
            (
                "--tables: there is no table `nope`",
                "--tables: there is\n  no table `nope`",
            ),
            ("abcdefghijklmnopqrstuvwxyz", "abcdefghijklmnopqrstuvwxyz"),
        ] {
            assert_eq!(wrapped_message(line, 20), expected);
        }
    }
}
