//! The embedded Postgres, shared by processes: the first user starts it, and it stops when the last one ends.
//!
//! The kernel counts the users: each holds a shared lock on one file. A [supervisor] waits for the exclusive lock, gets
//! it when the last user has ended, and blocks new users until postgres is down.
//!
//! [supervisor]: supervisor::supervise

use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use tokio_postgres::Config;

pub mod cluster;
pub mod control;
pub mod home;
pub mod lock;
mod readiness;
pub mod settings;
pub mod supervisor;

pub use home::{Home, Running};

use lock::{FileLock, LockMode};

/// The role that owns everything on the embedded server.
pub const USER: &str = "postgres";
const STARTS_WITHIN: Duration = Duration::from_secs(600);
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// A use of the embedded server, which stays up while any process holds a lease.
#[derive(Debug)]
pub struct Lease {
    users: FileLock,
    running: Running,
    arrival: Arrival,
}

/// Whether a lease started the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// The lease started it.
    Started,
    /// It was running.
    Joined,
}

impl Lease {
    /// Joins the server of this home, or starts it. Blocks while a server starts or shuts down.
    ///
    /// `program` is seedrow's own executable, which becomes the supervisor.
    pub fn acquire(home: &Path, program: &Path) -> Result<Lease> {
        let home = Home::at(home)?;
        home.prepare()?;
        // One process at a time; the next one joins the server that this one starts.
        let _start = FileLock::wait(&home.start_lock(), LockMode::Exclusive)?;
        // A supervisor that shuts down holds this one exclusively until postgres is down and it has ended.
        let users = FileLock::wait(&home.users_lock(), LockMode::Shared)?;
        let deadline = Instant::now() + STARTS_WITHIN;
        loop {
            if let Some(free) = FileLock::attempt(&home.supervisor_lock(), LockMode::Exclusive)? {
                let running = supervisor::spawn(&home, program, free)?;
                return Ok(Lease {
                    users,
                    running,
                    arrival: Arrival::Started,
                });
            }
            if let Some(running) = home.running()?.filter(answers) {
                return Ok(Lease {
                    users,
                    running,
                    arrival: Arrival::Joined,
                });
            }
            // The starting process was killed before the server was up, or postgres was and the supervisor is ending.
            ensure!(
                Instant::now() < deadline,
                "the embedded Postgres did not start within {STARTS_WITHIN:?}: see {}",
                home.log().display()
            );
            thread::sleep(LOOK_AGAIN);
        }
    }

    /// Joins the server of this home if it is up.
    pub fn join(home: &Home) -> Result<Option<Lease>> {
        if !home.users_lock().exists() {
            return Ok(None);
        }
        let Some(users) = FileLock::attempt(&home.users_lock(), LockMode::Shared)? else {
            return Ok(None);
        };
        if !FileLock::is_held_alone(&home.supervisor_lock())? {
            return Ok(None);
        }
        let running = home.running()?.filter(answers);
        Ok(running.map(|running| Lease {
            users,
            running,
            arrival: Arrival::Joined,
        }))
    }

    /// The running server's details.
    pub fn running(&self) -> &Running {
        &self.running
    }

    /// Whether this lease started it.
    pub fn arrival(&self) -> Arrival {
        self.arrival
    }

    /// tokio-postgres' configuration for one of its databases.
    pub fn config(&self, database: &str) -> Config {
        let mut config = Config::new();
        config
            .host_path(&self.running.socket)
            .user(USER)
            .dbname(database)
            .application_name("seedrow");
        config
    }

    /// The libpq URL of one of its databases.
    pub fn url(&self, database: &str) -> String {
        url(&self.running.socket, database)
    }

    /// Keeps the lease for the program that replaces this one (exec).
    pub fn survive_exec(&self) -> Result<()> {
        self.users.survive_exec()
    }
}

/// Whether the server's socket accepts connections.
fn answers(running: &Running) -> bool {
    UnixStream::connect(Path::new(&running.socket).join(home::SOCKET_NAME)).is_ok()
}

/// The libpq URL of a database of the server with this socket folder. It includes the port, which PGPORT would set
/// otherwise.
pub fn url(socket: &str, database: &str) -> String {
    format!(
        "postgresql:///{}?host={}&port=5432&user={USER}",
        percent_encoded(database),
        percent_encoded(socket)
    )
}

fn percent_encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte))
            }
            other => encoded.push_str(&format!("%{other:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::url;

    #[test]
    fn urls_are_percent_encoded() {
        assert_eq!(
            url("/var/lib/a b/socket", "catalog"),
            "postgresql:///catalog?host=%2Fvar%2Flib%2Fa%20b%2Fsocket&port=5432&user=postgres"
        );
    }
}
