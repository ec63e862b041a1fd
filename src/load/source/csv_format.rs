//! How one CSV file is read: as the dataset and the command line say, and as the file itself does.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail, ensure};

use crate::dataset::TableSpec;
use crate::dataset::record_format::{Delimiter, Encoding, FormatOptions, SkipLines};
use crate::files::csv_input::CsvInput;
use crate::files::records::{Dialect, Records};
use crate::load::source::overrides::Overrides;
use crate::load::source::rejects::OWN_COLUMNS;

/// What the first line of a file for Excel may say: the delimiter.
const SEPARATOR: &[u8] = b"sep=";

/// How a CSV file is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvFormat {
    /// Delimiter, quotes and line breaks.
    pub dialect: Dialect,
    /// Whether its first record names the columns.
    pub header: bool,
    /// Whether a quote that isn't closed is closed at its line's end, or its record rejected.
    pub repair: bool,
    /// The encoding that was named.
    pub encoding: Option<Encoding>,
    /// Lines before the header.
    pub skip: SkipLines,
    /// Whether seedrow wrote the file, of records that it rejected: in UTF-8, with a header.
    pub is_rejects: bool,
}

/// The first record of a file: its header, where it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstRecord {
    /// The line it begins on, those that are skipped counted.
    pub line: u64,
    /// Its fields.
    pub fields: Vec<String>,
}

impl CsvFormat {
    /// As seedrow writes files.
    pub const OWN: CsvFormat = CsvFormat {
        dialect: Dialect::CSV,
        header: true,
        repair: false,
        encoding: None,
        skip: SkipLines::Nothing,
        is_rejects: false,
    };

    /// As the dataset says, but for what overrides it, and for what the file itself says. An option that can't be
    /// honoured is refused.
    pub fn foreign(
        table: &TableSpec,
        path: &Path,
        label: &str,
        overrides: &Overrides,
    ) -> Result<CsvFormat> {
        let reading = &table.reading;
        let typed = overrides.options.format_of(&table.name);
        let options = typed.or(&reading.format);
        let format = CsvFormat {
            dialect: Dialect::of(&options).map_err(|why| contradiction(why, table, &typed))?,
            header: overrides.header_of(table).unwrap_or(reading.header),
            repair: reading.repair,
            encoding: options.encoding,
            skip: options.skip_lines.unwrap_or_default(),
            is_rejects: false,
        };
        if is_rejects(path).with_context(|| format!("could not read {label}"))? {
            return format.of_rejects(label, &typed);
        }
        let format = match format.skip {
            SkipLines::Nothing => format.separated(path, label, &typed)?,
            _ => format,
        };
        if typed.trailing_delimiter == Some(true) {
            format.ensure_trailing_delimiter(path, label)?;
        }
        Ok(format)
    }

    /// Refuses a file whose header and first record don't end with a delimiter: where their last field is empty, it would be
    /// taken for one.
    fn ensure_trailing_delimiter(&self, path: &Path, label: &str) -> Result<()> {
        let mut format = self.clone();
        format.dialect.trailing_delimiter = false;
        let mut records = format.open(path, label)?;
        let first = ends_with_delimiter(&mut records)?;
        let (first, second) = match self.header {
            true => (first, ends_with_delimiter(&mut records)?),
            false => (None, first),
        };
        ensure!(
            first == Some(true) || second != Some(false),
            "{label}: {} not end with a delimiter; leave --trailing-delimiter out, or name the tables that it is for: \
             --trailing-delimiter=TABLE",
            if self.header {
                "its header and its first record do"
            } else {
                "its first record does"
            }
        );
        Ok(())
    }

    /// Whether a file begins with lines that are to be skipped.
    pub fn skips(&self, path: &Path, label: &str, lines: &SkipLines) -> Result<bool> {
        let whole = CsvFormat {
            skip: SkipLines::Nothing,
            ..self.clone()
        };
        let mut records = whole.open(path, label)?;
        let before = records.position();
        records.skip_lines(lines)?;
        Ok(records.position() != before)
    }

    /// Opens a file at its header or first record.
    pub fn open(&self, path: &Path, label: &str) -> Result<Records<CsvInput>> {
        self.begin(CsvInput::open(path, label, self.encoding)?, label)
    }

    /// Reads a file from its beginning, which is passed over up to the header or first record.
    pub fn begin<R: Read>(&self, input: R, label: &str) -> Result<Records<R>> {
        let mut records = Records::new(input, Path::new(label), self.dialect)?;
        records.skip_lines(&self.skip)?;
        Ok(records)
    }

    /// A file's first record; without fields where it has none.
    pub fn first_record(&self, path: &Path, label: &str) -> Result<FirstRecord> {
        let mut records = self.open(path, label)?;
        let line = records.position().1;
        let Some(first) = records.read()? else {
            return Ok(FirstRecord {
                line,
                fields: Vec::new(),
            });
        };
        if let Some(flaw) = first.flaw {
            bail!(
                "{label}, line {}: {}; is it a CSV file?",
                first.line,
                flaw.reason()
            );
        }
        let text = |index| String::from_utf8_lossy(first.field(index).0).into_owned();
        Ok(FirstRecord {
            line: first.line,
            fields: (0..first.len()).map(text).collect(),
        })
    }

    /// Of a file of rejected records: as the file that they are from, but in UTF-8, with a header and nothing before it.
    fn of_rejects(self, label: &str, typed: &FormatOptions) -> Result<CsvFormat> {
        let wrong = [
            ("--encoding", typed.encoding.is_some()),
            ("--skip-lines", typed.skip_lines.is_some()),
        ];
        if let Some((option, _)) = wrong.iter().find(|(_, given)| *given) {
            bail!(
                "{label} holds rejected records, which seedrow wrote in UTF-8 behind a header; leave {option} out"
            );
        }
        Ok(CsvFormat {
            header: true,
            encoding: None,
            skip: SkipLines::Nothing,
            is_rejects: true,
            ..self
        })
    }

    /// With the delimiter that the file's first line names, as Excel writes it.
    fn separated(mut self, path: &Path, label: &str, typed: &FormatOptions) -> Result<CsvFormat> {
        let mut records = self.open(path, label)?;
        let Some(line) = records.skip_line()? else {
            return Ok(self);
        };
        let Some(separator) = line.strip_prefix(SEPARATOR) else {
            return Ok(self);
        };
        let named = Delimiter::parse(&String::from_utf8_lossy(separator));
        let Ok(delimiter) = named.or_else(|why| match separator {
            b"\t" => Ok(Delimiter::TAB),
            _ => Err(why),
        }) else {
            return Ok(self);
        };
        if let Some(typed) = typed.delimiter {
            ensure!(
                typed == delimiter,
                "{label}, line 1: the file says that its delimiter is `{}`; leave --delimiter out",
                delimiter.typed()
            );
        }
        self.dialect.delimiter = delimiter;
        self.skip = SkipLines::Count(1);
        Ok(self)
    }
}

/// Whether the next record ends with a delimiter, an empty field behind it; `None` where there is none that can be parsed.
fn ends_with_delimiter(records: &mut Records<CsvInput>) -> Result<Option<bool>> {
    let Some(record) = records.read()? else {
        return Ok(None);
    };
    let last = record.len().checked_sub(1);
    Ok(last.map(|last| last > 0 && record.field(last).0.is_empty()))
}

/// Whether a file begins as those of rejected records do.
fn is_rejects(path: &Path) -> std::io::Result<bool> {
    let mut first = Vec::new();
    File::open(path)?
        .take(OWN_COLUMNS.len() as u64)
        .read_to_end(&mut first)?;
    Ok(first == OWN_COLUMNS.as_bytes())
}

/// The error of options that contradict each other.
#[cold]
fn contradiction(why: String, table: &TableSpec, typed: &FormatOptions) -> anyhow::Error {
    let typed = typed.typed();
    let names: Vec<&str> = typed.iter().map(|(name, _)| *name).collect();
    match names.is_empty() {
        true => anyhow!("`read` of table {}: {why}", table.name),
        false => anyhow!("{}: {why}", names.join(", ")),
    }
}
