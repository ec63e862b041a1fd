//! One part of every table a host: the files of all parts are the whole, and so is a database that all parts are loaded into,
//! whatever becomes of one on the way.

use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use seedrow::dataset::{Amount, Dataset, Part};
use seedrow::files::Manifest;
use seedrow::files::folder::ExistingFiles;
use seedrow::files::write::WriteJob;
use seedrow::progress::Progress;

use crate::shop::{Session, typed};
use crate::stress::dataset;
use crate::support::{
    Db, Run, Workdir, command, contents, eventually, rows_at, schema_dump, seedrow,
};

const PARTS: u32 = 7;
const ROWS: &str = "300";
/// The same rows, as a share of the catalog's own.
const SCALE: &str = "0.0003";

fn write(
    dataset: &Arc<Dataset>,
    rows: impl Into<Amount>,
    part: Option<Part>,
    out: &Path,
) -> Manifest {
    let job = WriteJob {
        dataset: Arc::clone(dataset),
        tables: dataset.real_tables(),
        amount: rows.into(),
        seed: 42,
        part,
        jobs: 2,
        out: out.to_owned(),
        existing: ExistingFiles::Refuse,
    };
    job.run(&Progress::new(true), &AtomicBool::new(false))
        .unwrap()
}

#[test]
fn files_of_all_parts_one_after_the_other_are_byte_for_byte_the_whole() {
    // The last has several blocks a part; the second fewer rows than there are parts.
    for (name, rows) in [
        ("catalog", 700),
        ("catalog", 3),
        ("reviews", 500),
        ("images", 700),
        ("questions", 300),
        ("catalog", 9_000),
    ] {
        let dataset = Arc::new(Dataset::open(name).unwrap());
        let dir = Workdir::new(&format!("{name}_{rows}"));
        let whole = write(&dataset, rows, None, &dir.path("whole"));
        let mut parts = Vec::new();
        for part in Part::all(PARTS) {
            parts.push(write(&dataset, rows, Some(part), &dir.path("parts")));
        }
        for (index, table) in whole.tables.iter().enumerate() {
            let files = parts.iter().map(|part| &part.tables[index].file);
            let joined: Vec<u8> = files
                .flat_map(|file| fs::read(dir.path("parts").join(file)).unwrap())
                .collect();
            let expected = fs::read(dir.path("whole").join(&table.file)).unwrap();
            assert!(
                joined == expected,
                "{name}, {rows} rows: {} differs",
                table.name
            );
        }
        let with_rows = parts.iter().filter(|part| part.total_rows() > 0).count();
        let root = rows.min(u64::from(PARTS));
        assert!(
            with_rows as u64 >= root,
            "{name}: {with_rows} of {PARTS} parts have rows"
        );
    }
}

#[test]
fn a_folder_of_parts_is_loaded_when_none_is_missing() {
    let dir = Workdir::new("folder");
    let dataset = Arc::new(Dataset::open("catalog").unwrap());
    let amount = dataset.amount(None, Some(SCALE.parse().unwrap()));
    for part in Part::all(PARTS).filter(|part| part.number != 5) {
        write(&dataset, amount, Some(part), &dir.path("parts"));
    }
    let db = Db::new("folder");
    let url = db.url();
    let missing = dir
        .seedrow(["load", "parts", "--url", &url])
        .exits(2)
        .stderr_has("parts holds 6 of 7 parts of catalog, 300 rows, seed 42; missing: 5");
    let line = missing.stderr.lines().find(|line| line.contains("as by: "));
    let (_, proposed) = line.unwrap().split_once("as by: ").unwrap();
    typed(&dir, proposed)
        .exits(0)
        .stdout_has("product.part-5-of-7.csv");
    dir.seedrow(["load", "parts", "--check-only"])
        .exits(0)
        .stdout_has("product.part-7-of-7.csv");
    dir.seedrow(["load", "parts", "--url", &url]).exits(0);
    assert_eq!(contents(&url, "public"), whole().0);
    // Rows that `generate --part` wrote are those that `run` generates.
    seedrow(["run", "--scale", SCALE, "--url", &url])
        .exits(0)
        .stderr_has("these rows are loaded already");
    files_loaded_part_by_part(&dir, &url);
    let truncated = dir.path("parts/styles.part-3-of-7.csv");
    fs::write(&truncated, "1,2\n").unwrap();
    dir.seedrow(["load", "parts", "--url", &url, "--replace"])
        .exits(2)
        .stderr_has("styles.part-3-of-7.csv has 4 bytes, and manifest.part-3-of-7.json says");
}

/// Each part from its files, or as it is generated; together they are the whole.
fn files_loaded_part_by_part(dir: &Workdir, url: &str) {
    for part in Part::all(PARTS) {
        let part = part.to_string();
        let own: &[&str] = match part.as_str() {
            "2/7" => &["run", "--scale", SCALE],
            _ => &["load", "parts"],
        };
        let more = ["--replace", "--part", &part, "--url", url];
        dir.seedrow(own.iter().chain(&more))
            .exits(0)
            .stdout_has(&format!("part {part}: "));
    }
    dir.seedrow(["load", "parts", "--part", "2/8", "--url", url])
        .exits(2)
        .stderr_has("parts has no manifest.part-2-of-8.json; `seedrow generate --part 2/8");
    seedrow(["finish", "--url", url]).exits(0);
    assert_eq!(contents(url, "public"), whole().0);
}

#[test]
fn a_folder_takes_the_parts_of_one_whole_each_once() {
    let dir = Workdir::new("one_whole");
    let generate = |more: &[&str]| {
        let own = ["generate", "--tables", "products", "--out", "out"];
        dir.seedrow(own.iter().chain(more))
    };
    generate(&["--rows", "20", "--part", "2/3"])
        .exits(0)
        .stdout_has("product.part-2-of-3.csv")
        .stdout_has("`seedrow load out` loads them all")
        .stderr_has("generate: catalog, 20 products, seed 42, part 2/3: 7 rows in 1 file");
    generate(&["--rows", "20", "--part", "2/3"])
        .exits(2)
        .stderr_has("out holds this part already; --overwrite replaces it");
    generate(&["--rows", "20", "--part", "2/3", "--overwrite"]).exits(0);
    for other in [
        &["--rows", "20", "--part", "1/4"][..],
        &["--rows", "21", "--part", "1/3"],
        &["--rows", "20", "--part", "1/3", "--seed", "7"],
    ] {
        generate(other)
            .exits(2)
            .stderr_has("out holds part 2/3 of catalog")
            .stderr_has("which can't be joined with part 1/");
    }
    generate(&["--rows", "20", "--overwrite"])
        .exits(2)
        .stderr_has("out holds parts of these or other rows");
    generate(&["--rows", "2", "--part", "4/3"])
        .exits(2)
        .stderr_has("expected a part and how many there are, such as 3/10");
    dir.write("whole/manifest.json", "{}");
    dir.seedrow([
        "generate",
        "--rows",
        "9",
        "--part",
        "1/2",
        "--out",
        "whole",
        "--overwrite",
    ])
    .exits(2)
    .stderr_has("whole holds other files than parts of these rows, manifest.json among them");
}

/// What one `seedrow run` makes of the same rows: the contents, and the whole picture.
fn whole() -> &'static (String, String) {
    static WHOLE: OnceLock<(String, String)> = OnceLock::new();
    WHOLE.get_or_init(|| {
        let db = Db::new("whole");
        let url = db.url();
        seedrow(["run", "--rows", ROWS, "--quiet", "--url", &url]).exits(0);
        (contents(&url, "public"), picture(&url))
    })
}

fn part_args<'a>(part: &'a str, url: &'a str) -> [&'a str; 8] {
    [
        "run", "--rows", ROWS, "--part", part, "--quiet", "--url", url,
    ]
}

fn part(number: u32, url: &str) -> Run {
    seedrow(part_args(&format!("{number}/{PARTS}"), url))
}

fn start(number: u32, url: &str) -> Child {
    spawn(&part_args(&format!("{number}/{PARTS}"), url))
}

fn spawn(args: &[&str]) -> Child {
    // Longer than what is tried meanwhile takes.
    command(args)
        .args(["--lock-timeout", "60s"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Kills a command while it waits for a table that another session reads.
fn kill_where_it_changes_photos(db: &Db, args: &[&str]) {
    let session = Session::new(&db.url());
    session.execute("BEGIN; LOCK TABLE photos IN ACCESS SHARE MODE");
    let mut killed = spawn(args);
    eventually("the command waits for photos", || {
        db.value(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'photos'::regclass",
        ) == "1"
    });
    killed.kill().unwrap();
    killed.wait().unwrap();
}

/// What a database is after a load: rows, schema, the ledger's accounts, statistics, sequences and pages without rows to
/// come.
fn picture(url: &str) -> String {
    let states = "SELECT format('%s: %s of %s loaded', table_name, loaded, read) || COALESCE(position::text, '')
        FROM seedrow.tables
        UNION ALL
        SELECT format('%s, %s rows of seed %s in %s parts, %s', dataset, root_rows, seed, parts, finished_at IS NOT NULL)
        FROM seedrow.loads
        UNION ALL
        SELECT format('%s dropped, %s not valid, %s of parts', (SELECT count(*) FROM seedrow.lifted),
            (SELECT count(*) FROM seedrow.unvalidated), (SELECT count(*) FROM seedrow.parts))
        UNION ALL
        SELECT format('%s: %s rows, %s of their pages visible', relname, reltuples, relallvisible = relpages)
        FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
        UNION ALL
        SELECT format('%s at %s', sequencename, last_value) FROM pg_sequences WHERE schemaname = 'public'
        UNION ALL
        SELECT format('%s has statistics of %s columns', tablename, count(*)) FROM pg_stats
        WHERE schemaname = 'public' GROUP BY tablename
        ORDER BY 1";
    let states: String = rows_at(url, states)
        .into_iter()
        .map(|row| format!("{}\n", row[0].clone().unwrap()))
        .collect();
    format!("{}{states}{}", contents(url, "public"), schema_dump(url))
}

#[test]
fn parts_loaded_beside_each_other_are_what_one_run_leaves() {
    let whole = &whole().1;
    let db = Db::new("beside");
    let url = db.url();
    seedrow(["finish", "--url", &url])
        .exits(2)
        .stderr_has("has no load to finish; `seedrow run --part 1/N` begins one");

    // Three that know nothing of each other: one begins the load, the others join it.
    let mut three: Vec<Child> = [6, 1, 4].map(|number| start(number, &url)).into();
    for child in &mut three {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(
        db.value("SELECT count(DISTINCT part) FROM seedrow.parts"),
        "3"
    );
    part(1, &url)
        .exits(0)
        .stdout_has("part 1/7 was there before of");
    refused_while_parts_are_missing(&db);
    killed_and_loaded_twice(&db);
    for number in [2, 5, 7] {
        part(number, &url).exits(0);
    }
    kill_where_it_changes_photos(&db, &["finish", "--url", &url]);
    seedrow(["finish", "--url", &url])
        .exits(0)
        .stdout_has("foreign keys: ");
    assert_eq!(&picture(&url), whole);
    for again in [&["finish"][..], &["run", "--rows", ROWS]] {
        seedrow(again.iter().chain(&["--url", url.as_str()]))
            .exits(0)
            .stderr_has("already; continuing with index and check");
    }
    part(3, &url).exits(0).stdout_has("nothing to do");
    replaced_and_abandoned(&db, whole);
}

const PARTITIONED: &str = "
CREATE TABLE shops (id int PRIMARY KEY) PARTITION BY HASH (id);
CREATE TABLE shops_0 PARTITION OF shops FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE shops_1 PARTITION OF shops FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE orders (id int PRIMARY KEY, shop_id int NOT NULL REFERENCES shops, pad text) PARTITION BY RANGE (id);
CREATE TABLE orders_0 PARTITION OF orders FOR VALUES FROM (MINVALUE) TO (200);
CREATE TABLE orders_1 PARTITION OF orders DEFAULT;
";

#[test]
fn parts_of_partitioned_tables_are_what_one_run_leaves() {
    let (dir, db) = (dataset("partitioned"), Db::new("partitioned"));
    dir.write("schema.sql", PARTITIONED);
    db.execute("CREATE SCHEMA whole; CREATE SCHEMA parts");
    let url = db.url();
    let seedrow = |command: &str, schema: &str, more: &[&str]| {
        let common = ["--dataset", "shop.toml", "--url", &url, "--target-schema"];
        let own = [command].into_iter().chain(common).chain([schema]);
        dir.seedrow(own.chain(more.iter().copied())).exits(0)
    };
    seedrow("run", "whole", &["--rows", ROWS]);
    for part in ["2/3", "1/3", "3/3"] {
        seedrow("run", "parts", &["--rows", ROWS, "--part", part])
            .lacks("go through the partitioned table");
    }
    seedrow("finish", "parts", &[]);
    let parts = contents(&url, "parts").replace("parts.", "whole.");
    assert_eq!(parts, contents(&url, "whole"));
    assert_eq!(
        db.value(
            "SELECT string_agg(conrelid::regclass || ' ' || convalidated, ', ' ORDER BY conrelid::regclass::text)
            FROM pg_constraint
            WHERE contype = 'f' AND confrelid = 'parts.shops'::regclass"
        ),
        "parts.orders true, parts.orders_0 true, parts.orders_1 true"
    );
    assert_eq!(
        db.value("SELECT count(DISTINCT tableoid) FROM parts.orders"),
        "2"
    );
}

/// What other commands say of a load that lacks parts; each command that they propose works.
fn refused_while_parts_are_missing(db: &Db) {
    let url = db.url();
    let said = "in 7 parts, of which 2, 3, 5, 7 are missing";
    let load_2 = "to load part 2, run: seedrow run --rows 300 --part 2/7";
    for line in [&["finish"][..], &["check"], &["index"]] {
        seedrow(line.iter().chain(&["--url", url.as_str()]))
            .exits(2)
            .stderr_has(said)
            .stderr_has(load_2)
            .stderr_has(
                "to build keys and indexes, once no part is missing, run: seedrow finish --url",
            );
    }
    for line in [
        &["run", "--rows", ROWS][..],
        &["run", "--rows", "301", "--part", "1/7"],
        &["run", "--rows", ROWS, "--part", "1/8"],
        &["run", "--rows", ROWS, "--seed", "1", "--part", "2/7"],
        &["run", "--scale", SCALE, "--part", "2/7"],
    ] {
        seedrow(line.iter().chain(&["--url", url.as_str()]))
            .exits(2)
            .stderr_has("this database has an unfinished load of products, ")
            .stderr_has(" in 7 parts, started by")
            .stderr_has(load_2)
            .stderr_has("to empty its tables and load anew, run: ")
            .stderr_has("forget --abandon");
    }
    seedrow(["forget", "--url", &url])
        .exits(2)
        .stderr_has(load_2)
        .stderr_has("to abandon it, run: seedrow forget --url");
}

/// A part that is killed while its rows are copied, loaded twice at once, and loaded again.
fn killed_and_loaded_twice(db: &Db) {
    let url = db.url();
    let session = Session::new(&url);
    session.execute("BEGIN; LOCK TABLE photos IN SHARE MODE");
    let mut killed = start(3, &url);
    eventually("part 3 waits for photos", || {
        db.value(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'photos'::regclass",
        ) == "1"
    });
    part(3, &url)
        .exits(2)
        .stderr_has("another seedrow loads part 3/7 into this database already");
    for line in [
        &["run", "--rows", ROWS][..],
        &["finish"],
        &["forget", "--abandon"],
        &["index"],
        &["check"],
    ] {
        seedrow(line.iter().chain(&["--url", url.as_str()]))
            .exits(2)
            .stderr_has("another seedrow is at work on this database since ")
            .stderr_has(": seedrow run --rows 300 --part 3/7");
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    drop(session);
    part(3, &url).exits(0);
}

/// Other rows take the place of the finished ones, and are abandoned.
fn replaced_and_abandoned(db: &Db, whole: &str) {
    let url = db.url();
    let other = |part: &str, replace: &[&str]| {
        let own = [
            "run", "--rows", "40", "--part", part, "--quiet", "--url", &url,
        ];
        seedrow(own.iter().chain(replace))
    };
    other("1/2", &[])
        .exits(2)
        .stderr_has("rows already")
        .stderr_has("--replace");
    // The first one, before it has prepared the tables.
    let first = [
        "run",
        "--rows",
        "40",
        "--part",
        "1/2",
        "--replace",
        "--url",
        &url,
    ];
    kill_where_it_changes_photos(db, &first);
    other("2/2", &["--replace"]).exits(0);
    let rows = "SELECT count(*) FROM products";
    assert_eq!(db.value(rows), "20");
    // The other part joins, and empties nothing.
    other("1/2", &["--replace"])
        .exits(0)
        .stdout_has("in 2 parts, all of which are loaded");
    assert_eq!(db.value(rows), "40");
    seedrow(["forget", "--abandon", "--url", &url]).exits(0);
    assert_eq!(db.value(rows), "0");
    let dump = schema_dump(&url);
    assert!(whole.ends_with(&dump), "{dump}");
}
