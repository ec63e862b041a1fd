//! The rows of a segment, sorted into the partitions of their table and copied into each of them.

use anyhow::{Error, Result};
use bytes::Bytes;
use tokio_postgres::Transaction;

use crate::copy::CopyFormat;
use crate::load::account::Tally;
use crate::load::partitions::{Buffer, Buffers, Destination, Router};
use crate::load::source::chunk::{CHUNK_BYTES, Position, RowChunk};
use crate::load::table::segment::{FailedCopy, SEGMENT, TableCopy, Transfer};

/// The rows of one file that are sorted.
struct Sorted {
    file: usize,
    /// Where they begin; `None` for the source's beginning.
    begin: Option<Position>,
    buffers: Buffers,
    tally: Tally,
    loaded: u64,
}

impl Sorted {
    fn new(router: &Router, file: usize, begin: Option<Position>) -> Sorted {
        Sorted {
            file,
            begin,
            buffers: Buffers::new(router),
            tally: Tally::default(),
            loaded: 0,
        }
    }
}

impl TableCopy<'_> {
    /// As [`TableCopy::segment`], for rows in the binary format. Others end it: they go through the partitioned table.
    pub(super) async fn copy_routed(
        &self,
        router: &Router,
        transaction: &Transaction<'_>,
        first: RowChunk,
        transfer: &mut Transfer<'_, '_>,
    ) -> Result<()> {
        let mut sorted = Sorted::new(router, first.file, transfer.next);
        let mut sent = 0;
        let mut chunk = Some(first);
        while let Some(it) = chunk {
            if it.format != CopyFormat::Binary {
                self.copy_all(router, transaction, sorted, transfer).await?;
                router.use_parent();
                return self.copy_at_once(transaction, it, transfer).await;
            }
            if it.file != sorted.file {
                let next = Sorted::new(router, it.file, transfer.next);
                let file = std::mem::replace(&mut sorted, next);
                self.copy_all(router, transaction, file, transfer).await?;
            }
            transfer.reject(&it.rejected).await?;
            sorted.tally.add(&it.tally);
            transfer.next = Some(it.next);
            sent += it.bytes.len();
            sorted.buffers.add(router, &it.bytes)?;
            while sorted.buffers.are_full() {
                self.copy_largest(router, transaction, &mut sorted, transfer)
                    .await?;
            }
            transfer.task.add(it.tally.rows, it.source_bytes);
            chunk = match sent < SEGMENT {
                true => transfer.chunks.next().await?,
                false => None,
            };
        }
        self.copy_all(router, transaction, sorted, transfer).await
    }

    /// Copies the rows that wait, and adds them to the account.
    async fn copy_all(
        &self,
        router: &Router,
        transaction: &Transaction<'_>,
        mut sorted: Sorted,
        transfer: &mut Transfer<'_, '_>,
    ) -> Result<()> {
        while self
            .copy_largest(router, transaction, &mut sorted, transfer)
            .await?
        {}
        transfer
            .account
            .add(sorted.file, &sorted.tally, sorted.loaded)
    }

    /// Copies the rows of the destination that has the most; false when no rows wait.
    async fn copy_largest(
        &self,
        router: &Router,
        transaction: &Transaction<'_>,
        sorted: &mut Sorted,
        transfer: &Transfer<'_, '_>,
    ) -> Result<bool> {
        let Some((number, buffer)) = sorted.buffers.take_largest() else {
            return Ok(false);
        };
        let Buffer { bytes, rows } = buffer;
        let destination = router.destination(number);
        if let Destination::Parent(_) = destination {
            router.use_parent();
        }
        let copied = self.copy_bytes(transaction, destination, bytes.into());
        let explained = |error: Error| {
            let failed = FailedCopy {
                begin: sorted.begin,
                before: transfer.account.loaded,
                rows: Some(&rows),
            };
            self.explain(error, failed)
        };
        sorted.loaded += copied.await.map_err(explained)?;
        Ok(true)
    }

    async fn copy_bytes(
        &self,
        transaction: &Transaction<'_>,
        destination: Destination<'_>,
        mut bytes: Bytes,
    ) -> Result<u64> {
        let format = CopyFormat::Binary;
        let mut copy = match destination {
            Destination::Leaf(leaf) => self.start_into(transaction, leaf, format, self.frozen),
            Destination::Parent(table) => self.start_into(transaction, table, format, false),
        }
        .await?;
        while !bytes.is_empty() {
            let message = bytes.split_to(bytes.len().min(CHUNK_BYTES));
            if !copy.send(message).await {
                break;
            }
        }
        self.finish(copy, format).await
    }
}
