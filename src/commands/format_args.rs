//! The options for the format of foreign CSV files; `read` in a dataset has the same as keys.

use anyhow::{Result, bail};

use crate::commands::scopes::Scopes;
use crate::dataset::record_format::{
    Delimiter, Encoding, Escape, FileFormat, FormatOptions, Quote, SkipLines,
};
use crate::load::source::scope::Scoped;

/// The format of records, where the dataset doesn't define it: of all files, or of those of a table that is named before
/// the value.
#[derive(clap::Args, Debug)]
pub struct FormatArgs {
    /// The format, as in COPY: `csv`, or `text` with tabs, backslash escapes and \N for NULL [default: the dataset's, else
    /// csv]. TABLE=FORMAT, here and below: of this table's files alone
    #[arg(long, value_parser = |text: &str| Scoped::parse(text, FileFormat::parse), value_name = "FORMAT")]
    file_format: Vec<Scoped<FileFormat>>,

    /// The delimiter between fields: a few characters such as `::`, or `tab` [default: the dataset's, else a comma]
    #[arg(long, value_parser = |text: &str| Scoped::parse(text, Delimiter::parse), value_name = "TEXT",
        allow_hyphen_values = true)]
    delimiter: Vec<Scoped<Delimiter>>,

    /// The quote around fields: one character, or `none` where quotes are text like any other [default: the dataset's, else
    /// a double quote]
    #[arg(long, value_parser = |text: &str| Scoped::parse(text, Quote::parse), value_name = "CHAR")]
    quote: Vec<Scoped<Quote>>,

    /// How a quote within quotes is escaped: `doubled`, or by a `backslash`, as MySQL does [default: the dataset's, else
    /// doubled]
    #[arg(long, value_parser = |text: &str| Scoped::parse(text, Escape::parse), value_name = "ESCAPE")]
    escape: Vec<Scoped<Escape>>,

    /// The encoding: latin1, windows-1252, utf-16le … [default: the byte-order mark's, the dataset's, else UTF-8]
    #[arg(long, value_parser = |text: &str| Scoped::parse(text, Encoding::named), value_name = "NAME")]
    encoding: Vec<Scoped<Encoding>>,

    /// Lines to skip before the header: a number, or what they start with, such as `#`
    #[arg(long, value_parser = |text: &str| Scoped::parse(text, SkipLines::parse), value_name = "N|TEXT")]
    skip_lines: Vec<Scoped<SkipLines>>,

    /// Each record ends with a delimiter
    #[arg(long, value_parser = Scoped::parse_flag, num_args = 0..=1, require_equals = true,
        default_missing_value = "", value_name = "TABLE")]
    trailing_delimiter: Vec<Scoped<()>>,

    /// Trim blanks around fields, within quotes too
    #[arg(long, value_parser = Scoped::parse_flag, num_args = 0..=1, require_equals = true,
        default_missing_value = "", value_name = "TABLE")]
    trim: Vec<Scoped<()>>,

    /// Each line is a record: no field holds a line break, whatever its quotes say
    #[arg(long, value_parser = Scoped::parse_flag, num_args = 0..=1, require_equals = true,
        default_missing_value = "", value_name = "TABLE")]
    one_line: Vec<Scoped<()>>,

    /// Quoted fields may hold line breaks, even where the dataset says `one-line = true`
    #[arg(long, value_parser = Scoped::parse_flag, num_args = 0..=1, require_equals = true,
        default_missing_value = "", value_name = "TABLE")]
    multi_line: Vec<Scoped<()>>,
}

impl FormatArgs {
    /// What was typed, by what it applies to.
    pub fn options(&self) -> Result<Vec<Scoped<FormatOptions>>> {
        let mut scopes = Scopes::default();
        scopes.set(
            "--file-format",
            &self.file_format,
            |it: &mut FormatOptions| &mut it.file_format,
        )?;
        scopes.set("--delimiter", &self.delimiter, |it| &mut it.delimiter)?;
        scopes.set("--quote", &self.quote, |it| &mut it.quote)?;
        scopes.set("--escape", &self.escape, |it| &mut it.escape)?;
        scopes.set("--encoding", &self.encoding, |it| &mut it.encoding)?;
        scopes.set("--skip-lines", &self.skip_lines, |it| &mut it.skip_lines)?;
        for flag in &self.trailing_delimiter {
            scopes.at(&flag.scope).trailing_delimiter = Some(true);
        }
        for flag in &self.trim {
            scopes.at(&flag.scope).trim = Some(true);
        }
        for flag in &self.one_line {
            scopes.at(&flag.scope).one_line = Some(true);
        }
        for flag in &self.multi_line {
            if scopes.at(&flag.scope).one_line.replace(false) == Some(true) {
                bail!("--multi-line cannot be used with --one-line for the same files");
            }
        }
        for Scoped { scope, value } in &scopes.found {
            let Some(column) = scope.as_ref().filter(|scope| scope.column.is_some()) else {
                continue;
            };
            let option = value.typed().first().map_or("", |(name, _)| *name);
            bail!(
                "{option} {column}: the format is that of a table's files; name the table alone: {option}={}{}",
                column.table,
                if value.typed().iter().any(|(_, value)| value.is_some()) {
                    "=…"
                } else {
                    ""
                }
            );
        }
        Ok(scopes.found)
    }
}
