//! The keys of a table that are about several of its columns, which never repeat or exclude each other, or about all of
//! its rows.

use anyhow::{Result, bail};

use crate::dataset::column_rules::{Exclusive, UniqueSet};
use crate::dataset::document::{Section, TomlValue, did_you_mean};
use crate::dataset::draw::Chance;
use crate::dataset::spec::{Size, Triggers};

/// Reads `unique = [["user_id", "group_id"], ["code"]]`.
pub fn unique(table: &Section, names: &[&str]) -> Result<Vec<UniqueSet>> {
    let Some(value) = table.get("unique") else {
        return Ok(Vec::new());
    };
    let set = |set: &TomlValue| {
        if !set.is_list() {
            bail!(set.error("a set of columns is a list, too: write unique = [[\"a\", \"b\"]]"));
        }
        Ok(UniqueSet {
            columns: columns(set, names)?,
            line: set.line(),
        })
    };
    value.list()?.iter().map(set).collect()
}

/// Reads `exclusive = [{ columns = ["a", "b"], none = 0.1 }]`.
pub fn exclusive(table: &Section, names: &[&str]) -> Result<Vec<Exclusive>> {
    let Some(value) = table.get("exclusive") else {
        return Ok(Vec::new());
    };
    let mut sets: Vec<Exclusive> = Vec::new();
    for item in value.list()? {
        let section = item.section(item.what())?;
        let list = section.need("columns")?;
        let columns = columns(&list, names)?;
        let none = section.get("none").map_or(Ok(0.0), |it| it.probability())?;
        section.ensure_known_keys()?;
        if columns.len() < 2 {
            bail!(list.error("at least two columns exclude each other"));
        }
        let twice = |column: &&usize| sets.iter().any(|set| set.columns.contains(column));
        if let Some(&column) = columns.iter().find(twice) {
            bail!(list.error(format!("`{}` is exclusive twice", names[column])));
        }
        sets.push(Exclusive {
            columns,
            none: Chance::new(none),
        });
    }
    Ok(sets)
}

/// Reads `fixed = true`.
pub fn fixed(table: &Section, size: &Size) -> Result<bool> {
    let Some(value) = table.get("fixed") else {
        return Ok(false);
    };
    match (value.boolean()?, size) {
        (true, Size::Per { .. }) => Err(value.error("only a table with `rows` can be fixed")),
        (fixed, _) => Ok(fixed),
    }
}

/// Reads `triggers = "off"`.
pub fn triggers(table: &Section) -> Result<Triggers> {
    const SWITCH: &[(&str, Triggers)] = &[("on", Triggers::Fire), ("off", Triggers::Skip)];
    table
        .get("triggers")
        .map_or(Ok(Triggers::Fire), |value| value.one_of("switch", SWITCH))
}

fn columns(list: &TomlValue, names: &[&str]) -> Result<Vec<usize>> {
    let mut columns = Vec::new();
    for value in list.list()? {
        let name = value.text()?;
        match names.iter().position(|known| *known == name) {
            Some(column) if columns.contains(&column) => {
                bail!(value.error(format!("`{name}` is there twice")))
            }
            Some(column) => columns.push(column),
            None => {
                let advice = did_you_mean(name, names.iter().copied());
                bail!(value.error(format!(
                    "no column of this table is called `{name}`; {advice}"
                )));
            }
        }
    }
    Ok(columns)
}
