//! What the triggers of a table that is being tried write to others, and what they take away.
//!
//! A load commits each table by itself, so triggers that are deferred to the end of a transaction fire before the tables
//! that refer to this one have rows: one that removes what nothing refers to removes all of it.

use std::collections::HashMap;

use anyhow::{Context, Result};
use tokio_postgres::Transaction;

use super::tables::Tables;
use super::verdict::TrialVerdict;
use crate::load::table::target::{self, TargetTable};
use crate::postgres::catalog::Trigger;
use crate::postgres::name::quoted;

/// The rows of tables that a transaction has changed, by their oids.
pub(super) type RowChanges = HashMap<u32, RowChange>;

/// How many rows of a table a transaction has changed, those that are rolled back included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct RowChange {
    inserted: i64,
    deleted: i64,
}

/// What the triggers of a table have done.
#[derive(Debug, Default)]
pub(super) struct Effects {
    /// Other tables that they have written rows to.
    pub written: Vec<u32>,
    /// The names of the tables that have fewer rows now than were copied into them.
    pub taken: Vec<String>,
}

impl Tables<'_> {
    /// The triggers that fire for rows of a table.
    pub fn firing(&self, target: &TargetTable) -> Vec<&Trigger> {
        let own = self.triggers.iter().filter(|it| it.table == target.oid);
        own.filter(|it| !self.skipped.contains(it)).collect()
    }

    /// The rows changed until now; `None` where no trigger fires that could change more.
    pub async fn row_changes(
        &self,
        transaction: &Transaction<'_>,
        target: &TargetTable,
    ) -> Result<Option<RowChanges>> {
        if self.firing(target).is_empty() {
            return Ok(None);
        }
        row_changes(transaction, &self.oids).await.map(Some)
    }

    /// What changed since, but for the rows that were copied.
    pub async fn effects(
        &self,
        transaction: &Transaction<'_>,
        target: &TargetTable,
        copied: u64,
        before: &RowChanges,
    ) -> Result<Effects> {
        let after = row_changes(transaction, &self.oids).await?;
        let mut effects = Effects::default();
        for other in self.targets {
            let of = |changes: &RowChanges| changes.get(&other.oid).copied().unwrap_or_default();
            let (before, after) = (of(before), of(&after));
            if after.inserted > before.inserted && other.oid != target.oid {
                effects.written.push(other.oid);
            }
            let rows = match self.verdicts.get(&other.oid) {
                _ if other.oid == target.oid => copied,
                Some(TrialVerdict::Holds(rows)) => *rows,
                _ => continue,
            };
            if after.deleted > before.deleted
                && target::count(transaction, &other.name).await? < rows
            {
                effects.taken.push(other.name.name.clone());
            }
        }
        Ok(effects)
    }

    /// Fires the triggers of a table that are deferred.
    pub async fn fire_deferred(
        &self,
        transaction: &Transaction<'_>,
        target: &TargetTable,
    ) -> Result<()> {
        let name = |it: &Trigger| format!("{}.{}", quoted(&target.name.schema), quoted(&it.name));
        let firing = self.firing(target).into_iter();
        let names: Vec<String> = firing.filter(|it| it.deferred).map(name).collect();
        if names.is_empty() {
            return Ok(());
        }
        let sql = format!("SET CONSTRAINTS {} IMMEDIATE", names.join(", "));
        Ok(transaction.batch_execute(&sql).await?)
    }
}

async fn row_changes(transaction: &Transaction<'_>, tables: &[u32]) -> Result<RowChanges> {
    let rows = transaction
        .query(include_str!("sql/row_changes.sql"), &[&tables])
        .await
        .context("could not read which rows triggers have changed")?;
    let change = |row: &tokio_postgres::Row| {
        let change = RowChange {
            inserted: row.try_get("inserted")?,
            deleted: row.try_get("deleted")?,
        };
        Ok((row.try_get("table_oid")?, change))
    };
    rows.iter().map(change).collect()
}
