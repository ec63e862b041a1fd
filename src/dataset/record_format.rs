//! How records are written in foreign files: what is between fields and around them, and the bytes of characters.

use std::fmt;

/// The most bytes of a delimiter.
const LONGEST_DELIMITER: usize = 8;

/// What is between fields.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Delimiter {
    bytes: [u8; LONGEST_DELIMITER],
    length: u8,
}

impl Delimiter {
    /// As in CSV.
    pub const COMMA: Delimiter = Delimiter::of(b',');
    /// As in Postgres' text format.
    pub const TAB: Delimiter = Delimiter::of(b'\t');

    /// One byte.
    pub const fn of(byte: u8) -> Delimiter {
        let mut bytes = [0; LONGEST_DELIMITER];
        bytes[0] = byte;
        Delimiter { bytes, length: 1 }
    }

    /// As typed: `tab` and `\t` are the tab.
    pub fn parse(text: &str) -> Result<Delimiter, String> {
        let bytes = text.as_bytes();
        if text == "tab" || text == "\\t" {
            return Ok(Delimiter::TAB);
        }
        if bytes
            .iter()
            .any(|byte| matches!(byte, b'"' | b'\n' | b'\r'))
            || text.trim().is_empty()
        {
            return Err("a quote, a blank or a line end cannot be between fields".into());
        }
        let is_word = bytes.iter().all(u8::is_ascii_alphanumeric);
        if is_word || bytes.len() > LONGEST_DELIMITER {
            return Err(format!(
                "\"{}\" is no delimiter; expected a character such as `,` `;` `|` or `tab`, or a few, such as `::`",
                crate::printable::text(text)
            ));
        }
        let mut delimiter = Delimiter::of(0);
        delimiter.bytes[..bytes.len()].copy_from_slice(bytes);
        delimiter.length = u8::try_from(bytes.len()).unwrap_or(1);
        Ok(delimiter)
    }

    /// The first of its bytes.
    #[inline]
    pub fn first(&self) -> u8 {
        self.bytes[0]
    }

    /// All of them.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    /// As it is typed.
    pub fn typed(&self) -> String {
        match self.bytes() {
            b"\t" => "tab".to_owned(),
            bytes => String::from_utf8_lossy(bytes).into_owned(),
        }
    }
}

impl fmt::Debug for Delimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.typed())
    }
}

/// What may be around a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quote {
    /// Nothing: quotes are characters like others.
    None,
    /// This byte.
    Byte(u8),
}

impl Quote {
    /// As in CSV.
    pub const DOUBLE: Quote = Quote::Byte(b'"');

    /// As typed: `none`, or a character of ASCII.
    pub fn parse(text: &str) -> Result<Quote, String> {
        match text.as_bytes() {
            b"none" | b"" => Ok(Quote::None),
            [byte] if byte.is_ascii_punctuation() && *byte != b'\\' => Ok(Quote::Byte(*byte)),
            _ => Err(format!(
                "\"{}\" is no quote; expected one character such as `\"` or `'`, or `none`",
                crate::printable::text(text)
            )),
        }
    }

    /// The byte.
    #[inline]
    pub fn byte(self) -> Option<u8> {
        match self {
            Quote::None => None,
            Quote::Byte(byte) => Some(byte),
        }
    }

    /// As it is typed.
    pub fn typed(self) -> String {
        self.byte()
            .map_or("none".to_owned(), |byte| char::from(byte).to_string())
    }
}

/// How a quote, a delimiter or a line end is written within a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Escape {
    /// A quote within quotes is written twice.
    Doubled,
    /// Behind a backslash, as MySQL writes it; a bare `\N` is NULL. The escapes of Postgres' text format are known.
    Backslash,
}

impl Escape {
    /// As typed.
    pub fn parse(text: &str) -> Result<Escape, String> {
        match text {
            "doubled" => Ok(Escape::Doubled),
            "backslash" | "\\" => Ok(Escape::Backslash),
            _ => Err(format!(
                "\"{}\" is no escape; expected `backslash` or `doubled`",
                crate::printable::text(text)
            )),
        }
    }

    /// As it is typed.
    pub fn typed(self) -> &'static str {
        match self {
            Escape::Doubled => "doubled",
            Escape::Backslash => "backslash",
        }
    }
}

/// The formats of COPY.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFormat {
    /// Fields in quotes or bare.
    Csv,
    /// Tabs, no quotes, escapes behind a backslash; `\N` and nothing else is NULL.
    Text,
}

impl FileFormat {
    /// As typed.
    pub fn parse(text: &str) -> Result<FileFormat, String> {
        match text {
            "csv" => Ok(FileFormat::Csv),
            "text" => Ok(FileFormat::Text),
            _ => Err(format!(
                "\"{}\" is no format; expected `csv` or `text`",
                crate::printable::text(text)
            )),
        }
    }
}

/// The encoding of a file's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8.
    Utf8,
    /// ISO 8859-1, each byte the character of its number.
    Latin1,
    /// An encoding of the Encoding Standard.
    Named(&'static encoding_rs::Encoding),
}

impl Encoding {
    /// By the names of the Encoding Standard or of Postgres, in any case.
    pub fn named(text: &str) -> Result<Encoding, String> {
        let name = text.trim().to_ascii_lowercase().replace('_', "-");
        // In the Encoding Standard these are windows-1252, in Postgres they are not.
        if matches!(
            name.as_str(),
            "latin1" | "iso-8859-1" | "iso8859-1" | "iso88591"
        ) {
            return Ok(Encoding::Latin1);
        }
        let postgres = match name.as_str() {
            "latin9" => "iso-8859-15".to_owned(),
            "latin10" => "iso-8859-16".to_owned(),
            "koi8r" => "koi8-r".to_owned(),
            "koi8u" => "koi8-u".to_owned(),
            name => match name
                .strip_prefix("win")
                .filter(|rest| rest.starts_with("12"))
            {
                Some(number) => format!("windows-{number}"),
                None => name.to_owned(),
            },
        };
        let known = [postgres, name.replace('-', "")];
        let found = known
            .iter()
            .find_map(|name| encoding_rs::Encoding::for_label_no_replacement(name.as_bytes()));
        match found {
            Some(utf8) if utf8 == encoding_rs::UTF_8 => Ok(Encoding::Utf8),
            Some(encoding) => Ok(Encoding::Named(encoding)),
            None => Err(format!(
                "unknown encoding \"{}\"; expected a name such as `utf-8`, `utf-16le`, `latin1` or `windows-1252`",
                crate::printable::text(text)
            )),
        }
    }

    /// Its name.
    pub fn name(self) -> String {
        match self {
            Encoding::Utf8 => "utf-8".to_owned(),
            Encoding::Latin1 => "latin1".to_owned(),
            Encoding::Named(encoding) => encoding.name().to_ascii_lowercase(),
        }
    }
}

/// Lines at the beginning of a file that are no records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum SkipLines {
    /// None.
    #[default]
    Nothing,
    /// So many.
    Count(u64),
    /// Those that start with a text.
    StartingWith(String),
}

impl SkipLines {
    /// As typed: a number, or a text such as `#`.
    pub fn parse(text: &str) -> Result<SkipLines, String> {
        match text.parse() {
            Ok(0) => Ok(SkipLines::Nothing),
            Ok(count) => Ok(SkipLines::Count(count)),
            Err(_) if text.trim().is_empty() => {
                Err("expected a number of lines, or what they start with, such as `#`".into())
            }
            Err(_) => Ok(SkipLines::StartingWith(text.to_owned())),
        }
    }
}

/// The format of files as options and the dataset give it; `None` where neither does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FormatOptions {
    /// CSV or Postgres' text format.
    pub file_format: Option<FileFormat>,
    /// What is between fields.
    pub delimiter: Option<Delimiter>,
    /// What may be around them.
    pub quote: Option<Quote>,
    /// How a quote within quotes is written.
    pub escape: Option<Escape>,
    /// The bytes of characters.
    pub encoding: Option<Encoding>,
    /// Lines before the header.
    pub skip_lines: Option<SkipLines>,
    /// Whether a delimiter follows the last field.
    pub trailing_delimiter: Option<bool>,
    /// Whether blanks around text are left out.
    pub trim: Option<bool>,
    /// Whether each record is one line, so that no field holds a line break.
    pub one_line: Option<bool>,
}

impl FormatOptions {
    /// These, and what `other` says of what they say nothing of. Another file format leaves its details behind.
    pub fn or(&self, other: &FormatOptions) -> FormatOptions {
        let details = match self.file_format {
            Some(format) if Some(format) != other.file_format => &FormatOptions::default(),
            _ => other,
        };
        FormatOptions {
            file_format: self.file_format.or(other.file_format),
            delimiter: self.delimiter.or(details.delimiter),
            quote: self.quote.or(details.quote),
            escape: self.escape.or(details.escape),
            encoding: self.encoding.or(other.encoding),
            skip_lines: self.skip_lines.clone().or(other.skip_lines.clone()),
            trailing_delimiter: self.trailing_delimiter.or(other.trailing_delimiter),
            trim: self.trim.or(other.trim),
            one_line: self.one_line.or(other.one_line),
        }
    }

    /// Those that a file of rejected records is written with: it is UTF-8 behind a header.
    pub fn of_rejects(&self) -> FormatOptions {
        FormatOptions {
            encoding: None,
            skip_lines: None,
            ..self.clone()
        }
    }

    /// The options of the command line, as they are typed; each is given once at most.
    pub fn typed(&self) -> Vec<(&'static str, Option<String>)> {
        let format = |format| match format {
            FileFormat::Csv => "csv".to_owned(),
            FileFormat::Text => "text".to_owned(),
        };
        let lines = |lines: &SkipLines| match lines {
            SkipLines::Nothing => "0".to_owned(),
            SkipLines::Count(count) => count.to_string(),
            SkipLines::StartingWith(text) => text.clone(),
        };
        let with_value = [
            ("--file-format", self.file_format.map(format)),
            ("--delimiter", self.delimiter.map(|it| it.typed())),
            ("--quote", self.quote.map(Quote::typed)),
            ("--escape", self.escape.map(|it| it.typed().to_owned())),
            ("--encoding", self.encoding.map(Encoding::name)),
            ("--skip-lines", self.skip_lines.as_ref().map(lines)),
        ];
        let flags = [
            (
                "--trailing-delimiter",
                self.trailing_delimiter == Some(true),
            ),
            ("--trim", self.trim == Some(true)),
            ("--one-line", self.one_line == Some(true)),
            ("--multi-line", self.one_line == Some(false)),
        ];
        let with_value = with_value.into_iter();
        let with_value = with_value.filter_map(|(name, value)| Some((name, Some(value?))));
        let flags = flags.into_iter().filter(|(_, given)| *given);
        with_value
            .chain(flags.map(|(name, _)| (name, None)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delimiters_are_a_few_characters() {
        for text in [",", "|", "::", "¦", "||", "tab", " | "] {
            assert_eq!(Delimiter::parse(text).unwrap().typed(), text);
        }
        for text in ["", " ", "a", "5", "ab", "\"", "\n", ",\n", "123456789"] {
            assert!(Delimiter::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn encodings_go_by_both_names() {
        let name = |text| Encoding::named(text).unwrap().name();
        for (text, found) in [
            ("UTF-8", "utf-8"),
            ("utf8", "utf-8"),
            ("LATIN1", "latin1"),
            ("iso-8859-1", "latin1"),
            ("win1252", "windows-1252"),
            ("WIN1251", "windows-1251"),
            ("latin2", "iso-8859-2"),
            ("latin9", "iso-8859-15"),
            ("EUC_JP", "euc-jp"),
            ("UTF-16", "utf-16le"),
            ("sjis", "shift_jis"),
        ] {
            assert_eq!(name(text), found, "{text}");
        }
        assert!(Encoding::named("klingon").is_err());
    }
}
