//! The trial of `init` and `run`: the server's verdict on a few rows of each table, before anything is changed.

use std::fs;

use crate::support::{Db, Workdir, schema_dump};

/// A parent whose index accepts one row, a child that can do without it, one that can't, and a table beside them.
const GUARDED: &str = "
CREATE TABLE vaults (id serial PRIMARY KEY, code text NOT NULL);
CREATE UNIQUE INDEX ON vaults ((code IS NOT NULL));
CREATE TABLE keys (id serial PRIMARY KEY, vault_id int NOT NULL REFERENCES vaults);
CREATE TABLE visits (id serial PRIMARY KEY, vault_id int REFERENCES vaults, visited_at timestamptz NOT NULL);
CREATE INDEX ON keys (vault_id);
CREATE TABLE notes (id serial PRIMARY KEY, visit_id int NOT NULL REFERENCES visits, body text NOT NULL);
";

/// Two tables whose keys make a circle that nothing but a deferred check accepts.
const CIRCLE: &str = "
CREATE TABLE teams (id int PRIMARY KEY, captain_id int NOT NULL);
CREATE TABLE players (id int PRIMARY KEY, team_id int NOT NULL REFERENCES teams, number int NOT NULL CHECK (number < 100));
ALTER TABLE teams ADD FOREIGN KEY (captain_id) REFERENCES players;
";

#[test]
fn tables_whose_rows_are_not_accepted_are_refused_and_the_others_filled() {
    let (dir, db) = (Workdir::new("guarded"), Db::new("guarded"));
    db.execute(GUARDED);
    let before = schema_dump(&db.url());
    let url = db.url();
    let account = dir
        .seedrow(["init", "--url", &url, "--name", "it", "--format", "json"])
        .exits(0)
        .json();
    let refused = |table: &str| {
        let mut all = account["refused"].as_array().unwrap().iter();
        all.find(|it| it["table"] == table).unwrap()["reason"].to_string()
    };
    assert!(refused("vaults").contains("(23505)"));
    assert!(refused("keys").contains("it refers to vaults"));
    assert_eq!(account["tried"], 2);
    assert_eq!(schema_dump(&url), before);
    let run = [
        "run",
        "--dataset",
        "it/it.toml",
        "--url",
        &url,
        "--rows",
        "50",
        "--budget",
        "5s",
    ];
    dir.seedrow(run).exits(0).stderr_has(
        "a trial of 200 rows a table holds with every constraint and trigger on; rolled back",
    );
    assert_eq!(
        db.value("SELECT count(vault_id) || ' ' || (count(*) > 0) FROM visits"),
        "0 true"
    );
    assert_eq!(db.value("SELECT count(*) > 0 FROM notes"), "t");
}

#[test]
fn a_run_whose_rows_do_not_hold_names_table_constraint_and_row_and_changes_nothing() {
    let (dir, db) = (Workdir::new("edited"), Db::new("edited"));
    db.execute(CIRCLE);
    let before = schema_dump(&db.url());
    let url = db.url();
    dir.seedrow(["init", "--url", &url, "--name", "it"])
        .exits(0);
    let toml = dir.read("it/it.toml");
    let line = toml
        .lines()
        .find(|line| line.starts_with("number = "))
        .unwrap();
    let edited = toml.replace(
        line,
        "number = { make = \"integer\", min = 100, max = 120 }",
    );
    fs::write(dir.path("it/it.toml"), edited).unwrap();
    let run = ["run", "--dataset", "it/it.toml", "--url", &url];
    dir.seedrow(run)
        .exits(2)
        .stderr_has("a trial of 200 rows a table found 1 table that the server does not accept; nothing was changed")
        .stderr_has("players: players_number_check: ")
        .stderr_has("the row: id=1, team_id=")
        .stderr_has("leave these tables out with --tables");
    assert_eq!(schema_dump(&url), before);
    fs::write(dir.path("it/it.toml"), toml).unwrap();
    dir.seedrow(run.iter().chain(&["--budget", "5s"]))
        .stdout_has("players");
    assert_eq!(db.value("SELECT count(*) > 0 FROM players"), "t");
}

#[test]
fn any_schema_is_filled_by_one_command_and_again_with_the_same_dataset() {
    let (dir, db) = (Workdir::new("any"), Db::new("any"));
    db.execute(CIRCLE);
    let url = db.url();
    let run = [
        "run", "--any", "--url", &url, "--rows", "40", "--budget", "5s",
    ];
    dir.seedrow(run)
        .exits(0)
        .stderr_has("written, 2 tables; change what you like in it");
    assert_eq!(db.value("SELECT count(*) FROM players"), "40");
    dir.seedrow(run)
        .exits(0)
        .stderr_has("is there already and is used")
        .stderr_has("these rows are loaded already");
}

#[test]
fn any_needs_a_database_that_has_tables() {
    let (dir, db) = (Workdir::new("any_none"), Db::new("any_none"));
    dir.seedrow(["run", "--any"])
        .exits(2)
        .stderr_has("which database? --any fills the tables of the one that --url");
    dir.seedrow(["run", "--any", "--url", &db.url()])
        .exits(2)
        .stderr_has("has no tables");
}
