//! Partitioned tables: rows sorted into partitions of every kind as Postgres sorts them, keys and indexes as they were.

use std::fmt::Write;
use std::time::{Duration, Instant};

use crate::support::{Db, Run, Workdir, schema_dump};

const COLUMNS: &str = "id bigint, n integer, s smallint, day date, at timestamptz, name text, code char(3), u uuid, ok boolean, \
    weight real, height double precision, opens time";

/// Tables by name: what they are partitioned by, and the bounds of their partitions.
const TABLES: &[(&str, &str, &[&str])] = &[
    ("hash_int", "HASH (n)", HASHES),
    ("hash_big", "HASH (id)", HASHES),
    ("hash_text", "HASH (name)", HASHES),
    ("hash_char", "HASH (code)", HASHES),
    ("hash_uuid", "HASH (u)", HASHES),
    ("hash_time", "HASH (at)", HASHES),
    ("hash_several", "HASH (s, name, day, ok)", HASHES),
    (
        "list",
        "LIST (code)",
        &[
            "FOR VALUES IN ('a', NULL)",
            "FOR VALUES IN ('b', 'c''s')",
            "DEFAULT",
        ],
    ),
    (
        "list_flag",
        "LIST (ok)",
        &["FOR VALUES IN (true)", "FOR VALUES IN (false)"],
    ),
    (
        "range_days",
        "RANGE (day, n)",
        &[
            "FOR VALUES FROM (MINVALUE, MINVALUE) TO ('2024-02-01', 0)",
            "FOR VALUES FROM ('2024-02-01', 0) TO ('2024-06-01', MINVALUE)",
            "FOR VALUES FROM ('2024-06-01', MINVALUE) TO (MAXVALUE, MAXVALUE)",
        ],
    ),
    (
        "range_times",
        "RANGE (at)",
        &[
            "FOR VALUES FROM (MINVALUE) TO ('2024-03-01 12:00+02')",
            "FOR VALUES FROM ('2024-03-01 12:00+02') TO ('2030-01-01')",
        ],
    ),
    (
        "range_names",
        "RANGE (name COLLATE \"C\")",
        &["FOR VALUES FROM ('a') TO ('n4')", "DEFAULT"],
    ),
    (
        "range_floats",
        "RANGE (height, weight)",
        &[
            "FOR VALUES FROM (MINVALUE, MINVALUE) TO (-1.5, 0)",
            "FOR VALUES FROM (-1.5, 0) TO (0, MINVALUE)",
            "FOR VALUES FROM (0, MINVALUE) TO ('Infinity', MAXVALUE)",
            "DEFAULT",
        ],
    ),
    (
        "list_reals",
        "LIST (weight)",
        &["FOR VALUES IN (0.1, 0)", "FOR VALUES IN ('NaN')", "DEFAULT"],
    ),
    ("hash_opens", "HASH (opens)", HASHES),
    ("by_expression", "HASH (lower(name))", HASHES),
];

/// Of two moduli.
const HASHES: &[&str] = &[
    "FOR VALUES WITH (MODULUS 2, REMAINDER 0)",
    "FOR VALUES WITH (MODULUS 4, REMAINDER 1)",
    "FOR VALUES WITH (MODULUS 4, REMAINDER 3)",
];

/// A table of three levels; one partition has its columns in another order, and an index of its own.
const NESTED: &str = "
    CREATE TABLE nested (id bigint, n integer, s smallint, day date, at timestamptz, name text, code char(3), u uuid,
        ok boolean, weight real, height double precision, opens time, CONSTRAINT one UNIQUE (n, day, id)) PARTITION BY RANGE (day);
    CREATE INDEX by_name ON nested (name);
    CREATE TABLE early PARTITION OF nested FOR VALUES FROM (MINVALUE) TO ('2024-03-01') PARTITION BY HASH (n);
    CREATE TABLE early_0 PARTITION OF early FOR VALUES WITH (MODULUS 2, REMAINDER 0);
    CREATE TABLE early_1 (opens time, ok boolean, weight real, height double precision, u uuid, code char(3), name text, at timestamptz, day date, s smallint, n integer,
        gone text, id bigint);
    ALTER TABLE early_1 DROP COLUMN gone;
    ALTER TABLE early ATTACH PARTITION early_1 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
    CREATE TABLE late PARTITION OF nested DEFAULT;
    CREATE INDEX only_late ON late (u);
    ALTER INDEX late_name_idx RENAME TO \"Late Names\";
";

fn schema() -> String {
    let mut sql = String::from(NESTED);
    for (table, key, bounds) in TABLES {
        writeln!(sql, "CREATE TABLE {table} ({COLUMNS}) PARTITION BY {key};").unwrap();
        for (number, bound) in bounds.iter().enumerate() {
            writeln!(
                sql,
                "CREATE TABLE {table}_{number} PARTITION OF {table} {bound};"
            )
            .unwrap();
        }
        if *table == "hash_several" {
            writeln!(sql, "CREATE UNIQUE INDEX ON {table} (id, s, name, day, ok); CREATE INDEX ON {table} (n);").unwrap();
        }
    }
    sql
}

/// Rows with numbers on both sides of 0, texts of all lengths up to 40 bytes, and NULLs.
fn records(first: i64, count: i64) -> String {
    let mut csv = String::from("id,n,s,day,at,name,code,u,ok,weight,height,opens\n");
    for id in first..first + count {
        let n = (id - 200) * 1_000_003 % 2_000_000_011;
        let big = n * 4_000_000_007;
        let (day, hour) = (1 + id % 28, id % 24);
        let month = 1 + id % 12;
        let name = "näme of a row of every length up to some"
            .chars()
            .take(usize::try_from(id % 40).unwrap());
        let name: String = format!("n{}", id % 10).chars().chain(name).collect();
        let code = ["a", "b", "c's", "", "dd"][usize::try_from(id % 5).unwrap()];
        let ok = id % 2 == 0;
        let weight = ["0.1", "-0", "NaN", "", "12.5"][usize::try_from(id % 5).unwrap()];
        let height =
            ["-1.5", "-0", "Infinity", "NaN", "-1e300", "3"][usize::try_from(id % 6).unwrap()];
        writeln!(
            csv,
            "{big},{n},{},2024-{month:02}-{day:02},2024-{month:02}-{day:02} {hour:02}:30:00+00,{name},{code},\
             6ec0bd7f-11c0-43da-975e-{id:012},{ok},{weight},{height},{hour:02}:{day:02}:00.5",
            id - 200
        )
        .unwrap();
    }
    csv
}

fn load(dir: &Workdir, db: &Db, more: &[&str]) -> Run {
    let url = db.url();
    let own = ["load", "data", "--jobs", "2", "--url", &url];
    dir.seedrow(own.into_iter().chain(more.iter().copied()))
}

#[test]
fn rows_are_sorted_into_partitions_of_every_kind() {
    let (dir, db) = (Workdir::new("kinds"), Db::new("kinds"));
    db.execute(&schema());
    let csv = records(0, 500);
    let names = TABLES.iter().map(|(name, ..)| *name).chain(["nested"]);
    let names: Vec<&str> = names.collect();
    for name in &names {
        dir.write(&format!("data/{name}.csv"), &csv);
    }
    let before = schema_dump(&db.url());
    for more in [
        &[][..],
        &["--replace"],
        &["--replace", "--commit", "segment"],
    ] {
        let loaded = load(&dir, &db, more)
            .exits(0)
            .stderr_has("rows of public.by_expression go through the partitioned table, without FREEZE: public.by_expression is partitioned by an expression")
            .lacks("kept for the load");
        assert_eq!(
            loaded
                .stderr
                .matches("go through the partitioned table")
                .count(),
            1,
            "{}",
            loaded.stderr
        );
        for name in &names {
            assert_eq!(
                db.value(&format!("SELECT count(*) FROM {name}")),
                "500",
                "{name}"
            );
        }
        assert_eq!(schema_dump(&db.url()), before);
    }
    let without_statistics = "SELECT count(*) FROM pg_class AS c
        WHERE relnamespace = 'public'::regnamespace AND (relkind = 'p' OR relkind = 'r' AND relpages > 0)
            AND NOT EXISTS (SELECT FROM pg_statistic WHERE starelid = c.oid AND stainherit = (relkind = 'p'))";
    assert_eq!(db.value(without_statistics), "0");
    for name in [
        "hash_int",
        "hash_several",
        "list",
        "range_days",
        "range_times",
        "range_floats",
        "list_reals",
        "nested",
    ] {
        let used = format!("SELECT count(DISTINCT tableoid) >= 2 FROM {name}");
        assert_eq!(db.value(&used), "t", "{name}");
    }
}

#[test]
fn what_no_partition_takes_and_what_is_there_twice_is_found_by_its_line() {
    let (dir, db) = (Workdir::new("misfits"), Db::new("misfits"));
    db.execute(
        "CREATE TABLE days (id int, day date, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
        CREATE TABLE days_1 PARTITION OF days FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
        CREATE TABLE days_2 PARTITION OF days FOR VALUES FROM ('2024-02-01') TO ('2024-03-01')",
    );
    let before = schema_dump(&db.url());
    dir.write(
        "data/days.csv",
        "id,day\n1,2024-01-31\n2,2024-02-01\n3,2024-03-01\n1,2024-02-02\n",
    );
    load(&dir, &db, &[]).exits(2).stderr_has("days.csv, line 4");
    load(&dir, &db, &["--max-rejects", "1"])
        .exits(0)
        .stdout_has("no partition of relation \"days\" found for row");
    assert_eq!(
        db.value(
            "SELECT string_agg(id || ' ' || tableoid::regclass, ', ' ORDER BY id, day) FROM days"
        ),
        "1 days_1, 1 days_2, 2 days_2"
    );
    assert_eq!(schema_dump(&db.url()), before);
    dir.write(
        "data/days.csv",
        "id,day\n1,2024-01-31\n2,2024-02-01\n1,2024-01-31\n2,2024-02-01\n3,2024-02-01\n",
    );
    load(&dir, &db, &["--replace"])
        .exits(2)
        .stderr_has("days_1_pkey cannot be created on public.days_1: duplicate key in 1 row")
        .stderr_has("days_2_pkey cannot be created on public.days_2: duplicate key in 1 row")
        .stderr_has("days.csv, line 4");
    load(&dir, &db, &["--duplicates", "reject", "--max-rejects", "2"]).exits(0);
    assert_eq!(db.value("SELECT count(*) FROM days"), "3");
    let writers = "SELECT count(DISTINCT xmin::text) FROM days";
    assert_eq!(db.value(writers), "2", "partitions are filled side by side");
    assert_eq!(schema_dump(&db.url()), before);
}

/// Tables of ids, one of them partitioned, and one whose trigger writes to a table outside the load.
const COUNTED: &str = "
    CREATE TABLE whole (id integer PRIMARY KEY);
    CREATE TABLE divided (id integer PRIMARY KEY) PARTITION BY HASH (id);
    CREATE TABLE divided_0 PARTITION OF divided FOR VALUES WITH (MODULUS 2, REMAINDER 0);
    CREATE TABLE divided_1 PARTITION OF divided FOR VALUES WITH (MODULUS 2, REMAINDER 1);
    CREATE TABLE seen (id integer);
    CREATE TABLE watched (id integer PRIMARY KEY);
    CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO seen VALUES (NEW.id); RETURN NULL; END';
    CREATE TRIGGER noted AFTER INSERT ON watched FOR EACH ROW EXECUTE FUNCTION note();
";

#[test]
fn rows_that_a_load_analyzes_are_not_counted_as_changes() {
    let dir = Workdir::new("uncounted");
    let ids: String = (1..=1000).map(|id| format!("{id}\n")).collect();
    for table in ["whole", "divided", "watched"] {
        dir.write(&format!("data/{table}.csv"), format!("id\n{ids}"));
    }
    // One connection fills a table, or several its partitions.
    for jobs in ["1", "4"] {
        let db = Db::new(&format!("uncounted{jobs}"));
        db.execute(COUNTED);
        dir.seedrow(["load", "data", "--url", &db.url(), "--jobs", jobs])
            .exits(0);
        // A session hands in what it has counted before it is gone.
        let sessions = "SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'";
        let deadline = Instant::now() + Duration::from_secs(30);
        while db.value(sessions) != "0" {
            assert!(Instant::now() < deadline, "sessions of the load are left");
        }
        let counted = "SELECT string_agg(concat_ws(' ', relname, n_tup_ins, n_mod_since_analyze), ', ' ORDER BY relname),
                bool_and(n_live_tup > 400)
            FROM pg_stat_user_tables
            WHERE schemaname = 'public' AND relname NOT IN ('divided', 'watched')";
        let rows = db.rows(counted);
        let expected = "divided_0 0 0, divided_1 0 0, seen 1000 1000, whole 0 0";
        assert_eq!(rows[0], [Some(expected.into()), Some("t".into())]);
    }
}
