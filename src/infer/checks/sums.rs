//! `total = net + tax`, `amount = quantity * price`: a column that follows from others.

use super::CheckedColumn;
use super::term::{Op, Term};
use crate::infer::domain::Relation;

/// A constraint without the parts that say what a column is the sum or product of, and these.
pub fn taken_out(term: Term, columns: &[CheckedColumn]) -> (Term, Vec<Relation>) {
    let parts = match term {
        Term::And(parts) => parts,
        other => vec![other],
    };
    let (mut kept, mut sums) = (Vec::new(), Vec::new());
    for part in parts {
        match sum(&part, columns) {
            Some(relation) => sums.push(relation),
            None => kept.push(part),
        }
    }
    let rest = match kept.len() {
        1 => kept.remove(0),
        _ => Term::And(kept),
    };
    (rest, sums)
}

/// `column = formula`, in either order.
fn sum(term: &Term, columns: &[CheckedColumn]) -> Option<Relation> {
    let Term::Compare(Op::Equal, a, b) = term else {
        return None;
    };
    let (column, formula) = match (&**a, &**b) {
        (Term::Column(column), formula) | (formula, Term::Column(column)) => (*column, formula),
        _ => return None,
    };
    let (formula, decimals) = match formula.as_call() {
        Some(("round", [inner, places])) => {
            (inner, Some(u32::try_from(places.as_integer()?).ok()?))
        }
        _ => (formula, None),
    };
    let of = formula.columns();
    let is_number = |it: &usize| is_number(&columns[*it]);
    if !is_number(&column) || !of.iter().all(is_number) {
        return None;
    }
    let formula_text = written(formula, columns, false)?;
    // `a = b + 1` is a distance.
    let is_distance = of.len() < 2 && !formula_text.contains('*');
    if is_distance || of.contains(&column) || formula.as_call().is_none() || of.is_empty() {
        return None;
    }
    Some(Relation::Computed {
        column: columns[column].name.to_owned(),
        formula: formula_text,
        of: of.iter().map(|it| columns[*it].name.to_owned()).collect(),
        decimals,
    })
}

fn is_number(column: &CheckedColumn) -> bool {
    use crate::copy::Scalar::{Float4, Float8, Int2, Int4, Int8, Numeric};
    let scalar = column.data_type.base().scalar();
    scalar.is_some_and(|it| [Int2, Int4, Int8, Numeric, Float4, Float8].contains(&it))
}

/// A formula as the maker reads it; `None` where it has other functions than its own.
fn written(term: &Term, columns: &[CheckedColumn], is_factor: bool) -> Option<String> {
    let (name, arguments) = match term {
        Term::Column(column) => return Some(named(columns[*column].name)),
        Term::Constant(_) => {
            let text = term.as_text()?;
            let is_number = text.bytes().all(|it| it.is_ascii_digit() || it == b'.');
            return is_number.then(|| text.to_owned());
        }
        _ => term.as_call()?,
    };
    match (name, arguments) {
        ("coalesce", [inner @ Term::Column(_), otherwise])
            if otherwise.as_number() == Some(0.0) =>
        {
            written(inner, columns, is_factor)
        }
        ("+" | "-", [a, b]) => {
            // What is taken away as a whole is put in parentheses.
            let (a, b) = (
                written(a, columns, false)?,
                written(b, columns, name == "-")?,
            );
            let text = format!("{a} {name} {b}");
            Some(if is_factor { format!("({text})") } else { text })
        }
        ("*", [a, b]) => {
            let (a, b) = (written(a, columns, true)?, written(b, columns, true)?);
            Some(format!("{a} * {b}"))
        }
        _ => None,
    }
}

/// A column's name, in quotes where a formula needs them.
fn named(name: &str) -> String {
    let is_plain = name.chars().all(|it| it.is_alphanumeric() || it == '_');
    let is_number = name.starts_with(|it: char| it.is_ascii_digit());
    match is_plain && !is_number {
        true => name.to_owned(),
        false => format!("\"{name}\""),
    }
}
