//! Text → a value of a scalar type: what the type's input function in Postgres makes of it, found out before it is sent,
//! so that one record is rejected and not all of them. One function a type.
//!
//! A text is read only where the value is sure to be the server's; in doubt it is left to the server.

use crate::copy::bits::{self, Bits};
use crate::copy::decimal::Decimal;
use crate::copy::interval as intervals;
use crate::copy::network::{Network, mac_address};
use crate::copy::number;
use crate::copy::parsed::{Parsed, Unread, ensure_text, invalid};
use crate::copy::spelled_date;
use crate::copy::time::{self, Moment};
use crate::copy::value::Value;

/// For types that only the server reads.
pub(super) fn undecided(text: &[u8], _: i32) -> Parsed<'_> {
    ensure_text(text)?;
    Err(Unread::Undecided)
}

/// Either a value, or the server's decision.
fn common<'a>(text: &[u8], value: Option<Value<'a>>) -> Parsed<'a> {
    match value {
        Some(value) => Ok(value),
        None => {
            ensure_text(text)?;
            Err(Unread::Undecided)
        }
    }
}

pub(super) fn boolean(text: &[u8], _: i32) -> Parsed<'_> {
    let value = number::boolean(text);
    let value = value.ok_or("is not a boolean, such as true, f, yes or 0")?;
    Ok(Value::Bool(value))
}

pub(super) fn int2(text: &[u8], _: i32) -> Parsed<'_> {
    let value = i16::try_from(number::integer(text)?);
    Ok(Value::Int2(value.map_err(|_| OUT_OF_SMALLINT)?))
}

pub(super) fn int4(text: &[u8], _: i32) -> Parsed<'_> {
    let value = i32::try_from(number::integer(text)?);
    Ok(Value::Int4(value.map_err(|_| OUT_OF_INTEGER)?))
}

pub(super) fn int8(text: &[u8], _: i32) -> Parsed<'_> {
    Ok(Value::Int8(number::integer(text)?))
}

pub(super) const OUT_OF_SMALLINT: &str = "is out of range for smallint";
pub(super) const OUT_OF_INTEGER: &str = "is out of range for integer";
pub(super) const OUT_OF_BIGINT: &str = "is out of range for bigint";

pub(super) fn float4(text: &[u8], _: i32) -> Parsed<'_> {
    Ok(Value::Float4(number::float4(text)?))
}

pub(super) fn float8(text: &[u8], _: i32) -> Parsed<'_> {
    Ok(Value::Float8(number::float8(text)?))
}

pub(super) fn numeric(text: &[u8], modifier: i32) -> Parsed<'_> {
    let decimal = Decimal::parse(text.trim_ascii()).ok_or("is not a number")?;
    fitted(decimal, modifier).map(Value::Decimal)
}

/// A number rounded to a column's scale, unless that leaves too many digits before the point.
pub(super) fn fitted(decimal: Decimal, modifier: i32) -> Result<Decimal, Unread> {
    let Some((before, behind)) = precision(modifier) else {
        return Ok(decimal);
    };
    let out_of_range = || {
        invalid(format!(
            "is out of range for numeric({},{behind})",
            before + behind
        ))
    };
    decimal.fitted(before, behind).ok_or_else(out_of_range)
}

/// Digits before and behind the point. `numeric(8,2)` has precision and scale in one number (PostgreSQL,
/// src/backend/utils/adt/numeric.c); scales below 0 or above the precision are the server's.
fn precision(modifier: i32) -> Option<(usize, usize)> {
    let packed = modifier.checked_sub(4).filter(|&packed| packed >= 0)?;
    let (precision, scale) = (packed >> 16, packed & 0x7ff);
    let before = usize::try_from(precision - scale).ok()?;
    Some((before, usize::try_from(scale).ok()?)).filter(|_| scale < 0x400)
}

#[inline]
pub(super) fn text(text: &[u8], _: i32) -> Parsed<'_> {
    ensure_text(text)?;
    Ok(Value::Text(text))
}

/// Blanks beyond the limit are cut off by Postgres, as SQL has it; the modifier counts a header's 4 bytes too.
#[inline]
pub(super) fn bounded_text(bytes: &[u8], modifier: i32) -> Parsed<'_> {
    let text = ensure_text(bytes)?;
    let limit = modifier
        .checked_sub(4)
        .and_then(|it| usize::try_from(it).ok());
    match limit {
        Some(limit)
            if bytes.len() > limit && text.trim_end_matches(' ').chars().count() > limit =>
        {
            Err(invalid(format!(
                "is longer than the column's {limit} characters"
            )))
        }
        _ => Ok(Value::Text(bytes)),
    }
}

/// Postgres cuts names off after 63 bytes, between characters.
pub(super) fn name(bytes: &[u8], _: i32) -> Parsed<'_> {
    const LONGEST: usize = 63;
    let text = ensure_text(bytes)?;
    let mut end = text.len().min(LONGEST);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    Ok(Value::Text(&bytes[..end]))
}

fn moment(text: &[u8], otherwise: &'static str) -> Result<Moment, Unread> {
    let text = text.trim_ascii();
    match time::moment(text) {
        Some(moment) => Ok(moment),
        None => spelled_date::moment(text, otherwise),
    }
}

pub(super) const NO_DATE: &str = "is not a date such as 2024-02-29";
pub(super) const NO_TIMESTAMP: &str = "is not a time such as 2024-02-29T12:00:00Z";
pub(super) const OUT_OF_TIME: &str = "is out of range for a time";

pub(super) fn date(text: &[u8], _: i32) -> Parsed<'_> {
    let number = time::date_number(moment(text, NO_DATE)?).ok_or(OUT_OF_TIME)?;
    Ok(Value::Date(number))
}

pub(super) fn timestamp(text: &[u8], _: i32) -> Parsed<'_> {
    let number = time::timestamp_number(moment(text, NO_TIMESTAMP)?, false);
    Ok(Value::Timestamp(number.ok_or(OUT_OF_TIME)?))
}

pub(super) fn timestamptz(text: &[u8], _: i32) -> Parsed<'_> {
    let number = time::timestamp_number(moment(text, NO_TIMESTAMP)?, true);
    Ok(Value::Timestamptz(number.ok_or(OUT_OF_TIME)?))
}

fn clock(text: &[u8]) -> Option<(i64, Option<i64>)> {
    time::clock_and_zone(str::from_utf8(text).ok()?)
}

pub(super) fn time(text: &[u8], _: i32) -> Parsed<'_> {
    let micros = clock(text).and_then(|(micros, zone)| zone.is_none().then_some(micros));
    common(text, micros.map(Value::Time))
}

/// Without a zone, the session's counts: that is left to the server.
pub(super) fn timetz(text: &[u8], _: i32) -> Parsed<'_> {
    let value = clock(text).and_then(|(micros, zone)| {
        let east = i32::try_from(zone?).ok()?;
        Some(Value::Timetz(micros, east))
    });
    common(text, value)
}

/// The modifier of an `interval` that isn't restricted to some fields has these bits set; the precision is below them.
const ALL_FIELDS: i32 = 0x7fff << 16;

pub(super) fn interval(text: &[u8], modifier: i32) -> Parsed<'_> {
    let all_fields = modifier < 0 || modifier & ALL_FIELDS == ALL_FIELDS;
    let interval = intervals::interval(text).filter(|_| all_fields);
    common(text, interval.map(Value::Interval))
}

pub(super) fn uuid(text: &[u8], _: i32) -> Parsed<'_> {
    Ok(Value::Uuid(bits::uuid(text).ok_or("is not a UUID")?))
}

pub(super) fn json(bytes: &[u8], _: i32) -> Parsed<'_> {
    ensure_json(bytes)?;
    Ok(Value::Text(bytes))
}

pub(super) fn jsonb(bytes: &[u8], _: i32) -> Parsed<'_> {
    ensure_json(bytes)?;
    Ok(Value::Jsonb(bytes))
}

/// The server reads the text itself, in either format: what is let through here by mistake is rejected there.
fn ensure_json(bytes: &[u8]) -> Result<(), Unread> {
    if let Err(why) = serde_json::from_slice::<serde::de::IgnoredAny>(bytes) {
        // serde_json nests 128 deep; the server as deep as its stack.
        if !why.to_string().starts_with("recursion limit") {
            return Err(invalid(format!("is not JSON: {why}")));
        }
    }
    ensure_text(bytes).map(|_| ())
}

pub(super) fn bytea(bytes: &[u8], _: i32) -> Parsed<'_> {
    ensure_text(bytes)?;
    match bits::is_bytea(bytes) {
        true => Ok(Value::Bytea(bytes)),
        false => Err(invalid("is not a bytea such as \\x0aff")),
    }
}

pub(super) fn inet(text: &[u8], _: i32) -> Parsed<'_> {
    common(text, Network::inet(text).map(Value::Network))
}

pub(super) fn cidr(text: &[u8], _: i32) -> Parsed<'_> {
    common(text, Network::cidr(text).map(Value::Network))
}

pub(super) fn macaddr(text: &[u8], _: i32) -> Parsed<'_> {
    common(text, mac_address(text).map(Value::Macaddr))
}

pub(super) fn macaddr8(text: &[u8], _: i32) -> Parsed<'_> {
    common(text, mac_address(text).map(Value::Macaddr8))
}

/// The modifier is the exact number of bits.
pub(super) fn bit(text: &[u8], modifier: i32) -> Parsed<'_> {
    let bits = Bits::parse(text).ok_or(NO_BITS)?;
    match usize::try_from(modifier) {
        Ok(wanted @ 1..) if bits.count() != wanted => {
            Err(invalid(format!("has {} bits, not {wanted}", bits.count())))
        }
        _ => Ok(Value::Bits(bits)),
    }
}

/// The modifier is the largest number of bits.
pub(super) fn varbit(text: &[u8], modifier: i32) -> Parsed<'_> {
    let bits = Bits::parse(text).ok_or(NO_BITS)?;
    match usize::try_from(modifier) {
        Ok(most @ 1..) if bits.count() > most => Err(invalid(format!(
            "has {} bits, more than the column's {most}",
            bits.count()
        ))),
        _ => Ok(Value::Bits(bits)),
    }
}

const NO_BITS: &str = "is not a bit string such as 0101";

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(parsed: Parsed) -> Option<String> {
        match parsed {
            Err(Unread::Invalid(reason)) => Some(reason.into_owned()),
            _ => None,
        }
    }

    #[test]
    fn numbers_keep_to_their_range() {
        assert_eq!(int2(b"32767", -1), Ok(Value::Int2(32_767)));
        assert_eq!(reason(int2(b"32768", -1)).as_deref(), Some(OUT_OF_SMALLINT));
        assert_eq!(
            reason(int4(b"2147483648", -1)).as_deref(),
            Some(OUT_OF_INTEGER)
        );
        assert_eq!(
            reason(int8(b"9223372036854775808", -1)).as_deref(),
            Some(OUT_OF_BIGINT)
        );
        // numeric(4,2)
        let modifier = (4 << 16 | 2) + 4;
        assert!(numeric(b"12.345", modifier).is_ok());
        assert_eq!(
            reason(numeric(b"123.45", modifier)).as_deref(),
            Some("is out of range for numeric(4,2)")
        );
        assert_eq!(
            reason(numeric(b"Infinity", modifier)).as_deref(),
            Some("is out of range for numeric(4,2)")
        );
    }

    #[test]
    fn texts_keep_to_their_length() {
        assert!(bounded_text("Grün".as_bytes(), 8).is_ok());
        assert!(bounded_text(b"ab   ", 8).is_ok());
        assert!(bounded_text(b"abcde", 8).is_err());
        let long = "é".repeat(40);
        assert_eq!(
            name(long.as_bytes(), -1),
            Ok(Value::Text("é".repeat(31).as_bytes()))
        );
        assert!(text(b"a\0b", -1).is_err());
        assert!(text(b"\xff", -1).is_err());
    }

    #[test]
    fn bit_strings_keep_to_their_length() {
        assert!(bit(b"101", 3).is_ok());
        assert_eq!(reason(bit(b"10", 3)).as_deref(), Some("has 2 bits, not 3"));
        assert!(varbit(b"10", 3).is_ok());
        assert!(varbit(b"1010", 3).is_err());
    }

    #[test]
    fn deep_json_is_left_to_the_server() {
        let deep = "[".repeat(1_000) + &"]".repeat(1_000);
        assert!(json(deep.as_bytes(), -1).is_ok());
        assert!(
            reason(jsonb(b"{a:1}", -1))
                .unwrap()
                .starts_with("is not JSON")
        );
    }

    #[test]
    fn doubtful_spellings_are_left_to_the_server() {
        for parsed in [
            time(b"4 PM", -1),
            time(b"12:00+02", -1),
            timetz(b"12:00", -1),
            interval(b"1 day ago", -1),
            interval(b"1 day", 4 << 16),
            inet(b"10/8", -1),
            macaddr(b"0800.2b01.0203", -1),
        ] {
            assert_eq!(parsed, Err(Unread::Undecided));
        }
    }
}
