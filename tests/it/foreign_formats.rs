//! Foreign files of every format, encoding and compression: the same rows as psql's `\copy` of the plain CSV.

use std::io::{Cursor, Write};
use std::process::Command;

use crate::shop::{DATASET, Shop, between, typed};
use crate::support::{Db, Run, Workdir, run};
use encoding_rs::{Encoding, UTF_16BE, UTF_16LE, WINDOWS_1252};
use flate2::write::GzEncoder;
use serde_json::json;

/// Texts with all that formats treat in their own way; NULL is an empty bare field.
const ROWS: &[[&str; 4]] = &[
    ["1", "1", "Rex", "30"],
    ["2", "1", "", "4"],
    ["3", "2", "Zoë, \"the\" cat", ""],
    ["4", "2", "two\nlines; a|b\tc::d", "5"],
    ["5", "1", "back\\slash 'n' café", "-6"],
];

const HEADER: [&str; 4] = ["id", "owner_id", "name", "weight"];

/// The rows as CSV.
fn csv() -> String {
    written(",", "\n", |field| match field {
        "" => String::new(),
        field => format!("\"{}\"", field.replace('"', "\"\"")),
    })
}

/// The rows with a delimiter, each field written by a function.
fn written(delimiter: &str, end: &str, field: impl Fn(&str) -> String) -> String {
    let mut text = HEADER.join(delimiter) + end;
    for row in ROWS {
        let fields: Vec<String> = row.iter().map(|text| field(text)).collect();
        text += &(fields.join(delimiter) + end);
    }
    text
}

/// Postgres' text format.
fn copy_text(delimiter: &str) -> String {
    written(delimiter, "\n", |field| match field {
        "" => "\\N".to_owned(),
        field => field
            .replace('\\', "\\\\")
            .replace('\n', "\\n")
            .replace('\t', "\\t")
            .replace('|', "\\|"),
    })
}

/// As MySQL writes strings in quotes.
fn mysql() -> String {
    written(",", "\n", |field| match field {
        "" => "\\N".to_owned(),
        field => {
            let escaped = field.replace('\\', "\\\\").replace('"', "\\\"");
            format!("\"{}\"", escaped.replace('\n', "\\\n"))
        }
    })
}

fn encoded(encoding: &'static Encoding, text: &str) -> Vec<u8> {
    let units = || text.encode_utf16();
    match encoding {
        it if it == UTF_16LE => units().flat_map(u16::to_le_bytes).collect(),
        it if it == UTF_16BE => units().flat_map(u16::to_be_bytes).collect(),
        it => it.encode(text).0.into_owned(),
    }
}

fn compressed(kind: &str, text: &[u8]) -> Vec<u8> {
    match kind {
        "gz" => {
            let mut writer = GzEncoder::new(Vec::new(), flate2::Compression::default());
            writer.write_all(text).unwrap();
            writer.finish().unwrap()
        }
        "bz2" => {
            let mut writer = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
            writer.write_all(text).unwrap();
            writer.finish().unwrap()
        }
        "xz" => {
            let options = lzma_rust2::XzOptions::with_preset(1);
            let mut writer = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
            writer.write_all(text).unwrap();
            writer.finish().unwrap()
        }
        "zst" => zstd::encode_all(text, 1).unwrap(),
        "zip" => {
            let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
            let options = zip::write::SimpleFileOptions::default();
            writer.start_file("any name", options).unwrap();
            writer.write_all(text).unwrap();
            writer.finish().unwrap().into_inner()
        }
        kind => panic!("{kind}"),
    }
}

/// A file's bytes, and the options that it is loaded with.
fn cases() -> Vec<(Vec<u8>, Vec<&'static str>)> {
    let plain = csv();
    let quoted = |delimiter: &str| plain_with(delimiter, '"');
    let mut cases: Vec<(Vec<u8>, Vec<&'static str>)> = vec![
        (plain.clone().into(), vec![]),
        (
            format!("\u{feff}{plain}").into(),
            vec!["--encoding", "utf8"],
        ),
        (format!("sep=;\r\n{}", quoted(";")).into(), vec![]),
        (quoted("|").into(), vec!["--delimiter", "|"]),
        (quoted("::").into(), vec!["--delimiter", "::"]),
        (quoted("\t").into(), vec!["--delimiter", "tab"]),
        (plain_with(",", '\'').into(), vec!["--quote", "'"]),
        (mysql().into(), vec!["--escape", "backslash"]),
        (copy_text("\t").into(), vec!["--file-format", "text"]),
        (
            copy_text("|").into(),
            vec!["--file-format", "text", "--delimiter", "|"],
        ),
        (
            format!("{}\\.\n", copy_text("\t")).into(),
            vec!["--file-format", "text"],
        ),
        (
            format!("# a\n#b\n{plain}").into(),
            vec!["--skip-lines", "#"],
        ),
        (
            format!("export of\n\n{plain}").into(),
            vec!["--skip-lines", "2"],
        ),
        (
            trailing().into(),
            vec!["--delimiter", "|", "--trailing-delimiter"],
        ),
        (padded().into(), vec!["--trim"]),
        (
            plain
                .replace('\n', "\r\n")
                .replace("two\r\n", "two\n")
                .into(),
            vec![],
        ),
        (encoded(WINDOWS_1252, &plain), vec!["--encoding", "latin1"]),
        (encoded(WINDOWS_1252, &plain), vec!["--encoding", "WIN1252"]),
        (encoded(UTF_16LE, &plain), vec!["--encoding", "utf-16le"]),
    ];
    for encoding in [UTF_16LE, UTF_16BE] {
        cases.push((encoded(encoding, &format!("\u{feff}{plain}")), vec![]));
    }
    for kind in ["gz", "bz2", "xz", "zst", "zip"] {
        cases.push((compressed(kind, plain.as_bytes()), vec![]));
        let latin1 = encoded(WINDOWS_1252, &plain);
        cases.push((compressed(kind, &latin1), vec!["--encoding", "latin1"]));
    }
    cases
}

fn plain_with(delimiter: &str, quote: char) -> String {
    written(delimiter, "\n", |field| match field {
        "" => String::new(),
        field => format!(
            "{quote}{}{quote}",
            field.replace(quote, &format!("{quote}{quote}"))
        ),
    })
}

/// As TPC-H's files.
fn trailing() -> String {
    written("|", "|\n", |field| match field {
        "" => String::new(),
        field => format!("\"{}\"", field.replace('"', "\"\"")),
    })
}

fn padded() -> String {
    written(" , ", "\n", |field| match field {
        "" => String::new(),
        field => format!("\"  {} \"", field.replace('"', "\"\"")),
    })
}

#[test]
fn every_format_gives_the_rows_that_psql_gives() {
    let shop = Shop::new("every_format");
    shop.load(&[]).exits(0);
    shop.db.execute("CREATE TABLE twin (LIKE pets)");
    let path = shop.dir.write("plain.csv", csv());
    let copy = format!("\\copy twin FROM '{}' (FORMAT csv, HEADER)", path.display());
    let mut psql = Command::new("psql");
    psql.args(["-X", "-q", "-d", &shop.db.url(), "-c", &copy]);
    run(psql).exits(0);
    let differing = "SELECT count(*) FROM pets FULL JOIN twin USING (id, owner_id)
        WHERE (pets.name, pets.weight) IS DISTINCT FROM (twin.name, twin.weight)";
    for (number, (bytes, options)) in cases().into_iter().enumerate() {
        // The name says nothing.
        shop.dir.write("data/pets.csv", &bytes);
        let mut all = vec!["--replace", "--format", "json", "--tables", "pets"];
        all.extend(&options);
        let load = shop.load(&all).exits(0).json();
        assert_eq!(
            load["tables"][0]["loaded"],
            json!(5),
            "case {number}: {options:?}"
        );
        assert_eq!(shop.db.value(differing), "0", "case {number}: {options:?}");
        assert_eq!(shop.db.value("SELECT count(*) FROM pets"), "5");
    }
}

/// The columns of a table, a file's records, and what psql and seedrow make of these: the differences that are published.
const READ_OTHERWISE: &[(&str, &str, &str, &str)] = &[
    ("id int, name text", "1, \"a\" \n", "(1,\" a \")", "(1,a)"),
    (
        "id int, name text",
        "1,5\" nail\"\n",
        "(1,\"5 nail\")",
        "(1,\"5\"\" nail\"\"\")",
    ),
    ("id int, name text", "1,\"a\"b\n", "(1,ab)", ""),
    ("name text", "a\n\nb\n", "(a) () (b)", "(a) (b)"),
    ("id int, name text", "1,a\n\n2,b\n", "", "(1,a) (2,b)"),
];

#[test]
fn records_are_read_as_psql_does_but_for_the_differences_that_are_published() {
    let (dir, db) = (Workdir::new("read_otherwise"), Db::new("read_otherwise"));
    for (number, (columns, records, by_psql, by_seedrow)) in READ_OTHERWISE.iter().enumerate() {
        let (twin, own) = (format!("twin{number}"), format!("own{number}"));
        db.execute(&format!(
            "CREATE TABLE {twin} ({columns}); CREATE TABLE {own} ({columns})"
        ));
        let names = columns
            .replace(" int", "")
            .replace(" text", "")
            .replace(", ", ",");
        let path = dir.write("t.csv", format!("{names}\n{records}"));
        let copy = format!(
            "\\copy {twin} FROM '{}' (FORMAT csv, HEADER)",
            path.display()
        );
        let mut psql = Command::new("psql");
        psql.args(["-X", "-q", "-d", &db.url(), "-c", &copy]);
        run(psql).exits(if by_psql.is_empty() { 1 } else { 0 });
        let url = db.url();
        dir.seedrow(["load", "t.csv", "--into", &own, "--url", &url])
            .exits(if by_seedrow.is_empty() { 2 } else { 0 });
        for (table, expected) in [(twin, by_psql), (own, by_seedrow)] {
            let rows = db.value(&format!(
                "SELECT coalesce(string_agg(t::text, ' '), '') FROM {table} AS t"
            ));
            assert_eq!(rows, **expected, "{table}: {records:?}");
        }
    }
}

#[test]
fn files_without_quotes_are_read_as_they_are() {
    let shop = Shop::new("without_quotes");
    shop.pets("id\towner_id\tname\tweight\n1\t1\t\"Rex\t3\n2\t1\tMia \"x\"\t\\N\n");
    let dataset = DATASET.replace("\"null\", \"NULL\"", "\"\\\\N\"");
    shop.dir.write("shop.toml", &dataset);
    let options = [
        "--quote",
        "none",
        "--delimiter",
        "tab",
        "--file",
        "owners=data/o.tsv",
    ];
    shop.dir.write("data/o.tsv", "id\tname\n1\tAnn\n");
    shop.load(&[&options[..], &["--replace"]].concat()).exits(0);
    assert_eq!(shop.loaded_pets(), ["1|1|\"Rex|3", "2|1|Mia \"x\"|-"]);
    // The same in the dataset.
    let read = "file = \"pets.csv\"\nread = { quote = \"none\", delimiter = \"tab\" }";
    shop.dir
        .write("shop.toml", dataset.replace("file = \"pets.csv\"", read));
    shop.load(&["--replace"]).exits(0);
    assert_eq!(shop.loaded_pets().len(), 2);
}

#[test]
fn an_option_that_cannot_be_honoured_is_refused() {
    let shop = Shop::new("refused_options");
    let cases: &[(&[&str], &str)] = &[
        (
            &["--quote", "'", "--quote", "\""],
            "--quote is given twice for all files",
        ),
        (&["--quote", "ab"], "is no quote"),
        (&["--escape", "caret"], "is no escape"),
        (&["--encoding", "klingon"], "unknown encoding \"klingon\""),
        (&["--file-format", "xml"], "is no format"),
        (
            &["--file-format", "text", "--quote", "'"],
            "the text format has no quotes",
        ),
        (
            &["--quote", "none", "--one-line"],
            "where there are no quotes",
        ),
        (
            &["--quote", "|", "--delimiter", "|"],
            "the quote is in the delimiter",
        ),
        (
            &["--skip-lines", "9"],
            "data/owner.csv has 3 lines, and 9 are to be skipped",
        ),
        (
            &["--skip-lines", "//"],
            "--skip-lines: no first line of data/owner.csv, data/pets.csv begins so; leave the option out",
        ),
    ];
    for (options, message) in cases {
        shop.load(options).exits(2).stderr_has(message);
    }
    let trailing = "its header and its first record do not end with a delimiter; leave --trailing-delimiter out";
    for option in ["--trailing-delimiter", "--trailing-delimiter=pets"] {
        shop.load(&[option]).exits(2).stderr_has(trailing);
    }
    shop.pets(b"\xff\xfei\0d\0\n\0");
    shop.load(&["--encoding", "latin1"]).exits(2).stderr_has(
        "data/pets.csv begins with the byte-order mark of UTF-16, and latin1 was given",
    );
    shop.pets("sep=;\nid;owner_id;name;weight\n");
    shop.load(&["--delimiter", ","]).exits(2).stderr_has(
        "data/pets.csv, line 1: the file says that its delimiter is `;`; leave --delimiter out",
    );
    shop.generate();
    for option in [
        &["--encoding", "latin1"][..],
        &["--trim"],
        &["--missing", "default"],
    ] {
        shop.load(option).exits(2).stderr_has(option[0]);
    }
}

#[test]
fn bytes_that_an_encoding_lacks_cost_their_record_alone() {
    let shop = Shop::new("undecodable");
    shop.pets(b"id,owner_id,name,weight\n1,1,Zo\xeb,3\n2,1,a\x81b,4\n3,2,c,5\n");
    let options = ["--encoding", "windows-1252", "--max-rejects", "1"];
    shop.load(&options)
        .exits(0)
        .stdout_has("data/pets.csv, line 3: name ");
    assert_eq!(shop.loaded_pets(), ["1|1|Zoë|3", "3|2|c|5"]);
}

#[test]
fn what_is_not_printed_is_escaped_in_messages() {
    let shop = Shop::new("escaped_messages");
    let esc = "\u{1b}[31m";
    let files: &[&[u8]] = &[
        b"id\0\x1b,owner_id,name,weight\n",
        b"\x1b[31m;b;c\n",
        b"PK\x07\x08\x01\x02\x1b\x05\n",
        b"id,owner_id,name,weight\n\x1b[31m,1,a,2\n1,1,a,\x1b[31m\x07\n",
        b"\x1f\x8bnothing",
    ];
    for file in files {
        shop.pets(file);
        let load = shop.load(&["--max-rejects", "1"]).exits(2);
        load.lacks(esc).lacks("\u{7}").lacks("\0");
    }
    shop.db
        .execute("DROP SCHEMA IF EXISTS seedrow CASCADE; DROP TABLE IF EXISTS pets");
    shop.db.execute("CREATE TABLE pets (id int PRIMARY KEY, owner_id int, name text CHECK (name > 'b'), weight int)");
    shop.pets(format!("id,owner_id,name,weight\n1,1,{esc},2\n"));
    shop.load(&["--replace"]).exits(2).lacks(esc);
}

#[test]
fn rejected_records_are_corrected_in_the_format_of_their_file() {
    let cases: &[(&str, &[&str], &str)] = &[
        (
            "::",
            &["--delimiter", "::"],
            "id::owner_id::name::weight\n1::1::Rex::x\n2::2::\"Mia\"::4\n",
        ),
        (
            "text",
            &["--file-format", "text"],
            "id\towner_id\tname\tweight\n1\t1\tRex\tx\n2\t2\tMia\t4\n",
        ),
        (
            "latin1",
            &["--quote", "'", "--encoding", "latin1", "--skip-lines", "1"],
            "by hand\nid,owner_id,name,weight\n1,1,'Rex',x\n2,2,'Mia',4\n",
        ),
    ];
    for (name, options, file) in cases {
        let shop = Shop::new(&format!("corrected_{}", name.replace(':', "c")));
        shop.load(&["--tables", "owners"]).exits(0);
        shop.pets(file);
        let all = [&["--tables", "pets", "--max-rejects", "1"], *options].concat();
        let load = shop.load(&all).exits(0);
        let command = between(&load.stdout, "then run: ", "\n").to_owned();
        let rejects = shop.dir.read("rejects/pets.csv").replace("x\n", "30\n");
        shop.dir.write("rejects/pets.csv", rejects);
        typed(&shop.dir, &command).exits(0);
        assert_eq!(shop.loaded_pets(), ["1|1|Rex|30", "2|2|Mia|4"], "{name}");
    }
}

#[test]
fn a_folder_has_compressed_files_by_their_names() {
    let shop = Shop::new("compressed_names");
    std::fs::remove_file(shop.dir.path("data/pets.csv")).unwrap();
    for suffix in ["zst", "bz2", "xz", "zip"] {
        let name = format!("data/pets.csv.{suffix}");
        let path = shop.dir.write(&name, compressed(suffix, csv().as_bytes()));
        shop.load(&["--replace"]).exits(0);
        assert_eq!(shop.counts(), "2 5", "{suffix}");
        std::fs::remove_file(path).unwrap();
    }
}

#[test]
fn a_delimiter_behind_the_last_field_and_skipped_lines_are_named() {
    let (dir, db) = (Workdir::new("trailing"), Db::new("trailing"));
    db.execute("CREATE TABLE t (id int, name text)");
    let load = |args: &[&str]| {
        let url = db.url();
        let own = ["load", "t.csv", "--into", "t", "--replace", "--url", &url];
        dir.seedrow(own.iter().chain(args))
    };
    let helps = |refused: Run| {
        let (_, command) = refused
            .stderr
            .split_once("with a delimiter, run: ")
            .unwrap();
        dir.shell(command.lines().next().unwrap()).exits(0);
        assert_eq!(
            db.value("SELECT string_agg(t::text, ' ') FROM t"),
            "(1,a) (2,b)"
        );
    };
    // In the header and in the records, or in these alone.
    dir.write("t.csv", "id,name,\n1,a,\n2,b,\n");
    helps(
        load(&[])
            .exits(2)
            .stderr_has("t.csv, line 1: a delimiter follows the last name, `id,name`"),
    );
    dir.write("t.csv", "id,name\n1,a,\n2,b,\n");
    load(&["--max-rejects", "9"])
        .exits(0)
        .stdout_has("line 2: 3 fields, and the header has 2; `--trailing-delimiter` reads records that end with a delimiter");
    load(&["--trailing-delimiter"]).exits(0);
    assert_eq!(db.value("SELECT count(*) FROM t"), "2");
    db.execute("DROP TABLE t");
    dir.write("t.csv", "id,name,\n1,a,\n2,b,\n");
    helps(
        load(&["--create"])
            .exits(2)
            .stderr_has("t.csv, line 1: field 3 has no name"),
    );
    // A header behind other lines.
    let cases = [
        (
            "# a\n# b\nid,nam\n",
            "#",
            "t.csv, line 3: unknown column `nam`",
        ),
        (
            "# a\n# b\n\nid\n",
            "2",
            "t.csv, line 4: column `name` of table t is missing",
        ),
        (
            "x\nid,name,id\n",
            "1",
            "t.csv, line 2: column `id` is named twice",
        ),
        (
            "x\n1,a\n",
            "1",
            "t.csv, line 2: `1,a` names no column of table t",
        ),
        (
            "x\nid;name\n",
            "1",
            "t.csv, line 2: the header is one field, `id;name`",
        ),
    ];
    for (text, skip, message) in cases {
        dir.write("t.csv", text);
        load(&["--skip-lines", skip]).exits(2).stderr_has(message);
    }
}
