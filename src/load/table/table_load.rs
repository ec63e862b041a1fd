//! One table with its rows, as it is to be loaded, and how it is emptied first.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use tokio_postgres::Transaction;

use crate::dataset::Part;
use crate::load::ledger;
use crate::load::partitions::Router;
use crate::load::policy::Policy;
use crate::load::shards::ShardRouter;
use crate::load::source::bound::BoundSource;
use crate::load::source::fingerprint::SourceState;
use crate::load::source::rejects::Rejects;
use crate::load::table::target::{self, TargetTable};
use crate::load::table::uncounted::leave_uncounted;
use crate::postgres::catalog::Trigger;
use crate::postgres::{Capabilities, CommitUnit};

/// Whether a table can be emptied alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FillMode {
    /// Truncated by the transaction that fills it.
    Truncate,
    /// Into a table that is empty already: one whose rows the server sorts into partitions, or that a kept foreign key
    /// references, or that several parts are loaded into.
    Insert,
    /// To the rows that are there.
    Append,
}

/// One table with its rows.
#[derive(Debug, Clone)]
pub struct TableLoad<'a> {
    /// The table.
    pub target: &'a TargetTable,
    /// Its rows.
    pub source: Arc<BoundSource>,
    /// Where what isn't loaded goes.
    pub rejects: &'a Arc<Rejects>,
    /// The part of its rows that is loaded, beside others; `None` for all.
    pub part: Option<Part>,
    /// How its rows get in.
    pub mode: FillMode,
    /// What the server can do.
    pub server: Capabilities,
    /// Sorts its rows into the shards that they go straight to.
    pub shards: Option<ShardRouter>,
    /// What a transaction loads.
    pub commit: CommitUnit,
    /// How far an earlier attempt came.
    pub earlier: Option<ledger::TableProgress>,
    /// What its file is like and how it is read, for the ledger.
    pub state: SourceState,
    /// Handling of records that break keys.
    pub policy: Policy,
    /// The triggers that don't fire for its rows.
    pub skipped_triggers: Vec<Trigger>,
    /// Sorts its rows into its partitions; else how they get there.
    pub router: Result<Arc<Router>, Unsorted>,
}

/// Why rows are not sorted into partitions before COPY.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unsorted {
    /// The table has none.
    Ordinary,
    /// The server sorts them, for a reason.
    ByServer(String),
}

impl TableLoad<'_> {
    /// Whether all rows are loaded already.
    pub fn is_complete(&self) -> bool {
        self.earlier.as_ref().is_some_and(|it| it.next.is_none())
    }

    /// Whether its rows are frozen as they come.
    pub fn is_frozen(&self) -> bool {
        self.server.freeze
            && self.mode == FillMode::Truncate
            && self.commit == CommitUnit::Table
            && self.earlier.is_none()
            && self
                .router
                .as_ref()
                .map_or(true, |it| !it.has_used_parent())
    }

    /// The bytes of its source, or an estimate.
    pub fn bytes(&self) -> u64 {
        self.source.source.bytes
    }

    /// The rows of its source; bytes in place of them where they aren't known.
    pub fn rows_or_bytes(&self) -> u64 {
        self.source.source.rows.unwrap_or(self.bytes())
    }

    /// Truncates the table where that can be done to it alone: for FREEZE, or since it holds rows.
    pub(super) async fn make_empty(&self, transaction: &Transaction<'_>) -> Result<()> {
        if self.mode != FillMode::Truncate {
            return Ok(());
        }
        self.ensure_still_empty(transaction).await?;
        if self.is_frozen() && self.server.cluster.is_none() {
            leave_uncounted(transaction, self.target).await?;
        }
        let table = &self.target.name;
        let only = match self.target.partitions {
            None => "ONLY ",
            Some(_) => "",
        };
        transaction
            .batch_execute(&format!("TRUNCATE {only}{table}"))
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
            "{table} was empty when this load started, and another session has written rows into it since"
        );
        Ok(())
    }
}
