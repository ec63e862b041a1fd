//! A home, and so an embedded server, of one test's own.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;

use seedrow::postgres::embedded::lock::FileLock;
use seedrow::postgres::embedded::{Home, Lease};

use super::server::start_from_template;
use super::{Run, SEEDROW, command, eventually, homes, run, subject};

/// A home of one test's own, for tests that stop, kill or configure a server. Its server and data end with the value.
pub struct PrivateHome {
    home: Home,
}

impl PrivateHome {
    /// An empty home. `test` is the test's name, unique within its file.
    #[track_caller]
    pub fn new(test: &str) -> PrivateHome {
        let folder = homes().join("homes").join(subject()).join(test);
        let home = PrivateHome {
            home: Home::at(&folder).unwrap(),
        };
        // What a killed run left.
        home.seedrow(["destroy", "--yes"]).exits(0);
        fs::create_dir_all(folder.parent().unwrap()).unwrap();
        home
    }

    /// A home that has been used before: its data folder is there, a copy with its settings tuned, so that the test need
    /// not wait for initdb.
    #[track_caller]
    pub fn used(test: &str) -> PrivateHome {
        let home = PrivateHome::new(test);
        start_from_template(&home.home);
        home
    }

    /// Its files.
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// Runs `seedrow db …` on it.
    pub fn seedrow(&self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Run {
        run(self.command(args))
    }

    /// `seedrow db …` on it, not run yet.
    pub fn command(&self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
        let mut command = command(["db"]);
        command.args(args).arg("--home").arg(self.home.folder());
        command
    }

    /// Starts or joins its server.
    pub fn lease(&self) -> Lease {
        Lease::acquire(self.home.folder(), Path::new(SEEDROW)).unwrap()
    }

    /// Waits until its server is down.
    #[track_caller]
    pub fn wait_until_down(&self) {
        wait_until_down(&self.home);
    }
}

/// Waits until no supervisor is left.
#[track_caller]
pub fn wait_until_down(home: &Home) {
    let path = home.supervisor_lock();
    eventually("the server's end", || {
        !FileLock::is_held_alone(&path).unwrap()
    });
}

impl Drop for PrivateHome {
    fn drop(&mut self) {
        let run = self.seedrow(["destroy", "--yes"]);
        if !thread::panicking() {
            run.exits(0);
        }
    }
}
