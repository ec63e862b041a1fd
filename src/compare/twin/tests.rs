use serde_json::{Value, json};

use super::*;
use crate::compare::quantile;

/// A check of one read, `orders`, whose executions had this plan, and the statistics of `shop.orders`.
fn saved(plan: &Value, columns: &Value) -> SavedReport {
    let sample = json!({"parameters": {}, "execution_ms": 0.1, "buffers": 3, "rows": 2});
    let value = json!({
        "checks": [{"name": "orders", "kind": "query", "samples": [sample], "plan": {"Plan": plan}}],
        "statistics": [{"schema": "shop", "table": "orders", "rows": 1000.0, "pages": 10, "columns": columns}],
    });
    SavedReport::parse(&value.to_string()).unwrap()
}

fn scan(node: &str, expected: f64, actual: f64) -> Value {
    json!({"Node Type": node, "Schema": "shop", "Relation Name": "orders", "Alias": "orders",
        "Index Name": "orders_pkey", "Plan Rows": expected, "Actual Rows": actual, "Actual Loops": 1})
}

fn column(name: &str, null_share: f64, distinct: f64, common: &[f64]) -> Value {
    json!({"name": name, "null_share": null_share, "distinct": distinct, "width": 8, "common": common,
        "bounds": 101, "correlation": 0.5})
}

#[test]
fn a_database_is_its_own_twin() {
    let own = saved(
        &scan("Index Scan", 4.0, 2.0),
        &json!([column("id", 0.0, -1.0, &[])]),
    );
    let comparison = TwinComparison::of(&own, &own);
    assert!(comparison.is_equal());
    assert_eq!(comparison.nodes.actual, [1.0]);
}

#[test]
fn another_scan_is_another_plan() {
    let columns = json!([]);
    let source = saved(&scan("Index Scan", 4.0, 2.0), &columns);
    let twin = saved(&scan("Bitmap Heap Scan", 4.0, 2.0), &columns);
    let comparison = TwinComparison::of(&source, &twin);
    let PlanEquality::Different {
        differences,
        causes,
    } = &comparison.reads[0].plans
    else {
        panic!("{comparison:?}");
    };
    assert!(differences[0].contains("Index Scan by orders_pkey → Bitmap Heap Scan"));
    assert_eq!(
        causes,
        &[
            "the plans part at Index Scan by orders_pkey on orders (4 rows expected) and Bitmap Heap Scan by orders_pkey on orders (4)",
            "estimates, statistics and settings are alike; the plans cost unknown and unknown",
        ]
    );
    assert!(comparison.nodes.actual.is_empty() && !comparison.is_equal());
}

#[test]
fn other_plans_are_explained_by_what_the_planners_know() {
    let join = |kind: &str, expected: f64| {
        let mut inner = scan("Index Scan", expected, 2.0);
        inner["Filter"] = json!("(orders.status = 'open')");
        let outer = json!({"Node Type": "Seq Scan", "Schema": "shop", "Relation Name": "customers", "Alias": "c",
            "Plan Rows": 5, "Actual Rows": 5, "Actual Loops": 1});
        json!({"Node Type": kind, "Join Type": "Inner", "Plan Rows": expected, "Plans": [outer, inner]})
    };
    let columns = |distinct| {
        json!([
            column("status", 0.0, distinct, &[]),
            column("note", 0.0, distinct, &[])
        ])
    };
    let source = saved(&join("Nested Loop", 4.0), &columns(5.0));
    let mut twin = saved(&join("Hash Join", 400.0), &columns(50.0));
    twin.statistics[0].pages = 40;
    let comparison = TwinComparison::of(&source, &twin);
    let PlanEquality::Different { causes, .. } = &comparison.reads[0].plans else {
        panic!("{comparison:?}");
    };
    assert_eq!(
        causes,
        &[
            "the plans part at Nested Loop (4 rows expected) and Hash Join (400)",
            "other estimates of rows: orders 4 → 400",
            "tables of another size: shop.orders: 10 → 40 pages",
            "other statistics: shop.orders.status (distinct values)",
        ]
    );
}

#[test]
fn fewer_rows_than_one_count_as_one() {
    let columns = json!([]);
    let source = saved(&scan("Index Scan", 10.0, 0.0), &columns);
    let twin = saved(&scan("Index Scan", 25.0, 2.0), &columns);
    let nodes = TwinComparison::of(&source, &twin).nodes;
    assert_eq!((nodes.expected, nodes.actual), (vec![2.5], vec![2.0]));
    assert_eq!(quantile(&[1.0, 2.0, 9.0], 0.5), Some(2.0));
    assert_eq!(quantile(&[], 0.5), None);
}

#[test]
fn the_plans_of_executions_at_the_same_place_are_compared() {
    let with_plans = |median: &str| {
        let sample = |node: &str| {
            let plan = json!({"Plan": scan(node, 1.0, 1.0)});
            json!({"parameters": {}, "execution_ms": 0.1, "buffers": 3, "rows": 2, "plan": plan})
        };
        let mut report = saved(&scan(median, 1.0, 1.0), &json!([]));
        let samples = json!([sample("Seq Scan"), sample("Index Scan")]);
        let measured = report.checks[0].measured.as_mut().unwrap();
        measured.samples = serde_json::from_value(samples).unwrap();
        report
    };
    let (source, twin) = (with_plans("Seq Scan"), with_plans("Index Scan"));
    assert_eq!(TwinComparison::of(&source, &twin).equal_plans(), 0);
    let twin = aligned(&source, twin);
    assert_eq!(TwinComparison::of(&source, &twin).equal_plans(), 1);
}

#[test]
fn a_read_of_one_side_alone_is_no_equal_plan() {
    let both = saved(&scan("Index Scan", 1.0, 1.0), &json!([]));
    let mut none = both.clone();
    none.checks.clear();
    for (source, twin) in [(&both, &none), (&none, &both)] {
        let comparison = TwinComparison::of(source, twin);
        assert_eq!((comparison.reads.len(), comparison.equal_plans()), (1, 0));
    }
}

#[test]
fn figures_are_close_within_a_tenth_or_what_a_sample_can_tell() {
    let far = |source: &Value, twin: &Value| {
        let plan = scan("Index Scan", 1.0, 1.0);
        let (source, twin) = (saved(&plan, &json!([source])), saved(&plan, &json!([twin])));
        let comparison = TwinComparison::of(&source, &twin);
        let figures = comparison.columns[0].figures.iter();
        figures
            .filter(|it| !it.is_close)
            .map(|it| it.name.name())
            .collect::<Vec<_>>()
    };
    let source = column("a", 0.5, 100.0, &[0.2, 0.1]);
    assert!(far(&source, &column("a", 0.54, 108.0, &[0.19, 0.11])).is_empty());
    assert_eq!(
        far(&source, &column("a", 0.6, 100.0, &[0.2, 0.1])),
        ["null share"]
    );
    assert_eq!(
        far(&source, &column("a", 0.5, 120.0, &[0.2, 0.1])),
        ["distinct values"]
    );
    // The same share for all of them, divided otherwise.
    assert_eq!(
        far(&source, &column("a", 0.5, 100.0, &[0.29, 0.01])),
        ["most common values"]
    );
    // A tenth of the twin's 1,000 rows are the source's 100 values.
    assert!(far(&source, &column("a", 0.5, -0.1, &[0.2, 0.1])).is_empty());
    assert_eq!(
        far(&column("a", 0.5, -1.0, &[]), &column("a", 0.5, 500.0, &[])),
        ["distinct values"]
    );
}
