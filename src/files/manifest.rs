//! `manifest.json`: what a folder of CSV files holds and what generated it, so that a load can tell that nothing is missing.

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::dataset::Part;
use crate::dataset::amount::{Amount, Factor};
use crate::dataset::spec::is_file_name;

/// The file's name in its folder; a part's has the part in it, see [`Manifest::file_name`].
pub const FILE: &str = "manifest.json";

/// Raised when a reader of the old format could misread the new one.
const FORMAT: u32 = 1;

/// A folder's contents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of this file's format.
    pub format: u32,
    /// The version of seedrow that wrote it.
    pub seedrow: String,
    /// The dataset.
    pub dataset: DatasetId,
    /// Rows of the root table.
    pub rows: u64,
    /// What the rows of every table were multiplied by; `None` where they follow from those of the root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<Factor>,
    /// The seed.
    pub seed: u64,
    /// Which part of these rows its files are; `None` where they are all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
    /// In load order.
    pub tables: Vec<TableFile>,
}

/// A dataset's name and the hash of what decides its rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetId {
    /// The TOML file's stem.
    pub name: String,
    /// See [`crate::dataset::Dataset::hash`].
    pub hash: String,
}

/// One table's file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableFile {
    /// The table.
    pub name: String,
    /// Its file in the folder.
    pub file: String,
    /// Records, the header left out.
    pub rows: u64,
    /// The whole file's bytes.
    pub bytes: u64,
    /// `xxh3:` and the 16 hexadecimal digits of XXH3-64 over the whole file, as `xxhsum -H3` prints them.
    pub checksum: String,
}

/// What every version of the format has.
#[derive(Deserialize)]
struct FormatVersion {
    format: u32,
    seedrow: String,
}

impl Manifest {
    /// A manifest of this version of seedrow, of all rows and no file yet.
    pub fn new(dataset: DatasetId, amount: Amount, seed: u64) -> Manifest {
        let seedrow = env!("CARGO_PKG_VERSION").to_owned();
        Manifest {
            format: FORMAT,
            seedrow,
            dataset,
            rows: amount.root_rows,
            scale: amount.scale,
            seed,
            part: None,
            tables: Vec::new(),
        }
    }

    /// Reads the manifest of a folder that holds all rows; `None` when there is none.
    pub fn read(folder: &Path) -> Result<Option<Manifest>> {
        Manifest::read_file(&folder.join(FILE))
    }

    /// Reads a manifest; `None` when there is none.
    pub fn read_file(path: &Path) -> Result<Option<Manifest>> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(error).with_context(|| format!("could not read {}", path.display()));
            }
        };
        let manifest = Manifest::parse(&text, path)?;
        Ok(Some(manifest))
    }

    /// The name that it has in its folder: `manifest.json`, `manifest.part-03-of-10.json`.
    pub fn file_name(&self) -> String {
        match self.part {
            None => FILE.to_owned(),
            Some(part) => part.file_name(FILE),
        }
    }

    /// Refuses other formats before their contents are looked at, and names that lead out of the folder: files that
    /// a manifest lists are read, and removed, where it says.
    fn parse(text: &str, path: &Path) -> Result<Manifest> {
        let path = path.display();
        let is_none = || format!("{path} is not a manifest");
        let FormatVersion { format, seedrow } = serde_json::from_str(text).with_context(is_none)?;
        if format != FORMAT {
            bail!(
                "{path} has format {format}, this seedrow reads {FORMAT}; generate the files again or use seedrow {seedrow}"
            );
        }
        let manifest: Manifest = serde_json::from_str(text).with_context(is_none)?;
        if let Some(part) = manifest.part.filter(|part| !part.exists()) {
            bail!("{path} is of part {part}, and there is no such part");
        }
        match manifest
            .tables
            .iter()
            .find(|table| !is_file_name(&table.file))
        {
            Some(TableFile { name, file, .. }) => {
                bail!(
                    "{path} lists \"{file}\" for {name}, which is not the name of a file beside it"
                )
            }
            None => Ok(manifest),
        }
    }

    /// How many rows it is of.
    pub fn amount(&self) -> Amount {
        Amount {
            root_rows: self.rows,
            scale: self.scale,
        }
    }

    /// The file's text.
    pub fn to_json(&self) -> Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// The file of a table, if it has one here.
    pub fn table(&self, name: &str) -> Option<&TableFile> {
        self.tables.iter().find(|table| table.name == name)
    }

    /// All tables' rows.
    pub fn total_rows(&self) -> u64 {
        self.tables.iter().map(|table| table.rows).sum()
    }

    /// All files' bytes.
    pub fn total_bytes(&self) -> u64 {
        self.tables.iter().map(|table| table.bytes).sum()
    }
}

/// A checksum as it is written in the manifest.
pub fn checksum(hash: u64) -> String {
    format!("xxh3:{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(file: &str) -> String {
        let dataset = DatasetId {
            name: "shop".into(),
            hash: checksum(7),
        };
        let table = TableFile {
            name: "users".into(),
            file: file.into(),
            rows: 3,
            bytes: 30,
            checksum: checksum(9),
        };
        let manifest = Manifest {
            tables: vec![table],
            ..Manifest::new(dataset, Amount::from(3), 42)
        };
        manifest.to_json().unwrap()
    }

    fn refused(text: &str) -> String {
        format!(
            "{:#}",
            Manifest::parse(text, Path::new("x/manifest.json")).unwrap_err()
        )
    }

    #[test]
    fn comes_back_as_it_was_written() {
        let text = written("users.csv");
        let manifest = Manifest::parse(&text, Path::new(FILE)).unwrap();
        assert_eq!(manifest.to_json().unwrap(), text);
        assert_eq!(manifest.tables[0].checksum, "xxh3:0000000000000009");
    }

    #[test]
    fn another_format_is_distinguished_from_no_manifest() {
        let later = refused(r#"{"format": 2, "seedrow": "7.1.0", "folders": {}}"#);
        assert!(
            later.contains("has format 2") && later.contains("use seedrow 7.1.0"),
            "{later}"
        );
        let other = refused(r#"{"name": "my web app"}"#);
        assert!(
            other.starts_with("x/manifest.json is not a manifest"),
            "{other}"
        );
    }

    #[test]
    fn files_outside_its_folder_are_refused() {
        for name in [
            "../users.csv",
            "/etc/passwd",
            "a/b.csv",
            "..",
            "",
            "manifest.json",
        ] {
            let error = refused(&written(name));
            assert!(
                error.contains("not the name of a file beside it"),
                "{name}: {error}"
            );
        }
    }
}
