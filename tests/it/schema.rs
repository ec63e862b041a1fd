//! `seedrow check --only schema`: the live schema beside the DDL that it should have come from.

use crate::support::{Db, Run, Workdir, schema_dump, seedrow, server, value_at};

const DDL: &str = "
    CREATE TABLE shops (id serial PRIMARY KEY, name text NOT NULL DEFAULT 'x');
    CREATE TABLE orders (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        shop_id int NOT NULL REFERENCES shops ON DELETE CASCADE,
        total numeric(10,2) CHECK (total >= 0),
        placed date DEFAULT now(),
        year int GENERATED ALWAYS AS (extract(year FROM placed)) STORED
    );
    CREATE INDEX orders_placed ON orders (placed);
    CREATE TABLE tags (order_id bigint REFERENCES orders, tag text, UNIQUE (order_id, tag));";

/// Checks `db` against a file with this DDL.
fn check(db: &Db, test: &str, ddl: &str, more: &[&str]) -> Run {
    let dir = Workdir::new(test);
    dir.write("structure.sql", ddl);
    let url = db.url();
    let own = [
        "check",
        "--only",
        "schema",
        "--schema",
        "structure.sql",
        "--url",
        &url,
    ];
    dir.seedrow(own.into_iter().chain(more.iter().copied()))
}

#[test]
fn the_same_ddl_holds_in_any_schema() {
    let db = Db::new("same");
    db.execute(DDL);
    check(&db, "same", DDL, &[])
        .exits(0)
        .stdout_has("schema: 3 tables, compared with structure.sql  pass");
    db.execute("CREATE SCHEMA \"Shop 2\"; SET search_path = \"Shop 2\"");
    db.execute(&format!("SET search_path = \"Shop 2\"; {DDL}"));
    check(&db, "same", DDL, &["--target-schema", "Shop 2"]).exits(0);
    let left = "SELECT count(*) FROM pg_class WHERE oid >= 16384";
    assert_eq!(value_at(&server().url("seedrow_scratch"), left), "0");
    // This goes into no transaction.
    let ddl = DDL.replace("CREATE INDEX ", "CREATE INDEX CONCURRENTLY ");
    check(&db, "same", &ddl, &[]).exits(0);
    crate::support::eventually("the scratch databases are gone", || {
        let left = "SELECT count(*) FROM pg_database WHERE datname LIKE 'seedrow_scratch_%'";
        db.value(left) == "0"
    });
}

/// Each help, typed, mends its finding.
#[test]
fn every_difference_is_fixed_by_the_suggested_statement() {
    let db = Db::new("repaired");
    db.execute(DDL);
    db.execute(
        "DROP TABLE tags;
        ALTER TABLE shops ALTER COLUMN name DROP NOT NULL, ALTER COLUMN name DROP DEFAULT;
        ALTER TABLE shops ADD COLUMN extra int;
        ALTER TABLE orders DROP COLUMN year;
        ALTER TABLE orders ALTER COLUMN total TYPE numeric(12,2);
        ALTER TABLE orders ALTER COLUMN placed SET DEFAULT '2020-01-01';
        ALTER TABLE orders DROP CONSTRAINT orders_total_check;
        ALTER TABLE orders DROP CONSTRAINT orders_shop_id_fkey;
        ALTER TABLE orders ADD CONSTRAINT orders_shop_id_fkey FOREIGN KEY (shop_id) REFERENCES shops NOT VALID;
        ALTER TABLE orders ADD CONSTRAINT recent CHECK (placed > '2000-01-01') NOT VALID;
        DROP INDEX orders_placed;
        CREATE TABLE audit (id int);
        INSERT INTO shops (id) VALUES (7)",
    );
    let json = check(&db, "repaired", DDL, &["--format", "json"])
        .exits(1)
        .json();
    let findings = json["checks"][0]["findings"].as_array().unwrap();
    let mut rules: Vec<&str> = findings
        .iter()
        .map(|it| it["rule"].as_str().unwrap())
        .collect();
    rules.sort_unstable();
    assert_eq!(
        rules,
        [
            "check-not-valid",
            "column-default",
            "column-default",
            "column-extra",
            "column-missing",
            "column-null",
            "column-type",
            "constraint-differs",
            "constraint-extra",
            "constraint-missing",
            "index-missing",
            "sequence-behind",
            "table-extra",
            "table-missing",
        ]
    );
    db.execute("UPDATE shops SET name = 'x'");
    for finding in findings {
        let help = finding["help"].as_str().unwrap();
        // The rest of the line is a remark.
        db.execute(help.split("   -- ").next().unwrap());
    }
    check(&db, "repaired", DDL, &[]).exits(0).lacks("[");
}

#[test]
fn a_dump_is_taken_as_it_is() {
    let db = Db::new("dump");
    db.execute("CREATE SCHEMA shop");
    db.execute(&format!("SET search_path = shop; {DDL}"));
    // As pg_dump writes it: the schema made, names in full, psql's own commands.
    let dump = "\\restrict xyz\nSET search_path = '';\nCREATE SCHEMA shop;\nBEGIN;\n\
        CREATE TABLE shop.shops (id integer NOT NULL, name text DEFAULT 'x'::text NOT NULL);\n\
        CREATE SEQUENCE shop.shops_id_seq AS integer;\nALTER SEQUENCE shop.shops_id_seq OWNED BY shop.shops.id;\n\
        ALTER TABLE ONLY shop.shops ALTER COLUMN id SET DEFAULT nextval('shop.shops_id_seq'::regclass);\n\
        ALTER TABLE ONLY shop.shops ADD CONSTRAINT shops_pkey PRIMARY KEY (id);\nCOMMIT;\n\\unrestrict xyz\n";
    check(&db, "dump", dump, &["--target-schema", "shop"])
        .exits(0)
        .stdout_has("warn  orders: table orders isn't in the DDL  [table-extra]")
        .lacks("fail");
}

#[test]
fn ddl_that_is_refused_is_told_with_its_line() {
    let db = Db::new("refused");
    check(
        &db,
        "refused",
        "CREATE TABLE a (id int);\nCREATE TABLE b (id in);\n",
        &[],
    )
    .exits(2)
    .stdout_has("structure.sql, line 2: the server rejects the DDL: ")
    .stdout_has("[not-compared]");
    let url = db.url();
    seedrow(["check", "--schema", "none.sql", "--url", &url])
        .exits(2)
        .stderr_has("could not read none.sql");
}

#[test]
fn without_postgres_programs_another_server_will_do() {
    let db = Db::new("scratch");
    db.execute(DDL);
    let empty = Workdir::new("scratch");
    let dir = Workdir::new("scratch_files");
    dir.write("structure.sql", DDL);
    let (url, home) = (db.url(), empty.path("home").display().to_string());
    let at = |more: &[&str]| {
        let own = [
            "check",
            "--only",
            "schema",
            "--schema",
            "structure.sql",
            "--url",
            &url,
            "--home",
            &home,
        ];
        dir.seedrow_with(
            own.into_iter().chain(more.iter().copied()),
            &[("PGBINDIR", "/nowhere"), ("PATH", "/nowhere")],
        )
    };
    let elsewhere = db.url();
    at(&["--scratch-url", &elsewhere])
        .exits(0)
        .stdout_has("compared with structure.sql  pass");
}

#[test]
fn a_role_that_may_only_read_is_enough() {
    let db = Db::new("reader");
    db.execute(DDL);
    db.execute(
        "DROP ROLE IF EXISTS seedrow_schema_reader; CREATE ROLE seedrow_schema_reader LOGIN;
        GRANT SELECT ON ALL TABLES IN SCHEMA public TO seedrow_schema_reader",
    );
    let joint = if db.url().contains('?') { '&' } else { '?' };
    let url = format!(
        "{}{joint}options=-c%20role%3Dseedrow_schema_reader",
        db.url()
    );
    let dir = Workdir::new("reader");
    dir.write("structure.sql", DDL);
    dir.seedrow([
        "check",
        "--only",
        "schema",
        "--schema",
        "structure.sql",
        "--url",
        &url,
    ])
    .exits(0);
}

#[test]
fn the_dataset_s_own_schema_is_the_default() {
    let db = Db::new("dataset");
    db.execute(include_str!("../../sql/catalog/schema.sql"));
    let only = ["check", "--only", "schema", "--url", &db.url()].map(str::to_owned);
    let only = || only.iter().map(String::as_str);
    db.execute("CREATE SCHEMA other; CREATE TABLE other.t (id int PRIMARY KEY)");
    seedrow(only())
        .exits(0)
        .stdout_has("schema: 6 tables, compared with catalog  pass");
    db.execute("DROP SCHEMA other CASCADE");
    db.execute("ALTER TABLE skus DROP COLUMN size");
    seedrow(only())
        .exits(1)
        .stdout_has("fail  skus.size: column skus.size is missing  [column-missing]");
    // Without all of its tables it is another database, unless it is named.
    db.execute("DROP TABLE skus");
    seedrow(only())
        .exits(0)
        .stdout_has("schema: 5 tables  pass");
    seedrow(only().chain(["--dataset", "catalog"]))
        .exits(1)
        .stdout_has("fail  skus: table skus is missing  [table-missing]");
}

/// What Postgres prints in two ways is the same.
#[test]
fn a_database_passes_against_its_own_dump() {
    let databases = [
        ("forms", include_str!("../databases/forms.sql")),
        ("freight", include_str!("../databases/freight.sql")),
        ("hospital", include_str!("../databases/hospital.sql")),
        ("ddl", DDL),
    ];
    for (name, sql) in databases {
        let db = Db::new(&format!("own_{name}"));
        let (ddl, _rows) = sql.split_once("-- Rows").unwrap_or((sql, ""));
        db.execute(ddl);
        // With settings, owners and privileges, as pg_dump writes it.
        let dump = schema_dump(&db.url()).replace("OWNER TO postgres", "OWNER TO nobody_here");
        let run = check(&db, &format!("own_{name}"), &dump, &["--format", "json"]);
        let json = run.json();
        let findings = json["checks"][0]["findings"].as_array().unwrap();
        let by_itself = ["check-not-valid", "index-invalid", "sequence-behind"];
        let rules: Vec<&serde_json::Value> = findings
            .iter()
            .filter(|it| !by_itself.contains(&it["rule"].as_str().unwrap()))
            .collect();
        assert!(rules.is_empty(), "{name}: {rules:#?}");
        let against = json["checks"][0].to_string();
        assert!(against.contains("structure.sql"), "{name}: {against}");
    }
}

/// And what differs is still found.
#[test]
fn another_expression_differs_however_it_is_printed() {
    let ddl = |kinds: &str, more: &str| {
        format!(
            "CREATE TABLE t (
                kind varchar(9) DEFAULT 'a' CHECK (kind IN ({kinds})),
                is_known boolean GENERATED ALWAYS AS (kind IN ({kinds})) STORED
            );
            CREATE INDEX t_kind ON t (kind) WHERE kind IN ({kinds});{more}"
        )
    };
    let db = Db::new("differs");
    db.execute(&ddl("'a', 'b'", ""));
    check(&db, "differs", &ddl("'a', 'b'", ""), &[]).exits(0);
    let run = check(&db, "differs", &ddl("'a', 'c'", ""), &["--format", "json"]).exits(1);
    let json = run.json();
    let findings = json["checks"][0]["findings"].as_array().unwrap();
    let rules: Vec<&str> = findings
        .iter()
        .map(|it| it["rule"].as_str().unwrap())
        .collect();
    assert_eq!(
        rules,
        ["column-default", "constraint-differs", "index-differs"]
    );
}

#[test]
fn ddl_is_read_as_psql_reads_it() {
    let db = Db::new("psql");
    db.execute("CREATE SCHEMA shop; CREATE TABLE shop.a (id int PRIMARY KEY); CREATE TABLE shop.b (id int)");
    let dir = Workdir::new("psql");
    dir.write(
        "db/all.sql",
        "\\set s shop\nCREATE DATABASE x;\n\\c x\nCREATE ROLE nobody_here;\nSET transaction_timeout_of_later = 0;\n\
         CREATE SCHEMA :s;\nBEGIN;\n\\i tables/a.sql\nCOPY shop.a FROM stdin;\n1\n\\.\nGRANT ALL ON shop.a TO nobody_here;\n\
         COMMIT;\n\\i tables/b.sql\n",
    );
    dir.write(
        "db/tables/a.sql",
        "CREATE TABLE shop.a (id int PRIMARY KEY);",
    );
    dir.write(
        "db/tables/b.sql",
        "-- the second\nCREATE TABLE shop.b (id int);\n",
    );
    let url = db.url();
    let check = [
        "check",
        "--only",
        "schema",
        "--schema",
        "db/all.sql",
        "--target-schema",
        "shop",
        "--url",
        &url,
    ];
    dir.seedrow(check)
        .exits(0)
        .stdout_has("schema: 2 tables, compared with db/all.sql  pass");
    dir.write(
        "db/tables/b.sql",
        "-- the second\nCREATE TABLE shop.b (\n  id in);\n",
    );
    dir.seedrow(check)
        .stdout_has("db/tables/b.sql, line 3: the server rejects the DDL");
    assert_eq!(
        db.value("SELECT count(*) FROM pg_roles WHERE rolname = 'nobody_here'"),
        "0"
    );
}
