//! Lock holders: the sessions that block seedrow from a lock, one line each.
//!
//! "canceling statement due to lock timeout" does not name the blocking session; with its pid, application and
//! statement a person knows whom to ask, or what to terminate.

use std::fmt;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio_postgres::error::SqlState;
use tokio_postgres::{GenericClient, Row};

use super::name::TableName;
use super::server::Server;

/// The longest part of a statement that a line displays, in characters.
const STATEMENT: usize = 80;
/// The most locks that a line lists.
const NAMED_LOCKS: usize = 3;

/// Another session that holds locks, or a prepared transaction, which needs no session to hold them.
///
/// [`fmt::Display`] is one line: `pid 4711 (app "psql", role shop, idle in transaction, started 42 s ago): UPDATE …,
/// holds RowExclusiveLock on public.products`.
#[derive(Debug, Clone, PartialEq)]
pub struct Holder {
    /// Session, server process or prepared transaction.
    pub identity: HolderIdentity,
    /// Its role; `None` for the server's own processes.
    pub role: Option<String>,
    /// Its `application_name`, where it has one.
    pub application: Option<String>,
    /// The client's IP address; `None` on a unix socket, and where our role lacks the privilege to see it.
    pub address: Option<String>,
    /// Its state; `None` where our role lacks the privilege to see it.
    pub activity: Option<Activity>,
    /// The first line of its statement, or its last one while it is idle, shortened; `None` where our role lacks
    /// the privilege to see it.
    pub statement: Option<String>,
    /// The locks it holds, strongest first; never empty. One table may occur with several modes.
    pub locks: Vec<HeldLock>,
}

/// The kind of lock holder, with its identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HolderIdentity {
    /// A client's session, for `pg_terminate_backend`.
    Session(i32),
    /// One of the server's own processes, such as `autovacuum worker`.
    Process(i32, String),
    /// A transaction that was prepared and awaits COMMIT PREPARED or ROLLBACK PREPARED, by its identifier.
    Prepared(String),
}

/// The state of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// `active`, `idle in transaction`, … as in `pg_stat_activity`; `prepared` for a prepared transaction.
    pub state: String,
    /// How long its transaction has been open; `None` outside of one.
    pub transaction: Option<Duration>,
    /// How long it has been in this state, where that is known.
    pub since: Option<Duration>,
}

/// A lock that is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldLock {
    /// As in `pg_locks`: `RowExclusiveLock`, …
    pub mode: String,
    /// The table, or `None` for the advisory lock that was asked about.
    pub table: Option<TableName>,
}

/// The sessions other than `client`'s that hold locks of any mode on these tables, by their oids; the one with the
/// strongest lock first.
///
/// seedrow's own other connections are among them when they hold such a lock. Partitions and indexes count only when
/// they are in `tables` themselves.
pub async fn holders(client: &impl GenericClient, tables: &[u32]) -> Result<Vec<Holder>> {
    read(client, tables, None, None)
        .await
        .context("could not read who holds locks on the tables")
}

/// The sessions other than `client`'s that hold the advisory lock `key` of this database, be it exclusively or shared.
///
/// The key is that of `pg_advisory_lock(bigint)`; keys made of two integers are others.
pub async fn advisory_holders(client: &impl GenericClient, key: i64) -> Result<Vec<Holder>> {
    let (high, low) = halves(key);
    read(client, &[], Some(high), Some(low))
        .await
        .context("could not read who holds the advisory lock")
}

/// As [`advisory_holders`], of all keys with the same upper half as `key`.
pub async fn advisory_holders_of_half(
    client: &impl GenericClient,
    key: i64,
) -> Result<Vec<Holder>> {
    read(client, &[], Some(halves(key).0), None)
        .await
        .context("could not read who holds the advisory locks")
}

/// The halves of a key as `pg_locks` has them: `classid`, `objid`.
pub fn halves(key: i64) -> (u32, u32) {
    let [a, b, c, d, e, f, g, h] = key.to_be_bytes();
    (
        u32::from_be_bytes([a, b, c, d]),
        u32::from_be_bytes([e, f, g, h]),
    )
}

/// The longest that a question about the catalog waits for a lock: Postgres' functions that describe an index or give a
/// table's size wait for the session that has it locked exclusively.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// Has every later statement on this connection wait for a lock no longer than this; zero is no limit.
pub async fn limit_waits(client: &impl GenericClient, limit: Duration) -> Result<()> {
    let sql = format!("SET lock_timeout = {}", limit.as_millis());
    client
        .batch_execute(&sql)
        .await
        .context("could not set lock_timeout")
}

/// The error of a lock that was waited for too long beneath the sessions that hold tables exclusively; any other as it
/// is.
pub async fn explain_timeout(server: &Server, error: anyhow::Error) -> anyhow::Error {
    let server_error = |cause: &(dyn std::error::Error + 'static)| {
        let code = cause.downcast_ref::<tokio_postgres::Error>()?.code()?;
        Some(*code == SqlState::LOCK_NOT_AVAILABLE)
    };
    if error.chain().find_map(server_error) != Some(true) {
        return error;
    }
    let found = async { exclusive_holders(&server.connect().await?).await };
    let holders = match found.await {
        Ok(holders) if !holders.is_empty() => holders,
        _ => return error,
    };
    let lines: Vec<String> = holders.iter().map(Holder::to_string).collect();
    let end = match &holders[0].identity {
        HolderIdentity::Session(pid) | HolderIdentity::Process(pid, _) => {
            format!(", or end it: SELECT pg_terminate_backend({pid});")
        }
        HolderIdentity::Prepared(_) => String::new(),
    };
    error.context(format!(
        "a table was locked for over {} s: {}; try again once that has finished{end}",
        PATIENCE.as_secs(),
        lines.join("; ")
    ))
}

/// The sessions that lock a table so that not even its size can be read.
pub async fn exclusive_holders(client: &impl GenericClient) -> Result<Vec<Holder>> {
    let sql = "SELECT DISTINCT c.oid
        FROM pg_locks AS l
        JOIN pg_class AS c ON c.oid = l.relation
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE l.granted
            AND l.mode = 'AccessExclusiveLock'
            AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND n.nspname !~ '^pg_'";
    let rows = client.query_typed(sql, &[]).await?;
    let oids = rows.iter().map(|row| row.try_get(0));
    let oids: Vec<u32> = oids.collect::<Result<_, _>>()?;
    holders(client, &oids).await
}

async fn read(
    client: &impl GenericClient,
    tables: &[u32],
    high: Option<u32>,
    low: Option<u32>,
) -> Result<Vec<Holder>> {
    let sql = include_str!("sql/lock_holders.sql");
    let rows = client.query(sql, &[&tables, &high, &low]).await?;
    let mut holders: Vec<Holder> = Vec::new();
    let mut owner = String::new();
    for row in &rows {
        let other: String = row.try_get("owner")?;
        match holders.last_mut().filter(|_| other == owner) {
            Some(holder) => holder.locks.push(lock(row)?),
            None => holders.push(holder(row)?),
        }
        owner = other;
    }
    Ok(holders)
}

fn holder(row: &Row) -> Result<Holder> {
    let statement: Option<String> = row.try_get("query")?;
    Ok(Holder {
        identity: identity(row)?,
        role: row.try_get("role")?,
        application: row.try_get("application")?,
        address: row.try_get("address")?,
        activity: activity(row)?,
        statement: statement
            .map(|text| first_line(&text))
            .filter(|line| !line.is_empty()),
        locks: vec![lock(row)?],
    })
}

fn identity(row: &Row) -> Result<HolderIdentity> {
    let pid: Option<i32> = row.try_get("pid")?;
    let gid: Option<String> = row.try_get("gid")?;
    let process: Option<String> = row.try_get("backend_type")?;
    Ok(match (pid, process) {
        (None, _) => HolderIdentity::Prepared(gid.unwrap_or_else(|| "just ended".into())),
        (Some(pid), Some(process)) if process != "client backend" => {
            HolderIdentity::Process(pid, process)
        }
        (Some(pid), _) => HolderIdentity::Session(pid),
    })
}

fn activity(row: &Row) -> Result<Option<Activity>> {
    let state: Option<String> = row.try_get("state")?;
    let pid: Option<i32> = row.try_get("pid")?;
    let state = state.or_else(|| pid.is_none().then(|| "prepared".to_owned()));
    let (transaction, since) = (age(row, "transaction_age")?, age(row, "state_age")?);
    Ok(state.map(|state| Activity {
        state,
        transaction,
        since,
    }))
}

/// An interval of the server's clock; 0 when the clock was set back in between.
fn age(row: &Row, column: &str) -> Result<Option<Duration>> {
    let seconds: Option<f64> = row.try_get(column)?;
    Ok(seconds.map(|seconds| Duration::try_from_secs_f64(seconds).unwrap_or_default()))
}

fn lock(row: &Row) -> Result<HeldLock> {
    let schema: Option<String> = row.try_get("schema_name")?;
    let name: Option<String> = row.try_get("table_name")?;
    Ok(HeldLock {
        mode: row.try_get("mode")?,
        table: schema
            .zip(name)
            .map(|(schema, name)| TableName::new(schema, name)),
    })
}

/// The first non-blank line, shortened, without control characters.
fn first_line(statement: &str) -> String {
    let line = statement.lines().map(str::trim).find(|l| !l.is_empty());
    let line = line.unwrap_or_default();
    let mut short: String = plain(line).take(STATEMENT).collect();
    if plain(line).count() > STATEMENT {
        short.push('…');
    }
    short
}

/// Replaces control characters: the texts come from other clients and are printed to a terminal.
fn plain(text: &str) -> impl Iterator<Item = char> {
    text.chars().map(|c| if c.is_control() { ' ' } else { c })
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.identity {
            HolderIdentity::Session(pid) | HolderIdentity::Process(pid, _) => {
                write!(f, "pid {pid}")?
            }
            HolderIdentity::Prepared(gid) => write!(f, "prepared transaction {gid:?}")?,
        }
        write!(f, " ({})", self.traits().join(", "))?;
        if let Some(statement) = &self.statement {
            write!(f, ": {statement}")?;
        }
        write!(f, ", holds {}", self.lock_list())
    }
}

impl Holder {
    fn traits(&self) -> Vec<String> {
        let kind = match &self.identity {
            HolderIdentity::Process(_, kind) => Some(kind.clone()),
            _ => None,
        };
        let application = self
            .application
            .as_ref()
            .map(|app| format!("app \"{}\"", plain(app).collect::<String>()));
        let role = self.role.as_ref().map(|role| format!("role {role}"));
        let address = self.address.as_ref().map(|host| format!("from {host}"));
        let activity = match &self.activity {
            Some(activity) => Some(activity.to_string()),
            None if kind.is_some() => None,
            None => Some("its state is hidden from this role".into()),
        };
        let all = [kind, application, role, address, activity];
        all.into_iter().flatten().collect()
    }

    fn lock_list(&self) -> String {
        let named = self.locks.iter().take(NAMED_LOCKS).map(HeldLock::to_string);
        let mut text = named.collect::<Vec<_>>().join(", ");
        let more = self.locks.len().saturating_sub(NAMED_LOCKS);
        if more > 0 {
            text.push_str(&format!(" and {more} more"));
        }
        text
    }
}

impl fmt::Display for Activity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.state)?;
        match (self.transaction, self.since) {
            (Some(open), _) => write!(f, ", started {} s ago", open.as_secs()),
            (None, Some(since)) => write!(f, " for {} s", since.as_secs()),
            (None, None) => Ok(()),
        }
    }
}

impl fmt::Display for HeldLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.table {
            Some(table) => write!(f, "{} on {table}", self.mode),
            None => write!(f, "{} on the advisory lock", self.mode),
        }
    }
}

#[cfg(test)]
mod tests;
