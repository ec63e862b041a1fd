//! `seedrow check` and `seedrow index` on databases that seedrow did not make, and on one case of each rule.

use std::collections::BTreeMap;
use std::thread;

use crate::shop::{Session, freight};
use crate::support::{Db, EVERY_SAMPLE, Run, Workdir, seedrow};
use serde_json::Value;

const HOSPITAL: &str = include_str!("../databases/hospital.sql");
const FREIGHT: &str = include_str!("../databases/freight.sql");

fn check(db: &Db, more: &[&str]) -> Run {
    let url = db.url();
    let own = ["check", "--format", "json", "--url", &url];
    seedrow(own.into_iter().chain(more.iter().copied()))
}

/// Each key's verdict and the planner's word.
fn keys(json: &Value) -> BTreeMap<String, (String, Option<bool>)> {
    let keys = json["checks"][0]["keys"].as_array().unwrap();
    let key = |key: &Value| {
        let name = key["key"].as_str().unwrap().split(" → ").next().unwrap();
        let verdict = key["verdict"].as_str().unwrap().to_owned();
        (name.to_owned(), (verdict, key["planner"].as_bool()))
    };
    keys.iter().map(key).collect()
}

/// What of this severity was found in one area, by rule and what it is on.
fn found(json: &Value, kind: &str, severity: &str) -> Vec<String> {
    let checks = json["checks"].as_array().unwrap().iter();
    let checks = checks.filter(|check| check["kind"] == kind);
    let findings = checks.flat_map(|check| check["findings"].as_array().unwrap());
    let mut found: Vec<String> = findings
        .filter(|finding| finding["severity"] == severity)
        .map(|finding| {
            let text = |key: &str| finding[key].as_str().unwrap().to_owned();
            format!("{} {}", text("rule"), text("on"))
        })
        .collect();
    found.sort();
    found
}

#[track_caller]
fn assert_keys(json: &Value, expected: &[(&str, &str)]) {
    let keys = keys(json);
    let verdicts: Vec<(&str, &str)> = keys
        .iter()
        .map(|(key, (verdict, _))| (key.as_str(), verdict.as_str()))
        .collect();
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(verdicts, expected);
    for (key, (verdict, planner)) in &keys {
        let asked = (verdict == "COVERED").then_some(true);
        assert_eq!(*planner, asked, "the planner on {key}");
    }
}

/// Builds what is proposed, after which nothing is missing and nothing more is proposed.
#[track_caller]
fn assert_fixed(db: &Db) {
    let url = db.url();
    seedrow(["index", "--build", "--url", &url]).exits(0);
    let json = check(db, &["--only", "coverage"]).json();
    assert_eq!(
        found(&json, "foreign-keys", "fail")
            .iter()
            .filter(|it| !it.starts_with("fk-not-valid"))
            .count(),
        0
    );
    for (key, (verdict, planner)) in keys(&json) {
        assert_eq!(
            (verdict.as_str(), planner),
            ("COVERED", Some(true)),
            "{key}"
        );
    }
    let again = seedrow(["index", "--dry-run", "--url", &url]).exits(0);
    assert_eq!(again.stdout, "");
}

#[test]
fn a_hospital_that_three_teams_left() {
    let db = Db::new("hospital");
    db.execute(HOSPITAL);
    let json = check(&db, &["--only", "coverage,schema"]).exits(1).json();
    assert_keys(
        &json,
        &[
            ("staff(department_id)", "COVERED"),
            ("staff(manager_id)", "COVERED"),
            ("patients(doctor_id)", "COVERED"),
            ("ward.stays(building, number)", "COVERED"),
            ("ward.stays(patient_id)", "PARTIAL"),
            ("appointments(patient_id)", "UNCOVERED"),
            ("appointments(doctor_id)", "NON_LEADING"),
            ("prescriptions(licence)", "COVERED"),
            ("prescriptions(stay_id)", "UNCOVERED"),
            ("\"Labor\".\"Proben\"(stay_id)", "COVERED"),
            ("\"Labor\".\"Proben\"(\"Prüfer\")", "INVALID"),
            ("notes(stay_id)", "UNCOVERED"),
            ("visits(ward_code)", "UNCOVERED"),
        ],
    );
    assert_eq!(
        found(&json, "schema", "fail"),
        [
            "check-not-valid staff.licensed",
            "index-invalid \"Labor\".\"Proben\".\"Proben_Prüfer\"",
            "sequence-behind ward.stays.id"
        ]
    );
    let keys = &json["checks"][0]["findings"];
    let message = |on: &str| {
        let finding = keys.as_array().unwrap().iter().find(|it| it["on"] == on);
        finding.unwrap()["message"].as_str().unwrap().to_owned()
    };
    assert!(
        message("visits(ward_code)")
            .ends_with("visits_by_ward is sorted by another collation than the key's")
    );
    assert!(
        message("notes(stay_id)")
            .ends_with("notes_by_stay finds no equal values: it is neither btree nor hash")
    );
    db.execute("DROP INDEX \"Labor\".\"Proben_Prüfer\"");
    assert_fixed(&db);
}

#[test]
fn a_forwarder_s_keys_of_several_columns() {
    let db = freight("freight");
    let json = check(&db, &["--only", "coverage,schema"]).exits(1).json();
    assert_keys(
        &json,
        &[
            ("routes(kind, code)", "COVERED"),
            ("routes(from_port)", "NON_LEADING"),
            ("routes(to_port)", "NON_LEADING"),
            ("legs(route_id)", "COVERED"),
            ("stops(route_id, leg)", "PREFIX_ONLY"),
            ("stops(port_id)", "COVERED"),
            ("containers(owner_kind, owner_code)", "COVERED"),
            ("shipments(container)", "COVERED"),
            ("shipments(route_id)", "COVERED"),
            ("shipments(status_id)", "COVERED"),
            ("invoices(shipment_id)", "PARTIAL"),
            ("invoices(corrects)", "UNCOVERED"),
            ("events(shipment_id)", "COVERED"),
            ("scans(shipment_id)", "UNCOVERED"),
        ],
    );
    assert_eq!(found(&json, "schema", "fail"), [] as [&str; 0]);
    assert_fixed(&db);
}

#[test]
fn lookups_are_run_on_any_keys() {
    let db = freight("lookups");
    seedrow(["index", "--build", "--url", &db.url()]).exits(0);
    // A fresh database isn't settled.
    let unsettled = check(&db, &["--only", "plans"]).exits(2).json();
    assert!(!found(&unsettled, "lookup", "unchecked").is_empty());
    db.execute("CHECKPOINT");
    let settle = ["--only", "plans", "--settle"];
    let json = check(&db, &[&settle[..], &EVERY_SAMPLE].concat())
        .exits(0)
        .json();
    let lookup = |name: &str| {
        let checks = json["checks"].as_array().unwrap().iter();
        checks
            .clone()
            .find(|check| check["name"] == name)
            .unwrap_or_else(|| panic!("no {name}: {json:#}"))
            .clone()
    };
    for name in [
        "stops(route_id, leg)",
        "stops(port_id)",
        "containers(owner_kind, owner_code)",
        "shipments(container)",
        "shipments(route_id)",
        "invoices(shipment_id)",
    ] {
        let lookup = lookup(name);
        assert_eq!(lookup["verdict"], "pass", "{lookup:#}");
        assert_eq!(lookup["shape"]["choice"], "index", "{name}");
        assert!(lookup["samples"].as_array().unwrap().len() > 3, "{name}");
        assert!(lookup["latency"]["executions"].as_u64() > Some(0), "{name}");
    }
    // A quarter of the table each: whatever the planner does with it is right.
    assert_eq!(lookup("shipments(status_id)")["verdict"], "pass");
    // Ids that are no integers are those of the heap's last pages.
    let samples = lookup("shipments(container)")["samples"].clone();
    let ids: Vec<&str> = samples
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|it| it["parameters"]["container"].as_str())
        .collect();
    assert_eq!(ids.len(), 20);
    assert!(ids.iter().all(|id| *id > "ABCD0017900"), "{ids:?}");
}

#[test]
fn an_empty_database_is_judged_but_for_its_plans() {
    let db = Db::new("migrated");
    let (ddl, _rows) = FREIGHT.split_once("-- Rows").unwrap();
    db.execute(ddl);
    seedrow(["index", "--build", "--url", &db.url()]).exits(0);
    check(&db, &["--only", "coverage,schema"]).exits(0);
    let run = check(&db, &[]).exits(2);
    assert_eq!(run.json()["checks"][2]["findings"][0]["rule"], "no-rows");
    assert!(
        run.stderr.contains("1 of 16 checks could not be judged"),
        "{}",
        run.stderr
    );
}

#[test]
fn waivers_stand_beside_what_they_speak_of() {
    let db = Db::new("waivers");
    db.execute(
        "CREATE TABLE users (id int PRIMARY KEY);
        CREATE TABLE audit (id int, user_id int REFERENCES users, by int REFERENCES users)",
    );
    let dir = Workdir::new("waivers");
    let url = db.url();
    dir.write(
        "seedrow.toml",
        "[[waive]]\nrule = \"fk-not-indexed\"\non = \"public.audit(user_id)\"\nreason = \"users are never deleted\"\n\n\
         [[waive]]\nrule = \"fk-not-indexed\"\non = \"audit(gone)\"\nreason = \"x\"\n",
    );
    let coverage = ["check", "--only", "coverage", "--url", &url];
    dir.seedrow(coverage)
        .exits(1)
        .stdout_has("fk-not-indexed is waived, users are never deleted: no index serves the foreign key audit(user_id)")
        .stdout_has("no index serves the foreign key audit(by)")
        .stdout_has("foreign keys: 0 of 2 have an index");
    let json = dir
        .seedrow([&coverage[..], &["--format", "json"]].concat())
        .json();
    assert_eq!(keys(&json)["audit(user_id)"].0, "WAIVED");
    let dry = dir.seedrow(["index", "--dry-run", "--url", &url]).exits(0);
    assert_eq!(
        dry.stdout,
        "CREATE INDEX audit_by_idx ON public.audit (by);\n"
    );
    db.execute(
        "INSERT INTO users SELECT generate_series(1, 9000);
        INSERT INTO audit SELECT i, 1 + i % 9000, 1 + i % 9000 FROM generate_series(1, 90000) AS i",
    );
    // Nor is a lookup judged that is never made.
    let json = dir
        .seedrow(["check", "--settle", "--format", "json", "--url", &url])
        .json();
    assert_eq!(found(&json, "lookup", "fail"), ["seq-scan audit(by)"]);
    dir.seedrow(["check", "--url", &url])
        .exits(1)
        .stderr_has("seedrow.toml, line 6: fk-not-indexed on audit(gone) isn't found (any more); the waiver can go");
    dir.write(
        "seedrow.toml",
        "[[waive]]\nrule = \"fk-unindexed\"\non = \"a(b)\"\nreason = \"x\"\n",
    );
    dir.seedrow(coverage).exits(2).stderr_has(
        "seedrow.toml, line 1: unknown rule `fk-unindexed`; did you mean `fk-not-indexed`?",
    );
}

#[test]
fn an_invalid_leftover_of_its_own_is_redone() {
    let db = Db::new("leftover");
    db.execute(
        "CREATE TABLE a (id int PRIMARY KEY);
        CREATE TABLE b (a_id int REFERENCES a, other int);
        CREATE INDEX b_a_id_idx ON b (a_id);
        CREATE INDEX mine ON b (other);
        UPDATE pg_index SET indisvalid = false WHERE indexrelid IN ('b_a_id_idx'::regclass, 'mine'::regclass)",
    );
    let url = db.url();
    let dry = seedrow(["index", "--dry-run", "--concurrently", "--url", &url]).exits(0);
    assert_eq!(
        dry.stdout,
        "DROP INDEX CONCURRENTLY public.b_a_id_idx; CREATE INDEX CONCURRENTLY b_a_id_idx ON public.b (a_id);\n"
    );
    seedrow(["index", "--concurrently", "--url", &url]).exits(0);
    let valid = "SELECT string_agg(indexrelid::regclass || ' ' || indisvalid, ', ' ORDER BY indexrelid::regclass::text)
        FROM pg_index WHERE indrelid = 'b'::regclass";
    assert_eq!(db.value(valid), "b_a_id_idx true, mine false");
}

#[test]
fn a_role_that_may_read_little_is_told_what_it_lacks() {
    let db = Db::new("little");
    db.execute(
        "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (a_id int REFERENCES a); CREATE INDEX ON b (a_id);
        CREATE TABLE c (a_id int REFERENCES a); CREATE INDEX ON c (a_id);
        INSERT INTO a VALUES (1); INSERT INTO b VALUES (1); INSERT INTO c VALUES (1); ANALYZE a, b, c;
        DROP ROLE IF EXISTS seedrow_little; CREATE ROLE seedrow_little LOGIN; GRANT SELECT ON a, b TO seedrow_little",
    );
    let joint = if db.url().contains('?') { '&' } else { '?' };
    let url = format!("{}{joint}options=-c%20role%3Dseedrow_little", db.url());
    let run = seedrow(["check", "--format", "json", "--url", &url]).exits(2);
    let json = run.json();
    assert_eq!(
        json["checks"][0]["verdict"], "pass",
        "the catalog is open to all"
    );
    assert_eq!(json["checks"][2]["verdict"], "pass", "{json:#}");
    let closed = &json["checks"][3]["findings"][0];
    assert_eq!(closed["rule"], "not-allowed");
    assert_eq!(closed["help"], "GRANT SELECT ON public.c, public.a TO …;");
}

#[test]
fn a_database_with_nothing_to_judge_proves_nothing() {
    let db = Db::new("nothing");
    let url = db.url();
    let at = |more: &[&str]| seedrow([&["check", "--url", &url], more].concat());
    for more in [
        &[][..],
        &["--only", "coverage"],
        &["--only", "schema"],
        &["--only", "coverage,schema"],
    ] {
        at(more).exits(2).stdout_has("[nothing-to-judge]");
        at(&[more, &["--allow-empty"]].concat()).exits(0);
    }
    at(&["--only", "plans"]).exits(2);
    at(&["--only", "plans", "--allow-empty"]).exits(0);
    at(&["--target-schema", "gone"])
        .exits(2)
        .stderr_has("there is no schema gone");
    let index = |more: &[&str]| seedrow([&["index", "--url", &url], more].concat());
    for more in [&[][..], &["--dry-run"], &["--format", "json"]] {
        index(more)
            .exits(2)
            .stderr_has("has no table; name the database");
        index(&[more, &["--allow-empty"]].concat()).exits(0);
    }
    // Tables without foreign keys are something, and count in whichever schema they are.
    db.execute("CREATE SCHEMA shop; CREATE TABLE shop.a (id int PRIMARY KEY); CREATE TABLE shop.b (id int)");
    at(&[])
        .exits(0)
        .stdout_has("schema: 2 tables  pass")
        .stdout_has("foreign keys: none  pass");
    at(&["--target-schema", "shop"])
        .exits(0)
        .stdout_has("schema: 2 tables  pass");
    index(&[])
        .exits(0)
        .stdout_has("no foreign keys; nothing to do");
    index(&["--target-schema", "public"])
        .exits(2)
        .stderr_has("has no table in schema public;");
    at(&["--target-schema", "public"])
        .exits(2)
        .stdout_has("[nothing-to-judge]");
    at(&["--only", "coverage"])
        .exits(2)
        .stdout_has("there is no foreign key");
}

#[test]
fn some_tables_of_a_database_without_a_dataset() {
    let db = Db::new("some");
    db.execute(
        "CREATE TABLE users (id int PRIMARY KEY);
        CREATE TABLE orders (id int PRIMARY KEY, user_id int REFERENCES users);
        CREATE TABLE products (id int PRIMARY KEY, user_id int REFERENCES users);
        CREATE INDEX ON products (user_id)",
    );
    let url = db.url();
    let of = |tables: &str, more: &[&str]| {
        seedrow([&["check", "--url", &url, "--tables", tables], more].concat())
    };
    let coverage = ["--only", "coverage"];
    of("orders", &coverage)
        .exits(1)
        .stdout_has("foreign keys: 0 of 1 have an index");
    // One that is named as a table of the built-in dataset, and isn't that one.
    of("products", &coverage)
        .exits(0)
        .stdout_has("foreign keys: 1 of 1 has an index");
    of(
        "public.products, public.users",
        &["--only", "schema,coverage"],
    )
    .exits(0)
    .stdout_has("foreign keys: 1 of 1 has an index")
    .stdout_has("schema: 2 tables");
    of("products, users", &["--only", "schema"])
        .exits(0)
        .stdout_has("schema: 2 tables");
    of("order", &[])
        .exits(2)
        .stderr_has("the database has no table \"order\"; did you mean `orders`?");
}

#[test]
fn a_locked_table_is_waited_for_a_while_and_its_holder_named() {
    let db = Db::new("locked");
    db.execute(
        "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (a_id int REFERENCES a); CREATE INDEX ON b (a_id)",
    );
    let other = Session::new(&format!("{}&application_name=migration", db.url()));
    other.execute("BEGIN; LOCK TABLE b");
    thread::scope(|scope| {
        for (command, more) in [
            ("check", &[][..]),
            ("index", &["--dry-run"]),
            ("compare", &["--without-indexes", "--allow-locks"]),
            ("load", &["nothing"]),
        ] {
            let url = db.url();
            scope.spawn(move || {
                seedrow([&[command, "--url", &url], more].concat())
                    .exits(2)
                    .stderr_has("a table was locked for over 5 s: pid ")
                    .stderr_has("(app \"migration\", role postgres, idle in transaction")
                    .stderr_has("holds AccessExclusiveLock on public.b")
                    .stderr_has("SELECT pg_terminate_backend(");
            });
        }
    });
}

#[test]
fn values_that_libpq_does_not_know_are_refused_on_a_socket_too() {
    let db = Db::new("enumerated");
    for (parameter, value) in [
        ("sslmode", "foo"),
        ("sslcertmode", "maybe"),
        ("sslnegotiation", "x"),
        ("ssl_min_protocol_version", "TLSv9"),
        ("channel_binding", "x"),
        ("target_session_attrs", "x"),
        ("gssencmode", "x"),
    ] {
        let url = format!("{}&{parameter}={value}", db.url());
        seedrow(["check", "--url", &url])
            .exits(2)
            .stderr_has(parameter);
    }
}
