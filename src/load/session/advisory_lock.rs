//! One load at a time on a database, and none beside what a killed one left at work.
//!
//! A SIGKILL of seedrow leaves its backends at work: CREATE INDEX runs on and commits, and a second run collides with it.
//! So every connection of a load holds an advisory lock, which ends with its backend and with nothing else.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::time::Instant;
use tokio_postgres::Client;

use crate::postgres::Server;
use crate::postgres::locks::{self, Holder};
use crate::progress::Progress;

/// Held, by one, while a load runs.
const LOAD: i64 = 0x5EED_0000_0000_0001;

/// Held, shared, by each further connection of a load.
const WORK: i64 = 0x5EED_0000_0000_0002;

/// The connection of a run that was just interrupted ends within this.
const MOMENT: Duration = Duration::from_secs(1);

const PAUSE: Duration = Duration::from_millis(100);

/// How often it is said that a wait goes on.
const REMIND: Duration = Duration::from_secs(10);

/// Takes the turn for as long as `client` is open, and has the connections opened from now on share in it.
///
/// Refuses while another seedrow has it, and says who. Waits for what a killed one left at work, and says so.
pub async fn acquire(server: &Server, client: &Client, progress: &Progress) -> Result<()> {
    let deadline = Instant::now() + MOMENT;
    while !try_lock(client).await? {
        if Instant::now() > deadline {
            let holders = locks::advisory_holders(client, LOAD).await?;
            bail!(
                "another seedrow is at work in this database: {}; type the command again when it is done",
                shown(&holders)
            );
        }
        tokio::time::sleep(PAUSE).await;
    }
    wait_for_orphans(client, progress).await?;
    server.share_lock(WORK);
    Ok(())
}

async fn try_lock(client: &Client) -> Result<bool> {
    let row = client
        .query_one("SELECT pg_try_advisory_lock($1)", &[&LOAD])
        .await
        .context("could not take the lock of this database")?;
    Ok(row.try_get(0)?)
}

async fn wait_for_orphans(client: &Client, progress: &Progress) -> Result<()> {
    let mut said: Option<Instant> = None;
    loop {
        let orphans = locks::advisory_holders(client, WORK).await?;
        if orphans.is_empty() {
            return Ok(());
        }
        if said.is_none_or(|at| at.elapsed() > REMIND) {
            progress.say(format!(
                "load: waiting for what an earlier, killed run left at work: {}",
                shown(&orphans)
            ));
            said = Some(Instant::now());
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn shown(holders: &[Holder]) -> String {
    let shown: Vec<String> = holders.iter().map(ToString::to_string).collect();
    shown.join("; ")
}
