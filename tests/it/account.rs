//! The account of others' files: every record is loaded, rejected with its line and reason, or dropped by a rule.

use std::io::Write;
use std::process::Stdio;
use std::thread;

use crate::shop::{DATASET, OWNERS, PETS, SCHEMA, Shop, gate, waits_at_gate};
use crate::support::{command, eventually, run};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

/// The pets' counts of a load's JSON: read, loaded, rejected, dropped, repaired.
fn pets(load: &Value) -> [u64; 5] {
    let tables = load["tables"].as_array().unwrap();
    let pets = tables.iter().find(|table| table["name"] == "pets").unwrap();
    ["read", "loaded", "rejected", "dropped", "repaired"].map(|count| pets[count].as_u64().unwrap())
}

/// A shop whose pets are one a line.
fn one_line(test: &str) -> Shop {
    let shop = Shop::new(test);
    let dataset = DATASET.replace(
        "file = \"pets.csv\"",
        "file = \"pets.csv\"\nread = { one-line = true }\ndrop = { ghosts = { column = \"owner_id\", values = [0] } }",
    );
    shop.dir.write("shop.toml", dataset);
    shop
}

/// Records of every kind, the lines that are rejected, and what is to become of them.
const DIRT: &str = "id,owner_id,name,weight
1,1,\"Rex\",30
2,1,\"Mia,4
3,2,Tom,heavy
4,2,\"Zoe
5,0,Ghost,1
6,1,Bo
7,1,Max,\" 5 \"
8,x,Lea,1
9,null,Kim,1
10,1,\"a\"b,1
";

#[test]
fn each_record_is_loaded_rejected_or_dropped() {
    let shop = one_line("each_record");
    shop.pets(DIRT.trim_end());
    let load = shop
        .load(&["--max-rejects", "6", "--format", "json"])
        .exits(2);
    load.stderr_has("data/pets.csv: 7 records cannot be loaded, and --max-rejects allows 6 in all")
        .stderr_has("data/pets.csv, line 4: weight \"heavy\" is not an integer")
        .stderr_has("--max-rejects 7");
    let load = shop
        .load(&["--max-rejects", "7", "--format", "json"])
        .exits(0)
        .json();
    assert_eq!(pets(&load), [10, 2, 7, 1, 0]);
    assert_eq!(load["dropped_by"], json!({"pets": {"ghosts": 1}}));
    assert_eq!(load["rejects"], json!({"pets": "rejects/pets.csv"}));
    let lines: Vec<u64> = load["rejected"]
        .as_array()
        .unwrap()
        .iter()
        .map(|record| record["line"].as_u64().unwrap())
        .collect();
    assert_eq!(lines, [3, 4, 5, 7, 9, 10, 11]);
    assert_eq!(shop.loaded_pets(), ["1|1|Rex|30", "7|1|Max|5"]);
    let rejects = shop.dir.read("rejects/pets.csv");
    let expected = [
        "seedrow_file,seedrow_line,seedrow_column,seedrow_reason,id,owner_id,name,weight",
        "data/pets.csv,3,,\"3 fields, and the header has 4; a quote is not closed\",2,1,\"Mia,4",
        "data/pets.csv,4,weight,\"\"\"heavy\"\" is not an integer\",3,2,Tom,heavy",
        "data/pets.csv,5,,\"3 fields, and the header has 4; a quote is not closed\",4,2,\"Zoe",
        "data/pets.csv,7,,\"3 fields, and the header has 4\",6,1,Bo",
        "data/pets.csv,9,owner_id,\"\"\"x\"\" is not an integer\",8,x,Lea,1",
        "data/pets.csv,10,owner_id,\"\"\"null\"\" is NULL, and the column takes none\",9,null,Kim,1",
        "data/pets.csv,11,,there is text behind a closing quote; a quote within a field is written twice,10,1,\"a\"b,1",
    ];
    assert_eq!(rejects.lines().collect::<Vec<_>>(), expected);
    shop.load(&[])
        .exits(0)
        .stdout_has("pets: 1 dropped by the rule ghosts")
        .stdout_has("rejected: 7 by an earlier attempt");
}

#[test]
fn corrected_rejects_are_loaded_on_top() {
    let shop = one_line("corrected_rejects");
    shop.pets(DIRT);
    shop.load(&["--max-rejects", "1%"])
        .exits(2)
        .stderr_has("7 of 12 records are rejected, and --max-rejects allows 1%");
    let load = shop.load(&["--max-rejects", "70%"]).exits(0);
    let type_this = "run: seedrow load --append --file pets=rejects/pets.csv";
    load.stdout_has(type_this);
    let url = shop.db.url();
    let append = |more: &[&str]| {
        let own = ["load", "--append", "--dataset", "shop.toml", "--url", &url];
        let file = ["--file", "pets=rejects/pets.csv"];
        shop.dir
            .seedrow(own.into_iter().chain(file).chain(more.iter().copied()))
    };
    let repaired = shop
        .dir
        .read("rejects/pets.csv")
        .replace(",Tom,heavy", ",Tom,40")
        .replace("6,1,Bo", "6,1,Bo,1");
    shop.dir.write("rejects/pets.csv", repaired);
    let json = append(&["--max-rejects", "5", "--format", "json"])
        .exits(0)
        .json();
    assert_eq!(pets(&json), [7, 2, 5, 0, 0]);
    let rows = ["1|1|Rex|30", "3|2|Tom|40", "6|1|Bo|1", "7|1|Max|5"];
    assert_eq!(shop.loaded_pets(), rows);
    assert!(
        shop.dir.path("rejects/pets-2.csv").exists(),
        "what is read is not written over"
    );
    append(&["--max-rejects", "5"])
        .exits(0)
        .stdout_has("nothing to do");
    assert_eq!(shop.loaded_pets(), rows, "not a second time");
    // A key that is there already is refused, and rejected where that is wanted.
    shop.dir.write(
        "rejects/pets.csv",
        "id,owner_id,name,weight\n1,1,Rex,\n11,2,New,\n",
    );
    append(&[])
        .exits(2)
        .stderr_has("rejects/pets.csv, line 2: ")
        .stderr_has("duplicate key value violates unique constraint");
    append(&["--duplicates", "reject", "--max-rejects", "1"]).exits(0);
    assert_eq!(shop.counts(), "2 5");
}

#[test]
fn an_unclosed_quote_is_repaired_at_its_lines_end_or_rejected() {
    let shop = one_line("unclosed");
    // The shop's last column is a number; a file may have another order.
    let csv = "id,owner_id,weight,name\n1,1,3,\"Rex\n2,1,4,\"Mia\"\n3,2,5,\"Tom";
    shop.pets(csv);
    let load = shop.load(&["--format", "json"]).exits(0).json();
    assert_eq!(pets(&load), [3, 3, 0, 0, 2]);
    assert_eq!(shop.loaded_pets(), ["1|1|Rex|3", "2|1|Mia|4", "3|2|Tom|5"]);
    let dataset = shop.dir.read("shop.toml");
    let strict = dataset.replace("one-line = true", "one-line = true, unclosed = \"reject\"");
    shop.dir.write("shop.toml", strict);
    let load = shop
        .load(&["--replace", "--max-rejects", "2", "--format", "json"])
        .exits(0)
        .json();
    assert_eq!(pets(&load), [3, 1, 2, 0, 0]);
}

#[test]
fn where_line_breaks_are_allowed_an_unclosed_quote_costs_no_other_record() {
    let shop = Shop::new("breaks_allowed");
    shop.pets("id,owner_id,weight,name\n1,1,3,\"Rex\n2,1,4,\"Mia\"\n3,2,5,\"To\nm\"\n");
    let load = shop.load(&["--format", "json"]).exits(0).json();
    assert_eq!(pets(&load), [3, 3, 0, 0, 1]);
    assert_eq!(
        shop.loaded_pets(),
        ["1|1|Rex|3", "2|1|Mia|4", "3|2|To\nm|5"]
    );
    let read = "file = \"pets.csv\"\nread = { unclosed = \"reject\" }";
    let dataset = DATASET.replace("file = \"pets.csv\"", read);
    shop.dir.write("shop.toml", dataset);
    let load = shop
        .load(&["--replace", "--max-rejects", "1", "--format", "json"])
        .exits(0)
        .json();
    assert_eq!(pets(&load), [3, 2, 1, 0, 0]);
    assert_eq!(shop.loaded_pets(), ["2|1|Mia|4", "3|2|To\nm|5"]);
}

/// The reconstructed photos of two styles have this pattern: two lines lack their last quote.
#[test]
fn records_are_csv_first() {
    let shop = Shop::new("csv_first");
    let long = "x".repeat(300);
    let record = |id: usize| match id {
        5 | 14 => format!("{id},1,{id},\"photo {long}"),
        8 => format!("{id},1,{id},\"a body of\ntwo lines, it is\n\""),
        11 => format!("{id},1,{id},\"Canvas\nand Leather\""),
        _ => format!("{id},1,{id},\"photo {long}\""),
    };
    let records: Vec<String> = (1..=22).map(record).collect();
    shop.pets(format!("id,owner_id,weight,name\n{}\n", records.join("\n")));
    let load = shop.load(&["--format", "json"]).exits(0).json();
    assert_eq!(pets(&load), [22, 22, 0, 0, 2]);
    let names = "SELECT name FROM pets WHERE id IN (8, 11) ORDER BY id";
    let rows = shop.db.rows(names);
    assert_eq!(rows[0][0].as_deref(), Some("a body of\ntwo lines, it is\n"));
    assert_eq!(rows[1][0].as_deref(), Some("Canvas\nand Leather"));
    // A dataset that knows its records to be lines, and an option that knows better.
    let dataset = DATASET.replace(
        "file = \"pets.csv\"",
        "file = \"pets.csv\"\nread = { one-line = true }",
    );
    shop.dir.write("shop.toml", dataset);
    let load = shop
        .load(&["--replace", "--max-rejects", "9", "--format", "json"])
        .exits(0)
        .json();
    assert_eq!(pets(&load), [25, 22, 3, 0, 4]);
    let load = shop.load(&["--replace", "--multi-line", "--format", "json"]);
    assert_eq!(pets(&load.exits(0).json()), [22, 22, 0, 0, 2]);
    shop.load(&["--replace", "--multi-line", "--one-line"])
        .exits(2)
        .stderr_has("--multi-line cannot be used with --one-line");
}

#[test]
fn duplicates_are_rejected_but_for_the_first() {
    let shop = Shop::new("duplicates");
    shop.db.execute(SCHEMA);
    shop.db
        .execute("ALTER TABLE pets ADD UNIQUE (owner_id, name)");
    shop.pets(
        "id,owner_id,name,weight\n1,1,Rex,1\n 1,2,Tom,2\n2,1,\"Rex\",3\n3,1,,4\n4,1,,5\n1,1,Bo,6\n",
    );
    shop.load(&["--duplicates", "reject", "--max-rejects", "2"])
        .exits(2)
        .stderr_has("--max-rejects 3");
    let load = shop
        .load(&[
            "--duplicates",
            "reject",
            "--max-rejects",
            "3",
            "--format",
            "json",
        ])
        .exits(0)
        .json();
    assert_eq!(pets(&load), [6, 3, 3, 0, 0]);
    let rejects = shop.dir.read("rejects/pets.csv");
    assert!(
        rejects.contains("data/pets.csv,3,id,\"\"\"1\"\" is on line 2 already\", 1,2,Tom,2\n"),
        "{rejects}"
    );
    assert_eq!(shop.loaded_pets(), ["1|1|Rex|1", "3|1|-|4", "4|1|-|5"]);
}

#[test]
fn orphans_are_rejected_with_what_refers_to_them() {
    let shop = Shop::new("orphans");
    let schema = SCHEMA.replace("name text,", "name text, sire_id integer REFERENCES pets,");
    shop.dir.write("schema.sql", schema);
    let dataset = DATASET.replace(
        "name = { make = \"phrase\", of = \"Rex\" }",
        "name = { make = \"phrase\", of = \"Rex\" }\nsire_id = { make = \"integer\", min = 1, max = 2, null = 0.5 }",
    );
    shop.dir.write("shop.toml", &dataset);
    shop.pets("id,owner_id,name,sire_id,weight\n1,77,Rex,,1\n2,1,Son,1,2\n3,1,Grandson,2,3\n4,1,Other,,4\n5,2,Child,4,5\n");
    shop.load(&[])
        .exits(2)
        .stderr_has("data/pets.csv, line 2: owner_id \"77\" does not exist in owners")
        .stderr_has("--orphans reject");
    let load = shop
        .load(&[
            "--orphans",
            "reject",
            "--max-rejects",
            "3",
            "--format",
            "json",
        ])
        .exits(0)
        .json();
    assert_eq!(pets(&load), [5, 2, 3, 0, 0]);
    assert_eq!(
        shop.db.value("SELECT string_agg(id::text, ' ') FROM pets"),
        "4 5"
    );
    let valid = "SELECT bool_and(convalidated) FROM pg_constraint WHERE contype = 'f'";
    assert_eq!(shop.db.value(valid), "t");
    let rejects = shop.dir.read("rejects/pets.csv");
    let lines: Vec<&str> = rejects.lines().skip(1).collect();
    assert_eq!(lines.len(), 3, "{rejects}");
    assert!(lines[2].ends_with("3,1,Grandson,2,3"), "{rejects}");
    assert_eq!(shop.db.value("SELECT count(*) FROM seedrow.removed"), "0");
}

#[test]
fn what_only_the_server_can_judge_is_rejected_too() {
    let shop = Shop::new("server_judges");
    let schema = SCHEMA.replace("name text,", "name text CHECK (name <> 'Bad'), home inet,");
    shop.dir.write("schema.sql", schema);
    let dataset = DATASET.replace(
        "name = { make = \"phrase\", of = \"Rex\" }",
        "name = { make = \"phrase\", of = \"Rex\" }\nhome = { make = \"phrase\", of = \"::1\" }",
    );
    shop.dir.write("shop.toml", &dataset);
    shop.pets("id,owner_id,name,home,weight\n1,1,Rex,::1,1\n2,1,Bad,::1,2\n3,1,x,street,3\n4,1,y,z,heavy\n5,1,Bo,10.0.0.1,5\n");
    shop.load(&[]).exits(2).stderr_has("data/pets.csv, line ");
    let load = shop
        .load(&["--max-rejects", "3", "--format", "json"])
        .exits(0)
        .json();
    assert_eq!(pets(&load), [5, 2, 3, 0, 0]);
    let rejects = shop.dir.read("rejects/pets.csv");
    let reasons: Vec<&str> = rejects.lines().skip(1).collect();
    assert!(
        reasons[0].starts_with("data/pets.csv,3,name,\"\"\"Bad\"\": new row for relation \"\"pets\"\" violates check constraint"),
        "{rejects}"
    );
    assert!(reasons[1].contains("4,home,"), "{rejects}");
    assert!(
        reasons[1].contains("invalid input syntax for type inet"),
        "{rejects}"
    );
    assert!(reasons[2].contains("is not an integer"), "{rejects}");
    assert_eq!(rejects.lines().count(), 4);
}

#[test]
fn a_record_that_the_server_rejects_has_the_columns_of_its_constraint() {
    let shop = Shop::new("constraint_columns");
    shop.db.execute(SCHEMA);
    shop.db.execute(
        "ALTER TABLE pets ADD CHECK (id <> weight), ALTER name SET NOT NULL;
        CREATE UNIQUE INDEX one ON pets (lower(name));
        COMMENT ON INDEX one IS 'kept';
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF NEW.name = '' THEN NEW.name := NULL; END IF;
            IF NEW.name = 'Bad' THEN RAISE 'bad name'; END IF;
            RETURN NEW;
        END $$;
        CREATE TRIGGER refuse BEFORE INSERT ON pets FOR EACH ROW EXECUTE FUNCTION refuse()",
    );
    shop.pets(
        "id,owner_id,name,weight\n1,1,Rex,5\n2,1,Tom,2\n3,1,REX,\n4,1,\"\",\n5,1,Bad,\n6,1,Bo,\n",
    );
    shop.load(&["--duplicates", "reject", "--max-rejects", "4"])
        .exits(0)
        .stdout_has("line 3: id, weight \"2, 2\": new row for relation");
    let rejects = shop.dir.read("rejects/pets.csv");
    let columns: Vec<&str> = rejects
        .lines()
        .skip(1)
        .map(|line| line.split(',').nth(2).unwrap())
        .collect();
    // A list of columns is quoted, and cut at its comma here.
    assert_eq!(columns, ["\"id", "name", "name", ""], "{rejects}");
    assert_eq!(shop.loaded_pets(), ["1|1|Rex|5", "6|1|Bo|-"]);
}

#[test]
fn a_parent_that_was_loaded_keeps_the_records_that_a_rule_would_drop() {
    let shop = Shop::new("unless_loaded");
    let rule = "file = \"pets.csv\"\n\
        drop = { stray = { column = \"owner_id\", values = [0, -1], unless-loaded = \"owners\" } }";
    shop.dir
        .write("shop.toml", DATASET.replace("file = \"pets.csv\"", rule));
    // The owners' file is the larger one or the smaller one.
    let more: String = (10..2_000).map(|id| format!("{id},1,Rex,\n")).collect();
    for more in ["", &more] {
        let all = format!("id,owner_id,name,weight\n1,0,Rex,\n2,-1,Mia,\n3,1,Tom,\n{more}");
        shop.pets(&all);
        shop.owners(OWNERS);
        let check = ["--check-only", "--format", "json"];
        let counts = |load: &Value| (pets(load)[0] - pets(load)[1], pets(load)[3]);
        let dropped = shop.load(&["--replace", "--format", "json"]).exits(0);
        assert_eq!(counts(&dropped.json()), (2, 2));
        let files = ["load", "data", "--dataset", "shop.toml"];
        let checked = |shop: &Shop| shop.dir.seedrow(files.into_iter().chain(check)).exits(0);
        assert_eq!(counts(&checked(&shop).json()), (2, 2));
        shop.owners("id,name\n1,Ann\n0,Zero\n");
        let kept = shop.load(&["--replace", "--format", "json"]).exits(0);
        assert_eq!(counts(&kept.json()), (1, 1));
        assert_eq!(counts(&checked(&shop).json()), (1, 1));
        assert_eq!(
            shop.db
                .value("SELECT count(*) FROM pets WHERE owner_id = 0"),
            "1"
        );
        // Keys are searched for in the file as it was loaded.
        shop.pets(format!("{all}1,1,Twice,\n"));
        shop.load(&["--replace", "--duplicates", "reject", "--max-rejects", "1"])
            .exits(0)
            .stdout_has("pets: 1 dropped by the rule stray");
        // Without its parent in the load, the table as it is decides.
        shop.load(&[
            "--replace",
            "--tables",
            "pets",
            "--duplicates",
            "reject",
            "--max-rejects",
            "1",
        ])
        .exits(0)
        .stdout_has("pets: 1 dropped by the rule stray");
    }
}

#[test]
fn a_trigger_may_fill_what_is_not_null() {
    let shop = Shop::new("trigger_fills");
    shop.db.execute(SCHEMA);
    shop.db.execute(
        "CREATE DOMAIN colour AS text DEFAULT 'brown';
        ALTER TABLE pets ADD fulltext tsvector NOT NULL, ADD coat colour NOT NULL,
            ADD twice int NOT NULL GENERATED ALWAYS AS (id * 2) STORED,
            ADD place int NOT NULL GENERATED ALWAYS AS IDENTITY, ALTER name SET NOT NULL;",
    );
    shop.load(&[])
        .exits(2)
        .stderr_has("`fulltext`, NOT NULL and without a default, that table `pets` does not fill");
    shop.db.execute(
        "CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            NEW.name := coalesce(NEW.name, 'Nemo');
            NEW.fulltext := to_tsvector('simple', NEW.name);
            RETURN NEW;
        END $$;
        CREATE TRIGGER fill BEFORE INSERT ON pets FOR EACH ROW EXECUTE FUNCTION fill()",
    );
    shop.pets("id,owner_id,name,weight\n1,1,Rex,5\n2,1,,2\n");
    shop.load(&[]).exits(0);
    assert_eq!(
        shop.db.value("SELECT string_agg(concat_ws(' ', fulltext, coat, twice, place), ', ' ORDER BY id) FROM pets"),
        "'rex':1 brown 2 1, 'nemo':1 brown 4 2"
    );
    shop.db.execute("ALTER TABLE pets DISABLE TRIGGER fill");
    shop.load(&["--replace"]).exits(2).stderr_has("`fulltext`");
}

#[test]
fn records_that_the_server_rejects_cost_little_of_a_large_file() {
    const ROWS: u64 = 100_000;
    const REJECTED: u64 = 400;
    let shop = Shop::new("server_rejects_many");
    shop.db
        .execute(&SCHEMA.replace("name text,", "name text CHECK (name NOT LIKE 'Bad%'),"));
    // 12 MB; what the server rejects is near the end, with records that are rejected before it among them.
    let name = "x".repeat(100);
    let mut file = String::from("id,owner_id,name,weight\n");
    let (mut line, mut lines) = (2, Vec::new());
    for id in 1..=ROWS {
        let is_late = id > ROWS - 20_000;
        let record = match id % 50 {
            7 if is_late => format!("{id},1,\"Bad\n{id}\","),
            30 if id == ROWS - 20 => format!("{id},1,{name},heavy"),
            _ => format!("{id},1,{name},"),
        };
        if !record.ends_with(&format!("{name},")) {
            lines.push(line);
        }
        line += record.lines().count();
        file.push_str(&record);
        file.push('\n');
    }
    assert_eq!(lines.len() as u64, REJECTED + 1);
    shop.pets(file);
    let load = shop
        .load(&["--max-rejects", "401", "--format", "json"])
        .exits(0)
        .json();
    let loaded = ROWS - REJECTED - 1;
    assert_eq!(pets(&load), [ROWS, loaded, REJECTED + 1, 0, 0]);
    assert_eq!(
        shop.db.value("SELECT count(*) FROM pets"),
        loaded.to_string()
    );
    let rejects = shop.dir.read("rejects/pets.csv");
    let mut reader = csv::Reader::from_reader(rejects.as_bytes());
    let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let written: Vec<usize> = records.iter().map(|it| it[1].parse().unwrap()).collect();
    assert_eq!(written, lines);
    assert!(records[0][3].contains("pets_name_check"), "{records:?}");
    assert!(records[0][6].starts_with("Bad\n"), "{records:?}");
    assert!(records[400][3].contains("is not an integer"), "{records:?}");
    // Rows of COPYs that were rolled back count as inserted, too: a piece a record. Those of the first attempt, of the whole
    // file, don't: they would have been frozen.
    let inserted = "SELECT pg_stat_clear_snapshot(), n_tup_ins FROM pg_stat_user_tables WHERE relname = 'pets'";
    let inserted = || {
        shop.db.rows(inserted)[0][1]
            .clone()
            .unwrap()
            .parse()
            .unwrap()
    };
    let most = ROWS + REJECTED * 250;
    let mut count: u64 = inserted();
    for _ in 0..50 {
        if count >= loaded {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
        count = inserted();
    }
    assert!((loaded..most).contains(&count), "{count} rows inserted");
}

#[test]
fn values_are_read_as_their_columns_want_them() {
    let shop = Shop::new("conversions");
    shop.dir.write(
        "shop.toml",
        "schema = \"schema.sql\"\nnulls = [\"null\", \"\\\\N\"]\n[tables.owners]\nfile = \"owner.csv\"\nrows = 3\n[tables.owners.columns]\n\
        id = \"serial\"\n\
        price = { make = \"cents\", min = 1, max = 2, currency = \"$\" }\n\
        whole = { make = \"integer\", min = 1, max = 2, currency = \"$\" }\n\
        at = { make = \"timestamp\", min = \"2020-01-01\", max = \"2020-01-02\", epoch = \"ms\" }\n\
        day = { make = \"date\", min = \"2020-01-01\", max = \"2020-01-02\" }\n\
        flag = { make = \"boolean\" }\n\
        code = { make = \"phrase\", of = \"x\" }\n\
        key = { make = \"phrase\", of = \"x\" }\n\
        extra = { make = \"phrase\", of = \"x\" }\n\
        ratio = { make = \"cents\", min = 1, max = 2 }\n",
    );
    shop.dir.write(
        "schema.sql",
        "CREATE TABLE owners (id smallint PRIMARY KEY, price numeric(8,2), whole integer, at timestamptz, day date, flag boolean,
            code varchar(4), key uuid, extra jsonb, ratio double precision)",
    );
    shop.owners(
        "id,price,whole,at,day,flag,code,key,extra,ratio\n\
        1,$84.00,\"$1,234.00\",1596080481467,2020-02-29,yes,Grün,a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11,\"{\"\"a\"\": [1]}\",1.5e3\n\
        2,-$0.005,84,2020-07-30T05:41:21.467+02:00,2020-02-29T10:00:00Z,0,\"ab  \",{A0EEBC999C0B4EF8BB6D6BB9BD380A11},null,NaN\n\
        3,1234.5 $,null,1.596e12,\\N,,,,,\n\
        40000,1,1,1,2020-01-01,t,a,,,1\n\
        5,\"1,23\",1,,,,,,,\n\
        6,1234567.00,1,,,,,,,\n\
        7,1,$1.50,,,,,,,\n\
        8,1,1,soon,,,,,,\n\
        9,1,1,1,1596080481467,,,,,\n\
        10,1,1,1,2021-02-29,,,,,\n\
        11,1,1,1,,maybe,,,,\n\
        12,1,1,1,,,abcde,,,\n\
        13,1,1,1,,,,a0eebc99,,\n\
        14,1,1,1,,,,,{a:1},\n\
        15,1,1,1,,,,,,1e999\n",
    );
    let load = shop
        .load(&[
            "--tables",
            "owners",
            "--max-rejects",
            "12",
            "--format",
            "json",
        ])
        .exits(0)
        .json();
    assert_eq!(load["tables"][0]["rejected"], 12);
    let rows = shop.db.rows(
        "SET TimeZone = 'UTC'; SELECT concat_ws('|', id, price, whole, at, day, flag, '[' || code || ']', key, extra, ratio) FROM owners ORDER BY id",
    );
    let rows: Vec<String> = rows
        .into_iter()
        .map(|row| row[0].clone().unwrap())
        .collect();
    let uuid = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
    assert_eq!(
        rows,
        [
            format!(
                "1|84.00|1234|2020-07-30 03:41:21.467+00|2020-02-29|t|[Grün]|{uuid}|{{\"a\": [1]}}|1500"
            ),
            format!("2|-0.01|84|2020-07-30 03:41:21.467+00|2020-02-29|f|[ab  ]|{uuid}|NaN"),
            "3|1234.50|2020-07-29 05:20:00+00".to_owned(),
        ]
    );
    let rejects = shop.dir.read("rejects/owners.csv");
    let reasons = [
        "out of range for smallint",
        "price,\"\"\"1,23\"\" is not a number",
        "out of range for numeric(8,2)",
        "has a fraction",
        "at,\"\"\"soon\"\" is not a time",
        "`--epoch ms`",
        "day,\"\"\"2021-02-29\"\" is not a date",
        "is not a boolean",
        "longer than the column's 4 characters",
        "is not a UUID",
        "is not JSON",
        "out of range for double precision",
    ];
    for (line, reason) in rejects.lines().skip(1).zip(reasons) {
        assert!(line.contains(reason), "{reason}: {line}");
    }
}

#[test]
fn files_come_packed_by_standard_input_and_in_other_forms() {
    let shop = Shop::new("other_forms");
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(OWNERS.as_bytes()).unwrap();
    std::fs::remove_file(shop.dir.path("data/owner.csv")).unwrap();
    shop.dir
        .write("data/owner.csv.gz", encoder.finish().unwrap());
    shop.dir.write("data/notes.csv", "x\n");
    let url = shop.db.url();
    let load = |more: &[&str], input: &str| {
        let own = [
            "load",
            "data",
            "--dataset",
            "shop.toml",
            "--url",
            &url,
            "--replace",
        ];
        let mut command = command(own.into_iter().chain(more.iter().copied()));
        command.current_dir(shop.dir.path("."));
        let file = shop.dir.write("input", input);
        command.stdin(Stdio::from(std::fs::File::open(file).unwrap()));
        run(command)
    };
    load(&["--file", "pets=-"], PETS)
        .exits(0)
        .stdout_has("pets    standard input     3       3")
        .stdout_has("owners  owner.csv.gz")
        .stderr_has("not loaded, since no table matches: notes.csv, pets.csv");
    assert_eq!(shop.counts(), "2 3");
    shop.dir.write("odd.csv", "x|4|\"Mia\"|1|9\ny||Tom|2|8\n");
    let odd = [
        "--file",
        "pets=odd.csv",
        "--columns",
        "pets=-,weight,name,ownerId,id",
    ];
    let odd = odd
        .into_iter()
        .chain(["--no-header", "--delimiter", "|", "--tables", "pets"]);
    load(&odd.collect::<Vec<_>>(), "").exits(0);
    assert_eq!(shop.loaded_pets(), ["8|2|Tom|-", "9|1|Mia|4"]);
    load(&["--file", "pets=-", "--file", "owners=-"], "")
        .exits(2)
        .stderr_has("standard input holds the records of one table");
    load(&["--columns", "pets=id,nme"], "")
        .exits(2)
        .stderr_has("--columns: pets has no column `nme`; did you mean `name`?");
    load(&["--delimiter", "ab"], "")
        .exits(2)
        .stderr_has("is no delimiter");
    load(&["--file", "dogs=-"], "")
        .exits(2)
        .stderr_has("--file: shop has no table `dogs`");
    load(&["--file", "pets=-"], "id;ownerId;name;weight\n1;1;Rex;3\n")
        .exits(2)
        .stderr_has("standard input, line 1: the header is one field")
        .stderr_has("if they are, run: seedrow load")
        .stderr_has("--delimiter 'pets=;'");
}

#[test]
fn a_dataset_says_how_its_files_are_written() {
    let shop = Shop::new("dataset_says");
    let dataset = DATASET.replace(
        "file = \"pets.csv\"",
        "file = \"pets.csv\"\nother-files = [\"animals.csv\"]\n\
        read = { delimiter = \";\", header = false, columns = [\"-\", \"id\", \"name\", \"owner_id\", \"weight\"] }",
    );
    shop.dir.write("shop.toml", dataset);
    std::fs::remove_file(shop.dir.path("data/pets.csv")).unwrap();
    shop.dir
        .write("data/animals.csv", "?;1;Rex;1;30\n?;2;\"a;b\";2;\n");
    shop.load(&[]).exits(0).stdout_has("animals.csv");
    assert_eq!(shop.loaded_pets(), ["1|1|Rex|30", "2|2|a;b|-"]);
}

#[test]
fn check_only_reads_and_accounts_without_a_database() {
    let shop = one_line("check_only");
    shop.pets(DIRT);
    let check = |more: &[&str]| {
        let own = ["load", "data", "--dataset", "shop.toml", "--check-only"];
        shop.dir
            .seedrow(own.into_iter().chain(more.iter().copied()))
    };
    let json = check(&["--max-rejects", "7", "--format", "json"])
        .exits(0)
        .json();
    assert_eq!(pets(&json), [10, 2, 7, 1, 0]);
    check(&[])
        .exits(1)
        .stdout_has("data/pets.csv, line 4: weight \"heavy\" is not an integer")
        .stdout_has("read only: nothing was loaded");
    assert_eq!(shop.db.value("SELECT to_regclass('pets') IS NULL"), "t");
}

#[test]
fn a_load_cut_short_keeps_its_rejects_and_adds_the_rest() {
    cut_short("cut_short", "1,1,First,heavy");
}

#[test]
fn a_load_cut_short_keeps_the_rejects_of_the_server() {
    cut_short("cut_short_by_server", "1,1,Bad,");
}

/// Stops a load at its last record but one and resumes it; the first record is rejected, too.
fn cut_short(test: &str, first: &str) {
    let shop = Shop::new(test);
    let schema = SCHEMA.replace("name text,", "name text CHECK (name <> 'Bad'),");
    shop.db.execute(&schema);
    // Over 64 MB, so that a first segment is committed before the load stops.
    let name = "x".repeat(1000);
    let mut pets = format!("id,owner_id,name,weight\n{first}\n");
    for id in 2..=80_000 {
        pets.push_str(&format!("{id},1,{name},\n"));
    }
    pets.push_str("80001,1,Last,light\n80002,1,Rex,1\n");
    shop.pets(&pets);
    shop.load(&["--commit", "segment", "--max-rejects", "1"])
        .exits(2)
        .stderr_has("2 records cannot be loaded");
    let position = "SELECT position IS NOT NULL AND rejected = 1 FROM seedrow.tables WHERE table_name = 'pets'";
    assert_eq!(shop.db.value(position), "t");
    let load = shop
        .load(&[
            "--commit",
            "segment",
            "--max-rejects",
            "2",
            "--format",
            "json",
        ])
        .exits(0)
        .json();
    let counts = load["tables"][1].clone();
    assert_eq!(
        (&counts["read"], &counts["loaded"], &counts["rejected"]),
        (&json!(80_002), &json!(80_000), &json!(2))
    );
    let rejects = shop.dir.read("rejects/pets.csv");
    let lines: Vec<&str> = rejects.lines().skip(1).collect();
    assert_eq!(lines.len(), 2, "{rejects}");
    assert!(
        lines[0].ends_with(first) && lines[1].ends_with("80001,1,Last,light"),
        "{rejects}"
    );
}

#[test]
fn rejects_of_before_are_kept_aside() {
    let shop = Shop::new("kept_aside");
    shop.pets("id,owner_id,name,weight\n1,1,Rex,heavy\n");
    shop.dir.write("rejects/pets.csv", "half corrected\n");
    shop.load(&["--max-rejects", "1"]).exits(0);
    assert_eq!(shop.dir.read("rejects/pets.csv.old"), "half corrected\n");
    assert!(shop.dir.read("rejects/pets.csv").contains("Rex,heavy"));
}

#[test]
fn rows_that_a_trigger_takes_away_are_told() {
    let shop = Shop::new("trigger");
    shop.db.execute(SCHEMA);
    shop.db.execute(
        "CREATE FUNCTION halve() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            DELETE FROM pets WHERE id = 2; RETURN NULL;
        END $$;
        CREATE TRIGGER halve AFTER INSERT ON pets FOR EACH STATEMENT EXECUTE FUNCTION halve()",
    );
    shop.load(&[])
        .exits(2)
        .stderr_has("pets holds 2 rows, and 3 were loaded into it");
}

#[test]
fn rows_that_another_session_writes_after_a_table_is_loaded_are_told() {
    let shop = Shop::new("later_rows");
    let other = gate(&shop.db, "owners_pkey");
    thread::scope(|scope| {
        // The pets' file is the larger one, so that the owners come after it.
        let load = scope.spawn(|| shop.load(&["--jobs", "1"]));
        eventually("the pets are loaded", || waits_at_gate(&shop.db));
        shop.db.execute("INSERT INTO pets VALUES (9, 1, 'mine')");
        drop(other);
        load.join().unwrap().exits(2).stderr_has(
            "pets holds 4 rows, and 3 were loaded into it; another session wrote to it during the load",
        );
    });
}

#[test]
fn rows_are_counted_where_pages_were_written_or_vacuumed_since() {
    let shop = Shop::new("untouched");
    shop.load(&[]).exits(0);
    let untouched = include_str!("../../src/load/table/sql/untouched.sql");
    let untouched = untouched.replace("$1", "'public'").replace("$2", "'pets'");
    let version = "SELECT current_setting('server_version_num')::int >= 150000";
    assert_eq!(shop.db.value(&untouched), shop.db.value(version));
    shop.db.execute("INSERT INTO pets VALUES (9, 1, 'mine')");
    shop.db.execute("ANALYZE pets");
    assert_eq!(shop.db.value(&untouched), "f");
    // VACUUM sets no bit of a page whose rows' commit isn't on disk yet.
    let all_visible = "SELECT relpages = relallvisible FROM pg_class WHERE oid = 'pets'::regclass";
    eventually("VACUUM sets the all-visible bit", || {
        shop.db.execute("VACUUM pets");
        shop.db.execute("ANALYZE pets");
        shop.db.value(all_visible) == "t"
    });
    assert_eq!(shop.db.value(&untouched), "f", "it was vacuumed");
}

#[test]
fn legacy_reviews_and_questions_are_read_as_they_are() {
    let shop = Shop::new("legacy");
    let load = |dataset: &str, folder: &str| {
        let url = shop.db.url();
        let args = [
            "load",
            folder,
            "--dataset",
            dataset,
            "--format",
            "json",
            "--url",
            &url,
        ];
        shop.dir.seedrow(args).exits(0).json()
    };
    shop.dir.write(
        "reviews/reviews.csv",
        "id,product_id,rating,date,summary,body,recommend,reported,reviewer_name,reviewer_email,response,helpfulness\n\
        1,1,5,1596080481467,\"Great\",\"I really did.  \",true,false,\"funtime\",\"a@example.com\",null,8\n\
        2,1,4,null,\"Good\",\"So, so\",1,0,\"x\",\"b@example.com\",\"Thanks\",2\n\
        3,2,4,\"2019-01-01\",\"Old\",\"Older\",\"true\",\"false\",\"y\",\"c@example.com\",,5",
    );
    shop.dir.write(
        "reviews/reviews_photos.csv",
        "id,review_id,url\n1,2,\"https://images.example.com/1",
    );
    shop.dir.write(
        "reviews/characteristics.csv",
        "id,product_id,name\n1,1,\"Fit\"\n2,1,\"Length\"\n",
    );
    shop.dir.write(
        "reviews/characteristics_reviews.csv",
        "id,characteristic_id, review_id ,value\n1,1,1,4\n2,2,1,3\n",
    );
    let json = load("reviews", "reviews");
    let counts: Vec<_> = json["tables"]
        .as_array()
        .unwrap()
        .iter()
        .map(|table| {
            (
                table["loaded"].as_u64().unwrap(),
                table["repaired"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(counts, [(3, 0), (1, 1), (2, 0), (2, 0)]);
    let dates = "SET TimeZone = 'UTC'; SELECT string_agg(COALESCE(date::text, '-'), ' | ' ORDER BY id) FROM reviews";
    assert_eq!(
        shop.db.value(dates),
        "2020-07-30 03:41:21.467+00 | - | 2019-01-01 00:00:00+00"
    );
    // As a spreadsheet leaves it: a byte-order mark, CRLF, no quotes, rounded numbers.
    shop.dir.write(
        "qa/questions.csv",
        "\u{feff}id,product_id,body,date_written,asker_name,asker_email,reported,helpful\r\n\
        1,1,What fabric is it?,1595880000000,yankeelover,a@example.com,0,1\r\n\
        2,1,\"Why, though?\",1.61389E+12,jbilas,b@example.com,1,4\r\n",
    );
    shop.dir.write(
        "qa/answers.csv",
        "id,question_id,body,date_written,answerer_name,answerer_email,reported,helpful\r\n\
        1,2,No,1599958385988,Seller,null,0,1\r\n",
    );
    shop.dir
        .write("qa/answers_photos.csv", "id,answer_id,url\r\n");
    load("questions", "qa");
    let rounded =
        "SET TimeZone = 'UTC'; SELECT date_written::text || reported FROM questions WHERE id = 2";
    assert_eq!(shop.db.value(rounded), "2021-02-21 06:46:40+00true");
}
