//! A table's rows straight to the shards of a cluster: sorted here, and copied by several connections, at least one to each
//! node, at the same time.
//!
//! A node's commit isn't the ledger's. The ledger says first that the table is being filled, and that it is complete once
//! all nodes have committed; a table of which it says less is emptied and filled anew.

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use futures_util::future::{try_join, try_join_all};
use tokio::sync::mpsc::{Sender, channel};
use tokio_postgres::Client;

use crate::load::account::{Account, Tally};
use crate::load::ledger;
use crate::load::session::WorkerPool;
use crate::load::shards::{self, ShardGroup, ShardRouter};
use crate::load::source::chunk::{Position, RowChunk};
use crate::load::source::reader::Trace;
use crate::load::source::rejects_file::RejectsFile;
use crate::load::table::load::TableStage;
use crate::load::table::segment::Transfer;
use crate::load::table::shard_writer::{ShardRows, ShardWriter};
use crate::load::table::table_load::TableLoad;
use crate::progress::Progress;

/// The bytes of rows that wait, of one table. The shard with the most is copied when there are more. As many again may be
/// under way to each node.
const MOST: usize = 8 << 20;

/// Rows that wait for their COPY, by shard, in its binary format.
struct Waiting<'r> {
    router: &'r ShardRouter,
    shards: Vec<Vec<u8>>,
    bytes: usize,
}

impl Waiting<'_> {
    fn of(router: &ShardRouter) -> Waiting<'_> {
        Waiting {
            router,
            shards: vec![Vec::new(); router.map.shards.len()],
            bytes: 0,
        }
    }

    fn add(&mut self, chunk: &[u8]) -> Result<()> {
        self.router.sort(chunk, |row, shard| {
            self.shards[shard].extend_from_slice(row)
        })?;
        self.bytes += chunk.len();
        Ok(())
    }

    /// Takes the rows of the shard that has the most; `None` when there are none.
    fn take_largest(&mut self) -> Option<ShardRows> {
        let sizes = self.shards.iter().map(Vec::len).enumerate();
        let (shard, size) = sizes.max_by_key(|(_, size)| *size)?;
        if size == 0 {
            return None;
        }
        self.bytes -= size;
        Some((shard, Bytes::from(std::mem::take(&mut self.shards[shard]))))
    }
}

/// Where the rows of each shard are sent.
struct Outlets {
    senders: Vec<Sender<ShardRows>>,
    /// The number of a shard's sender.
    of_shard: Vec<usize>,
}

impl Outlets {
    /// Sends rows until no more than so many bytes wait.
    async fn send(&self, waiting: &mut Waiting<'_>, most: usize) -> Result<()> {
        while waiting.bytes > most
            && let Some((shard, rows)) = waiting.take_largest()
        {
            let sender = &self.senders[self.of_shard[shard]];
            let sent = sender.send((shard, rows)).await;
            // Its own error comes first.
            sent.ok().context("the shard's writer has ended")?;
        }
        Ok(())
    }
}

/// The chunks of one file that were read, and the first of the next one.
struct FileRows {
    tally: Tally,
    next: Option<RowChunk>,
}

impl TableLoad<'_> {
    /// Empties the table and fills it anew.
    pub(super) async fn run_sharded(
        &self,
        client: &mut Client,
        router: &ShardRouter,
        pool: WorkerPool<'_>,
        rejects: &mut RejectsFile<'_>,
        progress: &Progress,
    ) -> Result<Account> {
        self.enter_beginning(client).await?;
        let map = router.map.as_ref();
        let groups = map.groups(pool.connections.div_ceil(map.nodes.len().max(1)));
        let connect = |group: &ShardGroup| pool.connect_to_node(&map.nodes[group.node]);
        let mut clients = try_join_all(groups.iter().map(connect)).await?;
        let begin = |(client, group)| ShardWriter::begin(client, self, map, group);
        let writers = try_join_all(clients.iter_mut().zip(&groups).map(begin)).await?;
        let mut transfer = self.transfer(Trace::Off, rejects, progress);
        self.copy_sharded(router, &groups, &writers, &mut transfer)
            .await?;
        self.ensure_as_described(transfer.account.loaded)?;
        try_join_all(writers.into_iter().map(ShardWriter::commit)).await?;
        for (group, client) in groups.iter().zip(clients) {
            pool.keep_of_node(&map.nodes[group.node], client);
        }
        self.ensure_in_place(client, router).await?;
        let transaction = client.transaction().await?;
        self.enter(transaction, &mut transfer, TableStage::Complete, None)
            .await?;
        transfer.task.finish();
        Ok(transfer.account)
    }

    /// Enters that the table is being filled and has no rows yet: what is begun again from its source's beginning, and
    /// emptied by who abandons the load.
    async fn enter_beginning(&self, client: &mut Client) -> Result<()> {
        let table = &self.target.name;
        let transaction = client.transaction().await?;
        let progress = ledger::TableProgress {
            account: Account::new(&table.name, &self.source.source.file_names()),
            source: self.state.clone(),
            next: Some(Position {
                file: 0,
                at: 0,
                line: 1,
            }),
            rejects: 0,
        };
        ledger::save_progress(&transaction, &table.schema, &progress).await?;
        let begun = transaction.commit().await;
        begun.with_context(|| format!("could not begin {table}"))
    }

    /// Refuses shards that were moved or split meanwhile: rows may be where nobody looks for them.
    async fn ensure_in_place(&self, client: &Client, router: &ShardRouter) -> Result<()> {
        let now = shards::read(client, self.target).await?;
        ensure!(
            now.as_ref() == Some(&Ok(router.map.as_ref().clone())),
            "shards of {} were moved during the load; run the same command again once the cluster is done with it",
            self.target.name
        );
        Ok(())
    }

    /// Copies all rows, the files one after the other.
    async fn copy_sharded(
        &self,
        router: &ShardRouter,
        groups: &[ShardGroup],
        writers: &[ShardWriter<'_, '_>],
        transfer: &mut Transfer<'_, '_>,
    ) -> Result<()> {
        let mut next = transfer.chunks.next().await?;
        while let Some(first) = next {
            let file = first.file;
            let (senders, receivers): (Vec<_>, Vec<_>) = writers.iter().map(|_| channel(1)).unzip();
            let mut outlets = Outlets {
                senders,
                of_shard: vec![0; router.map.shards.len()],
            };
            for (number, group) in groups.iter().enumerate() {
                group
                    .shards
                    .iter()
                    .for_each(|it| outlets.of_shard[*it] = number);
            }
            let copy = writers
                .iter()
                .zip(receivers)
                .map(|(writer, rows)| writer.copy(rows));
            let read = read_file(router, first, transfer, outlets);
            let (read, copied) = try_join(read, try_join_all(copy)).await?;
            transfer
                .account
                .add(file, &read.tally, copied.into_iter().sum())?;
            next = read.next;
        }
        Ok(())
    }
}

/// Sorts the rows of a file and sends them to their shards' writers, which end once all are sent.
async fn read_file(
    router: &ShardRouter,
    first: RowChunk,
    transfer: &mut Transfer<'_, '_>,
    outlets: Outlets,
) -> Result<FileRows> {
    let mut waiting = Waiting::of(router);
    let mut tally = Tally::default();
    let file = first.file;
    let mut next = Some(first);
    while let Some(chunk) = next.take_if(|it| it.file == file) {
        transfer.reject(&chunk.rejected).await?;
        tally.add(&chunk.tally);
        transfer.next = Some(chunk.next);
        waiting.add(&chunk.bytes)?;
        outlets.send(&mut waiting, MOST).await?;
        transfer.task.add(chunk.tally.rows, chunk.source_bytes);
        next = transfer.chunks.next().await?;
    }
    outlets.send(&mut waiting, 0).await?;
    Ok(FileRows { tally, next })
}
