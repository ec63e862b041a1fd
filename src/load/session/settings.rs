//! What the connections of a load are set to, and how many of them the server has room for.

use std::time::Duration;

use anyhow::{Context, Result};
use tokio_postgres::{Client, GenericClient};

use crate::postgres::Server;
use crate::postgres::memory::{Memory, workers};
use crate::progress::Progress;

/// The settings of each connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    settings: Vec<(&'static str, String)>,
    /// Connections at a time.
    pub jobs: usize,
}

impl Session {
    /// For so many tables, `jobs` at a time or as many as the server has room for.
    pub async fn plan(
        server: &Server,
        client: &impl GenericClient,
        tables: usize,
        jobs: usize,
        lock_timeout: Duration,
        progress: &Progress,
    ) -> Result<Session> {
        let free = free_connections(client).await?;
        let room = affordable(free);
        if room < jobs {
            progress.say(format!(
                "load: {room} of {jobs} jobs at a time: the server has {free} connections free"
            ));
        }
        let jobs = jobs.min(room);
        let busy = jobs.min(tables);
        let memory = Memory::read(client).await?;
        let sort_memory = memory.of_builder(server.memory(), busy) / 1024;
        let settings = vec![
            // A crash of the server loses at most the last commits, and the ledger's rows for them with them:
            // asynchronous commit never reorders.
            ("synchronous_commit", "off".to_owned()),
            ("lock_timeout", lock_timeout.as_millis().to_string()),
            // A role's limits are meant for its queries.
            ("statement_timeout", "0".to_owned()),
            ("transaction_timeout", "0".to_owned()),
            ("idle_in_transaction_session_timeout", "0".to_owned()),
            ("maintenance_work_mem", format!("{sort_memory}kB")),
            (
                "max_parallel_maintenance_workers",
                workers(jobs, busy).to_string(),
            ),
        ];
        Ok(Session { settings, jobs })
    }

    /// Sets a connection to it; settings that this version of the server lacks are passed over.
    pub async fn apply(&self, client: &Client) -> Result<()> {
        let sql = "SELECT set_config(known.name, wanted.value, false)
            FROM unnest($1::text[], $2::text[]) AS wanted (name, value)
            JOIN pg_settings AS known ON known.name = wanted.name";
        let (names, values): (Vec<&str>, Vec<&str>) = self
            .settings
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .unzip();
        client
            .query(sql, &[&names, &values])
            .await
            .context("could not set up a connection for loading")?;
        Ok(())
    }
}

/// Jobs that so many free connections allow: each job has one, and two more while it builds an index; one stays for the
/// load itself, and one for whoever wants to look.
fn affordable(free: usize) -> usize {
    (free.saturating_sub(2) / 3).max(1)
}

/// Connections that this role may still open, as far as the server's, the database's and the role's limits go.
async fn free_connections(client: &impl GenericClient) -> Result<usize> {
    let row = client
        .query_one(include_str!("sql/free_connections.sql"), &[])
        .await
        .context("could not ask how many connections are free")?;
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
