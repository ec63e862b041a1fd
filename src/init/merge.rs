//! `init` again on a changed schema: what changed goes into the file, what was edited by hand stays. Pure.
//!
//! Three texts: what `init` wrote the last time, the file as it is now, and what `init` would write now. What is as it was
//! written is replaced; what was changed, added or removed by hand is kept as long as its table and column exist.

use std::fmt;

use anyhow::{Context, Result};
use toml_edit::{DocumentMut, Item, Key, Table, TableLike};

/// Behind all tables that a file may have.
const BEHIND: isize = 1_000_000;

/// What merging did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Something new in the schema, with its text.
    Added(String, String),
    /// Something that isn't in the schema any more, or can't be filled any more.
    Removed(String),
    /// Something that was as `init` had written it, with its text before and now.
    Replaced(String, String, String),
    /// Something that was edited by hand, and that `init` would now write otherwise.
    Kept(String, String),
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Change::Added(place, text) if text.is_empty() => write!(f, "+ {place}"),
            Change::Added(place, text) => write!(f, "+ {place} = {text}"),
            Change::Removed(place) => write!(f, "- {place}"),
            Change::Replaced(place, before, now) => write!(f, "~ {place} = {now}  (was {before})"),
            Change::Kept(place, now) if now.is_empty() => {
                write!(
                    f,
                    "= {place} kept as it was edited; init would leave it out"
                )
            }
            Change::Kept(place, now) => {
                write!(f, "= {place} kept as it was edited; init would write {now}")
            }
        }
    }
}

/// The file as it should be. Without `base` everything in the file counts as edited.
pub fn merge(base: Option<&str>, kept: &str, new: &str) -> Result<(String, Vec<Change>)> {
    let read = |text: &str, what: &str| {
        let document: Result<DocumentMut, _> = text.parse();
        document.with_context(|| format!("could not read {what} as TOML"))
    };
    let base = base
        .map(|it| read(it, "what init wrote the last time"))
        .transpose()?;
    let mut merged = read(kept, "the dataset")?;
    let new = read(new, "what init writes")?;
    let mut changes = Vec::new();
    if let Some(init) = new.get("init") {
        merged["init"] = init.clone();
    }
    lists(&mut merged, &new);
    tables(base.as_ref(), &mut merged, &new, &mut changes)?;
    Ok((merged.to_string(), changes))
}

/// New makers may name lists that the file hasn't.
fn lists(merged: &mut DocumentMut, new: &DocumentMut) {
    let Some(new) = new.get("lists").and_then(Item::as_table) else {
        return;
    };
    match merged.get_mut("lists").and_then(Item::as_table_mut) {
        Some(kept) => {
            for (name, list) in new {
                if !kept.contains_key(name) {
                    kept.insert(name, list.clone());
                }
            }
        }
        None => {
            let mut lists = new.clone();
            lists.set_position(Some(BEHIND));
            merged.insert("lists", Item::Table(lists));
        }
    }
}

fn section<'d>(document: &'d DocumentMut, table: &str) -> Option<&'d dyn TableLike> {
    document
        .get("tables")?
        .as_table_like()?
        .get(table)?
        .as_table_like()
}

fn names(document: &DocumentMut) -> Vec<String> {
    let tables = document.get("tables").and_then(Item::as_table_like);
    tables.map_or_else(Vec::new, |it| {
        it.iter().map(|(name, _)| name.to_owned()).collect()
    })
}

fn tables(
    base: Option<&DocumentMut>,
    merged: &mut DocumentMut,
    new: &DocumentMut,
    changes: &mut Vec<Change>,
) -> Result<()> {
    let wrote = |table: &str| base.is_some_and(|it| section(it, table).is_some());
    let (before, now) = (names(merged), names(new));
    let kept = merged
        .get_mut("tables")
        .and_then(Item::as_table_like_mut)
        .context("the dataset has no [tables]")?;
    for name in before.iter().filter(|it| !now.contains(it)) {
        if wrote(name) || base.is_none() {
            kept.remove(name);
            changes.push(Change::Removed(format!("table {name}")));
        }
    }
    for (place, name) in now.iter().enumerate() {
        let Some(new_value) = new["tables"].get(name) else {
            continue;
        };
        match kept.get_mut(name).and_then(Item::as_table_like_mut) {
            Some(table) => {
                let base = base.and_then(|it| section(it, name));
                if let Some(new_value) = new_value.as_table_like() {
                    merge_table(name, base, table, new_value, changes);
                }
            }
            // Taken out by hand.
            None if wrote(name) => {}
            None => {
                let mut new_value = new_value.clone();
                if let Some(table) = new_value.as_table_mut() {
                    place_behind(table, place);
                }
                kept.insert(name, new_value);
                changes.push(Change::Added(format!("table {name}"), String::new()));
            }
        }
    }
    Ok(())
}

/// New tables come last, in their order, each with its columns.
fn place_behind(table: &mut Table, place: usize) {
    let place = BEHIND + 2 * isize::try_from(place).unwrap_or(0) + 1;
    table.set_position(Some(place));
    if let Some(columns) = table.get_mut("columns").and_then(Item::as_table_mut) {
        columns.set_position(Some(place + 1));
    }
}

fn merge_table(
    name: &str,
    base: Option<&dyn TableLike>,
    kept: &mut dyn TableLike,
    new: &dyn TableLike,
    changes: &mut Vec<Change>,
) {
    const OWN: &[&str] = &["rows", "fixed", "unique", "exclusive", "triggers"];
    merge_entries(name, base, kept, new, &|key| OWN.contains(&key), changes);
    let base = base.and_then(|it| it.get("columns")?.as_table_like());
    let columns = kept.get_mut("columns").and_then(Item::as_table_like_mut);
    if let (Some(kept), Some(new)) = (columns, new.get("columns").and_then(Item::as_table_like)) {
        merge_entries(name, base, kept, new, &|_| true, changes);
    }
}

/// Three-way, entry by entry, of those that are `init`'s.
fn merge_entries(
    table: &str,
    base: Option<&dyn TableLike>,
    kept: &mut dyn TableLike,
    new: &dyn TableLike,
    is_own: &dyn Fn(&str) -> bool,
    changes: &mut Vec<Change>,
) {
    let place = |key: &str| format!("{table}.{key}");
    let wrote = |key: &str| base.and_then(|it| it.get(key)).map(text);
    let before: Vec<String> = kept.iter().map(|(key, _)| key.to_owned()).collect();
    for key in before
        .iter()
        .filter(|it| is_own(it) && new.get(it).is_none())
    {
        let now = kept.get(key).map(text);
        let is_edited = wrote(key) != now;
        match (base.is_some(), is_edited) {
            (true, false) => {
                kept.remove(key);
                changes.push(Change::Removed(place(key)));
            }
            (true, true) if wrote(key).is_some() => {
                changes.push(Change::Kept(place(key), String::new()));
            }
            _ => {}
        }
    }
    for (key, item) in new.iter().filter(|(key, _)| is_own(key)) {
        let (was, now, then) = (wrote(key), kept.get(key).map(text), text(item));
        match now {
            Some(now) if now == then => {}
            Some(now) if was.as_ref() == Some(&now) => {
                replace(kept, new, key, item);
                changes.push(Change::Replaced(place(key), now, then));
            }
            Some(_) if was.as_ref() == Some(&then) => {}
            Some(_) => changes.push(Change::Kept(place(key), then)),
            // Taken out by hand.
            None if was.is_some() => {}
            None => {
                replace(kept, new, key, item);
                changes.push(Change::Added(place(key), then));
            }
        }
    }
}

/// The entry with its comment.
fn replace(kept: &mut dyn TableLike, new: &dyn TableLike, key: &str, item: &Item) {
    kept.insert(key, item.clone());
    let decor = new.key(key).map(|it: &Key| it.leaf_decor().clone());
    if let (Some(mut own), Some(decor)) = (kept.key_mut(key), decor) {
        *own.leaf_decor_mut() = decor;
    }
}

/// An entry's value without what is around it.
fn text(item: &Item) -> String {
    let mut item = item.clone();
    if let Some(value) = item.as_value_mut() {
        value.decor_mut().clear();
    }
    item.to_string().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "\
scale = \"all\"
init = { version = \"0.1.0\" }

[tables.users]
rows = 1000  # owners

[tables.users.columns]
id = \"serial\"  # sure
name = { make = \"text\" }  # guess
old = \"boolean\"  # guess

[tables.logs]
rows = 10

[tables.logs.columns]
id = \"serial\"
";

    #[test]
    fn what_was_edited_stays_and_the_schema_s_changes_come() {
        let kept = BASE
            .replace("rows = 1000", "rows = 50")
            .replace("{ make = \"text\" }", "{ make = \"fake\" }");
        let new = BASE
            .replace("old = \"boolean\"  # guess", "nick = \"uuid\"  # likely")
            .replace("id = \"serial\"  # sure", "id = \"sequence\"  # sure: now")
            .replace("[tables.logs", "[tables.events");
        let (merged, changes) = merge(Some(BASE), &kept, &new).unwrap();
        let shown: Vec<String> = changes.iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            [
                "- table logs",
                "- users.old",
                "~ users.id = \"sequence\"  (was \"serial\")",
                "+ users.nick = \"uuid\"",
                "+ table events",
            ]
        );
        assert_eq!(
            merged,
            "\
scale = \"all\"
init = { version = \"0.1.0\" }

[tables.users]
rows = 50  # owners

[tables.users.columns]
id = \"sequence\"  # sure: now
name = { make = \"fake\" }  # guess
nick = \"uuid\"  # likely

[tables.events]
rows = 10

[tables.events.columns]
id = \"serial\"
"
        );
    }

    #[test]
    fn nothing_changes_where_nothing_did() {
        let edited = BASE.replace("\"text\"", "\"fake\"");
        let (merged, changes) = merge(Some(BASE), &edited, BASE).unwrap();
        assert_eq!((merged, changes), (edited, Vec::new()));
    }

    #[test]
    fn an_edited_maker_is_told_what_init_would_write() {
        let kept = BASE.replace("{ make = \"text\" }", "{ make = \"fake\" }");
        let new = BASE.replace("{ make = \"text\" }", "{ make = \"word\" }");
        let (merged, changes) = merge(Some(BASE), &kept, &new).unwrap();
        assert_eq!(merged, kept);
        assert_eq!(
            changes[0].to_string(),
            "= users.name kept as it was edited; init would write { make = \"word\" }"
        );
    }

    #[test]
    fn without_what_was_written_everything_counts_as_edited() {
        let new = BASE.replace("old = \"boolean\"", "new = \"boolean\"");
        let (merged, changes) = merge(None, BASE, &new).unwrap();
        assert!(merged.contains("old = \"boolean\""));
        assert_eq!(changes.len(), 1, "{changes:?}");
    }
}
