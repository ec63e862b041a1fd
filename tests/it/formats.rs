//! What CI systems read of `seedrow check`: JSON by its schema, JUnit XML, GitHub's annotations and job summary.

use crate::shop::freight;
use crate::support::{Db, Workdir, assert_schema};
use quick_junit::{Report, TestCaseStatus};
use serde_json::Value;

/// One key with an index and one without.
const SHOP: &str = "
    CREATE TABLE shops (id int PRIMARY KEY);
    CREATE TABLE orders (id int PRIMARY KEY, shop_id int REFERENCES shops, parent_id int REFERENCES orders);
    CREATE INDEX orders_shop_id_idx ON orders (shop_id);
    INSERT INTO shops SELECT generate_series(1, 100);
    INSERT INTO orders SELECT i, 1 + i % 100, NULL FROM generate_series(1, 1000) AS i;
    ANALYZE shops, orders";

#[test]
fn one_run_writes_every_format() {
    let db = Db::new("formats");
    db.execute(SHOP);
    let dir = Workdir::new("formats");
    let url = db.url();
    let run = |with: &str| {
        let args = [
            "check",
            "--url",
            &url,
            "--format",
            "github",
            "--write",
            with,
            "--write",
            "json=check.json",
        ];
        let summary = dir.path("summary.md").display().to_string();
        dir.seedrow_with(args, &[("GITHUB_STEP_SUMMARY", &summary)])
    };
    run("junit=check.xml")
        .exits(1)
        .stdout_has("::error title=fk-not-indexed%3A orders(parent_id)::no index serves the foreign key orders(parent_id)")
        .stdout_has("%0A`seedrow index --url ")
        .stdout_has("foreign keys: 1 of 2 has an index  fail");
    let summary = dir.read("summary.md");
    assert!(
        summary.starts_with("## ❌ seedrow check: fail\n"),
        "{summary}"
    );
    assert!(
        summary.contains("| foreign-keys | ❌ fail | | | | 1 of 2 have an index |"),
        "{summary}"
    );
    let junit = Report::deserialize_from_str(&dir.read("check.xml")).unwrap();
    // Two foreign keys, the schema; the lookup of the uncovered key is part of it.
    assert_eq!((junit.tests, junit.failures, junit.errors), (3, 1, 0));
    let target = junit.test_suites[0].properties.iter();
    let target = target.filter(|it| it.name.as_str() == "target");
    let target: Vec<&str> = target.map(|it| it.value.as_str()).collect();
    assert!(
        target[0].starts_with(&format!("{} on ", db.name())),
        "{target:?}"
    );
    let cases = &junit.test_suites[0].test_cases;
    let failed = cases
        .iter()
        .filter(|case| matches!(case.status, TestCaseStatus::NonSuccess { .. }));
    let failed: Vec<&str> = failed.map(|case| case.name.as_str()).collect();
    assert_eq!(failed, ["orders(parent_id)"]);
    assert_check_schema(&dir.read("check.json"));

    db.execute("CREATE INDEX ON orders (parent_id)");
    let passed = run("markdown=check.md").exits(0);
    assert!(!passed.stdout.contains("::"), "{}", passed.stdout);
    assert!(
        dir.read("check.md")
            .starts_with("## ✅ seedrow check: pass\n")
    );
    assert!(
        dir.read("summary.md")
            .contains("## ✅ seedrow check: pass\n"),
        "added to what was there"
    );
    assert_check_schema(&dir.read("check.json"));
}

#[track_caller]
fn assert_check_schema(text: &str) {
    assert_schema("check.schema.json", &serde_json::from_str(text).unwrap());
}

#[test]
fn json_of_everything_there_is_keeps_to_its_schema() {
    let db = freight("everything");
    let dir = Workdir::new("everything");
    let url = db.url();
    let run = dir.seedrow([
        "check",
        "--url",
        &url,
        "--settle",
        "--prove",
        "--allow-locks",
        "--format",
        "json",
    ]);
    assert_check_schema(&run.exits(1).stdout);
}

#[test]
fn what_to_write_is_said_with_format_and_file() {
    let dir = Workdir::new("write");
    let refuses = |value: &str, why: &str| {
        dir.seedrow(["check", "--write", value])
            .exits(2)
            .stderr_has(why);
    };
    refuses(
        "check.xml",
        "expected a format and a file, such as junit=check.xml",
    );
    refuses("junit=", "expected a format and a file");
    refuses("yaml=x", "invalid variant: yaml");
}

/// The command within the first backticks behind `start`.
fn suggested<'a>(text: &'a str, start: &str) -> &'a str {
    let (_, after) = text.split_once(start).unwrap();
    after.split('`').nth(1).unwrap()
}

#[test]
fn suggested_commands_lead_to_the_target_in_every_format() {
    let db = Db::new("suggested");
    db.execute(SHOP);
    let dir = Workdir::new("suggested");
    let url = db.url();
    let printed = |format: &str| {
        let args = [
            "check", "--url", &url, "--only", "coverage", "--format", format,
        ];
        dir.seedrow(args).exits(1).stdout
    };
    for format in ["text", "junit", "github", "markdown", "html"] {
        let printed = printed(format);
        assert!(
            printed.contains("seedrow index --url "),
            "{format}: {printed}"
        );
    }
    let json: Value = serde_json::from_str(&printed("json")).unwrap();
    let help = json["checks"][0]["findings"][0]["help"].as_str().unwrap();
    let listed = dir.shell(suggested(help, "")).exits(1);
    let built = dir.shell(suggested(&listed.stderr, "didn't fill these tables"));
    built.exits(0).stdout_has("orders_parent_id_idx");
    printed_nothing_missing(&dir, &url);
}

fn printed_nothing_missing(dir: &Workdir, url: &str) {
    dir.seedrow(["index", "--url", url])
        .exits(0)
        .stdout_has("nothing to do");
}
