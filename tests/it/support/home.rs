//! A home, and so an embedded server, of one test's own.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;

use seedrow::postgres::embedded::control::{self, Destroyed};
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
        home.destroy();
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

    /// Stops its server and removes its data. A process that another thread is starting has this one's locks for a moment.
    #[track_caller]
    fn destroy(&self) {
        eventually("the home is in nobody's use", || {
            let destroyed = control::destroy(&self.home).unwrap();
            !matches!(destroyed, Destroyed::InUse(_))
        });
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
        match thread::panicking() {
            true => drop(control::destroy(&self.home)),
            false => self.destroy(),
        }
    }
}
