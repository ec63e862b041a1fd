//! ^C and SIGTERM in the middle: exit 130, no table half-filled, no backend left at work, and what the message says to
//! type ends complete.

use std::fs;
use std::io::Read;
use std::process::{Child, Stdio};
use std::sync::OnceLock;

use crate::shop::{Session, between, gate, typed, waits_at_gate};
use crate::support::{Db, Workdir, command, eventually, scratch, seedrow};
use rustix::process::{Pid, Signal, kill_process};

/// Files that take a second to load, made once for all tests.
fn files() -> &'static str {
    static FILES: OnceLock<String> = OnceLock::new();
    FILES.get_or_init(|| {
        let folder = scratch().join("interrupt-files").display().to_string();
        seedrow([
            "generate",
            "--rows",
            "1k",
            "--out",
            &folder,
            "--overwrite",
            "--quiet",
        ])
        .exits(0);
        folder
    })
}

/// A run of seedrow under way.
struct Under {
    child: Child,
}

impl Under {
    fn way(dir: &Workdir, args: &[&str]) -> Under {
        let mut command = command(args);
        command
            .current_dir(dir.path(""))
            .env("TMPDIR", dir.path(""))
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        Under {
            child: command.spawn().unwrap(),
        }
    }

    /// Waits until something holds that comes about while seedrow is at work.
    #[track_caller]
    fn until(&mut self, what: &str, mut holds: impl FnMut() -> bool) {
        eventually(what, || {
            let ended = self.child.try_wait().unwrap();
            if let Some(status) = ended {
                let mut stderr = String::new();
                let stream = self.child.stderr.as_mut().unwrap();
                stream.read_to_string(&mut stderr).unwrap();
                panic!("ended before {what}: {status}\n{stderr}");
            }
            holds()
        });
    }

    /// Waits until a statement of its waits for a lock on the table, so that the work stops there.
    #[track_caller]
    fn until_stuck_at(&mut self, db: &Db, table: &str) {
        let sql = format!(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = '{table}'::regclass"
        );
        self.until("seedrow waits for the table", || db.value(&sql) == "1");
    }

    /// Waits until it waits at the gate.
    #[track_caller]
    fn until_at_gate(&mut self, db: &Db) {
        self.until("seedrow waits at the gate", || waits_at_gate(db));
    }

    /// Sends the signal, asserts the exit code and returns the message.
    #[track_caller]
    fn interrupted_by(self, signal: Signal) -> String {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
        let ended = self.child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(130), "{stderr}");
        stderr
    }
}

/// Waits until none of seedrow's connections is left; the test's own have no name.
#[track_caller]
fn wait_for_connections(db: &Db) {
    let sql = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name LIKE 'seedrow%' AND backend_type = 'client backend'";
    eventually("all of seedrow's connections have ended", || {
        db.value(sql) == "0"
    });
}

/// Asserts that each table holds all its rows, or none.
#[track_caller]
fn whole_or_empty(db: &Db) {
    for table in [
        "products", "features", "styles", "photos", "skus", "related",
    ] {
        let file = if table == "products" {
            "product"
        } else {
            table
        };
        let csv = fs::read_to_string(format!("{}/{file}.csv", files())).unwrap();
        let all = csv.lines().count() - 1;
        let found: usize = db
            .value(&format!("SELECT count(*) FROM {table}"))
            .parse()
            .unwrap();
        assert!(found == 0 || found == all, "{table}: {found} of {all}");
    }
}

#[track_caller]
fn is_complete(db: &Db) {
    whole_or_empty(db);
    let empty = "SELECT count(*) FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND reltuples <= 0";
    assert_eq!(db.value(empty), "0", "empty tables");
    let keys = "SELECT count(*) FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND convalidated AND contype IN ('p', 'f')";
    assert_eq!(db.value(keys), "12", "primary and foreign keys");
    assert_eq!(db.value("SELECT count(*) FROM seedrow.lifted"), "0");
}

fn a_load_stopped_by(test: &str, signal: Signal) {
    let (dir, db) = (Workdir::new(test), Db::new(test));
    db.execute(include_str!("../../sql/catalog/schema.sql"));
    // Rows that are slow to check hold the largest file's COPY in its middle.
    db.execute(
        "CREATE FUNCTION slow() RETURNS boolean LANGUAGE sql AS 'SELECT pg_sleep(0.001) IS NOT NULL';
        ALTER TABLE photos ADD CONSTRAINT slow CHECK (slow())",
    );
    let mut load = Under::way(&dir, &["load", files(), "--url", &db.url(), "--jobs", "2"]);
    let copied = "SELECT count(*) FROM pg_stat_progress_copy WHERE relid = 'photos'::regclass AND tuples_processed > 100";
    load.until("the photos are being copied", || db.value(copied) == "1");
    let message = load.interrupted_by(signal);
    wait_for_connections(&db);
    whole_or_empty(&db);
    assert_eq!(db.value("SELECT count(*) FROM photos"), "0");
    assert!(
        message.contains("the load is unfinished, and its ledger knows what is there"),
        "{message}"
    );
    db.execute("ALTER TABLE photos DROP CONSTRAINT slow");
    typed(&dir, between(&message, "is there; `", "` finishes it")).exits(0);
    is_complete(&db);
}

#[test]
fn a_load_stopped_by_ctrl_c_is_finished_by_the_same_command() {
    a_load_stopped_by("load_int", Signal::INT);
}

#[test]
fn a_load_stopped_by_sigterm_is_finished_by_the_same_command() {
    a_load_stopped_by("load_term", Signal::TERM);
}

#[test]
fn a_load_stopped_before_its_first_row_starts_over() {
    let (dir, db) = (Workdir::new("before_rows"), Db::new("before_rows"));
    db.execute(include_str!("../../sql/catalog/schema.sql"));
    db.execute("INSERT INTO products VALUES (1, 'mine', '', '', '', 1)");
    let other = Session::new(&db.url());
    other.execute("BEGIN; LOCK TABLE products");
    let mut load = Under::way(&dir, &["load", files(), "--url", &db.url()]);
    load.until_stuck_at(&db, "products");
    let message = load.interrupted_by(Signal::INT);
    assert!(message.contains("no row was loaded"), "{message}");
    assert!(
        !message.contains("--replace"),
        "it would empty the table: {message}"
    );
    drop(other);
    typed(&dir, between(&message, "loaded; `", "` starts over"))
        .exits(2)
        .stderr_has("products holds rows already");
}

#[test]
fn a_load_stopped_while_keys_are_put_back_is_finished_by_the_same_command() {
    for key in ["styles_pkey", "styles_product_id_fkey"] {
        let test = format!("at_{key}");
        let (dir, db) = (Workdir::new(&test), Db::new(&test));
        let other = gate(&db, key);
        let mut load = Under::way(&dir, &["load", files(), "--url", &db.url()]);
        load.until_at_gate(&db);
        let message = load.interrupted_by(Signal::TERM);
        wait_for_connections(&db);
        drop(other);
        whole_or_empty(&db);
        assert_ne!(db.value("SELECT count(*) FROM seedrow.lifted"), "0");
        typed(&dir, between(&message, "is there; `", "` finishes it")).exits(0);
        is_complete(&db);
    }
}

#[test]
fn an_index_build_stopped_leaves_no_index() {
    let (dir, db) = (Workdir::new("index"), Db::new("index"));
    seedrow(["load", files(), "--url", &db.url()]).exits(0);
    let other = Session::new(&db.url());
    other.execute("BEGIN; LOCK TABLE skus IN ROW EXCLUSIVE MODE");
    let mut index = Under::way(&dir, &["index", "--url", &db.url()]);
    index.until_stuck_at(&db, "skus");
    let message = index.interrupted_by(Signal::INT);
    wait_for_connections(&db);
    drop(other);
    let skus =
        "SELECT count(*) FROM pg_index WHERE indrelid = 'skus'::regclass AND NOT indisprimary";
    assert_eq!(db.value(skus), "0");
    assert_eq!(
        db.value("SELECT count(*) FROM pg_index WHERE NOT indisvalid"),
        "0"
    );
    typed(&dir, between(&message, "stay; `", "` builds the rest")).exits(0);
    assert_eq!(db.value(skus), "1");
}

#[test]
fn a_run_stopped_while_it_generates_leaves_nothing() {
    let (dir, db) = (Workdir::new("generates"), Db::new("generates"));
    let mut run = Under::way(
        &dir,
        &["run", "--rows", "500k", "--csv", "kept", "--url", &db.url()],
    );
    let written = || {
        let Ok(entries) = fs::read_dir(dir.path("kept")) else {
            return false;
        };
        let mut folders = entries.map(|entry| entry.unwrap().path());
        folders.any(|folder| fs::read_dir(folder).is_ok_and(|files| files.count() > 0))
    };
    run.until("files are being written", written);
    let message = run.interrupted_by(Signal::INT);
    assert!(
        message.contains("no row was loaded; `seedrow run --rows 500k"),
        "{message}"
    );
    assert!(message.contains("` starts over"), "{message}");
    let left: Vec<_> = fs::read_dir(dir.path("kept")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
    assert_eq!(db.value("SELECT to_regclass('products') IS NULL"), "t");
}

#[test]
fn a_run_stopped_in_its_load_and_in_its_index_ends_complete() {
    let (dir, db) = (Workdir::new("run"), Db::new("run"));
    let url = db.url();
    let args = ["run", "--rows", "1k", "--url", &url];
    let other = gate(&db, "related_current_product_id_fkey");
    let mut run = Under::way(&dir, &args);
    run.until_at_gate(&db);
    let message = run.interrupted_by(Signal::TERM);
    let redo = between(&message, "is there; `", "` finishes it").to_owned();
    wait_for_connections(&db);
    other.execute("SELECT pg_advisory_unlock(7)");
    whole_or_empty(&db);
    let finish = "to finish it, run: seedrow run --rows 1k --url ";
    for command in [
        &["check"][..],
        &["index"],
        &["init", "--no-trial", "--out", "none"],
        &["stress", "--duration", "1s"],
        &["compare", "--without-indexes", "--allow-locks"],
        &["compare", "--documents", "--allow-scratch"],
        &[
            "generate", "--format", "ndjson", "--query", "product", "--out", "none",
        ],
        &["serve", "--listen", "unix:/none/none.sock"],
    ] {
        let refused = dir.seedrow([command, &["--url", &url]].concat()).exits(2);
        let refused = refused.stderr_has("schema public has an unfinished load with ");
        refused.stderr_has(finish);
    }
    assert!(!dir.path("none").exists());
    dir.seedrow(["doctor", "--url", &url])
        .exits(0)
        .stdout_has("warn  load: schema public has an unfinished load");
    let others = ["run", "--rows", "2k", "--url", &url];
    dir.seedrow(others)
        .exits(2)
        .stderr_has(finish)
        .stderr_has("to empty its tables and load anew, run: seedrow run --rows 2k --url ");
    dir.seedrow(others.iter().chain(&["--dry-run"]))
        .exits(0)
        .stdout_has(
            "state: a run is refused as typed: this database has an unfinished load of products",
        )
        .stdout_has(finish)
        .stdout_has("products   2,000 ");
    typed(&dir, &redo).exits(0);
    is_complete(&db);

    db.execute("DROP INDEX skus_style_id_idx");
    other.execute("BEGIN; LOCK TABLE skus IN ROW EXCLUSIVE MODE");
    let mut run = Under::way(&dir, &args);
    run.until_stuck_at(&db, "skus");
    let message = run.interrupted_by(Signal::INT);
    wait_for_connections(&db);
    other.execute("COMMIT");
    assert!(
        message.contains("` goes on with index and check"),
        "{message}"
    );
    typed(&dir, between(&message, "loaded; `", "` goes on"))
        .exits(0)
        .stderr_has("these rows are loaded already");
    is_complete(&db);
}
