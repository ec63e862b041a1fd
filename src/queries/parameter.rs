//! `-- param`: a parameter's declaration, and where its values come from.

use tokio_postgres::types::Type;

use super::identifier::parse_qualified;
use super::value::ParameterValue;
use crate::dataset::document::did_you_mean;
use crate::script::lexer::{Token, tokens};

/// What a declaration looks like.
const EXPECTED: &str = "expected `-- param name: table.column` or `-- param name: type = value`";

/// The types that a fixed value may have.
const FIXED_TYPES: &[(&str, Type)] = &[
    ("int", Type::INT4),
    ("integer", Type::INT4),
    ("bigint", Type::INT8),
    ("smallint", Type::INT2),
    ("float", Type::FLOAT8),
    ("boolean", Type::BOOL),
    ("text", Type::TEXT),
];

/// A declared parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Its name, without the colon.
    pub name: String,
    /// Where its values come from.
    pub source: ValueSource,
    /// The line of its declaration, from 1.
    pub line: usize,
}

impl Parameter {
    /// Reads `product_id: products.id` or `count: int = 5`.
    pub fn parse(text: &str, line: usize) -> Result<Parameter, String> {
        let (name, source) = text.split_once(':').ok_or(EXPECTED)?;
        let name = name.trim();
        if !is_parameter_name(name) {
            return Err(format!("`{name}` is no parameter's name; {EXPECTED}"));
        }
        let source = ValueSource::parse(source.trim())
            .map_err(|reason| format!("parameter `{name}`: {reason}"))?;
        Ok(Parameter {
            name: name.to_owned(),
            source,
            line,
        })
    }
}

fn is_parameter_name(name: &str) -> bool {
    matches!(tokens(&format!(":{name}"))[..], [Token::Parameter(_)])
}

/// Where a parameter's values come from.
#[derive(Debug, Clone, PartialEq)]
pub enum ValueSource {
    /// The existing values of a column.
    Column(ColumnRef),
    /// One fixed value.
    Fixed {
        /// Its type.
        ty: Type,
        /// Itself.
        value: ParameterValue,
    },
}

impl ValueSource {
    /// Reads `table.column`, `schema.table.column` or `type = value`.
    fn parse(text: &str) -> Result<ValueSource, String> {
        match text.split_once('=') {
            Some((ty, value)) => fixed_value(ty.trim(), value.trim()),
            None => ColumnRef::parse(text)
                .map(ValueSource::Column)
                .ok_or_else(|| format!("`{text}`: {EXPECTED}")),
        }
    }
}

fn fixed_value(ty: &str, value: &str) -> Result<ValueSource, String> {
    let names = FIXED_TYPES.iter().map(|(name, _)| *name);
    let Some((_, ty)) = FIXED_TYPES.iter().find(|(name, _)| *name == ty) else {
        return Err(format!("unknown type `{ty}`; {}", did_you_mean(ty, names)));
    };
    match ParameterValue::parse(ty, value) {
        Some(value) => Ok(ValueSource::Fixed {
            ty: ty.clone(),
            value,
        }),
        None => Err(format!("`{value}` is no {ty}")),
    }
}

/// A column by name, all parts unquoted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnRef {
    /// The table's schema; `None` for where the search path finds it.
    pub schema: Option<String>,
    /// The table.
    pub table: String,
    /// The column.
    pub column: String,
}

impl ColumnRef {
    /// Reads `table.column` or `schema.table.column`; double quotes keep a name as is, other names become lower case.
    fn parse(text: &str) -> Option<ColumnRef> {
        let mut names = parse_qualified(text)?;
        let column = names.pop()?;
        let table = names.pop()?;
        let schema = names.pop();
        names.is_empty().then_some(ColumnRef {
            schema,
            table,
            column,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_be_quoted_and_have_a_schema() {
        let named = |schema: Option<&str>, table: &str, name: &str| {
            Some(ColumnRef {
                schema: schema.map(str::to_owned),
                table: table.into(),
                column: name.into(),
            })
        };
        assert_eq!(
            ColumnRef::parse("products.id"),
            named(None, "products", "id")
        );
        assert_eq!(
            ColumnRef::parse("Shop.Products.ID"),
            named(Some("shop"), "products", "id")
        );
        assert_eq!(
            ColumnRef::parse(r#""Order Items"."a""b.c""#),
            named(None, "Order Items", "a\"b.c")
        );
        for text in ["id", "a.b.c.d", "a.", ".a", "a b.c", "\"a.b", "", "a.\"\""] {
            assert_eq!(ColumnRef::parse(text), None, "{text}");
        }
    }
}
