//! Advisory locks: one load at a time on a database, and none beside the backends that a killed one left running.
//!
//! A SIGKILL of seedrow leaves its backends running: CREATE INDEX goes on and commits, and a second run collides with it.
//! So every connection of a load holds an advisory lock, which is released when its backend ends and not before.

use std::time::Duration;

use anyhow::{Context, Result};
use tokio::time::Instant;
use tokio_postgres::Client;

use crate::load::at_work::{AtWork, GRACE, LOAD_LOCK, POLL, name_session};
use crate::postgres::Server;
use crate::postgres::locks::{self, Holder};
use crate::progress::Progress;

/// Held, shared, by each further connection of a load.
const WORKER: i64 = 0x5EED_0000_0000_0002;

/// With a part's number added, held, shared, by each further connection that loads the part.
pub const PART_WORKER: i64 = 0x5EED_0002_0000_0000;

/// How often a wait is reported.
const REPORT_EVERY: Duration = Duration::from_secs(10);

/// Acquires the lock of the database until it is released or `client` closed; connections handed out from now on share the workers'
/// lock.
///
/// Refuses while another seedrow holds it, and names that one. Waits for the backends of a killed run, and reports it. The
/// session is named after `command`, for those whom it refuses.
pub async fn acquire(
    server: &Server,
    client: &Client,
    command: &str,
    progress: &Progress,
) -> Result<()> {
    let deadline = Instant::now() + GRACE;
    while !try_lock(client).await? {
        if Instant::now() > deadline
            && let Some(other) = AtWork::find(client).await?
        {
            return Err(other.refusal());
        }
        tokio::time::sleep(POLL).await;
    }
    name_session(client, command).await?;
    wait_for_orphans(client, progress).await?;
    server.share_lock(WORKER);
    Ok(())
}

/// Releases the lock, for the next load.
pub async fn release(client: &Client) -> Result<()> {
    client
        .query_one("SELECT pg_advisory_unlock($1)", &[&LOAD_LOCK])
        .await
        .context("could not release the advisory lock of this database")?;
    Ok(())
}

async fn try_lock(client: &Client) -> Result<bool> {
    let row = client
        .query_one("SELECT pg_try_advisory_lock($1)", &[&LOAD_LOCK])
        .await
        .context("could not acquire the advisory lock of this database")?;
    Ok(row.try_get(0)?)
}

/// Waits for the backends of killed runs: of one that loaded all, and of those that loaded parts.
pub async fn wait_for_orphans(client: &Client, progress: &Progress) -> Result<()> {
    wait_while(progress, async || {
        let mut orphans = locks::advisory_holders(client, WORKER).await?;
        orphans.extend(locks::advisory_holders_of_half(client, PART_WORKER).await?);
        Ok(orphans)
    })
    .await
}

/// Waits while there are backends of an earlier, killed run.
pub async fn wait_while(
    progress: &Progress,
    orphans: impl AsyncFn() -> Result<Vec<Holder>>,
) -> Result<()> {
    let mut reported: Option<Instant> = None;
    loop {
        let orphans = orphans().await?;
        if orphans.is_empty() {
            return Ok(());
        }
        if reported.is_none_or(|at| at.elapsed() > REPORT_EVERY) {
            progress.note(format!(
                "load: waiting for the backends of an earlier, killed run: {}",
                list(&orphans)
            ));
            reported = Some(Instant::now());
        }
        tokio::time::sleep(POLL).await;
    }
}

fn list(holders: &[Holder]) -> String {
    let holders: Vec<String> = holders.iter().map(ToString::to_string).collect();
    holders.join("; ")
}
