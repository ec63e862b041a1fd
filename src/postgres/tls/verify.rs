//! Whether a server's certificate is good enough: rustls' own rules, widened to what libpq accepts.
//!
//! Postgres' manual shows how to make self-signed certificates that name themselves an authority, and such without
//! alternative names. libpq takes both; webpki, which rustls judges by, takes neither.

use std::error::Error;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{
    WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature_with_raw_key,
};
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, OtherError, RootCertStore, SignatureScheme};
use x509_cert::der::oid::db::rfc4519::COMMON_NAME;
use x509_cert::der::{Decode, Encode};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::{Certificate, Version};

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// That a trusted authority signed the certificate.
    Chain,
    /// That, and that it is for the host we connect to.
    ChainAndName,
}

/// Whom to trust, and with what.
#[derive(Debug)]
pub struct Roots {
    scope: Scope,
    store: RootCertStore,
    /// The same once more: a server's own certificate may stand among them.
    certificates: Vec<CertificateDer<'static>>,
    /// Where they come from, for messages.
    shown: String,
}

impl Roots {
    /// Roots from certificates. Of the system's many, those that can't be read are left out.
    pub fn new(
        scope: Scope,
        certificates: Vec<CertificateDer<'static>>,
        shown: String,
    ) -> Result<Roots> {
        let mut store = RootCertStore::empty();
        let mut unreadable = None;
        for certificate in &certificates {
            unreadable = store.add(certificate.clone()).err().or(unreadable);
        }
        if let (true, Some(error)) = (store.is_empty(), unreadable) {
            return Err(error)
                .with_context(|| format!("could not use the certificates in {shown}"));
        }
        Ok(Roots {
            scope,
            store,
            certificates,
            shown,
        })
    }

    fn judge(
        &self,
        der: &CertificateDer,
        between: &[CertificateDer],
        host: &ServerName,
        now: UnixTime,
        algorithms: &WebPkiSupportedAlgorithms,
    ) -> Result<(), Reason> {
        let certificate = Certificate::from_der(der).map_err(|_| Reason::Unreadable)?;
        ensure_in_time(&certificate, now)?;
        // One that is trusted by itself needs no authority.
        if !self.certificates.iter().any(|root| root == der) {
            if certificate.tbs_certificate.version == Version::V1 {
                return Err(Reason::Version1);
            }
            let parsed = ParsedCertificate::try_from(der).map_err(Reason::Invalid)?;
            let all = algorithms.all;
            verify_server_cert_signed_by_trust_anchor(&parsed, &self.store, between, now, all)
                .map_err(|error| Reason::of(error, &certificate))?;
        }
        let is_for_host = || is_for(der, &certificate, host);
        match self.scope {
            Scope::ChainAndName if !is_for_host() => Err(Reason::OtherName(names(&certificate))),
            _ => Ok(()),
        }
    }
}

/// Judges by roots, or, without any, accepts every certificate whose key the server holds.
#[derive(Debug)]
pub struct Verifier {
    /// What signatures may be made with.
    pub algorithms: WebPkiSupportedAlgorithms,
    /// Whom to trust.
    pub roots: Option<Roots>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(roots) = &self.roots else {
            return Ok(ServerCertVerified::assertion());
        };
        let judged = roots.judge(
            end_entity,
            intermediates,
            server_name,
            now,
            &self.algorithms,
        );
        judged.map_err(|reason| {
            let distrust = Distrust {
                reason: Arc::new(reason),
                host: server_name.to_str().into_owned(),
                roots: roots.shown.clone(),
            };
            CertificateError::Other(OtherError(Arc::new(distrust)))
        })?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    /// By the bare key: webpki reads no certificate of version 1, such as `openssl x509 -req` made before 3.2.
    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let key = Certificate::from_der(cert)
            .and_then(|parsed| parsed.tbs_certificate.subject_public_key_info.to_der())
            .map_err(|_| CertificateError::BadEncoding)?;
        let key = SubjectPublicKeyInfoDer::from(key);
        verify_tls13_signature_with_raw_key(message, &key, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

fn ensure_in_time(certificate: &Certificate, now: UnixTime) -> Result<(), Reason> {
    let validity = &certificate.tbs_certificate.validity;
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(now.as_secs());
    if now > validity.not_after.to_system_time() {
        return Err(Reason::Expired(validity.not_after.to_string()));
    }
    if now < validity.not_before.to_system_time() {
        return Err(Reason::NotYet(validity.not_before.to_string()));
    }
    Ok(())
}

/// Whether a certificate is for this host: by its alternative names, and where it has none of the host's kind, by its
/// common name, as in libpq.
fn is_for(der: &CertificateDer, certificate: &Certificate, host: &ServerName) -> bool {
    let by_alternative = ParsedCertificate::try_from(der)
        .is_ok_and(|parsed| verify_server_name(&parsed, host).is_ok());
    let has_the_kind = alternatives(certificate).iter().any(|name| {
        matches!(
            (name, host),
            (GeneralName::DnsName(_), ServerName::DnsName(_))
                | (GeneralName::IpAddress(_), ServerName::IpAddress(_))
        )
    });
    let by_common_name =
        || common_name(certificate).is_some_and(|name| matches(&name, &host.to_str()));
    by_alternative || (!has_the_kind && by_common_name())
}

/// Whether a common name means this host; `*.` stands for one label.
fn matches(name: &str, host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    match name.strip_prefix("*.") {
        Some(domain) => host
            .split_once('.')
            .is_some_and(|(label, rest)| !label.is_empty() && rest.eq_ignore_ascii_case(domain)),
        None => name.eq_ignore_ascii_case(host),
    }
}

fn alternatives(certificate: &Certificate) -> Vec<GeneralName> {
    match certificate.tbs_certificate.get::<SubjectAltName>() {
        Ok(Some((_, SubjectAltName(names)))) => names,
        _ => Vec::new(),
    }
}

fn common_name(certificate: &Certificate) -> Option<String> {
    let parts = certificate.tbs_certificate.subject.0.iter();
    let mut attributes = parts.flat_map(|part| part.0.iter());
    let attribute = attributes.find(|attribute| attribute.oid == COMMON_NAME)?;
    String::from_utf8(attribute.value.value().to_vec()).ok()
}

/// The hosts that a certificate is for, as messages show them.
fn names(certificate: &Certificate) -> Vec<String> {
    let alternatives = alternatives(certificate);
    let shown = alternatives.iter().filter_map(|name| match name {
        GeneralName::DnsName(name) => Some(name.to_string()),
        GeneralName::IpAddress(octets) => address(octets.as_bytes()).map(|it| it.to_string()),
        _ => None,
    });
    let shown: Vec<_> = shown.collect();
    match shown.is_empty() {
        true => common_name(certificate).into_iter().collect(),
        false => shown,
    }
}

fn address(octets: &[u8]) -> Option<IpAddr> {
    let four = <[u8; 4]>::try_from(octets).map(IpAddr::from);
    four.or_else(|_| <[u8; 16]>::try_from(octets).map(IpAddr::from))
        .ok()
}

/// A certificate that was refused, with what to do about it.
#[derive(Clone, Debug)]
pub struct Distrust {
    reason: Arc<Reason>,
    host: String,
    roots: String,
}

#[derive(Debug)]
enum Reason {
    Unreadable,
    Expired(String),
    NotYet(String),
    Version1,
    /// Signed by an authority that isn't trusted, by name.
    UnknownIssuer(String),
    /// For other hosts.
    OtherName(Vec<String>),
    /// rustls' word.
    Invalid(rustls::Error),
}

impl Reason {
    fn of(error: rustls::Error, certificate: &Certificate) -> Reason {
        let issuer = || certificate.tbs_certificate.issuer.to_string();
        match error {
            // A bad signature: the name of a trusted authority with another's key.
            rustls::Error::InvalidCertificate(
                CertificateError::UnknownIssuer | CertificateError::BadSignature,
            ) => Reason::UnknownIssuer(issuer()),
            error => Reason::Invalid(error),
        }
    }
}

impl fmt::Display for Distrust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Distrust { host, roots, .. } = self;
        match &*self.reason {
            Reason::Unreadable => f.write_str("the server's certificate could not be read"),
            Reason::Expired(date) => write!(f, "the server's certificate expired on {date}"),
            Reason::NotYet(date) => {
                write!(f, "the server's certificate is not valid before {date}")
            }
            Reason::Version1 => f.write_str("the server's certificate is of X.509 version 1"),
            Reason::UnknownIssuer(issuer) => write!(
                f,
                "the server's certificate is not trusted: {issuer} signed it, which is not among the root certificates \
                 in {roots}"
            ),
            Reason::OtherName(names) if names.is_empty() => {
                write!(f, "the server's certificate names no host, so not {host}")
            }
            Reason::OtherName(names) => write!(
                f,
                "the server's certificate is for {}, not for {host}",
                names.join(", ")
            ),
            Reason::Invalid(_) => f.write_str("the server's certificate is not trusted"),
        }
    }
}

impl Error for Distrust {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &*self.reason {
            Reason::Invalid(error) => Some(error),
            _ => None,
        }
    }
}

impl Distrust {
    /// What to do about it.
    pub fn advice(&self) -> String {
        match &*self.reason {
            Reason::OtherName(_) => "connect by a name that it holds (host=NAME hostaddr=ADDRESS where that name leads \
                                     elsewhere), or leave names unverified with sslmode=verify-ca"
                .into(),
            Reason::UnknownIssuer(_) => "give the certificate of the authority that signed it with sslrootcert=FILE \
                                         (PGSSLROOTCERT)"
                .into(),
            Reason::Expired(_) | Reason::NotYet(_) => {
                "the server needs a new certificate, or one of the two clocks is wrong".into()
            }
            Reason::Version1 => "only newer ones can be verified here: sign it anew with -extfile <(echo \
                                 subjectAltName=DNS:HOST) behind openssl x509 -req, or trust it by itself as \
                                 sslrootcert=FILE"
                .into(),
            Reason::Unreadable | Reason::Invalid(_) => {
                format!("trusted are the root certificates in {}", self.roots)
            }
        }
    }
}

#[cfg(test)]
mod tests;
