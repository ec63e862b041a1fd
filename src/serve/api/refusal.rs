//! Errors as JSON: `{"status":400,"error":"wrong-parameter","message":"…"}`, and for a parameter its name, its value and
//! what is expected.

use bytes::Bytes;
use serde_json::{Map, Value};

use crate::printable;

/// A request that is answered without a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// JSON.
    pub body: Bytes,
}

impl Refusal {
    /// An error of this kind, a stable kebab-case id.
    pub fn new(status: u16, error: &str, message: &str) -> Refusal {
        Refusal::with(status, error, message, &[])
    }

    /// With further members.
    pub fn with(status: u16, error: &str, message: &str, members: &[(&str, &str)]) -> Refusal {
        let mut object = Map::new();
        object.insert("status".to_owned(), status.into());
        object.insert("error".to_owned(), error.into());
        object.insert("message".to_owned(), message.into());
        for (name, value) in members {
            object.insert((*name).to_owned(), (*value).into());
        }
        Refusal {
            status,
            body: Bytes::from(Value::Object(object).to_string()),
        }
    }

    /// 405: the API only reads. The answer's `Allow` is `GET, HEAD`.
    pub fn method_not_allowed(method: &str) -> Refusal {
        let message = format!(
            "{} isn't allowed; the API only reads: GET and HEAD",
            printable::value(method.as_bytes())
        );
        Refusal::new(405, "method-not-allowed", &message)
    }
}

/// The body of an error.
pub fn error_body(status: u16, error: &str, message: &str) -> Bytes {
    Refusal::new(status, error, message).body
}

/// 400: a parameter's value is none that it can have. The reason reads behind the value.
pub fn wrong(name: &str, value: &[u8], expected: &str, reason: Option<&str>) -> Refusal {
    let value = printable::value(value);
    let reason = reason.map_or_else(String::new, |reason| format!(", which {reason}"));
    let message = format!("parameter `{name}` is `{value}`{reason}; expected {expected}");
    let members = [
        ("parameter", name),
        ("value", &*value),
        ("expected", expected),
    ];
    Refusal::with(400, "wrong-parameter", &message, &members)
}

/// `a`, `a or b`, `a, b or c`
pub fn one_of(values: &[&str]) -> String {
    match values {
        [] => "nothing".to_owned(),
        [one] => (*one).to_owned(),
        [others @ .., last] => format!("{} or {last}", others.join(", ")),
    }
}

/// 400: a parameter that has to be given isn't.
pub fn missing(name: &str, expected: &str) -> Refusal {
    let message = format!("parameter `{name}` is missing; expected {expected}");
    let members = [("parameter", name), ("expected", expected)];
    Refusal::with(400, "missing-parameter", &message, &members)
}
