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
        let left = first..self.blocks.end.max(first);
        let group = blocks_in_chunk(bytes, self.blocks.len());
        let outlet = Outlet {
            sender,
            format: format.copy(),
            row_bytes: bytes / self.rows(table).max(1),
        };
        let gone = AtomicBool::new(false);
        let sent = pipeline::run(
            self.jobs,
            left.len().div_ceil(group),
            &gone,
            |task, out| {
                let blocks = part_of(&left, task, group);
                blocks.map(|block| maker.write_block(block, out)).sum()
            },
            |task, chunk| {
                let returned = outlet.send(chunk, part_of(&left, task, group).end);
                gone.store(returned.is_err(), Ordering::Relaxed);
                returned
            },
        );
        if gone.into_inner() {
            // A receiver that is gone has its own error to report.
            return Ok(());
        }
        sent
    }
}

/// How many blocks make a chunk, by an estimate of the CSV of all of them; binary rows of numbers are twice as long.
fn blocks_in_chunk(bytes: u64, blocks: usize) -> usize {
    let block = usize::try_from(bytes).unwrap_or(usize::MAX) / blocks.max(1);
    (CHUNK_BYTES / 2 / block.max(1)).clamp(1, blocks.max(1))
}

/// The blocks of a task that has `group` of them, the last one what is left.
fn part_of(blocks: &Range<usize>, task: usize, group: usize) -> Range<usize> {
    let start = blocks.start + task * group;
    start..(start + group).min(blocks.end)
}

/// Sends what the threads have made as it is: rows are copied nowhere on their way to the connection.
struct Outlet<'a> {
    sender: &'a Sender<Result<RowChunk>>,
    format: CopyFormat,
    /// About so many bytes of CSV a row.
    row_bytes: u64,
}

impl Outlet<'_> {
    /// Sends rows, `next` being the block behind them, and returns a buffer for later ones, with room for as many: one that
    /// grows is copied each time that it does.
    fn send(&self, made: pipeline::Chunk, next: usize) -> Result<Vec<u8>> {
        if made.rows == 0 {
            return Ok(made.bytes);
        }
        let room = made.bytes.len() + made.bytes.len() / 16;
        let chunk = RowChunk {
            tally: Tally::of_rows(made.rows),
            format: self.format,
            bytes: Bytes::from(made.bytes),
            source_bytes: made.rows * self.row_bytes,
            file: 0,
            next: Position {
                file: 0,
                at: next as u64,
                line: 0,
            },
            rejected: Vec::new(),
            index: RecordIndex::default(),
        };
        if self.sender.blocking_send(Ok(chunk)).is_err() {
            bail!("the receiver of the rows is gone");
        }
        Ok(Vec::with_capacity(room))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_have_each_block_once_and_are_of_about_their_size() {
        for (bytes, blocks) in [
            (0, 0),
            (0, 7),
            (5 << 20, 1),
            (5 << 20, 21),
            (900, 7),
            (u64::MAX, 7),
        ] {
            let left = 3..3 + blocks;
            let group = blocks_in_chunk(bytes, blocks);
            let tasks = 0..blocks.div_ceil(group);
            let made = tasks.flat_map(|task| part_of(&left, task, group));
            assert_eq!(made.collect::<Vec<_>>(), left.collect::<Vec<_>>());
        }
        assert_eq!(blocks_in_chunk(5 << 20, 21), 2);
        assert_eq!(blocks_in_chunk(50 << 20, 20), 1);
    }
}
