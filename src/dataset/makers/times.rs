//! Dates and times: drawn from a range, or after a sibling's.

use anyhow::{Result, bail};

use crate::dataset::calendar::{DAY, LAST_DAY};
use crate::dataset::distribution::Range;
use crate::dataset::document::Section;
use crate::dataset::makers::{KindOf, Maker, MakerScope, MakerSpec, Needed, sibling};
use crate::dataset::ranges::{self, range, timestamps, whole};
use crate::dataset::spec::Kind;
use crate::dataset::tables::Siblings;

/// Days since 1970-01-01.
#[derive(Debug)]
pub struct Date(pub Range);

/// Reads `make = "date"`.
pub fn date(section: &Section, _: &MakerScope) -> Result<Maker> {
    let days = range(section, ranges::date)?;
    Ok(match is_rising(section)? {
        true => rising(Kind::Date, &days),
        false => Maker::Date(Date(days)),
    })
}

impl MakerSpec for Date {
    fn kind(&self) -> KindOf {
        KindOf::Is(Kind::Date)
    }

    fn bounds(&self, _: &dyn Fn(Needed) -> Option<(i64, i64)>) -> Option<(i64, i64)> {
        Some(self.0.bounds())
    }

    fn domain(&self) -> u128 {
        self.0.domain()
    }
}

/// Seconds since 1970-01-01 00:00 UTC.
#[derive(Debug)]
pub struct Timestamp(pub Range);

/// Reads `make = "timestamp"`.
pub fn timestamp(section: &Section, _: &MakerScope) -> Result<Maker> {
    let seconds = timestamps(section)?;
    Ok(match is_rising(section)? {
        true => rising(Kind::Timestamp, &seconds),
        false => Maker::Timestamp(Timestamp(seconds)),
    })
}

impl MakerSpec for Timestamp {
    fn kind(&self) -> KindOf {
        KindOf::Is(Kind::Timestamp)
    }

    fn bounds(&self, _: &dyn Fn(Needed) -> Option<(i64, i64)>) -> Option<(i64, i64)> {
        Some(self.0.bounds())
    }

    fn domain(&self) -> u128 {
        self.0.domain()
    }
}

/// A date or timestamp that is never before that of the row before: the first row's is near `min`, the last one's near
/// `max`, however many there are.
#[derive(Debug, Clone)]
pub struct Rising {
    /// Which of both.
    pub kind: Kind,
    /// The earliest.
    pub min: i64,
    /// The latest.
    pub max: i64,
}

fn is_rising(section: &Section) -> Result<bool> {
    section
        .get("rising")
        .map_or(Ok(false), |value| value.boolean())
}

fn rising(kind: Kind, range: &Range) -> Maker {
    let (min, max) = range.bounds();
    Maker::Rising(Rising { kind, min, max })
}

impl MakerSpec for Rising {
    fn kind(&self) -> KindOf {
        KindOf::Is(self.kind)
    }

    fn bounds(&self, _: &dyn Fn(Needed) -> Option<(i64, i64)>) -> Option<(i64, i64)> {
        Some((self.min, self.max))
    }

    fn domain(&self) -> u128 {
        u128::from(self.min.abs_diff(self.max)) + 1
    }
}

/// Seconds since midnight.
#[derive(Debug)]
pub struct Time(pub Range);

/// Reads `make = "time"`: of the whole day, unless it says otherwise.
pub fn time(section: &Section, _: &MakerScope) -> Result<Maker> {
    let bound = |key, default| {
        section
            .get(key)
            .map_or(Ok(default), |value| ranges::time(&value))
    };
    let (min, max) = (bound("min", 0)?, bound("max", DAY - 1)?);
    if min > max {
        bail!(section.error("`max` is before `min`"));
    }
    Ok(Maker::Time(Time(Range::Uniform { min, max })))
}

impl MakerSpec for Time {
    fn kind(&self) -> KindOf {
        KindOf::Is(Kind::Time)
    }

    fn bounds(&self, _: &dyn Fn(Needed) -> Option<(i64, i64)>) -> Option<(i64, i64)> {
        Some(self.0.bounds())
    }

    fn domain(&self) -> u128 {
        self.0.domain()
    }
}

/// Seconds, not negative.
#[derive(Debug)]
pub struct Interval(pub Range);

/// Reads `make = "interval"`.
pub fn interval(section: &Section, _: &MakerScope) -> Result<Maker> {
    /// `interval` has 32 bits for days.
    const LONGEST: i64 = (1 << 31) - 1;
    let range = range(section, whole)?;
    let (min, max) = range.bounds();
    if min < 0 || max / DAY > LONGEST {
        bail!(section.error("`min` and `max` are seconds: from 0 to 2,147,483,647 days"));
    }
    Ok(Maker::Interval(Interval(range)))
}

impl MakerSpec for Interval {
    fn kind(&self) -> KindOf {
        KindOf::Is(Kind::Interval)
    }

    fn bounds(&self, _: &dyn Fn(Needed) -> Option<(i64, i64)>) -> Option<(i64, i64)> {
        Some(self.0.bounds())
    }

    fn domain(&self) -> u128 {
        self.0.domain()
    }
}

/// A date or timestamp after that of a sibling column, so many days or seconds later.
#[derive(Debug)]
pub struct After {
    /// The sibling's position.
    pub column: usize,
    /// How much later.
    pub later: Range,
    /// What its values are; `None`: what the sibling's are.
    pub kind: Option<Kind>,
}

/// A day as its first second, a second as its day.
pub fn as_kind(number: i64, from: Kind, to: Kind) -> i64 {
    match (from, to) {
        (Kind::Date, Kind::Timestamp) => number.saturating_mul(DAY),
        (Kind::Timestamp, Kind::Date) => number.div_euclid(DAY),
        _ => number,
    }
}

/// Reads `make = "after"`.
pub fn after(section: &Section, scope: &MakerScope) -> Result<Maker> {
    let column = sibling(&section.need("of")?, scope)?;
    let later = range(section, whole)?;
    if later.bounds().0 < 0 {
        bail!(section.error("`min` is below 0: that would be before it, not after"));
    }
    let kinds = [("date", Kind::Date), ("timestamp", Kind::Timestamp)];
    let kind = section.get("as");
    Ok(Maker::After(After {
        column,
        later,
        kind: kind.map(|it| it.one_of("kind", &kinds)).transpose()?,
    }))
}

impl After {
    /// The earliest and the latest, by the sibling's kind and its own.
    pub fn bounds_in(&self, siblings: &Siblings) -> Option<(i64, i64)> {
        let ((low, high), (least, most)) = (siblings.bounds(self.column)?, self.later.bounds());
        let from = siblings.kind(self.column);
        let at = |number| as_kind(number, from, self.kind.unwrap_or(from));
        Some((at(low).saturating_add(least), at(high).saturating_add(most)))
    }
}

impl MakerSpec for After {
    fn kind(&self) -> KindOf {
        match self.kind {
            Some(kind) => KindOf::Is(kind),
            None => KindOf::Like(Needed::Sibling(self.column)),
        }
    }

    fn needs(&self, each: &mut dyn FnMut(Needed)) {
        each(Needed::Sibling(self.column));
    }

    /// A date after another must be one of four digits' years.
    fn ensure_fits(&self, siblings: &Siblings) -> Result<(), String> {
        let from = siblings.kind(self.column);
        if !matches!(from, Kind::Date | Kind::Timestamp) {
            return Err(format!(
                "`after` needs a date or timestamp, and `{}` is none",
                siblings.name(self.column)
            ));
        }
        let kind = self.kind.unwrap_or(from);
        let last = match kind {
            Kind::Date => LAST_DAY,
            _ => (LAST_DAY + 1) * DAY - 1,
        };
        let greatest = siblings.bounds(self.column);
        match greatest.map(|(_, greatest)| as_kind(greatest, from, kind)) {
            Some(greatest) if greatest.saturating_add(self.later.bounds().1) > last => Err(
                "it may fall behind 9999-12-31, the last date that can be written; lower `max`"
                    .into(),
            ),
            _ => Ok(()),
        }
    }
}
