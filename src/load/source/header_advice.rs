//! What to type when a header doesn't name a table's columns: another delimiter, no header, or the columns in its order.

use anyhow::{Error, anyhow};

use crate::dataset::csv_options::PASSED_OVER;
use crate::dataset::document::did_you_mean;
use crate::dataset::{ColumnSpec, TableSpec};
use crate::load::source::csv_format::FirstRecord;
use crate::load::source::header::{is_number, shown};
use crate::postgres::error::ErrorWithNotes;
use crate::suggestion::{TARGET, again, format_of, shell_word};

/// The error of a field that names no column.
#[cold]
pub fn unknown_column(table: &TableSpec, names: &[String], unknown: &str, place: &str) -> Error {
    if let Some(delimiter) = delimiter_of(table, names) {
        let message = format!(
            "{place}: the header is one field, `{}`; are fields separated by `{delimiter}`?",
            shown(&[unknown])
        );
        let again = again(&["--delimiter", &format!("{}={delimiter}", table.name)]);
        return ErrorWithNotes::of(message, vec![format!("if they are, run: {again}")]);
    }
    if let [known @ .., last] = names
        && last.is_empty()
        && !known.iter().any(String::is_empty)
        && known.iter().any(|name| table.column_called(name).is_some())
    {
        let message = format!(
            "{place}: a delimiter follows the last name, `{}`",
            shown(known)
        );
        return ErrorWithNotes::of(message, vec![trailing_delimiter(&table.name)]);
    }
    if let Some(delimiter) = delimiter_of_record(table, names) {
        let message = format!(
            "{place}: `{}` names no column of table {} and looks like a record whose fields are separated by `{delimiter}`",
            shown(names),
            table.name
        );
        let (delimiter, header) = (
            format!("{}={delimiter}", table.name),
            format!("--no-header={}", table.name),
        );
        let note = format!(
            "if it is one, in the order of the table's columns, run: {}",
            again(&["--delimiter", &delimiter, &header])
        );
        return ErrorWithNotes::of(message, vec![note]);
    }
    let is_record = names.iter().any(|name| is_number(name));
    if is_record && names.iter().all(|name| table.column_called(name).is_none()) {
        return without_header(table, names, place);
    }
    let written = table.written().map(|column| column.name.as_str());
    let message = format!(
        "{place}: unknown column `{}` for table {}; {}",
        shown(&[unknown]),
        table.name,
        did_you_mean(unknown, written)
    );
    ErrorWithNotes::of(message, advice(table, names).into_iter().collect())
}

/// Whether the first record of a file is one like the others: so many fields, a number among them and no column's name.
pub fn is_headerless(table: &TableSpec, first: &FirstRecord, fields: usize) -> bool {
    let names_none = |name: &String| table.column_called(name.trim()).is_none();
    first.fields.len() == fields
        && first.fields.iter().all(names_none)
        && first.fields.iter().any(|field| is_number(field))
}

/// The error of files of one table of which the first alone has a header, as the parts have that a large file was split into.
#[cold]
pub fn no_more_headers(
    table: &TableSpec,
    first: &str,
    others: &[String],
    record: &FirstRecord,
) -> Error {
    let file = |path: &str| format!(" --file {}", shell_word(&format!("{}={path}", table.name)));
    let rest = format!("{}{TARGET}", format_of(&table.name));
    let others: String = others.iter().map(|path| file(path)).collect();
    let message = format!(
        "{first} has a header, and the files of table {} behind it have none: one begins with `{}`",
        table.name,
        shown(&record.fields)
    );
    let note = format!(
        "to load it, and then the others, run: seedrow load{}{rest} && seedrow load{others} --append --no-header={}{rest}",
        file(first),
        table.name
    );
    ErrorWithNotes::of(message, vec![note])
}

/// What to type where each record of a table's files ends with a delimiter.
pub fn trailing_delimiter(table: &str) -> String {
    let again = again(&[format!("--trailing-delimiter={table}")]);
    format!("if each record ends with a delimiter, run: {again}")
}

/// The error of a column that the header doesn't name.
#[cold]
pub fn missing_column(
    table: &TableSpec,
    names: &[String],
    missing: &ColumnSpec,
    place: &str,
) -> Error {
    let message = format!(
        "{place}: column `{}` of table {} is missing; the header has {}",
        missing.name,
        table.name,
        shown(&[names.join(", ")])
    );
    let note = format!(
        "if columns that a file lacks take their default or NULL, run: {}",
        again(&["--missing", "default"])
    );
    ErrorWithNotes::of(message, vec![note])
}

/// The error of two fields for one column.
#[cold]
pub fn named_twice(table: &TableSpec, names: &[String], column: &ColumnSpec, place: &str) -> Error {
    let is_it = |name: &str| {
        let known = table.column_called(name);
        known.is_some_and(|known| known.name == column.name)
    };
    let second = names.iter().rposition(|name| is_it(name));
    let columns: Vec<&str> = names
        .iter()
        .enumerate()
        .map(|(place, name)| match Some(place) == second {
            true => PASSED_OVER,
            false => name.as_str(),
        })
        .collect();
    anyhow!(
        "{place}: column `{}` is named twice. To pass the second over, run: {}",
        column.name,
        again(&[
            "--columns",
            &format!("{}={}", table.name, columns.join(","))
        ])
    )
}

/// A first line that is a record.
fn without_header(table: &TableSpec, names: &[String], place: &str) -> Error {
    let written: Vec<&str> = table.written().map(|column| column.name.as_str()).collect();
    let start = format!(
        "{place}: `{}` names no column of table {} and looks like a record",
        shown(names),
        table.name
    );
    if names.len() == written.len() {
        let note = format!(
            "without a header, its columns in the order {}, run: {}",
            written.join(","),
            again(&[format!("--no-header={}", table.name)])
        );
        return ErrorWithNotes::of(start, vec![note]);
    }
    anyhow!(
        "{start}, with {} fields; the table's columns are {}. Without a header, name the columns in the file's order, \
         `-` for one that is passed over: --no-header --columns {}=COLUMN,…",
        names.len(),
        written.join(", "),
        table.name
    )
}

/// Delimiters as they are typed, and as they are.
const DELIMITERS: &[(&str, &str)] = &[
    (",", ","),
    (";", ";"),
    ("|", "|"),
    ("tab", "\t"),
    ("::", "::"),
    ("||", "||"),
];

/// What would take a header of one field apart into this table's columns.
fn delimiter_of(table: &TableSpec, names: &[String]) -> Option<&'static str> {
    let [only] = names else { return None };
    let known = |(_, delimiter): &&(&str, &str)| {
        let mut names = only.split(*delimiter).map(str::trim);
        only.contains(*delimiter) && names.all(|name| table.column_called(name).is_some())
    };
    DELIMITERS.iter().find(known).map(|(typed, _)| *typed)
}

/// What would take a record of one field apart into as many as the table has columns, a number among them.
fn delimiter_of_record(table: &TableSpec, names: &[String]) -> Option<&'static str> {
    let [only] = names else { return None };
    let columns = table.written().count();
    let fits = |(_, delimiter): &&(&str, &str)| {
        let mut fields = only.split(*delimiter);
        columns > 1 && fields.clone().count() == columns && fields.any(is_number)
    };
    DELIMITERS.iter().find(fits).map(|(typed, _)| *typed)
}

/// The columns that the fields would be, when that accounts for all that the table needs.
fn advice(table: &TableSpec, names: &[String]) -> Option<String> {
    let columns = in_place(table, names)?;
    let passed = columns
        .iter()
        .zip(names)
        .filter(|(column, _)| *column == PASSED_OVER);
    let passed: Vec<&str> = passed.map(|(_, name)| name.as_str()).collect();
    let meaning = match passed.as_slice() {
        [] => "if its fields are the table's columns by other names, run".to_owned(),
        passed => format!("to pass over {}, run", shown(passed)),
    };
    // A header none of whose names is a column's is taken for one only when an option asks for it.
    let known = names.iter().any(|name| table.column_called(name).is_some());
    let named = format!("{}={}", table.name, columns.join(","));
    let command = match known {
        true => again(&["--columns", &named]),
        false => again(&["--columns", &named, &format!("--header={}", table.name)]),
    };
    Some(format!("{meaning}: {command}"))
}

/// For each field its column, or `-`: those it names, and for the others the columns that are missing, the most alike
/// first, then in order. `None` when columns are left.
fn in_place(table: &TableSpec, names: &[String]) -> Option<Vec<String>> {
    let column = |name: &String| table.column_called(name).map(|column| column.name.clone());
    let mut columns: Vec<Option<String>> = names.iter().map(column).collect();
    let mut missing: Vec<String> = table
        .written()
        .filter(|column| !columns.contains(&Some(column.name.clone())))
        .map(|column| column.name.clone())
        .collect();
    for alike in [true, false] {
        for (column, name) in columns.iter_mut().zip(names) {
            let found = missing.iter().position(|it| !alike || is_alike(it, name));
            if let (None, Some(found)) = (&column, found) {
                *column = Some(missing.remove(found));
            }
        }
    }
    let columns = columns
        .into_iter()
        .map(|it| it.unwrap_or(PASSED_OVER.to_owned()));
    missing.is_empty().then(|| columns.collect())
}

/// Whether a name is one that the other begins or ends with, or a few letters from it.
fn is_alike(column: &str, name: &str) -> bool {
    let name = name.to_lowercase().replace([' ', '-'], "_");
    let column = column.to_lowercase();
    let same_end = |long: &str, short: &str| long.ends_with(&format!("_{short}"));
    same_end(&name, &column)
        || same_end(&column, &name)
        || did_you_mean(&name, std::iter::once(column.as_str())).ends_with('?')
}
