//! Empties tables before rows come, where they can't be emptied one by one by those that fill them.

use anyhow::{Context, Result};
use tokio_postgres::Transaction;

use crate::load::config::Load;
use crate::load::constraints::DropPlan;
use crate::load::prepared::PreparedLoad;
use crate::load::table::target::TargetTable;

/// Empties the tables that an earlier attempt has no rows of, where they cannot be emptied one by one by those that fill them.
pub async fn empty_together(
    transaction: &Transaction<'_>,
    load: &Load<'_>,
    prepared: &PreparedLoad,
) -> Result<()> {
    let targets = prepared.targets.iter();
    let not_loaded = targets.filter(|target| prepared.earlier_of(target).is_none());
    let not_loaded: Vec<_> = not_loaded.collect();
    let is_alone = |target: &TargetTable| {
        load.part.is_none() && target.ordinary && prepared.may_truncate_alone(target)
    };
    let Some(statement) = truncate_statement(&prepared.plan, &not_loaded, is_alone) else {
        return Ok(());
    };
    transaction
        .batch_execute(&statement)
        .await
        .context("could not empty the tables together")
}

/// Empties the tables that an earlier attempt has rows of and that are loaded anew, so that the ledger, which has no account of
/// them any more, is right whatever comes; those that cannot be emptied alone are empty already.
pub async fn empty_discarded(
    transaction: &Transaction<'_>,
    prepared: &PreparedLoad,
    discarded: &[String],
) -> Result<()> {
    let is_alone = |target: &&TargetTable| target.ordinary && prepared.may_truncate_alone(target);
    let targets = prepared.targets.iter().filter(is_alone);
    let targets = targets.filter(|target| discarded.contains(&target.name.name));
    let names: Vec<String> = targets
        .map(|target| format!("ONLY {}", target.name))
        .collect();
    if names.is_empty() {
        return Ok(());
    }
    let names = names.join(", ");
    transaction
        .batch_execute(&format!("TRUNCATE {names}"))
        .await
        .with_context(|| format!("could not empty {names}"))
}

/// Truncates all tables at once where one that holds rows cannot be truncated alone, being partitioned, published,
/// referenced by a kept foreign key, or filled by several sessions. Tables outside the load are included where they
/// reference one: they are empty, or the load would have been refused.
fn truncate_statement(
    plan: &DropPlan,
    targets: &[&TargetTable],
    is_alone: impl Fn(&TargetTable) -> bool,
) -> Option<String> {
    let not_alone = |target: &&TargetTable| target.holds_rows && !is_alone(target);
    if !targets.iter().any(not_alone) {
        return None;
    }
    let inside: Vec<u32> = targets.iter().map(|target| target.oid).collect();
    let names = targets.iter().map(|target| &target.name);
    let names = names.chain(plan.outside_tables(&inside));
    let mut names: Vec<String> = names.map(ToString::to_string).collect();
    names.sort();
    names.dedup();
    Some(format!("TRUNCATE {}", names.join(", ")))
}
