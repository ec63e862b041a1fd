//! The data folder: which version to run, initdb, and the clean-up after a killed server.

use std::fs::{self, DirBuilder, Permissions};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal};

use super::home::{self, Home};
use crate::postgres::account::{self, OsUser};
use crate::postgres::error::ErrorWithNotes;
use crate::postgres::programs::Installation;

/// A server that lost its supervisor is shutting down; its last checkpoint may take a while.
const ORPHAN_ENDS_WITHIN: Duration = Duration::from_secs(120);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// A data folder with the programs that run it and the user they run as.
#[derive(Debug)]
pub struct Cluster {
    /// The programs.
    pub installation: Installation,
    /// The data folder.
    pub data: PathBuf,
    /// The user that postgres runs as, when it isn't our own.
    pub account: Option<OsUser>,
}

/// Which of the installed versions (newest first, never empty) to run: the newest that has data in this home, else the
/// newest.
pub fn choose(home: &Home, installed: &[Installation]) -> Option<Installation> {
    let has_data = |one: &&Installation| home.data(one.version.major).join("PG_VERSION").is_file();
    installed
        .iter()
        .find(has_data)
        .or(installed.first())
        .cloned()
}

impl Cluster {
    /// The cluster of this installation's version; not made yet.
    pub fn new(home: &Home, installation: Installation) -> Result<Cluster> {
        let data = home.data(installation.version.major);
        let account = match account::is_root() {
            false => None,
            // A data folder stays with the user that made it.
            true if data.is_dir() => Some(OsUser::owning(&data)?),
            true => Some(account::for_server()?),
        };
        if let Some(account) = account {
            home.ensure_open_to(account)?;
        }
        Ok(Cluster {
            installation,
            data,
            account,
        })
    }

    /// A command for one of the server's programs, as its user and without PG* variables, that ends with us.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.installation.program(program));
        command.stdin(Stdio::null()).current_dir("/");
        for (name, _) in std::env::vars_os() {
            if name.as_encoded_bytes().starts_with(b"PG") {
                command.env_remove(name);
            }
        }
        if let Some(account) = self.account {
            command.uid(account.uid).gid(account.gid);
        }
        end_with_us(&mut command);
        command
    }

    /// Makes the data folder unless it is there. It is made under another name, so that an interrupted initdb leaves
    /// nothing that looks like one.
    pub fn ensure_made(&self) -> Result<()> {
        if self.data.join("PG_VERSION").is_file() {
            return Ok(());
        }
        let new = self.data.with_extension("new");
        if new.exists() {
            fs::remove_dir_all(&new)
                .with_context(|| format!("could not remove {}", new.display()))?;
        }
        self.ensure_private_folder(&new)?;
        self.initdb(&new)?;
        fs::rename(&new, &self.data)
            .with_context(|| format!("could not make {}", self.data.display()))
    }

    fn initdb(&self, folder: &Path) -> Result<()> {
        let mut command = self.command("initdb");
        // The C locale exists on every system, and its order never changes, as glibc's does, which corrupts indexes.
        // Trust: only the server's owner can enter the socket's private folder.
        command.args([
            "-U",
            "postgres",
            "--auth=trust",
            "-E",
            "UTF8",
            "--locale=C",
            "-D",
        ]);
        let output = command.arg(folder).output();
        let output = output.with_context(|| {
            format!(
                "could not run {}",
                self.installation.program("initdb").display()
            )
        })?;
        if output.status.success() {
            return Ok(());
        }
        let _ = fs::remove_dir_all(folder);
        bail!(ErrorWithNotes {
            message: format!(
                "could not make {}: initdb ended with {}",
                self.data.display(),
                output.status
            ),
            notes: vec![String::from_utf8_lossy(&output.stderr).into_owned()],
            source: None,
        })
    }

    /// Makes a folder that only the server's user (and root) may enter, or makes sure that an existing one is.
    pub fn ensure_private_folder(&self, folder: &Path) -> Result<()> {
        let making = || format!("could not make {}", folder.display());
        match DirBuilder::new().mode(0o700).create(folder) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                return Err(error).with_context(making);
            }
            _ => {}
        }
        let us = rustix::process::geteuid().as_raw();
        let metadata = fs::symlink_metadata(folder).with_context(making)?;
        let owned = metadata.uid() == us || self.account.is_some_and(|a| a.uid == metadata.uid());
        ensure!(
            metadata.is_dir() && owned,
            "{} is not our folder: remove it, or choose a shorter --home, whose sockets need no other folder",
            folder.display()
        );
        if let Some(account) = self.account {
            std::os::unix::fs::chown(folder, Some(account.uid), Some(account.gid))
                .with_context(making)?;
        }
        fs::set_permissions(folder, Permissions::from_mode(0o700)).with_context(making)
    }

    /// Waits for a server that lost its supervisor to end, and removes the pid file of one that was killed: its number
    /// may belong to another process by now, and postgres would refuse to start.
    pub fn stop_orphan(&self) -> Result<()> {
        let deadline = Instant::now() + ORPHAN_ENDS_WITHIN;
        let file = self.data.join("postmaster.pid");
        while let Some(pid) = orphan(&file, &self.data) {
            ensure!(
                Instant::now() < deadline,
                "a postgres of an earlier run (process {}) still runs on {}: end it with `kill -INT {0}`",
                pid.as_raw_nonzero(),
                self.data.display()
            );
            // On Linux it was sent already; a second signal has no effect.
            let _ = rustix::process::kill_process(pid, Signal::INT);
            std::thread::sleep(LOOK_AGAIN);
        }
        home::remove_file(&file)
    }
}

/// The process that the pid file names, if it runs on this data folder.
fn orphan(file: &Path, data: &Path) -> Option<Pid> {
    let text = fs::read_to_string(file).ok()?;
    let pid = Pid::from_raw(text.lines().next()?.trim().parse().ok()?)?;
    command_line(pid).contains(data.to_str()?).then_some(pid)
}

/// A process' command line; empty when there is no such process, or only its zombie.
fn command_line(pid: Pid) -> String {
    let number = pid.as_raw_nonzero().to_string();
    if Path::new("/proc/self/cmdline").exists() {
        let bytes = fs::read(format!("/proc/{number}/cmdline")).unwrap_or_default();
        return String::from_utf8_lossy(&bytes).into_owned();
    }
    let output = Command::new("ps")
        .args(["-ww", "-o", "command=", "-p", &number])
        .output();
    output
        .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
        .unwrap_or_default()
}

/// Has the kernel send the child SIGINT (a fast shutdown of postgres) when the thread that started it ends. Linux only;
/// elsewhere the next start stops the orphan.
#[cfg(target_os = "linux")]
fn end_with_us(command: &mut Command) {
    let parent = rustix::process::getpid();
    let ask = move || {
        rustix::process::set_parent_process_death_signal(Some(Signal::INT))?;
        // The parent may have ended before the request.
        match rustix::process::getppid() {
            Some(now) if now == parent => Ok(()),
            _ => Err(std::io::Error::other("its parent has ended")),
        }
    };
    // SAFETY: between fork and exec only async-signal-safe calls are allowed; these are two bare system calls. The
    // standard library changes the user before, which matters: doing so clears the request.
    unsafe {
        command.pre_exec(ask);
    }
}

#[cfg(not(target_os = "linux"))]
fn end_with_us(_: &mut Command) {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postgres::programs::Version;

    fn installed(majors: &[u32]) -> Vec<Installation> {
        let one = |&major: &u32| Installation {
            bin: format!("/pg/{major}").into(),
            version: Version { major, minor: 1 },
        };
        majors.iter().map(one).collect()
    }

    #[test]
    fn the_newest_version_with_data_runs() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path()).unwrap();
        let chosen = |majors: &[u32]| choose(&home, &installed(majors)).unwrap().version.major;
        assert_eq!(chosen(&[18, 16, 15]), 18);
        for major in [15, 16] {
            fs::create_dir(home.data(major)).unwrap();
        }
        assert_eq!(chosen(&[18, 16, 15]), 18, "unfinished folders don't count");
        fs::write(home.data(15).join("PG_VERSION"), "15\n").unwrap();
        assert_eq!(chosen(&[18, 16, 15]), 15);
        fs::write(home.data(16).join("PG_VERSION"), "16\n").unwrap();
        assert_eq!(chosen(&[18, 16, 15]), 16);
        assert_eq!(chosen(&[18]), 18, "data of a version that is not installed");
    }

    #[test]
    fn a_pid_file_of_another_process_names_no_orphan() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("postmaster.pid");
        fs::write(&file, format!("{}\n/elsewhere\n", std::process::id())).unwrap();
        assert_eq!(
            orphan(&file, Path::new("/var/lib/seedrow/postgres-15")),
            None
        );
    }
}
