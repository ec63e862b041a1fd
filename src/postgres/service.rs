//! libpq's service file: connection parameters kept under a name, so that scripts hold neither hosts nor passwords.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::conninfo::{self, Parameters};
use super::environment::Environment;

/// Where Debian's libpq looks after the user's own file; elsewhere PGSYSCONFDIR names the folder.
const SYSTEM_FOLDER: &str = "/etc/postgresql-common";
const FILE_NAME: &str = "pg_service.conf";

/// The parameters of service `name`, from the user's file, else from the system's.
///
/// `file` is what `servicefile` or PGSERVICEFILE name: a file that must be there.
pub fn lookup(name: &str, file: Option<&str>, environment: &Environment) -> Result<Parameters> {
    let places = places(file, environment);
    let is_named = |place: &Path| file.is_some_and(|file| place == Path::new(file));
    for place in &places {
        let text = match (environment.read_file)(place) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound && !is_named(place) => continue,
            Err(error) => {
                return Err(error).with_context(|| format!("could not read {}", place.display()));
            }
        };
        if let Some(found) =
            section(&text, name).with_context(|| format!("could not use {}", place.display()))?
        {
            return Ok(found);
        }
    }
    let places: Vec<_> = places.iter().map(|p| p.display().to_string()).collect();
    bail!("there is no service {name:?} in {}", places.join(" or "))
}

fn places(file: Option<&str>, environment: &Environment) -> Vec<PathBuf> {
    let own = match file {
        Some(file) => Some(PathBuf::from(file)),
        None => environment
            .get("HOME")
            .map(|home| Path::new(&home).join(".pg_service.conf")),
    };
    let folder = environment
        .get("PGSYSCONFDIR")
        .unwrap_or_else(|| SYSTEM_FOLDER.into());
    own.into_iter()
        .chain([Path::new(&folder).join(FILE_NAME)])
        .collect()
}

/// The pairs under `[name]`; `None` when the file has no such section.
fn section(text: &str, name: &str) -> Result<Option<Parameters>> {
    let mut found: Option<Parameters> = None;
    for (number, line) in (1..).zip(text.lines().map(str::trim)) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(title) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            if found.is_some() {
                break;
            }
            found = (title == name).then(Parameters::new);
        } else if let Some(parameters) = &mut found {
            pair(parameters, line).with_context(|| format!("line {number}, service {name:?}"))?;
        }
    }
    Ok(found)
}

fn pair(parameters: &mut Parameters, line: &str) -> Result<()> {
    match line.split_once('=') {
        Some(("service" | "servicefile", _)) => bail!("a service may not name another one"),
        Some((key, value)) => conninfo::set(parameters, key.trim(), value.trim().to_string()),
        None if line.starts_with("ldap") => bail!("parameters from LDAP are not supported here"),
        None => bail!("expected name=value"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# ours\n[other]\nhost=elsewhere\n\n[shop]\nhost = db.example.com\nport=6432\n[last]\nuser=x\n";

    #[test]
    fn reads_its_own_section_only() {
        let found = section(FILE, "shop").unwrap().unwrap();
        let found: Vec<_> = found.iter().map(|(k, v)| (*k, v.as_str())).collect();
        assert_eq!(found, [("host", "db.example.com"), ("port", "6432")]);
        assert!(section(FILE, "nope").unwrap().is_none());
    }

    #[test]
    fn errors_name_the_line_and_hide_the_value() {
        let error = section("[s]\nhost=a\npassword hunter2\n", "s").unwrap_err();
        let error = format!("{error:#}");
        assert!(
            error.contains("line 3") && !error.contains("hunter2"),
            "{error}"
        );
    }
}
