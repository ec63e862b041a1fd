//! Who holds a lock that somebody waits for.

use std::fmt;

use anyhow::{Context, Result};
use tokio_postgres::types::ToSql;
use tokio_postgres::{GenericClient, Row};

/// A session that holds a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its backend's process id.
    pub pid: i32,
    /// Its role.
    pub role: String,
    /// What it calls itself.
    pub application: String,
    /// Where it comes from; empty for a socket of the server's machine.
    pub address: String,
    /// `active`, `idle in transaction`, …
    pub state: String,
    /// Since when it is in its transaction, or in its state; seconds.
    pub seconds: i64,
    /// The first line of its last statement.
    pub query: String,
    /// The mode and what is locked; empty for an advisory lock.
    pub lock: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pid {} (role {}", self.pid, self.role)?;
        if !self.application.is_empty() {
            write!(f, ", {}", self.application)?;
        }
        if !self.address.is_empty() {
            write!(f, ", from {}", self.address)?;
        }
        write!(f, ", {} for {} s)", self.state, self.seconds)?;
        if !self.query.is_empty() {
            write!(f, ": {}", self.query)?;
        }
        if !self.lock.is_empty() {
            write!(f, "; holds {}", self.lock)?;
        }
        Ok(())
    }
}

/// The other sessions that hold a lock on one of these tables (`pg_class.oid`).
pub async fn holders(client: &impl GenericClient, tables: &[u32]) -> Result<Vec<Holder>> {
    read(client, include_str!("sql/table_holders.sql"), &[&tables]).await
}

/// The other sessions of this database that hold an advisory lock, alone or shared.
pub async fn advisory_holders(client: &impl GenericClient, key: i64) -> Result<Vec<Holder>> {
    read(client, include_str!("sql/advisory_holders.sql"), &[&key]).await
}

async fn read(
    client: &impl GenericClient,
    sql: &str,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Holder>> {
    let rows = client
        .query(sql, parameters)
        .await
        .context("could not look up who holds a lock")?;
    let holder = |row: &Row| {
        Ok(Holder {
            pid: row.try_get("pid")?,
            role: row.try_get("role")?,
            application: row.try_get("application")?,
            address: row.try_get("address")?,
            state: row.try_get("state")?,
            seconds: row.try_get("seconds")?,
            query: row.try_get("query")?,
            lock: row.try_get("lock")?,
        })
    };
    rows.iter().map(holder).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_holder_is_a_line() {
        let mut holder = Holder {
            pid: 4711,
            role: "shop".into(),
            application: "psql".into(),
            address: "10.0.0.7".into(),
            state: "idle in transaction".into(),
            seconds: 42,
            query: "UPDATE products SET name = 'x'".into(),
            lock: "RowExclusiveLock on products".into(),
        };
        assert_eq!(
            holder.to_string(),
            "pid 4711 (role shop, psql, from 10.0.0.7, idle in transaction for 42 s): UPDATE products SET name = 'x'; \
             holds RowExclusiveLock on products"
        );
        for text in [
            &mut holder.application,
            &mut holder.address,
            &mut holder.query,
            &mut holder.lock,
        ] {
            text.clear();
        }
        assert_eq!(
            holder.to_string(),
            "pid 4711 (role shop, idle in transaction for 42 s)"
        );
    }
}
