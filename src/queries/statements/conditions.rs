//! What EXPLAIN's conditions compare parameters with.

use crate::script::lexer::{Token, tokens};

/// Operators that compare a parameter with values like a column's.
const COMPARISONS: &[&str] = &[
    "=", "<>", "<", ">", "<=", ">=", "~~", "~~*", "!~~", "!~~*", "~", "~*",
];
/// The further words of a type's name, in a cast.
const TYPE_WORDS: &[&str] = &["varying", "precision", "with", "without", "time", "zone"];

/// A parameter and the column that it is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Compared {
    /// Its number, from 1.
    pub parameter: usize,
    /// The alias that the plan gives the column's table, unquoted.
    pub alias: String,
    /// The column, unquoted.
    pub column: String,
    /// Whether it is one value, or an array of them.
    pub values: Values,
}

/// How many values a parameter holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Values {
    /// `a = $1`
    One,
    /// `a = ANY ($1)`
    Several,
}

/// A part of a condition, parentheses and casts left out.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Parameter(usize),
    Column {
        alias: String,
        column: String,
    },
    Operator(String),
    Any,
    /// The end of `ARRAY[$1, $2]`.
    ListEnd,
    Other,
}

impl Part {
    fn number(&self) -> Option<usize> {
        match self {
            Part::Parameter(number) => Some(*number),
            _ => None,
        }
    }
}

/// The comparisons of a condition as EXPLAIN (VERBOSE) writes it: `((o.status)::text = $1)`.
pub(super) fn comparisons(condition: &str) -> Vec<Compared> {
    let parts = parts(condition);
    let mut found = Vec::new();
    for at in 0..parts.len() {
        let compared = match &parts[at..] {
            [
                column,
                Part::Operator(operator),
                Part::Parameter(number),
                ..,
            ]
            | [
                Part::Parameter(number),
                Part::Operator(operator),
                column,
                ..,
            ] => compared(*number, operator, column, Values::One),
            [
                column,
                Part::Operator(operator),
                Part::Any,
                Part::Parameter(number),
                ..,
            ] => compared(*number, operator, column, Values::Several),
            [column, Part::Operator(operator), Part::Any, list @ ..] => {
                let list = list.iter().take_while(|it| **it != Part::ListEnd);
                let numbers = list.filter_map(Part::number);
                found.extend(numbers.filter_map(|it| compared(it, operator, column, Values::One)));
                None
            }
            _ => None,
        };
        found.extend(compared);
    }
    found
}

fn compared(parameter: usize, operator: &str, column: &Part, values: Values) -> Option<Compared> {
    match column {
        Part::Column { alias, column } if COMPARISONS.contains(&operator) => Some(Compared {
            parameter,
            alias: alias.clone(),
            column: column.clone(),
            values,
        }),
        _ => None,
    }
}

/// The numbers of the parameters in a text.
pub(super) fn numbers(text: &str) -> Vec<usize> {
    let numbers = tokens(text).into_iter().filter_map(|token| match token {
        Token::Numbered(number) => number.trim_start_matches('$').parse().ok(),
        _ => None,
    });
    numbers.collect()
}

fn parts(condition: &str) -> Vec<Part> {
    let tokens: Vec<&str> = tokens(condition)
        .iter()
        .filter(|token| !matches!(token, Token::Blank(_)))
        .map(|token| token.text())
        .filter(|text| !matches!(*text, "(" | ")"))
        .collect();
    let mut parts = Vec::new();
    let mut rest = tokens.as_slice();
    while let [first, after @ ..] = rest {
        let (part, left) = match after {
            _ if *first == "::" => (None, after_type(after)),
            [".", column, left @ ..] if is_name(first) && is_name(column) => {
                let (alias, column) = (unquoted(first), unquoted(column));
                (Some(Part::Column { alias, column }), left)
            }
            _ if is_operator(first) => {
                let length = rest.iter().take_while(|it| is_operator(it)).count();
                let (operator, left) = rest.split_at(length);
                (Some(Part::Operator(operator.concat())), left)
            }
            _ => (Some(other(first)), after),
        };
        parts.extend(part);
        rest = left;
    }
    parts
}

fn other(token: &str) -> Part {
    match token.strip_prefix('$').map(str::parse) {
        Some(Ok(number)) => Part::Parameter(number),
        _ if token.eq_ignore_ascii_case("any") => Part::Any,
        _ if token == "]" => Part::ListEnd,
        _ => Part::Other,
    }
}

/// What is left behind a type's name: `character varying`, `public."Kind"`, `integer[]`.
fn after_type<'t, 'a>(tokens: &'t [&'a str]) -> &'t [&'a str] {
    let mut rest = tokens.get(1..).unwrap_or_default();
    loop {
        rest = match rest {
            [".", _, left @ ..] | ["[", "]", left @ ..] => left,
            [word, left @ ..] if TYPE_WORDS.contains(word) => left,
            // A length, without its parentheses.
            [length, left @ ..] if length.bytes().all(|it| it.is_ascii_digit()) => left,
            _ => return rest,
        }
    }
}

fn is_operator(token: &str) -> bool {
    !token.is_empty() && token.chars().all(|c| "+-*/<>=~!@#%^&|`?".contains(c))
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '"')
}

fn unquoted(name: &str) -> String {
    let inner = name.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    inner.map_or_else(|| name.to_owned(), |inner| inner.replace("\"\"", "\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_s_column_is_found_through_casts_and_parentheses() {
        #[rustfmt::skip]
        let cases = [
            ("(o.id = $1)", "1 o.id"),
            ("(($2)::text = (o.\"Kind\")::character varying(20)::text)", "2 o.Kind"),
            ("((o.at >= $1) AND (o.at <= ($2)::timestamp with time zone))", "1 o.at, 2 o.at"),
            ("(o.id = ANY ($1))", "1 o.id several"),
            ("((o.kind = ANY (ARRAY[$1, ($2)::text])) AND ($3 > o.id))", "1 o.kind, 2 o.kind, 3 o.id"),
            ("((o.tags)::text[] = $1)", "1 o.tags"),
            ("(lower((u.email)::text) = $3)", "3 u.email"),
            ("((o.price * $1) > $2)", ""),
            ("((o.data ->> $1) = $2)", ""),
            ("(o.name ~~ $1)", "1 o.name"),
            ("(o.id = 5)", ""),
        ];
        for (condition, expected) in cases {
            let found = comparisons(condition).into_iter().map(|it| {
                let several = match it.values {
                    Values::One => "",
                    Values::Several => " several",
                };
                format!("{} {}.{}{several}", it.parameter, it.alias, it.column)
            });
            let found = found.collect::<Vec<_>>().join(", ");
            assert_eq!(found, expected, "{condition}");
        }
    }
}
