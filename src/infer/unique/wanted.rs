//! Unique indexes as sets of columns.

use crate::infer::domain::Case;
use crate::infer::keys::{KeyPlan, KeyRole};
use crate::infer::model::Doubt;
use crate::infer::source::{KeyPart, SourceTable, UniqueSet, columns_in};

/// A set that the table's rows must not repeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedSet {
    /// The index.
    pub name: String,
    /// Its columns, those within expressions too, without repeats.
    pub columns: Vec<String>,
    /// Texts whose case doesn't count.
    pub cases: Vec<(String, Case)>,
    /// Moments of which the day alone counts.
    pub days: Vec<String>,
    /// Columns whose NULLs would be the same as another value.
    pub never_null: Vec<String>,
    /// The condition of a partial index.
    pub predicate: Option<String>,
}

/// The sets that rows could break, and those that nothing is known of.
pub fn wanted(table: &SourceTable, keys: &KeyPlan) -> (Vec<WantedSet>, Vec<Doubt>) {
    let (mut sets, mut doubts) = (Vec::new(), Vec::new());
    for set in &table.uniques {
        match read(table, set) {
            Some(read) if read.is_empty_of(table, keys, set.nulls_not_distinct) => {}
            Some(read) => sets.push(read),
            None => doubts.push(Doubt {
                table: table.name.clone(),
                constraint: set.name.clone(),
                definition: format!("UNIQUE ({})", shown(set)),
            }),
        }
    }
    (sets, doubts)
}

fn shown(set: &UniqueSet) -> String {
    let part = |part: &KeyPart| match part {
        KeyPart::Column(text) | KeyPart::Expression(text) => text.clone(),
    };
    set.parts.iter().map(part).collect::<Vec<_>>().join(", ")
}

fn read(table: &SourceTable, set: &UniqueSet) -> Option<WantedSet> {
    let mut wanted = WantedSet {
        name: set.name.clone(),
        columns: Vec::new(),
        cases: Vec::new(),
        days: Vec::new(),
        never_null: Vec::new(),
        predicate: set.predicate.clone(),
    };
    for part in &set.parts {
        let column = match part {
            KeyPart::Column(name) => name.clone(),
            KeyPart::Expression(text) => {
                let named = columns_in(table, text);
                let [column] = named.as_slice() else {
                    return None;
                };
                match function(text) {
                    _ if is_day(text) => wanted.days.push(column.clone()),
                    "lower" => wanted.cases.push((column.clone(), Case::Lower)),
                    "upper" => wanted.cases.push((column.clone(), Case::Upper)),
                    "COALESCE" => wanted.never_null.push(column.clone()),
                    "md5" | "sha256" | "digest" | "btrim" | "encode" | "" => {}
                    // A function of a schema's own: texts that differ in a number most likely stay different.
                    _ => wanted.cases.push((column.clone(), Case::Lower)),
                }
                column.clone()
            }
        };
        if set.nulls_not_distinct {
            wanted.never_null.push(column.clone());
        }
        if !wanted.columns.contains(&column) {
            wanted.columns.push(column);
        }
    }
    Some(wanted)
}

/// Whether an expression is the day of a moment: `(at)::date`, `date(at)`, `date_trunc('day'::text, at)`.
fn is_day(expression: &str) -> bool {
    let text = expression.to_ascii_lowercase();
    let is_cut = function(&text) == "date_trunc" && text.contains("'day'");
    is_cut || function(&text) == "date" || text.trim_end_matches(')').ends_with("::date")
}

/// The function that an expression calls first.
fn function(expression: &str) -> &str {
    let plain = expression.trim_start_matches('(');
    let end = plain.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    match end {
        Some(end) if plain[end..].starts_with('(') => &plain[..end],
        _ => "",
    }
}

impl WantedSet {
    /// Columns without a condition.
    pub fn of(name: &str, columns: Vec<String>) -> WantedSet {
        WantedSet {
            name: name.to_owned(),
            columns,
            cases: Vec::new(),
            days: Vec::new(),
            never_null: Vec::new(),
            predicate: None,
        }
    }

    /// Whether a column of it is always NULL, so that no two rows are the same.
    fn is_empty_of(&self, table: &SourceTable, keys: &KeyPlan, nulls_not_distinct: bool) -> bool {
        !nulls_not_distinct
            && self.columns.iter().any(|column| {
                let role = keys.role(&table.name, column);
                matches!(role, Some(KeyRole::Null { .. })) && !self.never_null.contains(column)
            })
    }
}
