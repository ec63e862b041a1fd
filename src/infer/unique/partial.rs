//! Partial unique indexes that mark one of several rows: one default address for each customer, one live row for each
//! owner. Pure.

use super::wanted::WantedSet;
use crate::infer::domain::{Confidence, MakerToml, Value};
use crate::infer::model::{ModelColumn, ModelTable};
use crate::infer::source::SourceTable;
use crate::postgres::name::quoted;

/// What makes a row one that the index counts.
enum Mark {
    /// The column is true.
    True(String),
    /// The column is NULL.
    Null(String),
}

/// Has the first of the rows that refer to one row be the one that the index counts. False where the index isn't such a
/// one: its columns are kept apart in all rows then.
pub fn keep(
    table: &SourceTable,
    model: &mut ModelTable,
    set: &WantedSet,
    all: &[WantedSet],
) -> bool {
    let Some(mark) = set.predicate.as_deref().and_then(|it| mark(table, it)) else {
        return false;
    };
    let [reference] = set.columns.as_slice() else {
        return false;
    };
    match mark {
        Mark::True(column) if column == *reference => never_true(model, &column),
        _ if !is_free(model, reference, set, all) => false,
        Mark::True(column) => first_is_true(model, reference, &column),
        Mark::Null(column) => first_is_null(model, reference, &column),
    }
}

/// What `pg_get_expr` prints: `is_default`, `(deleted_at IS NULL)`.
fn mark(table: &SourceTable, predicate: &str) -> Option<Mark> {
    let text = predicate.trim_start_matches('(').trim_end_matches(')');
    table.columns.iter().find_map(|column| {
        let name = quoted(&column.name);
        let rest = text.strip_prefix(name.as_str())?;
        match rest {
            "" | " = true" | " IS TRUE" => Some(Mark::True(column.name.clone())),
            " IS NULL" => Some(Mark::Null(column.name.clone())),
            _ => None,
        }
    })
}

/// Whether the rows of a reference may lie together: no other set asks anything of it.
fn is_free(model: &ModelTable, reference: &str, set: &WantedSet, all: &[WantedSet]) -> bool {
    let is_plain = model.column(reference).is_some_and(|it| {
        let options = it.maker.options.iter();
        let known = ["to", "null", "spread"];
        it.maker.make == "reference"
            && options
                .into_iter()
                .all(|(name, _)| known.contains(&name.as_str()))
    });
    let mut others = all
        .iter()
        .filter(|it| *it != set && it.predicate != set.predicate);
    is_plain && !others.any(|it| it.columns.iter().any(|column| column == reference))
}

/// At most one row of the whole table may have it true: none has.
fn never_true(model: &mut ModelTable, column: &str) -> bool {
    let maker = MakerToml::new("boolean").with("chance", 0.0);
    set_boolean(model, column, maker)
}

fn first_is_true(model: &mut ModelTable, reference: &str, column: &str) -> bool {
    let flag = MakerToml::new("flag").with("of", reference);
    set_boolean(model, column, flag) && spread(model, reference)
}

fn first_is_null(model: &mut ModelTable, reference: &str, column: &str) -> bool {
    let of_column = |it: &ModelColumn| {
        let options = it.maker.options.iter();
        options
            .into_iter()
            .any(|(_, value)| *value == Value::Text(column.to_owned()))
    };
    let is_needed = model.columns.iter().any(of_column);
    let Some(place) = model.columns.iter().position(|it| it.name == column) else {
        return false;
    };
    let options = ["null-with", "only-if", "unique"];
    let maker = &model.columns[place].maker;
    if is_needed
        || maker.option("null").is_none()
        || options.iter().any(|it| maker.option(it).is_some())
    {
        return false;
    }
    let name = format!("{reference}_first");
    let condition = Value::Table(vec![(name.clone(), vec!["false"].into())]);
    let column = &mut model.columns[place];
    column.maker.options.retain(|(option, _)| option != "null");
    column.maker = column.maker.clone().with("only-if", condition);
    let flag = ModelColumn {
        name,
        maker: MakerToml::new("flag").with("of", reference),
        reason: format!("for {}", column.name),
        confidence: Confidence::Sure,
        hidden: true,
    };
    model.columns.insert(place, flag);
    spread(model, reference)
}

fn set_boolean(model: &mut ModelTable, column: &str, maker: MakerToml) -> bool {
    match model
        .column_mut(column)
        .filter(|it| it.maker.make == "boolean")
    {
        Some(column) => {
            column.maker = maker;
            true
        }
        None => false,
    }
}

fn spread(model: &mut ModelTable, reference: &str) -> bool {
    if let Some(column) = model.column_mut(reference)
        && column.maker.option("spread").is_none()
    {
        column.maker = column.maker.clone().with("spread", "skewed");
    }
    true
}
