//! Reaching a server: trying its endpoints, waiting while it isn't up, and saying why it can't be used.

use std::error::Error;
use std::io;
use std::time::Duration;

use anyhow::Result;
use tokio::time::Instant;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, NoTls};

use super::error::Refused;
use super::target::{Address, Endpoint};
use crate::progress::Progress;

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// However little of `--wait` is left, an attempt gets this long.
const SHORTEST_ATTEMPT: Duration = Duration::from_secs(1);
/// From this version on the server looks for vanished clients while it works for them.
const CHECKS_CLIENTS: u32 = 14;

/// Why one endpoint could not be used.
#[derive(Debug)]
pub enum Failure {
    /// tokio-postgres' word.
    Told(tokio_postgres::Error),
    /// It took the connection and said nothing for this long.
    Silent(Duration),
}

/// What may help against a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Remedy {
    /// Trying again in a while.
    Waiting,
    /// Another host of the list.
    OtherHost,
    /// Neither.
    Nothing,
}

/// An open connection and the server's major version, where it could be told.
pub struct Opened {
    /// For statements; its connection task runs.
    pub client: Client,
    version: Option<u32>,
}

/// Finds the first endpoint that lets us in, trying again for as long as `wait` while that may help.
pub async fn reach<'a>(
    address: &'a Address,
    wait: Duration,
    progress: &Progress,
) -> Result<(&'a Endpoint, Opened)> {
    let deadline = Instant::now() + wait;
    let mut pause = FIRST_PAUSE;
    let mut told = false;
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
        if !told {
            progress.say(format!("waiting for {}", places(address)));
            told = true;
        }
        tokio::time::sleep(pause.min(left)).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// One round over the endpoints. A server that answers and refuses ends it, as in libpq.
async fn try_all(
    address: &Address,
    longest: Duration,
) -> Result<(&Endpoint, Opened), Vec<Failure>> {
    let mut failures = Vec::new();
    for endpoint in &address.endpoints {
        match open(&endpoint.config, longest).await {
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

/// Opens one connection within `longest` and the configuration's own limit.
pub async fn open(config: &Config, longest: Duration) -> Result<Opened, Failure> {
    // The configuration's limit holds for the socket alone; the greeting that follows gets as long again.
    let limit = config
        .get_connect_timeout()
        .map_or(longest, |&socket| (socket * 2).min(longest));
    let connecting = config.connect(NoTls);
    let (client, connection) = tokio::time::timeout(limit, connecting)
        .await
        .map_err(|_| Failure::Silent(limit))?
        .map_err(Failure::Told)?;
    let version = connection.parameter("server_version").and_then(major);
    tokio::spawn(connection);
    Ok(Opened { client, version })
}

impl Opened {
    /// Asks the server to look for us every half second while it works for us: after a SIGKILL of ours it would go on
    /// building an index, and a second run would collide with it.
    pub async fn check_client(&self) -> Result<(), tokio_postgres::Error> {
        if self.version.is_none_or(|version| version < CHECKS_CLIENTS) {
            return Ok(());
        }
        let set = self
            .client
            .batch_execute("SET client_connection_check_interval = '500ms'")
            .await;
        match set {
            // Refused where the operating system can't tell; nothing is lost but promptness.
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

impl Failure {
    fn remedy(&self) -> Remedy {
        let error = match self {
            Failure::Silent(_) => return Remedy::Waiting,
            Failure::Told(error) => error,
        };
        match (self.code(), self.io_kind()) {
            // Starting up, shutting down or recovering.
            (Some(code), _) if *code == SqlState::CANNOT_CONNECT_NOW => Remedy::Waiting,
            (Some(_), _) => Remedy::Nothing,
            // The socket isn't ours to open, or target_session_attrs wants another server.
            (None, Some(io::ErrorKind::PermissionDenied)) => Remedy::OtherHost,
            // Refused, reset, no socket, no such name: container networks go through all of these.
            (None, Some(_)) => Remedy::Waiting,
            (None, None) if error.is_closed() => Remedy::Waiting,
            (None, None) => Remedy::Nothing,
        }
    }

    /// tokio-postgres has no other way of telling this one.
    fn lacks_password(&self) -> bool {
        match self {
            Failure::Told(error) => error
                .source()
                .is_some_and(|source| source.to_string() == "password missing"),
            Failure::Silent(_) => false,
        }
    }

    fn io_kind(&self) -> Option<io::ErrorKind> {
        match self {
            Failure::Silent(_) => None,
            Failure::Told(error) => error.source()?.downcast_ref().map(io::Error::kind),
        }
    }

    /// The failure as an error that says what could not be done, with remarks.
    pub fn refused(self, message: String, notes: Vec<String>) -> Refused {
        let source = Some(self.into_cause());
        Refused {
            message,
            notes,
            source,
        }
    }

    /// The SQLSTATE, where the server gave one.
    pub fn code(&self) -> Option<&SqlState> {
        match self {
            Failure::Told(error) => error.code(),
            Failure::Silent(_) => None,
        }
    }

    /// The cause without tokio-postgres' "error connecting to server" around it.
    fn into_cause(self) -> Box<dyn Error + Send + Sync> {
        let is_io = self.io_kind().is_some();
        match self {
            Failure::Silent(limit) => {
                format!("it took the connection and did not answer for {limit:.0?}").into()
            }
            Failure::Told(error) if is_io => error
                .into_source()
                .unwrap_or_else(|| "the connection was closed".into()),
            Failure::Told(error) => Box::new(error),
        }
    }
}

/// The failures of a round as one error, the last one its cause.
fn refused(address: &Address, mut failures: Vec<Failure>, waited: Duration) -> Refused {
    let last = failures.pop();
    let mut message = format!(
        "could not connect to {} (from {})",
        places(address),
        address.origin
    );
    if last
        .as_ref()
        .is_some_and(|last| last.remedy() == Remedy::Waiting)
        && !waited.is_zero()
    {
        message.push_str(&format!(" within {waited:?}"));
    }
    let earlier = address.endpoints.iter().zip(failures);
    let earlier =
        earlier.map(|(endpoint, failure)| format!("{}: {}", endpoint.shown, failure.into_cause()));
    let advice = last.as_ref().and_then(|last| advice(address, last, waited));
    Refused {
        message,
        notes: earlier.chain(advice).collect(),
        source: last.map(Failure::into_cause),
    }
}

fn places(address: &Address) -> String {
    let places: Vec<_> = address
        .endpoints
        .iter()
        .map(|endpoint| endpoint.shown.as_str())
        .collect();
    places.join(" or ")
}

/// What to do about a failure, where that is known.
fn advice(address: &Address, failure: &Failure, waited: Duration) -> Option<String> {
    let user = &address.user;
    let password = format!(
        "give {user}'s password in PGPASSWORD or in the URL: postgresql://{user}:PASSWORD@…"
    );
    Some(match failure.code() {
        Some(code) if *code == SqlState::INVALID_PASSWORD => password,
        Some(code) if *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
            "the server's pg_hba.conf says who may connect from where; if it demands TLS, that is not spoken here yet: \
             use a tunnel"
                .into()
        }
        Some(code) if *code == SqlState::INVALID_CATALOG_NAME => {
            let database = &address.database;
            format!("create it with `createdb {database}`, or name another database in the URL")
        }
        Some(code) if *code == SqlState::TOO_MANY_CONNECTIONS => "a smaller --jobs needs fewer connections".into(),
        Some(code) if *code == SqlState::CANNOT_CONNECT_NOW && waited.is_zero() => {
            "`--wait 30s` waits until it is up".into()
        }
        None if failure.remedy() == Remedy::Waiting && waited.is_zero() => {
            "is Postgres running there? `--wait 30s` waits for it; without --url, DATABASE_URL and PG* variables \
             seedrow uses an embedded Postgres"
                .into()
        }
        None if failure.lacks_password() => password,
        _ => return None,
    })
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
