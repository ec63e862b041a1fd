//! Statistics of a partitioned table and of its partitions, which share one table's sample.
//!
//! ANALYZE of a partitioned table reads 30,000 rows of it and as many of each partition: of 26.7 million rows in 8 partitions a
//! table that took 5.8 CPU seconds, without partitions 1.0.

use anyhow::{Context, Result};
use tokio_postgres::Client;

use crate::load::partitions::Partitions;
use crate::load::session::WorkerPool;
use crate::load::table::maintenance::{OWN_TARGET, shared_target};
use crate::postgres::TableName;

/// Gathers the statistics of a table on `client`, and those of its partitions on a connection of the pool.
///
/// While that one has the partitions locked as ANALYZE locks them, ANALYZE of the table skips them. Versions before 18 know no
/// ANALYZE ONLY.
pub async fn analyze(
    pool: WorkerPool<'_>,
    client: &Client,
    table: &TableName,
    partitions: &Partitions,
) -> Result<()> {
    let leaves: Vec<String> = partitions.leaves().map(|it| it.name.to_string()).collect();
    let mut other = pool.connect().await?;
    other.batch_execute(&shared_target(leaves.len())).await?;
    let transaction = other.transaction().await?;
    let leaves = leaves.join(", ");
    transaction
        .batch_execute(&format!(
            "LOCK TABLE {leaves} IN SHARE UPDATE EXCLUSIVE MODE"
        ))
        .await
        .with_context(|| format!("could not lock partitions of {table}"))?;
    let whole = format!(
        "BEGIN; SET LOCAL client_min_messages = error; LOCK TABLE ONLY {table} IN SHARE UPDATE EXCLUSIVE MODE; \
         ANALYZE (SKIP_LOCKED) {table}; COMMIT"
    );
    client
        .batch_execute(&whole)
        .await
        .with_context(|| format!("could not analyze {table}"))?;
    transaction
        .batch_execute(&format!("ANALYZE {leaves}"))
        .await
        .with_context(|| format!("could not analyze partitions of {table}"))?;
    transaction.commit().await?;
    other.batch_execute(OWN_TARGET).await?;
    pool.keep(other);
    Ok(())
}
