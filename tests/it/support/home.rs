//! A home, and so an embedded server, of one test's own.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;

use seedrow::postgres::embedded::lock::{FileLock, LockMode};
use seedrow::postgres::embedded::{Home, Lease};

use super::{Run, SEEDROW, command, eventually, run, scratch, subject};

/// A home of one test's own, for tests that stop, kill or configure a server. Its server and data end with the value.
pub struct PrivateHome {
    home: Home,
}

impl PrivateHome {
    /// An empty home. `test` is the test's name, unique within its file.
    #[track_caller]
    pub fn new(test: &str) -> PrivateHome {
        let folder = scratch().join("homes").join(subject()).join(test);
        let home = PrivateHome {
            home: Home::at(&folder).unwrap(),
        };
        // What a killed run left.
        home.seedrow(["destroy", "--yes"]).exits(0);
        fs::create_dir_all(folder.parent().unwrap()).unwrap();
        home
    }

    /// A home that has been used before: its data folder is there, a copy, so that the test need not wait for initdb.
    #[track_caller]
    pub fn used(test: &str) -> PrivateHome {
        let home = PrivateHome::new(test);
        home.home.prepare().unwrap();
        let _lock = FileLock::wait(&scratch().join("template.lock"), LockMode::Exclusive).unwrap();
        let template = Home::at(&scratch().join("template")).unwrap();
        if template.data_folders().is_empty() {
            drop(Lease::acquire(template.folder(), Path::new(SEEDROW)).unwrap());
            wait_until_down(&template);
        }
        for folder in template.data_folders() {
            let copy = Command::new("cp")
                .arg("-a")
                .arg(folder)
                .arg(home.home.folder())
                .status();
            assert!(copy.unwrap().success());
        }
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
fn wait_until_down(home: &Home) {
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
