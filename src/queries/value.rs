//! A parameter's value: one type for all that a query's parameters may be bound to.

use std::borrow::Cow;

use bytes::BytesMut;
use tokio_postgres::types::{Format, FromSql, IsNull, ToSql, Type, to_sql_checked};

/// A parameter's value.
#[derive(Debug, Clone, PartialEq)]
pub enum ParameterValue {
    /// For smallint, integer and bigint.
    Integer(i64),
    /// For double precision.
    Float(f64),
    /// For boolean.
    Boolean(bool),
    /// For text; for any other type as text that the server reads.
    Text(String),
    /// A value of any type, as it was read from its column.
    Raw {
        /// As the server sends it in binary.
        binary: Vec<u8>,
        /// As the server writes it.
        text: String,
    },
}

impl ParameterValue {
    /// Reads a value of one of the types that a header may name; text may be in single quotes.
    pub fn parse(ty: &Type, text: &str) -> Option<ParameterValue> {
        match *ty {
            Type::INT2 => text
                .parse::<i16>()
                .ok()
                .map(|n| ParameterValue::Integer(n.into())),
            Type::INT4 => text
                .parse::<i32>()
                .ok()
                .map(|n| ParameterValue::Integer(n.into())),
            Type::INT8 => text.parse().ok().map(ParameterValue::Integer),
            Type::FLOAT8 => text.parse().ok().map(ParameterValue::Float),
            Type::BOOL => text.parse().ok().map(ParameterValue::Boolean),
            _ => {
                let inner = text.strip_prefix('\'').and_then(|t| t.strip_suffix('\''));
                let text = inner.map_or_else(|| text.to_owned(), |t| t.replace("''", "'"));
                Some(ParameterValue::Text(text))
            }
        }
    }

    /// As Postgres reads it.
    pub fn to_text(&self) -> Cow<'_, str> {
        match self {
            ParameterValue::Integer(number) => number.to_string().into(),
            ParameterValue::Float(number) => number.to_string().into(),
            ParameterValue::Boolean(truth) => truth.to_string().into(),
            ParameterValue::Text(text) | ParameterValue::Raw { text, .. } => text.into(),
        }
    }

    /// For the report.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            ParameterValue::Integer(number) => (*number).into(),
            ParameterValue::Float(number) => (*number).into(),
            ParameterValue::Boolean(truth) => (*truth).into(),
            ParameterValue::Text(text) | ParameterValue::Raw { text, .. } => text.as_str().into(),
        }
    }
}

impl ToSql for ParameterValue {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            ParameterValue::Integer(number) if *ty == Type::INT2 => {
                i16::try_from(*number)?.to_sql(ty, out)
            }
            ParameterValue::Integer(number) if *ty == Type::INT4 => {
                i32::try_from(*number)?.to_sql(ty, out)
            }
            ParameterValue::Integer(number) => number.to_sql(ty, out),
            #[expect(
                clippy::cast_possible_truncation,
                reason = "a real holds the nearest number"
            )]
            ParameterValue::Float(number) if *ty == Type::FLOAT4 => {
                (*number as f32).to_sql(ty, out)
            }
            ParameterValue::Float(number) => number.to_sql(ty, out),
            ParameterValue::Boolean(truth) => truth.to_sql(ty, out),
            ParameterValue::Text(text) => {
                out.extend_from_slice(text.as_bytes());
                Ok(IsNull::No)
            }
            ParameterValue::Raw { binary, .. } => {
                out.extend_from_slice(binary);
                Ok(IsNull::No)
            }
        }
    }

    // What was read from a column and what the server reads go to any type; the others are bound to the types that they
    // were parsed for.
    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        match self {
            ParameterValue::Text(_) => Format::Text,
            _ => Format::Binary,
        }
    }

    to_sql_checked!();
}

/// A value as the server sends it in binary, whatever its type.
pub struct Binary(pub Vec<u8>);

impl<'a> FromSql<'a> for Binary {
    fn from_sql(
        _: &Type,
        raw: &'a [u8],
    ) -> Result<Binary, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Binary(raw.to_vec()))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_values_are_of_their_type() {
        assert_eq!(
            ParameterValue::parse(&Type::INT4, "5"),
            Some(ParameterValue::Integer(5))
        );
        assert_eq!(ParameterValue::parse(&Type::INT2, "70000"), None);
        assert_eq!(
            ParameterValue::parse(&Type::BOOL, "true"),
            Some(ParameterValue::Boolean(true))
        );
        let text = Some(ParameterValue::Text("it's".into()));
        assert_eq!(ParameterValue::parse(&Type::TEXT, "'it''s'"), text);
        assert_eq!(ParameterValue::parse(&Type::TEXT, "it's"), text);
    }
}
