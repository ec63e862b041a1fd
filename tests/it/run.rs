//! `seedrow run` from nothing to the verdict, and again.

use std::fs;

use crate::support::{Db, PrivateHome, Run, Workdir, command, execute_at, run};

/// Blocks enough for several threads, and no more.
const ROWS: &str = "2k";

/// `seedrow run …` in a folder of the test's own, which is the temporary one, too.
fn seed(dir: &Workdir, db: &Db, more: &[&str]) -> Run {
    let temporary = dir.path("tmp");
    fs::create_dir_all(&temporary).unwrap();
    let mut command = command(["run", "--url", &db.url(), "--budget", "5s"]);
    command
        .args(more)
        .current_dir(dir.path(""))
        .env("TMPDIR", &temporary);
    let run = run(command);
    let left: Vec<_> = fs::read_dir(&temporary).unwrap().collect();
    assert!(left.is_empty(), "left behind: {left:?}");
    run
}

/// The names of the phases' table, in its order.
fn phases(run: &Run) -> Vec<String> {
    let lines = run
        .stdout
        .lines()
        .skip_while(|line| !line.starts_with("phase "));
    let lines = lines
        .skip(1)
        .take_while(|line| !line.is_empty() && !line.starts_with("settings:"));
    let name = |line: &str| line.split("  ").next().unwrap().to_owned();
    lines.map(name).collect()
}

#[test]
fn goes_from_nothing_to_the_verdict_and_then_straight_to_the_check() {
    let (dir, db) = (Workdir::new("from_nothing"), Db::new("from_nothing"));
    seed(&dir, &db, &["--rows", ROWS, "--dry-run"])
        .exits(0)
        .stdout_has(&format!("target: {} on ", db.name()))
        .stdout_has("tables: created from sql/catalog/schema.sql: products, features, styles, photos, skus, related")
        .stdout_has("products   2,000 ")
        .stdout_has("CREATE INDEX skus_style_id_idx ON public.skus (style_id);")
        .stdout_has("size: about ")
        .stdout_has("time: ")
        .stdout_has("nothing was changed\n")
        .lacks("CREATE TABLE");
    assert_eq!(
        db.value("SELECT count(*) FROM pg_namespace, pg_class WHERE nspname = 'seedrow' OR relname = 'products'"),
        "0"
    );
    let first = seed(&dir, &db, &["--rows", ROWS])
        .exits(0)
        .stdout_has("products  generated   2,000   2,000         0        0         0")
        .stdout_has("skus_style_id_idx               skus(style_id)")
        .stdout_has("foreign keys: 6 of 6 have an index")
        .stdout_has("pass: 10 checks: 10 pass");
    let all = [
        "load rows, build keys and indexes",
        "statistics and foreign keys",
        "index",
        "check",
        "all",
    ];
    assert_eq!(phases(&first), all);
    assert_eq!(db.value("SELECT count(*) FROM products"), "2000");

    let second = seed(&dir, &db, &["--rows", ROWS])
        .exits(0)
        .stderr_has("these rows are loaded already; continuing with index and check")
        .stdout_has("pass: 10 checks: 10 pass");
    assert_eq!(phases(&second), ["index", "check", "all"]);

    db.execute("DROP INDEX skus_style_id_idx");
    seed(&dir, &db, &["--rows", ROWS, "--dry-run"])
        .exits(0)
        .stdout_has("state: these rows are loaded already")
        .stdout_has("tables: all exist")
        .stdout_has("CREATE INDEX skus_style_id_idx");
    assert_eq!(
        db.value("SELECT to_regclass('skus_style_id_idx') IS NULL"),
        "t"
    );
    let url = db.url();
    let check = || dir.seedrow(["check", "--url", &url, "--budget", "5s"]);
    check()
        .exits(1)
        .stdout_has("no index serves the foreign key skus(style_id) → styles(id)")
        .stdout_has("`seedrow index --url ");
    dir.seedrow(["index", "--url", &url])
        .exits(0)
        .stdout_has("skus_style_id_idx");
    check().exits(0);
    db.execute("DROP INDEX skus_style_id_idx");
    seed(&dir, &db, &["--rows", ROWS])
        .exits(0)
        .stdout_has("skus_style_id_idx  skus(style_id)");
}

#[test]
fn other_rows_take_replace() {
    let (dir, db) = (Workdir::new("other_rows"), Db::new("other_rows"));
    seed(&dir, &db, &["--rows", "200"]).exits(0);
    seed(&dir, &db, &["--rows", "300"])
        .exits(2)
        .stderr_has(
            "hold rows already\n  hint: to empty what is to be loaded first, run: seedrow run",
        )
        .lacks("generate");
    assert_eq!(db.value("SELECT count(*) FROM products"), "200");
    let planned = seed(&dir, &db, &["--rows", "300", "--dry-run"])
        .exits(0)
        .stdout_has("state: a run is refused as typed: products, features, styles, photos, skus, related hold rows already")
        .stdout_has("products    300 ")
        .stdout_has("size: about ");
    planned
        .stdout_has("  hint: to empty what is to be loaded first, run: seedrow run --url ")
        .stdout_has(" --rows 300 --replace\n");
    seed(&dir, &db, &["--rows", "300", "--dry-run", "--replace"])
        .exits(0)
        .stdout_has("state: emptied first, since they hold rows: products, features, styles, photos, skus, related\n");
    // One that was to replace them and has no row of its own yet.
    db.execute(
        "UPDATE seedrow.loads SET finished_at = NULL, identity = 'other', command = 'seedrow run --replace --rows 400'",
    );
    let tables =
        "CREATE TABLE accounts AS SELECT * FROM seedrow.tables; DELETE FROM seedrow.tables";
    db.execute(tables);
    for more in [&[][..], &["--dry-run"]] {
        let refused = seed(&dir, &db, &[&["--rows", "300"], more].concat());
        let said = format!("{}{}", refused.stdout, refused.stderr);
        for text in [
            ", and a load of products, features, styles, photos, skus, related is unfinished, started by \
             `seedrow run --replace --rows 400`",
            "hint: to finish it, run: seedrow run --rows 400\n",
            "hint: to empty what is to be loaded first, run: seedrow run --url ",
        ] {
            assert!(said.contains(text), "{text}\n{said}");
        }
    }
    seed(&dir, &db, &["--rows", "300", "--replace"]).exits(0);
    assert_eq!(db.value("SELECT count(*) FROM products"), "300");
    let names = |db: &Db| db.value("SELECT string_agg(name, ',' ORDER BY id) FROM products");
    let before = names(&db);
    seed(&dir, &db, &["--rows", "300", "--seed", "7"]).exits(2);
    seed(&dir, &db, &["--rows", "300", "--seed", "7", "--replace"]).exits(0);
    assert_ne!(names(&db), before);
}

#[test]
fn kept_files_are_taken_again() {
    let (dir, db) = (Workdir::new("kept"), Db::new("kept"));
    let kept = ["--rows", "200", "--csv", "kept files"];
    seed(&dir, &db, &kept).exits(0);
    let manifest = dir.read("kept files/manifest.json");
    let sum = |db: &Db| db.value("SELECT md5(string_agg(s::text, ',' ORDER BY id)) FROM skus AS s");
    let before = sum(&db);
    db.execute(
        "DROP TABLE products, features, styles, photos, skus, related; DROP SCHEMA seedrow CASCADE",
    );
    seed(&dir, &db, &kept)
        .exits(0)
        .stderr_has("kept files/manifest.json holds these rows already");
    assert_eq!(sum(&db), before);
    assert_eq!(dir.read("kept files/manifest.json"), manifest);
    seed(
        &dir,
        &db,
        &["--rows", "300", "--csv", "kept files", "--replace"],
    )
    .exits(2)
    .stderr_has("kept files holds other rows than these; choose another --csv folder");
    dir.write("mine/notes.txt", "mine");
    seed(&dir, &db, &["--rows", "300", "--csv", "mine", "--replace"])
        .exits(2)
        .stderr_has("mine is a file or holds files already; choose another --csv folder");
    assert_eq!(sum(&db), before, "a refused run empties nothing");
}

#[test]
fn tables_left_out_are_not_filled_and_their_queries_skipped() {
    let (dir, db) = (Workdir::new("left_out"), Db::new("left_out"));
    let run = seed(&dir, &db, &["--rows", "200", "--tables", "products"])
        .exits(0)
        .stdout_has("styles: skipped, it reads styles, which --tables leaves out");
    assert!(!run.stdout.contains("features.csv"), "{}", run.stdout);
    assert_eq!(db.value("SELECT count(*) FROM products"), "200");
    assert_eq!(db.value("SELECT count(*) FROM skus"), "0");
}

#[test]
fn a_table_with_foreign_rows_is_refused_before_rows_are_made() {
    let (dir, db) = (Workdir::new("foreign_rows"), Db::new("foreign_rows"));
    db.execute(include_str!("../../sql/catalog/schema.sql"));
    db.execute("INSERT INTO products VALUES (1, 'mine', '', '', '', 1)");
    seed(&dir, &db, &["--rows", "200"])
        .exits(2)
        .stderr_has("products holds rows already")
        .lacks("generate");
    assert_eq!(db.value("SELECT name FROM products"), "mine");
}

#[test]
fn a_target_schema_is_seeded_and_checked() {
    let (dir, db) = (Workdir::new("target_schema"), Db::new("target_schema"));
    seed(&dir, &db, &["--rows", "200", "--target-schema", "shop"])
        .exits(0)
        .stdout_has("foreign keys: 6 of 6 have an index");
    assert_eq!(db.value("SELECT count(*) FROM shop.products"), "200");
    assert_eq!(
        db.value("SELECT to_regclass('public.products') IS NULL"),
        "t"
    );
}

#[test]
fn the_embedded_server_is_up_for_as_long_as_it_is_needed() {
    let home = PrivateHome::used("embedded");
    let seed = || {
        let mut command = command(["run", "--rows", "200", "--budget", "5s"]);
        command.arg("--home").arg(home.home().folder());
        run(command)
    };
    seed()
        .exits(0)
        .stderr_has("catalog on the embedded PostgreSQL")
        .stdout_has("pass: 10 checks: 10 pass");
    home.wait_until_down();
    only_the_schema_asked_for_is_checked(&home);
    home.wait_until_down();
    seed().exits(0).stderr_has("these rows are loaded already");
    home.wait_until_down();
}

/// Another schema of the embedded catalog database: the catalog's queries say nothing about it.
fn only_the_schema_asked_for_is_checked(home: &PrivateHome) {
    let lease = home.lease();
    execute_at(
        &lease.url("catalog"),
        "CREATE SCHEMA audit;
        CREATE TABLE audit.users (id bigint PRIMARY KEY);
        CREATE TABLE audit.events (id bigint PRIMARY KEY, user_id bigint REFERENCES audit.users);
        CREATE INDEX ON audit.events (user_id);
        INSERT INTO audit.users SELECT generate_series(1, 1000);
        INSERT INTO audit.events SELECT i, i FROM generate_series(1, 1000) AS i;
        ANALYZE audit.users, audit.events",
    );
    let mut check = command(["check", "--target-schema", "audit", "--budget", "5s"]);
    check.arg("--home").arg(home.home().folder());
    run(check)
        .exits(0)
        .stdout_has("pass: 2 checks: 2 pass")
        .stdout_has("foreign keys: 1 of 1 has an index")
        .lacks("products");
}

/// A digest of each table's rows, whatever their order on disk.
fn contents(db: &Db, tables: &[&str]) -> Vec<String> {
    let digest = |table: &&str| {
        db.value(&format!(
            "SELECT md5(string_agg(t::text, E'\\n' ORDER BY t.id)) FROM {table} AS t"
        ))
    };
    tables.iter().map(digest).collect()
}

#[test]
fn rows_are_the_same_through_files_and_straight_into_the_tables() {
    let dir = Workdir::new("same_rows");
    let library = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/datasets/library/library.toml"
    );
    let catalog = [
        "products", "features", "styles", "photos", "skus", "related",
    ];
    for (name, dataset, tables) in [
        ("catalog", "catalog", &catalog[..]),
        ("library", library, &["members", "books", "loans"][..]),
    ] {
        let (files, straight) = (
            Db::new(&format!("same_rows_files_{name}")),
            Db::new(&format!("same_rows_straight_{name}")),
        );
        let shared = ["--rows", "1k", "--dataset", dataset];
        seed(&dir, &files, &[&shared[..], &["--csv", name]].concat()).exits(0);
        seed(&dir, &straight, &shared).exits(0);
        assert_eq!(
            contents(&files, tables),
            contents(&straight, tables),
            "{name}"
        );
    }
}

#[test]
fn a_type_without_a_binary_encoder_is_filled_all_the_same() {
    let (dir, db) = (Workdir::new("other_type"), Db::new("other_type"));
    db.execute(include_str!("../../sql/catalog/schema.sql"));
    db.execute("ALTER TABLE products ALTER COLUMN category TYPE name");
    let other = Db::new("other_type_text");
    seed(&dir, &db, &["--rows", "500"]).exits(0);
    seed(&dir, &other, &["--rows", "500"]).exits(0);
    assert_eq!(
        contents(&db, &["products"]),
        contents(&other, &["products"])
    );
}

#[test]
fn a_number_that_its_column_cannot_hold_names_table_row_and_column() {
    let (dir, db) = (Workdir::new("out_of_range"), Db::new("out_of_range"));
    db.execute(include_str!("../../sql/catalog/schema.sql"));
    db.execute("ALTER TABLE products ALTER COLUMN id TYPE smallint");
    seed(&dir, &db, &["--rows", "40k", "--tables", "products"])
        .exits(2)
        .stderr_has("products, row 32768: id is 32768, which the column's type cannot hold")
        .stderr_has("forget --abandon");
    assert_eq!(db.value("SELECT count(*) FROM products"), "0");
}

#[test]
fn rows_that_refer_outside_the_load_stop_it_unless_they_are_to_be_kept() {
    let (dir, db) = (Workdir::new("outside"), Db::new("outside"));
    db.execute(include_str!("../../sql/catalog/schema.sql"));
    db.execute(
        "CREATE TABLE seasons (id bigint PRIMARY KEY); INSERT INTO seasons VALUES (1), (2);
        ALTER TABLE products ADD CONSTRAINT season FOREIGN KEY (id) REFERENCES seasons",
    );
    let valid = "SELECT convalidated FROM pg_constraint WHERE conname = 'season'";
    let rows = ["--rows", "200", "--tables", "products"];
    seed(&dir, &db, &rows)
        .exits(2)
        .stderr_has(
            "season: 198 rows of public.products reference rows missing from public.seasons (id)",
        )
        .stderr_has("to load them and leave the foreign key NOT VALID, run: seedrow run ")
        .lacks("--orphans reject");
    let keep = [&rows[..], &["--orphans", "keep"]].concat();
    seed(&dir, &db, &keep)
        .exits(1)
        .stdout_has("fk-not-valid: season");
    assert_eq!(db.value(valid), "f");
    db.execute("INSERT INTO seasons SELECT generate_series(3, 200)");
    // The indexes of tables of another application are not built unasked.
    seed(&dir, &db, &[&rows[..], &["--replace"]].concat())
        .exits(1)
        .lacks("fk-not-valid");
    assert_eq!(db.value(valid), "t");
}
