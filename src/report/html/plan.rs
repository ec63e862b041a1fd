//! A plan as a tree, and as EXPLAIN printed it, ready to be copied into a plan viewer.

use maud::{Markup, html};
use serde_json::Value;

use crate::compare::Step;
use crate::postgres::explain::Plan;
use crate::report::figures::milliseconds;
use crate::units::counted;

/// The tree of a statement's plan; `plan` is EXPLAIN's JSON, its list or the object in it.
pub fn tree(plan: &Value) -> Markup {
    match Plan::parse(&listed(plan).to_string()) {
        Ok(plan) => html! { ul class="plan" { (step(&Step::of(&plan.root))) } },
        Err(_) => html! { p class="none" { "This plan can't be read." } },
    }
}

/// The plan as EXPLAIN printed it, folded away.
pub fn raw(plan: &Value, title: &str) -> Markup {
    let json = serde_json::to_string_pretty(&listed(plan)).unwrap_or_default();
    html! {
        details {
            summary { (title) ", as EXPLAIN printed it, for a plan viewer" }
            textarea readonly spellcheck="false" aria-label=(title) { "\n" (json) }
        }
    }
}

/// EXPLAIN prints a list of one, which viewers want.
fn listed(plan: &Value) -> Value {
    match plan {
        Value::Array(_) => plan.clone(),
        statement => Value::Array(vec![statement.clone()]),
    }
}

fn step(it: &Step) -> Markup {
    let class = match (it.whole, it.opaque) {
        (true, _) => "step whole",
        (_, true) => "step opaque",
        _ => "step",
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "rows are at least 0"
    )]
    let rows = it.rows.round() as u64;
    let (rows, pages) = (counted(rows, "row"), counted(it.buffers, "page"));
    html! {
        li {
            span class=(class) { (it.words) }
            @if it.opaque {
                " " span class="badge odd" { "unchecked: what it reads isn't known" }
            }
            @if let Some(condition) = &it.condition {
                " " code { (condition) }
            }
            " " span class="figures" { (rows) ", " (milliseconds(it.ms)) " ms, " (pages) }
            @if !it.below.is_empty() {
                ul { @for below in &it.below { (step(below)) } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_has_an_item_a_node() {
        let plan: Value = serde_json::from_str(include_str!(
            "../../../tests/fixtures/plans/styles-unindexed.json"
        ))
        .unwrap();
        let tree = tree(&plan).into_string();
        let nodes = Plan::parse(&plan.to_string()).unwrap().nodes().len();
        assert_eq!(tree.matches("<li>").count(), nodes);
        assert!(
            tree.contains("<span class=\"step whole\">Seq Scan on skus AS sku</span>"),
            "{tree}"
        );
    }

    #[test]
    fn an_unknown_node_is_marked() {
        let plan = serde_json::json!([{"Plan": {"Node Type": "Append", "Plans": [
            {"Node Type": "Custom Scan", "Custom Plan Provider": "Citus Adaptive"}]}}]);
        let tree = tree(&plan).into_string();
        assert!(
            tree.contains("<span class=\"step opaque\">Custom Scan (Citus Adaptive)</span> <span class=\"badge odd\">unchecked"),
            "{tree}"
        );
    }

    #[test]
    fn what_is_no_plan_says_so() {
        assert!(tree(&Value::Null).into_string().contains("can't be read"));
    }
}
