use std::collections::HashMap;

use super::*;
use crate::postgres::conninfo;
use crate::postgres::environment::FileAccess;

/// Resolves with these files, each owned by us and private, but those whose names start with `open`.
fn resolve(text: &str, files: &[(&str, &str)]) -> Result<Tls> {
    let files: HashMap<_, _> = files.iter().copied().collect();
    let env = |name: &str| (name == "HOME").then(|| "/home/ann".to_string());
    let read = |path: &Path| {
        let text = files.get(path.to_str().unwrap());
        text.map(|text| text.to_string())
            .ok_or(io::ErrorKind::NotFound.into())
    };
    let access = |path: &Path| {
        let is_open = path
            .file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .starts_with("open");
        read(path).map(|_| FileAccess {
            mode: if is_open { 0o100_644 } else { 0o100_600 },
            owner: 1000,
        })
    };
    let environment = Environment {
        variable: &env,
        read_file: &read,
        file_access: &access,
        user: None,
    };
    Tls::resolve(&conninfo::parse(text).unwrap(), &environment)
}

fn refusal(text: &str, files: &[(&str, &str)]) -> String {
    format!("{:#}", resolve(text, files).unwrap_err())
}

fn attempts(text: &str) -> (Negotiation, Option<Negotiation>) {
    resolve(text, &[]).unwrap().attempts()
}

#[test]
fn modes_are_tried_as_libpq_does() {
    assert_eq!(attempts("sslmode=disable"), (Negotiation::Plain, None));
    assert_eq!(
        attempts("sslmode=allow"),
        (Negotiation::Plain, Some(Negotiation::Required))
    );
    assert_eq!(
        attempts("host=h"),
        (Negotiation::Preferred, Some(Negotiation::Plain))
    );
    assert_eq!(attempts("sslmode=prefer"), attempts("host=h"));
    assert_eq!(attempts("sslmode=require"), (Negotiation::Required, None));
    assert_eq!(
        attempts("channel_binding=require"),
        (Negotiation::Required, None)
    );
    assert_eq!(
        attempts("postgres://h/d?ssl=true"),
        (Negotiation::Required, None)
    );
}

#[test]
fn modes_are_listed_weakest_first() {
    assert!(MODES.is_sorted_by(|(_, weaker), (_, stronger)| weaker < stronger));
    for (name, _) in MODES.into_iter().take(4) {
        let tls = resolve(&format!("sslmode={name}"), &[]).unwrap();
        assert_eq!(tls.mode_name(), name);
    }
}

#[test]
fn what_can_not_be_verified_is_refused() {
    for mode in ["verify-ca", "verify-full"] {
        let error = refusal(&format!("sslmode={mode}"), &[]);
        assert!(
            error.contains("/home/ann/.postgresql/root.crt") && error.contains("sslrootcert=FILE"),
            "{error}"
        );
    }
    let error = refusal("sslmode=require sslrootcert=/ca.crt", &[]);
    assert!(error.contains("/ca.crt"), "{error}");
    let error = refusal(
        "sslmode=require",
        &[("/home/ann/.postgresql/root.crt", "none")],
    );
    assert!(error.contains("root.crt holds no certificate"), "{error}");
}

#[test]
fn the_systems_authorities_need_the_name_verified() {
    for mode in ["allow", "prefer", "require", "verify-ca"] {
        let error = refusal(&format!("sslrootcert=system sslmode={mode}"), &[]);
        assert!(error.contains("verify-full"), "{error}");
    }
}

#[test]
fn what_protects_more_than_is_done_is_refused() {
    for (name, _) in LIMITS {
        let value = match name {
            "sslnegotiation" => "direct",
            "sslcertmode" => "require",
            "ssl_min_protocol_version" => "TLSv1.3",
            "ssl_max_protocol_version" => "TLSv1.2",
            _ => "x",
        };
        let error = refusal(&format!("{name}={value}"), &[]);
        assert!(error.contains(name), "{error}");
        assert!(resolve(&format!("sslmode=disable {name}={value}"), &[]).is_ok());
    }
    assert!(refusal("sslmode=disable channel_binding=require", &[]).contains("excludes"));
}

#[test]
fn client_certificates_need_a_key_of_their_own() {
    let certificate = rcgen::generate_simple_self_signed(vec!["ann".into()]).unwrap();
    let (pem, key) = (
        certificate.cert.pem(),
        certificate.signing_key.serialize_pem(),
    );
    let files = [
        ("/ann.crt", pem.as_str()),
        ("/ann.key", key.as_str()),
        ("/open.key", key.as_str()),
        ("/locked.key", "-----BEGIN ENCRYPTED PRIVATE KEY-----"),
    ];
    for (text, part) in [
        ("sslcert=/nonexistent", "there is no client certificate"),
        ("sslcert=/ann.crt", "/home/ann/.postgresql/postgresql.key"),
        ("sslcert=/ann.crt sslkey=/open.key", "chmod 600 /open.key"),
        ("sslcert=/ann.crt sslkey=/locked.key", "is encrypted"),
        ("sslcert=/ann.crt sslkey=/ann.crt", "no private key"),
    ] {
        let error = refusal(text, &files);
        assert!(error.contains(part), "{text}: {error}");
    }
    assert!(resolve("sslcert=/ann.crt sslkey=/ann.key", &files).is_ok());
    assert!(resolve("sslcert=/nonexistent sslcertmode=disable", &files).is_ok());
}
