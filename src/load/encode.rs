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
mod tests;
