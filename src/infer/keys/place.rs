//! One table's keys, each given the columns that it needs.

use std::collections::{BTreeMap, BTreeSet};

use super::{KeyPlan, KeyRefusal, KeyRole, Reference, partner};
use crate::infer::source::{Source, SourceKey, SourceTable};
use crate::postgres::name::quoted_list;

/// A chain of keys that imply each other is followed this far.
const DEEPEST: usize = 6;

/// Plans with what is known to be impossible.
pub struct Planner<'a> {
    /// The tables.
    pub source: &'a Source,
    /// The tables that can't be filled.
    pub out: &'a BTreeSet<String>,
    /// The columns that are NULL, with the reason.
    pub nulls: &'a BTreeMap<(String, String), String>,
}

impl Planner<'_> {
    /// Every table that isn't out.
    pub fn run(&self) -> KeyPlan {
        let mut plan = KeyPlan::default();
        for table in &self.source.tables {
            if !self.out.contains(&table.name) && table.kept.is_none() {
                self.table(table, &mut plan);
            }
        }
        plan
    }

    fn table(&self, table: &SourceTable, plan: &mut KeyPlan) {
        for ((_, column), reason) in self
            .nulls
            .iter()
            .filter(|((name, _), _)| *name == table.name)
        {
            let reason = reason.clone();
            plan.set(&table.name, column, KeyRole::Null { reason });
        }
        let is_null = |key: &&SourceKey| {
            let mut columns = key.columns.iter();
            !columns.any(|column| plan.role(&table.name, column).is_some())
        };
        let keys: Vec<&SourceKey> = table.foreign_keys.iter().filter(is_null).collect();
        let mut usable = Vec::new();
        for key in keys {
            match self.reachable(key) {
                Ok(()) if is_trivial(table, key) => {}
                Ok(()) => usable.push(key),
                Err((reason, advice)) => give_up(table, key, plan, reason, advice),
            }
        }
        for key in self.in_order(table, &usable) {
            self.place(table, key, plan);
        }
    }

    /// Whether the other table has rows to refer to.
    fn reachable(&self, key: &SourceKey) -> Result<(), (String, String)> {
        let shown = &key.table_shown;
        match &key.table {
            None if shown.contains('.') => Err((
                format!(
                    "it refers to {shown}, a table of another schema that holds no rows, or that can't be read"
                ),
                format!(
                    "fill {shown} first, then run `seedrow init` again: it refers to the rows that are there"
                ),
            )),
            None => Err((
                format!("it refers to {shown}, which is not among these tables"),
                format!("have {shown} among the tables, or let a column of the key take NULL"),
            )),
            Some(other) if self.out.contains(other) => Err((
                format!("it refers to {shown}, which can't be filled"),
                format!("see {shown}"),
            )),
            Some(_) => Ok(()),
        }
    }

    /// The keys that need columns: those that no other one implies, and before them the ones on what several share.
    fn in_order<'k>(&self, table: &SourceTable, keys: &[&'k SourceKey]) -> Vec<&'k SourceKey> {
        let is_implied = |index: usize| {
            let mut others = keys.iter().enumerate().filter(|(other, _)| *other != index);
            others.any(|(other, it)| {
                // A key to the own table would have a row's values follow from other rows' without an end.
                let is_own = it.table.as_deref() == Some(&table.name);
                let both = self.implies(keys[index], it, 0);
                !is_own && self.implies(it, keys[index], 0) && (!both || other < index)
            })
        };
        let (implied, maximal): (Vec<usize>, Vec<usize>) =
            (0..keys.len()).partition(|&index| is_implied(index));
        let uses = |column: &String| {
            let holding = maximal
                .iter()
                .filter(|&&it| keys[it].columns.contains(column));
            holding.count()
        };
        let is_shared = |index: &usize| keys[*index].columns.iter().all(|it| uses(it) > 1);
        let anchors = implied.into_iter().filter(is_shared);
        let mut order: Vec<&SourceKey> = anchors
            .chain(maximal.iter().copied())
            .map(|it| keys[it])
            .collect();
        order.sort_by_key(|key| (key.columns.len(), &key.columns, &key.name));
        order
    }

    /// Whether rows that satisfy one key satisfy another one, too.
    fn implies(&self, key: &SourceKey, other: &SourceKey, depth: usize) -> bool {
        let Some(mapped) = other
            .columns
            .iter()
            .map(|column| partner(key, column).map(str::to_owned))
            .collect::<Option<Vec<String>>>()
        else {
            return false;
        };
        if key.table == other.table && mapped == other.referenced {
            return true;
        }
        let Some(table) = key.table.as_deref().and_then(|it| self.source.table(it)) else {
            return false;
        };
        let virtual_key = SourceKey {
            columns: mapped,
            ..other.clone()
        };
        depth < DEEPEST
            && table
                .foreign_keys
                .iter()
                .filter(|next| next.table.as_deref() != Some(&table.name))
                .any(|next| self.implies(next, &virtual_key, depth + 1))
    }

    /// Gives a key its columns: a reference and copies; those that are taken are agreed with.
    fn place(&self, table: &SourceTable, key: &SourceKey, plan: &mut KeyPlan) {
        let Some(other) = key.table.as_deref() else {
            return;
        };
        let is_free = |column: &&String| plan.role(&table.name, column).is_none();
        let (free, taken): (Vec<&String>, Vec<&String>) = key.columns.iter().partition(is_free);
        let Some(picking) = self.picking(other, key, &free) else {
            let reason = format!(
                "another key fills {} already, and no row can be sure to satisfy both",
                quoted_list(&key.columns)
            );
            let advice = "write the column's maker by hand".to_owned();
            give_up(table, key, plan, reason, advice);
            return;
        };
        let pair = |column: &String| {
            let other = partner(key, column).unwrap_or_default();
            (column.clone(), other.to_owned())
        };
        for column in &free {
            let (_, referenced) = pair(column);
            plan.referenced
                .insert((other.to_owned(), referenced.clone()));
            let role = if *column == picking {
                KeyRole::Reference(Reference {
                    key: key.name.clone(),
                    table: other.to_owned(),
                    column: referenced,
                    same: taken.iter().map(|column| pair(column)).collect(),
                    spread: false,
                    columns: key.columns.len(),
                    nullable: free.iter().all(|column| takes_null(table, column)),
                })
            } else {
                KeyRole::Copy {
                    by: picking.clone(),
                    column: referenced,
                    key: key.name.clone(),
                    table: other.to_owned(),
                }
            };
            plan.set(&table.name, column, role);
        }
        for column in &taken {
            plan.referenced.insert((other.to_owned(), pair(column).1));
        }
    }

    /// The column that picks the row: one whose partner is its table's own, rather than a key to a third table.
    fn picking<'c>(&self, other: &str, key: &SourceKey, free: &[&'c String]) -> Option<&'c String> {
        let table = self.source.table(other)?;
        let is_own = |column: &&&String| {
            let referenced = partner(key, column);
            let mut keys = table.foreign_keys.iter();
            !keys.any(|it| {
                it.columns
                    .iter()
                    .any(|name| Some(name.as_str()) == referenced)
            })
        };
        let own = free.iter().rev().find(is_own);
        own.or(free.last()).copied()
    }
}

/// Whether a key refers to the very columns that it is made of: every row satisfies it.
fn is_trivial(table: &SourceTable, key: &SourceKey) -> bool {
    key.table.as_deref() == Some(&table.name) && key.columns == key.referenced
}

fn takes_null(table: &SourceTable, column: &str) -> bool {
    table.column(column).is_some_and(|it| !it.not_null)
}

/// Makes a column of the key NULL, so that the key asks for nothing; refuses the table where none takes NULL.
pub fn give_up(
    table: &SourceTable,
    key: &SourceKey,
    plan: &mut KeyPlan,
    reason: String,
    advice: String,
) {
    let alone = |column: &&String| {
        let holding = table
            .foreign_keys
            .iter()
            .filter(|it| it.columns.contains(column));
        holding.count() == 1
    };
    let nullable: Vec<&String> = key
        .columns
        .iter()
        .filter(|it| takes_null(table, it))
        .collect();
    match nullable
        .iter()
        .copied()
        .find(alone)
        .or(nullable.last().copied())
    {
        Some(column) => plan.set(&table.name, column, KeyRole::Null { reason }),
        None => plan.refuse(
            &table.name,
            KeyRefusal {
                constraint: format!("foreign key {}", key.name),
                reason,
                advice,
            },
        ),
    }
}
