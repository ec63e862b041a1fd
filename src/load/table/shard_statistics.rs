//! Statistics of a distributed table's shards, taken on their nodes.
//!
//! ANALYZE reads 30,000 rows of each shard, as many as of a whole table: of eight shards that took five times the CPU time of
//! one table's. So the shards share one table's sample, as long as each has a useful one.

use anyhow::{Context, Result};
use futures_util::future::try_join_all;
use tokio_postgres::{Client, GenericClient};

use crate::load::session::WorkerPool;
use crate::load::shards::{self, ShardGroup, ShardMap};
use crate::load::table::maintenance::Vacuum;
use crate::load::table::target::TargetTable;

/// The least statistics target of a shard, or the node's own where that is less: 7,500 rows are read, and histograms have 25
/// parts.
const LEAST_TARGET: usize = 25;

/// What has happened to shards since COPY FREEZE filled them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShardRows {
    /// Nobody has written to them: they hold the rows that COPY counted.
    Untouched,
    /// Somebody may have.
    Unknown,
}

/// The shards of a distributed table whose rows went through the coordinator; `None` where the table has none, its rows can't
/// be sorted here, or a node can't be reached.
pub async fn reachable(
    pool: WorkerPool<'_>,
    client: &impl GenericClient,
    target: &TargetTable,
) -> Result<Option<ShardMap>> {
    let Some(Ok(map)) = shards::read(client, target).await? else {
        return Ok(None);
    };
    for node in &map.nodes {
        match pool.connect_to(Some(node)).await {
            Ok(client) => pool.keep_of(Some(node.clone()), client),
            Err(_) => return Ok(None),
        }
    }
    Ok(Some(map))
}

/// Has each shard analysed, several at a time, and vacuumed: all of them, or after COPY FREEZE those with pages that aren't
/// known as visible to all.
pub async fn analyze(pool: WorkerPool<'_>, map: &ShardMap, vacuum: Vacuum) -> Result<ShardRows> {
    let groups = map.groups(pool.connections.div_ceil(map.nodes.len().max(1)));
    let analyzed = groups
        .iter()
        .map(|group| analyze_group(pool, map, group, vacuum));
    let analyzed = try_join_all(analyzed).await?;
    let untouched = analyzed.iter().all(|rows| *rows == ShardRows::Untouched);
    Ok(match untouched {
        true => ShardRows::Untouched,
        false => ShardRows::Unknown,
    })
}

async fn analyze_group(
    pool: WorkerPool<'_>,
    map: &ShardMap,
    group: &ShardGroup,
    vacuum: Vacuum,
) -> Result<ShardRows> {
    let node = &map.nodes[group.node];
    let client = pool.connect_to(Some(node)).await?;
    let target = format!(
        "SELECT set_config('default_statistics_target', greatest(least(own, {LEAST_TARGET}), own / {})::text, false)
        FROM current_setting('default_statistics_target') AS setting, CAST(setting AS int) AS own",
        map.shards.len()
    );
    client.batch_execute(&target).await?;
    let shards: Vec<&str> = map.names(group).collect();
    let names = shards.join(", ");
    let analyzed = client.batch_execute(&vacuum.statement(&names)).await;
    analyzed.with_context(|| format!("could not analyze {names}"))?;
    let rows = match vacuum {
        Vacuum::Nothing => vacuum_not_all_visible(&client, &shards).await?,
        Vacuum::Plain | Vacuum::Freeze => ShardRows::Unknown,
    };
    let reset = "RESET default_statistics_target";
    client.batch_execute(reset).await?;
    pool.keep_of(Some(node.clone()), client);
    Ok(rows)
}

/// Vacuums the shards whose visibility maps aren't whole.
async fn vacuum_not_all_visible(client: &Client, shards: &[&str]) -> Result<ShardRows> {
    let visibility = visibility(client, shards).await?;
    for shard in shards {
        if visibility
            .iter()
            .any(|it| it.shard == *shard && it.all_visible)
        {
            continue;
        }
        let vacuumed = client.batch_execute(&Vacuum::Plain.statement(shard)).await;
        vacuumed.with_context(|| format!("could not vacuum {shard}"))?;
    }
    let untouched = |shard: &&str| {
        let mut own = visibility.iter().filter(|it| it.shard == **shard);
        own.any(|it| it.all_visible && it.never_vacuumed)
    };
    Ok(match shards.iter().all(untouched) {
        true => ShardRows::Untouched,
        false => ShardRows::Unknown,
    })
}

/// What a node knows of a shard's visibility map.
#[derive(Debug, Clone, PartialEq, Eq)]
struct ShardVisibility {
    shard: String,
    /// Whether each page's all-visible bit is set.
    all_visible: bool,
    /// Whether only COPY FREEZE can have set the bits.
    never_vacuumed: bool,
}

/// As ANALYZE has just counted them. A shard that the node doesn't show is missing.
async fn visibility(client: &impl GenericClient, shards: &[&str]) -> Result<Vec<ShardVisibility>> {
    let could_not = "could not look up the pages of shards";
    // Else Citus hides the shards' tables in the catalog.
    client
        .batch_execute("SET citus.override_table_visibility = off")
        .await
        .context(could_not)?;
    let rows = client
        .query(include_str!("sql/shard_visibility.sql"), &[&shards])
        .await
        .context(could_not)?;
    let visibility = rows.iter().map(|row| {
        Ok(ShardVisibility {
            shard: row.try_get("shard")?,
            all_visible: row.try_get("all_visible")?,
            never_vacuumed: row.try_get("never_vacuumed")?,
        })
    });
    visibility.collect()
}
