//! A folder of parts, each with its own manifest: which are there, and whether they are parts of one whole.
//!
//! Hosts that know nothing of each other write one part each. Their files have names of their own, so that they can be
//! gathered in one folder or under one prefix of an object storage.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use crate::dataset::Part;
use crate::files::folder::ExistingFiles;
use crate::files::manifest::{self, Manifest};
use crate::units::grouped;

/// What names of parts' manifests begin and end with; between them is what [`Part::file_name`] adds.
const START: &str = "manifest.part-";
const END: &str = ".json";

/// The manifests of the parts that a folder holds, by number; none where it doesn't exist.
///
/// Refuses parts of different wholes: they can't be joined.
pub fn manifests(folder: &Path) -> Result<Vec<Manifest>> {
    let mut manifests: Vec<(Part, Manifest)> = Vec::new();
    for name in names(folder)? {
        if !(name.starts_with(START) && name.ends_with(END)) {
            continue;
        }
        let Some(manifest) = Manifest::read_file(&folder.join(&name))? else {
            continue;
        };
        let path = folder.join(&name);
        let part = manifest
            .part
            .filter(|it| it.file_name(manifest::FILE) == name);
        let part = part.with_context(|| {
            format!(
                "{} was renamed: it is the manifest of another part",
                path.display()
            )
        })?;
        if let Some((_, first)) = manifests.first() {
            ensure_of_one_whole(folder, first, &manifest)?;
        }
        manifests.push((part, manifest));
    }
    manifests.sort_by_key(|(part, _)| *part);
    Ok(manifests
        .into_iter()
        .map(|(_, manifest)| manifest)
        .collect())
}

/// Whether a folder has a manifest, of the whole or of a part.
pub fn is_described(folder: &Path) -> bool {
    let is_manifest = |name: &String| name == manifest::FILE || name.starts_with(START);
    names(folder).is_ok_and(|names| names.iter().any(is_manifest))
}

/// Refuses a folder that holds something else than other parts of the whole that `manifest` is a part of, this part
/// itself unless it may be replaced.
pub fn ensure_can_write(target: &Path, manifest: &Manifest, existing: ExistingFiles) -> Result<()> {
    if target.exists() && !target.is_dir() {
        bail!("{} is a file; --out takes a folder", target.display());
    }
    let target_name = target.display();
    let there = manifests(target)?;
    if let Some(first) = there.first() {
        ensure_of_one_whole(target, first, manifest)?;
    }
    let is_own = |it: &&Manifest| it.part == manifest.part;
    if let (ExistingFiles::Refuse, Some(_)) = (existing, there.iter().find(is_own)) {
        bail!(
            "{target_name} holds this part already; --overwrite replaces it, or choose another --out"
        );
    }
    let listed = |name: &String| {
        there.iter().any(|it| {
            let mut files = it.tables.iter().map(|table| &table.file);
            it.file_name() == *name || files.any(|file| file == name)
        })
    };
    for name in names(target)? {
        let is_other = !listed(&name) && !name.starts_with('.');
        if is_other && (existing == ExistingFiles::Refuse || name == manifest::FILE) {
            bail!(
                "{target_name} holds other files than parts of these rows, {name} among them; choose another --out"
            );
        }
    }
    Ok(())
}

/// Refuses two parts that are not of the same rows in the same number of parts.
fn ensure_of_one_whole(folder: &Path, one: &Manifest, other: &Manifest) -> Result<()> {
    let tables = |manifest: &Manifest| -> Vec<String> {
        let names = manifest.tables.iter().map(|table| table.name.clone());
        names.collect()
    };
    let same = one.seedrow == other.seedrow
        && one.dataset == other.dataset
        && (one.amount(), one.seed) == (other.amount(), other.seed)
        && one.part.map(|part| part.of) == other.part.map(|part| part.of)
        && (other.tables.is_empty() || tables(one) == tables(other));
    ensure!(
        same,
        "{} holds {}, which can't be joined with {}; keep the parts of each in a folder of their own",
        folder.display(),
        described(one),
        described(other)
    );
    Ok(())
}

/// `part 3/10 of catalog (xxh3:…), 1,000 rows, seed 42, by seedrow 0.1.0`.
fn described(manifest: &Manifest) -> String {
    let part = manifest.part.unwrap_or(Part::WHOLE);
    format!(
        "part {part} of {} ({}), {} rows, seed {}, {} tables, by seedrow {}",
        manifest.dataset.name,
        manifest.dataset.hash,
        grouped(manifest.rows),
        manifest.seed,
        manifest.tables.len(),
        manifest.seedrow
    )
}

/// The names of a folder's entries; none where it doesn't exist.
fn names(folder: &Path) -> Result<Vec<String>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let context = || format!("could not read {}", folder.display());
    let entries = fs::read_dir(folder).with_context(context)?;
    let name = |entry: std::io::Result<fs::DirEntry>| {
        let name = entry.with_context(context)?.file_name();
        Ok(name.to_string_lossy().into_owned())
    };
    entries.map(name).collect()
}
