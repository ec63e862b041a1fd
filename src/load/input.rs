//! Where each table's rows come from: which file, and whether seedrow wrote it itself, or none at all.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};

use crate::dataset::{Dataset, Plan, Table, source};
use crate::files::Manifest;
use crate::files::manifest;
use crate::files::manifest::TableFile;
use crate::files::records::{Record, Records};
use crate::generate::{TableMaker, estimate};
use crate::load::made::Made;
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
    /// The columns' names in their order.
    pub header: Vec<String>,
    /// Where they come from.
    pub from: From,
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

impl Input {
    /// Finds the file of every table wanted.
    ///
    /// With a manifest: its files, whose sizes must be what it says. Without: each table's own file name, or the table's
    /// name with `.csv`. `named` comes first, manifest or not.
    pub fn find(
        dataset: &Dataset,
        folder: &Path,
        wanted: &[usize],
        named: &[NamedFile],
    ) -> Result<Input> {
        ensure_is_folder(folder)?;
        let manifest = Manifest::read(folder)?;
        if let Some(manifest) = &manifest {
            ensure_made_from(dataset, manifest, folder)?;
        }
        for file in named {
            ensure_wanted(dataset, wanted, file)?;
        }
        let find = |&table: &usize| {
            let spec = &dataset.tables[table];
            match named.iter().find(|file| file.table == spec.name) {
                Some(file) => foreign(table, file.path.clone()),
                None => match &manifest {
                    Some(manifest) => described(table, spec, manifest, folder),
                    None => foreign(table, locate(spec, folder)?),
                },
            }
        };
        let tables = wanted.iter().map(find).collect::<Result<Vec<_>>>()?;
        let whole = |manifest: &Manifest| {
            manifest.seedrow == env!("CARGO_PKG_VERSION")
                && tables
                    .iter()
                    .all(|table| matches!(table.from, From::Described { .. }))
        };
        let origin = manifest.filter(whole).map(|manifest| Origin {
            rows: manifest.rows,
            seed: manifest.seed,
        });
        Ok(Input {
            shown: folder.display().to_string(),
            origin,
            tables,
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
    /// The file, if there is one.
    pub fn path(&self) -> Option<&Path> {
        match &self.from {
            From::Described { path, .. } | From::Foreign { path } => Some(path),
            From::Made(_) => None,
        }
    }

    /// The file's own name, for the account.
    pub fn name(&self) -> String {
        let Some(path) = self.path() else {
            return "generated".to_owned();
        };
        let name = path.file_name().unwrap_or(path.as_os_str());
        name.to_string_lossy().into_owned()
    }

    /// The whole path, for messages.
    pub fn shown(&self) -> String {
        self.path()
            .map_or_else(|| self.name(), |path| path.display().to_string())
    }
}

fn ensure_is_folder(folder: &Path) -> Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let wrong = if folder.exists() {
        "is not a folder"
    } else {
        "is not there"
    };
    bail!(
        "{} {wrong}; `seedrow load` takes the folder that holds the CSV files",
        folder.display()
    )
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

fn ensure_wanted(dataset: &Dataset, wanted: &[usize], file: &NamedFile) -> Result<()> {
    match dataset.position(&file.table) {
        Some(table) if wanted.contains(&table) => Ok(()),
        Some(_) => bail!("--file {}: --tables leaves this table out", file.table),
        None => {
            let names = wanted
                .iter()
                .map(|&table| dataset.tables[table].name.as_str());
            let advice = crate::dataset::document::did_you_mean(&file.table, names);
            bail!(
                "--file: {} has no table `{}`; {advice}",
                dataset.name,
                file.table
            )
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
            csv_files(folder)?
        );
    }
    let file = foreign(table, path.clone())?;
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
    Ok(TableInput {
        rows: Some(described.rows),
        from: From::Described {
            path,
            file: described.clone(),
        },
        ..file
    })
}

fn foreign(table: usize, path: PathBuf) -> Result<TableInput> {
    let file = File::open(&path).with_context(|| format!("could not open {}", path.display()))?;
    let bytes = file
        .metadata()
        .with_context(|| format!("could not ask the size of {}", path.display()))?
        .len();
    let mut record = Record::default();
    if !Records::new(file, &path)?.read(&mut record)? {
        bail!(
            "{} is empty; it needs a header line with the columns' names",
            path.display()
        );
    }
    let text = |index| String::from_utf8_lossy(record.field(index).0).into_owned();
    let header = (0..record.len()).map(text).collect();
    Ok(TableInput {
        table,
        rows: None,
        bytes,
        header,
        from: From::Foreign { path },
    })
}

fn locate(table: &Table, folder: &Path) -> Result<PathBuf> {
    let own_name = format!("{}.csv", table.name);
    let names = [
        table.file.clone().unwrap_or_else(|| own_name.clone()),
        own_name,
    ];
    if let Some(path) = names
        .iter()
        .map(|name| folder.join(name))
        .find(|path| path.is_file())
    {
        return Ok(path);
    }
    bail!(
        "{} has no {} for table {}; there is {}. `--file {}=PATH` names another file, --tables leaves the table out",
        folder.display(),
        names[0],
        table.name,
        csv_files(folder)?,
        table.name
    )
}

/// The names of a folder's CSV files, for messages.
fn csv_files(folder: &Path) -> Result<String> {
    let mut there: Vec<String> = fs::read_dir(folder)
        .with_context(|| format!("could not read {}", folder.display()))?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".csv"))
        .collect();
    there.sort();
    if there.is_empty() {
        there.push("no .csv file".to_owned());
    }
    Ok(there.join(", "))
}
