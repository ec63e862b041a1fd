//! One table's rows: emptied, copied segment by segment, counted and entered in the ledger with them.

use std::sync::Arc;

use anyhow::{Context, Error, Result, ensure};
use tokio_postgres::{Client, Transaction};

use crate::files::manifest;
use crate::load::account::Account;
use crate::load::ledger;
use crate::load::session::{ONE_CONNECTION_A_NODE, WorkerPool};
use crate::load::source::chunk::FileLine;
use crate::load::source::reader::Trace;
use crate::load::source::rejects_file::RejectsFile;
use crate::load::source::stream::ChunkStream;
use crate::load::table::constraint_columns::ConstraintColumns;
use crate::load::table::division::Unsortable;
use crate::load::table::isolate::PieceSize;
use crate::load::table::segment::{TableCopy, Transfer};
use crate::load::table::server_rejection::ServerRejection;
use crate::load::table::table_load::{FillMode, TableLoad};
use crate::load::table::target;
use crate::load::table::triggers;
use crate::postgres::error::server_error;
use crate::postgres::{CommitUnit, TableName};
use crate::progress::{Progress, Unit};

impl TableLoad<'_> {
    /// Loads the table, or the rest of it, and returns its account. What was not committed is rolled back when it fails.
    ///
    /// What only the server can judge, such as a CHECK, it rejects with the whole COPY. The first time, the table goes on
    /// from the last commit with its rows traced; from then on a rejected row costs a piece of a chunk in memory.
    ///
    /// The connections of the pool are for its shards or partitions.
    pub async fn run(
        &self,
        client: &mut Client,
        pool: WorkerPool<'_>,
        progress: &Progress,
    ) -> Result<Account> {
        let committed = self.earlier.as_ref().map_or(0, |it| it.rejects);
        let mut rejects = RejectsFile::new(self.rejects, &self.source.source, committed);
        if let Some(division) = self.division(pool.connections) {
            let filled = self.run_divided(client, &division, pool, &mut rejects, progress);
            match filled.await {
                // The error of rows that go one way names the record.
                Err(error) if is_about_rows(&error) => {}
                result => return result,
            }
            self.rejects
                .restart(&self.target.name.name, 0, FileLine { file: 0, line: 0 });
            rejects.truncate(0)?;
        }
        match self
            .attempt(client, Trace::Off, &mut rejects, progress)
            .await
        {
            Err(error) if error.is::<ServerRejection>() => {
                self.run_traced(client, &mut rejects, progress).await
            }
            result => result,
        }
    }

    /// How far the table has come, as the ledger has it.
    pub(super) async fn committed(&self, client: &Client) -> Result<Option<ledger::TableProgress>> {
        let name = &self.target.name;
        let known = ledger::progress(client, &name.schema, std::slice::from_ref(&name.name));
        Ok(known.await?.into_iter().next())
    }

    /// Goes on from the last commit with rows traced.
    async fn run_traced(
        &self,
        client: &mut Client,
        rejects: &mut RejectsFile<'_>,
        progress: &Progress,
    ) -> Result<Account> {
        let name = &self.target.name;
        let earlier = self.committed(client).await?;
        let rejected = earlier.as_ref().map_or(0, |it| it.account.rejected);
        let next = earlier.as_ref().and_then(|it| it.next);
        let from = next.map_or(FileLine { file: 0, line: 0 }, |next| FileLine {
            file: next.file,
            line: next.line,
        });
        self.rejects.restart(&name.name, rejected, from);
        rejects.truncate(earlier.as_ref().map_or(0, |it| it.rejects))?;
        let traced = TableLoad {
            commit: CommitUnit::Segment,
            earlier,
            ..self.clone()
        };
        traced
            .attempt(client, Trace::Records, rejects, progress)
            .await
    }

    async fn attempt(
        &self,
        client: &mut Client,
        trace: Trace,
        rejects: &mut RejectsFile<'_>,
        progress: &Progress,
    ) -> Result<Account> {
        let table = &self.target.name;
        let copy = TableCopy {
            table,
            source: &self.source,
            frozen: self.is_frozen(),
            limit: self.rejects,
            duplicates: self.policy.duplicates,
            orphans: self.policy.orphans,
            trace,
            constraints: match trace {
                Trace::Off => ConstraintColumns::default(),
                Trace::Records => ConstraintColumns::read(&*client, self.target.oid).await?,
            },
            router: self.router.as_deref().ok(),
        };
        let mut transfer = self.transfer(trace, rejects, progress);
        let mut transaction = client.transaction().await?;
        if self.earlier.is_none() {
            self.make_empty(&transaction).await?;
        }
        self.prepare_rows(&transaction).await?;
        let mut before = self.count_before(&transaction, &transfer.account).await?;
        while let Some(first) = transfer.chunks.next().await? {
            copy.segment(&transaction, first, &mut transfer).await?;
            if self.commit == CommitUnit::Segment {
                self.enter(transaction, &mut transfer, TableStage::More, before)
                    .await?;
                transaction = client.transaction().await?;
                self.prepare_rows(&transaction).await?;
                before = self.count_before(&transaction, &transfer.account).await?;
            }
        }
        self.ensure_as_described(transfer.account.loaded)?;
        transfer.account.ensure_adds_up()?;
        self.enter(transaction, &mut transfer, TableStage::Complete, before)
            .await?;
        transfer.task.finish();
        Ok(transfer.account)
    }

    /// The rows to come: all, or those behind an earlier attempt's.
    pub(super) fn transfer<'r, 'f>(
        &self,
        trace: Trace,
        rejects: &'r mut RejectsFile<'f>,
        progress: &Progress,
    ) -> Transfer<'r, 'f> {
        let table = &self.target.name;
        let (account, from) = match self.earlier.clone() {
            Some(earlier) => (earlier.account, earlier.next),
            None => (
                Account::new(&table.name, &self.source.source.file_names()),
                None,
            ),
        };
        Transfer {
            chunks: ChunkStream::start(Arc::clone(&self.source), from, trace),
            account,
            rejects,
            task: progress.task(table.name.clone(), self.bytes(), Unit::Bytes),
            next: from,
            rejected_lines: Vec::new(),
            piece_size: PieceSize::default(),
        }
    }

    /// What precedes the rows of each transaction.
    async fn prepare_rows(&self, transaction: &Transaction<'_>) -> Result<()> {
        if self.server.cluster.is_some() {
            transaction.batch_execute(ONE_CONNECTION_A_NODE).await?;
        }
        triggers::disable(transaction, &self.target.name, &self.skipped_triggers).await
    }

    /// Enters how far the table has come, and the records that the server rejected on the way, and commits.
    pub(super) async fn enter(
        &self,
        transaction: Transaction<'_>,
        transfer: &mut Transfer<'_, '_>,
        stage: TableStage,
        before: Option<Before>,
    ) -> Result<()> {
        let table = &self.target.name;
        triggers::enable(&transaction, table, &self.skipped_triggers).await?;
        if let Some(before) = before {
            let added = transfer.account.loaded - before.loaded;
            before.ensure_grown(&transaction, table, added).await?;
        }
        transfer.rejects.flush()?;
        let lines = std::mem::take(&mut transfer.rejected_lines);
        ledger::save_removed_lines(&transaction, &table.schema, &table.name, &lines).await?;
        self.save(&transaction, transfer, stage).await?;
        if stage == TableStage::Complete && !self.is_frozen() {
            // VACUUM marks no page visible to all whose rows' commit isn't on the server's disk.
            transaction
                .batch_execute("SET LOCAL synchronous_commit = on")
                .await?;
        }
        transaction
            .commit()
            .await
            .with_context(|| format!("could not commit {table}"))
    }

    /// Enters the account, of the table or of the part of it that is loaded.
    async fn save(
        &self,
        transaction: &Transaction<'_>,
        transfer: &Transfer<'_, '_>,
        stage: TableStage,
    ) -> Result<()> {
        let schema = &self.target.name.schema;
        if let Some(part) = self.part {
            return ledger::save_part(transaction, schema, part, &transfer.account).await;
        }
        let progress = ledger::TableProgress {
            account: transfer.account.clone(),
            source: self.state.clone(),
            next: transfer.next.filter(|_| stage == TableStage::More),
            rejects: transfer.rejects.length(),
        };
        ledger::save_progress(transaction, schema, &progress).await
    }

    /// The rows before some are added, the table locked against other sessions' writes; nothing where it is emptied first:
    /// its rows are counted at the end.
    async fn count_before(
        &self,
        transaction: &Transaction<'_>,
        account: &Account,
    ) -> Result<Option<Before>> {
        if self.mode != FillMode::Append {
            return Ok(None);
        }
        let table = &self.target.name;
        transaction
            .batch_execute(&format!("LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE"))
            .await
            .with_context(|| format!("could not lock {table}"))?;
        Ok(Some(Before {
            rows: target::count(transaction, table).await?,
            loaded: account.loaded,
        }))
    }

    /// Refuses a count other than the manifest's.
    pub(super) fn ensure_as_described(&self, loaded: u64) -> Result<()> {
        let source = &self.source.source;
        if let (true, Some(rows)) = (source.is_described(), source.rows) {
            ensure!(
                rows == loaded,
                "{} has {loaded} records, and {} says {rows}; they were rolled back. Generate it again, or remove the \
                 manifest to have every record read and checked",
                source.label(),
                manifest::FILE
            );
        }
        Ok(())
    }
}

/// Whether an error is about values or constraints, not about the connection.
fn is_about_rows(error: &Error) -> bool {
    if error.is::<Unsortable>() {
        return true;
    }
    let code = server_error(error).map(|it| it.code().code());
    code.is_some_and(|code| code.starts_with("22") || code.starts_with("23"))
}

/// Whether a table has rows to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TableStage {
    More,
    Complete,
}

/// The rows of a table before some were added.
#[derive(Debug, Clone, Copy)]
pub(super) struct Before {
    rows: u64,
    /// Those that this load had added then.
    loaded: u64,
}

impl Before {
    /// Refuses another number of rows than these and those added.
    async fn ensure_grown(
        self,
        transaction: &Transaction<'_>,
        table: &TableName,
        added: u64,
    ) -> Result<()> {
        let rows = target::count(transaction, table).await?;
        ensure!(
            rows == self.rows + added,
            "{table} held {} rows, COPY counted {added} more, and it holds {rows}; they were rolled back",
            self.rows
        );
        Ok(())
    }
}
