//! Starts, stops, inspects and destroys the embedded server, for `seedrow db`.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio_postgres::{SimpleQueryMessage, SimpleQueryRow};

use super::home::{self, Home};
use super::lock::{self, FileLock, LockMode};
use super::{Arrival, Lease, Running};
use crate::postgres::connect;
use crate::postgres::error::ErrorWithNotes;
use crate::postgres::tls::Tls;
use crate::suggestion::{HOME, shell_word};

const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// The result of [`start`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Started {
    /// It was down and was started.
    Now,
    /// It was up until its last user would end, and is kept up now.
    ForUsers,
    /// It was up and kept up already.
    Already,
}

/// Starts the server and keeps it up without users.
pub fn start(home: &Home, program: &Path) -> Result<(Started, Running)> {
    let lease = Lease::acquire(home.folder(), program)?;
    let started = match (lease.arrival(), home.keep().exists()) {
        (Arrival::Started, _) => Started::Now,
        (Arrival::Joined, false) => Started::ForUsers,
        (Arrival::Joined, true) => Started::Already,
    };
    fs::write(home.keep(), "")
        .with_context(|| format!("could not write {}", home.keep().display()))?;
    Ok((started, lease.running().clone()))
}

/// The result of [`stop`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// It wasn't up.
    WasDown,
    /// It is down now.
    Now,
    /// It is in use, and stops when the last user ends; the number of users where it is known.
    WithLastUser(Option<usize>),
}

/// Stops the server once it is unused; waits for the stop when it is unused now.
pub fn stop(home: &Home) -> Result<Stopped> {
    if !home.start_lock().exists() {
        return Ok(Stopped::WasDown);
    }
    // No other process can start it while this lock is held.
    let _start = FileLock::wait(&home.start_lock(), LockMode::Exclusive)?;
    if !FileLock::is_held_alone(&home.supervisor_lock())? {
        return Ok(Stopped::WasDown);
    }
    home::remove_file(&home.keep())?;
    wait_until_down(home)
}

/// Waits for a server that isn't kept. The start lock must be held.
fn wait_until_down(home: &Home) -> Result<Stopped> {
    while FileLock::is_held_alone(&home.supervisor_lock())? {
        if is_used(home)? {
            return Ok(Stopped::WithLastUser(lock::holders(&home.users_lock())));
        }
        thread::sleep(LOOK_AGAIN);
    }
    Ok(Stopped::Now)
}

/// Whether the users' lock is held shared; a supervisor that shuts down holds it exclusively.
fn is_used(home: &Home) -> Result<bool> {
    let path = home.users_lock();
    Ok(FileLock::attempt(&path, LockMode::Exclusive)?.is_none()
        && FileLock::attempt(&path, LockMode::Shared)?.is_some())
}

/// The state of a home.
#[derive(Debug)]
pub struct Status {
    /// Its data folders, one a major version.
    pub data: Vec<PathBuf>,
    /// The server if it is up; this lease isn't counted in `users`.
    pub lease: Option<Lease>,
    /// Whether it stays up without users.
    pub keep: Keep,
    /// The number of other users, where it is known.
    pub users: Option<usize>,
}

/// Whether a server stays up without users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Until `db stop`.
    UntilStopped,
    /// Until its last user has ended.
    WhileUsed,
}

/// Inspects a home; changes nothing.
pub fn status(home: &Home) -> Result<Status> {
    let lease = Lease::join(home)?;
    let keep = if home.keep().exists() {
        Keep::UntilStopped
    } else {
        Keep::WhileUsed
    };
    let users = lock::holders(&home.users_lock()).map(|holders| holders.saturating_sub(1));
    let data = home.finished_data();
    Ok(Status {
        data,
        lease,
        keep,
        users,
    })
}

/// A database and its size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    /// Its name.
    pub name: String,
    /// Bytes on the disk.
    pub bytes: u64,
}

/// The server's databases but the templates, by name.
pub async fn databases(lease: &Lease) -> Result<Vec<Database>> {
    const QUERY: &str = "SELECT datname, pg_database_size(oid)
                         FROM pg_database
                         WHERE datallowconn AND NOT datistemplate
                         ORDER BY datname";
    let listing = || "could not list the databases";
    let opened = connect::open(&lease.config("postgres"), &Tls::Off, Duration::MAX)
        .await
        .map_err(|failure| failure.refused(listing().into(), vec![]))?;
    let messages = opened
        .client
        .simple_query(QUERY)
        .await
        .with_context(listing)?;
    let rows = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    let database = |row: &SimpleQueryRow| {
        Some(Database {
            name: row.get(0)?.to_string(),
            bytes: row.get(1)?.parse().ok()?,
        })
    };
    Ok(rows.filter_map(database).collect())
}

/// Refuses when a dataset's database doesn't exist, and lists those that do.
pub async fn ensure_has(lease: &Lease, database: &str, dataset: &str) -> Result<()> {
    let there: Vec<_> = databases(lease)
        .await?
        .into_iter()
        .map(|database| database.name)
        .collect();
    if there.iter().any(|name| name == database) {
        return Ok(());
    }
    bail!(ErrorWithNotes {
        message: format!("the embedded Postgres has no database {database:?} yet"),
        notes: vec![
            format!(
                "`seedrow run{HOME} --dataset {}` makes and fills it",
                shell_word(dataset)
            ),
            format!("there are: {}", there.join(", ")),
        ],
        source: None,
    })
}

/// The result of [`destroy`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destroyed {
    /// The home was empty.
    WasEmpty,
    /// All data was removed.
    Now,
    /// It is in use, and nothing was removed; the number of users where it is known.
    InUse(Option<usize>),
}

/// Whether a home has neither data nor locks.
pub fn is_empty(home: &Home) -> bool {
    !home.start_lock().exists() && home.data_folders().is_empty()
}

/// Stops the server and removes everything that was made in its home; the home too, when nothing else is in it.
pub fn destroy(home: &Home) -> Result<Destroyed> {
    if is_empty(home) {
        return Ok(Destroyed::WasEmpty);
    }
    let start = FileLock::wait(&home.start_lock(), LockMode::Exclusive)?;
    if is_used(home)? {
        return Ok(Destroyed::InUse(lock::holders(&home.users_lock())));
    }
    home::remove_file(&home.keep())?;
    if let Stopped::WithLastUser(users) = wait_until_down(home)? {
        return Ok(Destroyed::InUse(users));
    }
    remove(home)?;
    drop(start);
    Ok(Destroyed::Now)
}

fn remove(home: &Home) -> Result<()> {
    for folder in home.data_folders().into_iter().chain([home.socket()]) {
        if folder.exists() {
            fs::remove_dir_all(&folder)
                .with_context(|| format!("could not remove {}", folder.display()))?;
        }
    }
    // The start lock last: a process that waits for it finds it removed and retries.
    let files = [
        home.log(),
        home.old_log(),
        home.running_file(),
        home.users_lock(),
        home.supervisor_lock(),
        home.start_lock(),
    ];
    for file in files {
        home::remove_file(&file)?;
    }
    // Other things may be in it.
    let _ = fs::remove_dir(home.folder());
    Ok(())
}
