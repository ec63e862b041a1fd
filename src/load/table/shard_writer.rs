//! A connection to a node of a cluster that fills some of a table's shards, in one transaction.

use std::iter;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use tokio::sync::mpsc::Receiver;
use tokio_postgres::{Client, Transaction};

use crate::copy::CopyFormat;
use crate::load::shards::{ShardGroup, ShardMap};
use crate::load::source::chunk::CHUNK_BYTES;
use crate::load::table::table_load::TableLoad;
use crate::postgres::copy::CopyIn;
use crate::postgres::name::quoted_list;

/// Rows in COPY's binary format, and the number of their shard.
pub type ShardRows = (usize, Bytes);

/// A transaction that fills shards.
pub struct ShardWriter<'c, 'l> {
    transaction: Transaction<'c>,
    load: &'l TableLoad<'l>,
    map: &'l ShardMap,
}

impl<'c, 'l> ShardWriter<'c, 'l> {
    /// Opens the transaction and empties the shards: what it has truncated takes frozen rows.
    pub async fn begin(
        client: &'c mut Client,
        load: &'l TableLoad<'l>,
        map: &'l ShardMap,
        group: &ShardGroup,
    ) -> Result<ShardWriter<'c, 'l>> {
        let writer = ShardWriter {
            transaction: client.transaction().await?,
            load,
            map,
        };
        let shards: Vec<&str> = map.names(group).collect();
        if !load.target.holds_rows {
            writer.ensure_still_empty(&shards).await?;
        }
        let truncate = format!(
            "SET LOCAL citus.enable_manual_changes_to_shards = on; TRUNCATE {}",
            shards.join(", ")
        );
        let truncated = writer.transaction.batch_execute(&truncate).await;
        truncated.with_context(|| format!("could not empty shards of {}", load.target.name))?;
        Ok(writer)
    }

    /// Refuses to empty shards that were empty before this load and hold rows now, with the shards locked.
    async fn ensure_still_empty(&self, shards: &[&str]) -> Result<()> {
        let table = &self.load.target.name;
        let lock = format!(
            "SET LOCAL citus.enable_manual_changes_to_shards = on; LOCK TABLE {} IN ACCESS EXCLUSIVE MODE",
            shards.join(", ")
        );
        let locked = self.transaction.batch_execute(&lock).await;
        locked.with_context(|| format!("could not lock shards of {table}"))?;
        let any = shards
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
            "{table} was empty when this load started, and another session has written rows into it since"
        );
        Ok(())
    }

    /// Copies all rows that come; how many there were.
    pub async fn copy(&self, mut rows: Receiver<ShardRows>) -> Result<u64> {
        let mut copied = 0;
        while let Some((shard, rows)) = rows.recv().await {
            copied += self.copy_into(&self.map.shards[shard].name, rows).await?;
        }
        Ok(copied)
    }

    async fn copy_into(&self, shard: &str, rows: Bytes) -> Result<u64> {
        let format = CopyFormat::Binary;
        let statement = format!(
            "COPY {shard} ({}) FROM STDIN ({}, FREEZE)",
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
        committed.with_context(|| format!("could not commit shards of {}", self.load.target.name))
    }
}

/// The same bytes in messages of the best size.
fn pieces(mut bytes: Bytes) -> impl Iterator<Item = Bytes> {
    iter::from_fn(move || {
        let piece = bytes.split_to(bytes.len().min(CHUNK_BYTES));
        (!piece.is_empty()).then_some(piece)
    })
}
