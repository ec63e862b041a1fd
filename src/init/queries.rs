//! The queries that go with a dataset: a parent's children by each foreign key, and a row by each unique key. Pure.

use std::collections::BTreeSet;

use crate::infer::model::{Model, ModelTable};
use crate::infer::source::{Source, SourceKey, SourceTable, UniqueSet};
use crate::postgres::name::quoted;

/// What the first line of a query that `init` wrote ends with.
pub const MARK: &str = "(Written by seedrow init.)";

/// Datasets of more tables get no queries.
const MOST_TABLES: usize = 60;

/// A query's file: its name without folder, and its text.
pub struct QueryFile {
    /// `orders_by_customer_id.sql`
    pub name: String,
    /// Header and statement.
    pub text: String,
}

/// A query for each key worth a check, in the tables' order.
///
/// None where there are many tables: `check` looks each foreign key up by itself, and nobody would read them.
pub fn queries(source: &Source, model: &Model) -> Vec<QueryFile> {
    if model.tables.len() > MOST_TABLES {
        return Vec::new();
    }
    let mut taken = BTreeSet::new();
    let mut routes = BTreeSet::new();
    let mut files = Vec::new();
    for made in model.tables.iter().filter(|it| !it.kept) {
        let Some(table) = source.table(&made.name) else {
            continue;
        };
        let children = table
            .foreign_keys
            .iter()
            .filter(|key| is_worth_it(model, made, key))
            .map(|key| children(table, key));
        let lookups = table
            .uniques
            .iter()
            .filter(|set| is_lookup(made, set))
            .map(|set| lookup(table, set));
        for draft in children.chain(lookups) {
            if let Some(name) = free_name(&mut taken, &draft.stem) {
                let text = draft.text(&mut routes);
                files.push(QueryFile { name, text });
            }
        }
    }
    files
}

/// Names are distinct without regard to case, as some file systems are.
fn free_name(taken: &mut BTreeSet<String>, stem: &str) -> Option<String> {
    const LONGEST: usize = 100;
    let is_plain = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let plain: String = stem
        .chars()
        .map(|c| if is_plain(c) { c } else { '_' })
        .take(LONGEST)
        .collect();
    let numbered = (2..100).map(|number| format!("{plain}_{number}"));
    let mut names = std::iter::once(plain.clone()).chain(numbered);
    let name = names.find(|name| taken.insert(name.to_lowercase()))?;
    Some(format!("{name}.sql"))
}

/// A key whose children are few of many: not one to a code list, where reading the whole table is right.
fn is_worth_it(model: &Model, made: &ModelTable, key: &SourceKey) -> bool {
    let parent = key.table.as_deref().and_then(|it| model.table(it));
    parent.is_some_and(|it| !it.fixed || it.kept)
        && key.columns.iter().all(|it| made.column(it).is_some())
}

/// A unique key that isn't the primary one, whole and of plain columns.
fn is_lookup(made: &ModelTable, set: &UniqueSet) -> bool {
    let columns: Vec<&str> = set.plain_columns().collect();
    !set.primary
        && set.predicate.is_none()
        && columns.len() == set.parts.len()
        && columns.iter().all(|it| made.column(it).is_some())
}

/// A query before its route is chosen.
struct Draft {
    /// Of its file's name.
    stem: String,
    title: String,
    /// `-- param` lines.
    declarations: String,
    /// Where it may be served, the best path first.
    paths: Vec<String>,
    /// What a request for nothing gets.
    no_row: &'static str,
    statement: String,
}

impl Draft {
    /// The file's text, with the first path that no other query has.
    fn text(self, taken: &mut BTreeSet<String>) -> String {
        let mut text = format!("-- {} {MARK}\n{}", self.title, self.declarations);
        let mut paths = self.paths.iter();
        if let Some(path) = paths.find(|path| taken.insert(shape(path))) {
            text.push_str(&format!("-- route: GET {path}\n{}", self.no_row));
        }
        text + &self.statement
    }
}

/// A path without its parameters' names, which don't tell two routes apart.
fn shape(path: &str) -> String {
    let part = |part: &str| match part.starts_with(':') {
        true => ":".to_owned(),
        false => part.to_owned(),
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

fn children(table: &SourceTable, key: &SourceKey) -> Draft {
    let parent = key.table.as_deref().unwrap_or_default();
    let columns: Vec<&str> = key.columns.iter().map(String::as_str).collect();
    // Sampled from the parent, so that some have no children, as in life; a composite key only where rows agree.
    let from = |place: usize| match columns.len() {
        1 => (parent, key.referenced[place].as_str()),
        _ => (table.name.as_str(), columns[place]),
    };
    let title = format!("The {} of one row of {parent}.", table.name);
    let stem = format!("{}_by_{}", table.name, columns.join("_"));
    let of = format!("/{}{}", path_part(parent), path_parameters(&columns));
    Draft {
        paths: [table.name.as_str(), stem.as_str()]
            .map(|end| format!("{of}/{}", path_part(end)))
            .to_vec(),
        no_row: "",
        ..draft(table, &columns, stem, &title, &from, "\nLIMIT 100")
    }
}

fn lookup(table: &SourceTable, set: &UniqueSet) -> Draft {
    let columns: Vec<&str> = set.plain_columns().collect();
    let title = format!("One row of {} by {}.", table.name, columns.join(" and "));
    let from = |place: usize| (table.name.as_str(), columns[place]);
    let stem = format!("{}_by_{}", table.name, columns.join("_"));
    let by: Vec<String> = columns.iter().map(|column| path_part(column)).collect();
    Draft {
        paths: vec![format!(
            "/{}/{}{}",
            path_part(&table.name),
            by.join("-"),
            path_parameters(&columns)
        )],
        no_row: "-- no-row: 404\n",
        ..draft(table, &columns, stem, &title, &from, "")
    }
}

fn draft<'n>(
    table: &SourceTable,
    columns: &[&str],
    stem: String,
    title: &str,
    from: &dyn Fn(usize) -> (&'n str, &'n str),
    end: &str,
) -> Draft {
    let mut declarations = String::new();
    let mut conditions = Vec::new();
    for (place, column) in columns.iter().enumerate() {
        let (other, referenced) = from(place);
        let parameter = parameter(column, place);
        declarations.push_str(&format!(
            "-- param {parameter}: {}.{}\n",
            quoted(other),
            quoted(referenced)
        ));
        conditions.push(format!("{} = :{parameter}", quoted(column)));
    }
    let conditions = conditions.join("\n    AND ");
    Draft {
        stem,
        title: title.split_whitespace().collect::<Vec<_>>().join(" "),
        declarations,
        paths: Vec::new(),
        no_row: "",
        statement: format!(
            "SELECT *\nFROM {}\nWHERE {conditions}{end};\n",
            quoted(&table.name)
        ),
    }
}

/// A name as a part of a path.
fn path_part(name: &str) -> String {
    let plain = |c: char| match c.is_ascii_alphanumeric() || matches!(c, '_' | '-') {
        true => c,
        false => '_',
    };
    name.chars().map(plain).collect()
}

fn path_parameters(columns: &[&str]) -> String {
    let columns = columns.iter().enumerate();
    let parameters = columns.map(|(place, column)| format!("/:{}", parameter(column, place)));
    parameters.collect()
}

/// A parameter's name: the column's where that is one.
fn parameter(column: &str, place: usize) -> String {
    let starts = column.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
    let is_plain = column
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    match starts && is_plain {
        true => column.to_owned(),
        false => format!("key_{}", place + 1),
    }
}
