//! A comparison with constants of what functions make of a column, as limits of the column itself.
//!
//! Limits may be tighter than the comparison: what satisfies them satisfies it.

mod alternatives;
mod json;
mod lengths;
mod numbers;
mod plain;
mod texts;

pub use json::json_key;
pub use lengths::not_empty_array;
pub use numbers::at_least;

use super::comparison::{Comparison, array_text};
use super::constant::{later, shown};
use super::moments;
use super::reader::Reader;
use super::subject::{Step, Subject};
use super::term::Term;
use crate::copy::DataType;
use crate::infer::domain::{Bound, Case, JsonKind, Limits};
use alternatives::{Alternatives, with_each};
use json::{json_kinds, json_text};
use lengths::{carried, digits, in_bytes, is_number, lengths};
use numbers::{multiples, scales, unscaled};
use plain::plain;
use texts::pattern_of;

/// The limits of a subject's column under which a comparison of it holds: one of them is enough.
pub fn of(reader: &Reader, subject: &Subject, comparison: &Comparison) -> Alternatives {
    let data_type = reader.columns[subject.column].data_type;
    within(data_type, &subject.steps, comparison).map_err(|reason| {
        let name = reader.named(&Term::Column(subject.column));
        format!("{reason} of {name}")
    })
}

fn within(data_type: &DataType, steps: &[Step], comparison: &Comparison) -> Alternatives {
    let Some((step, inner)) = steps.split_last() else {
        return plain(data_type, comparison);
    };
    match step {
        Step::Lower => with_each(within(data_type, inner, comparison)?, |it| {
            it.case = Some(Case::Lower)
        }),
        Step::Upper => with_each(within(data_type, inner, comparison)?, |it| {
            it.case = Some(Case::Upper)
        }),
        Step::Trim => with_each(within(data_type, inner, comparison)?, |it| {
            it.trimmed = true
        }),
        Step::NullIf(_) => within(data_type, inner, comparison),
        // As many characters as the type's output has, which limits of its values don't tell.
        Step::Length if inner.contains(&Step::Digits) && !is_number(data_type) => {
            Err("the length of the output".into())
        }
        Step::Length | Step::ArrayLength | Step::Octets | Step::JsonLength => {
            with_each(carried(inner, lengths(comparison)?)?, |it| {
                if *step == Step::JsonLength {
                    it.json_kinds = vec![JsonKind::Array];
                }
                if *step == Step::Octets {
                    in_bytes(it);
                }
            })
        }
        Step::Dimensions if comparison.accepts(1) => carried(inner, vec![not_empty_array()]),
        Step::Digits => match comparison {
            Comparison::Matches(pattern) => digits(pattern),
            _ => within(data_type, inner, comparison),
        },
        Step::Abs => absolute(data_type, inner, comparison),
        Step::Linear { factor, offset } => {
            within(data_type, inner, &unscaled(comparison, *factor, *offset)?)
        }
        Step::Modulo(divisor) if inner.is_empty() && *divisor != 0 => {
            Ok(multiples(data_type, comparison, *divisor))
        }
        Step::Modulo(_) => Err("a remainder of a function".into()),
        Step::Rounded(places) => with_each(within(data_type, inner, comparison)?, |it| {
            it.scale = Some(*places)
        }),
        Step::Scale => scales(inner, comparison),
        Step::Field(field) if inner.is_empty() => moments::fields(field, data_type, comparison),
        Step::Truncated(unit) if inner.is_empty() => truncated(unit, data_type, comparison),
        Step::Prefix(_) | Step::Suffix(_) | Step::Position(_) => {
            match pattern_of(step, comparison)? {
                Some(pattern) => within(data_type, inner, &Comparison::Matches(pattern)),
                None => Ok(vec![Limits::default()]),
            }
        }
        Step::RangeStart | Step::RangeEnd if inner.is_empty() => range(data_type, comparison),
        Step::JsonKind => json_kinds(inner, comparison),
        Step::JsonText(key) if inner.is_empty() => json_text(key, comparison),
        _ => Err("a comparison of a function".into()),
    }
}

fn absolute(data_type: &DataType, inner: &[Step], comparison: &Comparison) -> Alternatives {
    let mut found = Vec::new();
    let negative = |bound: &Bound| Bound {
        value: shown(-bound.value.parse::<f64>().unwrap_or(0.0)),
        inclusive: bound.inclusive,
    };
    for (low, high) in comparison.intervals().ok_or("an absolute value")? {
        // From both ends of an interval of absolute values: the positive side, and for an upper bound the negative, too.
        let mut limits = within(
            data_type,
            inner,
            &Comparison::Above(low.clone().unwrap_or(Bound::inclusive("0"))),
        )?;
        if let Some(high) = &high {
            let below = within(data_type, inner, &Comparison::Below(high.clone()))?;
            for (limits, below) in limits.iter_mut().zip(&below) {
                limits.narrow(below);
                if low.is_none() {
                    limits.min = Some(negative(high));
                }
            }
        }
        found.extend(limits);
    }
    Ok(found)
}

/// `x::date <= '2020-12-31'` of a timestamp: the whole day counts.
fn truncated(unit: &str, data_type: &DataType, comparison: &Comparison) -> Alternatives {
    const DAY: i64 = 86_400;
    let next = |text: &str| later(text, DAY).ok_or_else(|| "a day".to_owned());
    match (unit, comparison) {
        ("day", Comparison::Above(bound)) if !bound.inclusive => plain(
            data_type,
            &Comparison::Above(Bound::inclusive(next(&bound.value)?)),
        ),
        ("day", Comparison::Below(bound)) if bound.inclusive => plain(
            data_type,
            &Comparison::Below(Bound::exclusive(next(&bound.value)?)),
        ),
        (_, Comparison::Above(bound)) if bound.inclusive => plain(data_type, comparison),
        (_, Comparison::Below(_)) | ("day", Comparison::Above(_)) => plain(data_type, comparison),
        ("day", Comparison::In(_)) => plain(data_type, comparison),
        _ => Err("a truncated time".into()),
    }
}

/// A bound of a range's start or end, for the whole of it.
fn range(data_type: &DataType, comparison: &Comparison) -> Alternatives {
    match comparison {
        Comparison::Above(_) | Comparison::Below(_) => plain(data_type, comparison),
        _ => Err("a range's end".into()),
    }
}

/// Arrays of no, one, two and all of some elements.
pub fn subsets(elements: &[Option<String>]) -> Vec<String> {
    let mut arrays = vec!["{}".to_owned()];
    arrays.extend(
        elements
            .iter()
            .map(|it| array_text(std::slice::from_ref(it))),
    );
    let pairs = elements.windows(2).filter(|_| elements.len() > 2);
    arrays.extend(pairs.map(array_text));
    if elements.len() > 1 {
        arrays.push(array_text(elements));
    }
    arrays
}
