//! Validating restored foreign keys, with the join that is fastest for each.

use anyhow::{Context, Result};
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use crate::load::constraints::broken::not_valid;
use crate::load::ledger;
use crate::postgres::catalog::{self, ForeignKey, KeyColumn};
use crate::postgres::name::quoted;

/// Validates a foreign key. One that rows violate is left NOT VALID, as the ledger has it.
pub async fn validate(client: &mut Client, key: &ForeignKey) -> Result<()> {
    let join = choose_join(client, key).await?;
    let transaction = client.transaction().await?;
    transaction.batch_execute(join.settings()).await?;
    let statement = format!(
        "ALTER TABLE {} VALIDATE CONSTRAINT {}",
        key.table,
        quoted(&key.name)
    );
    match transaction.batch_execute(&statement).await {
        Ok(()) => {
            ledger::set_validated(&transaction, &key.table, &key.name, true).await?;
            transaction.commit().await?;
            Ok(())
        }
        Err(error) if error.code() == Some(&SqlState::FOREIGN_KEY_VIOLATION) => Ok(()),
        Err(error) => {
            Err(error).with_context(|| format!("could not validate {} of {}", key.name, key.table))
        }
    }
}

/// How rows are joined to those that they reference.
///
/// PostgreSQL validates in one process and prefers a hash join, whose table doesn't fit into the processor's cache.
/// For 11.3 M skus and 2.0 M styles that took 2.9 s, sorting first 2.2 s, an index on either side 1.1 s; for 4.5 M
/// unordered related products 2.3, 1.2 and 0.5 s (PostgreSQL 15).
enum JoinMethod {
    /// A merge of two index scans.
    Indexes,
    /// A merge after sorting.
    Sort,
    /// Whatever the planner prefers.
    Planner,
}

impl JoinMethod {
    fn settings(&self) -> &'static str {
        match self {
            JoinMethod::Indexes => "SET LOCAL enable_hashjoin = off; SET LOCAL enable_sort = off",
            JoinMethod::Sort => "SET LOCAL enable_hashjoin = off",
            JoinMethod::Planner => "",
        }
    }
}

/// Bytes of memory to sort one row.
const SORT_BYTES_PER_ROW: f64 = 48.0;

async fn choose_join(client: &Client, key: &ForeignKey) -> Result<JoinMethod> {
    if is_indexed(client, key).await? {
        return Ok(JoinMethod::Indexes);
    }
    // Only whole numbers were measured; a sort that spills to disk would be no gain.
    let numbers: Vec<i16> = key.columns.iter().map(|column| column.number).collect();
    let sql = "SELECT bool_and(a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype)),
            max(t.reltuples)::float8,
            max(pg_size_bytes(current_setting('maintenance_work_mem')))::float8
        FROM pg_attribute AS a
        JOIN pg_class AS t ON t.oid = a.attrelid
        WHERE t.oid = $1 AND a.attnum = ANY ($2)";
    let row = client
        .query_one(sql, &[&key.table_oid, &numbers])
        .await
        .with_context(|| format!("could not look up the columns of {}", key.name))?;
    let (whole_numbers, rows, memory): (bool, f64, f64) =
        (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    Ok(match whole_numbers && rows * SORT_BYTES_PER_ROW < memory {
        true => JoinMethod::Sort,
        false => JoinMethod::Planner,
    })
}

/// Whether a b-tree index of the referencing table, one without a predicate, leads with the key's columns. The referenced
/// columns always have one.
async fn is_indexed(client: &Client, key: &ForeignKey) -> Result<bool> {
    let numbers = |columns: &[KeyColumn]| {
        let mut numbers: Vec<i16> = columns.iter().map(|column| column.number).collect();
        numbers.sort_unstable();
        numbers
    };
    let wanted = numbers(&key.columns);
    let leads = |mut first: Vec<i16>| {
        first.truncate(wanted.len());
        first.sort_unstable();
        first == wanted
    };
    let keys = catalog::btree_keys(client, key.table_oid).await?;
    Ok(keys.into_iter().any(leads))
}

/// The foreign keys of the tables that were valid before they were dropped and are NOT VALID now, after this load or an
/// earlier one.
pub async fn awaiting_validation(client: &Client, tables: &[u32]) -> Result<Vec<ForeignKey>> {
    let recorded = ledger::not_validated(client).await?;
    if recorded.is_empty() {
        return Ok(Vec::new());
    }
    let is_recorded = |key: &ForeignKey| {
        recorded
            .iter()
            .any(|(table, name)| *table == key.table && *name == key.name)
    };
    let mut keys = not_valid(client, tables).await?;
    keys.retain(is_recorded);
    Ok(keys)
}
