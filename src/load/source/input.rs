//! Where each table's rows come from: which file, and whether seedrow wrote it itself, or none at all.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, bail};
use tempfile::TempPath;

use crate::dataset::{Dataset, Plan};
use crate::files::Manifest;
use crate::files::manifest::TableFile;
use crate::files::records::Dialect;
use crate::generate::{TableMaker, estimate};
use crate::load::source::folder::{described, ensure_is_folder, ensure_made_from, ignored, locate};
use crate::load::source::generated::Made;
use crate::load::source::overrides::{STANDARD_INPUT, Said, from_path};
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
