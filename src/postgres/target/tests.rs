use std::collections::HashMap;
use std::io;
use std::path::Path;

use tokio_postgres::config::Host;

use super::*;
use crate::postgres::peers::Peers;

/// Resolves with these variables, and with `service` as the text of every service file.
fn resolve_in(url: Option<&str>, variables: &[(&str, &str)], service: &str) -> Result<Target> {
    let variables: HashMap<_, _> = variables.iter().copied().collect();
    let env = |name: &str| variables.get(name).map(|value| value.to_string());
    let read = |path: &Path| match service {
        text if path.ends_with(".pg_service.conf") && !text.is_empty() => Ok(text.to_string()),
        _ => Err(io::ErrorKind::NotFound.into()),
    };
    let user = Some("me".to_string());
    Target::resolve(
        url,
        &Environment {
            variable: &env,
            read_file: &read,
            file_access: &|_| Err(io::ErrorKind::NotFound.into()),
            user,
        },
    )
}

fn external(url: Option<&str>, variables: &[(&str, &str)]) -> Address {
    match resolve_in(url, variables, "").unwrap() {
        Target::External(address) => address,
        Target::Embedded => panic!("embedded"),
    }
}

fn refusal(url: &str) -> String {
    format!("{:#}", resolve_in(Some(url), &[], "").unwrap_err())
}

fn places(address: &Address) -> Vec<&str> {
    address
        .endpoints
        .iter()
        .map(|endpoint| endpoint.shown.as_str())
        .collect()
}

#[test]
fn nothing_said_means_embedded() {
    assert!(matches!(resolve_in(None, &[], ""), Ok(Target::Embedded)));
    let stray = [
        ("PGUSER", "x"),
        ("PGPASSWORD", "y"),
        ("PGPORT", "1"),
        ("PGHOST", ""),
    ];
    assert!(matches!(resolve_in(None, &stray, ""), Ok(Target::Embedded)));
}

#[test]
fn each_place_variable_means_a_server() {
    for place in ["PGHOST", "PGHOSTADDR", "PGDATABASE"] {
        let address = external(None, &[(place, "127.0.0.1")]);
        assert_eq!(address.origin, Origin::Variable(place));
    }
}

#[test]
fn url_then_database_url_then_variables() {
    let variables = [
        ("DATABASE_URL", "postgres://b/two"),
        ("PGHOST", "c"),
        ("PGDATABASE", "three"),
    ];
    let address = external(Some("postgres://a/one"), &variables);
    assert_eq!(
        (address.database.as_str(), address.origin),
        ("one", Origin::Option)
    );
    let address = external(None, &variables);
    assert_eq!(
        (address.database.as_str(), address.origin),
        ("two", Origin::DatabaseUrl)
    );
    assert_eq!(places(&address), ["b:5432"]);
    let address = external(None, &variables[1..]);
    assert_eq!(
        (address.database.as_str(), address.origin),
        ("three", Origin::Variable("PGHOST"))
    );
}

#[test]
fn variables_fill_what_a_url_leaves_out() {
    let variables = [
        ("PGHOST", "db"),
        ("PGPORT", "6432"),
        ("PGUSER", "shop"),
        ("PGPASSWORD", "hunter2"),
        ("PGAPPNAME", "ci"),
        ("PGOPTIONS", "-c work_mem=1MB"),
        ("PGCONNECT_TIMEOUT", "3"),
    ];
    let address = external(Some("postgresql:///catalog"), &variables);
    assert_eq!(places(&address), ["db:6432"]);
    assert_eq!(
        (address.user.as_str(), address.database.as_str()),
        ("shop", "catalog")
    );
    let config = &address.endpoints[0].config;
    assert_eq!(config.get_password(), Some(&b"hunter2"[..]));
    assert_eq!(config.get_application_name(), Some("ci"));
    assert_eq!(config.get_options(), Some("-c work_mem=1MB"));
    assert_eq!(config.get_connect_timeout(), Some(&Duration::from_secs(3)));
}

#[test]
fn defaults_are_libpqs() {
    let address = external(Some("postgresql://"), &[]);
    assert_eq!(
        places(&address),
        ["/var/run/postgresql/.s.PGSQL.5432", "/tmp/.s.PGSQL.5432"]
    );
    assert_eq!(
        (address.user.as_str(), address.database.as_str()),
        ("me", "me")
    );
    let config = &address.endpoints[0].config;
    assert_eq!(
        config.get_hosts(),
        [Host::Unix("/var/run/postgresql".into())]
    );
    assert_eq!(config.get_application_name(), Some("seedrow"));
    assert_eq!(config.get_connect_timeout(), Some(&CONNECT_TIMEOUT));
}

#[test]
fn several_hosts_have_their_ports() {
    assert_eq!(
        places(&external(Some("postgres://a:1,b,[::1]:3/x"), &[])),
        ["a:1", "b:5432", "[::1]:3"]
    );
    assert_eq!(
        places(&external(Some("host=a,b port=7"), &[])),
        ["a:7", "b:7"]
    );
    assert_eq!(
        places(&external(Some("hostaddr=127.0.0.1"), &[])),
        ["127.0.0.1:5432"]
    );
    assert!(refusal("host=a,b,c port=1,2").contains("3 hosts and 2 ports"));
    assert!(refusal("host=a,b hostaddr=::1").contains("2 hosts and 1 hostaddrs"));
}

#[test]
fn services_come_before_variables_and_after_the_url() {
    let file = "[shop]\nhost=fromfile\nport=6000\nuser=fileuser\n";
    let variables = [
        ("PGSERVICE", "shop"),
        ("PGHOST", "fromenv"),
        ("PGDATABASE", "d"),
        ("HOME", "/h"),
    ];
    let Ok(Target::External(address)) = resolve_in(Some("postgres://urluser@/"), &variables, file)
    else {
        panic!("no server")
    };
    assert_eq!(places(&address), ["fromfile:6000"]);
    assert_eq!(
        (address.user.as_str(), address.database.as_str()),
        ("urluser", "d")
    );
    let error = resolve_in(None, &[("PGSERVICE", "nope"), ("HOME", "/h")], file).unwrap_err();
    let error = format!("{error:#}");
    assert!(
        error.contains("\"nope\"") && error.contains("/h/.pg_service.conf"),
        "{error}"
    );
}

#[test]
fn only_what_goes_over_a_network_uses_tls() {
    let ways = |url: &str| -> Vec<_> {
        let address = external(Some(url), &[("PGSSLMODE", "require")]);
        let endpoints = address.endpoints.iter();
        endpoints.map(|endpoint| endpoint.tls.mode_name()).collect()
    };
    assert_eq!(ways("postgres:///d?host=/tmp"), ["disable"]);
    assert_eq!(ways("host=/tmp,db"), ["disable", "require"]);
    assert_eq!(ways("hostaddr=127.0.0.1"), ["require"]);
    assert_eq!(ways("postgres://h/d?sslmode=allow"), ["allow"]);
    assert!(refusal("postgres:///d?channel_binding=require").contains("a socket has not"));
}

#[test]
fn values_that_make_no_sense_are_refused_by_name() {
    for (url, word) in [
        ("postgres://h:0/d", "port"),
        ("postgres://h:eighty/d", "port"),
        ("host=h sslmode=maybe", "sslmode"),
        ("host=h connect_timeout=soon", "connect_timeout"),
        ("host=h hostaddr=localhost", "hostaddr"),
        ("host=h target_session_attrs=fast", "target_session_attrs"),
        (
            "host=h target_session_attrs=prefer-standby",
            "not supported",
        ),
        (
            "host=/tmp load_balance_hosts=foo",
            "load_balance_hosts is none of disable, random",
        ),
        (
            "host=/tmp max_protocol_version=4",
            "max_protocol_version is none of",
        ),
        (
            "host=/tmp channel_binding=yes",
            "channel_binding is none of",
        ),
        ("host=/tmp sslmode=foo", "sslmode is none of"),
    ] {
        let error = refusal(url);
        assert!(
            error.starts_with("could not use --url: ") && error.contains(word),
            "{error}"
        );
    }
}

#[test]
fn connections_for_reads_go_to_the_hosts_in_turn() {
    let hosts = |url: &str| {
        let peers = Peers::of(&external(Some(url), &[]));
        let turn = || {
            let endpoints = peers.in_turn().map(|it| it.endpoint.host.clone());
            endpoints.collect::<Vec<_>>().join(" ")
        };
        [turn(), turn(), turn()]
    };
    assert_eq!(hosts("postgres://app@a,b/shop"), ["", "", ""]);
    let balanced = "postgres://app@a,b/shop?load_balance_hosts=random";
    assert_eq!(hosts(balanced), ["a b", "b a", "a b"]);
}

#[test]
fn each_host_that_takes_reads_in_turn_is_on_this_machine_or_named() {
    let elsewhere = |hosts: &str, more: &str| {
        let url = format!("postgres://app@{hosts}/shop?load_balance_hosts=random{more}");
        let peers = Peers::of(&external(Some(&url), &[]));
        peers.elsewhere().map(str::to_owned)
    };
    assert_eq!(elsewhere("localhost,127.0.0.1:6000", ""), None);
    let named = Some("db.example.com:5432".to_owned());
    assert_eq!(elsewhere("localhost,db.example.com", ""), named);
    let addressed = elsewhere("localhost,localhost", "&hostaddr=127.0.0.1,192.0.2.1");
    assert!(addressed.is_some(), "a host's address counts, not its name");
}
