//! The server's settings that mattered to a load, and those that would have made it faster.

use anyhow::{Context, Result};
use tokio_postgres::{Client, Row};

use crate::postgres::Server;

const MIB: u64 = 1 << 20;

/// From this version on, checkpoints are counted in a view of their own.
const CHECKPOINTER: i32 = 170_000;

/// A setting as the load saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its name.
    pub name: String,
    /// Its value in the load's sessions.
    pub value: String,
    /// Whether the load set it, for its own sessions alone.
    pub ours: bool,
}

/// What the server's log and checkpoints have come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Mark {
    /// Bytes written to the log since the server was made.
    pub wal: u64,
    /// Checkpoints that did not wait for their time.
    pub forced: u64,
}

/// What a load did to the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// By name.
    pub settings: Vec<Setting>,
    /// Bytes of log written meanwhile, by everybody.
    pub wal: u64,
    /// Checkpoints forced meanwhile.
    pub forced: u64,
    /// What would make it faster, each with what to type.
    pub advice: Vec<String>,
}

impl Mark {
    /// Now. Where a role may not ask, nothing.
    pub async fn now(client: &Client) -> Mark {
        Mark::read(client).await.unwrap_or_default()
    }

    async fn read(client: &Client) -> Result<Mark> {
        let version = "SELECT current_setting('server_version_num')::int4";
        let version: i32 = client.query_one(version, &[]).await?.try_get(0)?;
        let forced = if version < CHECKPOINTER {
            "SELECT checkpoints_req FROM pg_stat_bgwriter"
        } else {
            "SELECT num_requested FROM pg_stat_checkpointer"
        };
        let sql =
            format!("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::int8, ({forced})");
        let row = client.query_one(&sql, &[]).await?;
        Ok(Mark {
            wal: row.try_get::<_, i64>(0)?.try_into()?,
            forced: row.try_get::<_, i64>(1)?.try_into()?,
        })
    }
}

impl Settings {
    /// As they are for `client`, a connection of the load, since `before`. Advice is left out for the embedded server,
    /// which is seedrow's own to set.
    pub async fn since(before: Mark, server: &Server, client: &Client) -> Result<Settings> {
        let rows = client
            .query(include_str!("sql/settings.sql"), &[])
            .await
            .context("could not read the server's settings")?;
        let setting = |row: &Row| {
            Ok(Setting {
                name: row.try_get("name")?,
                value: row.try_get("value")?,
                ours: row.try_get("is_ours")?,
            })
        };
        let settings: Vec<Setting> = rows.iter().map(setting).collect::<Result<_>>()?;
        let after = Mark::now(client).await;
        let wal = after.wal.saturating_sub(before.wal);
        let forced = after.forced.saturating_sub(before.forced);
        let advice = match server.is_embedded() {
            true => Vec::new(),
            false => advice(&settings, wal, forced),
        };
        Ok(Settings {
            settings,
            wal,
            forced,
            advice,
        })
    }
}

/// What needs a restart or a reload, and is the administrator's to decide.
fn advice(settings: &[Setting], wal: u64, forced: u64) -> Vec<String> {
    let value = |name: &str| {
        let found = settings.iter().find(|setting| setting.name == name);
        found.map_or("", |setting| setting.value.as_str())
    };
    let mut advice = Vec::new();
    if value("wal_level") != "minimal" && wal > 64 * MIB {
        advice.push(format!(
            "wal_level is {}, so {} MB went through the log; with ALTER SYSTEM SET wal_level = minimal; ALTER SYSTEM \
             SET max_wal_senders = 0; and a restart, tables filled where this machine's connections are not cut into \
             segments bypass it (replicas and archiving need it as it is)",
            value("wal_level"),
            wal / MIB
        ));
    }
    if forced > 1 {
        advice.push(format!(
            "{forced} checkpoints were forced, since the log came to max_wal_size = {}; ALTER SYSTEM SET max_wal_size = \
             '8GB'; SELECT pg_reload_conf(); spares them, where the disk has the room",
            value("max_wal_size")
        ));
    }
    if value("shared_buffers") == "128MB" {
        advice.push(
            "shared_buffers is 128MB, as a server comes; a quarter of the machine's memory is usual (needs a restart), \
             and --server-memory lets indexes be sorted in more of it now"
                .to_owned(),
        );
    }
    if value("fsync") == "off" {
        advice.push(
            "fsync is off: a crash of the machine can leave a database that cannot be repaired"
                .to_owned(),
        );
    }
    advice
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Vec<Setting> {
        let setting = |&(name, value): &(&str, &str)| Setting {
            name: name.into(),
            value: value.into(),
            ours: false,
        };
        pairs.iter().map(setting).collect()
    }

    #[test]
    fn a_server_set_up_for_loading_needs_no_advice() {
        let good = settings(&[
            ("wal_level", "minimal"),
            ("max_wal_size", "8GB"),
            ("shared_buffers", "2GB"),
            ("fsync", "on"),
        ]);
        assert!(advice(&good, 10 << 30, 0).is_empty());
    }

    #[test]
    fn advice_names_setting_and_statement() {
        let stock = settings(&[
            ("wal_level", "replica"),
            ("max_wal_size", "1GB"),
            ("shared_buffers", "128MB"),
            ("fsync", "on"),
        ]);
        let given = advice(&stock, 3000 * MIB, 4);
        assert_eq!(given.len(), 3, "{given:?}");
        assert!(
            given[0].contains("3000 MB went through the log")
                && given[0].contains("ALTER SYSTEM SET wal_level")
        );
        assert!(given[1].contains("4 checkpoints") && given[1].contains("max_wal_size = 1GB"));
        assert!(given[2].contains("--server-memory"));
        assert!(advice(&stock, 0, 0).len() == 1, "a small load");
    }
}
