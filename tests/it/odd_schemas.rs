//! Schemas with everything that occurs in public ones, and those that can be filled in part only: each table is filled, or
//! refused with the reason.

use crate::support::{Db, Workdir, not_run};

/// A few columns for each form that occurs in public schemas.
const CENSUS: &str = include_str!("../databases/census.sql");

/// Types of extensions, where these are installed.
const EXTENSIONS: [(&str, &str); 4] = [
    (
        "citext",
        "CREATE EXTENSION citext; CREATE DOMAIN alias AS citext; CREATE TABLE of_citext (a citext PRIMARY KEY, b alias NOT NULL)",
    ),
    (
        "ltree",
        "CREATE EXTENSION ltree; CREATE TABLE of_ltree (path ltree PRIMARY KEY)",
    ),
    (
        "cube",
        "CREATE EXTENSION cube; CREATE TABLE of_cube (id serial PRIMARY KEY, at cube)",
    ),
    (
        "hstore",
        "CREATE EXTENSION hstore; CREATE TABLE of_hstore (id serial PRIMARY KEY, more hstore NOT NULL UNIQUE)",
    ),
];

/// The tables of schema public without a row.
fn empty(db: &Db) -> String {
    let tables = db.rows(
        "SELECT format('%I', relname) FROM pg_class
        WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace ORDER BY 1",
    );
    let names = tables.into_iter().map(|row| row[0].clone().unwrap());
    let is_empty = |name: &String| db.value(&format!("SELECT EXISTS (SELECT FROM {name})")) == "f";
    names.filter(is_empty).collect::<Vec<_>>().join(" ")
}

/// All files beneath a folder, with their text.
fn files(dir: &Workdir, folder: &str) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(dir.path(&next)).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{next}/{}", entry.file_name().to_string_lossy());
            match entry.file_type().unwrap().is_dir() {
                true => folders.push(name),
                false => files.push((name.replacen(folder, "", 1), dir.read(&name))),
            }
        }
    }
    files.sort();
    files
}

#[test]
fn every_form_of_public_schemas_is_filled_and_the_same_each_time() {
    let (dir, db) = (Workdir::new("census"), Db::new("census"));
    db.execute(CENSUS);
    for (extension, ddl) in EXTENSIONS {
        let sql =
            format!("SELECT count(*) FROM pg_available_extensions WHERE name = '{extension}'");
        match db.value(&sql).as_str() {
            "0" => not_run(&format!("the types of {extension}, which isn't installed")),
            _ => db.execute(ddl),
        }
    }
    let url = db.url();
    for out in ["one", "two"] {
        dir.seedrow([
            "init", "--url", &url, "--name", "census", "--out", out, "--rows", "40",
        ])
        .exits(0)
        .stdout_has("0 refused")
        .stdout_has("left out, filled by triggers of other tables: ");
    }
    assert_eq!(files(&dir, "one"), files(&dir, "two"));
    let dataset = "one/census.toml";
    let rows = |jobs: &str| {
        let out = format!("rows{jobs}");
        dir.seedrow([
            "generate",
            "--dataset",
            dataset,
            "--jobs",
            jobs,
            "--out",
            &out,
            "--rows",
            "2k",
        ])
        .exits(0);
        files(&dir, &out)
    };
    let one = rows("1");
    assert!(one.iter().any(|(_, text)| text.lines().count() > 1_900));
    assert!(
        one == rows("2") && one == rows("4"),
        "the rows depend on the number of threads"
    );
    dir.seedrow(["run", "--dataset", dataset, "--url", &url, "--budget", "5s"]);
    assert_eq!(empty(&db), "");
    for (what, sql) in [
        (
            "a default address for each tenant",
            "SELECT count(*) = count(DISTINCT tenant_id) AND count(*) > 1 FROM addresses WHERE is_default",
        ),
        (
            "one current version",
            "SELECT count(*) = count(DISTINCT tenant_id) AND count(*) > 1 FROM versions WHERE replaced_at IS NULL",
        ),
        (
            "an item costs what its goods do",
            "SELECT bool_and(unit_price = price) FROM bill_lines JOIN goods ON goods.id = goods_id",
        ),
        (
            "what is paid has a time",
            "SELECT bool_and((state = 'paid') = (paid_at IS NOT NULL)) FROM bills",
        ),
    ] {
        assert_eq!(db.value(sql), "t", "{what}");
    }
    // One was NOT VALID before.
    let not_valid = "SELECT string_agg(conname, ' ') FROM pg_constraint WHERE NOT convalidated";
    assert_eq!(db.value(not_valid), "later_tenant");
}

#[test]
fn relations_that_take_no_rows_are_left_out_or_refused_with_the_reason() {
    let (dir, db) = (Workdir::new("relations"), Db::new("relations"));
    db.execute(
        "CREATE FOREIGN DATA WRAPPER none;
        CREATE SERVER far FOREIGN DATA WRAPPER none;
        CREATE FOREIGN TABLE far_things (id int) SERVER far;
        CREATE TABLE of_extension (id int PRIMARY KEY);
        ALTER EXTENSION plpgsql ADD TABLE of_extension;
        CREATE TABLE plain (id serial PRIMARY KEY, name text NOT NULL);
        CREATE VIEW seen AS SELECT * FROM plain;
        CREATE TABLE refers (id serial PRIMARY KEY, e int NOT NULL REFERENCES of_extension);
        -- Whose keys must be each other's, and unique in three ways.
        CREATE TABLE knot_a (id int PRIMARY KEY, p int NOT NULL, q int NOT NULL, UNIQUE (p, q));
        CREATE TABLE knot_b (id int PRIMARY KEY, p int NOT NULL UNIQUE, q int NOT NULL UNIQUE, UNIQUE (p, q));
        ALTER TABLE knot_a ADD FOREIGN KEY (p, q) REFERENCES knot_b (p, q);
        ALTER TABLE knot_b ADD FOREIGN KEY (p, q) REFERENCES knot_a (p, q);
        -- Two values at most, and one.
        CREATE TABLE few (x int NOT NULL CHECK (x IN (1, 2)), y int NOT NULL UNIQUE CHECK (y IN (1, 2)), UNIQUE (x, y));
        CREATE TABLE one (x int NOT NULL, y int NOT NULL, k int NOT NULL CHECK (k = 1),
            UNIQUE (x, k), UNIQUE (y, k), FOREIGN KEY (x, y) REFERENCES few (x, y))",
    );
    let url = db.url();
    dir.seedrow(["init", "--url", &url, "--name", "it"])
        .exits(0)
        .stdout_has("left out, foreign tables: far_things")
        .stdout_has("left out, tables of the extension plpgsql: of_extension")
        .stdout_has("left out, views: seen")
        .stdout_has("it refers to of_extension, which is not among these tables")
        .stdout_has("p takes its value from keys that lead back to it")
        .stdout_has("it refers to knot_a, which can't be filled");
    dir.seedrow([
        "run",
        "--dataset",
        "it/it.toml",
        "--url",
        &url,
        "--budget",
        "5s",
    ]);
    assert_eq!(empty(&db), "knot_a knot_b of_extension refers");
    assert_eq!(
        db.value("SELECT concat((SELECT count(*) FROM few), (SELECT count(*) FROM one))"),
        "21"
    );
}

#[test]
fn a_role_with_few_privileges_is_told_what_it_lacks() {
    let (dir, db) = (Workdir::new("limited"), Db::new("limited"));
    db.execute(
        "DO $$ BEGIN CREATE ROLE seedrow_limited; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
        GRANT CREATE ON SCHEMA public TO seedrow_limited;
        CREATE TABLE mine (id serial PRIMARY KEY, name text NOT NULL);
        CREATE TABLE closed (id serial PRIMARY KEY, name text NOT NULL);
        CREATE TABLE readable (id serial PRIMARY KEY, mine_id int REFERENCES mine);
        CREATE TABLE guarded (id serial PRIMARY KEY, owner text NOT NULL);
        ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
        GRANT ALL ON guarded TO seedrow_limited;
        GRANT SELECT ON readable TO seedrow_limited;
        GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO seedrow_limited;
        ALTER TABLE mine OWNER TO seedrow_limited;
        REVOKE SELECT ON pg_catalog.pg_stats, pg_catalog.pg_statistic FROM PUBLIC",
    );
    let joint = if db.url().contains('?') { '&' } else { '?' };
    let url = format!("{}{joint}options=-c%20role%3Dseedrow_limited", db.url());
    dir.seedrow(["init", "--url", &url, "--name", "it", "--rows", "30"])
        .exits(0)
        .stdout_has("no trial: the role may not insert into every table")
        .stdout_has("this role may not insert into closed, readable")
        .stdout_has("COPY can't write a table whose policies apply to the role")
        .stdout_has("connect as its owner, or as a role with BYPASSRLS");
    let run = ["run", "--dataset", "it/it.toml", "--url", &url];
    dir.seedrow(run).exits(2).stderr_has(
        "seedrow_limited may not fill public.closed, public.readable; run, as their owner: GRANT SELECT, INSERT, TRUNCATE ON \
         public.closed TO seedrow_limited; GRANT SELECT, INSERT, TRUNCATE ON public.readable TO seedrow_limited;",
    );
    dir.seedrow(["check", "--url", &url])
        .exits(2)
        .stderr_has("could not read pg_stats")
        .stderr_has("GRANT SELECT ON pg_catalog.pg_stats TO PUBLIC;");
    // Where policies alone are in the way, the others are tried and filled.
    dir.seedrow([
        "init",
        "--url",
        &url,
        "--name",
        "two",
        "--tables",
        "mine,guarded",
    ])
    .exits(0)
    .stdout_has("1 refused")
    .stdout_has("trial: 200 rows of 1 table were accepted");
}

#[test]
fn names_and_domains_that_need_care_are_filled() {
    let (dir, db) = (Workdir::new("names"), Db::new("names"));
    db.execute(
        r#"CREATE DOMAIN texts AS text[] CHECK (array_length(VALUE, 1) > 0);
        CREATE DOMAIN some_texts AS texts CHECK (array_length(VALUE, 1) <= 4);
        CREATE DOMAIN few_texts AS some_texts NOT NULL;
        CREATE TABLE domains (id serial PRIMARY KEY, a some_texts, b few_texts);
        CREATE TYPE "Mood; DROP" AS ENUM ('so "so"', 'it''s fine', '');
        CREATE TABLE "Order" ("Select" serial PRIMARY KEY, "a.b" text NOT NULL UNIQUE, "mood?" "Mood; DROP" NOT NULL);
        CREATE TABLE "order items; --" ("Order" int NOT NULL REFERENCES "Order", "№" int NOT NULL, "quote""d" text,
            PRIMARY KEY ("Order", "№"));
        CREATE TABLE "table.with.dots" (id serial PRIMARY KEY, "order item" int NOT NULL, "n" int NOT NULL,
            FOREIGN KEY ("order item", "n") REFERENCES "order items; --");
        CREATE TABLE "back\slash" ("new\nline" int PRIMARY KEY, "tab\tb" text CHECK ("tab\tb" <> ''));
        CREATE INDEX "idx ""quoted" ON "order items; --" ("quote""d")"#,
    );
    let url = db.url();
    dir.seedrow(["init", "--url", &url, "--name", "it", "--rows", "20"])
        .exits(0)
        .stdout_has("5 to fill with 100 rows, 0 refused");
    dir.seedrow([
        "run",
        "--dataset",
        "it/it.toml",
        "--url",
        &url,
        "--budget",
        "5s",
    ]);
    assert_eq!(empty(&db), "");
    let beyond = "SELECT count(*) FROM domains WHERE array_length(a, 1) > 4 OR array_length(b, 1) NOT BETWEEN 1 AND 4";
    assert_eq!(db.value(beyond), "0");
}

#[test]
fn a_schema_of_300_tables_is_read_in_one_go() {
    let (dir, db) = (Workdir::new("many"), Db::new("many"));
    let table = |number: u32| {
        let parent = match number {
            0 => String::new(),
            _ => format!(", parent_id bigint NOT NULL REFERENCES t{}", number / 3),
        };
        format!(
            "CREATE TABLE t{number} (id bigserial PRIMARY KEY, name varchar(40) NOT NULL UNIQUE,
                price numeric(8, 2) CHECK (price >= 0), created_at timestamptz NOT NULL{parent});"
        )
    };
    db.execute(&(0..300).map(table).collect::<String>());
    let start = std::time::Instant::now();
    dir.seedrow([
        "init",
        "--url",
        &db.url(),
        "--name",
        "many",
        "--rows",
        "5",
        "--no-trial",
    ])
    .exits(0)
    .stdout_has("tables: 300 to fill with 1,500 rows, 0 refused");
    // In a debug build on a busy machine; what grows with the square of the tables would take minutes.
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
}
