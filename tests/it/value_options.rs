//! The options that say how values are written, each on a server; what a session is set to changes none of them.

use crate::shop::between;
use crate::support::{Db, Run, Workdir};

fn load(dir: &Workdir, db: &Db, args: &[&str]) -> Run {
    let url = db.url();
    dir.seedrow(["load"].iter().chain(args).copied().chain(["--url", &url]))
}

/// A column's type, the options, the field, and the value that is loaded.
const VALUES: &[(&str, &[&str], &str, &str)] = &[
    (
        "date",
        &["--date-format", "M/D/YYYY"],
        "3/4/2024",
        "2024-03-04",
    ),
    (
        "date",
        &["--date-format", "DD.MM.YYYY"],
        "03.04.2024",
        "2024-04-03",
    ),
    (
        "date",
        &["--date-format", "YYYYMMDD"],
        "20240304",
        "2024-03-04",
    ),
    (
        "date",
        &["--date-format", "Mon D, YYYY"],
        "\"Mar 4, 2024\"",
        "2024-03-04",
    ),
    (
        "date",
        &["--date-format", "M/D/YYYY"],
        "2024-03-04",
        "2024-03-04",
    ),
    (
        "timestamp",
        &["--date-format", "D/M/YYYY HH:MM"],
        "3/4/2024 4:05 PM",
        "2024-04-03 16:05:00",
    ),
    (
        "timestamptz",
        &["--date-format", "D/M/YYYY"],
        "3/4/2024 04:05+02",
        "2024-04-03 02:05:00+00",
    ),
    (
        "timestamptz",
        &["--epoch", "s"],
        "1596080481",
        "2020-07-30 03:41:21+00",
    ),
    (
        "timestamp",
        &["--epoch", "ms"],
        "1596080481467",
        "2020-07-30 03:41:21.467",
    ),
    ("date", &["--epoch", "us"], "1596080481467000", "2020-07-30"),
    (
        "date",
        &["--epoch", "s", "--date-format", "D.M.YYYY"],
        "3.4.2024",
        "2024-04-03",
    ),
    ("numeric", &["--decimal", ","], "\"1.234,56\"", "1234.56"),
    ("float8", &["--decimal", ","], "\"0,5\"", "0.5"),
    ("integer", &["--decimal", ","], "1.234", "1234"),
    ("integer", &["--currency", "$"], "\"$1,234\"", "1234"),
    (
        "numeric(8,2)",
        &["--currency", "EUR", "--decimal", ","],
        "\"1.234,5 EUR\"",
        "1234.50",
    ),
    ("text", &["--nulls", "NA,-"], "NA", "NULL"),
    ("text", &["--nulls", "NA,-"], "\"NA\"", "NA"),
    ("integer", &["--nulls=-"], "-", "NULL"),
    ("text", &["--nulls", "NA", "--force-null"], "\"NA\"", "NULL"),
    ("text", &["--force-null"], "\"\"", "NULL"),
    ("text", &[], "\"\"", ""),
    ("integer", &[], "\"\"", "NULL"),
    ("text NOT NULL", &["--force-not-null"], "", ""),
    (
        "text NOT NULL",
        &["--force-not-null", "--nulls", "NA"],
        "NA",
        "NA",
    ),
];

#[test]
fn values_are_read_as_options_say() {
    let (dir, db) = (Workdir::new("read"), Db::new("read"));
    let tables = |(number, (data_type, ..)): (usize, &(&str, &[&str], &str, &str))| {
        format!("CREATE TABLE t{number} (id int, v {data_type});")
    };
    let ddl: String = VALUES.iter().enumerate().map(tables).collect();
    db.execute(&ddl);
    for (number, (data_type, options, field, expected)) in VALUES.iter().enumerate() {
        dir.write("v.csv", format!("id,v\n1,{field}\n"));
        let table = format!("t{number}");
        load(
            &dir,
            &db,
            &[&["v.csv", "--into", &table][..], options].concat(),
        )
        .exits(0);
        let value = db.value(&format!("SELECT coalesce(v::text, 'NULL') FROM {table}"));
        assert_eq!(value, *expected, "{field} as {data_type} with {options:?}");
    }
    // Another unit than the file's: the message has the command that reads it.
    db.execute("CREATE TABLE u (id int, at timestamptz)");
    for (field, option) in [
        ("1596080481467", "--epoch u.at=ms"),
        ("20240704", "--date-format u.at=YYYYMMDD"),
    ] {
        dir.write("v.csv", format!("id,at\n1,{field}\n"));
        let typed = ["v.csv", "--into", "u", "--epoch", "s", "--replace"];
        let refused = load(&dir, &db, &typed).exits(2);
        let command = between(&refused.stderr, "run: ", "\n");
        assert!(command.ends_with(option), "{command}");
        dir.shell(command).exits(0);
    }
    let times = db.value("SELECT string_agg(at::date::text, ' ') FROM u");
    assert_eq!(times, "2024-07-04");
}

/// Fields that settings of a session could decide, and one that only the server reads.
const SETTINGS: &str = "CREATE TABLE t (id int PRIMARY KEY, d date, ts timestamp, tz timestamptz, i interval, n float8,
    r daterange, m money)";
const ROWS: &str = "id,d,ts,tz,i,n,r,m\n\
    1,2024-03-04,2024-03-04 05:06:07,2024-03-04 05:06:07,1 day 02:03:04,0.1,\"[2024-03-04,2024-04-05)\",5\n\
    2,\"Mar 4, 2024\",Mar 4 05:06:07 2024,2024-03-04 05:06:07+02,-1-2 +3 -4:05:06,1e-7,empty,-7.5\n\
    3,20240304,2024-03-04T05:06,2024-07-04,P1Y2M3DT4H,0.30000000000000004,,\n";

#[test]
fn what_sessions_are_set_to_changes_no_value() {
    let dir = Workdir::new("settings");
    dir.write("t.csv", ROWS);
    dir.write("d.csv", "id,d\n4,3/4/2024\n");
    let rows = |db: &Db| {
        db.value(
            "SET DateStyle = 'ISO, MDY'; SET TimeZone = 'UTC'; SET IntervalStyle = 'postgres'; SET extra_float_digits = 1;
            SELECT string_agg(t::text, E'\\n' ORDER BY id) FROM t",
        )
    };
    let mut known: Option<String> = None;
    for (number, settings) in [
        "",
        "DateStyle=German|TimeZone=Asia/Tokyo|IntervalStyle=sql_standard|extra_float_digits=-5",
        "DateStyle=SQL,DMY|TimeZone=America/New_York|IntervalStyle=iso_8601",
    ]
    .iter()
    .enumerate()
    {
        let db = Db::new(&format!("settings_{number}"));
        db.execute(SETTINGS);
        let settings: Vec<(&str, &str)> = settings
            .split('|')
            .filter_map(|it| it.split_once('='))
            .collect();
        // Of the database, or of the role in it.
        let subject = match number {
            1 => format!("DATABASE \"{}\"", db.name()),
            _ => format!("ROLE CURRENT_USER IN DATABASE \"{}\"", db.name()),
        };
        for (setting, value) in &settings {
            let values = value.replace(',', "', '");
            db.execute(&format!("ALTER {subject} SET {setting} = '{values}'"));
        }
        // As the session's own options, too.
        let options: Vec<String> = settings
            .iter()
            .map(|(setting, value)| format!("-c {setting}={value}"))
            .collect();
        let url = db.url();
        let args = ["load", "t.csv", "--into", "t", "--url", &url];
        dir.seedrow_with(args, &[("PGOPTIONS", &options.join(" "))])
            .exits(0);
        // Where the settings would decide, they don't: the message is the same.
        load(
            &dir,
            &db,
            &["d.csv", "--into", "t", "--append", "--missing", "default"],
        )
        .exits(2)
        .stderr_has("d \"3/4/2024\" could be M/D/YYYY or D/M/YYYY");
        let rows = rows(&db);
        let known = known.get_or_insert_with(|| rows.clone());
        assert_eq!(*known, rows, "{settings:?}");
    }
    assert_eq!(
        known.unwrap().lines().next().unwrap(),
        "(1,2024-03-04,\"2024-03-04 05:06:07\",\"2024-03-04 05:06:07+00\",\"1 day 02:03:04\",0.1,\"[2024-03-04,2024-04-05)\",$5.00)"
    );
}

#[test]
fn options_about_no_column_are_refused() {
    let (dir, db) = (Workdir::new("unsuitable"), Db::new("unsuitable"));
    db.execute(
        "CREATE TABLE t (id int, v text);
        CREATE TABLE d (day date, v text);
        CREATE TABLE e (day date); CREATE TABLE n (v text NOT NULL)",
    );
    dir.write("e.csv", "day\n45000\n45001\n");
    dir.write("t.csv", "id,v\n1,x\n");
    dir.write("d.csv", "day,v\n2024-01-01,x\n");
    dir.write("n.csv", "v\nx\n");
    let cases = [
        (
            "t",
            &["--date-format", "M/D/YYYY"][..],
            "--date-format is for columns of dates or times, and the files of t have none",
        ),
        (
            "t",
            &["--epoch", "ms"],
            "--epoch is for columns of dates or times",
        ),
        (
            "e",
            &["--epoch", "s"],
            "such as 45000, are then outside the years 1971 to 2099; they may be days of a spreadsheet",
        ),
        (
            "d",
            &["--currency", "$"],
            "--currency is for columns of numbers, and the files of d have none",
        ),
        (
            "d",
            &["--decimal", ","],
            "--decimal is for columns of numbers",
        ),
        (
            "t",
            &["--force-not-null"],
            "--force-not-null is for columns of texts that take no NULL",
        ),
    ];
    for (table, options, message) in cases {
        let file = format!("{table}.csv");
        load(
            &dir,
            &db,
            &[&[&*file, "--into", table][..], options].concat(),
        )
        .exits(2)
        .stderr_has(message);
        // One suitable column among all files is enough.
        let all = [
            "--file",
            "t=t.csv",
            "--file",
            "d=d.csv",
            "--file",
            "n=n.csv",
            "--replace",
        ];
        load(&dir, &db, &[&all[..], options].concat()).exits(0);
        db.execute("TRUNCATE t, d, n");
    }
    assert_eq!(db.value("SELECT count(*) FROM t"), "0");
    // What the dataset says of a column of another type is reported.
    dir.write(
        "s.toml",
        "about = \"x\"\nschema = \"s.sql\"\n[tables.t]\n[tables.t.columns]\nv = { currency = \"$\", format = \"M/D/YYYY\" }\n",
    );
    dir.write("s.sql", "CREATE TABLE t (id int, v text);");
    for more in [&["--check-only"][..], &["--replace", "--url", &db.url()]] {
        dir.seedrow(
            ["load", "--file", "t=t.csv", "--dataset", "s.toml"]
                .iter()
                .chain(more),
        )
        .exits(0)
        .stderr_has("load: t.v is text, so that its `currency` in s.toml means nothing")
        .stderr_has("load: t.v is text, so that its `format` in s.toml means nothing");
    }
}

#[test]
fn options_for_a_table_or_a_column_hold_there_alone() {
    let (dir, db) = (Workdir::new("scoped"), Db::new("scoped"));
    db.execute(
        "CREATE TABLE a (id int PRIMARY KEY, day date, sold date, price numeric, note text);
        CREATE TABLE b (id int PRIMARY KEY, day date, note text)",
    );
    dir.write(
        "d/a.csv",
        "id;day;sold;price;note\n1;3/4/2024;5.6.2024;$7;NA\nx;3/4/2024;5.6.2024;$7;-\n",
    );
    dir.write("d/b.csv", "id,day,note\n1,4/3/2024,NA\n2,2024-01-02,-\n");
    let options = [
        "d",
        "--delimiter",
        "a=;",
        "--date-format",
        "M/D/YYYY",
        "--date-format",
        "a.sold=D.M.YYYY",
        "--date-format",
        "b=D/M/YYYY",
        "--currency",
        "a=$",
        "--nulls",
        "-",
        "--nulls",
        "b.note=NA",
        "--trim=a",
        "--max-rejects",
        "1",
    ];
    let loaded = load(&dir, &db, &options).exits(0);
    let rows = "SELECT string_agg(t::text, ' ') FROM (SELECT ROW(a.*) AS t FROM a UNION ALL SELECT ROW(b.*) FROM b) AS r";
    let expected = "(1,2024-03-04,2024-06-05,7,NA) (1,2024-03-04,) (2,2024-01-02,)";
    assert_eq!(db.value(rows), expected);
    // A rejected record is added with the options for its table, and no other's.
    dir.write(
        "rejects/a.csv",
        dir.read("rejects/a.csv").replace(";x;", ";2;"),
    );
    let command = between(&loaded.stdout, "then run: ", "\n");
    assert!(
        command.contains("a.sold=D.M.YYYY") && !command.contains("b"),
        "{command}"
    );
    dir.shell(command).exits(0);
    assert_eq!(
        db.value("SELECT a::text FROM a WHERE id = 2"),
        "(2,2024-03-04,2024-06-05,7,)"
    );
    for (option, message) in [
        (
            &["--nulls", "c=x"][..],
            "--nulls: public has no table `c`; there is a, b",
        ),
        (&["--nulls", "a.nope=x"], "--nulls: a has no column `nope`"),
        (
            &["--force-not-null=b"],
            "--force-not-null is for columns of texts that take no NULL, and b has none that its files fill",
        ),
        (
            &["--epoch", "a.price=s"],
            "--epoch is for columns of dates or times, and a.price is none",
        ),
        (
            &["--delimiter", "a.day=;"],
            "the format is that of a table's files; name the table alone: --delimiter=a=…",
        ),
        (
            &["--quote", "a='", "--quote", "a=|"],
            "--quote is given twice for a",
        ),
        (&["--epoch", "a=h"], "expected one of s ms us"),
    ] {
        let more = [
            "d",
            "--delimiter",
            "a=;",
            "--date-format",
            "a=D.M.YYYY",
            "--replace",
        ];
        load(&dir, &db, &[&more[..], option].concat())
            .exits(2)
            .stderr_has(message);
    }
}

#[test]
fn corrected_rejects_are_added_with_the_options_that_read_them() {
    let (dir, db) = (Workdir::new("corrected"), Db::new("corrected"));
    db.execute("CREATE TABLE t (id int PRIMARY KEY, day date, price numeric, at timestamptz, note text NOT NULL, more int)");
    dir.write(
        "t.csv",
        "id;day;price;at;note\n1;3/4/2024;$1.234,5;1596080481;a\n2;3/4/2024;$2,5;1596080481;x\nz;5/6/2024;$3,5;1596080482;\n",
    );
    let options = [
        "--delimiter",
        ";",
        "--date-format",
        "M/D/YYYY",
        "--currency",
        "$",
        "--decimal",
        ",",
        "--epoch",
        "s",
        "--nulls",
        "x,-",
        "--force-not-null",
        "--missing",
        "default",
        "--max-rejects",
        "1",
    ];
    let loaded = load(
        &dir,
        &db,
        &[&["t.csv", "--into", "t"][..], &options].concat(),
    )
    .exits(0);
    dir.write(
        "rejects/t.csv",
        dir.read("rejects/t.csv").replace(";z;", ";3;"),
    );
    dir.shell(between(&loaded.stdout, "then run: ", "\n"))
        .exits(0);
    assert_eq!(
        db.value("SELECT t::text FROM t WHERE id = 3"),
        "(3,2024-05-06,3.5,\"2020-07-30 03:41:22+00\",\"\",)"
    );
    // Columns that were named leave some out.
    dir.write("c.csv", "4,x,3/4/2024\ny,x,3/4/2024\n");
    let columns = [
        "--no-header",
        "--columns",
        "t=id,-,day",
        "--date-format",
        "D/M/YYYY",
        "--max-rejects",
        "1",
    ];
    db.execute("ALTER TABLE t ALTER note SET DEFAULT 'none'");
    let append = ["c.csv", "--into", "t", "--append"];
    let loaded = load(&dir, &db, &[&append[..], &columns].concat()).exits(0);
    dir.write(
        "rejects/t.csv",
        dir.read("rejects/t.csv").replace(",y,", ",5,"),
    );
    dir.shell(between(&loaded.stdout, "then run: ", "\n"))
        .exits(0);
    assert_eq!(
        db.value("SELECT concat(day, note) FROM t WHERE id = 5"),
        "2024-04-03none"
    );
}
