//! The server of a command: a source of connections.

mod open;

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures_util::future::{try_join, try_join3};
use tokio::time::Instant;
use tokio_postgres::{Client, Config};

use super::capabilities::{Capabilities, Location};
use super::connect::{self, Opened, Pause};
use super::embedded::Lease;
use super::error::ErrorWithNotes;
use super::name::{literal, quoted};
use super::peers::Peers;
use super::tls::Tls;
use crate::progress::Progress;

/// How long a further connection is retried.
const RETRY_FOR: Duration = Duration::from_secs(10);

/// Brings a session back to its beginning: temporary tables and prepared statements have ended with what made them.
const RESET: &str = "RESET ALL; SELECT pg_advisory_unlock_all()";

/// Has the server detect a lost client within a minute and release its locks. No effect on a unix socket.
const KEEP_ALIVE: &str = "SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3; \
    SET tcp_user_timeout = '60s'";

/// An open target: an external server, or a lease of the embedded one.
pub struct Server {
    /// Of the endpoint that answered: all connections go to one server.
    config: Config,
    tls: Tls,
    /// Where connections for reads go in turn.
    peers: Peers,
    backing: Backing,
    capabilities: Capabilities,
    display_name: String,
    schema: Option<String>,
    /// The machine's memory, where it was given.
    memory: Option<u64>,
    /// The advisory lock that every new connection acquires shared; 0 for none.
    shared_lock: AtomicI64,
    /// Connections that wait for their next use.
    idle: Mutex<Vec<Client>>,
    /// The major version, where it is known.
    version: OnceLock<Option<u32>>,
    progress: Progress,
    /// Whether waiting for connections was reported.
    waited: AtomicBool,
}

/// What keeps the server up.
enum Backing {
    /// The lease that this value holds.
    Embedded(Lease),
    External,
}

impl Server {
    /// A connection, with the target schema first in its search path: one that was kept, or a new one. The schema need not
    /// exist yet.
    ///
    /// Connecting is retried for a while where that may help, such as while a server restarts.
    pub async fn connect(&self) -> Result<Client> {
        if let Some(client) = self.kept().await {
            return Ok(client);
        }
        self.connect_new().await
    }

    /// A connection that wasn't used before, whose I/O is done by the runtime that this is awaited on.
    pub async fn connect_new(&self) -> Result<Client> {
        let opened = self.open_one().await?;
        self.prepare(&opened)
            .await
            .with_context(|| format!("could not set up a session with {}", self.display_name))?;
        Ok(opened.client)
    }

    /// A new connection, tried once and for at most `longest`: for one who retries in his own way.
    pub async fn connect_once(&self, longest: Duration) -> Result<Client> {
        let opened = connect::open(&self.config, &self.tls, longest).await;
        let opened = opened.map_err(|failure| self.explained(failure))?;
        self.prepare(&opened)
            .await
            .with_context(|| format!("could not set up a session with {}", self.display_name))?;
        Ok(opened.client)
    }

    /// As [`Server::connect_new`], for a session that only reads: to one of several hosts where these take such
    /// connections in turn.
    pub async fn connect_for_reads(&self) -> Result<Client> {
        match self.connect_to_peer(Duration::MAX).await {
            Some(connected) => connected,
            None => self.connect_new().await,
        }
    }

    /// As [`Server::connect_once`], for a session that only reads.
    pub async fn connect_once_for_reads(&self, longest: Duration) -> Result<Client> {
        match self.connect_to_peer(longest).await {
            Some(connected) => connected,
            None => self.connect_once(longest).await,
        }
    }

    /// The hosts that connections for reads go to in turn, in a line; nothing where one host takes all.
    pub fn note_hosts_in_turn(&self) {
        if let Some(hosts) = self.peers.listed() {
            let note = format!("connections for reads go to {hosts} in turn");
            self.progress.note(note);
        }
    }

    /// A host that isn't on this machine, of those that connections may go to.
    pub fn host_elsewhere(&self) -> Option<&str> {
        let remote = self.capabilities.location == Location::Remote;
        self.peers
            .elsewhere()
            .or_else(|| remote.then_some(self.display_name.as_str()))
    }

    async fn connect_to_peer(&self, longest: Duration) -> Option<Result<Client>> {
        let opened = match self.peers.connect(longest, &self.progress).await? {
            Ok(opened) => opened,
            Err(failure) => return Some(Err(self.explained(failure).into())),
        };
        let prepared = self.prepare(&opened).await;
        let prepared = prepared
            .with_context(|| format!("could not set up a session with {}", self.display_name));
        Some(prepared.map(|()| opened.client))
    }

    /// Keeps a connection that is no longer needed for the next who asks for one. No transaction may be open on it.
    pub fn keep(&self, client: Client) {
        self.idle().push(client);
    }

    /// How many connections are open and in nobody's use.
    pub fn idle_connections(&self) -> usize {
        self.idle().len()
    }

    /// A kept connection as if it were new; those that have ended meanwhile are left.
    async fn kept(&self) -> Option<Client> {
        loop {
            let client = self.idle().pop()?;
            let version = self.version.get().copied().flatten();
            let opened = Opened::again(client, version);
            // All statements are sent before the first one's answer: one round trip.
            let reset = opened.client.batch_execute(RESET);
            let ready = try_join(async { Ok(reset.await?) }, self.prepare(&opened));
            if ready.await.is_ok() {
                return Some(opened.client);
            }
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Client>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new connection to another database of the same server; no search path is set.
    pub async fn connect_to(&self, database: &str) -> Result<Client> {
        let mut config = self.config.clone();
        config.dbname(database);
        let opened = connect::open(&config, &self.tls, Duration::MAX).await;
        let opened = opened.map_err(|failure| self.explained(failure))?;
        opened.check_client().await?;
        Ok(opened.client)
    }

    /// A new connection to another node of the cluster, as the same role.
    pub async fn connect_to_node(&self, host: &str, port: u16) -> Result<Client> {
        let config = connect::elsewhere(&self.config, host, port);
        let opened = connect::open(&config, &self.tls, Duration::MAX).await;
        let could_not = || format!("could not connect to the cluster's node {host}:{port}");
        let opened = opened.map_err(|failure| failure.refused(could_not(), Vec::new()))?;
        self.prepare(&opened).await.with_context(could_not)?;
        Ok(opened.client)
    }

    async fn open_one(&self) -> Result<Opened> {
        let deadline = Instant::now() + RETRY_FOR;
        let mut pause = Pause::default();
        loop {
            let failure = match connect::open(&self.config, &self.tls, Duration::MAX).await {
                Ok(opened) => {
                    self.version.get_or_init(|| opened.version());
                    return Ok(opened);
                }
                Err(failure) => failure,
            };
            if Instant::now() > deadline || !failure.may_pass() {
                return Err(self.explained(failure).into());
            }
            if pause.is_long() && !self.waited.swap(true, Ordering::Relaxed) {
                self.progress.note(format!(
                    "waiting for {} to take connections",
                    self.display_name
                ));
            }
            pause.sleep().await;
        }
    }

    /// Applies what all sessions have: the statements are sent together and run in this order, one round trip.
    async fn prepare(&self, opened: &Opened) -> Result<()> {
        let keep_alive = async {
            match self.backing {
                Backing::External => opened.set(KEEP_ALIVE).await,
                Backing::Embedded(_) => Ok(()),
            }
        };
        let mut statements = String::new();
        if let Some(schema) = &self.schema {
            let first = literal(&quoted(schema));
            statements += &format!(
                "SELECT set_config('search_path', concat_ws(', ', {first}, nullif(current_setting('search_path'), '')), false);"
            );
        }
        let lock = self.shared_lock.load(Ordering::Relaxed);
        if lock != 0 {
            statements += &format!("SELECT pg_advisory_lock_shared({lock})");
        }
        let own = async {
            match statements.as_str() {
                "" => Ok(()),
                statements => opened.client.batch_execute(statements).await,
            }
        };
        try_join3(opened.check_client(), keep_alive, own).await?;
        Ok(())
    }

    /// Has every connection handed out from now on acquire an advisory lock, shared, which it holds until it is closed or kept for
    /// another use.
    pub fn share_lock(&self, key: i64) {
        self.shared_lock.store(key, Ordering::Relaxed);
    }

    /// What the server supports, and what is done on it without being asked for.
    pub fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    /// Refuses a read-only server; `action` names what needs to write: `load rows`.
    pub fn ensure_writable(&self, action: &str) -> Result<()> {
        match self.capabilities.writes.refusal(&self.display_name) {
            None => Ok(()),
            Some(refusal) => bail!("could not {action}: {refusal}"),
        }
    }

    fn explained(&self, failure: connect::Failure) -> ErrorWithNotes {
        let note = match &self.backing {
            Backing::External => None,
            Backing::Embedded(lease) => Some(format!(
                "its log is server.log beside {}",
                lease.running().data
            )),
        };
        failure.refused(
            format!("could not connect to {}", self.display_name),
            note.into_iter().collect(),
        )
    }

    /// Bytes free on the embedded server's disk; `None` where that is unknown.
    pub fn free_disk(&self) -> Option<u64> {
        match &self.backing {
            Backing::External => None,
            Backing::Embedded(lease) => {
                let disk = rustix::fs::statvfs(&lease.running().data).ok()?;
                Some(disk.f_bavail * disk.f_frsize)
            }
        }
    }

    /// The target for messages: host, port, database, user; never a password.
    pub fn display_name(&self) -> &str {
        &self.display_name
    }

    /// Bytes of memory that the server's machine has, where `--server-memory` says.
    pub fn memory(&self) -> Option<u64> {
        self.memory
    }

    /// The schema asked for with `--target-schema`.
    pub fn schema(&self) -> Option<&str> {
        self.schema.as_deref()
    }
}
