//! `seedrow load` and keys: dropped and restored exactly, violated by rows, kept; and unfinished loads.

use std::thread;

use crate::shop::{
    CONSTRAINTS, DATASET, PETS, SCHEMA, Session, Shop, between, gate, typed, waits_at_gate,
};
use crate::support::eventually;

/// One pet of an owner that isn't there, and one that is.
const ORPHANS: &str = "id,owner_id,name,weight\n1,1,Rex,30\n2,77,Mia,4\n3,78,Tom,5\n";
/// The second id occurs three times.
const DUPLICATES: &str = "id,owner_id,name,weight\n1,1,Rex,30\n2,1,Mia,4\n2,2,Tom,5\n2,2,Zoe,6\n";

const DROPPED: &str = "SELECT count(*) FROM seedrow.lifted";

#[test]
fn a_foreign_key_that_rows_break_is_found_and_not_validated() {
    let shop = Shop::new("fk_broken");
    shop.pets(ORPHANS);
    let json = shop
        .load(&["--orphans", "keep", "--format", "json"])
        .exits(1)
        .json();
    let finding = &json["findings"][0];
    assert_eq!(finding["rule"], "fk-not-valid");
    assert_eq!(finding["rows"], 2);
    let samples = finding["samples"].to_string();
    assert!(
        samples.contains("77") && samples.contains("Tom"),
        "{samples}"
    );
    assert_eq!(shop.counts(), "2 3", "every row is loaded");
    shop.load(&[])
        .exits(1)
        .stdout_has("nothing to do")
        .stdout_has("fk-not-valid: pets_owner_id_fkey: 2 rows of public.pets reference rows missing from public.owners (owner_id)");
    let help = shop.load(&[]).exits(1).stdout;
    shop.db
        .execute("INSERT INTO owners VALUES (77, 'x'), (78, 'y')");
    shop.db.execute(between(&help, "then run: ", "\n"));
    shop.load(&[]).exits(0).lacks("fk-not-valid");
}

#[test]
fn a_foreign_key_broken_once_is_validated_with_corrected_rows() {
    let shop = Shop::new("fk_corrected");
    shop.db.execute(SCHEMA);
    let before = shop.db.value(CONSTRAINTS);
    shop.pets(ORPHANS);
    shop.load(&["--orphans", "keep"]).exits(1);
    assert_ne!(shop.db.value(CONSTRAINTS), before);
    shop.pets(PETS);
    shop.load(&["--replace"]).exits(0);
    assert_eq!(shop.db.value(CONSTRAINTS), before);
}

#[test]
fn a_foreign_key_not_valid_before_stays_so() {
    let shop = Shop::new("fk_not_valid_before");
    shop.db.execute(SCHEMA);
    shop.db.execute(
        "ALTER TABLE pets DROP CONSTRAINT pets_owner_id_fkey;
        ALTER TABLE pets ADD FOREIGN KEY (owner_id) REFERENCES owners ON DELETE CASCADE DEFERRABLE NOT VALID",
    );
    let before = shop.db.value(CONSTRAINTS);
    shop.load(&[]).exits(0);
    assert_eq!(shop.db.value(CONSTRAINTS), before);
    shop.load(&[]).exits(0);
    shop.pets(ORPHANS);
    shop.load(&["--replace", "--orphans", "keep"])
        .exits(1)
        .stdout_has("2 rows of public.pets");
}

#[test]
fn duplicates_leave_the_load_unfinished_until_the_file_is_repaired() {
    let shop = Shop::new("duplicates");
    shop.db.execute(SCHEMA);
    let before = shop.db.value(CONSTRAINTS);
    shop.pets(DUPLICATES);
    for _ in 0..2 {
        shop.load(&[])
            .exits(2)
            .stderr_has("pets_pkey cannot be created on public.pets: duplicate key in 2 rows")
            .stderr_has("data/pets.csv, line 4: id \"2\" is on line 3 already")
            .stderr_has("data/pets.csv, line 5: id \"2\" is on line 3 already");
    }
    shop.pets(PETS);
    let the_rest = || shop.load(&["--tables", "pets"]).exits(0);
    the_rest().stderr_has("going on in place of `seedrow load data");
    assert_eq!(shop.db.value(CONSTRAINTS), before);
    assert_eq!(shop.db.value(DROPPED), "0");
    assert_eq!(shop.counts(), "2 3");
    the_rest().stdout_has("nothing to do");
}

#[test]
fn duplicates_of_a_unique_key_are_named_by_their_columns() {
    let shop = Shop::new("duplicates_unique");
    shop.db.execute(SCHEMA);
    shop.db
        .execute("ALTER TABLE pets ADD CONSTRAINT \"One Name\" UNIQUE (owner_id, name)");
    shop.pets("id,owner_id,name,weight\n1,1,Rex,\n2,1,Rex,\n3,1,,\n4,1,,\n");
    shop.load(&[])
        .exits(2)
        .stderr_has("One Name cannot be created on public.pets: duplicate key in 1 row")
        .stderr_has("data/pets.csv, line 3: owner_id, name \"1, Rex\" is on line 2 already")
        .lacks("line 5");
}

#[test]
fn duplicates_of_all_tables_and_keys_are_named_and_rejected_at_once() {
    let shop = Shop::new("duplicates_everywhere");
    shop.db.execute(SCHEMA);
    shop.db
        .execute("CREATE UNIQUE INDEX one_name ON pets (lower(name))");
    let before = shop.db.value(CONSTRAINTS);
    shop.owners("id,name\n1,Ann\n2,Bob\n1,Cy\n");
    shop.pets("id,owner_id,name,weight\n1,1,Rex,30\n2,1,Mia,4\n2,2,Tom,5\n3,2,REX,6\n");
    // A number that is enough for one of them is not enough.
    for options in [&[][..], &["--duplicates", "reject", "--max-rejects", "1"]] {
        let mut failed = shop
            .load(&[options, &["--replace"]].concat())
            .exits(2)
            .stderr_has("--max-rejects 3");
        if options.is_empty() {
            failed = failed
                .stderr_has("data/owner.csv, line 4: id \"1\" is on line 2 already")
                .stderr_has("data/pets.csv, line 4: id \"2\" is on line 3 already")
                .stderr_has(
                    "data/pets.csv, line 5: name \"REX\" conflicts with line 2 in one_name",
                );
        }
        let (_, command) = failed.stderr.split_once("the others, run: ").unwrap();
        typed(&shop.dir, command.lines().next().unwrap()).exits(0);
        assert_eq!(shop.db.value(CONSTRAINTS), before);
        assert_eq!(shop.counts(), "2 2");
    }
}

#[test]
fn an_unfinished_load_names_both_ways_out_to_another() {
    let shop = Shop::new("both_ways_out");
    shop.pets(DUPLICATES);
    shop.load(&[]).exits(2);
    let url = shop.db.url();
    let generated = |more: &[&'static str]| {
        let own = ["run", "--dataset", "shop.toml", "--rows", "10", "--url"];
        let args = own.into_iter().chain([&*url]);
        shop.dir.seedrow(args.chain(more.iter().copied())).exits(2)
    };
    let refused = generated(&[])
        .stderr_has("to finish it, run: seedrow load data --dataset shop.toml")
        .stderr_has("to empty its tables and load anew, run: seedrow run --dataset shop.toml");
    generated(&["--replace", "--tables", "owners"])
        .stderr_has("an unfinished load of owners, pets")
        .lacks("load anew");
    let way_out = between(&refused.stderr, "load anew, run: ", "\n");
    typed(&shop.dir, way_out).exits(0);
    assert_eq!(shop.db.value("SELECT count(*) FROM owners"), "10");
    assert_eq!(shop.db.value(DROPPED), "0");
}

#[test]
fn an_unfinished_load_is_redone_though_its_tables_were_made_anew() {
    let shop = Shop::new("made_anew");
    shop.pets(DUPLICATES);
    shop.load(&[]).exits(2);
    shop.pets(PETS);
    shop.db.execute("DROP TABLE owners, pets");
    shop.db.execute(SCHEMA);
    let before = shop.db.value(CONSTRAINTS);
    shop.load(&["--replace"]).exits(0);
    assert_eq!(shop.db.value(CONSTRAINTS), before);
}

#[test]
fn what_a_definition_does_not_hold_keeps_its_key_in_place() {
    let shop = Shop::new("stays");
    shop.db.execute(SCHEMA);
    shop.db.execute(
        "COMMENT ON CONSTRAINT pets_pkey ON pets IS 'the key';
        COMMENT ON CONSTRAINT pets_owner_id_fkey ON pets IS 'whose';
        ALTER TABLE pets ADD CONSTRAINT packed UNIQUE (id, owner_id) WITH (fillfactor = 70);
        ALTER TABLE pets ADD CONSTRAINT replica UNIQUE (owner_id, id);
        ALTER TABLE pets REPLICA IDENTITY USING INDEX replica;
        ALTER TABLE pets ADD CONSTRAINT plain UNIQUE (id, name);
        CREATE VIEW heads AS SELECT o.id, o.name, count(*) FROM owners AS o JOIN pets ON owner_id = o.id GROUP BY o.id",
    );
    shop.db
        .execute("ALTER TABLE pets ALTER owner_id SET NOT NULL");
    let indexes = "SELECT string_agg(concat(indexrelid::regclass, indisreplident, reloptions), ' ' ORDER BY relname)
        FROM pg_index JOIN pg_class ON oid = indexrelid WHERE indrelid = 'pets'::regclass";
    let before = (shop.db.value(CONSTRAINTS), shop.db.value(indexes));
    let run = shop.load(&["--format", "json"]).exits(0);
    let stayed = run.json()["stayed"].to_string();
    let reasons = [
        "pets_pkey of public.pets: it has a comment",
        "pets_owner_id_fkey of public.pets: it has a comment",
        "packed of public.pets: its index has storage parameters",
        "replica of public.pets: it is the replica identity",
        "owners_pkey of public.owners: something depends on it",
    ];
    for reason in reasons {
        assert!(stayed.contains(reason), "no {reason:?} in {stayed}");
    }
    assert!(!stayed.contains("plain"), "{stayed}");
    assert_eq!((shop.db.value(CONSTRAINTS), shop.db.value(indexes)), before);
    assert_eq!(shop.counts(), "2 3");

    shop.pets("id,owner_id,name,weight\n9,2,Zoe,1\n");
    shop.load(&["--replace"])
        .exits(0)
        .stdout_has("not dropped for the load: packed of public.pets");
    assert_eq!((shop.db.value(CONSTRAINTS), shop.db.value(indexes)), before);
    assert_eq!(shop.counts(), "2 1");
}

#[test]
fn a_key_that_stays_refuses_duplicates_with_their_line() {
    let shop = Shop::new("stays_duplicates");
    shop.db.execute(SCHEMA);
    shop.db
        .execute("COMMENT ON CONSTRAINT pets_pkey ON pets IS 'the key'");
    shop.pets(DUPLICATES);
    shop.load(&[])
        .exits(2)
        .stderr_has("data/pets.csv, line 4: ")
        .stderr_has("Key (id)=(2) already exists");
    assert_eq!(shop.db.value("SELECT count(*) FROM pets"), "0");
}

#[test]
fn partitioned_tables_are_loaded_and_replaced() {
    let shop = Shop::new("partitioned");
    let schema = SCHEMA.replace(
        "weight integer\n);",
        "weight integer\n) PARTITION BY RANGE (id);
        CREATE TABLE pets_low PARTITION OF pets FOR VALUES FROM (0) TO (2);
        CREATE TABLE pets_high PARTITION OF pets FOR VALUES FROM (2) TO (100);",
    );
    shop.db.execute(&schema);
    let before = shop.db.value(CONSTRAINTS);
    shop.load(&[]).exits(0);
    assert_eq!(shop.db.value("SELECT count(*) FROM pets_high"), "2");
    shop.pets("id,owner_id,name,weight\n9,2,Zoe,1\n");
    shop.load(&["--replace"]).exits(0);
    assert_eq!(shop.loaded_pets(), ["9|2|Zoe|1"]);
    // A row that no partition fits is rejected for the partition key.
    shop.pets("id,owner_id,name,weight\n9,2,Zoe,1\n500,1,Far,1\n");
    shop.load(&["--replace", "--max-rejects", "1"])
        .exits(0)
        .stdout_has(
            "data/pets.csv, line 3: id \"500\": no partition of relation \"pets\" found for row",
        );
    let rejects = shop.dir.read("rejects/pets.csv");
    assert!(rejects.contains("data/pets.csv,3,id,"), "{rejects}");
    assert_eq!(shop.db.value(CONSTRAINTS), before);
}

#[test]
fn rows_that_violate_a_foreign_key_of_a_partitioned_table_are_found() {
    let shop = Shop::new("partitioned_orphans");
    let partitioned = ") PARTITION BY RANGE (id); CREATE TABLE pets_all PARTITION OF pets DEFAULT;";
    let schema = SCHEMA.replace(
        "weight integer\n);",
        &format!("weight integer\n{partitioned}"),
    );
    shop.db.execute(&schema);
    let before = shop.db.value(CONSTRAINTS);
    shop.pets(ORPHANS);
    shop.load(&["--orphans", "keep"])
        .exits(2)
        .stderr_has("violates foreign key constraint");
    let failed = shop
        .load(&[])
        .exits(2)
        .stderr_has("pets_owner_id_fkey: 2 rows of public.pets reference rows missing from public.owners (owner_id)")
        .stderr_has("data/pets.csv, line 3: owner_id \"77\" does not exist in owners")
        .lacks("leave the foreign key NOT VALID");
    assert_eq!(shop.db.value(DROPPED), "1");
    let command = between(&failed.stderr, "that reference them, run: ", "\n");
    typed(&shop.dir, command).exits(0);
    assert_eq!(shop.counts(), "2 1");
    assert_eq!(shop.db.value(DROPPED), "0");
    assert_eq!(shop.db.value(CONSTRAINTS), before);
}

#[test]
fn a_foreign_key_of_an_empty_table_outside_is_dropped_too() {
    let shop = Shop::new("outside_empty");
    shop.db.execute(SCHEMA);
    shop.db.execute(
        "CREATE SCHEMA clinic;
        CREATE TABLE clinic.visits (pet_id int REFERENCES pets ON DELETE SET NULL, owner_id int CONSTRAINT payer REFERENCES owners);
        COMMENT ON CONSTRAINT payer ON clinic.visits IS 'who pays'",
    );
    let before = shop.db.value(CONSTRAINTS);
    shop.load(&[]).exits(0);
    assert_eq!(shop.db.value(CONSTRAINTS), before);
    assert_eq!(shop.db.value(DROPPED), "0");
    shop.pets("id,owner_id,name,weight\n9,2,Zoe,1\n");
    shop.load(&["--replace"]).exits(0);
    assert_eq!(shop.db.value(CONSTRAINTS), before);
    assert_eq!(shop.counts(), "2 1");
}

#[test]
fn a_table_that_others_refer_to_is_neither_emptied_nor_dropped() {
    let shop = Shop::new("outside_full");
    shop.load(&[]).exits(0);
    shop.db
        .execute("CREATE TABLE visits (pet_id int REFERENCES pets); INSERT INTO visits VALUES (2)");
    shop.pets("id,owner_id,name,weight\n9,2,Zoe,1\n");
    shop.load(&["--replace"])
        .exits(2)
        .stderr_has("public.visits holds rows that reference public.pets (visits_pet_id_fkey), which would be emptied")
        .stderr_has("-c 'ALTER TABLE public.visits DROP CONSTRAINT visits_pet_id_fkey'\n");
    assert_eq!(shop.counts(), "2 3");
    shop.load(&["--replace", "--tables", "owners"])
        .exits(2)
        .stderr_has("public.pets holds rows that reference public.owners");
    shop.db.execute(
        "CREATE VIEW heavy AS SELECT * FROM pets; CREATE VIEW heavier AS SELECT * FROM heavy",
    );
    let refused = shop
        .load(&["--recreate", "--yes"])
        .exits(2)
        .stderr_has(
            "--recreate drops owners, pets, and these refer to them: the view public.heavier, the view public.heavy, \
             public.visits (visits_pet_id_fkey); nothing was dropped",
        )
        .lacks("2BP01");
    assert_eq!(shop.counts(), "2 3");
    let statements = between(&refused.stderr, " -c '", "'\n");
    assert_eq!(
        statements,
        "DROP VIEW public.heavier; DROP VIEW public.heavy; ALTER TABLE public.visits DROP CONSTRAINT visits_pet_id_fkey"
    );
    shop.db.execute(statements);
    shop.load(&["--recreate", "--yes"]).exits(0);
    assert_eq!(shop.counts(), "2 1");
}

#[test]
fn a_load_without_its_parents_leaves_their_keys_alone() {
    let shop = Shop::new("without_parents");
    shop.load(&[]).exits(0);
    let before = shop.db.value(CONSTRAINTS);
    shop.pets("id,owner_id,name,weight\n9,2,Zoe,1\n");
    shop.load(&["--replace", "--tables", "pets"]).exits(0);
    assert_eq!(shop.loaded_pets(), ["9|2|Zoe|1"]);
    assert_eq!(shop.db.value(CONSTRAINTS), before);
}

#[test]
fn a_table_may_refer_to_itself() {
    let shop = Shop::new("itself");
    let schema = SCHEMA.replace("name text,", "name text, sire_id integer REFERENCES pets,");
    shop.dir.write("schema.sql", &schema);
    let dataset = DATASET.replace(
        "name = { make = \"phrase\", of = \"Rex\" }",
        "name = { make = \"phrase\", of = \"Rex\" }\nsire_id = { make = \"integer\", min = 1, max = 2, null = 0.5 }",
    );
    shop.dir.write("shop.toml", &dataset);
    shop.pets("id,owner_id,name,sire_id,weight\n1,1,Rex,2,3\n2,1,Max,,3\n");
    shop.load(&[]).exits(0);
    shop.load(&["--replace"]).exits(0);
    shop.pets("id,owner_id,name,sire_id,weight\n1,1,Rex,3,3\n2,1,Max,,3\n");
    shop.load(&["--replace", "--orphans", "keep"])
        .exits(1)
        .stdout_has(
            "pets_sire_id_fkey: 1 row of public.pets references a row missing from public.pets",
        );
}

#[test]
fn a_second_seedrow_is_refused_while_one_loads() {
    let shop = Shop::new("second_seedrow");
    shop.db.execute(SCHEMA);
    // The first one waits for this lock in the middle of its work.
    let other = Session::new(&shop.db.url());
    other.execute("BEGIN; LOCK TABLE pets IN ACCESS SHARE MODE");
    thread::scope(|scope| {
        let first = scope.spawn(|| shop.load(&["--lock-timeout", "2min"]));
        let holds = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        eventually("the first one loads", || shop.db.value(holds) != "0");
        let at_work = "another seedrow is at work on this database since ";
        let typed = "ago: seedrow load data --dataset shop.toml --url ";
        shop.load(&[])
            .exits(2)
            .stderr_has(at_work)
            .stderr_has(typed)
            .stderr_has("hint: run the command again when it has finished");
        let url = shop.db.url();
        for command in [
            &["check", "--only", "coverage"][..],
            &["index"],
            &["forget"],
            &["run", "--dataset", "shop.toml", "--rows", "5"],
        ] {
            shop.dir
                .seedrow([command, &["--url", &url]].concat())
                .exits(2)
                .stderr_has(at_work)
                .stderr_has(typed)
                .lacks("to finish it");
        }
        other.execute("COMMIT");
        first.join().unwrap().exits(0);
    });
    assert_eq!(shop.counts(), "2 3");
}

#[test]
fn rows_written_by_others_during_the_load_are_not_emptied() {
    let shop = Shop::new("others_rows");
    let other = gate(&shop.db, "pets_pkey");
    thread::scope(|scope| {
        // The pets' file is the larger one, so that the owners come after it.
        let load = scope.spawn(|| shop.load(&["--jobs", "1"]));
        eventually("the pets are loaded", || waits_at_gate(&shop.db));
        shop.db.execute("INSERT INTO owners VALUES (9, 'mine')");
        drop(other);
        load.join().unwrap().exits(2).stderr_has(
            "public.owners was empty when this load started, and another session has written rows into it since",
        );
    });
    assert_eq!(
        shop.db.value("SELECT string_agg(name, ',') FROM owners"),
        "mine"
    );
}
