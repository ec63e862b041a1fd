//! Values that follow from a row's place among those that refer to the same row: the number of an order's line, a flag for
//! the first.

use anyhow::{Result, bail};

use crate::dataset::document::{Section, TomlValue};
use crate::dataset::makers::numbers::{Flag, Sequence, chance};
use crate::dataset::makers::references::{Pick, Reference};
use crate::dataset::makers::{
    KindOf, Maker, MakerScope, MakerSpec, Needed, ensure_has_parent, sibling,
};
use crate::dataset::spec::Kind;
use crate::dataset::spread::SpreadShape;
use crate::dataset::tables::Siblings;

/// A value by a row's place among those of a reference.
#[derive(Debug)]
pub struct Placed {
    /// The position of the reference among the columns.
    pub reference: usize,
    /// What the place makes.
    pub value: PlacedValue,
}

/// What a place makes.
#[derive(Debug, Clone)]
pub enum PlacedValue {
    /// True for the first.
    IsFirst,
    /// A number that counts.
    Number(Sequence),
}

/// Reads `make = "sequence"`.
pub fn sequence(section: &Section, scope: &MakerScope) -> Result<Maker> {
    let number = |key| section.get(key).map_or(Ok(1), |value| value.integer());
    let (start, step) = (number("start")?, number("step")?);
    if step == 0 {
        bail!(section.error("`step` is 0; one number for all rows is `make = \"value\"`"));
    }
    let sequence = Sequence { start, step };
    match section.get("within") {
        Some(by) => placed(&by, PlacedValue::Number(sequence), scope),
        None => Ok(Maker::Sequence(sequence)),
    }
}

/// Reads `make = "flag"`.
pub fn flag(section: &Section, scope: &MakerScope) -> Result<Maker> {
    if let Some(of) = section.get("of") {
        return placed(&of, PlacedValue::IsFirst, scope);
    }
    ensure_has_parent(section, scope, "flag")?;
    Ok(Maker::Flag(Flag(chance(section, "chance", 1.0)?)))
}

/// Reads the name of the reference.
fn placed(by: &TomlValue, value: PlacedValue, scope: &MakerScope) -> Result<Maker> {
    Ok(Maker::Placed(Placed {
        reference: sibling(by, scope)?,
        value,
    }))
}

impl Placed {
    /// Whether it is true or false.
    pub fn is_flag(&self) -> bool {
        matches!(self.value, PlacedValue::IsFirst)
    }

    /// How the reference spreads its rows, and over which table's.
    pub fn spread<'a>(&self, maker: &'a Maker) -> Option<(usize, &'a SpreadShape)> {
        match maker {
            Maker::Reference(Reference {
                table,
                pick: Pick::Spread(shape),
                ..
            }) => Some((*table, shape)),
            _ => None,
        }
    }
}

impl MakerSpec for Placed {
    fn kind(&self) -> KindOf {
        KindOf::Is(match self.value {
            PlacedValue::IsFirst => Kind::Boolean,
            PlacedValue::Number(_) => Kind::Integer,
        })
    }

    fn bounds(&self, of: &dyn Fn(Needed) -> Option<(i64, i64)>) -> Option<(i64, i64)> {
        match &self.value {
            PlacedValue::IsFirst => Some((0, 1)),
            PlacedValue::Number(sequence) => sequence.bounds(of),
        }
    }

    fn ensure_fits(&self, siblings: &Siblings) -> Result<(), String> {
        let name = siblings.name(self.reference);
        let does = match self.value {
            PlacedValue::IsFirst => "`flag` marks the first of",
            PlacedValue::Number(_) => "`within` counts",
        };
        match self.spread(siblings.maker(self.reference)) {
            Some(_) => Ok(()),
            None => Err(format!(
                "{does} the rows that refer to the same one; give `{name}` spread = \"even\" or \"skewed\""
            )),
        }
    }
}
