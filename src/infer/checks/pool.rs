//! What is tried for a constraint that isn't understood: rows of candidates for its columns, which a server judges, and the
//! list that accepted ones become.

use std::collections::HashSet;

use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::tokenizer::{Token, Tokenizer};

use crate::copy::{DataType, Scalar, TypeKind};
use crate::infer::domain::{Bound, JsonKind, Limits};
use crate::infer::types;

/// The most rows that a server judges.
pub const MOST_ROWS: usize = 10_000;

/// The most entries of a list.
const MOST_ENTRIES: usize = 2_000;

/// Of a hundred rows, how many must be accepted.
const LEAST_PERCENT: usize = 1;

/// How many of a column's values every other row is drawn from.
const FIRST: usize = 16;

/// A row of candidates, a value for each column; `None` is NULL.
pub type Row = Vec<Option<String>>;

/// A column that a constraint is about.
#[derive(Debug, Clone)]
pub struct PoolColumn<'a> {
    /// Its name, unquoted.
    pub name: &'a str,
    /// Its type.
    pub data_type: &'a DataType,
    /// What else is asked of it.
    pub limits: Limits,
    /// What its own maker makes, a value for each of the first rows.
    pub made: Vec<Option<String>>,
}

/// Values that a constraint accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    /// Columns whose values are the list's fields, in this order.
    pub columns: Vec<String>,
    /// Columns that are NULL in all entries.
    pub nulls: Vec<String>,
    /// The entries.
    pub entries: Vec<Vec<String>>,
    /// How many rows were tried.
    pub tried: usize,
    /// How many were accepted.
    pub accepted: usize,
}

/// Rows of what the columns' own makers make: when all are accepted, nothing else is needed.
pub fn made(columns: &[PoolColumn]) -> Vec<Row> {
    let count = columns.iter().map(|it| it.made.len()).min().unwrap_or(0);
    let row = |at: usize| columns.iter().map(|it| it.made[at].clone()).collect();
    (0..count).map(row).collect()
}

/// Rows to try, at most [`MOST_ROWS`], none twice: combinations of what the makers make, of the constants in the
/// constraint and of what the types have.
pub fn candidates(definition: &str, columns: &[PoolColumn]) -> Vec<Row> {
    let constants = constants(definition);
    let values: Vec<Vec<Option<String>>> = columns.iter().map(|it| it.values(&constants)).collect();
    if values.iter().any(Vec::is_empty) {
        return Vec::new();
    }
    let all = values
        .iter()
        .try_fold(1_usize, |all, them| all.checked_mul(them.len()));
    let mut seen = HashSet::new();
    let mut rows = Vec::new();
    let mut add = |row: Row| {
        if seen.insert(row.clone()) {
            rows.push(row);
        }
    };
    match all {
        Some(all) if all <= MOST_ROWS => {
            (0..all).for_each(|number| add(combination(&values, number)))
        }
        _ => (0..MOST_ROWS as u64).for_each(|number| add(drawn(&values, number))),
    }
    rows
}

/// The combination with a number, as digits of mixed radix.
fn combination(values: &[Vec<Option<String>>], mut number: usize) -> Row {
    let pick = |them: &Vec<Option<String>>| {
        let value = them[number % them.len()].clone();
        number /= them.len();
        value
    };
    values.iter().map(pick).collect()
}

/// A combination drawn for a number, the same every time. Every other one is of each column's first values alone, which
/// meet more often: `a + b = c` holds for some of those.
fn drawn(values: &[Vec<Option<String>>], number: u64) -> Row {
    let pick = |(column, them): (usize, &Vec<Option<String>>)| {
        let bytes = [number.to_le_bytes(), (column as u64).to_le_bytes()].concat();
        let draw = xxhash_rust::xxh3::xxh3_64(&bytes);
        let count = match number % 2 {
            0 => them.len(),
            _ => them.len().min(FIRST),
        };
        let at = usize::try_from(draw % count as u64).unwrap_or(0);
        them[at].clone()
    };
    values.iter().enumerate().map(pick).collect()
}

/// The pool that accepted rows make; `None` where too few are, or none without NULL in the same columns.
pub fn pool(columns: &[PoolColumn], rows: &[Row], accepted: &[bool]) -> Option<Pool> {
    let kept: Vec<&Row> = rows
        .iter()
        .zip(accepted)
        .filter(|(_, yes)| **yes)
        .map(|(row, _)| row)
        .collect();
    if kept.is_empty() || kept.len() * 100 < rows.len() * LEAST_PERCENT {
        return None;
    }
    let shape = best_shape(&kept)?;
    let in_shape = |row: &&&Row| {
        row.iter()
            .zip(&shape)
            .all(|(value, null)| value.is_none() == *null)
    };
    let entry = |row: &&Row| row.iter().flatten().cloned().collect::<Vec<String>>();
    let named = |null: bool| {
        let with = columns
            .iter()
            .zip(&shape)
            .filter(move |(_, is)| **is == null);
        with.map(|(column, _)| column.name.to_owned()).collect()
    };
    Some(Pool {
        columns: named(false),
        nulls: named(true),
        entries: kept
            .iter()
            .filter(in_shape)
            .map(entry)
            .take(MOST_ENTRIES)
            .collect(),
        tried: rows.len(),
        accepted: kept.len(),
    })
}

/// Which columns are NULL: as few as the accepted rows allow, and of those the most usual.
fn best_shape(rows: &[&Row]) -> Option<Vec<bool>> {
    let mut shapes: Vec<(Vec<bool>, usize)> = Vec::new();
    for row in rows {
        let shape: Vec<bool> = row.iter().map(Option::is_none).collect();
        match shapes.iter_mut().find(|(other, _)| *other == shape) {
            Some((_, count)) => *count += 1,
            None => shapes.push((shape, 1)),
        }
    }
    let nulls = |shape: &[bool]| shape.iter().filter(|it| **it).count();
    let best = shapes
        .into_iter()
        .min_by_key(|(shape, count)| (nulls(shape), usize::MAX - count));
    best.map(|(shape, _)| shape)
}

impl Pool {
    /// The list's text, a CSV file.
    pub fn text(&self) -> String {
        let field = |it: &String| format!("\"{}\"", it.replace('"', "\"\""));
        let line = |entry: &Vec<String>| entry.iter().map(field).collect::<Vec<_>>().join(",");
        let lines: Vec<String> = self.entries.iter().map(line).collect();
        lines.join("\n") + "\n"
    }

    /// What the comment beside its columns says.
    pub fn reason(&self, constraint: &str) -> String {
        let (accepted, tried) = (self.accepted, self.tried);
        format!("{constraint} accepts {accepted} of {tried} candidates: these")
    }
}

impl PoolColumn<'_> {
    /// Values to try: of its maker first, then what the constraint and the type suggest; NULL last, where it is allowed.
    fn values(&self, constants: &[String]) -> Vec<Option<String>> {
        let longest = types::max_length(self.data_type, &self.limits);
        let has_room = |value: &String| match longest {
            Some(longest) => value.chars().count() <= longest as usize,
            None => true,
        };
        let mut values: Vec<Option<String>> = Vec::new();
        let mut seen = HashSet::new();
        let mut add = |value: String| {
            let may_be = self.limits.is_within(&value)
                && has_room(&value)
                && self
                    .limits
                    .values
                    .as_ref()
                    .is_none_or(|them| them.contains(&value))
                && fits(self.data_type, &value);
            if may_be && seen.insert(value.clone()) {
                values.push(Some(value));
            }
        };
        self.limits
            .values
            .iter()
            .flatten()
            .cloned()
            .for_each(&mut add);
        constants
            .iter()
            .for_each(|it| variants(it, self.data_type).into_iter().for_each(&mut add));
        around(&self.limits).into_iter().for_each(&mut add);
        samples(self.data_type, &self.limits)
            .into_iter()
            .for_each(&mut add);
        self.made
            .iter()
            .flatten()
            .take(200)
            .cloned()
            .for_each(&mut add);
        if !self.limits.not_null {
            values.push(None);
        }
        values
    }
}

/// The strings and numbers in an expression, each once, in their order.
pub fn constants(definition: &str) -> Vec<String> {
    let tokens = Tokenizer::new(&PostgreSqlDialect {}, definition).tokenize();
    let mut found: Vec<String> = Vec::new();
    for token in tokens.unwrap_or_default() {
        let texts = match token {
            Token::SingleQuotedString(text) | Token::EscapedStringLiteral(text) => parts(&text),
            Token::Number(digits, _) => vec![digits],
            _ => continue,
        };
        for text in texts {
            if !found.contains(&text) {
                found.push(text);
            }
        }
    }
    found
}

/// A constant, and the elements of one that is an array.
fn parts(text: &str) -> Vec<String> {
    let inner = text.strip_prefix('{').and_then(|it| it.strip_suffix('}'));
    let elements = inner.filter(|it| !it.contains('{') && !it.contains(':'));
    let each = elements.into_iter().flat_map(|it| it.split(','));
    let each = each.map(|it| it.trim_matches('"').to_owned());
    [text.to_owned()].into_iter().chain(each).collect()
}

/// A constant and its neighbours.
fn variants(text: &str, data_type: &DataType) -> Vec<String> {
    let mut variants = vec![text.to_owned()];
    if let Ok(number) = text.parse::<i64>() {
        let near = [
            number.saturating_sub(1),
            number.saturating_add(1),
            number.saturating_neg(),
            number.saturating_mul(2),
        ];
        variants.extend(near.map(|it| it.to_string()));
        if data_type.is_text() && (1..=200).contains(&number) {
            let length = usize::try_from(number).unwrap_or(0);
            for length in [length - 1, length, length + 1] {
                variants.extend(["a", "A", "1"].map(|it| it.repeat(length)));
            }
        }
    } else if let Ok(number) = text.parse::<f64>() {
        variants.extend([number - 1.0, number + 1.0, number / 2.0].map(|it| it.to_string()));
    } else if data_type.is_text() {
        variants.extend([text.to_lowercase(), text.to_uppercase()]);
        variants.extend(
            ["a", "1"]
                .into_iter()
                .flat_map(|it| [format!("{text}{it}"), format!("{it}{text}")]),
        );
        variants.push(format!("a{text}b"));
    }
    variants
}

/// Values at the bounds that are known.
fn around(limits: &Limits) -> Vec<String> {
    let bounds = [&limits.min, &limits.max].into_iter().flatten();
    let near = |bound: &Bound| variants(&bound.value, &DataType::UNRESOLVED);
    bounds.flat_map(near).collect()
}

/// Whether a text may be a value of a type, as far as can be told here.
fn fits(data_type: &DataType, text: &str) -> bool {
    match &data_type.base().kind {
        TypeKind::Scalar(scalar) => !matches!(
            scalar.parse(text.as_bytes(), -1),
            Err(crate::copy::Unread::Invalid(_))
        ),
        TypeKind::Enum(labels) => labels.iter().any(|it| it == text),
        _ => true,
    }
}

/// Values of a type that constraints often tell apart.
fn samples(data_type: &DataType, limits: &Limits) -> Vec<String> {
    let texts: &[&str] = match &data_type.base().kind {
        TypeKind::Enum(labels) => return labels.clone(),
        TypeKind::Array(..) => &["{}", "{1}", "{1,2}", "{1,2,3}", "{a}", "{a,b}"],
        TypeKind::Range(_) | TypeKind::Multirange(_) => &["empty", "[1,2)", "[1,10)", "(,)"],
        TypeKind::Scalar(scalar) => match scalar {
            Scalar::Bool => &["true", "false"],
            Scalar::Int2
            | Scalar::Int4
            | Scalar::Int8
            | Scalar::Numeric
            | Scalar::Float4
            | Scalar::Float8 => {
                return numbers();
            }
            Scalar::Date => &[
                "1970-01-01",
                "2000-02-29",
                "2023-06-15",
                "2024-01-01",
                "2024-12-31",
                "2100-01-01",
            ],
            Scalar::Timestamp | Scalar::Timestamptz => &[
                "1970-01-01 00:00:00",
                "2024-01-01 00:00:00",
                "2024-06-15 12:34:56",
                "2024-12-31 23:59:59",
            ],
            Scalar::Time | Scalar::Timetz => &["00:00:00", "09:00:00", "12:30:00", "23:59:59"],
            Scalar::Interval => &["0", "1", "60", "3600", "86400", "2592000"],
            Scalar::Json | Scalar::Jsonb => return json(limits),
            Scalar::Uuid => &[
                "00000000-0000-0000-0000-000000000000",
                "6f1c9a52-3b7e-4d18-9c02-5a7d1e8b4f60",
            ],
            Scalar::Inet | Scalar::Cidr => &["192.0.2.1", "192.0.2.0/24", "2001:db8::1"],
            _ => WORDS,
        },
        _ => WORDS,
    };
    texts.iter().map(|it| (*it).to_owned()).collect()
}

/// Texts of the usual forms.
const WORDS: &[&str] = &[
    "",
    "a",
    "A",
    "1",
    "word",
    "Word",
    "WORD",
    "two words",
    "Two Words",
    "snake_case",
    "kebab-case",
    "CamelCase",
    "12345",
    "1234567890",
    "a1",
    "A1B2C3",
    "abc@example.com",
    "https://example.com/",
    "https://example.com/path",
    "http://example.com",
    "example.com",
    "+12025550123",
    "2024-01-31",
    "12:00",
    "192.0.2.1",
    "#aabbcc",
    "/path/to/it",
    "/",
    "image/png",
    "en",
    "en-US",
    "EUR",
    "1.2.3",
    "v1.0.0",
    "deadbeef",
    "0123456789abcdef0123456789abcdef",
    "6f1c9a52-3b7e-4d18-9c02-5a7d1e8b4f60",
    "A sentence of words.",
    "[]",
    "{}",
    "true",
    "978-3-16-148410-0",
    "9783161484100",
    "4006381333931",
];

fn numbers() -> Vec<String> {
    let small = -2..=40_i64;
    let large = [
        50, 60, 64, 90, 99, 100, 101, 128, 180, 255, 256, 360, 365, 500, 512, 999, 1000, 1024,
        1900, 2000, 2024,
    ];
    let powers = (4..10).map(|it| 10_i64.pow(it));
    let fractions = ["0.5", "0.25", "1.5", "99.99"].map(str::to_owned);
    small
        .chain(large)
        .chain(powers)
        .map(|it| it.to_string())
        .chain(fractions)
        .collect()
}

fn json(limits: &Limits) -> Vec<String> {
    let of = |kind: JsonKind| match kind {
        JsonKind::Object => "{}",
        JsonKind::Array => "[]",
        JsonKind::String => "\"a\"",
        JsonKind::Number => "1",
        JsonKind::Boolean => "true",
        JsonKind::Null => "null",
    };
    let mut texts: Vec<String> = limits
        .json_kinds
        .iter()
        .map(|it| of(*it).to_owned())
        .collect();
    texts.extend(
        [
            "{}",
            "[]",
            "{\"a\": 1}",
            "[1]",
            "[{}]",
            "\"a\"",
            "1",
            "true",
            "null",
        ]
        .map(str::to_owned),
    );
    texts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column<'a>(name: &'a str, data_type: &'a DataType, not_null: bool) -> PoolColumn<'a> {
        PoolColumn {
            name,
            data_type,
            limits: Limits {
                not_null,
                ..Limits::default()
            },
            made: vec![Some("5".into()), Some("7".into())],
        }
    }

    #[test]
    fn constants_of_an_expression_and_of_its_arrays_are_found_once() {
        let found = constants(
            "CHECK (f(x, 'a b'::text, 12) AND (y = ANY ('{p,\"q\"}'::text[])) AND 'a b' <> z)",
        );
        assert_eq!(found, ["a b", "12", "{p,\"q\"}", "p", "q"]);
    }

    #[test]
    fn rows_are_at_most_ten_thousand_and_none_twice() {
        let integer = Scalar::Int4.into();
        let columns = [
            column("a", &integer, true),
            column("b", &integer, false),
            column("c", &integer, false),
        ];
        let rows = candidates("CHECK (f(a, b, c, 77))", &columns);
        assert!(
            rows.len() <= MOST_ROWS && rows.len() > 7_000,
            "{}",
            rows.len()
        );
        let distinct: HashSet<&Row> = rows.iter().collect();
        assert_eq!(distinct.len(), rows.len());
        assert!(rows.iter().all(|row| row[0].is_some()));
        assert!(
            rows.iter()
                .any(|row| row[1].is_none() && row[2].as_deref() == Some("77"))
        );
        assert_eq!(rows, candidates("CHECK (f(a, b, c, 77))", &columns));
    }

    #[test]
    fn accepted_rows_become_a_list_without_null() {
        let integer = Scalar::Int4.into();
        let columns = [column("a", &integer, true), column("b", &integer, false)];
        let text = |it: &str| Some(it.to_owned());
        let rows = vec![
            vec![text("1"), None],
            vec![text("1"), text("say \"x\" | y")],
            vec![text("2"), text("3")],
        ];
        let found = pool(&columns, &rows, &[true, true, false]).unwrap();
        assert_eq!(found.columns, ["a", "b"]);
        assert_eq!(found.text(), "\"1\",\"say \"\"x\"\" | y\"\n");
        assert_eq!(
            found.reason("t_check"),
            "t_check accepts 2 of 3 candidates: these"
        );
        let only_null = pool(&columns, &rows, &[true, false, false]).unwrap();
        assert_eq!(
            (only_null.columns, only_null.nulls),
            (vec!["a".to_owned()], vec!["b".to_owned()])
        );
    }

    #[test]
    fn fewer_than_one_in_a_hundred_are_no_pool() {
        let integer = Scalar::Int4.into();
        let columns = [column("a", &integer, true)];
        let rows: Vec<Row> = (0..1000).map(|it| vec![Some(it.to_string())]).collect();
        let accepts = |count: usize| {
            pool(
                &columns,
                &rows,
                &(0..1000).map(|it| it < count).collect::<Vec<_>>(),
            )
        };
        assert!(accepts(9).is_none());
        assert_eq!(accepts(10).unwrap().entries.len(), 10);
    }
}
