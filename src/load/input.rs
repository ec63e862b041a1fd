//! Which file fills which table, and whether seedrow wrote it itself.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::dataset::{Dataset, Table, source};
use crate::files::Manifest;
use crate::files::manifest;
use crate::files::manifest::TableFile;
use crate::files::records::{Record, Records};

/// A folder of CSV files, ready to be loaded.
#[derive(Debug)]
pub struct Input {
    /// The folder as it was named.
    pub folder: PathBuf,
    /// The manifest, when seedrow wrote the folder.
    pub manifest: Option<Manifest>,
    /// The files in load order.
    pub files: Vec<InputFile>,
}

/// One table's file.
#[derive(Debug, Clone)]
pub struct InputFile {
    /// The table's position in the dataset.
    pub table: usize,
    /// Where it is.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// The fields of its first line.
    pub header: Vec<String>,
    /// What the manifest says of it; without that its records are read one by one.
    pub described: Option<TableFile>,
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
        let files = wanted.iter().map(find).collect::<Result<_>>()?;
        Ok(Input {
            folder: folder.to_owned(),
            manifest,
            files,
        })
    }

    /// All files' bytes.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// All files' rows, when a manifest tells them.
    pub fn rows(&self) -> Option<u64> {
        self.files
            .iter()
            .map(|file| file.described.as_ref().map(|described| described.rows))
            .sum()
    }
}

impl InputFile {
    /// The file's own name, for messages.
    pub fn name(&self) -> String {
        self.path
            .file_name()
            .unwrap_or(self.path.as_os_str())
            .to_string_lossy()
            .into_owned()
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

fn described(table: usize, spec: &Table, manifest: &Manifest, folder: &Path) -> Result<InputFile> {
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
    let file = foreign(table, path)?;
    if file.bytes != described.bytes {
        bail!(
            "{} has {} bytes, and {} says {}; the file was changed or cut short. Generate it anew, or remove the \
             manifest to have every record read and checked",
            file.path.display(),
            file.bytes,
            manifest::FILE,
            described.bytes
        );
    }
    Ok(InputFile {
        described: Some(described.clone()),
        ..file
    })
}

fn foreign(table: usize, path: PathBuf) -> Result<InputFile> {
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
    Ok(InputFile {
        table,
        path,
        bytes,
        header,
        described: None,
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
