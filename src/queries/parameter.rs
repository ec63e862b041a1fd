//! `-- param`: a parameter's declaration, and where its values come from.

use tokio_postgres::types::Type;

use super::identifier::parse_qualified;
use super::value::ParameterValue;
use crate::dataset::document::did_you_mean;
use crate::postgres::name::quoted;
use crate::script::lexer::{Token, tokens};

/// What may follow a source, with commas between.
const OPTIONS: &str =
    "expected `min N`, `max N`, `exists`, `page of PARAMETER` or `next of PARAMETER`";

/// What a request names the number of a page, from 1.
pub const PAGE: &str = "page";

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
    /// The least and the greatest value that a request may give.
    pub bounds: Bounds,
    /// Whether a request's value has to exist in the column.
    pub existence: Existence,
    /// The parameter that says how many rows a page has, where a request may give the number of a page in place of this
    /// value: the last one of the page before.
    pub page_of: Option<String>,
    /// The parameter of the same column whose value is the one before this one in the column's order.
    pub next_of: Option<String>,
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
        let mut parameter = Parameter {
            name: name.to_owned(),
            source: ValueSource::Column(ColumnRef::default()),
            bounds: Bounds::default(),
            existence: Existence::Unchecked,
            page_of: None,
            next_of: None,
            line,
        };
        parameter
            .read_source(source.trim())
            .map_err(|reason| format!("parameter `{name}`: {reason}"))?;
        Ok(parameter)
    }

    /// Reads `products.id, exists` or `int = 5, max 100`.
    fn read_source(&mut self, text: &str) -> Result<(), String> {
        // A fixed text may hold commas.
        let is_text = text
            .split_once('=')
            .is_some_and(|(ty, _)| ty.trim() == "text");
        let (source, options) = match split_unquoted(text) {
            Some(split) if !is_text => split,
            _ => (text, ""),
        };
        self.source = ValueSource::parse(source.trim())?;
        let options = options.split(',').map(str::trim);
        for option in options.filter(|option| !option.is_empty()) {
            self.read_option(option)?;
        }
        self.ensure_default_within_bounds()
    }

    fn read_option(&mut self, option: &str) -> Result<(), String> {
        let (word, number) = option.split_once(' ').unwrap_or((option, ""));
        let is_column = matches!(self.source, ValueSource::Column(_));
        let bound = match word {
            "exists" | "page" | "next" if !is_column => {
                return Err(format!("`{option}` is for values of a column"));
            }
            "exists" if number.is_empty() => {
                self.existence = Existence::Required;
                return Ok(());
            }
            "page" => {
                let count = number.trim().strip_prefix("of ").map(str::trim);
                self.page_of = Some(
                    count
                        .ok_or("write `page of count`, a parameter")?
                        .to_owned(),
                );
                return Ok(());
            }
            "next" => {
                let before = number.trim().strip_prefix("of ").map(str::trim);
                self.next_of = Some(
                    before
                        .ok_or("write `next of start`, a parameter")?
                        .to_owned(),
                );
                return Ok(());
            }
            "min" => &mut self.bounds.min,
            "max" => &mut self.bounds.max,
            _ => return Err(format!("`{option}`: {OPTIONS}")),
        };
        if !self.source.may_have_bounds() {
            return Err(format!("`{option}`: only numbers have bounds"));
        }
        let number = number.replace('_', "").trim().parse();
        *bound = Some(number.map_err(|_| format!("`{option}`: {OPTIONS}, N a whole number"))?);
        Ok(())
    }

    fn ensure_default_within_bounds(&self) -> Result<(), String> {
        let Bounds { min, max } = self.bounds;
        if let (Some(min), Some(max)) = (min, max)
            && min > max
        {
            return Err(format!("min {min} is above max {max}"));
        }
        match &self.source {
            ValueSource::Fixed { value, .. } if !self.bounds.contain(value) => {
                Err(format!("`{}` is outside its own bounds", value.to_text()))
            }
            _ => Ok(()),
        }
    }
}

/// The text before the first comma outside quotes, and the text after it.
fn split_unquoted(text: &str) -> Option<(&str, &str)> {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, ',') => return Some((&text[..at], &text[at + 1..])),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            _ => {}
        }
    }
    None
}

/// The values that a request may give.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bounds {
    /// The least.
    pub min: Option<i64>,
    /// The greatest.
    pub max: Option<i64>,
}

impl Bounds {
    /// Whether a value is within them; always, when it isn't a number.
    #[expect(clippy::cast_precision_loss, reason = "bounds of fractions are small")]
    pub fn contain(self, value: &ParameterValue) -> bool {
        let (min, max) = (self.min, self.max);
        match value {
            ParameterValue::Integer(number) => {
                min.is_none_or(|min| *number >= min) && max.is_none_or(|max| *number <= max)
            }
            ParameterValue::Float(number) => {
                min.is_none_or(|min| *number >= min as f64)
                    && max.is_none_or(|max| *number <= max as f64)
            }
            _ => true,
        }
    }
}

/// Whether a request's value has to exist in the parameter's column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existence {
    /// The query says itself what a value without rows means.
    Unchecked,
    /// Another value is answered as if the query had returned no row.
    Required,
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

impl ValueSource {
    /// Whether its values may be numbers; a column's type isn't known here.
    fn may_have_bounds(&self) -> bool {
        match self {
            ValueSource::Column(_) => true,
            ValueSource::Fixed { value, .. } => {
                matches!(value, ParameterValue::Integer(_) | ParameterValue::Float(_))
            }
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
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct ColumnRef {
    /// The table's schema; `None` for where the search path finds it.
    pub schema: Option<String>,
    /// The table.
    pub table: String,
    /// The column.
    pub column: String,
}

impl ColumnRef {
    /// The table as SQL writes it.
    pub fn quoted_table(&self) -> String {
        match &self.schema {
            Some(schema) => format!("{}.{}", quoted(schema), quoted(&self.table)),
            None => quoted(&self.table),
        }
    }

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
