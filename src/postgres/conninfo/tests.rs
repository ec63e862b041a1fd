use super::*;

fn read(text: &str) -> Vec<(&'static str, String)> {
    parse(text).unwrap().into_iter().collect()
}

fn pairs(expected: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    let owned = expected
        .iter()
        .map(|&(name, value)| (name, value.to_string()));
    owned.collect()
}

#[test]
fn reads_a_url_with_everything() {
    let text = "postgresql://shop:s%40fe@db.example.com:6432/catalog?connect_timeout=3&application_name=a%20b";
    let expected = [
        ("application_name", "a b"),
        ("connect_timeout", "3"),
        ("dbname", "catalog"),
        ("host", "db.example.com"),
        ("password", "s@fe"),
        ("port", "6432"),
        ("user", "shop"),
    ];
    assert_eq!(read(text), pairs(&expected));
}

#[test]
fn reads_a_url_with_next_to_nothing() {
    assert_eq!(read("postgres://"), []);
    assert_eq!(
        read("postgresql:///catalog"),
        pairs(&[("dbname", "catalog")])
    );
    assert_eq!(read("postgresql://@:5433"), pairs(&[("port", "5433")]));
}

#[test]
fn reads_socket_folders_ipv6_and_several_hosts() {
    let expected = [("dbname", "db"), ("host", "/var/run/postgresql")];
    assert_eq!(
        read("postgresql://%2Fvar%2Frun%2Fpostgresql/db"),
        pairs(&expected)
    );
    assert_eq!(
        read("postgresql:///db?host=/var/run/postgresql"),
        pairs(&expected)
    );
    let expected = [("host", "::1,b"), ("port", "5433,")];
    assert_eq!(read("postgresql://[::1]:5433,b"), pairs(&expected));
}

#[test]
fn reads_pairs() {
    let text = r"host = /tmp user='o\'clock' password=a\ b";
    let expected = [("host", "/tmp"), ("password", "a b"), ("user", "o'clock")];
    assert_eq!(read(text), pairs(&expected));
    assert_eq!(read("dbname=''"), pairs(&[("dbname", "")]));
}

#[test]
fn a_password_with_raw_signs_is_refused_without_showing_it() {
    for text in [
        "postgres://user:p@ss@host/db",
        "postgres://user:12/hunter2@host/db",
        "postgres://user:12/hun?ter2=3@host/db",
        "postgres://user:hunter2%zz@host/db",
        "host=h password='hunter2",
        "host=h password=hunter2 hunter2 dbname=x",
        "mysql://root:hunter2@host/db",
        "hunter2",
        "",
    ] {
        let error = format!("{:#}", parse(text).unwrap_err());
        assert!(
            !error.contains("hunter2") && !error.contains("ss@"),
            "{text}: {error}"
        );
    }
}

#[test]
fn unknown_parameters_are_named_with_what_is_near() {
    let error = parse("host=a dbnam=b").unwrap_err().to_string();
    assert!(error.contains("\"dbname\" is near"), "{error}");
    let error = parse("postgres:///x?schema=s").unwrap_err().to_string();
    assert!(error.contains("--target-schema"), "{error}");
}

#[test]
fn what_demands_more_than_is_done_is_refused() {
    assert!(parse("gssencmode=require").is_err());
    assert!(parse("requirepeer=postgres").is_err());
    assert!(parse("gssencmode=prefer").is_ok());
}

#[test]
fn parameters_are_listed_once() {
    for (at, parameter) in PARAMETERS.iter().enumerate() {
        let rest = &PARAMETERS[at + 1..];
        assert!(
            rest.iter().all(|other| other.name != parameter.name),
            "{}",
            parameter.name
        );
    }
}
