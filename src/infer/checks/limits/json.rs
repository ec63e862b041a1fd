//! Comparisons of the kinds and keys of JSON.

use super::alternatives::Alternatives;
use crate::infer::checks::comparison::Comparison;
use crate::infer::checks::subject::Step;
use crate::infer::domain::{JsonKey, JsonKind, Limits};

pub(super) fn json_kinds(inner: &[Step], comparison: &Comparison) -> Alternatives {
    let kinds: Vec<JsonKind> = match comparison {
        Comparison::In(names) => names.iter().filter_map(|it| json_kind(it)).collect(),
        Comparison::NotIn(names) => {
            let others = KINDS
                .iter()
                .filter(|(name, _)| !names.iter().any(|it| it == name));
            others.map(|(_, kind)| *kind).collect()
        }
        _ => return Err("a kind of JSON".into()),
    };
    match inner {
        [] => Ok(vec![Limits {
            json_kinds: kinds,
            ..Limits::default()
        }]),
        [Step::JsonKey(key)] => {
            let mut key = JsonKey::named(key.clone());
            key.kinds = kinds;
            Ok(vec![json_key(key)])
        }
        _ => Err("a kind of JSON".into()),
    }
}

pub(super) fn json_text(key: &str, comparison: &Comparison) -> Alternatives {
    let mut key = JsonKey::named(key);
    match comparison {
        Comparison::In(values) => key.values.clone_from(values),
        Comparison::NotIn(values) if values.iter().all(String::is_empty) => {
            key.kinds = vec![JsonKind::Number]
        }
        _ => return Err("a value in JSON".into()),
    }
    Ok(vec![json_key(key)])
}

/// JSON objects with a key.
pub fn json_key(key: JsonKey) -> Limits {
    Limits {
        json_kinds: vec![JsonKind::Object],
        json_keys: vec![key],
        ..Limits::default()
    }
}

const KINDS: [(&str, JsonKind); 6] = [
    ("object", JsonKind::Object),
    ("array", JsonKind::Array),
    ("string", JsonKind::String),
    ("number", JsonKind::Number),
    ("boolean", JsonKind::Boolean),
    ("null", JsonKind::Null),
];

fn json_kind(name: &str) -> Option<JsonKind> {
    let found = KINDS.iter().find(|(own, _)| *own == name);
    found.map(|(_, kind)| *kind)
}
