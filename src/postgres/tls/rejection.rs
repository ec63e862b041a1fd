//! Why a server's certificate was rejected, in words, and what helps.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use rustls::CertificateError;
use x509_cert::Certificate;

/// A server's certificate that was rejected.
#[derive(Clone, Debug)]
pub struct CertificateRejected {
    reason: Arc<RejectionReason>,
    host: String,
    roots: String,
}

/// Why it was rejected.
#[derive(Debug)]
pub enum RejectionReason {
    /// It is no X.509 certificate.
    Unreadable,
    /// Since this time.
    Expired(String),
    /// Until this time.
    NotYet(String),
    /// Of X.509 version 1, which webpki doesn't read.
    Version1,
    /// Signed by an authority that isn't trusted, by name.
    UnknownIssuer(String),
    /// For other hosts.
    OtherName(Vec<String>),
    /// For rustls' reason.
    Invalid(rustls::Error),
}

impl RejectionReason {
    /// rustls' error about this certificate.
    pub fn of(error: rustls::Error, certificate: &Certificate) -> RejectionReason {
        let issuer = || certificate.tbs_certificate.issuer.to_string();
        match error {
            // A bad signature: the name of a trusted authority with another's key.
            rustls::Error::InvalidCertificate(
                CertificateError::UnknownIssuer | CertificateError::BadSignature,
            ) => RejectionReason::UnknownIssuer(issuer()),
            error => RejectionReason::Invalid(error),
        }
    }
}

impl fmt::Display for CertificateRejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CertificateRejected { host, roots, .. } = self;
        match &*self.reason {
            RejectionReason::Unreadable => {
                f.write_str("the server's certificate could not be read")
            }
            RejectionReason::Expired(date) => {
                write!(f, "the server's certificate expired on {date}")
            }
            RejectionReason::NotYet(date) => {
                write!(f, "the server's certificate is not valid before {date}")
            }
            RejectionReason::Version1 => {
                f.write_str("the server's certificate is of X.509 version 1")
            }
            RejectionReason::UnknownIssuer(issuer) => write!(
                f,
                "the server's certificate is not trusted: {issuer} signed it, which is not among the root certificates \
                 in {roots}"
            ),
            RejectionReason::OtherName(names) if names.is_empty() => {
                write!(f, "the server's certificate names no host, so not {host}")
            }
            RejectionReason::OtherName(names) => write!(
                f,
                "the server's certificate is for {}, not for {host}",
                names.join(", ")
            ),
            RejectionReason::Invalid(_) => f.write_str("the server's certificate is not trusted"),
        }
    }
}

impl Error for CertificateRejected {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &*self.reason {
            RejectionReason::Invalid(error) => Some(error),
            _ => None,
        }
    }
}

impl CertificateRejected {
    /// The certificate of `host`, verified with the roots that `roots` names.
    pub fn new(reason: RejectionReason, host: String, roots: String) -> CertificateRejected {
        CertificateRejected {
            reason: Arc::new(reason),
            host,
            roots,
        }
    }

    /// What to do about it.
    pub fn advice(&self) -> String {
        match &*self.reason {
            RejectionReason::OtherName(_) => "connect by a name that it holds (host=NAME hostaddr=ADDRESS where that name leads \
                                     elsewhere), or leave names unverified with sslmode=verify-ca"
                .into(),
            RejectionReason::UnknownIssuer(_) => "give the certificate of the authority that signed it with sslrootcert=FILE \
                                         (PGSSLROOTCERT)"
                .into(),
            RejectionReason::Expired(_) | RejectionReason::NotYet(_) => {
                "the server needs a new certificate, or one of the two clocks is wrong".into()
            }
            RejectionReason::Version1 => "only newer ones can be verified here: sign it anew with -extfile <(echo \
                                 subjectAltName=DNS:HOST) behind openssl x509 -req, or trust it by itself as \
                                 sslrootcert=FILE"
                .into(),
            RejectionReason::Unreadable | RejectionReason::Invalid(_) => {
                format!("trusted are the root certificates in {}", self.roots)
            }
        }
    }
}
