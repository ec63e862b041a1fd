//! After the rows: keys put back, sequences moved on, statistics taken, foreign keys validated.

use anyhow::{Context, Error, Result, anyhow};
use tokio_postgres::error::{DbError, SqlState};
use tokio_postgres::{Client, GenericClient};

use crate::load::constraints::drop as lift;
use crate::load::constraints::orphans as removal;
use crate::load::ledger::{self, Lifted};
use crate::load::policy::Duplicates;
use crate::load::table::load::TableLoad;
use crate::load::table::target::Target;
use crate::postgres::TableName;
use crate::postgres::catalog::{self, ForeignKey, Index, KeyColumn, Scope};
use crate::postgres::name::quoted;
use crate::progress::grouped;

/// A foreign key that rows break: it stays NOT VALID.
#[derive(Debug, Clone, PartialEq)]
pub struct BrokenKey {
    /// The constraint.
    pub name: String,
    /// Its table.
    pub table: TableName,
    /// Its columns.
    pub columns: Vec<String>,
    /// The table it refers to.
    pub referenced: TableName,
    /// Rows that refer to a row that isn't there.
    pub rows: u64,
    /// Some of those rows, as JSON.
    pub samples: Vec<String>,
}

impl BrokenKey {
    /// In words.
    pub fn told(&self) -> String {
        let (rows, refer) = match self.rows {
            1 => ("row", "refers to a row"),
            _ => ("rows", "refer to rows"),
        };
        format!(
            "{}: {} {rows} of {} {refer} that {} lacks ({})",
            self.name,
            grouped(self.rows),
            self.table,
            self.referenced,
            self.columns.join(", ")
        )
    }
}

/// How many broken rows or duplicates are shown.
const SHOWN: i64 = 5;

/// Puts a key or another index back; rows that stand against a unique one are rejected, or named. A key's duplicates are
/// named even where they come from no file, an index's are then in the server's own words.
pub async fn key(
    client: &mut Client,
    load: &TableLoad<'_>,
    lifted: &Lifted,
    policy: Duplicates,
) -> Result<()> {
    let Err(mut error) = lift::restore(client, lifted).await else {
        return Ok(());
    };
    let is_unique = |error: &Error| sql_state(error) == Some(SqlState::UNIQUE_VIOLATION);
    if is_unique(&error)
        && removal::duplicates(client, load, lifted, policy)
            .await?
            .is_some()
    {
        match lift::restore(client, lifted).await {
            Ok(()) => return Ok(()),
            Err(again) => error = again,
        }
    }
    if !is_unique(&error) || lifted.is_plain_index() {
        return Err(error.context(format!(
            "could not put {} back on {}",
            lifted.name, lifted.table
        )));
    }
    let duplicates = duplicates(client, lifted)
        .await
        .with_context(|| format!("{} has duplicates on {}", lifted.name, lifted.table))?;
    Err(anyhow!(
        "{} cannot be built on {}: {} stands against duplicates: {}",
        lifted.name,
        lifted.table,
        lifted.definition,
        duplicates.join(", ")
    ))
}

fn sql_state(error: &Error) -> Option<SqlState> {
    error
        .chain()
        .find_map(|cause| Some(cause.downcast_ref::<DbError>()?.code().clone()))
}

/// The values that stand more than once, with how often: `5 (2 times)`.
async fn duplicates(client: &impl GenericClient, lifted: &Lifted) -> Result<Vec<String>> {
    // The definition's first parenthesis holds the columns, quoted as they must be.
    let columns = lifted
        .definition
        .split_once('(')
        .and_then(|(_, rest)| rest.split_once(')'))
        .map(|(list, _)| list);
    let columns = columns.context("the key's definition names no columns")?;
    let sql = format!(
        "SELECT concat_ws(', ', {columns}) || ' (' || count(*) || ' times)'
        FROM {}
        WHERE ({columns}) IS NOT NULL
        GROUP BY {columns}
        HAVING count(*) > 1
        ORDER BY count(*) DESC, {columns}
        LIMIT {SHOWN}",
        lifted.table
    );
    let rows = client.query(&sql, &[]).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Adds a foreign key NOT VALID, which reads no row.
pub async fn foreign_key(client: &mut Client, lifted: &Lifted) -> Result<()> {
    lift::restore(client, lifted)
        .await
        .with_context(|| format!("could not put {} back on {}", lifted.name, lifted.table))
}

/// Validates a foreign key; one that rows break is left NOT VALID, as the ledger notes it.
pub async fn validate(client: &mut Client, key: &ForeignKey) -> Result<()> {
    let join = cheapest_join(client, key).await?;
    let transaction = client.transaction().await?;
    transaction.batch_execute(join.settings()).await?;
    let statement = format!(
        "ALTER TABLE {} VALIDATE CONSTRAINT {}",
        key.table,
        quoted(&key.name)
    );
    match transaction.batch_execute(&statement).await {
        Ok(()) => {
            ledger::note_validated(&transaction, &key.table, &key.name, true).await?;
            transaction.commit().await?;
            Ok(())
        }
        Err(error) if error.code() == Some(&SqlState::FOREIGN_KEY_VIOLATION) => Ok(()),
        Err(error) => {
            Err(error).with_context(|| format!("could not validate {} of {}", key.name, key.table))
        }
    }
}

/// How rows are joined to those they refer to.
///
/// PostgreSQL validates in one process and prefers a hash join, whose table doesn't fit into the processor's cache.
/// 11.3 M skus against 2.0 M styles took it 2.9 s, sorting them first 2.2 s, and with an index on either side 1.1 s;
/// 4.5 M related products in no order 2.3, 1.2 and 0.5 s (PostgreSQL 15).
enum Join {
    ByIndexes,
    BySorting,
    AsPlanned,
}

impl Join {
    fn settings(&self) -> &'static str {
        match self {
            Join::ByIndexes => "SET LOCAL enable_hashjoin = off; SET LOCAL enable_sort = off",
            Join::BySorting => "SET LOCAL enable_hashjoin = off",
            Join::AsPlanned => "",
        }
    }
}

/// A row's share of the memory it is sorted in.
const SORTED_ROW: f64 = 48.0;

async fn cheapest_join(client: &Client, key: &ForeignKey) -> Result<Join> {
    if is_indexed(client, key).await? {
        return Ok(Join::ByIndexes);
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
    Ok(match whole_numbers && rows * SORTED_ROW < memory {
        true => Join::BySorting,
        false => Join::AsPlanned,
    })
}

/// Whether a whole b-tree index of the referring table leads with the key's columns. The referenced ones have theirs.
async fn is_indexed(client: &Client, key: &ForeignKey) -> Result<bool> {
    let numbers = |columns: &[KeyColumn]| {
        let mut numbers: Vec<i16> = columns.iter().map(|column| column.number).collect();
        numbers.sort_unstable();
        numbers
    };
    let wanted = numbers(&key.columns);
    let leads = |index: &Index| {
        let mut first: Vec<i16> = index.key_columns.clone();
        first.truncate(wanted.len());
        first.sort_unstable();
        index.valid && index.method == "btree" && index.predicate.is_none() && first == wanted
    };
    let indexes = catalog::indexes(client, Scope::Tables(&[key.table_oid])).await?;
    Ok(indexes.iter().any(leads))
}

/// The foreign keys of the tables that are NOT VALID because rows break them.
pub async fn broken_keys(client: &Client, tables: &[u32]) -> Result<Vec<BrokenKey>> {
    let mut found = Vec::new();
    for key in not_valid(client, tables).await? {
        let key = broken(client, &key).await?;
        if key.rows > 0 {
            found.push(key);
        }
    }
    Ok(found)
}

/// What joins a row `c` to the row `p` that it refers to.
pub fn join(key: &ForeignKey) -> String {
    let pairs = key.columns.iter().zip(&key.referenced_columns);
    let pair = |(column, referenced): (&KeyColumn, &KeyColumn)| {
        format!(
            "c.{} = p.{}",
            quoted(&column.name),
            quoted(&referenced.name)
        )
    };
    pairs.map(pair).collect::<Vec<_>>().join(" AND ")
}

/// Counts and samples the rows that break a foreign key.
async fn broken(client: &Client, key: &ForeignKey) -> Result<BrokenKey> {
    let columns = key.column_names();
    let set: Vec<String> = columns
        .iter()
        .map(|column| format!("c.{} IS NOT NULL", quoted(column)))
        .collect();
    let orphans = format!(
        "FROM {} AS c WHERE {} AND NOT EXISTS (SELECT FROM {} AS p WHERE {})",
        key.table,
        set.join(" AND "),
        key.referenced,
        join(key)
    );
    let context = || format!("could not count the rows that break {}", key.name);
    let rows = client
        .query_one(&format!("SELECT count(*) {orphans}"), &[])
        .await
        .with_context(context)?;
    let sample = format!("SELECT to_jsonb(c)::text {orphans} LIMIT {SHOWN}");
    let samples = client.query(&sample, &[]).await.with_context(context)?;
    Ok(BrokenKey {
        name: key.name.clone(),
        table: key.table.clone(),
        columns: columns.into_iter().map(str::to_owned).collect(),
        referenced: key.referenced.clone(),
        rows: rows.try_get::<_, i64>(0)?.try_into()?,
        samples: samples
            .iter()
            .map(|row| Ok(row.try_get(0)?))
            .collect::<Result<_>>()?,
    })
}

/// The foreign keys of the tables that are NOT VALID.
pub async fn not_valid(client: &Client, tables: &[u32]) -> Result<Vec<ForeignKey>> {
    let keys = catalog::foreign_keys(client, Scope::Tables(tables)).await?;
    Ok(keys.into_iter().filter(|key| !key.validated).collect())
}

/// The foreign keys of the tables that came back NOT VALID and were valid before, or that an earlier load left so.
pub async fn awaiting_validation(client: &Client, tables: &[u32]) -> Result<Vec<ForeignKey>> {
    let noted = ledger::unvalidated(client).await?;
    let is_noted = |key: &ForeignKey| {
        noted
            .iter()
            .any(|(table, name)| *table == key.table && *name == key.name)
    };
    let mut keys = not_valid(client, tables).await?;
    keys.retain(is_noted);
    Ok(keys)
}

/// Moves the sequences of the table's columns past their largest value, so that the next INSERT finds a free one.
pub async fn sequences(client: &Client, target: &Target) -> Result<()> {
    for column in &target.columns {
        let table = target.name.to_string();
        let owned = client
            .query_one(
                "SELECT pg_get_serial_sequence($1, $2)",
                &[&table, &column.name],
            )
            .await
            .with_context(|| {
                format!("could not look up the sequence of {table}.{}", column.name)
            })?;
        let Some(sequence) = owned.try_get::<_, Option<String>>(0)? else {
            continue;
        };
        // Ids from 0 or below leave the sequence at its start, which setval would refuse.
        let sql = format!(
            "SELECT setval(s.seqrelid::regclass, ids.last)
            FROM (SELECT max({})::int8 AS last FROM {table}) AS ids
            JOIN pg_sequence AS s ON s.seqrelid = $1::text::regclass
            WHERE ids.last BETWEEN s.seqmin AND s.seqmax",
            quoted(&column.name)
        );
        client
            .query(&sql, &[&sequence])
            .await
            .with_context(|| format!("could not set {sequence} to its table's last id"))?;
    }
    Ok(())
}

/// Takes the table's statistics; with the visibility map where FREEZE did not set it.
pub async fn statistics(client: &Client, table: &TableName, frozen: bool) -> Result<()> {
    let statement = if frozen {
        format!("ANALYZE {table}")
    } else {
        format!("VACUUM (ANALYZE) {table}")
    };
    client
        .batch_execute(&statement)
        .await
        .with_context(|| format!("could not take the statistics of {table}"))
}
