//! What a person sees on a terminal: tables of its width, colours where they are wanted, no stray control sequence.

use std::process::Command;

use regex::Regex;

use crate::support::{Db, SEEDROW, Workdir, on_terminal, seedrow, shared_home};

/// A database with checks that pass and checks that fail, and names of some length.
fn checked(test: &str) -> Db {
    let db = Db::new(test);
    db.execute(
        "CREATE TABLE a_table_of_customers (id int PRIMARY KEY, name text);
        CREATE TABLE their_orders_of_this_year (id int PRIMARY KEY, customer_id int REFERENCES a_table_of_customers);
        CREATE TABLE their_payments (id int PRIMARY KEY, order_id int REFERENCES their_orders_of_this_year);
        CREATE INDEX their_payments_order_id_idx ON their_payments (order_id);
        INSERT INTO a_table_of_customers SELECT i, 'n' FROM generate_series(1, 3000) AS i;
        INSERT INTO their_orders_of_this_year SELECT i, i FROM generate_series(1, 3000) AS i;
        INSERT INTO their_payments SELECT i, i FROM generate_series(1, 3000) AS i;",
    );
    db.settle();
    db
}

/// `seedrow check` in an environment without variables about colours.
fn check(db: &Db, more: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(SEEDROW);
    command
        .args([
            "check",
            "--only",
            "coverage,plans",
            "--samples",
            "1",
            "--quiet",
            "--url",
        ])
        .arg(db.url())
        .args(more)
        .env("SEEDROW_HOME", shared_home())
        .env("TERM", "xterm-256color");
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "DATABASE_URL"] {
        command.env_remove(name);
    }
    command.envs(variables.iter().copied());
    command
}

fn without_colours(text: &str) -> String {
    let colour = Regex::new("\x1b\\[[0-9;]*m").unwrap();
    colour.replace_all(text, "").into_owned()
}

#[test]
fn tables_fit_the_terminal_and_break_neither_names_nor_escapes() {
    let db = checked("widths");
    let mut columns = Vec::new();
    for width in [80, 100, 200] {
        let text = on_terminal(check(&db, &[], &[]), width);
        let plain = without_colours(&text);
        assert!(text.contains("\x1b[32mpass\x1b[0m"), "{text:?}");
        assert!(!plain.contains('\x1b'), "{text:?}");
        let table: Vec<&str> = plain.lines().take_while(|line| !line.is_empty()).collect();
        for line in &table {
            assert!(
                line.chars().count() <= usize::from(width),
                "{width}: {line}\n{plain}"
            );
        }
        for name in [
            "their_orders_of_this_year(customer_id)",
            "their_payments(order_id)",
        ] {
            assert!(plain.contains(name), "{width}: {name}\n{plain}");
        }
        assert_eq!(
            plain.contains("their_payments_order_id_idx"),
            width >= 100,
            "{plain}"
        );
        columns.push(
            table[0]
                .split("  ")
                .filter(|title| !title.trim().is_empty())
                .count(),
        );
    }
    assert!(columns[0] < columns[2], "{columns:?}");
    assert_eq!(columns[2], 10);
}

/// Options, environment variables, and whether there are colours.
type ColourCase = (
    &'static [&'static str],
    &'static [(&'static str, &'static str)],
    bool,
);

#[test]
fn colours_are_where_they_are_wanted() {
    let db = checked("colours");
    let on_a_terminal: [ColourCase; 5] = [
        (&[], &[], true),
        (&["--color", "never"], &[], false),
        (&[], &[("NO_COLOR", "1")], false),
        (&[], &[("TERM", "dumb")], false),
        (&["--color", "always"], &[("NO_COLOR", "1")], true),
    ];
    for (more, variables, coloured) in on_a_terminal {
        let text = on_terminal(check(&db, more, variables), 100);
        assert_eq!(
            text.contains('\x1b'),
            coloured,
            "{more:?} {variables:?}\n{text:?}"
        );
    }
    let in_a_pipe: [ColourCase; 3] = [
        (&[], &[], false),
        (&[], &[("CLICOLOR_FORCE", "1")], true),
        (&["--color", "always"], &[], true),
    ];
    for (more, variables, coloured) in in_a_pipe {
        let output = check(&db, more, variables).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(
            text.contains('\x1b'),
            coloured,
            "{more:?} {variables:?}\n{text:?}"
        );
    }
}

#[test]
fn nothing_moves_on_a_dumb_terminal() {
    let db = Db::new("dumb");
    db.execute("CREATE TABLE t (id int PRIMARY KEY, name text NOT NULL)");
    let mut command = Command::new(SEEDROW);
    command
        .args(["check", "--only", "coverage", "--url"])
        .arg(db.url())
        .env("SEEDROW_HOME", shared_home())
        .env("TERM", "dumb")
        .env_remove("DATABASE_URL");
    let text = on_terminal(command, 80);
    assert!(!text.contains('\x1b') && !text.contains('\r'), "{text:?}");
}

#[test]
fn commands_on_a_named_server_name_the_database_and_try_their_output_files_first() {
    let db = Db::new("named");
    db.execute("CREATE TABLE t (id int PRIMARY KEY)");
    let (dir, url) = (Workdir::new("named"), db.url());
    for command in [
        &["check", "--only", "coverage"][..],
        &["index"],
        &["init", "--name", "named", "--no-trial"],
    ] {
        dir.seedrow(command.iter().copied().chain(["--url", &url]))
            .stderr_has(&format!("database: {} on ", db.name()));
    }
    // Before a connection is tried: there is no such server.
    let nowhere = ["--url", "postgresql://127.0.0.1:1/none"];
    for command in [
        &["check", "--save", "none/x.json"][..],
        &["check", "--format", "html", "--output", "none/x.json"],
        &["check", "--write", "junit=none/x.json"],
        &["run", "--html", "none/x.json"],
        &["compare", "--without-indexes", "--output", "none/x.json"],
    ] {
        seedrow(command.iter().chain(&nowhere).copied())
            .exits(2)
            .stderr_has("could not write none/x.json: No such file or directory");
    }
}
