//! `seedrow load --create`: tables that don't exist are created with the types that all records of their files have.

use std::io::Write;

use crate::shop::between;
use crate::support::{Db, Run, Workdir};

/// Of every type, and of what looks like one and is text.
const READINGS: &str = "id,serial,Unit Price,big,ratio,ok,letter,key,day,at,since,code,note,user\n\
    1,5,10.50,1,1e-05,true,t,6ec0bd7f-11c0-43da-975e-2a8ad9ebae0b,2024-02-29,2024-02-29 12:00,2024-02-29 12:00:00+02,007,a,x\n\
    2,5,,3000000000,.5,FALSE,f,7EC0BD7F-11C0-43DA-975E-2A8AD9EBAE0B,,2024-02-29T12:00:00.5,2024-02-29T12:00Z,1,\"b, c\",\n\
    30,-7,3,-1,2,,f,,1999-12-31,2024-02-29,,12E4,\"\",\"y\"\n";

/// Its columns with their types.
const COLUMNS: &str = "id integer, serial integer, Unit Price numeric, big bigint, ratio numeric, ok boolean, \
    letter boolean, key uuid, day date, at timestamp without time zone, since timestamp with time zone, code text, \
    note text, user text";

fn load(dir: &Workdir, db: &Db, args: &[&str]) -> Run {
    let url = db.url();
    dir.seedrow(["load"].iter().chain(args).copied().chain(["--url", &url]))
}

/// The columns of a table with their types, in order.
fn columns(db: &Db, table: &str) -> String {
    db.value(&format!(
        "SELECT string_agg(concat(attname, ' ', format_type(atttypid, atttypmod)), ', ' ORDER BY attnum)
        FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnum > 0"
    ))
}

fn gzipped(text: &str) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(text.as_bytes()).unwrap();
    gzip.finish().unwrap()
}

#[test]
fn a_file_becomes_a_table_with_the_types_of_its_texts() {
    let (dir, db) = (Workdir::new("types"), Db::new("types"));
    dir.write("readings.csv", READINGS);
    // Read alone, nothing is created.
    let create = ["readings.csv", "--into", "readings", "--create"];
    let checked = dir
        .seedrow(["load"].iter().chain(&create).chain(&["--check-only", "--quiet"]))
        .exits(0)
        .stdout_has("readings  readings.csv     3       3         0        0         0")
        .stderr_has("-- readings.csv\nCREATE TABLE readings (\n    id integer PRIMARY KEY,\n    serial integer,\n")
        .stderr_has("    \"Unit Price\" numeric,\n")
        .stderr_has("    \"user\" text\n);\n");
    assert_eq!(
        db.value("SELECT count(*) FROM pg_class WHERE relname = 'readings'"),
        "0"
    );
    let ddl = checked.stderr.clone();

    load(&dir, &db, &create).exits(0).stderr_has(&ddl);
    assert_eq!(columns(&db, "readings"), COLUMNS);
    assert_eq!(
        db.value(
            "SELECT string_agg(r::text, E'\\n' ORDER BY id) FROM (SELECT * FROM readings) AS r"
        ),
        "(1,5,10.50,1,0.00001,t,t,6ec0bd7f-11c0-43da-975e-2a8ad9ebae0b,2024-02-29,\"2024-02-29 12:00:00\",\
         \"2024-02-29 10:00:00+00\",007,a,x)\n\
         (2,5,,3000000000,0.5,f,f,7ec0bd7f-11c0-43da-975e-2a8ad9ebae0b,,\"2024-02-29 12:00:00.5\",\
         \"2024-02-29 12:00:00+00\",1,\"b, c\",)\n\
         (30,-7,3,-1,2,,f,,1999-12-31,\"2024-02-29 00:00:00\",,12E4,\"\",y)"
    );
    // It exists now, and so does the load.
    load(&dir, &db, &create)
        .exits(0)
        .stdout_has("this load was completed before")
        .stderr_has("readings exists, and is used as it is, with its own columns and types");
    let json = ["--check-only", "--format", "json", "--quiet"];
    let json = dir
        .seedrow(["load"].iter().chain(&create).chain(&json))
        .exits(0)
        .json();
    assert!(
        ddl.contains(json["created"]["readings"].as_str().unwrap()),
        "{json}"
    );
    // The key holds for what is added.
    load(
        &dir,
        &db,
        &["readings.csv", "--into", "readings", "--create", "--append"],
    )
    .exits(2)
    .stderr_has("id");
    // A column of whole numbers that were written otherwise.
    dir.write(
        "more.csv",
        READINGS
            .replace("\n1,", "\n41,")
            .replace("\n2,", "\nx,")
            .replace("\n30,", "\n43,"),
    );
    let more = ["more.csv", "--into", "readings", "--create", "--append"];
    load(&dir, &db, &[&more[..], &["--max-rejects", "1"]].concat())
        .exits(0)
        .stdout_has("line 3: id \"x\" is not an integer");
    assert_eq!(db.value("SELECT count(*) FROM readings"), "5");
}

#[test]
fn a_folder_becomes_tables_those_that_exist_stay() {
    let (dir, db) = (Workdir::new("folder"), Db::new("folder"));
    db.execute(
        "CREATE TABLE venues (id smallint PRIMARY KEY, name varchar(40) NOT NULL, opened text)",
    );
    dir.write("d/Venues.csv", "id,name,opened\n1,Park,2020-01-01\n");
    dir.write("d/Order Lines.csv", "Order ID,Line\n7,1\n7,2\n");
    dir.write(
        "d/sensors.csv.gz",
        gzipped("id;at\n1;2024-01-01\n").as_slice(),
    );
    dir.write("d/empty.csv", "a,b\n");
    dir.write("d/sensors.toml", "");
    let zipped = zstd::encode_all("x,Ünder\n1.5,é\n".as_bytes(), 1).unwrap();
    dir.write("d/packed.csv.zst", zipped);
    // One delimiter is all files'.
    let refused = load(&dir, &db, &["d", "--create"]).exits(2).stderr_has(
        "d/sensors.csv.gz, line 1: the header is one field, `id;at`; are fields separated by `;`?",
    );
    assert!(
        refused.stderr.contains("--header=sensors"),
        "{}",
        refused.stderr
    );
    dir.write(
        "d/sensors.csv.gz",
        gzipped("id,at\n1,2024-01-01\n").as_slice(),
    );
    let before = columns(&db, "venues");
    load(&dir, &db, &["d", "--create"])
        .exits(0)
        .stdout_has("order_lines  Order Lines.csv     2       2")
        .stderr_has("venues exists, and is used as it is")
        .stderr_has(
            "CREATE TABLE order_lines (\n    \"Order ID\" integer,\n    \"Line\" integer\n);",
        );
    assert_eq!(columns(&db, "venues"), before);
    assert_eq!(columns(&db, "sensors"), "id integer, at date");
    assert_eq!(columns(&db, "empty"), "a text, b text");
    assert_eq!(columns(&db, "packed"), "x numeric, Ünder text");
    assert_eq!(db.value("SELECT \"Ünder\" FROM packed"), "é");
    load(&dir, &db, &["d", "--create"])
        .exits(0)
        .stdout_has("this load was completed before");
    // The indexes of what was created are seedrow's to build.
    let known =
        db.value("SELECT string_agg(table_name, ' ' ORDER BY table_name) FROM seedrow.tables");
    assert_eq!(known, "empty order_lines packed sensors venues");
    // Some of them, elsewhere.
    load(
        &dir,
        &db,
        &[
            "d",
            "--create",
            "--tables",
            "empty,sensors",
            "--target-schema",
            "other",
        ],
    )
    .exits(0);
    assert_eq!(columns(&db, "other.sensors"), "id integer, at date");
    assert_eq!(db.value("SELECT to_regclass('other.packed') IS NULL"), "t");
    load(&dir, &db, &["d", "--create", "--tables", "sensor"])
        .exits(2)
        .stderr_has("--tables: no file goes to a table `sensor`");
    db.execute("CREATE VIEW v AS SELECT 1 AS a");
    load(&dir, &db, &["d/empty.csv", "--into", "v", "--create"])
        .exits(2)
        .stderr_has("v exists already and is a view");
}

#[test]
fn options_and_several_files_decide_types_together() {
    let (dir, db) = (Workdir::new("options"), Db::new("options"));
    dir.write(
        "part-1.csv",
        "# export\nwhen|price|n|text\n3/4/2024|$1,234.50|NA|a\n",
    );
    dir.write(
        "part-2.csv",
        "# export\nwhen|price|n|text\n12/31/2024|7|5|NA\nbroken\n13/1/2024|1|x|y\n",
    );
    let files = ["--file", "parts=part-*.csv", "--create"];
    let format = ["--skip-lines", "#", "--delimiter", "|"];
    let values = [
        "--date-format",
        "M/D/YYYY",
        "--currency",
        "$",
        "--nulls",
        "NA",
    ];
    let lenient = [&files[..], &format, &values, &["--max-rejects", "9"]].concat();
    load(&dir, &db, &lenient)
        .exits(2)
        .stderr_has("CREATE TABLE parts (\n    \"when\" text,\n    price numeric,\n    n text,")
        .stderr_has("parts.when is text because of \"13/1/2024\" in line 5; with --nulls 13/1/2024 it is date")
        .stderr_has("--date-format is for columns of dates or times, and the files of parts have none");
    assert_eq!(db.value("SELECT to_regclass('parts') IS NULL"), "t");
    dir.write(
        "part-2.csv",
        dir.read("part-2.csv").replace("13/1/", "1/13/"),
    );
    let texts = load(&dir, &db, &lenient)
        .exits(0)
        .stderr_has("-- part-1.csv, part-2.csv\nCREATE TABLE parts (\n    \"when\" date,\n    price numeric,\n    n text,")
        .stderr_has("parts.n is text because of \"x\" in line 5; with --nulls x it is integer")
        .stdout_has("part-2.csv, line 4: 1 field, and the header has 4");
    // What was rejected is added as the message says, with all options that it takes to read it.
    dir.write(
        "rejects/parts.csv",
        dir.read("rejects/parts.csv")
            .replace("|broken", "|1/2/2024|$3|NA|z"),
    );
    let command = between(&texts.stdout, "then run: ", "\n");
    dir.shell(command).exits(0);
    assert_eq!(db.value("SELECT price FROM parts WHERE text = 'z'"), "3");
    // Without the odd record, the same files have other types.
    dir.write(
        "part-2.csv",
        "# export\nwhen|price|n|text\n12/31/2024|7|5|NA\n",
    );
    db.execute("DROP TABLE parts");
    load(&dir, &db, &[&files[..], &format, &values].concat()).exits(0);
    assert_eq!(
        columns(&db, "parts"),
        "when date, price numeric, n integer, text text"
    );
    assert_eq!(
        db.value("SELECT string_agg(p::text, ' ') FROM parts AS p"),
        "(2024-03-04,1234.50,,a) (2024-12-31,7,5,)"
    );
    // Empty texts, where no field means NULL.
    dir.write("t.csv", "a,n\n,1\nx,\n");
    load(
        &dir,
        &db,
        &["t.csv", "--into", "t", "--create", "--force-not-null"],
    )
    .exits(0)
    .stderr_has("CREATE TABLE t (\n    a text NOT NULL,\n    n integer\n);");
    // A stream is read once, and used twice.
    let url = db.url();
    dir.shell(&format!(
        "printf 'a\\n1\\n2\\n' | seedrow load --file 'My Table=-' --create --url '{url}'"
    ))
    .exits(0);
    assert_eq!(columns(&db, "\"My Table\""), "a integer");
    assert_eq!(db.value("SELECT sum(a) FROM \"My Table\""), "3");
}

/// A file, what is typed, what is said of it, and the columns once each proposed command was typed.
type Case<'a> = (&'a str, &'a [&'a str], &'a str, &'a [&'a str]);

#[test]
fn headers_that_name_no_columns_are_refused_with_commands_that_do() {
    let (dir, db) = (Workdir::new("headers"), Db::new("headers"));
    let long = "x".repeat(70);
    let long_header = format!("a,{long}\n1,2\n");
    let short = format!("a text, {} integer", "x".repeat(59)).replace("a text", "a integer");
    let cases: &[Case] = &[
        (
            "id,name,Name\n1,a,b\n",
            &[],
            "t.csv, line 1: two fields are called `Name`",
            &["id integer, name text, Name_2 text"],
        ),
        (
            "id,,name,\n1,a,b,c\n",
            &[],
            "t.csv, line 1: field 2 has no name",
            &["id integer, column_2 text, name text, column_4 text"],
        ),
        (&long_header, &[], "is longer than 63 bytes", &[&short]),
        (
            "1,Rex,3\n2,Tom,4\n",
            &[],
            "t.csv, line 1: `1,Rex,3` looks like a record",
            &[
                "column_1 integer, column_2 text, column_3 integer",
                "1 integer, Rex text, 3 integer",
            ],
        ),
        (
            "1,Rex,3\n2,Tom,4\n",
            &["--no-header"],
            "t.csv, line 1: without a header nothing names the columns of t",
            &["column_1 integer, column_2 text, column_3 integer"],
        ),
        (
            "a;b\n1;2\n",
            &[],
            "t.csv, line 1: the header is one field, `a;b`; are fields separated by `;`?",
            &["a integer, b integer", "a;b text"],
        ),
        (
            "x\ny\na,a\n1,2\n",
            &["--skip-lines", "2"],
            "t.csv, line 3: two fields are called `a`",
            &["a integer, a_2 integer"],
        ),
    ];
    for (file, typed, message, expected) in cases {
        dir.write("t.csv", file);
        let own = ["t.csv", "--into", "t", "--create"];
        let refused = load(&dir, &db, &[&own[..], typed].concat())
            .exits(2)
            .stderr_has(message);
        let commands = refused
            .stderr
            .lines()
            .filter_map(|line| line.split_once("run: "));
        let commands: Vec<&str> = commands.map(|(_, command)| command).collect();
        assert_eq!(commands.len(), expected.len(), "{}", refused.stderr);
        for (command, expected) in commands.iter().zip(*expected) {
            dir.shell(command).exits(0);
            assert_eq!(columns(&db, "t"), *expected, "{command}");
            db.execute("DROP TABLE t");
        }
    }
    let prose = "doesn't look like names of columns; is t.csv a CSV file?";
    for (file, message) in [
        ("", "t.csv is empty"),
        ("-,-\n1,2\n", "no field names a column of t"),
        ("# The files\n\nOrders, and more.\n", prose),
        ("These are the files of a shop\nb\n", prose),
        ("Hello, these are the files.\nid,n\n", prose),
        ("id   name\n1    Ann\n", prose),
        (
            "{\"a\": 1, \"b\": 2}\n",
            "behind a closing quote; a quote within a field is written twice; is it a CSV file?",
        ),
        ("{a: 1}\n", prose),
        (
            "id\u{1},\0\n1,2\n",
            "the name `id\\u{1}` has characters that aren't printed",
        ),
        ("<?xml version=\"1.0\"?>\n<a/>\n", prose),
        ("-- PostgreSQL database dump\nSELECT 1;\n", prose),
        (
            "Files\nOrders, items\nThese, those, others\n",
            "t.csv: 2 of 2 records fit no header of 1 field; is it a CSV file?",
        ),
    ] {
        dir.write("t.csv", file);
        load(&dir, &db, &["t.csv", "--into", "t", "--create"])
            .exits(2)
            .stderr_has(message);
        assert_eq!(db.value("SELECT to_regclass('t') IS NULL"), "t");
    }
    dir.write("t.csv", b"id,town\n1,K\xf6ln\n2,M\xfcnchen\n");
    let refused = load(&dir, &db, &["t.csv", "--into", "t", "--create"])
        .exits(2)
        .stderr_has("t.csv: 2 of 2 records are not UTF-8");
    dir.shell(between(&refused.stderr, "run: ", "\n")).exits(0);
    assert_eq!(
        db.value("SELECT string_agg(town, ' ') FROM t"),
        "Köln München"
    );
    db.execute("DROP TABLE t");
    dir.write("d/README.txt", "Hello\n");
    load(&dir, &db, &["d", "--create"])
        .exits(2)
        .stderr_has("d has no .csv file");
    // What is no text is no table's, whatever is said about its header.
    dir.write("b.csv", b"\x89\xfe\xa1,\xb5\xc3\n\x80\x91,\x8f\n");
    load(&dir, &db, &["b.csv", "--into", "b", "--create", "--header"])
        .exits(2)
        .stderr_has("has characters that aren't printed; is it a text file")
        .stderr_has("--encoding");
    assert_eq!(db.value("SELECT to_regclass('b') IS NULL"), "t");
    // One column is a file, too.
    for (file, columns_made) in [
        ("Full name\nAnn\n", "Full name text"),
        ("n\n1\n\n2\n", "n integer"),
    ] {
        dir.write("t.csv", file);
        load(&dir, &db, &["t.csv", "--into", "t", "--create"]).exits(0);
        assert_eq!(columns(&db, "t"), columns_made);
        db.execute("DROP TABLE t");
    }
    // Named columns, some passed over.
    dir.write("t.csv", "1,Rex,3\n2,Tom,4\n");
    load(
        &dir,
        &db,
        &[
            "t.csv",
            "--into",
            "t",
            "--create",
            "--no-header",
            "--columns",
            "t=id,-,Weight in kg",
        ],
    )
    .exits(0)
    .stderr_has("CREATE TABLE t (\n    id integer PRIMARY KEY,\n    \"Weight in kg\" integer\n);");
    assert_eq!(db.value("SELECT sum(\"Weight in kg\") FROM t"), "7");
    load(
        &dir,
        &db,
        &["t.csv", "--into", "u", "--create", "--schema", "x.sql"],
    )
    .exits(2)
    .stderr_has("cannot be used with");
}

#[test]
fn a_load_that_stopped_is_finished_by_the_same_command() {
    let (dir, db) = (Workdir::new("resume"), Db::new("resume"));
    let rows = |from: u32, to: u32| -> String {
        let row = |id| format!("{id},{}\n", "n".repeat(60));
        (from..=to).map(row).collect()
    };
    dir.write("d/b.csv", format!("id,name\n{}", rows(1, 30_000)));
    dir.write("d/a.csv", "x\n1\n");
    let command = ["d", "--create", "--commit", "segment"];
    dir.write("d/c.csv", "x\n1\n2,3\n");
    // One record too many: nothing of c is loaded, and its table isn't there.
    load(&dir, &db, &command)
        .exits(2)
        .stderr_has("--max-rejects 1");
    assert_eq!(db.value("SELECT to_regclass('c') IS NULL"), "t");
    load(&dir, &db, &[&command[..], &["--max-rejects", "1"]].concat()).exits(0);
    assert_eq!(db.value("SELECT count(*) FROM b"), "30000");
    // As a killed load leaves it: complete up to a record.
    let at = dir.read("d/b.csv").find("\n10001,").unwrap() + 1;
    db.execute(&format!(
        "UPDATE seedrow.loads SET finished_at = NULL;
        DELETE FROM b WHERE id > 10000;
        UPDATE seedrow.tables SET read = 10000, loaded = 10000, position = {at}, line = 10002 WHERE table_name = 'b'"
    ));
    load(&dir, &db, &[&command[..], &["--max-rejects", "1"]].concat())
        .exits(0)
        .stdout_has("b      b.csv  30,000  30,000");
    assert_eq!(db.value("SELECT count(*) FROM b"), "30000");
    assert_eq!(
        db.value(
            "SELECT count(*) FROM pg_constraint WHERE conrelid = 'b'::regclass AND contype = 'p'"
        ),
        "1"
    );
    // A file that has changed is loaded anew.
    dir.write("d/b.csv", format!("id,name\n{}", rows(5, 6)));
    load(&dir, &db, &command)
        .exits(2)
        .stderr_has("hold rows already");
    load(
        &dir,
        &db,
        &[&command[..], &["--replace", "--max-rejects", "1"]].concat(),
    )
    .exits(0);
    assert_eq!(db.value("SELECT count(*) FROM b"), "2");
}

#[test]
fn a_load_that_failed_leaves_no_empty_table_with_the_wrong_types() {
    let (dir, db) = (Workdir::new("failed"), Db::new("failed"));
    dir.write("d/b.csv", "x\n1\n");
    dir.write(
        "d/c.csv",
        format!("id,n\n1,5\n2,-\n3\n{}", "4,1\n".repeat(9)),
    );
    let first = load(&dir, &db, &["d", "--create", "--jobs", "1"]).exits(2);
    assert_eq!(db.value("SELECT to_regclass('c') IS NULL"), "t");
    // The command that is proposed, and a corrected one.
    dir.shell(between(&first.stderr, "leave them out, run: ", "\n"))
        .exits(0);
    assert_eq!(columns(&db, "c"), "id integer, n text");
    db.execute("DROP TABLE b, c; DROP SCHEMA seedrow CASCADE");
    load(&dir, &db, &["d", "--create", "--jobs", "1"]).exits(2);
    let corrected = ["d", "--create", "--nulls", "c=-", "--max-rejects", "1"];
    load(&dir, &db, &corrected)
        .exits(0)
        .lacks("is used as it is, with its own columns and types; to have them inferred, drop it first\nload: c");
    assert_eq!(columns(&db, "c"), "id integer, n integer");
    assert_eq!(columns(&db, "b"), "x integer");
}

#[test]
fn files_of_the_built_in_datasets_load_with_the_same_values() {
    let (dir, db) = (Workdir::new("built_in"), Db::new("built_in"));
    for dataset in ["catalog", "reviews", "questions", "images"] {
        let generate = [
            "generate",
            "--dataset",
            dataset,
            "--rows",
            "60",
            "--out",
            dataset,
        ];
        dir.seedrow(generate).exits(0);
        let (own, created) = (format!("{dataset}_own"), format!("{dataset}_created"));
        let json = ["--format", "json", "--target-schema"];
        let loaded = [&[dataset, "--dataset", dataset][..], &json, &[&own]].concat();
        let loaded = load(&dir, &db, &loaded).exits(0).json();
        // The manifest describes the dataset's tables: these are others.
        load(
            &dir,
            &db,
            &[dataset, "--create", "--target-schema", &created],
        )
        .exits(0);
        for table in loaded["tables"].as_array().unwrap() {
            let (name, file) = (
                table["name"].as_str().unwrap(),
                table["file"].as_str().unwrap(),
            );
            let text = dir.read(&format!("{dataset}/{file}"));
            let header = text.lines().next().unwrap();
            let rows = |table: String| {
                db.value(&format!(
                    "SELECT concat(count(*), ' ', sum(hashtextextended(ROW({header})::text, 0))) FROM {table}"
                ))
            };
            let stem = file.trim_end_matches(".csv");
            let (own, created) = (format!("{own}.{name}"), format!("{created}.{stem}"));
            assert_eq!(
                rows(own),
                rows(created.clone()),
                "{created}: {}",
                columns(&db, &created)
            );
        }
    }
    assert_eq!(
        columns(&db, "reviews_created.reviews"),
        "id integer, product_id integer, rating integer, date timestamp with time zone, summary text, body text, \
         recommend boolean, reported boolean, reviewer_name text, reviewer_email text, response text, helpfulness integer"
    );
}
