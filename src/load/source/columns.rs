//! Which column of a table each field of a file goes to: by header, never by position.

use anyhow::{Result, bail};

use crate::dataset::csv_options::PASSED_OVER;
use crate::dataset::document::did_you_mean;
use crate::dataset::{ColumnSpec, TableSpec};
use crate::load::source::rejects::OWN_COLUMNS;

/// The fields of a file's records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceColumns {
    /// The names of the header, trimmed.
    names: Vec<String>,
    /// For each field the position of its column in the dataset's table; `None` for one that is passed over.
    positions: Vec<Option<usize>>,
}

impl SourceColumns {
    /// The columns of a table that seedrow generates, in the dataset's order.
    pub fn of_table(table: &TableSpec) -> SourceColumns {
        let written = table.columns.iter().enumerate();
        let written = written.filter(|(_, column)| !column.hidden);
        let (positions, names) = written
            .map(|(position, column)| (Some(position), column.name.clone()))
            .unzip();
        SourceColumns { names, positions }
    }

    /// Finds the table's column for each field of a header.
    ///
    /// Names are trimmed and compared in any case; a column's aliases count. Errors name file, column and the columns
    /// there are.
    pub fn by_header(table: &TableSpec, header: &[String], file: &str) -> Result<SourceColumns> {
        let names: Vec<String> = header.iter().map(|name| name.trim().to_owned()).collect();
        let mut columns: Vec<Option<&ColumnSpec>> = Vec::with_capacity(names.len());
        for name in &names {
            if name == PASSED_OVER || name.starts_with(OWN_COLUMNS) {
                columns.push(None);
                continue;
            }
            let Some(column) = table.column_called(name) else {
                return Err(unknown_column(table, &names, name, file));
            };
            if is_taken(&columns, column) {
                bail!("{file}, line 1: column `{}` is named twice", column.name);
            }
            columns.push(Some(column));
        }
        if let Some(missing) = table.written().find(|column| !is_taken(&columns, column)) {
            bail!(
                "{file}, line 1: column `{}` of table {} is missing; the header has {}",
                missing.name,
                table.name,
                names.join(", ")
            );
        }
        let position = |column: Option<&ColumnSpec>| {
            let name = &column?.name;
            table.columns.iter().position(|known| known.name == *name)
        };
        let positions = columns.into_iter().map(position).collect();
        Ok(SourceColumns { names, positions })
    }

    /// How many fields a record has.
    pub fn field_count(&self) -> usize {
        self.names.len()
    }

    /// The names of the fields.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// For each field the position of its column in the dataset's table.
    pub fn positions(&self) -> &[Option<usize>] {
        &self.positions
    }

    /// The field that goes to a column of the dataset's table.
    pub fn field_of(&self, column: usize) -> Option<usize> {
        self.positions
            .iter()
            .position(|&position| position == Some(column))
    }
}

fn is_taken(columns: &[Option<&ColumnSpec>], column: &ColumnSpec) -> bool {
    let mut known = columns.iter().flatten();
    known.any(|taken| taken.name == column.name)
}

#[cold]
fn unknown_column(table: &TableSpec, names: &[String], unknown: &str, file: &str) -> anyhow::Error {
    if let Some(delimiter) = delimiter_of(table, names) {
        return anyhow::anyhow!(
            "{file}, line 1: the header is one field, `{unknown}`; are fields separated by `{delimiter}`? \
             Type: --delimiter '{delimiter}'"
        );
    }
    let written = table.written().map(|column| column.name.as_str());
    anyhow::anyhow!(
        "{file}, line 1: unknown column `{unknown}` for table {}; {}. `--columns {}={}` passes it over",
        table.name,
        did_you_mean(unknown, written),
        table.name,
        passing_over(names, unknown)
    )
}

/// What would take a header of one field apart into this table's columns.
fn delimiter_of(table: &TableSpec, names: &[String]) -> Option<&'static str> {
    let [only] = names else { return None };
    let known = |(_, delimiter): &(&str, char)| {
        let mut names = only.split(*delimiter).map(str::trim);
        only.contains(*delimiter) && names.all(|name| table.column_called(name).is_some())
    };
    let delimiters = [(",", ','), (";", ';'), ("|", '|'), ("tab", '\t')];
    delimiters.into_iter().find(known).map(|(typed, _)| typed)
}

/// The header with `-` for a column.
fn passing_over(names: &[String], unwanted: &str) -> String {
    let names = names.iter().map(String::as_str);
    let names = names.map(|name| if name == unwanted { PASSED_OVER } else { name });
    names.collect::<Vec<_>>().join(",")
}
