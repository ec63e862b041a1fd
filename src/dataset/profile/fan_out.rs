//! The profile of a reference: how many rows refer to each other row, and in which order they lie.

use crate::dataset::draw::Chance;
use crate::dataset::makers::references::{Earlier, Measured, Pick, Reach, Reference, Root};
use crate::dataset::measured::MeasuredShape;
use crate::dataset::profile::ColumnProfile;
use crate::dataset::spread::SpreadShape;

/// The keys that a reference takes.
const KEYS: &[&str] = &[
    "null",
    "shares",
    "ranks",
    "counts",
    "quantiles",
    "correlation",
];

/// Whether a column's values never repeat, which decides how many rows refer to each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeats {
    /// They may.
    Allowed,
    /// They don't: the column alone is unique.
    Never,
}

/// Gives a reference the counts and the order of its profile; `null` is the column's, which they take over where the NULLs
/// are counted, too.
pub fn apply(
    reference: &mut Reference,
    profile: &ColumnProfile,
    null: &mut Chance,
    repeats: Repeats,
) -> Result<(), String> {
    if let Some(key) = profile.keys().find(|it| !KEYS.contains(it)) {
        return Err(format!(
            "`{key}` is not for references, whose values are those of other rows; `counts` says how many rows refer to \
             each; take `{key}` away"
        ));
    }
    let shape = shape(profile)?;
    match &mut reference.pick {
        _ if repeats == Repeats::Never => {}
        Pick::Spread(own) if shape != SpreadShape::Even => *own = shape,
        Pick::Spread(_) => {}
        Pick::Any(None) => {
            reference.pick = measured(profile, shape, null.probability(), Reach::All);
            *null = Chance::NEVER;
        }
        // Rows that refer to none are the profile's, if it counts them.
        Pick::Earlier(Earlier {
            roots,
            root: Root::Null,
            depth: None,
        }) => {
            let share = match profile.null {
                Some(_) => null.probability(),
                None => roots.probability(),
            };
            reference.pick = measured(profile, shape, share, Reach::Before);
            *null = Chance::NEVER;
        }
        other => {
            let key = profile.keys().find(|it| *it != "null").unwrap_or("counts");
            return Err(format!(
                "`{key}` needs a reference that may pick any row, and this one has `{}`; take one of the two away",
                decides(other)
            ));
        }
    }
    Ok(())
}

fn measured(profile: &ColumnProfile, shape: SpreadShape, null: f64, reach: Reach) -> Pick {
    Pick::Measured(Measured {
        shape,
        correlation: profile.correlation.unwrap_or(0.0),
        null,
        reach,
    })
}

/// How many rows refer to each other row.
fn shape(profile: &ColumnProfile) -> Result<SpreadShape, String> {
    if profile.counts.is_empty() && profile.shares.is_empty() && profile.quantiles.is_empty() {
        return Ok(SpreadShape::Even);
    }
    if profile.ranks.len() < profile.shares.len() {
        return Err(
            "the `shares` of a reference need `ranks`: where the parents that have them lie among all, from 0 to 1"
                .into(),
        );
    }
    let filled = (1.0 - profile.null.unwrap_or(0.0)).max(f64::EPSILON);
    let shares = profile.shares.iter().map(|it| it / filled);
    let shape = MeasuredShape::of(&profile.counts)
        .with_hot(shares.zip(profile.ranks.iter().copied()))
        .with_quantiles(&profile.quantiles);
    Ok(SpreadShape::Measured(shape.into()))
}

/// The key that decides which rows a reference picks.
fn decides(pick: &Pick) -> &'static str {
    match pick {
        Pick::Any(_) => "hot",
        Pick::Spread(_) | Pick::Measured(_) => "spread",
        Pick::Earlier(_) => "earlier",
        Pick::Same(_) => "same",
        Pick::OtherThan(_) => "other-than",
        Pick::Half(_) => "half",
    }
}
