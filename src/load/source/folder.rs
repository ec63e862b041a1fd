//! The files of a folder: which one is which table's, and whether they are as their manifest says.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};

use crate::dataset::{Dataset, TableSpec, source};
use crate::files::Manifest;
use crate::files::manifest;
use crate::load::source::overrides::STANDARD_INPUT;
use crate::load::source::table_source::TableSource;

/// Refuses a path that is no folder.
pub fn ensure_is_folder(folder: &Path) -> Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let path = folder.display();
    if folder.exists() || folder.as_os_str() == STANDARD_INPUT {
        bail!(
            "{path} is not a folder; `seedrow load` takes the folder that holds the CSV files, or one file with \
             --file TABLE={path}"
        );
    }
    bail!("{path} does not exist; `seedrow load` takes the folder that holds the CSV files")
}

/// Refuses a manifest of another dataset, or of another version of it.
pub fn ensure_made_from(dataset: &Dataset, manifest: &Manifest, folder: &Path) -> Result<()> {
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
            "{} was made from another version of {} ({}, now {}); generate the files again, or remove the manifest to \
             have every record read and checked",
            folder.join(manifest::FILE).display(),
            dataset.path.display(),
            made.hash,
            dataset.hash
        );
    }
    Ok(())
}

/// The file that a manifest lists for a table; its size must be what the manifest says.
pub fn described(
    dataset: &Dataset,
    table: usize,
    manifest: &Manifest,
    folder: &Path,
) -> Result<TableSource> {
    let spec = &dataset.tables[table];
    let Some(described) = manifest.table(&spec.name) else {
        let names = manifest.tables.iter().map(|table| table.name.as_str());
        bail!(
            "{} lists no file for table {}; it has {}. Choose with --tables, or generate the others too",
            folder.join(manifest::FILE).display(),
            spec.name,
            names.collect::<Vec<_>>().join(", ")
        );
    };
    let path = folder.join(&described.file);
    if !path.exists() {
        bail!(
            "{} lists {} for table {}, which does not exist; there is {}. Generate the files again",
            folder.join(manifest::FILE).display(),
            described.file,
            spec.name,
            csv_files(folder)?.join(", ")
        );
    }
    let source = TableSource::own(dataset, table, path.clone(), described.clone())?;
    if source.bytes != described.bytes {
        bail!(
            "{} has {} bytes, and {} says {}; the file was changed or truncated. Generate it again, or remove the \
             manifest to have every record read and checked",
            path.display(),
            source.bytes,
            manifest::FILE,
            described.bytes
        );
    }
    Ok(source)
}

/// The names that a table's file may have, the likeliest first.
fn file_names(table: &TableSpec) -> Vec<String> {
    let own_name = format!("{}.csv", table.name);
    let names = table.file.iter().chain(&table.other_files).cloned();
    let plain: Vec<String> = names.chain([own_name]).collect();
    let compressed = plain.iter().map(|name| format!("{name}.gz"));
    plain.iter().cloned().chain(compressed).collect()
}

fn file_in(table: &TableSpec, folder: &Path) -> Option<PathBuf> {
    let mut paths = file_names(table).into_iter().map(|name| folder.join(name));
    paths.find(|path| path.is_file())
}

/// The file of a table in a folder without a manifest.
pub fn locate(dataset: &Dataset, table: usize, wanted: &[usize], folder: &Path) -> Result<PathBuf> {
    match file_in(&dataset.tables[table], folder) {
        Some(path) => Ok(path),
        None => Err(missing_file(dataset, table, wanted, folder)?),
    }
}

/// Names the files that exist, and the options that name another file or load without it.
fn missing_file(
    dataset: &Dataset,
    table: usize,
    wanted: &[usize],
    folder: &Path,
) -> Result<anyhow::Error> {
    let spec = &dataset.tables[table];
    let others = wanted.iter().map(|&table| &dataset.tables[table]);
    let others = others.filter(|other| file_in(other, folder).is_some());
    let others: Vec<&str> = others.map(|other| other.name.as_str()).collect();
    let without = match others.as_slice() {
        [] => String::new(),
        _ => format!(", --tables {} loads those that exist", others.join(",")),
    };
    let files = csv_files(folder)?;
    let names = file_names(spec);
    let stems: Vec<&str> = names.iter().map(|name| stem(name)).collect();
    let alike = files
        .iter()
        .find(|name| stems.iter().any(|stem| name.starts_with(stem)));
    let path = alike.map_or_else(
        || "PATH".to_owned(),
        |name| folder.join(name).display().to_string(),
    );
    Ok(anyhow!(
        "{} has no {} for table {}; there is {}. `--file {}={path}` names another file{without}",
        folder.display(),
        names[0],
        spec.name,
        files.join(", "),
        spec.name
    ))
}

fn stem(file_name: &str) -> &str {
    file_name.trim_end_matches(".gz").trim_end_matches(".csv")
}

/// The CSV files of a folder that no table takes.
pub fn ignored(folder: &Path, tables: &[TableSource]) -> Result<Vec<String>> {
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
