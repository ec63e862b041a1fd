//! A source's profile → what the makers of a model are told: how often a column is NULL, its distinct values, their shares and
//! order. Constraints win: a column that one decides keeps its maker, and takes what doesn't break it. Pure.

mod burst;
mod column;
mod enough;
mod keys;
mod kinds;
mod lists;
mod numbered;
mod numbers;
mod partitions;
mod references;
mod spreads;
mod together;

use super::columns::BY_DEFAULT;
use super::model::{Lessons, Model, ModelColumn, ModelTable};
use super::sizes;
use super::source::Source;
use crate::postgres::name::{quoted, quoted_list};
use crate::profile::{Profile, UnindexedKey};

pub use enough::number_of_values;

use column::ColumnRules;
use kinds::Role;

/// Gives every table that the profile knows its figures, and the makers that can follow them; not those whose rows weren't
/// accepted so.
pub fn apply(model: &mut Model, source: &Source, profile: &Profile, lessons: &Lessons) {
    model.unindexed = profile.unindexed.iter().map(shown).collect();
    let is_open = |it: &&mut ModelTable| !it.kept && !lessons.plain.contains(&it.name);
    for table in model.tables.iter_mut().filter(is_open) {
        let (Some(found), Some(known)) = (source.table(&table.name), profile.table(&table.name))
        else {
            continue;
        };
        let known = keys::with_partitions_keys(known, found, profile);
        let rules = ColumnRules {
            source: found,
            profile: &numbered::with_counts(&known, table, profile),
            all: profile,
        };
        apply_to_table(table, &rules);
        together::apply(table, &known);
        if let Some(rows @ 1..) = found.rows {
            sizes::without_list(table, rows);
        }
    }
    spreads::take_order(&mut model.tables);
}

/// As a waiver names it.
fn shown(key: &UnindexedKey) -> String {
    let columns: Vec<&str> = key.columns.iter().map(String::as_str).collect();
    format!("{}({})", quoted(&key.table), quoted_list(&columns))
}

fn apply_to_table(table: &mut ModelTable, rules: &ColumnRules) {
    add_defaulted(table, rules);
    let mut roles: Vec<Role> = table
        .columns
        .iter()
        .map(|column| rules.role(table, column))
        .collect();
    keep_what_others_name(&table.columns, &mut roles);
    for (place, role) in roles.into_iter().enumerate() {
        let column = &mut table.columns[place];
        let Some(profile) = rules.apply(column, &role) else {
            continue;
        };
        if profile.keys().next().is_some() {
            table.profile.columns.push((column.name.clone(), profile));
        }
    }
    drop_unused(table);
}

/// Columns that are left to their defaults are made where figures say how: a default gives all rows the same value, or the time
/// of the load.
fn add_defaulted(table: &mut ModelTable, rules: &ColumnRules) {
    let mut place = 0;
    for source in &rules.source.columns {
        if let Some(found) = table.columns.iter().position(|it| it.name == source.name) {
            place = found + 1;
            continue;
        }
        let is_defaulted =
            |(name, reason): &(String, String)| *name == source.name && reason == BY_DEFAULT;
        if !table.skipped.iter().any(is_defaulted) {
            continue;
        }
        if let Some(column) = rules.defaulted(table, source) {
            table.columns.insert(place, column);
            table.skipped.retain(|it| !is_defaulted(it));
            place += 1;
        }
    }
}

/// A column that the maker of another one names, one that stays, is made as it was, but for a time: what is made from that
/// follows it.
fn keep_what_others_name(columns: &[ModelColumn], roles: &mut [Role]) {
    for _ in 0..columns.len() {
        let is_named = |place: usize, roles: &[Role]| {
            let name = columns[place].name.as_str();
            let others = columns.iter().zip(roles);
            others
                .filter(|(other, role)| other.name != name && !role.is_replaced())
                .any(|(other, _)| other.maker.options.iter().any(|(_, it)| it.names(name)))
        };
        let named: Vec<usize> = (0..columns.len())
            .filter(|place| roles[*place].is_by_rank() && is_named(*place, roles))
            .collect();
        if named.is_empty() {
            return;
        }
        for place in named {
            roles[place] = Role::NullOnly;
        }
    }
}

/// Hidden columns and word lists that no maker names any more.
fn drop_unused(table: &mut ModelTable) {
    loop {
        let unused = table.columns.iter().position(|it| {
            let mut others = table.columns.iter().filter(|other| other.name != it.name);
            it.hidden && !others.any(|other| names(other, &it.name))
        });
        match unused {
            Some(place) => table.columns.remove(place),
            None => break,
        };
    }
    let columns = &table.columns;
    let is_used = |name: &str| columns.iter().any(|it| names(it, name));
    table.lists.retain(|it| is_used(it.name));
    table.pools.retain(|it| is_used(&it.name));
}

fn names(column: &ModelColumn, name: &str) -> bool {
    column.maker.options.iter().any(|(_, it)| it.names(name))
}
