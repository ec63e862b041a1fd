//! The names that a file gives the columns of a table that is to be created.
//!
//! Nothing is known of such a table, so that a header is refused where it may be none, or its names are no columns'.

use anyhow::{Error, Result, bail};

use crate::dataset::csv_options::PASSED_OVER;
use crate::infer;
use crate::load::source::csv_format::FirstRecord;
use crate::load::source::header::{ExpectedHeader, FieldNames, is_number, shown};
use crate::load::source::header_advice::trailing_delimiter;
use crate::load::source::overrides::Overrides;
use crate::load::source::rejects::OWN_COLUMNS;
use crate::postgres::error::ErrorWithNotes;
use crate::suggestion::again;

/// More words than these in the only field are no name of a column.
const MOST_WORDS: usize = 6;

/// The longest name in Postgres, bytes.
pub const LONGEST_NAME: usize = 63;

/// A file whose first record names the columns of a new table.
pub struct NewHeader<'a> {
    /// The table's name.
    pub table: &'a str,
    /// What messages call the file.
    pub label: &'a str,
    /// What is between fields, as it is typed.
    pub delimiter: String,
    /// What the command line says.
    pub overrides: &'a Overrides,
}

impl NewHeader<'_> {
    /// The names of the file's fields: those of `--columns`, else of its header. Each is a column's, or passed over.
    pub fn resolve(&self, first: FirstRecord) -> Result<FieldNames> {
        let named = infer::new_table_spec(self.table, &[]);
        let named = self.overrides.columns_of(&named);
        let names = named.map(Vec::as_slice).unwrap_or_default();
        let table = infer::new_table_spec(self.table, names);
        let forced = self.overrides.header_of(&table);
        let place = format!("{}, line {}", self.label, first.line);
        if named.is_none() && !first.fields.is_empty() {
            match forced {
                Some(false) => return Err(self.no_names(&place, &first.fields)),
                None => self.ensure_header(&place, &first.fields)?,
                Some(true) => {}
            }
        }
        let expected = ExpectedHeader {
            named,
            forced,
            may_lack: false,
        };
        let mut found = expected.resolve(&table, self.label, true, first)?;
        for name in &mut found.names {
            *name = name.trim().to_owned();
        }
        self.ensure_names(&place, &found.names)?;
        Ok(found)
    }

    /// Refuses a first record that may be no header, or one of another delimiter.
    fn ensure_header(&self, place: &str, fields: &[String]) -> Result<()> {
        let table = self.table;
        let as_header = again(&[format!("--header={table}")]);
        if is_prose(fields) {
            let message = format!(
                "{place}: `{}` doesn't look like names of columns; is {} a CSV file?",
                shown(fields),
                self.label
            );
            let note = format!("if it is a header, run: {as_header}");
            return Err(ErrorWithNotes::of(message, vec![note]));
        }
        if let [only] = fields {
            let known = [(",", ","), (";", ";"), ("|", "|"), ("tab", "\t")];
            let mut known = known.iter().filter(|(typed, _)| *typed != self.delimiter);
            if let Some((typed, _)) = known.find(|(_, text)| only.contains(text)) {
                let message = format!(
                    "{place}: the header is one field, `{}`; are fields separated by `{typed}`?",
                    shown(fields)
                );
                let notes = vec![
                    format!(
                        "if they are, run: {}",
                        again(&["--delimiter", &format!("{table}={typed}")])
                    ),
                    format!("if it is the name of one column, run: {as_header}"),
                ];
                return Err(ErrorWithNotes::of(message, notes));
            }
        }
        if fields.iter().any(|field| is_number(field)) {
            let message = format!(
                "{place}: `{}` looks like a record, and no header names the columns of {table}",
                shown(fields)
            );
            let columns = self.columns_option(&[], fields.len());
            let notes = vec![
                format!(
                    "if it is a record like the others, run: {}",
                    again(&["--columns", &columns, &format!("--no-header={table}")])
                ),
                format!("if it is a header, run: {as_header}"),
            ];
            return Err(ErrorWithNotes::of(message, notes));
        }
        Ok(())
    }

    fn no_names(&self, place: &str, fields: &[String]) -> Error {
        let message = format!(
            "{place}: without a header nothing names the columns of {}",
            self.table
        );
        let columns = self.columns_option(&[], fields.len());
        let note = format!(
            "to name them by their numbers, or as you like, run: {}",
            again(&["--columns", &columns])
        );
        ErrorWithNotes::of(message, vec![note])
    }

    /// Refuses names that are empty, have characters that aren't printed, occur twice in any case, or are too long.
    fn ensure_names(&self, place: &str, names: &[String]) -> Result<()> {
        let is_column = |name: &&String| *name != PASSED_OVER && !name.starts_with(OWN_COLUMNS);
        if !names.iter().any(|name| is_column(&name)) {
            bail!("{place}: no field names a column of {}", self.table);
        }
        let unprinted = |name: &str| !name.chars().all(is_printed);
        let problem = names.iter().enumerate().find_map(|(index, name)| {
            let same = |other: &String| other.to_lowercase() == name.to_lowercase();
            if name.is_empty() {
                Some(format!("field {} has no name", index + 1))
            } else if unprinted(name) {
                let name = shown(&[name]);
                Some(format!(
                    "the name `{name}` has characters that aren't printed; is it a text file, in UTF-8 or in what --encoding says?"
                ))
            } else if is_column(&name) && names[..index].iter().any(same) {
                Some(format!("two fields are called `{}`", shown(&[name])))
            } else if name.len() > LONGEST_NAME {
                let name = shown(&[name]);
                Some(format!(
                    "the name `{name}` is longer than {LONGEST_NAME} bytes"
                ))
            } else {
                None
            }
        });
        let Some(problem) = problem else {
            return Ok(());
        };
        let table = self.table;
        let columns = self.columns_option(names, names.len());
        let mut notes = vec![format!(
            "to name the columns so, or as you like, run: {}",
            again(&["--columns", &columns, &format!("--header={table}")])
        )];
        let empty = names.iter().position(String::is_empty);
        if empty == Some(names.len() - 1) {
            notes.push(trailing_delimiter(self.table));
        }
        Err(ErrorWithNotes::of(format!("{place}: {problem}"), notes))
    }

    /// `--columns` with names that can be columns': those given, as far as they can, and numbers for the others.
    fn columns_option(&self, names: &[String], count: usize) -> String {
        let mut columns: Vec<String> = Vec::with_capacity(count);
        for index in 0..count {
            let name = names.get(index).map_or("", String::as_str);
            let name = match name {
                "" => format!("column_{}", index + 1),
                name => name.replace(|c: char| matches!(c, ',' | '=') || !is_printed(c), "_"),
            };
            let is_taken = |name: &str| {
                let mut known = columns.iter();
                name != PASSED_OVER && known.any(|it| it.to_lowercase() == name.to_lowercase())
            };
            let start = beginning(&name);
            let name = match name.len() > LONGEST_NAME {
                true => start.to_owned(),
                false => name.clone(),
            };
            let numbered = (2..).map(|number| format!("{start}_{number}"));
            let mut free = std::iter::once(name).chain(numbered);
            columns.extend(free.find(|name| !is_taken(name)));
        }
        format!("{}={}", self.table, columns.join(","))
    }
}

/// Whether a character can be in a name: what is no UTF-8 was replaced when the record was read.
fn is_printed(c: char) -> bool {
    !c.is_control() && c != char::REPLACEMENT_CHARACTER
}

/// Whether a first record is the beginning of a text, or of a file in another language than CSV.
fn is_prose(fields: &[String]) -> bool {
    let first = fields.first().map_or("", |field| field.trim());
    let is_code = ["{", "[", "<", "--", "/*", "#!"];
    if is_code.iter().any(|start| first.starts_with(start)) {
        return true;
    }
    let words = fields.iter().map(|field| field.split_whitespace().count());
    let words = words.max().unwrap_or(0);
    let last = fields.last().map_or("", |field| field.trim());
    let ends = last.ends_with(['.', ':', '!', '?', '(', '{']);
    match fields.len() {
        1 => ends || words > MOST_WORDS || first.starts_with("# ") || first.contains("  "),
        _ => words > 2 * MOST_WORDS || ends && words > MOST_WORDS / 2,
    }
}

/// A name without what leaves no room for a number behind it.
fn beginning(name: &str) -> &str {
    let mut end = name.len().min(LONGEST_NAME - 4);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    &name[..end]
}
