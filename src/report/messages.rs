//! What is said on stderr when a command could not be carried out or was stopped.

use crate::postgres::error::describe;

/// The error and its whole cause chain on one line; beneath it the server's detail and hints, and what to type.
pub fn error(error: &anyhow::Error) {
    eprintln!("{}", rendered(error));
}

/// A signal stopped the command; `what_next` says what stays and what to type.
pub fn interrupted(what_next: &str) {
    eprintln!("\nseedrow: interrupted; {what_next}");
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
    use crate::postgres::error::Refused;

    #[test]
    fn notes_stand_beneath_indented() {
        let refused = Refused {
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
