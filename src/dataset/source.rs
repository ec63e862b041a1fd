//! Where a dataset's files are read from: the folders embedded in the binary, or the disk.
//!
//! Built-in datasets are files like any other, so that one can be copied out and changed.

use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail};
use include_dir::{Dir, include_dir};

use crate::dataset::document::did_you_mean;

static DATA: Dir = include_dir!("$CARGO_MANIFEST_DIR/data");
static SQL: Dir = include_dir!("$CARGO_MANIFEST_DIR/sql");

/// The folder of the built-in datasets' TOML files.
const BUILT_IN: &str = "data";

/// Where files are read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The folders `data` and `sql` in the binary; paths begin with one of them.
    BuiltIn,
    /// The file system.
    Disk,
}

impl Source {
    /// A file's text.
    pub fn read(self, path: &Path) -> Result<String> {
        match self {
            Source::Disk => std::fs::read_to_string(path)
                .with_context(|| format!("could not read {}", path.display())),
            Source::BuiltIn => {
                let file = built_in_folder(path).and_then(|folder| folder.get_file(within(path)));
                let text = file.and_then(|file| file.contents_utf8());
                text.map(str::to_owned)
                    .with_context(|| format!("no built-in file {}", path.display()))
            }
        }
    }

    /// The files of a folder with this extension, sorted by name.
    pub fn list(self, folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
        let mut files: Vec<PathBuf> = match self {
            Source::Disk => std::fs::read_dir(folder)
                .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect())
                .with_context(|| format!("could not read the folder {}", folder.display()))?,
            Source::BuiltIn => {
                let found = built_in_folder(folder).and_then(|root| match within(folder) {
                    path if path.as_os_str().is_empty() => Some(root),
                    path => root.get_dir(path),
                });
                let found =
                    found.with_context(|| format!("no built-in folder {}", folder.display()))?;
                let root = folder
                    .components()
                    .next()
                    .map(|c| PathBuf::from(c.as_os_str()))
                    .unwrap_or_default();
                found.files().map(|file| root.join(file.path())).collect()
            }
        };
        files.retain(|path| path.extension().is_some_and(|e| e == extension));
        files.sort();
        Ok(files)
    }
}

fn built_in_folder(path: &Path) -> Option<&'static Dir<'static>> {
    match path.components().next()?.as_os_str().to_str()? {
        "data" => Some(&DATA),
        "sql" => Some(&SQL),
        _ => None,
    }
}

fn within(path: &Path) -> PathBuf {
    path.components().skip(1).collect()
}

/// The names of the built-in datasets, sorted.
pub fn built_in_names() -> Vec<String> {
    let stem = |path: &PathBuf| path.file_stem().and_then(|s| s.to_str()).map(str::to_owned);
    let files = Source::BuiltIn
        .list(Path::new(BUILT_IN), "toml")
        .unwrap_or_default();
    let mut names: Vec<String> = files.iter().filter_map(stem).collect();
    // Of files, `a-b.toml` comes before `a.toml`.
    names.sort();
    names
}

/// What `--dataset` names: a built-in dataset, or a TOML file.
pub fn locate(name: &str) -> Result<(Source, PathBuf)> {
    if name.ends_with(".toml") {
        return Ok((Source::Disk, PathBuf::from(name)));
    }
    let names = built_in_names();
    if names.iter().any(|known| known == name) {
        return Ok((
            Source::BuiltIn,
            Path::new(BUILT_IN).join(format!("{name}.toml")),
        ));
    }
    let advice = match did_you_mean(name, names.iter().map(String::as_str)) {
        near if near.ends_with('?') => near,
        known => format!("{known}, or give the path of a .toml file"),
    };
    bail!("there is no built-in dataset `{name}`; {advice}")
}

/// `base/../sql/x` → `sql/x`, without touching the file system; a leading `..` stays.
pub fn join(base: &Path, relative: &str) -> PathBuf {
    let mut joined = PathBuf::new();
    for part in base.join(relative).components() {
        match part {
            Component::ParentDir if joined.file_name().is_some() => {
                joined.pop();
            }
            Component::CurDir => {}
            part => joined.push(part),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_without_the_file_system() {
        assert_eq!(
            join(Path::new("data"), "../sql/catalog/schema.sql"),
            Path::new("sql/catalog/schema.sql")
        );
        assert_eq!(join(Path::new(""), "../x"), Path::new("../x"));
        assert_eq!(join(Path::new("/a/b"), "./c.txt"), Path::new("/a/b/c.txt"));
    }

    #[test]
    fn unknown_names_are_answered_with_the_known_ones() {
        let answer = |name| locate(name).unwrap_err().to_string();
        assert_eq!(
            answer("catalgo"),
            "there is no built-in dataset `catalgo`; did you mean `catalog`?"
        );
        let all = answer("zzz");
        assert!(all.contains("; there is catalog, "), "{all}");
        assert!(all.ends_with(", or give the path of a .toml file"), "{all}");
    }
}
