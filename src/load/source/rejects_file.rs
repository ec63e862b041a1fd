//! `rejects/TABLE.csv`: the records of one table that are not loaded, as they are, with the reason.
//!
//! It has the file's own columns behind four of seedrow's. Fixed there, it can be loaded on top.

use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::load::source::chunk::RejectedRecord;
use crate::load::source::rejects::{Rejected, Rejects};
use crate::load::source::table_source::TableSource;

const HEADER: [&str; 4] = [
    "seedrow_file",
    "seedrow_line",
    "seedrow_column",
    "seedrow_reason",
];

/// How many of one file are written once there are too many.
const WRITTEN: u64 = 1_000;

/// The rejects of one table's file.
pub struct RejectsFile<'a> {
    rejects: &'a Rejects,
    source: &'a TableSource,
    open: Option<BufWriter<File>>,
    /// The bytes written, those of earlier attempts included.
    length: u64,
    count: u64,
}

impl<'a> RejectsFile<'a> {
    /// The file of a table, behind the bytes that an earlier attempt committed.
    pub fn new(rejects: &'a Rejects, source: &'a TableSource, committed: u64) -> RejectsFile<'a> {
        RejectsFile {
            rejects,
            source,
            open: None,
            length: committed,
            count: 0,
        }
    }

    /// Its bytes.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Whether the load has more rejects than are allowed.
    pub fn exceeds(&self) -> bool {
        self.would_exceed(0)
    }

    /// Whether the load has more rejects than are allowed when this file gets so many more.
    pub fn would_exceed(&self, more: u64) -> bool {
        self.count + more > 0 && self.rejects.would_exceed(more)
    }

    /// Whether it has as many as are written of a file that has too many; the others are only counted.
    fn is_full(&self) -> bool {
        self.count >= WRITTEN && self.exceeds()
    }

    /// Writes records, as many as there is use for, and counts all.
    pub fn put_all(&mut self, records: &[RejectedRecord]) -> Result<()> {
        for (index, record) in records.iter().enumerate() {
            if self.is_full() {
                let more = (records.len() - index) as u64;
                self.count += more;
                self.rejects.count_more(&self.source.table_name, more);
                break;
            }
            self.put(record)?;
        }
        Ok(())
    }

    /// Writes a record.
    pub fn put(&mut self, record: &RejectedRecord) -> Result<()> {
        let rejected = Rejected {
            table: self.source.table_name.clone(),
            file: self.source.file_label(record.at.file),
            line: record.at.line,
            column: record.column.clone(),
            reason: record.reason.clone(),
            file_number: record.at.file,
        };
        let mut text = self.reason_fields(&rejected);
        text.extend_from_slice(&record.raw);
        text.push(b'\n');
        self.write(&text)?;
        self.count += 1;
        self.rejects.note(rejected);
        Ok(())
    }

    /// Hands everything to the system.
    pub fn flush(&mut self) -> Result<()> {
        match &mut self.open {
            Some(file) => file
                .flush()
                .with_context(|| format!("could not write {}", self.path().display())),
            None => Ok(()),
        }
    }

    /// Goes back to what was committed.
    pub fn truncate(&mut self, committed: u64) -> Result<()> {
        self.flush()?;
        self.open = None;
        self.count = 0;
        if committed == 0 && self.length > 0 {
            fs::remove_file(self.path())
                .with_context(|| format!("could not write {}", self.path().display()))?;
        }
        self.length = committed;
        Ok(())
    }

    fn path(&self) -> PathBuf {
        self.rejects.path(&self.source.table_name)
    }

    /// The fields before the record's own, with a delimiter behind each.
    fn reason_fields(&self, rejected: &Rejected) -> Vec<u8> {
        let dialect = self.source.format.dialect;
        let line = rejected.line.to_string();
        let column = rejected.column.as_deref().unwrap_or("");
        let mut text = dialect.line([&*rejected.file, &line, column, &*rejected.reason]);
        text.extend_from_slice(dialect.delimiter.bytes());
        text
    }

    fn header(&self) -> Vec<u8> {
        let names = self.source.columns.names().iter().map(String::as_str);
        let dialect = self.source.format.dialect;
        let mut text = dialect.line(HEADER.into_iter().chain(names));
        text.push(b'\n');
        text
    }

    fn write(&mut self, text: &[u8]) -> Result<()> {
        let path = self.path();
        let file = match &mut self.open {
            Some(file) => file,
            None => {
                let (file, length) = self.begin(&path)?;
                self.length = length;
                self.open.insert(file)
            }
        };
        file.write_all(text)
            .with_context(|| format!("could not write {}", path.display()))?;
        self.length += text.len() as u64;
        Ok(())
    }

    /// Opens the file behind what is committed of it, or makes a new one; one of before is kept beside it.
    fn begin(&self, path: &Path) -> Result<(BufWriter<File>, u64)> {
        let context = || format!("could not write {}", path.display());
        let folder = self.rejects.folder();
        fs::create_dir_all(folder)
            .with_context(|| format!("could not make the folder {}", folder.display()))?;
        self.rejects.note_file(path);
        let existing = fs::metadata(path).map_or(0, |file| file.len());
        if self.length > 0 && existing >= self.length {
            let mut file = OpenOptions::new()
                .write(true)
                .open(path)
                .with_context(context)?;
            file.set_len(self.length).with_context(context)?;
            file.seek(SeekFrom::End(0)).with_context(context)?;
            return Ok((BufWriter::new(file), self.length));
        }
        if existing > 0 {
            let old = path.with_extension("csv.old");
            fs::rename(path, &old).with_context(|| {
                format!("could not keep {} as {}", path.display(), old.display())
            })?;
        }
        let mut file = BufWriter::new(File::create(path).with_context(context)?);
        let header = self.header();
        file.write_all(&header).with_context(context)?;
        Ok((file, header.len() as u64))
    }
}
