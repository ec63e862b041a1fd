//! Entries of a word list, each once: the names of a table of names.

use std::collections::BTreeSet;

use crate::infer::domain::{MakerToml, Value};
use crate::infer::model::{ModelColumn, ModelTable};
use crate::infer::source::SourceTable;

/// Has a table of names be its list, each entry once: `Cardiology`, not `Cardiology 12`. False where the list is too short
/// for the table, or its texts repeat.
pub(super) fn whole_list(table: &SourceTable, model: &mut ModelTable, name: &str) -> bool {
    const FEWEST: usize = 5;
    let is_owned = |column: &str| table.column(column).is_some_and(|it| it.not_null);
    let mut keys = table.foreign_keys.iter().flat_map(|it| &it.columns);
    let Some((leader, number)) = entry_of(model, name) else {
        return false;
    };
    let Some(entries) = list_of(model, &leader) else {
        return false;
    };
    let texts: Option<BTreeSet<String>> = entries
        .iter()
        .map(|entry| Some(entry.get(number.checked_sub(1)?)?.to_lowercase()))
        .collect();
    let is_distinct = texts.is_some_and(|it| it.len() == entries.len());
    let is_long = table.rows.is_none_or(|rows| rows <= entries.len() as u64);
    let is_plain = length_option_is_kept(model, name);
    if !is_distinct
        || !is_long
        || !is_plain
        || entries.len() < FEWEST
        || keys.any(|it| is_owned(it))
    {
        return false;
    }
    lead(model, &leader, name, number);
    true
}

/// A longer text would be cut, and case folded texts may be the same.
fn length_option_is_kept(model: &ModelTable, name: &str) -> bool {
    model.column(name).is_some_and(|it| {
        it.maker.option("max-length").is_none() && it.maker.option("null").is_none()
    })
}

/// The column that draws the entry of a list which a column is a field of, and the field's number.
fn entry_of(model: &ModelTable, name: &str) -> Option<(String, usize)> {
    let maker = &model.column(name)?.maker;
    let number = match maker.option("field") {
        Some(Value::Integer(number)) => usize::try_from(*number).ok()?,
        _ => 1,
    };
    match (maker.make.as_str(), maker.option("of")) {
        ("word", _) => Some((name.to_owned(), number)),
        ("field", Some(Value::Text(of))) => Some((of.clone(), number)),
        _ => None,
    }
}

/// The entries of the list that a column draws from.
fn list_of(model: &ModelTable, leader: &str) -> Option<Vec<Vec<&'static str>>> {
    let Some(Value::Text(name)) = model.column(leader)?.maker.option("list") else {
        return None;
    };
    let list = model.lists.iter().find(|it| it.name == name)?;
    Some(list.entries().collect())
}

/// Has a column draw the entry in place of a hidden one, each once.
fn lead(model: &mut ModelTable, leader: &str, name: &str, number: usize) {
    let Some(list) = model
        .column(leader)
        .and_then(|it| it.maker.option("list").cloned())
    else {
        return;
    };
    let is_hidden = model.column(leader).is_some_and(|it| it.hidden);
    if leader != name && !is_hidden {
        // The entry is distinct already, or is made so.
        if let Some(column) = model.column_mut(leader) {
            column.maker = column.maker.clone().with("unique", true);
        }
        return;
    }
    let mut maker = MakerToml::new("word").with("list", list.clone());
    if number > 1 {
        maker = maker.with("field", i64::try_from(number).unwrap_or(1));
    }
    if let Some(column) = model.column_mut(name) {
        let case = column.maker.option("case").cloned();
        column.maker = case
            .into_iter()
            .fold(maker, |it, case| it.with("case", case));
        column.maker = column.maker.clone().with("unique", true);
    }
    follow(model, name, &list);
    if leader != name {
        model.columns.retain(|it| it.name != leader);
        for column in &mut model.columns {
            if column.maker.option("of") == Some(&leader.into()) {
                column.maker = column.maker.clone().with("of", name);
            }
        }
    }
}

/// Has other columns of the same list be fields of the same entry.
fn follow(model: &mut ModelTable, leader: &str, list: &Value) {
    let is_other = |it: &&mut ModelColumn| {
        it.name != leader && it.maker.make == "word" && it.maker.option("list") == Some(list)
    };
    for column in model.columns.iter_mut().filter(is_other) {
        let number = column.maker.option("field").cloned();
        let kept = column
            .maker
            .as_another("field", &["null", "max-length", "case"]);
        column.maker = MakerToml::new("field")
            .with("of", leader)
            .with("field", number.unwrap_or(1_i64.into()));
        column.maker.options.extend(kept.options);
    }
}
