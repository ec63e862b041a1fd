//! Texts of Postgres' types, and of an alphabet, a regular expression or prose: the keys of `dataset::values`.

use anyhow::{Result, bail};

use crate::dataset::calendar::DAY;
use crate::dataset::document::Section;
use crate::dataset::makers::{KindOf, Maker, MakerScope, MakerSpec};
use crate::dataset::ranges;
use crate::dataset::tables::Siblings;
use crate::dataset::values::code::alphabet;
use crate::dataset::values::network::IpVersion;
use crate::dataset::values::range::Overlap;
use crate::dataset::values::{
    BitString, Bytea, Cidr, Code, Inet, Labels, Lexemes, Macaddr, Pattern, Point, Polygon, Prose,
    RangeOf, RangeValues, Uuid, UuidVersion, Values,
};

impl MakerSpec for Values {
    fn kind(&self) -> KindOf {
        KindOf::Is(Values::kind(self))
    }

    fn domain(&self) -> u128 {
        Values::domain(self)
    }

    fn longest(&self) -> Option<u32> {
        Values::longest(self)
    }

    fn is_distinct(&self, _: &Siblings) -> bool {
        self.is_unique()
    }
}

/// A whole number from `least` to `most`, or a default.
pub fn count(
    section: &Section,
    key: &'static str,
    default: u32,
    least: u32,
    most: u32,
) -> Result<u32> {
    let Some(value) = section.get(key) else {
        return Ok(default);
    };
    match u32::try_from(value.integer()?) {
        Ok(count) if (least..=most).contains(&count) => Ok(count),
        _ => Err(value.error(format!("{least} to {most} are possible"))),
    }
}

/// `length`, or `min` and `max`, between 0 or 1 and `most`.
pub fn lengths(
    section: &Section,
    defaults: (u32, u32),
    least: u32,
    most: u32,
) -> Result<(u32, u32)> {
    if section.get("length").is_some() {
        if let Some(bound) = section.get("min").or(section.get("max")) {
            bail!(bound.error("`length` says it already; take the one or the other away"));
        }
        let length = count(section, "length", 0, least, most)?;
        return Ok((length, length));
    }
    let max = count(section, "max", defaults.1, least, most)?;
    let min = count(section, "min", defaults.0.min(max), least, most)?;
    // `min` alone moves the default of `max`.
    let max = match section.get("max") {
        None => max.max(min),
        Some(_) => max,
    };
    match section.get("max") {
        Some(value) if max < min => {
            Err(value.error(format!("`max` is below `min`: {max} < {min}")))
        }
        _ => Ok((min, max)),
    }
}

/// `max-length`, which the column reads, too.
fn most(section: &Section) -> Result<Option<u32>> {
    let most = section.get("max-length").map(|value| value.integer());
    Ok(most.transpose()?.and_then(|most| u32::try_from(most).ok()))
}

/// The days between which a version 7 uuid's times lie, unless it says so.
const FIRST_TIME: i64 = 18_262;
const LAST_TIME: i64 = 20_088;

/// Reads `make = "uuid"`.
pub fn uuid(section: &Section, _: &MakerScope) -> Result<Maker> {
    let version = version(section, 4, [4, 7])?;
    if version == 4 {
        return Ok(Maker::Values(Values::Uuid(Uuid {
            version: UuidVersion::Random,
        })));
    }
    let bound = |key, default| match section.get(key) {
        Some(value) => ranges::date(&value),
        None => Ok(default),
    };
    let (from, to) = (bound("min", FIRST_TIME)?, bound("max", LAST_TIME)?);
    if from > to {
        bail!(section.error("`max` is before `min`"));
    }
    let Ok(from_day) = u64::try_from(from) else {
        bail!(section.error("`min` is before 1970-01-01, the first time that a uuid can have"));
    };
    let milliseconds = |days: u64| days * DAY.unsigned_abs() * 1000;
    let version = UuidVersion::Timed {
        from: milliseconds(from_day),
        to: milliseconds(to.unsigned_abs() + 1),
        rows: 0,
    };
    Ok(Maker::Values(Values::Uuid(Uuid { version })))
}

/// `version`, one of two.
fn version(section: &Section, default: i64, known: [i64; 2]) -> Result<i64> {
    let Some(value) = section.get("version") else {
        return Ok(default);
    };
    match value.integer()? {
        version if known.contains(&version) => Ok(version),
        version => {
            let [one, other] = known;
            Err(value.error(format!("version {version} is not made; {one} or {other}")))
        }
    }
}

fn ip_version(section: &Section) -> Result<IpVersion> {
    Ok(match version(section, 4, [4, 6])? {
        4 => IpVersion::V4,
        _ => IpVersion::V6,
    })
}

/// Reads `make = "inet"`.
pub fn inet(section: &Section, _: &MakerScope) -> Result<Maker> {
    Ok(Maker::Values(Values::Inet(Inet {
        version: ip_version(section)?,
    })))
}

/// Reads `make = "cidr"`.
pub fn cidr(section: &Section, _: &MakerScope) -> Result<Maker> {
    Ok(Maker::Values(Values::Cidr(Cidr {
        version: ip_version(section)?,
    })))
}

/// Reads `make = "macaddr"`.
pub fn macaddr(section: &Section, _: &MakerScope) -> Result<Maker> {
    let bytes = match section.get("bytes") {
        None => 6,
        Some(value) => match value.integer()? {
            6 => 6,
            8 => 8,
            _ => bail!(value.error("a `macaddr` has 6 bytes, a `macaddr8` has 8")),
        },
    };
    Ok(Maker::Values(Values::Macaddr(Macaddr { bytes })))
}

/// Longer values are made of a phrase, or not at all.
const LONGEST: u32 = 10_000;

/// Reads `make = "bytea"`.
pub fn bytea(section: &Section, _: &MakerScope) -> Result<Maker> {
    let (min, max) = lengths(section, (16, 16), 0, LONGEST)?;
    Ok(Maker::Values(Values::Bytea(Bytea::new(min, max))))
}

/// Reads `make = "bit"`.
pub fn bit(section: &Section, _: &MakerScope) -> Result<Maker> {
    let (min, max) = lengths(section, (1, 1), 0, LONGEST)?;
    Ok(Maker::Values(Values::Bits(BitString::new(min, max))))
}

/// Reads `make = "range"`.
pub fn range(section: &Section, _: &MakerScope) -> Result<Maker> {
    let known = [
        ("integer", RangeOf::Integer),
        ("date", RangeOf::Date),
        ("timestamp", RangeOf::Timestamp),
    ];
    let of = match section.get("of") {
        Some(value) => value.one_of("kind of bounds", &known)?,
        None => RangeOf::Integer,
    };
    let (low, high) = (section.need("min")?, section.need("max")?);
    let (min, max) = match of {
        RangeOf::Integer => (low.integer()?, high.integer()?),
        RangeOf::Date => (ranges::date(&low)?, ranges::date(&high)?),
        RangeOf::Timestamp => (
            ranges::date(&low)? * DAY,
            (ranges::date(&high)? + 1) * DAY - 1,
        ),
    };
    let span = max
        .checked_sub(min)
        .and_then(|span| u64::try_from(span).ok())
        .unwrap_or(0);
    if span == 0 || span > 1 << 61 {
        bail!(high.error(format!("`max` must be above `min`, {}", low.as_written())));
    }
    let length = range_length(section, of, span)?;
    let flag = |key| section.get(key).map_or(Ok(false), |value| value.boolean());
    let overlap = match flag("disjoint")? {
        true => Overlap::Never,
        false => Overlap::Allowed,
    };
    let multi = flag("multi")?;
    Ok(Maker::Values(Values::Range(RangeValues {
        of,
        min,
        max,
        length,
        overlap,
        multi,
    })))
}

/// `length`, in what its bounds count: numbers, days or seconds.
fn range_length(section: &Section, of: RangeOf, span: u64) -> Result<u64> {
    let default = match of {
        RangeOf::Integer => 100,
        RangeOf::Date => 30,
        RangeOf::Timestamp => 3600,
    };
    let Some(value) = section.get("length") else {
        return Ok(default.min(span));
    };
    match u64::try_from(value.integer()?) {
        Ok(length @ 1..) if length <= span => Ok(length),
        _ => Err(value.error(format!("1 to {span} are possible between `min` and `max`"))),
    }
}

/// `min`, `max` and `scale` of coordinates.
fn square(section: &Section) -> Result<Point> {
    let scale = ranges::scale(section, 2, 9)?;
    let bound = |key, default: i64| match section.get(key) {
        Some(value) => ranges::decimal(&value, scale),
        None => Ok(default * 10i64.pow(scale.into())),
    };
    let (min, max) = (bound("min", 0)?, bound("max", 1000)?);
    match section.get("max") {
        _ if min <= max => Ok(Point { min, max, scale }),
        Some(value) => Err(value.error("`max` is below `min`")),
        None => Err(section.error("`min` is above 1000, where `max` is unless it says otherwise")),
    }
}

/// Reads `make = "point"`.
pub fn point(section: &Section, _: &MakerScope) -> Result<Maker> {
    Ok(Maker::Values(Values::Point(square(section)?)))
}

/// Reads `make = "polygon"`.
pub fn polygon(section: &Section, _: &MakerScope) -> Result<Maker> {
    let corners = u8::try_from(count(section, "corners", 4, 3, 6)?)?;
    let corner = square(section)?;
    Ok(Maker::Values(Values::Polygon(Polygon { corner, corners })))
}

/// Reads `make = "ltree"`.
pub fn ltree(section: &Section, _: &MakerScope) -> Result<Maker> {
    let (min, max) = lengths(section, (1, 4), 1, 100)?;
    Ok(Maker::Values(Values::Labels(Labels::new(min, max))))
}

/// Words of a `tsvector` that mean nothing.
pub fn lexemes(section: &Section) -> Result<Maker> {
    let count = count(section, "words", 6, 1, 16)?;
    Ok(Maker::Values(Values::Lexemes(Lexemes { count })))
}

/// Reads `make = "text"`.
pub fn text(section: &Section, _: &MakerScope) -> Result<Maker> {
    let longest = most(section)?.unwrap_or(200).min(200);
    let longest = count(section, "max", longest, 0, 100_000)?;
    let (min, max) = lengths(section, ((longest / 10).min(20), longest), 0, 100_000)?;
    if max == 0 {
        bail!(section.error("`max` is 0; an empty text is `{ make = \"value\", of = \"\" }`"));
    }
    Ok(Maker::Values(Values::Prose(Prose { min, max })))
}

/// Reads `make = "code"`.
pub fn code(section: &Section, _: &MakerScope) -> Result<Maker> {
    let (min, max) = lengths(section, (8, 8), 0, 1000)?;
    let alphabet = match section.get("alphabet") {
        None => alphabet("A-Z0-9")?,
        Some(value) => alphabet(value.text()?).map_err(|why| value.error(format!("{why:#}")))?,
    };
    Ok(Maker::Values(Values::Code(Code::new(min, max, alphabet))))
}

/// Reads `make = "pattern"`.
pub fn pattern(section: &Section, _: &MakerScope) -> Result<Maker> {
    let of = section.need("of")?;
    let (min, max) = match (
        section.get("min"),
        section.get("max"),
        section.get("length"),
    ) {
        (_, None, None) => (count(section, "min", 0, 0, 1000)?, most(section)?),
        _ => {
            let (min, max) = lengths(section, (0, 1000), 0, LONGEST)?;
            (min, Some(max))
        }
    };
    let text = of.text()?;
    let pattern = Pattern::new(text, min, max);
    let pattern =
        pattern.map_err(|why| of.error(format!("no texts can be made for `{text}`: {why:#}")))?;
    Ok(Maker::Values(Values::Pattern(pattern)))
}
