//! `seedrow check` on a real server: what it finds, what it leaves alone, how it ends.

use crate::support::{Db, EVERY_SAMPLE, Run, Workdir, eventually, seedrow};

const SCHEMA: &str = include_str!("../../sql/catalog/schema.sql");

/// Enough bytes for every table but the root to be no small one, in few rows: those are what scans take time for.
const ROWS: &str = "
    SET session_replication_role = replica;
    INSERT INTO products SELECT i, 'n' || i, 's', repeat('d', 100), 'c', i FROM generate_series(1, 2000) AS i;
    INSERT INTO features SELECT i, 1 + i % 2000, repeat('f', 150), NULL FROM generate_series(1, 8000) AS i;
    INSERT INTO styles SELECT i, 1 + i % 2000, repeat('s', 150), NULL, i, 0 FROM generate_series(1, 8000) AS i;
    INSERT INTO photos SELECT i, 1 + i % 8000, repeat('u', 150), '' FROM generate_series(1, 8000) AS i;
    INSERT INTO skus SELECT i, 1 + i % 8000, repeat('XL', 50), i FROM generate_series(1, 16000) AS i;
    INSERT INTO related SELECT i, 1 + i % 2000, 1 + i % 1999 FROM generate_series(1, 34000) AS i;
    SELECT setval(pg_get_serial_sequence(name, 'id'), 40000)
    FROM unnest(ARRAY['products', 'features', 'styles', 'photos', 'skus', 'related']) AS name";

/// A dataset of a test's own: no tables that matter, one query.
const DATASET: &str = r#"
about = "one query"
schema = "schema.sql"
queries = "queries"
[tables.users]
file = "users.csv"
rows = 10
[tables.users.columns]
id = "serial"
"#;

const USERS: &str = "
    CREATE TABLE users (id int PRIMARY KEY, name text);
    INSERT INTO users SELECT i, 'n' || i FROM generate_series(1, 1000) AS i;
    ANALYZE users";

/// What the ledger's tables have that a check looks at.
const LEDGER: &str = "
    CREATE SCHEMA seedrow;
    CREATE TABLE seedrow.loads (
        target_schema text, command text, finished_at timestamptz, started_at timestamptz DEFAULT now(),
        tables text[] DEFAULT '{}'
    );
    CREATE TABLE seedrow.lifted (target_schema text, name text)";

/// What a finding says to type for this database.
fn typed_index(db: &Db) -> String {
    let url = db.url();
    match url.contains('?') {
        true => format!("seedrow index --url '{url}'"),
        false => format!("seedrow index --url {url}"),
    }
}

/// A settled catalog without an index but its keys'.
#[track_caller]
fn catalog(test: &str) -> Db {
    Db::copy_of("catalog", test, |db| {
        db.execute(SCHEMA);
        db.execute(ROWS);
        db.settle();
    })
}

fn check(db: &Db, more: &[&str]) -> Run {
    let url = db.url();
    seedrow(
        ["check", "--url", &url]
            .into_iter()
            .chain(more.iter().copied()),
    )
}

/// Checks `query` alone, in a folder of the test's own.
fn check_query(db: &Db, test: &str, query: &str, more: &[&str]) -> Run {
    let dir = Workdir::new(test);
    dir.write("shop.toml", DATASET);
    dir.write("schema.sql", "");
    dir.write("queries/q.sql", query);
    let url = db.url();
    let own = ["check", "--dataset", "shop.toml", "--url", &url];
    dir.seedrow(own.into_iter().chain(more.iter().copied()))
}

#[test]
fn fails_without_the_indexes_and_holds_with_them() {
    let db = catalog("fails_and_holds");
    check(&db, &["--samples", "3"])
        .exits(1)
        .stdout_has("foreign keys: 0 of 6 have an index")
        .stdout_has("of skus for the rows where (sku.style_id = style.id)")
        .stdout_has("CREATE INDEX skus_style_id_idx ON public.skus (style_id);")
        .stdout_has("[seq-scan]")
        .stdout_has("[fk-not-indexed]");
    seedrow(["index", "--build", "--url", &db.url()]).exits(0);
    check(&db, &["--budget", "1s", "--verbose"])
        .exits(0)
        .stdout_has("foreign keys: 6 of 6 have an index")
        .stdout_has("skus_style_id_idx")
        .stdout_has("pass: 11 checks: 11 pass");
    db.execute("DROP INDEX skus_style_id_idx");
    check(&db, &["--only", "coverage"])
        .exits(1)
        .stdout_has("no index serves the foreign key skus(style_id) → styles(id)")
        .stdout_has("foreign keys: 5 of 6 have an index")
        .stdout_has(&format!("`{}`", typed_index(&db)));
}

#[test]
fn json_has_findings_samples_and_plans() {
    let db = catalog("json");
    let json = check(
        &db,
        &["--format", "json", "--samples", "3", "--budget", "1s"],
    )
    .exits(1)
    .json();
    assert_eq!(json["verdict"], "fail");
    let checks = json["checks"].as_array().unwrap();
    let names: Vec<&str> = checks.iter().filter_map(|c| c["name"].as_str()).collect();
    assert_eq!(
        names,
        [
            "foreign-keys",
            "schema",
            "features(product_id)",
            "photos(style_id)",
            "related(current_product_id)",
            "related(related_product_id)",
            "skus(style_id)",
            "styles(product_id)",
            "product",
            "products",
            "related",
            "styles"
        ]
    );
    assert_eq!(checks[0]["findings"].as_array().unwrap().len(), 6);
    assert_eq!(checks[0]["keys"][5]["verdict"], "UNCOVERED");
    let styles = &checks[11];
    assert_eq!(styles["findings"][0]["rule"], "seq-scan");
    assert_eq!(styles["samples"].as_array().unwrap().len(), 3);
    let id = styles["samples"][0]["parameters"]["product_id"].as_i64();
    assert!(id > Some(1_800) && id <= Some(2_000), "{id:?}");
    assert!(styles["plan"]["Plan"]["Node Type"].is_string());
    assert_eq!(checks[9]["verdict"], "pass", "the list of products");
}

#[test]
fn timed_executions_follow_the_samples() {
    let db = Db::new("timed");
    for (samples, executions) in [("1", 10), ("3", 30), ("20", 200), ("30", 200)] {
        let plans = ["--only", "plans", "--format", "json", "--samples", samples];
        // They are fewer where they take longer than a second, as on a busy machine.
        eventually("all executions are timed", || {
            let run = check_query(&db, "timed", "SELECT 1", &plans).exits(0);
            let timed = run.json()["checks"][0]["latency"]["executions"].as_u64();
            assert!(timed <= Some(executions), "--samples {samples}: {timed:?}");
            timed == Some(executions)
        });
    }
}

#[test]
fn samples_depend_on_the_seed_alone() {
    let db = Db::new("samples");
    db.execute(USERS);
    let ids = |seed: &str| {
        let query = "-- param id: users.id\nSELECT name FROM users WHERE id = :id";
        let plans = ["--only", "plans", "--format", "json", "--seed", seed];
        let run = check_query(&db, "samples", query, &[&plans[..], &EVERY_SAMPLE].concat());
        let json = run.exits(0).json();
        let samples = json["checks"][0]["samples"].as_array().unwrap().clone();
        let id = |sample: &serde_json::Value| sample["parameters"]["id"].as_i64().unwrap();
        samples.iter().map(id).collect::<Vec<i64>>()
    };
    let first = ids("1");
    assert_eq!(first, ids("1"));
    assert_ne!(first, ids("2"));
    assert!(first.len() == 20 && first.iter().all(|id| *id > 900 && *id <= 1_000));
}

#[test]
fn a_foreign_key_that_is_not_validated_fails() {
    let db = Db::new("not_validated");
    db.execute(
        "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (a_id int);
        CREATE INDEX ON b (a_id); INSERT INTO b VALUES (7);
        ALTER TABLE b ADD CONSTRAINT \"to A\" FOREIGN KEY (a_id) REFERENCES a NOT VALID",
    );
    let run = check(&db, &["--only", "coverage", "--format", "json"]).exits(1);
    let finding = &run.json()["checks"][0]["findings"][0];
    assert_eq!(finding["rule"], "fk-not-valid");
    let help = finding["help"].as_str().unwrap();
    let orphans = help.split(';').next().unwrap();
    assert_eq!(db.value(orphans), "7", "the help finds the rows");
    db.execute("INSERT INTO a VALUES (7)");
    let (_, validate) = help.split_once("fixed: ").unwrap();
    db.execute(validate);
    check(&db, &["--only", "coverage"]).exits(0);
}

#[test]
fn empty_tables_are_unchecked() {
    let db = Db::new("empty");
    db.execute(SCHEMA);
    check(&db, &["--only", "plans"])
        .exits(2)
        .stdout_has("products holds no id")
        .stdout_has("seedrow run")
        .stdout_has("unchecked: 4 checks")
        .stderr_has("4 of 4 checks could not be judged");
    check(&db, &[])
        .exits(1)
        .stdout_has("fail: 11 checks: 6 fail, 4 unchecked, 1 pass");
}

#[test]
fn queries_over_tables_left_out_are_skipped() {
    let db = catalog("left_out");
    let plans = ["--only", "plans", "--budget", "1s", "--tables", "products"];
    check(&db, &plans)
        .exits(0)
        .stdout_has("styles: skipped, it reads styles, which --tables leaves out")
        .stdout_has("pass: 1 check: 1 pass, 3 skipped");
    db.execute("DROP TABLE skus");
    check(&db, &plans)
        .exits(0)
        .stdout_has("styles: skipped, a table that it reads doesn't exist");
}

#[test]
fn tables_left_out_need_hold_no_ids() {
    let db = Db::new("no_ids");
    db.execute(SCHEMA);
    check(&db, &["--only", "plans", "--tables", "photos"])
        .exits(2)
        .stdout_has("styles: skipped, it takes its ids from products, which --tables leaves out")
        .lacks("no-rows");
}

#[test]
fn a_table_that_is_not_the_datasets_is_refused() {
    let db = Db::new("no_such_table");
    db.execute(SCHEMA);
    check(&db, &["--tables", "photo", "--only", "plans"])
        .exits(2)
        .stderr_has("--tables: the database has no table photo; ");
}

#[test]
fn when_no_check_is_left_nothing_is_proven() {
    let db = catalog("no_check_left");
    let none = ["--only", "plans", "--tables", "photos"];
    check(&db, &none)
        .exits(2)
        .stdout_has("unchecked: 0 checks: 4 skipped")
        .stderr_has("no check is left");
    let json = check(&db, &[&none[..], &["--format", "json"]].concat()).exits(2);
    assert_eq!(json.json()["verdict"], "unchecked");
}

#[test]
fn a_schema_that_is_not_there_is_refused() {
    let db = Db::new("no_schema");
    db.execute("CREATE SCHEMA shop; CREATE SCHEMA seedrow");
    check(&db, &["--target-schema", "nope"])
        .exits(2)
        .stderr_has("there is no schema nope; it has public, shop\n");
}

#[test]
fn tables_outside_the_schema_asked_for_prove_nothing() {
    let db = Db::new("outside");
    db.execute(USERS);
    db.execute("CREATE SCHEMA shop");
    let query = "-- param id: users.id\nSELECT name FROM users WHERE id = :id";
    let in_shop = ["--only", "plans", "--target-schema", "shop"];
    check_query(&db, "outside", query, &in_shop)
        .exits(2)
        .stderr_has("takes its values from table users, which isn't in schema shop");
    check_query(&db, "outside", "SELECT name FROM users LIMIT 1", &in_shop)
        .exits(2)
        .stdout_has(
            "it reads public.users, which is outside the schema asked for, shop  [outside-schema]",
        );
    db.execute("CREATE TABLE shop.users AS SELECT * FROM public.users; ANALYZE shop.users");
    check_query(&db, "outside", query, &in_shop).exits(0);
}

#[test]
fn an_unfinished_load_is_no_basis_for_a_check() {
    let db = Db::new("unfinished");
    db.execute(SCHEMA);
    db.execute(LEDGER);
    db.execute("INSERT INTO seedrow.loads VALUES ('public', 'seedrow run --rows 1k', NULL)");
    db.execute("INSERT INTO seedrow.lifted VALUES ('public', 'a'), ('public', 'b')");
    let coverage = ["--only", "coverage"];
    check(&db, &coverage).exits(2).stderr_has(
        "schema public has an unfinished load with 2 constraints and indexes not restored yet; \
         to finish it, run: seedrow run --rows 1k",
    );
    db.execute("CREATE SCHEMA shop");
    let elsewhere = [
        "--only",
        "coverage",
        "--allow-empty",
        "--target-schema",
        "shop",
    ];
    check(&db, &elsewhere).exits(0);
    db.execute("UPDATE seedrow.loads SET finished_at = now()");
    check(&db, &coverage).exits(1);
}

#[test]
fn a_role_that_may_not_read_the_ledger_checks_all_the_same() {
    let db = Db::new("ledger_closed");
    db.execute(LEDGER);
    db.execute(
        "DROP ROLE IF EXISTS seedrow_analyst; CREATE ROLE seedrow_analyst LOGIN;
        CREATE TABLE a (id int PRIMARY KEY); GRANT SELECT ON a TO seedrow_analyst",
    );
    let joint = if db.url().contains('?') { '&' } else { '?' };
    let url = format!("{}{joint}options=-c%20role%3Dseedrow_analyst", db.url());
    seedrow(["check", "--only", "coverage,schema", "--url", &url]).exits(0);
}

#[test]
fn a_slow_query_is_over_its_budget() {
    let db = Db::new("slow");
    let query = "-- budget: 5ms\nSELECT pg_sleep(0.02)";
    check_query(&db, "slow", query, &["--samples", "3"])
        .exits(1)
        .stdout_has("is over the budget of 5 ms")
        .lacks("fix the other findings first")
        .stdout_has("[over-budget]");
    let query = "SELECT pg_sleep(0.02)";
    check_query(&db, "slow", query, &["--samples", "3", "--budget", "10s"]).exits(0);
}

#[test]
fn fixed_parameters_take_their_type() {
    let db = Db::new("fixed");
    db.execute(USERS);
    let query = "-- param id: users.id\n-- param n: int = 2\n-- param t: text = 'n'\n\
                 SELECT json_build_object('id', :id, 'n', :n, 't', :t) FROM users WHERE name > :t LIMIT :n;";
    check_query(&db, "fixed", query, &["--budget", "1s"]).exits(0);
}

#[test]
fn a_header_asserts_and_waives() {
    let db = catalog("asserts");
    db.execute("DROP TABLE features, photos, skus, related");
    db.execute("ALTER TABLE styles DROP CONSTRAINT styles_product_id_fkey");
    let styles = "-- param id: products.id\n-- uses: styles(product_id)\n-- max-rows: 3\n-- max-buffers: 20\n";
    let read = "SELECT id FROM styles WHERE product_id = :id";
    let assertions = |waivers: &str, more: &[&str]| {
        let query = format!("{styles}{waivers}{read}");
        let plans = ["--only", "plans", "--budget", "1s"];
        check_query(
            &db,
            "asserts",
            &query,
            &[&plans[..], &EVERY_SAMPLE, more].concat(),
        )
    };
    assertions("", &[])
        .exits(1)
        .stdout_has("no index of styles(product_id) is searched, in 20 of 20 samples")
        .stdout_has("4 rows are returned with id = ")
        .stdout_has("[over-buffers]");
    let waived = "-- waive: seq-scan: a nightly job\n-- waive: index-not-used: the same\n\
                  -- waive: over-rows: four is fine\n-- waive: over-buffers: it scans\n";
    assertions(waived, &[])
        .exits(0)
        .stdout_has("q: over-rows is waived, four is fine: 4 rows are returned");
    let json = assertions(waived, &["--format", "json"]).json();
    assert_eq!(json["checks"][0]["waived"][0]["reason"], "a nightly job");
    db.execute("CREATE INDEX ON styles (product_id)");
    assertions("-- waive: over-rows: four is fine\n", &[])
        .exits(0)
        .lacks("seq-scan");
}

#[test]
fn changes_nothing() {
    let db = Db::new("changes_nothing");
    db.execute("CREATE SEQUENCE numbers");
    check_query(&db, "changes_nothing", "SELECT nextval('numbers')", &[])
        .exits(2)
        .stderr_has("read-only transaction");
    assert_eq!(db.value("SELECT is_called FROM numbers"), "f");
}

#[test]
fn mistakes_in_a_query_file_are_told_with_file_and_line() {
    let db = Db::new("mistakes");
    db.execute(USERS);
    db.execute("CREATE TABLE tags (id text); INSERT INTO tags VALUES ('x')");
    let cases = [
        (
            "-- Q\n-- param id: users.idd\nSELECT :id",
            "queries/q.sql, line 2: parameter `id` takes its values from users.idd, but the table has no such column; \
             did you mean `id`? (it has id, name)",
        ),
        (
            "-- param id: usres.id\nSELECT :id",
            "line 1: parameter `id` takes its values from table usres, which isn't in schema public; did you mean `users`?",
        ),
        ("SELECT\n1 +\n:id", "line 3: `:id` isn't declared"),
        (
            "-- param id: users.id\n\nSELECT nam\nFROM users\nWHERE idd = :id",
            "line 3: the server rejects the query",
        ),
        (
            "-- buget: 1s\nSELECT 1",
            "line 1: unknown header `buget:`; did you mean `budget`?",
        ),
        ("-- nothing", "no statement in it"),
    ];
    for (query, expected) in cases {
        check_query(&db, "mistakes", query, &[])
            .exits(2)
            .stderr_has(expected);
    }
    let query = "-- param id: tags.id\nSELECT :id";
    check_query(&db, "mistakes", query, &[]).exits(0);
}

#[test]
fn quoted_names_schemas_and_partitions_are_understood() {
    let db = Db::new("names");
    db.execute(
        "CREATE SCHEMA \"Shop Floor\";
        CREATE TABLE \"Shop Floor\".\"Order\" (\"Id\" bigint PRIMARY KEY);
        CREATE TABLE \"Shop Floor\".\"Line Items\" (
            \"order\" bigint REFERENCES \"Shop Floor\".\"Order\", at date, pad text
        ) PARTITION BY RANGE (at);
        CREATE TABLE \"Shop Floor\".lines_2024 PARTITION OF \"Shop Floor\".\"Line Items\"
            FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
        INSERT INTO \"Shop Floor\".\"Order\" SELECT generate_series(1, 20000);
        INSERT INTO \"Shop Floor\".\"Line Items\"
            SELECT i, '2024-06-01', repeat('p', 80) FROM generate_series(1, 20000) AS i",
    );
    db.settle();
    let query = "-- param id: \"Order\".\"Id\"\nSELECT * FROM \"Line Items\" AS \"L i\" WHERE \"order\" = :id";
    let at_home = ["--target-schema", "Shop Floor", "--budget", "1s"];
    check_query(&db, "names", query, &at_home)
        .exits(1)
        .stdout_has("pages of lines_2024")
        .stdout_has(
            "CREATE INDEX \"Line Items_order_idx\" ON \"Shop Floor\".\"Line Items\" (\"order\");",
        );
    seedrow(["index", "--build", "--url", &db.url()]).exits(0);
    check_query(&db, "names", query, &at_home).exits(0);
}

#[test]
fn results_go_to_a_file_when_asked() {
    let db = Db::new("output");
    let dir = Workdir::new("output");
    let file = dir.path("check.txt").display().to_string();
    let coverage = ["--only", "coverage", "--allow-empty", "--output"];
    let run = check(&db, &[&coverage[..], &[&file]].concat()).exits(0);
    assert_eq!(run.stdout, "");
    assert!(dir.read("check.txt").contains("foreign keys: none"));
    check(&db, &["--only", "coverage", "--output", "no/such/folder/x"])
        .exits(2)
        .stderr_has("could not write no/such/folder/x");
}
