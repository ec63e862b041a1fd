//! A row that the server rejected, as its error of a COPY says.

use std::fmt;

use anyhow::Error;
use tokio_postgres::error::{DbError, SqlState};

use crate::files::records::{Dialect, Records};
use crate::load::table::constraint_columns::ConstraintColumns;
use crate::postgres::copy::{Place, place};
use crate::postgres::error::server_error;
use crate::printable;

/// A row that the server rejected.
#[derive(Debug, Clone)]
pub struct ServerRejection {
    /// The row's number in the COPY, from 0.
    pub row: u64,
    /// The column, when the error names one.
    pub column: Option<String>,
    /// The value, when the error has it.
    pub value: Option<String>,
    /// The constraint that the row violates, when the error names one.
    pub constraint: Option<String>,
    /// The table, when the error names one.
    pub table: Option<String>,
    /// What the server says, with its SQLSTATE.
    pub message: String,
    /// The server's SQLSTATE.
    pub code: SqlState,
}

impl ServerRejection {
    /// From the error of a COPY, when it is about one row.
    pub fn of(error: &Error) -> Option<ServerRejection> {
        let error = server_error(error)?;
        let place = place(error.where_()?)?;
        Some(ServerRejection::at(place, error))
    }

    /// From the error of a COPY that left a foreign key broken, which names no row: its only one, or its first. None of a
    /// key to the same table, whose missing row may be one that is still to come.
    pub fn orphan(error: &Error) -> Option<ServerRejection> {
        let error = server_error(error)?;
        let place = Place {
            line: 1,
            column: None,
            value: None,
        };
        let to_itself = error
            .table()
            .zip(error.detail())
            .is_some_and(|(table, detail)| detail.ends_with(&format!("\"{table}\".")));
        (*error.code() == SqlState::FOREIGN_KEY_VIOLATION && !to_itself)
            .then(|| ServerRejection::at(place, error))
    }

    fn at(place: Place, error: &DbError) -> ServerRejection {
        let Place {
            line,
            column,
            value,
        } = place;
        let mut message = error.message().to_owned();
        if let Some(detail) = error.detail() {
            message.push_str(&format!("; {detail}"));
        }
        message.push_str(&format!(" ({})", error.code().code()));
        let message = printable::text(&message);
        ServerRejection {
            row: line.saturating_sub(1),
            column: column.or_else(|| error.column().map(str::to_owned)),
            value: value.map(|value| printable::text(&value)),
            constraint: error.constraint().map(str::to_owned),
            table: error.table().map(str::to_owned),
            message,
            code: error.code().clone(),
        }
    }

    /// Column, value and what the server says.
    pub fn reason(&self) -> String {
        match (&self.column, &self.value) {
            (Some(column), Some(value)) => {
                format!("column {column}, value \"{value}\": {}", self.message)
            }
            (Some(column), None) => format!("column {column}: {}", self.message),
            (None, _) => self.message.clone(),
        }
    }

    /// The columns that it is about, of a table with these constraints: the error's own, else the constraint's, else those of
    /// the partition key that no partition fits.
    pub fn columns<'a>(&'a self, constraints: &'a ConstraintColumns) -> &'a [String] {
        match (&self.column, &self.constraint, &self.table) {
            (Some(column), _, _) => std::slice::from_ref(column),
            (None, Some(constraint), _) => constraints.of(constraint),
            (None, None, Some(table)) if self.code == SqlState::CHECK_VIOLATION => {
                constraints.of_partition_key(table)
            }
            (None, None, _) => &[],
        }
    }

    /// Takes the value of a field from the record, where Postgres does not have it: it shows no binary one.
    pub fn complete(&mut self, raw: &[u8], dialect: Dialect, field: Option<usize>) {
        if let (None, Some(field)) = (&self.value, field) {
            self.value = values(raw, dialect, &[field]);
        }
    }
}

/// The values of a record's fields, shortened, with commas between.
pub fn values(raw: &[u8], dialect: Dialect, fields: &[usize]) -> Option<String> {
    let mut records = Records::of_record(raw, dialect);
    let record = records.read().ok()??;
    let value =
        |&field: &usize| (field < record.len()).then(|| printable::value(record.field(field).0));
    let values: Option<Vec<String>> = fields.iter().map(value).collect();
    values.map(|values| values.join(", "))
}

impl fmt::Display for ServerRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason())
    }
}

impl std::error::Error for ServerRejection {}
