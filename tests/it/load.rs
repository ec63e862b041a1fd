//! `seedrow load` on a real server: its own and foreign CSV files, and the tables afterwards.

use crate::shop::{CONSTRAINTS, PETS, SCHEMA, Shop};
use crate::support::{Db, Workdir};
use serde_json::json;

const CATALOG: &str = include_str!("../../sql/catalog/schema.sql");

/// A small catalog, generated and loaded.
fn catalog(test: &str) -> (Workdir, Db) {
    let (dir, db) = (Workdir::new(test), Db::new(test));
    dir.seedrow(["generate", "--rows", "300", "--out", "data", "--quiet"])
        .exits(0);
    dir.seedrow(["load", "data", "--url", &db.url()]).exits(0);
    (dir, db)
}

#[test]
fn every_value_of_a_generated_catalog_is_there() {
    let (dir, db) = catalog("every_value");
    let files = [
        ("products", "product.csv"),
        ("features", "features.csv"),
        ("styles", "styles.csv"),
        ("photos", "photos.csv"),
        ("skus", "skus.csv"),
        ("related", "related.csv"),
    ];
    for (table, file) in files {
        let mut reader = csv::Reader::from_path(dir.path("data").join(file)).unwrap();
        let columns: Vec<String> = reader
            .headers()
            .unwrap()
            .iter()
            .map(str::to_owned)
            .collect();
        let records = reader.records().map(|record| {
            let record = record.unwrap();
            record.iter().map(str::to_owned).collect::<Vec<_>>()
        });
        let loaded = db.rows(&format!(
            "SELECT {} FROM {table} ORDER BY id",
            columns.join(", ")
        ));
        let as_written = |row: Vec<Option<String>>| row.into_iter().map(Option::unwrap_or_default);
        let loaded: Vec<Vec<String>> = loaded
            .into_iter()
            .map(|row| as_written(row).collect())
            .collect();
        assert_eq!(loaded, records.collect::<Vec<_>>(), "{table}");
    }
}

#[test]
fn the_schema_ends_as_it_is_written() {
    let (_, db) = catalog("the_schema_ends");
    let plain = Db::new("the_schema_ends_plain");
    plain.execute(CATALOG);
    assert_eq!(db.value(CONSTRAINTS), plain.value(CONSTRAINTS));
    assert_eq!(db.value("SELECT count(*) FROM seedrow.lifted"), "0");
    let unfinished = "SELECT count(*) FROM seedrow.loads WHERE finished_at IS NULL";
    assert_eq!(db.value(unfinished), "0");
}

#[test]
fn tables_are_ready_for_use() {
    let (_, db) = catalog("ready_for_use");
    let insert = "INSERT INTO styles (product_id, name, original_price, default_style) VALUES (1, 'x', 1, 0) RETURNING id";
    let last = db.value("SELECT max(id) + 1 FROM styles");
    assert_eq!(
        db.value(insert),
        last,
        "the sequence goes on after the rows"
    );
    let known = "SELECT count(DISTINCT tablename) FROM pg_stats WHERE schemaname = 'public'";
    assert_eq!(db.value(known), "6", "tables with statistics");
    // From version 16 on COPY extends a table by several pages at a time, and the last may stay empty.
    for table in [
        "products", "features", "styles", "photos", "skus", "related",
    ] {
        let hidden = format!(
            "SELECT count(DISTINCT (t.ctid::text::point)[0]) > max(c.relallvisible)
            FROM {table} AS t, pg_class AS c
            WHERE c.oid = '{table}'::regclass"
        );
        assert_eq!(
            db.value(&hidden),
            "f",
            "{table} has pages that an index-only scan must visit"
        );
    }
}

#[test]
fn the_account_says_what_became_of_every_record() {
    let shop = Shop::new("the_account");
    let run = shop.load(&["--format", "json"]).exits(0);
    let account = |name, file, rows| json!({"name": name, "file": file, "read": rows, "loaded": rows, "rejected": 0, "dropped": 0, "repaired": 0});
    let tables = json!([
        account("owners", "owner.csv", 2),
        account("pets", "pets.csv", 3)
    ]);
    assert_eq!(run.json()["tables"], tables);
    assert_eq!(run.json()["findings"], json!([]));
    let again = shop
        .load(&[])
        .exits(0)
        .stdout_has("table   file       read  loaded  rejected  dropped  repaired")
        .stdout_has("pets    pets.csv      3       3         0        0         0");
    again.stdout_has("this load was completed before; nothing to do");
}

#[test]
fn a_second_load_changes_nothing() {
    let shop = Shop::new("a_second_load");
    shop.generate();
    shop.load(&[]).exits(0);
    let file = "SELECT string_agg(relfilenode::text, ' ' ORDER BY relname) FROM pg_class WHERE relname IN ('owners', 'pets')";
    let before = shop.db.value(file);
    shop.load(&[]).exits(0).stdout_has("nothing to do");
    assert_eq!(shop.db.value(file), before);
    let json = shop.load(&["--format", "json"]).exits(0).json();
    assert_eq!(json["done_before"], true);
}

#[test]
fn tables_dropped_or_emptied_since_are_loaded_again() {
    let shop = Shop::new("dropped_since");
    shop.load(&[]).exits(0);
    shop.db.execute("DROP TABLE owners, pets");
    shop.load(&[]).exits(0);
    assert_eq!(shop.counts(), "2 3");
    shop.db.execute("TRUNCATE owners, pets");
    shop.load(&[]).exits(0);
    assert_eq!(shop.counts(), "2 3");
}

#[test]
fn columns_go_by_their_header() {
    let shop = Shop::new("by_header");
    shop.pets("weight, NAME,OwnerID, id\n30,Rex,1,1\n4,Mia,2,2");
    shop.load(&[]).exits(0);
    assert_eq!(shop.loaded_pets(), ["1|1|Rex|30", "2|2|Mia|4"]);
}

#[test]
fn bare_null_texts_are_null_and_quoted_ones_text() {
    let shop = Shop::new("null_texts");
    shop.pets("id,owner_id,name,weight\n1,1,null,NULL\n2,1,\"null\",\n3,1,,null\n4,1,\"\", null \n5,1,nullable,1\n");
    shop.load(&[]).exits(0);
    assert_eq!(
        shop.loaded_pets(),
        [
            "1|1|-|-",
            "2|1|null|-",
            "3|1|-|-",
            "4|1||-",
            "5|1|nullable|1"
        ]
    );
}

#[test]
fn the_ends_of_lines_and_a_byte_order_mark_do_not_matter() {
    let shop = Shop::new("line_ends");
    let expected = ["1|1|Rex|30", "2|1|Mia|4", "3|2|Tom|5"];
    let files = [
        PETS.trim_end().to_owned(),
        PETS.replace('\n', "\r\n"),
        PETS.replace('\n', "\r"),
        PETS.replace('\n', "\n\n"),
        format!("\u{feff}{PETS}"),
    ];
    for file in files {
        shop.pets(&file);
        shop.load(&["--replace"]).exits(0);
        assert_eq!(shop.loaded_pets(), expected, "{file:?}");
    }
}

#[test]
fn quoted_and_padded_values_are_read() {
    let shop = Shop::new("padded");
    shop.pets("id,owner_id,name,weight\n 1,\"1\", \"Rex, \"\"the\"\" dog\" ,30 \n2, 1,\"a\nb\\c\td\",\"4\"\n");
    shop.load(&[]).exits(0);
    assert_eq!(
        shop.loaded_pets(),
        ["1|1|Rex, \"the\" dog|30", "2|1|a\nb\\c\td|4"]
    );
}

#[test]
fn ids_may_come_in_any_order_with_gaps_and_from_zero() {
    let shop = Shop::new("any_order");
    shop.owners("id,name\n0,Nil\n");
    shop.pets("id,owner_id,name,weight\n8,0,a,1\n7,0,b,2\n20,0,c,3\n");
    shop.load(&[]).exits(0);
    assert_eq!(shop.loaded_pets(), ["7|0|b|2", "8|0|a|1", "20|0|c|3"]);
    let insert = "INSERT INTO pets (owner_id) VALUES (0) RETURNING id";
    assert_eq!(shop.db.value(insert), "21");
    let insert = "INSERT INTO owners (name) VALUES ('x') RETURNING id";
    assert_eq!(shop.db.value(insert), "1");
}

#[test]
fn a_header_alone_is_a_table_without_rows() {
    let shop = Shop::new("header_alone");
    shop.pets("id,owner_id,name,weight");
    shop.load(&[])
        .exits(0)
        .stdout_has("pets    pets.csv      0");
    assert_eq!(shop.counts(), "2 0");
    shop.load(&[]).exits(0).stdout_has("nothing to do");
}

#[test]
fn files_are_found_by_file_or_table_name_and_by_option() {
    let shop = Shop::new("found");
    let data = shop.dir.path("data");
    std::fs::rename(data.join("owner.csv"), data.join("owners.csv")).unwrap();
    std::fs::rename(data.join("pets.csv"), shop.dir.path("old pets.csv")).unwrap();
    shop.dir.write("data/notes.csv", "not,ours\n");
    shop.dir.write("data/readme.txt", "text");
    shop.load(&["--file", "pets=old pets.csv"])
        .exits(0)
        .stdout_has("owners.csv")
        .stdout_has("old pets.csv");
    assert_eq!(shop.counts(), "2 3");
}

#[test]
fn another_load_takes_replace() {
    let shop = Shop::new("takes_replace");
    shop.load(&[]).exits(0);
    shop.pets("id,owner_id,name,weight\n9,2,Zoe,1\n");
    shop.load(&[]).exits(2).stderr_has(
        "owners, pets hold rows already\n  hint: to empty what is to be loaded first, run: seedrow load",
    );
    assert_eq!(shop.counts(), "2 3");
    let before = shop.db.value(CONSTRAINTS);
    shop.load(&["--replace"]).exits(0);
    assert_eq!(shop.loaded_pets(), ["9|2|Zoe|1"]);
    assert_eq!(shop.db.value(CONSTRAINTS), before);
}

#[test]
fn a_target_schema_is_made_and_loaded_beside() {
    let shop = Shop::new("target_schema");
    shop.load(&[]).exits(0);
    shop.pets("id,owner_id,name,weight\n");
    shop.load(&["--target-schema", "Shop 2"]).exits(0);
    assert_eq!(shop.counts(), "2 3");
    assert_eq!(shop.db.value("SELECT count(*) FROM \"Shop 2\".owners"), "2");
    let refers = "SELECT confrelid::regclass FROM pg_constraint WHERE conrelid = '\"Shop 2\".pets'::regclass AND contype = 'f'";
    assert_eq!(shop.db.value(refers), "\"Shop 2\".owners");
    shop.load(&["--target-schema", "Shop 2"])
        .exits(0)
        .stdout_has("nothing to do");
}

#[test]
fn tables_left_out_are_not_loaded() {
    let shop = Shop::new("left_out");
    std::fs::remove_file(shop.dir.path("data/pets.csv")).unwrap();
    shop.load(&["--tables", "owners"])
        .exits(0)
        .lacks("pets.csv");
    assert_eq!(shop.counts(), "2 0");
}

#[test]
fn what_the_file_does_not_fill_postgres_does() {
    let shop = Shop::new("postgres_fills");
    let schema = SCHEMA
        .replace("id integer GENERATED BY DEFAULT", "id integer GENERATED ALWAYS")
        .replace(
            "weight integer",
            "weight integer, grams integer GENERATED ALWAYS AS (weight * 1000) STORED, seen text DEFAULT 'no'",
        );
    shop.db.execute(&schema);
    shop.load(&[]).exits(0);
    let mia = "SELECT concat(grams, ' ', seen) FROM pets WHERE name = 'Mia'";
    assert_eq!(shop.db.value(mia), "4000 no");
    assert_eq!(
        shop.db
            .value("INSERT INTO owners (name) VALUES ('x') RETURNING id"),
        "3"
    );
}
