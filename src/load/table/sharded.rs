//! A table's rows straight to the shards of a cluster: sorted here, and copied by a connection to each node.
//!
//! A node's commit isn't the ledger's. The ledger says first that the table is being filled, and that it is complete once
//! all nodes have committed; a table of which it says less is emptied and filled anew.

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use tokio_postgres::{Client, Transaction};

use crate::copy::CopyFormat;
use crate::load::account::{Account, Tally};
use crate::load::ledger;
use crate::load::session::WorkerPool;
use crate::load::shards::{self, Shard, ShardRouter};
use crate::load::source::chunk::{CHUNK_BYTES, Position};
use crate::load::source::reader::Trace;
use crate::load::source::rejects_file::RejectsFile;
use crate::load::table::load::TableStage;
use crate::load::table::segment::Transfer;
use crate::load::table::table_load::TableLoad;
use crate::postgres::copy::CopyIn;
use crate::postgres::name::quoted_list;
use crate::progress::Progress;

/// The bytes of rows that wait, of one table. The shard with the most is copied when there are more.
const MOST: usize = 16 << 20;

/// Rows that wait for their COPY, by shard, in its binary format.
struct Waiting {
    shards: Vec<Vec<u8>>,
    bytes: usize,
}

impl Waiting {
    fn of(router: &ShardRouter) -> Waiting {
        Waiting {
            shards: vec![Vec::new(); router.map.shards.len()],
            bytes: 0,
        }
    }

    fn add(&mut self, router: &ShardRouter, chunk: &[u8]) -> Result<()> {
        router.sort(chunk, |row, shard| {
            self.shards[shard].extend_from_slice(row)
        })?;
        self.bytes += chunk.len();
        Ok(())
    }

    /// Takes the rows of the shard that has the most; `None` when there are none.
    fn take_largest(&mut self) -> Option<(usize, Bytes)> {
        let sizes = self.shards.iter().map(Vec::len).enumerate();
        let (shard, size) = sizes.max_by_key(|(_, size)| *size)?;
        if size == 0 {
            return None;
        }
        self.bytes -= size;
        Some((shard, std::mem::take(&mut self.shards[shard]).into()))
    }
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
        let mut clients = Vec::new();
        for node in &router.map.nodes {
            clients.push(pool.connect_to_node(node).await?);
        }
        let mut nodes = Vec::new();
        for (number, client) in clients.iter_mut().enumerate() {
            nodes.push(self.begin_on_node(client, router, number).await?);
        }
        let mut transfer = self.transfer(Trace::Off, rejects, progress);
        self.copy_sharded(router, &nodes, &mut transfer).await?;
        self.ensure_as_described(transfer.account.loaded)?;
        for node in nodes {
            let committed = node.commit().await;
            committed
                .with_context(|| format!("could not commit shards of {}", self.target.name))?;
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

    /// Opens the transaction of a node: what it has truncated takes frozen rows.
    async fn begin_on_node<'c>(
        &self,
        client: &'c mut Client,
        router: &ShardRouter,
        node: usize,
    ) -> Result<Transaction<'c>> {
        let shards: Vec<&str> = router.map.on_node(node).collect();
        let transaction = client.transaction().await?;
        if !self.target.holds_rows {
            self.ensure_still_empty_on_node(&transaction, &shards)
                .await?;
        }
        let truncate = format!(
            "SET LOCAL citus.enable_manual_changes_to_shards = on; TRUNCATE {}",
            shards.join(", ")
        );
        let truncated = transaction.batch_execute(&truncate).await;
        truncated.with_context(|| format!("could not empty shards of {}", self.target.name))?;
        Ok(transaction)
    }

    /// Refuses to empty shards that were empty before this load and hold rows now, with the shards locked.
    async fn ensure_still_empty_on_node(
        &self,
        node: &Transaction<'_>,
        shards: &[&str],
    ) -> Result<()> {
        let table = &self.target.name;
        let lock = format!(
            "SET LOCAL citus.enable_manual_changes_to_shards = on; LOCK TABLE {} IN ACCESS EXCLUSIVE MODE",
            shards.join(", ")
        );
        let locked = node.batch_execute(&lock).await;
        locked.with_context(|| format!("could not lock shards of {table}"))?;
        let any = shards
            .iter()
            .map(|it| format!("EXISTS (SELECT 1 FROM {it})"));
        let any = format!("SELECT {}", any.collect::<Vec<_>>().join(" OR "));
        let filled: bool = node.query_typed_one(&any, &[]).await?.try_get(0)?;
        ensure!(
            !filled,
            "{table} was empty when this load started, and another session has written rows into it since"
        );
        Ok(())
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

    async fn copy_sharded(
        &self,
        router: &ShardRouter,
        nodes: &[Transaction<'_>],
        transfer: &mut Transfer<'_, '_>,
    ) -> Result<()> {
        let mut waiting = Waiting::of(router);
        let (mut tally, mut loaded) = (Tally::default(), 0);
        let mut file = 0;
        while let Some(chunk) = transfer.chunks.next().await? {
            if chunk.file != file {
                loaded += self.copy_waiting(router, nodes, &mut waiting, 0).await?;
                let counted = std::mem::take(&mut tally);
                transfer
                    .account
                    .add(file, &counted, std::mem::take(&mut loaded))?;
                file = chunk.file;
            }
            transfer.reject(&chunk.rejected).await?;
            tally.add(&chunk.tally);
            transfer.next = Some(chunk.next);
            waiting.add(router, &chunk.bytes)?;
            loaded += self.copy_waiting(router, nodes, &mut waiting, MOST).await?;
            transfer.task.add(chunk.tally.rows, chunk.source_bytes);
        }
        loaded += self.copy_waiting(router, nodes, &mut waiting, 0).await?;
        transfer.account.add(file, &tally, loaded)
    }

    /// Copies rows until no more than so many bytes wait; how many rows were copied.
    async fn copy_waiting(
        &self,
        router: &ShardRouter,
        nodes: &[Transaction<'_>],
        waiting: &mut Waiting,
        most: usize,
    ) -> Result<u64> {
        let mut loaded = 0;
        while waiting.bytes > most
            && let Some((number, rows)) = waiting.take_largest()
        {
            let shard = &router.map.shards[number];
            loaded += self.copy_into(&nodes[shard.node], shard, rows).await?;
        }
        Ok(loaded)
    }

    async fn copy_into(
        &self,
        node: &Transaction<'_>,
        shard: &Shard,
        mut rows: Bytes,
    ) -> Result<u64> {
        let format = CopyFormat::Binary;
        let statement = format!(
            "COPY {} ({}) FROM STDIN ({}, FREEZE)",
            shard.name,
            quoted_list(&self.source.filled()),
            format.option()
        );
        let mut copy = CopyIn::start(node, &statement).await?;
        copy.send(Bytes::from_static(format.prologue())).await;
        while !rows.is_empty() && copy.send(rows.split_to(rows.len().min(CHUNK_BYTES))).await {}
        copy.send(Bytes::from_static(format.epilogue())).await;
        copy.finish().await
    }
}
