//! What is said on stderr when a command could not be carried out or was stopped.

use std::io::IsTerminal;

use crate::postgres::error::describe;
use crate::progress::note;
use crate::report::colour::Colour;
use crate::suggestion::Suggestions;

/// The error and its whole cause chain on one line; beneath it the server's detail and hints, and what to type.
pub fn error(error: &anyhow::Error, suggestions: &Suggestions) {
    note(&suggestions.complete(&rendered(error)));
}

/// A signal stopped the command; `what_next` says what stays and what to type.
pub fn interrupted(what_next: &str) {
    // A terminal shows ^C, and the line that it stands on ends here.
    let line_end = if std::io::stderr().is_terminal() {
        "\n"
    } else {
        ""
    };
    note(&format!("{line_end}seedrow: interrupted; {what_next}"));
}

/// What clap answers instead of a command: help and version as it prints them, a mistake without the passwords that
/// it would repeat.
pub fn usage(error: &clap::Error) {
    if !error.use_stderr() {
        // Like clap itself: nobody is left to be told.
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
    fn notes_stand_beneath_indented() {
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
