//! A connection that fills some of a table's shards or partitions, in one transaction.

use std::iter;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use tokio::sync::mpsc::Receiver;
use tokio_postgres::{Client, Transaction};

use crate::copy::CopyFormat;
use crate::load::source::chunk::CHUNK_BYTES;
use crate::load::table::division::{Division, TableGroup};
use crate::load::table::table_load::TableLoad;
use crate::load::table::uncounted::leave_uncounted;
use crate::postgres::copy::CopyIn;
use crate::postgres::name::quoted_list;

/// Rows in COPY's binary format, and the number of the table that they go into.
pub type SortedRows = (usize, Bytes);

/// A transaction that fills shards or partitions.
pub struct GroupWriter<'c, 'l> {
    transaction: Transaction<'c>,
    load: &'l TableLoad<'l>,
    division: &'l Division,
}

impl<'c, 'l> GroupWriter<'c, 'l> {
    /// Opens the transaction and empties the group's tables: what it has truncated takes frozen rows.
    pub async fn begin(
        client: &'c mut Client,
        load: &'l TableLoad<'l>,
        division: &'l Division,
        group: &TableGroup,
    ) -> Result<GroupWriter<'c, 'l>> {
        let writer = GroupWriter {
            transaction: client.transaction().await?,
            load,
            division,
        };
        let tables: Vec<String> = group.tables.iter().map(|it| division.name(*it)).collect();
        if !load.target.holds_rows {
            writer.ensure_still_empty(&tables).await?;
        }
        if let Division::Partitions(_) = division {
            leave_uncounted(&writer.transaction, load.target).await?;
        }
        let truncate = format!("{}TRUNCATE {}", division.setting(), tables.join(", "));
        let truncated = writer.transaction.batch_execute(&truncate).await;
        truncated.with_context(|| format!("could not empty {}", tables.join(", ")))?;
        Ok(writer)
    }

    /// Refuses to empty tables that were empty before this load and hold rows now, with the tables locked.
    async fn ensure_still_empty(&self, tables: &[String]) -> Result<()> {
        let lock = format!(
            "{}LOCK TABLE {} IN ACCESS EXCLUSIVE MODE",
            self.division.setting(),
            tables.join(", ")
        );
        let locked = self.transaction.batch_execute(&lock).await;
        locked.with_context(|| format!("could not lock {}", tables.join(", ")))?;
        let any = tables
            .iter()
            .map(|it| format!("EXISTS (SELECT 1 FROM {it})"));
        let any = format!("SELECT {}", any.collect::<Vec<_>>().join(" OR "));
        let filled: bool = self
            .transaction
            .query_typed_one(&any, &[])
            .await?
            .try_get(0)?;
        ensure!(
            !filled,
            "{} was empty when this load started, and another session has written rows into it since",
            self.load.target.name
        );
        Ok(())
    }

    /// Copies all rows that come; how many there were.
    pub async fn copy(&self, mut rows: Receiver<SortedRows>) -> Result<u64> {
        let mut copied = 0;
        while let Some((table, rows)) = rows.recv().await {
            copied += self.copy_into(&self.division.name(table), rows).await?;
        }
        Ok(copied)
    }

    async fn copy_into(&self, table: &str, rows: Bytes) -> Result<u64> {
        let format = CopyFormat::Binary;
        let statement = format!(
            "COPY {table} ({}) FROM STDIN ({}, FREEZE)",
            quoted_list(&self.load.source.filled()),
            format.option()
        );
        let mut copy = CopyIn::start(&self.transaction, &statement).await?;
        let prologue = iter::once(Bytes::from_static(format.prologue()));
        let epilogue = iter::once(Bytes::from_static(format.epilogue()));
        for bytes in prologue.chain(pieces(rows)).chain(epilogue) {
            if !copy.send(bytes).await {
                break;
            }
        }
        copy.finish().await
    }

    /// Commits the rows.
    pub async fn commit(self) -> Result<()> {
        let committed = self.transaction.commit().await;
        committed.with_context(|| format!("could not commit rows of {}", self.load.target.name))
    }
}

/// The same bytes in messages of the best size.
fn pieces(mut bytes: Bytes) -> impl Iterator<Item = Bytes> {
    iter::from_fn(move || {
        let piece = bytes.split_to(bytes.len().min(CHUNK_BYTES));
        (!piece.is_empty()).then_some(piece)
    })
}
