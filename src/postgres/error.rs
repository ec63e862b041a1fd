//! What a server's error says beyond "db error": its message, SQLSTATE, detail, hint and place.

use std::error::Error;
use std::fmt;

use tokio_postgres::error::{DbError, ErrorPosition};

/// An error, or one link of its cause chain, as a message prints it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct ErrorText {
    /// The part of the message's line; empty when the next link repeats it.
    pub text: String,
    /// The lines beneath it, one entry each.
    pub notes: Vec<String>,
}

/// The server's error in a cause chain.
pub fn server_error(error: &anyhow::Error) -> Option<&DbError> {
    let mut causes = error.chain();
    causes.find_map(|cause| cause.downcast_ref::<DbError>())
}

/// The line of the statement, from 1, that an error is about, when the server says. `prefix` characters that aren't part of
/// `sql` were sent before it.
pub fn statement_line(error: &tokio_postgres::Error, sql: &str, prefix: usize) -> Option<usize> {
    let Some(ErrorPosition::Original(position)) = error.as_db_error()?.position() else {
        return None;
    };
    let before = usize::try_from(*position).ok()?.checked_sub(prefix + 1)?;
    Some(1 + sql.chars().take(before).filter(|&c| c == '\n').count())
}

/// A whole cause chain: the causes in one text, each once, and all notes, the deepest cause's first.
pub fn describe(error: &anyhow::Error) -> ErrorText {
    let mut whole = ErrorText::default();
    for link in error.chain() {
        let ErrorText { text, notes } = describe_link(link);
        // Some errors repeat their source's text in their own.
        let text = without_code(&text);
        if !whole.text.contains(text) {
            let colon = if whole.text.is_empty() { "" } else { ": " };
            whole.text.extend([colon, text]);
        }
        whole.notes.splice(0..0, notes);
    }
    whole
}

/// `No such file or directory (os error 2)`, as the standard library has it, without the number.
fn without_code(text: &str) -> &str {
    let split = text.rsplit_once(" (os error ");
    let is_code = |end: &str| {
        end.strip_suffix(')')
            .is_some_and(|it| it.parse::<i32>().is_ok())
    };
    match split {
        Some((before, end)) if is_code(end) => before,
        _ => text,
    }
}

/// Takes one link of a cause chain apart.
fn describe_link(link: &(dyn Error + 'static)) -> ErrorText {
    if let Some(refused) = link.downcast_ref::<ErrorWithNotes>() {
        return ErrorText {
            text: refused.to_string(),
            notes: refused.notes.clone(),
        };
    }
    if let Some(error) = link.downcast_ref::<DbError>() {
        return from_server(error);
    }
    // "db error", and the next link is the server's.
    if let Some(error) = link.downcast_ref::<tokio_postgres::Error>()
        && error.as_db_error().is_some()
    {
        return ErrorText::default();
    }
    let closed = link
        .downcast_ref::<tokio_postgres::Error>()
        .is_some_and(tokio_postgres::Error::is_closed);
    let note = "the server or the network ended the connection; the server's log may say why";
    ErrorText {
        text: link.to_string(),
        notes: closed.then(|| note.to_owned()).into_iter().collect(),
    }
}

fn from_server(error: &DbError) -> ErrorText {
    let text = format!("{} (SQLSTATE {})", error.message(), error.code().code());
    let position = error.position().map(|position| match position {
        ErrorPosition::Original(at) => format!("at: character {at} of the statement"),
        ErrorPosition::Internal { position, query } => {
            format!("at: character {position} of {query}")
        }
    });
    let noted = |label: &str, text: Option<&str>| text.map(|text| format!("{label}: {text}"));
    let notes = [
        noted("detail", error.detail()),
        noted("hint", error.hint()),
        noted("where", error.where_()),
        position,
    ];
    ErrorText {
        text,
        notes: notes.into_iter().flatten().collect(),
    }
}

/// An error with remarks, such as what to do about it.
#[derive(Debug)]
pub struct ErrorWithNotes {
    /// What could not be done.
    pub message: String,
    /// What to do about it, and other remarks; each is printed beneath.
    pub notes: Vec<String>,
    /// Why, where there is more to say.
    pub source: Option<Box<dyn Error + Send + Sync>>,
}

impl ErrorWithNotes {
    /// An error that has no other one behind it.
    pub fn of(message: String, notes: Vec<String>) -> anyhow::Error {
        ErrorWithNotes {
            message,
            notes,
            source: None,
        }
        .into()
    }
}

impl fmt::Display for ErrorWithNotes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for ErrorWithNotes {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use anyhow::anyhow;

    use super::*;

    #[test]
    fn says_each_cause_once() {
        let cause = io::Error::other("disk full");
        let error = anyhow!(cause)
            .context("could not write a.csv: disk full")
            .context("could not load");
        assert_eq!(
            describe(&error).text,
            "could not load: could not write a.csv: disk full"
        );
    }

    #[test]
    fn the_operating_system_s_numbers_are_left_out() {
        let error = anyhow!(io::Error::from_raw_os_error(2)).context("could not open a.csv");
        assert_eq!(
            describe(&error).text,
            "could not open a.csv: No such file or directory"
        );
        assert_eq!(
            without_code("it is odd (os error x)"),
            "it is odd (os error x)"
        );
    }

    #[test]
    fn collects_the_notes_of_all_links() {
        let refused = ErrorWithNotes {
            message: "could not connect to db:5432".into(),
            notes: vec!["is it up?".into()],
            source: Some(Box::new(io::Error::other("refused"))),
        };
        let described = describe(&anyhow!(refused).context("could not load"));
        assert_eq!(
            described.text,
            "could not load: could not connect to db:5432: refused"
        );
        assert_eq!(described.notes, ["is it up?"]);
    }
}
