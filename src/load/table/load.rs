//! One table's rows: emptied, copied segment by segment, counted and entered in the ledger with them.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Transaction};

use crate::dataset::{Column, Dataset};
use crate::files::manifest;
use crate::load::account::{Account, Tally};
use crate::load::ledger;
use crate::load::policy::{Duplicates, Policy};
use crate::load::source::chunk::{Chunk, Feed, Format, Position, Source};
use crate::load::source::columns;
use crate::load::source::input::{From, TableInput};
use crate::load::source::rejects::Rejects;
use crate::load::table::server_rejection::RowRefused;
use crate::load::table::target::{self, Target};
use crate::postgres::copy::CopyIn;
use crate::postgres::name::quoted_list;
use crate::progress::{Progress, Task, Unit};

/// A COPY's bytes: several make up a table's transaction, or one is a transaction of its own. An error is told at a
/// COPY's end, so this is the most that is sent in vain.
pub const SEGMENT: usize = 64 << 20;

/// The same once the server has refused a record of the table: there may be more.
const SMALL_SEGMENT: usize = 1 << 20;

/// Whether a table can be emptied alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Truncated by the transaction that fills it.
    Emptied,
    /// Into a table that is empty already, or is partitioned, or that a staying foreign key refers to.
    Plain,
    /// To the rows that are there.
    Added,
}

/// What one transaction loads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Commit {
    /// A whole table, frozen where it was truncated: no WAL where `wal_level` is minimal, and visible to index-only
    /// scans without a VACUUM. A connection that drops costs a table.
    Table,
    /// A segment and its row in the ledger. A connection that drops costs a segment.
    Segment,
}

/// One table with its rows.
#[derive(Debug, Clone)]
pub struct TableLoad<'a> {
    /// The dataset.
    pub dataset: &'a Arc<Dataset>,
    /// Where what isn't loaded goes.
    pub rejects: &'a Arc<Rejects>,
    /// The table.
    pub target: &'a Target,
    /// Its rows.
    pub input: &'a TableInput,
    /// How its rows get in.
    pub way: Way,
    /// What a transaction loads.
    pub commit: Commit,
    /// How far an earlier attempt came.
    pub earlier: Option<ledger::TableProgress>,
    /// What its file is like, for the ledger.
    pub source: String,
    /// What becomes of records that break keys.
    pub policy: Policy,
    /// A COPY's bytes, about.
    pub segment: usize,
}

impl TableLoad<'_> {
    /// Whether all rows are there already.
    pub fn is_complete(&self) -> bool {
        self.earlier.as_ref().is_some_and(|it| it.next.is_none())
    }

    /// Whether its rows are frozen as they come.
    pub fn is_frozen(&self) -> bool {
        self.way == Way::Emptied && self.commit == Commit::Table && self.earlier.is_none()
    }

    /// The table's columns in the input's order, without those that are passed over.
    fn columns(&self) -> Result<Vec<&Column>> {
        let table = &self.dataset.tables[self.target.table];
        let columns = columns::by_header(table, &self.input.header, &self.input.shown())?;
        Ok(columns.into_iter().flatten().collect())
    }

    fn copy_statement(&self, format: &Format) -> Result<String> {
        let names: Vec<&str> = self
            .columns()?
            .iter()
            .map(|column| column.name.as_str())
            .collect();
        let freeze = if self.is_frozen() { ", FREEZE" } else { "" };
        Ok(format!(
            "COPY {} ({}) FROM STDIN ({}{freeze}, ENCODING 'UTF8')",
            self.target.name,
            quoted_list(&names),
            format.copy().option()
        ))
    }

    /// Loads the table, or the rest of it, and returns its account. What was not committed is undone when it fails.
    ///
    /// What only the server can judge, such as a CHECK, it refuses with the whole COPY: that is done again without the
    /// record, in small segments from then on.
    pub async fn carry_out(&self, client: &mut Client, progress: &Progress) -> Result<Account> {
        let (mut refused, mut attempt) = (BTreeMap::new(), self.clone());
        loop {
            let error = match attempt.attempt(client, &refused, progress).await {
                Ok(account) => return Ok(account),
                Err(error) => error,
            };
            match error.downcast_ref::<RowRefused>() {
                Some(row) if self.may_reject(row) && !refused.contains_key(&row.line) => {
                    refused.insert(row.line, row.clone());
                }
                _ => return Err(error),
            }
            let name = &self.target.name;
            let known = ledger::progress(client, &name.schema, std::slice::from_ref(&name.name));
            attempt.earlier = known.await?.into_iter().next();
            attempt.commit = Commit::Segment;
            attempt.segment = SMALL_SEGMENT;
            let committed = attempt.earlier.as_ref();
            let count = committed.map_or(0, |it| it.account.rejected);
            let line = committed.and_then(|it| it.next).map_or(0, |next| next.line);
            self.rejects.restart(&name.name, count, line);
        }
    }

    /// Whether a record that the server refused may be put aside: not one of seedrow's own, nor one that breaks a key
    /// unless these are.
    fn may_reject(&self, row: &RowRefused) -> bool {
        let anybodys = matches!(self.input.from, From::Foreign { .. } | From::Stream { .. });
        let key = row.code == SqlState::UNIQUE_VIOLATION;
        anybodys
            && !self.rejects.allows_none()
            && (!key || self.policy.duplicates == Duplicates::Reject)
    }

    async fn attempt(
        &self,
        client: &mut Client,
        refused: &BTreeMap<u64, RowRefused>,
        progress: &Progress,
    ) -> Result<Account> {
        let format = self.input.format(self.dataset, &self.target.columns)?;
        let statement = self.copy_statement(&format)?;
        let table = &self.target.name;
        let (mut account, from) = match self.earlier.clone() {
            Some(earlier) => {
                let from = earlier.next.map(|next| (next, earlier.rejects));
                (earlier.account, from)
            }
            None => (Account::new(&table.name, &self.input.name()), None),
        };
        let task = progress.task(
            format!("load {}", table.name),
            self.input.bytes,
            Unit::Bytes,
        );
        let source = Source {
            dataset: Arc::clone(self.dataset),
            input: self.input.clone(),
            format: format.clone(),
            rejects: Arc::clone(self.rejects),
            refused: refused.clone(),
            from,
        };
        let mut feed = source.start();
        let mut transaction = client.transaction().await?;
        if self.earlier.is_none() {
            self.make_empty(&transaction).await?;
        }
        let mut before = self.count_before(&transaction, &account).await?;
        let mut rejects = from.map_or(0, |(_, length)| length);
        while let Some(first) = feed.next().await? {
            let segment = Segment {
                load: self,
                format: &format,
                statement: &statement,
                refused,
            };
            let (next, length) = segment
                .copy(&transaction, first, &mut feed, &mut account, &task)
                .await?;
            rejects = length;
            if self.commit == Commit::Segment {
                self.note_refused(&transaction, refused, next).await?;
                self.enter(transaction, &account, Some(next), rejects, before)
                    .await?;
                transaction = client.transaction().await?;
                before = self.count_before(&transaction, &account).await?;
            }
        }
        self.ensure_as_described(account.loaded)?;
        account.ensure_adds_up()?;
        self.enter(transaction, &account, None, rejects, before)
            .await?;
        task.finish();
        Ok(account)
    }

    /// Enters the lines that the server refused, up to a place: their records are in no table.
    async fn note_refused(
        &self,
        transaction: &Transaction<'_>,
        refused: &BTreeMap<u64, RowRefused>,
        next: Position,
    ) -> Result<()> {
        let lines: Vec<u64> = refused.range(..next.line).map(|(line, _)| *line).collect();
        let table = &self.target.name;
        ledger::save_removed_lines(transaction, &table.schema, &table.name, &lines).await
    }

    /// Enters how far the table has come and commits.
    async fn enter(
        &self,
        transaction: Transaction<'_>,
        account: &Account,
        next: Option<Position>,
        rejects: u64,
        before: Option<Before>,
    ) -> Result<()> {
        let progress = ledger::TableProgress {
            account: account.clone(),
            source: self.source.clone(),
            next,
            rejects,
        };
        let table = &self.target.name;
        if let Some(before) = before {
            let there = target::count(&transaction, table).await?;
            ensure!(
                there == before.there + account.loaded - before.loaded,
                "{table} held {} rows, COPY counted {} more, and it holds {there}; nothing of them was kept",
                before.there,
                account.loaded - before.loaded
            );
        }
        ledger::save_progress(&transaction, &table.schema, &progress).await?;
        if next.is_none() && !self.is_frozen() {
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

    /// What is there before rows are added, the table locked against those of others; nothing where it is emptied first:
    /// its rows are counted at the end.
    async fn count_before(
        &self,
        transaction: &Transaction<'_>,
        account: &Account,
    ) -> Result<Option<Before>> {
        if self.way != Way::Added {
            return Ok(None);
        }
        let table = &self.target.name;
        transaction
            .batch_execute(&format!("LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE"))
            .await
            .with_context(|| format!("could not lock {table}"))?;
        Ok(Some(Before {
            there: target::count(transaction, table).await?,
            loaded: account.loaded,
        }))
    }

    /// Truncates the table where that can be done to it alone: for FREEZE, or since it holds rows.
    async fn make_empty(&self, transaction: &Transaction<'_>) -> Result<()> {
        if self.way != Way::Emptied {
            return Ok(());
        }
        self.ensure_still_empty(transaction).await?;
        let table = &self.target.name;
        transaction
            .batch_execute(&format!("TRUNCATE {table}"))
            .await
            .with_context(|| format!("could not empty {table}"))
    }

    /// Refuses to empty a table that was empty before this load and holds rows now, with the table locked.
    async fn ensure_still_empty(&self, transaction: &Transaction<'_>) -> Result<()> {
        let table = &self.target.name;
        transaction
            .batch_execute(&format!("LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
            .await
            .with_context(|| format!("could not lock {table}"))?;
        let filled = !self.target.holds_rows && target::holds_rows(transaction, table).await?;
        ensure!(
            !filled,
            "{table} was empty when this load began, and somebody wrote rows into it since"
        );
        Ok(())
    }

    /// Refuses a count other than the manifest's.
    fn ensure_as_described(&self, loaded: u64) -> Result<()> {
        if let From::Described { path, file } = &self.input.from {
            ensure!(
                file.rows == loaded,
                "{} has {loaded} records, and {} says {}; nothing of it was kept. Generate it anew, or remove the \
                 manifest to have every record read and checked",
                path.display(),
                manifest::FILE,
                file.rows
            );
        }
        Ok(())
    }
}

/// The rows of a table before some were added.
#[derive(Debug, Clone, Copy)]
struct Before {
    there: u64,
    /// Those that this load had added then.
    loaded: u64,
}

/// One COPY.
struct Segment<'a> {
    load: &'a TableLoad<'a>,
    format: &'a Format,
    statement: &'a str,
    refused: &'a BTreeMap<u64, RowRefused>,
}

impl Segment<'_> {
    /// Copies chunks until they are a segment, adds them to the account and returns where the next one begins, and the
    /// length of the file of rejects.
    async fn copy(
        &self,
        transaction: &Transaction<'_>,
        first: Chunk,
        feed: &mut Feed,
        account: &mut Account,
        task: &Task,
    ) -> Result<(Position, u64)> {
        let mut copy = CopyIn::start(transaction, self.statement).await?;
        copy.send(Bytes::from_static(self.format.copy().prologue()))
            .await;
        let (mut tally, mut sent) = (Tally::default(), 0);
        let mut reached = (first.next, first.rejects);
        let mut chunk = Some(first);
        while let Some(it) = chunk {
            tally.add(&it.tally);
            reached = (it.next, it.rejects);
            sent += it.bytes.len();
            let rows = it.tally.rows;
            if !copy.send(it.bytes).await {
                break;
            }
            task.add(rows, it.share);
            chunk = match sent < self.load.segment {
                true => feed.next().await?,
                false => None,
            };
        }
        copy.send(Bytes::from_static(self.format.copy().epilogue()))
            .await;
        let loaded = copy.finish().await;
        let loaded =
            loaded.map_err(|error| self.load.explain(error, account.loaded, self.refused))?;
        account.add(&tally, loaded)?;
        Ok(reached)
    }
}
