//! A record of CSV text → a row for COPY, each field by its column's type.
//!
//! The binary format costs the server far less than text, so that parsing pays even for a file that is right. A value
//! that only the server can read makes its record go as text, and a column of which that is true of every value all of
//! the table; the other columns are read here all the same.

use std::fmt;

use crate::copy::format::{self, TEXT_NULL, begin_row, escape_text};
use crate::copy::number::integer;
use crate::copy::parsed::Reason;
use crate::copy::{
    ColumnReader, CopyFormat, DataType, FieldEncoder, NumberFormat, ParserCoverage, Scalar, Unread,
};
use crate::dataset::ColumnSpec;
use crate::dataset::Kind;
use crate::dataset::spellings::Spellings;
use crate::files::records::Record;
use crate::load::source::options::TableSpellings;
use crate::postgres::catalog;
use crate::printable;

/// Encodes the records of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowEncoder {
    fields: Vec<Field>,
    count: u16,
    format: CopyFormat,
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
    nulls: NullTexts,
}

/// The texts that mean NULL in a column.
#[derive(Debug, Clone, PartialEq, Eq)]
struct NullTexts {
    /// Blanks around them are ignored.
    texts: Vec<Vec<u8>>,
    /// Whether one of them begins with a digit.
    digits: bool,
    /// Whether a bare field that is empty means NULL.
    empty: bool,
    /// Whether one of blanks does: in a column of texts it is one.
    blank: bool,
    /// Whether `""` does: it is a value of texts, and of nothing that is a number, a date or a key.
    quoted_empty: bool,
    /// Whether quoted texts do where bare ones do.
    quoted: bool,
}

/// How a field is read.
#[derive(Debug, Clone, PartialEq, Eq)]
enum FieldReader {
    /// Text of a file that seedrow wrote.
    Trusted,
    /// As seedrow writes it in its own files.
    Number(Kind, NumberFormat),
    /// A whole number, which the reader takes in other spellings, too.
    Integer(NumberFormat, ColumnReader),
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
    /// For records with these columns; `nulls` are the dataset's bare texts that mean NULL, `options` what the command
    /// line says of the columns' values.
    ///
    /// A file that seedrow wrote is trusted: its texts are UTF-8, and dates, times and decimals are spelled as its own
    /// makers do.
    pub fn new(
        columns: &Columns,
        own_file: bool,
        nulls: &[String],
        options: &TableSpellings,
    ) -> RowEncoder {
        let known = columns.iter().flatten();
        let binary = known
            .clone()
            .all(|(_, _, column)| column.data_type.coverage() != ParserCoverage::None);
        let format = match binary {
            true => CopyFormat::Binary,
            false => CopyFormat::Text,
        };
        let field = |(place, column): (usize, &Option<(Kind, &ColumnSpec, &catalog::Column)>)| {
            let &(kind, spec, column) = column.as_ref()?;
            let spellings = match own_file {
                true => Spellings {
                    nulls: Some(nulls.to_vec()),
                    ..Spellings::default()
                },
                false => {
                    let options = options.of(&spec.name);
                    spec.spellings.overridden(&options, nulls, column.not_null)
                }
            };
            Some(Field {
                place,
                reader: FieldReader::new(kind, &spellings, column, own_file && binary),
                not_null: column.not_null && !own_file,
                telling: is_telling(&column.data_type),
                nulls: NullTexts::new(&spellings, &column.data_type),
            })
        };
        let fields: Vec<Field> = columns.iter().enumerate().filter_map(field).collect();
        RowEncoder {
            // Postgres' tables have 1,600 columns at most.
            count: u16::try_from(fields.len()).unwrap_or(u16::MAX),
            fields,
            format,
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
            let null = field.nulls.is_null(bytes, quoted);
            let written = match &field.reader {
                _ if null && field.not_null => Err(field.null_rejected(bytes)),
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
                FieldReader::Integer(number, reader) => {
                    match number.write_text(Kind::Integer, bytes, out) {
                        Ok(()) => Ok(()),
                        Err(_) => reader.write_binary(bytes, out),
                    }
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
            let written = match field.nulls.is_null(bytes, quoted) {
                true if field.not_null => Err(field.null_rejected(bytes)),
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
            field.telling && !field.nulls.is_null(bytes, quoted)
        };
        self.fields.iter().any(telling) && self.encode_text(record, scratch).is_ok()
    }

    /// The value of a field as Postgres writes it as text; `None` for NULL, and for what it cannot hold.
    pub fn text(&self, record: &Record, place: usize) -> Option<String> {
        let field = self.fields.iter().find(|field| field.place == place)?;
        let (bytes, quoted) = record.field(place);
        if field.nulls.is_null(bytes, quoted) {
            return None;
        }
        let mut out = Vec::new();
        match &field.reader {
            FieldReader::Number(Kind::Integer, _) => {
                out.extend_from_slice(integer(bytes).ok()?.to_string().as_bytes());
            }
            FieldReader::Trusted | FieldReader::Number(..) => out.extend_from_slice(bytes),
            FieldReader::Integer(_, reader) | FieldReader::Checked(reader) => {
                reader.write_text(bytes, &mut out).ok()?;
            }
        }
        String::from_utf8(out).ok()
    }
}

impl Field {
    #[cold]
    fn null_rejected(&self, bytes: &[u8]) -> Unread {
        match self.nulls.quoted_empty || !bytes.is_empty() {
            true => NULL.into(),
            false => format!("{NULL}; `--force-not-null` loads an empty text").into(),
        }
    }
}

impl NullTexts {
    fn new(spellings: &Spellings, data_type: &DataType) -> NullTexts {
        let is_text = data_type.is_text();
        let texts: Vec<Vec<u8>> = match &spellings.nulls {
            Some(nulls) if !(is_text && spellings.force_not_null) => {
                nulls.iter().map(|null| null.clone().into_bytes()).collect()
            }
            _ => Vec::new(),
        };
        NullTexts {
            digits: texts
                .iter()
                .any(|null| null.first().is_some_and(u8::is_ascii_digit)),
            texts,
            empty: !(is_text && spellings.force_not_null),
            blank: !is_text,
            quoted_empty: !data_type.takes_empty() || spellings.force_null,
            quoted: spellings.force_null,
        }
    }

    #[inline]
    fn is_null(&self, bytes: &[u8], quoted: bool) -> bool {
        // Most numbers begin with a digit, and no null text does.
        if !self.digits && bytes.first().is_some_and(u8::is_ascii_digit) {
            return false;
        }
        if quoted && !self.quoted {
            return bytes.is_empty() && self.quoted_empty;
        }
        if bytes.is_empty() {
            return self.empty;
        }
        let trimmed = bytes.trim_ascii();
        match trimmed.is_empty() {
            true => self.blank,
            false => self.texts.iter().any(|null| null == trimmed),
        }
    }
}

impl FieldReader {
    fn new(
        kind: Kind,
        spellings: &Spellings,
        column: &catalog::Column,
        trusted: bool,
    ) -> FieldReader {
        let own = FieldEncoder::new(kind, &column.data_type).filter(|_| trusted);
        match own {
            Some(FieldEncoder::Text) => return FieldReader::Trusted,
            Some(FieldEncoder::Number(number)) if kind != Kind::Boolean => {
                return FieldReader::Number(kind, number);
            }
            _ => {}
        }
        let reader = ColumnReader::new(&column.data_type, spellings);
        match reader.integer() {
            Some(number) => FieldReader::Integer(number, reader),
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
            FieldReader::Integer(_, reader) | FieldReader::Checked(reader) => {
                reader.write_copy_text(bytes, out)?;
            }
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
    data_type.coverage() != ParserCoverage::None && !data_type.scalar().is_some_and(is_text)
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
