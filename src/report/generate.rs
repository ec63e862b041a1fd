//! The output of `seedrow generate` and `seedrow datasets`.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use crate::dataset::{Dataset, Part};
use crate::files::Manifest;
use crate::files::manifest::TableFile;
use crate::report::table::{Align, table};
use crate::report::{print, print_text};
use crate::suggestion::shell_word;
use crate::units::{counted, grouped, rate};

/// Every file with its rows, bytes and checksum, then the whole.
pub fn files(out: &Path, manifest: &Manifest, taken: Duration) -> Result<()> {
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
    print(&table(&head, rows))?;
    let seconds = taken.as_secs_f64();
    print_text(&format!(
        "{}, {} in {seconds:.1} s{} in {}\n",
        counted(manifest.total_rows(), "row"),
        indicatif::HumanBytes(manifest.total_bytes()),
        rate(manifest.total_rows(), seconds),
        out.display()
    ))?;
    manifest
        .part
        .map_or(Ok(()), |part| of_part(out, manifest, part))
}

/// What the files of a part are good for.
fn of_part(out: &Path, manifest: &Manifest, part: Part) -> Result<()> {
    if manifest.total_rows() == 0 {
        print(&format!(
            "part {part} has no rows: they are too few for so many parts\n"
        ))?;
    }
    print(&format!(
        "with the files of the other parts beside these, `seedrow load {}` loads them all\n",
        shell_word(&out.to_string_lossy())
    ))
}

/// A line for each dataset.
pub fn datasets(datasets: &[Dataset]) -> Result<()> {
    let line = |dataset: &Dataset| format!("{}: {}\n", dataset.name, dataset.about);
    print_text(&datasets.iter().map(line).collect::<String>())
}

/// The dataset's TOML file, schema and queries, each under its path; word lists by their paths alone.
pub fn dataset_files(dataset: &Dataset) -> Result<()> {
    for path in std::iter::once(&dataset.path).chain(&dataset.files) {
        let is_list = path.extension().is_some_and(|extension| extension == "txt");
        print(&format!("==> {} <==\n", path.display()))?;
        if !is_list {
            print(&format!("{}\n", dataset.source.read(path)?))?;
        }
    }
    print_text(&format!(
        "\n`seedrow datasets {} --out DIR` copies all of these files.\n",
        dataset.name
    ))
}

/// Where a dataset was copied to, and the command that runs it.
pub fn copied(dataset: &Dataset, toml: &Path) -> Result<()> {
    let files = dataset.files.len() + 1;
    print_text(&format!(
        "{files} files copied; change them, then:\n  seedrow run --dataset {}\n",
        shell_word(&toml.to_string_lossy())
    ))
}
