//! A plan as a tree, and as it was, ready to be copied into a plan viewer.

use serde_json::Value;

use super::element::text;
use crate::compare::Step;
use crate::postgres::explain::Plan;
use crate::report::figures::{counted, milliseconds};

/// The tree of a statement's plan; `plan` is EXPLAIN's JSON, its list or what stands in it.
pub fn tree(plan: &Value) -> String {
    match Plan::parse(&listed(plan).to_string()) {
        Ok(plan) => format!("<ul class=\"plan\">{}</ul>\n", step(&Step::of(&plan.root))),
        Err(_) => "<p class=\"none\">This plan can't be read.</p>\n".to_owned(),
    }
}

/// The plan as EXPLAIN gave it, folded away.
pub fn raw(plan: &Value, title: &str) -> String {
    let json = serde_json::to_string_pretty(&listed(plan)).unwrap_or_default();
    format!(
        "<details><summary>{}, as EXPLAIN gave it, for a plan viewer</summary>\
         <textarea readonly spellcheck=\"false\" aria-label=\"{}\">\n{}</textarea></details>\n",
        text(title),
        text(title),
        text(&json)
    )
}

/// EXPLAIN gives a list of one, which viewers want.
fn listed(plan: &Value) -> Value {
    match plan {
        Value::Array(_) => plan.clone(),
        statement => Value::Array(vec![statement.clone()]),
    }
}

fn step(it: &Step) -> String {
    let class = match (it.whole, it.opaque) {
        (true, _) => " whole",
        (_, true) => " opaque",
        _ => "",
    };
    let unchecked = match it.opaque {
        true => " <span class=\"badge odd\">unchecked: what it reads isn't known</span>",
        false => "",
    };
    let condition = it
        .condition
        .as_ref()
        .map(|condition| format!(" <code>{}</code>", text(condition)));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "rows are at least 0"
    )]
    let rows = it.rows.round() as u64;
    let below: String = it.below.iter().map(step).collect();
    let below = if below.is_empty() {
        below
    } else {
        format!("<ul>{below}</ul>")
    };
    format!(
        "<li><span class=\"step{class}\">{}</span>{unchecked}{} <span class=\"figures\">{}, {} ms, {}</span>{below}</li>",
        text(&it.words),
        condition.unwrap_or_default(),
        counted(rows, "row"),
        milliseconds(it.ms),
        counted(it.buffers, "page")
    )
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
        let tree = tree(&plan);
        let nodes = Plan::parse(&plan.to_string()).unwrap().nodes().len();
        assert_eq!(tree.matches("<li>").count(), nodes);
        assert!(
            tree.contains("<span class=\"step whole\">Seq Scan on skus AS sku</span>"),
            "{tree}"
        );
    }

    #[test]
    fn a_node_that_nobody_knows_is_marked() {
        let plan = serde_json::json!([{"Plan": {"Node Type": "Append", "Plans": [
            {"Node Type": "Custom Scan", "Custom Plan Provider": "Citus Adaptive"}]}}]);
        let tree = tree(&plan);
        assert!(
            tree.contains("<span class=\"step opaque\">Custom Scan (Citus Adaptive)</span> <span class=\"badge odd\">unchecked"),
            "{tree}"
        );
    }

    #[test]
    fn what_is_no_plan_says_so() {
        assert!(tree(&Value::Null).contains("can't be read"));
    }
}
