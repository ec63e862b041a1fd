//! Resolves the target: `--url`, else DATABASE_URL, else libpq's variables, else the embedded server; no I/O of its
//! own.
//!
//! tokio-postgres reads neither PG* variables nor service or password files, so libpq's defaults are filled in here.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use tokio_postgres::Config;
use tokio_postgres::config::{ChannelBinding, SslMode, TargetSessionAttrs};

use super::conninfo::{self, DEFAULT_SOCKET_FOLDERS, PARAMETERS, Parameters, value_of};
use super::environment::Environment;
use super::passfile::{self, Passfile};
use super::service;
use super::tls::Tls;

/// The variables that select a server. Others, such as a stray PGUSER, only supply defaults.
const PLACES: [&str; 4] = ["PGHOST", "PGHOSTADDR", "PGSERVICE", "PGDATABASE"];
/// libpq waits for ever; in CI an error is better.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A lost peer is detected after about a minute instead of two hours.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEPALIVE_RETRIES: u32 = 3;

/// The target that is asked for.
#[derive(Debug, Clone, Default)]
pub struct TargetOptions {
    /// A libpq URL or key=value string; without one the environment says.
    pub url: Option<String>,
    /// The schema that holds the tables; without one the first of the search path.
    pub schema: Option<String>,
    /// How long to wait for the server to accept connections.
    pub wait: Duration,
    /// Bytes of memory of the server's machine, where they are known.
    pub server_memory: Option<u64>,
    /// The folder of the embedded Postgres; without one the environment says.
    pub home: Option<PathBuf>,
}

/// A server.
#[derive(Debug)]
pub enum Target {
    /// The server that seedrow starts itself.
    Embedded,
    /// A server that is up already.
    External(Address),
}

/// Where an external server is, and as which role to connect.
#[derive(Debug)]
pub struct Address {
    /// The places to try, in order; never empty.
    pub endpoints: Vec<Endpoint>,
    /// Which of them take connections for reads.
    pub balance: Balance,
    /// The database.
    pub database: String,
    /// The role.
    pub user: String,
    /// Where the address comes from.
    pub origin: Origin,
    /// Which parameters were ignored, and why.
    pub warnings: Vec<String>,
}

/// One place where the server may listen.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// tokio-postgres' configuration.
    pub config: Config,
    /// The host as it was named, an address where only that was, or a socket's folder.
    pub host: String,
    /// The port.
    pub port: u16,
    /// How the connection is secured.
    pub tls: Tls,
    /// The file that the password comes from, where it does.
    pub passfile: Option<PathBuf>,
    /// `host:port` or the socket's path, for messages.
    pub shown: String,
}

/// Which of several hosts take connections for reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Balance {
    /// The first that answers takes all.
    FirstThatAnswers,
    /// Each in turn (`load_balance_hosts=random`).
    InTurn,
}

/// The source of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// `--url`
    Option,
    /// DATABASE_URL
    DatabaseUrl,
    /// One of libpq's variables, by name.
    Variable(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Origin::Option => "--url",
            Origin::DatabaseUrl => "DATABASE_URL",
            Origin::Variable(name) => name,
        })
    }
}

impl Target {
    /// Resolves `--url`, if given, and the environment.
    pub fn resolve(url: Option<&str>, environment: &Environment) -> Result<Target> {
        let place = PLACES
            .into_iter()
            .find(|place| environment.get(place).is_some());
        let (origin, text) = match (url, environment.get("DATABASE_URL"), place) {
            (Some(url), _, _) => (Origin::Option, Some(url.to_string())),
            (None, Some(url), _) => (Origin::DatabaseUrl, Some(url)),
            (None, None, Some(place)) => (Origin::Variable(place), None),
            (None, None, None) => return Ok(Target::Embedded),
        };
        let address = address(text.as_deref(), origin, environment);
        address
            .map(Target::External)
            .with_context(|| format!("could not use {origin}"))
    }
}

fn address(text: Option<&str>, origin: Origin, environment: &Environment) -> Result<Address> {
    let mut given = text.map(conninfo::parse).transpose()?.unwrap_or_default();
    fill(&mut given, environment)?;
    let user = match (value_of(&given, "user"), &environment.user) {
        (Some(user), _) => user.to_string(),
        (None, Some(user)) => user.clone(),
        (None, None) => {
            bail!("it names no user, and this process' own has no name: give one with PGUSER")
        }
    };
    let database = value_of(&given, "dbname").unwrap_or(&user).to_string();
    let mut config = shared_config(&given)?;
    config.user(&user).dbname(&database);
    let mut endpoints = endpoints(&given, &config)?;
    secure(&mut endpoints, &given, environment)?;
    let mut warnings = Vec::new();
    if value_of(&given, "password").is_none() {
        match passfile::open(value_of(&given, "passfile"), environment) {
            Ok(Some(file)) => look_up(&mut endpoints, &file, &database, &user),
            Ok(None) => {}
            Err(warning) => warnings.push(warning),
        }
    }
    let balance = match value_of(&given, "load_balance_hosts") {
        Some("random") => Balance::InTurn,
        _ => Balance::FirstThatAnswers,
    };
    Ok(Address {
        endpoints,
        balance,
        database,
        user,
        origin,
        warnings,
    })
}

/// Fills what was left out as libpq does: from the service, then from the environment.
fn fill(given: &mut Parameters, environment: &Environment) -> Result<()> {
    let either = |given: &Parameters, name: &str, variable: &str| {
        value_of(given, name)
            .map(String::from)
            .or_else(|| environment.get(variable))
    };
    if let Some(name) = either(given, "service", "PGSERVICE") {
        let file = either(given, "servicefile", "PGSERVICEFILE");
        for (parameter, value) in service::lookup(&name, file.as_deref(), environment)? {
            given.entry(parameter).or_insert(value);
        }
    }
    for parameter in PARAMETERS {
        let variable = parameter
            .variable
            .filter(|_| !given.contains_key(parameter.name));
        if let Some((variable, value)) = variable.and_then(|v| Some((v, environment.get(v)?))) {
            conninfo::set(given, parameter.name, value)
                .with_context(|| format!("could not use {variable}"))?;
        }
    }
    Ok(())
}

/// Has what goes over a network use TLS as asked for; libpq too ignores sslmode on a socket, which never leaves the
/// machine.
fn secure(endpoints: &mut [Endpoint], given: &Parameters, environment: &Environment) -> Result<()> {
    let (sockets, networked): (Vec<_>, Vec<_>) = endpoints
        .iter_mut()
        .partition(|endpoint| endpoint.is_socket());
    ensure!(
        sockets.is_empty() || value_of(given, "channel_binding") != Some("require"),
        "channel_binding=require needs TLS, which a socket has not: leave it out"
    );
    if networked.is_empty() {
        return Ok(());
    }
    let tls = Tls::resolve(given, environment)?;
    for endpoint in networked {
        endpoint.tls = tls.clone();
    }
    Ok(())
}

/// Gives each endpoint the password that the file has for it.
fn look_up(endpoints: &mut [Endpoint], file: &Passfile, database: &str, user: &str) {
    for endpoint in endpoints {
        let key = passfile::PassfileKey {
            host: &endpoint.host,
            port: endpoint.port,
            database,
            user,
        };
        if let Some(password) = file.password(key) {
            endpoint.config.password(password);
            endpoint.passfile = Some(file.path.clone());
        }
    }
}

/// All of the configuration but the host, port, user and database.
fn shared_config(given: &Parameters) -> Result<Config> {
    let mut config = Config::new();
    config
        .ssl_mode(SslMode::Disable)
        .channel_binding(channel_binding(given)?)
        .application_name(value_of(given, "application_name").unwrap_or("seedrow"))
        .keepalives(number::<i64>(given, "keepalives")? != Some(0))
        .keepalives_idle(seconds(given, "keepalives_idle")?.unwrap_or(KEEPALIVE_IDLE))
        .keepalives_interval(seconds(given, "keepalives_interval")?.unwrap_or(KEEPALIVE_INTERVAL))
        .keepalives_retries(number(given, "keepalives_count")?.unwrap_or(KEEPALIVE_RETRIES));
    match number::<i64>(given, "connect_timeout")? {
        None => config.connect_timeout(CONNECT_TIMEOUT),
        Some(seconds @ 1..) => config.connect_timeout(Duration::from_secs(seconds.unsigned_abs())),
        // libpq: zero and below wait for ever.
        Some(_) => &mut config,
    };
    // No default: it would also end a COPY whose backend waits for a lock or a disk, and reads nothing for that time.
    if let Some(milliseconds) = number(given, "tcp_user_timeout")? {
        config.tcp_user_timeout(Duration::from_millis(milliseconds));
    }
    if let Some(password) = value_of(given, "password") {
        config.password(password);
    }
    if let Some(options) = value_of(given, "options") {
        config.options(options);
    }
    config.target_session_attrs(match value_of(given, "target_session_attrs") {
        None | Some("any") => TargetSessionAttrs::Any,
        Some("read-write" | "primary") => TargetSessionAttrs::ReadWrite,
        Some("read-only" | "standby") => TargetSessionAttrs::ReadOnly,
        Some(_) => bail!(
            "this value of target_session_attrs is not supported; any, read-write, read-only, primary and standby are"
        ),
    });
    Ok(config)
}

fn channel_binding(given: &Parameters) -> Result<ChannelBinding> {
    Ok(match value_of(given, "channel_binding") {
        None | Some("prefer") => ChannelBinding::Prefer,
        Some("disable") => ChannelBinding::Disable,
        Some("require") => ChannelBinding::Require,
        Some(_) => bail!("channel_binding is none of disable, prefer, require"),
    })
}

fn number<N: FromStr>(given: &Parameters, name: &str) -> Result<Option<N>> {
    let parsed = value_of(given, name).map(|text| text.trim().parse());
    parsed
        .transpose()
        .map_err(|_| anyhow!("{name} is not a whole number that fits"))
}

fn seconds(given: &Parameters, name: &str) -> Result<Option<Duration>> {
    // Zero means the system's default, which is too long: ours is used.
    let number: Option<u64> = number(given, name)?;
    Ok(number.filter(|&n| n > 0).map(Duration::from_secs))
}

/// One endpoint a host, each with its own address and port; the usual socket folders where no host is named.
fn endpoints(given: &Parameters, config: &Config) -> Result<Vec<Endpoint>> {
    let addresses: Vec<&str> =
        value_of(given, "hostaddr").map_or(vec![], |a| a.split(',').collect());
    let hosts: Vec<&str> = match value_of(given, "host") {
        Some(hosts) => hosts.split(',').collect(),
        None if addresses.is_empty() => DEFAULT_SOCKET_FOLDERS.split(',').collect(),
        None => vec![""; addresses.len()],
    };
    ensure!(
        addresses.is_empty() || addresses.len() == hosts.len(),
        "there are {} hosts and {} hostaddrs: give as many of one as of the other",
        hosts.len(),
        addresses.len()
    );
    let ports: Vec<&str> = value_of(given, "port")
        .unwrap_or("5432")
        .split(',')
        .collect();
    ensure!(
        ports.len() == 1 || ports.len() == hosts.len(),
        "there are {} hosts and {} ports: give one port for all or one for each",
        hosts.len(),
        ports.len()
    );
    let mut endpoints = Vec::new();
    for (at, host) in hosts.iter().enumerate() {
        let address = addresses
            .get(at)
            .copied()
            .filter(|address| !address.is_empty());
        let port = port(ports.get(at).unwrap_or(&ports[0]))?;
        match (*host, address) {
            ("", None) => {
                for folder in DEFAULT_SOCKET_FOLDERS.split(',') {
                    endpoints.push(endpoint(config, folder, None, port)?);
                }
            }
            (host, address) => endpoints.push(endpoint(config, host, address, port)?),
        }
    }
    Ok(endpoints)
}

fn port(text: &str) -> Result<u16> {
    match text.trim() {
        "" => Ok(5432),
        text => match text.parse() {
            Ok(0) | Err(_) => bail!("port is not a number from 1 to 65535"),
            Ok(port) => Ok(port),
        },
    }
}

fn endpoint(config: &Config, host: &str, address: Option<&str>, port: u16) -> Result<Endpoint> {
    let mut config = config.clone();
    config.port(port);
    let place = if host.is_empty() {
        address.unwrap_or_default()
    } else {
        host
    };
    // A host that starts with / is a folder of sockets; tokio-postgres does the same. An address replaces a
    // host that isn't named: without any, tokio-postgres refuses TLS.
    config.host(place);
    if let Some(address) = address {
        let parsed: IpAddr = address
            .parse()
            .map_err(|_| anyhow!("hostaddr is not an IP address"))?;
        config.hostaddr(parsed);
    }
    let shown = match (place.starts_with('/'), place.contains(':')) {
        (true, _) => format!("{place}/.s.PGSQL.{port}"),
        (false, true) => format!("[{place}]:{port}"),
        (false, false) => format!("{place}:{port}"),
    };
    Ok(Endpoint {
        config,
        host: place.to_string(),
        port,
        tls: Tls::Off,
        passfile: None,
        shown,
    })
}

impl Endpoint {
    fn is_socket(&self) -> bool {
        self.host.starts_with('/')
    }
}

#[cfg(test)]
mod tests;
