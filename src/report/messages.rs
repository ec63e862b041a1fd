//! The messages on stderr when a command failed or was interrupted.

use std::io::IsTerminal;

use crate::postgres::error::describe;
use crate::printable;
use crate::progress::{note, note_last};
use crate::report::colour::Colour;
use crate::suggestion::Suggestions;
use crate::terminal;

/// The prefix of an error, as clap has it.
const PREFIX: &str = "error:";

/// What a remark may begin with that is no hint.
const LABELS: [&str; 6] = [
    "detail: ",
    "hint: ",
    "where: ",
    "at: ",
    "held by ",
    "its session is ",
];

/// The error and its cause chain on one line; below it the server's detail, hints and suggested commands.
pub fn error(error: &anyhow::Error, suggestions: &Suggestions) {
    let text = printable::lines(&suggestions.complete(&rendered(error)));
    let rest = text.strip_prefix(PREFIX).unwrap_or(&text);
    note_last(&format!("{}{rest}", Colour::of_stderr().red(PREFIX)));
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
        let is_labelled = LABELS.iter().any(|label| note.starts_with(label));
        lines.push_str(if is_labelled { "\n  " } else { "\n  hint: " });
        lines.push_str(&note.trim_end().replace('\n', "\n    "));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postgres::error::ErrorWithNotes;

    #[test]
    fn notes_are_indented_beneath() {
        let refused = ErrorWithNotes {
            message: "could not connect".into(),
            notes: vec!["try this\nor that".into(), "detail: none".into()],
            source: None,
        };
        let expected = "error: could not load: could not connect\n  hint: try this\n    or that\n  detail: none";
        assert_eq!(
            rendered(&anyhow::Error::new(refused).context("could not load")),
            expected
        );
    }
}
