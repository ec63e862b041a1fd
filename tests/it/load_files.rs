//! Which files a table's rows come from: several in order, none twice, none passed over without a word.

use std::fs;

use crate::shop::{PETS, SCHEMA, Shop, between};
use crate::support::Run;

const MORE_PETS: &str = "id,owner_id,name,weight\n4,2,Kit,6\n5,2,Pia,7\n";

impl Shop {
    /// `seedrow load` of pets alone, from these files.
    fn load_pets(&self, more: &[&str]) -> Run {
        let url = self.db.url();
        let own = ["load", "--dataset", "shop.toml", "--url", &url];
        let own = own.into_iter().chain(more.iter().copied());
        self.dir.seedrow(own)
    }

    fn two_files(test: &str) -> Shop {
        let shop = Shop::new(test);
        shop.db.execute(SCHEMA);
        shop.db
            .execute("INSERT INTO owners VALUES (1, 'Ann'), (2, 'Bob')");
        shop.dir.write("a.csv", PETS);
        shop.dir.write("b.csv", MORE_PETS);
        shop
    }
}

#[test]
fn several_files_of_a_table_are_loaded_each_with_its_line_in_the_account() {
    let shop = Shop::two_files("several");
    let files = ["--file", "pets=b.csv", "--file", "pets=a.csv"];
    let load = shop.load_pets(&files).exits(0);
    load.stdout_has("pets   b.csv     2       2         0        0         0")
        .stdout_has("pets   a.csv     3       3         0        0         0");
    assert_eq!(
        shop.db
            .value("SELECT string_agg(id::text, ' ' ORDER BY ctid) FROM pets"),
        "4 5 1 2 3"
    );
    shop.load_pets(&files)
        .exits(0)
        .stdout_has("this load was completed before");
    let pattern = ["--file", "pets=?.csv", "--replace", "--format", "json"];
    let json = shop.load_pets(&pattern).exits(0).json();
    let table = &json["tables"][0];
    assert_eq!(table["file"], "a.csv, b.csv");
    assert_eq!((&table["read"], &table["loaded"]), (&5.into(), &5.into()));
    assert_eq!(table["files"][1]["file"], "b.csv");
    assert_eq!(table["files"][1]["loaded"], 2);
}

#[test]
fn what_several_files_reject_names_the_file_and_its_line() {
    let shop = Shop::two_files("rejects");
    shop.dir.write(
        "b.csv",
        "id,owner_id,name,weight\n4,2,Kit,heavy\n2,1,Mia,4\n5,7,Pia,7\n6,1,Bad,2\n7,1,Tom,2\n",
    );
    shop.db
        .execute("ALTER TABLE pets ADD CHECK (name <> 'Bad')");
    let files = [
        "--file",
        "pets=a.csv",
        "--file",
        "pets=b.csv",
        "--commit",
        "segment",
    ];
    let lenient = [
        "--max-rejects",
        "9",
        "--duplicates",
        "reject",
        "--orphans",
        "reject",
    ];
    let load = shop.load_pets(&[&files[..], &lenient].concat()).exits(0);
    load.stdout_has("b.csv, line 2: weight \"heavy\" is not an integer")
        .stdout_has("b.csv, line 3: id \"2\" is on line 3 of a.csv already")
        .stdout_has("b.csv, line 4: owner_id \"7\" does not exist in owners")
        .stdout_has("b.csv, line 5: ")
        .stdout_has("pets   a.csv     3       3         0        0         0")
        .stdout_has("pets   b.csv     5       1         4        0         0");
    let rejects = shop.dir.read("rejects/pets.csv");
    assert_eq!(rejects.matches("\nb.csv,").count(), 4, "{rejects}");
}

#[test]
fn a_load_of_several_files_goes_on_in_the_file_where_it_stopped() {
    let shop = Shop::two_files("resume");
    let pets = |from: u32, to: u32| -> String {
        let pet = |id| format!("{id},1,{},1\n", "n".repeat(60));
        let header = "id,owner_id,name,weight\n".to_owned();
        header + &(from..=to).map(pet).collect::<String>()
    };
    shop.dir.write("a.csv", pets(1, 20_000));
    let later = pets(20_001, 60_000);
    shop.dir
        .write("b.csv", later.replace("60000,1,", "60000,7,"));
    let files = ["--file", "pets=a.csv", "--file", "pets=b.csv"];
    let load = |more: &[&str]| shop.load_pets(&[&files[..], more].concat());
    shop.db
        .execute("ALTER TABLE pets ADD CHECK (owner_id < 7) NOT VALID");
    // Rows are traced from the first rejection on, and committed piece by piece; the last one is one too many.
    load(&["--max-rejects", "1", "--commit", "segment"]).exits(0);
    assert_eq!(shop.db.value("SELECT count(*) FROM pets"), "59999");
    // As a killed load leaves it: complete up to a record of the second file.
    let at = later.find("\n30001,").unwrap() + 1;
    let line = 10_002;
    shop.db.execute(&format!(
        "UPDATE seedrow.loads SET finished_at = NULL;
        DELETE FROM pets WHERE id > 30000;
        UPDATE seedrow.tables SET read = 30000, loaded = 30000, rejected = 0, rejects = 0, position = {at},
            line = {line}, file_number = 1,
            files = '[{{\"file\":\"a.csv\",\"read\":20000,\"loaded\":20000,\"rejected\":0,\"dropped\":0,\"repaired\":0}},
                {{\"file\":\"b.csv\",\"read\":10000,\"loaded\":10000,\"rejected\":0,\"dropped\":0,\"repaired\":0}}]'
        WHERE table_name = 'pets'"
    ));
    load(&["--max-rejects", "1"])
        .exits(0)
        .stdout_has("a.csv  20,000  20,000         0")
        .stdout_has("b.csv  40,000  39,999         1")
        .stdout_has("b.csv, line 40001: ");
    assert_eq!(shop.db.value("SELECT count(*) FROM pets"), "59999");
}

#[test]
fn files_that_cannot_be_honoured_are_refused() {
    let shop = Shop::two_files("refused");
    shop.dir
        .write("c.csv", "id,name,owner_id,weight\n9,Kit,2,6\n");
    let cases: &[(&[&str], &str)] = &[
        (
            &["--file", "pets=a.csv", "--file", "pets=a.csv"],
            "--file names a.csv twice for table pets",
        ),
        (&["--file", "pets=z*.csv"], "no file matches z*.csv"),
        (
            &["--file", "pets=a.csv", "--file", "pets=c.csv"],
            "c.csv, line 1: its columns are id,name,owner_id,weight, and those of a.csv are id,owner_id,name,weight",
        ),
        (
            &[
                "--file",
                "pets=a.csv",
                "--columns",
                "pets=id,owner_id,name,weight",
                "--columns",
                "pets=-,owner_id,name,weight",
            ],
            "--columns is given twice for table pets",
        ),
        (
            &["--file", "pets=a.csv", "--header", "--no-header"],
            "--header and --no-header are both given for all files",
        ),
        (
            &[
                "--file",
                "pets=a.csv",
                "--header=pets",
                "--no-header",
                "--no-header=pets",
            ],
            "--header and --no-header are both given for table pets",
        ),
    ];
    for (args, message) in cases {
        shop.load_pets(args).exits(2).stderr_has(message);
    }
    shop.generate();
    for option in [
        &["--no-header"][..],
        &["--delimiter", ";"],
        &["--columns", "pets=id,owner_id,name,weight"],
    ] {
        shop.load(option)
            .exits(2)
            .stderr_has(option[0])
            .stderr_has("is about foreign files, and manifest.json says how seedrow wrote these");
    }
    assert_eq!(shop.db.value("SELECT count(*) FROM pets"), "0");
}

#[test]
fn a_folder_with_two_files_of_a_table_asks_which() {
    let shop = Shop::new("which");
    shop.dir.write("data/owners.csv", "id,name\n3,Cid\n");
    let refused = shop
        .load(&[])
        .exits(2)
        .stderr_has("table owners may have its rows in data/owner.csv or data/owners.csv");
    let all = between(&refused.stderr, "to load all of them, run: ", "\n");
    shop.dir.shell(all).exits(0);
    assert_eq!(shop.counts(), "3 3");
    let one = between(&refused.stderr, "to load data/owner.csv, run: ", "\n");
    shop.dir.shell(&format!("{one} --replace")).exits(0);
    assert_eq!(shop.counts(), "2 3");
}

#[test]
fn a_first_record_is_never_passed_over_unasked() {
    let shop = Shop::two_files("header");
    let columns = ["--columns", "pets=id,owner_id,name,weight"];
    let load = |more: &[&str]| {
        let own = ["--file", "pets=n.csv", "--replace"];
        shop.load_pets(&[&own[..], &columns, more].concat())
    };
    let rows = || {
        shop.db
            .value("SELECT string_agg(name, ' ' ORDER BY id) FROM pets")
    };
    shop.dir.write("n.csv", "1,1,Rex,30\n2,1,Mia,4\n");
    let refused = load(&[])
        .exits(2)
        .stderr_has("n.csv, line 1: is `1,1,Rex,30` a header?");
    let suggested = between(
        &refused.stderr,
        "if it is a record like the others, run: ",
        "\n",
    );
    shop.dir.shell(suggested).exits(0);
    assert_eq!(rows(), "Rex Mia");
    // A header, all or some of it by the columns' names.
    for header in ["id,owner_id,name,weight", "pet,ownerId,called,kg"] {
        shop.dir.write("n.csv", format!("{header}\n3,1,Tom,30\n"));
        load(&[]).exits(0);
        assert_eq!(rows(), "Tom");
    }
    shop.dir.write("n.csv", "pet,of,called,kg\n4,1,Kit,30\n");
    let refused = load(&[])
        .exits(2)
        .stderr_has("is `pet,of,called,kg` a header?");
    let suggested = between(&refused.stderr, "if it is a header, run: ", "\n");
    shop.dir.shell(suggested).exits(0);
    assert_eq!(rows(), "Kit");
}

#[test]
fn an_older_ledger_is_completed() {
    let shop = Shop::new("older_ledger");
    shop.load(&[]).exits(0);
    shop.db.execute(
        "ALTER TABLE seedrow.tables DROP COLUMN files, DROP COLUMN file_number, DROP COLUMN reading;
        ALTER TABLE seedrow.removed DROP COLUMN file_number, ADD PRIMARY KEY (schema_name, table_name, line);
        ALTER TABLE seedrow.loads DROP COLUMN parts, DROP COLUMN index_plan, DROP COLUMN scale;
        DROP TABLE seedrow.parts",
    );
    shop.load(&[]).exits(0).stdout_has("completed before");
    fs::remove_file(shop.dir.path("data/owner.csv")).unwrap();
    shop.load(&["--replace", "--file", "owners=x*.csv"])
        .exits(2);
    shop.dir
        .write("data/owner.csv", "id,name\n1,Ann\n2,Bob\n3,Cid\n");
    shop.load(&["--replace"]).exits(0);
    assert_eq!(shop.counts(), "3 3");
}
