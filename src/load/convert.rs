//! A field's text → a value of its column's type: what Postgres would make of it, found out before it is sent, so that
//! one record is refused and not all of them.
//!
//! Types that stand here are read by seedrow; any other goes to Postgres as text.

use std::borrow::Cow;

use crate::dataset::Kind;
use crate::dataset::calendar::DAY;
use crate::dataset::spec::Epoch;
use crate::generate::binary::{self, Wire};
use crate::load::decimal::Decimal;
use crate::load::times::{MICROS, SECOND, is_bare_number, time};
use crate::postgres::catalog;

/// How the fields of one column are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Converter {
    form: Form,
    epoch: Option<Epoch>,
    currency: Option<String>,
}

/// What the column's type wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Integer(Wire),
    Boolean,
    /// So many characters at most.
    Text(Option<usize>),
    /// So many digits before the point, and behind it.
    Decimal(Option<(usize, usize)>),
    Float4,
    Float8,
    Date,
    Timestamp,
    Json,
    Jsonb,
    Uuid,
    /// Only the server can read it.
    Unknown,
}

/// A value as its column's type has it.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// For `smallint`, `integer` and `bigint`.
    Integer(i64, Wire),
    /// `boolean`.
    Boolean(bool),
    /// UTF-8 without NUL, for texts and for types that only the server reads.
    Text(&'a [u8]),
    /// `numeric`.
    Decimal(Decimal),
    /// `real`.
    Float4(f32),
    /// `double precision`.
    Float8(f64),
    /// `date`: days since 1970-01-01.
    Days(i64),
    /// `timestamp`, with time zone or without: microseconds since 1970-01-01 00:00 UTC.
    Micros(i64),
    /// `jsonb`, as text.
    Jsonb(&'a [u8]),
    /// `uuid`.
    Uuid([u8; 16]),
}

/// Why a column cannot hold a value, said behind it.
pub type Reason = Cow<'static, str>;

impl Converter {
    /// For a column of the database; `epoch` and `currency` as its dataset says.
    pub fn new(
        column: &catalog::Column,
        epoch: Option<Epoch>,
        currency: Option<String>,
    ) -> Converter {
        let form = match column.base_type_oid {
            16 => Form::Boolean,
            20 => Form::Integer(Wire::Int8),
            21 => Form::Integer(Wire::Int2),
            23 => Form::Integer(Wire::Int4),
            25 => Form::Text(None),
            1042 | 1043 => Form::Text(characters(column.modifier)),
            114 => Form::Json,
            3802 => Form::Jsonb,
            700 => Form::Float4,
            701 => Form::Float8,
            1082 => Form::Date,
            1114 | 1184 => Form::Timestamp,
            1700 => Form::Decimal(digits(column.modifier)),
            2950 => Form::Uuid,
            _ => Form::Unknown,
        };
        Converter {
            form,
            epoch,
            currency,
        }
    }

    /// Whether only the server can read the column's type, so that its table goes as text.
    pub fn is_unknown(&self) -> bool {
        self.form == Form::Unknown
    }

    /// Whether it reads plain whole numbers and nothing else.
    pub fn integer(&self) -> Option<Wire> {
        match (self.form, &self.currency) {
            (Form::Integer(wire), None) => Some(wire),
            _ => None,
        }
    }

    /// The field's value.
    #[inline]
    pub fn value<'a>(&self, bytes: &'a [u8]) -> Result<Value<'a>, Reason> {
        match self.form {
            Form::Text(limit) => text(bytes, limit).map(Value::Text),
            Form::Unknown => text(bytes, None).map(Value::Text),
            _ => self.parsed(bytes.trim_ascii(), bytes),
        }
    }

    fn parsed<'a>(&self, trimmed: &[u8], bytes: &'a [u8]) -> Result<Value<'a>, Reason> {
        Ok(match self.form {
            Form::Integer(wire) => Value::Integer(self.integer_of(trimmed, wire)?, wire),
            Form::Boolean => Value::Boolean(
                boolean(trimmed).ok_or("is not a boolean, such as true, f, yes or 0")?,
            ),
            Form::Decimal(limit) => {
                let decimal = self.decimal(trimmed).ok_or("is not a number")?;
                Value::Decimal(match limit {
                    Some((before, behind)) => decimal.fitted(before, behind).ok_or_else(|| {
                        format!("is out of range for numeric({},{behind})", before + behind)
                    })?,
                    None => decimal,
                })
            }
            Form::Float4 => {
                let value = float::<f32>(trimmed)?;
                ensure_finite(value.is_infinite(), trimmed, "real")?;
                Value::Float4(value)
            }
            Form::Float8 => {
                let value = float::<f64>(trimmed)?;
                ensure_finite(value.is_infinite(), trimmed, "double precision")?;
                Value::Float8(value)
            }
            Form::Date => Value::Days(
                self.time(trimmed, "is not a date such as 2024-02-29")?
                    .div_euclid(DAY * SECOND),
            ),
            Form::Timestamp => {
                Value::Micros(self.time(trimmed, "is not a time such as 2024-02-29T12:00:00Z")?)
            }
            Form::Json | Form::Jsonb => {
                serde_json::from_slice::<serde::de::IgnoredAny>(bytes)
                    .map_err(|why| format!("is not JSON: {why}"))?;
                let bytes = text(bytes, None)?;
                match self.form {
                    Form::Jsonb => Value::Jsonb(bytes),
                    _ => Value::Text(bytes),
                }
            }
            Form::Uuid => Value::Uuid(uuid(trimmed).ok_or("is not a UUID")?),
            Form::Text(_) | Form::Unknown => Value::Text(text(bytes, None)?),
        })
    }

    fn integer_of(&self, text: &[u8], wire: Wire) -> Result<i64, Reason> {
        let value = match &self.currency {
            Some(_) => {
                let decimal = self.decimal(text).ok_or("is not an amount")?;
                let whole = decimal.scaled(0).ok_or("is out of range for bigint")?;
                whole
                    .exact()
                    .ok_or("has a fraction, and the column takes whole numbers")?
            }
            None => integer(text)?,
        };
        let (fits, range) = match wire {
            Wire::Int2 => (i16::try_from(value).is_ok(), "is out of range for smallint"),
            Wire::Int4 => (i32::try_from(value).is_ok(), "is out of range for integer"),
            _ => (true, ""),
        };
        match fits {
            true => Ok(value),
            false => Err(range.into()),
        }
    }

    /// A number, with the column's currency around it and commas between thousands where it has one.
    fn decimal(&self, text: &[u8]) -> Option<Decimal> {
        let Some(sign) = &self.currency else {
            return Decimal::parse(text);
        };
        let text = str::from_utf8(text).ok()?;
        let bare = without_currency(text, sign)?;
        Decimal::parse(without_thousands(&bare)?.as_bytes())
    }

    /// Microseconds since 1970-01-01 00:00 UTC; a bare number counts what the dataset says.
    fn time(&self, text: &[u8], otherwise: &'static str) -> Result<i64, Reason> {
        let found = match self.epoch {
            Some(unit) if is_bare_number(text) => {
                let places = match unit {
                    Epoch::Seconds => 6,
                    Epoch::Milliseconds => 3,
                };
                let number = Decimal::parse(text).ok_or(otherwise)?;
                number.scaled(places).map(|micros| micros.rounded())
            }
            None if is_bare_number(text) => {
                let advice =
                    "; where numbers count from 1970, the dataset says `epoch = \"ms\"` or \"s\"";
                return Err(format!("{otherwise}{advice}").into());
            }
            _ => Some(time(text).ok_or(otherwise)?),
        };
        let micros = found.filter(|micros| MICROS.contains(micros));
        micros.ok_or_else(|| "is out of range for a time".into())
    }
}

/// `varchar(80)` has 80 and a header's 4.
fn characters(modifier: i32) -> Option<usize> {
    usize::try_from(modifier.checked_sub(4)?).ok()
}

/// `numeric(8,2)` has both in one number (PostgreSQL, src/backend/utils/adt/numeric.c); scales below 0 are the server's.
fn digits(modifier: i32) -> Option<(usize, usize)> {
    let packed = modifier.checked_sub(4).filter(|&packed| packed >= 0)?;
    let (precision, scale) = (packed >> 16, packed & 0x7ff);
    let before = usize::try_from(precision - scale).ok()?;
    Some((before, usize::try_from(scale).ok()?)).filter(|_| scale < 0x400)
}

/// UTF-8 without NUL, of so many characters at most; blanks beyond that are cut off by Postgres, as SQL has it.
#[inline]
fn text(bytes: &[u8], limit: Option<usize>) -> Result<&[u8], Reason> {
    let Ok(text) = str::from_utf8(bytes) else {
        return Err(
            "is not UTF-8; convert the file, such as with iconv -f WINDOWS-1252 -t UTF-8".into(),
        );
    };
    if memchr::memchr(0, bytes).is_some() {
        return Err("holds a NUL byte, which Postgres cannot store".into());
    }
    match limit {
        Some(limit)
            if bytes.len() > limit && text.trim_end_matches(' ').chars().count() > limit =>
        {
            Err(format!("is longer than the column's {limit} characters").into())
        }
        _ => Ok(bytes),
    }
}

/// The spellings that Postgres takes, in any case: whole words, their beginnings, 1 and 0.
pub fn boolean(text: &[u8]) -> Option<bool> {
    const TRUE: [&[u8]; 3] = [b"true", b"yes", b"on"];
    const FALSE: [&[u8]; 3] = [b"false", b"no", b"off"];
    let begins = |words: &[&[u8]; 3], least: [usize; 3]| {
        words.iter().zip(least).any(|(word, least)| {
            (least..=word.len()).contains(&text.len())
                && word[..text.len()].eq_ignore_ascii_case(text)
        })
    };
    // `o` could begin either.
    if text == b"1" || begins(&TRUE, [1, 1, 2]) {
        Some(true)
    } else if text == b"0" || begins(&FALSE, [1, 1, 2]) {
        Some(false)
    } else {
        None
    }
}

/// Digits, a sign before them, blanks around them.
#[inline]
pub fn integer(bytes: &[u8]) -> Result<i64, &'static str> {
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

fn float<T: std::str::FromStr>(text: &[u8]) -> Result<T, &'static str> {
    let text = str::from_utf8(text).ok();
    text.and_then(|text| text.parse().ok())
        .ok_or("is not a number")
}

/// Refuses a number that only its size made infinite.
fn ensure_finite(infinite: bool, text: &[u8], type_name: &str) -> Result<(), Reason> {
    match infinite && text.iter().any(u8::is_ascii_digit) {
        true => Err(format!("is out of range for {type_name}").into()),
        false => Ok(()),
    }
}

/// 32 hexadecimal digits, hyphens between groups of four, braces around it.
fn uuid(text: &[u8]) -> Option<[u8; 16]> {
    let inner = text
        .strip_prefix(b"{")
        .and_then(|rest| rest.strip_suffix(b"}"));
    let text = inner.unwrap_or(text);
    let mut uuid = [0; 16];
    let mut count = 0;
    let mut rest = text;
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        if byte == b'-' {
            if count == 0 || count % 4 != 0 || rest.is_empty() {
                return None;
            }
            continue;
        }
        let digit = u8::try_from(char::from(byte).to_digit(16)?).ok()?;
        *uuid.get_mut(count / 2)? |= if count % 2 == 0 { digit << 4 } else { digit };
        count += 1;
    }
    (count == 32).then_some(uuid)
}

/// The text without a currency before or behind it; a sign may stand on either side of one before it.
fn without_currency<'t>(text: &'t str, currency: &str) -> Option<Cow<'t, str>> {
    if let Some(amount) = text.strip_suffix(currency) {
        return Some(amount.trim_end().into());
    }
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest.trim_start()),
        None => ("", text),
    };
    match rest.strip_prefix(currency) {
        Some(amount) => Some(format!("{sign}{}", amount.trim_start()).into()),
        None => Some(text.into()),
    }
}

/// `1,234,567.89` without its commas; `None` when they stand elsewhere than between thousands.
fn without_thousands(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains(',') {
        return Some(text.into());
    }
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let mut groups = whole.split(',');
    let first = groups.next()?.trim_start_matches(['-', '+']);
    let thousands = (1..=3).contains(&first.len()) && groups.all(|group| group.len() == 3);
    if !thousands || fraction.is_some_and(|fraction| fraction.contains(',')) {
        return None;
    }
    Some(text.replace(',', "").into())
}

/// How a value that the makers wrote goes into a column; `None` where it is read as anybody's would be.
pub fn own_wire(kind: Kind, column: &catalog::Column) -> Option<Wire> {
    binary::wire(kind, column.base_type_oid)
}
