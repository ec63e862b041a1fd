//! `seedrow index` on a real server: what it lists, what it builds, what it leaves alone.

use std::process::Stdio;

use crate::shop::Session;
use crate::support::{Db, Run, command, eventually, seedrow};
use rustix::process::{Pid, Signal, kill_process};

/// Foreign keys and indexes of each kind; names that need quotes, and one that is taken.
const CASES: &str = r#"
    CREATE SCHEMA "Shop Floor";
    CREATE TABLE users (id int PRIMARY KEY, boss_id int REFERENCES users);
    CREATE TABLE "Order" (id bigint, region int, PRIMARY KEY (region, id));
    CREATE TABLE "Shop Floor"."Order Items" (
        "order" bigint, "Region" int, "größe" int REFERENCES users,
        FOREIGN KEY ("Region", "order") REFERENCES "Order" (region, id)
    );
    CREATE TABLE pairs (x int REFERENCES users, y int, z int REFERENCES users, UNIQUE (y, x));
    CREATE TABLE pair_parts (x int, y int, FOREIGN KEY (y, x) REFERENCES pairs (y, x), FOREIGN KEY (x) REFERENCES users);
    CREATE TABLE kinds (
        hashed int REFERENCES users, not_null int REFERENCES users, brin int REFERENCES users,
        partial int REFERENCES users, included int REFERENCES users, plain int REFERENCES users
    );
    CREATE INDEX ON kinds USING hash (hashed);
    CREATE INDEX ON kinds (not_null) WHERE not_null IS NOT NULL;
    CREATE INDEX ON kinds USING brin (brin);
    CREATE INDEX ON kinds (partial) WHERE plain > 5;
    CREATE INDEX ON kinds (plain) INCLUDE (included);
    CREATE TABLE events (id int, day date, user_id int REFERENCES users) PARTITION BY RANGE (day);
    CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
    CREATE TABLE users_boss_id_idx (taken int);
"#;

/// What messages say to type for this database.
fn typed_index(db: &Db) -> String {
    let url = db.url();
    match url.contains('?') {
        true => format!("seedrow index --url '{url}'"),
        false => format!("seedrow index --url {url}"),
    }
}

fn index(db: &Db, more: &[&str]) -> Run {
    let url = db.url();
    seedrow(
        ["index", "--url", &url]
            .into_iter()
            .chain(more.iter().copied()),
    )
}

#[test]
fn builds_what_is_missing_and_then_has_nothing_to_do() {
    let db = Db::new("builds_what_is_missing");
    db.execute(CASES);
    let listed = index(&db, &["--dry-run"]).exits(0);
    let statements = "\
CREATE INDEX \"Order Items_größe_idx\" ON \"Shop Floor\".\"Order Items\" (\"größe\");
CREATE INDEX \"Order Items_Region_order_idx\" ON \"Shop Floor\".\"Order Items\" (\"Region\", \"order\");
CREATE INDEX events_user_id_idx ON public.events (user_id);
CREATE INDEX kinds_brin_idx1 ON public.kinds (brin);
CREATE INDEX kinds_partial_idx1 ON public.kinds (partial);
CREATE INDEX kinds_included_idx ON public.kinds (included);
CREATE INDEX pair_parts_x_y_idx ON public.pair_parts (x, y);
CREATE INDEX pairs_x_idx ON public.pairs (x);
CREATE INDEX pairs_z_idx ON public.pairs (z);
CREATE INDEX users_boss_id_idx1 ON public.users (boss_id);
";
    let lines = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(lines(&listed.stdout), lines(statements));
    index(&db, &["--build", "--jobs", "3"])
        .exits(0)
        .stdout_has("11 of 14 foreign keys")
        .stdout_has("size");
    let indexes =
        db.value("SELECT count(*) FROM pg_index WHERE indrelid = 'events_2024'::regclass");
    assert_eq!(indexes, "1", "a partition gets its part");
    index(&db, &["--build"])
        .exits(0)
        .stdout_has("all 14 foreign keys have an index; nothing to do");
}

#[test]
fn the_statements_of_a_dry_run_are_what_psql_reads() {
    let db = Db::new("dry_run");
    db.execute(CASES);
    let listed = index(&db, &["--dry-run"]).exits(0);
    db.execute(&listed.stdout);
    index(&db, &["--dry-run"])
        .exits(0)
        .stderr_has("nothing to do");
}

#[test]
fn the_example_of_a_dry_run_names_one_database_twice() {
    seedrow(["index", "--help"])
        .exits(0)
        .stdout_has("seedrow index --url postgresql:///shop --dry-run | psql shop");
}

#[test]
fn lists_only_on_tables_that_it_did_not_fill() {
    let db = Db::new("lists_only");
    db.execute("CREATE TABLE a (id int PRIMARY KEY, up int REFERENCES a); CREATE TABLE b (up int REFERENCES a)");
    index(&db, &[])
        .exits(1)
        .stdout_has("a(up) → a(id)")
        .stderr_has(&format!("`{} --build`", typed_index(&db)))
        .stderr_has(&format!("`{} --concurrently`", typed_index(&db)));
    assert_eq!(
        db.value("SELECT count(*) FROM pg_indexes WHERE indexname LIKE '%up_idx'"),
        "0"
    );
}

#[test]
fn builds_unasked_on_tables_that_its_ledger_knows() {
    let db = Db::new("ledger");
    db.execute(
        "CREATE TABLE a (id int PRIMARY KEY, up int REFERENCES a); CREATE TABLE b (up int REFERENCES a);
        CREATE SCHEMA seedrow;
        CREATE TABLE seedrow.tables (schema_name text, table_name text);
        CREATE TABLE seedrow.parts (of int REFERENCES public.a);
        INSERT INTO seedrow.tables VALUES ('public', 'a')",
    );
    index(&db, &[])
        .exits(1)
        .stdout_has("2 of 2 foreign keys")
        .stdout_has("a_up_idx");
    let built = db
        .value("SELECT string_agg(indexname, ' ') FROM pg_indexes WHERE indexname LIKE '%up_idx'");
    assert_eq!(built, "a_up_idx");
}

#[test]
fn builds_unasked_on_the_embedded_server() {
    let db = Db::new("embedded");
    db.execute("CREATE TABLE a (id int PRIMARY KEY, up int REFERENCES a)");
    let dataset = format!("{}.toml", db.name());
    seedrow(["index", "--dataset", &dataset])
        .exits(0)
        .stdout_has("a_up_idx");
}

#[test]
fn refuses_a_dataset_that_is_not_there() {
    seedrow(["index", "--dataset", "katalog"])
        .exits(2)
        .stderr_has("katalog");
}

#[test]
fn looks_at_one_schema_when_asked() {
    let db = Db::new("one_schema");
    db.execute(CASES);
    index(&db, &["--target-schema", "Shop Floor"])
        .exits(1)
        .stdout_has("2 of 2 foreign keys")
        .stdout_has("\"Order Items\"(\"größe\") → public.users(id)")
        .lacks("kinds");
}

#[test]
fn refuses_a_schema_that_is_not_there() {
    let db = Db::new("no_schema");
    db.execute("CREATE SCHEMA shop");
    index(&db, &["--target-schema", "nope"])
        .exits(2)
        .stderr_has("there is no schema nope; it has public, shop\n");
}

#[test]
fn refuses_a_database_that_an_unfinished_load_stands_in() {
    let db = Db::new("unfinished");
    db.execute(
        "CREATE TABLE a (id int PRIMARY KEY, up int REFERENCES a);
        CREATE SCHEMA seedrow;
        CREATE TABLE seedrow.loads (
            target_schema text, command text, finished_at timestamptz, started_at timestamptz DEFAULT now(),
            tables text[] DEFAULT '{}'
        );
        CREATE TABLE seedrow.lifted (target_schema text, name text);
        INSERT INTO seedrow.loads VALUES ('public', 'seedrow load files', NULL);
        INSERT INTO seedrow.lifted VALUES ('public', 'b_up_fkey')",
    );
    for more in [
        &["--build"][..],
        &["--dry-run"],
        &["--target-schema", "public"],
    ] {
        index(&db, more).exits(2).stderr_has(
            "schema public has an unfinished load with 1 constraint or index not restored yet; \
             to finish it, run: seedrow load files",
        );
    }
    db.execute("UPDATE seedrow.loads SET finished_at = now()");
    index(&db, &["--build"]).exits(0);
}

#[test]
fn a_closed_stderr_is_no_reason_to_fail() {
    let db = Db::new("closed_stderr");
    db.execute("CREATE TABLE a (id int PRIMARY KEY, up int REFERENCES a)");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut listing = command(["index", "--quiet", "--url", &db.url()]);
    let status = listing.stdout(Stdio::null()).stderr(writer).status();
    assert_eq!(status.unwrap().code(), Some(1));
}

#[test]
fn json_says_what_was_built() {
    let db = Db::new("json");
    db.execute("CREATE TABLE a (id int PRIMARY KEY, up int REFERENCES a)");
    let json = index(&db, &["--build", "--format", "json"]).exits(0).json();
    assert_eq!(json["foreign_keys"], 1);
    assert_eq!(json["missing"][0]["columns"][0], "up");
    assert_eq!(json["indexes"][0]["built"], true);
    assert_eq!(json["indexes"][0]["bytes"], 8192);
    assert!(json["indexes"][0]["seconds"].is_number());
}

#[test]
fn concurrently_builds_all_but_partitioned_tables() {
    let db = Db::new("concurrently");
    db.execute(CASES);
    index(&db, &["--concurrently"])
        .exits(2)
        .stderr_has("9 of 10 indexes built")
        .stderr_has("public.events is partitioned")
        .stderr_has(&format!("`{} --build`", typed_index(&db)));
    assert_eq!(
        db.value("SELECT count(*) FROM pg_index WHERE NOT indisvalid"),
        "0"
    );
}

#[test]
fn an_index_that_fails_is_named_with_the_others_built() {
    let db = Db::new("fails");
    db.execute("CREATE TABLE a (id int PRIMARY KEY, up int REFERENCES a); CREATE TABLE b (up int REFERENCES a)");
    let blocker = Session::new(&db.url());
    blocker.execute("BEGIN; LOCK TABLE b IN ROW EXCLUSIVE MODE");
    index(&db, &["--build"])
        .exits(2)
        .stderr_has("1 of 2 indexes built")
        .stderr_has("could not build index b_up_idx on public.b(up)")
        .stderr_has("another session has public.b locked")
        .stderr_has(&format!("`{} --concurrently`", typed_index(&db)));
    drop(blocker);
}

#[test]
fn an_interrupted_build_leaves_nothing() {
    let db = Db::new("interrupted");
    db.execute("CREATE TABLE a (id int PRIMARY KEY, up int REFERENCES a)");
    let blocker = Session::new(&db.url());
    blocker.execute("BEGIN; LOCK TABLE a IN ROW EXCLUSIVE MODE");
    let mut building = command(["index", "--build", "--url", &db.url()]);
    let child = building.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = child.spawn().unwrap();
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'CREATE INDEX%'";
    eventually("the build waits", || db.value(waits) == "1");
    let pid = Pid::from_child(&child);
    kill_process(pid, Signal::INT).unwrap();
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(130), "{ended:?}");
    let stderr = String::from_utf8_lossy(&ended.stderr).into_owned();
    let rest = typed_index(&db).replacen("index", "index --build", 1);
    assert!(
        stderr.contains(&format!("`{rest}` builds the rest")),
        "{stderr}"
    );
    eventually("the build has ended", || db.value(waits) == "0");
    drop(blocker);
    assert_eq!(
        db.value("SELECT count(*) FROM pg_indexes WHERE indexname = 'a_up_idx'"),
        "0"
    );
}

#[test]
fn a_role_that_may_not_index_is_told_who_may() {
    let db = Db::new("role");
    db.execute(
        "CREATE TABLE a (id int PRIMARY KEY, up int REFERENCES a);
        DROP ROLE IF EXISTS seedrow_reader; CREATE ROLE seedrow_reader LOGIN; GRANT SELECT ON a TO seedrow_reader",
    );
    let joint = if db.url().contains('?') { '&' } else { '?' };
    let url = format!("{}{joint}options=-c%20role%3Dseedrow_reader", db.url());
    seedrow(["index", "--build", "--url", &url])
        .exits(2)
        .stderr_has("only the owner of public.a may index it");
}
