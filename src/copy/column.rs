//! How one column of a foreign CSV file is read: by its type, and by what the dataset allows beyond what the type takes.

use std::borrow::Cow;

use crate::copy::decimal::Decimal;
use crate::copy::encode::write_binary;
use crate::copy::format::escape_text;
use crate::copy::generated::NumberFormat;
use crate::copy::scalar::{
    self, NO_DATE, NO_TIMESTAMP, OUT_OF_BIGINT, OUT_OF_INTEGER, OUT_OF_SMALLINT, OUT_OF_TIME,
    Parsed, Unread, ensure_text,
};
use crate::copy::time::{self, DAY_MICROS, is_bare_number};
use crate::copy::types::{DataType, EncoderCoverage, Scalar};
use crate::copy::value::Value;
use crate::dataset::spec::Epoch;

/// Reads the fields of one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnReader {
    data_type: DataType,
    scalar: Option<Scalar>,
    modifier: i32,
    epoch: Option<Epoch>,
    currency: Option<String>,
}

impl ColumnReader {
    /// For a column of a type; `epoch` says what bare numbers count in a column of times, `currency` what may stand
    /// before or behind an amount.
    pub fn new(
        data_type: &DataType,
        epoch: Option<Epoch>,
        currency: Option<String>,
    ) -> ColumnReader {
        ColumnReader {
            data_type: data_type.clone(),
            scalar: data_type.scalar(),
            modifier: data_type.base().modifier,
            epoch,
            currency,
        }
    }

    /// Which of the column's texts are read here.
    pub fn coverage(&self) -> EncoderCoverage {
        self.data_type.coverage()
    }

    /// The type's format, when it takes plain whole numbers and nothing else.
    pub fn integer(&self) -> Option<NumberFormat> {
        match (self.scalar?, &self.currency) {
            (Scalar::Int2, None) => Some(NumberFormat::Int2),
            (Scalar::Int4, None) => Some(NumberFormat::Int4),
            (Scalar::Int8, None) => Some(NumberFormat::Int8),
            _ => None,
        }
    }

    /// Appends a field's value as a binary field, or nothing when it isn't read.
    #[inline]
    pub fn write_binary(&self, text: &[u8], out: &mut Vec<u8>) -> Result<(), Unread> {
        match self.scalar {
            Some(scalar) => {
                self.parse(scalar, text)?.write_binary(out);
                Ok(())
            }
            None => write_binary(&self.data_type, text, out),
        }
    }

    /// Appends a field's value in COPY's text format; what isn't read here as it is.
    pub fn write_copy_text(&self, text: &[u8], out: &mut Vec<u8>) -> Result<(), Unread> {
        match self.value(text) {
            Ok(value) => value.write_copy_text(out),
            Err(Unread::Undecided) => escape_text(text, out),
            Err(invalid) => return Err(invalid),
        }
        Ok(())
    }

    /// Appends a field's value as Postgres writes it; what isn't read here as it is.
    pub fn write_text(&self, text: &[u8], out: &mut Vec<u8>) -> Result<(), Unread> {
        match self.value(text) {
            Ok(value) => value.write_text(out),
            Err(Unread::Undecided) => out.extend_from_slice(text),
            Err(invalid) => return Err(invalid),
        }
        Ok(())
    }

    /// A scalar's value; of anything else the text, once it has been read.
    fn value<'a>(&self, text: &'a [u8]) -> Parsed<'a> {
        if let Some(scalar) = self.scalar {
            return self.parse(scalar, text);
        }
        ensure_text(text)?;
        if self.coverage() != EncoderCoverage::None {
            write_binary(&self.data_type, text, &mut Vec::new())?;
        }
        Ok(Value::Text(text))
    }

    #[inline]
    fn parse<'a>(&self, scalar: Scalar, text: &'a [u8]) -> Parsed<'a> {
        match (scalar, &self.currency) {
            (Scalar::Int2 | Scalar::Int4 | Scalar::Int8, Some(sign)) => {
                whole_amount(scalar, text.trim_ascii(), sign)
            }
            (Scalar::Numeric, Some(sign)) => {
                let decimal = amount(text.trim_ascii(), sign).ok_or("is not a number")?;
                scalar::fitted(decimal, self.modifier).map(Value::Decimal)
            }
            (Scalar::Date | Scalar::Timestamp | Scalar::Timestamptz, _)
                if is_bare_number(text.trim_ascii()) =>
            {
                self.counted_time(scalar, text.trim_ascii())
            }
            _ => scalar.parse(text, self.modifier),
        }
    }

    /// A bare number in a column of times, which counts what the dataset says.
    fn counted_time(&self, scalar: Scalar, text: &[u8]) -> Parsed<'static> {
        let otherwise = match scalar {
            Scalar::Date => NO_DATE,
            _ => NO_TIMESTAMP,
        };
        let Some(unit) = self.epoch else {
            let advice =
                "; where numbers count from 1970, the dataset says `epoch = \"ms\"` or \"s\"";
            return Err(Unread::Invalid(format!("{otherwise}{advice}").into()));
        };
        let places = match unit {
            Epoch::Seconds => 6,
            Epoch::Milliseconds => 3,
        };
        let number = Decimal::parse(text).ok_or(otherwise)?;
        let micros = number.scaled(places).map(|micros| micros.rounded());
        let micros = micros
            .and_then(time::timestamp_since_1970)
            .ok_or(OUT_OF_TIME)?;
        Ok(match scalar {
            Scalar::Date => {
                let days = i32::try_from(micros.div_euclid(DAY_MICROS));
                Value::Date(days.map_err(|_| OUT_OF_TIME)?)
            }
            Scalar::Timestamp => Value::Timestamp(micros),
            _ => Value::Timestamptz(micros),
        })
    }
}

/// An amount in a column of whole numbers.
fn whole_amount<'a>(scalar: Scalar, text: &[u8], sign: &str) -> Parsed<'a> {
    let whole = amount(text, sign).ok_or("is not an amount")?.scaled(0);
    let value = whole.ok_or(OUT_OF_BIGINT)?.exact();
    let value = value.ok_or("has a fraction, and the column takes whole numbers")?;
    Ok(match scalar {
        Scalar::Int2 => Value::Int2(value.try_into().map_err(|_| OUT_OF_SMALLINT)?),
        Scalar::Int4 => Value::Int4(value.try_into().map_err(|_| OUT_OF_INTEGER)?),
        _ => Value::Int8(value),
    })
}

/// A number with a currency around it, and with commas between thousands where it has them.
fn amount(text: &[u8], currency: &str) -> Option<Decimal> {
    let bare = without_currency(str::from_utf8(text).ok()?, currency)?;
    Decimal::parse(without_thousands(&bare)?.as_bytes())
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(reader: &ColumnReader, field: &str) -> Result<String, Unread> {
        let mut out = Vec::new();
        reader.write_text(field.as_bytes(), &mut out)?;
        Ok(String::from_utf8(out).unwrap())
    }

    fn reason(reader: &ColumnReader, field: &str) -> String {
        match text(reader, field) {
            Err(Unread::Invalid(reason)) => reason.into_owned(),
            other => panic!("{field}: {other:?}"),
        }
    }

    #[test]
    fn amounts_have_a_currency_and_thousands() {
        let reader = |scalar: Scalar| ColumnReader::new(&scalar.into(), None, Some("$".into()));
        let numeric = reader(Scalar::Numeric);
        for (field, expected) in [
            ("$84.00", "84.00"),
            ("-$ 0.50", "-0.50"),
            ("$-1", "-1"),
            ("1,234.5 $", "1234.5"),
            ("$1,234,567", "1234567"),
        ] {
            assert_eq!(text(&numeric, field).as_deref(), Ok(expected), "{field}");
        }
        assert_eq!(reason(&numeric, "1,23"), "is not a number");
        let whole = reader(Scalar::Int2);
        assert_eq!(text(&whole, "$1,234.00").as_deref(), Ok("1234"));
        assert_eq!(
            reason(&whole, "$1.50"),
            "has a fraction, and the column takes whole numbers"
        );
        assert_eq!(reason(&whole, "$40,000"), OUT_OF_SMALLINT);
        assert_eq!(whole.integer(), None);
    }

    #[test]
    fn bare_numbers_count_from_1970_where_the_dataset_says_so() {
        let millis =
            |scalar: Scalar| ColumnReader::new(&scalar.into(), Some(Epoch::Milliseconds), None);
        let at = millis(Scalar::Timestamptz);
        assert_eq!(
            text(&at, "1596080481467").as_deref(),
            Ok("2020-07-30 03:41:21.467+00")
        );
        assert_eq!(
            text(&at, "2020-07-30").as_deref(),
            Ok("2020-07-30 00:00:00+00")
        );
        assert_eq!(
            text(&millis(Scalar::Date), "-1").as_deref(),
            Ok("1969-12-31")
        );
        assert_eq!(reason(&at, "1e300"), OUT_OF_TIME);
        let plain = ColumnReader::new(&Scalar::Date.into(), None, None);
        assert!(reason(&plain, "1596080481467").contains("epoch = \"ms\""));
    }

    #[test]
    fn what_only_the_server_reads_stays_as_it_is() {
        let reader = ColumnReader::new(&Scalar::Interval.into(), None, None);
        assert_eq!(text(&reader, "1 day ago").as_deref(), Ok("1 day ago"));
        let mut out = Vec::new();
        assert_eq!(
            reader.write_binary(b"1 day ago", &mut out),
            Err(Unread::Undecided)
        );
        reader.write_copy_text(b"1\tday", &mut out).unwrap();
        assert_eq!(out, b"1\\tday");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_rejected(bytes in proptest::collection::vec(any::<u8>(), 0..30)) {
            let mut out = Vec::new();
            for &scalar in Scalar::ALL {
                for (epoch, currency) in [(None, None), (Some(Epoch::Milliseconds), Some("$".to_owned()))] {
                    let reader = ColumnReader::new(&scalar.into(), epoch, currency);
                    let read = reader.write_binary(&bytes, &mut out).is_ok();
                    prop_assert!(!read || reader.write_copy_text(&bytes, &mut out).is_ok());
                }
            }
        }
    }
}
