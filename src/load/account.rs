//! The account of a table: every record read is loaded, rejected or dropped by a named rule.

use anyhow::{Result, ensure};
use serde::Serialize;

/// What became of one file's records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Account {
    /// The table.
    pub name: String,
    /// Its file.
    pub file: String,
    /// Records in the file, the header left out.
    pub read: u64,
    /// Rows that COPY counted.
    pub loaded: u64,
    /// Records put aside with a reason.
    pub rejected: u64,
    /// Records left out by a rule of the dataset.
    pub dropped: u64,
    /// Records mended and loaded.
    pub repaired: u64,
}

impl Account {
    /// Of a table that no record was read for.
    pub fn new(name: &str, file: &str) -> Account {
        Account {
            name: name.into(),
            file: file.into(),
            read: 0,
            loaded: 0,
            rejected: 0,
            dropped: 0,
            repaired: 0,
        }
    }

    /// Adds records read and rows that COPY counted; refuses counts that differ.
    pub fn add(&mut self, read: u64, loaded: u64) -> Result<()> {
        self.read += read;
        self.loaded += loaded;
        self.ensure_adds_up()
    }

    /// read = loaded + rejected + dropped.
    pub fn ensure_adds_up(&self) -> Result<()> {
        let Account {
            name,
            file,
            read,
            loaded,
            rejected,
            dropped,
            ..
        } = self;
        ensure!(
            *read == loaded + rejected + dropped,
            "{name}: {file} has {read} records, but Postgres counted {loaded} loaded, {rejected} were rejected and \
             {dropped} dropped; nothing of it was kept"
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_record_is_refused() {
        let account = Account::new("photos", "photos.csv");
        assert!(account.clone().add(10, 10).is_ok());
        let error = account
            .clone()
            .add(5_655_656, 5_655_463)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("5655656 records") && error.contains("5655463 loaded"),
            "{error}"
        );
    }
}
