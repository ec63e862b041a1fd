//! Finds the programs of an installed Postgres: not every distribution has initdb and postgres on PATH.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::env;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::error::ErrorWithNotes;
use crate::suggestion::HOME;

/// What to do without any Postgres.
const HOW_TO_GET: [&str; 5] = [
    "Debian, Ubuntu: apt-get install postgresql",
    "Fedora, Red Hat: dnf install postgresql-server",
    "macOS: brew install postgresql",
    "installed elsewhere: set PGBINDIR to the folder that holds its initdb and postgres",
    "running elsewhere: seedrow … --url postgresql://USER:PASSWORD@HOST/DATABASE",
];

/// Folders with a version's `bin` below each entry: `(parent, prefix of the entry, what follows)`.
const PLACES: [(&str, &str, &str); 6] = [
    ("/usr/lib/postgresql", "", "bin"),
    ("/usr", "pgsql-", "bin"),
    ("/opt/homebrew/opt", "postgresql", "bin"),
    ("/usr/local/opt", "postgresql", "bin"),
    ("/home/linuxbrew/.linuxbrew/opt", "postgresql", "bin"),
    ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
];

/// A server's programs, all of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// The folder that holds initdb and postgres.
    pub bin: PathBuf,
    /// What `postgres --version` says.
    pub version: Version,
}

/// A server's version: 15.14.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// Data folders are compatible within one major version only.
    pub major: u32,
    /// 0 for a beta.
    pub minor: u32,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl Version {
    /// Reads `postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)`.
    fn parse(text: &str) -> Option<Version> {
        let number = text
            .split_once("(PostgreSQL)")?
            .1
            .split_whitespace()
            .next()?;
        let mut parts = number.split(|c: char| !c.is_ascii_digit());
        let major = parts.next()?.parse().ok()?;
        let minor = parts.next().and_then(|minor| minor.parse().ok());
        Some(Version {
            major,
            minor: if number.contains('.') {
                minor.unwrap_or(0)
            } else {
                0
            },
        })
    }
}

impl Installation {
    /// One of its programs.
    pub fn program(&self, name: &str) -> PathBuf {
        self.bin.join(name)
    }

    /// The installation in this folder; `None` when its postgres doesn't run.
    pub fn at(bin: PathBuf) -> Option<Installation> {
        let output = Command::new(bin.join("postgres"))
            .arg("--version")
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .ok()?;
        let version = Version::parse(&String::from_utf8_lossy(&output.stdout))?;
        Some(Installation { bin, version })
    }
}

/// The installed servers, newest first, one a major version; never empty.
///
/// With PGBINDIR set, only that folder's. A folder counts when it holds both initdb and postgres.
pub fn installed() -> Result<Vec<Installation>> {
    let folders: BTreeSet<PathBuf> = folders("initdb")
        .filter(|folder| folder.join("postgres").is_file())
        .collect();
    let mut found: Vec<_> = folders.into_iter().filter_map(Installation::at).collect();
    found.sort_by_key(|installation| Reverse(installation.version));
    found.dedup_by_key(|installation| installation.version.major);
    if found.is_empty() {
        bail!(ErrorWithNotes {
            message: format!(
                "found no Postgres to run: no initdb and postgres in {}",
                searched()
            ),
            notes: HOW_TO_GET.map(String::from).to_vec(),
            source: None,
        });
    }
    Ok(found)
}

/// psql, at best of this major version; it speaks to older and newer servers too, so that PGBINDIR's folder, which may
/// hold a server only, is not the last place to look.
pub fn psql(major: u32) -> Result<PathBuf> {
    let ours = installed().unwrap_or_default().into_iter();
    let ours = ours.filter(|installation| installation.version.major == major);
    let candidates = ours
        .map(|installation| installation.bin)
        .chain(folders("psql"))
        .chain(everywhere("psql"));
    let mut programs = candidates.map(|folder| folder.join("psql"));
    programs.find(|program| program.is_file()).with_context(|| {
        format!(
            "found no psql in {}; install it (Debian, Ubuntu: apt-get install postgresql-client), or use `seedrow db \
             url{HOME}` with another client",
            searched()
        )
    })
}

/// The folders that hold `program`: PGBINDIR alone where it is set.
fn folders(program: &str) -> Box<dyn Iterator<Item = PathBuf> + '_> {
    match pgbindir() {
        Some(folder) => Box::new(resolved(program, folder).into_iter()),
        None => Box::new(everywhere(program)),
    }
}

/// The folders that hold `program`, PATH's first.
fn everywhere(program: &str) -> impl Iterator<Item = PathBuf> {
    let candidates = path_folders().chain(PLACES.iter().flat_map(below));
    candidates.filter_map(move |folder| resolved(program, folder))
}

/// The folder that holds what `program` in this folder is a link to: its version's own, where several are installed.
fn resolved(program: &str, folder: PathBuf) -> Option<PathBuf> {
    let real = fs::canonicalize(folder.join(program)).ok()?;
    real.parent().map(Path::to_path_buf)
}

fn pgbindir() -> Option<PathBuf> {
    env::var_os("PGBINDIR")
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

fn path_folders() -> impl Iterator<Item = PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .filter(|folder| folder.is_absolute())
        .collect::<Vec<_>>()
        .into_iter()
}

/// The `bin` folders below one of the usual places, newest first.
fn below(&(parent, prefix, rest): &(&str, &str, &str)) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let named = entries.filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        let version: u32 = name
            .trim_start_matches(|c: char| !c.is_ascii_digit())
            .parse()
            .unwrap_or(0);
        name.starts_with(prefix)
            .then(|| (version, entry.path().join(rest)))
    });
    let mut found: Vec<_> = named.collect();
    found.sort_by_key(|&(version, _)| Reverse(version));
    found.into_iter().map(|(_, folder)| folder).collect()
}

fn searched() -> String {
    match pgbindir() {
        Some(folder) => format!("{} (PGBINDIR)", folder.display()),
        None => {
            "PATH and the usual folders (/usr/lib/postgresql/*/bin, /usr/pgsql-*/bin, Homebrew's)"
                .into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_what_postgres_says() {
        let parsed = |text| Version::parse(text).map(|version| version.to_string());
        assert_eq!(
            parsed("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)\n"),
            Some("15.14".into())
        );
        assert_eq!(
            parsed("postgres (PostgreSQL) 18beta2\n"),
            Some("18.0".into())
        );
        assert_eq!(parsed("postgres: not found"), None);
    }
}
