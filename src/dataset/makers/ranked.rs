//! Values whose order is that of their numbers, and values drawn from a histogram: what a column gets of whose values
//! nothing is known but their statistics.

mod elements;

use anyhow::{Result, bail};

pub use elements::{Elements, Form};

use crate::dataset::calendar::{DAY, LAST_DAY};
use crate::dataset::distribution::Range;
use crate::dataset::document::{Section, TomlValue};
use crate::dataset::makers::numbers::{Cents, Decimal, Integer};
use crate::dataset::makers::times::{Date, Interval, Time, Timestamp};
use crate::dataset::makers::{KindOf, Maker, MakerScope, MakerSpec, Needed};
use crate::dataset::profile::bounds::in_units;
use crate::dataset::profile::read::bounds;
use crate::dataset::ranges;
use crate::dataset::spec::Kind;

/// Values in the order of their numbers, which count from 0.
#[derive(Debug, Clone)]
pub enum Ranked {
    /// The first, and a step from each to the next.
    Number(Steps),
    /// Letters.
    Text(Lengths),
    /// Bytes.
    Bytes(Lengths),
    /// uuids.
    Uuid,
    /// Addresses.
    Inet,
    /// Several elements.
    List(Elements, Lengths),
}

/// Numbers that rise by a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Steps {
    /// What they are.
    pub kind: Kind,
    /// The first.
    pub min: i64,
    /// None is above it.
    pub max: i64,
    /// At least 1.
    pub step: i64,
}

/// How long texts are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lengths {
    /// In the mean, where it isn't left open.
    pub mean: Option<f64>,
    /// At most.
    pub most: Option<u32>,
}

/// What a ranked column is, by its name in a dataset.
#[derive(Debug, Clone, Copy)]
enum As {
    Number(Kind),
    Decimal,
    Text,
    Bytes,
    Uuid,
    Inet,
    List(Form),
}

const TYPES: &[(&str, As)] = &[
    ("integer", As::Number(Kind::Integer)),
    ("cents", As::Number(Kind::Cents)),
    ("decimal", As::Decimal),
    ("date", As::Number(Kind::Date)),
    ("timestamp", As::Number(Kind::Timestamp)),
    ("time", As::Number(Kind::Time)),
    ("interval", As::Number(Kind::Interval)),
    ("text", As::Text),
    ("uuid", As::Uuid),
    ("bytea", As::Bytes),
    ("inet", As::Inet),
    ("array", As::List(Form::Texts)),
    ("tsvector", As::List(Form::Words)),
    ("json", As::List(Form::Json)),
];

/// Reads `make = "ranked"`.
pub fn ranked(section: &Section, _: &MakerScope) -> Result<Maker> {
    let open = Lengths {
        mean: None,
        most: None,
    };
    Ok(Maker::Ranked(
        match section.need("as")?.one_of("type", TYPES)? {
            As::Number(kind) => Ranked::Number(steps(section, kind)?),
            As::Decimal => Ranked::Number(steps(
                section,
                Kind::Decimal(ranges::scale(section, 2, 18)?),
            )?),
            As::Text => Ranked::Text(open),
            As::Bytes => Ranked::Bytes(open),
            As::Uuid => Ranked::Uuid,
            As::Inet => Ranked::Inet,
            As::List(form) => Ranked::List(Elements::read(section, form)?, open),
        },
    ))
}

/// Reads `min`, `max` and `step`.
fn steps(section: &Section, kind: Kind) -> Result<Steps> {
    let min = match section.get("min") {
        Some(value) => number(&value, kind)?,
        None => first(kind),
    };
    let step = match (section.get("step"), kind) {
        (None, _) => 1,
        (Some(value), Kind::Cents | Kind::Decimal(_)) => number(&value, kind)?,
        (Some(value), _) => value.integer()?,
    };
    if step < 1 {
        bail!(section.error("`step` must be above 0: values rise with their numbers"));
    }
    let max = match section.get("max") {
        Some(value) => {
            let max = number(&value, kind)?;
            if max < min {
                bail!(value.error("`max` is below `min`; write a greater one"));
            }
            max.min(last(kind))
        }
        None => last(kind),
    };
    Ok(Steps {
        kind,
        min,
        max,
        step,
    })
}

/// A value of a kind as bounds are written.
fn number(value: &TomlValue, kind: Kind) -> Result<i64> {
    let number = in_units(&[value.as_written()], kind).map_err(|why| value.error(why))?;
    Ok(number[0])
}

/// The first value where nothing else is said.
fn first(kind: Kind) -> i64 {
    /// 2020-01-01.
    const DATE: i64 = 18_262;
    match kind {
        Kind::Date => DATE,
        Kind::Timestamp => DATE * DAY,
        Kind::Time => 0,
        _ => 1,
    }
}

/// The greatest value that can be written.
fn last(kind: Kind) -> i64 {
    match kind {
        Kind::Date => LAST_DAY,
        Kind::Timestamp => (LAST_DAY + 1) * DAY - 1,
        Kind::Time => DAY - 1,
        _ => 1 << 60,
    }
}

/// Reads `make = "histogram"`: the maker of the kind, between the bounds.
pub fn histogram(section: &Section, _: &MakerScope) -> Result<Maker> {
    let value = section.need("as")?;
    let kind =
        match value.one_of("type", TYPES)? {
            As::Number(kind) => kind,
            As::Decimal => Kind::Decimal(ranges::scale(section, 2, 18)?),
            As::Text | As::Bytes | As::Uuid | As::Inet | As::List(_) => {
                bail!(value.error(
                    "`bounds` are those of numbers, dates and times; write `make = \"ranked\"`"
                ))
            }
        };
    let list = section.need("bounds")?;
    let bounds = in_units(&bounds(&list)?, kind).map_err(|why| list.error(why))?;
    let range = Range::Histogram(bounds);
    Ok(match kind {
        Kind::Cents => Maker::Cents(Cents(range)),
        Kind::Decimal(scale) => Maker::Decimal(Decimal {
            units: range,
            scale,
        }),
        Kind::Date => Maker::Date(Date(range)),
        Kind::Timestamp => Maker::Timestamp(Timestamp(range)),
        Kind::Time => Maker::Time(Time(range)),
        Kind::Interval => Maker::Interval(Interval(range)),
        _ => Maker::Integer(Integer(range)),
    })
}

impl Steps {
    /// The value with a number.
    #[inline]
    pub fn at(self, number: u64) -> i64 {
        let steps = i64::try_from(number).unwrap_or(i64::MAX);
        self.min.saturating_add(steps.saturating_mul(self.step))
    }
}

/// Letters are consonants and vowels in turn, so that no language sorts two of them as one: so many pairs there are.
pub const SYLLABLES: u64 = (CONSONANTS.len() * VOWELS.len()) as u64;
/// In their order.
pub const CONSONANTS: &[u8; 14] = b"bcdfghklmnprst";
/// In their order.
pub const VOWELS: &[u8; 5] = b"aeiou";

impl Ranked {
    /// Whether its values have a length.
    pub fn has_lengths(&self) -> bool {
        matches!(self, Ranked::Text(_) | Ranked::Bytes(_) | Ranked::List(..))
    }

    /// Sets how long texts are, in the mean and at most.
    pub fn set_lengths(&mut self, mean: Option<f64>, most: Option<u32>) {
        if let Ranked::Text(lengths) | Ranked::Bytes(lengths) | Ranked::List(_, lengths) = self {
            *lengths = Lengths { mean, most };
        }
    }
}

impl MakerSpec for Ranked {
    fn kind(&self) -> KindOf {
        KindOf::Is(match self {
            Ranked::Number(steps) => steps.kind,
            Ranked::Text(_) => Kind::Text,
            Ranked::Uuid => Kind::Uuid,
            Ranked::Bytes(_) | Ranked::Inet | Ranked::List(..) => Kind::Literal,
        })
    }

    fn bounds(&self, _: &dyn Fn(Needed) -> Option<(i64, i64)>) -> Option<(i64, i64)> {
        match self {
            Ranked::Number(steps) => Some((steps.min, steps.max)),
            _ => None,
        }
    }

    fn domain(&self) -> u128 {
        match self {
            Ranked::Number(steps) => {
                let span = i128::from(steps.max) - i128::from(steps.min);
                (span.max(0) / i128::from(steps.step)).unsigned_abs() + 1
            }
            Ranked::Text(lengths) => 26u128.saturating_pow(lengths.most.unwrap_or(12).min(12)),
            Ranked::Bytes(_) => u64::MAX.into(),
            // Numbers of elements stay within an integer.
            Ranked::List(..) => 1 << 30,
            // The bits before a uuid's version.
            Ranked::Uuid => 1 << 48,
            // 10.0.0.0/8 without the network's own address and the broadcast address.
            Ranked::Inet => (1 << 24) - 2,
        }
    }

    fn longest(&self) -> Option<u32> {
        match self {
            Ranked::Text(lengths) => lengths.most,
            _ => None,
        }
    }
}
