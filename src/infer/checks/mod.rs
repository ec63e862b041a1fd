//! CHECK constraints and predicates of partial indexes, as Postgres prints them → limits of columns and relations between
//! them. Pure.
//!
//! The result is sufficient, not equal: rows within the limits that keep the relations satisfy the constraints, and it may
//! well be that others do, too. What isn't understood is handed back, with what may be tried in its place.

mod comparison;
mod comparisons;
mod constant;
mod counts;
mod formula;
mod limits;
mod moments;
pub mod nulls;
mod parse;
mod patterns;
pub mod pool;
mod predicates;
mod reader;
mod solve;
mod subject;
mod sums;
mod term;
#[cfg(test)]
mod tests;
mod truth;

use crate::copy::DataType;
use crate::infer::domain::{Limits, Relation};
use formula::{Demand, Formula};
use parse::Names;
use solve::{Solution, solve};

/// A constraint as the catalog has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Check<'a> {
    /// Its name.
    pub name: &'a str,
    /// What `pg_get_constraintdef` prints: `CHECK ((price > 0))`.
    pub definition: &'a str,
}

/// A column that constraints are about.
#[derive(Debug, Clone)]
pub struct CheckedColumn<'a> {
    /// Its name, unquoted; `value` for a domain's.
    pub name: &'a str,
    /// Its type.
    pub data_type: &'a DataType,
    /// Whether NULL is refused.
    pub not_null: bool,
    /// What else is known: its domain's limits.
    pub limits: Limits,
    /// Whether a foreign key gives its values: it may be NULL or not, but none of them can be chosen.
    pub is_key: bool,
}

/// What constraints ask for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CheckReading {
    /// By column, of those that are limited, in the order of the columns.
    pub limits: Vec<(String, Limits)>,
    /// Between columns.
    pub relations: Vec<Relation>,
    /// The constraints that the limits and relations may not be enough for.
    pub unread: Vec<UnreadCheck>,
}

/// A constraint that isn't understood, or of which a part isn't.
#[derive(Debug, Clone, PartialEq)]
pub struct UnreadCheck {
    /// Its name.
    pub name: String,
    /// Its definition.
    pub definition: String,
    /// What isn't understood.
    pub reason: String,
    /// The columns that it is about; empty where it couldn't be parsed.
    pub columns: Vec<String>,
    /// Limits that satisfy it at the price of columns that are always NULL.
    pub last_resort: Option<Vec<(String, Limits)>>,
}

/// What an index's predicate asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Predicate {
    /// Rows that are in the index.
    pub holds: Option<CheckReading>,
    /// Rows that aren't.
    pub fails: Option<CheckReading>,
}

/// Reads all CHECK constraints of a table together, so that what one asks for doesn't break another.
pub fn read_table(checks: &[Check], columns: &[CheckedColumn]) -> CheckReading {
    let names = Names(columns.iter().map(|it| (it.name, it.data_type)).collect());
    let mut reading = CheckReading::default();
    let mut formulas: Vec<(usize, Formula)> = Vec::new();
    for (place, check) in checks.iter().enumerate() {
        match parse::parse(check.definition, &names) {
            Ok(term) => {
                let (term, sums) = sums::taken_out(term, columns);
                reading.relations.extend(sums);
                let formula = truth::reader(columns).formula(&term, false, Demand::NotFalse);
                let (parts, reason) = understood(formula.simplified());
                formulas.extend(parts.into_iter().map(|part| (place, part)));
                if let Some(reason) = reason {
                    let named = term
                        .columns()
                        .into_iter()
                        .map(|it| columns[it].name.to_owned());
                    reading.unread.push(check.unread(reason, named.collect()));
                }
            }
            Err(reason) => reading.unread.push(check.unread(reason, Vec::new())),
        }
    }
    let solution = solved(&mut formulas, checks, columns, &mut reading.unread);
    reading.add(solution, columns);
    reading
}

/// Reads a domain's constraints: what VALUE may be.
pub fn read_domain(checks: &[Check], data_type: &DataType) -> (Limits, Vec<UnreadCheck>) {
    let value = CheckedColumn {
        name: "value",
        data_type,
        not_null: false,
        limits: Limits::default(),
        is_key: false,
    };
    let reading = read_table(checks, &[value]);
    let limits = reading.limits.into_iter().next().map(|(_, limits)| limits);
    (limits.unwrap_or_default(), reading.unread)
}

/// Reads the predicate of a partial index, as `pg_get_expr` prints it: what rows within it and outside it are.
pub fn read_predicate(predicate: &str, columns: &[CheckedColumn]) -> Predicate {
    let names = Names(columns.iter().map(|it| (it.name, it.data_type)).collect());
    let Ok(term) = parse::parse(predicate, &names) else {
        return Predicate {
            holds: None,
            fails: None,
        };
    };
    let reader = truth::reader(columns);
    let solved = |formula: Formula| {
        let (parts, reason) = understood(formula.simplified());
        let solution = solve(&parts, columns).ok().filter(|_| reason.is_none())?;
        let mut reading = CheckReading::default();
        reading.add(solution, columns);
        Some(reading)
    };
    Predicate {
        holds: solved(reader.formula(&term, false, Demand::True)),
        // A row is outside where the predicate is false or NULL: where its negation is true or NULL.
        fails: solved(reader.formula(&term, true, Demand::NotFalse)),
    }
}

/// Solves what can be met together; a constraint that can't be is handed back.
fn solved(
    formulas: &mut Vec<(usize, Formula)>,
    checks: &[Check],
    columns: &[CheckedColumn],
    unread: &mut Vec<UnreadCheck>,
) -> Solution {
    loop {
        let parts: Vec<Formula> = formulas.iter().map(|(_, part)| part.clone()).collect();
        match solve(&parts, columns) {
            Ok(solution) => return solution,
            Err(place) => {
                let (check, _) = formulas.remove(place);
                let named = parts[place]
                    .columns()
                    .into_iter()
                    .map(|it| columns[it].name.to_owned());
                let reason = "no row satisfies it together with the others".to_owned();
                unread.push(checks[check].unread(reason, named.collect()));
            }
        }
    }
}

/// The parts of a formula that are understood, each of which must hold, and why another isn't.
fn understood(formula: Formula) -> (Vec<Formula>, Option<String>) {
    let parts = match formula {
        Formula::All(parts) => parts,
        other => vec![other],
    };
    let mut kept = Vec::new();
    let mut reason = None;
    for part in parts {
        match without_unread(part) {
            Ok(part) => kept.push(part),
            Err(why) => reason = Some(why),
        }
    }
    (kept, reason)
}

/// A formula without alternatives that aren't understood, where others are left that don't ask for NULL.
fn without_unread(formula: Formula) -> Result<Formula, String> {
    match formula {
        Formula::Unread(reason) => Err(reason),
        Formula::All(parts) => {
            let parts: Result<Vec<Formula>, String> =
                parts.into_iter().map(without_unread).collect();
            Ok(Formula::All(parts?).simplified())
        }
        Formula::Any(parts) if parts.is_empty() => Ok(Formula::Any(parts)),
        Formula::Any(parts) => {
            let mut kept = Vec::new();
            let mut reason = None;
            for part in parts {
                match without_unread(part) {
                    Ok(part) => kept.push(part),
                    Err(why) => reason = Some(why),
                }
            }
            match reason {
                Some(reason) if kept.iter().all(asks_for_null) => Err(reason),
                _ => Ok(Formula::Any(kept).simplified()),
            }
        }
        other => Ok(other),
    }
}

/// Whether a formula holds only where some column is NULL.
fn asks_for_null(formula: &Formula) -> bool {
    match formula {
        Formula::All(parts) => parts.iter().any(asks_for_null),
        Formula::Any(parts) => parts.iter().all(asks_for_null),
        Formula::Test(test) => test.limits.is_none(),
        Formula::Pair(_) | Formula::Count(_) | Formula::Unread(_) => false,
    }
}

impl Check<'_> {
    fn unread(&self, reason: String, columns: Vec<String>) -> UnreadCheck {
        UnreadCheck {
            name: self.name.to_owned(),
            definition: self.definition.to_owned(),
            reason,
            columns,
            last_resort: None,
        }
    }
}

impl CheckReading {
    fn add(&mut self, solution: Solution, columns: &[CheckedColumn]) {
        for (column, limits) in columns.iter().zip(solution.limits) {
            if limits != solve::known(column) {
                self.limits.push((column.name.to_owned(), limits));
            }
        }
        self.relations.extend(solution.relations);
    }
}
