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
    match kind {
        Kind::Integer | Kind::Text => digits(value, out),
        Kind::Cents => cents(value, out),
        Kind::Date => date(value, out),
        Kind::Timestamp => timestamp(value, out),
        Kind::Boolean => out.extend_from_slice(if value == 0 { b"false" } else { b"true" }),
    }
}

#[inline]
fn digits(value: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

fn cents(value: i64, out: &mut Vec<u8>) {
    if value < 0 {
        out.push(b'-');
    }
    let value = value.unsigned_abs();
    out.extend_from_slice(itoa::Buffer::new().format(value / 100).as_bytes());
    out.push(b'.');
    two_digits((value % 100).cast_signed(), out);
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
    let second = seconds.rem_euclid(DAY);
    for (before, part) in [
        (b'T', second / 3600),
        (b':', second / 60 % 60),
        (b':', second % 60),
    ] {
        out.push(before);
        two_digits(part, out);
    }
    out.push(b'Z');
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
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(value in any::<i64>(), days in -700_000..2_932_896i64, cents_of in -10_i64.pow(15)..10_i64.pow(15)) {
            let seconds = days * DAY + value.rem_euclid(DAY);
            for (kind, value) in [
                (Kind::Integer, value),
                (Kind::Date, days),
                (Kind::Timestamp, seconds),
                (Kind::Cents, cents_of),
            ] {
                prop_assert_eq!(read(kind, written(kind, value).as_bytes()), Ok(value));
            }
        }
    }
}
