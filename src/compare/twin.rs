//! A database beside the one that it stands for: equal plans, rows a node, and the planner's statistics.

mod causes;
mod columns;
mod nodes;

pub use columns::{ColumnComparison, ColumnFigure, TableComparison};
pub use nodes::{NodeComparison, QErrors, quantile};

use self::causes::Causes;
use super::difference;
use super::plan_difference::plan_differences;
use crate::check::{SavedCheck, SavedReport};

/// One read of both databases.
#[derive(Debug, Clone, PartialEq)]
pub struct TwinRead<'a> {
    /// Its name.
    pub name: &'a str,
    /// The source's check; none where the twin's alone has the read.
    pub source: Option<&'a SavedCheck>,
    /// The twin's check, likewise.
    pub twin: Option<&'a SavedCheck>,
    /// What the plans have in common.
    pub plans: PlanEquality,
    /// The nodes of equal plans.
    pub nodes: Vec<NodeComparison>,
}

/// Whether two plans of one read do the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlanEquality {
    /// The same scans by the same indexes, the same joins, the same other nodes.
    Equal,
    /// They differ.
    Different {
        /// What differs, a sentence each: source, then twin.
        differences: Vec<String>,
        /// Where the plans part, and what the planners know otherwise of what they read.
        causes: Vec<String>,
    },
    /// Why they can't be compared.
    Unknown(String),
}

/// A source and its twin.
#[derive(Debug, Clone, PartialEq)]
pub struct TwinComparison<'a> {
    /// The database that the other one stands for.
    pub source: &'a SavedReport,
    /// The database made after it.
    pub twin: &'a SavedReport,
    /// The reads of both, in the source's order, and those of one alone.
    pub reads: Vec<TwinRead<'a>>,
    /// How far the rows of equal plans' nodes are apart.
    pub nodes: QErrors,
    /// The tables of both, in the source's order.
    pub tables: Vec<TableComparison>,
    /// The columns of tables of both, in the source's order.
    pub columns: Vec<ColumnComparison<'a>>,
    /// Tables with statistics in one of both alone, with their schema.
    pub lone_tables: Vec<String>,
    /// The server's settings that differ: name, source, twin.
    pub settings: Vec<(String, String, String)>,
}

impl<'a> TwinComparison<'a> {
    /// Compares two saved checks.
    pub fn of(source: &'a SavedReport, twin: &'a SavedReport) -> TwinComparison<'a> {
        let (columns, lone_tables) = columns::compare(&source.statistics, &twin.statistics);
        let tables = columns::tables(&source.statistics, &twin.statistics);
        let settings = difference::settings(source, twin);
        let causes = Causes {
            tables: &tables,
            columns: &columns,
            settings: &settings,
        };
        let reads = reads(source, twin, &causes);
        TwinComparison {
            source,
            twin,
            nodes: QErrors::of(reads.iter().flat_map(|it| &it.nodes)),
            reads,
            tables,
            columns,
            lone_tables,
            settings,
        }
    }

    /// How many reads have equal plans.
    pub fn equal_plans(&self) -> usize {
        let equal = |read: &&TwinRead| read.plans == PlanEquality::Equal;
        self.reads.iter().filter(equal).count()
    }

    /// How many columns have all their figures within the tolerance.
    pub fn close_columns(&self) -> usize {
        self.columns.iter().filter(|it| it.is_close()).count()
    }

    /// Whether every plan is equal and every column close.
    pub fn is_equal(&self) -> bool {
        self.equal_plans() == self.reads.len()
            && self.close_columns() == self.columns.len()
            && self.lone_tables.is_empty()
    }
}

/// The twin's report, the plan of each read that of the execution with the same place among its samples as the source's
/// median one: values are sampled in their columns' order, and which execution is the median one is up to the machine.
pub fn aligned(source: &SavedReport, mut twin: SavedReport) -> SavedReport {
    for check in &mut twin.checks {
        let is_same = |it: &&SavedCheck| it.kind == check.kind && it.name == check.name;
        let place = source.checks.iter().find(is_same).and_then(median_place);
        let count = source
            .checks
            .iter()
            .find(is_same)
            .map(|it| it.samples().len());
        let (Some(place), Some(measured)) = (place, check.measured.as_mut()) else {
            continue;
        };
        let sample = measured.samples.get(place);
        if let Some(plan) = sample.and_then(|it| it.plan.clone())
            && count == Some(measured.samples.len())
        {
            measured.plan = plan;
        }
    }
    twin
}

/// Which execution has the plan that stands for all.
fn median_place(check: &SavedCheck) -> Option<usize> {
    let plan = check.plan()?;
    let mut samples = check.samples().iter();
    samples.position(|it| it.plan.as_ref() == Some(plan))
}

/// The reads of both, then those of the twin alone.
fn reads<'a>(
    source: &'a SavedReport,
    twin: &'a SavedReport,
    causes: &Causes<'_>,
) -> Vec<TwinRead<'a>> {
    let mut reads = Vec::new();
    for check in source.measured() {
        let other = same_read(twin, check);
        let plans = match other {
            Some(other) => equality(check, other, causes),
            None => PlanEquality::Unknown(why_not_measured(twin, check, "twin")),
        };
        let nodes = match (&plans, other) {
            (PlanEquality::Equal, Some(other)) => nodes::compare(check, other),
            _ => Vec::new(),
        };
        reads.push(TwinRead {
            name: &check.name,
            source: Some(check),
            twin: other,
            plans,
            nodes,
        });
    }
    let added = twin.measured().filter(|it| same_read(source, it).is_none());
    reads.extend(added.map(|check| TwinRead {
        name: &check.name,
        source: None,
        twin: Some(check),
        plans: PlanEquality::Unknown(why_not_measured(source, check, "source")),
        nodes: Vec::new(),
    }));
    reads
}

fn same_read<'r>(report: &'r SavedReport, check: &SavedCheck) -> Option<&'r SavedCheck> {
    report
        .measured()
        .find(|it| it.kind == check.kind && it.name == check.name)
}

/// Why a check of one side has no executions on the other one.
fn why_not_measured(report: &SavedReport, check: &SavedCheck, side: &str) -> String {
    let mut checks = report.checks.iter();
    let found = checks.find(|it| it.kind == check.kind && it.name == check.name);
    match found.and_then(|it| it.findings.first()) {
        Some(finding) => format!("{side}: {}", finding.message),
        None => format!("the {side}'s check doesn't have it"),
    }
}

fn equality(source: &SavedCheck, twin: &SavedCheck, causes: &Causes<'_>) -> PlanEquality {
    let (differences, opaque) = plan_differences(source, twin);
    match (differences.is_empty(), opaque.first()) {
        (_, Some(label)) => PlanEquality::Unknown(format!(
            "the plan has a {label}, and what that reads can't be compared"
        )),
        (true, None) => PlanEquality::Equal,
        (false, None) => PlanEquality::Different {
            differences: differences.into_iter().map(|it| it.message).collect(),
            causes: causes.of(source, twin),
        },
    }
}

#[cfg(test)]
mod tests;
