//! Rows that lie in the order of what they refer to, though the source's don't: only where another maker needs them so.

use std::collections::BTreeSet;

use crate::infer::domain::Value;
use crate::infer::model::{ModelColumn, ModelTable};

/// A table's column.
type Place = (String, String);

/// Has references with figures of their own take the source's order on disk, unless others need their rows together.
pub(super) fn take_order(tables: &mut [ModelTable]) {
    let needed = needed(tables);
    for table in tables {
        for (name, profile) in &mut table.profile.columns {
            let mut columns = table.columns.iter_mut();
            let Some(column) = columns.find(|it| it.name == *name) else {
                continue;
            };
            let is_reference = column.maker.make == "reference";
            if !is_reference || column.maker.option("spread").is_none() {
                continue;
            }
            match needed.contains(&(table.name.clone(), name.clone())) {
                true => profile.correlation = None,
                false => column.maker.options.retain(|(name, _)| name != "spread"),
            }
        }
    }
}

/// The references whose rows others find by what they refer to.
fn needed(tables: &[ModelTable]) -> BTreeSet<Place> {
    let mut needed = BTreeSet::new();
    for table in tables {
        for column in &table.columns {
            if let Some(other) = referred(tables, column) {
                for name in agreeing(column) {
                    follow(tables, other, &name, &mut needed);
                }
            }
            for (option, value) in &column.maker.options {
                match (column.maker.make.as_str(), option.as_str(), value) {
                    (_, "within", Value::Text(by)) | ("flag", "of", Value::Text(by)) => {
                        needed.insert((table.name.clone(), by.clone()));
                    }
                    ("total", "by", Value::Text(by)) => {
                        let of = column.maker.option("of");
                        needed.extend(of.and_then(table_named).map(|it| (it, by.clone())));
                    }
                    _ => {}
                }
            }
        }
    }
    needed
}

/// The columns of the other table in which rows agree.
fn agreeing(column: &ModelColumn) -> Vec<String> {
    let text = |value: &Value| match value {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    };
    match column.maker.option("same") {
        Some(Value::List(names)) => names.iter().filter_map(text).collect(),
        Some(Value::Table(pairs)) => pairs.iter().filter_map(|(_, it)| text(it)).collect(),
        _ => Vec::new(),
    }
}

/// The reference that a column is, or that its value is copied by, and so on upwards.
fn follow(tables: &[ModelTable], table: &ModelTable, name: &str, needed: &mut BTreeSet<Place>) {
    let Some(column) = table.columns.iter().find(|it| it.name == name) else {
        return;
    };
    let by = match (column.maker.make.as_str(), column.maker.option("by")) {
        ("copy", Some(Value::Text(by))) => by,
        _ => name,
    };
    if !needed.insert((table.name.clone(), by.to_owned())) || by == name {
        return;
    }
    let above = table.columns.iter().find(|it| it.name == by);
    let copied = column.maker.option("column");
    if let (Some(above), Some(Value::Text(copied))) = (above, copied)
        && let Some(other) = referred(tables, above)
    {
        follow(tables, other, copied, needed);
    }
}

/// The table that a reference refers to.
fn referred<'t>(tables: &'t [ModelTable], column: &ModelColumn) -> Option<&'t ModelTable> {
    let to = column.maker.option("to")?;
    let named = |name: &str| tables.iter().find(|it| it.name == name);
    match to {
        Value::Text(whole) => named(whole).or_else(|| named(&table_named(to)?)),
        _ => None,
    }
}

/// The table of `table.column`.
fn table_named(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.rsplit_once('.')?.0.to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::profile::ColumnProfile;
    use crate::infer::domain::MakerToml;

    #[test]
    fn rows_keep_their_parents_order_where_another_reference_agrees_with_them() {
        let reference = |to: &str| MakerToml::new("reference").with("to", to);
        let spread = || reference("tenants").with("spread", "skewed");
        for (same, expected) in [(Some("tenant_id"), true), (None, false)] {
            let mut users = ModelTable::of_columns("users", &[("tenant_id", spread())]);
            let profile = ColumnProfile {
                correlation: Some(0.1),
                ..ColumnProfile::default()
            };
            users
                .profile
                .columns
                .push(("tenant_id".to_owned(), profile));
            let author = match same {
                Some(name) => reference("users.id").with("same", vec![name]),
                None => reference("users.id"),
            };
            let notes = [("tenant_id", spread()), ("author_id", author)];
            let notes = ModelTable::of_columns("notes", &notes);
            let mut tables = [ModelTable::of_columns("tenants", &[]), users, notes];
            take_order(&mut tables);
            let column = tables[1].column("tenant_id").unwrap();
            assert_eq!(column.maker.option("spread").is_some(), expected);
            assert_eq!(
                tables[1].profile.columns[0].1.correlation.is_none(),
                expected
            );
            // No figures, no change.
            assert!(
                tables[2]
                    .column("tenant_id")
                    .unwrap()
                    .maker
                    .option("spread")
                    .is_some()
            );
        }
    }
}
