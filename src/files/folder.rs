//! A folder of files that appears as a whole: written to a hidden folder in it, synced, renamed; the manifest last.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::files::manifest::Manifest;

/// The hidden folders that files are written in; one that a killed run left is removed by the next.
const STAGING: &str = ".seedrow-partial-";

/// The same for a part, which other parts may be written beside.
const STAGING_OF_PART: &str = ".seedrow-part-";

/// Whether existing files are replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExistingFiles {
    /// A folder that holds files is refused.
    Refuse,
    /// Files of the same names are replaced, and those that an earlier manifest lists are removed.
    Overwrite,
}

/// A folder being written.
pub struct Staging {
    target: PathBuf,
    /// The name of the manifest to come.
    manifest: String,
    staged: TempDir,
}

/// Refuses a path that is no folder, and a folder that holds files unless they may be replaced.
pub fn ensure_can_write(target: &Path, existing: ExistingFiles) -> Result<()> {
    if target.exists() && !target.is_dir() {
        bail!("{} is a file; --out takes a folder", target.display());
    }
    if existing == ExistingFiles::Overwrite || !target.exists() {
        return Ok(());
    }
    let entries =
        fs::read_dir(target).with_context(|| format!("could not read {}", target.display()))?;
    for entry in entries {
        let name = entry
            .with_context(|| format!("could not read {}", target.display()))?
            .file_name();
        if !name.to_string_lossy().starts_with(STAGING) {
            bail!(
                "{} holds files already, {} among them; --overwrite replaces them, or choose another --out",
                target.display(),
                name.to_string_lossy()
            );
        }
    }
    Ok(())
}

/// Refuses when the disk of `target` lacks space for at least so many bytes more.
pub fn ensure_room(target: &Path, bytes: u64) -> Result<()> {
    let target = std::path::absolute(target)
        .with_context(|| format!("could not resolve {}", target.display()))?;
    let existing = target
        .ancestors()
        .find(|path| path.exists())
        .unwrap_or(&target);
    let disk = rustix::fs::statvfs(existing).with_context(|| {
        format!(
            "could not read how much space is free for {}",
            existing.display()
        )
    })?;
    let room = disk.f_bavail.saturating_mul(disk.f_frsize);
    if bytes > room {
        bail!(
            "{} has room for {}, and at least {} are to come; give fewer --rows or choose another folder, on a larger disk",
            existing.display(),
            indicatif::HumanBytes(room),
            indicatif::HumanBytes(bytes)
        );
    }
    Ok(())
}

impl Staging {
    /// Makes the folder, and in it a hidden one for the files to be written, which `manifest` is to describe.
    pub fn new(target: &Path, manifest: &Manifest) -> Result<Staging> {
        fs::create_dir_all(target)
            .with_context(|| format!("could not make the folder {}", target.display()))?;
        let prefix = match manifest.part {
            None => STAGING.to_owned(),
            Some(part) => format!("{STAGING_OF_PART}{}-of-{}-", part.number, part.of),
        };
        remove_leftovers(target, &prefix)?;
        let staged = tempfile::Builder::new()
            .prefix(&prefix)
            .tempdir_in(target)
            // tempfile's error repeats the path and hides the system's own.
            .map_err(|error| io::Error::from(error.kind()))
            .with_context(|| format!("could not write in {}", target.display()))?;
        Ok(Staging {
            target: target.to_owned(),
            manifest: manifest.file_name(),
            staged,
        })
    }

    /// The path of a file until all are complete.
    pub fn path(&self, name: &str) -> PathBuf {
        self.staged.path().join(name)
    }

    /// Renames the synced files and their manifest into place; an older manifest is removed first, so that there never
    /// is one beside files it does not describe.
    pub fn finish(self, manifest: &Manifest) -> Result<()> {
        let written = self.path(&self.manifest);
        let text = manifest.to_json()?;
        fs::write(&written, text)
            .with_context(|| format!("could not write {}", written.display()))?;
        sync(&written)?;
        remove_described(&self.target, &self.manifest)?;
        let files = manifest.tables.iter().map(|table| table.file.as_str());
        for name in files.chain([self.manifest.as_str()]) {
            let (from, to) = (self.path(name), self.target.join(name));
            fs::rename(&from, &to)
                .with_context(|| format!("could not rename {} into place", to.display()))?;
        }
        sync(&self.target)?;
        self.staged
            .close()
            .with_context(|| format!("could not clean up {}", self.target.display()))
    }
}

fn sync(path: &Path) -> Result<()> {
    File::open(path)
        .and_then(|file| file.sync_all())
        .with_context(|| format!("could not sync {}", path.display()))
}

/// The manifest of an earlier run and the files it lists; of one that cannot be read, the manifest alone.
fn remove_described(target: &Path, name: &str) -> Result<()> {
    let manifest = Manifest::read_file(&target.join(name)).unwrap_or_default();
    let tables = manifest.iter().flat_map(|manifest| &manifest.tables);
    let files = tables.map(|table| table.file.as_str());
    for name in [name].into_iter().chain(files) {
        match fs::remove_file(target.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error)
                    .with_context(|| format!("could not replace {}", target.join(name).display()));
            }
            _ => {}
        }
    }
    Ok(())
}

fn remove_leftovers(target: &Path, prefix: &str) -> Result<()> {
    let entries =
        fs::read_dir(target).with_context(|| format!("could not read {}", target.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("could not read {}", target.display()))?;
        if entry.file_name().to_string_lossy().starts_with(prefix) {
            fs::remove_dir_all(entry.path())
                .with_context(|| format!("could not remove {}", entry.path().display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Amount;
    use crate::files::manifest::DatasetId;

    #[test]
    fn a_folder_that_cannot_be_written_in_is_named_once() {
        // Not even root can create files there.
        let dataset = DatasetId {
            name: String::new(),
            hash: String::new(),
        };
        let manifest = Manifest::new(dataset, Amount::from(1), 1);
        let error = Staging::new(Path::new("/proc"), &manifest).err().unwrap();
        let text = crate::postgres::error::describe(&error).text;
        assert!(text.starts_with("could not write in /proc: "), "{text}");
        assert!(!text.contains(STAGING), "{text}");
    }

    #[test]
    fn a_folder_without_room_is_reported_in_full() {
        let error = ensure_room(Path::new("out"), u64::MAX).unwrap_err();
        let here = std::env::current_dir().unwrap();
        let start = format!("{} has room for ", here.display());
        assert!(error.to_string().starts_with(&start), "{error}");
        assert!(!error.to_string().contains("--out"), "{error}");
    }
}
