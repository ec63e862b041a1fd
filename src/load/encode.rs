//! A record of CSV text → a row for COPY, each field by its column's type.
//!
//! The binary format costs the server far less than text, so that parsing pays even for a file that is right. A table
//! with a column of a type that only the server can read goes as text; its other columns are read here all the same.

use std::borrow::Cow;
use std::fmt;
use std::io::Write;

use crate::dataset::Column;
use crate::dataset::Kind;
use crate::dataset::calendar::{self, DAY};
use crate::files::records::Record;
use crate::generate::binary::{self, OutOfRange, Wire};
use crate::load::convert::{self, Converter, Reason, Value, integer};
use crate::postgres::catalog;

/// Encodes the records of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowEncoder {
    fields: Vec<Field>,
    count: u16,
    form: Form,
    nulls: Vec<Vec<u8>>,
    /// Whether one of the null texts begins with a digit.
    null_digits: bool,
}

/// What COPY is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Binary,
    Text,
}

/// A field that goes into a column.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Field {
    /// Its place in the record.
    place: usize,
    read: Read,
    /// Whether NULL is refused here, and not by the server.
    not_null: bool,
}

/// How a field is read.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Read {
    /// Text of a file that seedrow wrote.
    Own,
    /// As seedrow writes it in its own files, or a whole number of any file.
    Number(Kind, Wire),
    /// Whatever others wrote.
    Checked(Converter),
}

/// A file's columns: what the dataset and what the database has of each, in the file's order; `None` is passed over.
pub type Columns<'a> = [Option<(Kind, &'a Column, &'a catalog::Column)>];

/// A field that its column cannot hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Its place in the record, from 0.
    pub field: usize,
    /// The value, shortened.
    pub value: String,
    /// What is wrong with it.
    pub reason: Reason,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\" {}", self.value, self.reason)
    }
}

/// What is wrong with NULL in a column that takes none.
const NULL: &str = "is NULL, and the column takes none";

/// Characters of a value that are shown.
const SHOWN: usize = 40;

impl RowEncoder {
    /// For records with these columns; `nulls` are the bare texts that mean NULL.
    ///
    /// A file that seedrow wrote is trusted: its texts are UTF-8, and dates, times and decimals are spelled as its own
    /// makers do.
    pub fn new(columns: &Columns, own_file: bool, nulls: &[String]) -> RowEncoder {
        let converter = |spec: &Column, column: &catalog::Column| {
            Converter::new(column, spec.epoch, spec.currency.clone())
        };
        let known = columns.iter().flatten();
        let unknown = known
            .clone()
            .any(|(_, spec, column)| converter(spec, column).is_unknown());
        let read = |&(kind, spec, column): &(Kind, &Column, &catalog::Column)| {
            if own_file && !unknown {
                match convert::own_wire(kind, column) {
                    Some(Wire::Text) => return Read::Own,
                    Some(wire) if kind != Kind::Boolean => return Read::Number(kind, wire),
                    _ => {}
                }
            }
            let converter = converter(spec, column);
            match converter.integer() {
                Some(wire) if !unknown => Read::Number(Kind::Integer, wire),
                _ => Read::Checked(converter),
            }
        };
        let fields: Vec<Field> = columns
            .iter()
            .enumerate()
            .filter_map(|(place, column)| {
                let column = column.as_ref()?;
                Some(Field {
                    place,
                    read: read(column),
                    not_null: column.2.not_null && !own_file,
                })
            })
            .collect();
        RowEncoder {
            // Postgres' tables have 1,600 columns at most.
            count: u16::try_from(fields.len()).unwrap_or(u16::MAX),
            fields,
            form: if unknown { Form::Text } else { Form::Binary },
            nulls: nulls.iter().map(|null| null.clone().into_bytes()).collect(),
            null_digits: nulls
                .iter()
                .any(|null| null.starts_with(|first: char| first.is_ascii_digit())),
        }
    }

    /// Whether rows are in COPY's binary format, else in its text format.
    pub fn is_binary(&self) -> bool {
        self.form == Form::Binary
    }

    /// Appends the record's row, or nothing when a field is refused. The record has as many fields as the encoder has
    /// columns.
    #[inline]
    pub fn encode(&self, record: &Record, out: &mut Vec<u8>) -> Result<(), Refusal> {
        let start = out.len();
        let encoded = match self.form {
            Form::Binary => self.encode_binary(record, out),
            Form::Text => self.encode_text(record, out),
        };
        if encoded.is_err() {
            out.truncate(start);
        }
        encoded
    }

    #[inline]
    fn encode_binary(&self, record: &Record, out: &mut Vec<u8>) -> Result<(), Refusal> {
        binary::begin_row(self.count, out);
        for field in &self.fields {
            let (bytes, quoted) = record.field(field.place);
            let null = !quoted && self.is_null(bytes);
            let written = match &field.read {
                _ if null && field.not_null => Err(NULL.into()),
                _ if null => {
                    binary::null(out);
                    Ok(())
                }
                Read::Own => {
                    binary::text(out, |out| out.extend_from_slice(bytes));
                    Ok(())
                }
                Read::Number(kind, wire) => number(*kind, *wire, bytes, out).map_err(Cow::Borrowed),
                Read::Checked(converter) => converter
                    .value(bytes)
                    .map(|value| write_binary(&value, out)),
            };
            written.map_err(|reason| refusal(field.place, bytes, reason))?;
        }
        Ok(())
    }

    fn encode_text(&self, record: &Record, out: &mut Vec<u8>) -> Result<(), Refusal> {
        for (index, field) in self.fields.iter().enumerate() {
            if index > 0 {
                out.push(b'\t');
            }
            let (bytes, quoted) = record.field(field.place);
            // Every field of such a table is a checked one.
            let Read::Checked(converter) = &field.read else {
                continue;
            };
            let written = match !quoted && self.is_null(bytes) {
                true if field.not_null => Err(NULL.into()),
                true => {
                    out.extend_from_slice(b"\\N");
                    Ok(())
                }
                false => converter.value(bytes).map(|value| write_text(&value, out)),
            };
            written.map_err(|reason| refusal(field.place, bytes, reason))?;
        }
        out.push(b'\n');
        Ok(())
    }

    /// The value of a field as Postgres writes it as text; `None` for NULL, and for what it cannot hold.
    pub fn text(&self, record: &Record, place: usize) -> Option<String> {
        let field = self.fields.iter().find(|field| field.place == place)?;
        let (bytes, quoted) = record.field(place);
        if !quoted && self.is_null(bytes) {
            return None;
        }
        let mut out = Vec::new();
        match &field.read {
            Read::Own => out.extend_from_slice(bytes),
            Read::Number(Kind::Integer, _) => {
                write_text(&Value::Integer(integer(bytes).ok()?, Wire::Int8), &mut out);
            }
            Read::Number(..) => out.extend_from_slice(bytes),
            Read::Checked(converter) => match converter.value(bytes).ok()? {
                Value::Text(text) => out.extend_from_slice(text),
                value => write_text(&value, &mut out),
            },
        }
        String::from_utf8(out).ok()
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
fn refusal(field: usize, bytes: &[u8], reason: Reason) -> Refusal {
    Refusal {
        field,
        value: shortened(bytes),
        reason,
    }
}

/// A value as messages show it.
pub fn shortened(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut value: String = text.chars().take(SHOWN).collect();
    if value.len() < text.len() {
        value.push('…');
    }
    value.escape_debug().to_string()
}

#[inline]
fn write_binary(value: &Value, out: &mut Vec<u8>) {
    let fixed =
        |bytes: &[u8], out: &mut Vec<u8>| binary::text(out, |out| out.extend_from_slice(bytes));
    // Converters have held the numbers against their types.
    let number = |kind, wire, value, out: &mut Vec<u8>| {
        binary::number(kind, wire, value, out).unwrap_or_default()
    };
    match value {
        Value::Text(text) => binary::text(out, |out| out.extend_from_slice(text)),
        Value::Integer(value, wire) => number(Kind::Integer, *wire, *value, out),
        Value::Boolean(value) => fixed(&[u8::from(*value)], out),
        Value::Decimal(decimal) => decimal.write_binary(out),
        Value::Float4(value) => fixed(&value.to_be_bytes(), out),
        Value::Float8(value) => fixed(&value.to_be_bytes(), out),
        Value::Days(days) => number(Kind::Date, Wire::Date, *days, out),
        Value::Micros(micros) => fixed(&binary::timestamp(*micros).to_be_bytes(), out),
        // The version of the format stands before it.
        Value::Jsonb(text) => binary::text(out, |out| {
            out.push(1);
            out.extend_from_slice(text);
        }),
        Value::Uuid(uuid) => fixed(uuid, out),
    }
}

fn write_text(value: &Value, out: &mut Vec<u8>) {
    // Writing to memory cannot fail.
    let mut put = |text: fmt::Arguments| out.write_fmt(text).unwrap_or_default();
    match value {
        Value::Text(text) | Value::Jsonb(text) => escape(text, out),
        Value::Integer(value, _) => put(format_args!("{value}")),
        Value::Boolean(value) => put(format_args!("{value}")),
        Value::Decimal(decimal) => decimal.write_text(out),
        Value::Float4(value) => put(format_args!("{value}")),
        Value::Float8(value) => put(format_args!("{value}")),
        Value::Days(days) => put(format_args!("{}", written_date(*days))),
        Value::Micros(micros) => {
            let (day, rest) = (
                micros.div_euclid(DAY * 1_000_000),
                micros.rem_euclid(DAY * 1_000_000),
            );
            let (seconds, fraction) = (rest / 1_000_000, rest % 1_000_000);
            let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
            put(format_args!(
                "{} {hours:02}:{minutes:02}:{seconds:02}.{fraction:06}+00",
                written_date(day)
            ));
        }
        Value::Uuid(uuid) => uuid.iter().for_each(|byte| put(format_args!("{byte:02x}"))),
    }
}

fn written_date(days: i64) -> String {
    let (year, month, day) = calendar::date_from_days(days);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Text as COPY's text format has it.
fn escape(bytes: &[u8], out: &mut Vec<u8>) {
    for &byte in bytes {
        match byte {
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            byte => out.push(byte),
        }
    }
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
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;
    use crate::dataset::Dataset;
    use crate::dataset::spec::Epoch;
    use crate::files::records::{Dialect, Records};
    use crate::generate::csv;
    use crate::load::convert::boolean;
    use crate::postgres::catalog::ColumnDefault;

    fn integer_of(text: &str) -> Result<i64, &'static str> {
        integer(text.as_bytes())
    }

    fn column(base_type_oid: u32) -> catalog::Column {
        catalog::Column {
            table: 0,
            name: String::new(),
            number: 1,
            type_name: String::new(),
            type_oid: base_type_oid,
            base_type_oid,
            modifier: -1,
            not_null: false,
            default: ColumnDefault::Nothing,
        }
    }

    /// A record as COPY's text format has it, one of its columns being of a type that only the server reads.
    fn as_text(text: &str) -> Result<String, Refusal> {
        const INET: u32 = 869;
        let dataset = Dataset::open("catalog").unwrap();
        let spec = &dataset.tables[0].columns[0];
        let types = [23, 25, INET, 1184, 16].map(column);
        let columns: Vec<_> = types
            .iter()
            .map(|it| Some((Kind::Text, spec, it)))
            .collect();
        let encoder = RowEncoder::new(&columns, false, &["null".into(), "\\N".into()]);
        assert!(!encoder.is_binary());
        let mut records =
            Records::new(text.as_bytes(), Path::new("x.csv"), Dialect::default()).unwrap();
        let mut out = Vec::new();
        while let Some(record) = records.read().unwrap() {
            encoder.encode(&record, &mut out)?;
        }
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn tables_with_other_types_go_as_text() {
        assert_eq!(
            as_text(" 7 ,\"a\tb\\c\nd\",::1,2024-02-29T12:00:00.5+01:00,yes\n").unwrap(),
            "7\ta\\tb\\\\c\\nd\t::1\t2024-02-29 11:00:00.500000+00\ttrue\n"
        );
        assert_eq!(
            as_text("1,\"null\",,null,\\N\n2,,\"\",, null \n").unwrap(),
            "1\tnull\t\\N\t\\N\t\\N\n2\t\\N\t\t\\N\t\\N\n"
        );
        assert_eq!(
            as_text("x,,,,\n").unwrap_err().to_string(),
            "\"x\" is not an integer"
        );
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
        for text in ["t", "TRUE", "tr", "yes", "y", "on", "1"] {
            assert_eq!(boolean(text.as_bytes()), Some(true), "{text}");
        }
        for text in ["f", "False", "no", "n", "OFF", "of", "0"] {
            assert_eq!(boolean(text.as_bytes()), Some(false), "{text}");
        }
        for text in ["", "o", "2", "truee", "-1", "null"] {
            assert_eq!(boolean(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn refusals_show_the_value_shortened() {
        let long = "x".repeat(50);
        let shown = refusal(3, long.as_bytes(), "is not an integer".into()).to_string();
        assert_eq!(shown, format!("\"{}…\" is not an integer", "x".repeat(40)));
        assert_eq!(
            refusal(0, b"a\nb\xff", "no".into()).to_string(),
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
            for oid in [16, 20, 21, 23, 25, 114, 700, 701, 869, 1043, 1082, 1114, 1184, 1700, 2950, 3802] {
                for (epoch, currency) in [(None, None), (Some(Epoch::Milliseconds), Some("$".to_owned()))] {
                    let converter = Converter::new(&column(oid), epoch, currency);
                    if let Ok(value) = converter.value(&bytes) {
                        write_binary(&value, &mut out);
                        write_text(&value, &mut out);
                    }
                }
            }
        }
    }
}
