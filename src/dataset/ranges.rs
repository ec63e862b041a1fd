//! Ranges of numbers, amounts and dates as a dataset writes them.

use anyhow::{Result, bail};

use crate::dataset::calendar::{DAY, parse_date};
use crate::dataset::distribution::Range;
use crate::dataset::document::{Section, TomlValue};

/// `min`, `max`, and a `distribution` with its own keys; `bound` reads a bound.
pub fn range(section: &Section, bound: impl Fn(&TomlValue) -> Result<i64>) -> Result<Range> {
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

/// `scale`: how many decimals, up to `most`.
pub fn scale(section: &Section, default: u8, most: u8) -> Result<u8> {
    let Some(value) = section.get("scale") else {
        return Ok(default);
    };
    match u8::try_from(value.integer()?) {
        Ok(scale) if scale <= most => Ok(scale),
        _ => Err(value.error(format!("0 to {most} decimals are possible"))),
    }
}

/// A number with at most so many decimals, in units of the last of them.
pub fn decimal(value: &TomlValue, scale: u8) -> Result<i64> {
    value.number()?;
    units(&value.as_written(), scale).ok_or_else(|| {
        value.error(format!(
            "expected a number with at most {scale} decimals and 18 digits"
        ))
    })
}

/// `-12.5` as units of the last of so many decimals; powers of ten aren't read.
pub fn units(text: &str, scale: u8) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let fraction = fraction.trim_end_matches('0');
    let missing = usize::from(scale).checked_sub(fraction.len())?;
    let units: i64 = format!("{whole}{fraction}{}", "0".repeat(missing))
        .parse()
        .ok()?;
    Some(sign * units)
}

/// A time of day such as "08:30" or "08:30:15", in seconds since midnight.
pub fn time(value: &TomlValue) -> Result<i64> {
    let text = value.text()?;
    clock(text).ok_or_else(|| {
        value.error(format!(
            "`{text}` is not a time of day; write it as \"08:30\" or \"08:30:15\""
        ))
    })
}

/// The seconds since midnight of `08:30` or `08:30:15`.
pub fn clock(text: &str) -> Option<i64> {
    let parts: Vec<Option<i64>> = text
        .split(':')
        .map(|part| {
            let plain = part.len() == 2 && part.bytes().all(|it| it.is_ascii_digit());
            plain.then(|| part.parse().ok())?
        })
        .collect();
    match parts.as_slice() {
        [Some(hours @ 0..24), Some(minutes @ 0..60)] => Some(hours * 3600 + minutes * 60),
        [
            Some(hours @ 0..24),
            Some(minutes @ 0..60),
            Some(seconds @ 0..60),
        ] => Some(hours * 3600 + minutes * 60 + seconds),
        _ => None,
    }
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
