//! Connections that are not what they seem, that are cut, and that are scarce.

use crate::shop::{SCHEMA, Session, Shop};
use crate::support::{Db, eventually, pooler, seedrow, server, value_at};

#[test]
fn a_pooler_in_transaction_mode_is_refused() {
    let db = Db::new("pooler");
    let port = pooler(db.name());
    let url = format!("postgresql://postgres@127.0.0.1:{port}/{}", db.name());
    for verb in ["run", "index", "check"] {
        seedrow([verb, "--url", &url])
            .exits(2)
            .stderr_has("seedrow is connected through a pooler in transaction mode")
            .stderr_has("connect to the server's own port");
    }
}

#[test]
fn a_connection_cut_in_the_middle_says_so_and_what_to_type() {
    let shop = Shop::new("cut");
    shop.db.execute(SCHEMA);
    let other = Session::new(&shop.db.url());
    other.execute("BEGIN; LOCK TABLE pets IN ACCESS SHARE MODE");
    let load = std::thread::scope(|scope| {
        let load = scope.spawn(|| shop.load(&[]));
        let waiting =
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'pets'::regclass";
        eventually("the load waits", || shop.db.value(waiting) == "1");
        shop.db.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND application_name LIKE 'seedrow%'",
        );
        load.join().unwrap()
    });
    load.exits(2)
        .stderr_has("terminating connection due to administrator command (SQLSTATE 57P01)");
    drop(other);
    shop.load(&[]).exits(0);
}

#[test]
fn a_roles_limits_of_time_do_not_stop_a_load() {
    let shop = Shop::new("statement_timeout");
    shop.db.execute(SCHEMA);
    let url = shop.url_as("connections_hurried");
    shop.db.execute(
        "CREATE FUNCTION slow() RETURNS boolean LANGUAGE sql AS 'SELECT pg_sleep(0.2) IS NOT NULL';
        ALTER TABLE pets ADD CONSTRAINT slow CHECK (slow());
        ALTER TABLE owners OWNER TO connections_hurried; ALTER TABLE pets OWNER TO connections_hurried",
    );
    let database = shop.db.name().to_owned();
    shop.db.execute(&format!(
        "GRANT CREATE ON DATABASE {database} TO connections_hurried;
        ALTER DATABASE {database} SET statement_timeout = '150ms';
        ALTER DATABASE {database} SET idle_in_transaction_session_timeout = '100ms'"
    ));
    shop.load_at(&url, &[]).exits(0);
    assert_eq!(shop.counts(), "2 3");
}

#[test]
fn jobs_are_cut_to_the_connections_that_are_free() {
    let shop = Shop::new("scarce");
    shop.db.execute(SCHEMA);
    let database = shop.db.name().to_owned();
    // Limits on a database do not bind superusers, but are asked about all the same.
    shop.db
        .execute(&format!("ALTER DATABASE {database} CONNECTION LIMIT 8"));
    shop.load(&["--jobs", "200"])
        .exits(0)
        .stderr_has("1 of 200 jobs at a time: the server has ");
    assert_eq!(shop.counts(), "2 3");
}

#[test]
fn the_connections_of_a_command_are_used_again() {
    let db = Db::new("few");
    let url = db.url();
    // Asked from another database: the questions' own sessions don't count.
    let value = |sql: &str| {
        value_at(
            &server().url("postgres"),
            &format!("{sql} WHERE datname = '{}'", db.name()),
        )
    };
    let sessions = || {
        // Sessions are counted when they end, which may be a moment after their command.
        eventually("the sessions have ended", || {
            value("SELECT count(*) FROM pg_stat_activity") == "0"
        });
        let count: u32 = value("SELECT sessions FROM pg_stat_database")
            .parse()
            .unwrap();
        count
    };
    let run = [
        "run",
        "--rows",
        "50",
        "--jobs",
        "2",
        "--budget",
        "5s",
        "--samples",
        "1",
    ];
    let mut before = sessions();
    for (args, most) in [
        (&run[..], 8),
        (&run[..], 2),
        (&["check", "--only", "coverage"], 1),
        (&["index"], 1),
    ] {
        seedrow([args, &["--url", &url]].concat()).exits(0);
        eventually("sessions are counted", || sessions() > before);
        let after = sessions();
        let opened = after - before;
        assert!(opened <= most, "{args:?} opened {opened} connections");
        before = after;
    }
}
