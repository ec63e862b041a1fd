//! What a person sees on a terminal: tables of its width, colours where they are wanted, no stray control sequence.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use regex::Regex;

use crate::support::{Db, SEEDROW, Terminal, Workdir, on_terminal, seedrow, shared_home};

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
        let text = on_terminal(check(&db, &["--verbose"], &[]), width);
        let plain = without_colours(&text);
        assert!(text.contains("\x1b[32mpass\x1b[0m"), "{text:?}");
        assert!(!plain.contains('\x1b'), "{text:?}");
        // Commands and SQL to copy are left to the terminal to break.
        let lines = plain
            .lines()
            .filter(|line| !line.starts_with("    ") || line.contains("  ["));
        let table: Vec<&str> = plain
            .lines()
            .skip_while(|line| !line.starts_with("query "))
            .take_while(|line| !line.is_empty())
            .collect();
        assert!(
            lines
                .clone()
                .next()
                .unwrap()
                .starts_with("fail: 2 checks: 1 fail, 1 pass"),
            "{plain}"
        );
        for line in lines.filter(|line| !line.contains("SELECT")) {
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
    dir.write("ids.csv", "id\n1\n");
    for command in [
        &["check", "--only", "coverage"][..],
        &["index"],
        &["init", "--name", "named", "--no-trial"],
        &["forget"],
        &["load", "--into", "t", "ids.csv"],
    ] {
        dir.seedrow(command.iter().copied().chain(["--url", &url]))
            .stderr_has(&format!("database: {} on ", db.name()));
    }
    let name = format!("{} on ", db.name());
    for command in [
        &["index", "--format", "json"][..],
        &[
            "load",
            "--into",
            "t",
            "--replace",
            "ids.csv",
            "--format",
            "json",
        ],
    ] {
        let json = dir.seedrow([command, &["--url", &url]].concat()).json();
        assert!(
            json["target"].as_str().unwrap().starts_with(&name),
            "{json}"
        );
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

/// A command in an environment with programs of the test's own, or none.
fn with_programs(args: &[&str], programs: &std::path::Path) -> Command {
    let mut command = Command::new(SEEDROW);
    command
        .args(args)
        .env("TERM", "xterm-256color")
        .env("PATH", programs);
    command
}

#[test]
fn texts_fit_the_terminal_and_pages_are_shown_by_man() {
    let dir = Workdir::new("man");
    let (none, own) = (dir.path("none"), dir.path("own"));
    for args in [
        &["datasets"][..],
        &["man", "check"],
        &["man"],
        &["run", "--help"],
    ] {
        let text = on_terminal(with_programs(args, &none), 80);
        let plain = without_colours(&text);
        let wide = plain.lines().find(|line| line.chars().count() > 80);
        assert_eq!(wide, None, "{args:?}");
        assert!(!plain.contains("\\fB"), "{args:?}\n{plain}");
    }
    let page = on_terminal(with_programs(&["man", "check"], &none), 80);
    for title in ["Examples:", "Environment:", "Files:", "Exit codes:"] {
        assert_eq!(page.matches(title).count(), 1, "{title}\n{page}");
    }
    let man = dir.write("own/man", "#!/bin/sh\necho \"man $*\"\nexec /bin/cat\n");
    std::fs::set_permissions(man, std::fs::Permissions::from_mode(0o755)).unwrap();
    let shown = on_terminal(with_programs(&["man", "check"], &own), 80);
    assert!(
        shown.contains("man -l -\n") && shown.contains(".TH seedrow-check"),
        "{shown}"
    );
    // In a pipe it is the page, and help is as wide as a usual terminal.
    seedrow(["man", "check"])
        .exits(0)
        .stdout_has(".TH seedrow-check")
        .lacks("man -l");
    for command in [&["--help"][..], &["load", "--help"]] {
        let help = seedrow(command).exits(0).stdout;
        assert_eq!(help.lines().find(|line| line.chars().count() > 80), None);
    }
}

#[test]
fn figures_without_a_unit_are_refused_with_their_readings() {
    for (args, expected) in [
        (
            &["check", "--budget", "10"][..],
            "10 has no unit: type 10ms or 10s",
        ),
        (
            &["check", "--tail", "0.1"],
            "0.1 has no unit: type 0.1% or 10%",
        ),
        (
            &["run", "--lock-timeout", "5"],
            "5 has no unit: type 5ms or 5s",
        ),
        (
            &["stress", "--duration", "30"],
            "30 has no unit: type 30ms or 30s",
        ),
        (
            &["serve", "--cache", "64"],
            "64 has no unit: type 64MiB or 64GiB",
        ),
        (
            &["load", "d", "--server-memory", "16"],
            "16 has no unit: type 16MiB or 16GiB",
        ),
    ] {
        seedrow(args).exits(2).stderr_has(expected);
    }
}

/// `seedrow generate` of rows enough for a look at it.
fn running(home: &std::path::Path) -> Command {
    let mut command = Command::new(SEEDROW);
    command
        .args(["generate", "--rows", "2M", "--jobs", "1", "--out"])
        .arg(home)
        .env("TERM", "xterm-256color")
        .env_remove("NO_COLOR");
    command
}

#[test]
fn no_line_of_progress_is_left_after_narrowing_and_an_interrupt() {
    let dir = Workdir::new("narrowing");
    let terminal = Terminal::start(running(&dir.path("out")), 100);
    let whole = "^generate: [0-9]+%, [0-9,]+ of [0-9,]+ rows, [0-9]+ (s|min) left";
    let whole = Regex::new(whole).unwrap();
    terminal.wait_for(|screen| screen.lines().any(|line| whole.is_match(line)));
    for columns in [60, 90, 40] {
        terminal.resize(columns);
        terminal.wait_for_frames();
        let screen = terminal.screen();
        // A table's, and that of all of them.
        let bars = screen.lines().filter(|line| line.contains('%')).count();
        assert!(bars <= 2, "{columns}\n{screen}");
        let all = screen.replace('\n', "");
        let notes = all.matches("generate: catalog, ").count();
        assert_eq!(notes, 1, "{columns}\n{screen}");
    }
    terminal.interrupt();
    let screen = terminal.end();
    assert!(!screen.contains('%') && !screen.contains("^C"), "{screen}");
    assert!(screen.contains("seedrow: interrupted; "), "{screen}");
}
