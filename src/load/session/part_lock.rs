//! Advisory locks of parts: several are loaded at a time, each of them once, and no other command of seedrow beside them.
//!
//! Who begins the load, creates tables and drops constraints holds the lock of the database exclusively; who loads a part
//! shares it.

use anyhow::{Context, Result};
use tokio::time::Instant;
use tokio_postgres::Client;

use crate::dataset::Part;
use crate::load::at_work::{AtWork, GRACE, LOAD_LOCK, PART_LOCK, POLL, name_session};
use crate::load::session::advisory_lock::{PART_WORKER, wait_for_orphans, wait_while};
use crate::postgres::error::ErrorWithNotes;
use crate::postgres::{Server, locks};
use crate::progress::Progress;

/// How the lock of the database is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// Nobody else loads: the load may be begun.
    Exclusive,
    /// Others load their parts: the load that they began can be joined.
    Shared,
}

/// Acquires the lock of a part, and that of the database, exclusively where nobody else loads a part. Connections handed
/// out from now on share a lock of the part's workers.
///
/// Refuses a part that another seedrow loads, and one that another command excludes. Waits for one that begins the load,
/// and for the backends of a killed run.
pub async fn acquire(
    server: &Server,
    client: &Client,
    part: Part,
    command: &str,
    progress: &Progress,
) -> Result<Hold> {
    acquire_part(client, part).await?;
    name_session(client, command).await?;
    let hold = acquire_database(client).await?;
    let workers = PART_WORKER + i64::from(part.number);
    match hold {
        Hold::Exclusive => wait_for_orphans(client, progress).await?,
        Hold::Shared => {
            wait_while(progress, async || {
                locks::advisory_holders(client, workers).await
            })
            .await?;
        }
    }
    server.share_lock(workers);
    Ok(hold)
}

async fn acquire_part(client: &Client, part: Part) -> Result<()> {
    let key = PART_LOCK + i64::from(part.number);
    let deadline = Instant::now() + GRACE;
    while !ask(client, "SELECT pg_try_advisory_lock($1)", key).await? {
        if Instant::now() > deadline {
            let holders = locks::advisory_holders(client, key).await?;
            let mut notes: Vec<String> = holders.iter().map(|it| format!("by {it}")).collect();
            notes.push("run the command again when that has ended".to_owned());
            let message = format!("another seedrow loads part {part} into this database already");
            return Err(ErrorWithNotes::of(message, notes));
        }
        tokio::time::sleep(POLL).await;
    }
    Ok(())
}

async fn acquire_database(client: &Client) -> Result<Hold> {
    let deadline = Instant::now() + GRACE;
    loop {
        if ask(client, "SELECT pg_try_advisory_lock($1)", LOAD_LOCK).await? {
            return Ok(Hold::Exclusive);
        }
        if ask(client, "SELECT pg_try_advisory_lock_shared($1)", LOAD_LOCK).await? {
            return Ok(Hold::Shared);
        }
        match AtWork::find(client).await? {
            Some(other) if !other.loads_part && Instant::now() > deadline => {
                return Err(other.refusal());
            }
            // Another part begins the load, or the one that was at work has just ended.
            _ => tokio::time::sleep(POLL).await,
        }
    }
}

/// Shares the lock of the database that is held exclusively, so that other parts can be loaded.
pub async fn share(client: &Client) -> Result<()> {
    let context = || "could not share the advisory lock of this database".to_owned();
    client
        .query_one("SELECT pg_advisory_lock_shared($1)", &[&LOAD_LOCK])
        .await
        .with_context(context)?;
    client
        .query_one("SELECT pg_advisory_unlock($1)", &[&LOAD_LOCK])
        .await
        .with_context(context)?;
    Ok(())
}

async fn ask(client: &Client, sql: &str, key: i64) -> Result<bool> {
    let row = client
        .query_one(sql, &[&key])
        .await
        .context("could not acquire the advisory lock of this database")?;
    Ok(row.try_get(0)?)
}
