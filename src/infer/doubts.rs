//! Constraints that aren't understood → questions that a server answers; its answers → what makes the table. Pure.

use super::checks::pool::Pool;
use super::constraints::TableReading;
use super::domain::{Confidence, Limits, MakerToml};
use super::keys::{KeyPlan, KeyRole};
use super::model::{Doubt, ModelColumn, ModelTable, PoolList};
use super::question::{AskedColumn, Filled, Question, QuestionKey};
use super::source::{SourceColumn, SourceTable};
use crate::postgres::catalog::ColumnDefault;

/// The questions that a doubt raises: none where it isn't about a CHECK, or about a column that Postgres generates.
pub fn of_doubt(
    table: &SourceTable,
    keys: &KeyPlan,
    reading: &TableReading,
    made: &ModelTable,
    doubt: &Doubt,
) -> Vec<Question> {
    let asked = |name: &str, column: &SourceColumn| AskedColumn {
        name: name.to_owned(),
        data_type: column.data_type.clone(),
        limits: reading.limits(column),
        filled: filled(table, keys, made, column),
        may_be_null: may_be_null(keys, &table.name, made, column, &reading.limits(column)),
        may_be_listed: may_be_listed(keys, &table.name, made, column),
    };
    let question = |columns: Vec<(&str, &SourceColumn)>| Question {
        key: QuestionKey {
            table: table.name.clone(),
            constraint: doubt.constraint.clone(),
            columns: columns.iter().map(|(_, it)| it.name.clone()).collect(),
        },
        definition: doubt.definition.clone(),
        columns: columns.iter().map(|(name, it)| asked(name, it)).collect(),
    };
    if let Some(check) = table.checks.iter().find(|it| it.name == doubt.constraint) {
        let columns = check.columns.iter().filter_map(|it| table.column(it));
        let columns: Vec<(&str, &SourceColumn)> =
            columns.map(|it| (it.name.as_str(), it)).collect();
        let is_generated = columns.iter().any(|(_, it)| it.is_generated());
        return match columns.is_empty() || is_generated {
            true => Vec::new(),
            false => vec![question(columns)],
        };
    }
    let of_domain = |column: &&SourceColumn| {
        let mut checks = column.domain_checks.iter();
        checks.any(|it| it.name == doubt.constraint) && !column.is_generated()
    };
    let columns = table.columns.iter().filter(of_domain);
    columns.map(|it| question(vec![("value", it)])).collect()
}

/// Whether a column may be left out, and is NULL then: no other one needs its values.
fn may_be_null(
    keys: &KeyPlan,
    table: &str,
    made: &ModelTable,
    column: &SourceColumn,
    limits: &Limits,
) -> bool {
    let place = (table.to_owned(), column.name.clone());
    let takes_null = !column.not_null && !limits.not_null && !column.has_default();
    let is_made = made.column(&column.name).is_some();
    is_made && takes_null && !keys.referenced.contains(&place) && !is_named(made, &column.name)
}

/// Whether a column's values may come from a list: of a key those of one column that no other one follows.
fn may_be_listed(keys: &KeyPlan, table: &str, made: &ModelTable, column: &SourceColumn) -> bool {
    match keys.role(table, &column.name) {
        None => !column.is_serial(),
        Some(KeyRole::Reference(it)) => {
            it.columns == 1 && it.same.is_empty() && !is_named(made, &column.name)
        }
        Some(KeyRole::Copy { .. } | KeyRole::Null { .. }) => false,
    }
}

/// Whether the maker of another column names it.
fn is_named(made: &ModelTable, column: &str) -> bool {
    let others = made.columns.iter().filter(|it| it.name != column);
    let mut values = others.flat_map(|it| it.maker.options.iter().map(|(_, value)| value));
    values.any(|it| it.names(column))
}

fn filled(table: &SourceTable, keys: &KeyPlan, made: &ModelTable, column: &SourceColumn) -> Filled {
    if made.column(&column.name).is_some() {
        let is_key = keys.role(&table.name, &column.name).is_some() || column.is_serial();
        return if is_key {
            Filled::ByKey
        } else {
            Filled::ByMaker
        };
    }
    match &column.default {
        ColumnDefault::Nothing => Filled::Always(None),
        ColumnDefault::Expression(text) => match constant(text) {
            Some(value) => Filled::Always(Some(value)),
            None => Filled::Unknown,
        },
        _ => Filled::Unknown,
    }
}

/// The value of a default that is one: `0`, `false`, `'{}'::jsonb`.
fn constant(expression: &str) -> Option<String> {
    if let Some(quoted) = expression.strip_prefix('\'') {
        let (text, rest) = quoted.rsplit_once('\'')?;
        let is_cast = rest.is_empty() || rest.starts_with("::");
        let is_whole = !text.replace("''", "").contains('\'');
        return (is_cast && is_whole).then(|| text.replace("''", "'"));
    }
    let is_number = expression.parse::<f64>().is_ok();
    (is_number || matches!(expression, "true" | "false")).then(|| expression.to_owned())
}

/// Has a table's columns be those of an accepted pool: an entry of a list, and the other fields of the same entry.
pub fn apply(table: &mut ModelTable, key: &QuestionKey, pool: &Pool, alone: &[&str]) {
    let column_of = |name: &String| match name.as_str() {
        "value" if key.columns.len() == 1 => key.columns[0].clone(),
        _ => name.clone(),
    };
    for name in pool.nulls.iter().map(column_of) {
        table.columns.retain(|it| it.name != name);
        if !table.skipped.iter().any(|(it, _)| *it == name) {
            let reason = format!("NULL: {} accepts nothing else", key.constraint);
            table.skipped.push((name, reason));
        }
    }
    let names: Vec<String> = pool.columns.iter().map(column_of).collect();
    if names.is_empty() {
        return;
    }
    // A column that is unique draws the entry.
    let is_alone = |name: &String| alone.contains(&name.as_str());
    let leader = names.iter().position(is_alone).unwrap_or(0);
    let list = list_name(key);
    let reason = pool.reason(&key.constraint);
    for place in std::iter::once(leader).chain((0..names.len()).filter(|it| *it != leader)) {
        let number = i64::try_from(place + 1).unwrap_or(1);
        let maker = match place == leader {
            true => MakerToml::new("word").with("list", list.as_str()),
            false => MakerToml::new("field").with("of", names[leader].as_str()),
        };
        let maker = match names.len() {
            1 => maker,
            _ => maker.with("field", number),
        };
        replace(table, &names[place], maker, &reason);
    }
    table.pools.push(PoolList {
        name: list,
        text: pool.text(),
    });
}

/// Leaves columns out, so that they are NULL, and has others never be.
pub fn apply_nulls(table: &mut ModelTable, key: &QuestionKey, always: &[String], never: &[String]) {
    for name in always {
        table.columns.retain(|it| it.name != *name);
        let reason = format!("NULL: {} accepts such rows", key.constraint);
        table.skipped.push((name.clone(), reason));
    }
    for name in never {
        table.never_null(name);
    }
}

/// Another maker for a column, in its place, or behind the others where it was left out.
fn replace(table: &mut ModelTable, name: &str, maker: MakerToml, reason: &str) {
    table.skipped.retain(|(it, _)| it != name);
    let column = ModelColumn {
        name: name.to_owned(),
        maker,
        reason: reason.to_owned(),
        confidence: Confidence::Sure,
        hidden: false,
    };
    match table.column_mut(name) {
        Some(old) => *old = column,
        None => table.columns.push(column),
    }
}

/// `orders_code_check` of the table `orders`; of a domain, table and column.
fn list_name(key: &QuestionKey) -> String {
    let name = match key.constraint.contains(" of domain ") {
        true => format!("{}_{}", key.table, key.columns.join("_")),
        false if key.constraint.starts_with(&key.table) => key.constraint.clone(),
        false => format!("{}_{}", key.table, key.constraint),
    };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    name.chars()
        .map(|c| if is_plain(c) { c } else { '_' })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_that_are_constants_have_a_value() {
        for (expression, value) in [
            ("0", Some("0")),
            ("false", Some("false")),
            ("'{}'::jsonb", Some("{}")),
            ("'it''s'::text", Some("it's")),
            ("now()", None),
            ("('a'::text || 'b'::text)", None),
            ("'a'::text || 'b'::text", None),
        ] {
            assert_eq!(constant(expression).as_deref(), value, "{expression}");
        }
    }

    #[test]
    fn lists_are_named_by_table_and_constraint() {
        let name = |table: &str, constraint: &str| {
            list_name(&QuestionKey {
                table: table.to_owned(),
                constraint: constraint.to_owned(),
                columns: vec!["a".to_owned()],
            })
        };
        assert_eq!(name("t", "t_code_check"), "t_code_check");
        assert_eq!(name("t", "is plain"), "t_is_plain");
        assert_eq!(name("t", "c of domain d"), "t_a");
    }
}
