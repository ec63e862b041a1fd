//! Generated values and their column's type: numbers of a [`Kind`] written straight into COPY's binary format, and read
//! back from the files that seedrow wrote.

use std::sync::Arc;

use crate::copy::encode::write_binary;
use crate::copy::format::{field, fixed};
use crate::copy::number::integer;
use crate::copy::parsed::Unread;
use crate::copy::scalar::{NO_DATE, NO_TIMESTAMP, OUT_OF_BIGINT, OUT_OF_INTEGER, OUT_OF_SMALLINT};
use crate::copy::time::{DAY_MICROS, EPOCH, SECOND};
use crate::copy::types::{DataType, ParserCoverage, Scalar};
use crate::dataset::Kind;
use crate::dataset::calendar::{self, DAY};

/// How a generated column is written as a binary field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldEncoder {
    /// A number, without a text between.
    Number(NumberFormat),
    /// The text itself.
    Text,
    /// By way of the text, which the type's reader takes.
    Parsed(Arc<DataType>),
}

/// The types that numbers are written into without a text between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberFormat {
    /// `smallint`.
    Int2,
    /// `integer`.
    Int4,
    /// `bigint`.
    Int8,
    /// `numeric`.
    Numeric,
    /// `boolean`.
    Bool,
    /// `date`.
    Date,
    /// `timestamp`, with time zone or without.
    Timestamp,
}

/// A number that its column's type cannot hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutOfRange(pub i64);

impl FieldEncoder {
    /// For values of a kind in a column of a type; `None` where only the server can read all such values.
    pub fn new(kind: Kind, data_type: &DataType) -> Option<FieldEncoder> {
        let scalar = data_type.scalar();
        let is_text = matches!(
            scalar,
            Some(Scalar::Text | Scalar::Varchar | Scalar::Bpchar)
        );
        if kind == Kind::Text && is_text {
            return Some(FieldEncoder::Text);
        }
        let number = scalar.and_then(|scalar| NumberFormat::new(kind, scalar));
        // The server takes more spellings of a date than are read here.
        let strict = matches!(
            scalar,
            Some(Scalar::Date | Scalar::Timestamp | Scalar::Timestamptz)
        );
        match number {
            Some(number) => Some(FieldEncoder::Number(number)),
            None if kind == Kind::Text && strict => None,
            None if data_type.coverage() == ParserCoverage::Complete => {
                Some(FieldEncoder::Parsed(Arc::new(data_type.clone())))
            }
            None => None,
        }
    }

    /// Appends a value that has been written as text.
    #[inline]
    pub fn write_text(&self, text: &[u8], out: &mut Vec<u8>) -> Result<(), Unread> {
        match self {
            FieldEncoder::Parsed(data_type) => write_binary(data_type, text, out),
            FieldEncoder::Text | FieldEncoder::Number(_) => {
                field(out, |out| out.extend_from_slice(text));
                Ok(())
            }
        }
    }
}

impl NumberFormat {
    fn new(kind: Kind, scalar: Scalar) -> Option<NumberFormat> {
        let format = match scalar {
            Scalar::Bool => NumberFormat::Bool,
            Scalar::Int2 => NumberFormat::Int2,
            Scalar::Int4 => NumberFormat::Int4,
            Scalar::Int8 => NumberFormat::Int8,
            Scalar::Numeric => NumberFormat::Numeric,
            Scalar::Date => NumberFormat::Date,
            Scalar::Timestamp | Scalar::Timestamptz => NumberFormat::Timestamp,
            _ => return None,
        };
        let fits = match kind {
            Kind::Integer => !matches!(format, NumberFormat::Date | NumberFormat::Timestamp),
            Kind::Cents => format == NumberFormat::Numeric,
            Kind::Date => matches!(format, NumberFormat::Date | NumberFormat::Timestamp),
            Kind::Timestamp => format == NumberFormat::Timestamp,
            Kind::Boolean => format == NumberFormat::Bool,
            Kind::Text => false,
        };
        fits.then_some(format)
    }

    /// Whether it is one of the integer types.
    pub fn is_integer(self) -> bool {
        matches!(
            self,
            NumberFormat::Int2 | NumberFormat::Int4 | NumberFormat::Int8
        )
    }

    /// Appends a number of a kind.
    #[inline]
    pub fn write(self, kind: Kind, value: i64, out: &mut Vec<u8>) -> Result<(), OutOfRange> {
        let out_of_range = |_| OutOfRange(value);
        match self {
            NumberFormat::Int2 => {
                let value = i16::try_from(value).map_err(out_of_range)?;
                fixed(value.to_be_bytes(), out);
            }
            NumberFormat::Int4 => {
                let value = i32::try_from(value).map_err(out_of_range)?;
                fixed(value.to_be_bytes(), out);
            }
            NumberFormat::Int8 => fixed(value.to_be_bytes(), out),
            NumberFormat::Numeric => field(out, |out| numeric(value, kind, out)),
            NumberFormat::Bool => match value {
                0 | 1 => fixed([u8::from(value == 1)], out),
                _ => return Err(OutOfRange(value)),
            },
            NumberFormat::Date => {
                let days = i32::try_from(value - EPOCH).map_err(out_of_range)?;
                fixed(days.to_be_bytes(), out);
            }
            NumberFormat::Timestamp => {
                let unit = if kind == Kind::Date {
                    DAY_MICROS
                } else {
                    SECOND
                };
                let micros = value.checked_mul(unit);
                let micros = micros.and_then(|it| it.checked_sub(EPOCH * DAY_MICROS));
                fixed(micros.ok_or(OutOfRange(value))?.to_be_bytes(), out);
            }
        }
        Ok(())
    }

    /// Whether a number that seedrow wrote as text fits.
    pub fn ensure_holds(self, kind: Kind, text: &[u8]) -> Result<(), &'static str> {
        self.write_text(kind, text, &mut Vec::new())
    }

    /// Appends a number that seedrow wrote as text.
    #[inline]
    pub fn write_text(
        self,
        kind: Kind,
        text: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), &'static str> {
        let value = read(kind, text)?;
        let range = match self {
            NumberFormat::Int2 => OUT_OF_SMALLINT,
            NumberFormat::Int4 => OUT_OF_INTEGER,
            NumberFormat::Int8 => OUT_OF_BIGINT,
            _ => "is out of range for its column's type",
        };
        self.write(kind, value, out).map_err(|OutOfRange(_)| range)
    }
}

/// A numeric's digits to base 10,000: how many, the power of the first, sign, decimals, and the digits.
fn numeric(value: i64, kind: Kind, out: &mut Vec<u8>) {
    const BASE: u64 = 10_000;
    let (whole, hundredths, decimals) = match kind {
        Kind::Cents => (value.unsigned_abs() / 100, value.unsigned_abs() % 100, 2u16),
        _ => (value.unsigned_abs(), 0, 0),
    };
    // Least significant first; 2^63 has five digits to this base.
    let (mut digits, mut count, mut rest) = ([0u16; 6], 0usize, whole);
    while rest > 0 {
        digits[count] = u16::try_from(rest % BASE).unwrap_or(0);
        rest /= BASE;
        count += 1;
    }
    let fraction = u16::try_from(hundredths * 100).unwrap_or(0);
    let length = count + usize::from(fraction > 0);
    let sign: u16 = if value < 0 { 0x4000 } else { 0 };
    out.extend_from_slice(&u16::try_from(length).unwrap_or(0).to_be_bytes());
    out.extend_from_slice(&(i16::try_from(count).unwrap_or(0) - 1).to_be_bytes());
    out.extend_from_slice(&sign.to_be_bytes());
    out.extend_from_slice(&decimals.to_be_bytes());
    for digit in digits[..count].iter().rev() {
        out.extend_from_slice(&digit.to_be_bytes());
    }
    if fraction > 0 {
        out.extend_from_slice(&fraction.to_be_bytes());
    }
}

/// Reads a number of a kind as seedrow writes it in its files.
#[inline]
pub fn read(kind: Kind, text: &[u8]) -> Result<i64, &'static str> {
    match kind {
        Kind::Cents => cents(text).ok_or("is not an amount such as 12.34"),
        Kind::Date => date(text).ok_or(NO_DATE),
        Kind::Timestamp => timestamp(text).ok_or(NO_TIMESTAMP),
        Kind::Integer | Kind::Boolean | Kind::Text => integer(text),
    }
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
    use crate::copy::types::TypeKind;

    fn written(kind: Kind, format: NumberFormat, value: i64) -> Vec<u8> {
        let mut out = Vec::new();
        format.write(kind, value, &mut out).unwrap();
        out
    }

    #[test]
    fn integers_have_their_types_width() {
        let of = |format, value| written(Kind::Integer, format, value);
        assert_eq!(of(NumberFormat::Int2, 1), [0, 0, 0, 2, 0, 1]);
        assert_eq!(of(NumberFormat::Int4, -2), [0, 0, 0, 4, 255, 255, 255, 254]);
        assert_eq!(of(NumberFormat::Bool, 1), [0, 0, 0, 1, 1]);
    }

    #[test]
    fn numbers_too_large_for_their_type_are_rejected() {
        let mut out = Vec::new();
        for (format, value) in [(NumberFormat::Int2, 40_000), (NumberFormat::Int4, 1 << 31)] {
            let failed = format.write(Kind::Integer, value, &mut out);
            assert_eq!(failed, Err(OutOfRange(value)));
        }
    }

    #[test]
    fn values_go_directly_through_their_text_or_to_the_server() {
        let of = |kind, scalar: Scalar| FieldEncoder::new(kind, &scalar.into());
        assert_eq!(of(Kind::Text, Scalar::Text), Some(FieldEncoder::Text));
        assert_eq!(
            of(Kind::Integer, Scalar::Int4),
            Some(FieldEncoder::Number(NumberFormat::Int4))
        );
        for (kind, scalar) in [
            (Kind::Text, Scalar::Jsonb),
            (Kind::Text, Scalar::Uuid),
            (Kind::Cents, Scalar::Float8),
            (Kind::Integer, Scalar::Text),
        ] {
            let encoder = of(kind, scalar);
            assert!(
                matches!(encoder, Some(FieldEncoder::Parsed(_))),
                "{scalar:?}"
            );
        }
        assert_eq!(of(Kind::Text, Scalar::Interval), None);
        assert_eq!(of(Kind::Text, Scalar::Date), None);
        let domain = DataType {
            oid: 90_000,
            modifier: -1,
            kind: TypeKind::Domain(Box::new(Scalar::Date.into())),
        };
        assert_eq!(
            FieldEncoder::new(Kind::Date, &domain),
            Some(FieldEncoder::Number(NumberFormat::Date))
        );
    }

    #[test]
    fn values_by_way_of_their_text_are_read_by_their_type() {
        let uuid = FieldEncoder::new(Kind::Text, &Scalar::Uuid.into()).unwrap();
        let mut out = Vec::new();
        let text = b"a0eebc999c0b4ef8bb6d6bb9bd380a11";
        uuid.write_text(text, &mut out).unwrap();
        assert_eq!(out[..5], [0, 0, 0, 16, 0xa0]);
        assert!(uuid.write_text(b"a0", &mut out).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_rejected(bytes in proptest::collection::vec(any::<u8>(), 0..30)) {
            let mut out = Vec::new();
            for kind in [Kind::Integer, Kind::Cents, Kind::Date, Kind::Timestamp] {
                let _ = NumberFormat::Int8.write_text(kind, &bytes, &mut out);
            }
        }
    }
}
