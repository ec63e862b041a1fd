//! Records that are not loaded: put aside as they are, with the reason, and as many as are allowed.
//!
//! `rejects/TABLE.csv` has the file's own columns, with the record as it stood, behind four of seedrow's. Mended there, it
//! can be loaded on top.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Error, Result};
use serde::Serialize;

use crate::load::account::Account;
use crate::load::source::input::{Input, TableInput};
use crate::postgres::error::ErrorWithNotes;
use crate::progress::grouped;

/// What the columns that seedrow adds begin with.
pub const OWN_COLUMNS: &str = "seedrow_";

const HEADER: [&str; 4] = [
    "seedrow_file",
    "seedrow_line",
    "seedrow_column",
    "seedrow_reason",
];

/// How many are shown.
pub const SHOWN: usize = 10;

/// How many of one file are put aside once there are too many.
const PUT_ASIDE: u64 = 1_000;

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

/// A record that is not loaded.
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
}

/// The rejects of a whole load.
#[derive(Debug)]
pub struct Rejects {
    folder: PathBuf,
    max: MaxRejects,
    /// The files that the load reads, which it must not write.
    inputs: Vec<PathBuf>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    by_table: HashMap<String, u64>,
    first: Vec<Rejected>,
    files: Vec<(String, PathBuf)>,
}

impl State {
    fn count(&self) -> u64 {
        self.by_table.values().sum()
    }
}

impl Rejects {
    /// For rows that seedrow makes: nothing is wrong with them.
    pub fn none() -> Rejects {
        Rejects {
            folder: PathBuf::new(),
            max: MaxRejects::Count(0),
            inputs: Vec::new(),
            state: Mutex::default(),
        }
    }

    /// For an input's records; none are written before there is one.
    pub fn new(folder: &Path, max: MaxRejects, input: &Input) -> Rejects {
        let paths = input.tables.iter().filter_map(TableInput::path);
        Rejects {
            folder: folder.to_owned(),
            max,
            inputs: paths.filter_map(|path| path.canonicalize().ok()).collect(),
            state: Mutex::default(),
        }
    }

    /// Counts the records of a table that an earlier attempt rejected.
    pub fn count_earlier(&self, account: &Account) {
        let mut state = self.lock();
        state
            .by_table
            .insert(account.name.clone(), account.rejected);
    }

    /// Whether the first one is one too many.
    pub fn allows_none(&self) -> bool {
        self.max == MaxRejects::Count(0)
    }

    /// Forgets those of a table that is read once more, from a line on; `count` of it are committed.
    pub fn restart(&self, table: &str, count: u64, line: u64) {
        let mut state = self.lock();
        state.by_table.insert(table.to_owned(), count);
        state
            .first
            .retain(|record| record.table != table || record.line < line);
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
        match self.max {
            MaxRejects::Count(max) => self.count() + more > max,
            MaxRejects::Share(_) => false,
        }
    }

    /// Refuses more than a share of all records, once they are read.
    pub fn ensure_share(&self, read: u64) -> Result<()> {
        let MaxRejects::Share(share) = self.max else {
            return Ok(());
        };
        let count = self.count();
        if !self.max.allows(count, read) {
            return Err(self.too_many(&format!(
                "{} of {} records are rejected, and --max-rejects allows {}%",
                grouped(count),
                grouped(read),
                share * 100.0
            )));
        }
        Ok(())
    }

    /// The error of a file with more than are allowed.
    fn refuse(&self, file: &str, count: u64, whole: bool) -> Error {
        let MaxRejects::Count(max) = self.max else {
            return self.too_many(&format!("{file}: {count} records are rejected"));
        };
        let more = if whole { "" } else { "more than " };
        let records = if count == 1 { "record" } else { "records" };
        self.too_many(&format!(
            "{file}: {more}{} {records} cannot be loaded, and --max-rejects allows {} in all",
            grouped(count),
            grouped(max)
        ))
    }

    fn too_many(&self, message: &str) -> Error {
        let state = self.lock();
        let mut notes: Vec<String> = state.first.iter().map(Rejected::told).collect();
        for (_, path) in &state.files {
            notes.push(format!("put aside with their reasons: {}", path.display()));
        }
        notes.push(format!(
            "mend the file, or leave them out: add --max-rejects {}",
            state.count().max(1)
        ));
        ErrorWithNotes {
            message: message.to_owned(),
            notes,
            source: None,
        }
        .into()
    }

    fn note(&self, rejected: Rejected) {
        let mut state = self.lock();
        *state.by_table.entry(rejected.table.clone()).or_default() += 1;
        if state.first.len() < SHOWN {
            state.first.push(rejected);
        }
    }

    /// Where a table's rejects go: not where its records come from.
    fn path(&self, table: &str) -> PathBuf {
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

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rejected {
    /// In words: file, line, column and reason.
    pub fn told(&self) -> String {
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

/// The rejects of one table's file.
pub struct RejectsFile<'a> {
    rejects: &'a Rejects,
    input: &'a TableInput,
    table: &'a str,
    /// The bytes that an earlier attempt has committed.
    from: u64,
    open: Option<BufWriter<File>>,
    /// The bytes written, those of earlier attempts included.
    length: u64,
    count: u64,
}

impl<'a> RejectsFile<'a> {
    /// The file of a table, behind the bytes that an earlier attempt committed.
    pub fn new(rejects: &'a Rejects, input: &'a TableInput, table: &'a str, from: u64) -> Self {
        RejectsFile {
            rejects,
            input,
            table,
            from,
            open: None,
            length: from,
            count: 0,
        }
    }

    /// The bytes that it has come to.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Whether the load has more rejects than are allowed.
    pub fn exceeds(&self) -> bool {
        self.count > 0 && self.rejects.would_exceed(0)
    }

    /// The error of having more than are allowed; `whole` when the file was read to its end.
    pub fn refuse(&self, whole: bool) -> Error {
        self.rejects.refuse(&self.input.shown(), self.count, whole)
    }

    /// Whether it has as many as are put aside of a file that has too many.
    pub fn is_full(&self) -> bool {
        self.count >= PUT_ASIDE
    }

    /// Puts a record aside.
    pub fn put(&mut self, line: u64, column: Option<&str>, reason: &str, raw: &[u8]) -> Result<()> {
        let rejected = Rejected {
            table: self.table.to_owned(),
            file: self.input.shown(),
            line,
            column: column.map(str::to_owned),
            reason: reason.to_owned(),
        };
        let delimiter = self.input.form.dialect.delimiter;
        let mut text = Vec::with_capacity(raw.len() + 100);
        let own = [
            &*rejected.file,
            &line.to_string(),
            column.unwrap_or(""),
            reason,
        ];
        for field in own {
            quote(field, delimiter, &mut text);
            text.push(delimiter);
        }
        text.extend_from_slice(raw);
        text.push(b'\n');
        self.write(&text)?;
        self.count += 1;
        self.rejects.note(rejected);
        Ok(())
    }

    /// Hands everything to the system.
    pub fn flush(&mut self) -> Result<()> {
        match &mut self.open {
            Some(file) => file.flush().with_context(|| {
                format!(
                    "could not write {}",
                    self.rejects.path(self.table).display()
                )
            }),
            None => Ok(()),
        }
    }

    fn write(&mut self, text: &[u8]) -> Result<()> {
        let path = self.rejects.path(self.table);
        let context = || format!("could not write {}", path.display());
        let file = match &mut self.open {
            Some(file) => file,
            None => {
                let (file, length) = self.begin(&path)?;
                self.length = length;
                self.open.insert(file)
            }
        };
        file.write_all(text).with_context(context)?;
        self.length += text.len() as u64;
        Ok(())
    }

    /// Opens the file behind what is committed of it, or makes it anew; one that stands there is kept aside.
    fn begin(&self, path: &Path) -> Result<(BufWriter<File>, u64)> {
        let context = || format!("could not write {}", path.display());
        let folder = &self.rejects.folder;
        fs::create_dir_all(folder)
            .with_context(|| format!("could not make the folder {}", folder.display()))?;
        let mut state = self.rejects.lock();
        if !state.files.iter().any(|(_, known)| known == path) {
            state.files.push((self.table.to_owned(), path.to_owned()));
        }
        drop(state);
        let there = fs::metadata(path).map_or(0, |file| file.len());
        if self.from > 0 && there >= self.from {
            let mut file = OpenOptions::new()
                .write(true)
                .open(path)
                .with_context(context)?;
            file.set_len(self.from).with_context(context)?;
            file.seek(SeekFrom::End(0)).with_context(context)?;
            return Ok((BufWriter::new(file), self.from));
        }
        if there > 0 {
            let old = path.with_extension("csv.old");
            fs::rename(path, &old).with_context(|| {
                format!("could not keep {} as {}", path.display(), old.display())
            })?;
        }
        let mut file = BufWriter::new(File::create(path).with_context(context)?);
        let delimiter = self.input.form.dialect.delimiter;
        let mut header = Vec::new();
        let own = HEADER.iter().copied();
        let names = own.chain(self.input.header.iter().map(|name| name.trim()));
        for (index, name) in names.enumerate() {
            if index > 0 {
                header.push(delimiter);
            }
            quote(name, delimiter, &mut header);
        }
        header.push(b'\n');
        file.write_all(&header).with_context(context)?;
        Ok((file, header.len() as u64))
    }
}

/// A field, in quotes where it needs them.
fn quote(text: &str, delimiter: u8, out: &mut Vec<u8>) {
    let special = |byte: u8| byte == delimiter || matches!(byte, b'"' | b'\n' | b'\r' | b' ');
    if !text.bytes().any(special) {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    out.push(b'"');
    out.extend_from_slice(text.replace('"', "\"\"").as_bytes());
    out.push(b'"');
}
