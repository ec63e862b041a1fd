//! Reaching a server: what is waited for, what fails at once, and what the messages say.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{
    Answer, Db, Given, Workdir, ask, ask_url, assert_says, eventually, front, refusal, server,
};

/// The shared server with a database and a role whose password is asked for: `shop`, `hunter2`.
fn with_password() -> &'static Db {
    static DB: OnceLock<Db> = OnceLock::new();
    DB.get_or_init(|| {
        let db = Db::new("with_password");
        db.execute("DROP ROLE IF EXISTS shop; CREATE ROLE shop LOGIN PASSWORD 'hunter2'");
        let rules = Path::new(&server().running().data).join("pg_hba.conf");
        fs::write(rules, "local all shop scram-sha-256\nlocal all all trust\n").unwrap();
        db.execute("SELECT pg_reload_conf()");
        let wrong = url_as("shop:wrong", db.name());
        eventually("the password being asked for", || {
            ask_url(&wrong, "SELECT 'in'").is_err()
        });
        db
    })
}

fn url_as(credentials: &str, database: &str) -> String {
    let socket = server().running().socket.replace('/', "%2F");
    format!("postgresql://{credentials}@{socket}/{database}")
}

#[test]
fn a_server_that_is_not_there_fails_at_once_with_advice() {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let url = format!("postgresql://shop:hunter2@127.0.0.1:{port}/catalog");
    let message = refusal(&Given {
        url: Some(&url),
        ..Given::default()
    });
    let place = format!(
        "could not connect to catalog on 127.0.0.1:{port} as shop (from --url): Connection refused"
    );
    assert_says(&message, &[&place, "--wait 30s", "embedded Postgres"]);
    let variables = [("PGHOST", "/nonexistent")];
    let message = refusal(&Given {
        variables: &variables,
        ..Given::default()
    });
    assert_says(
        &message,
        &[
            " on /nonexistent/.s.PGSQL.5432 as ",
            " (from PGHOST): No such file or directory",
        ],
    );
}

#[test]
fn waiting_has_an_end() {
    let wait = Duration::from_millis(300);
    let variables = [("DATABASE_URL", "host=/nonexistent password=hunter2")];
    let started = Instant::now();
    let message = refusal(&Given {
        variables: &variables,
        wait,
        ..Given::default()
    });
    assert!(started.elapsed() >= wait);
    assert_says(&message, &["(from DATABASE_URL) within 300ms"]);
}

#[test]
fn every_host_that_was_tried_is_named() {
    let url = "host=/nonexistent,/nowhere";
    let message = refusal(&Given {
        url: Some(url),
        ..Given::default()
    });
    assert_says(
        &message,
        &[
            "/nonexistent/.s.PGSQL.5432 or /nowhere/.s.PGSQL.5432",
            "/nonexistent/.s.PGSQL.5432: No such",
        ],
    );
    let socket = &server().running().socket;
    assert_eq!(
        ask_url(
            &format!("host=/nonexistent,{socket} user=postgres"),
            "SELECT 'in'"
        )
        .unwrap(),
        "in"
    );
}

#[test]
fn a_wrong_or_missing_password_fails_at_once_and_is_not_shown() {
    let database = with_password().name();
    let wait = Duration::from_secs(600);
    let url = url_as("shop:hunter2x", database);
    let message = refusal(&Given {
        url: Some(&url),
        wait,
        ..Given::default()
    });
    assert_says(
        &message,
        &[
            "password authentication failed for user \"shop\" (SQLSTATE 28P01)",
            "PGPASSWORD",
        ],
    );
    let url = url_as("shop", database);
    let message = refusal(&Given {
        url: Some(&url),
        wait,
        ..Given::default()
    });
    assert_says(
        &message,
        &["password missing", "give shop's password in PGPASSWORD"],
    );
    assert_eq!(
        ask_url(
            &url_as("shop:hunter2", database),
            "SELECT current_user::text"
        )
        .unwrap(),
        "shop"
    );
    let variables = [("PGPASSWORD", "hunter2")];
    let given = Given {
        url: Some(&url),
        variables: &variables,
        ..Given::default()
    };
    assert_eq!(ask(&given, "SELECT current_user::text").unwrap(), "shop");
}

#[test]
fn a_missing_database_fails_at_once_with_how_to_make_it() {
    let url = url_as("postgres", "nonesuch");
    let wait = Duration::from_secs(600);
    let message = refusal(&Given {
        url: Some(&url),
        wait,
        ..Given::default()
    });
    assert_says(
        &message,
        &[
            "database \"nonesuch\" does not exist (SQLSTATE 3D000)",
            "create it there (CREATE DATABASE nonesuch)",
        ],
    );
}

#[test]
fn a_server_that_comes_up_is_waited_for() {
    let port = front(vec![Answer::HangUp, Answer::StartingUp, Answer::HangUp]);
    let url = format!("postgresql://postgres@127.0.0.1:{port}/postgres");
    let given = Given {
        url: Some(&url),
        wait: Duration::from_secs(60),
        ..Given::default()
    };
    assert_eq!(ask(&given, "SELECT 'in'").unwrap(), "in");
}

#[test]
fn without_wait_a_server_that_starts_up_is_an_error() {
    let port = front(vec![Answer::StartingUp]);
    let url = format!("postgresql://postgres@127.0.0.1:{port}/postgres");
    let message = refusal(&Given {
        url: Some(&url),
        ..Given::default()
    });
    assert_says(
        &message,
        &[
            "the database system is starting up (SQLSTATE 57P03)",
            "--wait 30s",
        ],
    );
}

#[test]
fn a_server_that_says_nothing_is_given_up() {
    let port = front(vec![Answer::Silence]);
    let url = format!("postgresql://postgres@127.0.0.1:{port}/postgres?connect_timeout=1");
    let message = refusal(&Given {
        url: Some(&url),
        ..Given::default()
    });
    assert_says(&message, &["did not answer for 2s"]);
}

#[test]
fn bad_urls_and_missing_certificates_are_refused_before_connecting() {
    for (url, part) in [
        ("mysql://root:hunter2@localhost/shop", "no Postgres URL"),
        (
            "postgres://u:hunter2@h/d?sslmode=verify-full&sslrootcert=/nonexistent",
            "there is no root certificate /nonexistent",
        ),
        ("postgres://u:hunter2@h:port/d", "port is not a number"),
        (
            "postgres://u:hunter2@h/d?colour=blue",
            "no connection parameter \"colour\"",
        ),
        ("hunter2", "neither a URL"),
    ] {
        assert_says(
            &refusal(&Given {
                url: Some(url),
                ..Given::default()
            }),
            &["could not use --url", part],
        );
    }
}

#[test]
fn the_first_of_url_database_url_and_variables_counts() {
    let socket = server().running().socket.as_str();
    let here = format!("host={socket} dbname=template1");
    let variables = [
        ("DATABASE_URL", here.as_str()),
        ("PGHOST", "/nonexistent"),
        ("PGDATABASE", "postgres"),
    ];
    let current = "SELECT current_database()::text";
    let given = Given {
        variables: &variables,
        ..Given::default()
    };
    assert_eq!(ask(&given, current).unwrap(), "template1");
    let url = format!("host={socket}");
    let given = Given {
        url: Some(&url),
        variables: &variables,
        ..Given::default()
    };
    assert_eq!(ask(&given, current).unwrap(), "postgres");
    let variables = [
        ("PGHOST", socket),
        ("PGDATABASE", "template1"),
        ("PGPORT", "5432"),
    ];
    let given = Given {
        variables: &variables,
        ..Given::default()
    };
    assert_eq!(ask(&given, current).unwrap(), "template1");
}

#[test]
fn services_are_looked_up() {
    let dir = crate::support::Workdir::new("services_are_looked_up");
    let socket = &server().running().socket;
    let file = dir.write(
        "services.conf",
        format!("[here]\nhost={socket}\ndbname=template1\n"),
    );
    let variables = [
        ("PGSERVICE", "here"),
        ("PGSERVICEFILE", file.to_str().unwrap()),
    ];
    let given = Given {
        variables: &variables,
        ..Given::default()
    };
    assert_eq!(
        ask(&given, "SELECT current_database()::text").unwrap(),
        "template1"
    );
    let variables = [("PGSERVICE", "there"), variables[1]];
    let message = refusal(&Given {
        variables: &variables,
        ..Given::default()
    });
    assert_says(
        &message,
        &[
            "could not use PGSERVICE",
            "no service \"there\"",
            "services.conf",
        ],
    );
}

#[test]
fn the_embedded_server_has_a_database_made() {
    server();
    assert_eq!(
        ask(&Given::default(), "SELECT current_database()::text").unwrap(),
        "connect_embedded"
    );
    assert_eq!(
        ask(&Given::default(), "SELECT current_database()::text").unwrap(),
        "connect_embedded"
    );
}

#[test]
fn sessions_are_named_watched_and_led_by_the_target_schema() {
    let db = Db::new("sessions");
    db.execute(r#"CREATE SCHEMA "its ""own""""#);
    let url = db.url();
    let setting = |name: &str, schema| {
        let given = Given {
            url: Some(&url),
            schema,
            ..Given::default()
        };
        ask(&given, &format!("SELECT current_setting('{name}')")).unwrap()
    };
    assert_eq!(setting("application_name", None), "seedrow");
    assert_eq!(setting("search_path", None), r#""$user", public"#);
    assert_eq!(
        setting("search_path", Some(r#"its "own""#)),
        r#""its ""own""", "$user", public"#
    );
    let version: u32 = db.value("SHOW server_version_num").parse().unwrap();
    if version >= 140_000 {
        assert_eq!(setting("client_connection_check_interval", None), "500ms");
    }
    let given = Given {
        url: Some(&url),
        schema: Some(r#"its "own""#),
        ..Given::default()
    };
    assert_eq!(
        ask(&given, "SELECT current_schema()::text").unwrap(),
        r#"its "own""#
    );
}

#[test]
fn what_writes_is_refused_on_a_read_only_server_before_it_begins() {
    let db = Db::new("read_only");
    db.execute(
        "CREATE TABLE parents (id int PRIMARY KEY); CREATE TABLE children (parent_id int REFERENCES parents)",
    );
    let name = db.name();
    db.execute(&format!(
        "ALTER DATABASE {name} SET default_transaction_read_only = on"
    ));
    let dir = Workdir::new("read_only");
    let url = db.url();
    for (args, action) in [
        (&["run", "--rows", "10"] as &[&str], "load rows"),
        (&["forget"], "remove the ledger"),
        (&["index", "--build"], "build indexes"),
        (&["check", "--settle"], "VACUUM and ANALYZE"),
        (&["check", "--prove", "--allow-locks"], "drop indexes"),
        (
            &["compare", "--without-indexes", "--allow-locks"],
            "drop indexes",
        ),
    ] {
        let args = [args, &["--url", &url]].concat();
        let refused = dir
            .seedrow(args)
            .exits(2)
            .stderr_has(&format!("error: could not {action}"));
        let refused = refused.stderr_has("default_transaction_read_only is on");
        let lines = refused.stderr.lines();
        let messages = lines.filter(|line| !line.starts_with("database: "));
        assert_eq!(messages.count(), 1, "{}", refused.stderr);
    }
    dir.seedrow(["index", "--dry-run", "--url", &url])
        .exits(0)
        .stdout_has("CREATE INDEX");
    dir.seedrow(["check", "--only", "coverage", "--url", &url])
        .exits(1)
        .stdout_has("fk-not-indexed");
}

/// What `doctor` says of each thing it looks at.
fn diagnosed(dir: &Workdir, more: &[&str], exit: i32) -> BTreeMap<String, (String, String)> {
    let doctor = [&["doctor", "--format", "json"], more].concat();
    let json = dir.seedrow(doctor).exits(exit).json();
    let all = json["diagnoses"].as_array().unwrap().iter();
    let text = |it: &Value| it.as_str().unwrap().to_owned();
    all.map(|it| {
        let found = format!("{} {}", it["found"], it["hints"]);
        (text(&it["name"]), (text(&it["health"]), found))
    })
    .collect()
}

#[test]
fn doctor_says_what_works_and_what_to_type_where_something_does_not() {
    let (dir, db) = (Workdir::new("doctor"), Db::new("doctor"));
    db.execute(
        "DROP ROLE IF EXISTS seedrow_patient; CREATE ROLE seedrow_patient LOGIN;
        REVOKE CREATE ON SCHEMA public FROM PUBLIC",
    );
    let url = db.url();
    let well = diagnosed(&dir, &["--url", &url], 0);
    let names: Vec<&str> = well.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "disk", "memory", "programs", "rights", "settings", "target", "terminal"
        ]
    );
    assert!(well["programs"].1.contains("PostgreSQL "), "{well:?}");
    assert!(well["target"].1.contains(db.name()), "{well:?}");
    assert!(well["rights"].1.contains("is a superuser"), "{well:?}");
    assert_eq!(well["settings"].0, "warn", "{well:?}");

    let poor = diagnosed(&dir, &["--url", &url_as("seedrow_patient", db.name())], 0);
    let (health, found) = &poor["rights"];
    assert_eq!(health, "warn");
    for grant in [
        format!("GRANT CREATE ON DATABASE {} TO seedrow_patient;", db.name()),
        "GRANT CREATE ON SCHEMA public TO seedrow_patient;".to_owned(),
    ] {
        assert!(found.contains(&grant), "{found}");
        db.execute(&grant);
    }
    let granted = diagnosed(&dir, &["--url", &url_as("seedrow_patient", db.name())], 0);
    assert_eq!(granted["rights"].0, "ok", "{granted:?}");

    let nowhere = ["--url", "postgresql://127.0.0.1:1/shop"];
    assert_eq!(diagnosed(&dir, &nowhere, 2)["target"].0, "fail");
    dir.seedrow(["doctor"].iter().chain(&nowhere))
        .exits(2)
        .stdout_has("fail  target: could not connect")
        .stderr_has("error: doctor: target doesn't work");
}

#[test]
fn target_and_options_come_from_files_unless_they_are_typed_or_set() {
    let (dir, db) = (Workdir::new("files"), Db::new("files"));
    db.execute("CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (a_id int REFERENCES a)");
    dir.write(".env", format!("# the shop\nDATABASE_URL='{}'\n", db.url()));
    dir.write(
        "seedrow.toml",
        "[defaults.check]\nonly = [\"coverage\"]\nformat = \"json\"\n",
    );
    let checked = ["check", "--env-file", ".env"];
    let json = dir.seedrow(checked).exits(1).json();
    assert_eq!(json["checks"].as_array().unwrap().len(), 1, "{json:#}");
    assert!(json["target"].as_str().unwrap().starts_with(db.name()));
    dir.seedrow([&checked[..], &["--format", "text"]].concat())
        .exits(1)
        .stdout_has("foreign keys: 0 of 1 have an index");
    dir.seedrow_with(
        checked,
        &[("DATABASE_URL", "postgresql://127.0.0.1:1/shop")],
    )
    .exits(2)
    .stderr_has("127.0.0.1");
    dir.seedrow(["check", "--env-file", "none.env"])
        .exits(2)
        .stderr_has("could not read none.env");
    dir.write("seedrow.toml", "[defaults]\n\nonyl = [\"coverage\"]\n");
    dir.seedrow(checked)
        .exits(2)
        .stderr_has("seedrow.toml, line 3: ")
        .stderr_has("did you mean `only`?");
}
