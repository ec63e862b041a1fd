//! The schema file that a load applies: as teams write them, and what it must not do to what is there.

use crate::shop::{SCHEMA, Shop};
use crate::support::{Db, schema_dump};

/// What exists, what the schema file does to it before it creates the tables, and the message.
const HARM: &[(&str, &str, &str)] = &[
    (
        "CREATE TABLE users (id int PRIMARY KEY); INSERT INTO users VALUES (1)",
        "DROP TABLE IF EXISTS users; CREATE TABLE users (id int);",
        "schema.sql, line 2: the schema drops public.users, which",
    ),
    (
        "CREATE TABLE users (id int PRIMARY KEY); INSERT INTO users VALUES (1)",
        "DROP SCHEMA public CASCADE; CREATE SCHEMA public;",
        "schema.sql, line 2: the schema drops public.users",
    ),
    (
        "CREATE TABLE users (id int); INSERT INTO users VALUES (1)",
        "TRUNCATE users;",
        "line 2: the schema empties or rewrites public.users",
    ),
    (
        "CREATE TABLE users (id int); INSERT INTO users VALUES (1), (2)",
        "DELETE FROM users;",
        "line 2: the schema changes or deletes rows of public.users",
    ),
    (
        "CREATE TABLE users (id int, name text); INSERT INTO users VALUES (1)",
        "ALTER TABLE users DROP COLUMN name;",
        "line 2: the schema drops column public.users.name",
    ),
    (
        "CREATE TABLE users (id int PRIMARY KEY); CREATE TABLE posts (user_id int CONSTRAINT by_user REFERENCES users)",
        "DROP TABLE IF EXISTS users CASCADE; CREATE TABLE users (id int);",
        "line 2: the schema drops constraint by_user of public.posts",
    ),
    (
        "CREATE TABLE users (id int); CREATE VIEW names AS SELECT id FROM users",
        "DROP TABLE IF EXISTS users CASCADE; CREATE TABLE users (id int);",
        "line 2: the schema drops the view public.names",
    ),
    (
        "CREATE TABLE users (id int); INSERT INTO users VALUES (1)",
        "ALTER TABLE users RENAME TO users_old; CREATE TABLE users (id int);",
        "line 2: the schema renames public.users to public.users_old",
    ),
    (
        "CREATE SEQUENCE numbers; SELECT nextval('numbers')",
        "DROP SEQUENCE numbers;",
        "line 2: the schema drops the sequence public.numbers",
    ),
    (
        "CREATE TABLE days (id int) PARTITION BY LIST (id); CREATE TABLE monday PARTITION OF days FOR VALUES IN (1);
        INSERT INTO days VALUES (1)",
        "DROP TABLE days;",
        "line 2: the schema drops public.days, drops public.monday",
    ),
    (
        "CREATE TABLE users (id serial); INSERT INTO users SELECT FROM generate_series(1, 9)",
        "SELECT setval('users_id_seq', 3);",
        "line 2: the schema sets or alters the sequence public.users_id_seq",
    ),
    (
        "CREATE SEQUENCE numbers INCREMENT -1; SELECT nextval('numbers'), nextval('numbers')",
        "SELECT setval('numbers', -1);",
        "line 2: the schema sets or alters the sequence public.numbers",
    ),
    (
        "CREATE TABLE users (id serial); INSERT INTO users SELECT FROM generate_series(1, 9)",
        "ALTER SEQUENCE users_id_seq RESTART 100;",
        "line 2: the schema sets or alters the sequence public.users_id_seq",
    ),
    (
        "CREATE TABLE users (id int); CREATE FUNCTION now_then() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
        CREATE TRIGGER touch BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION now_then()",
        "DROP TRIGGER IF EXISTS touch ON users;",
        "line 2: the schema drops trigger touch of public.users",
    ),
    (
        "CREATE TABLE users (id int); CREATE FUNCTION now_then() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
        CREATE TRIGGER touch BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION now_then()",
        "DROP FUNCTION now_then CASCADE;",
        "line 2: the schema drops function now_then(), drops trigger touch of public.users",
    ),
    (
        "CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE OR REPLACE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 2';",
        "line 2: the schema changes function one()",
    ),
];

/// Where the sequences are, which a rollback alone doesn't say.
const SEQUENCES: &str = "SELECT string_agg(concat_ws(' ', sequencename, last_value), ', ' ORDER BY 1) FROM pg_sequences";

#[test]
fn a_schema_file_that_touches_what_holds_rows_is_refused_and_rolled_back() {
    for (at, (there, harm, message)) in HARM.iter().enumerate() {
        let shop = Shop::new(&format!("harm_{at}"));
        shop.db.execute(there);
        let (before, sequences) = (schema_dump(&shop.db.url()), shop.db.rows(SEQUENCES));
        shop.dir
            .write("schema.sql", format!("-- harm\n{harm}\n{SCHEMA}"));
        shop.load(&[])
            .exits(2)
            .stderr_has(message)
            .stderr_has("everything was rolled back");
        assert!(shop.is_untouched(), "{harm}");
        assert_eq!(schema_dump(&shop.db.url()), before, "{harm}");
        assert_eq!(shop.db.rows(SEQUENCES), sequences, "{harm}");
    }
}

#[test]
fn what_holds_nothing_may_be_made_anew() {
    let shop = Shop::new("anew");
    shop.db.execute(
        "CREATE TABLE users (id int); CREATE TABLE emptied (id int); INSERT INTO emptied VALUES (1); DELETE FROM emptied;
        CREATE VIEW names AS SELECT id FROM users; CREATE MATERIALIZED VIEW m AS SELECT 1;
        CREATE TABLE kept (id int); INSERT INTO kept VALUES (1);
        CREATE SEQUENCE unused; CREATE FUNCTION same() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
        CREATE TRIGGER same BEFORE UPDATE ON kept FOR EACH ROW EXECUTE FUNCTION same()",
    );
    shop.dir.write(
        "schema.sql",
        format!(
            "DROP TABLE IF EXISTS users, emptied, owners CASCADE; CREATE TABLE users (id bigint); CREATE TABLE emptied ();
            CREATE VIEW names AS SELECT id FROM users; REFRESH MATERIALIZED VIEW m; INSERT INTO kept VALUES (2);
            ALTER TABLE kept ADD COLUMN more int; SELECT setval('unused', 7);
            DROP TRIGGER IF EXISTS same ON kept; DROP FUNCTION IF EXISTS same;
            CREATE FUNCTION same() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
            CREATE TRIGGER same BEFORE UPDATE ON kept FOR EACH ROW EXECUTE FUNCTION same(); {SCHEMA}"
        ),
    );
    shop.load(&[]).exits(0);
    assert_eq!(shop.counts(), "2 3");
    assert_eq!(shop.db.value("SELECT count(*) FROM kept"), "2");
}

#[test]
fn rows_that_the_schema_file_brings_are_not_lost() {
    let shop = Shop::new("brings");
    shop.dir.write(
        "schema.sql",
        format!("{SCHEMA}\nCOPY owners FROM stdin;\n7\tEve; Adam\n\\.\nCREATE TABLE codes (c text);\nCOPY codes FROM stdin;\nit's\n\\.\n"),
    );
    shop.load(&[]).exits(2).stderr_has(
        "schema.sql puts rows into public.owners, which this load fills and would remove; take them out of the file, or keep \
         them with --append",
    );
    assert!(shop.is_untouched());
    shop.load(&["--append"]).exits(0);
    assert_eq!(shop.counts(), "3 3");
    assert_eq!(shop.db.value("SELECT c FROM codes"), "it's");
}

#[test]
fn a_schema_file_for_psql_is_applied() {
    let shop = Shop::new("psql");
    shop.dir.write(
        "schema.sql",
        "\\set ON_ERROR_STOP on\nDROP DATABASE IF EXISTS shop;\nCREATE DATABASE shop;\n\\connect shop\n\
         SET client_encoding = 'LATIN1';\nSET work_mem = '5MB';\nSET setting_of_later = on;\nBEGIN;\n\\i tables/owners.sql\n\
         \\ir 'tables/pets.sql'\nCOMMIT;\n",
    );
    let (owners, pets) = SCHEMA.split_at(SCHEMA.find("CREATE TABLE pets").unwrap());
    shop.dir.write("tables/owners.sql", owners);
    shop.dir.write("tables/pets.sql", pets);
    shop.load(&[]).exits(0).stderr_has(
        "left out: schema.sql, line 2, a statement on a whole database: the target is given",
    );
    assert_eq!(shop.counts(), "2 3");
    // An included file is a part of the schema.
    shop.dir
        .write("tables/pets.sql", format!("{pets} CREATE TABLE more ();"));
    shop.load(&[]).exits(2);
}

#[test]
fn a_dump_is_a_schema_file() {
    let original = Db::new("dump_original");
    original.execute(SCHEMA);
    let dump = schema_dump(&original.url());
    let shop = Shop::new("dump");
    shop.dir.write("schema.sql", &dump);
    shop.load(&[]).exits(0);
    assert_eq!(schema_dump(&shop.db.url()), dump);
    // Of another schema.
    original.execute("ALTER SCHEMA public RENAME TO \"The shop\"");
    let shop = Shop::new("dump_schema");
    shop.dir.write("schema.sql", schema_dump(&original.url()));
    shop.load(&[])
        .exits(2)
        .stderr_has("schema.sql makes owners in the schema \"The shop\", and this load is into public; add --target-schema");
    assert!(shop.is_untouched());
    shop.load(&["--target-schema", "The shop"]).exits(0);
    assert_eq!(shop.db.value("SELECT count(*) FROM \"The shop\".pets"), "3");
}

#[test]
fn what_cannot_be_honoured_is_refused_with_its_line() {
    let shop = Shop::new("refused");
    for (line, message) in [
        (
            "SELECT 'x' \\gexec",
            "schema.sql, line 2: `\\gexec` is a command of psql's that is not run here",
        ),
        (
            "CREATE TABLE :name ();",
            "schema.sql, line 2: `:name` is a variable of psql's without a value",
        ),
        (
            "ROLLBACK;",
            "schema.sql, line 2: ROLLBACK: the file is applied as a whole",
        ),
        (
            "CREATE TABLE a ();\n\\c other\nCREATE TABLE b ();",
            "schema.sql, line 3: `\\connect other` behind statements of another",
        ),
        (
            "CREATE TABLE a (\n  b in);",
            "schema.sql, line 3: the server rejects the DDL",
        ),
        (
            "CREATE TABLE a (b int);\nCREATE INDEX CONCURRENTLY ON a (b);",
            "applied in one transaction (take this statement, or its CONCURRENTLY, out): CREATE INDEX CONCURRENTLY",
        ),
        (
            "GRANT SELECT ON ALL TABLES IN SCHEMA public TO nobody_here;",
            "owners and privileges need the target's roles; take them out of the file",
        ),
        (
            "\\i none.sql",
            "schema.sql, line 2: could not read none.sql",
        ),
        (
            "COPY none FROM stdin;\n\\.",
            "schema.sql, line 2: the server rejects the DDL",
        ),
    ] {
        shop.dir.write("schema.sql", format!("\n{line}\n{SCHEMA}"));
        shop.load(&[]).exits(2).stderr_has(message);
        assert!(shop.is_untouched(), "{line}");
    }
}
