//! `seedrow stress` against a server, and against small HTTP services whose times are known.
//!
//! Bounds are wide: the machine may be busy. What is exact is tested on the accounting, without a clock.

mod service;

use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::shop::orders;
use crate::support::{Db, Run, Workdir, assert_schema, command, eventually, not_run, run, seedrow};
use service::{Answer, Service};

const DATASET: &str = r#"about = "shops and their orders"
schema = "schema.sql"
queries = "queries"

[tables.shops]
file = "shops.csv"
rows = 10

[tables.shops.columns]
id = "serial"

[tables.orders]
file = "orders.csv"
per = { table = "shops", distribution = "poisson", mean = 2.0, max = 6 }

[tables.orders.columns]
id = "serial"
shop_id = { make = "parent" }
pad = { make = "phrase", of = "pad" }
"#;

/// A folder with the dataset and two queries.
pub fn dataset(test: &str) -> Workdir {
    let dir = Workdir::new(test);
    dir.write("shop.toml", DATASET);
    dir.write("schema.sql", "");
    dir.write(
        "queries/shop.sql",
        "-- One shop.\n-- param shop_id: shops.id\n-- route: GET /shops/:shop_id\nSELECT * FROM shops WHERE id = :shop_id",
    );
    dir.write(
        "queries/shop_orders.sql",
        "-- The orders of a shop.\n-- param shop_id: shops.id\n-- param count: int = 2\n\
         -- route: GET /shops/:shop_id/orders\n\
         SELECT * FROM orders WHERE shop_id = :shop_id LIMIT :count",
    );
    dir
}

/// Sends requests to the database.
fn to_database(dir: &Workdir, db: &Db, more: &[&str]) -> Run {
    let url = db.url();
    let own = ["stress", "--dataset", "shop.toml", "--url", &url];
    dir.seedrow(own.into_iter().chain(more.iter().copied()))
}

/// Asks a service for `/`.
fn to_service(service: &Service, more: &[&str]) -> Run {
    let own = ["stress", "--http", service.url(), "--path", "/"];
    seedrow(own.into_iter().chain(more.iter().copied()))
}

fn number(json: &Value, pointer: &str) -> f64 {
    let value = json.pointer(pointer).and_then(Value::as_f64);
    value.unwrap_or_else(|| panic!("no number at {pointer} in {json:#}"))
}

#[test]
fn a_database_answers_the_rate_and_mix_asked_for() {
    let (db, dir) = (orders("rate"), dataset("rate"));
    let common = ["--rate", "200", "--duration", "2s", "--connections", "2"];
    let json = to_database(
        &dir,
        &db,
        &[
            &common[..],
            &[
                "--mix",
                "shop=3,shop_orders=1",
                "--expect",
                "errors=0",
                "--format",
                "json",
            ],
        ]
        .concat(),
    )
    .exits(0)
    .json();
    assert_schema("stress.schema.json", &json);
    for (pointer, count) in [
        ("/offered", 400.0),
        ("/sent", 400.0),
        ("/completed", 400.0),
        ("/skipped", 0.0),
        ("/errors", 0.0),
    ] {
        assert_eq!(number(&json, pointer), count, "{pointer}");
    }
    let shares = [
        number(&json, "/requests/0/offered"),
        number(&json, "/requests/1/offered"),
    ];
    assert_eq!(json["requests"][0]["name"], "shop");
    assert!(
        shares[0] + shares[1] == 400.0 && shares[0] > 2.0 * shares[1],
        "{shares:?}"
    );
    let figures = ["p50", "p75", "p90", "p95", "p99", "p999", "max"];
    let figures = figures.map(|name| number(&json, &format!("/{name}")));
    assert!(figures[0] > 0.0 && figures.is_sorted(), "{figures:?}");
    for part in ["service", "lag"] {
        assert!(number(&json, &format!("/{part}/p99")) >= 0.0);
    }
    let seconds = json["seconds"].as_array().unwrap();
    let offered: f64 = seconds.iter().map(|it| number(it, "/offered")).sum();
    assert_eq!(offered, 400.0);
    assert_eq!(json["verdict"], "held");
    assert_eq!(json["load"]["arrivals"], "constant");
    assert_eq!(json["generator"]["threads"], 1);
    // Several threads send the same requests.
    let by_two = [
        "--mix",
        "shop=3,shop_orders=1",
        "--threads",
        "2",
        "--format",
    ];
    let both = to_database(&dir, &db, &[&common[..], &by_two, &["json"]].concat());
    let both = both.exits(0).json();
    assert_eq!(both["generator"]["threads"], 2);
    for pointer in ["/completed", "/requests/0/offered"] {
        assert_eq!(number(&both, pointer), number(&json, pointer), "{pointer}");
    }
    // As fast as it is answered, in one format after the other.
    for (format, parts) in [
        (
            "text",
            [
                "requests as fast as they are answered",
                "shop_orders, response",
            ],
        ),
        (
            "markdown",
            ["### 🔴 seedrow stress: failed", "| shop\\_orders |"],
        ),
        (
            "junit",
            [
                "<testcase name=\"max&lt;1us\"",
                "<failure message=\"expected max&lt;1us",
            ],
        ),
        ("html", ["<h1>seedrow stress", "polyline"]),
    ] {
        let max = ["--rate", "max", "--duration", "1.1s", "--connections", "2"];
        let run = to_database(
            &dir,
            &db,
            &[&max[..], &["--expect", "max<1us", "--format", format]].concat(),
        );
        let run = run.exits(1);
        parts
            .into_iter()
            .fold(run, |run, part| run.stdout_has(part));
    }
}

#[test]
fn a_stall_of_the_service_is_in_the_response_and_not_in_the_service_time() {
    let service = Service::start(|number| match number {
        100 => Answer::stalling(1_000),
        _ => Answer::ok(),
    });
    let load = [
        "--rate",
        "200",
        "--duration",
        "2s",
        "--connections",
        "2",
        "--format",
        "json",
    ];
    let json = to_service(&service, &load).exits(0).json();
    assert_eq!(number(&json, "/completed"), 400.0);
    // All that were due in that second waited: half of them.
    let (p90, p99) = (number(&json, "/p90"), number(&json, "/p99"));
    assert!(p90 > 500.0 && p99 > 800.0, "{p90} {p99}");
    // Only those on the two connections were with the service.
    let service = number(&json, "/service/p95");
    assert!(service < p90 / 2.0, "{service} {p90}");
}

#[test]
fn a_known_latency_is_measured() {
    let service = Service::start(|_| Answer::after(100));
    let load = [
        "--rate",
        "50",
        "--duration",
        "2s",
        "--connections",
        "50",
        "--format",
        "json",
    ];
    let json = to_service(&service, &load).exits(0).json();
    for pointer in ["/p50", "/service/p50"] {
        let p50 = number(&json, pointer);
        assert!((100.0..200.0).contains(&p50), "{pointer}: {p50}");
    }
}

#[test]
fn statuses_and_caches_are_counted() {
    let service = Service::start(|number| match number % 4 {
        0 => Answer::status(503),
        1 => Answer::ok().header("Cache-Status: seedrow; hit"),
        _ => Answer::ok().header("Cache-Status: seedrow; fwd=uri-miss"),
    });
    let load = ["--rate", "100", "--duration", "1s", "--expect", "errors<1%"];
    let run = to_service(&service, &load).exits(1);
    let run = run
        .stdout_has("status 503: 25 errors")
        .stdout_has("errors, service");
    run.stdout_has("cache: 33.3% hits")
        .stdout_has("errors<1%: not held, measured 25%");
    let json = to_service(
        &service,
        &[&load[..2], &["--duration", "1s", "--format", "json"]].concat(),
    );
    let json = json.exits(0).json();
    assert_schema("stress.schema.json", &json);
    assert_eq!(json["errors_by_kind"][0]["kind"], "status");
    assert_eq!(json["errors_by_kind"][0]["status"], 503);
    assert_eq!(number(&json, "/completed"), 75.0);
    assert!(number(&json, "/rejected/p99") > 0.0);
    assert!((number(&json, "/cache/hit_ratio") - 1.0 / 3.0).abs() < 0.01);
}

#[test]
fn routes_paths_and_unix_sockets_are_asked_for() {
    let (db, dir) = (orders("routes"), dataset("routes"));
    let service = Service::start_unix(&dir.path("s"), |_| Answer::ok());
    let url = service.url().to_owned();
    let load = [
        "--rate",
        "100",
        "--duration",
        "1s",
        "--expect",
        "errors=0",
        "--http",
        &url,
    ];
    to_database(&dir, &db, &load)
        .exits(0)
        .stdout_has("shop_orders");
    let paths = service.paths();
    assert_eq!(paths.len(), 100);
    // The last tenth of 10,000 shops.
    let id = |path: &String| -> u32 { path.split('/').nth(2).unwrap().parse().unwrap() };
    assert!(paths.iter().all(|path| id(path) > 9_000), "{paths:?}");
    assert!(paths.iter().any(|path| path.ends_with("/orders?count=2")));
    // A range needs no database.
    let nowhere = "postgresql://localhost:1/none";
    let range = ["--path", "/p/{shops.id}", "--ids", "1..3", "--url", nowhere];
    dir.seedrow([&["stress"], &load[..], &range].concat())
        .exits(0);
    let mut asked: Vec<String> = service.paths().split_off(100);
    asked.sort();
    asked.dedup();
    assert_eq!(asked, ["/p/1", "/p/2", "/p/3"]);
}

#[test]
fn requests_beyond_those_in_flight_are_skipped_and_have_failed() {
    let service = Service::start(|_| Answer::after(600));
    let load = [
        "--rate",
        "50",
        "--duration",
        "1s",
        "--connections",
        "5",
        "--max-in-flight",
        "5",
    ];
    let expected = ["--expect", "errors<1%", "--format", "json"];
    let json = to_service(&service, &[&load[..], &expected].concat())
        .exits(1)
        .json();
    let (sent, skipped) = (number(&json, "/sent"), number(&json, "/skipped"));
    assert_eq!(sent + skipped, 50.0);
    assert!((5.0..=15.0).contains(&sent), "{sent}");
}

#[test]
fn a_broken_expectation_ends_the_run_early() {
    let service = Service::start(|_| Answer::status(500));
    let load = [
        "--rate",
        "50",
        "--duration",
        "10m",
        "--expect",
        "errors<50%",
        "--abort-after",
        "1s",
    ];
    to_service(&service, &load)
        .exits(1)
        .stdout_has("an expectation was broken for 1 s");
}

#[test]
fn unanswered_requests_fail_in_time() {
    let service = Service::start(|_| Answer::after(3_000));
    let load = ["--rate", "20", "--duration", "1s", "--timeout", "300ms"];
    to_service(&service, &load)
        .exits(0)
        .stdout_has("no answer in time: 20 errors");
}

#[test]
fn an_interrupted_run_reports_what_there_is() {
    let service = Service::start(|_| Answer::ok());
    let args = [
        "stress",
        "--http",
        service.url(),
        "--path",
        "/",
        "--duration",
        "10m",
        "--format",
        "json",
    ];
    let mut command = command(args);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    eventually("requests are sent", || service.paths().len() > 10);
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["verdict"], "interrupted");
    assert!(number(&json, "/completed") > 5.0);
}

/// A service that answers one request at a time in 10 ms.
#[test]
fn the_limit_is_searched() {
    let service = Service::start(|_| Answer::stalling(10));
    let search = [
        "--find-limit",
        "--rate",
        "60",
        "--step",
        "1s",
        "--hold",
        "1s",
        "--format",
        "json",
    ];
    let output = to_service(&service, &search);
    let json = output.json();
    let limit = &json["limit"];
    let steps = limit["steps"].as_array().unwrap();
    assert_eq!(steps[0]["phase"], "climb");
    let broke = number(limit, "/broke");
    assert!(broke < 140.0, "{limit:#}");
    assert!(limit["why"].as_str().unwrap().len() > 10);
    match limit["held"].as_f64() {
        Some(held) => assert!(held < 105.0 && held < broke, "{limit:#}"),
        None => not_run("a rate that holds: the machine is too busy"),
    }
}

/// Makes the medians and percentiles of a run as JSON 1.5 s longer.
fn slow_down(run: &mut Value) {
    match run {
        Value::Array(values) => values.iter_mut().for_each(slow_down),
        Value::Object(fields) => {
            for (name, value) in fields {
                match (name.as_str(), value.as_f64()) {
                    ("p50" | "p95" | "p99", Some(ms)) => *value = (ms + 1_500.0).into(),
                    _ => slow_down(value),
                }
            }
        }
        _ => {}
    }
}

#[test]
fn two_runs_are_compared() {
    let dir = Workdir::new("compared");
    let service = Service::start(|_| Answer::after(0));
    let load = ["stress", "--http", service.url(), "--path", "/"];
    let times = ["--rate", "50", "--duration", "1s"];
    let output = ["--format", "json", "--output", "fast.json"];
    dir.seedrow([&load[..], &times, &output].concat()).exits(0);
    // A busy machine would decide what is slow.
    let mut run = serde_json::from_str(&dir.read("fast.json")).unwrap();
    slow_down(&mut run);
    dir.write("slow.json", run.to_string());
    let compare = |files: [&str; 2], more: &[&str]| {
        dir.seedrow([&["compare", files[0], files[1]], more].concat())
    };
    let fail = ["--fail-on", "regression"];
    compare(["fast.json", "slow.json"], &fail)
        .exits(1)
        .stdout_has("regression: / p95 ms: ");
    compare(["slow.json", "fast.json"], &fail)
        .exits(0)
        .stdout_has("better");
    compare(["slow.json", "slow.json"], &fail)
        .exits(0)
        .stdout_has("no change");
    for (format, part) in [
        ("json", "\"stress-comparison\""),
        ("markdown", "| requests | p50 ms"),
        ("html", "<h1>seedrow compare"),
    ] {
        compare(["fast.json", "slow.json"], &["--format", format])
            .exits(0)
            .stdout_has(part);
    }
    dir.write("check.json", r#"{"checks": []}"#);
    compare(["fast.json", "check.json"], &[])
        .exits(2)
        .stderr_has("could not understand check.json: it is no run as `seedrow stress --format json` writes it");
}

#[test]
fn what_cannot_be_sent_is_refused() {
    let (db, dir) = (Db::new("refused"), dataset("refused"));
    to_database(&dir, &db, &[])
        .exits(2)
        .stderr_has(
            "queries/shop.sql, line 2: parameter `shop_id` takes its values from table shops, which isn't in schema",
        )
        .stderr_has("seedrow run --url ");
    db.execute(
        "CREATE TABLE shops (id int PRIMARY KEY); CREATE TABLE orders (id int, shop_id int)",
    );
    to_database(&dir, &db, &[])
        .exits(2)
        .stderr_has("shops holds no id to run shop with; fill it: `seedrow run --url ");
    db.execute("INSERT INTO shops SELECT generate_series(1, 100)");
    #[rustfmt::skip]
    let cases: &[(&[&str], &str)] = &[
        (&["--rate", "0"], "expected requests a second, above 0"),
        (&["--rate", "-5"], "expected requests a second, above 0"),
        (&["--duration", "0s"], "--duration: a run takes some time"),
        (&["--mix", "shops=3"], "--mix: there is no query `shops`; did you mean `shop`?"),
        (&["--mix", "shop=0"], "expected names and weights such as styles=3,product=1"),
        (&["--ids", "9..1"], "no ids are between 9 and 1"),
        (&["--expect", "mena<1ms"], "unknown figure `mena`; did you mean `mean`?"),
        (&["--goal", "seed-005"], "possible values: seed-001, seed-002, seed-003, seed-004"),
        (&["--path", "/x"], "--http <URL>"),
        (&["--http", "http://192.0.2.1"], "http://192.0.2.1 isn't on this machine"),
        (&["--http", "http://192.0.2.1"], "--yes-remote"),
        (&["--http", "https://localhost"], "TLS isn't spoken here"),
        (&["--http", "http://127.0.0.1:1"], "could not connect to http://127.0.0.1:1; is the service up? `curl -i http://127.0.0.1:1`: Connection refused"),
        (&["--http", "unix:/none"], "could not connect to unix:/none"),
        (&["--find-limit", "--rate", "max"], "--find-limit searches a rate"),
        (&["--connections", "0"], "0 is not in 1..=10000"),
        (&["--step", "2s", "--duration", "1s"], "--step is of use only with --find-limit"),
        (&["--rate", "max", "--arrivals", "poisson"], "--arrivals poisson is for requests at a rate"),
    ];
    for (args, expected) in cases {
        to_database(&dir, &db, args).exits(2).stderr_has(expected);
    }
    // 0.0.0.0 is no loopback address, and nothing listens there.
    let second = db.url().replacen("&port=5432", ",0.0.0.0&port=5432,1", 1);
    let second = format!("{second}&load_balance_hosts=random");
    dir.seedrow(["stress", "--dataset", "shop.toml", "--url", &second])
        .exits(2)
        .stderr_has("0.0.0.0:1 isn't on this machine")
        .stderr_has("--yes-remote");
    let elsewhere = ["stress", "--url", "postgresql://localhost:1/none"];
    seedrow(elsewhere).exits(2).stderr_has("Connection refused");
    dir.write(
        "queries/shop.sql",
        "-- param shop_id: shops.id\nSELECT * FROM shops WHERE id = :shop_id",
    );
    let mix = ["--mix", "shop", "--http", "http://127.0.0.1:1"];
    to_database(&dir, &db, &mix)
        .exits(2)
        .stderr_has("queries/shop.sql has no route: add `-- route: GET /…` to its header");
}

#[test]
fn a_database_that_ends_sessions_is_connected_to_again() {
    let (db, dir) = (orders("again"), dataset("again"));
    let url = db.url();
    let args = [
        "stress",
        "--dataset",
        "shop.toml",
        "--url",
        &url,
        "--mix",
        "shop",
        "--connections",
        "2",
        "--rate",
        "100",
        "--duration",
        "4s",
    ];
    let mut command = command([&args[..], &["--format", "json"]].concat());
    command.current_dir(dir.path(""));
    let running = std::thread::spawn(move || run(command));
    let sessions = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%FROM shops WHERE%' AND pid <> pg_backend_pid()";
    eventually("requests are sent", || db.value(sessions) == "2");
    db.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
    let json = running.join().unwrap().exits(0).json();
    let last = json["seconds"]
        .as_array()
        .unwrap()
        .iter()
        .rev()
        .nth(1)
        .unwrap();
    assert!(number(last, "/completed") > 50.0, "{json:#}");
}
