//! Two checks for the tests of this folder and of the pages: before and after an index.

use serde_json::{Value, json};

use crate::check::SavedReport;

fn saved(work_mem: &str, ms: f64, buffers: u64, scan: &Value) -> SavedReport {
    let check = |name: &str, ms: f64, buffers: u64, rows: u64, plan: &Value| {
        let sample = json!({"parameters": {"product_id": 900_001}, "execution_ms": ms, "buffers": buffers, "rows": rows});
        json!({
            "name": name, "kind": "query", "verdict": "pass",
            "samples": vec![sample; 20],
            "plan": {"Plan": plan, "Execution Time": ms},
        })
    };
    let products = json!({"Node Type": "Index Scan", "Schema": "public", "Relation Name": "products",
        "Alias": "products", "Index Name": "products_pkey", "Index Cond": "(id = 1)"});
    let value = json!({
        "format": 1, "seedrow": "0.1.0", "target": "shop on db.example.com", "server_version": "15.18",
        "dataset": "catalog", "settings": {"work_mem": work_mem},
        "checks": [check("styles", ms, buffers, 6, scan), check("products", 0.05, 3, 1, &products)],
    });
    SavedReport::parse(&value.to_string()).unwrap()
}

/// Without the index.
pub fn before() -> SavedReport {
    let scan = json!({"Node Type": "Seq Scan", "Schema": "public", "Relation Name": "skus", "Alias": "skus",
        "Filter": "(skus.style_id = 7)", "Actual Rows": 6, "Actual Loops": 1, "Actual Total Time": 811.5,
        "Shared Hit Blocks": 6155});
    saved("4MB", 812.0, 6_155, &scan)
}

/// With it.
pub fn after() -> SavedReport {
    let scan = json!({"Node Type": "Index Scan", "Schema": "public", "Relation Name": "skus", "Alias": "skus",
        "Index Name": "skus_style_id_idx", "Index Cond": "(skus.style_id = 7)", "Actual Rows": 6, "Actual Loops": 1,
        "Actual Total Time": 0.05, "Shared Hit Blocks": 6});
    saved("64MB", 0.1, 6, &scan)
}
