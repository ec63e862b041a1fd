//! The settings of a load's connections, and how many connections the server has room for.

use anyhow::{Context, Result};
use tokio_postgres::{Client, GenericClient};

use crate::load::config::{Commits, Load};
use crate::postgres::memory::{Memory, workers};
use crate::postgres::{cluster, session};
use crate::progress::Progress;

/// What each connection of a load is set to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionSettings {
    settings: Vec<(&'static str, String)>,
    /// Connections at a time.
    pub jobs: usize,
}

impl SessionSettings {
    /// The first session of a load, with the settings of all.
    pub async fn open(load: &Load<'_>, progress: &Progress) -> Result<(Client, SessionSettings)> {
        let client = load.server.connect().await?;
        let session = SessionSettings::plan(load, &client, progress).await?;
        session.apply(&client).await?;
        Ok((client, session))
    }

    /// For a load with as many connections as it asks for or the server has room for.
    async fn plan(
        load: &Load<'_>,
        client: &Client,
        progress: &Progress,
    ) -> Result<SessionSettings> {
        let jobs = load.jobs;
        let free = free_connections(client).await? + load.server.idle_connections();
        let room = affordable(free);
        if room < jobs {
            progress.note(format!(
                "load: {room} of {jobs} jobs at a time: the server has {free} connections free"
            ));
        }
        let jobs = jobs.min(room);
        let busy = jobs.min(load.tables.len());
        let memory = Memory::read(client).await?;
        let parallel_workers = workers(jobs, busy);
        let sort_memory = memory.of_builder(load.server.memory(), busy) / 1024;
        let mut settings = vec![
            // A value is the same whether it is read here or by the server, and whatever a role or a database is set to:
            // times without a zone are in UTC, and the styles are Postgres' defaults.
            ("TimeZone", "UTC".to_owned()),
            ("DateStyle", "ISO, MDY".to_owned()),
            ("IntervalStyle", "postgres".to_owned()),
            // A crash of the server loses at most the last commits, together with their rows in the ledger: asynchronous
            // commits are never reordered. In a cluster they are, among its nodes.
            (
                "synchronous_commit",
                match load.server.capabilities().asynchronous_commits {
                    true if load.commits == Commits::Asynchronous => "off".to_owned(),
                    _ => "on".to_owned(),
                },
            ),
            // The kernel writes a table's pages as they come, not all of them while its commit waits for the disk: where that
            // commit syncs the table (wal_level = minimal), 26.7 M rows took 17.2 s in place of 19.4.
            ("backend_flush_after", "1MB".to_owned()),
            ("lock_timeout", load.lock_timeout.as_millis().to_string()),
            // A role's limits are meant for its queries.
            ("statement_timeout", "0".to_owned()),
            ("transaction_timeout", "0".to_owned()),
            ("idle_in_transaction_session_timeout", "0".to_owned()),
            // Of the queries over the catalog, some were compiled for 0.1 s to run for 0.02 s (a Citus coordinator).
            ("jit", "off".to_owned()),
            ("maintenance_work_mem", format!("{sort_memory}kB")),
            (
                "max_parallel_maintenance_workers",
                parallel_workers.to_string(),
            ),
        ];
        if let Some(nodes) = load.server.capabilities().cluster {
            let (name, value) = cluster::KEPT_CONNECTIONS;
            settings.push((name, value.to_owned()));
            settings.push(nodes.connections_at_a_time(1 + parallel_workers));
        }
        Ok(SessionSettings { settings, jobs })
    }

    /// Applies the settings to a connection; those that this version of the server lacks are skipped.
    pub async fn apply(&self, client: &Client) -> Result<()> {
        session::set(client, &self.settings).await
    }
}

/// Jobs that so many free connections allow: each job has one, and two more while it builds an index; one is for the load
/// itself, and one is left for other clients.
fn affordable(free: usize) -> usize {
    (free.saturating_sub(2) / 3).max(1)
}

/// Connections that this role may still open, as far as the server's, the database's and the role's limits go.
async fn free_connections(client: &impl GenericClient) -> Result<usize> {
    let row = client
        .query_typed_one(include_str!("sql/free_connections.sql"), &[])
        .await
        .context("could not read how many connections are free")?;
    Ok(usize::try_from(row.try_get::<_, i64>(0)?.max(0))?)
}

#[cfg(test)]
mod tests {
    use super::affordable;

    #[test]
    fn a_full_server_still_gets_one_job() {
        assert_eq!(affordable(0), 1);
        assert_eq!(affordable(5), 1);
        assert_eq!(affordable(97), 31);
    }
}
