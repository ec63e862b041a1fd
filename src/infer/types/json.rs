//! Documents with the keys that constraints ask for.

use crate::infer::domain::{JsonKey, JsonKind, Limits, MakerToml};

/// An object, an array or a plain value, as the limits want it.
pub fn json(limits: &Limits) -> MakerToml {
    let kind = match limits.json_kinds.first() {
        None if limits.json_keys.is_empty() && limits.min_length.is_some() => JsonKind::Array,
        None => JsonKind::Object,
        Some(kind) => *kind,
    };
    let template = match kind {
        JsonKind::Object => {
            let keys: Vec<String> = limits.json_keys.iter().map(json_entry).collect();
            format!("{{{{{}}}}}", keys.join(", "))
        }
        JsonKind::Array => {
            let count = limits
                .min_length
                .unwrap_or(0)
                .min(limits.max_length.unwrap_or(u32::MAX));
            let elements: Vec<String> = (1..=count.min(100)).map(|it| it.to_string()).collect();
            format!("[{}]", elements.join(", "))
        }
        other => json_value(other).to_owned(),
    };
    MakerToml::new("json").with("of", template)
}

/// `"key": value`, in a template.
fn json_entry(key: &JsonKey) -> String {
    let in_template = |text: String| text.replace('{', "{{").replace('}', "}}");
    let quoted = |text: &str| in_template(serde_json::Value::from(text).to_string());
    let kind = key.kinds.first().copied();
    let value = match (key.values.first(), kind) {
        (Some(value), Some(JsonKind::Number | JsonKind::Boolean)) => value.clone(),
        (Some(value), _) => quoted(value),
        (None, kind) => json_value(kind.unwrap_or(JsonKind::String)).to_owned(),
    };
    format!("{}: {value}", quoted(&key.name))
}

/// A value of a kind, in a template.
fn json_value(kind: JsonKind) -> &'static str {
    match kind {
        JsonKind::Object => "{{}}",
        JsonKind::Array => "[]",
        JsonKind::String => "\"text\"",
        JsonKind::Number => "1",
        JsonKind::Boolean => "true",
        JsonKind::Null => "null",
    }
}
