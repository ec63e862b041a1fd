//! The records that a load rejects: how many are allowed, and the first of them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Error, Result};
use serde::Serialize;

use crate::load::account::Account;
use crate::load::source::chunk::FileLine;
use crate::load::source::reading_options::ReadingOptions;
use crate::postgres::error::ErrorWithNotes;
use crate::suggestion::again;
use crate::units::{counted, grouped};

/// What the columns that seedrow adds begin with.
pub const OWN_COLUMNS: &str = "seedrow_";

/// How many records are reported.
pub const REPORTED: usize = 10;

/// How many records a load may reject.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MaxRejects {
    /// So many.
    Count(u64),
    /// A share of the records read.
    Share(f64),
}

impl MaxRejects {
    /// Whether so many of the records read are allowed.
    pub fn allows(self, rejected: u64, read: u64) -> bool {
        match self {
            MaxRejects::Count(max) => rejected <= max,
            MaxRejects::Share(share) => rejected as f64 <= share * read as f64,
        }
    }
}

/// The rejects of a table, once there are too many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableRejects {
    /// The table.
    pub table: String,
    /// Its files, for messages.
    pub label: String,
    /// How many there are, those that the server rejects included; `None` where they couldn't be counted.
    pub count: Option<RejectCount>,
}

/// The rejects of a table, all of them seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectCount {
    /// How many there are.
    pub number: u64,
    /// What would read them.
    pub options: ReadingOptions,
}

/// A record that is not loaded, for reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rejected {
    /// The table.
    pub table: String,
    /// The file.
    pub file: String,
    /// The line the record begins on.
    pub line: u64,
    /// The column, when it is about one.
    pub column: Option<String>,
    /// What is wrong.
    pub reason: String,
    /// The number of the file among those of the table.
    #[serde(skip)]
    pub file_number: usize,
}

impl Rejected {
    fn at(&self) -> FileLine {
        FileLine {
            file: self.file_number,
            line: self.line,
        }
    }

    /// File, line, column and reason.
    pub fn message(&self) -> String {
        let column = self.column.as_ref().map(|column| format!("{column} "));
        format!(
            "{}, line {}: {}{}",
            self.file,
            self.line,
            column.unwrap_or_default(),
            self.reason
        )
    }
}

/// What `--max-rejects` has to be for so many, or for a number that isn't known.
pub fn limit_of(all: Option<u64>) -> String {
    all.map_or("100%".to_owned(), |all| all.max(1).to_string())
}

/// The rejects of a whole load.
#[derive(Debug)]
pub struct Rejects {
    folder: PathBuf,
    max: MaxRejects,
    /// The files that the load reads, which it must not write.
    inputs: Vec<PathBuf>,
    state: Mutex<RejectsState>,
}

#[derive(Debug, Default)]
struct RejectsState {
    by_table: HashMap<String, u64>,
    /// By table, rows that are about to be rejected, which other tables must leave room for.
    reserved: HashMap<String, u64>,
    first: Vec<Rejected>,
    /// What would read those that were noted.
    options: ReadingOptions,
    files: Vec<PathBuf>,
}

impl RejectsState {
    fn count(&self) -> u64 {
        self.by_table.values().chain(self.reserved.values()).sum()
    }

    /// Counts rejects of a table, for which room may have been made.
    fn add(&mut self, table: &str, more: u64) {
        *self.by_table.entry(table.to_owned()).or_default() += more;
        if let Some(reserved) = self.reserved.get_mut(table) {
            *reserved = reserved.saturating_sub(more);
        }
    }
}

impl Rejects {
    /// For rows that seedrow generates: none is rejected.
    pub fn none() -> Rejects {
        Rejects::new(Path::new(""), MaxRejects::Count(0), std::iter::empty())
    }

    /// For the records of these files; no file of rejects is written before there is one.
    pub fn new(
        folder: &Path,
        max: MaxRejects,
        inputs: impl IntoIterator<Item = PathBuf>,
    ) -> Rejects {
        let inputs = inputs.into_iter();
        Rejects {
            folder: folder.to_owned(),
            max,
            inputs: inputs.filter_map(|path| path.canonicalize().ok()).collect(),
            state: Mutex::default(),
        }
    }

    /// Whether the load reads files: generated rows cannot be added to others.
    pub fn reads_files(&self) -> bool {
        !self.inputs.is_empty()
    }

    /// The folder of their files.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Counts the records of a table that an earlier attempt rejected.
    pub fn count_earlier(&self, account: &Account) {
        let mut state = self.lock();
        if account.rejected > 0 {
            state.options = ReadingOptions::NONE;
        }
        state
            .by_table
            .insert(account.name.clone(), account.rejected);
    }

    /// Forgets those of a table that is read again from a line of one of its files on; `count` of it are committed.
    pub fn restart(&self, table: &str, count: u64, from: FileLine) {
        let mut state = self.lock();
        state.by_table.insert(table.to_owned(), count);
        state
            .first
            .retain(|record| record.table != table || record.at() < from);
    }

    /// How many a table has.
    pub fn count_of(&self, table: &str) -> u64 {
        self.lock().by_table.get(table).copied().unwrap_or(0)
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.lock().count()
    }

    /// The first ones.
    pub fn first(&self) -> Vec<Rejected> {
        self.lock().first.clone()
    }

    /// The tables that have rejects, of an earlier attempt or now, and their files.
    pub fn files_of(&self, accounts: &[Account]) -> Vec<(String, PathBuf)> {
        let rejected = accounts.iter().filter(|account| account.rejected > 0);
        rejected
            .map(|account| (account.name.clone(), self.path(&account.name)))
            .collect()
    }

    /// Whether so many more would be too many, as far as that is known before all records are read.
    pub fn would_exceed(&self, more: u64) -> bool {
        self.exceeds(self.count() + more)
    }

    fn exceeds(&self, count: u64) -> bool {
        match self.max {
            MaxRejects::Count(max) => count > max,
            MaxRejects::Share(_) => false,
        }
    }

    /// Makes room for so many more of a table, until each is counted; false where they are too many. Where they are not
    /// rejected after all, the load has failed.
    pub fn reserve(&self, table: &str, more: u64) -> bool {
        let mut state = self.lock();
        let fits = !self.exceeds(state.count() + more);
        if fits {
            *state.reserved.entry(table.to_owned()).or_default() += more;
        }
        fits
    }

    /// Refuses more than a share of all records, once they are read.
    pub fn ensure_share(&self, read: u64) -> Result<()> {
        let MaxRejects::Share(share) = self.max else {
            return Ok(());
        };
        let count = self.count();
        if !self.max.allows(count, read) {
            return Err(self.error(
                &format!(
                    "{} of {} records are rejected, and --max-rejects allows {}%",
                    grouped(count),
                    grouped(read),
                    share * 100.0
                ),
                Some(count),
                &self.noted_options(),
            ));
        }
        Ok(())
    }

    /// The error of tables with more rejects than are allowed.
    pub fn too_many(&self, tables: &[TableRejects]) -> Error {
        let counted = |it: &TableRejects| match &it.count {
            Some(RejectCount { number, .. }) => {
                (*number > 0).then(|| format!("{}: {}", it.label, counted(*number, "record")))
            }
            None => {
                let seen = self.count_of(&it.table);
                (seen > 0).then(|| format!("{}: at least {}", it.label, counted(seen, "record")))
            }
        };
        let counts: Vec<String> = tables.iter().filter_map(counted).collect();
        let allowed = match self.max {
            MaxRejects::Count(max) => format!("{} in all", grouped(max)),
            MaxRejects::Share(share) => format!("{}%", share * 100.0),
        };
        let message = format!(
            "{} cannot be loaded, and --max-rejects allows {allowed}",
            counts.join(", ")
        );
        let all = || tables.iter().map(|it| it.count.as_ref());
        let options = all().try_fold(ReadingOptions::default(), |options, count| {
            Some(options.and(&count?.options))
        });
        self.error(
            &message,
            all().map(|count| count.map(|it| it.number)).sum(),
            &options.unwrap_or_else(|| self.noted_options()),
        )
    }

    /// What would read those that were noted.
    fn noted_options(&self) -> ReadingOptions {
        self.lock().options.clone()
    }

    /// `all` is the number of rejects where it is known; `options` would read them.
    fn error(&self, message: &str, all: Option<u64>, options: &ReadingOptions) -> Error {
        let state = self.lock();
        let mut notes: Vec<String> = state.first.iter().map(Rejected::message).collect();
        for path in &state.files {
            notes.push(format!("written with their reasons to {}", path.display()));
        }
        let reading = options.command();
        notes.extend(reading.map(|command| format!("to read them so, run: {command}")));
        notes.push(format!(
            "fix the file, or leave them out, run: {}",
            again(&["--max-rejects", &limit_of(all)])
        ));
        ErrorWithNotes::of(message.to_owned(), notes)
    }

    /// Counts a record and keeps it for reports when it is one of the first.
    pub fn note(&self, rejected: Rejected) {
        let mut state = self.lock();
        state.add(&rejected.table, 1);
        state.options.add(&rejected.reason);
        if state.first.len() < REPORTED {
            state.first.push(rejected);
        }
    }

    /// Counts records of a table that are neither written nor reported.
    pub fn count_more(&self, table: &str, more: u64) {
        self.lock().add(table, more);
    }

    /// Adds a file that was begun, for messages.
    pub fn note_file(&self, path: &Path) {
        let mut state = self.lock();
        if !state.files.iter().any(|known| known == path) {
            state.files.push(path.to_owned());
        }
    }

    /// Where a table's rejects go: not where its records come from.
    pub fn path(&self, table: &str) -> PathBuf {
        let is_input = |path: &Path| {
            let whole = path.canonicalize();
            whole.is_ok_and(|whole| self.inputs.contains(&whole))
        };
        let numbered = (2..).map(|number| format!("{table}-{number}.csv"));
        std::iter::once(format!("{table}.csv"))
            .chain(numbered)
            .map(|name| self.folder.join(name))
            .find(|path| !is_input(path))
            .unwrap_or_else(|| self.folder.join(table))
    }

    fn lock(&self) -> MutexGuard<'_, RejectsState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_that_was_made_for_rows_is_taken_by_them() {
        let rejects = Rejects::new(Path::new(""), MaxRejects::Count(3), std::iter::empty());
        assert!(rejects.reserve("pets", 2));
        assert!(!rejects.reserve("owners", 2));
        rejects.count_more("pets", 1);
        // One of them is counted and one is not yet: two, all the time.
        assert_eq!(rejects.count(), 2);
        assert!(rejects.reserve("owners", 1));
        rejects.count_more("pets", 1);
        rejects.count_more("owners", 1);
        assert_eq!(rejects.count(), 3);
        assert!(!rejects.would_exceed(0) && rejects.would_exceed(1));
    }
}
