//! The process that starts postgres and stops it when the last user has ended, even by SIGKILL.
//!
//! It is seedrow itself, run in a session of its own, because any of the users may be killed.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::os::fd::BorrowedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal};
use serde::{Deserialize, Serialize};

use super::cluster::{Cluster, choose};
use super::home::{self, Home, Running, SOCKET_NAME};
use super::lock::{FileLock, LockMode};
use super::readiness::{accepts_connections, is_ready};
use super::settings::{self, Machine};
use crate::postgres::conninfo;
use crate::postgres::error::{ErrorWithNotes, describe};
use crate::postgres::programs::{self, Installation};

/// Recovery after a crash reads up to `max_wal_size` of log.
const READY_WITHIN: Duration = Duration::from_secs(600);
/// The last checkpoint writes up to all of `shared_buffers`.
const STOPS_WITHIN: Duration = Duration::from_secs(300);
/// While a server recovers because a backend crashed, PostgreSQL 15 takes a fast shutdown and never ends. So much time it
/// has to accept connections first.
const RECOVERS_WITHIN: Duration = Duration::from_secs(5);
/// Backends of a killed server hold its memory for moments.
const MEMORY_FREED_WITHIN: Duration = Duration::from_secs(10);
const LOOK_AGAIN: Duration = Duration::from_millis(5);
/// How soon a removed `keep` marker is noticed.
const KEEP_POLL: Duration = Duration::from_millis(200);

/// The one line that the supervisor prints.
#[derive(Serialize, Deserialize)]
enum Report {
    Ready(Running),
    Failed { message: String, notes: Vec<String> },
}

/// What ends the supervisor.
enum Event {
    /// The server is unused, and stays so while this lock is held.
    Unused(FileLock),
    /// postgres ended.
    Ended(std::io::Result<ExitStatus>),
    /// The users can't be watched any more.
    Lost(anyhow::Error),
}

/// Starts a supervisor and waits until its server is up. `free` is the supervisor's lock, which the child inherits:
/// it is held for as long as the server starts or runs.
pub fn spawn(home: &Home, program: &Path, free: FileLock) -> Result<Running> {
    let installed = programs::installed()?;
    let installation = choose(home, &installed).context("found no Postgres to run")?;
    home::remove_file(&home.running_file())?;
    // A marker from a run that was killed.
    home::remove_file(&home.keep())?;
    let mut command = Command::new(program);
    // It outlives us, and other processes can read its environment: variables that may hold a password are removed.
    for variable in conninfo::variables().chain(["DATABASE_URL"]) {
        command.env_remove(variable);
    }
    let mut child = command
        .args(["db", "supervise", "--home"])
        .arg(home.folder())
        .arg("--bin")
        .arg(&installation.bin)
        .stdin(free.into_descriptor())
        .stdout(Stdio::piped())
        .stderr(new_log(home)?)
        .current_dir("/")
        .spawn()
        .with_context(|| format!("could not start {}", program.display()))?;
    let line = child
        .stdout
        .take()
        .map(first_line)
        .transpose()?
        .unwrap_or_default();
    match serde_json::from_str(&line) {
        Ok(Report::Ready(running)) => Ok(running),
        Ok(Report::Failed { message, notes }) => {
            let _ = child.wait();
            bail!(ErrorWithNotes {
                message,
                notes,
                source: None
            })
        }
        Err(_) => {
            let _ = child.wait();
            bail!(ErrorWithNotes {
                message:
                    "could not start the embedded Postgres: its supervisor ended without a message"
                        .into(),
                notes: vec![format!(
                    "the end of {}:\n{}",
                    home.log().display(),
                    home.log_end()
                )],
                source: None,
            })
        }
    }
}

fn first_line(stdout: ChildStdout) -> Result<String> {
    let mut line = String::new();
    BufReader::new(stdout)
        .read_line(&mut line)
        .context("could not read from the embedded server's supervisor")?;
    Ok(line)
}

/// A new log; the previous one is kept under another name.
fn new_log(home: &Home) -> Result<File> {
    let log = home.log();
    if log.exists() {
        fs::rename(&log, home.old_log())
            .with_context(|| format!("could not rename {}", log.display()))?;
    }
    let file = File::options()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(&log);
    file.with_context(|| format!("could not open {}", log.display()))
}

/// Runs the supervisor. Call it from the main thread, with no other thread running: postgres is stopped when the thread
/// that started it ends.
pub fn supervise(home: &Path, bin: &Path) -> Result<()> {
    close_inherited();
    // Detached from the terminal: its ^C and SIGHUP are for the users.
    let _ = rustix::process::setsid();
    let home = Home::at(home)?;
    match bring_up(&home, bin) {
        Ok((postgres, running)) => {
            send(&Report::Ready(running));
            let result = attend(&home, postgres);
            clean_up(&home);
            result
        }
        Err(error) => {
            let error = error.context("could not start the embedded Postgres");
            let described = describe(&error);
            send(&Report::Failed {
                message: described.text,
                notes: described.notes,
            });
            Err(error)
        }
    }
}

/// Closes all descriptors but the standard ones: a process that waits for the end of an inherited pipe, or for an
/// inherited lock, must not wait for the server.
fn close_inherited() {
    let entries = fs::read_dir("/dev/fd").into_iter().flatten().flatten();
    let numbers: Vec<i32> = entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|&number| number > 2)
        .collect();
    for number in numbers {
        // SAFETY: this process has opened nothing itself yet but the listing, which is closed by now, so that the
        // descriptors that are open have no owner in it.
        unsafe {
            if rustix::io::fcntl_getfd(BorrowedFd::borrow_raw(number)).is_ok() {
                rustix::io::close(number);
            }
        }
    }
}

/// Reports to the process that started it, if that still reads.
fn send(report: &Report) {
    if let Ok(line) = serde_json::to_string(report) {
        let _ = writeln!(std::io::stdout(), "{line}");
    }
}

fn bring_up(home: &Home, bin: &Path) -> Result<(Child, Running)> {
    let installation = Installation::at(bin.to_path_buf())
        .with_context(|| format!("the postgres in {} does not run", bin.display()))?;
    let cluster = Cluster::new(home, installation)?;
    cluster.ensure_made()?;
    let socket = home.socket();
    cluster.ensure_private_folder(&socket)?;
    cluster.stop_orphan()?;
    let postgres = start(home, &cluster, &socket)?;
    let running = Running {
        version: cluster.installation.version.to_string(),
        data: cluster.data.display().to_string(),
        socket: socket.display().to_string(),
        postgres: postgres.id(),
        supervisor: std::process::id(),
    };
    home.write_running(&running)?;
    Ok((postgres, running))
}

/// Starts postgres and waits until it accepts connections; again while a killed one's memory is in use.
fn start(home: &Home, cluster: &Cluster, socket: &Path) -> Result<Child> {
    let deadline = Instant::now() + MEMORY_FREED_WITHIN;
    loop {
        let mut postgres = launch(home, cluster, socket)?;
        let Some(status) = ready_or_ended(&mut postgres, cluster, socket)? else {
            return Ok(postgres);
        };
        let log = home.log_end();
        if Instant::now() < deadline && log.contains("pre-existing shared memory block") {
            thread::sleep(LOOK_AGAIN * 20);
            continue;
        }
        bail!(ErrorWithNotes {
            message: format!("postgres ended with {status}"),
            notes: vec![format!("the end of {}:\n{log}", home.log().display())],
            source: None,
        });
    }
}

fn launch(home: &Home, cluster: &Cluster, socket: &Path) -> Result<Child> {
    let log = File::options().append(true).open(home.log());
    let log = log.with_context(|| format!("could not open {}", home.log().display()))?;
    let mut command = cluster.command("postgres");
    command.arg("-D").arg(&cluster.data);
    let altered = fs::read_to_string(cluster.data.join("postgresql.auto.conf")).unwrap_or_default();
    for setting in settings::settings(Machine::detect(home.folder()), socket, &altered) {
        command.arg("-c").arg(setting);
    }
    command
        .stdout(log.try_clone()?)
        .stderr(log)
        .process_group(0);
    let program = cluster.installation.program("postgres");
    command
        .spawn()
        .with_context(|| format!("could not run {}", program.display()))
}

/// Waits until the server accepts connections (`None`) or has ended.
fn ready_or_ended(
    postgres: &mut Child,
    cluster: &Cluster,
    socket: &Path,
) -> Result<Option<ExitStatus>> {
    let deadline = Instant::now() + READY_WITHIN;
    let file = cluster.data.join("postmaster.pid");
    let number = postgres.id().to_string();
    loop {
        if let Some(status) = postgres.try_wait().context("could not wait for postgres")? {
            return Ok(Some(status));
        }
        if is_ready(&file, &number) && UnixStream::connect(socket.join(SOCKET_NAME)).is_ok() {
            return Ok(None);
        }
        ensure!(
            Instant::now() < deadline,
            "postgres was not ready within {READY_WITHIN:?}"
        );
        thread::sleep(LOOK_AGAIN);
    }
}

/// Waits for the last user or for postgres to end; in the first case it stops postgres. The lock that blocks new users
/// is held until postgres is down.
fn attend(home: &Home, mut postgres: Child) -> Result<()> {
    let (sender, events) = mpsc::channel();
    let number = postgres.id();
    let watched = home.clone();
    let watcher = sender.clone();
    thread::spawn(move || watch_users(&watched, &watcher));
    thread::spawn(move || sender.send(Event::Ended(postgres.wait())));
    match events.recv().context("both watching threads have ended")? {
        Event::Ended(status) => bail!("postgres ended unexpectedly with {}", status?),
        Event::Lost(error) => {
            stop(home, number, &events)?;
            Err(error)
        }
        Event::Unused(_lock) => {
            let result = stop(home, number, &events);
            // While the lock is held, so that a new user can't read the old file.
            home::remove_file(&home.running_file())?;
            result
        }
    }
}

/// Sends the exclusive users' lock once it is free and no marker keeps the server up.
fn watch_users(home: &Home, events: &Sender<Event>) {
    let event = match wait_until_unused(home) {
        Ok(lock) => Event::Unused(lock),
        Err(error) => Event::Lost(error),
    };
    let _ = events.send(event);
}

fn wait_until_unused(home: &Home) -> Result<FileLock> {
    loop {
        while home.keep().exists() {
            thread::sleep(KEEP_POLL);
        }
        let lock = FileLock::wait(&home.users_lock(), LockMode::Exclusive)?;
        // `db start` sets the marker while it holds the lock shared, so from here on it can't appear.
        if !home.keep().exists() {
            return Ok(lock);
        }
    }
}

/// A fast shutdown, which ends sessions and writes a checkpoint. A server that doesn't end in time gets an immediate
/// shutdown, and recovers at its next start; so does one that recovers already.
fn stop(home: &Home, number: u32, events: &Receiver<Event>) -> Result<()> {
    let pid = i32::try_from(number)
        .ok()
        .and_then(Pid::from_raw)
        .context("postgres has no process number")?;
    let signal = match await_recovery(&home.socket().join(SOCKET_NAME), events) {
        Recovery::Done => Signal::INT,
        Recovery::TakesLong => Signal::QUIT,
        Recovery::Ended => return Ok(()),
    };
    let _ = rustix::process::kill_process(pid, signal);
    if events.recv_timeout(STOPS_WITHIN).is_err() {
        let _ = rustix::process::kill_process(pid, Signal::QUIT);
        events.recv().context("could not wait for postgres")?;
    }
    Ok(())
}

/// What became of a server that may have restarted after one of its backends crashed.
enum Recovery {
    Done,
    TakesLong,
    Ended,
}

/// Waits until the server accepts connections, but not long.
fn await_recovery(socket: &Path, events: &Receiver<Event>) -> Recovery {
    let deadline = Instant::now() + RECOVERS_WITHIN;
    while !accepts_connections(socket).unwrap_or(false) {
        if Instant::now() > deadline {
            return Recovery::TakesLong;
        }
        if events.recv_timeout(LOOK_AGAIN * 20).is_ok() {
            return Recovery::Ended;
        }
    }
    Recovery::Done
}

/// Removes the socket's folder when it is outside of the home.
fn clean_up(home: &Home) {
    let socket = home.socket();
    if !socket.starts_with(home.folder()) {
        let _ = fs::remove_dir(&socket);
    }
}
