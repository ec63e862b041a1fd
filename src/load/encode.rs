//! A record of CSV text → a row of COPY's binary format, each field by its column's type.
//!
//! It costs the server far less than text, so that parsing pays even for a file that is right. Types that only the
//! server can read have no encoder: their tables go as text. The server still checks what it receives: lengths, UTF-8,
//! ranges of typed numerics.

use std::fmt;

use crate::dataset::Kind;
use crate::dataset::calendar::{self, DAY};
use crate::files::records::Record;
use crate::generate::binary::{self, OutOfRange, Wire};
use crate::postgres::catalog;

/// Encodes the records of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowEncoder {
    fields: Vec<Field>,
    count: u16,
    nulls: Vec<Vec<u8>>,
    /// Whether one of the null texts begins with a digit.
    null_digits: bool,
}

/// How a field is read, and what it becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Text,
    Boolean,
    Number(Kind, Wire),
}

/// A field that its column cannot hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Its place in the record, from 0.
    pub field: usize,
    /// The value, shortened.
    pub value: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\" {}", self.value, self.reason)
    }
}

/// Characters of a value that are shown.
const SHOWN: usize = 40;

impl RowEncoder {
    /// For fields in the order of `columns`, each with what the dataset has in it; `nulls` are the bare texts that mean
    /// NULL. `None` when a type has no encoder.
    ///
    /// Dates, times and decimals have many spellings, which the server knows best. So they have an encoder in a file that
    /// seedrow wrote, where they are spelled as its own makers do.
    pub fn new(
        columns: &[(Kind, &catalog::Column)],
        own_file: bool,
        nulls: &[String],
    ) -> Option<RowEncoder> {
        let field = |(kind, column): &(Kind, &catalog::Column)| match column.base_type_oid {
            16 => Some(Field::Boolean),
            20 => Some(Field::Number(Kind::Integer, Wire::Int8)),
            21 => Some(Field::Number(Kind::Integer, Wire::Int2)),
            23 => Some(Field::Number(Kind::Integer, Wire::Int4)),
            25 | 1042 | 1043 => Some(Field::Text),
            other if own_file => binary::wire(*kind, other).map(|wire| Field::Number(*kind, wire)),
            _ => None,
        };
        let fields = columns.iter().map(field).collect::<Option<Vec<Field>>>()?;
        Some(RowEncoder {
            count: u16::try_from(fields.len()).ok()?,
            fields,
            nulls: nulls.iter().map(|null| null.clone().into_bytes()).collect(),
            null_digits: nulls
                .iter()
                .any(|null| null.starts_with(|first: char| first.is_ascii_digit())),
        })
    }

    /// Appends the record's row; leaves a part of it behind when a field is refused. The record has as many fields as the
    /// encoder has columns.
    #[inline]
    pub fn encode(&self, record: &Record, out: &mut Vec<u8>) -> Result<(), Refusal> {
        binary::begin_row(self.count, out);
        for (place, field) in self.fields.iter().enumerate() {
            let (bytes, quoted) = record.field(place);
            if !quoted && self.is_null(bytes) {
                binary::null(out);
                continue;
            }
            let written = match *field {
                Field::Text => {
                    binary::text(out, |out| out.extend_from_slice(bytes));
                    Ok(())
                }
                Field::Boolean => boolean(bytes, out),
                Field::Number(kind, wire) => number(kind, wire, bytes, out),
            };
            if let Err(reason) = written {
                return Err(refusal(place, bytes, reason));
            }
        }
        Ok(())
    }

    /// A bare field that is empty or one of the dataset's null texts, blanks around it passed over.
    #[inline]
    fn is_null(&self, bytes: &[u8]) -> bool {
        // Most numbers begin with a digit, and no null text does.
        if !self.null_digits && bytes.first().is_some_and(u8::is_ascii_digit) {
            return false;
        }
        let trimmed = bytes.trim_ascii();
        trimmed.is_empty() || self.nulls.iter().any(|null| null == trimmed)
    }
}

#[cold]
fn refusal(field: usize, bytes: &[u8], reason: &'static str) -> Refusal {
    let text = String::from_utf8_lossy(bytes);
    let mut value: String = text.chars().take(SHOWN).collect();
    if value.len() < text.len() {
        value.push('…');
    }
    Refusal {
        field,
        value: value.escape_debug().to_string(),
        reason,
    }
}

/// The spellings that Postgres takes, in any case: whole words, their beginnings, 1 and 0.
fn boolean(bytes: &[u8], out: &mut Vec<u8>) -> Result<(), &'static str> {
    const TRUE: [&[u8]; 3] = [b"true", b"yes", b"on"];
    const FALSE: [&[u8]; 3] = [b"false", b"no", b"off"];
    let text = bytes.trim_ascii();
    let begins = |words: &[&[u8]; 3], least: [usize; 3]| {
        words.iter().zip(least).any(|(word, least)| {
            (least..=word.len()).contains(&text.len())
                && word[..text.len()].eq_ignore_ascii_case(text)
        })
    };
    // `o` could begin either.
    let value = if text == b"1" || begins(&TRUE, [1, 1, 2]) {
        1
    } else if text == b"0" || begins(&FALSE, [1, 1, 2]) {
        0
    } else {
        return Err("is not a boolean, such as true, f, yes or 0");
    };
    binary::number(Kind::Boolean, Wire::Bool, value, out).map_err(|_| "is not a boolean")
}

#[inline]
fn number(kind: Kind, wire: Wire, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), &'static str> {
    let value = match kind {
        Kind::Cents => cents(bytes).ok_or("is not an amount such as 12.34")?,
        Kind::Date => date(bytes).ok_or("is not a date such as 2024-02-29")?,
        Kind::Timestamp => timestamp(bytes).ok_or("is not a time such as 2024-02-29T12:00:00Z")?,
        Kind::Integer | Kind::Boolean | Kind::Text => integer(bytes)?,
    };
    let range = match wire {
        Wire::Int2 => "is out of range for smallint",
        Wire::Int4 => "is out of range for integer",
        Wire::Int8 => "is out of range for bigint",
        _ => "is out of range for its column's type",
    };
    binary::number(kind, wire, value, out).map_err(|OutOfRange(_)| range)
}

/// Digits, a sign before them, blanks around them.
#[inline]
fn integer(bytes: &[u8]) -> Result<i64, &'static str> {
    const NONE: &str = "is not an integer";
    let text = bytes.trim_ascii();
    let (negative, digits) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, text),
    };
    if digits.is_empty() {
        return Err(NONE);
    }
    let mut value: i64 = 0;
    for &byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return Err(NONE);
        }
        // Downwards: the least number has no positive counterpart.
        value = value
            .checked_mul(10)
            .and_then(|tens| tens.checked_sub(i64::from(digit)))
            .ok_or("is out of range for bigint")?;
    }
    if negative {
        return Ok(value);
    }
    value.checked_neg().ok_or("is out of range for bigint")
}

/// `-12.34` as hundredths.
fn cents(bytes: &[u8]) -> Option<i64> {
    let text = str::from_utf8(bytes).ok()?;
    let (whole, hundredths) = text.split_once('.')?;
    if hundredths.len() != 2 || !hundredths.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let whole_cents = integer(whole.as_bytes()).ok()?.checked_mul(100)?;
    let part: i64 = hundredths.parse().ok()?;
    whole_cents.checked_add(if whole.starts_with('-') { -part } else { part })
}

fn date(bytes: &[u8]) -> Option<i64> {
    calendar::parse_date(str::from_utf8(bytes).ok()?)
}

/// `2024-02-29T12:00:00Z` as seconds since 1970.
fn timestamp(bytes: &[u8]) -> Option<i64> {
    let text = str::from_utf8(bytes).ok()?;
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let mut parts = time.splitn(3, ':');
    let mut part = |below: i64| -> Option<i64> {
        let digits = parts.next()?;
        let plain = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        let value = plain.then(|| digits.parse::<i64>().ok())??;
        (value < below).then_some(value)
    };
    let seconds = part(24)? * 3600 + part(60)? * 60 + part(60)?;
    Some(calendar::parse_date(date)? * DAY + seconds)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::generate::csv;

    fn integer_of(text: &str) -> Result<i64, &'static str> {
        integer(text.as_bytes())
    }

    #[test]
    fn integers_have_blanks_and_signs_and_nothing_else() {
        for (text, value) in [("0", 0), (" 42 ", 42), ("+7", 7), ("-7", -7), ("007", 7)] {
            assert_eq!(integer_of(text), Ok(value), "{text}");
        }
        assert_eq!(integer_of("9223372036854775807"), Ok(i64::MAX));
        assert_eq!(integer_of("-9223372036854775808"), Ok(i64::MIN));
        for text in [
            "", " ", "-", "1 2", "1.0", "1e3", "0x1F", "1_000", "--1", "٣",
        ] {
            assert_eq!(integer_of(text), Err("is not an integer"), "{text}");
        }
        for text in ["9223372036854775808", "-9223372036854775809"] {
            assert_eq!(
                integer_of(text),
                Err("is out of range for bigint"),
                "{text}"
            );
        }
    }

    #[test]
    fn booleans_are_spelled_as_postgres_takes_them() {
        let of = |text: &str| {
            let mut out = Vec::new();
            boolean(text.as_bytes(), &mut out)
                .map(|()| out[4] == 1)
                .ok()
        };
        for text in ["t", "TRUE", "tr", " yes ", "y", "on", "1"] {
            assert_eq!(of(text), Some(true), "{text}");
        }
        for text in ["f", "False", "no", "n", "OFF", "of", "0"] {
            assert_eq!(of(text), Some(false), "{text}");
        }
        for text in ["", "o", "2", "truee", "-1", "null"] {
            assert_eq!(of(text), None, "{text}");
        }
    }

    #[test]
    fn refusals_show_the_value_shortened() {
        let long = "x".repeat(50);
        let shown = refusal(3, long.as_bytes(), "is not an integer").to_string();
        assert_eq!(shown, format!("\"{}…\" is not an integer", "x".repeat(40)));
        assert_eq!(
            refusal(0, b"a\nb\xff", "no").to_string(),
            "\"a\\nb\u{fffd}\" no"
        );
    }

    proptest! {
        #[test]
        fn what_the_makers_write_is_read_back(value in any::<i64>(), days in -700_000..2_932_896i64, cents_of in -10_i64.pow(15)..10_i64.pow(15)) {
            let written = |kind, value| {
                let mut out = Vec::new();
                csv::number(kind, value, &mut out);
                out
            };
            prop_assert_eq!(integer(&written(Kind::Integer, value)), Ok(value));
            prop_assert_eq!(date(&written(Kind::Date, days)), Some(days));
            let seconds = days * DAY + value.rem_euclid(DAY);
            prop_assert_eq!(timestamp(&written(Kind::Timestamp, seconds)), Some(seconds));
            prop_assert_eq!(cents(&written(Kind::Cents, cents_of)), Some(cents_of));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..30)) {
            let mut out = Vec::new();
            for kind in [Kind::Integer, Kind::Cents, Kind::Date, Kind::Timestamp] {
                let _ = number(kind, Wire::Int8, &bytes, &mut out);
            }
            let _ = boolean(&bytes, &mut out);
        }
    }
}
