//! `seedrow init --profile`: what is read of a source, and that none of its values are written.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use seedrow::postgres::programs;
use seedrow::profile::Profile;

use crate::support::{Db, Workdir};

/// A source whose values are marked.
const SECRETS: &str = include_str!("../fixtures/init/secrets.sql");

/// The common values and bounds of all columns, each as text, with those of columns together.
const VALUES: &str = "
    SELECT v FROM pg_stats, unnest(most_common_vals::text::text[]) AS v WHERE schemaname = 'public'
    UNION
    SELECT v FROM pg_stats, unnest(histogram_bounds::text::text[]) AS v WHERE schemaname = 'public'
    UNION
    SELECT v FROM pg_stats, unnest(most_common_elems::text::text[]) AS v WHERE schemaname = 'public'
    UNION
    SELECT v FROM pg_stats_ext, unnest(most_common_vals) AS v WHERE schemaname = 'public'";

/// What is schema, and may be written: labels and literals of CHECKs.
const OF_SCHEMA: [&str; 5] = ["low", "medium", "high", "guest", "member"];

/// Has psql run a script, and returns what it prints.
fn psql(url: &str, script: &Path) -> String {
    let (printed, errors) = run_psql(url, script);
    assert!(errors.is_empty(), "psql: {errors}");
    printed
}

/// Has psql run a script up to its first error: what it prints, and its messages.
fn run_psql(url: &str, script: &Path) -> (String, String) {
    let program = programs::installed().unwrap().remove(0).program("psql");
    let mut command = Command::new(program);
    command.args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-f"]);
    let run = command.arg(script).args(["--dbname", url]).output();
    let run = run.expect("these tests need psql beside the server programs");
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(run.stdout), text(run.stderr))
}

/// The texts of all files below a folder, hidden ones, too.
fn texts(folder: &Path) -> Vec<(String, String)> {
    let mut texts = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => texts.extend(self::texts(&path)),
            false => {
                let text = fs::read_to_string(&path).unwrap();
                texts.push((path.display().to_string(), text));
            }
        }
    }
    texts
}

/// A file's profile without what differs from reading to reading.
fn comparable(path: &Path) -> Profile {
    let mut profile = seedrow::profile::from_file(path).unwrap();
    profile.pages_read = 0;
    profile.tables.iter_mut().for_each(|it| it.dead = 0.0);
    profile
}

#[test]
fn no_value_of_the_source_is_written_and_psql_reads_the_same() {
    let (dir, db) = (Workdir::new("marked"), Db::new("marked"));
    db.execute(SECRETS);
    let url = db.url();
    dir.seedrow(["init", "--url", &url, "--profile", "--out", "live", "--name", "twin"])
        .exits(0)
        .stderr_has("profile: 1 of 3 tables were never analysed\n  idle\n  to have them described: ANALYZE public.idle;")
        .stderr_has("profile: children counted for ")
        .stderr_has("schema.sql lacks the default of tenants.name, the default of tenants.token, the default of tenants.limits")
        .stdout_has("  seedrow run --dataset live/twin.toml\n");
    let script = dir.seedrow(["init", "--print-sql"]).exits(0).stdout;
    let script = dir.write("profile.sql", script);
    let printed = psql(&url, &script);
    let file = dir.write("profile.json", &printed);
    let file = file.display().to_string();
    dir.seedrow([
        "init",
        "--profile",
        &file,
        "--out",
        "file",
        "--name",
        "twin",
    ])
    .exits(0);
    assert_eq!(
        comparable(Path::new(&file)),
        comparable(&dir.path("live/profile.json"))
    );
    assert_eq!(dir.read("file/twin.toml"), dir.read("live/twin.toml"));

    let mut written = texts(&dir.path("live"));
    written.push(("what the script prints".to_owned(), printed));
    let values: BTreeSet<String> = db
        .rows(VALUES)
        .into_iter()
        .filter_map(|mut row| row.remove(0))
        // Of an array its elements are looked for, of a time its day.
        .map(|it| it.split(' ').next().unwrap_or_default().to_owned())
        .filter(|it| !OF_SCHEMA.contains(&it.as_str()))
        .collect();
    assert!(values.len() > 500, "{}", values.len());
    for (name, text) in &written {
        assert!(!text.contains("secret"), "{name} has a marked text\n{text}");
        assert!(!text.contains("9081799"), "{name} has a default");
        let found: Vec<&String> = values.iter().filter(|it| text.contains(*it)).collect();
        assert!(found.is_empty(), "{name} has {found:?}");
    }
    let toml = dir.read("live/twin.toml");
    for part in [
        "rows = 4000  # the source has 4,000",
        "email = { make = \"ranked\", as = \"text\", unique = true }",
        "[tables.people.profile]",
        "kind = { distinct = 2, shares = [",
    ] {
        assert!(toml.contains(part), "{part}\n{toml}");
    }
    what_if(&dir, &file);
    other_levels(&dir, &url, &values);
}

/// What the levels that are asked for write, and that they say so: rounded values are none of the source's, unless these are
/// round.
fn other_levels(dir: &Workdir, url: &str, values: &BTreeSet<String>) {
    let levels = [
        (
            "rounded",
            "level rounded: rounded numbers and dates of this database are written",
            &["\"9100000\"", "1931-05-01", "born = { make = \"histogram\""],
        ),
        (
            "values",
            "level values: common values and histograms of the columns, values of this database, are written",
            &["secret-country-3", "9082001", "city = { make = \"one-of\""],
        ),
    ];
    for (level, announcement, parts) in levels {
        let mut args = vec!["init", "--url", url, "--profile", "--privacy", level];
        args.extend(["--out", level, "--name", level, "--no-calibrate"]);
        dir.seedrow(args).exits(0).stderr_has(announcement);
        let written = texts(&dir.path(level));
        let toml = dir.read(&format!("{level}/{level}.toml"));
        for part in parts {
            assert!(
                written.iter().any(|(_, text)| text.contains(part)),
                "{part}\n{toml}"
            );
        }
        if level == "rounded" {
            let is_round = |it: &&String| it.ends_with("-01");
            for value in values.iter().filter(|it| !is_round(it)) {
                let found = written.iter().find(|(_, text)| text.contains(value));
                assert!(found.is_none(), "{value} is in {}", found.unwrap().0);
            }
        }
    }
}

/// What differs from the source as asked for, and what can't.
fn what_if(dir: &Workdir, file: &str) {
    let init = |options: &[&str]| {
        let mut args = vec![
            "init",
            "--profile",
            file,
            "--out",
            "if",
            "--name",
            "if",
            "--overwrite",
        ];
        args.extend(["--no-trial", "--no-calibrate"]);
        dir.seedrow(args.iter().chain(options))
    };
    let wishes = [
        "--hot",
        "people.city=40%",
        "--nulls",
        "people.born=90%",
        "--burst",
        "people=1%",
    ];
    init(&wishes).exits(0);
    let toml = dir.read("if/if.toml");
    for part in [
        "city = { distinct = 20, shares = [0.4, ",
        "born = { null = 0.9, distinct = ",
        "seen = { distinct = -1.0, bounds = [\"2019-01-01 00:00:00\", ",
    ] {
        assert!(toml.contains(part), "{part}\n{toml}");
    }
    for (options, message) in [
        (
            ["--hot", "people.cities=40%"],
            "people has no column `cities`",
        ),
        (
            ["--hot", "people.email=40%"],
            "the values of people.email never repeat",
        ),
        (["--nulls", "people.email=40%"], "people.email is NOT NULL"),
        (["--burst", "idle=1%"], "idle has no time that rises"),
    ] {
        init(&options).exits(2).stderr_has(message);
    }
}

#[test]
fn a_role_that_sees_no_statistics_is_told_what_to_grant() {
    let (dir, db) = (Workdir::new("role"), Db::new("role"));
    db.execute(
        "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY);
         INSERT INTO a VALUES (1); INSERT INTO b VALUES (1); ANALYZE a, b;
         DROP ROLE IF EXISTS seedrow_monitor; CREATE ROLE seedrow_monitor LOGIN; GRANT pg_monitor TO seedrow_monitor",
    );
    let url = db.url().replace("user=postgres", "user=seedrow_monitor");
    let args = ["init", "--url", &url, "--profile", "--out", "twin"];
    dir.seedrow(args)
        .exits(2)
        .stderr_has("seedrow_monitor doesn't see the statistics of 2 of 2 tables")
        .stderr_has("GRANT SELECT ON public.a, public.b TO seedrow_monitor;");
    let script = dir.seedrow(["init", "--print-sql"]).exits(0).stdout;
    let script = dir.write("profile.sql", script);
    let (printed, errors) = run_psql(&url, &script);
    assert_eq!(printed, "");
    assert!(
        errors.contains("HINT:  GRANT SELECT ON public.a, public.b TO seedrow_monitor;"),
        "{errors}"
    );
    db.execute("GRANT SELECT ON a TO seedrow_monitor");
    let (printed, errors) = run_psql(&url, &script);
    assert!(printed.starts_with('{'), "{printed}");
    assert!(
        errors.contains("WARNING:  seedrow_monitor doesn't see the statistics of 1 of 2 tables"),
        "{errors}"
    );
    dir.seedrow(args)
        .exits(0)
        .stderr_has("doesn't see the statistics of 1 of 2 tables")
        .stderr_has("GRANT SELECT ON public.b TO seedrow_monitor;");
}

#[test]
fn a_file_that_is_no_profile_is_refused_with_what_makes_one() {
    let dir = Workdir::new("no_profile");
    dir.write("empty.json", "");
    dir.write("other.json", "{\"format\": 2}");
    for (file, message) in [
        ("empty.json", "empty.json is empty"),
        (
            "other.json",
            "its format is 2, and this version of seedrow reads 1",
        ),
        ("none.json", "could not read none.json"),
    ] {
        dir.seedrow(["init", "--profile", file])
            .exits(2)
            .stderr_has(message);
    }
}
