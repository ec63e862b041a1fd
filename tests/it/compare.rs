//! `seedrow check --save`, `seedrow compare` and the pages in HTML.

use crate::shop::orders;
use crate::support::{Db, EVERY_SAMPLE, Run, Workdir, seedrow};

fn save(dir: &Workdir, db: &Db, file: &str) -> Run {
    let url = db.url();
    let check = ["check", "--only", "plans", "--save", file, "--url", &url];
    dir.seedrow([&check[..], &EVERY_SAMPLE].concat())
}

#[test]
fn the_same_twice_is_no_change() {
    let (db, dir) = (orders("twice"), Workdir::new("twice"));
    save(&dir, &db, "a.json").exits(0);
    save(&dir, &db, "b.json").exits(0);
    let compare = ["compare", "a.json", "b.json", "--fail-on", "regression"];
    dir.seedrow(compare)
        .exits(0)
        .stdout_has("no change: 1 no change\n");
    let saved = dir.read("a.json");
    let json: serde_json::Value = serde_json::from_str(&saved).unwrap();
    assert_eq!(json["format"], 1);
    let samples = json["checks"][0]["samples"].as_array().unwrap();
    assert!(
        samples
            .iter()
            .all(|it| it["plan"]["Plan"]["Node Type"].is_string())
    );
    assert!(json["settings"]["random_page_cost"].is_string());
}

#[test]
fn a_dropped_index_is_a_regression() {
    let (db, dir) = (orders("dropped"), Workdir::new("dropped"));
    save(&dir, &db, "a.json").exits(0);
    db.execute("DROP INDEX orders_shop_id_idx");
    save(&dir, &db, "b.json").exits(1);
    let compare =
        |more: &[&str]| dir.seedrow([&["compare", "a.json", "b.json"][..], more].concat());
    compare(&[])
        .exits(0)
        .stdout_has("orders AS child: Index Scan by orders_shop_id_idx → Seq Scan")
        .stdout_has("regression: 1 regression");
    compare(&["--fail-on", "regression"]).exits(1);
    let json = compare(&["--format", "json"]).json();
    assert_eq!(
        json["reads"][0]["differences"][0]["direction"],
        "regression"
    );
    compare(&["--format", "markdown"]).stdout_has("- 🔴 **orders(shop\\_id)**");
    let url = db.url();
    dir.seedrow(["check", "--html", "check.html", "--url", &url])
        .exits(1);
    let page = dir.read("check.html");
    assert_page(&page, &["orders(shop_id)", "schema"]);
    for part in [
        "<h2>What to fix</h2>",
        "<pre><code>CREATE INDEX orders_shop_id_idx ON public.orders (shop_id);</code></pre>",
        "<code>SELECT * FROM public.orders AS child WHERE child.shop_id = $1</code>",
        "class=\"excess\"",
        "badge hot",
        &format!("<dt>target</dt><dd>{} on ", db.name()),
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    dir.seedrow(["compare", "b.json", "a.json", "--fail-on", "regression"])
        .exits(0)
        .stdout_has("better: 1 better");
}

#[test]
fn a_twin_has_equal_plans_and_statistics() {
    let (db, dir) = (orders("twin"), Workdir::new("twin"));
    db.execute("VACUUM ANALYZE orders");
    save(&dir, &db, "source.json").exits(0);
    let (url, [samples, count]) = (db.url(), EVERY_SAMPLE);
    let now = [
        "compare",
        "--twin",
        "source.json",
        "--fail-on",
        "difference",
        "--url",
        &url,
    ];
    let now = || dir.seedrow([&now[..], &[samples, count]].concat());
    now()
        .exits(0)
        .stdout_has(
            "plans: 1 of 1 equal\nexpected rows of 1 node: median q-error 1.00, 95th percentile 1.00\n",
        )
        .stdout_has("columns: 4 of 4 within 10%\nequal\n");
    db.execute("DROP INDEX orders_shop_id_idx; UPDATE orders SET shop_id = 1 WHERE shop_id < 5000");
    db.execute("VACUUM ANALYZE orders");
    now()
        .exits(1)
        .stdout_has("another plan  orders(shop_id)\n    orders AS child: Index Scan by orders_shop_id_idx → Seq Scan\n")
        .stdout_has("public.orders.shop_id  distinct values")
        .stdout_has("plans: 0 of 1 equal\n");
    save(&dir, &db, "twin.json").exits(1);
    let files = ["compare", "--twin", "source.json", "twin.json"];
    let json = dir
        .seedrow([&files[..], &["--format", "json"]].concat())
        .exits(0)
        .json();
    assert_eq!(
        (&json["equal"], &json["reads"][0]["plan"]),
        (&false.into(), &"different".into())
    );
    dir.seedrow([&files[..], &["--fail-on", "regression"]].concat())
        .exits(2)
        .stderr_has("--fail-on difference");
    dir.seedrow([&files[..], &["--format", "markdown"]].concat())
        .exits(2)
        .stderr_has("--format html");
    let page = dir
        .seedrow([&files[..], &["--format", "html"]].concat())
        .exits(0);
    assert_page(&page.stdout, &["orders(shop_id)"]);
    page.stdout_has("the plans part at Index Scan by orders_shop_id_idx on child");
}

#[test]
fn statements_of_production_are_checked_and_repeated_on_the_twin() {
    let (db, dir) = (orders("statements"), Workdir::new("statements"));
    db.execute("VACUUM ANALYZE orders");
    let url = db.url();
    let [samples, count] = EVERY_SAMPLE;
    let check = |more: &[&str]| {
        let words = ["check", "--only", "plans", "--url", &url, samples, count];
        dir.seedrow([&words[..], more].concat())
    };
    check(&["--statements"])
        .exits(2)
        .stderr_has("CREATE EXTENSION pg_stat_statements");
    // As the extension's view is read.
    db.execute(
        "CREATE TABLE pg_stat_statements AS
        SELECT oid AS dbid, query, 1000.0 - place AS total_exec_time
        FROM pg_database, unnest(ARRAY[
            'INSERT INTO orders VALUES ($1, $2)',
            'SELECT pad, $3 AS one FROM orders WHERE shop_id = $1 LIMIT $2',
            'SELECT relname FROM pg_class WHERE oid = $1',
            'SELECT count(*) FROM orders AS o WHERE o.id BETWEEN $1 AND $2',
            'SELECT id FROM orders WHERE id = ANY ($1)',
            'SELECT * FROM orders WHERE id * $1 > $2',
            'SELECT tablesample $1 FROM orders',
            'SELECT * FROM shops WHERE id = $1'
        ]) WITH ORDINALITY AS statements (query, place)
        WHERE datname = current_database()",
    );
    let saved = ["--statements", "5", "--save", "production.json"];
    check(&saved)
        .exits(2)
        .stderr_has("5 statements of pg_stat_statements; left out: 2 of greater cost")
        .stdout_has("$1 (int4) is compared with no column whose values it could take")
        .stdout_has("the server can't plan it: syntax error at or near");
    let json: serde_json::Value = serde_json::from_str(&dir.read("production.json")).unwrap();
    let sql = |check: &serde_json::Value| Some(check["sql"].as_str()?.to_owned());
    let ran: Vec<String> = json["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(sql)
        .collect();
    assert_eq!(
        ran[1..],
        [
            "-- param p1: public.orders.shop_id\n-- param p2: bigint = 10\n-- param p3: text = x\n\
             SELECT pad, $3 AS one FROM orders WHERE shop_id = $1 LIMIT $2\n",
            "-- param p1: public.orders.id\n-- param p2: public.orders.id, next of p1\n\
             SELECT count(*) FROM orders AS o WHERE o.id BETWEEN $1 AND $2\n",
            "-- param p1_0: public.orders.id\n-- param p1_1: public.orders.id, next of p1_0\n\
             -- param p1_2: public.orders.id, next of p1_1\n\
             SELECT id FROM orders WHERE id = ANY (ARRAY[$1, $2, $3])\n",
        ]
    );
    db.execute("DROP TABLE pg_stat_statements");
    check(&["--statements", "production.json", "--format", "json"]).stdout_has("\"p1_2\"");
    let compare = ["compare", "--twin", "production.json", "--url", &url];
    dir.seedrow([&compare[..], &[samples, count]].concat())
        .exits(0)
        .stdout_has("plans: 4 of 4 equal\n");
}

#[test]
fn without_its_indexes_a_database_is_compared_with_itself() {
    let (db, dir) = (orders("without"), Workdir::new("without"));
    let url = db.url();
    let [samples, count] = EVERY_SAMPLE;
    let compare = [
        "compare",
        "--without-indexes",
        samples,
        count,
        "--url",
        &url,
    ];
    dir.seedrow(compare)
        .exits(2)
        .stderr_has("add --allow-locks");
    dir.seedrow([&compare[..], &["--allow-locks"]].concat())
        .exits(0)
        .stdout_has("orders AS child: Seq Scan → Index Scan by orders_shop_id_idx")
        .stdout_has("better: 1 better");
    for (tables, lines) in [("public.orders,shops", "better: 1 better"), ("shops", "")] {
        let narrowed = ["--allow-locks", "--allow-empty", "--tables", tables];
        dir.seedrow([&compare[..], &narrowed].concat())
            .exits(0)
            .stdout_has(lines);
    }
    dir.seedrow([&compare[..], &["--allow-locks", "--tables", "shops"]].concat())
        .exits(2)
        .stderr_has("there is nothing to compare");
    dir.seedrow([&compare[..], &["--allow-locks", "--tables", "other.orders"]].concat())
        .exits(2)
        .stderr_has("has no table \"other.orders\"");
    let valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'orders_shop_id_idx'::regclass";
    assert_eq!(db.value(valid), "t", "the index is as it was");
}

#[test]
fn files_that_are_no_checks_are_refused() {
    let dir = Workdir::new("refused");
    dir.write("a.json", "{}");
    dir.write(
        "newer.json",
        r#"{"format": 2, "seedrow": "9.1.0", "checks": []}"#,
    );
    dir.seedrow(["compare", "a.json", "newer.json"])
        .exits(2)
        .stderr_has(
            "could not understand a.json: it is no check as `seedrow check --save` keeps it",
        );
    dir.seedrow(["compare", "newer.json", "a.json"])
        .exits(2)
        .stderr_has("a newer seedrow (9.1.0) wrote it; update this one");
    dir.seedrow(["compare", "a.json"])
        .exits(2)
        .stderr_has("<B>");
    dir.seedrow(["compare"]).exits(2).stderr_has("<A>");
}

/// What the first version of the file held is read by every later one.
#[test]
fn a_file_that_is_missing_is_refused_with_what_writes_it() {
    let dir = Workdir::new("missing_check");
    dir.write("a.json", "{}");
    for files in [["b.json", "a.json"], ["a.json", "b.json"]] {
        dir.seedrow(["compare"].iter().chain(&files))
            .exits(2)
            .stderr_has("error: b.json does not exist")
            .stderr_has("run: seedrow check --save b.json");
    }
}

#[test]
fn a_file_of_the_first_version_still_reads() {
    let dir = Workdir::new("first");
    let first = include_str!("../fixtures/saved/format-1.json");
    dir.write("a.json", first);
    dir.seedrow(["compare", "a.json", "a.json"])
        .exits(0)
        .stdout_has("no change: 2 no change");
    let page = dir
        .seedrow(["compare", "a.json", "a.json", "--format", "html"])
        .exits(0);
    assert_page(&page.stdout, &["orders(shop_id)", "newest"]);
}

#[test]
fn pages_stand_alone() {
    let (db, dir) = (orders("pages"), Workdir::new("pages"));
    let url = db.url();
    let check = dir
        .seedrow([
            "check",
            "--only",
            "plans,coverage",
            "--format",
            "html",
            "--url",
            &url,
        ])
        .exits(0);
    assert_page(&check.stdout, &["orders(shop_id)"]);
    let compare = [
        "compare",
        "--without-indexes",
        "--allow-locks",
        "--format",
        "html",
        "--output",
        "x.html",
        "--url",
        &url,
    ];
    let run = dir.seedrow([&compare[..], &EVERY_SAMPLE].concat()).exits(0);
    assert_eq!(run.stdout, "");
    let page = dir.read("x.html");
    assert_page(&page, &["orders(shop_id)"]);
    assert_eq!(
        page.matches("<textarea").count(),
        2,
        "each raw plan, before and after"
    );
    for side in ["before", "after"] {
        let dots = page.matches(&format!("class=\"dot {side}\"")).count();
        assert_eq!(dots, 40, "{side}: the times and the pages of 20 samples");
    }
}

#[test]
fn a_run_s_phases_are_a_timeline() {
    let (db, dir) = (Db::new("timeline"), Workdir::new("timeline"));
    dir.seedrow([
        "run",
        "--rows",
        "300",
        "--budget",
        "5s",
        "--html",
        "run.html",
        "--url",
        &db.url(),
    ])
    .exits(0);
    let page = dir.read("run.html");
    assert_page(&page, &["product", "styles", "skus(style_id)"]);
    assert!(
        page.contains("aria-label=\"Timeline: load rows, build keys and indexes"),
        "{page}"
    );
    for part in [
        "<h2>Tables</h2>",
        "Rows of each table",
        "<h2>Indexes built</h2>",
        "<code>skus_style_id_idx</code>",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
}

/// One file, nothing fetched; every tag closed, every id once, every link within the page; a section a read.
#[track_caller]
fn assert_page(page: &str, reads: &[&str]) {
    assert!(page.starts_with("<!DOCTYPE html>\n<html lang=\"en\">"));
    for fetched in ["http:", "https:", " src=", "url(", "@import", "<link"] {
        assert!(!page.contains(fetched), "{fetched}");
    }
    let (mut open, mut ids, mut links): (Vec<&str>, Vec<&str>, Vec<&str>) = Default::default();
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let end = rest.find('>').unwrap();
        let tag = &rest[..end];
        rest = &rest[end + 1..];
        let name = tag
            .split([' ', '/', '\n'])
            .find(|part| !part.is_empty())
            .unwrap();
        if let Some(closed) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(closed), "</{closed}>");
        } else if !(tag.ends_with('/') || matches!(name, "!DOCTYPE" | "meta" | "br" | "input")) {
            open.push(name);
            if matches!(name, "style" | "script") {
                rest = &rest[rest.find("</").unwrap()..];
            }
        }
        let value = |key: &str| {
            let start = tag.find(&format!(" {key}=\""))? + key.len() + 3;
            tag[start..].split('"').next()
        };
        ids.extend(value("id"));
        links.extend(value("href"));
    }
    assert_eq!(open, [] as [&str; 0], "left open");
    let mut once = ids.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), ids.len(), "{ids:?}");
    for link in &links {
        let target = link
            .strip_prefix('#')
            .unwrap_or_else(|| panic!("{link} leads elsewhere"));
        assert!(ids.contains(&target), "{link}");
    }
    for read in reads {
        assert!(page.contains(&format!("data-name=\"{read}\"")), "{read}");
    }
}

/// What a shell is answered that asks what may follow these words, the last of which is begun.
fn completed(dir: &Workdir, words: &str) -> Vec<String> {
    let words: Vec<&str> = words.split(' ').collect();
    let index = (words.len() - 1).to_string();
    let asked = [
        ("SEEDROW_COMPLETE", "bash"),
        ("_CLAP_COMPLETE_INDEX", &*index),
        ("_CLAP_IFS", "\n"),
    ];
    let run = dir.seedrow_with(["--"].iter().chain(&words), &asked);
    run.exits(0).stdout.lines().map(str::to_owned).collect()
}

#[test]
fn shells_complete_every_command_option_dataset_and_table() {
    let dir = Workdir::new("completed");
    dir.write("mine.toml", "");
    dir.write("notes.txt", "");
    for (words, expected) in [
        ("seedrow comp", &["compare", "completions"][..]),
        ("seedrow compare --wit", &["--without-indexes"]),
        ("seedrow check --scr", &["--scratch-url"]),
        ("seedrow check --fail-on w", &["warn"]),
        (
            "seedrow run --dataset ",
            &[
                "catalog",
                "catalog-sharded",
                "images",
                "questions",
                "reviews",
                "mine.toml",
            ],
        ),
        ("seedrow db psql --dataset im", &["images"]),
        ("seedrow datasets rev", &["reviews"]),
        ("seedrow run --dataset images --tables ima", &["images"]),
        ("seedrow run --tables skus,pr", &["skus,products"]),
    ] {
        assert_eq!(completed(&dir, words), expected, "{words}");
    }
}

#[test]
fn shells_and_man_are_told_every_command() {
    for (shell, word) in [
        ("bash", "-F _clap_complete_seedrow seedrow"),
        ("zsh", "#compdef seedrow"),
        (
            "fish",
            "complete --keep-order --exclusive --command seedrow",
        ),
    ] {
        let script = seedrow(["completions", shell]).exits(0).stdout;
        assert!(script.contains(word), "{shell}: {script}");
        assert!(script.contains("SEEDROW_COMPLETE="), "{shell}: {script}");
    }
    let dir = Workdir::new("man");
    let folder = dir.path("home");
    let at_home = [
        ("HOME", folder.to_str().unwrap()),
        ("SHELL", "/usr/bin/fish"),
        ("XDG_CONFIG_HOME", ""),
    ];
    seedrow(["completions"])
        .exits(2)
        .stderr_has("run: seedrow completions --install\n");
    dir.seedrow_with(["completions", "--install"], &at_home)
        .exits(0)
        .stderr_has("home/.config/fish/completions/seedrow.fish\n");
    assert!(
        dir.read("home/.config/fish/completions/seedrow.fish")
            .contains("seedrow")
    );
    let page = seedrow(["man"]).exits(0).stdout;
    assert!(page.contains(".TH seedrow 1"), "{page}");
    seedrow(["man", "db", "start"])
        .exits(0)
        .stdout_has(".TH seedrow-db-start 1");
    seedrow(["man", "chekc"])
        .exits(2)
        .stderr_has("there is no command chekc");
    dir.seedrow(["man", "--out", "man1"]).exits(0);
    for page in [
        "seedrow.1",
        "seedrow-check.1",
        "seedrow-compare.1",
        "seedrow-db-start.1",
    ] {
        let text = dir.read(&format!("man1/{page}"));
        assert!(text.contains(".SH EXAMPLES"), "{page}");
        assert!(text.contains(".SH \"EXIT STATUS\""), "{page}");
    }
}
