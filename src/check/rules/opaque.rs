//! Plans with unknown nodes: what these read can't be judged, so the check is unchecked.

use super::wording::in_samples;
use crate::check::finding::{Finding, Severity};
use crate::postgres::explain::Plan;
use crate::suggestion::TARGET;

/// The rule's id.
pub const UNKNOWN_NODE: &str = "unknown-node";

/// What to do about it.
pub fn unknown_node_help() -> String {
    format!(
        "`seedrow check{TARGET} --format json` has the plan; when it is right, waive {UNKNOWN_NODE} with the reason"
    )
}
/// Every node of the samples' plans is known (`unknown-node`); one finding a kind of node.
pub fn unknown_nodes(plans: &[Plan]) -> Vec<Finding> {
    let mut seen: Vec<(String, usize)> = Vec::new();
    for label in plans.iter().flat_map(Plan::opaque_nodes) {
        match seen.iter_mut().find(|(known, _)| *known == label) {
            Some((_, count)) => *count += 1,
            None => seen.push((label, 1)),
        }
    }
    let finding = |(label, count): (String, usize)| {
        finding(format!(
            "its plan has a {label}, and what that reads isn't known{}",
            in_samples(count, plans.len())
        ))
    };
    seen.into_iter().map(finding).collect()
}

/// Every node of the plan made without the values is known (`unknown-node`).
pub fn unknown_generic_nodes(generic: &Plan) -> Option<Finding> {
    let label = generic.opaque_nodes().into_iter().next()?;
    Some(finding(format!(
        "planned once for all values, its plan has a {label}, and what that reads isn't known"
    )))
}

fn finding(message: String) -> Finding {
    Finding {
        rule: UNKNOWN_NODE,
        severity: Severity::Unchecked,
        on: None,
        message,
        help: unknown_node_help(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::measurement::AccessPath;
    use crate::check::rules::{Facts, PlanSet, Purpose, access, bound, judge_plans};
    use crate::index::Survey;
    use crate::queries::{Header, IndexUse, Query};

    fn survey() -> Survey {
        Survey {
            keys: vec![],
            proposals: vec![],
            useless: vec![],
            home: "public".into(),
        }
    }

    fn facts(survey: &Survey) -> Facts<'_> {
        Facts {
            tables: &[],
            indexes: &[],
            survey,
            block_bytes: 8192,
        }
    }

    #[test]
    fn saved_plans_with_unknown_nodes_are_unchecked_by_every_rule_that_could_pass_them() {
        let survey = survey();
        let facts = facts(&survey);
        for (label, text) in [
            (
                "Custom Scan (Citus Adaptive)",
                include_str!("../../../tests/fixtures/plans/opaque/custom-scan.json"),
            ),
            (
                "Foreign Scan",
                include_str!("../../../tests/fixtures/plans/opaque/foreign-scan.json"),
            ),
            (
                "Warp Scan",
                include_str!("../../../tests/fixtures/plans/opaque/warp-scan.json"),
            ),
        ] {
            let plans = [Plan::parse(text).unwrap()];
            let query = Query {
                header: Header {
                    uses: vec![IndexUse::parse("skus(style_id)").unwrap()],
                    ..Header::default()
                },
                ..Query::default()
            };
            let findings = judge_plans(&PlanSet {
                plans: &plans,
                samples: &[],
                query: &query,
                purpose: Purpose::Query,
                capability: AccessPath::Unknown,
                facts,
            });
            let found: Vec<(&str, Severity)> =
                findings.iter().map(|it| (it.rule, it.severity)).collect();
            assert_eq!(found, [(UNKNOWN_NODE, Severity::Unchecked)], "{label}");
            assert!(findings[0].message.contains(label), "{findings:?}");
            assert_eq!(
                access(&plans[0], Purpose::Query, facts),
                AccessPath::Unknown,
                "{label}"
            );
            assert_eq!(bound(&plans[0], Purpose::Query, facts), None, "{label}");
        }
    }

    #[test]
    fn an_unknown_node_is_unchecked_by_its_name() {
        let plan = |text: &str| Plan::parse(&format!(r#"[{{"Plan": {text}}}]"#)).unwrap();
        let known = plan(r#"{"Node Type": "Seq Scan"}"#);
        // A subplan of a subplan.
        let nested = plan(
            r#"{"Node Type": "Result", "Plans": [{"Node Type": "CTE Scan", "Parent Relationship": "InitPlan", "Plans": [
                {"Node Type": "Warp Scan", "Parent Relationship": "SubPlan"}]}]}"#,
        );
        assert_eq!(unknown_nodes(std::slice::from_ref(&known)), []);
        let findings = unknown_nodes(&[known, nested.clone()]);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].severity, Severity::Unchecked);
        assert_eq!(
            findings[0].message,
            "its plan has a Warp Scan, and what that reads isn't known, in 1 of 2 samples"
        );
        let generic = unknown_generic_nodes(&nested).unwrap();
        assert!(generic.message.starts_with("planned once for all values"));
    }
}
