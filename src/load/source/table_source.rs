//! Where one table's rows come from, resolved once: generated, seedrow's own file, a foreign CSV file, or a stream.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use tempfile::TempPath;

use crate::dataset::{Dataset, TableSpec};
use crate::files::csv_input::spool;
use crate::files::manifest::TableFile;
use crate::load::source::columns::SourceColumns;
use crate::load::source::csv_format::CsvFormat;
use crate::load::source::generated::GeneratedRows;
use crate::load::source::header::ExpectedHeader;
use crate::load::source::header_advice::{is_headerless, no_more_headers};
use crate::load::source::options::TableSpellings;
use crate::load::source::overrides::{MissingColumns, Overrides, STANDARD_INPUT};
use crate::suggestion::{TARGET, shell_word};

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
    /// The line of its header or first record, in the first of its files.
    pub first_line: u64,
    /// How its file is read.
    pub format: CsvFormat,
    /// What the command line says of its values.
    pub spellings: TableSpellings,
    /// Where the rows come from.
    pub kind: SourceKind,
    /// The files that are read behind it, in order, with the same columns in the same format.
    pub more: Vec<SourceKind>,
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
    pub fn path(&self) -> Option<&Path> {
        match self {
            SourceKind::Own { path, .. } | SourceKind::Foreign { path } => Some(path),
            SourceKind::Stream { spooled, .. } => Some(spooled),
            SourceKind::Generated(_) => None,
        }
    }

    /// The size of its file.
    fn bytes(&self) -> Result<u64> {
        let path = self.path().unwrap_or(Path::new(""));
        let context = || format!("could not open {}", self.label());
        Ok(fs::metadata(path).with_context(context)?.len())
    }

    /// What the manifest says of seedrow's own file.
    pub fn described(&self) -> Option<&TableFile> {
        match self {
            SourceKind::Own { described, .. } => Some(described),
            SourceKind::Foreign { .. } | SourceKind::Stream { .. } | SourceKind::Generated(_) => {
                None
            }
        }
    }

    /// The file's own name.
    fn file_name(&self) -> String {
        match self {
            SourceKind::Own { path, .. } | SourceKind::Foreign { path } => {
                let name = path.file_name().unwrap_or(path.as_os_str());
                name.to_string_lossy().into_owned()
            }
            SourceKind::Stream { .. } | SourceKind::Generated(_) => self.label(),
        }
    }

    /// What messages call it: the whole path, `standard input` or `generated`.
    pub fn label(&self) -> String {
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

/// Files that were opened before they are looked for: a stream can be read only once.
#[derive(Debug, Default)]
pub struct OpenedFiles(Vec<(PathBuf, SourceKind)>);

impl OpenedFiles {
    /// Opens a file, and keeps it.
    pub fn open(&mut self, path: &Path) -> Result<SourceKind> {
        let kind = SourceKind::open(path)?;
        self.0.push((path.to_owned(), kind.clone()));
        Ok(kind)
    }

    /// The file that was opened, else that is now.
    pub fn get(&self, path: &Path) -> Result<SourceKind> {
        match self.0.iter().find(|(opened, _)| opened == path) {
            Some((_, kind)) => Ok(kind.clone()),
            None => SourceKind::open(path),
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
            rows: Some(rows.rows(table)),
            bytes,
            columns: SourceColumns::of_table(spec),
            first_line: 1,
            format: CsvFormat::OWN,
            spellings: TableSpellings::default(),
            kind: SourceKind::Generated(rows),
            more: Vec::new(),
        }
    }

    /// The files that manifests describe: one, or one for each part of the table, of which the first has the header if any
    /// has.
    pub fn own(
        dataset: &Dataset,
        table: usize,
        files: Vec<(PathBuf, TableFile)>,
        header: bool,
    ) -> Result<TableSource> {
        let rows = Some(files.iter().map(|(_, described)| described.rows).sum());
        let kind = |(path, described)| SourceKind::Own { path, described };
        let mut kinds = files.into_iter().map(kind);
        let first = kinds.next().context("no file is named")?;
        let source = match header {
            true => {
                let expected = ExpectedHeader::default();
                TableSource::of_file(dataset, table, first, CsvFormat::OWN, expected, rows)?
            }
            false => TableSource::own_part(&dataset.tables[table], table, first, rows)?,
        };
        kinds.try_fold(source, |mut source, kind| {
            source.bytes += kind.bytes()?;
            source.more.push(kind);
            Ok(source)
        })
    }

    /// The file of a later part, which has no header.
    fn own_part(
        spec: &TableSpec,
        table: usize,
        kind: SourceKind,
        rows: Option<u64>,
    ) -> Result<TableSource> {
        Ok(TableSource {
            table,
            table_name: spec.name.clone(),
            rows,
            bytes: kind.bytes()?,
            columns: SourceColumns::of_table(spec),
            first_line: 1,
            format: CsvFormat {
                header: false,
                ..CsvFormat::OWN
            },
            spellings: TableSpellings::default(),
            kind,
            more: Vec::new(),
        })
    }

    /// Foreign files, one behind the other, in the format and with the columns that the dataset or an override names.
    ///
    /// Refuses files whose headers differ: their records are one table's rows.
    pub fn foreign(
        dataset: &Dataset,
        table: usize,
        kinds: Vec<SourceKind>,
        overrides: &Overrides,
    ) -> Result<TableSource> {
        let spec = &dataset.tables[table];
        let columns = overrides.columns_of(spec).or(spec.reading.columns.as_ref());
        let expected = ExpectedHeader {
            named: columns,
            forced: overrides.header_of(spec),
            may_lack: columns.is_some() || overrides.missing == MissingColumns::Default,
        };
        let format = |kind: &SourceKind| {
            let path = kind.path().unwrap_or(Path::new(""));
            CsvFormat::foreign(spec, path, &kind.label(), overrides)
        };
        let open = |kind: SourceKind| {
            let format = format(&kind)?;
            TableSource::of_file(dataset, table, kind, format, expected, None)
        };
        let others: Vec<String> = kinds.iter().skip(1).map(SourceKind::label).collect();
        let mut kinds = kinds.into_iter();
        let first = open(kinds.next().context("no file is named")?)?;
        let source = kinds.try_fold(first, |first, kind| {
            let path = kind.path().unwrap_or(Path::new(""));
            let record = format(&kind)?.first_record(path, &kind.label())?;
            if first.format.header && is_headerless(spec, &record, first.columns.field_count()) {
                return Err(no_more_headers(spec, &first.label(), &others, &record));
            }
            first.followed_by(open(kind)?)
        })?;
        Ok(TableSource {
            spellings: overrides.options.spellings_of(&spec.name),
            ..source
        })
    }

    fn of_file(
        dataset: &Dataset,
        table: usize,
        kind: SourceKind,
        mut format: CsvFormat,
        expected: ExpectedHeader,
        rows: Option<u64>,
    ) -> Result<TableSource> {
        let spec = &dataset.tables[table];
        let label = kind.label();
        let path = kind.path().unwrap_or(Path::new(""));
        let bytes = kind.bytes()?;
        let first = format.first_record(path, &label)?;
        let found = expected.resolve(spec, &label, format.header, first)?;
        format.header = found.is_header;
        let place = format!("{label}, line {}", found.line);
        Ok(TableSource {
            table,
            table_name: spec.name.clone(),
            rows,
            bytes,
            columns: SourceColumns::by_header(spec, &found.names, &place, expected.may_lack)?,
            first_line: found.line,
            format,
            spellings: TableSpellings::default(),
            kind,
            more: Vec::new(),
        })
    }

    /// These files, and another one read after them. Refuses one with other columns, or of another format.
    fn followed_by(mut self, other: TableSource) -> Result<TableSource> {
        ensure!(
            self.format == other.format,
            "{} is read in another format (delimiter, header, quotes, encoding) than {}, and files of one table have one \
             format. Load the first alone, and then the other: seedrow load --append --file {}{TARGET}",
            other.label(),
            self.label(),
            shell_word(&format!("{}={}", other.table_name, other.label()))
        );
        ensure!(
            self.columns.positions() == other.columns.positions(),
            "{}, line {}: its columns are {}, and those of {} are {}; files of one table have the same columns in the same \
             order. Load the first alone, and then the other: seedrow load --append --file {}{TARGET}",
            other.label(),
            other.first_line,
            other.columns.names().join(","),
            self.label(),
            self.columns.names().join(","),
            shell_word(&format!("{}={}", other.table_name, other.label()))
        );
        self.bytes += other.bytes;
        self.more.push(other.kind);
        Ok(self)
    }

    /// Where its rows come from, one behind the other.
    pub fn kinds(&self) -> impl Iterator<Item = &SourceKind> {
        std::iter::once(&self.kind).chain(&self.more)
    }

    /// The files that are read.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.kinds().filter_map(SourceKind::path)
    }

    /// The file with a number.
    pub fn file_path(&self, file: usize) -> Option<&Path> {
        self.paths().nth(file)
    }

    /// How many files it has; one where rows are generated.
    pub fn file_count(&self) -> usize {
        1 + self.more.len()
    }

    /// What messages call the file with a number: the whole path, `standard input` or `generated`.
    pub fn file_label(&self, file: usize) -> String {
        self.kinds().nth(file).unwrap_or(&self.kind).label()
    }

    /// The files' names, for the account: paths where two have the same name.
    pub fn file_names(&self) -> Vec<String> {
        let names: Vec<String> = self.kinds().map(SourceKind::file_name).collect();
        let unique: HashSet<&String> = names.iter().collect();
        match unique.len() == names.len() {
            true => names,
            false => self.kinds().map(SourceKind::label).collect(),
        }
    }

    /// What messages call all of it: the paths, `standard input` or `generated`.
    pub fn label(&self) -> String {
        match self.more.len() {
            0 => self.kind.label(),
            1 => format!("{} and {}", self.kind.label(), self.more[0].label()),
            more => format!("{} and {more} more files", self.kind.label()),
        }
    }

    /// Whether manifests describe its files: all are seedrow's own, or none is.
    pub fn is_described(&self) -> bool {
        self.kind.described().is_some()
    }

    /// Whether the file with a number begins with a header: of parts, the first alone does.
    pub fn has_header(&self, file: usize) -> bool {
        self.format.header && (file == 0 || !self.is_described())
    }

    /// Whether single records may be rejected. In rows that seedrow generated or wrote, one bad record fails the load.
    pub fn is_foreign(&self) -> bool {
        match self.kind {
            SourceKind::Foreign { .. } | SourceKind::Stream { .. } => true,
            SourceKind::Own { .. } | SourceKind::Generated(_) => false,
        }
    }

    /// Whether its records have line numbers; standard input's have them too, since it is spooled to a file.
    pub fn is_file(&self) -> bool {
        self.kind.path().is_some()
    }
}
