//! The machine's user accounts, as /etc/passwd lists them: who runs this process, and whom Postgres may run as.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::{Context, Result};

/// A user and its first group, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// The user's number.
    pub uid: u32,
    /// Its first group's number.
    pub gid: u32,
}

impl Account {
    /// Who owns this file or folder.
    pub fn owning(path: &Path) -> Result<Account> {
        let metadata =
            fs::metadata(path).with_context(|| format!("could not look at {}", path.display()))?;
        Ok(Account {
            uid: metadata.uid(),
            gid: metadata.gid(),
        })
    }
}

/// Whether this process runs as root, which Postgres refuses to.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Whom a server started by root runs as: `postgres`, which its packages make, else `nobody`.
pub fn for_server() -> Result<Account> {
    let passwd = fs::read_to_string("/etc/passwd").context("could not read /etc/passwd")?;
    named(&passwd, "postgres").or_else(|| named(&passwd, "nobody")).context(
        "Postgres refuses to run as root, and /etc/passwd has neither a user postgres nor nobody to run it as: run \
         seedrow as an ordinary user",
    )
}

/// This process' user by name: libpq's default for the role. From $USER where /etc/passwd doesn't list it.
pub fn user_name(env: impl Fn(&str) -> Option<String>) -> Option<String> {
    let uid = rustix::process::geteuid().as_raw();
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let listed = entries(&passwd).find(|&(_, account)| account.uid == uid);
    listed
        .map(|(name, _)| name.to_string())
        .or_else(|| env("USER"))
}

fn named(passwd: &str, name: &str) -> Option<Account> {
    entries(passwd)
        .find(|&(user, _)| user == name)
        .map(|(_, account)| account)
}

fn entries(passwd: &str) -> impl Iterator<Item = (&str, Account)> {
    passwd.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        Some((name, Account { uid, gid }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_accounts_by_name() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\n+::::::\npostgres:x:101:104:,,,:/var/lib/postgresql:/bin/sh\n";
        assert_eq!(
            named(passwd, "postgres"),
            Some(Account { uid: 101, gid: 104 })
        );
        assert_eq!(named(passwd, "post"), None);
    }
}
