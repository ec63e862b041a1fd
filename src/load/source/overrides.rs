//! What is said of files when they are loaded: where they are and how they are written, in place of what the dataset says.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempPath;

use crate::dataset::document::did_you_mean;
use crate::dataset::reading::PASSED_OVER;
use crate::dataset::{Dataset, Table};
use crate::files::open::{Text, put_aside};
use crate::files::records::{Dialect, Records};
use crate::load::source::input::{Form, From, TableInput};
use crate::load::source::rejects::OWN_COLUMNS;

/// A file that `--file TABLE=PATH` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedFile {
    /// The table.
    pub table: String,
    /// The file.
    pub path: PathBuf,
}

/// The columns of a table's file in its order, that `--columns TABLE=a,b,-` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedColumns {
    /// The table.
    pub table: String,
    /// The columns; `-` for one that is passed over.
    pub columns: Vec<String>,
}

/// What is said of the files of others when they are loaded, in place of what the dataset says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// Files by table.
    pub files: Vec<NamedFile>,
    /// What stands between fields.
    pub delimiter: Option<u8>,
    /// Whether the first record is one like the others.
    pub no_header: bool,
    /// Columns by table.
    pub columns: Vec<NamedColumns>,
}

/// What is typed for it.
pub const STANDARD_INPUT: &str = "-";

/// A file to be read as often as it takes, or a stream that is put aside for that.
pub(super) fn from_path(path: &Path) -> Result<From> {
    let stream = |aside: Result<TempPath>| -> Result<From> {
        Ok(From::Stream {
            typed: path.to_owned(),
            aside: Arc::new(aside?),
        })
    };
    if path.as_os_str() == STANDARD_INPUT {
        return stream(put_aside(std::io::stdin().lock(), "standard input"));
    }
    let context = || format!("could not open {}", path.display());
    let kind = fs::metadata(path).with_context(context)?;
    ensure!(!kind.is_dir(), "{} is a folder, not a file", path.display());
    if kind.is_file() {
        return Ok(From::Foreign {
            path: path.to_owned(),
        });
    }
    let file = fs::File::open(path).with_context(context)?;
    stream(put_aside(file, &path.display().to_string()))
}

impl Said {
    /// Refuses tables that the dataset doesn't have.
    pub fn ensure_known(&self, dataset: &Dataset) -> Result<()> {
        self.ensure_wanted(dataset, &dataset.real_tables())
    }

    pub(super) fn ensure_wanted(&self, dataset: &Dataset, wanted: &[usize]) -> Result<()> {
        let files = self.files.iter().map(|file| ("--file", &file.table));
        let columns = self.columns.iter().map(|named| ("--columns", &named.table));
        for (option, table) in files.chain(columns) {
            ensure_wanted(dataset, wanted, option, table)?;
        }
        for named in &self.columns {
            let Some(table) = dataset.position(&named.table) else {
                continue;
            };
            let table = &dataset.tables[table];
            let written = || table.written().map(|column| column.name.as_str());
            let known =
                |name: &&String| *name == PASSED_OVER || table.column_called(name).is_some();
            if let Some(unknown) = named.columns.iter().find(|name| !known(name)) {
                bail!(
                    "--columns: {} has no column `{unknown}`; {}, and `-` passes one over",
                    named.table,
                    did_you_mean(unknown, written())
                );
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

    /// A file of others, with its form and its columns.
    pub(super) fn foreign(&self, table: usize, spec: &Table, from: From) -> Result<TableInput> {
        let named = self.columns.iter().find(|named| named.table == spec.name);
        let columns = match named {
            Some(named) => Some(&named.columns),
            None => spec.reading.columns.as_ref(),
        };
        let form = Form {
            dialect: Dialect {
                delimiter: self.delimiter.unwrap_or(spec.reading.delimiter),
                breaks: !spec.reading.one_line,
            },
            header: spec.reading.header && !self.no_header,
            mend: spec.reading.mend,
        };
        let mut input = TableInput {
            table,
            rows: None,
            bytes: 0,
            header: Vec::new(),
            form,
            from,
        };
        input.read_header(columns, spec)?;
        Ok(input)
    }
}

impl TableInput {
    /// Opens the file for its size and its columns.
    pub(super) fn read_header(
        &mut self,
        columns: Option<&Vec<String>>,
        spec: &Table,
    ) -> Result<()> {
        let (shown, Some(path)) = (self.shown(), self.path().map(Path::to_owned)) else {
            return Ok(());
        };
        let context = || format!("could not open {shown}");
        self.bytes = fs::metadata(&path).with_context(context)?.len();
        let text = Text::open(&path).with_context(context)?;
        let mut records = Records::new(text, Path::new(&shown), self.form.dialect)?;
        let mut names = Vec::new();
        if let Some(first) = records.read()? {
            if let Some(flaw) = first.flaw {
                bail!("{shown}, line {}: {}", first.line, flaw.reason());
            }
            let text = |index| String::from_utf8_lossy(first.field(index).0).into_owned();
            names = (0..first.len()).map(text).collect();
        }
        // What seedrow put aside says itself what its columns are.
        let rejects = names
            .first()
            .is_some_and(|name| name.starts_with(OWN_COLUMNS));
        self.form.header |= rejects;
        let columns = columns.filter(|_| !rejects);
        self.header = match columns {
            Some(columns) => {
                let count = if names.is_empty() {
                    columns.len()
                } else {
                    names.len()
                };
                ensure!(
                    count == columns.len(),
                    "{shown}, line 1: {count} fields, and {} columns are named for it: {}",
                    columns.len(),
                    columns.join(", ")
                );
                columns.clone()
            }
            None if !self.form.header => spec.written().map(|column| column.name.clone()).collect(),
            None if names.is_empty() => {
                bail!("{shown} is empty; it needs a header line with the columns' names")
            }
            None => names,
        };
        Ok(())
    }
}

fn ensure_wanted(dataset: &Dataset, wanted: &[usize], option: &str, name: &str) -> Result<()> {
    match dataset.position(name) {
        Some(table) if wanted.contains(&table) => Ok(()),
        Some(_) => bail!("{option} {name}: --tables leaves this table out"),
        None => {
            let names = wanted
                .iter()
                .map(|&table| dataset.tables[table].name.as_str());
            let advice = did_you_mean(name, names);
            bail!("{option}: {} has no table `{name}`; {advice}", dataset.name)
        }
    }
}
