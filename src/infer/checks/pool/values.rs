//! Values to try in one column: those that its limits, the constraint's constants and its type suggest.

use std::collections::HashSet;

use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::tokenizer::{Token, Tokenizer};

use crate::copy::{DataType, Scalar, TypeKind};
use crate::infer::domain::{Bound, JsonKind, Limits};
use crate::infer::types;

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
    /// Whether no other values will do: a foreign key's.
    pub only_made: bool,
}

impl PoolColumn<'_> {
    /// Values to try: of its maker first, then what the constraint and the type suggest; NULL last, where it is allowed.
    pub(super) fn values(&self, constants: &[String]) -> Vec<Option<String>> {
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
        if !self.only_made {
            let listed = self.limits.values.iter().flatten().cloned();
            listed.for_each(&mut add);
            let constants = constants.iter();
            constants.for_each(|it| variants(it, self.data_type).into_iter().for_each(&mut add));
            around(&self.limits).into_iter().for_each(&mut add);
            let samples = samples(self.data_type, &self.limits);
            samples.into_iter().for_each(&mut add);
        }
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
