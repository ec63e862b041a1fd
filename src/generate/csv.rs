//! Values → CSV bytes, past `core::fmt`: digits from `itoa`, dates by integer arithmetic, texts escaped beforehand.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "digits of a date or amount are 0 to 9"
)]

use crate::dataset::Kind;
use crate::dataset::calendar::{DAY, date_from_days};

/// Whether a text needs quotes around it: RFC 4180's characters, and a backslash, since COPY takes a line `\.` as the
/// end of the data.
pub fn is_special(text: &str) -> bool {
    text.bytes()
        .any(|b| matches!(b, b',' | b'"' | b'\n' | b'\r' | b'\\'))
}

/// Doubles the quotes.
pub fn escape(text: &str, out: &mut Vec<u8>) {
    for byte in text.bytes() {
        if byte == b'"' {
            out.push(b'"');
        }
        out.push(byte);
    }
}

/// A number as its kind is written: digits, `12.34`, `2024-02-29`, `2024-02-29T12:00:00Z`, `true`.
#[inline]
pub fn number(kind: Kind, value: i64, out: &mut Vec<u8>) {
    // By far the most are.
    match kind {
        Kind::Integer => digits(value, out),
        other => number_of_kind(other, value, out),
    }
}

fn number_of_kind(kind: Kind, value: i64, out: &mut Vec<u8>) {
    match kind {
        Kind::Integer | Kind::Text | Kind::Uuid | Kind::Literal => digits(value, out),
        Kind::Cents => decimal(value, 2, out),
        Kind::Decimal(scale) => decimal(value, scale, out),
        Kind::Time => clock(value, out),
        Kind::Interval => interval(value, out),
        Kind::Date => date(value, out),
        Kind::Timestamp => timestamp(value, out),
        Kind::Boolean => out.extend_from_slice(if value == 0 { b"false" } else { b"true" }),
    }
}

#[inline]
fn digits(value: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// So many units of the last of `scale` decimals, 18 at most.
fn decimal(value: i64, scale: u8, out: &mut Vec<u8>) {
    if value < 0 {
        out.push(b'-');
    }
    let unit = 10u64.pow(scale.into());
    let (value, mut buffer) = (value.unsigned_abs(), itoa::Buffer::new());
    out.extend_from_slice(buffer.format(value / unit).as_bytes());
    if scale == 0 {
        return;
    }
    out.push(b'.');
    let fraction = buffer.format(value % unit).as_bytes();
    out.resize(out.len() + usize::from(scale) - fraction.len(), b'0');
    out.extend_from_slice(fraction);
}

#[inline]
fn two_digits(value: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(&[b'0' + (value / 10) as u8, b'0' + (value % 10) as u8]);
}

fn date(days: i64, out: &mut Vec<u8>) {
    let (year, month, day) = date_from_days(days);
    two_digits(year / 100, out);
    two_digits(year % 100, out);
    out.push(b'-');
    two_digits(month, out);
    out.push(b'-');
    two_digits(day, out);
}

fn timestamp(seconds: i64, out: &mut Vec<u8>) {
    date(seconds.div_euclid(DAY), out);
    out.push(b'T');
    clock(seconds.rem_euclid(DAY), out);
    out.push(b'Z');
}

/// Seconds since midnight.
fn clock(second: i64, out: &mut Vec<u8>) {
    two_digits(second / 3600, out);
    for part in [second / 60 % 60, second % 60] {
        out.push(b':');
        two_digits(part, out);
    }
}

/// Seconds, not negative, as days and a time.
fn interval(seconds: i64, out: &mut Vec<u8>) {
    let (days, rest) = (seconds / DAY, seconds % DAY);
    if days > 0 {
        digits(days, out);
        out.extend_from_slice(if days == 1 { b" day" } else { b" days" });
    }
    if days > 0 && rest > 0 {
        out.push(b' ');
    }
    if days == 0 || rest > 0 {
        clock(rest, out);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::copy::generated::read;

    fn written(kind: Kind, value: i64) -> String {
        let mut out = Vec::new();
        number(kind, value, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers_are_written_as_their_kind() {
        assert_eq!(written(Kind::Integer, -12), "-12");
        assert_eq!(written(Kind::Cents, 1_205), "12.05");
        assert_eq!(written(Kind::Cents, -7), "-0.07");
        assert_eq!(written(Kind::Date, 20_777), "2026-11-20");
        assert_eq!(
            written(Kind::Timestamp, 20_777 * DAY + 3_661),
            "2026-11-20T01:01:01Z"
        );
        assert_eq!(written(Kind::Timestamp, -1), "1969-12-31T23:59:59Z");
        assert_eq!(written(Kind::Boolean, 1), "true");
        assert_eq!(written(Kind::Decimal(0), -3), "-3");
        assert_eq!(written(Kind::Decimal(4), -3), "-0.0003");
        assert_eq!(written(Kind::Decimal(18), i64::MAX), "9.223372036854775807");
        assert_eq!(written(Kind::Time, 86_399), "23:59:59");
        assert_eq!(written(Kind::Interval, 0), "00:00:00");
        assert_eq!(written(Kind::Interval, DAY), "1 day");
        assert_eq!(written(Kind::Interval, 3 * DAY + 61), "3 days 00:01:01");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(value in any::<i64>(), days in -700_000..2_932_896i64, cents_of in -10_i64.pow(15)..10_i64.pow(15), scale in 0..=18u8) {
            let seconds = days * DAY + value.rem_euclid(DAY);
            for (kind, value) in [
                (Kind::Integer, value),
                (Kind::Date, days),
                (Kind::Timestamp, seconds),
                (Kind::Cents, cents_of),
                (Kind::Decimal(scale), value),
                (Kind::Time, value.rem_euclid(DAY)),
                (Kind::Interval, value.rem_euclid(10_000 * DAY)),
            ] {
                prop_assert_eq!(read(kind, written(kind, value).as_bytes()), Ok(value));
            }
        }
    }
}
