//! How a file's records are written, as their reader takes it.

use crate::dataset::record_format::{Delimiter, Escape, FileFormat, FormatOptions, Quote};
use crate::files::records::escape;

/// How a file's records are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dialect {
    /// What is between fields.
    pub delimiter: Delimiter,
    /// What may be around one.
    pub quote: Quote,
    /// How a quote within quotes is written, and without quotes what else is in a field.
    pub escape: Escape,
    /// Whether a field in quotes may hold line breaks. Where it may not, a record ends where its line does, whatever its
    /// quotes say.
    pub breaks: bool,
    /// Whether each field is a value as it is, as if it were in quotes, but for `\N`: Postgres' text format.
    pub literal: bool,
    /// Whether a delimiter may follow the last field.
    pub trailing_delimiter: bool,
    /// Whether blanks around fields are left out, those within quotes too.
    pub trim: bool,
}

impl Default for Dialect {
    fn default() -> Dialect {
        Dialect::CSV
    }
}

impl Dialect {
    /// CSV with commas, as seedrow writes it.
    pub const CSV: Dialect = Dialect {
        delimiter: Delimiter::COMMA,
        quote: Quote::DOUBLE,
        escape: Escape::Doubled,
        breaks: true,
        literal: false,
        trailing_delimiter: false,
        trim: false,
    };

    /// As options say; the error is what can't be.
    pub fn of(options: &FormatOptions) -> Result<Dialect, String> {
        let text = options.file_format == Some(FileFormat::Text);
        if text && (options.quote.is_some() || options.escape == Some(Escape::Doubled)) {
            return Err("the text format has no quotes, and its escapes are backslashes".into());
        }
        let quote = match text {
            true => Quote::None,
            false => options.quote.unwrap_or(Quote::DOUBLE),
        };
        let escape = match text {
            true => Escape::Backslash,
            false => options.escape.unwrap_or(Escape::Doubled),
        };
        let delimiter = options.delimiter.unwrap_or(match text {
            true => Delimiter::TAB,
            false => Delimiter::COMMA,
        });
        let bytes = delimiter.bytes();
        match quote.byte() {
            None if options.escape == Some(Escape::Doubled) => {
                return Err("where there are no quotes, none is doubled".into());
            }
            None if options.one_line == Some(true) => {
                return Err("where there are no quotes, records are one line anyway".into());
            }
            Some(quote) if bytes.contains(&quote) => {
                return Err("the quote is in the delimiter, too".into());
            }
            _ if escape == Escape::Backslash && bytes.contains(&b'\\') => {
                return Err("the backslash is the delimiter, too".into());
            }
            _ => {}
        }
        Ok(Dialect {
            delimiter,
            quote,
            escape,
            breaks: !options.one_line.unwrap_or(false),
            literal: text,
            trailing_delimiter: options.trailing_delimiter.unwrap_or(false),
            trim: options.trim.unwrap_or(false),
        })
    }

    /// The bytes that end a bare field, may begin a quoted one or escape something.
    pub(super) fn special(&self) -> [bool; 256] {
        let mut special = [false; 256];
        let mut set = |byte: u8| special[usize::from(byte)] = true;
        for byte in [self.delimiter.first(), b'\n', b'\r'] {
            set(byte);
        }
        if let Some(quote) = self.quote.byte() {
            set(quote);
        }
        if self.escapes_bare() {
            set(b'\\');
        }
        special
    }

    /// Whether a backslash in a field without quotes escapes what is behind it: where quotes are known, they hold what
    /// needs escapes.
    pub(super) fn escapes_bare(&self) -> bool {
        self.escape == Escape::Backslash && self.quote == Quote::None
    }

    /// The line of a record with these fields, without its end.
    pub fn line<T: AsRef<str>>(&self, fields: impl IntoIterator<Item = T>) -> Vec<u8> {
        let mut line = Vec::new();
        for (index, field) in fields.into_iter().enumerate() {
            if index > 0 {
                line.extend_from_slice(self.delimiter.bytes());
            }
            self.write_field(field.as_ref(), &mut line);
        }
        line
    }

    /// A field as it is read again. Where nothing can hold a delimiter or a line break, a blank takes its place.
    fn write_field(&self, field: &str, out: &mut Vec<u8>) {
        let delimiter = String::from_utf8_lossy(self.delimiter.bytes());
        let ends = |c: char| matches!(c, '\n' | '\r');
        match (self.quote, self.escape) {
            (Quote::Byte(quote), escape) => {
                let mark = char::from(quote);
                let plain = !field.contains([mark, '\n', '\r']) && !field.contains(&*delimiter);
                if plain && field.trim() == field {
                    out.extend_from_slice(field.as_bytes());
                    return;
                }
                out.push(quote);
                escape::write_quoted(field, quote, escape, out);
                out.push(quote);
            }
            (Quote::None, Escape::Backslash) => {
                escape::write_bare(field, self.delimiter.first(), out);
            }
            (Quote::None, Escape::Doubled) => {
                let text = field.replace(&*delimiter, " ").replace(ends, " ");
                out.extend_from_slice(text.as_bytes());
            }
        }
    }
}
