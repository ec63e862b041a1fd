//! The names of a dataset's tables and columns, read before any maker is, so that a maker may refer to a later table.

use anyhow::Result;

use crate::dataset::document::TomlValue;

/// A table's names.
#[derive(Debug)]
pub struct TableOutline {
    /// The table's.
    pub name: String,
    /// That of the table that it has rows `per` row of.
    pub parent: Option<String>,
    /// Its columns', in order.
    pub columns: Vec<ColumnOutline>,
}

/// A column's name, and what makes it a key.
#[derive(Debug)]
pub struct ColumnOutline {
    /// The column's.
    pub name: String,
    /// Its maker's, empty where it isn't said.
    pub make: String,
    /// What its maker refers to, empty where it isn't said.
    pub to: String,
    /// Whether the column says that its values never repeat.
    pub unique: bool,
}

impl TableOutline {
    /// The position of the column that other tables refer to: `serial`, else the only one that is unique, else `id`.
    pub fn key(&self) -> Option<usize> {
        let position = |is: &dyn Fn(&ColumnOutline) -> bool| {
            let mut found = self.columns.iter().enumerate().filter(|(_, it)| is(it));
            found
                .next()
                .map(|(first, _)| (first, found.next().is_none()))
        };
        let serial = position(&|it| it.make == "serial").map(|(first, _)| first);
        let only_unique = || {
            position(&|it| it.unique)
                .filter(|(_, only)| *only)
                .map(|(it, _)| it)
        };
        let id = || self.columns.iter().position(|it| it.name == "id");
        serial.or_else(only_unique).or_else(id)
    }
}

/// Reads the names of all tables, leaving mistakes to those who read their values.
pub fn read(tables: &TomlValue) -> Result<Vec<TableOutline>> {
    let entries = tables.section("[tables]")?.entries();
    Ok(entries
        .into_iter()
        .map(|(name, value)| {
            let mut columns = columns(&value).unwrap_or_default();
            for set in unique_sets(&value).unwrap_or_default() {
                let is_set = |column: &&mut ColumnOutline| set == [column.name.as_str()];
                columns
                    .iter_mut()
                    .filter(is_set)
                    .for_each(|it| it.unique = true);
            }
            TableOutline {
                columns,
                parent: parent(&value),
                name,
            }
        })
        .collect())
}

fn parent(table: &TomlValue) -> Option<String> {
    let per = table.section("").ok()?.get("per")?.section("").ok()?;
    per.get("table")?.text().ok().map(str::to_owned)
}

fn columns(table: &TomlValue) -> Option<Vec<ColumnOutline>> {
    let columns = table.section("").ok()?.get("columns")?.section("").ok()?;
    let text = |value: Option<TomlValue>| {
        let text = value.and_then(|it| it.text().ok().map(str::to_owned));
        text.unwrap_or_default()
    };
    let column = |(name, value): (String, TomlValue)| {
        let section = value.section("").ok();
        let make = match &section {
            Some(section) => section.get("make"),
            None => Some(value.clone()),
        };
        let unique = section.as_ref().and_then(|section| section.get("unique"));
        let to = section.as_ref().and_then(|section| section.get("to"));
        ColumnOutline {
            name,
            make: text(make),
            to: text(to),
            unique: unique.is_some_and(|it| it.boolean().unwrap_or(false)),
        }
    };
    Some(columns.entries().into_iter().map(column).collect())
}

fn unique_sets<'a>(table: &TomlValue<'a>) -> Option<Vec<Vec<&'a str>>> {
    let sets = table.section("").ok()?.get("unique")?.list().ok()?;
    let names = |set: &TomlValue<'a>| -> Option<Vec<&'a str>> {
        set.list().ok()?.iter().map(|it| it.text().ok()).collect()
    };
    sets.iter().map(names).collect()
}
