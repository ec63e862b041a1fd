//! A query's results as documents: NDJSON of all of them, and beside the tables that they are made of.

use serde_json::Value;

use crate::support::{Db, Workdir, assert_schema};

fn filled(test: &str) -> (Db, Workdir) {
    let (db, dir) = (Db::new(test), Workdir::new(test));
    dir.seedrow([
        "run",
        "--rows",
        "60",
        "--url",
        &db.url(),
        "--quiet",
        "--samples",
        "1",
    ])
    .exits(0);
    (db, dir)
}

#[test]
fn a_query_becomes_one_line_for_each_id_in_their_order() {
    let (db, dir) = filled("ndjson");
    db.execute("DELETE FROM skus WHERE style_id IN (SELECT id FROM styles WHERE product_id = 7)");
    let generate = |args: &[&str]| {
        let url = db.url();
        let fixed = [
            "generate", "--format", "ndjson", "--out", "out", "--url", &url,
        ];
        dir.seedrow(fixed.iter().chain(args))
    };
    generate(&["--query", "styles"])
        .exits(0)
        .stdout_has("60 documents, ")
        .stdout_has("in out/styles.ndjson");
    let text = dir.read("out/styles.ndjson");
    let documents: Vec<Value> = text
        .lines()
        .map(|it| serde_json::from_str(it).unwrap())
        .collect();
    let ids = documents
        .iter()
        .map(|it| it["product_id"].as_str().unwrap());
    let expected: Vec<String> = (1..=60).map(|id| id.to_string()).collect();
    assert_eq!(ids.collect::<Vec<_>>(), expected);
    for line in text.lines().take(5) {
        let value: Value = serde_json::from_str(line).unwrap();
        assert_eq!(
            line,
            value.to_string(),
            "compact, its keys in the query's order"
        );
    }
    // Rows that aren't JSON become objects; values without a row are counted.
    dir.write(
        "my/q.toml",
        "about = \"q\"\nqueries = \"sql\"\n[tables.products]\nrows = 1\ncolumns.id = \"serial\"\n",
    );
    dir.write(
        "my/sql/few.sql",
        "-- param id: products.id\nSELECT id, name FROM products WHERE id = :id AND id < 3",
    );
    generate(&["--query", "few", "--dataset", "my/q.toml"])
        .exits(0)
        .stdout_has("2 documents")
        .stdout_has("; 58 values without a document");
    let second: Value =
        serde_json::from_str(dir.read("out/few.ndjson").lines().nth(1).unwrap()).unwrap();
    assert_eq!(second["id"], 2);

    generate(&["--query", "styles"])
        .exits(2)
        .stderr_has("out/styles.ndjson exists already; --overwrite replaces it");
    generate(&["--query", "styles", "--overwrite"]).exits(0);
    assert_eq!(
        dir.read("out/styles.ndjson"),
        text,
        "the same for any number of runs"
    );
    generate(&["--query", "stiles"])
        .exits(2)
        .stderr_has("data/catalog.toml has no query `stiles`; did you mean `styles`?");
    generate(&[]).exits(2).stderr_has("--query <NAME>");
    generate(&["--query", "styles", "--rows", "5"])
        .exits(2)
        .stderr_has("--rows is for generated tables");
    dir.seedrow(["generate", "--query", "styles", "--out", "x"])
        .exits(2)
        .stderr_has("--query styles makes documents; add --format ndjson");
}

#[test]
fn documents_are_measured_beside_their_tables_and_leave_nothing() {
    let (db, dir) = filled("forms");
    let quantities = "SELECT sum(quantity) FROM skus";
    let before = db.value(quantities);
    let compare = |args: &[&str]| {
        let url = db.url();
        let fixed = [
            "compare",
            "--documents",
            "--url",
            &url,
            "--last",
            "50",
            "--reads",
            "20",
        ];
        dir.seedrow(fixed.iter().chain(args))
    };
    compare(&["--format", "html"])
        .exits(2)
        .stderr_has("add --format text or --format json");
    compare(&[]).exits(2).stderr_has("add --allow-scratch");
    let run = compare(&["--allow-scratch", "--format", "json"]).exits(0);
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_schema("documents.schema.json", &report);
    assert_eq!(
        (&report["documents"], &report["of"]),
        (&50.into(), &60.into())
    );
    assert_eq!(report["equal"], true, "{report}");
    let forms = report["forms"].as_array().unwrap();
    let names: Vec<&Value> = forms.iter().map(|it| &it["form"]).collect();
    assert_eq!(names, ["tables", "jsonb", "json text", "materialized view"]);
    for form in forms {
        assert_eq!(form["reads"], 20, "{form}");
        assert!(
            form["p50"].as_f64().unwrap() > 0.0 && form["pages"].as_f64().unwrap() > 0.0,
            "{form}"
        );
        assert!(
            form["bytes"]["heap"].as_u64().unwrap() > 0
                && form["bytes"]["index"].as_u64().unwrap() > 0,
            "{form}"
        );
        assert_eq!(form["build"].is_null(), form["form"] == "tables", "{form}");
        assert!(form["change"]["wal"].as_u64().unwrap() > 0, "{form}");
    }
    assert_eq!(db.value(quantities), before, "the changes are rolled back");
    let schemas = "SELECT count(*) FROM pg_namespace WHERE nspname = 'seedrow_documents'";
    assert_eq!(db.value(schemas), "0");
    compare(&["--allow-scratch", "--query", "product"])
        .exits(0)
        .stdout_has("product: 50 documents of 60")
        .stdout_has("equal byte for byte");

    db.execute("CREATE SCHEMA seedrow_documents");
    compare(&["--allow-scratch"])
        .exits(2)
        .stderr_has("the schema seedrow_documents exists, and seedrow didn't make it");
    assert_eq!(db.value(schemas), "1");
    db.execute("COMMENT ON SCHEMA seedrow_documents IS 'made by seedrow compare --documents'");
    compare(&["--allow-scratch"]).exits(0);
    assert_eq!(db.value(schemas), "0", "what an interrupted one left");
}
