//! Where `ranked` numbers begin and end: within what the column's type holds, and about as wide as the source's.

use crate::copy::Scalar;
use crate::infer::domain::{MakerToml, Value};
use crate::infer::source::SourceColumn;
use crate::infer::types;
use crate::profile::ColumnStatistics;

/// Digits that a number has at most here, so that each can be written and read exactly.
const DIGITS: i64 = 15;
/// More rows than any table is scaled to.
const MOST_ROWS: f64 = 1e10;
/// What `distinct` may grow by while it is calibrated, and more.
const GROWTH: f64 = 100.0;

/// What `ranked` and `histogram` make: the name of it, and the digits behind the point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind {
    pub name: &'static str,
    pub scale: Option<i64>,
}

/// What a type holds: multiples of 10^-scale, counted in these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Held {
    least: i64,
    greatest: i64,
    /// From each to the next: 100 of `numeric(5, -2)`.
    step: i64,
}

/// `ranked` with the first value, the step and the last one that the column can have.
pub(super) fn ranked(
    maker: MakerToml,
    kind: Kind,
    source: &SourceColumn,
    statistics: &ColumnStatistics,
    distinct: f64,
) -> MakerToml {
    let scale = kind.scale.unwrap_or(0);
    let held = held(source, scale);
    let is_numeric = source.data_type.scalar() == Some(Scalar::Numeric);
    let unit = power(scale);
    let (mut min, mut step) = (1, 1);
    if scale > 0 {
        min = unit;
    }
    if is_numeric {
        min = least(statistics.width, scale).saturating_mul(unit);
        // So few bytes have no digits behind the point.
        if scale > 0 && groups(statistics.width) <= groups_behind(scale) {
            step = unit;
        }
    }
    (min, step) = within(held, min.max(held.step), step.max(held.step), distinct);
    let most = match statistics.distinct < 0.0 {
        true => MOST_ROWS,
        false => GROWTH * distinct,
    };
    let is_near = ((held.greatest - min) / step) as f64 <= most;
    let mut maker = maker;
    if min != 1 || is_numeric {
        maker = maker.with("min", value(min, scale));
    }
    if step != 1 {
        maker = maker.with("step", value(step, scale));
    }
    match is_near {
        true => maker.with("max", value(held.greatest, scale)),
        false => maker,
    }
}

/// The first value and the step that leave so many values up to the greatest: smaller steps where there are too few, then an
/// earlier start.
fn within(held: Held, min: i64, step: i64, distinct: f64) -> (i64, i64) {
    let fits = |(min, step): &(i64, i64)| {
        let last = *min as f64 + (distinct - 1.0) * *step as f64;
        last <= held.greatest as f64
    };
    let ways = [(min, step), (min, held.step), (held.step, held.step)];
    match ways.into_iter().find(fits) {
        Some(way) => way,
        None => {
            #[expect(clippy::cast_possible_truncation, reason = "saturating")]
            let steps = libm::ceil(distinct) as i64;
            let before = steps.saturating_sub(1).saturating_mul(held.step);
            let min = held.greatest.saturating_sub(before).max(held.least);
            (min / held.step * held.step, held.step)
        }
    }
}

fn held(source: &SourceColumn, scale: i64) -> Held {
    let scalar = source.data_type.scalar();
    if let Some(scalar @ (Scalar::Int2 | Scalar::Int4 | Scalar::Oid)) = scalar {
        let greatest = types::greatest(scalar);
        return Held {
            least: if scalar == Scalar::Oid {
                0
            } else {
                -greatest - 1
            },
            greatest,
            step: 1,
        };
    }
    let (digits, hidden) = match (scalar, precision(&source.base_type)) {
        // As many digits as it tells apart.
        (Some(Scalar::Float4), _) => (6, 0),
        (Some(Scalar::Numeric), Some((all, own))) => (all - own + scale, (-own).max(0)),
        _ => (DIGITS, 0),
    };
    let step = power(hidden);
    let greatest = power(digits) - step;
    Held {
        least: -greatest,
        greatest,
        step,
    }
}

/// Of ten, up to the digits that are made.
fn power(digits: i64) -> i64 {
    10_i64.pow(u32::try_from(digits.clamp(0, DIGITS)).unwrap_or(0))
}

/// In the column's own unit: whole, or with digits behind the point.
fn value(units: i64, scale: i64) -> Value {
    let unit = power(scale);
    match units % unit {
        0 => Value::Integer(units / unit),
        #[expect(clippy::cast_precision_loss, reason = "15 digits are exact")]
        _ => Value::Float(units as f64 / unit as f64),
    }
}

/// The digits behind the point that `ranked` makes of a `numeric`.
pub(super) fn scale(type_name: &str, width: f64) -> i64 {
    match precision(type_name) {
        Some((_, scale)) => scale.clamp(0, DIGITS - 3),
        // Four digits for each group behind the first.
        None => 4 * (groups(width) - 1).clamp(0, 2),
    }
}

/// All digits of `numeric(12, 2)`, and those behind the point; `None` for a plain `numeric`.
fn precision(type_name: &str) -> Option<(i64, i64)> {
    let inside = type_name.split_once('(')?.1.split_once(')')?.0;
    match inside.split_once(',') {
        Some((all, scale)) => Some((all.trim().parse().ok()?, scale.trim().parse().ok()?)),
        None => Some((inside.trim().parse().ok()?, 0)),
    }
}

/// A `numeric` has 3 bytes, and 2 for each four digits before the point and behind it.
fn groups(width: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "saturating")]
    let groups = libm::round((width - 3.0) / 2.0) as i64;
    groups
}

fn groups_behind(scale: i64) -> i64 {
    (scale + 3) / 4
}

/// The least number whose `numeric` is about so wide.
fn least(width: f64, scale: i64) -> i64 {
    let before = groups(width) - groups_behind(scale);
    match before {
        ..=1 => 1,
        2 => 10_000,
        3 => 100_000_000,
        _ => 1_000_000_000_000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::copy::DataType;
    use crate::postgres::catalog::ColumnDefault;

    fn column(scalar: Scalar, type_name: &str) -> SourceColumn {
        SourceColumn {
            name: "x".to_owned(),
            type_name: type_name.to_owned(),
            base_type: type_name.to_owned(),
            data_type: DataType::from(scalar),
            not_null: true,
            default: ColumnDefault::Nothing,
            domain_checks: Vec::new(),
        }
    }

    #[test]
    fn numbers_are_as_wide_as_the_sources() {
        for (width, scale, expected) in [(4.0, 0, 1), (5.0, 2, 1), (7.0, 2, 1), (9.0, 2, 10_000)] {
            assert_eq!(least(width, scale), expected, "{width}, {scale}");
        }
        assert_eq!(precision("numeric(12,2)"), Some((12, 2)));
        assert_eq!(precision("numeric(12)"), Some((12, 0)));
        assert_eq!(precision("numeric"), None);
    }

    #[test]
    fn numbers_lie_within_their_type() {
        let numeric = Scalar::Numeric;
        let cases = [
            // As many as there are, all of them from the least on.
            (Scalar::Int2, "smallint", 5.0, 2.0, (1, 1, 32_767)),
            (Scalar::Int2, "smallint", 40_000.0, 2.0, (-7_232, 1, 32_767)),
            (numeric, "numeric(5,2)", 21.0, 6.0, (100, 1, 99_999)),
            // Wider than its precision allows.
            (numeric, "numeric(5,2)", 21.0, 11.0, (1, 1, 99_999)),
            (numeric, "numeric(4,2)", 200.0, 5.0, (100, 1, 9_999)),
            (numeric, "numeric(3,3)", 9.0, 5.0, (1, 1, 999)),
            (numeric, "numeric(5,-2)", 99.0, 5.0, (100, 100, 9_999_900)),
            (numeric, "numeric", 99.0, 5.0, (1, 1, 999_999_999_999_999)),
        ];
        for (scalar, type_name, distinct, width, expected) in cases {
            let source = column(scalar, type_name);
            let scale = scale(type_name, width);
            let held = held(&source, if scalar == numeric { scale } else { 0 });
            let unit = power(scale);
            let start = match scalar == numeric {
                true => least(width, scale) * unit,
                false => 1,
            };
            let (min, step) = within(held, start.max(held.step), held.step, distinct);
            assert_eq!(
                (min, step, held.greatest),
                expected,
                "{type_name} {distinct} {width}"
            );
        }
    }
}
