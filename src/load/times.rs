//! Dates and times as text, in the ISO spellings that files have.

use crate::dataset::calendar::{self, DAY};
use crate::load::decimal::Decimal;

/// Microseconds of a second.
pub const SECOND: i64 = 1_000_000;

/// Dates of four digits begin with year 1, and 64 bits end in year 294,247, before Postgres' own timestamps do;
/// microseconds since 1970.
pub const MICROS: std::ops::Range<i64> = -62_135_596_800 * SECOND..i64::MAX;

/// Whether it is a number and no date: digits, a point, an exponent, a sign before them.
pub fn is_bare_number(text: &[u8]) -> bool {
    let number = |&byte: &u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+');
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let plain = digits.iter().all(number);
    digits.first().is_some_and(u8::is_ascii_digit) && (plain || Decimal::parse(digits).is_some())
}

/// `2024-02-29`, and a time behind it: `T12:00`, ` 12:00:00.5`, then `Z`, `+02`, `+02:00` or ` UTC`. Without a zone it is
/// UTC.
pub fn time(text: &[u8]) -> Option<i64> {
    let text = str::from_utf8(text).ok()?;
    let (date, rest) = text.split_at_checked(10)?;
    let days = calendar::parse_date(date)?;
    if rest.is_empty() {
        return Some(days * DAY * SECOND);
    }
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let zone_at = rest.find(['Z', 'z', '+', '-', ' ']).unwrap_or(rest.len());
    let (clock, zone) = rest.split_at(zone_at);
    let local = days * DAY * SECOND + clock_micros(clock)?;
    Some(local - zone_seconds(zone)? * SECOND)
}

/// `12:00`, `12:00:00`, `12:00:00.123456`, as microseconds; digits beyond those are rounded.
fn clock_micros(text: &str) -> Option<i64> {
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, fraction),
        None => (text, ""),
    };
    let mut parts = whole.split(':');
    let hours = two_digits(parts.next()?, 24)?;
    let minutes = two_digits(parts.next()?, 60)?;
    let seconds = match parts.next() {
        // A leap second counts as the next minute's first, as Postgres has it.
        Some(seconds) => two_digits(seconds, 61)?,
        None if fraction.is_empty() => 0,
        None => return None,
    };
    if parts.next().is_some() || text.ends_with('.') {
        return None;
    }
    let micros = match fraction {
        "" => 0,
        digits => {
            let decimal = digits.bytes().all(|byte| byte.is_ascii_digit());
            let number = decimal.then(|| Decimal::parse(format!("0.{digits}").as_bytes()))??;
            number.scaled(6)?.rounded()
        }
    };
    Some(((hours * 60 + minutes) * 60 + seconds) * SECOND + micros)
}

fn zone_seconds(zone: &str) -> Option<i64> {
    if matches!(zone, "" | "Z" | "z" | " UTC" | " Z" | " GMT") {
        return Some(0);
    }
    let zone = zone.strip_prefix(' ').unwrap_or(zone);
    let (sign, digits) = match zone.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = match digits.len() {
        2 => (digits, "00"),
        4 => digits.split_at(2),
        5 => digits.split_once(':')?,
        _ => return None,
    };
    Some(sign * (two_digits(hours, 16)? * 60 + two_digits(minutes, 60)?) * 60)
}

fn two_digits(text: &str, below: i64) -> Option<i64> {
    let plain = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    let value = plain.then(|| text.parse::<i64>().ok())??;
    (value < below).then_some(value)
}
