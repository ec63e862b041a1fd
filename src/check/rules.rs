//! The rules: pure functions over plans, figures and the catalog's values, each giving findings with what to type.

use std::collections::BTreeMap;
use std::time::Duration;

use super::finding::{Check, Figures, Finding, Severity, Subject};
use super::measure::{STATEMENT_TIMEOUT, Stopped};
use super::query::Query;
use crate::index::{Coverage, Mode, Survey};
use crate::postgres::TableName;
use crate::postgres::catalog::{ForeignKey, Table};
use crate::postgres::explain::{Node, Plan};
use crate::postgres::name::quoted;
use crate::progress::grouped;

/// Up to here, reading a table from end to end is right: 128 pages are 1 MiB, read in well under a millisecond, and
/// the planner prefers it whatever indexes there are.
const SMALL_PAGES: u64 = 128;

/// The check's name in reports.
pub const FOREIGN_KEYS: &str = "foreign-keys";

/// What the rules know of the database beside the plans.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// All tables.
    pub tables: &'a [Table],
    /// The foreign keys and what would cover them.
    pub survey: &'a Survey,
    /// Bytes of one page.
    pub block_bytes: u64,
}

/// Each foreign key has an index (`fk-not-indexed`) and holds for all rows (`fk-not-valid`).
pub fn foreign_keys(survey: &Survey) -> Check {
    let uncovered = survey.missing().map(|key| fk_not_indexed(survey, key));
    let unvalidated = survey
        .keys
        .iter()
        .filter(|key| !key.foreign_key.validated)
        .map(|key| fk_not_valid(survey, &key.foreign_key));
    Check {
        name: FOREIGN_KEYS.to_owned(),
        subject: Subject::ForeignKeys {
            covered: survey.keys.len() - survey.missing().count(),
            total: survey.keys.len(),
        },
        findings: uncovered.chain(unvalidated).collect(),
    }
}

fn fk_not_indexed(survey: &Survey, key: &Coverage) -> Finding {
    Finding {
        rule: "fk-not-indexed",
        severity: Severity::Fail,
        message: format!(
            "no index serves the foreign key {}: {}",
            key.shown(&survey.home),
            key.verdict.reason()
        ),
        help: build_help(survey, &key.foreign_key),
    }
}

/// The command, and the statement that it runs.
fn build_help(survey: &Survey, key: &ForeignKey) -> String {
    match survey.proposal_for(key) {
        Some(proposal) => format!("seedrow index   -- or: {};", proposal.ddl(Mode::Plain)),
        None => "seedrow index".to_owned(),
    }
}

fn fk_not_valid(survey: &Survey, key: &ForeignKey) -> Finding {
    let (table, name) = (&key.table, quoted(&key.name));
    Finding {
        rule: "fk-not-valid",
        severity: Severity::Fail,
        message: format!(
            "the foreign key {name} of {} is not validated: rows may refer to nothing",
            table.within(&survey.home)
        ),
        help: format!(
            "{};   -- finds the rows; once they are mended: ALTER TABLE {table} VALIDATE CONSTRAINT {name};",
            orphans(key)
        ),
    }
}

/// The query that finds rows which break a foreign key.
fn orphans(key: &ForeignKey) -> String {
    let names = || key.columns.iter().map(|column| quoted(&column.name));
    let equal: Vec<String> = names()
        .zip(&key.referenced_columns)
        .map(|(name, referenced)| format!("parent.{} = child.{name}", quoted(&referenced.name)))
        .collect();
    let filled: Vec<String> = names()
        .map(|name| format!("child.{name} IS NOT NULL"))
        .collect();
    format!(
        "SELECT * FROM {} AS child WHERE {} AND NOT EXISTS (SELECT FROM {} AS parent WHERE {}) LIMIT 10",
        key.table,
        filled.join(" AND "),
        key.referenced,
        equal.join(" AND ")
    )
}

/// No plan reads a table that isn't small from end to end (`seq-scan`); one finding a table.
pub fn seq_scans(plans: &[Plan], facts: Facts<'_>) -> Vec<Finding> {
    let mut seen: BTreeMap<&TableName, (&Table, &Node, &Plan, usize)> = BTreeMap::new();
    for plan in plans {
        let mut in_this_plan: Vec<&TableName> = Vec::new();
        for node in plan.nodes() {
            let Some(table) = large_scan(node, facts) else {
                continue;
            };
            if !in_this_plan.contains(&&table.name) {
                in_this_plan.push(&table.name);
                seen.entry(&table.name).or_insert((table, node, plan, 0)).3 += 1;
            }
        }
    }
    seen.into_values()
        .map(|(table, node, plan, count)| seq_scan(table, node, plan, (count, plans.len()), facts))
        .collect()
}

/// The table of a sequential scan that needs an index.
fn large_scan<'a>(node: &Node, facts: Facts<'a>) -> Option<&'a Table> {
    if node.node_type != "Seq Scan" {
        return None;
    }
    let (schema, relation) = (node.schema.as_deref()?, node.relation.as_deref()?);
    let table = facts
        .tables
        .iter()
        .find(|table| table.name.schema == schema && table.name.name == relation)?;
    // Without a filter, a scan that a LIMIT stopped early reads as little for any value. With one, it was luck.
    let stopped_early = node.filter.is_none()
        && node.loops > 0.0
        && node.buffers() > 0
        && node.buffers() <= SMALL_PAGES;
    (pages(table, facts) > SMALL_PAGES && !stopped_early).then_some(table)
}

fn pages(table: &Table, facts: Facts<'_>) -> u64 {
    table.bytes / facts.block_bytes.max(1)
}

fn seq_scan(
    table: &Table,
    node: &Node,
    plan: &Plan,
    (count, of): (usize, usize),
    facts: Facts<'_>,
) -> Finding {
    let samples = match (count, of) {
        (_, 1) => String::new(),
        (count, of) if count == of => format!(" in all {of} samples"),
        (count, of) => format!(" in {count} of {of} samples"),
    };
    let filter = match &node.filter {
        Some(filter) => format!(" for the rows where {filter}"),
        None => String::new(),
    };
    Finding {
        rule: "seq-scan",
        severity: Severity::Fail,
        message: format!(
            "a sequential scan reads {} ({} pages){samples}{filter}",
            table.name.within(&facts.survey.home),
            grouped(pages(table, facts)),
        ),
        help: scan_help(table, node, plan, facts),
    }
}

fn scan_help(table: &Table, node: &Node, plan: &Plan, facts: Facts<'_>) -> String {
    let owner = table.root_oid.unwrap_or(table.oid);
    let asked_for = |key: &&Coverage| {
        let columns = &key.foreign_key.columns;
        key.foreign_key.table_oid == owner && columns.iter().any(|c| compares(plan, node, &c.name))
    };
    let keys: Vec<&Coverage> = facts.survey.keys.iter().filter(asked_for).collect();
    if let Some(key) = keys.iter().find(|key| !key.verdict.is_covered()) {
        return build_help(facts.survey, &key.foreign_key);
    }
    if let Some(key) = keys.first() {
        return format!(
            "ANALYZE {};   -- {}, but the planner expects too many rows",
            table.name,
            key.verdict.reason()
        );
    }
    match &node.filter {
        Some(_) => format!(
            "CREATE INDEX ON {} (…);   -- on the columns that the filter compares",
            table.name
        ),
        None => "give the query a WHERE that an index serves, or a LIMIT: it asks for every row"
            .to_owned(),
    }
}

/// Whether any condition of the plan speaks of this column of the scanned table, as VERBOSE writes it: `alias.column`.
fn compares(plan: &Plan, scan: &Node, column: &str) -> bool {
    let Some(alias) = scan.alias.as_deref() else {
        return false;
    };
    let written = format!("{}.{}", quoted(alias), quoted(column));
    let nodes = plan.nodes();
    let mut conditions = nodes.iter().flat_map(|node| node.conditions());
    conditions.any(|condition| {
        condition
            .match_indices(&written)
            .any(|(at, found)| stands_alone(condition, at, at + found.len()))
    })
}

fn stands_alone(text: &str, start: usize, end: usize) -> bool {
    let part_of_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '"' | '.');
    !text[..start].ends_with(part_of_name) && !text[end..].starts_with(part_of_name)
}

/// The median keeps to the budget, and so, nearly always, does the 95th percentile (`over-budget`).
pub fn over_budget(
    query: &Query,
    figures: &Figures,
    budget: Duration,
    stopped: Option<Stopped>,
) -> Option<Finding> {
    let budget_ms = milliseconds(budget);
    let (severity, message) = if stopped == Some(Stopped::CutOff) {
        let seconds = STATEMENT_TIMEOUT.as_secs();
        let message = format!("it had not ended after {seconds} s; the budget is {budget_ms} ms");
        (Severity::Fail, message)
    } else if figures.p50_ms > budget_ms {
        let message = format!(
            "the median, {:.1} ms, is over the budget of {budget_ms} ms",
            figures.p50_ms
        );
        (Severity::Fail, message)
    } else if figures.p95_ms > budget_ms {
        let message = format!(
            "the 95th percentile, {:.1} ms, is over the budget of {budget_ms} ms",
            figures.p95_ms
        );
        (Severity::Warn, message)
    } else {
        return None;
    };
    Some(Finding {
        rule: "over-budget",
        severity,
        message,
        help: format!(
            "mend the other findings first; then `seedrow check --format json` shows the plan, and `-- budget: …` in {} allows more",
            query.path
        ),
    })
}

/// A duration in milliseconds.
pub fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
