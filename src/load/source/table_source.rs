//! Where one table's rows come from, resolved once: generated, seedrow's own file, a foreign CSV file, or a stream.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempPath;

use crate::dataset::{Dataset, TableSpec};
use crate::files::csv_input::{CsvInput, spool};
use crate::files::manifest::TableFile;
use crate::files::records::{Dialect, Records};
use crate::load::source::columns::SourceColumns;
use crate::load::source::generated::GeneratedRows;
use crate::load::source::overrides::{Overrides, STANDARD_INPUT};
use crate::load::source::rejects::OWN_COLUMNS;

/// One table's rows: where they are, how they are read and which column each field goes to.
#[derive(Debug, Clone)]
pub struct TableSource {
    /// The table's position in the dataset.
    pub table: usize,
    /// The table's name.
    pub table_name: String,
    /// How many rows there are, when that is known.
    pub rows: Option<u64>,
    /// Bytes to come: a file's size, else an estimate.
    pub bytes: u64,
    /// The fields and the columns they go to.
    pub columns: SourceColumns,
    /// How its file is read.
    pub format: CsvFormat,
    /// Where the rows come from.
    pub kind: SourceKind,
}

/// How a CSV file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CsvFormat {
    /// Delimiter and line breaks.
    pub dialect: Dialect,
    /// Whether its first record names the columns.
    pub header: bool,
    /// Whether a quote that is open at its line's end is closed there, where records are one line each, or its record
    /// rejected.
    pub mend: bool,
}

impl CsvFormat {
    /// As seedrow writes files.
    pub const OWN: CsvFormat = CsvFormat {
        dialect: Dialect {
            delimiter: b',',
            breaks: true,
        },
        header: true,
        mend: false,
    };

    /// As the dataset says, but for what overrides it.
    fn foreign(table: &TableSpec, overrides: &Overrides) -> CsvFormat {
        let reading = &table.reading;
        CsvFormat {
            dialect: Dialect {
                delimiter: overrides.delimiter.unwrap_or(reading.delimiter),
                breaks: !reading.one_line,
            },
            header: reading.header && !overrides.no_header,
            mend: reading.mend,
        }
    }
}

/// Where a table's rows come from.
#[derive(Debug, Clone)]
pub enum SourceKind {
    /// Generated while they are loaded.
    Generated(Arc<GeneratedRows>),
    /// A file that seedrow wrote and a manifest describes: its values are trusted, and none is rejected.
    Own {
        /// Where it is.
        path: PathBuf,
        /// What the manifest says of it.
        described: TableFile,
    },
    /// A foreign CSV file.
    Foreign {
        /// Where it is.
        path: PathBuf,
    },
    /// Standard input, or another stream that can be read only once: spooled to a temporary file.
    Stream {
        /// What was typed: `-` for standard input.
        typed: PathBuf,
        /// The temporary file.
        spooled: Arc<TempPath>,
    },
}

impl SourceKind {
    /// A foreign file, or a stream that is spooled so that it can be read as often as needed.
    pub fn open(path: &Path) -> Result<SourceKind> {
        let stream = |spooled: Result<TempPath>| -> Result<SourceKind> {
            Ok(SourceKind::Stream {
                typed: path.to_owned(),
                spooled: Arc::new(spooled?),
            })
        };
        if path.as_os_str() == STANDARD_INPUT {
            return stream(spool(std::io::stdin().lock(), "standard input"));
        }
        let context = || format!("could not open {}", path.display());
        let metadata = fs::metadata(path).with_context(context)?;
        ensure!(
            !metadata.is_dir(),
            "{} is a folder, not a file",
            path.display()
        );
        if metadata.is_file() {
            return Ok(SourceKind::Foreign {
                path: path.to_owned(),
            });
        }
        let file = fs::File::open(path).with_context(context)?;
        stream(spool(file, &path.display().to_string()))
    }

    /// The file that is read, if there is one.
    fn path(&self) -> Option<&Path> {
        match self {
            SourceKind::Own { path, .. } | SourceKind::Foreign { path } => Some(path),
            SourceKind::Stream { spooled, .. } => Some(spooled),
            SourceKind::Generated(_) => None,
        }
    }

    fn label(&self) -> String {
        match self {
            SourceKind::Own { path, .. } | SourceKind::Foreign { path } => {
                path.display().to_string()
            }
            SourceKind::Stream { typed, .. } if typed.as_os_str() == STANDARD_INPUT => {
                "standard input".to_owned()
            }
            SourceKind::Stream { typed, .. } => typed.display().to_string(),
            SourceKind::Generated(_) => "generated".to_owned(),
        }
    }
}

impl TableSource {
    /// Rows of a table that are generated while they are loaded; `bytes` is an estimate of their CSV.
    pub fn generated(table: usize, rows: Arc<GeneratedRows>, bytes: u64) -> TableSource {
        let spec = &rows.dataset.tables[table];
        TableSource {
            table,
            table_name: spec.name.clone(),
            rows: Some(rows.plan.rows(table)),
            bytes,
            columns: SourceColumns::of_table(spec),
            format: CsvFormat::OWN,
            kind: SourceKind::Generated(rows),
        }
    }

    /// A file that a manifest describes.
    pub fn own(
        dataset: &Dataset,
        table: usize,
        path: PathBuf,
        described: TableFile,
    ) -> Result<TableSource> {
        let rows = Some(described.rows);
        let kind = SourceKind::Own { path, described };
        TableSource::of_file(dataset, table, kind, CsvFormat::OWN, None, rows)
    }

    /// A foreign file, in the format and with the columns that the dataset or an override names.
    pub fn foreign(
        dataset: &Dataset,
        table: usize,
        kind: SourceKind,
        overrides: &Overrides,
    ) -> Result<TableSource> {
        let spec = &dataset.tables[table];
        let columns = overrides.columns_of(spec).or(spec.reading.columns.as_ref());
        let format = CsvFormat::foreign(spec, overrides);
        TableSource::of_file(dataset, table, kind, format, columns, None)
    }

    fn of_file(
        dataset: &Dataset,
        table: usize,
        kind: SourceKind,
        mut format: CsvFormat,
        named: Option<&Vec<String>>,
        rows: Option<u64>,
    ) -> Result<TableSource> {
        let spec = &dataset.tables[table];
        let label = kind.label();
        let path = kind.path().unwrap_or(Path::new(""));
        let context = || format!("could not open {label}");
        let bytes = fs::metadata(path).with_context(context)?.len();
        let first = first_record(path, &label, format.dialect)?;
        // A rejects file says itself what its columns are.
        let is_rejects = first
            .first()
            .is_some_and(|name| name.starts_with(OWN_COLUMNS));
        format.header |= is_rejects;
        let named = named.filter(|_| !is_rejects);
        let header = header(spec, &label, format.header, named, first)?;
        Ok(TableSource {
            table,
            table_name: spec.name.clone(),
            rows,
            bytes,
            columns: SourceColumns::by_header(spec, &header, &label)?,
            format,
            kind,
        })
    }

    /// The file that is read, if there is one.
    pub fn path(&self) -> Option<&Path> {
        self.kind.path()
    }

    /// The file's own name, for the account.
    pub fn file_name(&self) -> String {
        match &self.kind {
            SourceKind::Own { path, .. } | SourceKind::Foreign { path } => {
                let name = path.file_name().unwrap_or(path.as_os_str());
                name.to_string_lossy().into_owned()
            }
            SourceKind::Stream { .. } | SourceKind::Generated(_) => self.label(),
        }
    }

    /// What messages call it: the whole path, `standard input` or `generated`.
    pub fn label(&self) -> String {
        self.kind.label()
    }

    /// What the manifest says of seedrow's own file.
    pub fn described(&self) -> Option<&TableFile> {
        match &self.kind {
            SourceKind::Own { described, .. } => Some(described),
            SourceKind::Foreign { .. } | SourceKind::Stream { .. } | SourceKind::Generated(_) => {
                None
            }
        }
    }

    /// Whether records may be rejected: those that seedrow made or wrote are right, or all of them are wrong.
    pub fn is_foreign(&self) -> bool {
        match self.kind {
            SourceKind::Foreign { .. } | SourceKind::Stream { .. } => true,
            SourceKind::Own { .. } | SourceKind::Generated(_) => false,
        }
    }

    /// Whether its records have lines in a file.
    pub fn is_file(&self) -> bool {
        self.path().is_some()
    }
}

/// The fields of a file's first record; none where it has no record.
fn first_record(path: &Path, label: &str, dialect: Dialect) -> Result<Vec<String>> {
    let input = CsvInput::open(path).with_context(|| format!("could not open {label}"))?;
    let mut records = Records::new(input, Path::new(label), dialect)?;
    let Some(first) = records.read()? else {
        return Ok(Vec::new());
    };
    if let Some(flaw) = first.flaw {
        bail!("{label}, line {}: {}", first.line, flaw.reason());
    }
    let text = |index| String::from_utf8_lossy(first.field(index).0).into_owned();
    Ok((0..first.len()).map(text).collect())
}

/// The names of the fields: those named for the file, else its header, else the table's columns in order.
fn header(
    table: &TableSpec,
    label: &str,
    has_header: bool,
    named: Option<&Vec<String>>,
    first: Vec<String>,
) -> Result<Vec<String>> {
    match named {
        Some(named) => {
            ensure!(
                first.is_empty() || first.len() == named.len(),
                "{label}, line 1: {} fields, and {} columns are named for it: {}",
                first.len(),
                named.len(),
                named.join(", ")
            );
            Ok(named.clone())
        }
        None if !has_header => Ok(table.written().map(|column| column.name.clone()).collect()),
        None if first.is_empty() => {
            bail!("{label} is empty; it needs a header line with the columns' names")
        }
        None => Ok(first),
    }
}
