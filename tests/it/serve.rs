//! `seedrow serve` on real sockets: what it answers, what it withstands, and how it ends.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::shop::Session;
use crate::support::{
    AT_ONCE, Db, PrivateHome, Reply, SEEDROW, Service, Workdir, ask_http, command, eventually,
    execute_at, run, value_at,
};

const DATASET: &str = r#"about = "items"
schema = "schema.sql"
queries = "queries"

[tables.items]
file = "items.csv"
rows = 10

[tables.items.columns]
id = "serial"
name = { make = "phrase", of = "Ann" }

[tables.notes]
file = "notes.csv"
rows = 10

[tables.notes.columns]
id = "serial"
name = { make = "phrase", of = "Ann" }
"#;

const SCHEMA: &str = "
CREATE TABLE items (id bigint PRIMARY KEY, name text);
CREATE TABLE notes (id integer PRIMARY KEY, name text);
";

const QUERIES: [(&str, &str); 7] = [
    (
        "item",
        "-- param id: items.id\n-- route: GET /items/:id\n\
        SELECT json_build_object('id', id, 'name', name) FROM items WHERE id = :id;\n",
    ),
    (
        "kept",
        "-- param id: items.id\n-- route: GET /kept/:id\n-- cache: 60s\n\
        SELECT jsonb_build_object('id', id, 'name', name) FROM items WHERE id = :id\n",
    ),
    (
        "brief",
        "-- param id: items.id\n-- route: GET /brief/:id\n-- cache: 1s\n\
        SELECT name FROM items WHERE id = :id\n",
    ),
    (
        "list",
        "-- param count: int = 2, min 1, max 100\n-- route: GET /items\n\
        SELECT id, name FROM items ORDER BY id LIMIT :count\n",
    ),
    (
        "slow",
        "-- param seconds: float = 0.1\n-- route: GET /slow\n\
        SELECT json_build_object('slept', pg_sleep(:seconds)::text)\n",
    ),
    (
        "held",
        "-- param lock: int = 0\n-- route: GET /held/:lock\n\
        SELECT json_build_object('held', pg_advisory_xact_lock_shared(:lock)::text)\n",
    ),
    (
        "note",
        "-- param id: notes.id\n-- route: GET /notes/:id\n\
        SELECT to_json(name) FROM notes WHERE id = :id\n",
    ),
];

const ROWS: &str = "
    INSERT INTO items SELECT id, 'item ' || id FROM generate_series(1, 50) AS id;
    INSERT INTO items VALUES (51, repeat('long ', 1000));
    INSERT INTO notes VALUES (1, 'a note')";

/// The database of all tests, which change no row that another reads.
fn url() -> String {
    static DB: OnceLock<Db> = OnceLock::new();
    let db = DB.get_or_init(|| {
        let db = Db::new("shared");
        db.execute(SCHEMA);
        db.execute(ROWS);
        db
    });
    db.url()
}

/// The dataset's file.
fn dataset() -> &'static str {
    static PATH: OnceLock<String> = OnceLock::new();
    PATH.get_or_init(|| {
        let dir = Workdir::new("dataset");
        dir.write("schema.sql", SCHEMA);
        for (name, text) in QUERIES {
            dir.write(&format!("queries/{name}.sql"), text);
        }
        let path = dir.write("items.toml", DATASET);
        path.display().to_string()
    })
}

fn serve_command(url: &str, args: &[&str]) -> Command {
    let fixed = ["serve", "--dataset", dataset(), "--url", url];
    let port = ["--listen", "127.0.0.1:0"];
    let few = ["--workers", "2"];
    let few = few.iter().filter(|_| !args.contains(&"--workers"));
    command(fixed.iter().chain(&port).chain(few).chain(args))
}

#[track_caller]
fn serve(args: &[&str]) -> Service {
    let service = Service::start(serve_command(&url(), args));
    let health = match args.contains(&"--admin") {
        true => service.address("health"),
        false => service.routes(),
    };
    eventually("it is ready", || {
        ask_http(&health, "GET", "/ready", "").status == 200
    });
    service
}

/// One server for all tests that only ask; it ends with the last of them.
fn shared() -> Arc<Service> {
    static SERVICE: Mutex<Weak<Service>> = Mutex::new(Weak::new());
    let mut service = SERVICE.lock().unwrap_or_else(PoisonError::into_inner);
    service.upgrade().unwrap_or_else(|| {
        let options = ["--idle-timeout", "1s", "--cors", "https://shop.example.com"];
        let started = Arc::new(serve(&options));
        *service = Arc::downgrade(&started);
        started
    })
}

/// Requests of `/held/LOCK` don't end for as long as this lives.
struct Hold {
    lock: u32,
    _session: Session,
}

impl Hold {
    /// `lock` is the test's own.
    fn new(lock: u32) -> Hold {
        let session = Session::new(&url());
        session.execute(&format!("SELECT pg_advisory_lock({lock})"));
        let _session = session;
        Hold { lock, _session }
    }

    /// Sends a request with these header lines.
    fn request(&self, service: &Service, headers: &str) -> TcpStream {
        let mut stream = service.connect();
        let request = format!(
            "GET /held/{} HTTP/1.1\r\nHost: x\r\n{headers}\r\n",
            self.lock
        );
        stream.write_all(request.as_bytes()).unwrap();
        stream
    }

    /// Sends a request that is under way then.
    fn request_under_way(&self, service: &Service) -> TcpStream {
        let stream = self.request(service, "");
        let waiting = format!(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = {} AND NOT granted
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            self.lock
        );
        eventually("the request is under way", || {
            value_at(&url(), &waiting) == "1"
        });
        stream
    }
}

#[test]
fn answers_with_what_the_query_returns() {
    let service = shared();
    let item = service.get("/items/7").is(200);
    assert_eq!(item.text(), r#"{"id" : 7, "name" : "item 7"}"#);
    assert_eq!(item.header("content-type"), Some("application/json"));
    assert_eq!(item.header("cache-control"), Some("no-cache"));
    assert_eq!(item.header("cache-status"), None);
    // jsonb's version byte is no part of it.
    assert_eq!(
        service.get("/kept/7").text(),
        r#"{"id": 7, "name": "item 7"}"#
    );
    let list = service.get("/items?count=3&unknown=x").is(200).json();
    assert_eq!(list.as_array().unwrap().len(), 3);
    assert_eq!(list[0], serde_json::json!({"id": 1, "name": "item 1"}));
    assert_eq!(service.get("/items").json().as_array().unwrap().len(), 2);
    assert!(service.get("/").is(200).text().contains("/items/"));
    assert_eq!(
        service.get("/openapi.json").is(200).json()["openapi"],
        "3.1.0"
    );
}

#[test]
fn wrong_requests_get_an_error_in_json_and_reach_no_statement() {
    let service = shared();
    let long = "9".repeat(10_000);
    let cases = [
        ("/items/52", 404),
        ("/items/-1", 404),
        ("/items/9223372036854775807", 404),
        ("/items/9223372036854775808", 400),
        ("/items/1;DROP%20TABLE%20items", 400),
        ("/items/1%00", 400),
        ("/items/%00", 400),
        ("/items/%ff", 400),
        (&format!("/items/{long}"), 400),
        ("/items?count=0", 400),
        ("/items?count=101", 400),
        ("/items?count=1e9", 400),
        ("/items/1/other", 404),
        ("/ITEMS/1", 404),
        ("/%2e%2e/etc/passwd", 404),
    ];
    for (path, status) in cases {
        let reply = service.get(path);
        assert_eq!(reply.status, status, "{path}: {reply:?}");
        assert_eq!(reply.json()["status"], reply.status, "{path}");
        assert_eq!(reply.header("cache-control"), Some("no-store"), "{path}");
    }
    service.get("/items/1").is(200);
}

#[test]
fn other_methods_are_refused_and_options_says_what_is_allowed() {
    let service = shared();
    for method in ["POST", "PUT", "DELETE", "PATCH", "TRACE", "BREW"] {
        let reply = service.ask(method, "/items/1", "").is(405);
        assert_eq!(
            reply.header("allow"),
            Some("GET, HEAD, OPTIONS"),
            "{method}"
        );
    }
    let reply = service
        .ask("POST", "/items/1", "Content-Length: 3\r\n")
        .status;
    assert_eq!(reply, 405);
    service.ask("OPTIONS", "/items/1", "").is(204);
}

#[test]
fn head_has_the_headers_of_get_and_no_body() {
    let service = shared();
    let (get, head) = (
        service.get("/items/51"),
        service.ask("HEAD", "/items/51", ""),
    );
    assert_eq!(head.status, 200);
    assert!(head.body.is_empty());
    for name in ["etag", "content-length", "content-type", "cache-control"] {
        assert_eq!(head.header(name), get.header(name), "{name}");
    }
}

#[test]
fn a_client_that_has_the_answer_gets_304() {
    let service = shared();
    let etag = service.get("/items/8").header("etag").unwrap().to_owned();
    let reply = service.ask(
        "GET",
        "/items/8",
        &format!("If-None-Match: \"x\", {etag}\r\n"),
    );
    assert_eq!((reply.status, reply.body.len()), (304, 0));
    assert_eq!(reply.header("etag"), Some(&*etag));
    service
        .ask("GET", "/items/9", &format!("If-None-Match: {etag}\r\n"))
        .is(200);
}

#[test]
fn long_answers_are_compressed_for_those_who_ask() {
    let service = shared();
    let plain = service.get("/items/51").is(200);
    assert_eq!(plain.header("content-encoding"), None);
    let reply = service
        .ask("GET", "/items/51", "Accept-Encoding: br, gzip\r\n")
        .is(200);
    assert_eq!(reply.header("content-encoding"), Some("gzip"));
    assert_eq!(reply.header("vary"), Some("Accept-Encoding"));
    let mut text = String::new();
    flate2::read::GzDecoder::new(&*reply.body)
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!(text, plain.text());
    let short = service.ask("GET", "/items/1", "Accept-Encoding: gzip\r\n");
    assert_eq!(short.header("content-encoding"), None);
}

#[test]
fn pages_of_allowed_origins_may_read_the_answers() {
    let service = shared();
    let allowed = |origin: &str| {
        let reply = service.ask("GET", "/items/1", &format!("Origin: {origin}\r\n"));
        reply
            .header("access-control-allow-origin")
            .map(str::to_owned)
    };
    let shop = "https://shop.example.com";
    assert_eq!(allowed(shop).as_deref(), Some(shop));
    assert_eq!(allowed("https://evil.example.com"), None);
    let preflight = service
        .ask("OPTIONS", "/items/1", &format!("Origin: {shop}\r\n"))
        .is(204);
    assert_eq!(preflight.header("access-control-allow-origin"), Some(shop));
}

#[test]
fn requests_in_a_pipeline_are_answered_in_their_order() {
    let service = shared();
    let mut stream = service.connect();
    let request =
        |id: u32, last: &str| format!("GET /items/{id} HTTP/1.1\r\nHost: x\r\n{last}\r\n");
    let all = [
        request(1, ""),
        request(2, ""),
        request(3, "Connection: close\r\n"),
    ]
    .concat();
    stream.write_all(all.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let places: Vec<_> = (1..=3)
        .map(|id| text.find(&format!("\"item {id}\"")))
        .collect();
    assert!(
        places.iter().all(Option::is_some) && places.is_sorted(),
        "{text}"
    );
}

#[test]
fn a_client_that_has_said_all_still_gets_its_answer() {
    let service = shared();
    let mut stream = service.connect();
    stream
        .write_all(b"GET /slow?seconds=0.05 HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(Reply::read(&mut stream).is(200).json()["slept"], "");
}

#[test]
fn slow_and_silent_clients_are_dropped() {
    let service = shared();
    let streams = [
        "",
        "GET /items/1 HTTP/1.1\r\nHost: x\r\nX-",
        "GET /items/1 HTTP/1.1\r\nHost: x\r\n\r\n",
    ]
    .map(|sent| {
        let mut stream = service.connect();
        stream.write_all(sent.as_bytes()).unwrap();
        stream
    });
    // Reading ends where the server closes the connection; it fails after a while of nothing.
    for mut stream in streams {
        stream.read_to_end(&mut Vec::new()).unwrap();
    }
}

#[test]
fn a_head_of_a_megabyte_is_refused() {
    let service = shared();
    let mut stream = service.connect();
    let _ = stream.write_all(b"GET /items/1 HTTP/1.1\r\nHost: x\r\nX: ");
    // The server may close the connection before all of it is sent.
    let _ = stream.write_all(&vec![b'a'; 1 << 20]);
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    assert!(
        read.is_err() || answer.starts_with(b"HTTP/1.1 431"),
        "{answer:?}"
    );
    service.get("/items/1").is(200);
}

#[test]
fn what_is_no_http_ends_the_connection_alone() {
    let service = shared();
    for sent in [
        "\r\n\r\n\r\n",
        "GARBAGE\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "\x16\x03\x01\x02\x00",
    ] {
        let mut stream = service.connect();
        stream.write_all(sent.as_bytes()).unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
    }
    service.get("/items/1").is(200);
}

#[test]
fn the_cache_says_whether_it_answered() {
    let service = serve(&[]);
    let status = |path: &str| {
        service
            .get(path)
            .is(200)
            .header("cache-status")
            .map(str::to_owned)
    };
    assert_eq!(
        status("/kept/3").as_deref(),
        Some("seedrow; fwd=miss; stored")
    );
    assert_eq!(status("/kept/3").as_deref(), Some("seedrow; hit"));
    let hit = service.get("/kept/3?unknown=1");
    assert_eq!(
        hit.header("cache-status"),
        Some("seedrow; hit"),
        "the key is the query's"
    );
    assert_eq!(hit.header("age"), Some("0"));
    assert_eq!(
        hit.header("cache-control"),
        Some("public, max-age=60, stale-while-revalidate=60")
    );
    // What isn't there isn't kept.
    execute_at(&url(), "DELETE FROM items WHERE id = 1003");
    service.get("/kept/1003").is(404);
    execute_at(&url(), "INSERT INTO items VALUES (1003, 'new')");
    service.get("/kept/1003").is(200);
    let metrics = service.get("/metrics").is(200);
    assert!(
        metrics
            .text()
            .contains("seedrow_cache_total{result=\"hit\"} 2"),
        "{}",
        metrics.text()
    );
    let without = serve(&["--cache", "0"]);
    without.get("/kept/3").is(200);
    assert_eq!(without.get("/kept/3").header("cache-status"), None);
}

#[test]
fn what_is_stale_is_served_while_it_is_renewed() {
    let service = serve(&[]);
    let rename = |name: &str| {
        execute_at(
            &url(),
            &format!(
                "INSERT INTO items VALUES (1001, '{name}') ON CONFLICT (id) DO UPDATE SET name = excluded.name"
            ),
        );
    };
    // An answer that is asked for only when it is no longer even stale is a new one: then all begins again.
    eventually("an answer is stale", || {
        rename("old");
        eventually("the answer is the old one", || {
            service.get("/brief/1001").text() == "old"
        });
        rename("new");
        loop {
            let reply = service.get("/brief/1001");
            let is_stale = reply.header("cache-status") == Some("seedrow; hit; detail=stale");
            if is_stale || reply.text() == "new" {
                return is_stale;
            }
            assert_eq!(reply.text(), "old");
            thread::sleep(Duration::from_millis(40));
        }
    });
    eventually("the answer is renewed", || {
        service.get("/brief/1001").text() == "new"
    });
}

#[test]
fn requests_over_the_bounds_get_503_at_once() {
    let service = serve(&["--workers", "1", "--connections", "1", "--max-queue", "0"]);
    // A connection has room for eight requests in its pipeline, or for fewer on a busy machine.
    let hold = Hold::new(901);
    let (sender, replies) = mpsc::channel();
    let requests = (0..9).map(|_| hold.request(&service, "Connection: close\r\n"));
    for mut stream in requests {
        let sender = sender.clone();
        thread::spawn(move || sender.send(Reply::read(&mut stream)));
    }
    let refused = replies.recv().unwrap().is(503);
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(refused.json()["error"], "overloaded");
    drop(hold);
    drop(sender);
    let statuses: Vec<u16> = replies.iter().map(|it| it.status).collect();
    assert!(
        statuses.contains(&200) && statuses.iter().all(|it| [200, 503].contains(it)),
        "{statuses:?}"
    );
    eventually("there is room again", || {
        service.get("/items/1").status == 200
    });
}

#[test]
fn a_query_that_takes_too_long_is_ended() {
    let service = serve(&["--timeout", "100ms"]);
    let begun = Instant::now();
    let reply = service.get("/slow?seconds=60").is(503);
    assert_eq!(reply.json()["error"], "timeout");
    assert_eq!(reply.header("retry-after"), Some("1"));
    assert!(begun.elapsed() < AT_ONCE);
    // On a busy machine any query may take that long.
    eventually("it answers again", || service.get("/items/1").status == 200);
}

#[test]
fn sigterm_finishes_what_is_under_way_and_takes_nothing_new() {
    let mut service = serve(&["--admin", "127.0.0.1:0"]);
    let (routes, health) = (service.routes(), service.address("health"));
    // Health checks have an address of their own.
    service.get("/ready").is(404);
    ask_http(&health, "GET", "/live", "").is(200);
    ask_http(&health, "GET", "/items/1", "").is(404);
    let hold = Hold::new(902);
    let mut held = hold.request_under_way(&service);
    service.signal(Signal::TERM);
    eventually("it isn't ready", || {
        ask_http(&health, "GET", "/ready", "").status == 503
    });
    eventually("it takes no connection", || {
        TcpStream::connect(&routes).is_err()
    });
    drop(hold);
    let reply = Reply::read(&mut held).is(200);
    assert_eq!(reply.header("connection"), Some("close"));
    assert_eq!(reply.json()["held"], "");
    assert_eq!(service.ended().code(), Some(0), "{}", service.stderr());
}

#[test]
fn a_deadline_ends_what_takes_longer_and_ctrl_c_is_130() {
    let mut service = serve(&["--drain", "100ms", "--timeout", "1m"]);
    let hold = Hold::new(903);
    let _held = hold.request_under_way(&service);
    let begun = Instant::now();
    service.signal(Signal::INT);
    assert_eq!(service.ended().code(), Some(130));
    assert!(begun.elapsed() < AT_ONCE);
    assert!(service.stderr().contains("cut off"), "{}", service.stderr());
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let mut service = serve(&["--drain", "1m", "--timeout", "1m"]);
    let hold = Hold::new(904);
    let _held = hold.request_under_way(&service);
    let begun = Instant::now();
    service.signal(Signal::TERM);
    eventually("it drains", || service.stderr().contains("shutting down"));
    service.signal(Signal::TERM);
    assert_eq!(service.ended().code(), Some(0));
    assert!(begun.elapsed() < AT_ONCE);
}

#[test]
fn a_port_in_use_is_refused_with_another_one() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut refused = serve_command(&url(), &[]);
    refused.args(["--listen", &address]);
    run(refused).exits(2).stderr_has(
        "another process listens there; choose another port, such as --listen 127.0.0.1:",
    );
    let service = serve(&[]);
    let mut refused = serve_command(&url(), &[]);
    refused.args(["--listen", &service.routes()]);
    run(refused)
        .exits(2)
        .stderr_has("another process listens there");
    let mut refused = serve_command(&url(), &["--admin", "127.0.0.1:1"]);
    refused.args(["--listen", "127.0.0.1:1"]);
    run(refused)
        .exits(2)
        .stderr_has("http://127.0.0.1:1 is named twice");
}

#[test]
fn a_database_without_the_tables_is_refused_before_it_listens() {
    let db = Db::new("without_tables");
    run(serve_command(&db.url(), &[]))
        .exits(2)
        .stderr_has("there are no tables yet; `seedrow run")
        .lacks(" on http://");
    db.execute(SCHEMA);
    db.execute("DROP TABLE notes");
    let service = Service::start(serve_command(&db.url(), &["--tables", "items"]));
    assert!(
        service
            .stderr()
            .contains("it takes its ids from notes, which --tables leaves out")
    );
    assert!(
        service.stderr().contains("6 routes"),
        "{}",
        service.stderr()
    );
}

#[test]
fn the_sessions_are_read_only() {
    let dir = Workdir::new("read_only");
    dir.write("schema.sql", SCHEMA);
    dir.write(
        "queries/write.sql",
        "-- route: GET /write\nSELECT setval('counter', 1)::text\n",
    );
    let dataset = dir.write("items.toml", DATASET).display().to_string();
    execute_at(&url(), "CREATE SEQUENCE counter");
    let args = [
        "serve",
        "--dataset",
        &dataset,
        "--url",
        &url(),
        "--listen",
        "127.0.0.1:0",
    ];
    let service = Service::start(command(args));
    eventually("it is connected", || service.get("/ready").status == 200);
    let reply = service.get("/write").is(500);
    assert!(
        !reply.text().contains("setval"),
        "the server's error isn't for clients: {reply:?}"
    );
    eventually("the error is on stderr", || {
        service.stderr().contains("read-only transaction")
    });
}

#[test]
fn listens_on_unix_sockets_and_check_asks_whether_it_is_ready() {
    // Short enough for a socket's path.
    let dir = tempfile::tempdir().unwrap();
    let (routes, health) = (dir.path().join("r"), dir.path().join("h"));
    let place = |path: &std::path::Path| format!("unix:{}", path.display());
    let check = || command(["serve", "--check", "--admin", &place(&health)]);
    run(check()).exits(2).stderr_has("could not ask unix:");
    let mut command = serve_command(&url(), &["--admin", &place(&health)]);
    command.args(["--listen", &place(&routes), "--access-log", "-"]);
    let mut service = Service::start(command);
    let mut ready = check();
    ready.args(["--wait", "30s"]);
    run(ready).exits(0);
    let mut stream = UnixStream::connect(&routes).unwrap();
    stream
        .write_all(b"GET /kept/1?x=%22' HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .unwrap();
    Reply::read(&mut stream).is(200);
    service.signal(Signal::TERM);
    assert_eq!(service.ended().code(), Some(0));
    let log: serde_json::Value = serde_json::from_str(service.stdout().trim()).unwrap();
    assert_eq!(
        (&log["path"], &log["status"]),
        (&"/kept/1?x=%22'".into(), &200.into())
    );
    assert_eq!((&log["cache"], log.get("client")), (&"miss".into(), None));
    assert!(
        !routes.exists() && !health.exists(),
        "the sockets are removed"
    );
}

#[test]
fn a_public_address_is_pointed_out() {
    let mut public = serve_command(&url(), &[]);
    public.args(["--listen", "0.0.0.0:0"]);
    let service = Service::start(public);
    eventually("it is pointed out", || {
        service.stderr().contains("is a public address")
    });
    assert!(service.stderr().contains("0.0.0.0"));
}

#[test]
fn more_connections_than_file_descriptors_are_survived() {
    let mut command = Command::new("sh");
    let plain = serve_command(&url(), &["--workers", "1", "--connections", "1"]);
    let limited = "ulimit -Sn 48; ulimit -Hn 48; exec \"$0\" \"$@\"";
    command
        .args(["-c", limited, SEEDROW])
        .args(plain.get_args());
    command.env("SEEDROW_HOME", "/nonexistent");
    let service = Service::start(command);
    eventually("it is ready", || service.get("/ready").status == 200);
    let address = service.routes();
    let many: Vec<TcpStream> = (0..100)
        .map(|_| TcpStream::connect(&address).unwrap())
        .collect();
    let before = processor_ticks(&service);
    thread::sleep(Duration::from_millis(300));
    let spent = processor_ticks(&service) - before;
    assert!(spent < 15, "{spent} of 30 ticks: it spins");
    let begun = Instant::now();
    service.get("/items/1").is(200);
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "silent connections make room: {:?}",
        begun.elapsed()
    );
    drop(many);
    let metrics = service.get("/metrics").is(200);
    assert!(
        !metrics.text().contains("seedrow_accept_errors_total 0"),
        "{}",
        metrics.text()
    );
}

/// The processor time that it took, in hundredths of a second.
fn processor_ticks(service: &Service) -> u64 {
    let pid = service.pid().as_raw_nonzero();
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap()
        .split_whitespace()
        .collect();
    // utime and stime are the 14th and 15th; two came before the parenthesis.
    [fields[11], fields[12]]
        .iter()
        .map(|ticks| ticks.parse::<u64>().unwrap())
        .sum()
}

#[test]
fn a_server_that_stops_and_starts_is_found_again() {
    let home = PrivateHome::used("stops_and_starts");
    home.seedrow(["start"]).exits(0);
    let url = home.seedrow(["url", "--dataset", "postgres"]).exits(0);
    let url = url.stdout.trim().to_owned();
    execute_at(&url, SCHEMA);
    execute_at(&url, ROWS);
    let service = Service::start(serve_command(&url, &[]));
    eventually("it is ready", || service.get("/ready").status == 200);
    service.get("/items/1").is(200);
    service.get("/kept/1").is(200);
    home.seedrow(["stop"]).exits(0);
    let begun = Instant::now();
    let reply = service.get("/items/1").is(503);
    assert!(begun.elapsed() < AT_ONCE);
    assert_eq!(reply.header("retry-after"), Some("1"));
    assert_eq!(reply.json()["error"], "no-database");
    // Connections are looked at 20 times a second.
    eventually("it isn't ready", || service.get("/ready").status == 503);
    service.get("/live").is(200);
    assert_eq!(
        service.get("/kept/1").is(200).header("cache-status"),
        Some("seedrow; hit")
    );
    home.seedrow(["start"]).exits(0);
    let begun = Instant::now();
    eventually("it answers again", || service.get("/items/1").status == 200);
    assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
    eventually("it is ready", || service.get("/ready").status == 200);
    eventually("that is reported", || {
        service.stderr().contains("connected to Postgres again")
    });
}

#[test]
fn connections_that_the_server_ends_are_opened_again() {
    let named = format!("{}&application_name=ended", url());
    let service = Service::start(serve_command(
        &named,
        &["--workers", "1", "--connections", "1"],
    ));
    eventually("it is ready", || service.get("/ready").status == 200);
    // Those of the other tests' servers go on.
    let sessions = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'ended'";
    assert_ne!(value_at(&url(), sessions), "0");
    eventually("it answers again", || {
        let status = service.get("/items/1").status;
        assert!(status == 200 || status == 503, "{status}");
        status == 200
    });
}

#[test]
fn a_table_that_changes_has_its_statements_prepared_again() {
    let service = serve(&["--workers", "1", "--connections", "1"]);
    execute_at(
        &url(),
        "INSERT INTO notes VALUES (2, 'two') ON CONFLICT DO NOTHING",
    );
    service.get("/notes/2").is(200);
    execute_at(&url(), "ALTER TABLE notes ALTER name TYPE varchar(10)");
    eventually("it answers again", || {
        let status = service.get("/notes/2").status;
        assert!(status == 200 || status == 503, "{status}");
        status == 200
    });
}

#[test]
fn run_serves_what_it_has_loaded() {
    let db = Db::new("run_serves");
    let args = [
        "run",
        "--dataset",
        dataset(),
        "--rows",
        "10",
        "--url",
        &db.url(),
    ];
    let mut service = Service::start(command(args.iter().chain(&["--serve=127.0.0.1:0"])));
    eventually("it is ready", || service.get("/ready").status == 200);
    service.get("/items/10").is(200);
    service.signal(Signal::TERM);
    assert_eq!(service.ended().code(), Some(0));
    assert!(service.stdout().contains("pass"));
}
