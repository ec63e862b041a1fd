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
pub struct NodeRows {
    /// As the planner expected them.
    pub expected: f64,
    /// As they were.
    pub actual: f64,
}

/// A node of two equal plans.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeComparison {
    /// Its kind and what it reads.
    pub label: String,
    /// Its rows in the source.
    pub source: NodeRows,
    /// Its rows in the twin.
    pub twin: NodeRows,
}

impl NodeComparison {
    /// The q-error of the rows that the planners expected.
    pub fn expected(&self) -> f64 {
        q_error(self.source.expected, self.twin.expected)
    }

    /// The q-error of the rows that there were.
    pub fn actual(&self) -> f64 {
        q_error(self.source.actual, self.twin.actual)
    }
}

/// The nodes of a read whose plans are equal, where their trees are, too.
pub(super) fn compare(source: &SavedCheck, twin: &SavedCheck) -> Vec<NodeComparison> {
    let (Some(source), Some(twin)) = (mean_rows(source), mean_rows(twin)) else {
        return Vec::new();
    };
    if source.labels != twin.labels {
        return Vec::new();
    }
    let rows = source.rows.into_iter().zip(twin.rows);
    let nodes = source.labels.into_iter().zip(rows);
    nodes
        .map(|(label, (source, twin))| NodeComparison {
            label,
            source,
            twin,
        })
        .collect()
}

impl QErrors {
    /// Of these nodes, sorted.
    pub(super) fn of<'n>(nodes: impl Iterator<Item = &'n NodeComparison>) -> QErrors {
        let mut errors = QErrors::default();
        for node in nodes {
            errors.expected.push(node.expected());
            errors.actual.push(node.actual());
        }
        errors.expected.sort_by(f64::total_cmp);
        errors.actual.sort_by(f64::total_cmp);
        errors
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

/// How many times the smaller number the greater one is; numbers below one count as one.
pub(super) fn q_error(a: f64, b: f64) -> f64 {
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
    let label = |node: &&Node| match node.alias.as_ref().or(node.relation.as_ref()) {
        Some(name) => format!("{} on {name}", node.label()),
        None => node.label(),
    };
    plan.nodes().iter().map(label).collect()
}
