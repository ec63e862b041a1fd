//! Rows that break keys, taken out again: the second of two with the same key, and those that refer to nothing.
//!
//! The server finds them by their keys' values, once all rows are there. Which records they were, the file says when it
//! is read a second time.

use std::collections::{HashMap, HashSet};

use anyhow::{Context, Result, ensure};
use tokio_postgres::{Client, GenericClient, Transaction};

use crate::load::constraints::drop::{self, Choice};
use crate::load::constraints::restore::{self, BrokenKey};
use crate::load::ledger::{self, Lifted};
use crate::load::policy::Duplicates;
use crate::load::source::rejects::{Rejected, Rejects, SHOWN};
use crate::load::table::key_search::{Matcher, SecondRead, Values, column_names};
use crate::load::table::load::TableLoad;
use crate::load::table::target;
use crate::postgres::TableName;
use crate::postgres::catalog::{self, ForeignKey, Scope};
use crate::postgres::error::ErrorWithNotes;
use crate::postgres::name::{quoted, quoted_list};
use crate::progress::grouped;

/// Takes out rows whose key stands in an earlier row, or says which they are.
///
/// An error when they are not to be rejected, or are too many; `None` when the key is not one of plain columns, or the
/// rows do not come from a file: what the server says of it must do.
pub async fn duplicates(
    client: &mut Client,
    load: &TableLoad<'_>,
    key: &Lifted,
    policy: Duplicates,
) -> Result<Option<u64>> {
    let Some(columns) = plain_columns(load, key) else {
        return Ok(None);
    };
    let Some(file) = SecondRead::of(client, load).await? else {
        return Ok(None);
    };
    let transaction = client.transaction().await?;
    let table = &load.target.name;
    find_duplicates(&transaction, table, &columns).await?;
    let keys = transaction
        .query(
            "SELECT key, count(*) FROM pg_temp.seedrow_removed GROUP BY key",
            &[],
        )
        .await?;
    let mut known: HashMap<Values, Option<u64>> = HashMap::new();
    let mut rows = 0;
    for row in keys {
        known.insert(row.try_get(0)?, None);
        rows += u64::try_from(row.try_get::<_, i64>(1)?)?;
    }
    let matcher = Matcher::Duplicates { columns, known };
    if policy == Duplicates::Fail {
        let first = file.first(vec![matcher]).await?;
        return Err(refuse_duplicates(key, table, rows, &first));
    }
    if load.rejects.would_exceed(rows) {
        let first = file.first(vec![matcher]).await?;
        return Err(too_many(load.rejects, &file.shown(), rows, &first));
    }
    transaction
        .execute(
            &format!(
                "DELETE FROM {table} AS t USING pg_temp.seedrow_removed AS r WHERE t.ctid = r.place"
            ),
            &[],
        )
        .await
        .with_context(|| format!("could not take duplicates out of {table}"))?;
    file.put_aside(&transaction, table, vec![matcher], rows)
        .await?;
    transaction.commit().await?;
    Ok(Some(rows))
}

async fn find_duplicates(
    transaction: &Transaction<'_>,
    table: &TableName,
    columns: &[String],
) -> Result<()> {
    let names: Vec<&str> = columns.iter().map(String::as_str).collect();
    let (list, present) = (quoted_list(&names), all_present("", columns));
    // The keys first: to number all 11.3 M skus took 22 s. To count their keys takes 10.7 s by hashing and 4.0 s by sorting
    // (PostgreSQL 15). Rows stand in the order of the file: it was the first to be loaded into an empty table.
    let sql = format!(
        "SET LOCAL enable_hashagg = off;
        SELECT set_config('work_mem', current_setting('maintenance_work_mem'), true);
        CREATE TEMPORARY TABLE seedrow_repeated ON COMMIT DROP AS
        SELECT {list}
        FROM {table}
        WHERE {present}
        GROUP BY {list}
        HAVING count(*) > 1;
        ANALYZE pg_temp.seedrow_repeated;
        CREATE TEMPORARY TABLE seedrow_removed ON COMMIT DROP AS
        SELECT place, key
        FROM (
            SELECT t.ctid AS place, {} AS key, row_number() OVER (PARTITION BY {list} ORDER BY t.ctid) AS number
            FROM {table} AS t
            JOIN pg_temp.seedrow_repeated USING ({list})
        ) AS numbered
        WHERE number > 1",
        array("", columns)
    );
    transaction
        .batch_execute(&sql)
        .await
        .with_context(|| format!("could not find the duplicates of {table}"))
}

/// `ARRAY[t.a::text, t.b::text]`.
fn array(prefix: &str, columns: &[String]) -> String {
    let texts: Vec<String> = columns
        .iter()
        .map(|column| format!("{prefix}{}::text", quoted(column)))
        .collect();
    format!("ARRAY[{}]", texts.join(", "))
}

fn all_present(prefix: &str, columns: &[String]) -> String {
    let present: Vec<String> = columns
        .iter()
        .map(|column| format!("{prefix}{} IS NOT NULL", quoted(column)))
        .collect();
    present.join(" AND ")
}

/// The columns of a key that is one of plain columns and of all rows.
fn plain_columns(load: &TableLoad, key: &Lifted) -> Option<Vec<String>> {
    let (_, rest) = key.definition.split_once('(')?;
    let (list, behind) = rest.split_once(')')?;
    if behind.contains(" WHERE ") || key.definition.contains("NULLS NOT DISTINCT") {
        return None;
    }
    let columns = &load.target.columns;
    let name = |item: &str| {
        let column = columns.iter().find(|column| quoted(&column.name) == item)?;
        Some(column.name.clone())
    };
    list.split(", ").map(name).collect()
}

fn refuse_duplicates(
    key: &Lifted,
    table: &TableName,
    rows: u64,
    first: &[Rejected],
) -> anyhow::Error {
    let (stand, other) = match rows {
        1 => ("row stands", "another one"),
        _ => ("rows stand", "others"),
    };
    let mut notes: Vec<String> = first.iter().map(Rejected::told).collect();
    notes.push("--duplicates reject keeps the first of each and puts the others aside".to_owned());
    ErrorWithNotes {
        message: format!(
            "{} cannot be built on {table}: {} {stand} against it, with the key of {other}",
            key.name,
            grouped(rows)
        ),
        notes,
        source: None,
    }
    .into()
}

fn too_many(rejects: &Rejects, file: &str, rows: u64, first: &[Rejected]) -> anyhow::Error {
    let mut notes: Vec<String> = first.iter().map(Rejected::told).collect();
    let all = rejects.count() + rows;
    notes.push(format!(
        "--max-rejects {all} puts them aside and loads the others"
    ));
    ErrorWithNotes {
        message: format!(
            "{file}: {} records break keys, {} are rejected in all, and --max-rejects allows fewer",
            grouped(rows),
            grouped(all)
        ),
        notes,
        source: None,
    }
    .into()
}

/// The error of foreign keys that rows break, when these are neither to be kept nor rejected.
pub async fn refuse_orphans(
    client: &mut Client,
    loads: &[TableLoad<'_>],
    broken: &[BrokenKey],
) -> Result<anyhow::Error> {
    let mut notes = Vec::new();
    let keys = own_keys(client, loads).await?;
    for key in keys.iter().filter(|key| {
        broken
            .iter()
            .any(|it| it.name == key.name && it.table == key.table)
    }) {
        let Some(load) = loads.iter().find(|load| load.target.oid == key.table_oid) else {
            continue;
        };
        let Some(file) = SecondRead::of(client, load).await? else {
            continue;
        };
        let orphans = orphans(key);
        let sql = format!(
            "SELECT DISTINCT {} FROM {} AS c WHERE {orphans} LIMIT {SHOWN}",
            array("c.", &column_names(key)),
            key.table
        );
        let rows = client.query(&sql, &[]).await?;
        let known: HashSet<Values> = rows
            .iter()
            .map(|row| row.try_get(0))
            .collect::<Result<_, _>>()?;
        let first = file.first(vec![Matcher::orphans(key, known)]).await?;
        notes.extend(first.iter().map(Rejected::told));
    }
    notes.truncate(SHOWN);
    notes.push("--orphans reject puts them aside, and what refers to them".to_owned());
    notes.push("--orphans keep loads them and leaves the foreign key NOT VALID".to_owned());
    let told: Vec<String> = broken.iter().map(BrokenKey::told).collect();
    Ok(ErrorWithNotes {
        message: told.join("; "),
        notes,
        source: None,
    }
    .into())
}

/// Takes out rows that refer to a row that isn't there, then those that refer to them, until there are none; one
/// transaction, with the foreign keys dropped in it and put back NOT VALID. Returns the tables that lost rows.
pub async fn reject_orphans(
    client: &mut Client,
    schema: &str,
    loads: &[TableLoad<'_>],
) -> Result<Vec<TableName>> {
    let mut files = HashMap::new();
    for load in loads {
        if let Some(file) = SecondRead::of(client, load).await? {
            files.insert(load.target.oid, file);
        }
    }
    let mut keys = own_keys(client, loads).await?;
    keys.retain(|key| files.contains_key(&key.table_oid));
    let transaction = client.transaction().await?;
    let lifted = drop_foreign_keys(&transaction, schema, loads).await?;
    transaction
        .batch_execute("CREATE TEMPORARY TABLE seedrow_removed (constraint_oid oid, key text[]) ON COMMIT DROP")
        .await?;
    let removed = delete_orphans(&transaction, &keys).await?;
    let all: u64 = removed.values().sum();
    let mut emptied = Vec::new();
    for load in loads {
        let (Some(&rows), Some(file)) =
            (removed.get(&load.target.oid), files.get(&load.target.oid))
        else {
            continue;
        };
        let of_table = keys.iter().filter(|key| key.table_oid == load.target.oid);
        let mut matchers = Vec::new();
        for key in of_table {
            matchers.push(Matcher::orphans(
                key,
                removed_values(&transaction, key).await?,
            ));
        }
        if load.rejects.would_exceed(all) && emptied.is_empty() {
            let first = file.first(matchers).await?;
            return Err(too_many(load.rejects, &file.shown(), all, &first));
        }
        file.put_aside(&transaction, &load.target.name, matchers, rows)
            .await?;
        emptied.push(load.target.name.clone());
    }
    for key in &lifted {
        drop::put_back(&transaction, key)
            .await
            .with_context(|| format!("could not put {} back on {}", key.name, key.table))?;
    }
    transaction.commit().await?;
    Ok(emptied)
}

/// The foreign keys of the loaded tables, in load order.
async fn own_keys(client: &Client, loads: &[TableLoad<'_>]) -> Result<Vec<ForeignKey>> {
    let mut keys = Vec::new();
    for load in loads {
        keys.extend(catalog::foreign_keys(client, Scope::Tables(&[load.target.oid])).await?);
    }
    Ok(keys)
}

/// Drops the foreign keys on and between the loaded tables, noted in the ledger: rows could not be deleted beneath them,
/// or would take others along.
async fn drop_foreign_keys(
    transaction: &Transaction<'_>,
    schema: &str,
    loads: &[TableLoad<'_>],
) -> Result<Vec<Lifted>> {
    let oids: Vec<u32> = loads.iter().map(|load| load.target.oid).collect();
    let keys = drop::keys_as_written(transaction, &oids).await?;
    let foreign = keys.into_iter().filter(|key| {
        key.lifted.is_foreign() && key.obstacle.is_none() && oids.contains(&key.table_oid)
    });
    let choice = Choice {
        lift: foreign.collect(),
        stay: Vec::new(),
    };
    let lifted = choice.to_lift(&ledger::unvalidated(transaction).await?);
    for key in &lifted {
        drop::drop_constraint(transaction, schema, key).await?;
    }
    Ok(lifted)
}

/// Deletes, parents first, until nothing is left to delete; the rows by table.
async fn delete_orphans(
    transaction: &Transaction<'_>,
    keys: &[ForeignKey],
) -> Result<HashMap<u32, u64>> {
    let mut removed: HashMap<u32, u64> = HashMap::new();
    let mut open = vec![true; keys.len()];
    while let Some(next) = open.iter().position(|open| *open) {
        let key = &keys[next];
        open[next] = false;
        let rows = delete_orphans_of(transaction, key).await?;
        if rows > 0 {
            *removed.entry(key.table_oid).or_default() += rows;
            // What refers to this table may refer to nothing now.
            for (open, other) in open.iter_mut().zip(keys) {
                *open |= other.referenced_oid == key.table_oid;
            }
        }
    }
    Ok(removed)
}

async fn delete_orphans_of(transaction: &Transaction<'_>, key: &ForeignKey) -> Result<u64> {
    let sql = format!(
        "WITH gone AS (DELETE FROM {} AS c WHERE {} RETURNING {} AS key),
        kept AS (INSERT INTO pg_temp.seedrow_removed SELECT DISTINCT $1::oid, key FROM gone)
        SELECT count(*) FROM gone",
        key.table,
        orphans(key),
        array("c.", &column_names(key))
    );
    let row = transaction
        .query_one(&sql, &[&key.oid])
        .await
        .with_context(|| {
            format!(
                "could not take rows that break {} out of {}",
                key.name, key.table
            )
        })?;
    Ok(row.try_get::<_, i64>(0)?.try_into()?)
}

async fn removed_values(
    transaction: &Transaction<'_>,
    key: &ForeignKey,
) -> Result<HashSet<Values>> {
    let sql = "SELECT DISTINCT key FROM pg_temp.seedrow_removed WHERE constraint_oid = $1";
    let rows = transaction.query(sql, &[&key.oid]).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// What is true of rows `c` that refer to a row that isn't there.
fn orphans(key: &ForeignKey) -> String {
    format!(
        "{} AND NOT EXISTS (SELECT FROM {} AS p WHERE {})",
        all_present("c.", &column_names(key)),
        key.referenced,
        restore::join(key)
    )
}

/// Holds the accounts against the tables' rows.
pub async fn ensure_counts(
    client: &impl GenericClient,
    schema: &str,
    table: &TableName,
) -> Result<()> {
    let known = ledger::accounts(client, schema, std::slice::from_ref(&table.name)).await?;
    let there = target::count(client, table).await?;
    for account in known {
        ensure!(
            account.loaded == there,
            "{table} holds {there} rows, and {} were loaded into it; somebody else wrote to it meanwhile, or a trigger did",
            account.loaded
        );
    }
    Ok(())
}
