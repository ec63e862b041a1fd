//! What CHECKs demand between columns → options and makers that keep it. Pure.

mod order;

use std::collections::BTreeSet;

use super::constraints::TableReading;
use super::domain::{MakerToml, Relation, Value};
use super::model::{Doubt, ModelColumn, ModelTable};
use super::source::SourceTable;
use crate::copy::{DataType, Scalar};
use order::{apart, differ, equal, less};

/// A share of rows in which none of several columns has a value.
const NONE: f64 = 0.1;

/// Has the table's makers keep the relations; returns those that they can't. `pooled` are constraints whose columns have
/// values that they accept already.
pub fn apply(
    table: &SourceTable,
    model: &mut ModelTable,
    reading: &TableReading,
    pooled: &BTreeSet<String>,
) -> Vec<Doubt> {
    let mut doubts = Vec::new();
    for relation in &reading.relations {
        let check = reading.origin(table, relation);
        if check.is_some_and(|it| pooled.contains(&it.name)) {
            continue;
        }
        if !keep(table, model, relation) {
            let doubt = Doubt {
                table: table.name.clone(),
                constraint: check.map(|it| it.name.clone()).unwrap_or_default(),
                definition: check.map(|it| it.definition.clone()).unwrap_or_default(),
            };
            if !doubts.contains(&doubt) {
                doubts.push(doubt);
            }
        }
    }
    // What was never NULL may be NULL with another one by now.
    for relation in &reading.relations {
        if let Relation::NeededIf { column, by, .. } = relation
            && is_made(model, by)
        {
            model.never_null(column);
        }
    }
    doubts
}

/// Whether rows keep it then.
fn keep(table: &SourceTable, model: &mut ModelTable, relation: &Relation) -> bool {
    match relation {
        Relation::Less {
            smaller,
            larger,
            strict,
        } => less(table, model, smaller, larger, *strict),
        Relation::NotEqual { a, b } => differ(table, model, a, b),
        Relation::Equal { a, b } => equal(table, model, a, b),
        Relation::ExactlyOne(columns) => one_of(model, columns, 0.0),
        Relation::AtMostOne(columns) => one_of(model, columns, NONE),
        Relation::AtLeastOne(columns) => {
            let made = columns.iter().find(|it| model.column(it).is_some());
            made.is_some_and(|it| model.never_null(it))
        }
        Relation::AllOrNone(columns) => {
            let Some((first, others)) = columns.split_first() else {
                return true;
            };
            match model.column(first) {
                Some(_) => others.iter().all(|it| null_with(model, it, first)),
                None => others.iter().all(|it| leave_out(table, model, it)),
            }
        }
        Relation::NullWith { column, by } => match model.column(by) {
            Some(_) => null_with(model, column, by),
            None => leave_out(table, model, column),
        },
        Relation::OnlyIf { column, by, values } => only_if(table, model, column, by, values),
        Relation::NeededIf { column, by, .. } => {
            model.never_null(column) || model.column(by).is_none()
        }
        Relation::AtLeastApart {
            smaller,
            larger,
            gap,
        } => apart(table, model, smaller, larger, "min", gap),
        Relation::AtMostApart {
            smaller,
            larger,
            gap,
        } => apart(table, model, smaller, larger, "max", gap),
        Relation::Computed {
            column,
            formula,
            of,
            decimals,
        } => computed(table, model, (column, formula), of, *decimals),
        Relation::LimitedIf { .. } => false,
    }
}

/// A column that is a sum or product of others.
fn computed(
    table: &SourceTable,
    model: &mut ModelTable,
    (column, formula): (&str, &str),
    of: &[String],
    decimals: Option<u32>,
) -> bool {
    let is_independent =
        |name: &String| model.column(name).is_some() && !leads_to(model, name, column, 0);
    let scale = table.column(column).and_then(|it| scale_of(&it.data_type));
    let scale = decimals.into_iter().chain(scale).min();
    if !is_made(model, column) || !of.iter().all(is_independent) {
        return leave_out(table, model, column);
    }
    let maker = MakerToml::new("formula").with("of", formula);
    let maker = match scale {
        None | Some(2) => maker,
        Some(other) => maker.with("scale", i64::from(other)),
    };
    replace(model, column, maker);
    true
}

/// Whether a column is made from another one.
fn leads_to(model: &ModelTable, from: &str, to: &str, steps: usize) -> bool {
    const MOST_STEPS: usize = 20;
    let of = model.column(from).and_then(|it| it.maker.option("of"));
    let Some(Value::Text(of)) = of else {
        return false;
    };
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let mut names = of.split(|c| !is_part(c)).filter(|it| is_made(model, it));
    steps > MOST_STEPS || names.any(|it| it == to || leads_to(model, it, to, steps + 1))
}

/// The decimals of a type of numbers.
fn scale_of(data_type: &DataType) -> Option<u32> {
    let base = data_type.base();
    match base.scalar()? {
        Scalar::Int2 | Scalar::Int4 | Scalar::Int8 => Some(0),
        Scalar::Numeric if base.modifier >= 4 => u32::try_from((base.modifier - 4) & 0x7ff).ok(),
        _ => None,
    }
}

fn is_made(model: &ModelTable, column: &str) -> bool {
    model.column(column).is_some()
}

/// Sets an option; columns that aren't made are NULL, and so keep what is said of NULL.
fn set(model: &mut ModelTable, column: &str, option: &str, value: impl Into<Value>) -> bool {
    if let Some(column) = model.column_mut(column) {
        column.maker.options.retain(|(name, _)| name != "null");
        column.maker = column.maker.clone().with(option, value);
    }
    true
}

/// Has a column be NULL where another one is; where that one follows it already, it is.
fn null_with(model: &mut ModelTable, column: &str, by: &str) -> bool {
    follows(model, by, "null-with", column) || set(model, column, "null-with", by)
}

/// Whether a column follows another one by an option that names a sibling, over others, too.
fn follows(model: &ModelTable, column: &str, option: &str, other: &str) -> bool {
    let next = |name: &str| match model.column(name)?.maker.option(option) {
        Some(Value::Text(by)) => Some(by.clone()),
        _ => None,
    };
    let chain = std::iter::successors(Some(column.to_owned()), |it| next(it));
    chain.take(model.columns.len()).any(|it| it == other)
}

/// Leaves a column to be NULL; false where it takes none.
fn leave_out(table: &SourceTable, model: &mut ModelTable, column: &str) -> bool {
    if table.column(column).is_none_or(|it| it.not_null) {
        return false;
    }
    let names_it = |it: &&ModelColumn| {
        let mut options = it.maker.options.iter();
        it.name != column && options.any(|(_, value)| value.names(column))
    };
    // What is NULL where it is, goes with it.
    let goes = |it: &ModelColumn| {
        let by = |option: &str| it.maker.option(option) == Some(&column.into());
        by("null-with")
            || it
                .maker
                .option("only-if")
                .is_some_and(|it| it.names(column))
            || by("by")
    };
    let others: Vec<(String, bool)> = model
        .columns
        .iter()
        .filter(names_it)
        .map(|it| (it.name.clone(), goes(it)))
        .collect();
    if !others
        .iter()
        .all(|(name, goes)| *goes && leave_out(table, model, name))
    {
        return false;
    }
    if is_made(model, column) {
        model.columns.retain(|it| it.name != column);
        let reason = "NULL: a CHECK asks for it".to_owned();
        model.skipped.push((column.to_owned(), reason));
    }
    true
}

fn only_if(
    table: &SourceTable,
    model: &mut ModelTable,
    column: &str,
    by: &str,
    values: &[String],
) -> bool {
    let decides = model
        .column(by)
        .is_some_and(|it| matches!(it.maker.make.as_str(), "one-of" | "boolean"));
    if !decides || !is_made(model, column) {
        return leave_out(table, model, column);
    }
    if takes_only(model, by, values) {
        return null_with(model, column, by);
    }
    let condition = Value::Table(vec![(by.to_owned(), values.to_vec().into())]);
    set(model, column, "only-if", condition)
}

/// Whether a column has none but these values.
fn takes_only(model: &ModelTable, column: &str, values: &[String]) -> bool {
    let all = model
        .column(column)
        .and_then(|it| it.maker.option("values"));
    let is_among = |value: &Value| match value {
        Value::Text(text) => values.contains(text),
        Value::Integer(number) => values.contains(&number.to_string()),
        _ => false,
    };
    matches!(all, Some(Value::List(all)) if all.iter().all(is_among))
}

fn one_of(model: &mut ModelTable, columns: &[String], none: f64) -> bool {
    let made: Vec<String> = columns
        .iter()
        .filter(|it| is_made(model, it))
        .cloned()
        .collect();
    match made.as_slice() {
        [] => none > 0.0,
        [only] => none > 0.0 || model.never_null(only),
        _ => {
            for column in &made {
                model.never_null(column);
            }
            let arc = (made, none);
            if !model.exclusive.contains(&arc) {
                model.exclusive.push(arc);
            }
            true
        }
    }
}

/// Another maker for a column, which keeps its share of NULLs.
fn replace(model: &mut ModelTable, column: &str, maker: MakerToml) {
    if let Some(column) = model.column_mut(column) {
        let null = column.maker.option("null").cloned();
        column.maker = match null {
            Some(null) => maker.with("null", null),
            None => maker,
        };
    }
}

fn with_option(model: &mut ModelTable, column: &str, option: &str, value: impl Into<Value>) {
    if let Some(column) = model.column_mut(column) {
        column.maker = column.maker.clone().with(option, value);
    }
}
