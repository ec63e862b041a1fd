//! What tables' keys ask of each other: the order that makes rows agree, and no value that depends on itself.

use std::collections::BTreeSet;

use super::place::give_up;
use super::{KeyPlan, KeyRole, Reference};
use crate::infer::source::{Source, SourceKey, SourceTable};
use crate::postgres::name::quoted_list;

/// Columns that agree by way of others are followed this far.
const DEEPEST: usize = 12;

/// Asks for `spread` where rows must agree, and drops keys that can't be satisfied.
pub fn settle(source: &Source, plan: &mut KeyPlan) {
    for (table, column) in plan.roles.keys().cloned().collect::<Vec<_>>() {
        let Some(KeyRole::Reference(reference)) = plan.role(&table, &column).cloned() else {
            continue;
        };
        let Some(spec) = source.table(&table) else {
            continue;
        };
        match ensure_agrees(plan, &table, &reference) {
            Ok(spread) => {
                for place in spread {
                    if let Some(KeyRole::Reference(it)) = plan.roles.get_mut(&place) {
                        it.spread = true;
                    }
                }
            }
            Err(reason) => abandon(spec, &reference.key, plan, reason),
        }
    }
    for (table, column) in plan.roles.keys().cloned().collect::<Vec<_>>() {
        if depends_on_itself(plan, &table, &column)
            && let Some(spec) = source.table(&table)
            && let Some(key) = key_of(plan, &table, &column)
        {
            let reason = format!(
                "{} takes its value from keys that lead back to it",
                quoted_list(&[&column])
            );
            abandon(spec, &key, plan, reason);
            // One of a circle is enough.
            return;
        }
    }
}

/// The key that gives a column its value.
fn key_of(plan: &KeyPlan, table: &str, column: &str) -> Option<String> {
    match plan.role(table, column)? {
        KeyRole::Reference(reference) => Some(reference.key.clone()),
        KeyRole::Copy { key, .. } => Some(key.clone()),
        KeyRole::Null { .. } => None,
    }
}

fn abandon(table: &SourceTable, name: &str, plan: &mut KeyPlan, reason: String) {
    let is_its = |key: &&SourceKey| key.name == name;
    if let Some(key) = table.foreign_keys.iter().find(is_its) {
        let places = key
            .columns
            .iter()
            .map(|it| (table.name.clone(), it.clone()));
        for place in places {
            let is_of_key = match plan.roles.get(&place) {
                Some(KeyRole::Reference(it)) => it.key == key.name,
                Some(KeyRole::Copy { key: of, .. }) => *of == key.name,
                _ => false,
            };
            if is_of_key {
                plan.roles.remove(&place);
            }
        }
        let advice = "write the columns' makers by hand".to_owned();
        give_up(table, key, plan, reason, advice);
    }
}

/// The references that must lie in their parents' order so that this one finds a row that agrees.
fn ensure_agrees(
    plan: &KeyPlan,
    table: &str,
    reference: &Reference,
) -> Result<Vec<(String, String)>, String> {
    let mut spread = Vec::new();
    for (own, other) in &reference.same {
        let mut path = Vec::new();
        let own_anchor = anchor(plan, table, own, &mut Vec::new());
        let other_anchor = anchor(plan, &reference.table, other, &mut path);
        let agrees_itself = |place: &(String, String)| match plan.roles.get(place) {
            Some(KeyRole::Reference(it)) => !it.same.is_empty() || it.table == place.0,
            _ => false,
        };
        if own_anchor.is_none() || own_anchor != other_anchor || path.iter().any(agrees_itself) {
            return Err(format!(
                "it shares {} with another key, and rows of {} that agree in it can't be found without reading them",
                quoted_list(&[own]),
                quoted_list(&[&reference.table])
            ));
        }
        spread.extend(path);
    }
    Ok(spread)
}

/// The table whose rows a column refers to: the one it refers to, also by way of a copy. `path` receives the references on
/// the way.
fn anchor(
    plan: &KeyPlan,
    table: &str,
    column: &str,
    path: &mut Vec<(String, String)>,
) -> Option<(String, String)> {
    let (mut table, mut column) = (table.to_owned(), column.to_owned());
    for _ in 0..DEEPEST {
        match plan.role(&table, &column)? {
            KeyRole::Reference(reference) => {
                path.push((table, column));
                return Some((reference.table.clone(), reference.column.clone()));
            }
            KeyRole::Copy {
                by,
                column: copied,
                table: other,
                ..
            } => {
                path.push((table, by.clone()));
                (table, column) = (other.clone(), copied.clone());
            }
            KeyRole::Null { .. } => return None,
        }
    }
    None
}

/// Whether a column's value leads back to itself: A's id is B's, and B's is A's.
fn depends_on_itself(plan: &KeyPlan, table: &str, column: &str) -> bool {
    let mut seen = BTreeSet::new();
    let (mut table, mut column) = (table.to_owned(), column.to_owned());
    while seen.insert((table.clone(), column.clone())) {
        (table, column) = match plan.role(&table, &column) {
            Some(KeyRole::Reference(it)) => (it.table.clone(), it.column.clone()),
            Some(KeyRole::Copy {
                column,
                table: other,
                ..
            }) => (other.clone(), column.clone()),
            Some(KeyRole::Null { .. }) | None => return false,
        };
    }
    true
}
