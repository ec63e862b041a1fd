//! Comparisons of a column's own value.

use super::alternatives::Alternatives;
use crate::copy::{DataType, Scalar, TypeKind};
use crate::infer::checks::comparison::Comparison;
use crate::infer::checks::patterns;
use crate::infer::checks::term::Constant;
use crate::infer::domain::Limits;

/// A comparison of the column's own value.
pub(super) fn plain(data_type: &DataType, comparison: &Comparison) -> Alternatives {
    let limits = match comparison {
        Comparison::In(values) => {
            Limits::of_values(values.iter().map(|it| input_text(data_type, it)))
        }
        Comparison::NotIn(values) if values.iter().all(String::is_empty) && data_type.is_text() => {
            Limits {
                not_empty: true,
                ..Limits::default()
            }
        }
        Comparison::NotIn(values) => Limits {
            excluded: values.iter().map(|it| input_text(data_type, it)).collect(),
            ..Limits::default()
        },
        Comparison::Above(bound) if bound.value.is_empty() => Limits {
            not_empty: !bound.inclusive,
            ..Limits::default()
        },
        Comparison::Above(bound) | Comparison::Below(bound) if is_infinite(&bound.value) => {
            Limits {
                excluded: vec![bound.value.clone()],
                ..Limits::default()
            }
        }
        Comparison::Above(_) | Comparison::Below(_)
            if matches!(data_type.base().kind, TypeKind::Enum(_)) =>
        {
            return labels(data_type, comparison);
        }
        Comparison::Above(bound) => Limits::above(bound.clone()),
        Comparison::Below(bound) => Limits::below(bound.clone()),
        Comparison::Matches(_) | Comparison::MatchesNot(_) if !data_type.is_text() => {
            return Err("a pattern of something else than text".into());
        }
        Comparison::Matches(pattern) => Limits {
            patterns: vec![pattern.clone()],
            ..Limits::default()
        },
        Comparison::MatchesNot(pattern) => Limits {
            patterns: vec![patterns::complement(pattern).ok_or("what a pattern refuses")?],
            ..Limits::default()
        },
    };
    Ok(vec![limits])
}

/// Nothing lies beyond it: only the value itself may be refused.
fn is_infinite(text: &str) -> bool {
    text.trim_start_matches('-')
        .eq_ignore_ascii_case("infinity")
}

/// Booleans in one spelling.
fn input_text(data_type: &DataType, text: &str) -> String {
    match data_type.scalar() {
        Some(Scalar::Bool) => Constant::Text(text.to_owned())
            .as_boolean()
            .map_or_else(|| text.to_owned(), |yes| yes.to_string()),
        // Blanks at the end of a character(n) don't count.
        Some(Scalar::Bpchar) => text.trim_end().to_owned(),
        _ => text.to_owned(),
    }
}

/// An enum's labels are ordered as they are declared.
fn labels(data_type: &DataType, comparison: &Comparison) -> Alternatives {
    let TypeKind::Enum(labels) = &data_type.base().kind else {
        return Err("an order".into());
    };
    let (Comparison::Above(bound) | Comparison::Below(bound)) = comparison else {
        return Err("an order".into());
    };
    let place = |label: &String| labels.iter().position(|it| it == label);
    let limit = place(&bound.value).ok_or("an unknown label")?;
    let fits = |at: usize| match comparison {
        Comparison::Above(_) => at > limit || (at == limit && bound.inclusive),
        _ => at < limit || (at == limit && bound.inclusive),
    };
    let values = labels.iter().enumerate().filter(|(at, _)| fits(*at));
    Ok(vec![Limits::of_values(
        values.map(|(_, label)| label.clone()),
    )])
}
