//! What can only be judged when a table's columns are all known: siblings' kinds, circles, names that collide.

use anyhow::{Result, bail};

use crate::dataset::calendar::{DAY, LAST_DAY};
use crate::dataset::document::Document;
use crate::dataset::spec::{ColumnSpec, Kind, Maker, TableSpec};
use crate::dataset::templates::columns_of;

/// Rejects a table whose columns cannot be generated, naming the column and its line; `earlier` are the tables before it.
pub fn ensure_sound(table: &TableSpec, earlier: &[TableSpec], document: Document) -> Result<()> {
    for index in 0..table.columns.len() {
        ensure_no_circle(table, index, document)?;
    }
    for column in &table.columns {
        let fail = |message: String| {
            document.error(
                column.line,
                format!(
                    "table `{}`, column `{}`: {message}",
                    table.name, column.name
                ),
            )
        };
        ensure_siblings_fit(table, column).map_err(fail)?;
        ensure_siblings_not_null(table, column).map_err(fail)?;
        ensure_in_bounds(table, column, earlier).map_err(fail)?;
    }
    if table.file.is_some() && table.written().next().is_none() {
        bail!(document.error(
            table.line,
            format!("table `{}` has no column that is written", table.name)
        ));
    }
    ensure_lines_not_blank(table, document)?;
    ensure_distinct_columns(table, document)
}

/// A record of one NULL would be a blank line, which readers of CSV pass over.
fn ensure_lines_not_blank(table: &TableSpec, document: Document) -> Result<()> {
    match table.written().collect::<Vec<_>>().as_slice() {
        [only] if !only.null.is_never() => {
            let message = format!(
                "table `{}`, column `{}`: the only column cannot be NULL, its line would be blank; take `null` away or \
                 write another column",
                table.name, only.name
            );
            bail!(document.error(only.line, message))
        }
        _ => Ok(()),
    }
}

/// The columns whose values a maker needs.
fn siblings(column: &ColumnSpec) -> Vec<usize> {
    let mut needed = Vec::new();
    match &column.maker {
        Maker::Below { column, .. } | Maker::After { column, .. } | Maker::Field { column, .. } => {
            needed.push(*column)
        }
        Maker::Phrase(phrase) => columns_of(phrase, &mut |column| needed.push(column)),
        _ => {}
    }
    needed
}

fn ensure_no_circle(table: &TableSpec, start: usize, document: Document) -> Result<()> {
    let mut seen = vec![false; table.columns.len()];
    let mut open = siblings(&table.columns[start]);
    while let Some(next) = open.pop() {
        let column = &table.columns[start];
        if next == start {
            let message = format!(
                "table `{}`, column `{}`: its value depends on itself (in a template, a column comes before a list of the \
                 same name)",
                table.name, column.name
            );
            bail!(document.error(column.line, message));
        }
        if !std::mem::replace(&mut seen[next], true) {
            open.extend(siblings(&table.columns[next]));
        }
    }
    Ok(())
}

fn ensure_siblings_fit(table: &TableSpec, column: &ColumnSpec) -> Result<(), String> {
    let name = |index: usize| &table.columns[index].name;
    match &column.maker {
        Maker::Below { column: of, .. }
            if !matches!(table.kind(*of), Kind::Integer | Kind::Cents) =>
        {
            Err(format!(
                "`below` needs a number, and `{}` is none",
                name(*of)
            ))
        }
        Maker::After { column: of, .. }
            if !matches!(table.kind(*of), Kind::Date | Kind::Timestamp) =>
        {
            Err(format!(
                "`after` needs a date or timestamp, and `{}` is none",
                name(*of)
            ))
        }
        Maker::Field { column: of, field } => match &table.columns[*of].maker {
            Maker::Word { list, .. } if *field < list.fields() => Ok(()),
            Maker::Word { list, .. } => Err(format!(
                "list `{}` has fields 1 to {}",
                list.name,
                list.fields()
            )),
            _ => Err(format!(
                "`field` needs a `word` column, and `{}` is none",
                name(*of)
            )),
        },
        _ => Ok(()),
    }
}

/// A number below another must be able to be one, and a date after another one of four digits' years.
fn ensure_in_bounds(
    table: &TableSpec,
    column: &ColumnSpec,
    earlier: &[TableSpec],
) -> Result<(), String> {
    match &column.maker {
        Maker::Below { column: of, .. } => match bounds(table, *of, earlier) {
            Some((least @ ..=0, _)) => Err(format!(
                "`below` needs numbers above 0, and `{}` may be {}",
                table.columns[*of].name,
                written(table.kind(*of), least)
            )),
            _ => Ok(()),
        },
        Maker::After { column: of, later } => {
            let last = match table.kind(*of) {
                Kind::Timestamp => (LAST_DAY + 1) * DAY - 1,
                _ => LAST_DAY,
            };
            match bounds(table, *of, earlier) {
                Some((_, greatest)) if greatest.saturating_add(later.bounds().1) > last => Err(
                    "it may fall behind 9999-12-31, the last date that can be written; lower `max`"
                        .into(),
                ),
                _ => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

/// The least and the greatest number that a column can hold; `None` for texts.
fn bounds(table: &TableSpec, column: usize, earlier: &[TableSpec]) -> Option<(i64, i64)> {
    match &table.columns[column].maker {
        Maker::Serial | Maker::Parent | Maker::Each | Maker::Reference { .. } => {
            Some((1, i64::MAX))
        }
        Maker::Inherit {
            table: ancestor,
            column,
            ..
        } => bounds(&earlier[*ancestor], *column, earlier),
        Maker::Integer(range)
        | Maker::Cents(range)
        | Maker::Date(range)
        | Maker::Timestamp(range) => Some(range.bounds()),
        Maker::Boolean(_) | Maker::Flag(_) => Some((0, 1)),
        Maker::Number { values, .. } => Some((*values.iter().min()?, *values.iter().max()?)),
        // Refused unless the sibling is above 0.
        Maker::Below { column, from, .. } => {
            let (low, high) = bounds(table, *column, earlier)?;
            let least = i128::from(low) * i128::from(*from) / 1_000_000;
            Some((i64::try_from(least).unwrap_or(low).min(low - 1), high - 1))
        }
        Maker::After { column, later } => {
            let ((low, high), (least, most)) = (bounds(table, *column, earlier)?, later.bounds());
            Some((low.saturating_add(least), high.saturating_add(most)))
        }
        Maker::Word { .. } | Maker::Field { .. } | Maker::Nth { .. } => None,
        Maker::Phrase(_) | Maker::Fake { .. } | Maker::Hex(_) => None,
    }
}

/// A number as the TOML file writes it.
fn written(kind: Kind, number: i64) -> String {
    match kind {
        Kind::Cents => format!("{:.2}", number as f64 / 100.0),
        _ => number.to_string(),
    }
}

fn ensure_siblings_not_null(table: &TableSpec, column: &ColumnSpec) -> Result<(), String> {
    let nullable = siblings(column)
        .into_iter()
        .find(|&index| !table.columns[index].null.is_never());
    match nullable {
        Some(index) => Err(format!(
            "it needs the value of `{}`, which may be NULL; take `null` away there",
            table.columns[index].name
        )),
        None => Ok(()),
    }
}

fn ensure_distinct_columns(table: &TableSpec, document: Document) -> Result<()> {
    let mut names: Vec<(String, &ColumnSpec)> = Vec::new();
    for column in table.written() {
        for name in std::iter::once(&column.name).chain(&column.aliases) {
            let folded = name.to_lowercase();
            if let Some((_, other)) = names.iter().find(|(known, _)| *known == folded) {
                let message = format!(
                    "table `{}`, column `{}`: a header `{name}` could also mean `{}`",
                    table.name, column.name, other.name
                );
                bail!(document.error(column.line, message));
            }
            names.push((folded, column));
        }
    }
    Ok(())
}

/// Refuses two tables that would write the same file.
pub fn ensure_distinct_files(tables: &[TableSpec], document: Document) -> Result<()> {
    for (index, table) in tables.iter().enumerate() {
        let same = tables[..index]
            .iter()
            .find(|other| other.file.is_some() && other.file == table.file);
        if let (Some(other), Some(file)) = (same, &table.file) {
            let message = format!(
                "table `{}`: `{}` is the file of `{}` already",
                table.name, file, other.name
            );
            bail!(document.error(table.line, message));
        }
    }
    Ok(())
}
