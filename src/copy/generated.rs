//! Generated values and their column's type: numbers of a [`Kind`] written straight into COPY's binary format, and read
//! back from the files that seedrow wrote.

use std::sync::Arc;

use crate::copy::encode::write_binary;
use crate::copy::format::{field, fixed};
use crate::copy::interval::{Interval, interval};
use crate::copy::number::integer;
use crate::copy::parsed::Unread;
use crate::copy::scalar::{NO_DATE, NO_TIMESTAMP, OUT_OF_BIGINT, OUT_OF_INTEGER, OUT_OF_SMALLINT};
use crate::copy::time::{DAY_MICROS, EPOCH, SECOND};
use crate::copy::types::{DataType, ParserCoverage, Scalar, TypeKind};
use crate::copy::value::Value;
use crate::dataset::Kind;
use crate::dataset::calendar::{self, DAY};

/// How a generated column is written as a binary field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldEncoder {
    /// A number, without a text between.
    Number(NumberFormat),
    /// The text itself.
    Text,
    /// A uuid's bytes, without a text between.
    Uuid,
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
    /// `time`.
    Time,
    /// `time with time zone`, in UTC.
    Timetz,
    /// `interval`.
    Interval,
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
        let is_word = matches!(kind, Kind::Text | Kind::Literal | Kind::Uuid);
        match scalar {
            _ if is_word && is_text => return Some(FieldEncoder::Text),
            Some(Scalar::Uuid) if kind == Kind::Uuid => return Some(FieldEncoder::Uuid),
            _ => {}
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
            None if kind == Kind::Literal && reads_literals(data_type) => {
                Some(FieldEncoder::Parsed(Arc::new(data_type.clone())))
            }
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
            FieldEncoder::Uuid => write_binary(&Scalar::Uuid.into(), text, out),
            FieldEncoder::Text | FieldEncoder::Number(_) => {
                field(out, |out| out.extend_from_slice(text));
                Ok(())
            }
        }
    }
}

/// Whether the reader of a type takes all that makers of such types write; times may be in any spelling, as the elements
/// of an array have makers of their own.
fn reads_literals(data_type: &DataType) -> bool {
    match &data_type.base().kind {
        TypeKind::Scalar(Scalar::Inet | Scalar::Cidr | Scalar::Macaddr | Scalar::Macaddr8) => true,
        TypeKind::Range(inner) | TypeKind::Multirange(inner) => {
            inner.coverage() != ParserCoverage::None
        }
        TypeKind::Array(inner, _) => {
            inner.coverage() == ParserCoverage::Complete || reads_literals(inner)
        }
        _ => data_type.coverage() == ParserCoverage::Complete,
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
            Scalar::Time => NumberFormat::Time,
            Scalar::Timetz => NumberFormat::Timetz,
            Scalar::Interval => NumberFormat::Interval,
            _ => return None,
        };
        let fits = match kind {
            Kind::Integer => {
                format.is_integer() || matches!(format, NumberFormat::Numeric | NumberFormat::Bool)
            }
            Kind::Time => matches!(format, NumberFormat::Time | NumberFormat::Timetz),
            Kind::Interval => format == NumberFormat::Interval,
            Kind::Cents | Kind::Decimal(_) => format == NumberFormat::Numeric,
            Kind::Date => matches!(format, NumberFormat::Date | NumberFormat::Timestamp),
            Kind::Timestamp => format == NumberFormat::Timestamp,
            Kind::Boolean => format == NumberFormat::Bool,
            Kind::Text | Kind::Literal | Kind::Uuid => false,
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
    #[inline(always)]
    pub fn write(self, kind: Kind, value: i64, out: &mut Vec<u8>) -> Result<(), OutOfRange> {
        // By far the most are.
        match (self, i32::try_from(value)) {
            (NumberFormat::Int4, Ok(value)) => {
                fixed(value.to_be_bytes(), out);
                Ok(())
            }
            _ => self.write_other(kind, value, out),
        }
    }

    #[inline(never)]
    fn write_other(self, kind: Kind, value: i64, out: &mut Vec<u8>) -> Result<(), OutOfRange> {
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
            NumberFormat::Time => Value::Time(value.saturating_mul(SECOND)).write_binary(out),
            NumberFormat::Timetz => {
                Value::Timetz(value.saturating_mul(SECOND), 0).write_binary(out)
            }
            NumberFormat::Interval => {
                let interval = Interval {
                    months: 0,
                    days: i32::try_from(value / DAY).map_err(out_of_range)?,
                    micros: value % DAY * SECOND,
                };
                Value::Interval(interval).write_binary(out);
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
    const BASE: u128 = 10_000;
    let scale: u8 = match kind {
        Kind::Cents => 2,
        Kind::Decimal(scale) => scale,
        _ => 0,
    };
    // Decimals in whole digits; of 2^63 and 18 decimals there are ten digits.
    let behind = usize::from(scale.div_ceil(4));
    let shift = 10u128.pow(u32::from(scale.div_ceil(4) * 4 - scale));
    let mut rest = u128::from(value.unsigned_abs()) * shift;
    // Least significant first.
    let (mut digits, mut count) = ([0u16; 12], 0usize);
    while rest > 0 {
        digits[count] = u16::try_from(rest % BASE).unwrap_or(0);
        rest /= BASE;
        count += 1;
    }
    let zeros = digits[..count]
        .iter()
        .take(behind)
        .take_while(|&&digit| digit == 0)
        .count();
    let power = i16::try_from(count).unwrap_or(0) - i16::try_from(behind).unwrap_or(0) - 1;
    let sign: u16 = if value < 0 { 0x4000 } else { 0 };
    out.extend_from_slice(&u16::try_from(count - zeros).unwrap_or(0).to_be_bytes());
    out.extend_from_slice(&power.to_be_bytes());
    out.extend_from_slice(&sign.to_be_bytes());
    out.extend_from_slice(&u16::from(scale).to_be_bytes());
    for digit in digits[zeros..count].iter().rev() {
        out.extend_from_slice(&digit.to_be_bytes());
    }
}

/// Reads a number of a kind as seedrow writes it in its files.
#[inline]
pub fn read(kind: Kind, text: &[u8]) -> Result<i64, &'static str> {
    match kind {
        Kind::Cents => decimal(text, 2).ok_or("is not an amount such as 12.34"),
        Kind::Decimal(scale) => decimal(text, scale).ok_or("is not a decimal number"),
        Kind::Time => clock(text).ok_or("is not a time such as 12:00:00"),
        Kind::Interval => seconds(text).ok_or("is not an interval such as 3 days 12:00:00"),
        Kind::Date => date(text).ok_or(NO_DATE),
        Kind::Timestamp => timestamp(text).ok_or(NO_TIMESTAMP),
        Kind::Integer | Kind::Boolean | Kind::Text | Kind::Literal | Kind::Uuid => integer(text),
    }
}

/// `-12.34` as units of the last of so many decimals.
fn decimal(bytes: &[u8], scale: u8) -> Option<i64> {
    if scale == 0 {
        return integer(bytes).ok();
    }
    let text = str::from_utf8(bytes).ok()?;
    let (whole, fraction) = text.split_once('.')?;
    if fraction.len() != usize::from(scale) || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let unit = 10i64.checked_pow(scale.into())?;
    let units = integer(whole.as_bytes()).ok()?.checked_mul(unit)?;
    let part: i64 = fraction.parse().ok()?;
    units.checked_add(if whole.starts_with('-') { -part } else { part })
}

/// `12:00:00` as seconds since midnight.
fn clock(bytes: &[u8]) -> Option<i64> {
    clock_seconds(str::from_utf8(bytes).ok()?)
}

/// `3 days 12:00:00` as seconds.
fn seconds(bytes: &[u8]) -> Option<i64> {
    let Interval {
        months,
        days,
        micros,
    } = interval(bytes)?;
    (months == 0 && micros % SECOND == 0).then(|| i64::from(days) * DAY + micros / SECOND)
}

fn date(bytes: &[u8]) -> Option<i64> {
    calendar::parse_date(str::from_utf8(bytes).ok()?)
}

/// `2024-02-29T12:00:00Z` as seconds since 1970.
fn timestamp(bytes: &[u8]) -> Option<i64> {
    let text = str::from_utf8(bytes).ok()?;
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    Some(calendar::parse_date(date)? * DAY + clock_seconds(time)?)
}

fn clock_seconds(time: &str) -> Option<i64> {
    let mut parts = time.splitn(3, ':');
    let mut part = |below: i64| -> Option<i64> {
        let digits = parts.next()?;
        let plain = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        let value = plain.then(|| digits.parse::<i64>().ok())??;
        (value < below).then_some(value)
    };
    Some(part(24)? * 3600 + part(60)? * 60 + part(60)?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::copy::decimal::Decimal;

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
        fn decimals_are_numerics_of_their_text(value in any::<i64>(), scale in 0..=18u8) {
            let kind = Kind::Decimal(scale);
            let unit = 10u128.pow(scale.into());
            let (sign, units) = (if value < 0 { "-" } else { "" }, u128::from(value.unsigned_abs()));
            let text = match scale {
                0 => format!("{sign}{units}"),
                _ => format!("{sign}{}.{:02$}", units / unit, units % unit, usize::from(scale)),
            };
            let mut expected = Vec::new();
            Decimal::parse(text.as_bytes()).unwrap().write_binary(&mut expected);
            prop_assert_eq!(written(kind, NumberFormat::Numeric, value), expected, "{}", &text);
            if value > i64::MIN {
                prop_assert_eq!(read(kind, text.as_bytes()), Ok(value));
            }
        }

        #[test]
        fn any_bytes_are_read_or_rejected(bytes in proptest::collection::vec(any::<u8>(), 0..30)) {
            let mut out = Vec::new();
            for kind in [Kind::Integer, Kind::Cents, Kind::Date, Kind::Timestamp, Kind::Decimal(7), Kind::Time, Kind::Interval] {
                let _ = NumberFormat::Int8.write_text(kind, &bytes, &mut out);
            }
        }
    }
}
