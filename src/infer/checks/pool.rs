//! What is tried for a constraint that isn't understood: rows of candidates for its columns, which a server judges, and the
//! list that accepted ones become.

mod values;

pub use values::PoolColumn;

use std::collections::HashSet;

use values::constants;

/// The most rows that a server judges.
pub const MOST_ROWS: usize = 10_000;

/// The most entries of a list.
const MOST_ENTRIES: usize = 2_000;

/// Of a hundred rows, how many must be accepted.
const LEAST_PERCENT: usize = 1;

/// How many of a column's values every other row is drawn from.
const FIRST: usize = 16;

/// A row of candidates, a value for each column; `None` is NULL.
pub type Row = Vec<Option<String>>;

/// Values that a constraint accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    /// Columns whose values are the list's fields, in this order.
    pub columns: Vec<String>,
    /// Columns that are NULL in all entries.
    pub nulls: Vec<String>,
    /// The entries.
    pub entries: Vec<Vec<String>>,
    /// How many rows were tried.
    pub tried: usize,
    /// How many were accepted.
    pub accepted: usize,
}

/// Rows of what the columns' own makers make: when all are accepted, nothing else is needed.
pub fn made(columns: &[PoolColumn]) -> Vec<Row> {
    let count = columns.iter().map(|it| it.made.len()).min().unwrap_or(0);
    let row = |at: usize| columns.iter().map(|it| it.made[at].clone()).collect();
    (0..count).map(row).collect()
}

/// Rows to try, at most [`MOST_ROWS`], none twice: combinations of what the makers make, of the constants in the
/// constraint and of what the types have.
pub fn candidates(definition: &str, columns: &[PoolColumn]) -> Vec<Row> {
    let constants = constants(definition);
    let values: Vec<Vec<Option<String>>> = columns.iter().map(|it| it.values(&constants)).collect();
    if values.iter().any(Vec::is_empty) {
        return Vec::new();
    }
    let all = values
        .iter()
        .try_fold(1_usize, |all, them| all.checked_mul(them.len()));
    let mut seen = HashSet::new();
    let mut rows = Vec::new();
    let mut add = |row: Row| {
        if seen.insert(row.clone()) {
            rows.push(row);
        }
    };
    match all {
        Some(all) if all <= MOST_ROWS => {
            (0..all).for_each(|number| add(combination(&values, number)))
        }
        _ => (0..MOST_ROWS as u64).for_each(|number| add(drawn(&values, number))),
    }
    rows
}

/// The combination with a number, as digits of mixed radix.
fn combination(values: &[Vec<Option<String>>], mut number: usize) -> Row {
    let pick = |them: &Vec<Option<String>>| {
        let value = them[number % them.len()].clone();
        number /= them.len();
        value
    };
    values.iter().map(pick).collect()
}

/// A combination drawn for a number, the same every time. Every other one is of each column's first values alone, which
/// meet more often: `a + b = c` holds for some of those.
fn drawn(values: &[Vec<Option<String>>], number: u64) -> Row {
    let pick = |(column, them): (usize, &Vec<Option<String>>)| {
        let bytes = [number.to_le_bytes(), (column as u64).to_le_bytes()].concat();
        let draw = xxhash_rust::xxh3::xxh3_64(&bytes);
        let count = match number % 2 {
            0 => them.len(),
            _ => them.len().min(FIRST),
        };
        let at = usize::try_from(draw % count as u64).unwrap_or(0);
        them[at].clone()
    };
    values.iter().enumerate().map(pick).collect()
}

/// The pool that accepted rows make; `None` where too few are, or none without NULL in the same columns.
pub fn pool(columns: &[PoolColumn], rows: &[Row], accepted: &[bool]) -> Option<Pool> {
    let kept: Vec<&Row> = rows
        .iter()
        .zip(accepted)
        .filter(|(_, yes)| **yes)
        .map(|(row, _)| row)
        .collect();
    if kept.is_empty() || kept.len() * 100 < rows.len() * LEAST_PERCENT {
        return None;
    }
    let shape = best_shape(&kept)?;
    let in_shape = |row: &&&Row| {
        row.iter()
            .zip(&shape)
            .all(|(value, null)| value.is_none() == *null)
    };
    let entry = |row: &&Row| row.iter().flatten().cloned().collect::<Vec<String>>();
    let named = |null: bool| {
        let with = columns
            .iter()
            .zip(&shape)
            .filter(move |(_, is)| **is == null);
        with.map(|(column, _)| column.name.to_owned()).collect()
    };
    Some(Pool {
        columns: named(false),
        nulls: named(true),
        entries: kept
            .iter()
            .filter(in_shape)
            .map(entry)
            .take(MOST_ENTRIES)
            .collect(),
        tried: rows.len(),
        accepted: kept.len(),
    })
}

/// Which columns are NULL: as few as the accepted rows allow, and of those the most usual.
fn best_shape(rows: &[&Row]) -> Option<Vec<bool>> {
    let mut shapes: Vec<(Vec<bool>, usize)> = Vec::new();
    for row in rows {
        let shape: Vec<bool> = row.iter().map(Option::is_none).collect();
        match shapes.iter_mut().find(|(other, _)| *other == shape) {
            Some((_, count)) => *count += 1,
            None => shapes.push((shape, 1)),
        }
    }
    let nulls = |shape: &[bool]| shape.iter().filter(|it| **it).count();
    let best = shapes
        .into_iter()
        .min_by_key(|(shape, count)| (nulls(shape), usize::MAX - count));
    best.map(|(shape, _)| shape)
}

impl Pool {
    /// The list's text, a CSV file.
    pub fn text(&self) -> String {
        let field = |it: &String| format!("\"{}\"", it.replace('"', "\"\""));
        let line = |entry: &Vec<String>| entry.iter().map(field).collect::<Vec<_>>().join(",");
        let lines: Vec<String> = self.entries.iter().map(line).collect();
        lines.join("\n") + "\n"
    }

    /// What the comment beside its columns says.
    pub fn reason(&self, constraint: &str) -> String {
        let (accepted, tried) = (self.accepted, self.tried);
        format!("{constraint} accepts {accepted} of {tried} candidates: these")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::copy::{DataType, Scalar};
    use crate::infer::domain::Limits;

    fn column<'a>(name: &'a str, data_type: &'a DataType, not_null: bool) -> PoolColumn<'a> {
        PoolColumn {
            name,
            data_type,
            limits: Limits {
                not_null,
                ..Limits::default()
            },
            made: vec![Some("5".into()), Some("7".into())],
            only_made: false,
        }
    }

    #[test]
    fn constants_of_an_expression_and_of_its_arrays_are_found_once() {
        let found = constants(
            "CHECK (f(x, 'a b'::text, 12) AND (y = ANY ('{p,\"q\"}'::text[])) AND 'a b' <> z)",
        );
        assert_eq!(found, ["a b", "12", "{p,\"q\"}", "p", "q"]);
    }

    #[test]
    fn rows_are_at_most_ten_thousand_and_none_twice() {
        let integer = Scalar::Int4.into();
        let columns = [
            column("a", &integer, true),
            column("b", &integer, false),
            column("c", &integer, false),
        ];
        let rows = candidates("CHECK (f(a, b, c, 77))", &columns);
        assert!(
            rows.len() <= MOST_ROWS && rows.len() > 7_000,
            "{}",
            rows.len()
        );
        let distinct: HashSet<&Row> = rows.iter().collect();
        assert_eq!(distinct.len(), rows.len());
        assert!(rows.iter().all(|row| row[0].is_some()));
        assert!(
            rows.iter()
                .any(|row| row[1].is_none() && row[2].as_deref() == Some("77"))
        );
        assert_eq!(rows, candidates("CHECK (f(a, b, c, 77))", &columns));
    }

    #[test]
    fn accepted_rows_become_a_list_without_null() {
        let integer = Scalar::Int4.into();
        let columns = [column("a", &integer, true), column("b", &integer, false)];
        let text = |it: &str| Some(it.to_owned());
        let rows = vec![
            vec![text("1"), None],
            vec![text("1"), text("say \"x\" | y")],
            vec![text("2"), text("3")],
        ];
        let found = pool(&columns, &rows, &[true, true, false]).unwrap();
        assert_eq!(found.columns, ["a", "b"]);
        assert_eq!(found.text(), "\"1\",\"say \"\"x\"\" | y\"\n");
        assert_eq!(
            found.reason("t_check"),
            "t_check accepts 2 of 3 candidates: these"
        );
        let only_null = pool(&columns, &rows, &[true, false, false]).unwrap();
        assert_eq!(
            (only_null.columns, only_null.nulls),
            (vec!["a".to_owned()], vec!["b".to_owned()])
        );
    }

    #[test]
    fn fewer_than_one_in_a_hundred_are_no_pool() {
        let integer = Scalar::Int4.into();
        let columns = [column("a", &integer, true)];
        let rows: Vec<Row> = (0..1000).map(|it| vec![Some(it.to_string())]).collect();
        let accepts = |count: usize| {
            pool(
                &columns,
                &rows,
                &(0..1000).map(|it| it < count).collect::<Vec<_>>(),
            )
        };
        assert!(accepts(9).is_none());
        assert_eq!(accepts(10).unwrap().entries.len(), 10);
    }
}
