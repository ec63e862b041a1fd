//! `-- response`: the form of the JSON that a query returns, as an example with types in place of values.
//!
//! ```sql
//! -- response: {
//! --   "product_id": "string",
//! --   "results": [{"style_id": "integer", "sale_price": "string or null", "skus": {"*": {"quantity": "integer"}}}]
//! -- }
//! ```
//!
//! Postgres knows the types of columns, and not what is inside of json.

use serde_json::Value;

use crate::dataset::document::did_you_mean;

/// The form of a JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JsonForm {
    /// Of a type.
    Typed {
        /// What values it has.
        ty: JsonType,
        /// Whether it may be null.
        nullable: bool,
    },
    /// `{"id": …}`: these members and no others.
    Object(Vec<(String, JsonForm)>),
    /// `{"*": …}`: members of any names.
    Map(Box<JsonForm>),
    /// `[…]`: any number of them.
    List(Box<JsonForm>),
}

/// The types, as JSON Schema calls them and its formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonType {
    /// Anything.
    Any,
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// A text.
    String,
    /// A text such as `2024-01-31`.
    Date,
    /// A text such as `2024-01-31T12:30:00Z`.
    DateTime,
    /// A text such as `123e4567-e89b-12d3-a456-426614174000`.
    Uuid,
}

/// As a header writes them.
const TYPES: &[(&str, JsonType)] = &[
    ("any", JsonType::Any),
    ("boolean", JsonType::Boolean),
    ("integer", JsonType::Integer),
    ("number", JsonType::Number),
    ("string", JsonType::String),
    ("date", JsonType::Date),
    ("date-time", JsonType::DateTime),
    ("uuid", JsonType::Uuid),
];

const EXPECTED: &str = r#"write `{"id": "integer", "note": "string or null"}`, `[…]` for a list of one form, `{"*": …}` for members of any names"#;

impl JsonForm {
    /// Reads the header's JSON.
    pub fn parse(text: &str) -> Result<JsonForm, String> {
        let value: Value = serde_json::from_str(text)
            .map_err(|error| format!("response: no JSON ({error}); {EXPECTED}"))?;
        JsonForm::of(&value)
    }

    fn of(value: &Value) -> Result<JsonForm, String> {
        match value {
            Value::String(text) => typed(text),
            Value::Array(items) => match items.as_slice() {
                [item] => Ok(JsonForm::List(Box::new(JsonForm::of(item)?))),
                _ => Err(format!(
                    "response: {} forms in a list; {EXPECTED}",
                    items.len()
                )),
            },
            Value::Object(members) => match members.get("*") {
                Some(form) if members.len() == 1 => {
                    Ok(JsonForm::Map(Box::new(JsonForm::of(form)?)))
                }
                Some(_) => Err(format!("response: `*` beside other members; {EXPECTED}")),
                None => {
                    let members = members.iter();
                    let members =
                        members.map(|(name, form)| Ok((name.clone(), JsonForm::of(form)?)));
                    Ok(JsonForm::Object(members.collect::<Result<_, String>>()?))
                }
            },
            other => Err(format!("response: `{other}` is no type; {EXPECTED}")),
        }
    }
}

fn typed(text: &str) -> Result<JsonForm, String> {
    let (name, nullable) = match text.strip_suffix(" or null") {
        Some(name) => (name, true),
        None => (text, false),
    };
    match TYPES.iter().find(|(it, _)| *it == name) {
        Some((_, ty)) => Ok(JsonForm::Typed { ty: *ty, nullable }),
        None => {
            let advice = did_you_mean(name, TYPES.iter().map(|(name, _)| *name));
            Err(format!("response: unknown type `{name}`; {advice}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_lists_and_members_make_a_form() {
        let form = JsonForm::parse(
            r#"[{"id": "integer", "at": "date-time or null", "sizes": {"*": "any"}}]"#,
        );
        let typed = |ty, nullable| JsonForm::Typed { ty, nullable };
        let object = JsonForm::Object(vec![
            ("id".to_owned(), typed(JsonType::Integer, false)),
            ("at".to_owned(), typed(JsonType::DateTime, true)),
            (
                "sizes".to_owned(),
                JsonForm::Map(Box::new(typed(JsonType::Any, false))),
            ),
        ]);
        assert_eq!(form, Ok(JsonForm::List(Box::new(object))));
    }

    #[test]
    fn mistakes_are_answered_with_what_to_write() {
        #[rustfmt::skip]
        let cases = [
            (r#"{"id":"#, "response: no JSON (EOF"),
            (r#"{"id": "int"}"#, "response: unknown type `int`; did you mean `integer`?"),
            (r#"{"id": 5}"#, "response: `5` is no type; write `{\"id\": \"integer\""),
            ("[]", "response: 0 forms in a list"),
            (r#"["integer", "string"]"#, "response: 2 forms in a list"),
            (r#"{"*": "any", "id": "integer"}"#, "response: `*` beside other members"),
        ];
        for (text, expected) in cases {
            let error = JsonForm::parse(text).unwrap_err();
            assert!(error.contains(expected), "{text}\n{error}");
        }
    }
}
