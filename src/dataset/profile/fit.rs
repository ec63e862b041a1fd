//! Which makers take which keys of a profile.

use crate::dataset::makers::{Maker, MakerSpec};
use crate::dataset::profile::{ColumnProfile, Distinct};
use crate::dataset::spec::ColumnSpec;

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
        | Maker::Hex(_) => Values::Ordered,
        Maker::Phrase(phrase) if phrase.texts().is_some() => Values::Ordered,
        Maker::Values(values) if values.domain() > 0 => Values::Indexed,
        _ => Values::WithoutIndex,
    }
}

/// Makes a column's maker one that has the profile's bounds and width.
pub fn apply(_column: &mut ColumnSpec) -> Result<(), String> {
    Ok(())
}

/// Refuses what a column's maker cannot follow.
pub fn ensure_fits(column: &ColumnSpec) -> Result<(), String> {
    let Some(profile) = &column.profile else {
        return Ok(());
    };
    let drawn = |key: &&str| ["distinct", "shares", "ranks", "correlation"].contains(key);
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
