//! The embedded server that the tests share, and the data folders that the servers of tests begin with.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use seedrow::postgres::embedded::lock::{FileLock, LockMode};
use seedrow::postgres::embedded::{Home, Lease};

use super::home::wait_until_down;
use super::{SEEDROW, homes, scratch};

/// What `ALTER SYSTEM` would have set. Tests end processes, never the machine, so nothing needs to wait for the disk;
/// hundreds of short sessions and small databases go through little memory faster than through much, each page of which
/// a session has to map; and autovacuum would come while a test looks.
const TUNING: &str = "\
fsync = 'off'
full_page_writes = 'off'
wal_init_zero = 'off'
max_wal_size = '256MB'
shared_buffers = '32MB'
autovacuum_naptime = '1h'
";

/// The server that all tests of a run share. It stops when the test process ends.
pub fn server() -> &'static Lease {
    static SERVER: OnceLock<Lease> = OnceLock::new();
    SERVER.get_or_init(|| {
        let home = Home::at(&shared_home()).unwrap();
        start_from_template(&home);
        let lease = Lease::acquire(home.folder(), Path::new(SEEDROW));
        lease.unwrap_or_else(|error| panic!("these tests need a Postgres server: {error:?}"))
    })
}

/// The home of the shared server.
pub fn shared_home() -> PathBuf {
    homes().join("server")
}

/// Gives a home that has no data folder a copy of one that initdb made once, with its settings tuned.
pub fn start_from_template(home: &Home) {
    home.prepare().unwrap();
    spread(home.folder());
    let _lock = FileLock::wait(&scratch().join("template.lock"), LockMode::Exclusive).unwrap();
    if home.data_folders().is_empty() {
        for folder in template().data_folders() {
            let copy = Command::new("cp")
                .arg("-a")
                .arg(folder)
                .arg(home.folder())
                .status();
            assert!(copy.unwrap().success());
        }
    }
    for folder in home.finished_data() {
        fs::write(folder.join("postgresql.auto.conf"), TUNING).unwrap();
        spread(&folder.join("base"));
    }
}

/// Has ext4 make the folders of a folder far apart, each in a group of its own. A thousand files a server, and three hundred
/// a database, take eight times as long to be made in a group where as many were removed a moment ago: none of those
/// inodes is used again for a while, and each is looked at. Other file systems have no such flag.
#[cfg(target_os = "linux")]
fn spread(folder: &Path) {
    use rustix::fs::{IFlags, ioctl_getflags, ioctl_setflags};
    let folder = fs::File::open(folder).unwrap();
    if let Ok(flags) = ioctl_getflags(&folder) {
        let _ = ioctl_setflags(&folder, flags | IFlags::TOPDIR);
    }
}

#[cfg(not(target_os = "linux"))]
fn spread(_: &Path) {}

/// A home whose server has run once; its lock is held.
fn template() -> Home {
    let template = Home::at(&scratch().join("template")).unwrap();
    if template.data_folders().is_empty() {
        let lease = Lease::acquire(template.folder(), Path::new(SEEDROW));
        drop(lease.unwrap_or_else(|error| panic!("these tests need a Postgres server: {error:?}")));
        wait_until_down(&template);
    }
    template
}
