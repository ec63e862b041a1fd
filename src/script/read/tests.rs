use anyhow::bail;

use super::super::step::StatementKind;
use super::*;

fn script(text: &str) -> Script {
    let read = |path: &Path| match path.to_str() {
        Some("db/tables/a.sql") => Ok("CREATE TABLE a ();\n\\ir b.sql".to_owned()),
        Some("db/tables/b.sql") => Ok("\n\nCREATE TABLE b ();".to_owned()),
        _ => bail!("could not read {}", path.display()),
    };
    Script::read(Path::new("db/schema.sql"), text.to_owned(), &read).unwrap()
}

/// Each step's line and statement; what isn't one in angle brackets.
fn steps(text: &str) -> Vec<String> {
    let shown = |step: &Step| {
        let what = match &step.kind {
            StepKind::Statement { sql, .. } => sql.clone(),
            StepKind::Copy { sql, data } => format!("{sql} <{}>", data.escape_debug()),
            StepKind::Connect(to) => format!("<connect {to}>"),
            StepKind::Unsupported(why) => format!("<{why}>"),
        };
        format!("{} {what}", step.line)
    };
    script(text).steps.iter().map(shown).collect()
}

#[test]
fn statements_end_where_psql_ends_them() {
    assert_eq!(
        steps(
            "-- a;\nCREATE TABLE a (b text DEFAULT ';'); /* ; */ SELECT $$;$$,\n E'\\';'\n;\n;SELECT 2"
        ),
        [
            "2 CREATE TABLE a (b text DEFAULT ';')",
            "2 SELECT $$;$$,\n E'\\';'",
            "5 SELECT 2"
        ]
    );
    let rule = "CREATE RULE r AS ON INSERT TO a DO (SELECT 1; SELECT 2)";
    let body = "CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END";
    assert_eq!(
        steps(&format!("{rule};{body};SELECT 3;")),
        [
            format!("1 {rule}"),
            format!("1 {body}"),
            "1 SELECT 3".into()
        ]
    );
}

#[test]
fn a_byte_order_mark_is_no_sql() {
    assert_eq!(steps("\u{feff}SELECT 1;"), ["1 SELECT 1"]);
}

#[test]
fn rows_of_copy_are_no_sql() {
    assert_eq!(
        steps("COPY a (b, c) FROM stdin;\n1\tit's\n\\N\t;\n\\.\n\nSELECT 1;"),
        [
            "1 COPY a (b, c) FROM stdin <1\\tit\\'s\\n\\\\N\\t;\\n>",
            "6 SELECT 1"
        ]
    );
}

#[test]
fn psql_s_commands_are_done_passed_over_or_refused() {
    assert_eq!(
        steps(
            "\\restrict x'y\n\\set ON_ERROR_STOP on\n\\c shop;\n\\echo 'a;\nSELECT 1 \\g\n\\q\nSELECT 2"
        ),
        ["3 <connect shop>", "5 SELECT 1"]
    );
    assert_eq!(
        steps("\\set s shop\n\\set t 'a b'\nSELECT :'t', :\"t\" FROM :s.x, y[1:2], z::int;"),
        ["3 SELECT 'a b', \"a b\" FROM shop.x, y[1:2], z::int"]
    );
    assert!(steps("SELECT 1;\nSELECT :x;")[1].starts_with("2 <`:x` is a variable"));
    assert!(steps("\nSELECT 'x' \\gexec\n")[0].starts_with("2 <`\\gexec` is a command of psql's"));
}

#[test]
fn files_are_included_relative_to_the_one_that_says_so() {
    let script = script("\\i tables/a.sql\nSELECT 1");
    let places: Vec<String> = script.steps.iter().map(Step::place).collect();
    assert_eq!(
        places,
        [
            "db/tables/a.sql, line 1",
            "db/tables/b.sql, line 3",
            "db/schema.sql, line 2"
        ]
    );
    assert_eq!(script.included.len(), 2);
    let missing = Script::read(Path::new("s.sql"), "\n\\i no.sql".into(), &|path| {
        bail!("could not read {}", path.display())
    });
    assert_eq!(
        format!("{:#}", missing.unwrap_err()),
        "s.sql, line 2: could not read no.sql"
    );
}

#[test]
fn statements_are_told_apart_by_their_first_words() {
    for (sql, kind) in [
        ("begin", StatementKind::Transaction),
        ("ROLLBACK", StatementKind::Rollback),
        ("ROLLBACK TO s", StatementKind::Other),
        ("CREATE DATABASE x", StatementKind::Database),
        ("CREATE SCHEMA x AUTHORIZATION y", StatementKind::Schema),
        ("CREATE SCHEMA x CREATE TABLE y ()", StatementKind::Other),
        ("SET client_encoding = 'UTF8'", StatementKind::Encoding),
        ("SET row_security = off", StatementKind::Setting),
        (
            "SELECT pg_catalog.set_config('search_path', '', false)",
            StatementKind::Setting,
        ),
        ("ALTER TABLE public.x OWNER TO y", StatementKind::Privilege),
        ("CREATE USER x", StatementKind::Server),
        ("CREATE USER MAPPING FOR x", StatementKind::Other),
    ] {
        assert_eq!(script(sql).steps[0].kind.statement(), kind, "{sql}");
    }
}
