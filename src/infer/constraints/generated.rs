//! Generated columns: what they are computed from is kept small enough that the result fits its type.

use crate::copy::Scalar;
use crate::infer::domain::{Bound, Limits};
use crate::infer::source::{SourceColumn, SourceTable};
use crate::infer::types;
use crate::postgres::catalog::ColumnDefault;

/// A plain `numeric` takes any result.
const MOST_DIGITS: i32 = 18;

/// The greatest value of each number that a table's generated columns are computed from: a product of all of them fits then,
/// and a sum as well.
pub fn read(table: &SourceTable) -> Vec<(String, Limits)> {
    let mut limits = Vec::new();
    for column in &table.columns {
        let (ColumnDefault::Generated(expression), Some(greatest)) =
            (&column.default, greatest(column))
        else {
            continue;
        };
        let words = words(expression);
        let uses = |it: &SourceColumn| words.iter().filter(|word| **word == it.name).count();
        let operands = table.columns.iter().filter(|it| is_number(it));
        let operands: Vec<&SourceColumn> = operands.filter(|it| uses(it) > 0).collect();
        let count: usize = operands.iter().map(|it| uses(it)).sum();
        if count == 0 {
            continue;
        }
        let each = libm::floor(libm::pow(greatest, 1.0 / count as f64) + 1e-9).max(1.0);
        limits.extend(operands.iter().map(|it| (it.name.clone(), below(each))));
    }
    limits
}

/// Whether a generated number that can overflow is computed from a column.
pub fn is_operand(table: &SourceTable, name: &str) -> bool {
    read(table).iter().any(|(column, _)| column == name)
}

fn below(greatest: f64) -> Limits {
    Limits {
        max: Some(Bound {
            value: greatest.to_string(),
            inclusive: true,
        }),
        ..Limits::default()
    }
}

fn is_number(column: &SourceColumn) -> bool {
    let scalar = column.data_type.scalar();
    let whole = [Scalar::Int2, Scalar::Int4, Scalar::Int8];
    scalar.is_some_and(|it| it == Scalar::Numeric || whole.contains(&it))
}

/// The greatest whole number that a generated number can be; `None` where that is no limit.
fn greatest(column: &SourceColumn) -> Option<f64> {
    match column.data_type.scalar()? {
        scalar @ (Scalar::Int2 | Scalar::Int4) => Some(types::greatest(scalar) as f64),
        Scalar::Numeric => {
            let (precision, scale) = types::precision(column.data_type.base().modifier)?;
            let digits = precision - scale;
            (0..=MOST_DIGITS)
                .contains(&digits)
                .then(|| (libm::pow(10.0, digits.into()) - 1.0).max(1.0))
        }
        _ => None,
    }
}

/// The names in an expression, as Postgres writes it, among its other words.
fn words(expression: &str) -> Vec<&str> {
    let is_within = |it: char| it.is_alphanumeric() || it == '_' || it == '$';
    expression
        .split('"')
        .enumerate()
        .flat_map(|(place, part)| match place % 2 {
            1 => vec![part],
            _ => part.split(|it| !is_within(it)).collect(),
        })
        .filter(|it| !it.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_bare_and_quoted() {
        assert_eq!(
            words(r#"((rental_duration)::numeric * "Rate of it")"#),
            ["rental_duration", "numeric", "Rate of it"]
        );
    }
}
