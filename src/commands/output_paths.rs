//! Output files are tried before the work whose results they are to hold: a path that can't be written costs no minutes.

use std::fs::{self, OpenOptions};
use std::path::Path;

use anyhow::{Context, Result, ensure};

/// Refuses paths that can't be written. What is there stays as it is, and nothing is left where nothing was.
pub fn ensure_writable<'p>(paths: impl IntoIterator<Item = &'p Path>) -> Result<()> {
    for path in paths {
        ensure!(
            path != Path::new("-"),
            "results go to stdout where no file is named: leave `-` out, or name a file"
        );
        let context = || format!("could not write {}", path.display());
        let is_new = !path.exists();
        let opened = OpenOptions::new().append(true).create(true).open(path);
        opened.with_context(context)?;
        if is_new {
            fs::remove_file(path).with_context(context)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trying_a_path_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (old, new) = (folder.path().join("old"), folder.path().join("new"));
        fs::write(&old, "text").unwrap();
        ensure_writable([old.as_path(), new.as_path()]).unwrap();
        assert_eq!(fs::read_to_string(&old).unwrap(), "text");
        assert!(!new.exists());
        let nowhere = folder.path().join("nowhere/file");
        let error = ensure_writable([nowhere.as_path()]).unwrap_err();
        assert!(error.to_string().starts_with("could not write "), "{error}");
        assert!(ensure_writable([folder.path()]).is_err());
        assert!(ensure_writable([Path::new("-")]).is_err());
    }
}
