//! What can only be judged when a table's columns are all known: siblings' kinds, circles, names that collide.

use anyhow::{Result, bail};

use crate::dataset::document::Document;
use crate::dataset::phrases::columns_of;
use crate::dataset::spec::{Column, Kind, Maker, Table};

/// Refuses a table whose columns cannot be made, naming the column and its line.
pub fn ensure_sound(table: &Table, document: Document) -> Result<()> {
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
    }
    if table.file.is_some() && table.written().next().is_none() {
        bail!(document.error(
            table.line,
            format!("table `{}` has no column that is written", table.name)
        ));
    }
    ensure_distinct_columns(table, document)
}

/// The columns whose values a maker needs.
fn siblings(column: &Column) -> Vec<usize> {
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

fn ensure_no_circle(table: &Table, start: usize, document: Document) -> Result<()> {
    let mut seen = vec![false; table.columns.len()];
    let mut open = siblings(&table.columns[start]);
    while let Some(next) = open.pop() {
        let column = &table.columns[start];
        if next == start {
            let message = format!(
                "table `{}`, column `{}`: its value depends on itself",
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

fn ensure_siblings_fit(table: &Table, column: &Column) -> Result<(), String> {
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

fn ensure_siblings_not_null(table: &Table, column: &Column) -> Result<(), String> {
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

fn ensure_distinct_columns(table: &Table, document: Document) -> Result<()> {
    let mut names: Vec<(String, &Column)> = Vec::new();
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
pub fn ensure_distinct_files(tables: &[Table], document: Document) -> Result<()> {
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
