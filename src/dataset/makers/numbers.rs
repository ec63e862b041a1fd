//! Numbers: drawn from a range or a list, below a sibling's, true or false.

use std::collections::BTreeMap;

use anyhow::{Result, bail};

use crate::dataset::distribution::{Range, Weights};
use crate::dataset::document::{Section, TomlValue};
use crate::dataset::draw::Chance;
use crate::dataset::makers::{KindOf, Maker, MakerScope, MakerSpec, Needed, RowFacts, sibling};
use crate::dataset::ranges::{self, range};
use crate::dataset::spec::Kind;
use crate::dataset::tables::Siblings;

/// A whole number.
#[derive(Debug)]
pub struct Integer(pub Range);

/// Reads `make = "integer"`.
pub fn integer(section: &Section, _: &MakerScope) -> Result<Maker> {
    Ok(Maker::Integer(Integer(range(section, ranges::whole)?)))
}

impl MakerSpec for Integer {
    fn kind(&self) -> KindOf {
        KindOf::Is(Kind::Integer)
    }

    fn bounds(&self, _: &dyn Fn(Needed) -> Option<(i64, i64)>) -> Option<(i64, i64)> {
        Some(self.0.bounds())
    }

    fn domain(&self) -> u128 {
        self.0.domain()
    }

    fn is_shaped(&self) -> bool {
        self.0.is_shaped()
    }
}

/// Hundredths, written with two decimals.
#[derive(Debug)]
pub struct Cents(pub Range);

/// Reads `make = "cents"`.
pub fn cents(section: &Section, _: &MakerScope) -> Result<Maker> {
    Ok(Maker::Cents(Cents(range(section, ranges::cents)?)))
}

impl MakerSpec for Cents {
    fn kind(&self) -> KindOf {
        KindOf::Is(Kind::Cents)
    }

    fn bounds(&self, _: &dyn Fn(Needed) -> Option<(i64, i64)>) -> Option<(i64, i64)> {
        Some(self.0.bounds())
    }

    fn domain(&self) -> u128 {
        self.0.domain()
    }

    fn is_shaped(&self) -> bool {
        self.0.is_shaped()
    }
}

/// Units of the last of so many decimals.
#[derive(Debug)]
pub struct Decimal {
    /// The units.
    pub units: Range,
    /// How many decimals, 18 at most.
    pub scale: u8,
}

/// Reads `make = "decimal"`.
pub fn decimal(section: &Section, _: &MakerScope) -> Result<Maker> {
    read_decimal(section, 2)
}

/// Reads `make = "float"`: a number with six decimals, unless it says otherwise.
pub fn float(section: &Section, _: &MakerScope) -> Result<Maker> {
    read_decimal(section, 6)
}

fn read_decimal(section: &Section, scale: u8) -> Result<Maker> {
    let scale = ranges::scale(section, scale, 18)?;
    let units = range(section, |value| ranges::decimal(value, scale))?;
    Ok(Maker::Decimal(Decimal { units, scale }))
}

impl MakerSpec for Decimal {
    fn kind(&self) -> KindOf {
        KindOf::Is(Kind::Decimal(self.scale))
    }

    fn bounds(&self, _: &dyn Fn(Needed) -> Option<(i64, i64)>) -> Option<(i64, i64)> {
        Some(self.units.bounds())
    }

    fn is_shaped(&self) -> bool {
        self.units.is_shaped()
    }

    fn domain(&self) -> u128 {
        self.units.domain()
    }
}

/// A number that rises, or falls, by the same step from row to row.
#[derive(Debug, Clone)]
pub struct Sequence {
    /// The first row's.
    pub start: i64,
    /// From one row to the next, not 0.
    pub step: i64,
}

impl Sequence {
    /// A row's number.
    #[inline]
    pub fn of_row(&self, row: u64) -> i64 {
        let steps = row.saturating_sub(1).cast_signed();
        self.start.saturating_add(steps.saturating_mul(self.step))
    }
}

impl MakerSpec for Sequence {
    fn is_row_number(&self) -> bool {
        self.start >= 0 && self.step > 0
    }

    fn kind(&self) -> KindOf {
        KindOf::Is(Kind::Integer)
    }

    fn bounds(&self, _: &dyn Fn(Needed) -> Option<(i64, i64)>) -> Option<(i64, i64)> {
        Some(match self.step {
            1.. => (self.start, i64::MAX),
            _ => (i64::MIN, self.start),
        })
    }

    fn is_distinct(&self, _: &Siblings) -> bool {
        true
    }
}

/// True with this probability.
#[derive(Debug)]
pub struct Boolean(pub Chance);

/// Reads `make = "boolean"`.
pub fn boolean(section: &Section, _: &MakerScope) -> Result<Maker> {
    Ok(Maker::Boolean(Boolean(chance(section, "chance", 0.5)?)))
}

impl MakerSpec for Boolean {
    fn kind(&self) -> KindOf {
        KindOf::Is(Kind::Boolean)
    }

    fn bounds(&self, _: &dyn Fn(Needed) -> Option<(i64, i64)>) -> Option<(i64, i64)> {
        Some((0, 1))
    }

    fn domain(&self) -> u128 {
        2
    }
}

/// 1 for at most one of a parent's children, 0 for the others; the chance is that there is one.
#[derive(Debug)]
pub struct Flag(pub Chance);

impl MakerSpec for Flag {
    fn kind(&self) -> KindOf {
        KindOf::Is(Kind::Integer)
    }

    fn row_facts(&self) -> RowFacts {
        RowFacts::Place
    }

    fn bounds(&self, _: &dyn Fn(Needed) -> Option<(i64, i64)>) -> Option<(i64, i64)> {
        Some((0, 1))
    }
}

/// One of a list of whole numbers.
#[derive(Debug)]
pub struct Number {
    /// The numbers.
    pub values: Vec<i64>,
    /// How likely each is.
    pub weights: Weights,
}

impl Number {
    /// The numbers in their order without repeats, each with the share of the rows that it has.
    pub fn in_order(&self) -> (Vec<i64>, Weights) {
        let mut numbers: BTreeMap<i64, f64> = BTreeMap::new();
        for (value, share) in self.values.iter().zip(self.weights.shares()) {
            *numbers.entry(*value).or_default() += share;
        }
        let weights: Vec<f64> = numbers.values().copied().collect();
        (numbers.into_keys().collect(), Weights::new(&weights))
    }

    /// The numbers without repeats.
    pub fn distinct(&self) -> Vec<i64> {
        let mut distinct: Vec<i64> = Vec::new();
        for value in &self.values {
            if !distinct.contains(value) {
                distinct.push(*value);
            }
        }
        distinct
    }
}

impl MakerSpec for Number {
    fn kind(&self) -> KindOf {
        KindOf::Is(Kind::Integer)
    }

    fn bounds(&self, _: &dyn Fn(Needed) -> Option<(i64, i64)>) -> Option<(i64, i64)> {
        Some((*self.values.iter().min()?, *self.values.iter().max()?))
    }

    fn domain(&self) -> u128 {
        self.distinct().len() as u128
    }

    fn is_shaped(&self) -> bool {
        !self.weights.are_even()
    }
}

/// A number below that of a sibling column, between two shares of it in millionths.
#[derive(Debug)]
pub struct Below {
    /// The sibling's position.
    pub column: usize,
    /// The least share.
    pub from: u64,
    /// The greatest share.
    pub to: u64,
}

/// Reads `make = "below"`.
pub fn below(section: &Section, scope: &MakerScope) -> Result<Maker> {
    let column = sibling(&section.need("of")?, scope)?;
    let from = section
        .get("from")
        .map_or(Ok(0.0), |value| value.probability())?;
    let to = section
        .get("to")
        .map_or(Ok(1.0), |value| value.probability())?;
    if from > to {
        bail!(section.error(format!("`to` is below `from`: {to} < {from}")));
    }
    Ok(Maker::Below(Below {
        column,
        from: millionths(from),
        to: millionths(to),
    }))
}

impl MakerSpec for Below {
    fn kind(&self) -> KindOf {
        KindOf::Like(Needed::Sibling(self.column))
    }

    fn needs(&self, each: &mut dyn FnMut(Needed)) {
        each(Needed::Sibling(self.column));
    }

    /// Refused unless the sibling is above 0.
    fn bounds(&self, of: &dyn Fn(Needed) -> Option<(i64, i64)>) -> Option<(i64, i64)> {
        let (low, high) = of(Needed::Sibling(self.column))?;
        let least = i128::from(low) * i128::from(self.from) / 1_000_000;
        Some((i64::try_from(least).unwrap_or(low).min(low - 1), high - 1))
    }

    /// A number below another must be able to be one.
    fn ensure_fits(&self, siblings: &Siblings) -> Result<(), String> {
        let (name, kind) = (siblings.name(self.column), siblings.kind(self.column));
        if !matches!(kind, Kind::Integer | Kind::Cents | Kind::Decimal(_)) {
            return Err(format!("`below` needs a number, and `{name}` is none"));
        }
        match siblings.bounds(self.column) {
            Some((least @ ..=0, _)) => Err(format!(
                "`below` needs numbers above 0, and `{name}` may be {}",
                written(kind, least)
            )),
            _ => Ok(()),
        }
    }
}

/// A number as the TOML file writes it.
fn written(kind: Kind, number: i64) -> String {
    match kind {
        Kind::Cents => format!("{:.2}", number as f64 / 100.0),
        Kind::Decimal(scale) => {
            let unit = 10u64.pow(scale.into()) as f64;
            format!("{:.*}", usize::from(scale), number as f64 / unit)
        }
        _ => number.to_string(),
    }
}

/// A probability.
pub fn chance(section: &Section, key: &'static str, default: f64) -> Result<Chance> {
    Ok(Chance::new(
        section
            .get(key)
            .map_or(Ok(default), |value| value.probability())?,
    ))
}

/// `weights`, as many as there are values.
pub fn read_weights(section: &Section, count: usize) -> Result<Option<Weights>> {
    let Some(value) = section.get("weights") else {
        return Ok(None);
    };
    let weights = value
        .list()?
        .iter()
        .map(TomlValue::number)
        .collect::<Result<Vec<f64>>>()?;
    if weights.len() != count {
        bail!(value.error(format!(
            "there are {} weights for {count} values",
            weights.len()
        )));
    }
    if weights.iter().any(|&w| w < 0.0) || weights.iter().sum::<f64>() <= 0.0 {
        bail!(value.error("weights must not be negative, nor all zero"));
    }
    Ok(Some(Weights::new(&weights)))
}

/// A share in millionths.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share lies between 0 and 1"
)]
pub fn millionths(share: f64) -> u64 {
    libm::round(share * 1e6) as u64
}
