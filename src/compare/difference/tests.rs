use serde_json::{Value, json};

use super::*;

/// A check of one query: twenty samples about these figures, and a plan.
fn saved(ms: f64, buffers: u64, plan: &Value) -> SavedReport {
    let samples: Vec<Value> = (0..20_u64)
        .map(|at| {
            let wave = 1.0 + 0.02 * (at % 5) as f64;
            json!({"execution_ms": ms * wave, "buffers": buffers + at % 3, "rows": 1})
        })
        .collect();
    let check = json!({"name": "q", "kind": "query", "samples": samples, "plan": {"Plan": plan}});
    serde_json::from_value(json!({"checks": [check]})).unwrap()
}

fn scan(node: &str, index: Option<&str>) -> Value {
    json!({"Node Type": node, "Schema": "s", "Relation Name": "t", "Alias": "t", "Index Name": index})
}

fn compared(before: &SavedReport, after: &SavedReport) -> (Direction, Vec<String>) {
    let comparison = compare(before, after);
    let read = &comparison.reads[0];
    let messages = read.differences.iter().map(|it| it.message.clone());
    (comparison.direction(), messages.collect())
}

fn bitmap() -> Value {
    let mut scan = scan("Bitmap Heap Scan", None);
    scan["Plans"] =
        json!([{"Node Type": "Bitmap Index Scan", "Index Name": "x", "Index Cond": "(a = 1)"}]);
    scan
}

#[test]
fn a_bitmap_that_becomes_a_sequential_scan_is_a_regression() {
    let (before, after) = (
        saved(0.5, 10, &bitmap()),
        saved(40.0, 6_000, &scan("Seq Scan", None)),
    );
    let (direction, messages) = compared(&before, &after);
    assert_eq!(direction, Direction::Worse);
    assert_eq!(messages[0], "t: Bitmap Heap Scan by x → Seq Scan");
    assert_eq!(messages[1], "0.52 → 41.60 ms");
    assert_eq!(messages[2], "11 → 6,001 buffers");
    assert_eq!(compared(&after, &before).0, Direction::Better);
}

#[test]
fn the_same_is_no_change() {
    let plan = scan("Index Scan", Some("x"));
    let (before, after) = (saved(0.5, 10, &plan), saved(0.5, 10, &plan));
    assert_eq!(compared(&before, &after), (Direction::Same, vec![]));
}

#[test]
fn a_machine_that_is_slower_is_noise_up_to_twice() {
    let plan = scan("Index Scan", Some("x"));
    let before = saved(5.0, 10, &plan);
    assert_eq!(compared(&before, &saved(9.0, 10, &plan)).0, Direction::Same);
    let (direction, messages) = compared(&before, &saved(11.0, 10, &plan));
    assert_eq!(
        (direction, &*messages[0]),
        (Direction::Worse, "5.20 → 11.44 ms")
    );
    // With more pages it isn't the machine.
    assert_eq!(
        compared(&before, &saved(6.0, 20, &plan)).0,
        Direction::Worse
    );
}

#[test]
fn tiny_changes_are_not_reported() {
    let plan = scan("Index Scan", Some("x"));
    let (before, after) = (saved(0.01, 10, &plan), saved(0.09, 10, &plan));
    assert_eq!(compared(&before, &after).0, Direction::Same);
}

#[test]
fn another_index_is_a_change_and_no_verdict() {
    let (before, after) = (
        scan("Index Scan", Some("x")),
        scan("Index Only Scan", Some("y")),
    );
    let (direction, messages) = compared(&saved(1.0, 10, &before), &saved(1.0, 10, &after));
    assert_eq!(direction, Direction::Changed);
    assert_eq!(messages, ["t: Index Scan by x → Index Only Scan by y"]);
}

#[test]
fn added_and_removed_reads_are_reported() {
    let plan = scan("Index Scan", Some("x"));
    let before = saved(1.0, 10, &plan);
    let mut after = before.clone();
    after.checks[0].name = "r".into();
    let comparison = compare(&before, &after);
    let messages: Vec<(&str, &str)> = comparison
        .reads
        .iter()
        .map(|it| (it.name, it.differences[0].message.as_str()))
        .collect();
    assert_eq!(messages, [("r", "it is new"), ("q", "it is gone")]);
    assert_eq!(comparison.direction(), Direction::Changed);
}

#[test]
fn an_unknown_node_is_unchecked_and_named() {
    let plan = json!({"Node Type": "Custom Scan", "Custom Plan Provider": "Citus Adaptive"});
    let (direction, messages) = compared(&saved(1.0, 10, &plan), &saved(1.0, 10, &plan));
    assert_eq!(direction, Direction::Unchecked);
    assert_eq!(
        messages,
        ["the plan has a Custom Scan (Citus Adaptive), and what that reads can't be compared"]
    );
    let (direction, messages) = compared(&saved(1.0, 10, &plan), &saved(90.0, 900, &plan));
    assert_eq!(direction, Direction::Worse);
    assert_eq!(messages.len(), 3);
}

#[test]
fn bitmap_scans_below_a_join_are_compared() {
    let join = |inner: Value| json!({"Node Type": "Nested Loop", "Join Type": "Inner", "Plans": [scan("Index Scan", Some("y")), inner]});
    let mut inner = scan("Seq Scan", None);
    inner["Alias"] = "u".into();
    let mut by_bitmap = bitmap();
    by_bitmap["Alias"] = "u".into();
    let (direction, messages) = compared(
        &saved(1.0, 10, &join(by_bitmap)),
        &saved(1.0, 10, &join(inner)),
    );
    assert_eq!(direction, Direction::Worse);
    assert_eq!(messages, ["t AS u: Bitmap Heap Scan by x → Seq Scan"]);
}

#[test]
fn joins_are_identified_by_the_tables_they_join() {
    let join = |kind: &str| {
        let table = |alias: &str| json!({"Node Type": "Index Scan", "Schema": "s", "Relation Name": "t", "Alias": alias, "Index Name": "x"});
        json!({"Node Type": kind, "Join Type": "Inner", "Plans": [table("a"), table("b")]})
    };
    let (before, after) = (
        saved(1.0, 10, &join("Nested Loop")),
        saved(1.0, 10, &join("Merge Join")),
    );
    assert_eq!(
        compared(&before, &after),
        (
            Direction::Changed,
            vec!["a, b are joined by a Merge Join, and were by a Nested Loop".into()]
        )
    );
}
