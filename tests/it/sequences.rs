//! Sequences after a load and in `check`: of every form in which a sequence fills a column.

use crate::shop::Shop;
use crate::support::{Db, seedrow};

/// What fills `owners.id`, and the value that comes after ids 1 and 2 in owners and 1, 2, 3 in pets.
const FORMS: &[(&str, &str, &str)] = &[
    ("serial", "CREATE TABLE owners (id serial PRIMARY KEY, name text)", "3"),
    (
        "identity",
        "CREATE TABLE owners (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text)",
        "3",
    ),
    (
        "not owned",
        "CREATE SEQUENCE s; CREATE TABLE owners (id int PRIMARY KEY DEFAULT nextval('s'), name text)",
        "3",
    ),
    (
        "in another schema",
        "CREATE SCHEMA other; CREATE SEQUENCE other.\"S 1\";
        CREATE TABLE owners (id int PRIMARY KEY DEFAULT nextval('other.\"S 1\"'), name text)",
        "3",
    ),
    (
        "owned by another table's column",
        "CREATE TABLE audit (id int); CREATE SEQUENCE s OWNED BY audit.id;
        CREATE TABLE owners (id int PRIMARY KEY DEFAULT nextval('s'), name text)",
        "3",
    ),
    (
        "of a domain",
        "CREATE SEQUENCE s; CREATE DOMAIN key AS int DEFAULT nextval('s');
        CREATE TABLE owners (id key PRIMARY KEY, name text)",
        "3",
    ),
    (
        "as text",
        "CREATE SEQUENCE s; CREATE TABLE owners (id varchar PRIMARY KEY DEFAULT nextval('s'), name text)",
        "3",
    ),
    (
        "as numeric",
        "CREATE SEQUENCE s; CREATE TABLE owners (id numeric PRIMARY KEY DEFAULT nextval('s'), name text)",
        "3",
    ),
    (
        "by tens",
        "CREATE SEQUENCE s INCREMENT 10; CREATE TABLE owners (id int PRIMARY KEY DEFAULT nextval('s'), name text)",
        "11",
    ),
    (
        "starting behind the rows",
        "CREATE TABLE owners (id int GENERATED ALWAYS AS IDENTITY (START 1000) PRIMARY KEY, name text)",
        "1000",
    ),
    (
        "descending",
        "CREATE SEQUENCE s INCREMENT -1 MAXVALUE 2 START 2;
        CREATE TABLE owners (id int PRIMARY KEY DEFAULT nextval('s'), name text)",
        "0",
    ),
    (
        "of a partitioned table",
        "CREATE SEQUENCE s;
        CREATE TABLE owners (id int PRIMARY KEY DEFAULT nextval('s'), name text) PARTITION BY RANGE (id);
        CREATE TABLE owners_1 PARTITION OF owners FOR VALUES FROM (0) TO (2);
        CREATE TABLE owners_2 PARTITION OF owners DEFAULT",
        "3",
    ),
];

const PETS_TABLE: &str = "CREATE TABLE pets (id int, owner_id text, name text, weight int)";

#[test]
fn every_sequence_that_fills_a_loaded_column_gives_a_free_value() {
    for (at, (form, owners, next)) in FORMS.iter().enumerate() {
        let shop = Shop::new(&format!("form_{at}"));
        shop.dir
            .write("schema.sql", format!("{owners}; {PETS_TABLE};"));
        shop.load(&[]).exits(0);
        let check = ["check", "--only", "schema", "--url", &shop.db.url()].map(str::to_owned);
        seedrow(&check).exits(0).lacks("sequence-behind");
        let given = shop
            .db
            .value("INSERT INTO owners (name) VALUES ('new') RETURNING id");
        assert_eq!(given, *next, "{form}");
    }
}

#[test]
fn a_sequence_that_is_behind_is_found_and_what_it_says_to_type_mends_it() {
    for (at, (form, owners, next)) in FORMS.iter().enumerate() {
        let db = Db::new(&format!("behind_{at}"));
        db.execute(owners);
        let overriding = if owners.contains("ALWAYS") {
            "OVERRIDING SYSTEM VALUE"
        } else {
            ""
        };
        db.execute(&format!(
            "INSERT INTO owners {overriding} VALUES (1, 'a'), (2, 'b')"
        ));
        let check = [
            "check",
            "--only",
            "schema",
            "--format",
            "json",
            "--url",
            &db.url(),
        ]
        .map(str::to_owned);
        let run = seedrow(&check);
        if *form == "starting behind the rows" {
            run.exits(0).lacks("sequence-behind");
            continue;
        }
        let json = run.exits(1).json();
        let finding = &json["checks"][0]["findings"][0];
        assert_eq!(finding["rule"], "sequence-behind", "{form}");
        assert_eq!(finding["on"], "owners.id", "{form}");
        db.execute(finding["help"].as_str().unwrap());
        seedrow(&check).exits(0);
        let given = db.value("INSERT INTO owners (name) VALUES ('new') RETURNING id");
        assert_eq!(given, *next, "{form}");
    }
}

#[test]
fn a_sequence_of_two_tables_is_set_to_the_largest_of_both() {
    let shop = Shop::new("two_tables");
    shop.dir.write(
        "schema.sql",
        "CREATE SEQUENCE s;
        CREATE TABLE owners (id int PRIMARY KEY DEFAULT nextval('s'), name text);
        CREATE TABLE pets (id int DEFAULT nextval('s'), owner_id int, name text, weight int);",
    );
    // The ledger knows none of these.
    shop.db
        .execute("CREATE TABLE vets (id int); INSERT INTO vets VALUES (70)");
    shop.load(&[]).exits(0);
    assert_eq!(shop.db.value("SELECT nextval('s')"), "4");
    shop.db
        .execute("ALTER TABLE vets ALTER id SET DEFAULT nextval('s')");
    seedrow(["check", "--only", "schema", "--url", &shop.db.url()])
        .exits(1)
        .stdout_has("the sequence s gives 5 next, and vets.id holds values up to 70");
    shop.load(&["--replace"]).exits(0);
    assert_eq!(shop.db.value("SELECT nextval('s')"), "71");
}

/// What isn't a column's own may be used where the catalog doesn't tell.
#[test]
fn a_sequence_goes_back_only_where_a_column_owns_it_and_its_rows_were_replaced() {
    let shop = Shop::new("goes_back");
    shop.dir.write(
        "schema.sql",
        "CREATE SEQUENCE s;
        CREATE TABLE owners (id int PRIMARY KEY DEFAULT nextval('s'), name text);
        CREATE TABLE pets (id serial, owner_id int, name text, weight int);",
    );
    shop.load(&[]).exits(0);
    shop.db
        .execute("SELECT setval('s', 500); SELECT setval('pets_id_seq', 500)");
    shop.load(&["--replace"]).exits(0);
    assert_eq!(shop.db.value("SELECT nextval('s')"), "501");
    assert_eq!(shop.db.value("SELECT nextval('pets_id_seq')"), "4");
}

/// Values beyond a sequence's end stop no INSERT.
#[test]
fn values_outside_a_sequence_s_bounds_do_not_count() {
    let shop = Shop::new("bounds");
    shop.dir.write(
        "schema.sql",
        "CREATE TABLE owners (id bigint PRIMARY KEY, name text);
        CREATE SEQUENCE s AS integer OWNED BY owners.id;
        ALTER TABLE owners ALTER id SET DEFAULT nextval('s');
        CREATE TABLE pets (id int, owner_id bigint, name text, weight int);",
    );
    shop.owners("id,name\n1,Ann\n2,Bob\n9000000000,Cid\n");
    shop.load(&[]).exits(0);
    assert_eq!(shop.db.value("SELECT nextval('s')"), "3");
}
