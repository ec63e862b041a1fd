//! A table's rows into its shards or partitions by several connections at the same time: sorted here, and each table filled by
//! one of them. To a cluster there is at least one connection to each node.
//!
//! The commit of one connection isn't the ledger's. The ledger says first that the table is being filled, and that it is
//! complete once all have committed; a table of which it says less is emptied and filled anew.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use futures_util::future::{try_join, try_join_all};
use tokio::sync::mpsc::{Sender, channel};
use tokio_postgres::Client;

use crate::load::account::{Account, Tally};
use crate::load::ledger;
use crate::load::session::WorkerPool;
use crate::load::shards::{self, ShardRouter};
use crate::load::source::chunk::{Position, RowChunk};
use crate::load::source::reader::Trace;
use crate::load::source::rejects_file::RejectsFile;
use crate::load::table::division::{Division, TableGroup};
use crate::load::table::group_writer::{GroupWriter, SortedRows};
use crate::load::table::load::TableStage;
use crate::load::table::segment::Transfer;
use crate::load::table::table_load::TableLoad;
use crate::progress::Progress;

/// The bytes of rows that wait, of one table. The shard or partition with the most is copied when there are more. As many again
/// may be under way on each connection.
const MOST: usize = 8 << 20;

/// Rows that wait for their COPY in its binary format, by the table that they go into.
struct Waiting<'r> {
    division: &'r Division,
    tables: Vec<Vec<u8>>,
    bytes: usize,
}

impl Waiting<'_> {
    fn of(division: &Division) -> Waiting<'_> {
        Waiting {
            division,
            tables: vec![Vec::new(); division.tables()],
            bytes: 0,
        }
    }

    fn add(&mut self, chunk: &RowChunk) -> Result<()> {
        self.division.sort(chunk, |row, table| {
            self.tables[table].extend_from_slice(row)
        })?;
        self.bytes += chunk.bytes.len();
        Ok(())
    }

    /// Takes the rows of the table that has the most; `None` when there are none.
    fn take_largest(&mut self) -> Option<SortedRows> {
        let sizes = self.tables.iter().map(Vec::len).enumerate();
        let (table, size) = sizes.max_by_key(|(_, size)| *size)?;
        if size == 0 {
            return None;
        }
        self.bytes -= size;
        Some((table, Bytes::from(std::mem::take(&mut self.tables[table]))))
    }
}

/// Where the rows of each table are sent.
struct Outlets {
    senders: Vec<Sender<SortedRows>>,
    /// The number of a table's sender.
    of_table: Vec<usize>,
}

impl Outlets {
    /// Sends rows until no more than so many bytes wait.
    async fn send(&self, waiting: &mut Waiting<'_>, most: usize) -> Result<()> {
        while waiting.bytes > most
            && let Some((table, rows)) = waiting.take_largest()
        {
            let sender = &self.senders[self.of_table[table]];
            let sent = sender.send((table, rows)).await;
            // Its own error comes first.
            sent.ok().context("a writer has ended")?;
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
    /// What its rows are divided among, by so many connections; `None` where one fills it.
    pub(super) fn division(&self, connections: usize) -> Option<Division> {
        if self.earlier.is_some() {
            return None;
        }
        if let Some(router) = &self.shards {
            return Some(Division::Shards(router.clone()));
        }
        let router = self.router.as_ref().ok()?;
        let several = connections > 1 && router.leaves().len() > 1;
        // Its triggers are disabled for one transaction.
        let divisible = several && self.is_frozen() && self.skipped_triggers.is_empty();
        divisible.then(|| Division::Partitions(Arc::clone(router)))
    }

    /// Empties the table and fills it anew.
    pub(super) async fn run_divided(
        &self,
        client: &mut Client,
        division: &Division,
        pool: WorkerPool<'_>,
        rejects: &mut RejectsFile<'_>,
        progress: &Progress,
    ) -> Result<Account> {
        self.enter_beginning(client).await?;
        let groups = division.groups(pool.connections);
        let nodes = groups.iter().map(|group| group.node.as_ref());
        let mut clients = try_join_all(nodes.map(|node| pool.connect_to(node))).await?;
        let begin = |(client, group)| GroupWriter::begin(client, self, division, group);
        let writers = try_join_all(clients.iter_mut().zip(&groups).map(begin)).await?;
        let mut transfer = self.transfer(Trace::Off, rejects, progress);
        self.copy_divided(division, &groups, &writers, &mut transfer)
            .await?;
        self.ensure_as_described(transfer.account.loaded)?;
        try_join_all(writers.into_iter().map(GroupWriter::commit)).await?;
        for (group, client) in groups.into_iter().zip(clients) {
            pool.keep_of(group.node, client);
        }
        if let Division::Shards(router) = division {
            self.ensure_in_place(client, router).await?;
        }
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
    async fn copy_divided(
        &self,
        division: &Division,
        groups: &[TableGroup],
        writers: &[GroupWriter<'_, '_>],
        transfer: &mut Transfer<'_, '_>,
    ) -> Result<()> {
        let mut next = transfer.chunks.next().await?;
        while let Some(first) = next {
            let file = first.file;
            let (senders, receivers): (Vec<_>, Vec<_>) = writers.iter().map(|_| channel(1)).unzip();
            let mut outlets = Outlets {
                senders,
                of_table: vec![0; division.tables()],
            };
            for (number, group) in groups.iter().enumerate() {
                group
                    .tables
                    .iter()
                    .for_each(|it| outlets.of_table[*it] = number);
            }
            let copy = writers
                .iter()
                .zip(receivers)
                .map(|(writer, rows)| writer.copy(rows));
            let read = read_file(division, first, transfer, outlets);
            let (read, copied) = try_join(read, try_join_all(copy)).await?;
            transfer
                .account
                .add(file, &read.tally, copied.into_iter().sum())?;
            next = read.next;
        }
        Ok(())
    }
}

/// Sorts the rows of a file and sends them to their tables' writers, which end once all are sent.
async fn read_file(
    division: &Division,
    first: RowChunk,
    transfer: &mut Transfer<'_, '_>,
    outlets: Outlets,
) -> Result<FileRows> {
    let mut waiting = Waiting::of(division);
    let mut tally = Tally::default();
    let file = first.file;
    let mut next = Some(first);
    while let Some(chunk) = next.take_if(|it| it.file == file) {
        transfer.reject(&chunk.rejected).await?;
        tally.add(&chunk.tally);
        transfer.next = Some(chunk.next);
        waiting.add(&chunk)?;
        outlets.send(&mut waiting, MOST).await?;
        transfer.task.add(chunk.tally.rows, chunk.source_bytes);
        next = transfer.chunks.next().await?;
    }
    outlets.send(&mut waiting, 0).await?;
    Ok(FileRows { tally, next })
}
