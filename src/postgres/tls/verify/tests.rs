use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::pem::PemObject;

use super::*;

/// Of version 1, for db.example.com, until 2126: `openssl x509 -req -signkey` made it.
const VERSION_1: &str = "\
-----BEGIN CERTIFICATE-----
MIIBLTCB1QIUZ1mM5JcdlfuRWW5UVxvE4PxeoigwCgYIKoZIzj0EAwIwGTEXMBUG
A1UEAwwOZGIuZXhhbXBsZS5jb20wIBcNMjYxMTIxMDAzNTA0WhgPMjEyNjEwMjgw
MDM1MDRaMBkxFzAVBgNVBAMMDmRiLmV4YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYI
KoZIzj0DAQcDQgAEtI/2gL7nwkJ15YI//zskjzRW1YTqnRqSa7JxXXxT679tPMag
LIwskeSHb1dfN5F1buWQGsAN/cZ4gEZxfXABqzAKBggqhkjOPQQDAgNHADBEAiBF
AAwZ7gwgrNwWNbo1X7wQXRvAjSrqqgIHOpbrfUbnpwIge+XxzfOrukxRTArv0rTB
yu8EBB0UZ1wNeInSa/MT0Ro=
-----END CERTIFICATE-----
";

/// Verifies a certificate that a server at `host` presents; the rejection as a message prints it.
fn verify(
    certificate: &CertificateDer<'static>,
    root: &CertificateDer<'static>,
    verification: Verification,
    host: &str,
) -> Result<(), String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let roots = Roots::new(
        Arc::clone(&provider),
        verification,
        vec![root.clone()],
        "ROOTS".into(),
    )
    .unwrap();
    let verifier = Verifier {
        provider,
        roots: Some(roots),
    };
    let host = ServerName::try_from(host.to_string()).unwrap();
    let verified = verifier.verify_server_cert(certificate, &[], &host, &[], UnixTime::now());
    match verified {
        Ok(_) => Ok(()),
        Err(rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(error)))) => {
            let rejected: &CertificateRejected = error.downcast_ref().unwrap();
            Err(format!("{rejected}\n{}", rejected.advice()))
        }
        Err(error) => panic!("{error}"),
    }
}

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    der: CertificateDer<'static>,
}

fn authority() -> Authority {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
        .distinguished_name
        .push(DnType::CommonName, "authority");
    let der = params.self_signed(&key).unwrap().der().clone();
    Authority {
        issuer: Issuer::new(params, key),
        der,
    }
}

/// Parameters with these alternative names and this common name.
fn params(names: &[&str], common: &str) -> CertificateParams {
    let names: Vec<_> = names.iter().map(|name| name.to_string()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.push(DnType::CommonName, common);
    params
}

fn signed(params: &CertificateParams, by: &Authority) -> CertificateDer<'static> {
    let key = KeyPair::generate().unwrap();
    params.signed_by(&key, &by.issuer).unwrap().der().clone()
}

#[test]
fn a_common_name_counts_where_no_alternative_of_the_kind_is() {
    let ca = authority();
    let full = |params: &CertificateParams, host: &str| {
        verify(
            &signed(params, &ca),
            &ca.der,
            Verification::ChainAndName,
            host,
        )
    };
    let bare = params(&[], "db.example.com");
    assert_eq!(full(&bare, "DB.example.com"), Ok(()));
    assert!(full(&bare, "other.example.com").is_err());
    let mixed = params(&["other.example.com"], "db.example.com");
    let refusal = full(&mixed, "db.example.com").unwrap_err();
    assert!(
        refusal.contains("is for other.example.com, not for db.example.com"),
        "{refusal}"
    );
    let address = params(&["10.0.0.1"], "db.example.com");
    assert_eq!(full(&address, "10.0.0.1"), Ok(()));
    assert_eq!(full(&address, "db.example.com"), Ok(()));
    let refusal = full(&address, "10.0.0.2").unwrap_err();
    assert!(
        refusal.contains("is for 10.0.0.1, not for 10.0.0.2"),
        "{refusal}"
    );
}

#[test]
fn names_are_verified_where_that_is_asked_for() {
    let ca = authority();
    let leaf = signed(&params(&["db.example.com"], "db.example.com"), &ca);
    for (verification, host, expected) in [
        (Verification::Chain, "elsewhere", true),
        (Verification::ChainAndName, "db.example.com", true),
        (Verification::ChainAndName, "elsewhere", false),
    ] {
        let verified = verify(&leaf, &ca.der, verification, host);
        assert_eq!(verified.is_ok(), expected, "{verification:?} {host}");
    }
    let other = authority().der;
    assert!(verify(&leaf, &other, Verification::Chain, "elsewhere").is_err());
}

#[test]
fn a_certificate_that_is_trusted_by_itself_may_call_itself_an_authority() {
    let Authority { der, .. } = authority();
    assert_eq!(verify(&der, &der, Verification::Chain, "anything"), Ok(()));
    assert_eq!(
        verify(&der, &der, Verification::ChainAndName, "authority"),
        Ok(())
    );
    assert!(verify(&der, &der, Verification::ChainAndName, "other").is_err());
    let refusal = verify(&der, &authority().der, Verification::Chain, "anything").unwrap_err();
    assert!(refusal.contains("not trusted"), "{refusal}");
}

#[test]
fn a_namesake_of_the_authority_is_not_trusted() {
    let leaf = signed(&params(&["db"], "db"), &authority());
    let refusal = verify(&leaf, &authority().der, Verification::Chain, "db").unwrap_err();
    assert!(
        refusal.contains("CN=authority") && refusal.contains("ROOTS"),
        "{refusal}"
    );
}

#[test]
fn dates_are_looked_at_even_in_a_certificate_trusted_by_itself() {
    let ca = authority();
    let mut old = params(&["db"], "db");
    (old.not_before, old.not_after) = (date_time_ymd(2001, 1, 1), date_time_ymd(2002, 2, 3));
    let old = signed(&old, &ca);
    for root in [&ca.der, &old] {
        let refusal = verify(&old, root, Verification::Chain, "db").unwrap_err();
        assert!(refusal.contains("expired on 2002-02-03"), "{refusal}");
    }
    let mut new = params(&["db"], "db");
    new.not_before = date_time_ymd(4000, 1, 1);
    let refusal = verify(&signed(&new, &ca), &ca.der, Verification::Chain, "db").unwrap_err();
    assert!(refusal.contains("not valid before 4000-01-01"), "{refusal}");
}

#[test]
fn version_1_is_accepted_by_itself_alone() {
    let old = CertificateDer::from_pem_slice(VERSION_1.as_bytes()).unwrap();
    assert_eq!(
        verify(&old, &old, Verification::ChainAndName, "db.example.com"),
        Ok(())
    );
    assert!(verify(&old, &old, Verification::ChainAndName, "db").is_err());
    let refusal = verify(&old, &authority().der, Verification::Chain, "db").unwrap_err();
    assert!(
        refusal.contains("version 1") && refusal.contains("subjectAltName"),
        "{refusal}"
    );
}

#[test]
fn common_names_match_whole_and_by_one_label() {
    assert!(matches("db.example.com", "DB.example.com."));
    assert!(matches("*.example.com", "db.example.com"));
    for host in [
        "example.com",
        "a.b.example.com",
        ".example.com",
        "db.example.org",
    ] {
        assert!(!matches("*.example.com", host), "{host}");
    }
    assert!(!matches("*", "db") && !matches("", "db"));
}
