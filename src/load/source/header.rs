//! The first record of a file: whether it is a header, and the names of the fields.

use anyhow::{Error, Result, bail, ensure};

use crate::dataset::TableSpec;
use crate::dataset::csv_options::PASSED_OVER;
use crate::load::source::csv_format::FirstRecord;
use crate::load::source::rejects::OWN_COLUMNS;
use crate::postgres::error::ErrorWithNotes;
use crate::printable;
use crate::suggestion::again;

/// Characters of a header that messages show.
const DISPLAYED: usize = 120;

/// Whether a file has a header, by options and the dataset.
#[derive(Debug, Clone, Copy, Default)]
pub struct ExpectedHeader<'a> {
    /// The columns in the file's order.
    pub named: Option<&'a Vec<String>>,
    /// Whether the command line says that there is one, or that there is none.
    pub forced: Option<bool>,
    /// Whether columns may be missing: they take their default, or NULL.
    pub may_lack: bool,
}

/// The names of a file's fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldNames {
    /// As many as the file has fields.
    pub names: Vec<String>,
    /// The line of the first record.
    pub line: u64,
    /// Whether the first record is a header, and no row.
    pub is_header: bool,
}

impl ExpectedHeader<'_> {
    /// Decides whether the first record is a header; `usual` where the command line doesn't say so. The names are those
    /// named for the file, else its header, else the table's columns in order.
    ///
    /// Where columns are named, a first record that may be a row is never passed over: it must look like a header, or the
    /// user says what it is.
    pub fn resolve(
        self,
        table: &TableSpec,
        label: &str,
        usual: bool,
        first: FirstRecord,
    ) -> Result<FieldNames> {
        let place = format!("{label}, line {}", first.line);
        let line = first.line;
        let first = first.fields;
        // A rejects file says itself what its columns are.
        if first
            .first()
            .is_some_and(|name| name.starts_with(OWN_COLUMNS))
        {
            return Ok(FieldNames {
                names: first,
                line,
                is_header: true,
            });
        }
        let is_header = self.forced.unwrap_or(usual);
        let Some(named) = self.named else {
            if is_header && first.is_empty() {
                bail!("{label} is empty; it needs a header line with the columns' names")
            }
            let columns = || table.written().map(|column| column.name.clone()).collect();
            let names = if is_header { first } else { columns() };
            return Ok(FieldNames {
                names,
                line,
                is_header,
            });
        };
        ensure!(
            first.is_empty() || first.len() == named.len(),
            "{place}: {} fields, and {} columns are named for it: {}",
            first.len(),
            named.len(),
            named.join(", ")
        );
        let is_sure = self.forced.is_some() || first.is_empty();
        if is_header && !is_sure && !names_columns(table, named, &first) {
            return Err(no_sure_header(table, &place, named, &first));
        }
        Ok(FieldNames {
            names: named.clone(),
            line,
            is_header,
        })
    }
}

/// Proposes to say what the first record is.
fn no_sure_header(table: &TableSpec, place: &str, named: &[String], first: &[String]) -> Error {
    let message = format!(
        "{place}: is `{}` a header? It names none of the columns {}",
        shown(first),
        named.join(",")
    );
    let notes = vec![
        format!(
            "if it is a record like the others, run: {}",
            again(&[format!("--no-header={}", table.name)])
        ),
        format!(
            "if it is a header, run: {}",
            again(&[format!("--header={}", table.name)])
        ),
    ];
    ErrorWithNotes::of(message, notes)
}

/// Whether a first record is a header of the columns named: it names one of them in its place, and has no number.
fn names_columns(table: &TableSpec, named: &[String], first: &[String]) -> bool {
    let is_name = |(named, field): (&String, &String)| {
        let known = |name: &str| table.column_called(name).map(|column| &column.name);
        named != PASSED_OVER && known(named).is_some() && known(named) == known(field.trim())
    };
    !first.iter().any(|field| is_number(field)) && named.iter().zip(first).any(is_name)
}

/// Whether a field is a number, as no column is named.
pub fn is_number(field: &str) -> bool {
    field.trim().parse::<f64>().is_ok_and(f64::is_finite)
}

/// Fields as messages show them: shortened, and nothing in them that doesn't print.
pub fn shown<S: AsRef<str>>(fields: &[S]) -> String {
    let texts: Vec<&str> = fields.iter().map(AsRef::as_ref).collect();
    let text = printable::text(&texts.join(","));
    match text.char_indices().nth(DISPLAYED) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
