//! Commands that messages propose: each is typed unchanged, and helps.

use crate::shop::{DATASET, OWNERS, PETS, SCHEMA, Shop};
use crate::support::{Run, Workdir};

/// The commands of a message, in order.
fn proposed(run: &Run) -> Vec<String> {
    let text = format!("{}\n{}", run.stdout, run.stderr);
    let commands = text.lines().filter_map(|line| {
        let (_, command) = line.split_once("run: seedrow ")?;
        Some(format!("seedrow {command}"))
    });
    commands.collect()
}

/// A case: what is wrong, and for each command proposed how it ends.
struct Case<'a> {
    /// The pets' file.
    pets: &'a str,
    /// What is typed behind `seedrow load data`.
    typed: &'a [&'a str],
    /// Each proposed command's exit code, and how many pets there are then.
    commands: &'a [(i32, &'a str)],
}

#[test]
fn each_proposed_command_helps_when_it_is_typed() {
    let shop = Shop::new("each");
    let cases = [
        // Another name for a column, and one that belongs to none.
        Case {
            pets: "pet_id,owner_id,name,weight\n1,1,Rex,3\n",
            typed: &[],
            commands: &[(0, "1")],
        },
        Case {
            pets: "id,owner_id,name,weight,colour\n1,1,Rex,3,red\n",
            typed: &[],
            commands: &[(0, "1")],
        },
        Case {
            pets: "a,b,c,d\n1,1,Rex,3\n",
            typed: &[],
            commands: &[(0, "1")],
        },
        Case {
            pets: "id,owner_id,ownerId,name,weight\n1,1,1,Rex,3\n",
            typed: &[],
            commands: &[(0, "1")],
        },
        // No header.
        Case {
            pets: "1,1,Rex,3\n2,2,Tom,4\n",
            typed: &[],
            commands: &[(0, "2")],
        },
        // Another delimiter than the other file's.
        Case {
            pets: "id;owner_id;name;weight\n1;1;Rex;3\n",
            typed: &["--delimiter=,"],
            commands: &[(0, "1")],
        },
        // Rejects, too many of them.
        Case {
            pets: "id,owner_id,name,weight\n1,1,Rex,3\nx,1,Mia,4\ny,2,Tom,5\n",
            typed: &["--max-rejects", "1"],
            commands: &[(0, "1"), (2, "1"), (0, "0")],
        },
        Case {
            pets: "id,owner_id,name,weight\n1,1,Rex,3\nx,1,Mia,4\n",
            typed: &["--max-rejects=1%"],
            commands: &[(0, "1"), (2, "1"), (0, "0")],
        },
        // Keys.
        Case {
            pets: "id,owner_id,name,weight\n1,1,Rex,3\n1,1,Mia,4\n",
            typed: &[],
            commands: &[(0, "1"), (2, "1"), (0, "0")],
        },
        Case {
            pets: "id,owner_id,name,weight\n1,1,Rex,3\n2,9,Mia,4\n",
            typed: &[],
            commands: &[(0, "1"), (1, "2"), (2, "2"), (0, "0")],
        },
    ];
    for Case {
        pets,
        typed,
        commands,
    } in cases
    {
        shop.pets(pets);
        let first = || {
            shop.db.execute("DROP SCHEMA public CASCADE; DROP SCHEMA IF EXISTS seedrow CASCADE; CREATE SCHEMA public");
            shop.db.execute(SCHEMA);
            shop.load(typed).exits(2)
        };
        let found = proposed(&first());
        assert!(found.len() >= commands.len().min(1), "{pets}: {found:?}");
        for (number, (code, count)) in commands.iter().enumerate().take(found.len()) {
            let command = &proposed(&first())[number];
            let run = shop.dir.shell(command);
            if command.contains("forget") || command == found.last().unwrap() && number > 0 {
                continue;
            }
            if *code == 2 {
                continue;
            }
            let run = run.exits(*code);
            let pets = shop.db.value("SELECT count(*) FROM pets");
            assert_eq!(pets, *count, "{command}\n{}{}", run.stdout, run.stderr);
        }
    }
}

#[test]
fn the_number_of_rejects_that_is_proposed_is_enough() {
    let shop = Shop::new("enough");
    // One of the owners is rejected by the reader, and one of the other files' pets by a CHECK alone.
    shop.owners("id,name\n1,Ann\n2,Bob\n3,\n");
    let pets = "id,owner_id,name,weight\n1,1,Rex,3\nx,1,Mia,4\n2,1,Tom,0\n3,2,Bo,-1\ny,2,Al,7\n4,2,Cy,0\n5,9,Di,8\n";
    let schema = SCHEMA.replace("weight integer", "weight integer CHECK (weight > 0)");
    let afresh = |pets: &str| {
        shop.pets(pets);
        shop.db.execute("DROP SCHEMA public CASCADE; DROP SCHEMA IF EXISTS seedrow CASCADE; CREATE SCHEMA public");
        shop.db.execute(&schema);
    };
    // Two that the reader rejects, three that a CHECK does, and one without an owner.
    for typed in [
        &[][..],
        &["--max-rejects", "1"],
        &["--commit", "segment", "--max-rejects", "2"],
    ] {
        afresh(pets);
        let failed = shop
            .load(typed)
            .exits(2)
            .stderr_has("data/owner.csv: 1 record, data/pets.csv: 5 records cannot be loaded")
            .stderr_has("--max-rejects 6")
            .lacks("to read them so");
        let orphans = shop.dir.shell(&proposed(&failed)[0]).exits(2);
        shop.dir.shell(&proposed(&orphans)[0]).exits(0);
        assert_eq!(shop.counts(), "2 1", "{typed:?}");
    }
    afresh("id,owner_id,name,weight\n1,1,Rex,3\n2,1,Tom,0\n");
    shop.owners(OWNERS);
    let failed = shop.load(&[]).exits(2).stderr_has(
        "data/pets.csv, line 3: weight \"0\": new row for relation \"pets\" violates check constraint",
    );
    shop.dir.shell(&proposed(&failed)[0]).exits(0);
    assert_eq!(shop.counts(), "2 1");
}

#[test]
fn added_records_that_break_a_key_are_named_and_left_out_when_told() {
    let shop = Shop::new("added_to_keys");
    shop.load(&[]).exits(0);
    shop.pets("id,owner_id,name,weight\n4,1,Rex,3\n3,1,Mia,4\n5,9,Tom,5\n6,2,Bo,6\n");
    let duplicate = shop
        .load(&["--append", "--tables", "pets"])
        .exits(2)
        .stderr_has("data/pets.csv, line 3: duplicate key value violates unique constraint");
    let orphan = shop
        .dir
        .shell(&proposed(&duplicate)[0])
        .exits(2)
        .stderr_has("data/pets.csv, line 4: insert or update on table \"pets\" violates foreign key constraint")
        .stderr_has("--duplicates reject --orphans reject --max-rejects 2");
    shop.dir
        .shell(&proposed(&orphan)[0])
        .exits(0)
        .stdout_has("data/pets.csv, line 3: id \"3\": duplicate key")
        .stdout_has("data/pets.csv, line 4: owner_id \"9\": insert or update");
    assert_eq!(shop.counts(), "2 5");
}

#[test]
fn the_number_of_orphans_that_is_proposed_holds_those_that_refer_to_them() {
    let shop = Shop::new("cascade");
    let schema = SCHEMA.replace(
        "owner_id integer NOT NULL REFERENCES owners",
        "owner_id integer REFERENCES pets",
    );
    shop.db.execute(&schema);
    shop.pets("id,owner_id,name,weight\n1,,Rex,3\n2,9,Mia,4\n3,2,Tom,5\n4,3,Bo,6\n");
    let failed = shop.load(&[]).exits(2).stderr_has("--max-rejects 3");
    shop.dir.shell(&proposed(&failed)[0]).exits(0);
    assert_eq!(shop.counts(), "2 1");
}

#[test]
fn tables_that_hold_rows_are_emptied_or_added_to_as_the_message_says() {
    for (number, count) in [(0, "2 3"), (1, "4 6")] {
        let shop = Shop::new(["emptied", "added_to"][number]);
        shop.db.execute(
            &SCHEMA
                .replace(" PRIMARY KEY", "")
                .replace("REFERENCES owners", ""),
        );
        shop.db.execute("INSERT INTO owners VALUES (1, 'x'), (2, 'y'); INSERT INTO pets VALUES (7, 1), (8, 1), (9, 1)");
        let commands = proposed(&shop.load(&[]).exits(2));
        shop.dir.shell(&commands[number]).exits(0);
        assert_eq!(shop.counts(), count);
    }
}

#[test]
fn rejects_that_were_only_read_are_not_to_be_added_to_anything() {
    let dir = Workdir::new("only_read");
    dir.write("shop.toml", DATASET);
    dir.write("schema.sql", SCHEMA);
    dir.write("pets.csv", PETS.replace(",4", ",heavy"));
    let read = dir.seedrow([
        "load",
        "--dataset",
        "shop.toml",
        "--file",
        "pets=pets.csv",
        "--check-only",
    ]);
    let read = read.exits(1).lacks("--append");
    let command = &proposed(&read)[0];
    assert!(
        command.ends_with("--max-rejects 1") && !command.contains("--check-only"),
        "{command}"
    );
}

#[test]
fn all_rejects_are_counted_before_a_number_of_them_is_proposed() {
    let shop = Shop::new("counted");
    let bad: String = (0..1_500).map(|_| "x,1,Rex,3\n").collect();
    shop.pets(format!("id,owner_id,name,weight\n{bad}1,1,Rex,3\n"));
    let refused = shop
        .load(&[])
        .exits(2)
        .stderr_has("1,500 records cannot be loaded");
    shop.dir.shell(&proposed(&refused)[0]).exits(0);
    assert_eq!(shop.counts(), "2 1");
}

#[test]
fn an_amount_with_a_sign_gets_a_word_about_currency() {
    let shop = Shop::new("currency");
    shop.pets("id,owner_id,name,weight\n1,1,Rex,$84\n");
    let word = "`--currency '$'` reads amounts with their sign";
    let refused = shop.load(&[]).exits(2).stderr_has(word);
    assert_eq!(refused.stderr.matches("amounts").count(), 1);
    shop.dir.shell(&proposed(&refused)[0]).exits(0);
    assert_eq!(shop.loaded_pets(), ["1|1|Rex|84"]);
    // Or for good, in the dataset.
    let dataset = DATASET.replace("max = 90", "max = 90, currency = \"$\"");
    shop.dir.write("shop.toml", dataset);
    shop.load(&["--replace"]).exits(0);
    assert_eq!(shop.loaded_pets(), ["1|1|Rex|84"]);
}

#[test]
fn a_first_try_with_wrong_options_blocks_nothing() {
    let shop = Shop::new("first_try");
    shop.db.execute(SCHEMA);
    shop.db
        .execute("ALTER TABLE pets ADD CONSTRAINT one UNIQUE (owner_id, name)");
    let before = crate::support::schema_dump(&shop.db.url());
    shop.pets("id,owner_id,name,weight\n1,1,3,Rex\n");
    let pets = |more: &[&str]| shop.load(&[&["--tables", "pets"], more].concat());
    shop.db.execute("INSERT INTO owners VALUES (1, 'Ann')");
    pets(&[])
        .exits(2)
        .stderr_has("weight \"Rex\" is not an integer");
    pets(&["--columns", "pets=id,owner_id,weight,name", "--header"]).exits(0);
    assert_eq!(shop.loaded_pets(), ["1|1|Rex|3"]);
    assert_eq!(crate::support::schema_dump(&shop.db.url()), before);
    // Another table's load: what the failed one dropped is restored.
    let shop = Shop::new("first_try_other");
    shop.db.execute(SCHEMA);
    let before = crate::support::schema_dump(&shop.db.url());
    shop.pets("id,owner_id,name,weight\nx,1,3,Rex\n");
    shop.load(&["--tables", "pets"]).exits(2);
    shop.load(&["--tables", "owners"]).exits(0);
    assert_eq!(crate::support::schema_dump(&shop.db.url()), before);
}
