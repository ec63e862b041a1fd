//! A maker for every type that a column can have: rows of all of them go through `run` and, as files, through `load`, and
//! are the same.

use std::fmt::Write;

use seedrow::copy::{FieldEncoder, Scalar};
use seedrow::dataset::Dataset;
use seedrow::postgres::catalog::{self, Scope};

use crate::column_types::SETUP;
use crate::support::{Db, Workdir, block_on, connect};

/// A column's type and its maker; columns of one table go together.
type Column = (&'static str, &'static str);

/// Types that `copy` reads: these tables go in COPY's binary format.
const READ: &[Column] = &[
    ("bigint PRIMARY KEY", r#""serial""#),
    ("boolean", r#""boolean""#),
    ("smallint", r#"{ make = "sequence", start = -500 }"#),
    ("integer", r#"{ make = "sequence", start = 10, step = -3 }"#),
    ("bigint", r#"{ make = "value", of = 9007199254740993 }"#),
    ("real", r#"{ make = "float", min = -1, max = 1 }"#),
    (
        "double precision",
        r#"{ make = "float", min = -180, max = 180, scale = 12 }"#,
    ),
    (
        "numeric",
        r#"{ make = "decimal", min = -0.001, max = 1.5, scale = 10 }"#,
    ),
    (
        "numeric(6,2)",
        r#"{ make = "decimal", min = 0, max = 9999.99, distribution = "log-normal", median = 20 }"#,
    ),
    (
        "numeric(4,0)",
        r#"{ make = "decimal", min = 1000, max = 9999, scale = 0 }"#,
    ),
    ("numeric(10,1)", r#"{ make = "value", of = 12.5 }"#),
    (
        "small",
        r#"{ make = "decimal", min = 0, max = 99.9, scale = 1 }"#,
    ),
    ("text", r#"{ make = "text", null = 0.1 }"#),
    ("varchar(12)", r#"{ make = "text", min = 5, max = 12 }"#),
    ("varchar(3)", r#"{ make = "text", min = 1, max = 3 }"#),
    ("char(4)", r#"{ make = "code", length = 4 }"#),
    (
        "text",
        r#"{ make = "code", min = 0, max = 3, alphabet = "a-c,\"\\\\{} '" }"#,
    ),
    (
        "varchar(30)",
        r##"{ make = "pattern", of = '^[a-z]+(-[a-z0-9]+)*$', max = 30 }"##,
    ),
    ("text", r##"{ make = "pattern", of = '^[",\\{}]{1,4}$' }"##),
    ("name", r#"{ make = "text", min = 3, max = 63 }"#),
    ("bytea", r#"{ make = "bytea", length = 20 }"#),
    ("bytea", r#"{ make = "bytea", min = 0, max = 5 }"#),
    (
        "date",
        r#"{ make = "date", min = "1969-01-01", max = "2030-12-31" }"#,
    ),
    ("time", r#""time""#),
    (
        "time(2)",
        r#"{ make = "time", min = "08:30", max = "17:00:30" }"#,
    ),
    ("timetz", r#""time""#),
    (
        "timestamp",
        r#"{ make = "timestamp", min = "2020-01-01", max = "2024-12-31" }"#,
    ),
    (
        "timestamptz",
        r#"{ make = "timestamp", min = "2020-01-01", max = "2024-12-31" }"#,
    ),
    (
        "interval",
        r#"{ make = "interval", min = 0, max = 900_000 }"#,
    ),
    (
        "interval hour to minute",
        r#"{ make = "interval", min = 0, max = 900_000 }"#,
    ),
    ("uuid", r#""uuid""#),
    (
        "uuid",
        r#"{ make = "uuid", version = 7, min = "2024-01-01", max = "2024-01-31" }"#,
    ),
    ("text", r#""uuid""#),
    (
        "json",
        r#"{ make = "json", of = '{{"id": {a}, "note": {m}, "b": "{b}"}}' }"#,
    ),
    (
        "jsonb",
        r#"{ make = "json", of = ['[{a}, "{q} {r}", {{"x": [1, {h}, "{s}"]}}]', '{ah}', '{{}}'] }"#,
    ),
    ("inet", r#""inet""#),
    ("inet", r#"{ make = "inet", version = 6 }"#),
    ("cidr", r#""cidr""#),
    ("cidr", r#"{ make = "cidr", version = 6 }"#),
    ("macaddr", r#""macaddr""#),
    ("macaddr8", r#"{ make = "macaddr", bytes = 8 }"#),
    ("bit(3)", r#"{ make = "bit", length = 3 }"#),
    ("varbit(5)", r#"{ make = "bit", min = 0, max = 5 }"#),
    ("mood", r#"{ make = "one-of", values = ["sad", "so, so"] }"#),
    (
        "moods",
        r#"{ make = "array", of = { make = "one-of", values = ["ok", "so, so"] } }"#,
    ),
    (
        "integer[]",
        r#"{ make = "array", of = { make = "integer", min = -5, max = 5 }, min = 0, max = 4 }"#,
    ),
    (
        "text[]",
        r##"{ make = "array", of = { make = "pattern", of = '^(NULL|[",\\{} ]{1,3})?$' }, max = 4 }"##,
    ),
    (
        "numeric(6,2)[]",
        r#"{ make = "array", of = { make = "cents", min = 0, max = 9 } }"#,
    ),
    (
        "jsonb[]",
        r#"{ make = "array", of = { make = "json", of = '{{"id": {a}, "t": "{q}"}}' } }"#,
    ),
    ("uuid[]", r#"{ make = "array", of = "uuid", length = 2 }"#),
    ("inet[]", r#"{ make = "array", of = "inet" }"#),
    (
        "bytea[]",
        r#"{ make = "array", of = { make = "bytea", length = 3 } }"#,
    ),
    (
        "int4range",
        r#"{ make = "range", min = 0, max = 1_000_000 }"#,
    ),
    (
        "int8range",
        r#"{ make = "range", min = -10, max = 1_000_000, length = 5 }"#,
    ),
    ("numrange", r#"{ make = "range", min = 0, max = 1000 }"#),
    (
        "daterange",
        r#"{ make = "range", of = "date", min = "2020-01-01", max = "2024-12-31" }"#,
    ),
    (
        "tsrange",
        r#"{ make = "range", of = "timestamp", min = "2020-01-01", max = "2024-12-31" }"#,
    ),
    (
        "tstzrange",
        r#"{ make = "range", of = "timestamp", min = "2020-01-01", max = "2024-12-31", length = 86400 }"#,
    ),
    (
        "int4multirange",
        r#"{ make = "range", min = 0, max = 1000, multi = true }"#,
    ),
    (
        "datemultirange",
        r#"{ make = "range", of = "date", min = "2020-01-01", max = "2024-12-31", multi = true }"#,
    ),
    (
        "int4range[]",
        r#"{ make = "array", of = { make = "range", min = 0, max = 1000 } }"#,
    ),
    (
        "places",
        r#"{ make = "array", of = { make = "code", length = 3 } }"#,
    ),
];

/// Types that only the server reads: these tables go as text.
const SENT_AS_TEXT: &[Column] = &[
    ("smallint PRIMARY KEY", r#"{ make = "sequence", step = 7 }"#),
    ("\"char\"", r#"{ make = "one-of", values = ["a", "b"] }"#),
    ("money", r#"{ make = "cents", min = 0, max = 1000 }"#),
    ("money", r#"{ make = "decimal", min = 0, max = 1000 }"#),
    ("oid", r#"{ make = "integer", min = 1, max = 4000000000 }"#),
    (
        "xml",
        r#"{ make = "xml", of = '<row id="{a}"><note>{q}</note></row>' }"#,
    ),
    (
        "point",
        r#"{ make = "point", min = -180, max = 180, scale = 6 }"#,
    ),
    ("polygon", r#"{ make = "polygon", corners = 5 }"#),
    ("box", r#"{ make = "phrase", of = "({a},0),(1,{a})" }"#),
    ("circle", r#"{ make = "phrase", of = "<(0,0),{a}>" }"#),
    ("line", r#"{ make = "value", of = "{1,2,3}" }"#),
    ("tsvector", r#""tsvector""#),
    (
        "tsvector",
        r#"{ make = "tsvector", of = "{q} and the rest" }"#,
    ),
    (
        "tsquery",
        r#"{ make = "one-of", values = ["fat & rat", "cat | !dog"] }"#,
    ),
    (
        "pg_lsn",
        r##"{ make = "pattern", of = '^[0-9A-F]{1,2}/[0-9A-F]{8}$' }"##,
    ),
    ("pair", r#"{ make = "phrase", of = "({a},\"b \\\"{a}\")" }"#),
    (
        "text",
        r##"{ make = "pattern", of = '^[",\\{}<>&]{1,4}$' }"##,
    ),
    (
        "hstore",
        r#"{ make = "hstore", of = { "a \"b" = "{q}", c = "no. {a}: {q}", d = "{s}" } }"#,
    ),
    ("text", r#"{ make = "text", null = 0.5 }"#),
    ("ltree", r#""ltree""#),
    ("citext", r#"{ make = "text", max = 20 }"#),
    ("date", r#"{ make = "value", of = "March 5, 2021" }"#),
    ("interval", r#"{ make = "value", of = "P1Y2M" }"#),
    (
        "date[]",
        r#"{ make = "array", of = { make = "date", min = "2020-01-01", max = "2024-12-31" } }"#,
    ),
    (
        "interval[]",
        r#"{ make = "array", of = { make = "interval", min = 0, max = 900_000 } }"#,
    ),
    (
        "bigint NOT NULL REFERENCES read",
        r#"{ make = "reference", to = "read" }"#,
    ),
    ("box[]", r#"{ make = "value", of = "{(1,1),(0,0)}" }"#),
];

/// Values that never repeat, by their index; the keys of other tables.
const DISTINCT: &[Column] = &[
    ("uuid PRIMARY KEY", r#""uuid""#),
    (
        "varchar(3) UNIQUE",
        r#"{ make = "code", min = 1, max = 3, unique = true }"#,
    ),
    (
        "text UNIQUE",
        r##"{ make = "pattern", of = '^[a-z]+(-[a-z]+)*$', max = 12, unique = true }"##,
    ),
    (
        "varchar(20) UNIQUE",
        r#"{ make = "text", max-length = 20, unique = true }"#,
    ),
    (
        "text UNIQUE",
        r#"{ make = "text", min = 100, max = 300, unique = true }"#,
    ),
    ("inet UNIQUE", r#"{ make = "inet", unique = true }"#),
    ("cidr UNIQUE", r#"{ make = "cidr", unique = true }"#),
    ("macaddr UNIQUE", r#"{ make = "macaddr", unique = true }"#),
    (
        "bytea UNIQUE",
        r#"{ make = "bytea", min = 1, max = 2, unique = true }"#,
    ),
    (
        "bit(11) UNIQUE",
        r#"{ make = "bit", length = 11, unique = true }"#,
    ),
    (
        "numeric(5,2) UNIQUE",
        r#"{ make = "decimal", min = 0, max = 10.5, unique = true }"#,
    ),
    (
        "time UNIQUE",
        r#"{ make = "time", min = "08:00", max = "08:20", unique = true }"#,
    ),
    (
        "interval UNIQUE",
        r#"{ make = "interval", min = 86000, max = 87000, unique = true }"#,
    ),
    (
        "int4range, EXCLUDE USING gist (n WITH &&)",
        r#"{ make = "range", min = 0, max = 5000, length = 5, disjoint = true, unique = true }"#,
    ),
    (
        "uuid REFERENCES distinct_ones",
        r#"{ make = "reference", to = "distinct_ones.a" }"#,
    ),
];

const TABLES: &[(&str, &[Column])] = &[
    ("read", READ),
    ("sent", SENT_AS_TEXT),
    ("distinct_ones", DISTINCT),
];

/// `a` to `z`, then `aa`, `ab` …
fn column_name(place: usize) -> String {
    let letter = |place: usize| char::from(b'a' + u8::try_from(place % 26).unwrap());
    match place / 26 {
        0 => letter(place).to_string(),
        before => [letter(before - 1), letter(place)].iter().collect(),
    }
}

/// The dataset and its schema, with each table's columns named in order.
fn dataset(dir: &Workdir) {
    let mut toml = String::from("schema = \"schema.sql\"\n");
    let mut sql =
        String::from("CREATE EXTENSION hstore; CREATE EXTENSION ltree; CREATE EXTENSION citext;");
    sql.push_str(SETUP);
    sql.push_str(";\nCREATE DOMAIN codes AS text[];\nCREATE DOMAIN places AS codes CHECK (cardinality(VALUE) > 0);\n");
    for (table, columns) in TABLES {
        writeln!(
            toml,
            "[tables.{table}]\nrows = 1000\n[tables.{table}.columns]"
        )
        .unwrap();
        let mut definitions = Vec::new();
        for (place, (data_type, maker)) in columns.iter().enumerate() {
            let name = column_name(place);
            writeln!(toml, "{name} = {maker}").unwrap();
            definitions.push(format!("    \"{name}\" {data_type}"));
        }
        writeln!(
            sql,
            "CREATE TABLE {table} (\n{}\n);",
            definitions.join(",\n")
        )
        .unwrap();
    }
    dir.write("types.toml", toml);
    dir.write("schema.sql", sql);
}

fn contents(db: &Db, table: &str) -> Vec<Vec<Option<String>>> {
    db.rows(&format!("SELECT * FROM {table} ORDER BY a"))
}

/// Every column of the types that are read has an encoder, so that its table goes in binary.
fn ensure_binary(dir: &Workdir, db: &Db) {
    let dataset = Dataset::open(dir.path("types.toml").to_str().unwrap()).unwrap();
    let columns = block_on(async {
        let client = connect(&db.url()).await;
        let table = catalog::find(&client, None, "read").await.unwrap().unwrap();
        catalog::columns(&client, Scope::Tables(&[table]))
            .await
            .unwrap()
    });
    for (spec, column) in dataset.tables[0].columns.iter().zip(&columns) {
        let encoder = FieldEncoder::new(spec.kind, &column.data_type);
        assert!(encoder.is_some(), "{} {}", column.name, column.type_name);
    }
}

#[test]
fn every_scalar_type_has_a_maker() {
    let names = TABLES.iter().flat_map(|(_, columns)| *columns);
    let names: Vec<&str> = names
        .map(|(data_type, _)| data_type.split(['(', '[']).next().unwrap())
        .collect();
    let short = |scalar: Scalar| match scalar.name() {
        "character varying" => "varchar",
        "character" => "char",
        "bit varying" => "varbit",
        "time without time zone" => "time",
        "time with time zone" => "timetz",
        "timestamp without time zone" => "timestamp",
        "timestamp with time zone" => "timestamptz",
        name => name,
    };
    for &scalar in Scalar::ALL {
        let name = short(scalar);
        assert!(
            names
                .iter()
                .any(|it| it.trim_end_matches(" PRIMARY KEY") == name),
            "{name}"
        );
    }
}

#[test]
fn rows_of_every_type_are_the_same_by_run_and_from_files() {
    let dir = Workdir::new("every_type");
    dataset(&dir);
    let (streamed, loaded) = (Db::new("every_type_run"), Db::new("every_type_load"));
    let url = streamed.url();
    dir.seedrow([
        "run",
        "--dataset",
        "types.toml",
        "--tables",
        "read,sent,distinct_ones",
        "--url",
        &url,
    ])
    .exits(0);
    dir.seedrow(["generate", "--dataset", "types.toml", "--out", "out"])
        .exits(0);
    dir.seedrow([
        "load",
        "out",
        "--dataset",
        "types.toml",
        "--url",
        &loaded.url(),
    ])
    .exits(0);
    ensure_binary(&dir, &streamed);
    for (table, columns) in TABLES {
        let (one, other) = (contents(&streamed, table), contents(&loaded, table));
        assert_eq!(one.len(), 1000);
        for (one, other) in one.iter().zip(&other) {
            for (place, (data_type, maker)) in columns.iter().enumerate() {
                assert_eq!(one[place], other[place], "{table}: {data_type} = {maker}");
            }
        }
        for (place, (data_type, maker)) in columns.iter().enumerate() {
            let is_null = one.iter().filter(|row| row[place].is_none()).count();
            assert!(
                is_null == 0 || maker.contains("null ="),
                "{data_type} = {maker}"
            );
        }
    }
    let distinct =
        streamed.value("SELECT count(DISTINCT ae) || ' ' || count(DISTINCT af) FROM read");
    assert_eq!(distinct, "1000 1000");
    let rising = "SELECT bool_and(af > before) FROM (SELECT af, lag(af) OVER (ORDER BY a) AS before FROM read) AS t";
    assert_eq!(streamed.value(rising), "t");
}

/// A file of `docs/datasets.md`, which has an example of each maker.
fn documented(name: &str) -> &'static str {
    let page = include_str!("../../docs/datasets.md");
    let (_, rest) = page
        .split_once(&format!("<!-- file: {name} -->\n```"))
        .unwrap();
    let (_, rest) = rest.split_once('\n').unwrap();
    rest.split_once("\n```").unwrap().0
}

#[test]
fn every_maker_makes_the_same_bytes_in_any_number_of_threads() {
    let dir = Workdir::new("threads");
    let datasets = ["samples", "tracker", "statistics"];
    for name in ["colours.txt", "sizes.txt"] {
        dir.write(name, documented(name));
    }
    for dataset in datasets {
        for name in ["sql", "toml"].map(|ending| format!("{dataset}.{ending}")) {
            dir.write(&name, documented(&name));
        }
    }
    for dataset in datasets {
        let made = |jobs: &str| {
            let (out, toml) = (format!("{dataset}{jobs}"), format!("{dataset}.toml"));
            dir.seedrow([
                "generate",
                "--dataset",
                &toml,
                "--rows",
                "4k",
                "--jobs",
                jobs,
                "--out",
                &out,
            ])
            .exits(0);
            let files = std::fs::read_dir(dir.path(&out)).unwrap();
            let names = files.map(|it| it.unwrap().file_name().into_string().unwrap());
            let mut names: Vec<String> = names.filter(|it| it.ends_with(".csv")).collect();
            names.sort();
            let text = |name: &String| dir.read(&format!("{out}/{name}"));
            names.iter().map(text).collect::<Vec<String>>()
        };
        assert!(made("1") == made("3"), "{dataset}");
    }
}

/// A column's maker, and what the message says of it.
const MISTAKES: &[(&str, &str)] = &[
    (r#""uid""#, "unknown maker `uid`; did you mean `uuid`?"),
    (
        r#"{ make = "uuid", version = 1 }"#,
        "column `x`, `version`: version 1 is not made; 4 or 7",
    ),
    (
        r#"{ make = "uuid", min = "2020-01-01" }"#,
        "unknown key `min`",
    ),
    (
        r#"{ make = "uuid", version = 7, min = "1969-01-01" }"#,
        "before 1970-01-01",
    ),
    (
        r#"{ make = "uuid", version = 7, min = "2024-01-02", max = "2024-01-01" }"#,
        "`max` is before `min`",
    ),
    (r#"{ make = "decimal", min = 0 }"#, "`max` is missing"),
    (
        r#"{ make = "decimal", min = 0, max = 1.005 }"#,
        "`max`: expected a number with at most 2 decimals and 18 digits",
    ),
    (
        r#"{ make = "decimal", min = 0, max = 1, scale = 19 }"#,
        "`scale`: 0 to 18 decimals are possible",
    ),
    (
        r#"{ make = "float", min = 2, max = 1 }"#,
        "`max` is below `min`: 1 < 2",
    ),
    (
        r#"{ make = "float", min = 0, max = 1e300 }"#,
        "`max`: expected a number with at most 6 decimals",
    ),
    (
        r#"{ make = "sequence", step = 0 }"#,
        "`step` is 0; one number for all rows is `make = \"value\"`",
    ),
    (r#""value""#, "`of` is missing"),
    (
        r#"{ make = "value", of = [1] }"#,
        "`of`: expected text, found array",
    ),
    (
        r#"{ make = "time", min = "8:30" }"#,
        "`8:30` is not a time of day; write it as \"08:30\"",
    ),
    (
        r#"{ make = "time", min = "24:00" }"#,
        "`24:00` is not a time of day",
    ),
    (
        r#"{ make = "time", min = "09:00", max = "08:00" }"#,
        "`max` is before `min`",
    ),
    (
        r#"{ make = "interval", min = -5, max = 5 }"#,
        "`min` and `max` are seconds: from 0",
    ),
    (
        r#"{ make = "text", length = 5, min = 3 }"#,
        "`min`: `length` says it already",
    ),
    (
        r#"{ make = "text", min = 30, max = 20 }"#,
        "`max`: `max` is below `min`: 20 < 30",
    ),
    (
        r#"{ make = "text", max = 0 }"#,
        "an empty text is `{ make = \"value\", of = \"\" }`",
    ),
    (
        r#"{ make = "text", max = -1 }"#,
        "`max`: 0 to 100000 are possible",
    ),
    (
        r#"{ make = "code", alphabet = "Z-A" }"#,
        "`alphabet`: `Z-A` goes backwards",
    ),
    (
        r#"{ make = "code", alphabet = "a" }"#,
        "`alphabet`: it needs two characters at least",
    ),
    (
        r#"{ make = "code", length = 2000 }"#,
        "`length`: 0 to 1000 are possible",
    ),
    (
        r#"{ make = "pattern", of = "(a" }"#,
        "no texts can be made for `(a`: unclosed group",
    ),
    (
        r#"{ make = "pattern", of = "^(?=.*[0-9])[a-z]+$" }"#,
        "look-around",
    ),
    (
        r#"{ make = "pattern", of = "^[A-Z]{4}$", max = 3 }"#,
        "the shortest has 4",
    ),
    (
        r#"{ make = "pattern", of = '(a)\1' }"#,
        "refers back to a group",
    ),
    (
        r#"{ make = "inet", version = 5 }"#,
        "version 5 is not made; 4 or 6",
    ),
    (
        r#"{ make = "macaddr", bytes = 7 }"#,
        "a `macaddr` has 6 bytes, a `macaddr8` has 8",
    ),
    (
        r#"{ make = "bytea", length = 20000 }"#,
        "`length`: 0 to 10000 are possible",
    ),
    (
        r#"{ make = "range", of = "text", min = 0, max = 1 }"#,
        "unknown kind of bounds `text`; there is integer, date, timestamp",
    ),
    (
        r#"{ make = "range", min = 1, max = 1 }"#,
        "`max` must be above `min`, 1",
    ),
    (
        r#"{ make = "range", min = 0, max = 9, length = 10 }"#,
        "`length`: 1 to 9 are possible",
    ),
    (
        r#"{ make = "range", of = "date", min = 0, max = 9 }"#,
        "`min`: expected text",
    ),
    (
        r#"{ make = "range", min = 0, max = 9, disjoint = 1 }"#,
        "`disjoint`: expected true or false",
    ),
    (
        r#"{ make = "point", scale = 10 }"#,
        "`scale`: 0 to 9 decimals",
    ),
    (
        r#"{ make = "polygon", corners = 2 }"#,
        "`corners`: 3 to 6 are possible",
    ),
    (
        r#"{ make = "ltree", min = 0 }"#,
        "`min`: 1 to 100 are possible",
    ),
    (
        r#"{ make = "tsvector", words = 17 }"#,
        "`words`: 1 to 16 are possible",
    ),
    (r#""array""#, "`of` is missing"),
    (
        r#"{ make = "array", of = "uuids" }"#,
        "unknown maker `uuids`; did you mean `uuid`?",
    ),
    (
        r#"{ make = "array", of = { make = "uuid", digits = 4 } }"#,
        "unknown key `digits`",
    ),
    (
        r#"{ make = "array", of = { make = "array", of = "uuid" } }"#,
        "arrays of arrays are not made",
    ),
    (
        r#"{ make = "array", of = "uuid", min = 4, max = 3 }"#,
        "`max` is below `min`: 3 < 4",
    ),
    (
        r#"{ make = "json", of = '{"a": 1}' }"#,
        "names `{\"a\": 1}`, which is neither a column",
    ),
    (
        r#"{ make = "json", of = '{{"a": {id}' }"#,
        "makes no JSON such as `{\"a\": 0`",
    ),
    (
        r#"{ make = "json", of = '{{"a": "{nul}!"}}' }"#,
        "it needs the value of `nul`, which may be NULL",
    ),
    (
        r#"{ make = "json", of = '{{"a": {ids}}}' }"#,
        "names `{ids}`",
    ),
    (r#"{ make = "hstore", of = "a" }"#, "`of`: expected a table"),
    (r#"{ make = "hstore", of = {} }"#, "it has no key"),
    (r#"{ make = "xml", of = "<a>{ids}</a>" }"#, "names `{ids}`"),
    (
        r#"{ make = "after", of = "clock", min = 1, max = 5 }"#,
        "`after` needs a date or timestamp",
    ),
    (
        r#"{ make = "below", of = "price" }"#,
        "`below` needs numbers above 0, and `price` may be -0.50",
    ),
    (
        r#"{ make = "formula", of = "id * prize" }"#,
        "no column of this table is called `prize`; did you mean `price`?",
    ),
    (
        r#"{ make = "formula", of = "id / 2" }"#,
        "`/` isn't one of + - * ( )",
    ),
    (
        r#"{ make = "formula", of = "price + clock" }"#,
        "`formula` needs numbers, and `clock` is none",
    ),
    (
        r#"{ make = "formula", of = "id * id" }"#,
        "its value may have more than 18 digits",
    ),
    (
        r#"{ make = "total", of = "u.price", by = "id" }"#,
        "`u.price` names no column of another table",
    ),
    (
        r#"{ make = "total", of = "t.price", by = "id" }"#,
        "`total` needs a reference to this table that is never NULL; give `t.id` spread",
    ),
    (
        r#"{ make = "flag", of = "id" }"#,
        "give `id` spread = \"even\" or \"skewed\"",
    ),
    (
        r#"{ make = "after", of = "clock", as = "time", min = 1, max = 5 }"#,
        "unknown kind `time`",
    ),
];

#[test]
fn a_maker_with_a_wrong_key_or_value_says_what_is_possible() {
    let dir = Workdir::new("mistakes");
    dir.write("schema.sql", "");
    let columns = "id = \"serial\"\nnul = { make = \"text\", null = 0.5 }\nclock = \"time\"\n\
                   price = { make = \"decimal\", min = -0.5, max = 1 }\n";
    let mut others = Vec::new();
    for (maker, says) in MISTAKES {
        let toml = format!(
            "schema = \"schema.sql\"\n[tables.t]\nrows = 9\n[tables.t.columns]\n{columns}x = {maker}\n"
        );
        let path = dir.write("own.toml", toml);
        let error = match Dataset::open(path.to_str().unwrap()) {
            Ok(_) => "no mistake was found".to_owned(),
            Err(error) => error.to_string(),
        };
        if !error.contains("own.toml, line 9: ") || !error.contains(says) {
            others.push(format!("{maker}\n  {error}\n  {says}"));
        }
    }
    assert!(others.is_empty(), "{}", others.join("\n"));
}

#[test]
fn a_maker_that_does_not_fit_its_columns_type_is_refused_before_a_row_is_loaded() {
    let dir = Workdir::new("unfit");
    for (data_type, maker, says) in [
        (
            "integer",
            r#""uuid""#,
            "is integer, and table `t` fills it with uuids",
        ),
        (
            "date",
            r#""time""#,
            "is date, and table `t` fills it with times of day",
        ),
        ("uuid", r#"{ make = "code", length = 5 }"#, "is not a UUID"),
        ("jsonb", r#"{ make = "text", max = 30 }"#, "is not JSON"),
        ("inet", r#"{ make = "macaddr" }"#, "x \""),
        (
            "numeric(4,2)",
            r#"{ make = "decimal", min = 500, max = 999 }"#,
            "numeric field overflow",
        ),
        (
            "mood",
            r#"{ make = "one-of", values = ["glad"] }"#,
            "is none of the type's labels",
        ),
    ] {
        let db = Db::new("unfit");
        dir.write(
            "schema.sql",
            format!("CREATE TYPE mood AS ENUM ('sad'); CREATE TABLE t (x {data_type})"),
        );
        let toml = format!(
            "schema = \"schema.sql\"\n[tables.t]\nrows = 9\n[tables.t.columns]\nx = {maker}\n"
        );
        dir.write("own.toml", toml);
        dir.seedrow(["run", "--dataset", "own.toml", "--url", &db.url()])
            .exits(2)
            .stderr_has(says);
        assert!(
            db.rows("SELECT 1 FROM pg_class WHERE relname = 't'")
                .is_empty()
                || db.value("SELECT count(*) FROM t") == "0"
        );
    }
}

#[test]
fn a_generated_value_that_only_the_server_can_read_names_its_maker_when_it_is_refused() {
    let (dir, db) = (Workdir::new("refused"), Db::new("refused"));
    for (data_type, maker, says) in [
        (
            "money",
            r#"{ make = "text", min = 3, max = 9 }"#,
            "invalid input syntax for type money",
        ),
        (
            "point",
            r#"{ make = "value", of = "(1,)" }"#,
            "column x, value \"(1,)\": invalid input syntax for type point",
        ),
        (
            "xml",
            r#"{ make = "value", of = "<a>" }"#,
            "column x, value \"<a>\": invalid XML content",
        ),
        (
            "integer CHECK (x > 3)",
            r#"{ make = "sequence" }"#,
            "violates check constraint",
        ),
    ] {
        db.execute("DROP SCHEMA IF EXISTS seedrow CASCADE; DROP TABLE IF EXISTS t");
        dir.write("schema.sql", format!("CREATE TABLE t (x {data_type})"));
        let toml = format!(
            "schema = \"schema.sql\"\n[tables.t]\nrows = 9\n[tables.t.columns]\nx = {maker}\n"
        );
        dir.write("own.toml", toml);
        let todo = match data_type.contains("CHECK") {
            true => "correct the makers of t in own.toml, line 2, so that t_x_check holds",
            false => {
                "correct the maker of t.x in own.toml, line 5; a column that the dataset leaves out"
            }
        };
        dir.seedrow(["run", "--dataset", "own.toml", "--url", &db.url()])
            .exits(2)
            .stderr_has("generated, row 1 of t: ")
            .stderr_has(says)
            .stderr_has(todo);
        assert_eq!(db.value("SELECT count(*) FROM t"), "0");
    }
}
