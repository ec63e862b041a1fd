//! How large a load's tables will be: from its rows, and from the keys and indexes that they have, are missing for a while, or
//! get from the hook.

use std::collections::HashMap;

use anyhow::{Context, Result};
use tokio_postgres::GenericClient;

use crate::load::config::Load;
use crate::load::ledger;
use crate::load::post_load_hook::PostLoadHook;
use crate::load::source::input::Input;
use crate::load::table::size::{ExpectedTable, Filled, WalLevel};
use crate::load::table::target::TargetTable;
use crate::postgres::CommitUnit;

/// How many keys and other indexes a table has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Indexes {
    keys: u64,
    others: u64,
}

/// The tables to come, in load order; the hook has planned its work.
pub async fn expected_tables<H: PostLoadHook>(
    client: &impl GenericClient,
    load: &Load<'_>,
    input: &Input,
    targets: &[TargetTable],
    hook: &H,
) -> Result<Vec<ExpectedTable>> {
    let indexes = indexes_of(client, targets).await?;
    let missing = missing_indexes(client, load, &indexes).await?;
    let server = load.server.capabilities();
    let table = |target: &TargetTable| {
        let source = input.tables.iter().find(|it| it.table == target.table);
        let there = indexes.get(&target.name.name).copied().unwrap_or_default();
        let missing = missing.get(&target.name.name).copied().unwrap_or_default();
        ExpectedTable {
            rows: source.and_then(|it| it.rows).unwrap_or(0),
            csv_bytes: source.map_or(0, |it| it.bytes),
            keys: there.keys + missing.keys,
            others: there.others + missing.others + hook.tasks(&target.name).len() as u64,
            filled: match load.commit.unwrap_or(server.commit_unit) {
                _ if !server.freeze || !target.takes_freeze() || load.policy.append => {
                    Filled::Later
                }
                CommitUnit::Table => Filled::AtOnce,
                CommitUnit::Segment => Filled::InSegments,
            },
        }
    };
    Ok(targets.iter().map(table).collect())
}

/// The indexes that the tables have now.
async fn indexes_of(
    client: &impl GenericClient,
    targets: &[TargetTable],
) -> Result<HashMap<String, Indexes>> {
    let sql = "SELECT
            indrelid, count(*) FILTER (WHERE indisunique), count(*) FILTER (WHERE NOT indisunique)
        FROM pg_index
        WHERE indrelid = ANY ($1)
        GROUP BY indrelid";
    let oids: Vec<u32> = targets.iter().map(|target| target.oid).collect();
    let rows = client.query(sql, &[&oids]).await;
    let mut found = HashMap::new();
    for row in rows.context("could not read the tables' indexes")? {
        let oid: u32 = row.try_get(0)?;
        let count = |at: usize| -> Result<u64> { Ok(row.try_get::<_, i64>(at)?.try_into()?) };
        let indexes = Indexes {
            keys: count(1)?,
            others: count(2)?,
        };
        let named = targets.iter().find(|target| target.oid == oid);
        found.extend(named.map(|target| (target.name.name.clone(), indexes)));
    }
    Ok(found)
}

/// What an unfinished load, which this one replaces, dropped from the tables and this one restores; an index for each foreign
/// key, which the hook doesn't see, among it.
async fn missing_indexes(
    client: &impl GenericClient,
    load: &Load<'_>,
    there: &HashMap<String, Indexes>,
) -> Result<HashMap<String, Indexes>> {
    if !ledger::exists(client).await? {
        return Ok(HashMap::new());
    }
    let schema = load.schema(client).await?;
    let mut missing: HashMap<String, Indexes> = HashMap::new();
    let mut foreign: HashMap<String, u64> = HashMap::new();
    for dropped in ledger::dropped(client, &schema).await? {
        let name = dropped.table.name.clone();
        let entry = missing.entry(name.clone()).or_default();
        match (dropped.is_foreign(), dropped.is_plain_index()) {
            (true, _) => *foreign.entry(name).or_default() += 1,
            (false, true) => entry.others += 1,
            (false, false) => entry.keys += 1,
        }
    }
    for (name, keys) in foreign {
        let entry = missing.entry(name.clone()).or_default();
        let known = entry.others + there.get(&name).map_or(0, |it| it.others);
        entry.others += keys.saturating_sub(known);
    }
    Ok(missing)
}

/// What the server logs.
pub async fn wal_level(client: &impl GenericClient) -> Result<WalLevel> {
    // Before version 13 nothing of such a file was logged.
    let sql = "SELECT
        current_setting('wal_level'),
        COALESCE((SELECT setting::int8 * 1024 FROM pg_settings WHERE name = 'wal_skip_threshold'), 0)";
    let row = client.query_typed_one(sql, &[]).await;
    let row = row.context("could not read the server's settings")?;
    let (level, threshold): (String, i64) = (row.try_get(0)?, row.try_get(1)?);
    Ok(match level.as_str() {
        "minimal" => WalLevel::Minimal(threshold.try_into()?),
        _ => WalLevel::Full,
    })
}
