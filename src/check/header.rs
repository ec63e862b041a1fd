//! The header of a query file: which comment lines speak to seedrow, and what a parameter's source means.

use tokio_postgres::types::Type;

use super::value::Value;
use crate::dataset::document::did_you_mean;
use crate::postgres::name::{quoted, quoted_list};

/// Where a parameter's values come from.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// The existing values of a column, names unquoted.
    Column {
        /// The table's schema; `None` for where the search path finds it.
        schema: Option<String>,
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// One fixed value.
    Fixed {
        /// Its type.
        ty: Type,
        /// Itself.
        value: Value,
    },
}

/// The types that a fixed value may have.
const TYPES: &[(&str, Type)] = &[
    ("int", Type::INT4),
    ("integer", Type::INT4),
    ("bigint", Type::INT8),
    ("smallint", Type::INT2),
    ("float", Type::FLOAT8),
    ("boolean", Type::BOOL),
    ("text", Type::TEXT),
];

/// What a parameter's declaration looks like.
pub const EXPECTED: &str =
    "expected `-- param name: table.column` or `-- param name: type = value`";

impl Source {
    /// Reads `table.column`, `schema.table.column` or `type = value`.
    pub fn parse(text: &str) -> Result<Source, String> {
        match text.split_once('=') {
            Some((ty, value)) => fixed(ty.trim(), value.trim()),
            None => column(text).ok_or_else(|| format!("`{text}`: {EXPECTED}")),
        }
    }
}

/// The comment lines before the statement with their numbers, the dashes left out.
pub fn header_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().map(str::trim).enumerate();
    lines
        .take_while(|(_, line)| line.is_empty() || line.starts_with("--"))
        .map(|(at, line)| (at + 1, line.trim_start_matches('-').trim()))
}

/// The header's word and what follows it; `None` for prose.
///
/// One lower-case word and a colon is a header, known or not; so is a word that is nearly `param` before a name and a
/// colon: a misspelled header must not pass for prose.
pub fn header(comment: &str) -> Option<(&str, &str)> {
    let end = comment.find(|c: char| !(c.is_ascii_lowercase() || c == '-'))?;
    let (word, rest) = comment.split_at(end);
    if word.is_empty() {
        return None;
    }
    if let Some(value) = rest.strip_prefix(':').filter(|_| word != "param") {
        let prose = !(value.is_empty() || value.starts_with(' '));
        return (!prose).then_some((word, value.trim()));
    }
    let names_one = rest
        .split_once(':')
        .is_some_and(|(name, _)| name.split_whitespace().count() == 1);
    let like_param = strsim::jaro_winkler(word, "param") > 0.8;
    (word == "param" || (names_one && like_param)).then_some((word, rest.trim()))
}

/// `table.column` or `schema.table.column`; double quotes keep a name as it is, other names become lower case.
fn column(text: &str) -> Option<Source> {
    let mut names = identifiers(text)?;
    let column = names.pop()?;
    let table = names.pop()?;
    let schema = names.pop();
    names.is_empty().then_some(Source::Column {
        schema,
        table,
        column,
    })
}

/// `table(column, …)` or `schema.table(column, …)`: an index that a query is to use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uses {
    /// The table's schema, where it is named.
    pub schema: Option<String>,
    /// The table.
    pub table: String,
    /// The columns that the index is searched by.
    pub columns: Vec<String>,
}

impl Uses {
    /// Reads one.
    pub fn parse(text: &str) -> Option<Uses> {
        let (table, columns) = text.strip_suffix(')')?.split_once('(')?;
        let mut names = identifiers(table.trim())?;
        let table = names.pop()?;
        let schema = names.pop();
        let column = |name: &str| match identifiers(name.trim())?.as_slice() {
            [name] => Some(name.clone()),
            _ => None,
        };
        let columns = columns.split(',').map(column).collect::<Option<Vec<_>>>()?;
        names.is_empty().then_some(Uses {
            schema,
            table,
            columns,
        })
    }
}

impl std::fmt::Display for Uses {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let schema = self
            .schema
            .as_ref()
            .map(|schema| format!("{}.", quoted(schema)));
        let columns: Vec<&str> = self.columns.iter().map(String::as_str).collect();
        write!(
            f,
            "{}{}({})",
            schema.unwrap_or_default(),
            quoted(&self.table),
            quoted_list(&columns)
        )
    }
}

fn identifiers(text: &str) -> Option<Vec<String>> {
    let mut names = Vec::new();
    let mut rest = text;
    loop {
        let name = if let Some(quoted) = rest.strip_prefix('"') {
            let mut name = String::new();
            let mut left = quoted;
            loop {
                let (part, behind) = left.split_once('"')?;
                name.push_str(part);
                left = behind;
                match left.strip_prefix('"') {
                    Some(behind) => (name, left) = (name + "\"", behind),
                    None => break,
                }
            }
            rest = left;
            name
        } else {
            let end = rest
                .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'))
                .unwrap_or(rest.len());
            let (name, behind) = rest.split_at(end);
            rest = behind;
            name.to_lowercase()
        };
        if name.is_empty() {
            return None;
        }
        names.push(name);
        match rest.strip_prefix('.') {
            Some(behind) => rest = behind,
            None => return rest.is_empty().then_some(names),
        }
    }
}

fn fixed(ty: &str, value: &str) -> Result<Source, String> {
    let names = TYPES.iter().map(|(name, _)| *name);
    let Some((_, ty)) = TYPES.iter().find(|(name, _)| *name == ty) else {
        return Err(format!("unknown type `{ty}`; {}", did_you_mean(ty, names)));
    };
    match Value::parse(ty, value) {
        Some(value) => Ok(Source::Fixed {
            ty: ty.clone(),
            value,
        }),
        None => Err(format!("`{value}` is no {ty}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_be_quoted_and_have_a_schema() {
        let named = |schema: Option<&str>, table: &str, name: &str| {
            Some(Source::Column {
                schema: schema.map(str::to_owned),
                table: table.into(),
                column: name.into(),
            })
        };
        assert_eq!(column("products.id"), named(None, "products", "id"));
        assert_eq!(
            column("Shop.Products.ID"),
            named(Some("shop"), "products", "id")
        );
        assert_eq!(
            column(r#""Order Items"."a""b.c""#),
            named(None, "Order Items", "a\"b.c")
        );
        for text in ["id", "a.b.c.d", "a.", ".a", "a b.c", "\"a.b", "", "a.\"\""] {
            assert_eq!(column(text), None, "{text}");
        }
    }
}
