//! A run killed at any moment, any way: the same command finishes it, and nothing tells it from one that was left
//! alone.
//!
//! `SEEDROW_KILLS=1000` has the random part kill so often; `scripts/kill` does that and keeps the log.

use std::fs::{self, File};
use std::process::{Child, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use crate::shop::Session;
use crate::support::{
    Db, PrivateHome, Workdir, block_on, command, contents, eventually, execute_at, rows_at, run,
    schema_dump, seedrow, value_at,
};
use rustix::process::{Pid, Signal, kill_process};
use tokio_postgres::NoTls;

const ROWS: &str = "300";

/// Where a run is made to stand still: a statement that a gate holds up, and how far the load has come there.
const PLACES: [(&str, &str); 7] = [
    (
        "its constraints are dropped",
        "ALTER TABLE % DROP CONSTRAINT styles_pkey",
    ),
    ("rows are copied", "COPY %photos %"),
    ("a key is built", "ALTER TABLE % ADD CONSTRAINT skus_pkey %"),
    ("an index is built", "CREATE INDEX %photos%"),
    (
        "a foreign key is added",
        "ALTER TABLE % ADD CONSTRAINT related_current_product_id_fkey %",
    ),
    (
        "a foreign key is validated",
        "ALTER TABLE % VALIDATE CONSTRAINT skus_style_id_fkey",
    ),
    ("the ledger is closed", "UPDATE seedrow.loads %"),
];

/// Statements wait here while another session holds the advisory lock 7: an event trigger for DDL, a row's check for
/// COPY, a trigger on the ledger.
const GATES: &str = "
    CREATE FUNCTION wait_at(pattern text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
        IF current_query() LIKE pattern THEN
            PERFORM pg_advisory_xact_lock_shared(7);
        END IF;
        RETURN true;
    END $$;
    CREATE FUNCTION gate() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
        PERFORM wait_at(current_setting('gate.pattern', true));
    END $$;
    CREATE EVENT TRIGGER gate ON ddl_command_start EXECUTE FUNCTION gate();
    ALTER TABLE photos ADD CONSTRAINT slow CHECK (wait_at(current_setting('gate.pattern', true)));
    CREATE FUNCTION close_gate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        PERFORM wait_at(current_setting('gate.pattern', true));
        RETURN NEW;
    END $$;";

/// The check at the end isn't what these tests are about: a sample of each query is enough.
fn args(url: &str) -> [&str; 10] {
    [
        "run",
        "--rows",
        ROWS,
        "--jobs",
        "2",
        "--quiet",
        "--samples",
        "1",
        "--url",
        url,
    ]
}

const COMMITS: [&str; 2] = ["table", "segment"];

/// A run under way; its output goes to a file.
fn start(url: &str, dir: &Workdir, commit: &str) -> Child {
    let output = File::create(dir.path("output")).unwrap();
    command(args(url))
        .args(["--commit", commit])
        .stdout(Stdio::null())
        .stderr(output)
        .spawn()
        .unwrap()
}

/// What a database is after a run: rows, schema, states of keys and indexes.
fn picture(url: &str) -> String {
    let states = "SELECT count(*) || ' constraints, ' || count(*) FILTER (WHERE convalidated) || ' valid'
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace
        UNION ALL
        SELECT count(*) || ' indexes, ' || count(*) FILTER (WHERE indisvalid) || ' valid'
        FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indrelid WHERE c.relnamespace = 'public'::regnamespace
        UNION ALL
        SELECT 'dropped ' || (SELECT count(*) FROM seedrow.lifted) || ', unvalidated '
            || (SELECT count(*) FROM seedrow.unvalidated) || ', unfinished '
            || (SELECT count(*) FROM seedrow.loads WHERE finished_at IS NULL)";
    let states: String = rows_at(url, states)
        .into_iter()
        .map(|row| format!("{}\n", row[0].clone().unwrap()))
        .collect();
    format!("{}{states}{}", contents(url, "public"), schema_dump(url))
}

/// How far an unfinished load has come, in a line.
fn progress(url: &str) -> String {
    if value_at(url, "SELECT to_regclass('seedrow.loads') IS NULL") == "t" {
        return "nothing started".into();
    }
    value_at(
        url,
        "SELECT COALESCE((
            SELECT CASE WHEN finished_at IS NULL THEN 'unfinished' ELSE 'finished' END FROM seedrow.loads
        ), 'nothing started')
        || ', ' || (SELECT count(*) FROM seedrow.tables WHERE loaded > 0) || ' tables loaded, '
        || (SELECT count(*) FROM seedrow.lifted) || ' dropped, '
        || (SELECT count(*) FROM seedrow.unvalidated) || ' not valid'",
    )
}

const SCHEMA: &str = include_str!("../../sql/catalog/schema.sql");

/// The same, each table in two partitions.
fn partitioned_schema() -> String {
    let mut schema = SCHEMA.replace("\n);", "\n) PARTITION BY HASH (id);");
    for table in [
        "products", "features", "styles", "photos", "skus", "related",
    ] {
        for part in 0..2 {
            schema.push_str(&format!(
                "CREATE TABLE {table}_{part} PARTITION OF {table} FOR VALUES WITH (MODULUS 2, REMAINDER {part});"
            ));
        }
    }
    schema
}

/// Makes the tables, the ledger as the load would, and their gates.
fn prepare(url: &str, schema: &str) {
    execute_at(url, schema);
    execute_at(url, GATES);
    execute_at(url, include_str!("../../src/load/ledger/sql/ledger.sql"));
    execute_at(
        url,
        "CREATE TRIGGER gate BEFORE UPDATE OF finished_at ON seedrow.loads FOR EACH ROW
            WHEN (NEW.finished_at IS NOT NULL) EXECUTE FUNCTION close_gate();
        CREATE TRIGGER gate BEFORE INSERT ON seedrow.tables FOR EACH ROW
            WHEN (NEW.loaded > 0) EXECUTE FUNCTION close_gate()",
    );
}

/// The statements that wait.
fn set_gate(url: &str, pattern: &str) {
    let database = value_at(url, "SELECT quote_ident(current_database())");
    let pattern = format!("ALTER DATABASE {database} SET gate.pattern = '{pattern}'");
    execute_at(url, &pattern);
}

/// The tables of all tests, or the same in partitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tables {
    Plain,
    Partitioned,
}

impl Tables {
    /// A prepared database.
    fn database(self, test: &str) -> Db {
        let template = match self {
            Tables::Plain => "kills",
            Tables::Partitioned => "kills_partitions",
        };
        Db::copy_of(template, test, |db| prepare(&db.url(), &self.schema()))
    }

    fn schema(self) -> String {
        match self {
            Tables::Plain => SCHEMA.to_owned(),
            Tables::Partitioned => partitioned_schema(),
        }
    }

    /// The state after a run without a kill, in a database with the same gates.
    fn undisturbed(self) -> &'static str {
        static CALM: [OnceLock<String>; 2] = [OnceLock::new(), OnceLock::new()];
        CALM[self as usize].get_or_init(|| {
            let db = self.database(&format!("calm_{self:?}").to_lowercase());
            set_gate(&db.url(), "nothing");
            seedrow(args(&db.url())).exits(0);
            picture(&db.url())
        })
    }
}

fn wait_at_gate(run: &mut Child, url: &str) {
    let waiting =
        "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory' AND objid = 7
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    eventually("the run waits at the gate", || {
        assert!(
            run.try_wait().unwrap().is_none(),
            "the run ended before its gate"
        );
        value_at(url, waiting) != "0"
    });
}

/// What is killed.
#[derive(Debug, Clone, Copy)]
enum Victim {
    Seedrow,
    Interrupted,
    Backends,
}

const VICTIMS: [Victim; 3] = [Victim::Seedrow, Victim::Interrupted, Victim::Backends];

impl Victim {
    /// Whether there was something to kill; the run has ended then.
    fn kill(self, run: &mut Child, url: &str) -> bool {
        let was_there = match self {
            _ if run.try_wait().unwrap().is_some() => false,
            Victim::Seedrow => run.kill().is_ok(),
            Victim::Interrupted => kill_process(Pid::from_child(run), Signal::INT).is_ok(),
            Victim::Backends => !rows_at(
                url,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND application_name LIKE 'seedrow%'",
            )
            .is_empty(),
        };
        run.wait().unwrap();
        was_there
    }
}

fn killed_in_every_phase(test: &str, victim: Victim) {
    killed_in(test, victim, Tables::Plain, &PLACES);
}

fn killed_in(test: &str, victim: Victim, tables: Tables, places: &[(&str, &str)]) {
    let calm = tables.undisturbed();
    let dir = Workdir::new(test);
    for (at, (place, pattern)) in places.iter().enumerate() {
        let db = tables.database(&format!("{test}_{at}"));
        let url = db.url();
        set_gate(&url, pattern);
        let gate = Session::new(&url);
        gate.execute("SELECT pg_advisory_lock(7)");
        let mut run = start(&url, &dir, COMMITS[0]);
        wait_at_gate(&mut run, &url);
        assert!(victim.kill(&mut run, &url));
        println!("{victim:?} killed while {place}: {}", progress(&url));
        drop(gate);
        seedrow(args(&url)).exits(0);
        assert_eq!(picture(&url), calm, "{victim:?} killed while {place}");
    }
}

#[test]
fn seedrow_killed_in_every_phase() {
    killed_in_every_phase("seedrow", Victim::Seedrow);
}

/// Where a run with partitioned tables stands still.
const PARTITIONED_PLACES: [(&str, &str); 4] = [
    ("rows are copied into a partition", "COPY %photos_1 %"),
    (
        "a partition's key is built",
        "ALTER TABLE % ADD CONSTRAINT skus_1_pkey %",
    ),
    (
        "a partition's foreign key is validated",
        "ALTER TABLE %skus_1 VALIDATE CONSTRAINT skus_style_id_fkey",
    ),
    (
        "the whole adopts a foreign key",
        "ALTER TABLE %skus ADD CONSTRAINT skus_style_id_fkey %",
    ),
];

#[test]
fn seedrow_killed_while_it_loads_partitioned_tables() {
    let places = &PARTITIONED_PLACES;
    killed_in("partitions", Victim::Seedrow, Tables::Partitioned, places);
}

#[test]
fn seedrow_killed_once_connections_have_filled_partitions_side_by_side() {
    let (calm, db) = (
        Tables::Partitioned.database("side_calm"),
        Tables::Partitioned.database("side"),
    );
    let one_table = |url: &str| {
        let mut run = command(args(url));
        run.args(["--tables", "products"]);
        run
    };
    set_gate(&calm.url(), "nothing");
    // The foreign keys of the tables left out have no index.
    run(one_table(&calm.url())).exits(1);
    let url = db.url();
    set_gate(&url, "INSERT INTO seedrow.tables%");
    let gate = Session::new(&url);
    gate.execute("SELECT pg_advisory_lock(7)");
    let mut killed = one_table(&url).stderr(Stdio::null()).spawn().unwrap();
    wait_at_gate(&mut killed, &url);
    assert_eq!(db.value("SELECT count(*) FROM products"), ROWS);
    let writers = "SELECT count(DISTINCT xmin::text) FROM products";
    assert_eq!(db.value(writers), "2");
    assert!(Victim::Seedrow.kill(&mut killed, &url));
    let so_far = progress(&url);
    assert!(
        so_far.starts_with("unfinished, 0 tables loaded"),
        "{so_far}"
    );
    drop(gate);
    run(one_table(&url)).exits(1);
    assert_eq!(picture(&url), picture(&calm.url()));
}

#[test]
fn seedrow_interrupted_in_every_phase() {
    killed_in_every_phase("interrupted", Victim::Interrupted);
}

#[test]
fn backends_terminated_in_every_phase() {
    killed_in_every_phase("backends", Victim::Backends);
}

#[test]
fn the_whole_server_killed_in_every_phase() {
    let postmaster = |url: &str| {
        let data = value_at(url, "SHOW data_directory");
        let pid_file = fs::read_to_string(format!("{data}/postmaster.pid")).unwrap();
        let pid = pid_file.lines().next().unwrap().parse().unwrap();
        Pid::from_raw(pid).unwrap()
    };
    killed_on_its_own_server("server", Tables::Plain, &PLACES, postmaster, |_| ());
    let places = &PARTITIONED_PLACES[..1];
    let tables = Tables::Partitioned;
    killed_on_its_own_server("server_partitions", tables, places, postmaster, |_| ());
}

#[test]
fn a_backend_killed_hard_takes_the_others_with_it() {
    let waiting = |url: &str| {
        let pid = value_at(
            url,
            "SELECT pid FROM pg_locks WHERE NOT granted AND locktype = 'advisory' LIMIT 1",
        );
        Pid::from_raw(pid.parse().unwrap()).unwrap()
    };
    // Postgres 15 that is to stop while it recovers from a backend's crash waits for its checkpointer, which nobody stops.
    let recovered = |url: &str| {
        eventually("the server has recovered", || {
            block_on(tokio_postgres::connect(url, NoTls)).is_ok()
        });
    };
    let places = &PLACES[1..4];
    killed_on_its_own_server("backend", Tables::Plain, places, waiting, recovered);
}

fn killed_on_its_own_server(
    test: &str,
    tables: Tables,
    places: &[(&str, &str)],
    victim: impl Fn(&str) -> Pid,
    recovered: impl Fn(&str),
) {
    let calm = tables.undisturbed();
    let (dir, home) = (Workdir::new(test), PrivateHome::used(test));
    for (at, (place, pattern)) in places.iter().enumerate() {
        let lease = home.lease();
        let postgres = lease.url("postgres");
        execute_at(
            &postgres,
            &format!("CREATE DATABASE kill_{at} TEMPLATE template0"),
        );
        let url = lease.url(&format!("kill_{at}"));
        prepare(&url, &tables.schema());
        set_gate(&url, pattern);
        // What a test sets up is on the disk: a load may lose its last commits, all of them its own.
        execute_at(&url, "CHECKPOINT");
        let gate = Session::new(&url);
        gate.execute("SELECT pg_advisory_lock(7)");
        let mut run = start(&url, &dir, COMMITS[0]);
        wait_at_gate(&mut run, &url);
        kill_process(victim(&url), Signal::KILL).unwrap();
        assert_eq!(
            run.wait().unwrap().code(),
            Some(2),
            "{}",
            dir.read("output")
        );
        drop(gate);
        recovered(&url);
        drop(lease);
        home.wait_until_down();
        let lease = home.lease();
        let url = lease.url(&format!("kill_{at}"));
        println!("{test} killed while {place}: {}", progress(&url));
        seedrow(args(&url)).exits(0);
        assert_eq!(picture(&url), calm, "killed while {place}");
    }
}

/// A sequence of numbers that looks random and is the same in each run (Knuth's constants for 64 bits).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

#[test]
fn killed_at_random_again_and_again() {
    let kills: usize = std::env::var("SEEDROW_KILLS").map_or(10, |text| text.parse().unwrap());
    let dir = Workdir::new("random");
    let mut dice = Dice(42);
    let mut log = String::new();
    let mut round = 0;
    let mut killed = 0;
    while killed < kills {
        round += 1;
        let tables = [Tables::Plain, Tables::Partitioned][round / 2 % 2];
        let db = tables.database(&format!("random_{round}"));
        let url = db.url();
        set_gate(&url, "nothing");
        // A few kills, then one that is left alone.
        for _ in 0..=dice.below(4) {
            let started = Instant::now();
            let mut run = start(&url, &dir, COMMITS[round % 2]);
            thread::sleep(Duration::from_millis(dice.below(900)));
            let victim = VICTIMS[usize::try_from(dice.below(3)).unwrap()];
            let hit = victim.kill(&mut run, &url);
            killed += usize::from(hit);
            let line = format!(
                "round {round}, {tables:?}: {victim:?} {} after {} ms: {}",
                if hit { "killed" } else { "came too late" },
                started.elapsed().as_millis(),
                progress(&url)
            );
            println!("{line}");
            log.push_str(&line);
            log.push('\n');
        }
        let last = run_again(&url);
        assert_eq!(picture(&url), tables.undisturbed(), "{log}\n{last}");
    }
    println!("{killed} kills in {round} rounds, each ended complete");
    dir.write("log", log);
}

fn run_again(url: &str) -> String {
    let finished = run(command(args(url))).exits(0);
    finished.stderr
}
