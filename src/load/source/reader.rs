//! One file, record by record: each becomes a row, or is dropped by a rule of the dataset, or rejected with its reason.

use std::path::Path;

use anyhow::{Context, Result, bail};
use bytes::Bytes;

use crate::copy::CopyFormat;
use crate::dataset::spec::DropRule;
use crate::files::csv_input::CsvInput;
use crate::files::manifest::TableFile;
use crate::files::records::{Record, Records, Shape};
use crate::load::account::Tally;
use crate::load::encode::{RowEncoder, Unencoded};
use crate::load::source::bound::BoundSource;
use crate::load::source::chunk::{
    CHUNK_BYTES, FileLine, Position, RecordIndex, RejectedRecord, RowChunk,
};
use crate::load::source::drop_rule::BoundRule;
use crate::load::source::hashed_input::HashedInput;
use crate::load::source::table_source::{SourceKind, TableSource};

/// Whether the record behind each row is kept with it, at the cost of a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trace {
    /// Rows alone.
    Off,
    /// The record of every row, so that one that the server rejects is found without reading the file again.
    Records,
}

/// Reads the file of a source.
pub struct RecordReader<'a> {
    source: &'a TableSource,
    encoder: &'a RowEncoder,
    rules: &'a [BoundRule],
    /// What messages call each file.
    labels: Vec<String>,
    /// What the manifests say of each; nothing of foreign files.
    described: Vec<&'a TableFile>,
}

/// What is done with a record.
enum Fate<'a> {
    Row,
    /// It has to go as text.
    Undecided,
    Dropped(&'a DropRule),
    Rejected {
        /// The field that it is about.
        field: Option<usize>,
        reason: String,
    },
}

impl<'a> RecordReader<'a> {
    /// For a source that is a file.
    pub fn new(bound: &'a BoundSource) -> Result<RecordReader<'a>> {
        Ok(RecordReader {
            source: &bound.source,
            encoder: bound.encoder().context("generated rows have no file")?,
            rules: bound.rules(),
            labels: bound.source.kinds().map(SourceKind::label).collect(),
            described: bound
                .source
                .kinds()
                .filter_map(SourceKind::described)
                .collect(),
        })
    }

    /// Reads all records of all files from a place on and hands them over, about a megabyte of one file at a time, until
    /// `take` returns false.
    ///
    /// An error when the file cannot be read, and when seedrow's own file isn't what its manifest says.
    pub fn read(
        &self,
        from: Option<Position>,
        trace: Trace,
        mut take: impl FnMut(RowChunk) -> bool,
    ) -> Result<()> {
        for (file, from) in self.files(from) {
            if !self.read_file(file, from, trace, &mut take)? {
                break;
            }
        }
        Ok(())
    }

    /// The files from a place on, the first with the place.
    fn files(&self, from: Option<Position>) -> impl Iterator<Item = (usize, Option<Position>)> {
        let first = from.map_or(0, |from| from.file);
        let from = from.filter(|from| from.at > 0);
        (first..self.labels.len()).map(move |file| (file, from.filter(|_| file == first)))
    }

    /// Returns false when `take` has.
    fn read_file(
        &self,
        file: usize,
        from: Option<Position>,
        trace: Trace,
        take: &mut impl FnMut(RowChunk) -> bool,
    ) -> Result<bool> {
        let mut records = self.open(file, from, self.source.is_described())?;
        // What is skipped is no part of this attempt.
        let skipped = match from {
            Some(_) => records.input().bytes_read(),
            None => 0,
        };
        let mut scratch = Vec::new();
        let mut fits = |record: &Record| self.encoder.fits(record, &mut scratch);
        let mut shape = self.shape(&mut fits);
        let mut gathered = Gathered::new(file, skipped, trace, self.encoder.format());
        loop {
            let before = Reached::new(file, &records);
            let Some(record) = records.read_as(&mut shape)? else {
                break;
            };
            let mut fate = self.fate(&record, gathered.format, &mut gathered.bytes);
            if let Fate::Undecided = fate {
                // The rows before it go in the format that they have, and those after it in the text format too.
                if gathered.tally.read > 0 && !take(gathered.take(before)) {
                    return Ok(false);
                }
                gathered.format = CopyFormat::Text;
                fate = self.fate(&record, CopyFormat::Text, &mut gathered.bytes);
            }
            self.count(&record, fate, &mut gathered)?;
            if gathered.is_full() {
                if !take(gathered.take(Reached::new(file, &records))) {
                    return Ok(false);
                }
                gathered.format = self.encoder.format();
            }
        }
        if let Some(described) = self.described.get(file) {
            records
                .input()
                .ensure_unchanged(&self.labels[file], described)?;
        }
        // A receiver that is gone has its own error to report.
        Ok(gathered.tally.read == 0 || take(gathered.take(Reached::new(file, &records))))
    }

    /// Reads records from a place on and hands over those that become rows, with the number of their file, until `each`
    /// returns false.
    pub fn each_row(
        &self,
        from: Option<Position>,
        mut each: impl FnMut(usize, &Record, &RowEncoder) -> Result<bool>,
    ) -> Result<()> {
        let (mut row, mut scratch) = (Vec::new(), Vec::new());
        let mut fits = |record: &Record| self.encoder.fits(record, &mut scratch);
        let mut shape = self.shape(&mut fits);
        for (file, from) in self.files(from) {
            let mut records = self.open(file, from, false)?;
            while let Some(record) = records.read_as(&mut shape)? {
                row.clear();
                let fate = self.fate(&record, CopyFormat::Text, &mut row);
                if matches!(fate, Fate::Row) && !each(file, &record, self.encoder)? {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// What the records look like.
    fn shape<'s>(&self, fits: &'s mut dyn FnMut(&Record) -> bool) -> Shape<'s> {
        Shape {
            fields: self.source.columns.field_count(),
            fits,
        }
    }

    /// `hashed` takes a checksum, for which all of the file must be read.
    fn open(
        &self,
        file: usize,
        from: Option<Position>,
        hashed: bool,
    ) -> Result<Records<HashedInput>> {
        let path = self.source.file_path(file).unwrap_or(Path::new(""));
        let label = &self.labels[file];
        let format = &self.source.format;
        let mut input = HashedInput::new(CsvInput::open(path, label, format.encoding)?, hashed);
        let Some(Position { at, line, .. }) = from else {
            let mut records = format.begin(input, label)?;
            if self.source.has_header(file) {
                records.read()?;
            }
            return Ok(records);
        };
        let (dialect, path) = (format.dialect, Path::new(label));
        if !hashed && input.seek_to(at, label)? {
            return Ok(Records::resume(input, path, dialect, at, line));
        }
        let mut records = Records::new(input, path, dialect)?;
        records.skip_to(at, line)?;
        Ok(records)
    }

    /// Counts a record, whose row has been added.
    #[inline]
    fn count(&self, record: &Record, fate: Fate, gathered: &mut Gathered) -> Result<()> {
        gathered.tally.read += 1;
        match fate {
            // In the text format every record is decided.
            Fate::Row | Fate::Undecided => gathered.add_row(record),
            Fate::Dropped(rule) => {
                let dropped = &mut gathered.tally.dropped;
                *dropped.entry(rule.name.clone()).or_default() += 1;
            }
            Fate::Rejected { field, reason } => {
                let column = field.map(|field| self.source.columns.names()[field].clone());
                if self.source.is_described() {
                    let column = column.map(|column| format!("{column} "));
                    let column = column.unwrap_or_default();
                    let label = &self.labels[gathered.file];
                    bail!("{label}, line {}: {column}{reason}", record.line);
                }
                gathered.reject(record, column, reason);
            }
        }
        Ok(())
    }

    /// Decides, and adds the row in a format.
    #[inline]
    fn fate(&self, record: &Record, format: CopyFormat, out: &mut Vec<u8>) -> Fate<'a> {
        let rejected = |reason: &str| Fate::Rejected {
            field: None,
            reason: reason.to_owned(),
        };
        if let Some(flaw) = record.flaw {
            return rejected(flaw.reason());
        }
        if record.repaired && !self.source.format.repair {
            return rejected("a quote is not closed");
        }
        if record.len() != self.source.columns.field_count() {
            return rejected(&self.wrong_count(record));
        }
        if let Some(rule) = self.dropped_by(record) {
            return Fate::Dropped(rule);
        }
        match self.encoder.encode(record, format, out) {
            Ok(()) => Fate::Row,
            Err(Unencoded::Undecided) => Fate::Undecided,
            Err(Unencoded::Rejected(rejected)) => Fate::Rejected {
                field: Some(rejected.field),
                reason: rejected.to_string(),
            },
        }
    }

    #[cold]
    fn wrong_count(&self, record: &Record) -> String {
        let (found, expected) = (record.len(), self.source.columns.field_count());
        let fields = if found == 1 { "field" } else { "fields" };
        let quote = if record.repaired {
            "; a quote is not closed"
        } else {
            ""
        };
        let is_trailing = found == expected + 1 && record.field(expected) == (&b""[..], false);
        let trailing = match is_trailing && !self.source.format.dialect.trailing_delimiter {
            true => "; `--trailing-delimiter` reads records that end with a delimiter",
            false => "",
        };
        match self.source.format.header {
            true => format!("{found} {fields}, and the header has {expected}{quote}{trailing}"),
            false => {
                format!("{found} {fields}, and {expected} columns are expected{quote}{trailing}")
            }
        }
    }

    fn dropped_by(&self, record: &Record) -> Option<&'a DropRule> {
        let applies = |rule: &&BoundRule| rule.applies(record.field(rule.field).0);
        self.rules.iter().find(applies).map(|bound| &bound.rule)
    }
}

/// How far a file has been read.
#[derive(Debug, Clone, Copy)]
struct Reached {
    next: Position,
    bytes: u64,
}

impl Reached {
    #[inline]
    fn new(file: usize, records: &Records<HashedInput>) -> Reached {
        let (at, line) = records.position();
        Reached {
            next: Position { file, at, line },
            bytes: records.input().bytes_read(),
        }
    }
}

/// Records that wait to be handed over.
struct Gathered {
    /// The number of their file.
    file: usize,
    format: CopyFormat,
    bytes: Vec<u8>,
    tally: Tally,
    rejected: Vec<RejectedRecord>,
    /// The bytes of the rejected ones.
    rejected_bytes: usize,
    trace: Trace,
    index: RecordIndex,
    /// Bytes of the file that were read before.
    read_before: u64,
}

impl Gathered {
    fn new(file: usize, read_before: u64, trace: Trace, format: CopyFormat) -> Gathered {
        Gathered {
            file,
            format,
            bytes: buffer(),
            tally: Tally::default(),
            rejected: Vec::new(),
            rejected_bytes: 0,
            trace,
            index: RecordIndex::default(),
            read_before,
        }
    }

    fn is_full(&self) -> bool {
        self.bytes.len() + self.rejected_bytes >= CHUNK_BYTES
    }

    #[inline]
    fn add_row(&mut self, record: &Record) {
        self.tally.rows += 1;
        self.tally.repaired += u64::from(record.repaired);
        if self.trace == Trace::Records {
            let end = self.bytes.len();
            self.index
                .push(record.line, record.repaired, record.raw, end);
        }
    }

    fn reject(&mut self, record: &Record, column: Option<String>, reason: String) {
        self.tally.rejected += 1;
        self.rejected_bytes += record.raw.len() + reason.len();
        self.rejected.push(RejectedRecord {
            at: FileLine {
                file: self.file,
                line: record.line,
            },
            column,
            reason,
            raw: record.raw.to_owned(),
        });
    }

    /// What has been gathered, up to where the file has been read.
    fn take(&mut self, reached: Reached) -> RowChunk {
        let read = reached.bytes;
        self.rejected_bytes = 0;
        RowChunk {
            file: self.file,
            format: self.format,
            bytes: Bytes::from(std::mem::replace(&mut self.bytes, buffer())),
            tally: std::mem::take(&mut self.tally),
            source_bytes: read - std::mem::replace(&mut self.read_before, read),
            next: reached.next,
            rejected: std::mem::take(&mut self.rejected),
            index: std::mem::take(&mut self.index),
        }
    }
}

fn buffer() -> Vec<u8> {
    Vec::with_capacity(CHUNK_BYTES + CHUNK_BYTES / 4)
}

#[cfg(test)]
mod tests;
