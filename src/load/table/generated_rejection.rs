//! The error of a generated row that the server rejects: whose maker made it, and what to do.

use anyhow::Error;

use crate::dataset::Dataset;
use crate::load::table::server_rejection::ServerRejection;
use crate::postgres::error::ErrorWithNotes;

/// The error of a row of a table, numbered from 1.
pub fn generated_rejection(
    dataset: &Dataset,
    table: usize,
    row: u64,
    rejection: &ServerRejection,
) -> Error {
    let spec = &dataset.tables[table];
    let message = format!(
        "generated, row {row} of {}: {}",
        spec.name,
        rejection.reason()
    );
    let mut columns = spec.columns.iter();
    let column = columns.find(|column| Some(&column.name) == rejection.column.as_ref());
    let path = dataset.path.display();
    let note = match (column, &rejection.constraint) {
        (Some(column), None) => format!(
            "correct the maker of {}.{} in {path}, line {}; a column that the dataset leaves out takes its default, or NULL",
            spec.name, column.name, column.line
        ),
        (_, Some(constraint)) => format!(
            "correct the makers of {} in {path}, line {}, so that {constraint} holds",
            spec.name, spec.line
        ),
        (None, None) => format!(
            "correct the makers of {} in {path}, line {}",
            spec.name, spec.line
        ),
    };
    ErrorWithNotes::of(message, vec![note])
}
