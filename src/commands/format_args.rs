//! The options for the format of foreign CSV files; `read` in a dataset has the same as keys.

use crate::dataset::record_format::{
    Delimiter, Encoding, Escape, FileFormat, FormatOptions, Quote, SkipLines,
};

/// The format of records, where the dataset doesn't define it.
#[derive(clap::Args, Debug)]
pub struct FormatArgs {
    /// The format, as in COPY: `csv`, or `text` with tabs, backslash escapes and \N for NULL [default: the dataset's, else
    /// csv]
    #[arg(long, value_parser = FileFormat::parse, value_name = "FORMAT")]
    file_format: Option<FileFormat>,

    /// The delimiter between fields: a few characters such as `::`, or `tab` [default: the dataset's, else a comma]
    #[arg(long, value_parser = Delimiter::parse, value_name = "TEXT", allow_hyphen_values = true)]
    delimiter: Option<Delimiter>,

    /// The quote around fields: one character, or `none` where quotes are text like any other [default: the dataset's, else
    /// a double quote]
    #[arg(long, value_parser = Quote::parse, value_name = "CHAR")]
    quote: Option<Quote>,

    /// How a quote within quotes is escaped: `doubled`, or by a `backslash`, as MySQL does [default: the dataset's, else
    /// doubled]
    #[arg(long, value_parser = Escape::parse, value_name = "ESCAPE")]
    escape: Option<Escape>,

    /// The encoding: latin1, windows-1252, utf-16le … [default: the byte-order mark's, the dataset's, else UTF-8]
    #[arg(long, value_parser = Encoding::named, value_name = "NAME")]
    encoding: Option<Encoding>,

    /// Lines to skip before the header: a number, or what they start with, such as `#`
    #[arg(long, value_parser = SkipLines::parse, value_name = "N|TEXT")]
    skip_lines: Option<SkipLines>,

    /// Each record ends with a delimiter
    #[arg(long)]
    trailing_delimiter: bool,

    /// Trim blanks around fields, within quotes too
    #[arg(long)]
    trim: bool,

    /// Each line is a record: no field holds a line break, whatever its quotes say
    #[arg(long, conflicts_with = "multi_line")]
    one_line: bool,

    /// Quoted fields may hold line breaks, even where the dataset says `one-line = true`
    #[arg(long)]
    multi_line: bool,
}

impl FormatArgs {
    /// What was typed.
    pub fn options(&self) -> FormatOptions {
        FormatOptions {
            file_format: self.file_format,
            delimiter: self.delimiter,
            quote: self.quote,
            escape: self.escape,
            encoding: self.encoding,
            skip_lines: self.skip_lines.clone(),
            trailing_delimiter: self.trailing_delimiter.then_some(true),
            trim: self.trim.then_some(true),
            one_line: match (self.one_line, self.multi_line) {
                (true, _) => Some(true),
                (_, true) => Some(false),
                _ => None,
            },
        }
    }
}
