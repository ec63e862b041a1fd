//! Ranges of numbers, amounts and dates as a dataset writes them.

use anyhow::{Result, bail};

use crate::dataset::calendar::{DAY, parse_date};
use crate::dataset::distribution::Range;
use crate::dataset::document::{Section, TomlValue};

/// `min`, `max`, and a `distribution` with its own keys; `bound` reads a bound.
pub fn range(section: &Section, bound: fn(&TomlValue) -> Result<i64>) -> Result<Range> {
    let (low, high) = (section.need("min")?, section.need("max")?);
    let (min, max) = (bound(&low)?, bound(&high)?);
    if min > max {
        let (max, min) = (high.as_written(), low.as_written());
        bail!(high.error(format!("`max` is below `min`: {max} < {min}")));
    }
    ensure_moderate(&low, min)?;
    ensure_moderate(&high, max)?;
    #[derive(Clone, Copy)]
    enum Shape {
        Uniform,
        LogNormal,
    }
    let known = [
        ("uniform", Shape::Uniform),
        ("log-normal", Shape::LogNormal),
    ];
    let shape = match section.get("distribution") {
        Some(value) => value.one_of("distribution", &known)?,
        None => Shape::Uniform,
    };
    if let Shape::Uniform = shape {
        return Ok(Range::Uniform { min, max });
    }
    let middle = section.need("median")?;
    let median = bound(&middle)?;
    if !(min..=max).contains(&median) || median <= 0 {
        bail!(middle.error(format!(
            "the median must be above 0 and between `min` and `max`, {min} and {max}"
        )));
    }
    let spread = section
        .get("spread")
        .map_or(Ok(0.5), |value| value.number())?;
    if !(0.0..=5.0).contains(&spread) {
        bail!(section.error(format!("`spread` is {spread}; it must lie between 0 and 5")));
    }
    Ok(Range::log_normal(min, max, median as f64, spread))
}

/// Keeps sums and products of two drawn numbers within 64 bits.
fn ensure_moderate(value: &TomlValue, number: i64) -> Result<()> {
    if number.unsigned_abs() > 1 << 60 {
        bail!(value.error(format!("{number} is out of range; up to 2^60 is possible")));
    }
    Ok(())
}

/// A whole number.
pub fn whole(value: &TomlValue) -> Result<i64> {
    value.integer()
}

/// An amount with at most two decimals, in hundredths.
#[expect(clippy::cast_possible_truncation, reason = "the amount is below 2^53")]
pub fn cents(value: &TomlValue) -> Result<i64> {
    let number = value.number()? * 100.0;
    if (number - libm::round(number)).abs() > 1e-4 || number.abs() > 9e15 {
        bail!(value.error("expected an amount with at most two decimals"));
    }
    Ok(libm::round(number) as i64)
}

/// A date, in days since 1970-01-01.
pub fn date(value: &TomlValue) -> Result<i64> {
    if value.is_date() {
        bail!(value.error(format!(
            "write a date in quotes: \"{}\"",
            value.as_written()
        )));
    }
    let text = value.text()?;
    parse_date(text).ok_or_else(|| {
        value.error(format!(
            "`{text}` is not a date; write it as \"2024-02-29\""
        ))
    })
}

/// From the first second of one date to the last of another.
pub fn timestamps(section: &Section) -> Result<Range> {
    let (low, high) = (section.need("min")?, section.need("max")?);
    let (min, max) = (date(&low)? * DAY, (date(&high)? + 1) * DAY - 1);
    if min > max {
        let (max, min) = (high.as_written(), low.as_written());
        bail!(high.error(format!("`max` is before `min`: {max} < {min}")));
    }
    Ok(Range::Uniform { min, max })
}
