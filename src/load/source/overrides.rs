//! What the command line says of foreign CSV files, in place of what the dataset says: where they are and their format.

use std::path::PathBuf;

use anyhow::{Result, bail, ensure};

use crate::dataset::csv_options::PASSED_OVER;
use crate::dataset::document::did_you_mean;
use crate::dataset::{Dataset, Part, TableSpec};
use crate::load::source::options::FileOptions;
use crate::load::source::pattern::matching;

/// What is typed for standard input.
pub const STANDARD_INPUT: &str = "-";

/// A file that `--file TABLE=PATH` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedFile {
    /// The table.
    pub table: String,
    /// The file.
    pub path: PathBuf,
    /// What names it.
    pub named_by: NamedBy,
}

/// What names a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamedBy {
    /// `--file TABLE=PATH`
    File,
    /// `PATH --into TABLE`
    Into,
    /// No option: it was found in a folder.
    Folder,
}

impl NamedBy {
    /// The option that messages are about.
    pub fn option(self) -> &'static str {
        match self {
            NamedBy::File | NamedBy::Folder => "--file",
            NamedBy::Into => "--into",
        }
    }
}

/// The columns of a table's file in its order, that `--columns TABLE=a,b,-` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedColumns {
    /// The table.
    pub table: String,
    /// The columns; `-` for one that is passed over.
    pub columns: Vec<String>,
}

/// Whether a table's files have a header, that `--header` or `--no-header` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedHeader {
    /// The table; `None` for all.
    pub table: Option<String>,
    /// Whether the first record is a header.
    pub header: bool,
}

/// What becomes of a column that a file lacks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum MissingColumns {
    /// The file is refused, unless its columns are named one by one.
    #[default]
    Refuse,
    /// It takes its default, or NULL.
    Default,
}

/// Options that override what the dataset says of foreign files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Files by table.
    pub files: Vec<NamedFile>,
    /// The format of their records and how values are spelled.
    pub options: FileOptions,
    /// The tables whose files' first record names the columns, and those where it is a record; no name for all tables.
    pub headers: Vec<NamedHeader>,
    /// What becomes of a column that a file lacks.
    pub missing: MissingColumns,
    /// Columns by table.
    pub columns: Vec<NamedColumns>,
    /// The part whose files are read of those that a folder has; `None` for all rows.
    pub part: Option<Part>,
}

impl Overrides {
    /// Refuses tables that the dataset doesn't have.
    pub fn ensure_known(&self, dataset: &Dataset) -> Result<()> {
        self.ensure_wanted(dataset, &dataset.real_tables())
    }

    /// Refuses tables that are not to be loaded, columns that a table lacks, and two tables in one standard input.
    pub fn ensure_wanted(&self, dataset: &Dataset, wanted: &[usize]) -> Result<()> {
        let files = self.files.iter();
        let files = files.map(|file| (file.named_by.option(), &file.table));
        let columns = self.columns.iter().map(|named| ("--columns", &named.table));
        let headers = self.headers.iter().filter_map(|named| {
            let option = if named.header {
                "--header"
            } else {
                "--no-header"
            };
            Some((option, named.table.as_ref()?))
        });
        let options = self.options.scopes().into_iter();
        let scopes = options
            .clone()
            .map(|(option, scope)| (option, &scope.table));
        for (option, table) in files.chain(columns).chain(headers).chain(scopes) {
            ensure_wanted(dataset, wanted, option, table)?;
        }
        for (option, scope) in options {
            if let (Some(column), Some(table)) = (&scope.column, dataset.position(&scope.table)) {
                ensure_column(&dataset.tables[table], option, column)?;
            }
        }
        for (index, named) in self.columns.iter().enumerate() {
            ensure!(
                self.columns[..index]
                    .iter()
                    .all(|it| it.table != named.table),
                "--columns is given twice for table {}; its files have the same columns",
                named.table
            );
            if let Some(table) = dataset.position(&named.table) {
                named.ensure_known(&dataset.tables[table])?;
            }
        }
        let streams = self
            .files
            .iter()
            .filter(|file| file.path.as_os_str() == STANDARD_INPUT);
        ensure!(
            streams.count() < 2,
            "standard input holds the records of one table; give the others as files"
        );
        Ok(())
    }

    /// The files named for a table, patterns replaced by the files that match; each may be named once.
    pub fn files_of(&self, table: &TableSpec) -> Result<Vec<PathBuf>> {
        let mut paths: Vec<PathBuf> = Vec::new();
        // The same file by another spelling is the same file.
        let whole = |path: &PathBuf| path.canonicalize().unwrap_or_else(|_| path.clone());
        for file in self.files.iter().filter(|file| file.table == table.name) {
            for path in matching(&file.path)? {
                ensure!(
                    !paths.iter().map(whole).any(|known| known == whole(&path)),
                    "--file names {} twice for table {}; its records would be loaded twice",
                    path.display(),
                    table.name
                );
                paths.push(path);
            }
        }
        Ok(paths)
    }

    /// Whether a table's files have a header, where an option names it or all tables.
    pub fn header_of(&self, table: &TableSpec) -> Option<bool> {
        let of = |name: Option<&String>| {
            let mut headers = self.headers.iter();
            headers.find(|named| named.table.as_ref() == name)
        };
        let named = of(Some(&table.name)).or(of(None));
        named.map(|named| named.header)
    }

    /// The columns named for a table's file.
    pub fn columns_of(&self, table: &TableSpec) -> Option<&Vec<String>> {
        let named = self.columns.iter().find(|named| named.table == table.name);
        named.map(|named| &named.columns)
    }
}

/// Refuses the name of a column that a table lacks; aliases are names in files.
fn ensure_column(table: &TableSpec, option: &str, column: &str) -> Result<()> {
    let mut written = table.written().map(|column| column.name.as_str());
    if !written.any(|name| name == column) {
        let written = table.written().map(|column| column.name.as_str());
        bail!(
            "{option}: {} has no column `{column}`; {}",
            table.name,
            did_you_mean(column, written)
        );
    }
    Ok(())
}

impl NamedColumns {
    fn ensure_known(&self, table: &TableSpec) -> Result<()> {
        let known = |name: &&String| *name == PASSED_OVER || table.column_called(name).is_some();
        if let Some(unknown) = self.columns.iter().find(|name| !known(name)) {
            let written = table.written().map(|column| column.name.as_str());
            bail!(
                "--columns: {} has no column `{unknown}`; {}, and `-` passes one over",
                self.table,
                did_you_mean(unknown, written)
            );
        }
        Ok(())
    }
}

fn ensure_wanted(dataset: &Dataset, wanted: &[usize], option: &str, name: &str) -> Result<()> {
    match dataset.position(name) {
        Some(table) if wanted.contains(&table) => Ok(()),
        Some(_) => bail!("{option} {name}: --tables leaves this table out"),
        None => Err(dataset.unknown_table(option, name)),
    }
}
