//! The account of a table: every record read is loaded, rejected or dropped by a named rule.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

/// The counts of one table's records.
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
    /// Records rejected with a reason.
    pub rejected: u64,
    /// Records dropped by a rule of the dataset.
    pub dropped: u64,
    /// Records repaired and loaded.
    pub repaired: u64,
    /// How many each rule dropped.
    #[serde(skip)]
    pub dropped_by: BTreeMap<String, u64>,
    /// Each file's part, where there are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileAccount>,
}

/// The counts of one of a table's files; see [`Account`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileAccount {
    /// Its name.
    pub file: String,
    /// See [`Account::read`].
    pub read: u64,
    /// See [`Account::loaded`].
    pub loaded: u64,
    /// See [`Account::rejected`].
    pub rejected: u64,
    /// See [`Account::dropped`].
    pub dropped: u64,
    /// See [`Account::repaired`].
    pub repaired: u64,
}

/// The counts of some records, before COPY has counted its rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Records read.
    pub read: u64,
    /// Those of them that became rows.
    pub rows: u64,
    /// See [`Account::rejected`].
    pub rejected: u64,
    /// How many each rule dropped.
    pub dropped: BTreeMap<String, u64>,
    /// See [`Account::repaired`].
    pub repaired: u64,
}

impl Tally {
    /// Of rows that nothing can be wrong with.
    pub fn of_rows(rows: u64) -> Tally {
        Tally {
            read: rows,
            rows,
            ..Tally::default()
        }
    }

    /// Adds another one's counts.
    pub fn add(&mut self, other: &Tally) {
        self.read += other.read;
        self.rows += other.rows;
        self.rejected += other.rejected;
        self.repaired += other.repaired;
        for (rule, count) in &other.dropped {
            *self.dropped.entry(rule.clone()).or_default() += count;
        }
    }
}

impl Account {
    /// Of a table that no record of its files was read for.
    pub fn new(name: &str, files: &[String]) -> Account {
        let part = |file: &String| FileAccount {
            file: file.clone(),
            ..FileAccount::default()
        };
        Account {
            name: name.into(),
            file: files.join(", "),
            files: match files {
                [_] => Vec::new(),
                several => several.iter().map(part).collect(),
            },
            read: 0,
            loaded: 0,
            rejected: 0,
            dropped: 0,
            repaired: 0,
            dropped_by: BTreeMap::new(),
        }
    }

    /// Adds records read from a file and the rows that COPY counted; refuses counts that differ.
    pub fn add(&mut self, file: usize, tally: &Tally, loaded: u64) -> Result<()> {
        if let Some(part) = self.files.get_mut(file) {
            part.read += tally.read;
            part.loaded += loaded;
            part.rejected += tally.rejected;
            part.repaired += tally.repaired;
            part.dropped += tally.dropped.values().sum::<u64>();
        }
        self.read += tally.read;
        self.loaded += loaded;
        self.rejected += tally.rejected;
        self.repaired += tally.repaired;
        for (rule, count) in &tally.dropped {
            self.dropped += count;
            *self.dropped_by.entry(rule.clone()).or_default() += count;
        }
        self.ensure_adds_up()
    }

    /// Turns loaded rows into rejected records, which are in these files: those that broke a key.
    pub fn reject(&mut self, files: impl IntoIterator<Item = usize>) -> Result<()> {
        for file in files {
            self.loaded = self.loaded.saturating_sub(1);
            self.rejected += 1;
            if let Some(part) = self.files.get_mut(file) {
                part.loaded = part.loaded.saturating_sub(1);
                part.rejected += 1;
            }
        }
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
             {dropped} dropped; they were rolled back"
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_record_is_refused() {
        let account = Account::new("photos", &["photos.csv".to_owned()]);
        assert!(account.clone().add(0, &Tally::of_rows(10), 10).is_ok());
        let error = account
            .clone()
            .add(0, &Tally::of_rows(5_655_656), 5_655_463)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("5655656 records") && error.contains("5655463 loaded"),
            "{error}"
        );
    }
}
