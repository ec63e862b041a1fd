//! `manifest.json`: what a folder of CSV files holds and what made it, so that a load can tell that nothing is missing.

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

/// The file's name in its folder.
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
    /// The seed.
    pub seed: u64,
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

impl Manifest {
    /// A manifest of this version of seedrow.
    pub fn new(dataset: DatasetId, rows: u64, seed: u64, tables: Vec<TableFile>) -> Manifest {
        let seedrow = env!("CARGO_PKG_VERSION").to_owned();
        Manifest {
            format: FORMAT,
            seedrow,
            dataset,
            rows,
            seed,
            tables,
        }
    }

    /// Reads the manifest of a folder; `None` when there is none.
    pub fn read(folder: &Path) -> Result<Option<Manifest>> {
        let path = folder.join(FILE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(error).with_context(|| format!("could not read {}", path.display()));
            }
        };
        let manifest: Manifest = serde_json::from_str(&text)
            .with_context(|| format!("{} is not a manifest", path.display()))?;
        if manifest.format != FORMAT {
            bail!(
                "{} has format {}, this seedrow reads {FORMAT}; generate the files anew or use seedrow {}",
                path.display(),
                manifest.format,
                manifest.seedrow
            );
        }
        Ok(Some(manifest))
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

/// How a checksum stands in the manifest.
pub fn checksum(hash: u64) -> String {
    format!("xxh3:{hash:016x}")
}
