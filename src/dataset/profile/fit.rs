//! Which makers take which keys of a profile.

use crate::dataset::distribution::Range;
use crate::dataset::makers::{Maker, MakerSpec};
use crate::dataset::profile::bounds::in_units;
use crate::dataset::profile::{ColumnProfile, Distinct};
use crate::dataset::spec::ColumnSpec;
use crate::dataset::values::{Prose, Values as Texts};

/// How a maker's values can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Values {
    /// Not by an index.
    WithoutIndex,
    /// By an index that says nothing of their order.
    Indexed,
    /// By an index that follows their order.
    Ordered,
}

fn values(maker: &Maker) -> Values {
    match maker {
        Maker::Integer(_)
        | Maker::Cents(_)
        | Maker::Decimal(_)
        | Maker::Date(_)
        | Maker::Timestamp(_)
        | Maker::Rising(_)
        | Maker::Time(_)
        | Maker::Interval(_)
        | Maker::Boolean(_)
        | Maker::Number(_)
        | Maker::Word(_)
        | Maker::Fake(_)
        | Maker::Hex(_)
        | Maker::Ranked(_) => Values::Ordered,
        Maker::Phrase(phrase) if phrase.texts().is_some() => Values::Ordered,
        Maker::Values(values) if values.domain() > 0 => Values::Indexed,
        _ => Values::WithoutIndex,
    }
}

/// Gives a column's maker the profile's bounds and width. What its values are is known.
pub fn apply(column: &mut ColumnSpec) -> Result<(), String> {
    let kind = column.kind;
    if let Maker::Ranked(ranked) = &mut column.maker {
        let profile = column.profile.get_or_insert_default();
        profile.distinct = profile.distinct.or(Some(Distinct::PerRow(1.0)));
        ranked.set_lengths(profile.text_bytes(), column.text.max_length);
    }
    let Some(profile) = &column.profile else {
        return Ok(());
    };
    if !profile.bounds.is_empty() {
        let bounds = in_units(&profile.bounds, kind)?;
        let range = range(&mut column.maker).ok_or(
            "`bounds` are for `integer`, `cents`, `decimal`, `date`, `timestamp`, `time` and `interval`; write one of these, or \
             take `bounds` away",
        )?;
        *range = within(bounds, range, &profile.bounds)?;
    }
    match profile.text_bytes() {
        Some(bytes) => set_width(&mut column.maker, bytes, profile.draws_values()),
        None => Ok(()),
    }
}

/// The range of a maker that draws from one.
fn range(maker: &mut Maker) -> Option<&mut Range> {
    match maker {
        Maker::Integer(integer) => Some(&mut integer.0),
        Maker::Cents(cents) => Some(&mut cents.0),
        Maker::Decimal(decimal) => Some(&mut decimal.units),
        Maker::Date(date) => Some(&mut date.0),
        Maker::Timestamp(timestamp) => Some(&mut timestamp.0),
        Maker::Time(time) => Some(&mut time.0),
        Maker::Interval(interval) => Some(&mut interval.0),
        _ => None,
    }
}

/// A histogram within a range, which may be that of a constraint.
fn within(bounds: Vec<i64>, range: &Range, written: &[String]) -> Result<Range, String> {
    let (min, max) = range.bounds();
    match bounds.iter().position(|it| !(min..=max).contains(it)) {
        Some(outside) => Err(format!(
            "the bound `{}` is outside of `min` and `max`; widen these, or leave it out",
            written[outside]
        )),
        None => Ok(Range::Histogram(bounds)),
    }
}

fn set_width(maker: &mut Maker, bytes: f64, with_index: bool) -> Result<(), String> {
    match maker {
        Maker::Values(Texts::Prose(prose)) => *prose = Prose::of_bytes(bytes, with_index),
        Maker::Values(Texts::Code(code)) => *code = code.of_length(bytes),
        Maker::Ranked(ranked) if ranked.has_lengths() => {}
        _ => {
            return Err(
                "`width` is for `text`, `code` and texts of `ranked`; write one of these, or take `width` away".into(),
            );
        }
    }
    Ok(())
}

/// Refuses what a column's maker cannot follow.
pub fn ensure_fits(column: &ColumnSpec) -> Result<(), String> {
    let Some(profile) = &column.profile else {
        return Ok(());
    };
    if !profile.counts.is_empty() {
        return Err(
            "`counts` says how many rows refer to each other row; write make = \"reference\", or take `counts` away".into(),
        );
    }
    let drawn = |key: &&str| ["distinct", "shares", "ranks", "correlation", "given"].contains(key);
    let in_order = |key: &&str| ["ranks", "correlation"].contains(key);
    let values = values(&column.maker);
    if let (Values::WithoutIndex, Some(key)) = (values, profile.keys().find(drawn)) {
        return Err(format!(
            "`{key}` needs a maker whose values are numbered, such as `integer`, `one-of`, `word`, `text` or `ranked`; \
             write one of these, or take `{key}` away"
        ));
    }
    if let (Values::Indexed, Some(key)) = (values, profile.keys().find(in_order)) {
        return Err(format!(
            "`{key}` is about the order of its values, and its maker's have none that is known; write make = \"ranked\", \
             or take `{key}` away"
        ));
    }
    ensure_enough_values(column, profile)
}

fn ensure_enough_values(column: &ColumnSpec, profile: &ColumnProfile) -> Result<(), String> {
    let spec = column.maker.spec();
    let has = match spec.texts() {
        Some(texts) => texts.len() as u128,
        None => spec.domain(),
    };
    let asked = match profile.distinct {
        Some(Distinct::Count(count)) => count.into(),
        _ => profile.shares.len() as u128,
    };
    match has {
        1.. if asked > has => Err(format!(
            "it is to have {asked} distinct values, and its maker has {has}; lower `distinct` or `shares`, or give it a \
             maker with more"
        )),
        _ => Ok(()),
    }
}
