//! Statistics of the shards that rows went straight to, taken on their nodes.
//!
//! ANALYZE reads 30,000 rows of each shard, as many as of a whole table: of eight shards that took five times the CPU time of
//! one table's. So the shards share one table's sample, as long as each has a useful one.

use anyhow::{Context, Result};
use futures_util::future::try_join_all;

use crate::load::session::WorkerPool;
use crate::load::shards::{ShardGroup, ShardMap};

/// The least statistics target of a shard, or the node's own where that is less: 7,500 rows are read, and histograms have 25
/// parts.
const LEAST_TARGET: usize = 25;

/// Has each shard vacuumed and analysed, several at a time.
pub async fn analyze(pool: WorkerPool<'_>, map: &ShardMap) -> Result<()> {
    let groups = map.groups(pool.connections.div_ceil(map.nodes.len().max(1)));
    try_join_all(groups.iter().map(|group| analyze_group(pool, map, group))).await?;
    Ok(())
}

async fn analyze_group(pool: WorkerPool<'_>, map: &ShardMap, group: &ShardGroup) -> Result<()> {
    let node = &map.nodes[group.node];
    let client = pool.connect_to(Some(node)).await?;
    let target = format!(
        "SELECT set_config('default_statistics_target', greatest(least(own, {LEAST_TARGET}), own / {})::text, false)
        FROM current_setting('default_statistics_target') AS setting, CAST(setting AS int) AS own",
        map.shards.len()
    );
    client.batch_execute(&target).await?;
    for shard in map.names(group) {
        let vacuum = format!("VACUUM (ANALYZE) {shard}");
        let analyzed = client.batch_execute(&vacuum).await;
        analyzed.with_context(|| format!("could not analyze {shard}"))?;
    }
    let reset = "RESET default_statistics_target";
    client.batch_execute(reset).await?;
    pool.keep_of(Some(node.clone()), client);
    Ok(())
}
