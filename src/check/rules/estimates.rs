//! How far the planner's expectations are from the rows that came.

use std::collections::{BTreeMap, BTreeSet};

use super::wording::{distinct, in_samples};
use crate::check::finding::{Finding, Severity};
use crate::postgres::TableName;
use crate::postgres::explain::{Node, Plan};
use crate::postgres::name::quoted;
use crate::units::whole;

/// From so many times on it is worth a warning, and from so many on a failure; each with the rows between expectation
/// and truth below which it does no harm.
const WARNED: (f64, f64) = (10.0, 100.0);
const FAILED: (f64, f64) = (100.0, 1_000.0);

/// A scan or join in all plans.
#[derive(Debug, Default)]
struct Judged {
    /// The tables that it reads.
    tables: BTreeSet<String>,
    guesses: Vec<Guess>,
}

/// Estimated and actual rows of a node, per loop.
#[derive(Debug, Clone, Copy)]
struct Guess {
    sample: usize,
    expected: f64,
    came: f64,
}

impl Guess {
    fn of(node: &Node, sample: usize) -> Guess {
        Guess {
            sample,
            expected: node.plan_rows.max(1.0),
            came: node.rows.max(1.0),
        }
    }

    fn factor(self) -> f64 {
        (self.expected / self.came).max(self.came / self.expected)
    }

    fn is_beyond(self, (factor, rows): (f64, f64)) -> bool {
        self.factor() > factor && (self.expected - self.came).abs() >= rows
    }
}

/// Scans and joins give about as many rows as were expected (`row-estimate`): by the median of the samples, one finding
/// a scan or join.
pub fn row_estimates(plans: &[Plan]) -> Vec<Finding> {
    let mut judged: BTreeMap<String, Judged> = BTreeMap::new();
    for (sample, plan) in plans.iter().enumerate() {
        collect(&plan.root, sample, false, &mut judged);
    }
    let finding = |(what, judged): (String, Judged)| {
        let Judged {
            tables,
            mut guesses,
        } = judged;
        guesses.sort_by(|a, b| a.factor().total_cmp(&b.factor()));
        let median = guesses[(guesses.len() - 1) / 2];
        let severity = if median.is_beyond(FAILED) {
            Severity::Fail
        } else if median.is_beyond(WARNED) {
            Severity::Warn
        } else {
            return None;
        };
        let beyond = guesses.iter().filter(|guess| guess.is_beyond(WARNED));
        Some(Finding {
            rule: "row-estimate",
            severity,
            on: None,
            message: format!(
                "{what}: {} rows were expected and {} came{}",
                whole(median.expected),
                whole(median.came),
                in_samples(distinct(beyond.map(|it| it.sample)), plans.len())
            ),
            help: help(&tables),
        })
    };
    judged.into_iter().filter_map(finding).collect()
}

/// New statistics of the tables, and better ones.
fn help(tables: &BTreeSet<String>) -> String {
    let tables: Vec<&str> = tables.iter().map(String::as_str).collect();
    let which = match tables.as_slice() {
        [only] => only,
        _ => "…",
    };
    format!(
        "ANALYZE {};   -- if that doesn't help: ALTER TABLE {which} ALTER COLUMN … SET STATISTICS 1000, or CREATE \
         STATISTICS on columns that go together",
        tables.join(", ")
    )
}

/// Scans of tables and joins; `stoppable` means that a node above may stop this one early.
fn collect(node: &Node, sample: usize, stoppable: bool, judged: &mut BTreeMap<String, Judged>) {
    let guess = Guess::of(node, sample);
    let cut_short = stoppable && guess.came < guess.expected;
    if let (Some(what), false) = (named(node), cut_short || node.loops == 0.0) {
        let judged = judged.entry(what).or_default();
        judged.guesses.push(guess);
        add_tables(node, &mut judged.tables);
    }
    let passed_on = stoppable && !node.is_blocking();
    for (position, below) in node.plans.iter().enumerate() {
        let stoppable = passed_on || node.may_stop(position);
        collect(below, sample, stoppable, judged);
    }
}

/// The tables that a scan or join reads.
fn add_tables(node: &Node, tables: &mut BTreeSet<String>) {
    if let Some(relation) = &node.relation {
        tables.insert(match &node.schema {
            Some(schema) => TableName::new(schema, relation).to_string(),
            None => quoted(relation),
        });
    }
    for below in &node.plans {
        add_tables(below, tables);
    }
}

/// What to call a node whose rows depend on the tables' statistics.
fn named(node: &Node) -> Option<String> {
    if let Some(relation) = &node.relation {
        let alias = node.alias.as_ref().filter(|alias| *alias != relation);
        let alias = alias.map(|alias| format!(" AS {}", quoted(alias)));
        return Some(format!(
            "the {} of {}{}",
            node.label(),
            quoted(relation),
            alias.unwrap_or_default()
        ));
    }
    node.is_join().then(|| {
        let conditions = [&node.hash_cond, &node.merge_cond, &node.join_filter];
        let condition = conditions.into_iter().flatten().next();
        let on = condition.map(|condition| format!(" on {condition}"));
        format!("the {}{}", node.kind, on.unwrap_or_default())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(text: &str) -> Plan {
        Plan::parse(&format!(r#"[{{"Plan": {text}}}]"#)).unwrap()
    }

    fn scan(expected: u64, came: u64) -> String {
        format!(
            r#"{{"Node Type": "Index Scan", "Relation Name": "orders", "Alias": "o", "Plan Rows": {expected},
                "Actual Rows": {came}, "Actual Loops": 1}}"#
        )
    }

    #[test]
    fn ten_times_warns_and_a_hundred_times_fails() {
        let severity = |expected, came| {
            let found = row_estimates(&[plan(&scan(expected, came))]);
            found.first().map(|finding| finding.severity)
        };
        #[rustfmt::skip]
        let cases = [
            ((5, 40), None),                          // no harm in so few rows
            ((1, 105), Some(Severity::Warn)),
            ((1_000, 10_000), None),                  // not more than ten times
            ((1_000, 10_001), Some(Severity::Warn)),
            ((10_001, 1_000), Some(Severity::Warn)),
            ((10, 1_001), Some(Severity::Warn)),      // a hundred times, and under a thousand rows
            ((10, 1_011), Some(Severity::Fail)),
            ((500_000, 0), Some(Severity::Fail)),
        ];
        for ((expected, came), severity_expected) in cases {
            assert_eq!(
                severity(expected, came),
                severity_expected,
                "{expected} {came}"
            );
        }
    }

    #[test]
    fn the_median_of_the_samples_decides() {
        let plans = [(10, 9), (10, 5_000), (10, 11)].map(|(a, b)| plan(&scan(a, b)));
        assert_eq!(row_estimates(&plans), []);
        let plans = [(10, 9), (10, 5_000), (10, 6_000)].map(|(a, b)| plan(&scan(a, b)));
        let found = row_estimates(&plans);
        assert_eq!(
            found[0].message,
            "the Index Scan of orders AS o: 10 rows were expected and 5,000 came, in 2 of 3 samples"
        );
        assert!(
            found[0].help.starts_with("ANALYZE orders;   -- "),
            "{}",
            found[0].help
        );
    }

    #[test]
    fn what_helps_names_the_tables() {
        let table = |name: &str| {
            format!(
                r#"{{"Node Type": "Seq Scan", "Relation Name": "{name}", "Schema": "shop", "Actual Loops": 0}}"#
            )
        };
        let join = format!(
            r#"{{"Node Type": "Hash Join", "Plan Rows": 1, "Actual Rows": 5000, "Actual Loops": 1, "Plans": [{}, {}]}}"#,
            table("pets"),
            table("Owners")
        );
        let found = row_estimates(&[plan(&join)]);
        let begins =
            "ANALYZE shop.\"Owners\", shop.pets;   -- if that doesn't help: ALTER TABLE … ALTER";
        assert!(found[0].help.starts_with(begins), "{}", found[0].help);
    }

    #[test]
    fn what_a_limit_stops_isn_t_judged_for_stopping() {
        let limited = |below: &str| {
            plan(&format!(
                r#"{{"Node Type": "Limit", "Actual Loops": 1, "Plans": [{below}]}}"#
            ))
        };
        assert_eq!(row_estimates(&[limited(&scan(100_000, 5))]), []);
        assert_eq!(row_estimates(&[limited(&scan(5, 100_000))]).len(), 1);
        let sorted = format!(
            r#"{{"Node Type": "Sort", "Actual Loops": 1, "Plans": [{}]}}"#,
            scan(100_000, 5)
        );
        assert_eq!(row_estimates(&[limited(&sorted)]).len(), 1);
    }

    #[test]
    fn what_never_ran_isn_t_judged() {
        let plan = plan(
            r#"{"Node Type": "Seq Scan", "Relation Name": "t", "Plan Rows": 9000, "Actual Rows": 0, "Actual Loops": 0}"#,
        );
        assert_eq!(row_estimates(&[plan]), []);
    }
}
