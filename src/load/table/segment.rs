//! The rows of one transaction: chunks in one COPY, or chunk by chunk without the rows that the server rejects.

use std::ops::Range;

use anyhow::{Error, Result, anyhow};
use bytes::Bytes;
use tokio_postgres::Transaction;
use tokio_postgres::error::SqlState;

use crate::copy::CopyFormat;
use crate::load::account::{Account, Tally};
use crate::load::partitions::Router;
use crate::load::policy::{Duplicates, Orphans};
use crate::load::source::bound::BoundSource;
use crate::load::source::chunk::{FileLine, Position, RejectedRecord, RowChunk};
use crate::load::source::reader::Trace;
use crate::load::source::rejects::Rejects;
use crate::load::source::rejects_file::RejectsFile;
use crate::load::source::stream::ChunkStream;
use crate::load::table::constraint_columns::ConstraintColumns;
use crate::load::table::isolate::{Isolated, PieceResult, PieceSize, copy_accepted};
use crate::load::table::refused::{RefusedKey, RefusedRecord, TooManyRejects};
use crate::load::table::server_rejection::{ServerRejection, values};
use crate::postgres::TableName;
use crate::postgres::copy::CopyIn;
use crate::postgres::name::quoted_list;
use crate::progress::Task;

/// A segment's bytes, about. The server reports an error at a COPY's end, so this is the most that is sent in vain.
pub const SEGMENT: usize = 64 << 20;

/// How the rows of a source go into a table.
pub struct TableCopy<'a> {
    /// The table.
    pub table: &'a TableName,
    /// The source.
    pub source: &'a BoundSource,
    /// Whether the rows are frozen as they come.
    pub frozen: bool,
    /// How many records may be rejected.
    pub limit: &'a Rejects,
    /// Whether a row that breaks a unique key may be one of them.
    pub duplicates: Duplicates,
    /// Whether a row that breaks a foreign key may be.
    pub orphans: Orphans,
    /// Whether rows are traced, so that one that the server rejects can be left out.
    pub trace: Trace,
    /// The columns of the table's constraints; empty where rows are not traced.
    pub constraints: ConstraintColumns,
    /// Sorts rows into the table's partitions, where that is done here.
    pub router: Option<&'a Router>,
}

/// How far a source has come.
pub struct Transfer<'r, 'f> {
    /// The chunks to come.
    pub chunks: ChunkStream,
    /// The account, rows that are not committed included.
    pub account: Account,
    /// Where what isn't loaded goes.
    pub rejects: &'r mut RejectsFile<'f>,
    /// The bar.
    pub task: Task,
    /// Where the next segment begins; `None` for the source's beginning.
    pub next: Option<Position>,
    /// The lines of the records that the server rejected since the last commit.
    pub rejected_lines: Vec<FileLine>,
    /// The size of the next piece.
    pub piece_size: PieceSize,
}

impl TableCopy<'_> {
    /// Copies chunks until they are a segment, and adds them to the account.
    ///
    /// An error that is a [`ServerRejection`] says that rows must be traced to go on.
    pub async fn segment(
        &self,
        transaction: &Transaction<'_>,
        first: RowChunk,
        transfer: &mut Transfer<'_, '_>,
    ) -> Result<()> {
        match (self.trace, self.router) {
            (Trace::Records, _) => self.copy_traced(transaction, first, transfer).await,
            (Trace::Off, None) => self.copy_at_once(transaction, first, transfer).await,
            (Trace::Off, Some(router)) => {
                self.copy_routed(router, transaction, first, transfer).await
            }
        }
    }

    /// Copies chunks, whatever their format, into the table itself.
    pub(super) async fn copy_at_once(
        &self,
        transaction: &Transaction<'_>,
        first: RowChunk,
        transfer: &mut Transfer<'_, '_>,
    ) -> Result<()> {
        let (mut format, mut file) = (first.format, first.file);
        let mut copy = self.start(transaction, format).await?;
        let (mut tally, mut sent) = (Tally::default(), 0);
        let mut begin = transfer.next;
        let mut chunk = Some(first);
        while let Some(it) = chunk {
            if it.format != format || it.file != file {
                let loaded = self.finish(copy, format).await;
                let failed = FailedCopy::of(begin, &transfer.account);
                let loaded = loaded.map_err(|error| self.explain(error, failed))?;
                let counted = std::mem::take(&mut tally);
                transfer.account.add(file, &counted, loaded)?;
                (format, file, begin) = (it.format, it.file, transfer.next);
                copy = self.start(transaction, format).await?;
            }
            transfer.reject(&it.rejected).await?;
            tally.add(&it.tally);
            transfer.next = Some(it.next);
            sent += it.bytes.len();
            if !copy.send(it.bytes).await {
                break;
            }
            transfer.task.add(it.tally.rows, it.source_bytes);
            chunk = match sent < SEGMENT {
                true => transfer.chunks.next().await?,
                false => None,
            };
        }
        let loaded = self.finish(copy, format).await;
        let failed = FailedCopy::of(begin, &transfer.account);
        let loaded = loaded.map_err(|error| self.explain(error, failed))?;
        transfer.account.add(file, &tally, loaded)
    }

    async fn copy_traced(
        &self,
        transaction: &Transaction<'_>,
        first: RowChunk,
        transfer: &mut Transfer<'_, '_>,
    ) -> Result<()> {
        let mut sent = 0;
        let mut chunk = Some(first);
        while let Some(it) = chunk {
            sent += it.bytes.len();
            self.copy_chunk(transaction, &it, transfer).await?;
            chunk = match sent < SEGMENT {
                true => transfer.chunks.next().await?,
                false => None,
            };
        }
        Ok(())
    }

    /// Copies the rows of a chunk that the server accepts.
    async fn copy_chunk(
        &self,
        transaction: &Transaction<'_>,
        chunk: &RowChunk,
        transfer: &mut Transfer<'_, '_>,
    ) -> Result<()> {
        let (rejects, known) = (&*transfer.rejects, chunk.rejected.len() as u64);
        let allows = |more| !rejects.would_exceed(known + more);
        let isolated = self
            .isolate(transaction, chunk, &mut transfer.piece_size, allows)
            .await?;
        transfer.next = Some(chunk.next);
        let mut rejected = self.records(chunk, &isolated);
        let lines = rejected.iter().map(|record| record.at);
        transfer.rejected_lines.extend(lines);
        rejected.extend_from_slice(&chunk.rejected);
        rejected.sort_by_key(|record| record.at);
        transfer.reject(&rejected).await?;
        transfer.task.add(isolated.loaded, chunk.source_bytes);
        transfer
            .account
            .add(chunk.file, &without(chunk, &isolated), isolated.loaded)
    }

    /// Copies the rows of a chunk that the server accepts, until `allows` refuses the number of those that it doesn't.
    pub async fn isolate(
        &self,
        transaction: &Transaction<'_>,
        chunk: &RowChunk,
        size: &mut PieceSize,
        allows: impl Fn(u64) -> bool,
    ) -> Result<Isolated> {
        copy_accepted(&chunk.index, size, allows, async |piece| {
            self.copy_piece(transaction, chunk, piece).await
        })
        .await
    }

    /// Copies some rows of a chunk, all of them or none.
    async fn copy_piece(
        &self,
        transaction: &Transaction<'_>,
        chunk: &RowChunk,
        piece: Range<usize>,
    ) -> Result<PieceResult> {
        transaction.batch_execute("SAVEPOINT seedrow_piece").await?;
        let mut copy = self.start(transaction, chunk.format).await?;
        let bytes = chunk.index.row_start(piece.start)..chunk.index.row_start(piece.end);
        copy.send(chunk.bytes.slice(bytes)).await;
        let error = match self.finish(copy, chunk.format).await {
            Ok(loaded) => {
                let release = transaction.batch_execute("RELEASE SAVEPOINT seedrow_piece");
                release.await?;
                return Ok(PieceResult::Loaded(loaded));
            }
            Err(error) => error,
        };
        let rollback = "ROLLBACK TO SAVEPOINT seedrow_piece; RELEASE SAVEPOINT seedrow_piece";
        let orphan = ServerRejection::orphan(&error);
        if orphan.is_some() && piece.len() > 1 {
            transaction.batch_execute(rollback).await?;
            return Ok(PieceResult::Unknown);
        }
        let Some(rejection) = orphan.or_else(|| ServerRejection::of(&error)) else {
            return Err(self.in_context(error));
        };
        if !self.may_reject(&rejection) {
            let code = rejection.code.clone();
            let last = piece.end - 1;
            let row = usize::try_from(rejection.row).unwrap_or(last);
            let row = (piece.start + row).min(last);
            let reason = self.completed(rejection, chunk.index.raw(row)).reason();
            let (label, line) = (
                self.source.source.file_label(chunk.file),
                chunk.index.line(row),
            );
            return Err(self.refused(&code, format!("{label}, line {line}: {reason}")));
        }
        transaction.batch_execute(rollback).await?;
        Ok(PieceResult::Rejected(rejection))
    }

    async fn start(&self, transaction: &Transaction<'_>, format: CopyFormat) -> Result<CopyIn> {
        let frozen = self.frozen && self.router.is_none();
        self.start_into(transaction, self.table, format, frozen)
            .await
    }

    /// Begins a COPY into the table, or into a partition of it.
    pub(super) async fn start_into(
        &self,
        transaction: &Transaction<'_>,
        table: &TableName,
        format: CopyFormat,
        frozen: bool,
    ) -> Result<CopyIn> {
        let freeze = if frozen { ", FREEZE" } else { "" };
        let statement = format!(
            "COPY {table} ({}) FROM STDIN ({}{freeze}, ENCODING 'UTF8')",
            quoted_list(&self.source.filled()),
            format.option()
        );
        let mut copy = CopyIn::start(transaction, &statement).await?;
        copy.send(Bytes::from_static(format.prologue())).await;
        Ok(copy)
    }

    pub(super) async fn finish(&self, mut copy: CopyIn, format: CopyFormat) -> Result<u64> {
        copy.send(Bytes::from_static(format.epilogue())).await;
        copy.finish().await
    }

    /// Whether a record that the server rejected may be left out: not one of seedrow's own, nor one that breaks a key
    /// unless these are.
    pub(super) fn may_reject(&self, rejection: &ServerRejection) -> bool {
        let may = match RefusedKey::of(&rejection.code) {
            Some(RefusedKey::Duplicate) => self.duplicates == Duplicates::Reject,
            Some(RefusedKey::Orphan) => self.orphans == Orphans::Reject,
            None => true,
        };
        self.source.source.is_foreign() && may
    }

    /// The error of a record that may not be left out.
    pub(super) fn refused(&self, code: &SqlState, message: String) -> Error {
        match RefusedKey::of(code).filter(|_| self.source.source.is_foreign()) {
            Some(key) => RefusedRecord { message, key }.into(),
            None => anyhow!(message),
        }
    }

    /// The records of the rows that the server rejected.
    fn records(&self, chunk: &RowChunk, isolated: &Isolated) -> Vec<RejectedRecord> {
        let record = |(&row, rejection): (&usize, &ServerRejection)| {
            let raw = chunk.index.raw(row);
            let columns = rejection.columns(&self.constraints);
            RejectedRecord {
                at: FileLine {
                    file: chunk.file,
                    line: chunk.index.line(row),
                },
                column: (!columns.is_empty()).then(|| columns.join(", ")),
                reason: self.reason(rejection, columns, raw),
                raw: raw.to_owned(),
            }
        };
        isolated.rejected.iter().map(record).collect()
    }

    /// The values of the columns and what the server says.
    fn reason(&self, rejection: &ServerRejection, columns: &[String], raw: &[u8]) -> String {
        let fields = columns.iter().map(|column| self.source.field_of(column));
        let fields: Option<Vec<usize>> = fields.collect();
        let fields = fields.filter(|fields| !fields.is_empty());
        let dialect = self.source.source.format.dialect;
        match fields.and_then(|fields| values(raw, dialect, &fields)) {
            Some(values) => format!("\"{values}\": {}", rejection.message),
            None => rejection.message.clone(),
        }
    }

    fn completed(&self, mut rejection: ServerRejection, raw: &[u8]) -> ServerRejection {
        let column = rejection.column.as_deref();
        let field = column.and_then(|column| self.source.field_of(column));
        rejection.complete(raw, self.source.source.format.dialect, field);
        rejection
    }
}

/// Where the rows of a COPY that failed are in their source.
#[derive(Debug, Clone, Copy)]
pub(super) struct FailedCopy<'a> {
    /// Where they begin; `None` for the source's beginning.
    pub begin: Option<Position>,
    /// The rows loaded before that.
    pub before: u64,
    /// The numbers of the COPY's rows from there on, where these aren't all the rows.
    pub rows: Option<&'a [u32]>,
}

impl FailedCopy<'_> {
    /// Of all rows from a position on.
    fn of(begin: Option<Position>, account: &Account) -> FailedCopy<'static> {
        FailedCopy {
            begin,
            before: account.loaded,
            rows: None,
        }
    }

    /// The number of a row of the COPY from the beginning on.
    pub fn row(&self, row: u64) -> u64 {
        let rows = self.rows.zip(usize::try_from(row).ok());
        let row_of = rows.and_then(|(rows, row)| rows.get(row));
        row_of.map_or(row, |row| u64::from(*row))
    }
}

impl Transfer<'_, '_> {
    /// Writes rejected records. When there are too many, reads the others too, writes as many as are of use, and counts all.
    pub(super) async fn reject(&mut self, records: &[RejectedRecord]) -> Result<()> {
        if records.is_empty() {
            return Ok(());
        }
        self.rejects.put_all(records)?;
        if !self.rejects.exceeds() {
            return Ok(());
        }
        while let Some(chunk) = self.chunks.next().await? {
            self.rejects.put_all(&chunk.rejected)?;
        }
        self.rejects.flush()?;
        Err(TooManyRejects.into())
    }
}

/// The counts of a chunk without the rows that the server rejected.
fn without(chunk: &RowChunk, isolated: &Isolated) -> Tally {
    let mut tally = chunk.tally.clone();
    let rows = isolated.rejected.keys();
    let repaired = rows.filter(|row| chunk.index.is_repaired(**row)).count() as u64;
    tally.rows -= isolated.rejected.len() as u64;
    tally.rejected += isolated.rejected.len() as u64;
    tally.repaired -= repaired;
    tally
}
