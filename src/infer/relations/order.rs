//! Columns of which one is smaller than the other, or which differ: `a < b`, `a <> b`, `a = b`. Pure.

use super::{is_made, leads_to, leave_out, replace, with_option};
use crate::copy::Scalar;
use crate::infer::domain::{MakerToml, Value};
use crate::infer::model::ModelTable;
use crate::infer::source::SourceTable;

/// Has one column be smaller than another one.
pub(super) fn less(
    table: &SourceTable,
    model: &mut ModelTable,
    smaller: &str,
    larger: &str,
    strict: bool,
) -> bool {
    let (Some(low), Some(high)) = (model.column(smaller), model.column(larger)) else {
        // One of them is NULL, unless its default fills it.
        let has_default = |name: &str| {
            !is_made(model, name) && table.column(name).is_some_and(|it| it.has_default())
        };
        return !has_default(smaller) && !has_default(larger);
    };
    match (low.maker.make.as_str(), high.maker.make.as_str()) {
        ("reference", "reference") => references(table, model, smaller, larger),
        (_, "after") if high.maker.option("of") == Some(&smaller.into()) => {
            if strict && high.maker.option("min") == Some(&0_i64.into()) {
                with_option(model, larger, "min", 1_i64);
            }
            true
        }
        ("below", _) if low.maker.option("of") == Some(&larger.into()) => true,
        ("date" | "timestamp" | "after", "date" | "timestamp") => {
            let is_days = high.maker.make == "date";
            let (least, most) = if is_days { (1, 60) } else { (60, 2_592_000) };
            let after = MakerToml::new("after")
                .with("of", smaller)
                .with("min", if strict { least } else { 0 })
                .with("max", most);
            replace(model, larger, after);
            true
        }
        // An earlier row has the smaller number; a root that refers to itself has the same.
        ("reference", "serial" | "sequence") if is_earlier(&low.maker) => {
            !strict || low.maker.option("roots-self").is_none()
        }
        ("integer", "integer") => split_integers(model, smaller, larger),
        ("decimal" | "float", "decimal" | "float") => split_decimals(model, smaller, larger),
        ("time", "time") => {
            split_times(model, smaller, larger);
            true
        }
        _ => leave_out(table, model, larger) || leave_out(table, model, smaller),
    }
}

/// Has the keys of one table's rows rise: one reference is to its first half, the other one to its second.
fn references(table: &SourceTable, model: &mut ModelTable, smaller: &str, larger: &str) -> bool {
    if are_in_halves(model, smaller, larger) {
        return true;
    }
    let (Some(low), Some(high)) = (model.column(smaller), model.column(larger)) else {
        return false;
    };
    let counts = |name: &str| {
        let scalar = table.column(name).and_then(|it| it.data_type.scalar());
        matches!(scalar, Some(Scalar::Int2 | Scalar::Int4 | Scalar::Int8))
    };
    if !counts(smaller) || !is_plain(&low.maker) || !are_of_one_table(&low.maker, &high.maker) {
        return leave_out(table, model, larger) || leave_out(table, model, smaller);
    }
    with_option(model, smaller, "half", "first");
    with_option(model, larger, "half", "second");
    true
}

/// Whether two references are to different halves of a table.
fn are_in_halves(model: &ModelTable, smaller: &str, larger: &str) -> bool {
    let is_in = |column: &str, half: &str| {
        let column = model.column(column);
        column.is_some_and(|it| it.maker.option("half") == Some(&half.into()))
    };
    is_in(smaller, "first") && is_in(larger, "second")
}

/// A time of the morning and one of the afternoon.
fn split_times(model: &mut ModelTable, smaller: &str, larger: &str) {
    let between = |min: &str, max: &str| MakerToml::new("time").with("min", min).with("max", max);
    replace(model, smaller, between("08:00:00", "12:00:00"));
    replace(model, larger, between("12:00:01", "20:00:00"));
}

/// A date or time so much later than another one, at least or at most.
pub(super) fn apart(
    table: &SourceTable,
    model: &mut ModelTable,
    smaller: &str,
    larger: &str,
    end: &str,
    gap: &str,
) -> bool {
    let Ok(gap) = gap.parse::<i64>() else {
        return leave_out(table, model, larger) || leave_out(table, model, smaller);
    };
    if gap < 0 || !less(table, model, smaller, larger, false) {
        return leave_out(table, model, larger) || leave_out(table, model, smaller);
    }
    let Some(column) = model.column(larger) else {
        return true;
    };
    if column.maker.make != "after" {
        return leave_out(table, model, larger) || leave_out(table, model, smaller);
    }
    let other = |name: &str| match column.maker.option(name) {
        Some(Value::Integer(number)) => *number,
        _ => 0,
    };
    let (min, max) = match end {
        "min" => (gap, other("max").max(gap.saturating_mul(2))),
        _ => (other("min").min(gap), gap),
    };
    with_option(model, larger, "min", min);
    with_option(model, larger, "max", max);
    true
}

fn ends(model: &ModelTable, column: &str) -> Option<(f64, f64)> {
    let maker = &model.column(column)?.maker;
    let number = |name: &str| match maker.option(name)? {
        #[expect(
            clippy::cast_precision_loss,
            reason = "halves of ranges needn't be exact"
        )]
        Value::Integer(number) => Some(*number as f64),
        Value::Float(number) => Some(*number),
        _ => None,
    };
    Some((number("min")?, number("max")?))
}

/// Where two ranges can be cut so that one lies below the other.
fn cut(model: &ModelTable, smaller: &str, larger: &str) -> Option<f64> {
    let (low_min, low_max) = ends(model, smaller)?;
    let (high_min, high_max) = ends(model, larger)?;
    if low_max < high_min {
        return None;
    }
    let (from, to) = (low_min.max(high_min), low_max.min(high_max));
    (low_min < high_max).then_some(f64::midpoint(from, to))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "between bounds that are i64"
)]
fn split_integers(model: &mut ModelTable, smaller: &str, larger: &str) -> bool {
    let Some(cut) = cut(model, smaller, larger) else {
        return ends(model, smaller)
            .zip(ends(model, larger))
            .is_some_and(|(a, b)| a.1 < b.0);
    };
    let cut = cut.floor() as i64;
    with_option(model, smaller, "max", cut);
    with_option(model, larger, "min", cut + 1);
    true
}

fn split_decimals(model: &mut ModelTable, smaller: &str, larger: &str) -> bool {
    let Some(cut) = cut(model, smaller, larger) else {
        return ends(model, smaller)
            .zip(ends(model, larger))
            .is_some_and(|(a, b)| a.1 < b.0);
    };
    with_option(model, smaller, "max", cut.floor());
    with_option(model, larger, "min", cut.floor() + 1.0);
    true
}

/// Two columns that must not be the same.
pub(super) fn differ(table: &SourceTable, model: &mut ModelTable, a: &str, b: &str) -> bool {
    let (Some(first), Some(second)) = (model.column(a), model.column(b)) else {
        return true;
    };
    match (first.maker.make.as_str(), second.maker.make.as_str()) {
        ("reference", "reference") if are_in_halves(model, a, b) || are_in_halves(model, b, a) => {
            true
        }
        ("reference", "reference") if are_of_one_table(&first.maker, &second.maker) => {
            with_option(model, b, "other-than", a);
            true
        }
        ("integer", "integer") => split_integers(model, a, b),
        ("decimal" | "float", "decimal" | "float") => split_decimals(model, a, b),
        // An earlier row is another one; a root must not refer to itself.
        ("serial" | "sequence" | "uuid", "reference") if is_earlier(&second.maker) => {
            second.maker.option("roots-self").is_none()
        }
        ("reference", "serial" | "sequence" | "uuid") if is_earlier(&first.maker) => {
            first.maker.option("roots-self").is_none()
        }
        _ => leave_out(table, model, b) || leave_out(table, model, a),
    }
}

/// Whether a reference is to an earlier row of the own table.
fn is_earlier(reference: &MakerToml) -> bool {
    reference.option("earlier").is_some()
}

/// Whether two references are to rows of one table, and the second may be any of them.
fn are_of_one_table(first: &MakerToml, second: &MakerToml) -> bool {
    let table = |maker: &MakerToml| match maker.option("to") {
        Some(Value::Text(to)) => to.rsplit_once('.').map(|(table, _)| table.to_owned()),
        _ => None,
    };
    let is_after = first.option("other-than").is_some() || first.option("half").is_some();
    is_plain(second) && !is_after && table(first) == table(second)
}

/// Whether a reference may be to any row.
fn is_plain(reference: &MakerToml) -> bool {
    let ways = ["spread", "earlier", "same", "other-than", "half"];
    ways.iter().all(|it| reference.option(it).is_none())
}

/// Has two columns be the same: one of them NULL, else the second made from the first.
pub(super) fn equal(table: &SourceTable, model: &mut ModelTable, a: &str, b: &str) -> bool {
    if !is_made(model, a) || !is_made(model, b) {
        return true;
    }
    if leave_out(table, model, b) || leave_out(table, model, a) {
        return true;
    }
    let scalar = table.column(b).and_then(|it| it.data_type.scalar());
    let maker = match scalar {
        Some(Scalar::Text | Scalar::Varchar) => {
            MakerToml::new("phrase").with("of", format!("{{{a}}}"))
        }
        Some(Scalar::Int2 | Scalar::Int4 | Scalar::Int8) => {
            MakerToml::new("formula").with("of", a).with("scale", 0_i64)
        }
        _ => return false,
    };
    if model
        .column(a)
        .is_some_and(|it| it.maker.make == "reference")
        || leads_to(model, a, b, 0)
    {
        return false;
    }
    replace(model, b, maker);
    true
}
