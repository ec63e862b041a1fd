//! A record that the server refused, by its line in the file.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::{Error, Result, anyhow};
use tokio_postgres::error::{DbError, SqlState};

use crate::load::encode::shortened;
use crate::load::source::columns;
use crate::load::source::input::From;
use crate::load::source::reader::FileReader;
use crate::load::table::load::TableLoad;
use crate::postgres::copy::{Place, place};

/// A record that the server refused.
#[derive(Debug, Clone)]
pub struct RowRefused {
    file: String,
    /// The line it begins on.
    pub line: u64,
    /// Column, value and what the server says.
    pub reason: String,
    /// The server's SQLSTATE.
    pub code: SqlState,
}

impl fmt::Display for RowRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, line {}: {}", self.file, self.line, self.reason)
    }
}

impl std::error::Error for RowRefused {}

impl TableLoad<'_> {
    /// Names file, line, column and value where Postgres tells where the COPY failed; `before` records came before it.
    pub(super) fn explain(
        &self,
        error: Error,
        before: u64,
        refused: &BTreeMap<u64, RowRefused>,
    ) -> Error {
        let found = error
            .chain()
            .find_map(|cause| cause.downcast_ref::<DbError>());
        let Some(found) = found else { return error };
        let shown = self.input.shown();
        let Some(mut place) = found.where_().and_then(place) else {
            return error.context(format!("could not load {shown} into {}", self.target.name));
        };
        let number = before + place.line;
        if let From::Made(_) = &self.input.from {
            let table = &self.target.name.name;
            return anyhow!(
                "{shown}, row {number} of {table}: {}",
                wrong_value(&place, found)
            );
        }
        let Ok(Some((line, value))) = self.find_row(number, place.column.as_deref(), refused)
        else {
            return anyhow!("{shown}, in a record: {}", wrong_value(&place, found));
        };
        place.value = place.value.take().or(value);
        RowRefused {
            file: shown,
            line,
            reason: wrong_value(&place, found),
            code: found.code().clone(),
        }
        .into()
    }

    /// The line of the nth row, those not counted that were refused before, and its value in a column, which Postgres
    /// does not show of a binary field.
    fn find_row(
        &self,
        number: u64,
        column: Option<&str>,
        refused: &BTreeMap<u64, RowRefused>,
    ) -> Result<Option<(u64, Option<String>)>> {
        let encoder = self.input.encoder(self.dataset, &self.target.columns)?;
        let table = &self.dataset.tables[self.target.table];
        let columns = columns::by_header(table, &self.input.header, &self.input.shown())?;
        let place = columns
            .iter()
            .position(|known| known.is_some_and(|known| Some(known.name.as_str()) == column));
        let (mut count, mut found) = (0, None);
        FileReader::new(self.dataset, self.input, &encoder, refused)?.each_row(|record, _| {
            count += 1;
            if count == number {
                let value = place.map(|place| shortened(record.field(place).0));
                found = Some((record.line, value));
            }
            Ok(count < number)
        })?;
        Ok(found)
    }
}

fn wrong_value(place: &Place, error: &DbError) -> String {
    let mut text = match (&place.column, &place.value) {
        (Some(column), Some(value)) => format!("column {column}, value \"{value}\": "),
        (Some(column), None) => format!("column {column}: "),
        (None, _) => String::new(),
    };
    text.push_str(error.message());
    if let Some(detail) = error.detail() {
        text.push_str(&format!("; {detail}"));
    }
    text.push_str(&format!(" ({})", error.code().code()));
    text
}
