//! `seedrow generate`: the files and the manifest.
//!
//! `SEEDROW_BLESS=1 cargo test --test it generate::golden` renews tests/golden: look at the difference before you keep
//! it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::support::{Run, Workdir};
use seedrow::dataset::{Dataset, RowPlan};
use seedrow::files::manifest::checksum;
use xxhash_rust::xxh3::xxh3_64;

/// Enough for more than ten blocks a table and for means to settle.
const PRODUCTS: u64 = 12_000;

/// What `generate --rows 12k --jobs 1` writes, made once for all tests that only read.
fn catalog() -> &'static Catalog {
    static CATALOG: OnceLock<Catalog> = OnceLock::new();
    CATALOG.get_or_init(|| {
        let dir = Workdir::new("catalog");
        let rows = PRODUCTS.to_string();
        dir.seedrow(["generate", "--rows", &rows, "--jobs", "1", "--out", "out"])
            .exits(0);
        let folder = dir.path("out");
        let names = [
            "products", "features", "styles", "photos", "skus", "related",
        ];
        let tables = names.map(|name| (name, Table::read(&folder.join(file_of(name)))));
        Catalog {
            folder,
            tables: tables.into(),
        }
    })
}

struct Catalog {
    folder: PathBuf,
    tables: BTreeMap<&'static str, Table>,
}

impl Catalog {
    /// One column of one table, as numbers.
    fn numbers(&self, table: &str, column: &str) -> Vec<u64> {
        self.tables[table].numbers(column)
    }
}

/// A CSV file, read by the csv crate.
struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// The csv crate refuses records whose number of fields isn't the header's.
    fn read(path: &Path) -> Table {
        let mut reader = csv::Reader::from_path(path).unwrap();
        let header = reader.headers().unwrap().iter().map(String::from).collect();
        let fields = |record: Result<csv::StringRecord, csv::Error>| {
            let record = record.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            record.iter().map(String::from).collect()
        };
        Table {
            header,
            rows: reader.records().map(fields).collect(),
        }
    }

    fn column(&self, name: &str) -> impl Iterator<Item = &str> {
        let at = self.header.iter().position(|column| column == name);
        let at = at.unwrap_or_else(|| panic!("no column {name} in {:?}", self.header));
        self.rows.iter().map(move |row| row[at].as_str())
    }

    fn numbers(&self, name: &str) -> Vec<u64> {
        self.column(name)
            .map(|text| text.parse().unwrap())
            .collect()
    }
}

fn file_of(table: &str) -> String {
    match table {
        "products" => "product.csv".into(),
        other => format!("{other}.csv"),
    }
}

fn manifest(folder: &Path) -> serde_json::Value {
    let text = fs::read_to_string(folder.join("manifest.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Every file of a folder by its name, hidden ones included.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read(entry.path()).unwrap_or_default())
        })
        .collect()
}

fn names(folder: &Path) -> Vec<String> {
    files(folder).into_keys().collect()
}

/// Asserts that two folders hold the same files, naming those that differ.
#[track_caller]
fn assert_same_bytes(left: &Path, right: &Path) {
    let (left, right) = (files(left), files(right));
    let all: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
    let other: Vec<_> = all
        .into_iter()
        .filter(|&name| left.get(name) != right.get(name))
        .collect();
    assert!(other.is_empty(), "these files differ: {other:?}");
}

#[test]
fn the_manifest_describes_the_files() {
    let folder = &catalog().folder;
    let manifest = manifest(folder);
    assert_eq!(manifest["format"], 1);
    assert_eq!(manifest["seedrow"], env!("CARGO_PKG_VERSION"));
    assert_eq!(manifest["dataset"]["name"], "catalog");
    assert_eq!(
        manifest["dataset"]["hash"],
        Dataset::open("catalog").unwrap().hash
    );
    assert_eq!(manifest["rows"], PRODUCTS);
    assert_eq!(manifest["seed"], 42);
    let tables = manifest["tables"].as_array().unwrap();
    let described: Vec<&str> = tables.iter().map(|t| t["name"].as_str().unwrap()).collect();
    assert_eq!(
        described,
        [
            "products", "features", "styles", "photos", "skus", "related"
        ]
    );
    for table in tables {
        let name = table["name"].as_str().unwrap();
        assert_eq!(table["file"], file_of(name));
        let bytes = fs::read(folder.join(file_of(name))).unwrap();
        assert_eq!(table["bytes"], bytes.len(), "{name}");
        assert_eq!(table["checksum"], checksum(xxh3_64(&bytes)), "{name}");
        assert_eq!(table["rows"], catalog().tables[name].rows.len(), "{name}");
    }
    let mut expected: Vec<String> = described.iter().map(|name| file_of(name)).collect();
    expected.push("manifest.json".into());
    expected.sort();
    assert_eq!(
        names(folder),
        expected,
        "nothing else is left in the folder"
    );
}

#[test]
fn the_report_tells_rows_bytes_and_checksums() {
    let dir = Workdir::new("report");
    let run = dir
        .seedrow([
            "generate", "--rows", "50", "--tables", "products", "--out", "out",
        ])
        .exits(0);
    let manifest = manifest(&dir.path("out"));
    let table = &manifest["tables"][0];
    run.stdout_has(table["checksum"].as_str().unwrap())
        .stdout_has("product.csv")
        .stderr_has("generate: catalog, 50 products, seed 42: 50 rows in 1 file, about");
    dir.seedrow([
        "generate", "-q", "--rows", "50", "--tables", "products", "--out", "quiet",
    ])
    .exits(0)
    .lacks("generate:");
}

#[test]
fn the_bytes_do_not_depend_on_the_number_of_threads() {
    let dataset = Dataset::open("catalog").unwrap();
    let plan = RowPlan::new(&dataset, PRODUCTS, 42, &dataset.real_tables());
    assert!(plan.blocks() >= 10, "{} blocks prove little", plan.blocks());
    let dir = Workdir::new("threads");
    let rows = PRODUCTS.to_string();
    dir.seedrow(["generate", "--rows", &rows, "--jobs", "8", "--out", "out"])
        .exits(0);
    assert_same_bytes(&catalog().folder, &dir.path("out"));
}

#[test]
fn a_seed_decides_the_bytes() {
    let dir = Workdir::new("seed");
    for (seed, out) in [("42", "a"), ("42", "b"), ("43", "c")] {
        dir.seedrow(["generate", "--rows", "200", "--seed", seed, "--out", out])
            .exits(0);
    }
    assert_same_bytes(&dir.path("a"), &dir.path("b"));
    let (one, other) = (files(&dir.path("a")), files(&dir.path("c")));
    let same: Vec<_> = one
        .keys()
        .filter(|&name| one[name] == other[name])
        .collect();
    assert!(same.is_empty(), "seed 43 gives the same {same:?}");
}

#[test]
fn a_table_alone_is_the_same_as_among_all() {
    let dir = Workdir::new("alone");
    let rows = PRODUCTS.to_string();
    dir.seedrow([
        "generate", "--rows", &rows, "--tables", "photos", "--out", "out",
    ])
    .exits(0);
    assert_eq!(names(&dir.path("out")), ["manifest.json", "photos.csv"]);
    let (alone, among) = (
        dir.path("out/photos.csv"),
        catalog().folder.join("photos.csv"),
    );
    assert!(
        fs::read(alone).unwrap() == fs::read(among).unwrap(),
        "photos.csv differs"
    );
}

#[test]
fn ids_run_from_one_and_parents_come_in_order() {
    let catalog = catalog();
    for (table, rows) in &catalog.tables {
        let ids = rows.numbers("id");
        let expected: Vec<u64> = (1..=rows.rows.len() as u64).collect();
        assert!(ids == expected, "ids of {table} are not 1 to {}", ids.len());
    }
    let parents = [
        ("features", "product_id", "products"),
        ("styles", "product_id", "products"),
        ("related", "current_product_id", "products"),
        ("photos", "style_id", "styles"),
        ("skus", "style_id", "styles"),
    ];
    for (table, column, parent) in parents {
        let ids = catalog.numbers(table, column);
        assert!(ids.is_sorted(), "{table}.{column}");
        let last = catalog.tables[parent].rows.len() as u64;
        assert!(
            ids[0] >= 1 && *ids.last().unwrap() <= last,
            "{table}.{column}"
        );
    }
}

#[test]
fn references_exist_and_some_are_hot() {
    let related = catalog().numbers("related", "related_product_id");
    assert!(related.iter().all(|id| (1..=PRODUCTS).contains(id)));
    let mut counts: HashMap<u64, usize> = HashMap::new();
    related
        .iter()
        .for_each(|&id| *counts.entry(id).or_default() += 1);
    let mut counts: Vec<usize> = counts.into_values().collect();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    let hottest: usize = counts[..120].iter().sum();
    let share = hottest as f64 / related.len() as f64;
    assert!(
        (0.17..0.25).contains(&share),
        "1% of the products get {share} of the references"
    );
    assert!(
        counts.len() > 10_000,
        "the others are spread: {}",
        counts.len()
    );
}

#[test]
fn a_product_has_at_most_one_default_style() {
    let styles = &catalog().tables["styles"];
    let mut defaults: HashMap<u64, u32> = HashMap::new();
    for (product, flag) in styles
        .numbers("product_id")
        .into_iter()
        .zip(styles.column("default_style"))
    {
        assert!(flag == "0" || flag == "1", "{flag}");
        *defaults.entry(product).or_default() += u32::from(flag == "1");
    }
    assert!(defaults.values().all(|&flagged| flagged <= 1));
    let share = defaults.values().sum::<u32>() as f64 / defaults.len() as f64;
    assert!(
        (0.95..0.99).contains(&share),
        "{share} of the products have one"
    );
}

#[test]
fn a_sale_price_is_below_the_original_which_is_the_products() {
    let catalog = catalog();
    let (styles, prices) = (
        &catalog.tables["styles"],
        catalog.numbers("products", "default_price"),
    );
    let mut sales = 0;
    for ((sale, original), product) in styles
        .column("sale_price")
        .zip(styles.numbers("original_price"))
        .zip(styles.numbers("product_id"))
    {
        assert_eq!(original, prices[usize::try_from(product).unwrap() - 1]);
        if !sale.is_empty() {
            assert!(
                sale.parse::<u64>().unwrap() < original,
                "{sale} of {original}"
            );
            sales += 1;
        }
    }
    let share = f64::from(sales) / styles.rows.len() as f64;
    assert!(
        (0.12..0.16).contains(&share),
        "{share} of the styles are on sale"
    );
}

#[test]
fn sizes_do_not_repeat_within_a_style_and_fit_the_product() {
    let catalog = catalog();
    let style_products = catalog.numbers("styles", "product_id");
    let categories: Vec<&str> = catalog.tables["products"].column("category").collect();
    let skus = &catalog.tables["skus"];
    let mut seen = HashSet::new();
    let mut kinds: BTreeMap<&str, BTreeSet<bool>> = BTreeMap::new();
    for (style, size) in skus
        .numbers("style_id")
        .into_iter()
        .zip(skus.column("size"))
    {
        assert!(
            seen.insert((style, size)),
            "size {size} twice in style {style}"
        );
        let product = style_products[usize::try_from(style).unwrap() - 1];
        let category = categories[usize::try_from(product).unwrap() - 1];
        let of_shoes = size.starts_with(|c: char| c.is_ascii_digit());
        kinds.entry(category).or_default().insert(of_shoes);
    }
    let mixed: Vec<_> = kinds.iter().filter(|(_, kinds)| kinds.len() > 1).collect();
    assert!(mixed.is_empty(), "letters and shoe sizes in {mixed:?}");
    assert!(kinds["Boots"].contains(&true), "boots have shoe sizes");
    assert!(kinds["Jackets"].contains(&false), "jackets have letters");
}

#[test]
fn a_thumbnail_is_of_its_photo() {
    let photos = &catalog().tables["photos"];
    for (url, thumbnail) in photos.column("url").zip(photos.column("thumbnail_url")) {
        let shot = |url: &str| url.split('?').next().unwrap().to_owned();
        assert_eq!(shot(url), shot(thumbnail));
        assert_ne!(url, thumbnail);
    }
}

#[test]
fn fan_outs_and_widths_are_those_of_the_legacy_files() {
    let catalog = catalog();
    let rows = |table: &str| catalog.tables[table].rows.len() as f64;
    for (child, parent, mean) in [
        ("features", "products", 2.22),
        ("styles", "products", 1.96),
        ("related", "products", 4.51),
        ("photos", "styles", 2.89),
        ("skus", "styles", 5.78),
    ] {
        let actual = rows(child) / rows(parent);
        assert!(
            (actual / mean - 1.0).abs() < 0.03,
            "{child} per {parent}: {actual}, not {mean}"
        );
    }
    for (table, width) in [("products", 235.0), ("photos", 269.0)] {
        let bytes = fs::metadata(catalog.folder.join(file_of(table)))
            .unwrap()
            .len();
        let actual = bytes as f64 / rows(table);
        assert!(
            (actual / width - 1.0).abs() < 0.15,
            "{table}: {actual} bytes a record, not {width}"
        );
    }
}

#[test]
fn names_are_many_and_some_texts_are_not_ascii() {
    let dir = Workdir::new("names");
    dir.seedrow([
        "generate", "--rows", "50k", "--tables", "products", "--out", "out",
    ])
    .exits(0);
    let products = Table::read(&dir.path("out/product.csv"));
    let names: HashSet<&str> = products.column("name").collect();
    assert!(
        names.len() > 40_000,
        "{} distinct names of 50,000",
        names.len()
    );
    for column in ["name", "description"] {
        let some = products
            .column(column)
            .filter(|text| !text.is_ascii())
            .count();
        assert!(some > 50, "{column}: {some} texts are not ASCII");
    }
    let lengths: BTreeSet<usize> = products.column("description").map(str::len).collect();
    assert!(
        lengths.len() > 50,
        "{} lengths of descriptions",
        lengths.len()
    );
}

/// A line's fields as they are, each with whether it is quoted; for lines without line breaks in quotes.
fn raw_fields(line: &str) -> Vec<(String, bool)> {
    let mut fields = vec![(String::new(), false)];
    let mut inside = false;
    for c in line.chars() {
        let last = fields.last_mut().unwrap();
        match c {
            '"' => {
                inside = !inside;
                last.1 = true;
            }
            ',' if !inside => fields.push((String::new(), false)),
            c => last.0.push(c),
        }
    }
    fields
}

#[test]
fn null_is_an_empty_bare_field_and_stands_in_nullable_columns_alone() {
    for table in catalog().tables.keys() {
        let text = fs::read_to_string(catalog().folder.join(file_of(table))).unwrap();
        let mut lines = text.lines();
        let header: Vec<&str> = lines.next().unwrap().split(',').collect();
        let mut nulls = BTreeSet::new();
        for line in lines {
            for (column, (field, quoted)) in header.iter().zip(raw_fields(line)) {
                assert!(
                    !(field.is_empty() && quoted),
                    "an empty text in {table}: {line}"
                );
                if field.is_empty() {
                    nulls.insert(*column);
                }
            }
        }
        let expected = match *table {
            "features" => BTreeSet::from(["value"]),
            "styles" => BTreeSet::from(["sale_price"]),
            _ => BTreeSet::new(),
        };
        assert_eq!(nulls, expected, "{table}");
    }
}

/// A dataset of a test's own in `dir`, which holds what `tables` says.
fn write_dataset(dir: &Workdir, tables: &str) {
    dir.write("schema.sql", "");
    dir.write("own.toml", format!("schema = \"schema.sql\"\n{tables}"));
}

fn generate_own(dir: &Workdir, rows: &str) -> Run {
    dir.seedrow([
        "generate",
        "--dataset",
        "own.toml",
        "--rows",
        rows,
        "--out",
        "out",
        "--overwrite",
    ])
}

#[test]
fn an_empty_text_is_quoted_and_so_is_what_csv_needs_quoted() {
    let dir = Workdir::new("quoted");
    let tables = r#"
        [tables.a]
        rows = 1
        columns.id = "serial"
        columns.plain = { make = "one-of", values = ["", "x"], null = 0.5 }
        columns.odd = { make = "one-of", values = ["a,b", "say \"so\"", "two\nlines", "\\.", " blank "] }
        columns.joined = { make = "phrase", of = "{odd};{plain2}" }
        columns.plain2 = { make = "word", list = "l", hidden = true }
        [lists]
        l = ["é", "\"q\""]
    "#;
    write_dataset(&dir, tables);
    generate_own(&dir, "200").exits(0);
    let text = dir.read("out/a.csv");
    let seen = |field: &str| text.lines().filter(|line| line.contains(field)).count();
    assert!(seen(",\"\",\"") > 20, "no quoted empty text\n{text}");
    assert!(seen(",,\"") > 20, "no NULL\n{text}");
    let table = Table::read(&dir.path("out/a.csv"));
    assert_eq!(table.rows.len(), 200);
    let odd: BTreeSet<&str> = table.column("odd").collect();
    assert_eq!(
        odd,
        BTreeSet::from(["a,b", "say \"so\"", "two\nlines", "\\.", " blank "])
    );
    for (odd, joined) in table.column("odd").zip(table.column("joined")) {
        assert!(
            joined == format!("{odd};é") || joined == format!("{odd};\"q\""),
            "{joined}"
        );
    }
}

#[test]
fn a_text_that_reads_as_null_elsewhere_is_quoted() {
    let dir = Workdir::new("reads_as_null");
    let tables = r#"
        nulls = ["null"]
        [tables.a]
        rows = 1
        columns.id = "serial"
        columns.name = { make = "phrase", of = "{l}" }
        columns.other = { make = "word", list = "m" }
        [lists]
        l = ["null", "x"]
        m = ["nullable", "x"]
    "#;
    write_dataset(&dir, tables);
    generate_own(&dir, "50").exits(0);
    let text = dir.read("out/a.csv");
    assert!(text.contains(",\"null\","), "{text}");
    assert!(!text.contains(",null,"), "{text}");
    assert!(text.contains(",nullable\n"), "{text}");
}

#[test]
fn a_catalog_of_one_product_is_whole() {
    let dir = Workdir::new("one");
    for seed in 0..12 {
        let seed = seed.to_string();
        dir.seedrow([
            "generate",
            "--rows",
            "1",
            "--seed",
            &seed,
            "--out",
            "out",
            "--overwrite",
            "--jobs",
            "3",
        ])
        .exits(0);
        assert_eq!(Table::read(&dir.path("out/product.csv")).rows.len(), 1);
        let related = Table::read(&dir.path("out/related.csv"));
        assert!(related.column("related_product_id").all(|id| id == "1"));
    }
}

#[test]
fn a_table_without_rows_is_a_header() {
    let dir = Workdir::new("no_rows");
    let tables = r#"
        [tables.a]
        rows = 1
        columns.id = "serial"
        [tables.b]
        per = { table = "a", mean = 0.001, max = 1, childless = 0.999 }
        columns.id = "serial"
        columns.a_id = "parent"
        [tables.c]
        per = { table = "b", mean = 2, max = 2, distribution = "fixed" }
        columns.b_id = "parent"
    "#;
    write_dataset(&dir, tables);
    generate_own(&dir, "1").exits(0);
    assert_eq!(dir.read("out/b.csv"), "id,a_id\n");
    assert_eq!(dir.read("out/c.csv"), "b_id\n");
    assert_eq!(manifest(&dir.path("out"))["tables"][2]["rows"], 0);
}

#[test]
fn a_reference_to_a_table_without_rows_is_refused() {
    let dir = Workdir::new("nothing_to_refer_to");
    let rare = r#"
        [tables.a]
        rows = 1
        columns.id = "serial"
        [tables.b]
        per = { table = "a", mean = 0.001, max = 1, childless = 0.999 }
        columns.id = "serial"
        [tables.c]
        per = { table = "a", mean = 2, max = 3 }
        columns.id = "serial"
        columns.b_id = { make = "reference", to = "b" }
    "#;
    write_dataset(&dir, rare);
    generate_own(&dir, "10")
        .exits(2)
        .stderr_has("c.b_id refers to b, which has no rows at this size; give more --rows");
    // The first look, at 500 rows, sees none of them; all of the rows hold some.
    generate_own(&dir, "20k").exits(0);
}

#[test]
fn one_root_row_may_have_sixty_thousand_children() {
    let dir = Workdir::new("sixty_thousand");
    let tables = r#"
        [tables.a]
        rows = 1
        columns.id = "serial"
        [tables.b]
        per = { table = "a", mean = 60_000, max = 60_000, distribution = "fixed" }
        columns.id = "serial"
        columns.a_id = "parent"
        columns.first = { make = "flag" }
    "#;
    write_dataset(&dir, tables);
    generate_own(&dir, "2").exits(0);
    let table = Table::read(&dir.path("out/b.csv"));
    assert_eq!(table.rows.len(), 120_000);
    assert_eq!(table.column("first").filter(|&flag| flag == "1").count(), 2);
}

#[test]
fn a_table_of_fixed_size_is_not_scaled() {
    let dir = Workdir::new("fixed_size");
    let tables = r#"
        [tables.few]
        rows = 1
        columns.id = "serial"
        [tables.many]
        rows = 30_000
        columns.id = "serial"
        columns.filler = { make = "hex", digits = 16 }
    "#;
    write_dataset(&dir, tables);
    generate_own(&dir, "3").exits(0);
    let manifest = manifest(&dir.path("out"));
    assert_eq!(manifest["tables"][0]["rows"], 3);
    assert_eq!(manifest["tables"][1]["rows"], 30_000);
    // 700 KB for 3 rows are not 70 TB for 300 million, nor is there no room for them.
    dir.seedrow([
        "generate",
        "--dataset",
        "own.toml",
        "--tables",
        "many",
        "--rows",
        "900G",
        "--out",
        "all",
    ])
    .exits(0);
}

#[test]
fn golden_bytes_of_a_small_catalog() {
    let dir = Workdir::new("golden");
    dir.seedrow(["generate", "--rows", "3", "--seed", "42", "--out", "out"])
        .exits(0);
    let version = format!("\"seedrow\": \"{}\"", env!("CARGO_PKG_VERSION"));
    let mut made = files(&dir.path("out"));
    let manifest = made.get_mut("manifest.json").unwrap();
    let text = String::from_utf8(manifest.clone()).unwrap();
    assert!(text.contains(&version), "{text}");
    *manifest = text
        .replace(&version, "\"seedrow\": \"VERSION\"")
        .into_bytes();

    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/catalog-3");
    if std::env::var_os("SEEDROW_BLESS").is_some() {
        fs::create_dir_all(&golden).unwrap();
        names(&golden)
            .iter()
            .for_each(|name| fs::remove_file(golden.join(name)).unwrap());
        for (name, bytes) in &made {
            fs::write(golden.join(name), bytes).unwrap();
        }
    }
    let kept = files(&golden);
    assert_eq!(
        made.keys().collect::<Vec<_>>(),
        kept.keys().collect::<Vec<_>>()
    );
    for (name, bytes) in &made {
        let (made, kept) = (
            String::from_utf8_lossy(bytes),
            String::from_utf8_lossy(&kept[name]),
        );
        for (at, (made, kept)) in made.lines().zip(kept.lines()).enumerate() {
            assert_eq!(
                made,
                kept,
                "{name}, line {}; if it is meant: SEEDROW_BLESS=1",
                at + 1
            );
        }
        assert_eq!(made, kept, "{name}");
    }
}
