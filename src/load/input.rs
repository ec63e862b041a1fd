//! Where each table's rows come from: which file, and whether seedrow wrote it itself, or none at all.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempPath;

use crate::dataset::document::did_you_mean;
use crate::dataset::reading::PASSED_OVER;
use crate::dataset::{Dataset, Plan, Table, source};
use crate::files::Manifest;
use crate::files::manifest;
use crate::files::manifest::TableFile;
use crate::files::open::{Text, put_aside};
use crate::files::records::{Dialect, Records};
use crate::generate::{TableMaker, estimate};
use crate::load::made::Made;
use crate::load::rejects::OWN_COLUMNS;
use crate::progress::grouped;

/// Rows, ready to be loaded.
#[derive(Debug)]
pub struct Input {
    /// Where they come from, for messages.
    pub shown: String,
    /// What decides every row, when this version of seedrow made them all.
    pub origin: Option<Origin>,
    /// In load order.
    pub tables: Vec<TableInput>,
    /// CSV files of the folder that belong to no table.
    pub ignored: Vec<String>,
}

/// Rows and seed: with version, dataset and tables they decide every row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// Rows of the root table.
    pub rows: u64,
    /// The seed.
    pub seed: u64,
}

/// One table's rows.
#[derive(Debug, Clone)]
pub struct TableInput {
    /// The table's position in the dataset.
    pub table: usize,
    /// How many there are, when that is known.
    pub rows: Option<u64>,
    /// Bytes to come: a file's size, else an estimate.
    pub bytes: u64,
    /// The columns' names in their order; `-` is passed over.
    pub header: Vec<String>,
    /// How its file is read.
    pub form: Form,
    /// Where they come from.
    pub from: From,
}

/// How a file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// Delimiter and line breaks.
    pub dialect: Dialect,
    /// Whether its first record names the columns.
    pub header: bool,
    /// Whether a quote that is open at its line's end is closed there, where records are one line each, or its record
    /// rejected.
    pub mend: bool,
}

impl Form {
    /// As seedrow writes files.
    pub const OWN: Form = Form {
        dialect: Dialect {
            delimiter: b',',
            breaks: true,
        },
        header: true,
        mend: false,
    };
}

/// Where a table's rows come from.
#[derive(Debug, Clone)]
pub enum From {
    /// A file that a manifest describes: sent as it is.
    Described {
        /// Where it is.
        path: PathBuf,
        /// What the manifest says of it.
        file: TableFile,
    },
    /// Anybody's file: its records are read one by one.
    Foreign {
        /// Where it is.
        path: PathBuf,
    },
    /// Anybody's stream, put aside.
    Stream {
        /// What was typed: `-` for standard input.
        typed: PathBuf,
        /// Where it was put.
        aside: Arc<TempPath>,
    },
    /// Made while they are loaded.
    Made(Arc<Made>),
}

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

impl Input {
    /// Finds the file of every table wanted.
    ///
    /// With a manifest: its files, whose sizes must be what it says. Without: each table's own file name, or the table's
    /// name with `.csv`, plain or with `.gz` behind it. A file that is named comes first, manifest or not; without a
    /// folder each table needs one.
    pub fn find(
        dataset: &Dataset,
        folder: Option<&Path>,
        wanted: &[usize],
        said: &Said,
    ) -> Result<Input> {
        let manifest = match folder {
            Some(folder) => {
                ensure_is_folder(folder)?;
                Manifest::read(folder)?
            }
            None => None,
        };
        if let (Some(manifest), Some(folder)) = (&manifest, folder) {
            ensure_made_from(dataset, manifest, folder)?;
        }
        said.ensure_wanted(dataset, wanted)?;
        let find = |&table: &usize| {
            let spec = &dataset.tables[table];
            let named = said.files.iter().find(|file| file.table == spec.name);
            match (named, &manifest, folder) {
                (Some(file), _, _) => said.foreign(table, spec, from_path(&file.path)?),
                (None, Some(manifest), Some(folder)) => described(table, spec, manifest, folder),
                (None, None, Some(folder)) => {
                    let path = locate(dataset, table, wanted, folder)?;
                    said.foreign(table, spec, From::Foreign { path })
                }
                (None, _, None) => bail!(
                    "no file for table {}; give the folder that holds it, or --file {}=PATH, or leave the table out \
                     with --tables",
                    spec.name,
                    spec.name
                ),
            }
        };
        let tables = wanted.iter().map(find).collect::<Result<Vec<_>>>()?;
        let whole = |manifest: &&Manifest| {
            manifest.seedrow == env!("CARGO_PKG_VERSION")
                && tables
                    .iter()
                    .all(|table| matches!(table.from, From::Described { .. }))
        };
        let origin = manifest.as_ref().filter(whole).map(|manifest| Origin {
            rows: manifest.rows,
            seed: manifest.seed,
        });
        let shown = match folder {
            Some(folder) => folder.display().to_string(),
            None => {
                let shown: Vec<String> = tables.iter().map(TableInput::shown).collect();
                shown.join(", ")
            }
        };
        let ignored = match folder {
            Some(folder) if manifest.is_none() => ignored(folder, &tables)?,
            _ => Vec::new(),
        };
        Ok(Input {
            shown,
            origin,
            tables,
            ignored,
        })
    }

    /// Rows that are made while they are loaded, no file between: drawn from rows of the root table and a seed, `jobs`
    /// threads for each table.
    pub fn made(
        dataset: &Arc<Dataset>,
        wanted: &[usize],
        origin: Origin,
        jobs: usize,
    ) -> Result<Input> {
        let plan = Plan::new(dataset, origin.rows, origin.seed, wanted);
        let made = Arc::new(Made {
            dataset: Arc::clone(dataset),
            plan,
            jobs,
        });
        let table = |&table: &usize| -> Result<TableInput> {
            let maker = TableMaker::new(dataset, &made.plan, table)?;
            Ok(TableInput {
                table,
                rows: Some(made.plan.rows(table)),
                bytes: estimate::file_bytes(&maker, &made.plan, table)?,
                header: dataset.tables[table]
                    .written()
                    .map(|column| column.name.clone())
                    .collect(),
                form: Form::OWN,
                from: From::Made(Arc::clone(&made)),
            })
        };
        Ok(Input {
            shown: format!(
                "{}, {} {}, seed {}",
                dataset.name,
                grouped(origin.rows),
                dataset.tables[dataset.root()].name,
                origin.seed
            ),
            origin: Some(origin),
            tables: wanted.iter().map(table).collect::<Result<_>>()?,
            ignored: Vec::new(),
        })
    }

    /// All tables' bytes.
    pub fn bytes(&self) -> u64 {
        self.tables.iter().map(|table| table.bytes).sum()
    }

    /// All tables' rows, when each one's are known.
    pub fn rows(&self) -> Option<u64> {
        self.tables.iter().map(|table| table.rows).sum()
    }
}

impl TableInput {
    /// The file that is read, if there is one.
    pub fn path(&self) -> Option<&Path> {
        match &self.from {
            From::Described { path, .. } | From::Foreign { path } => Some(path),
            From::Stream { aside, .. } => Some(aside),
            From::Made(_) => None,
        }
    }

    /// The file's own name, for the account.
    pub fn name(&self) -> String {
        let path = match &self.from {
            From::Described { path, .. } | From::Foreign { path } => path,
            From::Stream { .. } => return self.shown(),
            From::Made(_) => return "generated".to_owned(),
        };
        let name = path.file_name().unwrap_or(path.as_os_str());
        name.to_string_lossy().into_owned()
    }

    /// The whole path, for messages.
    pub fn shown(&self) -> String {
        match &self.from {
            From::Described { path, .. } | From::Foreign { path } => path.display().to_string(),
            From::Stream { typed, .. } if typed.as_os_str() == STANDARD_INPUT => {
                "standard input".to_owned()
            }
            From::Stream { typed, .. } => typed.display().to_string(),
            From::Made(_) => "generated".to_owned(),
        }
    }
}

/// What is typed for it.
const STANDARD_INPUT: &str = "-";

/// A file to be read as often as it takes, or a stream that is put aside for that.
fn from_path(path: &Path) -> Result<From> {
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

    fn ensure_wanted(&self, dataset: &Dataset, wanted: &[usize]) -> Result<()> {
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
    fn foreign(&self, table: usize, spec: &Table, from: From) -> Result<TableInput> {
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
    fn read_header(&mut self, columns: Option<&Vec<String>>, spec: &Table) -> Result<()> {
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

fn ensure_is_folder(folder: &Path) -> Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let shown = folder.display();
    if folder.exists() || folder.as_os_str() == STANDARD_INPUT {
        bail!(
            "{shown} is not a folder; `seedrow load` takes the folder that holds the CSV files, or one file with \
             --file TABLE={shown}"
        );
    }
    bail!("{shown} is not there; `seedrow load` takes the folder that holds the CSV files")
}

fn ensure_made_from(dataset: &Dataset, manifest: &Manifest, folder: &Path) -> Result<()> {
    let made = &manifest.dataset;
    if made.name != dataset.name {
        bail!(
            "{} was made from the dataset {}, not {}; name it with --dataset: {}",
            folder.join(manifest::FILE).display(),
            made.name,
            dataset.name,
            if source::built_in_names().contains(&made.name) {
                made.name.clone()
            } else {
                format!("the path of its {}.toml", made.name)
            }
        );
    }
    if made.hash != dataset.hash {
        bail!(
            "{} was made from another version of {} ({}, now {}); generate the files anew, or remove the manifest to \
             have every record read and checked",
            folder.join(manifest::FILE).display(),
            dataset.path.display(),
            made.hash,
            dataset.hash
        );
    }
    Ok(())
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

fn described(table: usize, spec: &Table, manifest: &Manifest, folder: &Path) -> Result<TableInput> {
    let Some(described) = manifest.table(&spec.name) else {
        let names: Vec<&str> = manifest
            .tables
            .iter()
            .map(|table| table.name.as_str())
            .collect();
        bail!(
            "{} lists no file for table {}; it has {}. Choose with --tables, or generate the others too",
            folder.join(manifest::FILE).display(),
            spec.name,
            names.join(", ")
        );
    };
    let path = folder.join(&described.file);
    if !path.exists() {
        bail!(
            "{} lists {} for table {}, which is not there; there is {}. Generate the files anew",
            folder.join(manifest::FILE).display(),
            described.file,
            spec.name,
            csv_files(folder)?.join(", ")
        );
    }
    let mut file = TableInput {
        table,
        rows: Some(described.rows),
        bytes: 0,
        header: Vec::new(),
        form: Form::OWN,
        from: From::Described {
            path: path.clone(),
            file: described.clone(),
        },
    };
    file.read_header(None, spec)?;
    if file.bytes != described.bytes {
        bail!(
            "{} has {} bytes, and {} says {}; the file was changed or cut short. Generate it anew, or remove the \
             manifest to have every record read and checked",
            path.display(),
            file.bytes,
            manifest::FILE,
            described.bytes
        );
    }
    Ok(file)
}

/// The names that a table's file may have, the likeliest first.
fn file_names(table: &Table) -> Vec<String> {
    let own_name = format!("{}.csv", table.name);
    let names = table.file.iter().chain(&table.other_files).cloned();
    let plain: Vec<String> = names.chain([own_name]).collect();
    let packed = plain.iter().map(|name| format!("{name}.gz"));
    plain.iter().cloned().chain(packed).collect()
}

fn there(table: &Table, folder: &Path) -> Option<PathBuf> {
    let mut paths = file_names(table).into_iter().map(|name| folder.join(name));
    paths.find(|path| path.is_file())
}

fn locate(dataset: &Dataset, table: usize, wanted: &[usize], folder: &Path) -> Result<PathBuf> {
    let spec = &dataset.tables[table];
    if let Some(path) = there(spec, folder) {
        return Ok(path);
    }
    let others = wanted.iter().map(|&table| &dataset.tables[table]);
    let others = others.filter(|other| there(other, folder).is_some());
    let others: Vec<&str> = others.map(|other| other.name.as_str()).collect();
    let without = match others.as_slice() {
        [] => String::new(),
        _ => format!(", --tables {} loads those that are there", others.join(",")),
    };
    let files = csv_files(folder)?;
    let stem = |name: &str| {
        name.trim_end_matches(".gz")
            .trim_end_matches(".csv")
            .to_owned()
    };
    let stems: Vec<String> = file_names(spec).iter().map(|name| stem(name)).collect();
    let alike = files
        .iter()
        .find(|name| stems.iter().any(|stem| name.starts_with(stem)));
    let path = alike.map_or_else(
        || "PATH".to_owned(),
        |name| folder.join(name).display().to_string(),
    );
    bail!(
        "{} has no {} for table {}; there is {}. `--file {}={path}` names another file{without}",
        folder.display(),
        file_names(spec)[0],
        spec.name,
        files.join(", "),
        spec.name
    )
}

/// The CSV files of a folder that no table takes.
fn ignored(folder: &Path, tables: &[TableInput]) -> Result<Vec<String>> {
    let mut names = csv_files(folder)?;
    let taken = |name: &String| {
        let path = folder.join(name);
        tables.iter().any(|table| table.path() == Some(&path))
    };
    names.retain(|name| folder.join(name).exists() && !taken(name));
    Ok(names)
}

/// The names of a folder's CSV files.
fn csv_files(folder: &Path) -> Result<Vec<String>> {
    let mut there: Vec<String> = fs::read_dir(folder)
        .with_context(|| format!("could not read {}", folder.display()))?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".csv") || name.ends_with(".csv.gz"))
        .collect();
    there.sort();
    if there.is_empty() {
        there.push("no .csv file".to_owned());
    }
    Ok(there)
}
