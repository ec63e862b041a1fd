//! What can only be judged when a table's columns are all known: siblings' kinds, circles, names that collide.

use anyhow::{Result, bail};

use crate::dataset::circles::ensure_no_circle;
use crate::dataset::document::Document;
use crate::dataset::makers::keys::Reference;
use crate::dataset::makers::{Maker, Needed};
use crate::dataset::spec::{ColumnSpec, TableSpec};
use crate::dataset::tables::Siblings;

/// Fills in what the columns' values are, and rejects tables that cannot be generated, naming the column and its line.
pub fn complete(tables: &mut [TableSpec], document: Document) -> Result<()> {
    ensure_no_circle(tables, document)?;
    for table in 0..tables.len() {
        for column in 0..tables[table].columns.len() {
            tables[table].columns[column].kind = Siblings::new(tables, table).kind(column);
        }
    }
    (0..tables.len()).try_for_each(|table| ensure_sound(tables, table, document))
}

fn ensure_sound(tables: &[TableSpec], index: usize, document: Document) -> Result<()> {
    let (table, siblings) = (&tables[index], Siblings::new(tables, index));
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
        column.maker.spec().ensure_fits(&siblings).map_err(fail)?;
        if let Maker::Reference(Reference { table, .. }) = &column.maker
            && tables[*table].is_loaded()
        {
            let name = &tables[*table].name;
            return Err(fail(format!(
                "`{name}` is only loaded, so that its ids aren't known; give it `rows = …` or `per = …`"
            )));
        }
        ensure_siblings_not_null(table, column).map_err(fail)?;
    }
    if table.file.is_some() && !table.is_loaded() && table.written().next().is_none() {
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

/// The columns of its own table whose values a maker needs.
fn siblings_of(column: &ColumnSpec) -> Vec<usize> {
    let mut siblings = Vec::new();
    column.maker.spec().needs(&mut |needed| {
        if let Needed::Sibling(column) = needed {
            siblings.push(column);
        }
    });
    siblings
}

fn ensure_siblings_not_null(table: &TableSpec, column: &ColumnSpec) -> Result<(), String> {
    let nullable = siblings_of(column)
        .into_iter()
        .filter(|&index| !column.maker.spec().takes_null(index))
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
