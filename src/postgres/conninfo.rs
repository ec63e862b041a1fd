//! A connection string, a URL or `key=value` pairs, as libpq reads it: text in, named parameters out; no I/O.
//!
//! tokio-postgres has a parser of its own, but it refuses half of libpq's parameters and fills none that are left
//! out from the environment. Errors never repeat a value: what is misread is often part of a password.

use std::collections::BTreeMap;

use anyhow::{Result, anyhow, bail, ensure};

/// Parameters by libpq's names; only names of [`PARAMETERS`] occur.
pub type Parameters = BTreeMap<&'static str, String>;

/// Where servers put their sockets: Debian's and Red Hat's builds, then everyone else's. `,` between them.
pub const DEFAULT_SOCKET_FOLDERS: &str = "/var/run/postgresql,/tmp";

/// Whether servers put their sockets in this folder unless configured otherwise.
pub fn is_default_socket_folder(folder: &str) -> bool {
    DEFAULT_SOCKET_FOLDERS
        .split(',')
        .any(|default| default == folder)
}

/// One of libpq's connection parameters.
pub struct ConnectionParameter {
    /// The name in a connection string or service file.
    pub name: &'static str,
    /// The environment variable that supplies it when it is left out.
    pub variable: Option<&'static str>,
    /// How it is handled.
    pub treatment: Treatment,
}

/// How a parameter is handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Treatment {
    /// It is used.
    Used,
    /// It has no effect here.
    Ignored,
    /// It requires a feature that is not supported: only these values, which don't need it, are accepted.
    Only(&'static [&'static str]),
}

/// The parameters of libpq 18, as its manual's section 34.1.2 lists them, but for OAuth's and SCRAM keys.
pub const PARAMETERS: &[ConnectionParameter] = &[
    used("host", Some("PGHOST")),
    used("hostaddr", Some("PGHOSTADDR")),
    used("port", Some("PGPORT")),
    used("dbname", Some("PGDATABASE")),
    used("user", Some("PGUSER")),
    used("password", Some("PGPASSWORD")),
    used("options", Some("PGOPTIONS")),
    used("application_name", Some("PGAPPNAME")),
    used("connect_timeout", Some("PGCONNECT_TIMEOUT")),
    used("passfile", Some("PGPASSFILE")),
    used("sslmode", Some("PGSSLMODE")),
    used("sslrootcert", Some("PGSSLROOTCERT")),
    used("sslcert", Some("PGSSLCERT")),
    used("sslkey", Some("PGSSLKEY")),
    used("sslcertmode", Some("PGSSLCERTMODE")),
    used("sslcrl", Some("PGSSLCRL")),
    used("sslcrldir", Some("PGSSLCRLDIR")),
    used("sslsni", Some("PGSSLSNI")),
    used("sslnegotiation", Some("PGSSLNEGOTIATION")),
    used("ssl_min_protocol_version", Some("PGSSLMINPROTOCOLVERSION")),
    used("ssl_max_protocol_version", Some("PGSSLMAXPROTOCOLVERSION")),
    used("target_session_attrs", Some("PGTARGETSESSIONATTRS")),
    used("channel_binding", Some("PGCHANNELBINDING")),
    used("service", Some("PGSERVICE")),
    used("servicefile", Some("PGSERVICEFILE")),
    used("keepalives", None),
    used("keepalives_idle", None),
    used("keepalives_interval", None),
    used("keepalives_count", None),
    used("tcp_user_timeout", None),
    ignored("client_encoding"),
    ignored("fallback_application_name"),
    used("load_balance_hosts", Some("PGLOADBALANCEHOSTS")),
    ignored("sslcompression"),
    ignored("sslkeylogfile"),
    ignored("sslpassword"),
    ignored_variable("min_protocol_version", "PGMINPROTOCOLVERSION"),
    ignored_variable("max_protocol_version", "PGMAXPROTOCOLVERSION"),
    ignored("krbsrvname"),
    ignored("gsslib"),
    ignored("gssdelegation"),
    only("gssencmode", Some("PGGSSENCMODE"), &["disable", "prefer"]),
    only("requirepeer", Some("PGREQUIREPEER"), &[]),
    only("require_auth", Some("PGREQUIREAUTH"), &[]),
    only("replication", None, &["false", "off", "no", "0"]),
];

const fn used(name: &'static str, variable: Option<&'static str>) -> ConnectionParameter {
    ConnectionParameter {
        name,
        variable,
        treatment: Treatment::Used,
    }
}

const fn ignored(name: &'static str) -> ConnectionParameter {
    ConnectionParameter {
        name,
        variable: None,
        treatment: Treatment::Ignored,
    }
}

/// Its value is checked, wherever it comes from.
const fn ignored_variable(name: &'static str, variable: &'static str) -> ConnectionParameter {
    ConnectionParameter {
        name,
        variable: Some(variable),
        treatment: Treatment::Ignored,
    }
}

const fn only(
    name: &'static str,
    variable: Option<&'static str>,
    values: &'static [&'static str],
) -> ConnectionParameter {
    ConnectionParameter {
        name,
        variable,
        treatment: Treatment::Only(values),
    }
}

const PROTOCOL_VERSIONS: &[&str] = &["3.0", "3.2", "latest"];
const TLS_VERSIONS: &[&str] = &["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"];

/// The parameters of which libpq knows a few values, and refuses others whatever it connects to. Which of them are
/// supported is decided where they are used.
const ENUMERATED: [(&str, &[&str]); 10] = [
    (
        "sslmode",
        &[
            "disable",
            "allow",
            "prefer",
            "require",
            "verify-ca",
            "verify-full",
        ],
    ),
    ("sslcertmode", &["disable", "allow", "require"]),
    ("sslnegotiation", &["postgres", "direct"]),
    ("ssl_min_protocol_version", TLS_VERSIONS),
    ("ssl_max_protocol_version", TLS_VERSIONS),
    ("channel_binding", &["disable", "prefer", "require"]),
    (
        "target_session_attrs",
        &[
            "any",
            "read-write",
            "read-only",
            "primary",
            "standby",
            "prefer-standby",
        ],
    ),
    ("load_balance_hosts", &["disable", "random"]),
    ("min_protocol_version", PROTOCOL_VERSIONS),
    ("max_protocol_version", PROTOCOL_VERSIONS),
];

/// libpq's environment variables, which are removed for programs that get their connection by other means.
pub fn variables() -> impl Iterator<Item = &'static str> {
    PARAMETERS.iter().filter_map(|parameter| parameter.variable)
}

/// A parameter's value; an empty one counts as left out.
pub fn value_of<'a>(given: &'a Parameters, name: &str) -> Option<&'a str> {
    given
        .get(name)
        .map(String::as_str)
        .filter(|value| !value.is_empty())
}

/// Reads a URL (`postgresql://…`) or `key=value` pairs.
pub fn parse(text: &str) -> Result<Parameters> {
    let text = text.trim();
    ensure!(!text.is_empty(), "it is empty");
    for prefix in ["postgresql://", "postgres://"] {
        if let Some(rest) = text.strip_prefix(prefix) {
            return parse_url(rest);
        }
    }
    if let Some((scheme, _)) = text.split_once("://") {
        ensure!(
            scheme.contains('='),
            "it is no Postgres URL: that starts with postgresql:// or postgres://"
        );
    }
    ensure!(
        text.contains('='),
        "it is neither a URL (postgresql://user@host:5432/database) nor key=value pairs (host=… dbname=…)"
    );
    parse_pairs(text)
}

/// Sets one parameter; checks its name, and that its value is supported.
pub fn set(parameters: &mut Parameters, name: &str, value: String) -> Result<()> {
    let parameter = PARAMETERS
        .iter()
        .find(|parameter| parameter.name == name)
        .ok_or_else(|| unknown(name))?;
    ensure!(!value.contains('\0'), "{name} has a NUL character");
    if let Treatment::Only(values) = parameter.treatment {
        ensure!(
            value.is_empty() || values.contains(&value.as_str()),
            "this value of {name} is not supported: leave {name} out"
        );
    }
    let enumerated = ENUMERATED.iter().find(|(known, _)| *known == name);
    if let Some((_, values)) = enumerated {
        ensure!(
            value.is_empty() || values.contains(&value.as_str()),
            "{name} is none of {}",
            values.join(", ")
        );
    }
    parameters.insert(parameter.name, value);
    Ok(())
}

fn unknown(name: &str) -> anyhow::Error {
    if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        return anyhow!(
            "a parameter's name is not one; in passwords, write / ? & = as %2F %3F %26 %3D"
        );
    }
    if matches!(name, "schema" | "currentSchema" | "search_path") {
        return anyhow!("there is no connection parameter {name:?}; use --target-schema NAME");
    }
    let near = PARAMETERS
        .iter()
        .map(|parameter| (strsim::levenshtein(parameter.name, name), parameter.name))
        .filter(|&(distance, _)| distance <= 2)
        .min();
    match near {
        Some((_, near)) => anyhow!("there is no connection parameter {name:?}; {near:?} is near"),
        None => anyhow!("there is no connection parameter {name:?}"),
    }
}

/// What follows `postgresql://`: `[user[:password]@][host[:port],…][/dbname][?name=value&…]`.
fn parse_url(rest: &str) -> Result<Parameters> {
    let mut parameters = Parameters::new();
    let authority = rest.split('/').next().unwrap_or_default();
    let rest = match authority.split_once('@') {
        Some((credentials, _)) => {
            parse_credentials(&mut parameters, credentials)?;
            &rest[credentials.len() + 1..]
        }
        None => rest,
    };
    // libpq would take it as part of a name. More often it ends a password that wasn't encoded, and the host or
    // database name that messages show would hold the password's end.
    ensure!(
        !rest.contains('@'),
        "there is an @ too many; in names and passwords, write @ / : ? as %40 %2F %3A %3F"
    );
    let (location, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (hosts, database) = location.split_once('/').unwrap_or((location, ""));
    parse_hosts(&mut parameters, hosts)?;
    if !database.is_empty() {
        set(&mut parameters, "dbname", decode(database)?)?;
    }
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair
            .split_once('=')
            .ok_or_else(|| anyhow!("after the ?, a parameter has no value: write name=value"))?;
        match (name, value) {
            ("ssl", "true") => set(&mut parameters, "sslmode", "require".into())?,
            _ => set(&mut parameters, &decode(name)?, decode(value)?)?,
        }
    }
    Ok(parameters)
}

fn parse_credentials(parameters: &mut Parameters, credentials: &str) -> Result<()> {
    let (user, password) = match credentials.split_once(':') {
        Some((user, password)) => (user, Some(password)),
        None => (credentials, None),
    };
    if !user.is_empty() {
        set(parameters, "user", decode(user)?)?;
    }
    match password {
        Some(password) => set(parameters, "password", decode(password)?),
        None => Ok(()),
    }
}

fn parse_hosts(parameters: &mut Parameters, text: &str) -> Result<()> {
    if text.is_empty() {
        return Ok(());
    }
    let (mut hosts, mut ports) = (Vec::new(), Vec::new());
    for one in text.split(',') {
        let (host, port) = match one.strip_prefix('[') {
            Some(bracketed) => bracketed
                .split_once(']')
                .ok_or_else(|| anyhow!("a [ before the host has no ] after it"))?,
            None => one.split_at(one.find(':').unwrap_or(one.len())),
        };
        ensure!(
            port.is_empty() || port.starts_with(':'),
            "after a host's ] comes :port or nothing"
        );
        hosts.push(decode(host)?);
        ports.push(decode(port.trim_start_matches(':'))?);
    }
    if hosts.iter().any(|host| !host.is_empty()) {
        set(parameters, "host", hosts.join(","))?;
    }
    if ports.iter().any(|port| !port.is_empty()) {
        set(parameters, "port", ports.join(","))?;
    }
    Ok(())
}

fn decode(text: &str) -> Result<String> {
    const BAD: &str = "a % is not followed by two hexadecimal digits; write % itself as %25";
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        if first != b'%' {
            bytes.push(first);
            continue;
        }
        let digits = tail.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        let digits = digits.filter(|two| two.bytes().all(|b| b.is_ascii_hexdigit()));
        let byte = digits.and_then(|two| u8::from_str_radix(two, 16).ok());
        bytes.push(byte.ok_or_else(|| anyhow!(BAD))?);
        rest = &tail[2..];
    }
    String::from_utf8(bytes).map_err(|_| anyhow!("its % codes do not decode to UTF-8"))
}

/// `name = value` pairs separated by blanks; a value with blanks is quoted with `'`, and `\` escapes the next
/// character.
fn parse_pairs(text: &str) -> Result<Parameters> {
    let mut parameters = Parameters::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (name, after) = rest
            .split_once('=')
            .ok_or_else(|| anyhow!("a parameter has no value: write name=value"))?;
        let name = name.trim_end();
        if name.contains(char::is_whitespace) {
            bail!("between two parameters a word has no =; write values with blanks as '…'");
        }
        let (value, after) = pair_value(after.trim_start())?;
        set(&mut parameters, name, value)?;
        rest = after.trim_start();
    }
    Ok(parameters)
}

/// A value and what comes after it.
fn pair_value(text: &str) -> Result<(String, &str)> {
    let (body, quoted) = match text.strip_prefix('\'') {
        Some(body) => (body, true),
        None => (text, false),
    };
    let mut value = String::new();
    let mut characters = body.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            '\'' if quoted => return Ok((value, &body[at + 1..])),
            blank if !quoted && blank.is_whitespace() => return Ok((value, &body[at..])),
            other => value.push(other),
        }
    }
    ensure!(!quoted, "a value's closing ' is missing");
    Ok((value, ""))
}

#[cfg(test)]
mod tests;
