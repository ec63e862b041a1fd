//! TLS as libpq's `sslmode` means it, by rustls: whether a connection is encrypted, and whom the server must prove to
//! be.
//!
//! tokio-postgres knows three of the six modes and reads no certificates; the rest of libpq's behaviour is implemented
//! here.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail, ensure};
use rustls::ClientConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::conninfo::{Parameters, value_of};
use super::environment::Environment;

mod rejection;
mod verify;

pub use rejection::CertificateRejected;
use verify::{Roots, Verification, Verifier};

/// The folder of a user's certificates, below the home folder.
const FOLDER: &str = ".postgresql";

/// What may be asked of TLS, by parameter: these values or none. Refused otherwise, since going on without would
/// protect less than was asked for.
const LIMITS: [(&str, &[&str]); 6] = [
    ("sslcrl", &[]),
    ("sslcrldir", &[]),
    ("sslnegotiation", &["postgres"]),
    ("sslcertmode", &["disable", "allow"]),
    ("ssl_min_protocol_version", &["TLSv1", "TLSv1.1", "TLSv1.2"]),
    ("ssl_max_protocol_version", &["TLSv1.3"]),
];

/// libpq's `sslmode`, the weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsMode {
    /// No TLS.
    Disable,
    /// TLS where the server refuses to do without.
    Allow,
    /// TLS where the server has it.
    Prefer,
    /// TLS; the server's certificate is verified where a root certificate is at hand.
    Require,
    /// TLS with a server whose certificate a trusted authority signed.
    VerifyCa,
    /// The same, and the certificate is for the host's name.
    VerifyFull,
}

/// The modes by name.
const MODES: [(&str, TlsMode); 6] = [
    ("disable", TlsMode::Disable),
    ("allow", TlsMode::Allow),
    ("prefer", TlsMode::Prefer),
    ("require", TlsMode::Require),
    ("verify-ca", TlsMode::VerifyCa),
    ("verify-full", TlsMode::VerifyFull),
];

/// How connections to a server are secured.
#[derive(Clone, Debug)]
pub enum Tls {
    /// Not at all: a socket of this machine, or `sslmode=disable`.
    Off,
    /// As `mode` says; never [`TlsMode::Disable`].
    On {
        /// The mode.
        mode: TlsMode,
        /// The certificates on both sides.
        client: Arc<ClientConfig>,
    },
}

/// Whether one attempt to connect asks for TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Negotiation {
    /// Without TLS.
    Plain,
    /// With TLS if the server has it, else without.
    Preferred,
    /// With TLS.
    Required,
}

impl Tls {
    /// What the parameters ask for on TCP. Files are read where they are needed.
    pub fn resolve(given: &Parameters, environment: &Environment) -> Result<Tls> {
        let mode = mode(given)?;
        if mode == TlsMode::Disable {
            return Ok(Tls::Off);
        }
        for (name, values) in LIMITS {
            let value = value_of(given, name);
            ensure!(
                value.is_none_or(|value| values.contains(&value)),
                "this value of {name} is not supported: leave {name} out"
            );
        }
        let client = Arc::new(client(mode, given, environment)?);
        Ok(Tls::On { mode, client })
    }

    /// The attempt to make first, and the one to make where that fails for lack of TLS, or because of TLS.
    pub fn attempts(&self) -> (Negotiation, Option<Negotiation>) {
        let mode = match self {
            Tls::Off => TlsMode::Disable,
            Tls::On { mode, .. } => *mode,
        };
        match mode {
            TlsMode::Disable => (Negotiation::Plain, None),
            TlsMode::Allow => (Negotiation::Plain, Some(Negotiation::Required)),
            TlsMode::Prefer => (Negotiation::Preferred, Some(Negotiation::Plain)),
            TlsMode::Require | TlsMode::VerifyCa | TlsMode::VerifyFull => {
                (Negotiation::Required, None)
            }
        }
    }

    /// What wraps a stream in TLS; `None` where none is spoken.
    pub fn connector(&self) -> Option<MakeRustlsConnect> {
        match self {
            Tls::Off => None,
            Tls::On { client, .. } => Some(MakeRustlsConnect::new(ClientConfig::clone(client))),
        }
    }

    /// The mode's name, as it is typed.
    pub fn mode_name(&self) -> &'static str {
        let mode = match self {
            Tls::Off => TlsMode::Disable,
            Tls::On { mode, .. } => *mode,
        };
        MODES
            .into_iter()
            .find(|&(_, one)| one == mode)
            .map_or("", |(name, _)| name)
    }
}

/// The mode asked for, as strict as the other parameters need it.
fn mode(given: &Parameters) -> Result<TlsMode> {
    let system = value_of(given, "sslrootcert") == Some("system");
    let mode = match value_of(given, "sslmode") {
        None if system => TlsMode::VerifyFull,
        None => TlsMode::Prefer,
        Some(text) => MODES
            .into_iter()
            .find_map(|(name, mode)| (name == text).then_some(mode))
            .ok_or_else(|| {
                anyhow!(
                    "sslmode is none of disable, allow, prefer, require, verify-ca, verify-full"
                )
            })?,
    };
    // Public authorities sign a certificate for any server; only the name identifies the right one.
    ensure!(
        !system || matches!(mode, TlsMode::Disable | TlsMode::VerifyFull),
        "sslrootcert=system trusts too many for a weaker sslmode: use sslmode=verify-full, or the file of your server's \
         own authority"
    );
    if value_of(given, "channel_binding") != Some("require") {
        return Ok(mode);
    }
    ensure!(
        mode != TlsMode::Disable,
        "channel_binding=require needs TLS, which sslmode=disable excludes: leave one of them out"
    );
    Ok(mode.max(TlsMode::Require))
}

fn client(mode: TlsMode, given: &Parameters, environment: &Environment) -> Result<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Verifier {
        roots: roots(&provider, mode, given, environment)?,
        provider: Arc::clone(&provider),
    };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .context("could not set up TLS")?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut client = match identity(given, environment)? {
        Some((certificates, key)) => builder
            .with_client_auth_cert(certificates, key)
            .context("could not use the client certificate with its key")?,
        None => builder.with_no_client_auth(),
    };
    client.enable_sni = value_of(given, "sslsni") != Some("0");
    Ok(client)
}

/// Whom to trust; `None` where the server need not prove anything.
fn roots(
    provider: &Arc<CryptoProvider>,
    mode: TlsMode,
    given: &Parameters,
    environment: &Environment,
) -> Result<Option<Roots>> {
    let verification = match mode {
        // These modes fall back to no TLS at all, so verification would protect nothing.
        TlsMode::Disable | TlsMode::Allow | TlsMode::Prefer => return Ok(None),
        TlsMode::Require | TlsMode::VerifyCa => Verification::Chain,
        TlsMode::VerifyFull => Verification::ChainAndName,
    };
    let named = value_of(given, "sslrootcert");
    if named == Some("system") {
        return system_roots(provider, verification).map(Some);
    }
    let file = match (named, own_file(environment, "root.crt")) {
        (Some(file), _) => PathBuf::from(file),
        (None, Some(file)) => file,
        (None, None) if mode == TlsMode::Require => return Ok(None),
        (None, None) => bail!("no root certificate is at hand: {}", HOW_TO_TRUST),
    };
    match certificates(&file, environment)? {
        Some(certificates) => Roots::new(
            Arc::clone(provider),
            verification,
            certificates,
            file.display().to_string(),
        )
        .map(Some),
        None if mode == TlsMode::Require && named.is_none() => Ok(None),
        None => bail!(
            "there is no root certificate {}: {HOW_TO_TRUST}",
            file.display()
        ),
    }
}

/// What to type where a root certificate is missing.
const HOW_TO_TRUST: &str = "give the certificate of the authority that signed the server's with sslrootcert=FILE \
                            (PGSSLROOTCERT), trust the operating system's authorities with sslrootcert=system, or \
                            encrypt without verifying with sslmode=require";

fn system_roots(provider: &Arc<CryptoProvider>, verification: Verification) -> Result<Roots> {
    let found = rustls_native_certs::load_native_certs();
    match found.errors.into_iter().next() {
        Some(error) if found.certs.is_empty() => {
            Err(error).context("could not read the operating system's root certificates")
        }
        _ => Roots::new(
            Arc::clone(provider),
            verification,
            found.certs,
            "the operating system's".into(),
        ),
    }
}

/// Our own certificate and key, for servers that ask for one.
fn identity(
    given: &Parameters,
    environment: &Environment,
) -> Result<Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>> {
    let either = |name: &str, default: &str| match value_of(given, name) {
        Some(file) => Some(PathBuf::from(file)),
        None => own_file(environment, default),
    };
    if value_of(given, "sslcertmode") == Some("disable") {
        return Ok(None);
    }
    let Some(file) = either("sslcert", "postgresql.crt") else {
        return Ok(None);
    };
    let Some(certificates) = certificates(&file, environment)? else {
        ensure!(
            value_of(given, "sslcert").is_none(),
            "there is no client certificate {}",
            file.display()
        );
        return Ok(None);
    };
    let key = either("sslkey", "postgresql.key")
        .with_context(|| format!("{} has no key: give it with sslkey=FILE", file.display()))?;
    Ok(Some((certificates, private_key(&key, environment)?)))
}

fn private_key(file: &Path, environment: &Environment) -> Result<PrivateKeyDer<'static>> {
    let shown = file.display();
    let reading = || format!("could not read the client certificate's key {shown}");
    let access = (environment.file_access)(file).with_context(reading)?;
    // A system's keys may belong to root and be lent to a group.
    let open_to = if access.owner == 0 { 0o037 } else { 0o077 };
    ensure!(
        access.mode & open_to == 0,
        "the client certificate's key {shown} is open to others: chmod 600 {shown}"
    );
    let text = (environment.read_file)(file).with_context(reading)?;
    ensure!(
        !text.contains("ENCRYPTED"),
        "the client certificate's key {shown} is encrypted, which is not supported here: openssl pkey -in {shown} -out \
         FILE decrypts it"
    );
    PrivateKeyDer::from_pem_slice(text.as_bytes())
        .with_context(|| format!("{shown} holds no private key in PEM form"))
}

/// The certificates in a file; `None` when there is no such file.
fn certificates(
    file: &Path,
    environment: &Environment,
) -> Result<Option<Vec<CertificateDer<'static>>>> {
    let reading = || format!("could not read the certificates in {}", file.display());
    let text = match (environment.read_file)(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(reading),
    };
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
    let found = found.with_context(reading)?;
    ensure!(
        !found.is_empty(),
        "{} holds no certificate in PEM form",
        file.display()
    );
    Ok(Some(found))
}

fn own_file(environment: &Environment, name: &str) -> Option<PathBuf> {
    let home = environment.get("HOME")?;
    Some(Path::new(&home).join(FOLDER).join(name))
}

#[cfg(test)]
mod tests;
