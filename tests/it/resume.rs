//! A load that was left unfinished: the same command finishes it, and `forget --abandon` abandons it.

use std::fs;

use crate::shop::{CONSTRAINTS, PETS, SCHEMA, Session, Shop, between, typed};
use crate::support::{contents, eventually, schema_dump, seedrow};

/// A weight that is no number, in the file that is loaded first at `--jobs 1`, being the larger one.
const BAD: &str = "id,owner_id,name,weight\n1,1,Rex,30\n2,1,Mia,heavy\n3,2,Tom,5\n";

#[test]
fn the_same_command_loads_what_is_missing_and_nothing_else() {
    let shop = Shop::new("missing_only");
    shop.db.execute(SCHEMA);
    let before = shop.db.value(CONSTRAINTS);
    shop.pets(BAD);
    // One at a time, the larger first: the owners are made to be it.
    shop.owners(format!("id,name\n1,Ann\n2,Bob{}\n", " ".repeat(500)));
    shop.load(&["--jobs", "1"]).exits(2);
    assert_eq!(shop.counts(), "2 0");
    let file = "SELECT pg_relation_filenode('owners')";
    let loaded = shop.db.value(file);
    shop.pets(PETS);
    shop.load(&["--jobs", "1"])
        .exits(0)
        .stderr_has("1 of 2 tables are loaded");
    assert_eq!(shop.db.value(file), loaded, "the owners were loaded again");
    assert_eq!(shop.counts(), "2 3");
    assert_eq!(shop.db.value(CONSTRAINTS), before);
}

#[test]
fn a_corrected_file_is_loaded_again_though_its_rows_exist() {
    let shop = Shop::new("repaired");
    shop.pets("id,owner_id,name,weight\n1,1,Rex,30\n1,1,Mia,4\n");
    shop.load(&[]).exits(2).stderr_has("pets_pkey");
    assert_eq!(shop.db.value("SELECT count(*) FROM pets"), "2");
    shop.pets(PETS);
    shop.load(&[]).exits(0);
    assert_eq!(shop.counts(), "2 3");
    // Complete now: a file that changes after that is another load.
    shop.pets("id,owner_id,name,weight\n9,1,Rex,30\n");
    shop.load(&[]).exits(2).stderr_has("--replace");
    assert_eq!(shop.counts(), "2 3");
}

#[test]
fn an_unfinished_replacing_load_still_empties_what_it_was_to_replace() {
    let shop = Shop::new("replacing");
    shop.load(&[]).exits(0);
    shop.db.execute("INSERT INTO owners VALUES (7, 'mine')");
    shop.pets(BAD);
    shop.load(&["--jobs", "1", "--replace"]).exits(2);
    shop.pets(PETS);
    shop.load(&["--jobs", "1"]).exits(0);
    assert_eq!(shop.counts(), "2 3");
}

#[test]
fn rows_of_other_sessions_between_two_attempts_are_not_emptied() {
    let shop = Shop::new("between");
    shop.pets(BAD);
    shop.load(&["--jobs", "1"]).exits(2);
    shop.db.execute("INSERT INTO owners VALUES (7, 'mine')");
    shop.pets(PETS);
    shop.load(&["--jobs", "1"]).exits(2).stderr_has(
        "public.owners was empty when this load started, and another session has written rows into it since",
    );
    assert_eq!(shop.counts(), "1 0");
    shop.load(&["--replace"]).exits(0);
    assert_eq!(shop.counts(), "2 3");
}

#[test]
fn tables_emptied_by_hand_are_loaded_again() {
    let shop = Shop::new("by_hand");
    shop.pets("id,owner_id,name,weight\n1,1,Rex,30\n1,1,Mia,4\n");
    shop.load(&[]).exits(2);
    shop.pets(PETS);
    shop.db.execute("TRUNCATE owners, pets");
    shop.load(&[]).exits(0);
    assert_eq!(shop.counts(), "2 3");
}

#[test]
fn segments_are_kept_and_the_rest_is_added() {
    let shop = Shop::new("segments");
    shop.db.execute(SCHEMA);
    // A snapshot of its own ANALYZE would keep VACUUM from marking the last pages.
    shop.db
        .execute("ALTER TABLE pets SET (autovacuum_enabled = false)");
    // Over 64 MB, so that a first segment is committed before the line that is wrong.
    let name = "x".repeat(1000);
    let mut pets = String::from("id,owner_id,name,weight\n");
    for id in 1..=80_000 {
        pets.push_str(&format!("{id},1,{name},\n"));
    }
    let whole = pets.clone();
    pets.push_str("80001,1,Rex,heavy\n");
    shop.pets(&pets);
    let failed = shop.load(&["--commit", "segment", "--replace"]).exits(2);
    failed
        .stderr_has("data/pets.csv, line 80002: ")
        .stderr_has(" --commit segment\n  hint: to abandon it instead");
    let kept: u64 = shop.db.value("SELECT count(*) FROM pets").parse().unwrap();
    assert!((60_000..80_000).contains(&kept), "{kept}");
    let ledger = shop
        .db
        .value("SELECT loaded || ' ' || (position IS NOT NULL) FROM seedrow.tables WHERE table_name = 'pets'");
    assert_eq!(ledger, format!("{kept} true"));

    // With the value corrected in a file of the same size and time, the rest is added to the loaded rows.
    let path = shop.dir.path("data/pets.csv");
    let time = fs::metadata(&path).unwrap().modified().unwrap();
    fs::write(&path, format!("{whole}80001,1,Rex,55555\n")).unwrap();
    fs::File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_modified(time)
        .unwrap();
    let first = shop.db.value("SELECT ctid FROM pets WHERE id = 1");
    shop.load(&["--commit", "segment"])
        .exits(0)
        .stderr_has("load: resuming `seedrow load data --dataset shop.toml ")
        .stderr_has(" --commit segment --replace`, unfinished in schema public")
        .stderr_has("pets with ");
    assert_eq!(shop.db.value("SELECT ctid FROM pets WHERE id = 1"), first);
    assert_eq!(
        shop.db
            .value("SELECT count(*) || ' ' || count(DISTINCT id) FROM pets"),
        "80001 80001"
    );
    // What VACUUM does in FREEZE's place; from version 16 on COPY may leave empty pages at the end.
    let hidden = "SELECT count(DISTINCT (p.ctid::text::point)[0]) > max(c.relallvisible)
        FROM pets AS p, pg_class AS c
        WHERE c.oid = 'pets'::regclass";
    assert_eq!(shop.db.value(hidden), "f");
}

#[test]
fn a_file_edited_while_its_rows_are_added_is_not_added_twice() {
    let shop = Shop::new("append_edited");
    shop.db.execute(
        &SCHEMA
            .replace(" PRIMARY KEY", "")
            .replace("REFERENCES owners", ""),
    );
    shop.db.execute("INSERT INTO owners VALUES (9, 'Zoe')");
    let owners = format!("id,name\n1,Ann\n2,Bob{}\n", " ".repeat(500));
    shop.owners(&owners);
    shop.pets(BAD);
    let append = || shop.load(&["--jobs", "1", "--append"]);
    append().exits(2);
    assert_eq!(shop.counts(), "3 0");
    shop.pets(PETS);
    shop.owners(format!("{owners}3,Cid\n"));
    let refused = append().exits(2).stderr_has(
        "data/owner.csv has changed since this load added 2 of its rows to public.owners",
    );
    assert_eq!(shop.counts(), "3 0");
    // The ways out, as they are proposed.
    let forget = between(&refused.stderr, "forget this load, run: ", "\n");
    let rest = between(&refused.stderr, "beneath the header, and run: ", "\n");
    typed(&shop.dir, forget).exits(0);
    shop.dir.write("rest.csv", "id,name\n3,Cid\n");
    typed(&shop.dir, rest).exits(0);
    assert_eq!(shop.counts(), "4 0");
}

#[test]
fn a_corrected_command_goes_on_with_what_it_reads_in_another_way() {
    // What is typed next, whether the owners, which are complete, are loaded again, and the counts then.
    let cases: [(&[&str], bool, &str); 4] = [
        (&["--file", "pets=right.csv"], false, "2 3"),
        (
            &[
                "--file",
                "pets=shuffled.csv",
                "--columns",
                "pets=-,id,owner_id,name",
                "--no-header=pets",
            ],
            false,
            "2 2",
        ),
        (&["--nulls", "heavy"], true, "2 3"),
        (&["--tables", "owners"], false, "2 0"),
    ];
    let shop = Shop::new("corrected_command");
    shop.owners(format!("id,name\n1,Ann\n2,Bob{}\n", " ".repeat(500)));
    shop.pets(BAD);
    shop.dir.write("right.csv", PETS);
    shop.dir.write("shuffled.csv", "x,1,1,Rex\nx,2,2,Tom\n");
    for (corrected, again, counts) in cases {
        shop.db.execute("DROP SCHEMA public CASCADE; DROP SCHEMA IF EXISTS seedrow CASCADE; CREATE SCHEMA public");
        shop.db.execute(SCHEMA);
        let before = shop.db.value(CONSTRAINTS);
        shop.load(&["--jobs", "1"]).exits(2);
        assert_eq!(shop.counts(), "2 0");
        let file = "SELECT pg_relation_filenode('owners')";
        let loaded = shop.db.value(file);
        let run = shop.load(&[&["--jobs", "1"], corrected].concat()).exits(0);
        assert_eq!(shop.counts(), counts, "{corrected:?}\n{}", run.stderr);
        assert_eq!(shop.db.value(file) != loaded, again, "{corrected:?}");
        assert_eq!(
            run.stderr.contains("loaded anew: owners"),
            again,
            "{}",
            run.stderr
        );
        assert_eq!(shop.db.value(CONSTRAINTS), before, "{corrected:?}");
        // And it is complete.
        shop.load(&[&["--jobs", "1"], corrected].concat())
            .exits(0)
            .stdout_has("this load was completed before");
    }
}

#[test]
fn rows_of_another_session_are_not_emptied_by_a_corrected_command() {
    let shop = Shop::new("corrected_foreign");
    shop.owners(format!("id,name\n1,Ann\n2,Bob{}\n", " ".repeat(500)));
    shop.pets(BAD);
    shop.load(&["--jobs", "1"]).exits(2);
    shop.db.execute("INSERT INTO owners VALUES (7, 'mine')");
    let refused = shop.load(&["--nulls", "heavy"]).exits(2).stderr_has(
        "public.owners is to be loaded anew, and another session has written 1 row into it since",
    );
    assert_eq!(shop.counts(), "3 0");
    let command = between(&refused.stderr, "load anew, run: ", "\n");
    typed(&shop.dir, command).exits(0);
    assert_eq!(shop.counts(), "2 3");
}

#[test]
fn a_load_that_cannot_take_the_place_of_an_unfinished_one_is_told_the_ways_out() {
    // What the first and the second load add, the proposed command's beginning, and what there is once it has been typed.
    let append: &[&str] = &["--append"];
    let cases: [(&[&str], &[&str], &str, &str); 6] = [
        (&[], append, "to finish it, run: ", "2 3"),
        (&[], append, "to abandon it and its rows, run: ", "0 0"),
        (append, &[], "load anew, run: ", "2 3"),
        (append, &[], "to finish it, run: ", "3 3"),
        (
            append,
            &["--append", "--nulls", "heavy"],
            "to finish it, run: ",
            "3 3",
        ),
        (
            append,
            &["--append", "--nulls", "heavy"],
            "keep the rows that it added (2 rows of owners), run: ",
            "3 0",
        ),
    ];
    let shop = Shop::new("ways_out");
    for (first, second, before, counts) in cases {
        shop.db.execute("DROP SCHEMA public CASCADE; DROP SCHEMA IF EXISTS seedrow CASCADE; CREATE SCHEMA public");
        shop.db.execute(SCHEMA);
        shop.owners(format!("id,name\n1,Ann\n2,Bob{}\n", " ".repeat(500)));
        shop.pets(BAD);
        if first == append {
            shop.db.execute("INSERT INTO owners VALUES (9, 'Zoe')");
        }
        shop.load(&[&["--jobs", "1"], first].concat()).exits(2);
        let refused = shop
            .load(&[&["--jobs", "1"], second].concat())
            .exits(2)
            .stderr_has("unfinished load of owners, pets");
        // Cause and correction of the first failure.
        shop.pets(PETS);
        typed(&shop.dir, between(&refused.stderr, before, "\n")).exits(0);
        assert_eq!(shop.counts(), counts, "{before}");
    }
}

#[test]
fn a_catalog_in_segments_is_the_catalog() {
    let shop = Shop::new("catalog_segments");
    let rows = |schema: &str, commit: &str| {
        let url = shop.db.url();
        let args = [
            "run",
            "--rows",
            "500",
            "--url",
            &url,
            "--target-schema",
            schema,
        ];
        seedrow(args.into_iter().chain(["--commit", commit])).exits(0);
        contents(&url, schema).replace(schema, "")
    };
    assert_eq!(rows("whole", "table"), rows("parts", "segment"));
}

#[test]
fn abandoning_a_load_restores_the_schema() {
    let shop = Shop::new("abandon");
    shop.db.execute(SCHEMA);
    shop.db
        .execute("ALTER TABLE pets ADD CONSTRAINT one UNIQUE (owner_id, name)");
    let before = schema_dump(&shop.db.url());
    shop.pets("id,owner_id,name,weight\n1,1,Rex,30\n1,1,Mia,4\n");
    shop.load(&[]).exits(2);
    assert_ne!(schema_dump(&shop.db.url()), before);
    let url = shop.db.url();
    seedrow(["forget", "--url", &url])
        .exits(2)
        .stderr_has("schema public has an unfinished load")
        .stderr_has("seedrow load data");
    seedrow(["forget", "--abandon", "--url", &url])
        .exits(0)
        .stdout_has("abandoned the unfinished load in schema public: emptied ")
        .stdout_has("removed the ledger");
    assert_eq!(schema_dump(&url), before);
    assert_eq!(shop.counts(), "0 0");
    assert_eq!(
        shop.db.value("SELECT to_regnamespace('seedrow') IS NULL"),
        "t"
    );
    seedrow(["forget", "--url", &url])
        .exits(0)
        .stdout_has("there is no ledger");
    shop.pets(PETS);
    shop.load(&[]).exits(0);
}

#[test]
fn a_dataset_changed_between_two_attempts_reads_its_files_anew() {
    let shop = Shop::new("changed_dataset");
    // Their rows are loaded, and their key cannot be built.
    shop.pets("id,owner_id,name,weight\n1,1,Rex,30\n1,1,Mia,4\n");
    shop.load(&[]).exits(2);
    shop.pets(PETS);
    let changed = || {
        let other = crate::shop::DATASET.replace("\"NULL\"]", "\"NULL\", \"-\"]");
        shop.dir.write("shop.toml", other);
    };
    changed();
    shop.load(&[]).exits(0).stderr_has("loaded anew: ");
    assert_eq!(shop.counts(), "2 3");
}

#[test]
fn a_dataset_changed_between_two_runs_asks_for_a_decision() {
    let shop = Shop::new("changed_run");
    let url = shop.db.url();
    let run = [
        "run",
        "--dataset",
        "shop.toml",
        "--rows",
        "10",
        "--url",
        &url,
    ];
    shop.dir.seedrow(run).exits(0);
    shop.db
        .execute("UPDATE seedrow.loads SET finished_at = NULL");
    let other = crate::shop::DATASET.replace("\"NULL\"]", "\"NULL\", \"-\"]");
    shop.dir.write("shop.toml", other);
    shop.dir
        .seedrow(run)
        .exits(2)
        .stderr_has("started by this same command, but seedrow or the dataset has changed since")
        .stderr_has("seedrow forget --abandon");
    shop.dir
        .seedrow(run.into_iter().chain(["--replace"]))
        .exits(0);
}

#[test]
fn one_schemas_load_is_abandoned_and_the_others_stay_known() {
    let shop = Shop::new("one_schema");
    shop.load(&["--target-schema", "here"]).exits(0);
    shop.pets(BAD);
    shop.load(&["--target-schema", "there"]).exits(2);
    let url = shop.db.url();
    let forget = [
        "forget",
        "--abandon",
        "--url",
        &url,
        "--target-schema",
        "there",
    ];
    seedrow(forget)
        .exits(0)
        .stdout_has("abandoned the unfinished load in schema there")
        .stdout_has("removed the ledger of schema there");
    assert_eq!(shop.db.value("SELECT count(*) FROM there.owners"), "0");
    shop.pets(PETS);
    shop.load(&["--target-schema", "there"]).exits(0);
    assert_eq!(
        shop.db
            .value("SELECT count(*) FROM seedrow.loads WHERE finished_at IS NOT NULL"),
        "2"
    );
}

#[test]
fn an_abandoned_run_leaves_no_index_of_its_own() {
    let shop = Shop::new("run_abandoned");
    let url = shop.db.url();
    shop.db
        .execute(include_str!("../../sql/catalog/schema.sql"));
    let before = schema_dump(&url);
    shop.db.execute(
        "CREATE FUNCTION no() RETURNS event_trigger LANGUAGE plpgsql AS
            $$ BEGIN IF current_query() LIKE '%VALIDATE%' THEN RAISE 'not today'; END IF; END $$;
        CREATE EVENT TRIGGER no ON ddl_command_start EXECUTE FUNCTION no()",
    );
    seedrow(["run", "--rows", "200", "--url", &url])
        .exits(2)
        .stderr_has("not today");
    shop.db.execute("DROP EVENT TRIGGER no; DROP FUNCTION no");
    let built = "SELECT count(*) FROM pg_indexes WHERE schemaname = 'public'";
    assert_eq!(shop.db.value(built), "12");
    seedrow(["forget", "--abandon", "--url", &url]).exits(0);
    assert_eq!(schema_dump(&url), before);
    assert_eq!(shop.db.value("SELECT count(*) FROM skus"), "0");
}

#[test]
fn abandoning_a_load_keeps_rows_of_other_sessions() {
    let shop = Shop::new("abandon_others");
    shop.db.execute(SCHEMA);
    shop.pets(BAD);
    shop.load(&["--jobs", "1"]).exits(2);
    shop.db.execute("INSERT INTO owners VALUES (7, 'mine')");
    seedrow(["forget", "--abandon", "--url", &shop.db.url()]).exits(0);
    assert_eq!(shop.counts(), "1 0");
}

#[test]
fn forgetting_keeps_loaded_rows_which_are_foreign_then() {
    let shop = Shop::new("forget");
    shop.load(&[]).exits(0);
    seedrow(["forget", "--url", &shop.db.url()])
        .exits(0)
        .stdout_has("removed the ledger")
        .lacks("abandoned");
    assert_eq!(shop.counts(), "2 3");
    shop.load(&[])
        .exits(2)
        .stderr_has("owners, pets hold rows already");
}

#[test]
fn a_run_waits_for_what_a_killed_one_left_at_work_and_says_so() {
    let shop = Shop::new("orphans");
    shop.db.execute(SCHEMA);
    // What each connection of a load holds, and keeps when only its client is killed.
    let orphan = Session::new(&shop.db.url());
    orphan.execute(
        "SET application_name = 'the orphan'; SELECT pg_advisory_lock_shared(6840123409045651458)",
    );
    let load = std::thread::scope(|scope| {
        let load = scope.spawn(|| shop.load(&[]));
        let looking = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        eventually("the load has the advisory lock", || {
            shop.db.value(looking) == "2"
        });
        std::thread::sleep(std::time::Duration::from_millis(300));
        assert_eq!(shop.counts(), "0 0");
        drop(orphan);
        load.join().unwrap()
    });
    load.exits(0)
        .stderr_has("load: waiting for the backends of an earlier, killed run: pid ")
        .stderr_has("the orphan");
    assert_eq!(shop.counts(), "2 3");
}

#[test]
fn a_table_that_stays_locked_names_who_holds_it() {
    let shop = Shop::new("locked");
    shop.db.execute(SCHEMA);
    let other = Session::new(&shop.db.url());
    other.execute("SET application_name = 'the holder'; BEGIN; SELECT count(*) FROM pets");
    shop.load(&["--lock-timeout", "300ms"])
        .exits(2)
        .stderr_has("a table stayed locked by another session")
        .stderr_has("the holder")
        .stderr_has("--lock-timeout");
    other.execute("COMMIT; BEGIN; LOCK TABLE pets");
    for _ in 0..2 {
        shop.load(&["--lock-timeout", "300ms"])
            .exits(2)
            .stderr_has("a table stayed locked by another session")
            .stderr_has("holds AccessExclusiveLock on public.pets");
    }
    drop(other);
    shop.load(&[]).exits(0);
}

#[test]
fn an_abandoned_load_names_who_holds_its_tables() {
    let shop = Shop::new("abandon_locked");
    shop.db.execute(SCHEMA);
    shop.pets("id,owner_id,name,weight\n1,1,Rex,30\n1,1,Mia,4\n");
    shop.load(&[]).exits(2);
    let other = Session::new(&shop.db.url());
    other.execute("SET application_name = 'the holder'; BEGIN; SELECT count(*) FROM pets");
    let url = shop.db.url();
    let forget = ["forget", "--abandon", "--url", &url];
    seedrow(forget)
        .exits(2)
        .stderr_has("a table stayed locked by another session")
        .stderr_has("the holder")
        .stderr_has("run the command again when they have finished");
    drop(other);
    seedrow(forget).exits(0);
}
