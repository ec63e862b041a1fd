//! What `seedrow generate` wrote, and the built-in datasets.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use crate::dataset::Dataset;
use crate::files::Manifest;
use crate::files::manifest::TableFile;
use crate::progress::grouped;
use crate::report::table::{Align, table};

/// Every file with its rows, bytes and checksum, then the whole.
pub fn files(out: &Path, manifest: &Manifest, taken: Duration) {
    let row = |file: &TableFile| {
        vec![
            file.name.clone(),
            file.file.clone(),
            grouped(file.rows),
            grouped(file.bytes),
            file.checksum.clone(),
        ]
    };
    let rows = manifest.tables.iter().map(row).collect();
    let head = [
        ("table", Align::Left),
        ("file", Align::Left),
        ("rows", Align::Right),
        ("bytes", Align::Right),
        ("checksum", Align::Left),
    ];
    print!("{}", table(&head, rows));
    let seconds = taken.as_secs_f64().max(1e-3);
    println!(
        "{} rows, {} in {seconds:.1} s ({} rows/s) in {}",
        grouped(manifest.total_rows()),
        indicatif::HumanBytes(manifest.total_bytes()),
        grouped((manifest.total_rows() as f64 / seconds) as u64),
        out.display()
    );
}

/// A line for each dataset.
pub fn datasets(datasets: &[Dataset]) {
    for dataset in datasets {
        println!("{}: {}", dataset.name, dataset.about);
    }
}

/// The dataset's TOML file, schema and queries, each under its path; word lists by their paths alone.
pub fn dataset_files(dataset: &Dataset) -> Result<()> {
    for path in std::iter::once(&dataset.path).chain(&dataset.files) {
        let is_list = path.extension().is_some_and(|extension| extension == "txt");
        println!("==> {} <==", path.display());
        if !is_list {
            println!("{}", dataset.source.read(path)?);
        }
    }
    println!(
        "\n`seedrow datasets {} --out DIR` copies all of these files.",
        dataset.name
    );
    Ok(())
}

/// Where a dataset was copied to and what to type next.
pub fn copied(dataset: &Dataset, toml: &Path) {
    println!(
        "{} files copied; change them, then:",
        dataset.files.len() + 1
    );
    println!("  seedrow run --dataset {}", toml.display());
}
