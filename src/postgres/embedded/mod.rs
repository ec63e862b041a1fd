//! A private Postgres for people without one, shared politely: the first user starts it, the last one's end stops it.
//!
//! Users are counted by the kernel: each holds a shared lock on one file. A [supervisor] waits for the
//! exclusive lock on it, gets it when the last user has ended, and keeps new ones waiting until postgres is down.
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
pub mod settings;
pub mod supervisor;

pub use home::{Home, Running};

use lock::{FileLock, LockMode};

/// The role that owns everything on the embedded server.
pub const USER: &str = "postgres";
const STARTS_WITHIN: Duration = Duration::from_secs(600);
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// The right to use the embedded server: it stays up for as long as somebody holds one.
#[derive(Debug)]
pub struct Lease {
    users: FileLock,
    running: Running,
    arrival: Arrival,
}

/// What a user found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// No server: it was started.
    Started,
    /// A server that was up.
    Joined,
}

impl Lease {
    /// Joins the server of this home, or starts it. Blocks: while it starts, and while one shuts down.
    ///
    /// `program` is seedrow's own executable, which becomes the supervisor.
    pub fn acquire(home: &Path, program: &Path) -> Result<Lease> {
        let home = Home::at(home)?;
        home.prepare()?;
        // One at a time: the next one finds the server that this one started.
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
            // Its starter was killed before it was up, or postgres was and its supervisor is about to end.
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

    /// What is known of the server.
    pub fn running(&self) -> &Running {
        &self.running
    }

    /// Whether this lease started it.
    pub fn arrival(&self) -> Arrival {
        self.arrival
    }

    /// How tokio-postgres gets to one of its databases.
    pub fn config(&self, database: &str) -> Config {
        let mut config = Config::new();
        config
            .host_path(&self.running.socket)
            .user(USER)
            .dbname(database)
            .application_name("seedrow");
        config
    }

    /// How libpq's programs get to one of its databases.
    pub fn url(&self, database: &str) -> String {
        url(&self.running.socket, database)
    }

    /// Hands the lease on to the program that replaces this one (exec).
    pub fn survive_exec(&self) -> Result<()> {
        self.users.survive_exec()
    }
}

/// Whether somebody listens on the server's socket.
fn answers(running: &Running) -> bool {
    UnixStream::connect(Path::new(&running.socket).join(home::SOCKET_NAME)).is_ok()
}

/// The libpq URL of a database of the server with this socket folder. It names the port, or a PGPORT would fill it in.
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
