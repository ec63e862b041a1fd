//! What the server says of the rows of a trial.

use std::fmt;

use anyhow::{Error, Result};
use tokio_postgres::error::{DbError, SqlState};

use crate::dataset::Dataset;
use crate::postgres::error::ErrorWithNotes;
use crate::printable;

/// Rows of each table that are tried.
pub const ROWS: u64 = 200;

/// What came of a trial.
#[derive(Debug)]
pub struct Trial {
    /// In load order.
    pub tables: Vec<TriedTable>,
}

/// One table of a trial.
#[derive(Debug)]
pub struct TriedTable {
    /// Its name.
    pub name: String,
    /// What the server says of its rows.
    pub verdict: TrialVerdict,
}

/// What the server says of a table's rows.
#[derive(Debug, PartialEq, Eq)]
pub enum TrialVerdict {
    /// So many rows hold.
    Holds(u64),
    /// It accepts them not.
    Violates(TrialViolation),
    /// They refer to rows of this table, which weren't accepted.
    Depends(String),
    /// The table holds rows already, which new ones may clash with.
    Occupied,
    /// Triggers of these tables have put rows into it.
    FilledByTriggers(Vec<String>),
    /// Its own triggers delete rows.
    Takes(TakenRows),
}

/// Rows that triggers delete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenRows {
    /// The tables that they are of.
    pub of: Vec<String>,
    /// The triggers that may do it.
    pub by: Vec<String>,
}

impl fmt::Display for TakenRows {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let of = self.of.join(", ");
        match self.by.as_slice() {
            [one] => write!(f, "its trigger {one} deletes rows of {of}"),
            several => write!(f, "its triggers {} delete rows of {of}", several.join(", ")),
        }
    }
}

/// Why rows of a table aren't accepted.
#[derive(Debug, PartialEq, Eq)]
pub struct TrialViolation {
    /// The constraint, when the error names one.
    pub constraint: Option<String>,
    /// What the server says, with its detail and SQLSTATE.
    pub message: String,
    /// The server's SQLSTATE; `None` where the rows couldn't be made.
    pub code: Option<SqlState>,
    /// The first such row as `column=value` pairs, when the error says which it is.
    pub row: Option<String>,
}

impl Trial {
    /// The tables whose rows the server doesn't accept.
    pub fn violations(&self) -> impl Iterator<Item = (&str, &TrialViolation)> {
        self.tables.iter().filter_map(|table| match &table.verdict {
            TrialVerdict::Violates(violation) => Some((table.name.as_str(), violation)),
            _ => None,
        })
    }

    /// The tables that triggers of others fill.
    pub fn filled_by_triggers(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.tables.iter().filter_map(|table| match &table.verdict {
            TrialVerdict::FilledByTriggers(by) => Some((table.name.as_str(), by.as_slice())),
            _ => None,
        })
    }

    /// The tables whose triggers delete rows.
    pub fn takers(&self) -> impl Iterator<Item = (&str, &TakenRows)> {
        self.tables.iter().filter_map(|table| match &table.verdict {
            TrialVerdict::Takes(taken) => Some((table.name.as_str(), taken)),
            _ => None,
        })
    }

    /// An error that names each table whose rows the server doesn't accept, with the constraint and the row.
    pub fn ensure_holds(&self, dataset: &Dataset) -> Result<()> {
        let violations = self.violations();
        let failed = violations.map(|(table, violation)| violation.described(table));
        let filled = self
            .filled_by_triggers()
            .map(|(table, by)| format!("{table}: triggers of {} write its rows", writers(by)));
        let takers = self.takers().map(|(table, taken)| {
            format!(
                "{table}: {taken} before the tables that refer to them are filled; `triggers = \"off\"` in \
                 [tables.{table}], or --triggers off, loads it without them"
            )
        });
        let failed: Vec<String> = failed.chain(filled).chain(takers).collect();
        if failed.is_empty() {
            return Ok(());
        }
        let depends = self.tables.iter().filter_map(|table| match &table.verdict {
            TrialVerdict::Depends(on) => Some(format!("{} depends on {on}", table.name)),
            _ => None,
        });
        let count = failed.len();
        let mut notes: Vec<String> = failed.into_iter().chain(depends).collect();
        notes.push(format!(
            "correct them in {}, or leave these tables out with --tables",
            dataset.path.display()
        ));
        let text = format!(
            "a trial of {ROWS} rows a table found {} that the server does not accept; nothing was changed",
            tables(count)
        );
        Err(ErrorWithNotes::of(text, notes))
    }
}

impl TrialViolation {
    /// Rows that can't be made.
    pub(super) fn of_makers(error: &Error) -> TrialViolation {
        TrialViolation {
            constraint: None,
            message: format!("{error:#}"),
            code: None,
            row: None,
        }
    }

    /// Table, constraint, what the server says, and the row.
    fn described(&self, table: &str) -> String {
        let constraint = self.constraint.iter();
        let constraint: String = constraint.map(|name| format!("{name}: ")).collect();
        let row = self.row.iter();
        let row: String = row.map(|row| format!("; the row: {row}")).collect();
        format!("{table}: {constraint}{}{row}", self.message)
    }
}

/// The tables whose triggers write rows.
pub fn writers(tables: &[String]) -> String {
    match tables {
        [] => "other tables".to_owned(),
        tables => tables.join(", "),
    }
}

fn tables(count: usize) -> String {
    match count {
        1 => "1 table".to_owned(),
        count => format!("{count} tables"),
    }
}

/// What the server says, where the error is the server's and isn't about the session.
pub(super) fn of_database(error: &Error) -> Option<TrialViolation> {
    let mut causes = error.chain();
    let error = causes.find_map(|cause| cause.downcast_ref::<DbError>())?;
    // Classes 08, 53, 57 and 58: connections, resources, the operator and the system.
    let class = &error.code().code()[..2];
    if ["08", "53", "57", "58"].contains(&class) {
        return None;
    }
    let detail = error.detail().map(|detail| format!("; {detail}"));
    Some(TrialViolation {
        constraint: error.constraint().map(str::to_owned),
        message: printable::text(&format!(
            "{}{} ({})",
            error.message(),
            detail.unwrap_or_default(),
            error.code().code()
        )),
        code: Some(error.code().clone()),
        row: None,
    })
}
