//! The triggers that fire for loaded rows, and a table's transaction without them.
//!
//! They are disabled and enabled in the transaction that copies the rows: whatever ends it, they are as they were. A
//! session_replication_role of `replica` would need a superuser, and would skip the checks of foreign keys, too.

use anyhow::{Context, Result};
use tokio_postgres::{GenericClient, Transaction};

use crate::load::table::target::TargetTable;
use crate::postgres::TableName;
use crate::postgres::catalog::{self, Scope, Trigger};
use crate::postgres::name::quoted;

/// The triggers that fire for rows of these tables.
pub async fn firing(client: &impl GenericClient, targets: &[TargetTable]) -> Result<Vec<Trigger>> {
    let oids: Vec<u32> = targets.iter().map(|target| target.oid).collect();
    catalog::triggers(client, Scope::Tables(&oids)).await
}

/// `orders: set_total (before each row), notify (after the statement)`, for each table that has any.
pub fn listed<'t>(
    targets: impl Iterator<Item = &'t TargetTable>,
    triggers: &[Trigger],
) -> Vec<String> {
    let of_table = |target: &TargetTable| {
        let own = triggers.iter().filter(|it| it.table == target.oid);
        let names: Vec<String> = own.map(described).collect();
        (!names.is_empty()).then(|| format!("{}: {}", target.name.name, names.join(", ")))
    };
    targets.filter_map(of_table).collect()
}

fn described(trigger: &Trigger) -> String {
    let timing = match trigger.before {
        true => "before",
        false => "after",
    };
    let level = match trigger.for_each_row {
        true => "each row",
        false => "the statement",
    };
    format!("{} ({timing} {level})", trigger.name)
}

/// Disables the triggers until [`enable`], in the same transaction.
pub async fn disable(
    transaction: &Transaction<'_>,
    table: &TableName,
    triggers: &[Trigger],
) -> Result<()> {
    alter(transaction, table, triggers, |_| "DISABLE").await
}

/// Enables them as they were. Checks that are deferred to the transaction's end are made now: a table with pending ones
/// can't be altered.
pub async fn enable(
    transaction: &Transaction<'_>,
    table: &TableName,
    triggers: &[Trigger],
) -> Result<()> {
    if !triggers.is_empty() {
        transaction
            .batch_execute("SET CONSTRAINTS ALL IMMEDIATE")
            .await?;
    }
    let state = |trigger: &Trigger| match trigger.always {
        true => "ENABLE ALWAYS",
        false => "ENABLE",
    };
    alter(transaction, table, triggers, state).await
}

async fn alter(
    transaction: &Transaction<'_>,
    table: &TableName,
    triggers: &[Trigger],
    state: impl Fn(&Trigger) -> &'static str,
) -> Result<()> {
    let clause =
        |trigger: &Trigger| format!("{} TRIGGER {}", state(trigger), quoted(&trigger.name));
    let clauses: Vec<String> = triggers.iter().map(clause).collect();
    if clauses.is_empty() {
        return Ok(());
    }
    transaction
        .batch_execute(&format!("ALTER TABLE {table} {}", clauses.join(", ")))
        .await
        .with_context(|| format!("could not change the triggers of {table}"))
}
