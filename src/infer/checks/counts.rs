//! How many columns aren't NULL: `num_nonnulls`, `num_nulls` and sums of truth values.

use super::formula::{Count, Demand, Formula};
use super::reader::Reader;
use super::term::{Op, Term};

/// Sums of more parts than this that aren't tests of NULL aren't taken apart: 2 to this power are tried.
const MOST_PARTS: usize = 8;

/// `num_nonnulls(a, b) = 1`, `(a IS NOT NULL)::integer + … = 1`; `None` where it isn't a count.
pub fn read(reader: &Reader, op: Op, a: &Term, b: &Term) -> Option<Formula> {
    let wanted = b.as_integer()?;
    if let Some((name @ ("num_nonnulls" | "num_nulls"), columns)) = a.as_call() {
        let columns: Option<Vec<usize>> = columns.iter().map(column).collect();
        return Some(count(columns?, name == "num_nonnulls", op, wanted));
    }
    let mut parts = Vec::new();
    let base = add_parts(a, &mut parts)?;
    if parts.is_empty()
        || (parts.len() == 1 && !matches!(a, Term::Call(name, _) if name == "integer"))
    {
        return None;
    }
    let wanted = wanted - base;
    let tests: Option<Vec<(usize, bool)>> =
        parts.iter().map(|(it, yes)| null_test(it, *yes)).collect();
    if let Some(tests) = tests {
        let columns = tests.iter().map(|(column, _)| *column).collect();
        if tests.iter().all(|(_, is_null)| !is_null) {
            return Some(count(columns, true, op, wanted));
        }
        if tests.iter().all(|(_, is_null)| *is_null) {
            return Some(count(columns, false, op, wanted));
        }
    }
    Some(taken_apart(reader, &parts, op, wanted))
}

fn column(term: &Term) -> Option<usize> {
    match term {
        Term::Column(column) => Some(*column),
        _ => None,
    }
}

/// The truth values of a sum, each with what it counts as 1, and the constants' sum.
fn add_parts<'t>(term: &'t Term, parts: &mut Vec<(&'t Term, bool)>) -> Option<i64> {
    match term {
        Term::Call(name, arguments) if name == "+" => {
            let [a, b] = arguments.as_slice() else {
                return None;
            };
            Some(add_parts(a, parts)? + add_parts(b, parts)?)
        }
        Term::Call(name, arguments) if name == "integer" => {
            let [truth] = arguments.as_slice() else {
                return None;
            };
            if !super::parse::is_truth(truth) && !matches!(truth, Term::Column(_)) {
                return None;
            }
            parts.push((truth, true));
            Some(0)
        }
        Term::Case(branches, otherwise) => {
            let [(condition, result)] = branches.as_slice() else {
                return None;
            };
            match (result.as_integer()?, otherwise.as_integer()?) {
                (1, 0) => parts.push((condition, true)),
                (0, 1) => parts.push((condition, false)),
                _ => return None,
            }
            Some(0)
        }
        other => other.as_integer(),
    }
}

/// A column and whether it counts where it is NULL.
fn null_test(term: &Term, yes: bool) -> Option<(usize, bool)> {
    match term {
        Term::Not(inner) => null_test(inner, !yes),
        Term::IsNull(inner) => Some((column(inner)?, yes)),
        _ => None,
    }
}

fn count(columns: Vec<usize>, non_null: bool, op: Op, wanted: i64) -> Formula {
    let all = columns.len();
    let fits = |it: usize| {
        let counted = if non_null { it } else { all - it };
        holds(op, i64::try_from(counted).unwrap_or(i64::MAX), wanted)
    };
    let ranges: Vec<usize> = (0..=all).filter(|it| fits(*it)).collect();
    let (Some(&least), Some(&most)) = (ranges.first(), ranges.last()) else {
        return Formula::FALSE;
    };
    if ranges.len() == most - least + 1 {
        return Formula::All(vec![Formula::Count(Count {
            columns,
            least,
            most,
        })])
        .simplified();
    }
    let each = |it: usize| {
        Formula::Count(Count {
            columns: columns.clone(),
            least: it,
            most: it,
        })
    };
    Formula::Any(ranges.into_iter().map(each).collect())
}

/// Whether a count fits.
fn holds(op: Op, counted: i64, wanted: i64) -> bool {
    match op {
        Op::Equal => counted == wanted,
        Op::NotEqual => counted != wanted,
        Op::Less => counted < wanted,
        Op::LessOrEqual => counted <= wanted,
        Op::Greater => counted > wanted,
        Op::GreaterOrEqual => counted >= wanted,
    }
}

/// Each choice of truth values that adds up.
fn taken_apart(reader: &Reader, parts: &[(&Term, bool)], op: Op, wanted: i64) -> Formula {
    if parts.len() > MOST_PARTS {
        return Formula::Unread("a sum of many truth values".into());
    }
    let choices = (0..1_u32 << parts.len()).filter(|it| holds(op, it.count_ones().into(), wanted));
    let choice = |bits: u32| {
        let part = |(place, (term, yes)): (usize, &(&Term, bool))| {
            let counts = bits >> place & 1 == 1;
            reader.formula(term, counts != *yes, Demand::True)
        };
        Formula::All(parts.iter().enumerate().map(part).collect())
    };
    Formula::Any(choices.map(choice).collect()).simplified()
}
