//! What an option about foreign files applies to: all files, those of a table, or a column: `--nulls pets.weight=NA`.

use std::fmt;

/// A table, or one of its columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// The table.
    pub table: String,
    /// The column; `None` for all of the table's.
    pub column: Option<String>,
}

/// An option's value and what it applies to; `None` for all files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scoped<T> {
    /// See [`Scope`].
    pub scope: Option<Scope>,
    /// The value.
    pub value: T,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.table)?;
        match &self.column {
            Some(column) => write!(f, ".{column}"),
            None => Ok(()),
        }
    }
}

impl Scope {
    /// Of `TABLE` or `TABLE.COLUMN`.
    pub fn named(name: &str) -> Scope {
        match name.split_once('.') {
            Some((table, column)) => Scope {
                table: table.to_owned(),
                column: Some(column.to_owned()),
            },
            None => Scope {
                table: name.to_owned(),
                column: None,
            },
        }
    }
}

impl<T> Scoped<T> {
    /// Reads `VALUE`, `TABLE=VALUE` or `TABLE.COLUMN=VALUE`.
    pub fn parse(
        text: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Scoped<T>, String> {
        let (scope, value) = match text.split_once('=') {
            Some((name, value)) if is_name(name) => (Some(Scope::named(name)), value),
            _ => (None, text),
        };
        Ok(Scoped {
            scope,
            value: parse(value)?,
        })
    }
}

impl Scoped<()> {
    /// Reads what a flag applies to: `TABLE`, `TABLE.COLUMN` or nothing for all files.
    pub fn parse_flag(text: &str) -> Result<Scoped<()>, String> {
        match text.is_empty() || is_name(text) {
            true => Ok(Scoped {
                scope: (!text.is_empty()).then(|| Scope::named(text)),
                value: (),
            }),
            false => Err("expected TABLE or TABLE.COLUMN".into()),
        }
    }
}

/// Whether a text before `=` is taken for a table's name, and not for a part of the value.
fn is_name(text: &str) -> bool {
    let within = |c: char| c.is_alphanumeric() || "_.$ -".contains(c);
    let first = text.chars().next();
    first.is_some_and(|c| c.is_alphabetic() || c == '_') && text.chars().all(within)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_before_the_value_is_what_it_applies_to() {
        let parse = |text: &str| {
            let scoped = Scoped::parse(text, |value| Ok(value.to_owned())).unwrap();
            (scoped.scope.map(|scope| scope.to_string()), scoped.value)
        };
        for (text, scope, value) in [
            ("M/D/YYYY", None, "M/D/YYYY"),
            ("orders=M/D/YYYY", Some("orders"), "M/D/YYYY"),
            (
                "orders.shipped=YYYYMMDD",
                Some("orders.shipped"),
                "YYYYMMDD",
            ),
            ("Order Lines=;", Some("Order Lines"), ";"),
            ("t==", Some("t"), "="),
            ("=", None, "="),
            ("::=", None, "::="),
            ("-,NA", None, "-,NA"),
        ] {
            assert_eq!(
                parse(text),
                (scope.map(str::to_owned), value.to_owned()),
                "{text}"
            );
        }
    }
}
