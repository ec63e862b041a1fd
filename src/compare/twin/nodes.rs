//! How far apart the rows of two equal plans' nodes are.

use serde_json::Value;

use crate::check::SavedCheck;
use crate::postgres::explain::{Node, Plan};

/// The q-errors of nodes: the greater number of rows by the smaller one, so 1 where both are the same; fewer rows than one
/// count as one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct QErrors {
    /// Of the rows that the planner expected.
    pub expected: Vec<f64>,
    /// Of the rows that there were.
    pub actual: Vec<f64>,
}

/// The rows of a node, the mean over the executions of one plan.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct NodeRows {
    expected: f64,
    actual: f64,
}

impl QErrors {
    /// Adds the nodes of a read whose plans are equal, where their trees are, too.
    pub(super) fn add(&mut self, source: &SavedCheck, twin: &SavedCheck) {
        let (Some(source), Some(twin)) = (mean_rows(source), mean_rows(twin)) else {
            return;
        };
        if source.labels != twin.labels {
            return;
        }
        for (a, b) in source.rows.iter().zip(&twin.rows) {
            self.expected.push(q_error(a.expected, b.expected));
            self.actual.push(q_error(a.actual, b.actual));
        }
    }

    pub(super) fn sorted(mut self) -> QErrors {
        self.expected.sort_by(f64::total_cmp);
        self.actual.sort_by(f64::total_cmp);
        self
    }
}

/// The value below which a share of the sorted values lie; none of an empty list.
pub fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a share of a list's length"
    )]
    let at = (share * last as f64).round() as usize;
    sorted.get(at.min(last)).copied()
}

fn q_error(a: f64, b: f64) -> f64 {
    let (a, b) = (a.max(1.0), b.max(1.0));
    (a / b).max(b / a)
}

struct MeanRows {
    labels: Vec<String>,
    rows: Vec<NodeRows>,
}

/// The mean over those executions of a read that had the plan of the median one.
fn mean_rows(check: &SavedCheck) -> Option<MeanRows> {
    let median = Plan::of_statement(check.plan()?).ok()?;
    let labels = labels(&median);
    let read = |plan: &Value| Plan::of_statement(plan).ok();
    let samples = check.samples().iter();
    let mut plans: Vec<Plan> = samples
        .filter_map(|it| read(it.plan.as_ref()?))
        .filter(|plan| self::labels(plan) == labels)
        .collect();
    if plans.is_empty() {
        plans.push(median);
    }
    #[expect(clippy::cast_precision_loss, reason = "a number of samples")]
    let count = plans.len() as f64;
    let mut rows = vec![NodeRows::default(); labels.len()];
    for plan in &plans {
        for (sum, node) in rows.iter_mut().zip(plan.nodes()) {
            sum.expected += node.plan_rows / count;
            sum.actual += node.rows / count;
        }
    }
    Some(MeanRows { labels, rows })
}

/// What each node is, each before its children.
fn labels(plan: &Plan) -> Vec<String> {
    let label = |node: &&Node| {
        let name = node.alias.as_ref().or(node.relation.as_ref());
        format!("{} {}", node.label(), name.map_or("", String::as_str))
    };
    plan.nodes().iter().map(label).collect()
}
