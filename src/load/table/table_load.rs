//! One table with its rows, as it is to be loaded, and how it is emptied first.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use tokio_postgres::Transaction;

use crate::load::ledger;
use crate::load::policy::Policy;
use crate::load::source::bound::BoundSource;
use crate::load::source::fingerprint::SourceState;
use crate::load::source::rejects::Rejects;
use crate::load::table::target::{self, TargetTable};
use crate::postgres::CommitUnit;
use crate::postgres::catalog::Trigger;

/// Whether a table can be emptied alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FillMode {
    /// Truncated by the transaction that fills it.
    Truncate,
    /// Into a table that is empty already, or is partitioned, or that a staying foreign key refers to.
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
    /// How its rows get in.
    pub mode: FillMode,
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
}

impl TableLoad<'_> {
    /// Whether all rows are loaded already.
    pub fn is_complete(&self) -> bool {
        self.earlier.as_ref().is_some_and(|it| it.next.is_none())
    }

    /// Whether its rows are frozen as they come.
    pub fn is_frozen(&self) -> bool {
        self.mode == FillMode::Truncate
            && self.commit == CommitUnit::Table
            && self.earlier.is_none()
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
        let table = &self.target.name;
        transaction
            .batch_execute(&format!("TRUNCATE ONLY {table}"))
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
