//! Users of the operating system: whether this process runs as root, and the user that Postgres runs as then.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::{Context, Result};

/// A user and its primary group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OsUser {
    /// The user's id.
    pub uid: u32,
    /// Its primary group's id.
    pub gid: u32,
}

impl OsUser {
    /// The owner of a file or folder.
    pub fn owning(path: &Path) -> Result<OsUser> {
        let metadata =
            fs::metadata(path).with_context(|| format!("could not look at {}", path.display()))?;
        Ok(OsUser {
            uid: metadata.uid(),
            gid: metadata.gid(),
        })
    }
}

/// Whether this process runs as root, which Postgres refuses to.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The user that a server started by root runs as: `postgres`, which its packages create, else `nobody`.
pub fn for_server() -> Result<OsUser> {
    named("postgres").or_else(|| named("nobody")).context(
        "Postgres refuses to run as root, and there is neither a user postgres nor nobody to run it as: run seedrow as an \
         ordinary user",
    )
}

/// The name of this process' user: libpq's default for the role. From $USER where the system doesn't know it.
pub fn user_name(variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    let uid = rustix::process::geteuid().as_raw();
    uzers::get_user_by_uid(uid)
        .map(|user| user.name().to_string_lossy().into_owned())
        .or_else(|| variable("USER"))
}

fn named(name: &str) -> Option<OsUser> {
    let user = uzers::get_user_by_name(name)?;
    Some(OsUser {
        uid: user.uid(),
        gid: user.primary_group_id(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_accounts_by_name() {
        assert_eq!(named("root"), Some(OsUser { uid: 0, gid: 0 }));
        assert_eq!(named("no such user"), None);
    }
}
