//! Rows generated while they are loaded: blocks straight from the threads that make them into COPY, no file between.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use tokio::sync::mpsc::Sender;

use crate::copy::{CopyFormat, FieldEncoder};
use crate::dataset::{Dataset, RowPlan};
use crate::generate::{CompiledTable, TableMaker, estimate, pipeline};
use crate::load::account::Tally;
use crate::load::source::chunk::{CHUNK_BYTES, Position, RecordIndex, RowChunk};
use crate::load::source::row_format::RowFormat;
use crate::postgres::catalog;

/// What rows are generated from.
#[derive(Debug)]
pub struct GeneratedRows {
    /// The dataset.
    pub dataset: Arc<Dataset>,
    /// Its tables' counts.
    pub plan: RowPlan,
    /// The blocks of every table that are loaded: all, or a part.
    pub blocks: Range<usize>,
    /// The columns of the tables wanted, by the table's position, compiled for COPY's binary format.
    pub compiled: HashMap<usize, CompiledTable>,
    /// Threads that make rows of one table.
    pub jobs: usize,
}

impl GeneratedRows {
    /// COPY's binary format where each column's type has an encoder, else CSV.
    pub fn format(&self, table: usize, columns: &[catalog::Column]) -> RowFormat {
        let spec = &self.dataset.tables[table];
        let encoder =
            |(position, column): (usize, &crate::dataset::ColumnSpec)| -> Option<FieldEncoder> {
                let found = columns.iter().find(|known| known.name == column.name)?;
                FieldEncoder::new(spec.kind(position), &found.data_type)
            };
        let written = spec.columns.iter().enumerate();
        let written = written.filter(|(_, column)| !column.hidden);
        let encoders: Option<Vec<FieldEncoder>> = written.map(encoder).collect();
        encoders.map_or(RowFormat::Csv, RowFormat::Binary)
    }

    fn maker(&self, table: usize, format: &RowFormat) -> Result<TableMaker<'_>> {
        match (format, self.compiled.get(&table)) {
            (RowFormat::Binary(encoders), Some(columns)) => {
                let (dataset, plan) = (&self.dataset, &self.plan);
                Ok(TableMaker::binary(dataset, plan, table, columns, encoders))
            }
            // Texts are escaped otherwise.
            _ => TableMaker::new(&self.dataset, &self.plan, table),
        }
    }

    /// About so many bytes of CSV that a table's rows would be.
    pub fn csv_bytes(&self, table: usize) -> Result<u64> {
        let columns = self
            .compiled
            .get(&table)
            .context("the table is not wanted")?;
        let maker = TableMaker::csv(&self.dataset, &self.plan, table, columns);
        estimate::file_bytes(&maker, &self.plan, table, &self.blocks)
    }

    /// How many rows of a table are loaded.
    pub fn rows(&self, table: usize) -> u64 {
        self.plan.rows_in(table, &self.blocks)
    }

    /// How many rows of a table are before those that are loaded.
    pub fn rows_before(&self, table: usize) -> u64 {
        self.plan.rows_in(table, &(0..self.blocks.start))
    }

    /// Makes the first rows of a table whose texts have to be read as their columns' types: an error when they cannot be.
    pub fn ensure_texts_fit(&self, table: usize, format: &RowFormat) -> Result<()> {
        let RowFormat::Binary(encoders) = format else {
            return Ok(());
        };
        let is_parsed = |encoder: &FieldEncoder| matches!(encoder, FieldEncoder::Parsed(_));
        if encoders.iter().any(is_parsed) && !self.blocks.is_empty() {
            let maker = self.maker(table, format)?;
            maker.write_block(self.blocks.start, &mut Vec::new())?;
        }
        Ok(())
    }

    /// Makes and sends a table's blocks, all of them or from one on; `bytes` is an estimate of all its CSV. Blocks the
    /// thread.
    pub fn send(
        &self,
        table: usize,
        bytes: u64,
        format: &RowFormat,
        from: Option<Position>,
        sender: &Sender<Result<RowChunk>>,
    ) -> Result<()> {
        let maker = self.maker(table, format)?;
        let first = from.map_or(Ok(self.blocks.start), |from| usize::try_from(from.at))?;
        let mut outlet = Outlet {
            sender,
            waiting: Vec::new(),
            rows: 0,
            format: format.copy(),
            row_bytes: bytes / self.rows(table).max(1),
            next: first,
        };
        let gone = AtomicBool::new(false);
        let sent = pipeline::run(
            self.jobs,
            self.blocks.end.saturating_sub(first),
            &gone,
            |task, out| maker.write_block(first + task, out),
            |_, chunk| {
                let returned = outlet.put(chunk);
                gone.store(returned.is_err(), Ordering::Relaxed);
                returned
            },
        );
        if gone.into_inner() {
            // A receiver that is gone has its own error to report.
            return Ok(());
        }
        sent?;
        if outlet.rows > 0 {
            // As above.
            let _ = outlet.send();
        }
        Ok(())
    }
}

/// Gathers small blocks into messages of about 1 MB.
struct Outlet<'a> {
    sender: &'a Sender<Result<RowChunk>>,
    waiting: Vec<u8>,
    /// Rows in `waiting`.
    rows: u64,
    format: CopyFormat,
    /// About so many bytes of CSV a row.
    row_bytes: u64,
    /// The block behind `waiting`.
    next: usize,
}

impl Outlet<'_> {
    /// Takes a block and returns a buffer for a later one.
    fn put(&mut self, chunk: pipeline::Chunk) -> Result<Vec<u8>> {
        self.rows += chunk.rows;
        self.next += 1;
        let mut returned = chunk.bytes;
        if self.waiting.is_empty() && returned.len() >= CHUNK_BYTES / 2 {
            self.waiting = std::mem::take(&mut returned);
        } else {
            self.waiting.extend_from_slice(&returned);
        }
        if self.waiting.len() >= CHUNK_BYTES / 2 {
            self.send()?;
        }
        Ok(returned)
    }

    fn send(&mut self) -> Result<()> {
        let rows = std::mem::take(&mut self.rows);
        let chunk = RowChunk {
            tally: Tally::of_rows(rows),
            format: self.format,
            bytes: Bytes::from(std::mem::take(&mut self.waiting)),
            source_bytes: rows * self.row_bytes,
            file: 0,
            next: Position {
                file: 0,
                at: self.next as u64,
                line: 0,
            },
            rejected: Vec::new(),
            index: RecordIndex::default(),
        };
        if self.sender.blocking_send(Ok(chunk)).is_err() {
            bail!("the receiver of the rows is gone");
        }
        Ok(())
    }
}
