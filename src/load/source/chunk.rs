//! Rows encoded for COPY, about a megabyte at a time, with the account of the records behind them.

use bytes::Bytes;

use crate::copy::CopyFormat;
use crate::load::account::Tally;

/// A message of about 1 MB costs the client least.
pub const CHUNK_BYTES: usize = 1 << 20;

/// Some rows of a source.
#[derive(Debug, Clone)]
pub struct RowChunk {
    /// The counts of the records behind it.
    pub tally: Tally,
    /// COPY's format of its rows.
    pub format: CopyFormat,
    /// The rows, encoded.
    pub bytes: Bytes,
    /// The number of the file that its records are in, from 0.
    pub file: usize,
    /// The bytes of the source that were read for it; of generated rows, an estimate.
    pub source_bytes: u64,
    /// Where the next one begins.
    pub next: Position,
    /// The records that are rejected, in the order of the file.
    pub rejected: Vec<RejectedRecord>,
    /// The record behind each row, where the server's rejections are traced.
    pub index: RecordIndex,
}

/// A place between two rows of a source, at which a load can be resumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The number of the file, from 0.
    pub file: usize,
    /// The byte of the file at which the next record begins, 0 for its first one, or the next block of generated rows.
    pub at: u64,
    /// The line there, from 1; 0 where there are no lines.
    pub line: u64,
}

/// A line of one of a source's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileLine {
    /// The number of the file, from 0.
    pub file: usize,
    /// The line, from 1.
    pub line: u64,
}

/// A record that is not loaded, as it is in its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedRecord {
    /// Where it begins.
    pub at: FileLine,
    /// The column, when it is about one.
    pub column: Option<String>,
    /// What is wrong.
    pub reason: String,
    /// Its text, without the line end.
    pub raw: Vec<u8>,
}

/// The records behind the rows of a chunk; empty where they are not traced.
#[derive(Debug, Clone, Default)]
pub struct RecordIndex {
    records: Vec<IndexedRecord>,
    raw: Vec<u8>,
}

/// One record of an index.
#[derive(Debug, Clone, Copy)]
struct IndexedRecord {
    line: u64,
    repaired: bool,
    /// The end of its row in the chunk's bytes.
    row_end: usize,
    /// The end of its text in the index.
    raw_end: usize,
}

impl RecordIndex {
    /// Adds the record behind the next row, which ends at a byte of the chunk.
    pub fn push(&mut self, line: u64, repaired: bool, raw: &[u8], row_end: usize) {
        self.raw.extend_from_slice(raw);
        self.records.push(IndexedRecord {
            line,
            repaired,
            row_end,
            raw_end: self.raw.len(),
        });
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether no row is traced.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The line that a row's record begins on.
    pub fn line(&self, row: usize) -> u64 {
        self.records[row].line
    }

    /// Whether a row's record was repaired.
    pub fn is_repaired(&self, row: usize) -> bool {
        self.records[row].repaired
    }

    /// A row's record as it is in the file.
    pub fn raw(&self, row: usize) -> &[u8] {
        let start = row
            .checked_sub(1)
            .map_or(0, |row| self.records[row].raw_end);
        &self.raw[start..self.records[row].raw_end]
    }

    /// The byte of the chunk at which a row begins; behind the last row, the chunk's end.
    pub fn row_start(&self, row: usize) -> usize {
        row.checked_sub(1)
            .map_or(0, |row| self.records[row].row_end)
    }
}
