//! The queries that go with a dataset: a parent's children by each foreign key, and a row by each key. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::infer::model::{Model, ModelTable};
use crate::infer::source::{Source, SourceKey, SourceTable, UniqueSet};
use crate::postgres::name::quoted;

/// What the first line of a query that `init` wrote ends with.
pub const MARK: &str = "(Written by seedrow init.)";

/// Datasets of more tables get no queries.
const MOST_TABLES: usize = 60;

/// Children of one parent that may be sorted for each page: a thousand take about a millisecond.
const MOST_SORTED: u64 = 1000;

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
    let parts = path_parts(model);
    let mut files = Vec::new();
    for made in model.tables.iter().filter(|it| !it.kept) {
        let Some(table) = source.table(&made.name) else {
            continue;
        };
        let children = table
            .foreign_keys
            .iter()
            .filter(|key| is_worth_it(model, made, key))
            .map(|key| children(&parts, table, key, order(model, made, table, key)));
        let lookups = table
            .uniques
            .iter()
            .filter(|set| is_lookup(made, set))
            .map(|set| lookup(&parts, table, set));
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
        && key.elsewhere.is_none()
        && key.columns.iter().all(|it| made.column(it).is_some())
}

/// What the children are sorted by: the primary key, where a parent has so few that sorting them takes no time.
fn order<'s>(
    model: &Model,
    made: &ModelTable,
    table: &'s SourceTable,
    key: &SourceKey,
) -> Option<Vec<&'s str>> {
    let parent = key.table.as_deref().and_then(|it| model.table(it))?;
    let primary = table.uniques.iter().find(|set| set.primary)?;
    let is_few = made.rows / parent.rows.max(1) <= MOST_SORTED;
    is_few.then(|| primary.plain_columns().collect())
}

/// A key that is whole and of plain columns.
fn is_lookup(made: &ModelTable, set: &UniqueSet) -> bool {
    let columns: Vec<&str> = set.plain_columns().collect();
    set.predicate.is_none()
        && columns.len() == set.parts.len()
        && columns.iter().all(|it| made.column(it).is_some())
}

/// A query before its route is chosen.
struct Draft {
    /// Of its file's name.
    stem: String,
    title: String,
    /// `-- param` and other lines.
    declarations: String,
    /// Where it may be served, the best path first.
    paths: Vec<String>,
    statement: String,
}

impl Draft {
    /// The file's text, with the first path that no other query has.
    fn text(self, taken: &mut BTreeSet<String>) -> String {
        let title = self.title.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut text = format!("-- {title} {MARK}\n{}", self.declarations);
        let mut paths = self.paths.iter();
        if let Some(path) = paths.find(|path| taken.insert(shape(path))) {
            text.push_str(&format!("-- route: GET {path}\n"));
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

/// The children of one parent; in pages where they can be sorted.
fn children(
    parts: &PathParts<'_>,
    table: &SourceTable,
    key: &SourceKey,
    order: Option<Vec<&str>>,
) -> Draft {
    let parent = key.table.as_deref().unwrap_or_default();
    let columns: Vec<&str> = key.columns.iter().map(String::as_str).collect();
    // Sampled from the parent, so that some have no children, as in life; a composite key only where rows agree.
    let (mut declarations, conditions) = match (&*columns, &*key.referenced) {
        ([column], [referenced]) => by_columns(&[column], parent, &[referenced], ", exists"),
        _ => by_columns(&columns, &table.name, &columns, ""),
    };
    let name = quoted(&table.name);
    let found = format!("SELECT *\nFROM {name}\nWHERE {conditions}");
    let statement = match order {
        None => format!("{found}\nLIMIT 100;\n"),
        Some(order) => {
            declarations.push_str("-- param page: int = 1, min 1\n");
            declarations.push_str("-- param count: int = 20, min 1, max 100\n");
            let order: Vec<String> = order.iter().map(|column| quoted(column)).collect();
            let found = found.replace('\n', "\n    ");
            format!(
                "\n-- MATERIALIZED: found by the foreign key, then sorted. The index of the order alone would be read\n\
                 -- up to the parent's children, wherever they are.\n\
                 WITH found AS MATERIALIZED (\n    {found}\n)\n\
                 SELECT *\nFROM found\nORDER BY {}\nLIMIT :count\nOFFSET (CAST(:page AS bigint) - 1) * :count;\n",
                order.join(", ")
            )
        }
    };
    let stem = stem(table, &columns);
    let of = format!("/{}{}", parts[parent], path_parameters(&columns));
    Draft {
        title: format!("The {} of one row of {parent}.", table.name),
        paths: [&parts[&*table.name], &path_part(&stem)]
            .map(|end| format!("{of}/{end}"))
            .to_vec(),
        stem,
        declarations,
        statement,
    }
}

/// One row by a key: `/orders/:id` by the primary one, `/orders/number/:number` by another.
fn lookup(parts: &PathParts<'_>, table: &SourceTable, set: &UniqueSet) -> Draft {
    let columns: Vec<&str> = set.plain_columns().collect();
    let (declarations, conditions) = by_columns(&columns, &table.name, &columns, "");
    let by: Vec<String> = columns.iter().map(|column| path_part(column)).collect();
    let (of, parameters) = (&parts[&*table.name], path_parameters(&columns));
    Draft {
        title: format!("One row of {} by {}.", table.name, columns.join(" and ")),
        stem: stem(table, &columns),
        paths: vec![match set.primary {
            true => format!("/{of}{parameters}"),
            false => format!("/{of}/{}{parameters}", by.join("-")),
        }],
        declarations: format!("{declarations}-- max-rows: 1\n"),
        statement: format!(
            "SELECT *\nFROM {}\nWHERE {conditions};\n",
            quoted(&table.name)
        ),
    }
}

fn stem(table: &SourceTable, columns: &[&str]) -> String {
    format!("{}_by_{}", table.name, columns.join("_"))
}

/// A parameter for each column, with values of the columns in `from`: their declarations, and the condition.
fn by_columns(
    columns: &[&str],
    table: &str,
    from: &[impl AsRef<str>],
    options: &str,
) -> (String, String) {
    let mut declarations = String::new();
    let mut conditions = Vec::new();
    for (place, (column, from)) in columns.iter().zip(from).enumerate() {
        let (parameter, from) = (parameter(column, place), quoted(from.as_ref()));
        let table = quoted(table);
        declarations.push_str(&format!("-- param {parameter}: {table}.{from}{options}\n"));
        conditions.push(format!("{} = :{parameter}", quoted(column)));
    }
    (declarations, conditions.join("\n    AND "))
}

/// What each table is called in a path.
type PathParts<'m> = BTreeMap<&'m str, String>;

/// Names of other letters than ASCII's would be the same: a number tells them apart.
fn path_parts(model: &Model) -> PathParts<'_> {
    let mut taken = BTreeSet::new();
    let mut part = |name: &str| {
        let plain = path_part(name);
        let mut part = plain.clone();
        for number in 2.. {
            if taken.insert(part.clone()) {
                break;
            }
            part = format!("{plain}_{number}");
        }
        part
    };
    let tables = model.tables.iter();
    tables
        .map(|table| (&*table.name, part(&table.name)))
        .collect()
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

/// A parameter's name: the column's where that is one and pages don't need it.
fn parameter(column: &str, place: usize) -> String {
    let is_of_pages = matches!(column, "page" | "count");
    let starts = column.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
    let is_plain = column
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    match starts && is_plain && !is_of_pages {
        true => column.to_owned(),
        false => format!("key_{}", place + 1),
    }
}
