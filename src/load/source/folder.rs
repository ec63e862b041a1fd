//! The files of a folder: which one is which table's, and whether they are as their manifest says.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::dataset::{Dataset, TableSpec, source};
use crate::files::Manifest;
use crate::files::compression::SUFFIXES;
use crate::files::manifest;
use crate::load::source::overrides::STANDARD_INPUT;
use crate::load::source::table_source::TableSource;
use crate::postgres::error::ErrorWithNotes;
use crate::suggestion::again;

/// Refuses a path that is no folder.
pub fn ensure_is_folder(folder: &Path) -> Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let path = folder.display();
    if folder.exists() || folder.as_os_str() == STANDARD_INPUT {
        bail!(
            "{path} is not a folder; `seedrow load` takes the folder that holds the CSV files, or one file with \
             --into TABLE"
        );
    }
    bail!("{path} does not exist; `seedrow load` takes the folder that holds the CSV files")
}

/// Refuses a manifest of another dataset, or of another version of it.
pub fn ensure_made_from(dataset: &Dataset, manifest: &Manifest, folder: &Path) -> Result<()> {
    let made = &manifest.dataset;
    if made.name != dataset.name {
        bail!(
            "{} was made from the dataset {}, not {}; {}",
            folder.join(manifest::FILE).display(),
            made.name,
            dataset.name,
            if source::built_in_names().contains(&made.name) {
                format!("run: {}", again(&["--dataset", &made.name]))
            } else {
                format!("name it with --dataset: the path of its {}.toml", made.name)
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
    let compressed = SUFFIXES
        .iter()
        .flat_map(|suffix| plain.iter().map(move |name| format!("{name}{suffix}")));
    plain.iter().cloned().chain(compressed).collect()
}

/// The files that a table may have in a folder, each once.
fn files_in(table: &TableSpec, folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = Vec::new();
    for path in file_names(table).iter().map(|name| folder.join(name)) {
        if path.is_file() && !files.contains(&path) {
            files.push(path);
        }
    }
    files
}

/// The file of a table in a folder without a manifest.
pub fn locate(dataset: &Dataset, table: usize, wanted: &[usize], folder: &Path) -> Result<PathBuf> {
    let spec = &dataset.tables[table];
    let mut files = files_in(spec, folder);
    match files.len() {
        0 => Err(missing_file(dataset, table, wanted, folder)?),
        1 => Ok(files.swap_remove(0)),
        _ => Err(several_files(spec, &files)),
    }
}

/// Proposes each of several files that may be a table's, and all of them.
fn several_files(table: &TableSpec, files: &[PathBuf]) -> anyhow::Error {
    let option = |path: &PathBuf| {
        [
            "--file".to_owned(),
            format!("{}={}", table.name, path.display()),
        ]
    };
    let one = |path: &PathBuf| format!("to load {}, run: {}", path.display(), again(&option(path)));
    let mut notes: Vec<String> = files.iter().map(one).collect();
    let all: Vec<String> = files.iter().flat_map(option).collect();
    notes.push(format!("to load all of them, run: {}", again(&all)));
    let files: Vec<String> = files
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    let message = format!(
        "table {} may have its rows in {}",
        table.name,
        files.join(" or ")
    );
    ErrorWithNotes::of(message, notes)
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
    let others = others.filter(|other| !files_in(other, folder).is_empty());
    let others: Vec<&str> = others.map(|other| other.name.as_str()).collect();
    let files = csv_files(folder)?;
    let names = file_names(spec);
    let stems: Vec<&str> = names.iter().map(|name| stem(name)).collect();
    let alike = files
        .iter()
        .find(|name| stems.iter().any(|stem| name.starts_with(stem)));
    let mut notes = vec![match alike {
        Some(name) => {
            let file = format!("{}={}", spec.name, folder.join(name).display());
            format!("if it is {name}, run: {}", again(&["--file", &file]))
        }
        None => format!("--file {}=PATH names another file", spec.name),
    }];
    if !others.is_empty() {
        let tables = others.join(",");
        notes.push(format!(
            "to load the tables whose files exist, run: {}",
            again(&["--tables", &tables])
        ));
    }
    let message = format!(
        "{} has no {} for table {}; there is {}",
        folder.display(),
        names[0],
        spec.name,
        files.join(", ")
    );
    Ok(ErrorWithNotes::of(message, notes))
}

/// A file's name without what says how it is compressed.
fn uncompressed(file_name: &str) -> &str {
    let mut plain = SUFFIXES.iter().filter_map(|it| file_name.strip_suffix(it));
    plain.next().unwrap_or(file_name)
}

/// A file's name without what follows the table's.
pub fn stem(file_name: &str) -> &str {
    uncompressed(file_name).trim_end_matches(".csv")
}

/// The CSV files of a folder that no table takes.
pub fn ignored(folder: &Path, tables: &[TableSource]) -> Result<Vec<String>> {
    let mut names = csv_files(folder)?;
    let taken = |name: &String| {
        let path = folder.join(name);
        tables
            .iter()
            .any(|table| table.paths().any(|it| it == path))
    };
    names.retain(|name| folder.join(name).exists() && !taken(name));
    Ok(names)
}

/// The names of a folder's CSV files, or that there is none, for messages.
fn csv_files(folder: &Path) -> Result<Vec<String>> {
    let mut there = csv_names(folder)?;
    if there.is_empty() {
        there.push("no .csv file".to_owned());
    }
    Ok(there)
}

/// The names of a folder's CSV files, sorted.
pub fn csv_names(folder: &Path) -> Result<Vec<String>> {
    let mut there: Vec<String> = fs::read_dir(folder)
        .with_context(|| format!("could not read {}", folder.display()))?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| uncompressed(name).ends_with(".csv"))
        .collect();
    there.sort();
    Ok(there)
}
