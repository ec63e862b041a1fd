//! libpq's password file: passwords kept by host, port, database and role, out of URLs, variables and process lists.

use std::io;
use std::path::{Path, PathBuf};

use super::environment::{Environment, FileAccess};

/// What the file calls a socket in one of the usual folders, or one whose folder is not named.
const DEFAULT_HOST: &str = "localhost";

/// A password file that may be used.
#[derive(Debug)]
pub struct Passfile {
    /// Where it is.
    pub path: PathBuf,
    text: String,
}

/// What a connection is looked up by.
#[derive(Debug, Clone, Copy)]
pub struct PassfileKey<'a> {
    /// The host as it was named, an address where only that was, a socket's folder, or nothing.
    pub host: &'a str,
    /// The port.
    pub port: u16,
    /// The database.
    pub database: &'a str,
    /// The role.
    pub user: &'a str,
}

/// The file named by `passfile` or PGPASSFILE, else ~/.pgpass. One that can't be used is ignored, as in libpq; the
/// error is the warning to show.
pub fn open(named: Option<&str>, environment: &Environment) -> Result<Option<Passfile>, String> {
    let own = || Some(Path::new(&environment.get("HOME")?).join(".pgpass"));
    let Some(path) = named.map(PathBuf::from).or_else(own) else {
        return Ok(None);
    };
    let ignored = |why: String| format!("password file {} ignored: {why}", path.display());
    let access = match (environment.file_access)(&path) {
        Ok(access) => access,
        Err(error) if is_absent(&error) => return Ok(None),
        Err(error) => return Err(ignored(error.to_string())),
    };
    ensure_private(access, &path).map_err(ignored)?;
    match (environment.read_file)(&path) {
        Ok(text) => Ok(Some(Passfile { path, text })),
        Err(error) => Err(ignored(error.to_string())),
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

fn ensure_private(access: FileAccess, path: &Path) -> Result<(), String> {
    if !access.is_file() {
        return Err("it is not a plain file".into());
    }
    match access.mode & 0o077 {
        0 => Ok(()),
        _ => Err(format!(
            "group or others have access to it; chmod 600 {}",
            path.display()
        )),
    }
}

impl Passfile {
    /// The password on the first line that matches; an empty one counts as none.
    pub fn password(&self, key: PassfileKey) -> Option<String> {
        let host = match key.host {
            "" => DEFAULT_HOST,
            folder if super::conninfo::is_default_socket_folder(folder) => DEFAULT_HOST,
            host => host,
        };
        let port = key.port.to_string();
        let wanted = [host, &port, key.database, key.user];
        let mut lines = self.text.lines().filter(|line| !line.starts_with('#'));
        let password = lines.find_map(|line| {
            let line = line.strip_suffix('\r').unwrap_or(line);
            let rest = wanted
                .iter()
                .try_fold(line, |rest, wanted| after_match(rest, wanted))?;
            Some(field(rest).0)
        })?;
        (!password.is_empty()).then_some(password)
    }
}

/// What follows a line's first field and its colon, if the field is `*` or this text.
fn after_match<'a>(line: &'a str, wanted: &str) -> Option<&'a str> {
    if let Some(rest) = line.strip_prefix("*:") {
        return Some(rest);
    }
    let (field, rest) = field(line);
    rest.filter(|_| field == wanted)
}

/// A line's first field, `\` guarding the next character, and what follows its colon.
fn field(line: &str) -> (String, Option<&str>) {
    let mut value = String::new();
    let mut characters = line.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            ':' => return (value, Some(&line[at + 1..])),
            '\\' => value.push(characters.next().map_or('\\', |(_, guarded)| guarded)),
            other => value.push(other),
        }
    }
    (value, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str, key: PassfileKey) -> Option<String> {
        let path = PathBuf::new();
        let text = text.to_string();
        Passfile { path, text }.password(key)
    }

    const KEY: PassfileKey = PassfileKey {
        host: "db",
        port: 5432,
        database: "shop",
        user: "ann",
    };

    #[test]
    fn the_first_line_that_matches_counts() {
        let text = "# db:5432:shop:ann:comment\nother:5432:shop:ann:a\ndb:6432:*:*:b\ndb:*:shop:*:c\r\n*:*:*:*:d\n";
        assert_eq!(password(text, KEY).as_deref(), Some("c"));
        assert_eq!(
            password(text, PassfileKey { port: 6432, ..KEY }).as_deref(),
            Some("b")
        );
        assert_eq!(
            password(text, PassfileKey { host: "x", ..KEY }).as_deref(),
            Some("d")
        );
        assert_eq!(password("db:5432:shop:ann\n\ndb\n:::", KEY), None);
        assert_eq!(password("*:*:*:*:", KEY), None);
    }

    #[test]
    fn a_backslash_guards_colons_stars_and_itself() {
        let key = PassfileKey {
            host: "::1",
            user: "a\\b",
            ..KEY
        };
        let text = r"\:\:1:5432:shop:a\\b:p\:q\\r:rest";
        assert_eq!(password(text, key).as_deref(), Some(r"p:q\r"));
        assert_eq!(password(r"\*:5432:shop:ann:x", KEY), None);
    }

    #[test]
    fn the_usual_sockets_are_localhost_and_others_their_folder() {
        let text = "localhost:*:*:*:local\n/srv/pg:*:*:*:folder\n";
        for (host, expected) in [
            ("", "local"),
            ("localhost", "local"),
            ("/tmp", "local"),
            ("/var/run/postgresql", "local"),
            ("/srv/pg", "folder"),
        ] {
            assert_eq!(
                password(text, PassfileKey { host, ..KEY }).as_deref(),
                Some(expected)
            );
        }
        assert_eq!(
            password(
                text,
                PassfileKey {
                    host: "/srv",
                    ..KEY
                }
            ),
            None
        );
    }
}
