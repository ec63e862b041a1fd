//! A plan as a tree, and as EXPLAIN printed it, ready to be copied into a plan viewer.

use maud::{Markup, html};
use serde_json::Value;

use super::element::badge;
use crate::compare::Step;
use crate::postgres::explain::Plan;
use crate::report::figures::milliseconds;
use crate::units::{counted, whole};

/// A node that takes at least this share of the time is marked, where all of it is at least so many milliseconds.
const HOT: (f64, f64) = (0.3, 1.0);
/// Rows this many times more or fewer than expected are marked, from so many rows on.
const MISJUDGED: (f64, f64) = (10.0, 100.0);

/// The tree of a statement's plan; `plan` is EXPLAIN's JSON, its list or the object in it.
pub fn tree(plan: &Value) -> Markup {
    match Plan::parse(&listed(plan).to_string()) {
        Ok(plan) => {
            let root = Step::of(&plan.root);
            let run = match root.loops > 0.0 {
                true => Run::Executed { ms: root.ms },
                false => Run::Planned,
            };
            html! { ul class="plan" { (step(&root, run)) } }
        }
        Err(_) => html! { p class="none" { "This plan can't be read." } },
    }
}

/// Whether a plan was executed.
#[derive(Debug, Clone, Copy)]
enum Run {
    /// It has expected rows alone.
    Planned,
    /// In so many milliseconds.
    Executed { ms: f64 },
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

fn step(it: &Step, run: Run) -> Markup {
    let class = match (it.whole, it.opaque) {
        (true, _) => "step whole",
        (_, true) => "step opaque",
        _ => "step",
    };
    let hot = match run {
        Run::Executed { ms } if is_hot(it, ms) => Some(own_share(it, ms)),
        _ => None,
    };
    let node = if hot.is_some() { "node hot" } else { "node" };
    html! {
        li {
            div class=(node) {
                span class=(class) { (it.words) }
                @if it.opaque { " " (badge("odd", "unchecked: what it reads isn't known")) }
                @if let Some(share) = hot { " " (badge("hot", &format!("{:.0}% of the time", share * 100.0))) }
                @if let Some(condition) = &it.condition { " " code { (condition) } }
                @match run {
                    Run::Planned => { div class="figures" { span { (whole(it.expected)) " rows expected" } } }
                    Run::Executed { .. } if it.loops == 0.0 => { div class="figures" { span { "never executed" } } }
                    Run::Executed { ms } => { (figures(it)) (share(it, ms)) }
                }
            }
            @if !it.below.is_empty() {
                ul { @for below in &it.below { (step(below, run)) } }
            }
        }
    }
}

/// Rows, loops, own time, pages, and what a filter removed.
fn figures(it: &Step) -> Markup {
    let class = if is_misjudged(it) { "odd" } else { "" };
    html! {
        div class="figures" {
            span class=(class) {
                b { (whole(it.rows)) } @if it.rows.round() == 1.0 { " row of " } @else { " rows of " }
                (whole(it.expected)) " expected"
            }
            @if it.loops > 1.0 { span { b { (whole(it.loops)) } " loops" } }
            span { b { (milliseconds(it.own_ms)) } " ms of its own" }
            span { b { (counted(it.buffers, "page")) } }
            @if it.removed > 0.0 { span class="removed" { b { (whole(it.removed)) } " rows removed" } }
        }
    }
}

/// Whether the planner expected another number of rows, far enough off to choose another plan.
fn is_misjudged(it: &Step) -> bool {
    let (factor, least) = MISJUDGED;
    let (more, fewer) = (it.rows.max(it.expected), it.rows.min(it.expected));
    more - fewer >= least && more >= fewer.max(1.0) * factor
}

/// How much of the whole time is a node's own.
fn own_share(it: &Step, ms: f64) -> f64 {
    (it.own_ms / ms.max(f64::MIN_POSITIVE)).clamp(0.0, 1.0)
}

fn is_hot(it: &Step, ms: f64) -> bool {
    let (least_share, least_ms) = HOT;
    own_share(it, ms) >= least_share && ms >= least_ms
}

/// That share as a bar.
fn share(it: &Step, ms: f64) -> Markup {
    let percent = own_share(it, ms) * 100.0;
    html! {
        @if percent >= 0.5 {
            div class="share" aria-hidden="true" { div style={ "width:" (format!("{percent:.1}%")) } {} }
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
    fn a_hot_node_has_its_share_loops_and_rows() {
        let plan = serde_json::json!([{"Plan": {"Node Type": "Nested Loop", "Actual Rows": 3, "Plan Rows": 400,
            "Actual Loops": 1, "Actual Total Time": 50.0, "Plans": [
                {"Node Type": "Seq Scan", "Relation Name": "skus", "Alias": "skus", "Actual Rows": 2, "Plan Rows": 2,
                    "Actual Loops": 4, "Actual Total Time": 12.0, "Rows Removed by Filter": 1000,
                    "Shared Hit Blocks": 40},
                {"Node Type": "Result", "Plan Rows": 1}]}}]);
        let tree = tree(&plan).into_string();
        for part in [
            "Seq Scan on skus</span> <span class=\"badge hot\">96% of the time</span>",
            "<b>8</b> rows of 8 expected</span><span><b>4</b> loops</span><span><b>48.0</b> ms of its own</span>",
            "<b>4,000</b> rows removed",
            "class=\"odd\"><b>3</b> rows of 400 expected",
            "never executed",
        ] {
            assert!(tree.contains(part), "{part}\n{tree}");
        }
        assert_eq!(tree.matches("badge hot").count(), 1);
    }

    #[test]
    fn a_plan_that_was_only_planned_has_expected_rows_alone() {
        let plan = serde_json::json!([{"Plan": {"Node Type": "Result", "Plan Rows": 7}}]);
        let tree = tree(&plan).into_string();
        assert!(
            tree.contains("7 rows expected") && !tree.contains(" ms"),
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
