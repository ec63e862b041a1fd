//! Another seedrow that loads into this database: which command was typed, and since when.
//!
//! A load holds an advisory lock from its beginning to its end; one of a part, which others may load beside, shared. The
//! session that holds it has the command as its
//! `application_name`, as far as that goes: everybody may read it. The ledger has the whole of it.

use std::time::Duration;

use anyhow::{Context, Error, Result};
use tokio::time::Instant;
use tokio_postgres::GenericClient;

use crate::postgres::Server;
use crate::postgres::error::ErrorWithNotes;
use crate::postgres::locks;

/// The advisory lock that is held while a load runs: exclusively, or shared by those that load a part each.
pub const LOAD_LOCK: i64 = 0x5EED_0000_0000_0001;

/// With a part's number added, the advisory lock that is held exclusively while the part is loaded.
pub const PART_LOCK: i64 = 0x5EED_0001_0000_0000;

/// How long the connection of a run that was just interrupted may take to end.
pub const GRACE: Duration = Duration::from_secs(1);

/// How often a lock that is held is tried again.
pub const POLL: Duration = Duration::from_millis(100);

/// Bytes of an `application_name` that Postgres keeps.
const NAME_BYTES: usize = 63;

/// The end of a name that doesn't hold the whole command.
const CUT: &str = "...";

/// The name that a session has which nobody named.
const UNNAMED: &str = "seedrow";

/// A seedrow that loads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AtWork {
    pid: i32,
    role: Option<String>,
    address: Option<String>,
    /// The session's `application_name`: the beginning of the command, unless the session was named.
    name: String,
    /// The command of the ledger's unfinished load.
    command: Option<String>,
    /// `2026-11-27 14:03:12 UTC, 2 min ago`.
    since: Option<String>,
    /// Whether it loads a part.
    pub loads_part: bool,
    /// How many more there are: those that load other parts.
    more: usize,
}

impl AtWork {
    /// The seedrow that loads into this database, where there is one, the oldest of several; not `client`'s own.
    pub async fn find(client: &impl GenericClient) -> Result<Option<AtWork>> {
        let sql = include_str!("sql/at_work.sql");
        let (high, low) = locks::halves(LOAD_LOCK);
        let (of_parts, _) = locks::halves(PART_LOCK);
        let rows = client.query(sql, &[&high, &low, &of_parts]).await;
        let rows = rows.context("could not look for another seedrow at work")?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let ledger: bool = row.try_get("ledger")?;
        let command = match ledger {
            true => client
                .query_opt(
                    "SELECT command FROM seedrow.loads WHERE finished_at IS NULL ORDER BY started_at DESC LIMIT 1",
                    &[],
                )
                .await?
                .map(|row| row.try_get(0))
                .transpose()?,
            false => None,
        };
        Ok(Some(AtWork {
            pid: row.try_get("pid")?,
            role: row.try_get("role")?,
            address: row.try_get("address")?,
            name: row.try_get("application")?,
            command,
            since: row.try_get("since")?,
            loads_part: row.try_get("part")?,
            more: rows.len() - 1,
        }))
    }

    /// The command that was typed, as far as it is known.
    fn typed(&self) -> Option<&str> {
        let whole = self.command.as_deref();
        match self.name.strip_suffix(CUT) {
            Some(beginning) => {
                let whole = whole.filter(|it| it.starts_with(beginning));
                Some(whole.unwrap_or(&self.name))
            }
            None if self.name.starts_with("seedrow ") => Some(&self.name),
            None => whole,
        }
    }

    /// The error of a command that can't go on beside it.
    pub fn refusal(&self) -> Error {
        let since = self.since.as_ref().map(|it| format!(" since {it}"));
        let typed = self.typed().map(|it| format!(": {it}"));
        let from = self.address.as_ref().map(|it| format!(" from {it}"));
        let role = self.role.as_ref().map(|it| format!(", role {it}"));
        let more = match self.more {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let message = format!(
            "another seedrow is at work on this database{}{}{more}",
            since.unwrap_or_default(),
            typed.unwrap_or_default()
        );
        let session = format!(
            "its session is pid {}{}{}",
            self.pid,
            role.unwrap_or_default(),
            from.unwrap_or_default()
        );
        let next = "run the command again when it has finished".to_owned();
        ErrorWithNotes::of(message, vec![session, next])
    }
}

/// Refuses while another seedrow loads into the database. One that was just interrupted may take a moment to end.
pub async fn ensure_alone(server: &Server) -> Result<()> {
    let client = server.connect().await?;
    let deadline = Instant::now() + GRACE;
    while let Some(other) = AtWork::find(&client).await? {
        if Instant::now() > deadline {
            return Err(other.refusal());
        }
        tokio::time::sleep(POLL).await;
    }
    server.keep(client);
    Ok(())
}

/// Names the session after the command, unless it was named with `application_name`.
pub async fn name_session(client: &impl GenericClient, command: &str) -> Result<()> {
    let sql = "SELECT set_config('application_name', $1, false) WHERE current_setting('application_name') = $2";
    let named = client.query(sql, &[&shortened(command), &UNNAMED]).await;
    named.context("could not name the session")?;
    Ok(())
}

/// As much of a text as a name holds: Postgres replaces what isn't ASCII, and how depends on its version.
fn shortened(command: &str) -> String {
    if command.is_ascii() && command.len() <= NAME_BYTES {
        return command.to_owned();
    }
    let plain = command.chars().take_while(char::is_ascii);
    let beginning: String = plain.take(NAME_BYTES - CUT.len()).collect();
    format!("{beginning}{CUT}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn other(name: &str, command: Option<&str>) -> AtWork {
        AtWork {
            pid: 7,
            role: Some("app".into()),
            address: None,
            name: name.into(),
            command: command.map(str::to_owned),
            since: Some("2026-11-27 14:03:12 UTC, 2 min ago".into()),
            loads_part: false,
            more: 0,
        }
    }

    #[test]
    fn the_command_is_the_name_s_or_where_that_is_cut_the_ledger_s() {
        let long = format!("seedrow run --rows 1M --dataset {}.toml", "x".repeat(60));
        let cases = [
            ("seedrow run", None, Some("seedrow run")),
            ("seedrow run", Some("seedrow load d"), Some("seedrow run")),
            (&shortened(&long), Some(long.as_str()), Some(long.as_str())),
            ("till", Some("seedrow load d"), Some("seedrow load d")),
            ("till", None, None),
        ];
        for (name, command, typed) in cases {
            assert_eq!(other(name, command).typed(), typed, "{name} {command:?}");
        }
        assert!(shortened(&long).len() <= NAME_BYTES);
    }

    #[test]
    fn the_refusal_names_the_command_and_the_session() {
        let error = other("seedrow run --rows 1M", None).refusal();
        assert_eq!(
            error.to_string(),
            "another seedrow is at work on this database since 2026-11-27 14:03:12 UTC, 2 min ago: seedrow run --rows 1M"
        );
    }
}
