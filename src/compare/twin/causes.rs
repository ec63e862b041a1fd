//! Why two plans of one read differ: the node where they part, and what the two planners know otherwise of what they read.

use serde_json::Value;

use super::columns::{ColumnComparison, TableComparison};
use super::nodes::q_error;
use crate::check::SavedCheck;
use crate::postgres::explain::{Node, Plan};
use crate::units::whole;

/// Rows expected of one table count as different from here on: the greater number by the smaller one.
const MISJUDGED: f64 = 1.5;
/// A read's far estimates and columns are named up to so many.
const NAMED: usize = 3;

/// What may explain that plans differ.
pub(super) struct Causes<'a> {
    /// The tables of both.
    pub tables: &'a [TableComparison],
    /// Their columns.
    pub columns: &'a [ColumnComparison<'a>],
    /// The settings that differ: name, source, twin.
    pub settings: &'a [(String, String, String)],
}

impl Causes<'_> {
    /// Of one read, a sentence each: the nodes that differ first, then estimates, sizes, statistics, settings.
    pub(super) fn of(&self, source: &SavedCheck, twin: &SavedCheck) -> Vec<String> {
        let plan = |check: &SavedCheck| Plan::of_statement(check.plan()?).ok();
        let (Some(source), Some(twin)) = (plan(source), plan(twin)) else {
            return Vec::new();
        };
        let mut causes: Vec<String> = parting(&source, &twin).into_iter().collect();
        let mut known: Vec<String> = estimates(&source, &twin).into_iter().collect();
        known.extend(self.sizes(&source));
        known.extend(self.statistics(&source));
        known.extend(self.settings());
        if known.is_empty() {
            known.push(format!(
                "estimates, statistics and settings are alike; the plans cost {} and {}",
                cost(&source),
                cost(&twin)
            ));
        }
        causes.extend(known);
        causes
    }

    fn sizes(&self, plan: &Plan) -> Option<String> {
        let tables = self.tables.iter().filter(|it| reads(plan, &it.table));
        let far = tables.filter(|it| !it.is_close()).map(|it| {
            format!(
                "{}: {} → {} pages",
                it.table,
                whole(it.pages.0),
                whole(it.pages.1)
            )
        });
        listed("tables of another size", far)
    }

    fn statistics(&self, plan: &Plan) -> Option<String> {
        let compared = compared(plan.statement());
        let is_compared = |column: &str| compared.iter().any(|it| it.contains(column));
        let columns = self
            .columns
            .iter()
            .filter(|it| !it.is_close() && reads(plan, &it.table) && is_compared(it.column));
        let far = columns.map(|column| {
            let figures = column.figures.iter().filter(|it| !it.is_close);
            let names: Vec<&str> = figures.map(|it| it.name.name()).collect();
            format!("{}.{} ({})", column.table, column.column, names.join(", "))
        });
        listed("other statistics", far)
    }

    fn settings(&self) -> Option<String> {
        let settings = self.settings.iter();
        listed(
            "other settings",
            settings.map(|(name, source, twin)| format!("{name} {source} → {twin}")),
        )
    }
}

/// `what: a, b, c and 4 more`; none without items.
fn listed(what: &str, items: impl Iterator<Item = String>) -> Option<String> {
    let items: Vec<String> = items.collect();
    let (named, rest) = items.split_at(items.len().min(NAMED));
    let more = match rest.len() {
        0 => String::new(),
        count => format!(" and {count} more"),
    };
    (!named.is_empty()).then(|| format!("{what}: {}{more}", named.join(", ")))
}

/// The first nodes, from the top, that differ.
fn parting(source: &Plan, twin: &Plan) -> Option<String> {
    let (source, twin) = (source.nodes(), twin.nodes());
    let pairs = source.iter().zip(&twin);
    let mut parting = pairs.filter(|(a, b)| described(a) != described(b));
    parting.next().map(|(a, b)| {
        format!(
            "the plans part at {} ({} rows expected) and {} ({})",
            described(a),
            whole(a.plan_rows),
            described(b),
            whole(b.plan_rows)
        )
    })
}

/// Its kind, its index and what it reads.
fn described(node: &Node) -> String {
    let index = node.index.as_ref().map(|it| format!(" by {it}"));
    let alias = node.alias.as_ref().map(|it| format!(" on {it}"));
    format!(
        "{}{}{}",
        node.label(),
        index.unwrap_or_default(),
        alias.unwrap_or_default()
    )
}

/// The tables of which both plans read all matching rows at once, and expect other numbers of them; the furthest apart first.
fn estimates(source: &Plan, twin: &Plan) -> Option<String> {
    let twins = twin.nodes();
    let mut far: Vec<(f64, String)> = Vec::new();
    for node in source.nodes() {
        let is_same = |it: &&&Node| it.relation == node.relation && it.alias == node.alias;
        let Some(other) = twins.iter().find(is_same) else {
            continue;
        };
        let apart = q_error(node.plan_rows, other.plan_rows);
        if node.relation.is_some() && node.label() == other.label() && apart >= MISJUDGED {
            let alias = node.alias.as_deref().unwrap_or_default();
            let (a, b) = (whole(node.plan_rows), whole(other.plan_rows));
            far.push((apart, format!("{alias} {a} → {b}")));
        }
    }
    far.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    listed("other estimates of rows", far.into_iter().map(|it| it.1))
}

/// Whether a plan reads the table, named with its schema.
fn reads(plan: &Plan, table: &str) -> bool {
    plan.nodes().iter().any(|node| {
        let schema = node.schema.as_deref().unwrap_or_default();
        let relation = node.relation.as_deref().unwrap_or_default();
        table
            .strip_prefix(schema)
            .and_then(|rest| rest.strip_prefix('.'))
            == Some(relation)
    })
}

/// The conditions and keys of all nodes.
fn compared(plan: &Value) -> Vec<&str> {
    let mut texts = Vec::new();
    match plan {
        Value::Object(fields) => {
            for (name, value) in fields {
                let is_key = ["Cond", "Filter", "Key"]
                    .iter()
                    .any(|it| name.ends_with(it));
                match value {
                    Value::String(text) if is_key => texts.push(text.as_str()),
                    Value::Array(keys) if is_key => {
                        texts.extend(keys.iter().filter_map(Value::as_str));
                    }
                    value => texts.extend(compared(value)),
                }
            }
        }
        Value::Array(items) => texts.extend(items.iter().flat_map(compared)),
        _ => {}
    }
    texts
}

/// As EXPLAIN prints it.
fn cost(plan: &Plan) -> String {
    let cost = &plan.statement()["Plan"]["Total Cost"];
    cost.as_f64()
        .map_or_else(|| "unknown".to_owned(), |cost| format!("{cost:.2}"))
}
