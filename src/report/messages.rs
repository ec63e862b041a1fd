//! The messages on stderr when a command failed or was interrupted.

use std::io::IsTerminal;

use crate::postgres::error::describe;
use crate::printable;
use crate::progress::{note, note_last};
use crate::queries::Statements;
use crate::report::colour::Colour;
use crate::suggestion::Suggestions;
use crate::terminal;
use crate::units::{counted, grouped};

/// The prefix of an error, as clap has it.
const PREFIX: &str = "error:";

/// What a note has that says what to type or do: a command, an option, the word itself.
const TYPED: [&str; 3] = ["run: ", "--", "`"];

/// The error and its cause chain on one line; below it the server's detail, hints and suggested commands.
pub fn error(error: &anyhow::Error, suggestions: &Suggestions) {
    let text = printable::lines(&suggestions.complete(&rendered(error)));
    let rest = text.strip_prefix(PREFIX).unwrap_or(&text);
    note_last(&format!("{}{rest}", Colour::of_stderr().red(PREFIX)));
}

/// What is said before work on a database begins.
pub fn database_note(display_name: &str) -> String {
    format!("database: {display_name}")
}

/// A signal interrupted the command; `what_next` tells what remains and which command continues.
pub fn interrupted(what_next: &str) {
    // A terminal prints ^C: a dumb one is told to end that line, and from others it is taken away.
    let stderr = std::io::stderr();
    let line_end = match stderr.is_terminal() && !terminal::obeys(&stderr) {
        true => "\n",
        false => "",
    };
    note_last(&format!("{line_end}seedrow: interrupted; {what_next}"));
}

/// Prints clap's help, version or usage error, the latter without passwords.
pub fn usage(error: &clap::Error) {
    if !error.use_stderr() {
        // As in clap: without stdout there is nowhere to report this.
        let _ = error.print();
        return;
    }
    let text = error.render();
    let text = match Colour::of_stderr() {
        Colour::On => text.ansi().to_string(),
        Colour::Off => text.to_string(),
    };
    note(text.trim_end());
}

fn rendered(error: &anyhow::Error) -> String {
    let described = describe(error);
    let mut lines = format!("{PREFIX} {}", described.text);
    for note in described.notes {
        let note = labelled(&note);
        lines.push_str(&format!("\n  {}", note.trim_end().replace('\n', "\n    ")));
    }
    lines
}

/// A note of an error, as a hint where it is one.
pub(super) fn labelled(note: &str) -> String {
    let label = if is_advice(note) { "hint: " } else { "" };
    format!("{label}{note}")
}

/// Whether a note without a label proposes something; the others are facts, such as a record with its line.
fn is_advice(note: &str) -> bool {
    let is_labelled = note.starts_with("hint: ") || note.starts_with("detail: ");
    let first = note.split(['\n', ':']).next().unwrap_or_default();
    let is_record = first.contains(", line ");
    !is_labelled
        && !is_record
        && (note.starts_with("run ") || TYPED.iter().any(|it| note.contains(it)))
}

/// How many statements of `pg_stat_statements` are checked, and how many are left out.
pub fn statements_note(statements: &Statements) -> String {
    let found = statements.queries.len() + statements.unchecked.len();
    let mut note = format!(
        "{} of pg_stat_statements",
        counted(found as u64, "statement")
    );
    if statements.others > 0 {
        note.push_str(&format!(
            "; left out: {} of greater cost that are no single SELECT over the tables checked",
            grouped(statements.others as u64)
        ));
    }
    if statements.hidden > 0 {
        note.push_str(&format!(
            "; {} of other roles can't be seen: GRANT pg_read_all_stats TO …;",
            grouped(statements.hidden as u64)
        ));
    }
    note
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postgres::error::ErrorWithNotes;

    #[test]
    fn notes_are_indented_beneath() {
        let refused = ErrorWithNotes {
            message: "could not connect".into(),
            notes: vec![
                "try `this`\nor that".into(),
                "t.csv, line 2: `a--b` is no name".into(),
                "detail: none".into(),
            ],
            source: None,
        };
        let expected = "error: could not load: could not connect\n  hint: try `this`\n    or that\n  \
            t.csv, line 2: `a--b` is no name\n  detail: none";
        assert_eq!(
            rendered(&anyhow::Error::new(refused).context("could not load")),
            expected
        );
    }
}
