//! The folder of the embedded Postgres, and the purpose of each file in it.

use std::env;
use std::fs::{self, DirBuilder, Permissions};
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::postgres::account::{self, OsUser};
use crate::postgres::error::ErrorWithNotes;

/// A socket's path is limited to 108 bytes on Linux, 104 on macOS, its final NUL included.
const LONGEST_SOCKET: usize = 100;
/// The embedded server's only name for its socket: no TCP, so the port is free to choose and never collides.
pub const SOCKET_NAME: &str = ".s.PGSQL.5432";
/// Lines of the log in the error when the server doesn't start.
const LOG_LINES: usize = 12;

/// The home of an embedded server; an absolute path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    folder: PathBuf,
}

/// A running server's details, stored in the home while it is up.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Running {
    /// `15.14`
    pub version: String,
    /// The data folder.
    pub data: String,
    /// The folder of its socket.
    pub socket: String,
    /// The process that postgres runs as.
    pub postgres: u32,
    /// The supervisor's process.
    pub supervisor: u32,
}

impl Home {
    /// The folder that was asked for, else SEEDROW_HOME, else the user's data folder; as root /var/lib, because /root
    /// is closed to the user that the server runs as.
    pub fn resolve(folder: Option<&Path>) -> Result<Home> {
        // CI systems set what they leave out to nothing.
        let variable = || env::var_os("SEEDROW_HOME").filter(|folder| !folder.is_empty());
        let folder = folder.map(Path::to_owned);
        match folder.or_else(|| variable().map(PathBuf::from)) {
            Some(folder) => Home::at(&folder),
            None if account::is_root() => Home::at(Path::new("/var/lib/seedrow")),
            None => {
                Home::at(&user_data(|name| env::var_os(name).map(PathBuf::from))?.join("seedrow"))
            }
        }
    }

    /// This folder, which need not exist.
    pub fn at(folder: &Path) -> Result<Home> {
        ensure!(
            !folder.as_os_str().is_empty(),
            "--home is empty: give a folder"
        );
        let folder = std::path::absolute(folder)
            .with_context(|| format!("could not resolve {}", folder.display()))?;
        let text = folder.to_str().with_context(|| {
            format!(
                "{} is not UTF-8, which a connection URL needs: choose another with --home",
                folder.display()
            )
        })?;
        ensure!(
            !text.contains(['\n', '\r']),
            "the name of the home has a line break: choose another with --home"
        );
        Ok(Home { folder })
    }

    /// The folder itself.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Held exclusively while the server is started, stopped or destroyed.
    pub fn start_lock(&self) -> PathBuf {
        self.folder.join("start.lock")
    }

    /// Held shared by everyone who uses the server, exclusively by a supervisor that shuts it down.
    pub fn users_lock(&self) -> PathBuf {
        self.folder.join("users.lock")
    }

    /// Held exclusively by the supervisor for as long as it lives.
    pub fn supervisor_lock(&self) -> PathBuf {
        self.folder.join("supervisor.lock")
    }

    /// A marker: while it exists, the server stays up without users.
    pub fn keep(&self) -> PathBuf {
        self.folder.join("keep")
    }

    /// Holds a [`Running`].
    pub fn running_file(&self) -> PathBuf {
        self.folder.join("running.json")
    }

    /// The output of postgres and its supervisor since the last start.
    pub fn log(&self) -> PathBuf {
        self.folder.join("server.log")
    }

    /// The log of the previous start.
    pub fn old_log(&self) -> PathBuf {
        self.folder.join("server.log.old")
    }

    /// The data folder of one major version.
    pub fn data(&self, major: u32) -> PathBuf {
        self.folder.join(format!("{DATA_PREFIX}{major}"))
    }

    /// All data folders, those of an interrupted initdb included.
    pub fn data_folders(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let ours =
            entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(DATA_PREFIX));
        ours.map(|entry| entry.path()).collect()
    }

    /// The data folders that initdb completed, by name.
    pub fn finished_data(&self) -> Vec<PathBuf> {
        let mut folders = self.data_folders();
        folders
            .retain(|folder| folder.extension().is_none() && folder.join("PG_VERSION").is_file());
        folders.sort();
        folders
    }

    /// The completed data folders of other versions than the running server's.
    pub fn other_data(&self, running: &Running) -> Vec<PathBuf> {
        let mut folders = self.finished_data();
        folders.retain(|folder| *folder != Path::new(&running.data));
        folders
    }

    /// The folder of the socket: in the home where its path is short enough and plain, else under `XDG_RUNTIME_DIR`
    /// (an ordinary user's) or /tmp, by a name that follows from the home's.
    pub fn socket(&self) -> PathBuf {
        let runtime = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
        self.socket_under(runtime.filter(|folder| folder.is_dir() && !account::is_root()))
    }

    fn socket_under(&self, runtime: Option<PathBuf>) -> PathBuf {
        let fits = |folder: &Path| folder.join(SOCKET_NAME).as_os_str().len() <= LONGEST_SOCKET;
        // unix_socket_directories is a list, with commas and quotes of its own.
        let plain = |folder: &Path| !folder.to_string_lossy().contains([',', '"', '\'', '\\']);
        let own = self.folder.join("socket");
        if fits(&own) && plain(&own) {
            return own;
        }
        let hash = xxhash_rust::xxh3::xxh3_64(self.folder.as_os_str().as_encoded_bytes());
        let name = format!("seedrow-{hash:016x}");
        let runtime = runtime.map(|folder| folder.join(&name));
        runtime
            .filter(|folder| fits(folder) && plain(folder))
            .unwrap_or_else(|| Path::new("/tmp").join(&name))
    }

    /// Makes the folder if it is missing, private to this user; as root open to the user that the server runs as.
    pub fn prepare(&self) -> Result<()> {
        let making = || format!("could not make {}", self.folder.display());
        if let Some(parent) = self.folder.parent() {
            fs::create_dir_all(parent).with_context(making)?;
        }
        let mode = if account::is_root() { 0o755 } else { 0o700 };
        match DirBuilder::new().mode(mode).create(&self.folder) {
            Ok(()) => {
                fs::set_permissions(&self.folder, Permissions::from_mode(mode)).with_context(making)
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists && self.folder.is_dir() => {
                self.ensure_ours()
            }
            Err(error) => Err(error).with_context(making),
        }
    }

    fn ensure_ours(&self) -> Result<()> {
        let owner = OsUser::owning(&self.folder)?.uid;
        ensure!(
            account::is_root() || owner == rustix::process::geteuid().as_raw(),
            "{} belongs to another user: choose another folder with --home",
            self.folder.display()
        );
        Ok(())
    }

    /// Refuses a home that the server's user can't enter.
    pub fn ensure_open_to(&self, account: OsUser) -> Result<()> {
        for folder in self.folder.ancestors() {
            let metadata = fs::metadata(folder)
                .with_context(|| format!("could not look at {}", folder.display()))?;
            let needed = match (metadata.uid() == account.uid, metadata.gid() == account.gid) {
                (true, _) => 0o100,
                (false, true) => 0o010,
                (false, false) => 0o001,
            };
            if metadata.mode() & needed == 0 {
                bail!(ErrorWithNotes {
                    message: format!(
                        "user {} cannot enter {}, and the embedded Postgres must, because it refuses to run as root",
                        account.uid,
                        folder.display()
                    ),
                    notes: vec![
                        "choose another folder with --home, such as /var/lib/seedrow".into()
                    ],
                    source: None,
                });
            }
        }
        Ok(())
    }

    /// The running server's details; stale unless a supervisor runs.
    pub fn running(&self) -> Result<Option<Running>> {
        let path = self.running_file();
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(error).with_context(|| format!("could not read {}", path.display()));
            }
        };
        let running = serde_json::from_str(&text);
        running
            .map(Some)
            .with_context(|| format!("could not read {}", path.display()))
    }

    /// Writes the running server's details atomically.
    pub fn write_running(&self, running: &Running) -> Result<()> {
        let path = self.running_file();
        let new = path.with_extension("new");
        let writing = || format!("could not write {}", path.display());
        fs::write(&new, serde_json::to_vec(running)?).with_context(writing)?;
        fs::rename(&new, &path).with_context(writing)
    }

    /// The last lines of the log.
    pub fn log_end(&self) -> String {
        const TAIL: u64 = 16 * 1024;
        let mut bytes = Vec::new();
        if let Ok(mut log) = fs::File::open(self.log()) {
            let length = log.metadata().map_or(0, |metadata| metadata.len());
            let _ = log.seek(SeekFrom::Start(length.saturating_sub(TAIL)));
            let _ = log.read_to_end(&mut bytes);
        }
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
    }
}

/// Data folders are called this and their major version.
const DATA_PREFIX: &str = "postgres-";

fn user_data(env: impl Fn(&str) -> Option<PathBuf>) -> Result<PathBuf> {
    let absolute = |name| env(name).filter(|folder| folder.is_absolute());
    absolute("XDG_DATA_HOME")
        .or_else(|| Some(absolute("HOME")?.join(".local/share")))
        .context("found no folder for the embedded Postgres: HOME is not set; give one with --home")
}

/// Removes a file that may be missing.
pub fn remove_file(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("could not remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_live_in_a_short_home_and_elsewhere_otherwise() {
        let socket = |home: &str, runtime: Option<&str>| {
            let home = Home::at(Path::new(home)).unwrap();
            home.socket_under(runtime.map(PathBuf::from))
                .display()
                .to_string()
        };
        assert_eq!(socket("/var/lib/seedrow", None), "/var/lib/seedrow/socket");
        let long = format!("/home/{}", "x".repeat(90));
        for (home, runtime, start) in [
            (long.as_str(), None, "/tmp/seedrow-"),
            (&long, Some("/run/user/1000"), "/run/user/1000/seedrow-"),
            (&long, Some(&*long), "/tmp/seedrow-"),
            ("/home/a,b", None, "/tmp/seedrow-"),
        ] {
            let socket = socket(home, runtime);
            assert!(socket.starts_with(start) && socket.len() < 60, "{socket}");
        }
    }

    #[test]
    fn the_default_home_follows_the_xdg_rules() {
        let data = |xdg: Option<&str>, home: Option<&str>| {
            let value = |name: &str| if name == "HOME" { home } else { xdg };
            user_data(|name| value(name).map(PathBuf::from)).ok()
        };
        assert_eq!(data(Some("/data"), Some("/home/me")), Some("/data".into()));
        assert_eq!(
            data(Some("relative"), Some("/home/me")),
            Some("/home/me/.local/share".into())
        );
        assert_eq!(data(None, None), None);
    }
}
