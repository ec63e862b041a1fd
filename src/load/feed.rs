//! A file, or rows made on the way → chunks for COPY, read on a thread of its own and handed over through a bounded channel.
//!
//! Files are read record by record, seedrow's own as well as anybody's, and encoded as COPY's binary format: it costs
//! the server so much less than CSV that parsing pays. Columns stand in the header's order.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail, ensure};
use bytes::Bytes;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use xxhash_rust::xxh3::Xxh3;

use crate::dataset::Dataset;
use crate::files::manifest::{TableFile, checksum};
use crate::files::records::{Record, Records};
use crate::generate::binary::{SIGNATURE, TRAILER, Wire};
use crate::load::columns::by_header;
use crate::load::encode::RowEncoder;
use crate::load::input::{From, TableInput};
use crate::postgres::catalog;

/// A message of about 1 MB costs the client least.
pub const CHUNK: usize = 1 << 20;

/// Chunks waiting for the server; memory is bounded by their number.
const WAITING: usize = 4;

/// Some rows as COPY wants them.
#[derive(Debug, Clone)]
pub struct Chunk {
    /// The rows in it.
    pub rows: u64,
    /// Their bytes.
    pub bytes: Bytes,
    /// How much of [`TableInput::bytes`] they stand for.
    pub share: u64,
    /// Where the next one begins.
    pub next: Position,
}

/// A place between two rows of an input, at which a load can be taken up again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The byte of a file at which the next record begins, or the next block of rows that are made.
    pub at: u64,
    /// The line there, from 1; 0 where there are no lines.
    pub line: u64,
}

/// Rows on their way.
pub struct Feed(Receiver<Result<Chunk>>);

impl Feed {
    /// The next chunk; `None` at the end. An error when the input isn't right.
    pub async fn next(&mut self) -> Result<Option<Chunk>> {
        self.0.recv().await.transpose()
    }
}

/// How rows go to COPY.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Format {
    /// CSV, without a header.
    Csv,
    /// Text, encoded record by record.
    Text,
    /// Binary, with how each column is written.
    Binary(Vec<Wire>),
    /// Binary, encoded record by record.
    Encoded(RowEncoder),
}

impl Format {
    /// The option of COPY.
    pub fn option(&self) -> &'static str {
        match self {
            Format::Csv => "FORMAT csv",
            Format::Text => "FORMAT text",
            Format::Binary(_) | Format::Encoded(_) => "FORMAT binary",
        }
    }

    /// What a stream begins with.
    pub fn prologue(&self) -> &'static [u8] {
        match self {
            Format::Binary(_) | Format::Encoded(_) => SIGNATURE,
            Format::Csv | Format::Text => &[],
        }
    }

    /// What a stream ends with.
    pub fn epilogue(&self) -> &'static [u8] {
        match self {
            Format::Binary(_) | Format::Encoded(_) => TRAILER,
            Format::Csv | Format::Text => &[],
        }
    }
}

impl TableInput {
    /// How these rows go into a table, `columns` being its columns in the database.
    pub fn format(&self, dataset: &Dataset, columns: &[catalog::Column]) -> Result<Format> {
        let own_file = match &self.from {
            From::Made(made) => return Ok(made.format(self.table, columns)),
            From::Described { .. } => true,
            From::Foreign { .. } => false,
        };
        let table = &dataset.tables[self.table];
        let mut pairs = Vec::new();
        for spec in by_header(table, &self.header, &self.shown())? {
            let place = table.columns.iter().position(|it| it.name == spec.name);
            let column = columns.iter().find(|column| column.name == spec.name);
            if let (Some(place), Some(column)) = (place, column) {
                pairs.push((table.kind(place), column));
            }
        }
        let encoder = RowEncoder::new(&pairs, own_file, &dataset.nulls);
        Ok(encoder.map_or(Format::Text, Format::Encoded))
    }
}

/// Starts reading or making, from the input's beginning or a place within it; `nulls` are the bare texts that mean NULL.
pub fn start(
    input: &TableInput,
    format: &Format,
    nulls: &[String],
    from: Option<Position>,
) -> Feed {
    let (sender, chunks) = channel(WAITING);
    let (input, format, nulls) = (input.clone(), format.clone(), nulls.to_vec());
    tokio::task::spawn_blocking(move || {
        let file = |path: &Path, described| {
            let reader = FileReader {
                path,
                described,
                header: &input.header,
                format: &format,
                nulls: &nulls,
            };
            reader.send(from, Outlet::new(&sender, from))
        };
        let result = match &input.from {
            From::Described {
                path,
                file: described,
            } => file(path, Some(described)),
            From::Foreign { path } => file(path, None),
            From::Made(made) => made.send(&input, &format, from, &sender),
        };
        if let Err(error) = result {
            // A receiver that is gone has its own error to tell.
            let _ = sender.blocking_send(Err(error));
        }
    });
    Feed(chunks)
}

/// Gathers encoded records into chunks.
struct Outlet<'a> {
    sender: &'a Sender<Result<Chunk>>,
    bytes: Vec<u8>,
    rows: u64,
    sent: u64,
}

impl Outlet<'_> {
    fn new(sender: &Sender<Result<Chunk>>, from: Option<Position>) -> Outlet<'_> {
        Outlet {
            sender,
            bytes: Vec::with_capacity(CHUNK + CHUNK / 4),
            rows: 0,
            sent: from.map_or(0, |from| from.at),
        }
    }

    /// Sends what is there; false when nobody takes it any more.
    fn send(&mut self, next: Position) -> bool {
        let spare = Vec::with_capacity(CHUNK + CHUNK / 4);
        let chunk = Chunk {
            rows: std::mem::take(&mut self.rows),
            bytes: Bytes::from(std::mem::replace(&mut self.bytes, spare)),
            share: next.at - self.sent,
            next,
        };
        self.sent = next.at;
        self.sender.blocking_send(Ok(chunk)).is_ok()
    }
}

/// A file and how it is read.
struct FileReader<'a> {
    path: &'a Path,
    /// What the manifest says of it.
    described: Option<&'a TableFile>,
    header: &'a [String],
    format: &'a Format,
    nulls: &'a [String],
}

impl FileReader<'_> {
    /// Sends every record from a place on.
    fn send(&self, from: Option<Position>, mut outlet: Outlet) -> Result<()> {
        let path = self.path;
        let mut records = Records::new(Hashed::new(open(path)?), path)?;
        let mut record = Record::default();
        records.read(&mut record)?;
        if let Some(Position { at, line }) = from {
            records.skip_to(at, line)?;
        }
        while records.read(&mut record)? {
            self.encode(&record, &mut outlet.bytes)?;
            outlet.rows += 1;
            if outlet.bytes.len() >= CHUNK && !outlet.send(position(&records)) {
                return Ok(());
            }
        }
        let next = position(&records);
        if let Some(described) = self.described {
            ensure_unchanged(path, described, &records.into_input())?;
        }
        if outlet.rows > 0 {
            // A receiver that is gone has its own error to tell.
            let _ = outlet.send(next);
        }
        Ok(())
    }

    fn encode(&self, record: &Record, out: &mut Vec<u8>) -> Result<()> {
        if record.len() != self.header.len() {
            bail!(
                "{}, line {}: {} fields, and the header has {}",
                self.path.display(),
                record.line,
                record.len(),
                self.header.len()
            );
        }
        let Format::Encoded(encoder) = self.format else {
            encode_text(record, self.nulls, out);
            return Ok(());
        };
        encoder.encode(record, out).map_err(|refusal| {
            anyhow!(
                "{}, line {}: {} {refusal}",
                self.path.display(),
                record.line,
                self.header[refusal.field].trim()
            )
        })
    }
}

fn position<R: Read>(records: &Records<R>) -> Position {
    let (at, line) = records.position();
    Position { at, line }
}

fn ensure_unchanged(path: &Path, described: &TableFile, read: &Hashed) -> Result<()> {
    let found = checksum(read.hash.digest());
    ensure!(
        found == described.checksum,
        "{}: its checksum is {found}, and the manifest says {}; the file was changed. Generate it anew, or remove the \
         manifest to have every record read and checked",
        path.display(),
        described.checksum
    );
    Ok(())
}

/// A file whose checksum is taken while it is read.
struct Hashed {
    file: File,
    hash: Xxh3,
}

impl Hashed {
    fn new(file: File) -> Hashed {
        Hashed {
            file,
            hash: Xxh3::new(),
        }
    }
}

impl Read for Hashed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.hash.update(&buffer[..count]);
        Ok(count)
    }
}

fn open(path: &Path) -> Result<File> {
    File::open(path).with_context(|| format!("could not open {}", path.display()))
}

/// A record as a line of COPY's text format.
fn encode_text(record: &Record, nulls: &[String], out: &mut Vec<u8>) {
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

/// A file's nth record, from 1, the header left out.
pub fn nth_record(path: &Path, number: u64) -> Result<Record> {
    let mut records = Records::new(open(path)?, path)?;
    let mut record = Record::default();
    for _ in 0..=number {
        ensure!(
            records.read(&mut record)?,
            "{} has fewer than {number} records",
            path.display()
        );
    }
    Ok(record)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(csv: &str) -> String {
        let mut records = Records::new(csv.as_bytes(), Path::new("x.csv")).unwrap();
        let (mut record, mut out) = (Record::default(), Vec::new());
        while records.read(&mut record).unwrap() {
            encode_text(&record, &["null".to_owned(), "\\N".to_owned()], &mut out);
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
