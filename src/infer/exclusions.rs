//! EXCLUDE constraints → ranges that don't overlap, or columns that never repeat. Pure.

use super::model::{Doubt, ModelTable};
use super::source::{SourceCheck, SourceColumn, SourceTable, columns_in};
use super::unique::WantedSet;
use crate::copy::TypeKind;
use crate::postgres::name::quoted;

/// Seconds of a range of times that has room for itself.
const SLOT: i64 = 3_600;

/// Has the table's makers keep them; returns those that they can't.
pub fn apply(table: &SourceTable, model: &mut ModelTable) -> Vec<Doubt> {
    let mut doubts = Vec::new();
    for exclusion in &table.exclusions {
        if !keep(table, model, exclusion) {
            doubts.push(Doubt::of(&table.name, exclusion));
        }
    }
    doubts
}

/// An element of an exclusion, and the operator by which two rows must not agree: `during`, `&&`.
type Element<'d> = (&'d str, &'d str);

/// `EXCLUDE USING gist (room_id WITH =, during WITH &&)` in elements.
fn elements(definition: &str) -> Vec<Element<'_>> {
    let inside = definition.split_once('(').map_or("", |(_, inside)| inside);
    let pieces: Vec<&str> = inside.split(" WITH ").collect();
    let is_sign = |c: char| !c.is_whitespace() && c != ',' && c != ')';
    let pairs = pieces.windows(2).enumerate().map(|(place, pair)| {
        let element = match place {
            0 => pair[0],
            // Behind the operator of the element before.
            _ => pair[0].split_once(", ").map_or("", |(_, element)| element),
        };
        let end = pair[1].find(|c| !is_sign(c)).unwrap_or(pair[1].len());
        (element, &pair[1][..end])
    });
    pairs.collect()
}

/// The range column that an exclusion is about, which is made so that it overlaps nothing.
fn range_of(table: &SourceTable, elements: &[Element]) -> Option<String> {
    let overlapping = elements.iter().filter(|(_, operator)| *operator == "&&");
    let mut columns = overlapping
        .filter_map(|(element, _)| table.columns.iter().find(|it| quoted(&it.name) == *element));
    let is_range = |it: &&SourceColumn| matches!(it.data_type.base().kind, TypeKind::Range(_));
    columns.find(is_range).map(|it| it.name.clone())
}

/// Sets of columns which, where they never repeat, keep an exclusion that is not about a column of ranges.
pub fn wanted(table: &SourceTable) -> Vec<WantedSet> {
    let set = |exclusion: &SourceCheck| {
        let elements = elements(&exclusion.definition);
        if range_of(table, &elements).is_some() {
            return None;
        }
        let equal = elements.iter().filter(|(_, operator)| *operator == "=");
        let columns: Vec<String> = equal
            .flat_map(|(element, _)| columns_in(table, element))
            .collect();
        (!columns.is_empty()).then(|| WantedSet::of(&exclusion.name, columns))
    };
    table.exclusions.iter().filter_map(set).collect()
}

/// A range that overlaps no other keeps an exclusion, whatever the room.
fn keep(table: &SourceTable, model: &mut ModelTable, exclusion: &SourceCheck) -> bool {
    let elements = elements(&exclusion.definition);
    let Some(column) = range_of(table, &elements) else {
        return elements.iter().any(|(_, operator)| *operator == "=");
    };
    match model.column_mut(&column) {
        // Left out: NULL overlaps nothing.
        None => true,
        Some(column) if column.maker.make == "range" => {
            let maker = column.maker.clone();
            let maker = maker.with("disjoint", true).with("unique", true);
            column.maker = match maker.option("length") {
                Some(_) => maker.with("length", SLOT),
                None => maker,
            };
            true
        }
        Some(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exclusion_is_read_in_elements() {
        let definition =
            "EXCLUDE USING gist (a WITH =, tstzrange(s, e) WITH &&, c WITH =) WHERE ((x = 1))";
        let expected = [("a", "="), ("tstzrange(s, e)", "&&"), ("c", "=")];
        assert_eq!(elements(definition), expected);
    }
}
