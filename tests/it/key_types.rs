//! Coverage verdicts beside what Postgres itself does, over key types, collations and forms of index: a parent is deleted
//! with sequential scans off, and the server's own counters say whether an index was searched for the children.

use std::collections::BTreeMap;

use crate::support::{Db, seedrow};
use serde_json::Value;

/// A referenced column's type, a referring column's, and the forms of index tried on the latter, `f`.
const CASES: &[(&str, &str, &[&str])] = &[
    (
        "int",
        "int",
        &[
            "(f)",
            "(f, g)",
            "(g, f)",
            "(g) INCLUDE (f)",
            "(f) WHERE f IS NOT NULL",
            "(f) WHERE f > 5",
        ],
    ),
    ("int", "int", &["((f + 0))", "((f::int8))"]),
    ("bigint", "int", &["(f)", "((f::int8))"]),
    ("int", "bigint", &["(f)", "((f::int4))"]),
    (
        "numeric",
        "int",
        &[
            "(f)",
            "((f::numeric))",
            "(\"numeric\"(f))",
            "((f::numeric(9, 2)))",
            "((f::numeric), g)",
        ],
    ),
    (
        "numeric(9, 2)",
        "bigint",
        &["(f)", "((f::numeric))", "(g, (f::numeric))"],
    ),
    (
        "float8",
        "int",
        &[
            "(f)",
            "((f::float8))",
            "((f::float4))",
            "((f::float8)) WHERE f IS NOT NULL",
        ],
    ),
    ("float8", "numeric", &["(f)", "((f::float8))"]),
    ("float8", "float4", &["(f)", "((f::float8))"]),
    (
        "varchar(6)",
        "char(6)",
        &[
            "(f)",
            "((f::text))",
            "(text(f))",
            "((f::varchar))",
            "(f bpchar_pattern_ops)",
        ],
    ),
    (
        "text",
        "char(6)",
        &["(f)", "((f::text))", "((f::text) COLLATE \"C\")"],
    ),
    (
        "char(6)",
        "varchar(6)",
        &["(f)", "((f::bpchar))", "((f::text))"],
    ),
    ("char(6)", "char(3)", &["(f)", "((f::text))"]),
    (
        "varchar(6)",
        "text",
        &[
            "(f)",
            "(f text_pattern_ops)",
            "USING hash (f)",
            "((lower(f)))",
        ],
    ),
    (
        "text",
        "varchar(6)",
        &["(f)", "((f::text))", "(f varchar_pattern_ops)"],
    ),
    (
        "text COLLATE \"C\"",
        "text",
        &["(f)", "(f COLLATE \"C\")", "(f COLLATE \"POSIX\")"],
    ),
    (
        "text",
        "text COLLATE \"C\"",
        &["(f)", "(f COLLATE \"default\")"],
    ),
    (
        "text COLLATE \"C\"",
        "text COLLATE \"POSIX\"",
        &["(f)", "(f COLLATE \"C\")"],
    ),
    (
        "text COLLATE \"C\"",
        "char(6)",
        &["((f::text))", "((f::text) COLLATE \"C\")"],
    ),
    ("text COLLATE loose", "text", &["(f)", "(f COLLATE loose)"]),
    (
        "text COLLATE loose",
        "text COLLATE loose",
        &["(f)", "(f COLLATE \"C\")"],
    ),
    (
        "text COLLATE loose",
        "char(6)",
        &["((f::text))", "((f::text) COLLATE loose)"],
    ),
    ("name", "text", &["(f)", "(f COLLATE \"C\")"]),
    ("text", "name", &["(f)", "(f COLLATE \"C\")"]),
    ("plain_c", "text", &["(f)", "(f COLLATE \"C\")"]),
    ("text", "plain_c", &["(f)", "((f::text))"]),
    (
        "plain_c",
        "char(6)",
        &["((f::text))", "((f::text) COLLATE \"C\")"],
    ),
    ("count", "int", &["(f)"]),
    ("int", "count", &["(f)", "((f::int4))"]),
    ("numeric", "count", &["(f)", "((f::numeric))"]),
    ("mood", "mood", &["(f)", "USING hash (f)"]),
    ("int[]", "int[]", &["(f)", "USING gin (f)"]),
    ("int4range", "int4range", &["(f)", "USING gist (f)"]),
    ("uuid", "uuid", &["(f)", "USING brin (f)", "USING hash (f)"]),
    ("date", "timestamp", &["(f)"]),
    ("timestamptz", "date", &["(f)"]),
    ("timetz", "time", &["(f)"]),
    ("interval", "time", &["(f)", "((f::interval))"]),
    ("inet", "cidr", &["(f)", "((f::inet))"]),
];

/// Forms that Postgres searches in its need, from end to end or for candidates, and that don't count as covering a key.
const SEARCHED_IN_NEED: &[&str] = &[
    "(g, f)",
    "(g, (f::numeric))",
    "USING gin (f)",
    "USING gist (f)",
    "USING brin (f)",
];

const TYPES: &str = "
    CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    CREATE TYPE mood AS ENUM ('1');
    CREATE DOMAIN count AS int CHECK (VALUE > 0);
    CREATE DOMAIN plain_c AS text COLLATE \"C\";
    -- Whether the lookup of a parent's deletion searches an index, by the counters of this very transaction.
    CREATE FUNCTION is_served(case_number int, value text) RETURNS boolean LANGUAGE plpgsql AS $$
    DECLARE
        counters record;
    BEGIN
        SET LOCAL enable_seqscan = off;
        EXECUTE format('INSERT INTO p%s VALUES (%L)', case_number, value);
        EXECUTE format('DELETE FROM p%s', case_number);
        SELECT seq_scan, idx_scan INTO counters
        FROM pg_stat_xact_user_tables
        WHERE relname = 'c' || case_number;
        RETURN counters.idx_scan > 0 AND counters.seq_scan = 0;
    END $$;";

/// A value of each type, as text.
fn value_of(data_type: &str) -> &'static str {
    match data_type
        .split_once(' ')
        .map_or(data_type, |(first, _)| first)
    {
        "int[]" => "{1}",
        "int4range" => "[1,2)",
        "uuid" => "00000000-0000-0000-0000-000000000001",
        "date" | "timestamptz" => "2024-03-01",
        "timetz" => "10:00+00",
        "interval" => "10:00",
        "inet" => "10.0.0.1",
        _ => "1",
    }
}

/// Each table's verdict and the planner's word, by number.
fn verdicts(db: &Db) -> BTreeMap<usize, (String, Option<bool>)> {
    let url = db.url();
    let json = seedrow([
        "check", "--only", "coverage", "--format", "json", "--url", &url,
    ])
    .json();
    let keys = json["checks"][0]["keys"].as_array().unwrap();
    let verdict = |key: &Value| {
        let name = key["key"].as_str().unwrap();
        let number = name[1..].split('(').next().unwrap().parse().unwrap();
        (
            number,
            (
                key["verdict"].as_str().unwrap().to_owned(),
                key["planner"].as_bool(),
            ),
        )
    };
    keys.iter().map(verdict).collect()
}

#[test]
fn coverage_is_what_postgres_own_lookup_makes_of_each_index() {
    let db = Db::new("differential");
    db.execute(TYPES);
    let forms = || {
        let cases = CASES.iter();
        cases.flat_map(|(referenced, referring, forms)| {
            forms.iter().map(move |form| (referenced, referring, form))
        })
    };
    let mut ddl = String::new();
    for (number, (referenced, referring, form)) in forms().enumerate() {
        let using = if form.starts_with("USING") {
            *form
        } else {
            &format!("USING btree {form}")
        };
        ddl.push_str(&format!(
            "CREATE TABLE p{number} (k {referenced} PRIMARY KEY);
            CREATE TABLE c{number} (f {referring} REFERENCES p{number}, g int); CREATE INDEX ON c{number} {using};\n"
        ));
    }
    db.execute(&ddl);
    let served = |number: usize, case: (&&str, &&str, &&str)| {
        // Naming the view that the function reads gives it a session of its own, which has done nothing yet.
        let sql = format!(
            "SELECT is_served({number}, '{}') -- pg_stat_xact_user_tables",
            value_of(case.0)
        );
        db.value(&sql) == "t"
    };
    let verdicts_before = verdicts(&db);
    let mut wrong = Vec::new();
    for (number, case) in forms().enumerate() {
        let (verdict, planner) = &verdicts_before[&number];
        let is_covered = verdict == "COVERED";
        if SEARCHED_IN_NEED.contains(case.2) {
            assert!(!is_covered, "{case:?}");
            continue;
        }
        if is_covered != served(number, case) || (is_covered && *planner != Some(true)) {
            wrong.push(format!("{case:?}: {verdict}, the planner {planner:?}"));
        }
    }
    assert_eq!(wrong, [] as [String; 0]);

    // What is built serves, but where no index can; and nothing is built twice.
    let url = db.url();
    seedrow(["index", "--build", "--quiet", "--url", &url])
        .exits(1)
        .stdout_has("no index can serve");
    let again = seedrow(["index", "--dry-run", "--quiet", "--url", &url]).exits(0);
    assert_eq!(again.stdout, "");
    let verdicts_after = verdicts(&db);
    for (number, case) in forms().enumerate() {
        let can_be = case.0 != &"timetz";
        let (verdict, planner) = &verdicts_after[&number];
        assert_eq!(
            (verdict == "COVERED", *planner == Some(true)),
            (can_be, can_be),
            "{case:?}: {verdict}"
        );
        assert_eq!(served(number, case), can_be, "{case:?} is served");
    }
}

#[test]
fn another_index_that_costs_no_more_is_no_finding() {
    let db = Db::new("prefers");
    db.execute(
        "CREATE TABLE a (x int, y int, PRIMARY KEY (x, y));
        CREATE TABLE m (x int, y int, z int, FOREIGN KEY (x, y) REFERENCES a);
        CREATE INDEX ON m (x, y); CREATE INDEX ON m (x, z)",
    );
    let url = db.url();
    let coverage = || {
        let run = seedrow([
            "check", "--only", "coverage", "--format", "json", "--url", &url,
        ]);
        let json = run.exits(0).json();
        json["checks"][0]["keys"][0]["verdict"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    // As a migrated database of CI's is: empty, and vacuumed or analysed.
    for state in [
        "VACUUM m",
        "ANALYZE m",
        "INSERT INTO a VALUES (1, 1); INSERT INTO m VALUES (1, 1, 1)",
        "VACUUM (ANALYZE) a, m",
    ] {
        db.execute(state);
        assert_eq!(coverage(), "COVERED", "{state}");
    }
}

#[test]
fn the_lookup_of_a_key_between_types_is_timed_as_postgres_compares_it() {
    let db = Db::new("timed");
    db.execute(
        "CREATE TABLE lang (code varchar(6) PRIMARY KEY);
        CREATE TABLE inv (lang char(6) REFERENCES lang, note text);
        INSERT INTO lang SELECT i::text FROM generate_series(1, 20000) AS i;
        INSERT INTO inv SELECT (1 + i % 20000)::text, repeat('x', 60) FROM generate_series(1, 60000) AS i;
        CREATE INDEX ON inv (lang)",
    );
    db.settle();
    let url = db.url();
    let check = || {
        seedrow([
            "check",
            "--only",
            "coverage,plans",
            "--format",
            "json",
            "--url",
            &url,
        ])
    };
    let verdicts = |json: &Value| {
        let checks = json["checks"].as_array().unwrap().iter();
        checks
            .map(|it| it["verdict"].as_str().unwrap().to_owned())
            .collect::<Vec<String>>()
    };
    // The index on the column itself serves neither Postgres nor the lookup that is timed.
    let json = check().exits(1).json();
    assert_eq!(verdicts(&json), ["fail", "fail"], "{json:#}");
    let dry = seedrow(["index", "--dry-run", "--url", &url]).exits(0);
    assert_eq!(
        dry.stdout,
        "CREATE INDEX inv_lang_idx1 ON public.inv (((lang)::text));\n"
    );
    seedrow(["index", "--build", "--quiet", "--url", &url]).exits(0);
    db.settle();
    let json = check().exits(0).json();
    assert_eq!(verdicts(&json), ["pass", "pass"]);
    assert_eq!(
        json["checks"][1]["indexes"],
        serde_json::json!(["inv_lang_idx1"]),
        "{json:#}"
    );
}
