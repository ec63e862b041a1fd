//! `seedrow datasets`, and a dataset of another domain: any TOML file works as the built-in ones do, with no Rust
//! touched.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::support::{Db, Workdir, seedrow};

fn manifest_dir() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn lists_every_built_in_dataset() {
    let run = seedrow(["datasets"])
        .exits(0)
        .stdout_has("catalog: A shop's products, features");
    let files = fs::read_dir(manifest_dir().join("data"))
        .unwrap()
        .map(|e| e.unwrap().path());
    let expected: BTreeSet<String> = files
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    let listed = run
        .stdout
        .lines()
        .map(|line| line.split(':').next().unwrap().to_owned());
    assert_eq!(listed.collect::<BTreeSet<String>>(), expected);
}

#[test]
fn prints_a_datasets_toml_schema_and_queries() {
    seedrow(["datasets", "catalog"])
        .exits(0)
        .stdout_has("==> data/catalog.toml <==")
        .stdout_has("[tables.products]")
        .stdout_has("==> sql/catalog/schema.sql <==")
        .stdout_has("CREATE TABLE products (")
        .stdout_has("==> sql/catalog/queries/styles.sql <==")
        .stdout_has("-- param product_id: products.id")
        .stdout_has("==> data/words/garments.txt <==")
        .stdout_has("`seedrow datasets catalog --out DIR` copies all of these files.")
        .lacks("Parka | Jackets");
}

/// The files below a folder, by their paths within it.
fn files_below(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(inner) = folders.pop() {
        for entry in fs::read_dir(&inner).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => {
                    let within = path.strip_prefix(folder).unwrap().to_owned();
                    files.insert(within, fs::read(&path).unwrap());
                }
            }
        }
    }
    files
}

#[test]
fn a_copy_of_each_dataset_has_all_of_its_files_and_generates_the_very_same() {
    let dir = Workdir::new("copy");
    for name in [
        "catalog",
        "catalog-sharded",
        "reviews",
        "questions",
        "images",
    ] {
        let copy = format!("{name}/copy");
        let toml = format!("{copy}/data/{name}.toml");
        dir.seedrow(["datasets", name, "--out", &copy])
            .exits(0)
            .stdout_has(&format!("seedrow run --dataset {toml}"));
        let copied = files_below(&dir.path(&copy));
        let statements = files_below(&manifest_dir().join(format!("sql/{name}")));
        for path in statements.keys() {
            let path = Path::new("sql").join(name).join(path);
            assert!(copied.contains_key(&path), "{}", path.display());
        }
        for (path, bytes) in &copied {
            let original = fs::read(manifest_dir().join(path)).unwrap();
            assert!(*bytes == original, "{} differs", path.display());
        }
        let generated = [name, &toml].map(|dataset| {
            let out = format!("{name}/rows");
            let options = ["--overwrite", "--dataset", dataset, "--out", &out];
            dir.seedrow(["generate", "--rows", "300"].iter().chain(&options))
                .exits(0);
            let mut files = files_below(&dir.path(&out));
            files.remove(Path::new("manifest.json"));
            files
        });
        assert!(generated[0] == generated[1], "rows of {name} differ");
    }
}

#[test]
fn a_copy_replaces_nothing() {
    let dir = Workdir::new("copy_replaces_nothing");
    dir.write("mine/sql/catalog/schema.sql", "-- mine");
    dir.seedrow(["datasets", "catalog", "--out", "mine"])
        .exits(2)
        .stderr_has("mine/sql/catalog/schema.sql exists already; choose another --out");
    assert_eq!(dir.read("mine/sql/catalog/schema.sql"), "-- mine");
    assert!(
        !dir.path("mine/data").exists(),
        "all files are copied, or none"
    );
}

#[test]
fn a_dataset_on_disk_is_not_copied() {
    let dir = Workdir::new("on_disk");
    dir.seedrow(["datasets", &library().toml, "--out", "x"])
        .exits(2)
        .stderr_has("--out copies built-in datasets")
        .stderr_has("library.toml is a file");
    assert!(!dir.path("x").exists());
}

#[test]
fn an_unknown_dataset_is_answered_with_the_known_ones() {
    seedrow(["datasets", "zebra"])
        .exits(2)
        .stderr_has("there is no built-in dataset `zebra`; there is catalog")
        .stderr_has("or give the path of a .toml file");
    seedrow(["datasets", "--out", "x"])
        .exits(2)
        .stderr_has("<NAME>");
}

/// The dataset of tests/datasets/library with 3,000 members, generated once.
struct Library {
    toml: String,
    folder: PathBuf,
}

const MEMBERS: usize = 3_000;
const BOOKS: usize = 2_000;

fn library() -> &'static Library {
    static LIBRARY: OnceLock<Library> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let toml = manifest_dir().join("tests/datasets/library/library.toml");
        let toml = toml.display().to_string();
        let dir = Workdir::new("library");
        dir.seedrow([
            "generate",
            "--dataset",
            &toml,
            "--rows",
            "3k",
            "--out",
            "out",
        ])
        .exits(0);
        Library {
            toml,
            folder: dir.path("out"),
        }
    })
}

type Row = HashMap<String, String>;

/// A file's records by column.
fn rows(file: &str) -> Vec<Row> {
    let mut reader = csv::Reader::from_path(library().folder.join(file)).unwrap();
    reader.deserialize().map(Result::unwrap).collect()
}

fn cents(text: &str) -> i64 {
    let (whole, hundredths) = text.split_once('.').unwrap_or_else(|| panic!("{text}"));
    assert_eq!(hundredths.len(), 2, "{text}");
    100 * whole.parse::<i64>().unwrap() + hundredths.parse::<i64>().unwrap()
}

/// Days from one date to another.
fn days(from: &str, to: &str) -> i64 {
    let day =
        |text| seedrow::dataset::calendar::parse_date(text).unwrap_or_else(|| panic!("{text}"));
    day(to) - day(from)
}

fn seconds(timestamp: &str) -> i64 {
    let (date, time) = timestamp
        .strip_suffix('Z')
        .unwrap()
        .split_once('T')
        .unwrap();
    let time: Vec<i64> = time.split(':').map(|part| part.parse().unwrap()).collect();
    86_400 * days("1970-01-01", date) + 3_600 * time[0] + 60 * time[1] + time[2]
}

/// How often each value of a column occurs, as shares.
fn shares<'r>(rows: &'r [Row], column: &str) -> BTreeMap<&'r str, f64> {
    let mut shares = BTreeMap::new();
    for row in rows {
        *shares.entry(row[column].as_str()).or_default() += 1.0 / rows.len() as f64;
    }
    shares
}

#[track_caller]
fn assert_share(actual: f64, expected: f64) {
    assert!((actual - expected).abs() < 0.03, "{actual}, not {expected}");
}

#[test]
fn members_have_unique_addresses_and_dates_in_order() {
    let members = rows("members.csv");
    assert_eq!(members.len(), MEMBERS, "--rows scales the root");
    let addresses: HashSet<&String> = members.iter().map(|row| &row["email"]).collect();
    assert_eq!(addresses.len(), MEMBERS);
    for row in &members {
        let (account, place) = row["email"].split_once('@').unwrap();
        assert!(
            account.ends_with(&format!(".{}", row["id"])) && place == "example.org",
            "{row:?}"
        );
        assert!(
            row["joined"].as_str() >= "2015-03-01" && row["joined"].as_str() <= "2024-02-29",
            "{row:?}"
        );
        assert!(
            (365..=1_826).contains(&days(&row["joined"], &row["expires"])),
            "{row:?}"
        );
        assert!(
            !row.contains_key("account"),
            "hidden columns are not written"
        );
    }
    let names: HashSet<&String> = members.iter().map(|row| &row["name"]).collect();
    assert!(
        (500..=800).contains(&names.len()),
        "{} names from a pool of 800",
        names.len()
    );
    let tiers = shares(&members, "tier");
    assert_eq!(tiers.len(), 3);
    assert_share(tiers["reader"], 0.7);
    assert_share(tiers["patron"], 0.1);
    let newsletter = shares(&members, "newsletter");
    assert_eq!(newsletter.keys().collect::<Vec<_>>(), [&"false", &"true"]);
    assert_share(newsletter["true"], 0.25);
}

#[test]
fn books_keep_their_number_and_refer_to_books() {
    let books = rows("stock.csv");
    assert_eq!(
        books.len(),
        BOOKS,
        "--rows does not scale a second table of its own rows"
    );
    let shelves = BTreeMap::from([
        ("Crime", "B 2"),
        ("Poetry", "A 1"),
        ("History", "C 4, upstairs"),
        ("Travel", "C 1"),
        ("Children's", "K 3"),
    ]);
    for row in &books {
        assert_eq!(
            shelves[row["genre"].as_str()],
            row["shelf"],
            "two fields of one entry"
        );
        let price = cents(&row["list_price"]);
        assert!((499..=12_000).contains(&price), "{row:?}");
        assert!(
            row["paid"].is_empty() || cents(&row["paid"]) < price,
            "{row:?}"
        );
        let earlier = &row["earlier_edition_id"];
        assert!(
            earlier.is_empty() || (1..=BOOKS).contains(&earlier.parse().unwrap()),
            "{row:?}"
        );
        let second = seconds(&row["catalogued_at"]);
        assert!(
            second >= seconds("2014-01-01T00:00:00Z") && second <= seconds("2023-12-31T23:59:59Z")
        );
    }
    assert_share(shares(&books, "earlier_edition_id")[""], 0.7);
    assert_share(shares(&books, "paid")[""], 0.1);
    let mut prices: Vec<i64> = books.iter().map(|row| cents(&row["list_price"])).collect();
    prices.sort_unstable();
    assert!(
        (1_650..1_850).contains(&prices[BOOKS / 2]),
        "the median: {}",
        prices[BOOKS / 2]
    );
    assert!(
        books
            .iter()
            .any(|row| row["title"].contains("\", and Other Stories"))
    );
    assert!(books.iter().any(|row| row["title"].contains("Århus")));
}

#[test]
fn loans_come_after_their_members_and_prefer_some_books() {
    let members = rows("members.csv");
    let loans = rows("loans.csv");
    let mean = loans.len() as f64 / MEMBERS as f64;
    assert!((3.7..4.3).contains(&mean), "{mean}");
    let mut books: HashMap<&str, usize> = HashMap::new();
    for row in &loans {
        let member = &members[row["member_id"].parse::<usize>().unwrap() - 1];
        assert_eq!(
            row["member_since"], member["joined"],
            "inherited from its member"
        );
        assert!(
            (1..=700).contains(&days(&row["member_since"], &row["lent_on"])),
            "{row:?}"
        );
        let returned = &row["returned_on"];
        assert!(
            returned.is_empty() || (0..=40).contains(&days(&row["lent_on"], returned)),
            "{row:?}"
        );
        let waited = seconds(&row["collected_at"]) - seconds(&row["reserved_at"]);
        assert!((60..=259_200).contains(&waited), "{row:?}");
        assert!(
            row["fine"].is_empty() || (25..=800).contains(&cents(&row["fine"])),
            "{row:?}"
        );
        assert!(
            (1..=BOOKS).contains(&row["book_id"].parse().unwrap()),
            "{row:?}"
        );
        *books.entry(&row["book_id"]).or_default() += 1;
    }
    assert_share(shares(&loans, "returned_on")[""], 0.08);
    assert_share(shares(&loans, "fine")[""], 0.9);
    let terms = shares(&loans, "days");
    assert_eq!(terms.keys().collect::<Vec<_>>(), [&"14", &"21", &"28"]);
    assert_share(terms["14"], 0.6);
    assert_share(terms["28"], 0.1);
    let borrowers: HashSet<&String> = loans.iter().map(|row| &row["member_id"]).collect();
    assert_share(borrowers.len() as f64 / MEMBERS as f64, 0.8);
    let mut counts: Vec<usize> = books.into_values().collect();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    let hot = counts[..BOOKS / 20].iter().sum::<usize>() as f64 / loans.len() as f64;
    assert!(
        (0.30..0.42).contains(&hot),
        "5% of the books get {hot} of the loans"
    );
}

#[test]
fn runs_to_a_seeded_indexed_and_checked_database() {
    let db = Db::new("library");
    let url = db.url();
    let run = || {
        seedrow([
            "run",
            "--dataset",
            &library().toml,
            "--rows",
            "3k",
            "--url",
            &url,
        ])
        .exits(0)
    };
    run()
        .stdout_has("foreign keys: 3 of 3 have an index")
        .stdout_has("pass: 6 checks: 6 pass");
    let loans = rows("loans.csv").len().to_string();
    assert_eq!(
        db.value("SELECT count(*) FROM members"),
        MEMBERS.to_string()
    );
    assert_eq!(db.value("SELECT count(*) FROM books"), BOOKS.to_string());
    assert_eq!(db.value("SELECT count(*) FROM loans"), loans);
    let book = &rows("stock.csv")[1];
    let found = db.rows("SELECT title, list_price, paid, earlier_edition_id, catalogued_at AT TIME ZONE 'UTC' FROM books WHERE id = 2");
    let or_null = |column: &str| Some(book[column].clone()).filter(|text| !text.is_empty());
    let at = book["catalogued_at"].replace('T', " ").replace('Z', "");
    assert_eq!(
        found[0],
        [
            or_null("title"),
            or_null("list_price"),
            or_null("paid"),
            or_null("earlier_edition_id"),
            Some(at)
        ]
    );
    assert_eq!(
        db.value("SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace AND NOT convalidated"),
        "0"
    );
    db.execute("INSERT INTO members (name, email, tier, newsletter, joined, expires) VALUES ('n', 'e', 'child', true, '2024-01-01', '2025-01-01')");
    assert_eq!(
        db.value("SELECT max(id) FROM members"),
        (MEMBERS + 1).to_string(),
        "sequences go on"
    );
    db.execute("DELETE FROM members WHERE email = 'e'");
    run().lacks("generate members").stdout_has("pass: 6 checks");
}

#[test]
fn every_built_in_dataset_runs() {
    for name in [
        "catalog",
        "catalog-sharded",
        "reviews",
        "questions",
        "images",
    ] {
        let (dir, db) = (
            Workdir::new(&format!("runs_{name}")),
            Db::new(&format!("runs_{name}")),
        );
        let args = [
            "run",
            "--dataset",
            name,
            "--rows",
            "400",
            "--budget",
            "1s",
            "--url",
        ];
        dir.seedrow(args.into_iter().chain([&*db.url()])).exits(0);
        let empty = "SELECT count(*) FROM pg_class AS c WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
            AND (xpath('/row/c/text()', query_to_xml(format('SELECT count(*) AS c FROM %s', c.oid::regclass), false, true, '')))[1]::text = '0'";
        assert_eq!(db.value(empty), "0", "{name}: every table has rows");
    }
}

#[test]
fn each_review_rates_each_characteristic_of_its_product() {
    let (dir, db) = (Workdir::new("each_pair"), Db::new("each_pair"));
    let args = ["load", "made", "--dataset", "reviews", "--url"];
    let generate = |rows: &str, out: &str| {
        let args = [
            "generate",
            "--dataset",
            "reviews",
            "--rows",
            rows,
            "--out",
            out,
        ];
        dir.seedrow(args).exits(0);
    };
    // Enough for several blocks.
    generate("3000", "made");
    dir.seedrow(args.into_iter().chain([&*db.url()])).exits(0);
    let pairs = "SELECT count(*) FROM reviews JOIN characteristics USING (product_id)";
    let rated = "SELECT count(DISTINCT (r.id, c.id)) FROM characteristic_reviews AS cr
        JOIN reviews AS r ON r.id = cr.review_id
        JOIN characteristics AS c ON c.id = cr.characteristic_id AND c.product_id = r.product_id";
    assert_eq!(db.value(rated), db.value(pairs));
    assert_eq!(
        db.value("SELECT count(*) FROM characteristic_reviews"),
        db.value(pairs)
    );
    let names = "SELECT count(*) - count(DISTINCT (product_id, name)) FROM characteristics";
    assert_eq!(db.value(names), "0", "a product is rated by each once");
    let without: f64 = db
        .value("SELECT 1 - count(DISTINCT product_id) / 3000.0 FROM reviews")
        .parse()
        .unwrap();
    assert!((0.03..0.07).contains(&without), "{without} have no review");
}
