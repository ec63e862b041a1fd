//! The messages on stderr when a command failed or was interrupted.

use std::io::IsTerminal;

use crate::postgres::error::describe;
use crate::printable;
use crate::progress::note;
use crate::report::colour::Colour;
use crate::suggestion::Suggestions;

/// The error and its cause chain on one line; below it the server's detail, hints and suggested commands.
pub fn error(error: &anyhow::Error, suggestions: &Suggestions) {
    note(&printable::lines(&suggestions.complete(&rendered(error))));
}

/// A signal interrupted the command; `what_next` tells what remains and which command continues.
pub fn interrupted(what_next: &str) {
    // A terminal prints ^C: end that line.
    let line_end = if std::io::stderr().is_terminal() {
        "\n"
    } else {
        ""
    };
    note(&format!("{line_end}seedrow: interrupted; {what_next}"));
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
    let mut lines = format!("seedrow: {}", described.text);
    for note in described.notes {
        lines.push_str("\n  ");
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
            notes: vec!["try this\nor that".into(), "or wait".into()],
            source: None,
        };
        let expected =
            "seedrow: could not load: could not connect\n  try this\n    or that\n  or wait";
        assert_eq!(
            rendered(&anyhow::Error::new(refused).context("could not load")),
            expected
        );
    }
}
