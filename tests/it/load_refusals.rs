//! `seedrow load` when it cannot be done: exit 2, the place and the value, what to type, and nothing loaded.

use std::fs;

use crate::shop::{CONSTRAINTS, DATASET, OWNERS, PETS, SCHEMA, Shop, between};
use crate::support::{schema_dump, seedrow};

#[test]
fn a_manifest_of_more_rows_than_the_file_is_refused() {
    let shop = Shop::new("more_rows");
    let rows = shop.generate().lines().count() - 1;
    let manifest = shop.dir.read("data/manifest.json");
    let one_more = manifest.replace(
        &format!("\"rows\": {rows},"),
        &format!("\"rows\": {},", rows + 1),
    );
    assert_ne!(one_more, manifest);
    shop.dir.write("data/manifest.json", one_more);
    shop.load(&[]).exits(2).stderr_has(&format!(
        "data/pets.csv has {rows} records, and manifest.json says {}",
        rows + 1
    ));
    assert_eq!(shop.db.value("SELECT count(*) FROM pets"), "0");
}

#[test]
fn a_file_that_was_cut_or_changed_is_refused() {
    let shop = Shop::new("cut_or_changed");
    let pets = shop.generate();
    let bytes = pets.len();
    shop.pets(&pets[..bytes - 1]);
    shop.load(&[]).exits(2).stderr_has(&format!(
        "data/pets.csv has {} bytes, and manifest.json says {bytes}; the file was changed or truncated",
        bytes - 1
    ));
    assert!(shop.is_untouched());
    shop.pets(pets.replacen("Rex", "Max", 1));
    shop.load(&[])
        .exits(2)
        .stderr_has("data/pets.csv: its checksum is xxh3:")
        .stderr_has("the file was changed. Generate it again, or remove the manifest");
    assert_eq!(shop.db.value("SELECT count(*) FROM pets"), "0");
    fs::remove_file(shop.dir.path("data/manifest.json")).unwrap();
    shop.load(&["--replace"]).exits(0);
    assert_eq!(
        shop.db
            .value("SELECT count(*) FROM pets WHERE name = 'Max'"),
        "1"
    );
}

#[test]
fn a_manifest_of_something_else_is_refused() {
    let shop = Shop::new("something_else");
    shop.generate();
    let url = shop.db.url();
    shop.dir
        .seedrow(["load", "data", "--url", &url])
        .exits(2)
        .stderr_has("data/manifest.json was made from the dataset shop, not catalog")
        .stderr_has("--dataset");
    shop.dir
        .write("shop.toml", DATASET.replace("max = 90", "max = 80"));
    shop.load(&[])
        .exits(2)
        .stderr_has("data/manifest.json was made from another version of shop.toml")
        .stderr_has("generate the files again, or remove the manifest");
    shop.dir.write("data/manifest.json", "{");
    shop.load(&[])
        .exits(2)
        .stderr_has("data/manifest.json is not a manifest");
    assert!(shop.is_untouched());
}

#[test]
fn a_header_that_does_not_fit_is_refused_before_anything_is_made() {
    let shop = Shop::new("header");
    let cases = [
        (
            "id,owner_id,name\n1,1,Rex\n",
            "data/pets.csv, line 1: column `weight` of table pets is missing; the header has id, owner_id, name",
        ),
        (
            "id,owner_id,name,weigth\n1,1,Rex,3\n",
            "data/pets.csv, line 1: unknown column `weigth` for table pets; did you mean `weight`?",
        ),
        (
            "id,owner_id,name,weight,colour\n1,1,Rex,3,red\n",
            "unknown column `colour` for table pets; there is id, owner_id, name, weight",
        ),
        (
            "id,owner_id,ownerId,name,weight\n1,1,1,Rex,3\n",
            "data/pets.csv, line 1: column `owner_id` is named twice",
        ),
        ("", "data/pets.csv is empty; it needs a header line"),
    ];
    for (csv, message) in cases {
        shop.pets(csv);
        shop.load(&[]).exits(2).stderr_has(message);
    }
    assert!(shop.is_untouched());
}

#[test]
fn a_value_that_does_not_fit_is_named_with_line_and_column() {
    let shop = Shop::new("value");
    let schema = SCHEMA.replace("name text,", "name varchar(5) CHECK (name <> 'Bad'),");
    shop.db.execute(&schema);
    let before = "\n1,1,\"R\ne\nx\",\n\n";
    let cases = [
        ("2,1,Mia,heavy", "weight \"heavy\" is not an integer"),
        (
            "2,1,Mia,99999999999",
            "weight \"99999999999\" is out of range for integer",
        ),
        (
            "2,1,Methuselah,3",
            "name \"Methuselah\" is longer than the column's 5 characters",
        ),
        (
            "2,null,Mia,3",
            "owner_id \"null\" is NULL, and the column takes none",
        ),
        (
            "2,1,Bad,3",
            "name \"Bad\": new row for relation \"pets\" violates check constraint \"pets_name_check\"",
        ),
        ("2,1,Mia", "3 fields, and the header has 4"),
        ("2,1,Mia,3,4", "5 fields, and the header has 4"),
        ("2,1,\"Mia\"x,3", "there is text behind a closing quote"),
        ("2,1,\"Mia,3", "a quote is not closed"),
    ];
    for (record, message) in cases {
        shop.pets(format!(
            "id,owner_id,name,weight{before}{record}\n3,1,Tom,5\n"
        ));
        let run = shop.load(&["--replace"]).exits(2);
        run.stderr_has(&format!("data/pets.csv, line 6: {message}"))
            .stderr_has("run: seedrow load data --dataset shop.toml");
        assert_eq!(shop.db.value("SELECT count(*) FROM pets"), "0", "{record}");
    }
    shop.pets(PETS);
    shop.load(&["--replace"]).exits(0);
}

#[test]
fn bytes_that_are_no_text_are_refused_with_their_line() {
    let shop = Shop::new("no_text");
    for bytes in [b"\xff".as_slice(), b"\0"] {
        let csv = [b"id,owner_id,name,weight\n1,1,Rex,\n2,1,", bytes, b",\n"].concat();
        shop.pets(csv);
        shop.load(&["--replace"])
            .exits(2)
            .stderr_has("data/pets.csv, line 3: name ");
    }
}

#[test]
fn a_value_in_a_generated_file_that_the_table_refuses_is_named() {
    let shop = Shop::new("generated_value");
    shop.generate();
    shop.db
        .execute(&SCHEMA.replace("name text,", "name varchar(2),"));
    shop.load(&[])
        .exits(2)
        .stderr_has("data/pets.csv, line 2: column name, value \"Rex\": value too long");
}

#[test]
fn files_and_folders_that_are_not_there_are_named() {
    let shop = Shop::new("not_there");
    let url = shop.db.url();
    let load = |folder: &str, more: &[&str]| {
        let own = ["load", folder, "--dataset", "shop.toml", "--url", &url];
        shop.dir
            .seedrow(own.into_iter().chain(more.iter().copied()))
            .exits(2)
    };
    load("dada", &[]).stderr_has("dada does not exist");
    load("shop.toml", &[]).stderr_has("shop.toml is not a folder");
    load("data", &["--file", "pets=x.csv"]).stderr_has("could not open x.csv");
    load("data", &["--file", "pest=data/pets.csv"]).stderr_has("did you mean `pets`?");
    load("data", &["--file", "pets=x", "--tables", "owners"])
        .stderr_has("--tables leaves this table out");
    load("data", &["--tables", "pest"]).stderr_has("pets");
    fs::rename(
        shop.dir.path("data/pets.csv"),
        shop.dir.path("data/old.csv"),
    )
    .unwrap();
    load("data", &[]).stderr_has(
        "data has no pets.csv for table pets; there is old.csv, owner.csv\n  hint: --file pets=PATH names another file",
    );
    shop.generate();
    fs::remove_file(shop.dir.path("data/pets.csv")).unwrap();
    load("data", &[])
        .stderr_has("data/manifest.json lists pets.csv for table pets, which does not exist");
    assert!(shop.is_untouched());
}

#[test]
fn a_dataset_and_a_table_that_differ_are_both_named() {
    let shop = Shop::new("differ");
    let cases = [
        (
            SCHEMA.replace("weight integer", "wait integer"),
            "shop.toml, line 21: table `pets` has a column `weight`, but pets in the database has none",
        ),
        (
            SCHEMA.replace("weight integer", "weight integer, chip text NOT NULL"),
            "shop.toml, line 13: pets in the database has a column `chip`, NOT NULL and without a default, that table `pets` does not fill",
        ),
        (
            SCHEMA.replace(
                "weight integer",
                "weight integer GENERATED ALWAYS AS (7) STORED",
            ),
            "shop.toml, line 21: pets.weight is generated by Postgres",
        ),
    ];
    for (schema, message) in cases {
        shop.db.execute("DROP TABLE IF EXISTS owners, pets");
        shop.db.execute(&schema);
        shop.load(&[]).exits(2).stderr_has(message);
    }
    shop.db.execute("DROP TABLE owners, pets");
    shop.dir
        .write("schema.sql", "CREATE TABLE owners (id int, name text)");
    shop.load(&[]).exits(2).stderr_has(
        "shop.toml, line 13: table `pets` is not in schema public after schema.sql was applied",
    );
}

#[test]
fn types_that_hold_none_of_the_rows_are_refused_before_anything_is_dropped() {
    let shop = Shop::new("other_types");
    shop.db.execute(SCHEMA);
    shop.db.execute(
        "ALTER TABLE pets DROP CONSTRAINT pets_owner_id_fkey, ALTER owner_id TYPE uuid USING NULL,
            ALTER weight TYPE timestamptz USING NULL",
    );
    let before = schema_dump(&shop.db.url());
    let url = shop.db.url();
    let seed = || {
        let rows = [
            "run",
            "--dataset",
            "shop.toml",
            "--rows",
            "5",
            "--url",
            &url,
        ];
        shop.dir.seedrow(rows)
    };
    shop.generate();
    for refused in [seed(), shop.load(&[])] {
        refused.exits(2).stderr_has(
            "shop.toml, line 19: public.pets.owner_id in the database is uuid, and table `pets` fills it with whole \
             numbers; correct the one or the other",
        );
        assert_eq!(schema_dump(&url), before);
    }
    // What a file has is read as the table wants it, whatever the dataset would make.
    fs::remove_file(shop.dir.path("data/manifest.json")).unwrap();
    shop.owners(OWNERS);
    shop.pets("id,owner_id,name,weight\n1,a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11,Rex,2024-02-29\n");
    shop.load(&[]).exits(0);
    shop.db.execute(
        "TRUNCATE pets; ALTER TABLE pets ALTER owner_id TYPE integer USING 1, ALTER weight TYPE integer USING 1,
            ALTER name TYPE uuid USING NULL",
    );
    let before = schema_dump(&url);
    let more = [
        "run",
        "--dataset",
        "shop.toml",
        "--rows",
        "5",
        "--replace",
        "--url",
        &url,
    ];
    shop.dir
        .seedrow(more)
        .exits(2)
        .stderr_has("pets, row 1: name \"Rex\" ");
    assert_eq!(schema_dump(&url), before);
}

#[test]
fn missing_tables_are_made_where_the_others_are_as_the_ddl_says() {
    let shop = Shop::new("some_tables");
    shop.db
        .execute("CREATE TABLE owners (id int PRIMARY KEY, name text)");
    shop.load(&[])
        .exits(2)
        .stderr_has("schema public has owners, which schema.sql makes in another way")
        .stderr_has("owners: it lacks column id integer NOT NULL identity d")
        .stderr_has("--recreate");
    let recreate = ["--recreate", "--tables", "owners"];
    shop.load(&recreate)
        .exits(2)
        .stderr_has("--recreate drops the dataset's tables")
        .stderr_has("--yes");
    shop.load(&[&recreate[..], &["--yes"]].concat()).exits(0);
    // A table that the file has besides, and a statement about one that exists, which isn't run again.
    let more = format!(
        "CREATE TYPE mood AS ENUM ('good', 'bad');
        {}
        CREATE INDEX ON owners (name);
        CREATE TABLE toys (id integer PRIMARY KEY, pet_id integer NOT NULL REFERENCES pets);
        CREATE INDEX ON toys (pet_id);
        INSERT INTO toys SELECT id, id FROM pets",
        crate::shop::SCHEMA
    );
    shop.dir.write("schema.sql", more);
    shop.db
        .execute("DROP TABLE pets; CREATE INDEX ON owners (name)");
    shop.load(&["--tables", "pets"]).exits(0);
    assert_eq!(shop.counts(), "2 3");
    let indexes = "SELECT string_agg(indexname, ' ' ORDER BY indexname) FROM pg_indexes WHERE schemaname = 'public'";
    assert_eq!(
        shop.db.value(indexes),
        "owners_name_idx owners_pkey pets_pkey toys_pet_id_idx toys_pkey"
    );
    shop.db
        .execute("DROP TABLE toys, pets, owners; DROP TYPE mood");
    shop.dir.write("schema.sql", crate::shop::SCHEMA);
    shop.db
        .execute("CREATE TABLE owners (id int PRIMARY KEY, name text)");
    shop.load(&["--tables", "owners"]).exits(0);
    shop.db
        .execute("DROP TABLE owners; CREATE VIEW owners AS SELECT 1 AS id, 'x' AS name");
    shop.load(&["--tables", "owners", "--replace"])
        .exits(2)
        .stderr_has("public.owners in the database is no table");
}

#[test]
fn rows_that_the_ledger_does_not_know_are_refused() {
    let shop = Shop::new("unknown_rows");
    shop.db.execute(SCHEMA);
    shop.db.execute("INSERT INTO owners VALUES (7, 'mine')");
    shop.load(&[]).exits(2).stderr_has(
        "owners holds rows already\n  hint: to empty what is to be loaded first, run: seedrow",
    );
    assert_eq!(shop.counts(), "1 0");
    assert_eq!(
        shop.db.value("SELECT to_regnamespace('seedrow') IS NULL"),
        "t"
    );
}

#[test]
fn a_role_is_told_what_to_grant() {
    let shop = Shop::new("grant");
    let role = "seedrow_load_grant";
    let url = shop.url_as(role);
    // As it is anyway from version 15 on.
    shop.db
        .execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC");
    let refused = shop.load_at(&url, &[]).exits(2).stderr_has(
        "seedrow_load_grant may not create seedrow's ledger, a small schema of its own and tables in the schema public",
    );
    assert_eq!(
        shop.db.value("SELECT to_regnamespace('seedrow') IS NULL"),
        "t"
    );
    grant(&shop, &refused.stderr);
    shop.load_at(&url, &[]).exits(0);
    assert_eq!(shop.counts(), "2 3");
    shop.db.execute(&format!(
        "REVOKE CREATE ON DATABASE {} FROM {role}",
        shop.db.name()
    ));
    let refused = shop.load_at(&url, &["--target-schema", "beside"]).exits(2);
    let refused = refused
        .stderr_has("seedrow_load_grant may not create the schema beside; run, as the owner: GRANT")
        .stderr;
    grant(&shop, &refused);
    shop.load_at(&url, &["--target-schema", "beside"]).exits(0);
}

/// Types what a message says.
#[track_caller]
fn grant(shop: &Shop, message: &str) {
    shop.db
        .execute(between(message, "run, as the owner: ", "\n"));
}

#[test]
fn a_schema_that_lacks_a_table_leaves_nothing_behind() {
    let shop = Shop::new("lacks_a_table");
    let dataset = shop.dir.read("shop.toml");
    let toys = "\n[tables.toys]\nrows = 1\ncolumns.id = \"serial\"\n";
    shop.dir.write("shop.toml", format!("{dataset}{toys}"));
    shop.dir.write("data/toys.csv", "id\n1\n");
    shop.load(&[])
        .exits(2)
        .stderr_has("table `toys` is not in schema public after");
    assert_eq!(
        shop.db
            .value("SELECT count(*) FROM pg_class WHERE relname IN ('owners', 'pets')"),
        "0"
    );
    let schema = shop.dir.read("schema.sql");
    shop.dir.write(
        "schema.sql",
        format!("{schema}\nCREATE TABLE toys (id integer PRIMARY KEY);"),
    );
    shop.load(&[]).exits(0);
}

#[test]
fn a_role_that_owns_nothing_loads_with_the_rights_named() {
    let shop = Shop::new("owns_nothing");
    let role = "seedrow_load_guest";
    let url = shop.url_as(role);
    shop.db.execute(SCHEMA);
    let before = shop.db.value(CONSTRAINTS);
    shop.db.execute(&format!(
        "GRANT CREATE ON DATABASE {} TO {role}; GRANT SELECT ON owners, pets TO {role}",
        shop.db.name()
    ));
    let refused = shop.load_at(&url, &[]).exits(2).stderr;
    let message = format!("{role} may not fill public.owners, public.pets; run, as their owner: ");
    shop.db.execute(between(&refused, &message, "\n"));
    shop.load_at(&url, &[])
        .exits(0)
        .stdout_has("pets_pkey of public.pets: its table belongs to another role");
    assert_eq!(shop.counts(), "2 3");
    assert_eq!(shop.db.value(CONSTRAINTS), before);
}

#[test]
fn rows_hidden_by_row_security_are_not_taken_for_none() {
    let shop = Shop::new("row_security");
    let role = "seedrow_load_security";
    let url = shop.url_as(role);
    shop.db.execute(SCHEMA);
    shop.db.execute(&format!(
        "INSERT INTO owners VALUES (1, 'mine');
        ALTER TABLE owners OWNER TO {role}; ALTER TABLE pets OWNER TO {role};
        ALTER TABLE owners ENABLE ROW LEVEL SECURITY; ALTER TABLE owners FORCE ROW LEVEL SECURITY;
        GRANT CREATE ON DATABASE {} TO {role}",
        shop.db.name()
    ));
    shop.load_at(&url, &[])
        .exits(2)
        .stderr_has("public.owners has row-level security, which COPY does not support; run, as a superuser: ALTER ROLE seedrow_load_security BYPASSRLS;");
    assert_eq!(shop.counts(), "1 0");
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let shop = Shop::new("no_server");
    let refused = shop
        .load_at("postgresql://app:secret@127.0.0.1:1/shop", &[])
        .exits(2);
    refused
        .stderr_has("127.0.0.1:1")
        .stderr_has("--wait")
        .lacks("secret");
    shop.load_at("mysql://x", &[])
        .exits(2)
        .stderr_has("it is no Postgres URL");
    seedrow(["load", "."])
        .exits(2)
        .stderr_has("for table products");
}

#[test]
fn a_password_is_kept_out_of_messages_and_the_ledger() {
    let shop = Shop::new("password");
    shop.pets("id,owner_id,name,weight\n1,1,Rex,x\n");
    let url = shop.db.url();
    let joint = if url.contains('?') { '&' } else { '?' };
    shop.load_at(&format!("{url}{joint}password=secret"), &[])
        .exits(2)
        .stderr_has("run: seedrow load data")
        .lacks("secret");
    assert_eq!(
        shop.db
            .value("SELECT command LIKE '%secret%' FROM seedrow.loads"),
        "f"
    );
}
