//! Dates and times as text, in the ISO spellings that files have; counted as Postgres counts them, from
//! 2000-01-01.

use std::io::Write;

use crate::copy::decimal::Decimal;
use crate::dataset::calendar::{DAY, date_from_days, days_from_date};

/// Microseconds of a second.
pub const SECOND: i64 = 1_000_000;

/// Microseconds of a day.
pub const DAY_MICROS: i64 = DAY * SECOND;

/// 2000-01-01, from which Postgres counts, in days since 1970-01-01.
pub const EPOCH: i64 = 10_957;

/// The first day, of a date and of a timestamp alike: 4714-11-24 BC, Julian day 0.
const FIRST_DAY: i64 = -2_451_545;

/// The day behind a date's last, 5874897-12-31.
const DATE_END: i64 = 2_145_031_949;

/// The microsecond behind a timestamp's last: 294277-01-01.
const TIMESTAMP_END: i64 = 9_223_371_331_200_000_000;

/// A point in time as text gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// `infinity`.
    Latest,
    /// `-infinity`.
    Earliest,
    /// A date, a time of day, and a zone where one is given.
    At {
        /// Days since 2000-01-01.
        days: i64,
        /// Microseconds of the day; as many as a day has for 24:00.
        micros: i64,
        /// Seconds east of UTC.
        zone: Option<i64>,
    },
}

/// Whether it is a number and no date: digits, a point, an exponent, a sign before them.
pub fn is_bare_number(text: &[u8]) -> bool {
    let number = |&byte: &u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+');
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let plain = digits.iter().all(number);
    let points = digits.iter().filter(|&&byte| byte == b'.').count();
    digits.first().is_some_and(u8::is_ascii_digit)
        && ((plain && points < 2) || Decimal::parse(digits).is_some())
}

/// `2024-02-29`, and a time behind it: `T12:00`, ` 12:00:00.5`, then `Z`, `+02`, `+02:00` or ` UTC`, and ` BC` last.
pub fn moment(text: &[u8]) -> Option<Moment> {
    match text {
        _ if text.eq_ignore_ascii_case(b"infinity") => return Some(Moment::Latest),
        _ if text.eq_ignore_ascii_case(b"-infinity") => return Some(Moment::Earliest),
        _ => {}
    }
    let text = str::from_utf8(text).ok()?;
    let (text, before_christ) = match text.strip_suffix(" BC") {
        Some(text) => (text, true),
        None => (text, false),
    };
    let end = text.find(['T', 't', ' ']).unwrap_or(text.len());
    let (date, rest) = text.split_at(end);
    let days = date_days(date, before_christ)?;
    if rest.is_empty() {
        return Some(Moment::At {
            days,
            micros: 0,
            zone: None,
        });
    }
    let (micros, zone) = clock_and_zone(&rest[1..])?;
    Some(Moment::At { days, micros, zone })
}

/// `2024-02-29`; a year of more than four digits too.
fn date_days(text: &str, before_christ: bool) -> Option<i64> {
    let mut parts = text.split('-');
    let mut part = |widths: std::ops::RangeInclusive<usize>| -> Option<i64> {
        let digits = parts.next()?;
        let plain = widths.contains(&digits.len()) && digits.bytes().all(|it| it.is_ascii_digit());
        plain.then(|| digits.parse().ok())?
    };
    let (year, month, day) = (part(4..=7)?, part(2..=2)?, part(2..=2)?);
    // There is no year 0: 1 BC comes before 1.
    if parts.next().is_some() || year == 0 {
        return None;
    }
    let year = if before_christ { 1 - year } else { year };
    let days = days_from_date(year, month, day);
    (date_from_days(days) == (year, month, day)).then_some(days - EPOCH)
}

/// `12:00:00.5+02`, `4:05 PM`: microseconds of the day, and seconds east of UTC where a zone is given.
pub fn clock_and_zone(text: &str) -> Option<(i64, Option<i64>)> {
    if let Some(micros) = half_day_micros(text) {
        return Some((micros, None));
    }
    let zone_at = text.find(['Z', 'z', '+', '-', ' ']).unwrap_or(text.len());
    let (clock, zone) = text.split_at(zone_at);
    let zone = match zone {
        "" => None,
        zone => Some(zone_seconds(zone)?),
    };
    Some((clock_micros(clock)?, zone))
}

/// `4:05 PM`, `04:05:06.789am`, as microseconds.
fn half_day_micros(text: &str) -> Option<i64> {
    let rest = text.strip_suffix(['M', 'm'])?;
    let half = rest.chars().last()?.to_ascii_lowercase();
    let clock = rest[..rest.len() - 1].trim_end();
    let micros = match half {
        'a' | 'p' => clock_micros(clock)?,
        _ => return None,
    };
    // At twelve a half begins; beyond it the server has a word.
    let (hours, noon) = (micros / (3600 * SECOND), DAY_MICROS / 2);
    match (hours, half) {
        (0..12, 'a') => Some(micros),
        (0..12, _) => Some(micros + noon),
        (12, 'a') => Some(micros - noon),
        (12, _) => Some(micros),
        _ => None,
    }
}

/// `12:00`, `4:05`, `12:00:00`, `12:00:00.123456`, as microseconds.
fn clock_micros(text: &str) -> Option<i64> {
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let mut parts = whole.split(':');
    let hours = match parts.next()? {
        one if one.len() == 1 => one.bytes().next().filter(u8::is_ascii_digit)? - b'0',
        two => two_digits(two, 25)?.try_into().ok()?,
    };
    let hours = i64::from(hours);
    let minutes = two_digits(parts.next()?, 60)?;
    let seconds = match parts.next() {
        // A leap second counts as the next minute's first, as Postgres has it.
        Some(seconds) => two_digits(seconds, 61)?,
        None if fraction.is_none() => 0,
        None => return None,
    };
    if parts.next().is_some() {
        return None;
    }
    let fraction = fraction.map_or(Some(0), fraction_micros)?;
    let micros = ((hours * 60 + minutes) * 60 + seconds) * SECOND + fraction;
    (micros <= DAY_MICROS).then_some(micros)
}

/// Digits behind the point of a second, rounded as Postgres does it: by way of a floating-point number, halves to the
/// even neighbour (`ParseFractionalSecond`).
pub(super) fn fraction_micros(digits: &str) -> Option<i64> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if digits.len() <= 6 {
        let number: i64 = digits.parse().ok()?;
        return Some(number * 10i64.pow(6 - u32::try_from(digits.len()).ok()?));
    }
    let fraction: f64 = format!("0.{digits}").parse().ok()?;
    #[expect(clippy::cast_possible_truncation, reason = "at most a million")]
    Some((fraction * 1e6).round_ties_even() as i64)
}

fn zone_seconds(zone: &str) -> Option<i64> {
    if matches!(zone, "Z" | "z" | " UTC" | " Z" | " GMT") {
        return Some(0);
    }
    let zone = zone.strip_prefix(' ').unwrap_or(zone);
    let (sign, digits) = match zone.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, rest) = match digits.split_at_checked(2)? {
        (hours, "") => (hours, "00"),
        (hours, rest) => (hours, rest.strip_prefix(':').unwrap_or(rest)),
    };
    // Zones of long ago have seconds.
    let (minutes, seconds) = match rest.split_once(':') {
        Some((minutes, seconds)) if digits.len() == 8 => (minutes, seconds),
        Some(_) => return None,
        None => (rest, "00"),
    };
    let minutes = two_digits(hours, 16)? * 60 + two_digits(minutes, 60)?;
    Some(sign * (minutes * 60 + two_digits(seconds, 60)?))
}

pub(super) fn two_digits(text: &str, below: i64) -> Option<i64> {
    let plain = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    let value = plain.then(|| text.parse::<i64>().ok())??;
    (value < below).then_some(value)
}

/// A date's number as `date_recv` reads it: days since 2000-01-01; `None` when it is out of range. The time of day and
/// its zone don't matter, as for the server.
pub fn date_number(moment: Moment) -> Option<i32> {
    match moment {
        Moment::Latest => Some(i32::MAX),
        Moment::Earliest => Some(i32::MIN),
        Moment::At { days, .. } if (FIRST_DAY..DATE_END).contains(&days) => days.try_into().ok(),
        Moment::At { .. } => None,
    }
}

/// A timestamp's number as `timestamp_recv` reads it: microseconds since 2000-01-01; `None` when it is out of range.
/// `zoned`: of a timestamp with time zone, for which a moment without a zone is in UTC; the other kind ignores zones,
/// as the server does.
pub fn timestamp_number(moment: Moment, zoned: bool) -> Option<i64> {
    match moment {
        Moment::Latest => Some(i64::MAX),
        Moment::Earliest => Some(i64::MIN),
        Moment::At { days, micros, zone } => {
            let local = days.checked_mul(DAY_MICROS)?.checked_add(micros)?;
            let east = if zoned { zone.unwrap_or(0) } else { 0 };
            in_range(local.checked_sub(east * SECOND)?)
        }
    }
}

/// Microseconds since 1970 as [`timestamp_number`] gives them.
pub fn timestamp_since_1970(micros: i64) -> Option<i64> {
    in_range(micros.checked_sub(EPOCH * DAY_MICROS)?)
}

fn in_range(micros: i64) -> Option<i64> {
    (FIRST_DAY * DAY_MICROS..TIMESTAMP_END)
        .contains(&micros)
        .then_some(micros)
}

/// Appends a date: `2024-02-29`, `0044-03-15 BC`, `infinity`.
pub fn write_date(number: i32, out: &mut Vec<u8>) {
    match number {
        i32::MAX => out.extend_from_slice(b"infinity"),
        i32::MIN => out.extend_from_slice(b"-infinity"),
        _ => {
            let before_christ = write_day(number.into(), out);
            write_era(before_christ, out);
        }
    }
}

/// Appends a timestamp: `2024-02-29 12:00:00.5`, with `+00` behind it when it is one with time zone.
pub fn write_timestamp(number: i64, zoned: bool, out: &mut Vec<u8>) {
    match number {
        i64::MAX => return out.extend_from_slice(b"infinity"),
        i64::MIN => return out.extend_from_slice(b"-infinity"),
        _ => {}
    }
    let before_christ = write_day(number.div_euclid(DAY_MICROS), out);
    out.push(b' ');
    write_clock(number.rem_euclid(DAY_MICROS), out);
    if zoned {
        out.extend_from_slice(b"+00");
    }
    write_era(before_christ, out);
}

/// Appends year, month and day; whether the year is one before Christ.
fn write_day(days: i64, out: &mut Vec<u8>) -> bool {
    let (year, month, day) = date_from_days(days + EPOCH);
    let shown = if year > 0 { year } else { 1 - year };
    // Writing to memory cannot fail.
    let _ = write!(out, "{shown:04}-{month:02}-{day:02}");
    year <= 0
}

fn write_era(before_christ: bool, out: &mut Vec<u8>) {
    if before_christ {
        out.extend_from_slice(b" BC");
    }
}

/// Appends `12:00:00.5`: a fraction only where there is one, without zeros at its end.
pub fn write_clock(micros: i64, out: &mut Vec<u8>) {
    let (seconds, mut fraction) = (micros / SECOND, micros % SECOND);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    // As above.
    let _ = write!(out, "{hours:02}:{minutes:02}:{seconds:02}");
    if fraction == 0 {
        return;
    }
    let mut width = 6;
    while fraction % 10 == 0 {
        fraction /= 10;
        width -= 1;
    }
    let _ = write!(out, ".{fraction:0width$}");
}

/// Appends a zone, seconds east of UTC: `+02`, `-03:30`.
pub fn write_zone(seconds: i64, out: &mut Vec<u8>) {
    let sign = if seconds < 0 { '-' } else { '+' };
    let east = seconds.abs();
    // As above.
    let _ = write!(out, "{sign}{:02}", east / 3600);
    if east % 3600 != 0 {
        let _ = write!(out, ":{:02}", east / 60 % 60);
    }
    if east % 60 != 0 {
        let _ = write!(out, ":{:02}", east % 60);
    }
}

#[cfg(test)]
mod tests;
