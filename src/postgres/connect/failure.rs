//! Why a connection could not be opened: what may help, and what the message says.

use std::error::Error;
use std::io;
use std::time::Duration;

use rustls::{AlertDescription, CertificateError, OtherError};
use tokio_postgres::error::SqlState;

use crate::postgres::conninfo::is_default_socket_folder;
use crate::postgres::error::ErrorWithNotes;
use crate::postgres::name::quoted;
use crate::postgres::target::{Address, Endpoint};
use crate::postgres::tls::{CertificateRejected, Tls};

/// Why one endpoint could not be used.
#[derive(Debug)]
pub enum Failure {
    /// tokio-postgres' error.
    Driver(tokio_postgres::Error),
    /// It accepted the connection and sent nothing for this long.
    Silent(Duration),
}

/// What may help against a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Remedy {
    /// Trying again in a while.
    Waiting,
    /// Another host of the list.
    OtherHost,
    /// Neither.
    Nothing,
}

impl Failure {
    pub(super) fn remedy(&self) -> Remedy {
        let error = match self {
            Failure::Silent(_) => return Remedy::Waiting,
            Failure::Driver(error) => error,
        };
        if self.tls_error().is_some() {
            return Remedy::Nothing;
        }
        match (self.code(), self.io_kind()) {
            // Starting up, shutting down or recovering; or all connections are in use.
            (Some(&SqlState::CANNOT_CONNECT_NOW | &SqlState::TOO_MANY_CONNECTIONS), _) => {
                Remedy::Waiting
            }
            (Some(_), _) => Remedy::Nothing,
            // The socket isn't ours to open, or target_session_attrs wants another server.
            (None, Some(io::ErrorKind::PermissionDenied)) => Remedy::OtherHost,
            // ErrorWithNotes, reset, no socket, no such name: container networks go through all of these.
            (None, Some(_)) => Remedy::Waiting,
            (None, None) if error.is_closed() => Remedy::Waiting,
            (None, None) => Remedy::Nothing,
        }
    }

    /// Whether trying again in a while may help.
    pub fn may_pass(&self) -> bool {
        self.remedy() == Remedy::Waiting
    }

    /// Whether it may go otherwise with TLS where there was none, or without. A wrong password stays wrong, though
    /// libpq tries that again too.
    pub(super) fn depends_on_tls(&self) -> bool {
        let Failure::Driver(error) = self else {
            return false;
        };
        // tokio-postgres has no other way of telling.
        let in_handshake = error.to_string() == "error performing TLS handshake";
        in_handshake
            || self.tls_error().is_some()
            || self.code() == Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION)
    }

    fn lacks_tls(&self) -> bool {
        self.has_source("server does not support TLS")
    }

    fn lacks_password(&self) -> bool {
        self.has_source("password missing")
    }

    /// tokio-postgres has no other way of telling these.
    fn has_source(&self, text: &str) -> bool {
        match self {
            Failure::Driver(error) => error
                .source()
                .is_some_and(|source| source.to_string() == text),
            Failure::Silent(_) => false,
        }
    }

    /// What rustls refused.
    fn tls_error(&self) -> Option<&rustls::Error> {
        match self {
            Failure::Silent(_) => None,
            Failure::Driver(error) => {
                let carrier: &io::Error = error.source()?.downcast_ref()?;
                carrier.get_ref()?.downcast_ref()
            }
        }
    }

    fn rejected_certificate(&self) -> Option<&CertificateRejected> {
        match self.tls_error()? {
            rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(error))) => {
                error.downcast_ref()
            }
            _ => None,
        }
    }

    fn io_kind(&self) -> Option<io::ErrorKind> {
        match self {
            Failure::Silent(_) => None,
            Failure::Driver(error) => error.source()?.downcast_ref().map(io::Error::kind),
        }
    }

    /// The failure as an error that says what could not be done, with remarks.
    pub fn refused(self, message: String, notes: Vec<String>) -> ErrorWithNotes {
        let source = Some(self.into_cause());
        ErrorWithNotes {
            message,
            notes,
            source,
        }
    }

    /// The SQLSTATE, where the server gave one.
    pub fn code(&self) -> Option<&SqlState> {
        match self {
            Failure::Driver(error) => error.code(),
            Failure::Silent(_) => None,
        }
    }

    /// The cause without tokio-postgres' "error connecting to server" around it.
    fn into_cause(self) -> Box<dyn Error + Send + Sync> {
        if let Some(rejected) = self.rejected_certificate() {
            return Box::new(rejected.clone());
        }
        if self.lacks_tls() {
            return "the server has no TLS".into();
        }
        let is_io = self.io_kind().is_some();
        match self {
            Failure::Silent(limit) => {
                format!("it took the connection and did not answer for {limit:.0?}").into()
            }
            Failure::Driver(error) if is_io => error
                .into_source()
                .unwrap_or_else(|| "the connection was closed".into()),
            Failure::Driver(error) => Box::new(error),
        }
    }
}

/// The failures of a round as one error, the last one its cause.
pub(super) fn refused(
    address: &Address,
    mut failures: Vec<Failure>,
    waited: Duration,
) -> ErrorWithNotes {
    let last = failures.pop();
    let tried = &address.endpoints[failures.len()];
    let mut message = format!(
        "could not connect to {} on {} as {} (from {})",
        address.database,
        places(address),
        address.user,
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
    let advice = last
        .as_ref()
        .and_then(|last| advice(address, tried, last, waited));
    ErrorWithNotes {
        message,
        notes: earlier.chain(advice).collect(),
        source: last.map(Failure::into_cause),
    }
}

pub(super) fn places(address: &Address) -> String {
    let places: Vec<_> = address
        .endpoints
        .iter()
        .map(|endpoint| endpoint.shown.as_str())
        .collect();
    places.join(" or ")
}

/// What to do about the failure of an endpoint, where that is known.
fn advice(
    address: &Address,
    tried: &Endpoint,
    failure: &Failure,
    waited: Duration,
) -> Option<String> {
    match failure.code() {
        Some(code) => advice_on_refusal(address, tried, code, waited),
        None if failure.lacks_password() => Some(where_passwords_go(address, tried)),
        None if failure.lacks_tls() || failure.tls_error().is_some() => {
            advice_on_tls(tried, failure)
        }
        None if failure.remedy() == Remedy::Waiting && waited.is_zero() => Some(
            "is Postgres running there? `--wait 30s` waits for it; without --url, DATABASE_URL and PG* variables \
             seedrow uses an embedded Postgres"
                .into(),
        ),
        None => None,
    }
}

/// What to do about what the server says.
fn advice_on_refusal(
    address: &Address,
    tried: &Endpoint,
    code: &SqlState,
    waited: Duration,
) -> Option<String> {
    Some(match code {
        code if *code == SqlState::INVALID_PASSWORD => match &tried.passfile {
            Some(file) => format!("the password is the one in {}", file.display()),
            None => where_passwords_go(address, tried),
        },
        code if *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION => match tried.tls {
            Tls::Off if !tried.host.starts_with('/') => {
                "the server's pg_hba.conf says who may connect from where; if it demands TLS: sslmode=require"
            }
            _ => "the server's pg_hba.conf says who may connect from where and how",
        }
        .into(),
        code if *code == SqlState::INVALID_CATALOG_NAME => {
            let database = &address.database;
            format!("create it there (CREATE DATABASE {}), or name another database in the URL", quoted(database))
        }
        code if *code == SqlState::TOO_MANY_CONNECTIONS => {
            "a smaller --jobs needs fewer connections".into()
        }
        code if *code == SqlState::CANNOT_CONNECT_NOW && waited.is_zero() => {
            "`--wait 30s` waits until it is up".into()
        }
        _ => return None,
    })
}

fn where_passwords_go(address: &Address, tried: &Endpoint) -> String {
    let Address { database, user, .. } = address;
    let Endpoint { host, port, .. } = tried;
    let host = match is_default_socket_folder(host) {
        true => "localhost".into(),
        false => host.replace(':', "\\:"),
    };
    format!(
        "give {user}'s password in PGPASSWORD, as a line {host}:{port}:{database}:{user}:PASSWORD in ~/.pgpass, or in the \
         URL: postgresql://{user}:PASSWORD@…"
    )
}

fn advice_on_tls(tried: &Endpoint, failure: &Failure) -> Option<String> {
    if let Some(rejected) = failure.rejected_certificate() {
        return Some(rejected.advice());
    }
    let mode = tried.tls.mode_name();
    if failure.lacks_tls() {
        return Some(format!(
            "sslmode={mode} demands it: switch it on there (ssl = on in postgresql.conf, with a certificate), or inside a \
             trusted network go without: sslmode=prefer"
        ));
    }
    match failure.tls_error()? {
        rustls::Error::AlertReceived(
            AlertDescription::CertificateRequired
            | AlertDescription::BadCertificate
            | AlertDescription::UnknownCA,
        ) => Some("the server asks for a client certificate: sslcert=FILE sslkey=FILE (PGSSLCERT, PGSSLKEY)".into()),
        _ => None,
    }
}
