//! A column under the functions that a comparison puts around it: `length(btrim(x))`.

use super::CheckedColumn;
use super::term::Term;
use crate::copy::{DataType, Scalar, TypeKind};

/// A column, and what is done to its value, innermost first.
#[derive(Debug, Clone, PartialEq)]
pub struct Subject {
    /// The column.
    pub column: usize,
    /// The functions.
    pub steps: Vec<Step>,
}

/// A function of one value.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// `lower(text)`
    Lower,
    /// `upper(text)`
    Upper,
    /// `btrim`, `ltrim` and `rtrim` of blanks.
    Trim,
    /// `length` of a text; bytes of a bytea; elements of an array.
    Length,
    /// `array_length(x, 1)`, which is NULL of an empty array.
    ArrayLength,
    /// `array_ndims(x)`, which is NULL of an empty array.
    Dimensions,
    /// `octet_length` of a text.
    Octets,
    /// A number's digits: `x::text`.
    Digits,
    /// `abs`
    Abs,
    /// `x * factor + offset`
    Linear {
        /// The factor.
        factor: f64,
        /// The offset.
        offset: f64,
    },
    /// `x % divisor`
    Modulo(i64),
    /// `round(x, places)`, `trunc`, `floor`, `ceil`.
    Rounded(u32),
    /// `scale(x)`
    Scale,
    /// A field of a date: `year`, `month`, `dow` …
    Field(String),
    /// `date_trunc(unit, x)`
    Truncated(String),
    /// `left(x, n)`, `substr(x, 1, n)`
    Prefix(u32),
    /// `right(x, n)`
    Suffix(u32),
    /// `strpos(x, text)`
    Position(String),
    /// `replace(x, text, '')`
    Without(String),
    /// `nullif(x, text)`
    NullIf(String),
    /// `lower(range)`
    RangeStart,
    /// `upper(range)`
    RangeEnd,
    /// `jsonb_typeof(x)`
    JsonKind,
    /// `jsonb_array_length(x)`
    JsonLength,
    /// `x -> 'key'`
    JsonKey(String),
    /// `x ->> 'key'`
    JsonText(String),
}

impl Subject {
    /// The column under functions, if that is what a term is.
    pub fn of(term: &Term, columns: &[CheckedColumn]) -> Option<Subject> {
        let (name, arguments) = match term {
            Term::Column(column) => {
                return Some(Subject {
                    column: *column,
                    steps: Vec::new(),
                });
            }
            _ => term.as_call()?,
        };
        let at = usize::from(matches!(name, "date_part" | "date_trunc" | "timezone"));
        let constant_first = matches!(name, "+" | "*") && arguments.first()?.as_number().is_some();
        let at = if constant_first { 1 } else { at };
        let at = if name == "-" && arguments.first()?.as_number().is_some() {
            1
        } else {
            at
        };
        let mut inner = Subject::of(arguments.get(at)?, columns)?;
        let data_type = inner
            .steps
            .is_empty()
            .then(|| columns[inner.column].data_type);
        inner.steps.extend(step(name, arguments, data_type)?);
        Some(inner)
    }
}

/// A function's step; the outer `None`: not one of them; the inner: it changes nothing.
fn step(name: &str, arguments: &[Term], data_type: Option<&DataType>) -> Option<Option<Step>> {
    let kind = data_type.map(|it| &it.base().kind);
    let is_range = matches!(kind, Some(TypeKind::Range(_) | TypeKind::Multirange(_)));
    let text = |at: usize| arguments.get(at).and_then(Term::as_text).map(str::to_owned);
    let count = |at: usize| u32::try_from(arguments.get(at)?.as_integer()?).ok();
    let is_blank = |at: usize| arguments.get(at).is_none() || text(at).as_deref() == Some(" ");
    Some(Some(match name {
        "lower" if is_range => Step::RangeStart,
        "upper" if is_range => Step::RangeEnd,
        "lower" => Step::Lower,
        "upper" => Step::Upper,
        "btrim" | "ltrim" | "rtrim" if is_blank(1) => Step::Trim,
        "length" | "char_length" | "character_length" | "cardinality" | "bit_length_of" => {
            Step::Length
        }
        "octet_length" if matches!(kind, Some(TypeKind::Scalar(Scalar::Bytea))) => Step::Length,
        "octet_length" => Step::Octets,
        "array_length" if arguments.get(1)?.as_integer() == Some(1) => Step::ArrayLength,
        "array_ndims" => Step::Dimensions,
        "text" => Step::Digits,
        "abs" => Step::Abs,
        "+" => linear(arguments, 1.0)?,
        "-" => linear(arguments, -1.0)?,
        "*" => {
            let factor = arguments[0]
                .as_number()
                .or_else(|| arguments.get(1)?.as_number())?;
            Step::Linear {
                factor,
                offset: 0.0,
            }
        }
        "/" => Step::Linear {
            factor: 1.0 / arguments.get(1)?.as_number()?,
            offset: 0.0,
        },
        "%" | "mod" => Step::Modulo(arguments.get(1)?.as_integer()?),
        "round" | "trunc" if arguments.len() == 2 => Step::Rounded(count(1)?),
        "round" | "trunc" | "floor" | "ceil" | "ceiling" | "integer" => Step::Rounded(0),
        "scale" | "min_scale" => Step::Scale,
        "date_part" => Step::Field(text(0)?),
        "date_trunc" => Step::Truncated(text(0)?),
        "timezone" => return Some(None),
        "left" => Step::Prefix(count(1)?),
        "right" => Step::Suffix(count(1)?),
        "substr" | "substring" if count(1) == Some(1) => Step::Prefix(count(2)?),
        "strpos" | "position" => Step::Position(text(1)?),
        "replace" if text(2)?.is_empty() => Step::Without(text(1)?),
        "nullif" => Step::NullIf(text(1)?),
        "jsonb_typeof" | "json_typeof" => Step::JsonKind,
        "jsonb_array_length" | "json_array_length" => Step::JsonLength,
        "->" => Step::JsonKey(text(1)?),
        "->>" => Step::JsonText(text(1)?),
        _ => return None,
    }))
}

/// `x + 1`, `1 + x`, `x - 1`, `1 - x`.
fn linear(arguments: &[Term], sign: f64) -> Option<Step> {
    let [a, b] = arguments else { return None };
    Some(match (a.as_number(), b.as_number()) {
        (Some(offset), None) => Step::Linear {
            factor: sign,
            offset,
        },
        (None, Some(offset)) => Step::Linear {
            factor: 1.0,
            offset: sign * offset,
        },
        _ => return None,
    })
}
