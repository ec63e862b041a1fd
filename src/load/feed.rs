//! A file, or rows made on the way → chunks for COPY, read on a thread of its own and handed over through a bounded channel.
//!
//! A file that seedrow wrote is sent as it is while its checksum is taken. Any other is read record by record and sent
//! in COPY's text format, columns in the header's order.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, bail, ensure};
use bytes::{Bytes, BytesMut};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use xxhash_rust::xxh3::Xxh3;

use crate::files::manifest::TableFile;
use crate::files::manifest::checksum;
use crate::files::records::{Record, Records};
use crate::generate::binary::Wire;
use crate::load::input::{From, TableInput};
use crate::postgres::catalog;
use crate::postgres::copy::Chunk;

/// A message of about 1 MB costs the client least; see [`Chunk`].
pub const CHUNK: usize = 1 << 20;

/// Chunks waiting for the server; memory is bounded by their number.
const WAITING: usize = 4;

/// A file being fed.
pub struct Feed {
    /// The chunks, ended by an error when the file isn't right.
    pub chunks: Receiver<Result<Chunk>>,
    /// The records sent so far.
    pub read: Arc<AtomicU64>,
}

/// How rows go to COPY.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Format {
    /// CSV with its header.
    Csv,
    /// Text, encoded record by record.
    Text,
    /// Binary, with how each column is written.
    Binary(Vec<Wire>),
}

impl TableInput {
    /// How these rows go into a table of these columns.
    pub fn format(&self, columns: &[catalog::Column]) -> Format {
        match &self.from {
            From::Described { .. } => Format::Csv,
            From::Foreign { .. } => Format::Text,
            From::Made(made) => made.format(self.table, columns),
        }
    }
}

/// Starts reading or making; `nulls` are the bare texts that mean NULL.
pub fn start(input: &TableInput, format: &Format, nulls: &[String]) -> Feed {
    let (sender, chunks) = channel(WAITING);
    let read = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&read);
    let (input, format, nulls) = (input.clone(), format.clone(), nulls.to_vec());
    tokio::task::spawn_blocking(move || {
        let result = match &input.from {
            From::Described { path, file } => send_as_it_is(path, file, &sender),
            From::Foreign { path } => send_records(path, &nulls, &sender, &counter),
            From::Made(made) => made.send(input.table, &format, &sender),
        };
        match result {
            Ok(records) => counter.store(records, Ordering::Relaxed),
            // A receiver that is gone has its own error to tell.
            Err(error) => drop(sender.blocking_send(Err(error))),
        }
    });
    Feed { chunks, read }
}

/// Returns the manifest's number of rows, which COPY's own count is held against.
fn send_as_it_is(
    path: &Path,
    described: &TableFile,
    sender: &Sender<Result<Chunk>>,
) -> Result<u64> {
    let mut input = open(path)?;
    let mut hash = Xxh3::new();
    let (mut sent, mut rows) = (0u64, 0u64);
    loop {
        let mut bytes = BytesMut::zeroed(CHUNK);
        let filled = read_full(&mut input, &mut bytes).with_context(|| could_not_read(path))?;
        if filled == 0 {
            break;
        }
        bytes.truncate(filled);
        hash.update(&bytes);
        sent += filled as u64;
        // For the bar's rate only; the account takes COPY's count.
        let due = share(described.rows, sent, described.bytes);
        let chunk = Chunk {
            rows: due - rows,
            bytes: bytes.freeze(),
        };
        rows = due;
        if sender.blocking_send(Ok(chunk)).is_err() {
            return Ok(rows);
        }
    }
    let found = checksum(hash.digest());
    ensure!(
        found == described.checksum,
        "{}: its checksum is {found}, and the manifest says {}; the file was changed. Generate it anew, or remove the \
         manifest to have every record read and checked",
        path.display(),
        described.checksum
    );
    Ok(described.rows)
}

/// `part` of `whole`, of a number; all of it when more came than was to come.
fn share(number: u64, part: u64, whole: u64) -> u64 {
    let share = u128::from(number) * u128::from(part) / u128::from(whole.max(1));
    u64::try_from(share).unwrap_or(number).min(number)
}

fn open(path: &Path) -> Result<File> {
    File::open(path).with_context(|| format!("could not open {}", path.display()))
}

fn could_not_read(path: &Path) -> String {
    format!("could not read {}", path.display())
}

fn read_full(input: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match input.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

fn send_records(
    path: &Path,
    nulls: &[String],
    sender: &Sender<Result<Chunk>>,
    read: &AtomicU64,
) -> Result<u64> {
    let mut records = Records::new(open(path)?, path)?;
    let mut record = Record::default();
    records.read(&mut record)?;
    let width = record.len();
    let mut text = Vec::with_capacity(CHUNK + CHUNK / 4);
    let (mut rows, mut total) = (0, 0);
    while records.read(&mut record)? {
        if record.len() != width {
            bail!(
                "{}, line {}: {} fields, and the header has {width}",
                path.display(),
                record.line,
                record.len()
            );
        }
        encode(&record, nulls, &mut text);
        rows += 1;
        total += 1;
        if text.len() >= CHUNK {
            let bytes = Bytes::from(std::mem::replace(
                &mut text,
                Vec::with_capacity(CHUNK + CHUNK / 4),
            ));
            read.store(total, Ordering::Relaxed);
            if sender
                .blocking_send(Ok(Chunk {
                    rows: std::mem::take(&mut rows),
                    bytes,
                }))
                .is_err()
            {
                return Ok(total);
            }
        }
    }
    if !text.is_empty() {
        // A receiver that is gone has its own error to tell.
        let _ = sender.blocking_send(Ok(Chunk {
            rows,
            bytes: Bytes::from(text),
        }));
    }
    Ok(total)
}

/// A record as a line of COPY's text format.
fn encode(record: &Record, nulls: &[String], out: &mut Vec<u8>) {
    for index in 0..record.len() {
        if index > 0 {
            out.push(b'\t');
        }
        let (bytes, quoted) = record.field(index);
        if !quoted && is_null(bytes, nulls) {
            out.extend_from_slice(b"\\N");
        } else {
            escape(bytes, out);
        }
    }
    out.push(b'\n');
}

/// A bare field that is empty or one of the dataset's null texts, blanks around it passed over.
fn is_null(bytes: &[u8], nulls: &[String]) -> bool {
    let trimmed = bytes.trim_ascii();
    trimmed.is_empty() || nulls.iter().any(|null| null.as_bytes() == trimmed)
}

fn escape(bytes: &[u8], out: &mut Vec<u8>) {
    for &byte in bytes {
        match byte {
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            byte => out.push(byte),
        }
    }
}

/// The line of the file on which its nth record (from 1, the header left out) begins.
pub fn line_of_record(path: &Path, number: u64) -> Result<u64> {
    let mut records = Records::new(open(path)?, path)?;
    let mut record = Record::default();
    for _ in 0..=number {
        ensure!(
            records.read(&mut record)?,
            "{} has fewer than {number} records",
            path.display()
        );
    }
    Ok(record.line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(csv: &str) -> String {
        let mut records = Records::new(csv.as_bytes(), Path::new("x.csv")).unwrap();
        let (mut record, mut out) = (Record::default(), Vec::new());
        while records.read(&mut record).unwrap() {
            encode(&record, &["null".to_owned(), "\\N".to_owned()], &mut out);
        }
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn bare_null_texts_are_null_and_quoted_ones_are_text() {
        assert_eq!(
            encoded("1,null,\"null\",,\"\", null ,\\N\n"),
            "1\t\\N\tnull\t\\N\t\t\\N\t\\N\n"
        );
    }

    #[test]
    fn what_the_text_format_reserves_is_escaped() {
        assert_eq!(encoded("\"a\tb\\c\nd\",x\n"), "a\\tb\\\\c\\nd\tx\n");
    }
}
