//! Whether a server's certificate is trusted: rustls' own verifier, and beyond it only what libpq accepts.
//!
//! Postgres' manual shows how to make self-signed certificates that name themselves an authority, and such without
//! alternative names. libpq takes both; webpki, which rustls verifies with, takes neither.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{
    CryptoProvider, verify_tls12_signature, verify_tls13_signature,
    verify_tls13_signature_with_raw_key,
};
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, OtherError, RootCertStore, SignatureScheme};
use x509_cert::der::oid::db::rfc4519::COMMON_NAME;
use x509_cert::der::{Decode, Encode};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::{Certificate, Version};

use super::rejection::{CertificateRejected, RejectionReason};

/// How much of a certificate is verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verification {
    /// That a trusted authority signed it.
    Chain,
    /// That, and that it is for the host we connect to.
    ChainAndName,
}

/// The trusted certificates, and how much is verified with them.
#[derive(Debug)]
pub struct Roots {
    verification: Verification,
    /// rustls' own verifier, of the certificates that it takes for authorities.
    webpki: Arc<WebPkiServerVerifier>,
    /// All of them: a server's own certificate may be one.
    certificates: Vec<CertificateDer<'static>>,
    /// Where they come from, for messages.
    label: String,
}

impl Roots {
    /// Roots from certificates. Of the system's many, those that can't be read are left out.
    pub fn new(
        provider: Arc<CryptoProvider>,
        verification: Verification,
        certificates: Vec<CertificateDer<'static>>,
        label: String,
    ) -> Result<Roots> {
        let could_not = || format!("could not use the certificates in {label}");
        let mut store = RootCertStore::empty();
        let mut unreadable = None;
        for certificate in &certificates {
            unreadable = store.add(certificate.clone()).err().or(unreadable);
        }
        if let (true, Some(error)) = (store.is_empty(), unreadable) {
            return Err(error).with_context(could_not);
        }
        let webpki = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider);
        Ok(Roots {
            verification,
            webpki: webpki.build().with_context(could_not)?,
            certificates,
            label,
        })
    }

    fn verify(
        &self,
        der: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        host: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), RejectionReason> {
        let ordinary = self
            .webpki
            .verify_server_cert(der, intermediates, host, &[], now);
        let Err(error) = ordinary else {
            return Ok(());
        };
        let certificate = Certificate::from_der(der).map_err(|_| RejectionReason::Unreadable)?;
        // webpki checks the name last, so with a name error the chain is trusted.
        if !is_wrong_name(&error) {
            ensure_in_time(&certificate, now)?;
            self.ensure_trusted_by_itself(der, &certificate, error)?;
        }
        match self.verification {
            Verification::ChainAndName if !is_for(der, &certificate, host) => {
                Err(RejectionReason::OtherName(names(&certificate)))
            }
            _ => Ok(()),
        }
    }

    /// One of the roots needs no authority; another is rejected, for webpki's reason.
    fn ensure_trusted_by_itself(
        &self,
        der: &CertificateDer<'_>,
        certificate: &Certificate,
        error: rustls::Error,
    ) -> Result<(), RejectionReason> {
        if self.certificates.iter().any(|root| root == der) {
            return Ok(());
        }
        Err(match certificate.tbs_certificate.version {
            Version::V1 => RejectionReason::Version1,
            _ => RejectionReason::of(error, certificate),
        })
    }
}

fn is_wrong_name(error: &rustls::Error) -> bool {
    matches!(
        error,
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
        )
    )
}

/// Verifies by roots, or, without any, accepts every certificate whose key the server holds.
#[derive(Debug)]
pub struct Verifier {
    /// What signatures are verified with.
    pub provider: Arc<CryptoProvider>,
    /// The trusted certificates.
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
        let verified = roots.verify(end_entity, intermediates, server_name, now);
        verified.map_err(|reason| {
            let host = server_name.to_str().into_owned();
            let rejected = CertificateRejected::new(reason, host, roots.label.clone());
            CertificateError::Other(OtherError(Arc::new(rejected)))
        })?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    /// By the bare key where webpki doesn't read the certificate: one of version 1, such as `openssl x509 -req` made
    /// before 3.2.
    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        if ParsedCertificate::try_from(cert).is_ok() {
            return verify_tls13_signature(message, cert, dss, algorithms);
        }
        let key = Certificate::from_der(cert)
            .and_then(|parsed| parsed.tbs_certificate.subject_public_key_info.to_der())
            .map_err(|_| CertificateError::BadEncoding)?;
        let key = SubjectPublicKeyInfoDer::from(key);
        verify_tls13_signature_with_raw_key(message, &key, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

fn ensure_in_time(certificate: &Certificate, now: UnixTime) -> Result<(), RejectionReason> {
    let validity = &certificate.tbs_certificate.validity;
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(now.as_secs());
    if now > validity.not_after.to_system_time() {
        return Err(RejectionReason::Expired(validity.not_after.to_string()));
    }
    if now < validity.not_before.to_system_time() {
        return Err(RejectionReason::NotYet(validity.not_before.to_string()));
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

/// Whether a common name matches this host; `*.` matches one label.
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

#[cfg(test)]
mod tests;
