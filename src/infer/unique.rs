//! Unique indexes → columns that never repeat, alone or together: by makers that can't, else by `unique`. Pure.

mod entries;
mod lines;
mod numbered;
mod partial;
mod wanted;

pub use wanted::{WantedSet, wanted};

use super::domain::{Case, Confidence, MakerToml, Value};
use super::model::{Doubt, ModelTable};
use super::source::SourceTable;
use super::types;
use crate::copy::Scalar;
use entries::whole_list;
use numbered::{
    array_of_row, carries_row, distinct, element_of_row, row_column, separated, with_one_number,
};

/// Has the table's makers keep the sets.
pub fn apply(table: &SourceTable, model: &mut ModelTable, sets: &[WantedSet]) -> Vec<Doubt> {
    let mut doubts = Vec::new();
    for set in sets {
        for column in &set.never_null {
            if let Some(column) = model.column_mut(column) {
                column.maker.options.retain(|(name, _)| name != "null");
            }
        }
        for (column, case) in &set.cases {
            fold(model, column, *case);
        }
        for column in &set.days {
            cut_to_days(model, column);
        }
    }
    let mut smallest: Vec<&WantedSet> = Vec::new();
    let mut by_size: Vec<&WantedSet> = Vec::new();
    for set in sets {
        if !partial::keep(table, model, set, sets) {
            by_size.push(set);
        }
    }
    by_size.sort_by_key(|set| set.columns.len());
    for set in by_size {
        let covers = |other: &&WantedSet| other.columns.iter().all(|it| set.columns.contains(it));
        if !smallest.iter().any(covers) {
            smallest.push(set);
        }
    }
    smallest.sort_by_key(|set| sets.iter().position(|it| it == *set));
    for set in smallest {
        if !keep(table, model, set, sets) {
            doubts.push(Doubt {
                table: table.name.clone(),
                constraint: set.name.clone(),
                definition: format!("UNIQUE ({})", set.columns.join(", ")),
            });
        }
    }
    doubts
}

/// Makers write texts in one case where an index ignores it.
fn fold(model: &mut ModelTable, column: &str, case: Case) {
    if let Some(column) = model.column_mut(column)
        && is_text_maker(&column.maker.make)
    {
        let case = match case {
            Case::Lower => "lower",
            Case::Upper => "upper",
        };
        column.maker = column.maker.clone().with("case", case);
    }
}

/// Makers write days where an index ignores the time, and no other column counts seconds from it.
fn cut_to_days(model: &mut ModelTable, column: &str) {
    let others = model.columns.iter().filter(|it| it.name != column);
    let mut options = others.flat_map(|it| &it.maker.options);
    if options.any(|(_, value)| value.names(column)) {
        return;
    }
    if let Some(column) = model.column_mut(column)
        && column.maker.make == "timestamp"
    {
        column.maker = column.maker.as_another("date", &["min", "max", "null"]);
    }
}

/// Whether a set holds then.
fn keep(table: &SourceTable, model: &mut ModelTable, set: &WantedSet, all: &[WantedSet]) -> bool {
    let made: Vec<&String> = set
        .columns
        .iter()
        .filter(|it| model.column(it).is_some())
        .collect();
    let holds_by_itself = made.iter().any(|it| {
        let column = model.column(it);
        column.is_some_and(|it| it.maker.never_repeats())
    });
    match made.as_slice() {
        _ if holds_by_itself => true,
        [] => false,
        // What is left out is the same in all rows, or NULL in all.
        [column] => alone(table, model, column),
        columns => {
            let columns: Vec<String> = columns.iter().map(|it| (*it).clone()).collect();
            if let Some(text) = widest_text(model, &columns) {
                return alone(table, model, &text);
            }
            lines::count(table, model, &columns, all);
            if !model.unique.contains(&columns) {
                model.unique.push(columns);
            }
            true
        }
    }
}

/// The text that carries the row's number, so that a set without keys has room for any number of rows.
fn widest_text(model: &ModelTable, columns: &[String]) -> Option<String> {
    let makes = |column: &&String, makers: &[&str]| {
        let column = model.column(column);
        column.is_some_and(|it| makers.contains(&it.maker.make.as_str()))
    };
    let has_room = |column: &String| {
        makes(
            &column,
            &[
                "reference",
                "copy",
                "timestamp",
                "date",
                "code",
                "pattern",
                "sequence",
            ],
        )
    };
    if columns.iter().any(has_room) {
        return None;
    }
    let texts = |it: &&String| makes(it, &["text", "fake", "word", "field", "phrase"]);
    columns.iter().find(texts).cloned()
}

fn is_text_maker(make: &str) -> bool {
    matches!(
        make,
        "text" | "phrase" | "fake" | "word" | "field" | "one-of" | "code" | "pattern" | "hex"
    )
}

/// A column that is unique by itself.
fn alone(table: &SourceTable, model: &mut ModelTable, name: &str) -> bool {
    let Some(source) = table.column(name) else {
        return false;
    };
    let Some(column) = model.column(name) else {
        return false;
    };
    let (maker, confidence) = (column.maker.clone(), column.confidence);
    let longest = types::max_length(&source.data_type, &Default::default());
    let is_accepted = maker.make == "word" && confidence == Confidence::Sure;
    if !is_accepted && whole_list(table, model, name) {
        return true;
    }
    let better = match maker.make.as_str() {
        // A constraint accepts the list's entries, and nothing else.
        "word" if is_accepted => Some(maker.clone().with("unique", true)),
        "integer"
            if confidence != Confidence::Sure && is_free(&maker, source.data_type.scalar()) =>
        {
            Some(maker.as_another("sequence", &["null"]))
        }
        "text" | "fake" | "word" | "field" | "hex" => Some(distinct(
            model,
            name,
            &maker,
            longest.or(max_length(&maker)),
        )),
        "phrase" if !carries_row(model, &maker) => Some(distinct(
            model,
            name,
            &maker,
            longest.or(max_length(&maker)),
        )),
        "phrase" => {
            let maker = with_one_number(model, &maker);
            Some(separated(model, &maker).with("unique", true))
        }
        "json" => {
            let row = row_column(model, name);
            Some(
                maker
                    .clone()
                    .with("of", format!("{{{{\"row\": {{{row}}}}}}}")),
            )
        }
        "array" => match element_of_row(source) {
            Some(element) => Some(array_of_row(model, name, element)),
            None => return false,
        },
        "hstore" => {
            let row = row_column(model, name);
            let entry = ("key".to_owned(), format!("{{{row}}}").into());
            Some(MakerToml::new("hstore").with("of", Value::Table(vec![entry])))
        }
        "copy" | "value" | "tsvector" | "xml" | "polygon" | "point" => {
            return false;
        }
        _ => Some(maker.clone().with("unique", true)),
    };
    if let (Some(better), Some(column)) = (better, model.column_mut(name)) {
        column.maker = better;
    }
    true
}

/// Whether nothing but the type bounds a number.
fn is_free(maker: &MakerToml, scalar: Option<Scalar>) -> bool {
    let is = |option: &str, value: i64| maker.option(option) == Some(&value.into());
    let by_default = is("min", 1) && (is("max", 1_000) || is("max", 1_001));
    by_default || scalar.is_none()
}

fn max_length(maker: &MakerToml) -> Option<u32> {
    match maker.option("max-length") {
        Some(Value::Integer(length)) => u32::try_from(*length).ok(),
        _ => None,
    }
}
