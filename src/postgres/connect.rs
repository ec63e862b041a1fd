//! Connecting to a server: its endpoints are tried in order, again while it starts; failures are explained.

use std::time::Duration;

use anyhow::Result;
use tokio::time::Instant;
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{Client, Config, NoTls, Socket};

use super::target::{Address, Endpoint};
use super::tls::{Negotiation, Tls};
use crate::progress::Progress;

mod failure;

pub use failure::Failure;
use failure::{Remedy, places, refused};

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// The shortest timeout of an attempt, however little of `--wait` is left.
const SHORTEST_ATTEMPT: Duration = Duration::from_secs(1);
/// The first version with `client_connection_check_interval`.
const CHECKS_CLIENTS: u32 = 14;

/// An open connection and the server's major version, where it is known.
pub struct Opened {
    /// For statements; its connection task runs.
    pub client: Client,
    version: Option<u32>,
}

/// Connects to the first endpoint that accepts us; retries for as long as `wait` while that may help.
pub async fn reach<'a>(
    address: &'a Address,
    wait: Duration,
    progress: &Progress,
) -> Result<(&'a Endpoint, Opened)> {
    let deadline = Instant::now() + wait;
    let mut pause = Pause::default();
    let mut announced = false;
    loop {
        let longest = match wait.is_zero() {
            true => Duration::MAX,
            false => deadline
                .saturating_duration_since(Instant::now())
                .max(SHORTEST_ATTEMPT),
        };
        let failures = match try_all(address, longest).await {
            Ok(reached) => return Ok(reached),
            Err(failures) => failures,
        };
        let left = deadline.saturating_duration_since(Instant::now());
        let may_pass = failures
            .iter()
            .any(|failure| failure.remedy() == Remedy::Waiting);
        let hopeless = failures
            .iter()
            .any(|failure| failure.remedy() == Remedy::Nothing);
        if left.is_zero() || hopeless || !may_pass {
            return Err(refused(address, failures, wait).into());
        }
        if !announced {
            progress.note(format!("waiting for {}", places(address)));
            announced = true;
        }
        pause.sleep_at_most(left).await;
    }
}

/// The delay between two attempts, longer each time.
pub struct Pause(Duration);

impl Default for Pause {
    fn default() -> Pause {
        Pause(FIRST_PAUSE)
    }
}

impl Pause {
    /// Waits.
    pub async fn sleep(&mut self) {
        self.sleep_at_most(LONGEST_PAUSE).await;
    }

    async fn sleep_at_most(&mut self, longest: Duration) {
        tokio::time::sleep(self.0.min(longest)).await;
        self.0 = (self.0 * 2).min(LONGEST_PAUSE);
    }

    /// Whether it is long enough for a message; true once.
    pub fn is_long(&self) -> bool {
        (LONGEST_PAUSE / 2..LONGEST_PAUSE).contains(&self.0)
    }
}

/// Tries each endpoint once. A server that answers and rejects us ends the round, as in libpq.
async fn try_all(
    address: &Address,
    longest: Duration,
) -> Result<(&Endpoint, Opened), Vec<Failure>> {
    let mut failures = Vec::new();
    for endpoint in &address.endpoints {
        match open(&endpoint.config, &endpoint.tls, longest).await {
            Ok(opened) => return Ok((endpoint, opened)),
            Err(failure) => {
                let last = failure.remedy() == Remedy::Nothing;
                failures.push(failure);
                if last {
                    break;
                }
            }
        }
    }
    Err(failures)
}

/// The same role, database and limits at another address.
pub fn elsewhere(config: &Config, host: &str, port: u16) -> Config {
    let mut other = Config::new();
    other.host(host).port(port);
    if let Some(user) = config.get_user() {
        other.user(user);
    }
    if let Some(password) = config.get_password() {
        other.password(password);
    }
    if let Some(database) = config.get_dbname() {
        other.dbname(database);
    }
    if let Some(name) = config.get_application_name() {
        other.application_name(name);
    }
    if let Some(limit) = config.get_connect_timeout() {
        other.connect_timeout(*limit);
    }
    other.channel_binding(config.get_channel_binding());
    other
}

/// Opens one connection, each way that `tls` allows tried within `longest` and the configuration's own limit.
pub async fn open(config: &Config, tls: &Tls, longest: Duration) -> Result<Opened, Failure> {
    let (first, second) = tls.attempts();
    let failure = match open_by(first, config, tls, longest).await {
        Err(failure) if failure.depends_on_tls() => failure,
        result => return result,
    };
    let Some(second) = second else {
        return Err(failure);
    };
    match open_by(second, config, tls, longest).await {
        // No better: report the first failure.
        Err(other) if other.depends_on_tls() => Err(failure),
        result => result,
    }
}

async fn open_by(
    negotiation: Negotiation,
    config: &Config,
    tls: &Tls,
    longest: Duration,
) -> Result<Opened, Failure> {
    let mut config = config.clone();
    config.ssl_mode(match negotiation {
        Negotiation::Plain => SslMode::Disable,
        Negotiation::Preferred => SslMode::Prefer,
        Negotiation::Required => SslMode::Require,
    });
    match tls.connector() {
        Some(connector) => greet(&config, connector, longest).await,
        None => greet(&config, NoTls, longest).await,
    }
}

async fn greet<T>(config: &Config, tls: T, longest: Duration) -> Result<Opened, Failure>
where
    T: MakeTlsConnect<Socket>,
    T::Stream: Send + 'static,
    T::TlsConnect: Send,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    // The configuration's limit holds for the socket alone; the greeting that follows gets as long again.
    let limit = config
        .get_connect_timeout()
        .map_or(longest, |&socket| (socket * 2).min(longest));
    let connecting = config.connect(tls);
    let (client, connection) = tokio::time::timeout(limit, connecting)
        .await
        .map_err(|_| Failure::Silent(limit))?
        .map_err(Failure::Driver)?;
    let version = connection.parameter("server_version").and_then(major);
    tokio::spawn(connection);
    Ok(Opened { client, version })
}

impl Opened {
    /// The same server's, opened before.
    pub fn again(client: Client, version: Option<u32>) -> Opened {
        Opened { client, version }
    }

    /// The server's major version, where it is known.
    pub fn version(&self) -> Option<u32> {
        self.version
    }

    /// Has the server check every half second that we still exist: after a SIGKILL it would go on building an index,
    /// and a second run would collide with it.
    pub async fn check_client(&self) -> Result<(), tokio_postgres::Error> {
        if self.version.is_none_or(|version| version < CHECKS_CLIENTS) {
            return Ok(());
        }
        self.set("SET client_connection_check_interval = '500ms'")
            .await
    }

    /// Changes settings of the session. A server that rejects them, because its operating system or version lacks them,
    /// only notices a lost client later.
    pub async fn set(&self, settings: &str) -> Result<(), tokio_postgres::Error> {
        match self.client.batch_execute(settings).await {
            Err(error) if error.as_db_error().is_some() => Ok(()),
            result => result,
        }
    }
}

/// `16.2 (Debian …)`, `17beta1` → 16, 17.
fn major(version: &str) -> Option<u32> {
    let end = version
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(version.len());
    version[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::major;

    #[test]
    fn versions_give_their_major_number() {
        assert_eq!(major("15.14 (Debian 15.14-0+deb12u1)"), Some(15));
        assert_eq!(major("17beta1"), Some(17));
        assert_eq!(major("unknown"), None);
    }
}
