//! What differs between two plans of one read: its scans, its joins, its other nodes.

use std::collections::BTreeMap;

use super::change::{Difference, Direction};
use super::structure::{Access, Scanned, Structure};
use crate::check::SavedCheck;
use crate::postgres::explain::Plan;

/// What differs between the median executions' plans, and the nodes of both whose reads aren't known.
pub(super) fn plan_differences(
    before: &SavedCheck,
    after: &SavedCheck,
) -> (Vec<Difference>, Vec<String>) {
    let structure = |check: &SavedCheck| {
        let plan = Plan::of_statement(check.plan()?).ok()?;
        Some(Structure::of(&plan))
    };
    let (Some(before), Some(after)) = (structure(before), structure(after)) else {
        return (
            vec![Difference::changed("a plan can't be read")],
            Vec::new(),
        );
    };
    let mut differences = Vec::new();
    scans(&before.scans, &after.scans, &mut differences);
    for (tables, kind) in &after.joins {
        let earlier = before.joins.get(tables);
        let tables = tables.join(", ");
        match earlier {
            Some(earlier) if earlier != kind => differences.push(Difference::changed(format!(
                "{tables} are joined by a {kind}, and were by a {earlier}"
            ))),
            Some(_) => {}
            None => differences.push(Difference::changed(format!(
                "{tables} are joined first, by a {kind}"
            ))),
        }
    }
    for (node, count) in &after.others {
        let earlier = before.others.get(node).copied().unwrap_or(0);
        if *count > earlier {
            differences.push(Difference::changed(format!(
                "{} {node} more",
                count - earlier
            )));
        }
    }
    for (node, count) in &before.others {
        let later = after.others.get(node).copied().unwrap_or(0);
        if *count > later {
            differences.push(Difference::changed(format!(
                "{} {node} less",
                count - later
            )));
        }
    }
    let mut opaque = [before.opaque, after.opaque].concat();
    opaque.sort();
    opaque.dedup();
    (differences, opaque)
}

/// Compares how each table is read.
fn scans(
    before: &BTreeMap<Scanned, Vec<Access>>,
    after: &BTreeMap<Scanned, Vec<Access>>,
    differences: &mut Vec<Difference>,
) {
    for (table, now) in after {
        let Some(then) = before.get(table) else {
            differences.push(Difference::changed(format!("{table} is read")));
            continue;
        };
        if then == now {
            continue;
        }
        let whole = |accesses: &[Access]| accesses.iter().filter(|it| it.whole).count();
        let direction = match whole(now).cmp(&whole(then)) {
            std::cmp::Ordering::Greater => Direction::Worse,
            std::cmp::Ordering::Less => Direction::Better,
            std::cmp::Ordering::Equal => Direction::Changed,
        };
        let words = |accesses: &[Access]| {
            let mut words: Vec<String> = accesses.iter().map(ToString::to_string).collect();
            words.dedup();
            words.join(", ")
        };
        let (then_words, now_words) = (words(then), words(now));
        let message = match then_words == now_words {
            // The same index, asked for something else.
            true => {
                let condition = |accesses: &[Access]| {
                    accesses
                        .iter()
                        .map(|it| it.condition.as_str())
                        .collect::<Vec<_>>()
                        .join(", ")
                };
                format!(
                    "{table}: {now_words} for {}, and was for {}",
                    condition(now),
                    condition(then)
                )
            }
            false => format!("{table}: {then_words} → {now_words}"),
        };
        differences.push(Difference { direction, message });
    }
    for table in before.keys().filter(|table| !after.contains_key(table)) {
        differences.push(Difference::changed(format!("{table} isn't read any more")));
    }
}
