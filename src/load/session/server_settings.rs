//! The server's settings that decide how fast a load is, and advice on those that would make it faster.

use anyhow::{Context, Result};
use tokio_postgres::{Client, Row};

use crate::postgres::Server;

const MIB: u64 = 1 << 20;

/// Since this version, checkpoints are counted in a view of their own.
const CHECKPOINTER: i32 = 170_000;

/// A setting during the load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerSetting {
    /// Its name.
    pub name: String,
    /// Its value in the load's sessions.
    pub value: String,
    /// Whether the load set it, for its own sessions alone.
    pub set_by_load: bool,
}

/// The server's counters of WAL and checkpoints.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WalCounters {
    /// Bytes of WAL written since initdb.
    wal_bytes: u64,
    /// Checkpoints requested before checkpoint_timeout.
    forced_checkpoints: u64,
}

/// The settings during a load, and the WAL that it wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServerSettings {
    /// By name.
    pub settings: Vec<ServerSetting>,
    /// Bytes of WAL written meanwhile, by all sessions.
    pub wal_bytes: u64,
    /// Checkpoints forced meanwhile.
    pub forced_checkpoints: u64,
    /// What would make it faster, each with the statements to run.
    pub advice: Vec<String>,
}

impl WalCounters {
    /// The counters now; zero where the role may not read them.
    pub async fn now(client: &Client) -> WalCounters {
        WalCounters::read(client).await.unwrap_or_default()
    }

    async fn read(client: &Client) -> Result<WalCounters> {
        let version = "SELECT current_setting('server_version_num')::int4";
        let version: i32 = client.query_typed_one(version, &[]).await?.try_get(0)?;
        let forced = if version < CHECKPOINTER {
            "SELECT checkpoints_req FROM pg_stat_bgwriter"
        } else {
            "SELECT num_requested FROM pg_stat_checkpointer"
        };
        let sql =
            format!("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::int8, ({forced})");
        let row = client.query_typed_one(&sql, &[]).await?;
        Ok(WalCounters {
            wal_bytes: row.try_get::<_, i64>(0)?.try_into()?,
            forced_checkpoints: row.try_get::<_, i64>(1)?.try_into()?,
        })
    }
}

impl ServerSettings {
    /// The settings of `client`, a connection of the load, and the WAL since `before`. There is no advice on the embedded
    /// server, which seedrow configures itself.
    pub async fn since(
        before: WalCounters,
        server: &Server,
        client: &Client,
    ) -> Result<ServerSettings> {
        let rows = client
            .query_typed(include_str!("sql/settings.sql"), &[])
            .await
            .context("could not read the server's settings")?;
        let setting = |row: &Row| {
            Ok(ServerSetting {
                name: row.try_get("name")?,
                value: row.try_get("value")?,
                set_by_load: row.try_get("is_ours")?,
            })
        };
        let settings: Vec<ServerSetting> = rows.iter().map(setting).collect::<Result<_>>()?;
        let after = WalCounters::now(client).await;
        let wal_bytes = after.wal_bytes.saturating_sub(before.wal_bytes);
        let forced_checkpoints = after
            .forced_checkpoints
            .saturating_sub(before.forced_checkpoints);
        let advice = match server.capabilities().advise_on_settings {
            true => advice(&settings, wal_bytes, forced_checkpoints),
            false => Vec::new(),
        };
        Ok(ServerSettings {
            settings,
            wal_bytes,
            forced_checkpoints,
            advice,
        })
    }
}

/// Changes that need a restart or a reload, which the administrator decides on.
fn advice(settings: &[ServerSetting], wal: u64, forced: u64) -> Vec<String> {
    let value = |name: &str| {
        let found = settings.iter().find(|setting| setting.name == name);
        found.map_or("", |setting| setting.value.as_str())
    };
    let mut advice = Vec::new();
    if value("wal_level") != "minimal" && wal > 64 * MIB {
        advice.push(format!(
            "wal_level is {}, so {} MiB of WAL were written; with ALTER SYSTEM SET wal_level = minimal; ALTER SYSTEM \
             SET max_wal_senders = 0; and a restart, tables loaded in one transaction each bypass the WAL (replicas and \
             archiving need it unchanged)",
            value("wal_level"),
            wal / MIB
        ));
    }
    if forced > 1 {
        advice.push(format!(
            "{forced} checkpoints were forced, since the WAL reached max_wal_size = {}; ALTER SYSTEM SET max_wal_size = \
             '8GB'; SELECT pg_reload_conf(); avoids them, where the disk has enough space",
            value("max_wal_size")
        ));
    }
    if value("shared_buffers") == "128MB" {
        advice.push(
            "shared_buffers is 128MB, the default; a quarter of the machine's memory is usual (needs a restart), \
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

    fn settings(pairs: &[(&str, &str)]) -> Vec<ServerSetting> {
        let setting = |&(name, value): &(&str, &str)| ServerSetting {
            name: name.into(),
            value: value.into(),
            set_by_load: false,
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
            given[0].contains("3000 MiB of WAL were written")
                && given[0].contains("ALTER SYSTEM SET wal_level")
        );
        assert!(given[1].contains("4 checkpoints") && given[1].contains("max_wal_size = 1GB"));
        assert!(given[2].contains("--server-memory"));
        assert!(advice(&stock, 0, 0).len() == 1, "a small load");
    }
}
