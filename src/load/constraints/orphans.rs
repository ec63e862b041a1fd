//! Rows that reference a missing row: deleted, and their records rejected, with the rows that reference them in turn.
//!
//! As with duplicates, a second read of the file says which records they were.

use std::collections::{HashMap, HashSet};

use anyhow::{Context, Error, Result};
use tokio_postgres::{Client, Transaction};

use crate::load::constraints::broken::BrokenForeignKey;
use crate::load::constraints::catalog::read_qualified;
use crate::load::constraints::conditions::{is_orphan, text_array};
use crate::load::constraints::drop::drop_planned;
use crate::load::constraints::drop_plan::DropPlan;
use crate::load::constraints::reject_limit::too_many_rejects;
use crate::load::constraints::restore::restore_in;
use crate::load::ledger::{self, DroppedConstraint};
use crate::load::source::rejects::{REPORTED, Rejected};
use crate::load::table::key_search::{KeySearch, Matcher, Values};
use crate::load::table::table_load::TableLoad;
use crate::postgres::TableName;
use crate::postgres::catalog::{self, ForeignKey, Scope};
use crate::postgres::error::ErrorWithNotes;
use crate::suggestion::again;

/// The error of foreign keys that rows violate, with the first of these records; `unrestored` are those of the keys that
/// are not there.
pub async fn orphans_error(
    client: &mut Client,
    schema: &str,
    loads: &[TableLoad<'_>],
    unrestored: &[ForeignKey],
    broken: &[BrokenForeignKey],
) -> Result<Error> {
    let is_broken = |key: &ForeignKey| {
        let mut broken = broken.iter();
        broken.any(|it| it.name == key.name && it.table == key.table)
    };
    let mut notes = Vec::new();
    for key in foreign_keys_of(client, loads, unrestored).await? {
        if is_broken(&key) {
            let first = first_orphans(client, loads, &key).await?;
            notes.extend(first.iter().map(Rejected::message));
        }
    }
    notes.truncate(REPORTED);
    if loads.iter().any(|load| load.source.source.is_file()) {
        let rejected = loads.first().map_or(0, |load| load.rejects.count());
        let all = rejected + count_orphans(client, schema, loads, unrestored).await?;
        notes.push(format!(
            "to reject them and the records that reference them, run: {}",
            again(&["--orphans", "reject", "--max-rejects", &all.to_string()])
        ));
    }
    if unrestored.is_empty() {
        notes.push(format!(
            "to load them and leave the foreign key NOT VALID, run: {}",
            again(&["--orphans", "keep"])
        ));
    }
    let messages: Vec<String> = broken.iter().map(ToString::to_string).collect();
    Ok(ErrorWithNotes {
        message: messages.join("; "),
        notes,
        source: None,
    }
    .into())
}

/// How many rows rejecting orphans deletes, those that reference deleted ones included: tried, and rolled back.
async fn count_orphans(
    client: &mut Client,
    schema: &str,
    loads: &[TableLoad<'_>],
    unrestored: &[ForeignKey],
) -> Result<u64> {
    let mut keys = foreign_keys_of(client, loads, unrestored).await?;
    let is_file = |oid| {
        let mut loads = loads.iter();
        loads.any(|load| load.target.oid == oid && load.source.source.is_file())
    };
    keys.retain(|key| is_file(key.table_oid));
    let transaction = client.transaction().await?;
    let (_, deleted) = drop_and_delete(&transaction, schema, loads, &keys).await?;
    transaction.rollback().await?;
    Ok(deleted.values().sum())
}

/// The first records that violate a key; none where its rows come from no file.
async fn first_orphans(
    client: &Client,
    loads: &[TableLoad<'_>],
    key: &ForeignKey,
) -> Result<Vec<Rejected>> {
    let Some(load) = loads.iter().find(|load| load.target.oid == key.table_oid) else {
        return Ok(Vec::new());
    };
    let Some(file) = KeySearch::of(client, load).await? else {
        return Ok(Vec::new());
    };
    let sql = format!(
        "SELECT DISTINCT {} FROM {} AS c WHERE {} LIMIT {REPORTED}",
        text_array("c.", &key.column_names()),
        key.table,
        is_orphan(key)
    );
    let rows = client.query_typed(&sql, &[]).await?;
    let known: HashSet<Values> = rows
        .iter()
        .map(|row| row.try_get(0))
        .collect::<Result<_, _>>()?;
    file.first(vec![Matcher::orphans(key, known)]).await
}

/// Deletes rows that reference a missing row, then those that reference them, until none is left; in one transaction, which
/// drops the foreign keys and restores them NOT VALID. Returns the tables that lost rows.
pub async fn reject_orphans(
    client: &mut Client,
    schema: &str,
    loads: &[TableLoad<'_>],
    unrestored: &[ForeignKey],
) -> Result<Vec<TableName>> {
    let mut files = HashMap::new();
    for load in loads {
        if let Some(file) = KeySearch::of(client, load).await? {
            files.insert(load.target.oid, file);
        }
    }
    let mut keys = foreign_keys_of(client, loads, unrestored).await?;
    keys.retain(|key| files.contains_key(&key.table_oid));
    let transaction = client.transaction().await?;
    let (dropped, deleted) = drop_and_delete(&transaction, schema, loads, &keys).await?;
    let rejected = reject_records(&transaction, loads, &keys, &files, &deleted).await?;
    for key in &dropped {
        restore_in(&transaction, key).await?;
    }
    transaction.commit().await?;
    Ok(rejected)
}

/// Drops the foreign keys, deletes what violates these and gathers its keys in `pg_temp.seedrow_removed`. Returns what was
/// dropped, and the number of rows deleted by table.
async fn drop_and_delete(
    transaction: &Transaction<'_>,
    schema: &str,
    loads: &[TableLoad<'_>],
    keys: &[ForeignKey],
) -> Result<(Vec<DroppedConstraint>, HashMap<u32, u64>)> {
    let dropped = drop_foreign_keys(transaction, schema, loads).await?;
    transaction
        .batch_execute("CREATE TEMPORARY TABLE seedrow_removed (constraint_oid oid, key text[]) ON COMMIT DROP")
        .await?;
    let deleted = delete_orphans(transaction, keys).await?;
    Ok((dropped, deleted))
}

/// Rejects the records of the deleted rows, table by table, and returns the tables.
async fn reject_records(
    transaction: &Transaction<'_>,
    loads: &[TableLoad<'_>],
    keys: &[ForeignKey],
    files: &HashMap<u32, KeySearch>,
    deleted: &HashMap<u32, u64>,
) -> Result<Vec<TableName>> {
    let all: u64 = deleted.values().sum();
    let mut rejected = Vec::new();
    for load in loads {
        let oid = load.target.oid;
        let (Some(&rows), Some(file)) = (deleted.get(&oid), files.get(&oid)) else {
            continue;
        };
        let mut matchers = Vec::new();
        for key in keys.iter().filter(|key| key.table_oid == oid) {
            let values = deleted_values(transaction, key).await?;
            matchers.push(Matcher::orphans(key, values));
        }
        if load.rejects.would_exceed(all) && rejected.is_empty() {
            let first = file.first(matchers).await?;
            return Err(too_many_rejects(
                load.rejects,
                &[(&file.label(), all)],
                &first,
            ));
        }
        file.reject(transaction, &load.target.name, matchers, rows)
            .await?;
        rejected.push(load.target.name.clone());
    }
    Ok(rejected)
}

/// The foreign keys of the loaded tables, those that could not be restored included, in load order.
async fn foreign_keys_of(
    client: &Client,
    loads: &[TableLoad<'_>],
    unrestored: &[ForeignKey],
) -> Result<Vec<ForeignKey>> {
    let oids: Vec<u32> = loads.iter().map(|load| load.target.oid).collect();
    let mut keys = catalog::foreign_keys(client, Scope::Tables(&oids)).await?;
    keys.extend_from_slice(unrestored);
    keys.sort_by_key(|key| oids.iter().position(|oid| *oid == key.table_oid));
    Ok(keys)
}

/// Drops the foreign keys on and between the loaded tables, recorded in the ledger: with them, rows could not be deleted, or
/// the deletion would cascade.
async fn drop_foreign_keys(
    transaction: &Transaction<'_>,
    schema: &str,
    loads: &[TableLoad<'_>],
) -> Result<Vec<DroppedConstraint>> {
    let oids: Vec<u32> = loads.iter().map(|load| load.target.oid).collect();
    let constraints = read_qualified(transaction, &oids).await?;
    let foreign = constraints.into_iter().filter(|key| {
        key.definition.is_foreign() && key.obstacle.is_none() && oids.contains(&key.table_oid)
    });
    let plan = DropPlan {
        drop: foreign.collect(),
        keep: Vec::new(),
    };
    let dropped = plan.dropped(&ledger::not_validated(transaction).await?);
    drop_planned(transaction, schema, &plan, &dropped).await?;
    Ok(dropped)
}

/// Deletes, parents first, until nothing is left to delete; the number of rows by table.
async fn delete_orphans(
    transaction: &Transaction<'_>,
    keys: &[ForeignKey],
) -> Result<HashMap<u32, u64>> {
    let mut deleted: HashMap<u32, u64> = HashMap::new();
    let mut pending = vec![true; keys.len()];
    while let Some(next) = pending.iter().position(|pending| *pending) {
        let key = &keys[next];
        pending[next] = false;
        let rows = delete_orphans_of(transaction, key).await?;
        if rows > 0 {
            *deleted.entry(key.table_oid).or_default() += rows;
            // Rows that reference this table may be orphans now.
            for (pending, other) in pending.iter_mut().zip(keys) {
                *pending |= other.referenced_oid == key.table_oid;
            }
        }
    }
    Ok(deleted)
}

/// Deletes the rows that violate one key and keeps their values in `pg_temp.seedrow_removed`.
async fn delete_orphans_of(transaction: &Transaction<'_>, key: &ForeignKey) -> Result<u64> {
    let sql = format!(
        "WITH gone AS (DELETE FROM {} AS c WHERE {} RETURNING {} AS key),
        kept AS (INSERT INTO pg_temp.seedrow_removed SELECT DISTINCT $1::oid, key FROM gone)
        SELECT count(*) FROM gone",
        key.table,
        is_orphan(key),
        text_array("c.", &key.column_names())
    );
    let row = transaction
        .query_one(&sql, &[&key.oid])
        .await
        .with_context(|| {
            format!(
                "could not delete rows that violate {} from {}",
                key.name, key.table
            )
        })?;
    Ok(row.try_get::<_, i64>(0)?.try_into()?)
}

async fn deleted_values(
    transaction: &Transaction<'_>,
    key: &ForeignKey,
) -> Result<HashSet<Values>> {
    let sql = "SELECT DISTINCT key FROM pg_temp.seedrow_removed WHERE constraint_oid = $1";
    let rows = transaction.query(sql, &[&key.oid]).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}
