//! What comes of reading a text as a value: the value, or why there is none.

use std::borrow::Cow;

use crate::copy::value::Value;

/// Why a column cannot hold a value, to be read behind the value.
pub type Reason = Cow<'static, str>;

/// Why a text was not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unread {
    /// The server would reject it.
    Invalid(Reason),
    /// Only the server can tell.
    Undecided,
}

/// A value, or why there is none.
pub type Parsed<'a> = Result<Value<'a>, Unread>;

/// A text that the server would reject.
pub(super) fn invalid(reason: impl Into<Reason>) -> Unread {
    Unread::Invalid(reason.into())
}

impl From<String> for Unread {
    fn from(reason: String) -> Unread {
        invalid(reason)
    }
}

impl From<&'static str> for Unread {
    fn from(reason: &'static str) -> Unread {
        invalid(reason)
    }
}

/// UTF-8 without NUL, which every text has to be, whatever its type.
#[inline]
pub fn ensure_text(bytes: &[u8]) -> Result<&str, Unread> {
    let Ok(text) = str::from_utf8(bytes) else {
        return Err(invalid(
            "is not UTF-8; `--encoding windows-1252` reads the file where that is its encoding",
        ));
    };
    if memchr::memchr(0, bytes).is_some() {
        return Err(invalid("holds a NUL byte, which Postgres cannot store"));
    }
    Ok(text)
}
