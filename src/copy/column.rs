//! How one column of a foreign CSV file is read: by its type, and by what the dataset allows beyond what the type takes.

use crate::copy::amount::Amounts;
use crate::copy::decimal::Decimal;
use crate::copy::encode::write_binary;
use crate::copy::format::escape_text;
use crate::copy::generated::NumberFormat;
use crate::copy::parsed::{Parsed, Unread, ensure_text};
use crate::copy::scalar::{NO_DATE, NO_TIMESTAMP, OUT_OF_TIME};
use crate::copy::spelled_date;
use crate::copy::time::{self, EPOCH, Moment, is_bare_number};
use crate::copy::types::{DataType, ParserCoverage, Scalar};
use crate::copy::value::Value;
use crate::dataset::date_format::DateFormat;
use crate::dataset::spellings::{EPOCHS, Epoch, Spellings};

/// The year 10000, microseconds since 2000: eight thousand years of which each four hundred have 146,097 days.
const YEAR_10000: i64 = 20 * 146_097 * time::DAY_MICROS;

/// Reads the fields of one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnReader {
    data_type: DataType,
    scalar: Option<Scalar>,
    modifier: i32,
    epoch: Option<Epoch>,
    date_format: Option<DateFormat>,
    amounts: Amounts,
}

impl ColumnReader {
    /// For a column of a type, with spellings beyond what the type takes.
    pub fn new(data_type: &DataType, spellings: &Spellings) -> ColumnReader {
        ColumnReader {
            data_type: data_type.clone(),
            scalar: data_type.scalar(),
            modifier: data_type.base().modifier,
            epoch: spellings.epoch,
            date_format: spellings.date_format.clone(),
            amounts: Amounts {
                currency: spellings.currency.clone(),
                decimal: spellings.decimal,
            },
        }
    }

    /// Which of the column's texts are read here.
    pub fn coverage(&self) -> ParserCoverage {
        self.data_type.coverage()
    }

    /// The format of a type of whole numbers.
    pub fn integer(&self) -> Option<NumberFormat> {
        match self.scalar? {
            Scalar::Int2 => Some(NumberFormat::Int2),
            Scalar::Int4 => Some(NumberFormat::Int4),
            Scalar::Int8 => Some(NumberFormat::Int8),
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
        if self.coverage() != ParserCoverage::None {
            write_binary(&self.data_type, text, &mut Vec::new())?;
        }
        Ok(Value::Text(text))
    }

    #[inline]
    fn parse<'a>(&self, scalar: Scalar, text: &'a [u8]) -> Parsed<'a> {
        match scalar {
            Scalar::Int2 | Scalar::Int4 | Scalar::Int8 => scalar
                .parse(text, self.modifier)
                .or_else(|why| self.amounts.read(scalar, text, self.modifier, why)),
            Scalar::Numeric | Scalar::Float4 | Scalar::Float8 => {
                if self.amounts.has_comma() {
                    let why = "is not a number".into();
                    return self.amounts.read(scalar, text, self.modifier, why);
                }
                let parsed = scalar.parse(text, self.modifier);
                parsed.or_else(|why| self.amounts.read(scalar, text, self.modifier, why))
            }
            Scalar::Date | Scalar::Timestamp | Scalar::Timestamptz => {
                let text = text.trim_ascii();
                match (&self.date_format, time::moment(text)) {
                    (_, Some(moment)) => in_type(scalar, moment),
                    (Some(format), None) => self.formatted_time(scalar, format, text),
                    (None, None) if is_bare_number(text) => self.counted_time(scalar, text),
                    (None, None) => scalar.parse(text, self.modifier),
                }
            }
            _ => scalar.parse(text, self.modifier),
        }
    }

    /// A date in the column's format, and a time of day behind it where there is one.
    fn formatted_time(&self, scalar: Scalar, format: &DateFormat, text: &[u8]) -> Parsed<'static> {
        match formatted_moment(format, text) {
            Some(moment) => in_type(scalar, moment),
            None if self.epoch.is_some() && is_bare_number(text) => self.counted_time(scalar, text),
            None => {
                ensure_text(text)?;
                Err(Unread::Invalid(
                    format!("is not a date in the format {format}").into(),
                ))
            }
        }
    }

    /// A bare number in a column of times: what the dataset says it counts, else a date of eight or six digits.
    fn counted_time(&self, scalar: Scalar, text: &[u8]) -> Parsed<'static> {
        let otherwise = match scalar {
            Scalar::Date => NO_DATE,
            _ => NO_TIMESTAMP,
        };
        let Some(unit) = self.epoch else {
            let moment = spelled_date::digits(text);
            let moment = moment.ok_or_else(|| uncounted(text, otherwise))?;
            return in_type(scalar, moment);
        };
        let number = Decimal::parse(text).ok_or(otherwise)?;
        let micros = number.scaled(unit.places()).map(|micros| micros.rounded());
        let micros = micros
            .and_then(time::timestamp_since_1970)
            .ok_or(OUT_OF_TIME)?;
        if micros >= YEAR_10000 {
            return Err(far_away(text, unit));
        }
        Ok(match scalar {
            Scalar::Date => {
                let days = i32::try_from(micros.div_euclid(time::DAY_MICROS));
                Value::Date(days.map_err(|_| OUT_OF_TIME)?)
            }
            Scalar::Timestamp => Value::Timestamp(micros),
            _ => Value::Timestamptz(micros),
        })
    }
}

/// A date in a format, and a time of day behind it where there is one.
pub fn formatted_moment(format: &DateFormat, text: &[u8]) -> Option<Moment> {
    let (days, rest) = format.read(str::from_utf8(text).ok()?)?;
    let clock = rest.strip_prefix(',').unwrap_or(rest);
    let clock = clock.strip_prefix(['T', 't']).unwrap_or(clock).trim_start();
    // A blank or a T precedes a time, and nothing follows a date alone.
    let (micros, zone) = match clock {
        "" if rest.is_empty() => (0, None),
        "" => return None,
        _ if clock.len() == rest.len() => return None,
        clock => time::clock_and_zone(clock)?,
    };
    let days = days - EPOCH;
    Some(Moment::At { days, micros, zone })
}

/// A moment as a type of times has it.
fn in_type(scalar: Scalar, moment: Moment) -> Parsed<'static> {
    Ok(match scalar {
        Scalar::Date => Value::Date(time::date_number(moment).ok_or(OUT_OF_TIME)?),
        Scalar::Timestamp => {
            Value::Timestamp(time::timestamp_number(moment, false).ok_or(OUT_OF_TIME)?)
        }
        _ => Value::Timestamptz(time::timestamp_number(moment, true).ok_or(OUT_OF_TIME)?),
    })
}

/// Why a number that gives a year of five digits is taken for one in another unit, as milliseconds read as seconds are.
#[cold]
fn far_away(text: &[u8], unit: Epoch) -> Unread {
    let name = |of: &dyn Fn(Epoch) -> bool| EPOCHS.iter().find(|(_, it)| of(*it));
    let unit = name(&|it| it == unit).map_or("", |(name, _)| name);
    let usual = name(&|it| it.is_usual(text));
    let usual = usual.map(|(name, _)| format!("; it is a time of our day in {name}"));
    let usual = usual.unwrap_or_default();
    format!("is after the year 9999 when it counts {unit} from 1970{usual}").into()
}

/// Why a bare number is no date, with the unit in which it would be one of our time.
#[cold]
fn uncounted(text: &[u8], otherwise: &'static str) -> Unread {
    let unit = EPOCHS.iter().find(|(_, unit)| unit.is_usual(text));
    match unit {
        Some((name, _)) => format!("{otherwise}; `--epoch {name}` counts it from 1970").into(),
        None => otherwise.into(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::copy::scalar::{OUT_OF_SMALLINT, OUT_OF_TIME};
    use crate::dataset::spellings::DecimalMark;

    fn text(reader: &ColumnReader, field: &str) -> Result<String, Unread> {
        let mut out = Vec::new();
        reader.write_text(field.as_bytes(), &mut out)?;
        Ok(String::from_utf8(out).unwrap())
    }

    fn in_millis() -> Spellings {
        Spellings {
            epoch: Some(Epoch::Milliseconds),
            ..Spellings::default()
        }
    }

    fn reason(reader: &ColumnReader, field: &str) -> String {
        match text(reader, field) {
            Err(Unread::Invalid(reason)) => reason.into_owned(),
            other => panic!("{field}: {other:?}"),
        }
    }

    #[test]
    fn a_number_in_another_unit_than_the_columns_is_no_time() {
        let reader = ColumnReader::new(&Scalar::Timestamptz.into(), &in_millis());
        assert_eq!(
            text(&reader, "253402300799999").unwrap(),
            "9999-12-31 23:59:59.999+00"
        );
        assert_eq!(
            reason(&reader, "1596080481467000"),
            "is after the year 9999 when it counts ms from 1970; it is a time of our day in us"
        );
        let date = ColumnReader::new(&Scalar::Date.into(), &in_millis());
        assert_eq!(
            reason(&date, "9000000000000000"),
            "is after the year 9999 when it counts ms from 1970"
        );
    }

    #[test]
    fn amounts_have_a_currency_and_thousands() {
        let reader = |scalar: Scalar| {
            let spellings = Spellings {
                currency: Some("$".into()),
                ..Spellings::default()
            };
            ColumnReader::new(&scalar.into(), &spellings)
        };
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
        assert!(reason(&numeric, "1,23").starts_with("is not a number; `--decimal ,`"));
        let whole = reader(Scalar::Int2);
        assert_eq!(text(&whole, "$1,234.00").as_deref(), Ok("1234"));
        assert_eq!(
            reason(&whole, "$1.50"),
            "has a fraction, and the column takes whole numbers"
        );
        assert_eq!(reason(&whole, "$40,000"), OUT_OF_SMALLINT);
    }

    #[test]
    fn bare_numbers_count_from_1970_where_the_dataset_says_so() {
        let millis = |scalar: Scalar| ColumnReader::new(&scalar.into(), &in_millis());
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
        let plain = ColumnReader::new(&Scalar::Date.into(), &Spellings::default());
        assert!(reason(&plain, "1596080481467").contains("--epoch ms"));
        assert_eq!(text(&plain, "20240704").as_deref(), Ok("2024-07-04"));
    }

    #[test]
    fn what_only_the_server_reads_stays_as_it_is() {
        let reader = ColumnReader::new(&Scalar::Interval.into(), &Spellings::default());
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
                let all = Spellings {
                    currency: Some("$".into()),
                    decimal: Some(DecimalMark::Comma),
                    date_format: DateFormat::parse("D.M.YYYY").ok(),
                    ..in_millis()
                };
                for spellings in [Spellings::default(), all] {
                    let reader = ColumnReader::new(&scalar.into(), &spellings);
                    let read = reader.write_binary(&bytes, &mut out).is_ok();
                    prop_assert!(!read || reader.write_copy_text(&bytes, &mut out).is_ok());
                }
            }
        }
    }
}
