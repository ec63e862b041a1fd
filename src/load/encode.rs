//! A record of CSV text → a row for COPY, each field by its column's type.
//!
//! The binary format costs the server far less than text, so that parsing pays even for a file that is right. A value
//! that only the server can read makes its record go as text, and a column of which that is true of every value all of
//! the table; the other columns are read here all the same.

use std::fmt;

use crate::copy::format::{self, TEXT_NULL, begin_row, escape_text};
use crate::copy::number::integer;
use crate::copy::scalar::Reason;
use crate::copy::{
    ColumnReader, CopyFormat, DataType, EncoderCoverage, FieldEncoder, NumberFormat, Scalar, Unread,
};
use crate::dataset::ColumnSpec;
use crate::dataset::Kind;
use crate::files::records::Record;
use crate::postgres::catalog;
use crate::printable;

/// Encodes the records of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowEncoder {
    fields: Vec<Field>,
    count: u16,
    format: CopyFormat,
    nulls: Vec<Vec<u8>>,
    /// Whether one of the null texts begins with a digit.
    null_digits: bool,
}

/// A field that goes into a column.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Field {
    /// Its position in the record.
    place: usize,
    reader: FieldReader,
    /// Whether NULL is rejected here, and not by the server.
    not_null: bool,
    /// Whether few texts are values of its type.
    telling: bool,
}

/// How a field is read.
#[derive(Debug, Clone, PartialEq, Eq)]
enum FieldReader {
    /// Text of a file that seedrow wrote.
    Trusted,
    /// As seedrow writes it in its own files, or a whole number of any file.
    Number(Kind, NumberFormat),
    /// A field of a foreign file, or one that only its type's reader can encode.
    Checked(ColumnReader),
}

/// A file's columns: what the dataset and what the database has of each, in the file's order; `None` is ignored.
pub type Columns<'a> = [Option<(Kind, &'a ColumnSpec, &'a catalog::Column)>];

/// A field that its column cannot hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedField {
    /// Its position in the record, from 0.
    pub field: usize,
    /// The value, shortened.
    pub value: String,
    /// What is wrong with it.
    pub reason: Reason,
}

impl fmt::Display for RejectedField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\" {}", self.value, self.reason)
    }
}

/// Why a record was not encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unencoded {
    /// A field is rejected.
    Rejected(RejectedField),
    /// Only the server can read a field: the record has to go as text.
    Undecided,
}

/// What is wrong with NULL in a column that takes none.
const NULL: &str = "is NULL, and the column takes none";

impl RowEncoder {
    /// For records with these columns; `nulls` are the bare texts that mean NULL.
    ///
    /// A file that seedrow wrote is trusted: its texts are UTF-8, and dates, times and decimals are spelled as its own
    /// makers do.
    pub fn new(columns: &Columns, own_file: bool, nulls: &[String]) -> RowEncoder {
        let known = columns.iter().flatten();
        let binary = known
            .clone()
            .all(|(_, _, column)| column.data_type.coverage() != EncoderCoverage::None);
        let format = match binary {
            true => CopyFormat::Binary,
            false => CopyFormat::Text,
        };
        let field = |(place, column): (usize, &Option<(Kind, &ColumnSpec, &catalog::Column)>)| {
            let &(kind, spec, column) = column.as_ref()?;
            Some(Field {
                place,
                reader: FieldReader::new(kind, spec, column, own_file && binary),
                not_null: column.not_null && !own_file,
                telling: is_telling(&column.data_type),
            })
        };
        let fields: Vec<Field> = columns.iter().enumerate().filter_map(field).collect();
        RowEncoder {
            // Postgres' tables have 1,600 columns at most.
            count: u16::try_from(fields.len()).unwrap_or(u16::MAX),
            fields,
            format,
            nulls: nulls.iter().map(|null| null.clone().into_bytes()).collect(),
            null_digits: nulls
                .iter()
                .any(|null| null.starts_with(|first: char| first.is_ascii_digit())),
        }
    }

    /// COPY's format of the rows, but for those that have to go as text.
    pub fn format(&self) -> CopyFormat {
        self.format
    }

    /// Appends the record's row in a format, or nothing when a field is rejected or only the server can read it. The
    /// record has as many fields as the encoder has columns.
    #[inline]
    pub fn encode(
        &self,
        record: &Record,
        format: CopyFormat,
        out: &mut Vec<u8>,
    ) -> Result<(), Unencoded> {
        let start = out.len();
        let encoded = match format {
            CopyFormat::Binary => self.encode_binary(record, out),
            CopyFormat::Text | CopyFormat::Csv => self.encode_text(record, out),
        };
        if encoded.is_err() {
            out.truncate(start);
        }
        encoded
    }

    #[inline]
    fn encode_binary(&self, record: &Record, out: &mut Vec<u8>) -> Result<(), Unencoded> {
        begin_row(self.count, out);
        for field in &self.fields {
            let (bytes, quoted) = record.field(field.place);
            let null = !quoted && self.is_null(bytes);
            let written = match &field.reader {
                _ if null && field.not_null => Err(NULL.into()),
                _ if null => {
                    format::null(out);
                    Ok(())
                }
                FieldReader::Trusted => {
                    format::field(out, |out| out.extend_from_slice(bytes));
                    Ok(())
                }
                FieldReader::Number(kind, number) => {
                    number.write_text(*kind, bytes, out).map_err(Unread::from)
                }
                FieldReader::Checked(reader) => reader.write_binary(bytes, out),
            };
            written.map_err(|unread| unencoded(field.place, bytes, unread))?;
        }
        Ok(())
    }

    fn encode_text(&self, record: &Record, out: &mut Vec<u8>) -> Result<(), Unencoded> {
        for (index, field) in self.fields.iter().enumerate() {
            if index > 0 {
                out.push(b'\t');
            }
            let (bytes, quoted) = record.field(field.place);
            let written = match !quoted && self.is_null(bytes) {
                true if field.not_null => Err(NULL.into()),
                true => {
                    out.extend_from_slice(TEXT_NULL);
                    Ok(())
                }
                false => field.reader.write_copy_text(bytes, out),
            };
            written.map_err(|unread| unencoded(field.place, bytes, unread))?;
        }
        out.push(b'\n');
        Ok(())
    }

    /// Whether a record's fields fit their columns, and show it: one at least isn't text, nor NULL.
    pub fn fits(&self, record: &Record, scratch: &mut Vec<u8>) -> bool {
        scratch.clear();
        let telling = |field: &Field| {
            let (bytes, quoted) = record.field(field.place);
            field.telling && (quoted || !self.is_null(bytes))
        };
        self.fields.iter().any(telling) && self.encode_text(record, scratch).is_ok()
    }

    /// The value of a field as Postgres writes it as text; `None` for NULL, and for what it cannot hold.
    pub fn text(&self, record: &Record, place: usize) -> Option<String> {
        let field = self.fields.iter().find(|field| field.place == place)?;
        let (bytes, quoted) = record.field(place);
        if !quoted && self.is_null(bytes) {
            return None;
        }
        let mut out = Vec::new();
        match &field.reader {
            FieldReader::Number(Kind::Integer, _) => {
                out.extend_from_slice(integer(bytes).ok()?.to_string().as_bytes());
            }
            FieldReader::Trusted | FieldReader::Number(..) => out.extend_from_slice(bytes),
            FieldReader::Checked(reader) => reader.write_text(bytes, &mut out).ok()?,
        }
        String::from_utf8(out).ok()
    }

    /// A bare field that is empty or one of the dataset's null texts, blanks around it ignored.
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

impl FieldReader {
    fn new(kind: Kind, spec: &ColumnSpec, column: &catalog::Column, trusted: bool) -> FieldReader {
        let own = FieldEncoder::new(kind, &column.data_type).filter(|_| trusted);
        match own {
            Some(FieldEncoder::Text) => return FieldReader::Trusted,
            Some(FieldEncoder::Number(number)) if kind != Kind::Boolean => {
                return FieldReader::Number(kind, number);
            }
            _ => {}
        }
        let reader = ColumnReader::new(&column.data_type, spec.epoch, spec.currency.clone());
        match reader.integer() {
            Some(number) => FieldReader::Number(Kind::Integer, number),
            None => FieldReader::Checked(reader),
        }
    }

    fn write_copy_text(&self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Unread> {
        match self {
            FieldReader::Trusted => escape_text(bytes, out),
            FieldReader::Number(kind, number) => {
                number.ensure_holds(*kind, bytes)?;
                out.extend_from_slice(bytes.trim_ascii());
            }
            FieldReader::Checked(reader) => reader.write_copy_text(bytes, out)?,
        }
        Ok(())
    }
}

/// Whether the reader of a type takes few texts.
fn is_telling(data_type: &DataType) -> bool {
    let text = [
        Scalar::Text,
        Scalar::Varchar,
        Scalar::Bpchar,
        Scalar::Name,
        Scalar::Bytea,
    ];
    let is_text = |scalar| text.contains(&scalar);
    data_type.coverage() != EncoderCoverage::None && !data_type.scalar().is_some_and(is_text)
}

#[cold]
fn unencoded(field: usize, bytes: &[u8], unread: Unread) -> Unencoded {
    match unread {
        Unread::Undecided => Unencoded::Undecided,
        Unread::Invalid(reason) => Unencoded::Rejected(RejectedField {
            field,
            value: printable::value(bytes),
            reason,
        }),
    }
}

#[cfg(test)]
mod tests;
