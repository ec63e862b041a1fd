//! A file → chunks for COPY, read on a thread of its own and handed over through a bounded channel.
//!
//! A file that seedrow wrote is sent as it is while its checksum is taken. Any other is read record by record and sent
//! in COPY's text format, columns in the header's order.

use std::fs::File;
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, bail, ensure};
use bytes::{Bytes, BytesMut};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use xxhash_rust::xxh3::Xxh3;

use crate::files::manifest::checksum;
use crate::files::records::{Record, Records};
use crate::load::input::InputFile;
use crate::postgres::copy::Chunk;

/// A message of about 1 MB costs the client least; see [`Chunk`].
const CHUNK: usize = 1 << 20;

/// Chunks waiting for the server; memory is bounded by their number.
const WAITING: usize = 4;

/// A file being fed.
pub struct Feed {
    /// The chunks, ended by an error when the file isn't right.
    pub chunks: Receiver<Result<Chunk>>,
    /// The records sent so far.
    pub read: Arc<AtomicU64>,
}

/// Whether a file's bytes go to COPY as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// CSV with its header.
    Csv,
    /// Text, encoded record by record.
    Text,
}

impl InputFile {
    /// How this file goes to COPY.
    pub fn format(&self) -> Format {
        if self.described.is_some() {
            Format::Csv
        } else {
            Format::Text
        }
    }
}

/// Starts reading; `nulls` are the bare texts that mean NULL.
pub fn start(file: &InputFile, nulls: &[String]) -> Feed {
    let (sender, chunks) = channel(WAITING);
    let read = Arc::new(AtomicU64::new(0));
    let (file, nulls, counter) = (file.clone(), nulls.to_vec(), Arc::clone(&read));
    tokio::task::spawn_blocking(move || {
        let result = match file.format() {
            Format::Csv => send_as_it_is(&file, &sender),
            Format::Text => send_records(&file, &nulls, &sender, &counter),
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
fn send_as_it_is(file: &InputFile, sender: &Sender<Result<Chunk>>) -> Result<u64> {
    let described = file
        .described
        .as_ref()
        .context("the file has no description")?;
    let mut input = open(file)?;
    let mut hash = Xxh3::new();
    let (mut sent, mut rows) = (0u64, 0u64);
    loop {
        let mut bytes = BytesMut::zeroed(CHUNK);
        let filled = read_full(&mut input, &mut bytes).with_context(|| could_not_read(file))?;
        if filled == 0 {
            break;
        }
        bytes.truncate(filled);
        hash.update(&bytes);
        sent += filled as u64;
        // For the bar's rate only; the account takes COPY's count.
        let due = (described.rows as f64 * sent as f64 / described.bytes.max(1) as f64) as u64;
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
        file.path.display(),
        described.checksum
    );
    Ok(described.rows)
}

fn open(file: &InputFile) -> Result<File> {
    File::open(&file.path).with_context(|| format!("could not open {}", file.path.display()))
}

fn could_not_read(file: &InputFile) -> String {
    format!("could not read {}", file.path.display())
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
    file: &InputFile,
    nulls: &[String],
    sender: &Sender<Result<Chunk>>,
    read: &AtomicU64,
) -> Result<u64> {
    let mut records = Records::new(open(file)?, &file.path)?;
    let mut record = Record::default();
    records.read(&mut record)?;
    let width = record.len();
    let mut text = Vec::with_capacity(CHUNK + CHUNK / 4);
    let (mut rows, mut total) = (0, 0);
    while records.read(&mut record)? {
        if record.len() != width {
            bail!(
                "{}, line {}: {} fields, and the header has {width}",
                file.path.display(),
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
pub fn line_of_record(file: &InputFile, number: u64) -> Result<u64> {
    let mut records = Records::new(open(file)?, &file.path)?;
    let mut record = Record::default();
    for _ in 0..=number {
        ensure!(
            records.read(&mut record)?,
            "{} has fewer than {number} records",
            file.path.display()
        );
    }
    Ok(record.line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

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
