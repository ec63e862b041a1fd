//! A file, or rows made on the way → chunks for COPY, read on a thread of its own and handed over through a bounded channel.
//!
//! Files are read record by record, seedrow's own as well as anybody's, and encoded as COPY's binary format: it costs
//! the server so much less than CSV that parsing pays. Columns stand in the header's order.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, Result};
use bytes::Bytes;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::copy::{CopyFormat, FieldEncoder};
use crate::dataset::Dataset;
use crate::load::account::Tally;
use crate::load::encode::RowEncoder;
use crate::load::source::columns::by_header;
use crate::load::source::input::{From, TableInput};
use crate::load::source::reader::{FileReader, Rows};
use crate::load::source::rejects::{Rejects, RejectsFile};
use crate::load::table::server_rejection::RowRefused;
use crate::postgres::catalog;

/// Chunks waiting for the server; memory is bounded by their number.
const WAITING: usize = 4;

/// Some rows as COPY wants them.
#[derive(Debug, Clone)]
pub struct Chunk {
    /// What became of the records behind it.
    pub tally: Tally,
    /// Its rows' bytes.
    pub bytes: Bytes,
    /// How much of [`TableInput::bytes`] they stand for.
    pub share: u64,
    /// Where the next one begins.
    pub next: Position,
    /// The length of the table's file of rejects with it, bytes.
    pub rejects: u64,
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
    /// Binary, with how each column is written.
    Binary(Vec<FieldEncoder>),
    /// Binary or text, encoded record by record.
    Encoded(RowEncoder),
}

impl Format {
    /// COPY's format.
    pub fn copy(&self) -> CopyFormat {
        match self {
            Format::Csv => CopyFormat::Csv,
            Format::Binary(_) => CopyFormat::Binary,
            Format::Encoded(encoder) => encoder.format(),
        }
    }
}

impl TableInput {
    /// How these rows go into a table, `columns` being its columns in the database.
    pub fn format(&self, dataset: &Dataset, columns: &[catalog::Column]) -> Result<Format> {
        match &self.from {
            From::Made(made) => Ok(made.format(self.table, columns)),
            From::Described { .. } | From::Foreign { .. } | From::Stream { .. } => {
                Ok(Format::Encoded(self.encoder(dataset, columns)?))
            }
        }
    }

    /// How a file's records become rows of a table with these columns.
    pub fn encoder(&self, dataset: &Dataset, columns: &[catalog::Column]) -> Result<RowEncoder> {
        let own_file = matches!(self.from, From::Described { .. });
        let table = &dataset.tables[self.table];
        let header = by_header(table, &self.header, &self.shown())?;
        let mut pairs = Vec::with_capacity(header.len());
        for spec in header {
            let Some(spec) = spec else {
                pairs.push(None);
                continue;
            };
            let place = table.columns.iter().position(|it| it.name == spec.name);
            let column = columns.iter().find(|column| column.name == spec.name);
            let (place, column) = place
                .zip(column)
                .with_context(|| format!("{} has no column {}", table.name, spec.name))?;
            pairs.push(Some((table.kind(place), spec, column)));
        }
        Ok(RowEncoder::new(&pairs, own_file, &dataset.nulls))
    }
}

/// What is fed.
#[derive(Debug, Clone)]
pub struct Source {
    /// The dataset.
    pub dataset: Arc<Dataset>,
    /// The rows of one of its tables.
    pub input: TableInput,
    /// How they go into it.
    pub format: Format,
    /// Where what isn't loaded goes.
    pub rejects: Arc<Rejects>,
    /// The records that the server refused, by their lines.
    pub refused: BTreeMap<u64, RowRefused>,
    /// Where an earlier attempt was left, and the length of its file of rejects.
    pub from: Option<(Position, u64)>,
}

impl Source {
    /// Starts reading or making, from the input's beginning or where an earlier attempt was left.
    pub fn start(self) -> Feed {
        let (sender, chunks) = channel(WAITING);
        tokio::task::spawn_blocking(move || {
            if let Err(error) = self.send(&sender) {
                // A receiver that is gone has its own error to tell.
                let _ = sender.blocking_send(Err(error));
            }
        });
        Feed(chunks)
    }

    fn send(&self, sender: &Sender<Result<Chunk>>) -> Result<()> {
        let from = self.from.map(|(position, _)| position);
        if let From::Made(made) = &self.input.from {
            return made.send(&self.input, &self.format, from, sender);
        }
        let Format::Encoded(encoder) = &self.format else {
            return Ok(());
        };
        let reader = FileReader::new(&self.dataset, &self.input, encoder, &self.refused)?;
        let length = self.from.map_or(0, |(_, length)| length);
        let mut rejects = RejectsFile::new(&self.rejects, &self.input, reader.table(), length);
        reader.read(from, &mut rejects, |rows: Rows| {
            let chunk = Chunk {
                tally: rows.tally,
                bytes: Bytes::from(rows.bytes),
                share: rows.share,
                next: rows.next,
                rejects: rows.rejects,
            };
            sender.blocking_send(Ok(chunk)).is_ok()
        })
    }
}
