//! `seedrow check --prove` and `--settle`: what an index buys, and whether a plan can be relied on.

use crate::shop::{Session, orders};
use crate::support::{Db, EVERY_SAMPLE, Run, Workdir, seedrow};
use serde_json::Value;

const DATASET: &str = r#"
about = "one query"
schema = "schema.sql"
queries = "queries"
[tables.orders]
file = "orders.csv"
rows = 10
[tables.orders.columns]
id = "serial"
"#;

fn check(db: &Db, more: &[&str]) -> Run {
    let url = db.url();
    let own = ["check", "--url", &url, "--only", "plans"];
    seedrow(own.into_iter().chain(more.iter().copied()))
}

fn settled(test: &str, sql: &str) -> Db {
    let db = Db::new(test);
    db.execute(sql);
    check(&db, &["--settle"]).exits(0);
    db
}

fn check_query(db: &Db, test: &str, query: &str, more: &[&str]) -> Run {
    let dir = Workdir::new(test);
    dir.write("shop.toml", DATASET);
    dir.write("schema.sql", "");
    dir.write("queries/q.sql", query);
    let url = db.url();
    let own = [
        "check",
        "--dataset",
        "shop.toml",
        "--only",
        "plans",
        "--url",
        &url,
    ];
    dir.seedrow(own.into_iter().chain(more.iter().copied()))
}

#[test]
fn a_check_is_seen_to_fail_without_its_index() {
    let db = orders("fails_without");
    let json = check(&db, &["--prove", "--allow-locks", "--format", "json"])
        .exits(0)
        .json();
    let proof = &json["checks"][0]["proofs"][0];
    assert_eq!(proof["index"], "orders_shop_id_idx");
    assert_eq!(proof["on"], "orders(shop_id)");
    assert_eq!(proof["fails"], "plan");
    let buffers = |side: &str| proof[side]["buffers"].as_u64().unwrap();
    assert!(buffers("with") < 10 && buffers("without") > 500, "{proof}");
    check(&db, &["--prove", "--allow-locks"])
        .exits(0)
        .stdout_has("orders(shop_id) without orders(shop_id): 0.0")
        .stdout_has("buffers; the check fails, as it should");
    let valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'orders_shop_id_idx'::regclass";
    assert_eq!(db.value(valid), "t", "the index is as it was");
}

#[test]
fn a_check_that_stays_green_is_a_finding() {
    let db = orders("stays_green");
    db.execute("CREATE INDEX twice ON orders (shop_id, id)");
    check(&db, &["--prove", "--allow-locks"])
        .exits(0)
        .stdout_has("stays green without orders(shop_id)")
        .stdout_has("; twice does as well  [not-proven]")
        .stdout_has("DROP INDEX public.orders_shop_id_idx;");
}

#[test]
fn a_small_table_s_query_proves_nothing_and_its_key_is_still_seen_uncovered() {
    let small = "CREATE TABLE shops (id int PRIMARY KEY);
        CREATE TABLE orders (id int PRIMARY KEY, shop_id int REFERENCES shops, pad text);
        INSERT INTO shops SELECT generate_series(1, 1000);
        INSERT INTO orders SELECT i, 1 + i % 1000, repeat('p', 100) FROM generate_series(1, 4000) AS i;
        CREATE INDEX ON orders (shop_id)";
    let db = settled("small", small);
    check(&db, &["--prove", "--allow-locks"])
        .exits(0)
        .stdout_has("6 → 69 buffers; its coverage fails, as it should");
    let query = "-- param id: shops.id\n-- budget: 10s\nSELECT pad FROM orders WHERE shop_id = :id";
    check_query(&db, "small", query, &["--prove", "--allow-locks"])
        .exits(2)
        .stdout_has("orders has 69 pages, and reading them all is as fast  [not-proven]");
}

#[test]
fn others_are_not_locked_out_unasked() {
    let db = orders("unasked");
    check(&db, &["--prove"])
        .exits(2)
        .stderr_has("add --allow-locks");
    // Another session uses the table: nothing waits behind the attempt for long.
    let worker = Session::new(&db.url());
    worker.execute("BEGIN; SELECT count(*) FROM orders");
    check(&db, &["--prove", "--allow-locks"])
        .exits(2)
        .stdout_has(
            "the effect of orders_shop_id_idx can't be proven: public.orders was locked for over 2s",
        );
    worker.execute("ROLLBACK");
    check(&db, &["--prove", "--allow-locks"]).exits(0);
}

#[test]
fn a_partition_s_index_goes_with_the_whole() {
    let db = settled(
        "partitioned",
        "CREATE TABLE shops (id int PRIMARY KEY);
        CREATE TABLE orders (id int, shop_id int REFERENCES shops, pad text) PARTITION BY RANGE (id);
        CREATE TABLE orders_1 PARTITION OF orders FOR VALUES FROM (1) TO (20001);
        CREATE TABLE orders_2 PARTITION OF orders FOR VALUES FROM (20001) TO (40001);
        INSERT INTO shops SELECT generate_series(1, 10000);
        INSERT INTO orders SELECT i, 1 + i % 10000, repeat('p', 100) FROM generate_series(1, 40000) AS i;
        CREATE INDEX ON orders (shop_id)",
    );
    let json = check(&db, &["--prove", "--allow-locks", "--format", "json"])
        .exits(0)
        .json();
    let proofs = json["checks"][0]["proofs"].as_array().unwrap();
    assert_eq!(proofs.len(), 1, "one for all partitions: {proofs:#?}");
    assert_eq!(proofs[0]["index"], "orders_shop_id_idx");
    assert!(proofs.iter().all(|proof| proof["fails"] == "plan"));
}

#[test]
fn a_plan_that_flips_is_unstable() {
    let db = Db::new("flips");
    // Statistics of another time: every shop_id was another, and all are one now. Only ANALYZE would tell.
    db.execute(
        "CREATE TABLE orders (id int PRIMARY KEY, shop_id int, pad text) WITH (autovacuum_enabled = off);
        INSERT INTO orders SELECT i, i, repeat('p', 100) FROM generate_series(1, 20000) AS i;
        CREATE INDEX ON orders (shop_id)",
    );
    db.execute("VACUUM (ANALYZE) orders");
    db.execute("UPDATE orders SET shop_id = 7; CHECKPOINT");
    crate::support::eventually("all pages are visible to all", || {
        db.execute("VACUUM orders");
        db.value("SELECT relallvisible = relpages FROM pg_class WHERE relname = 'orders'") == "t"
    });
    let query = "-- param shop: int = 7\n-- waive: row-estimate: it is what flips\n-- budget: 10s\n\
                 SELECT count(pad) FROM orders WHERE shop_id = :shop";
    let verdict = |more: &[&str]| -> Value {
        let run = check_query(&db, "flips", query, &[&["--format", "json"], more].concat());
        run.json()["checks"][0].clone()
    };
    assert_eq!(verdict(&[])["verdict"], "pass", "{:#}", verdict(&[]));
    let unstable = verdict(&["--settle"]);
    assert_eq!(unstable["verdict"], "unstable", "{unstable:#}");
    let message = unstable["findings"][0]["message"].as_str().unwrap();
    assert!(
        message.contains("from orders by orders_shop_id_idx to all of orders"),
        "{message}"
    );
}

#[test]
fn many_rows_where_few_were_expected_fail() {
    let db = Db::new("estimates");
    db.execute(
        "CREATE TABLE orders (id int PRIMARY KEY, a int, b int, pad text);
        INSERT INTO orders SELECT i, i / 2000, i / 2000, repeat('p', 100) FROM generate_series(1, 40000) AS i;
        CREATE INDEX ON orders (a, b)",
    );
    // Two columns that always go together are taken for independent.
    let query =
        "-- param a: int = 5\n-- budget: 10s\nSELECT pad FROM orders WHERE a = :a AND b = :a";
    let settle = [&["--settle"], &EVERY_SAMPLE[..]].concat();
    check_query(&db, "estimates", query, &settle)
        .exits(0)
        .stdout_has(" rows were expected and 2,000 came, in all 20 samples  [row-estimate]");
    check_query(&db, "estimates", query, &["--fail-on", "warn"]).exits(1);
    db.execute("CREATE STATISTICS both_columns ON a, b FROM orders");
    db.execute("ANALYZE orders");
    check_query(&db, "estimates", query, &["--fail-on", "warn"]).exits(0);
}

#[test]
fn work_done_for_nothing_warns() {
    let db = Db::new("work");
    db.execute(
        "CREATE TABLE orders (id int PRIMARY KEY, shop_id int, open boolean, pad text);
        INSERT INTO orders SELECT i, i % 10, i % 5000 = 0, repeat('p', 400) FROM generate_series(1, 40000) AS i;
        CREATE INDEX ON orders (shop_id)",
    );
    let removed = "-- param shop: int = 0\n-- budget: 10s\nSELECT pad FROM orders WHERE shop_id = :shop AND open";
    let settle = [&["--settle"], &EVERY_SAMPLE[..]].concat();
    check_query(&db, "work", removed, &settle)
        .exits(0)
        .stdout_has(
            "throws 3,992 of 4,000 rows away by orders.open, in all 20 samples  [rows-removed]",
        );
    let spills = "-- budget: 10s\n-- waive: seq-scan: it wants all rows\nSELECT pad FROM orders ORDER BY pad, id";
    check_query(&db, "work", spills, &["--samples", "2"])
        .exits(0)
        .stdout_has("its Sort writes")
        .stdout_has("SET work_mem = '");
}
