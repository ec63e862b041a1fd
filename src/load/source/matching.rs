//! Which table of a dataset each file of a folder goes to, by its name or its header: for tables whose files nothing names.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::dataset::Dataset;
use crate::load::source::folder::{data_files, ensure_is_folder, is_for_rows, stem};
use crate::load::source::overrides::{NamedBy, NamedFile, Overrides};
use crate::load::source::table_source::{SourceKind, TableSource};
use crate::postgres::error::ErrorWithNotes;
use crate::suggestion::again;

/// Names the file of each table that has one in a folder, where the command line doesn't: by the file's name, else by its
/// header, when that fits one table alone. Returns the tables that have a file, in load order.
///
/// Refuses two files of one name, a header that fits several tables, and a folder without a file of any table.
pub fn assign(
    dataset: &Dataset,
    folder: Option<&Path>,
    overrides: &mut Overrides,
) -> Result<Vec<usize>> {
    if let Some(folder) = folder {
        ensure_is_folder(folder)?;
        let mut left = Vec::new();
        for path in data_files(folder)?.iter().map(|name| folder.join(name)) {
            match table_of_name(dataset, &path) {
                Some(table) => add(&dataset.tables[table].name, path, overrides)?,
                None => left.push(path),
            }
        }
        for path in left {
            if let Some(table) = by_header(dataset, &path, overrides)? {
                add(&dataset.tables[table].name, path, overrides)?;
            }
        }
    }
    let has_file = |table: &usize| {
        let name = &dataset.tables[*table].name;
        overrides.files.iter().any(|file| file.table == *name)
    };
    Ok(dataset.real_tables().into_iter().filter(has_file).collect())
}

/// Names for each file of a folder the table of its name, one of those there are or a new one: `Order Lines.csv` goes to
/// `order_lines`. Files whose names don't say that they hold rows count where no other's does.
pub fn name_files(folder: &Path, there: &[&str], overrides: &mut Overrides) -> Result<()> {
    let mut names = data_files(folder)?;
    match names.iter().any(|name| is_for_rows(name)) {
        true => names.retain(|name| is_for_rows(name)),
        false => names.retain(|name| !is_document(name)),
    }
    for path in names.iter().map(|name| folder.join(name)) {
        let name = plain_stem(&path);
        let mut there = there.iter();
        let known = there.find(|table| plain(table) == name);
        let table = known.map_or(name, |known| (*known).to_owned());
        add(&table, path, overrides)?;
    }
    Ok(())
}

/// Whether a file's name says that people read it.
fn is_document(name: &str) -> bool {
    let documents = [
        "readme",
        "license",
        "licence",
        "copying",
        "changelog",
        "authors",
        "notes",
    ];
    documents.contains(&stem(name).to_lowercase().as_str())
}

/// The table whose name a file has, else in any case and with any of `-`, `_` and blanks between words.
pub fn table_of_name(dataset: &Dataset, path: &Path) -> Option<usize> {
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let name = plain_stem(path);
    let (mut tables, mut alike) = (dataset.tables.iter(), dataset.tables.iter());
    let exact = tables.position(|table| table.name == stem(&file));
    exact.or_else(|| alike.position(|table| plain(&table.name) == name))
}

fn plain(name: &str) -> String {
    name.to_lowercase().replace(['-', ' '], "_")
}

/// A file's name as that of a table.
fn plain_stem(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    plain(stem(&name))
}

/// The only table that a file's header fits and that has no file.
fn by_header(dataset: &Dataset, path: &Path, overrides: &Overrides) -> Result<Option<usize>> {
    let fits = |&table: &usize| {
        let kind = SourceKind::Foreign {
            path: path.to_owned(),
        };
        let is_free = overrides
            .files
            .iter()
            .all(|it| it.table != dataset.tables[table].name);
        is_free && TableSource::foreign(dataset, table, vec![kind], overrides).is_ok()
    };
    let fitting: Vec<usize> = dataset.real_tables().into_iter().filter(fits).collect();
    match fitting.as_slice() {
        [] => Ok(None),
        [table] => Ok(Some(*table)),
        several => {
            let names: Vec<&str> = several
                .iter()
                .map(|&it| &*dataset.tables[it].name)
                .collect();
            let propose = |name: &&str| {
                let file = format!("{name}={}", path.display());
                format!("to load it into {name}, run: {}", again(&["--file", &file]))
            };
            let message = format!("{} fits the tables {}", path.display(), names.join(", "));
            Err(ErrorWithNotes::of(
                message,
                names.iter().map(propose).collect(),
            ))
        }
    }
}

fn add(table: &str, path: PathBuf, overrides: &mut Overrides) -> Result<()> {
    let mut named = overrides.files.iter().filter(|file| file.table == table);
    if let Some(other) = named.next() {
        if other.named_by != NamedBy::Folder {
            // The command line names another one.
            return Ok(());
        }
        let option = |path: &Path| ["--file".to_owned(), format!("{table}={}", path.display())];
        let (one, two) = (option(&other.path), option(&path));
        bail!(ErrorWithNotes::of(
            format!(
                "table {table} may have its rows in {} or {}",
                other.path.display(),
                path.display()
            ),
            vec![
                format!("to load {}, run: {}", other.path.display(), again(&one)),
                format!("to load {}, run: {}", path.display(), again(&two)),
                format!("to load all of them, run: {}", again(&[one, two].concat())),
            ]
        ));
    }
    overrides.files.push(NamedFile {
        table: table.to_owned(),
        path,
        named_by: NamedBy::Folder,
    });
    Ok(())
}
