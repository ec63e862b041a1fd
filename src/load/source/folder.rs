//! The files of a folder: which one is which table's, and whether they are as their manifest says.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::dataset::part::listed;
use crate::dataset::{Dataset, Part, TableSpec, source};
use crate::files::Manifest;
use crate::files::compression::SUFFIXES;
use crate::files::manifest::{self, TableFile};
use crate::load::source::overrides::STANDARD_INPUT;
use crate::load::source::table_source::TableSource;
use crate::postgres::error::ErrorWithNotes;
use crate::suggestion::{again, command_line};
use crate::units::grouped;

/// What names of files with rows end with, in any case: of CSV files; of those that may be something else, too.
const EXTENSIONS: &[&str] = &["csv", "tsv", "tab", "psv", "tbl"];
const MAYBE: &[&str] = &["txt", "dat"];

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

/// Refuses a folder that lacks parts, and names them.
pub fn ensure_all_parts(dataset: &Dataset, manifests: &[Manifest], folder: &Path) -> Result<()> {
    let there: Vec<Part> = manifests.iter().filter_map(|it| it.part).collect();
    let Some(first) = there.first() else {
        return Ok(());
    };
    let missing = Part::all(first.of).filter(|part| !there.contains(part));
    let missing: Vec<Part> = missing.collect();
    let Some(one) = missing.first() else {
        return Ok(());
    };
    let numbers: Vec<u32> = missing.iter().map(|part| part.number).collect();
    let Manifest {
        rows, scale, seed, ..
    } = manifests[0];
    let message = format!(
        "{} holds {} of {} parts of {}, {} rows, seed {seed}; missing: {}",
        folder.display(),
        there.len(),
        first.of,
        dataset.name,
        grouped(rows),
        listed(&numbers)
    );
    let name = match source::built_in_names().contains(&dataset.name) {
        true => dataset.name.clone(),
        false => dataset.path.display().to_string(),
    };
    let tables: Vec<&str> = manifests[0]
        .tables
        .iter()
        .map(|it| it.name.as_str())
        .collect();
    let folder = folder.display().to_string();
    let size = match scale {
        Some(factor) => ("--scale", factor.to_string()),
        None => ("--rows", rows.to_string()),
    };
    let command = command_line([
        "seedrow",
        "generate",
        "--dataset",
        &name,
        "--tables",
        &tables.join(","),
        size.0,
        &size.1,
        "--seed",
        &seed.to_string(),
        "--part",
        &one.to_string(),
        "--out",
        &folder,
    ]);
    let note = format!("copy their files beside the others, or make each, as by: {command}");
    Err(ErrorWithNotes::of(message, vec![note]))
}

/// The files that manifests list for a table, one each; their sizes must be what these say.
pub fn described(
    dataset: &Dataset,
    table: usize,
    manifests: &[Manifest],
    folder: &Path,
) -> Result<TableSource> {
    let spec = &dataset.tables[table];
    let file = |manifest: &Manifest| described_file(spec, manifest, folder);
    let files = manifests.iter().map(file).collect::<Result<Vec<_>>>()?;
    let header = manifests
        .first()
        .and_then(|it| it.part)
        .is_none_or(Part::is_first);
    TableSource::own(dataset, table, files, header)
}

/// The file that a manifest lists for a table.
fn described_file(
    spec: &TableSpec,
    manifest: &Manifest,
    folder: &Path,
) -> Result<(PathBuf, TableFile)> {
    let name = manifest.file_name();
    let Some(described) = manifest.table(&spec.name) else {
        let names = manifest.tables.iter().map(|table| table.name.as_str());
        bail!(
            "{} lists no file for table {}; it has {}. Choose with --tables, or generate the others too",
            folder.join(name).display(),
            spec.name,
            names.collect::<Vec<_>>().join(", ")
        );
    };
    let path = folder.join(&described.file);
    if !path.exists() {
        bail!(
            "{} lists {} for table {}, which does not exist; there is {}. Generate the files again",
            folder.join(name).display(),
            described.file,
            spec.name,
            listed_files(folder)?.join(", ")
        );
    }
    let context = || format!("could not look at {}", path.display());
    let bytes = fs::metadata(&path).with_context(context)?.len();
    if bytes != described.bytes {
        bail!(
            "{} has {bytes} bytes, and {name} says {}; the file was changed or truncated. Generate it again, or remove \
             the manifest to have every record read and checked",
            path.display(),
            described.bytes
        );
    }
    Ok((path, described.clone()))
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

/// The files that a table may have in a folder, each once: those of its names, also with another extension.
fn files_in(table: &TableSpec, folder: &Path) -> Result<Vec<PathBuf>> {
    let names = file_names(table);
    let stems: Vec<String> = names.iter().map(|name| stem(name).to_lowercase()).collect();
    let mut alike = data_files(folder)?;
    alike.retain(|name| !names.contains(name) && stems.contains(&stem(name).to_lowercase()));
    let mut files: Vec<PathBuf> = Vec::new();
    for path in names.iter().chain(&alike).map(|name| folder.join(name)) {
        if path.is_file() && !files.contains(&path) {
            files.push(path);
        }
    }
    Ok(files)
}

/// Whether a folder has a file of any of a dataset's tables.
pub fn has_any(dataset: &Dataset, folder: &Path) -> bool {
    let mut tables = dataset.tables.iter();
    tables.any(|table| files_in(table, folder).is_ok_and(|files| !files.is_empty()))
}

/// The file of a table in a folder without a manifest.
pub fn locate(dataset: &Dataset, table: usize, wanted: &[usize], folder: &Path) -> Result<PathBuf> {
    let spec = &dataset.tables[table];
    let mut files = files_in(spec, folder)?;
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
    let mut others = Vec::new();
    for other in wanted.iter().map(|&table| &dataset.tables[table]) {
        if !files_in(other, folder)?.is_empty() {
            others.push(other.name.as_str());
        }
    }
    let files = listed_files(folder)?;
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
    let lower = file_name.to_ascii_lowercase();
    let suffix = SUFFIXES.iter().find(|it| lower.ends_with(**it));
    &file_name[..file_name.len() - suffix.map_or(0, |it| it.len())]
}

/// A file's name without what follows the table's.
pub fn stem(file_name: &str) -> &str {
    let plain = uncompressed(file_name);
    match has_extension(plain, EXTENSIONS) || has_extension(plain, MAYBE) {
        true => plain.rsplit_once('.').map_or(plain, |(stem, _)| stem),
        false => plain,
    }
}

fn has_extension(file_name: &str, extensions: &[&str]) -> bool {
    let (_, extension) = file_name.rsplit_once('.').unwrap_or_default();
    extensions
        .iter()
        .any(|it| it.eq_ignore_ascii_case(extension))
}

/// Whether a file's name says that it holds rows, and nothing else.
pub fn is_for_rows(file_name: &str) -> bool {
    has_extension(uncompressed(file_name), EXTENSIONS)
}

/// The files of a folder that may hold rows and that no table takes.
pub fn ignored(folder: &Path, tables: &[TableSource]) -> Result<Vec<String>> {
    let mut names = data_files(folder)?;
    let taken = |name: &String| {
        let path = folder.join(name);
        tables
            .iter()
            .any(|table| table.paths().any(|it| it == path))
    };
    names.retain(|name| !taken(name));
    Ok(names)
}

/// The names of a folder's files that may hold rows, or that there is none, for messages.
fn listed_files(folder: &Path) -> Result<Vec<String>> {
    let mut there = data_files(folder)?;
    if there.is_empty() {
        there.push("no .csv file".to_owned());
    }
    Ok(there)
}

/// The names of a folder's files that may hold rows, sorted.
pub fn data_files(folder: &Path) -> Result<Vec<String>> {
    let may_hold_rows = |name: &String| {
        let plain = uncompressed(name);
        has_extension(plain, EXTENSIONS) || has_extension(plain, MAYBE)
    };
    let mut there: Vec<String> = fs::read_dir(folder)
        .with_context(|| format!("could not read {}", folder.display()))?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(may_hold_rows)
        .collect();
    there.sort();
    Ok(there)
}
