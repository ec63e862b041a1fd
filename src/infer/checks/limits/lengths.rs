//! Comparisons of lengths: of texts, arrays and documents, and of a number's digits.

use super::alternatives::Alternatives;
use crate::copy::{DataType, Scalar, TypeKind};
use crate::infer::checks::comparison::Comparison;
use crate::infer::checks::subject::Step;
use crate::infer::domain::{Bound, Limits};

pub(super) fn lengths(comparison: &Comparison) -> Alternatives {
    let intervals = comparison.intervals().ok_or("a length")?;
    let mut found = Vec::new();
    for (low, high) in intervals {
        let least = match low {
            Some(bound) => whole(&bound, 1)?,
            None => 0,
        };
        let most = high.as_ref().map(|bound| whole(bound, -1)).transpose()?;
        if most.is_some_and(|most| most < least.max(0)) {
            continue;
        }
        found.push(Limits {
            min_length: u32::try_from(least).ok().filter(|it| *it > 0),
            max_length: most.map(|it| u32::try_from(it).unwrap_or(0)),
            ..Limits::default()
        });
    }
    match found.is_empty() {
        true => Err("a length that no value has".into()),
        false => Ok(found),
    }
}

/// Characters for a length in bytes: one has a byte at least, and two at most in the texts that are made. Where that leaves
/// too little, only plain characters.
pub(super) fn in_bytes(limits: &mut Limits) {
    match limits.max_length {
        Some(most) if most >= 40 && limits.min_length.unwrap_or(0) <= most / 2 => {
            limits.max_length = Some(most / 2);
        }
        Some(_) => limits.patterns.push("^[ -~]*$".into()),
        None => {}
    }
}

/// A bound as the closest whole number inside it; `inward`: 1 from below, -1 from above.
fn whole(bound: &Bound, inward: i64) -> Result<i64, String> {
    let value: f64 = bound.value.parse().map_err(|_| "a length".to_owned())?;
    let closest = if inward > 0 {
        value.ceil()
    } else {
        value.floor()
    };
    #[expect(clippy::cast_possible_truncation, reason = "lengths")]
    let number = closest as i64;
    let is_itself = (closest - value).abs() < f64::EPSILON;
    Ok(if is_itself && !bound.inclusive {
        number + inward
    } else {
        number
    })
}

/// Limits of a length, on functions below it.
pub(super) fn carried(steps: &[Step], mut alternatives: Vec<Limits>) -> Alternatives {
    for step in steps {
        match step {
            Step::Trim => alternatives.iter_mut().for_each(|it| it.trimmed = true),
            Step::Lower | Step::Upper | Step::NullIf(_) => {}
            Step::Digits => alternatives = alternatives.iter().filter_map(of_digits).collect(),
            _ => return Err("the length of a function".into()),
        }
    }
    match alternatives.is_empty() {
        true => Err("the length of a number".into()),
        false => Ok(alternatives),
    }
}

pub(super) fn is_number(data_type: &DataType) -> bool {
    matches!(
        data_type.base().kind,
        TypeKind::Scalar(
            Scalar::Int2
                | Scalar::Int4
                | Scalar::Int8
                | Scalar::Numeric
                | Scalar::Float4
                | Scalar::Float8
        )
    )
}

/// Numbers of so many digits.
fn of_digits(length: &Limits) -> Option<Limits> {
    let least = length.min_length.unwrap_or(1).max(1);
    let most = length.max_length.unwrap_or(18).min(18);
    (least <= most).then(|| Limits {
        min: Some(Bound::inclusive(10_i64.pow(least - 1).to_string())),
        max: Some(Bound::inclusive((10_i64.pow(most) - 1).to_string())),
        ..Limits::default()
    })
}

/// Patterns of a number's digits: `^\d{5}$`.
pub(super) fn digits(pattern: &str) -> Alternatives {
    let core = pattern.trim_start_matches('^').trim_end_matches('$');
    let core = core
        .strip_prefix("\\d")
        .or_else(|| core.strip_prefix("[0-9]"))
        .ok_or("digits")?;
    let (least, most) = match core {
        "+" | "*" => (1, 18),
        "" => (1, 1),
        repeated => {
            let counts = repeated
                .strip_prefix('{')
                .and_then(|it| it.strip_suffix('}'))
                .ok_or("digits")?;
            let (least, most) = counts.split_once(',').unwrap_or((counts, counts));
            let number = |it: &str| it.trim().parse::<u32>().map_err(|_| "digits".to_owned());
            (
                number(least)?,
                if most.is_empty() { 18 } else { number(most)? },
            )
        }
    };
    let length = Limits {
        min_length: Some(least),
        max_length: Some(most),
        ..Limits::default()
    };
    of_digits(&length)
        .map(|it| vec![it])
        .ok_or_else(|| "digits".into())
}

/// Arrays with an element.
pub fn not_empty_array() -> Limits {
    Limits {
        min_length: Some(1),
        ..Limits::default()
    }
}
