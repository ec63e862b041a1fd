//! Comparisons of what arithmetic makes of a number.

use super::alternatives::Alternatives;
use crate::copy::{DataType, Scalar};
use crate::infer::checks::comparison::Comparison;
use crate::infer::checks::constant::shown;
use crate::infer::checks::subject::Step;
use crate::infer::domain::{Bound, Limits};

/// How many multiples are listed for `x % 5 = 0`.
const MULTIPLES: i64 = 1000;

/// A comparison of `x * factor + offset` as one of `x`.
pub(super) fn unscaled(
    comparison: &Comparison,
    factor: f64,
    offset: f64,
) -> Result<Comparison, String> {
    if factor == 0.0 || !factor.is_finite() {
        return Err("a product".into());
    }
    let value = |text: &String| -> Result<String, String> {
        let number: f64 = text.parse().map_err(|_| "a sum".to_owned())?;
        Ok(shown((number - offset) / factor))
    };
    let bound = |bound: &Bound| -> Result<Bound, String> {
        Ok(Bound {
            value: value(&bound.value)?,
            inclusive: bound.inclusive,
        })
    };
    let all = |values: &[String]| {
        values
            .iter()
            .map(value)
            .collect::<Result<Vec<String>, String>>()
    };
    Ok(match comparison {
        Comparison::In(values) => Comparison::In(all(values)?),
        Comparison::NotIn(values) => Comparison::NotIn(all(values)?),
        Comparison::Above(it) if factor > 0.0 => Comparison::Above(bound(it)?),
        Comparison::Above(it) => Comparison::Below(bound(it)?),
        Comparison::Below(it) if factor > 0.0 => Comparison::Below(bound(it)?),
        Comparison::Below(it) => Comparison::Above(bound(it)?),
        Comparison::Matches(_) | Comparison::MatchesNot(_) => {
            return Err("a pattern of a sum".into());
        }
    })
}

/// The first numbers whose remainder fits.
pub(super) fn multiples(
    data_type: &DataType,
    comparison: &Comparison,
    divisor: i64,
) -> Vec<Limits> {
    let limit = match data_type.scalar() {
        Some(Scalar::Int2) => i64::from(i16::MAX),
        _ => i64::from(i32::MAX),
    };
    let count = usize::try_from(MULTIPLES).unwrap_or(usize::MAX);
    let fitting =
        (0..=limit.min(MULTIPLES * divisor.abs())).filter(|it| comparison.accepts(it % divisor));
    let values: Vec<String> = fitting.take(count).map(|it| it.to_string()).collect();
    vec![Limits::of_values(values)]
}

pub(super) fn scales(inner: &[Step], comparison: &Comparison) -> Alternatives {
    let most = (0..=20).rev().find(|it| comparison.accepts(*it));
    match (inner.is_empty(), most) {
        (true, Some(most)) => Ok(vec![Limits {
            scale: u32::try_from(most).ok(),
            ..Limits::default()
        }]),
        _ => Err("a scale".into()),
    }
}

/// Numbers from one on.
pub fn at_least(number: &str) -> Limits {
    Limits::above(Bound::inclusive(number))
}
