//! Which column of a table each field of a file goes to: by header, never by position.

use anyhow::Result;

use crate::dataset::csv_options::PASSED_OVER;
use crate::dataset::{ColumnSpec, TableSpec};
use crate::load::source::header_advice::{missing_column, named_twice, unknown_column};
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
    /// Names are trimmed and compared in any case; a column's aliases count. Errors name `place`, the header's, column and
    /// the columns there are. Columns may be missing where an option allows it.
    pub fn by_header(
        table: &TableSpec,
        header: &[String],
        place: &str,
        may_lack: bool,
    ) -> Result<SourceColumns> {
        let names: Vec<String> = header.iter().map(|name| name.trim().to_owned()).collect();
        let mut columns: Vec<Option<&ColumnSpec>> = Vec::with_capacity(names.len());
        for name in &names {
            if name == PASSED_OVER || name.starts_with(OWN_COLUMNS) {
                columns.push(None);
                continue;
            }
            let Some(column) = table.column_called(name) else {
                return Err(unknown_column(table, &names, name, place));
            };
            if is_taken(&columns, column) {
                return Err(named_twice(table, &names, column, place));
            }
            columns.push(Some(column));
        }
        let mut missing = table.written().filter(|column| !is_taken(&columns, column));
        if let (false, Some(missing)) = (may_lack, missing.next()) {
            return Err(missing_column(table, &names, missing, place));
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
