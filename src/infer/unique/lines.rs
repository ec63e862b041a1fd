//! Rows that are numbered within what they refer to, such as the lines of an order: they lie together, and count from 1.
//! Pure.

use super::wanted::WantedSet;
use crate::infer::domain::MakerToml;
use crate::infer::model::ModelTable;
use crate::infer::source::SourceTable;
use crate::infer::types;

/// More lines than any order has.
const MOST: i64 = 10_000;
/// The greatest position where nothing is known of a column but its name, and but its type.
const BY_DEFAULT: [i64; 3] = [20, 1_000, 1_001];

/// Has the rows of a set of a reference and a number count; other sets are left as they are.
pub fn count(table: &SourceTable, model: &mut ModelTable, set: &[String], all: &[WantedSet]) {
    let [first, second] = set else {
        return;
    };
    let (by, line) = match is_plain_reference(model, first) {
        true => (first, second),
        false => (second, first),
    };
    let is_shared = all.iter().filter(|it| it.columns.contains(by)).count() > 1;
    if is_shared || !is_plain_reference(model, by) || !is_position(table, model, line) {
        return;
    }
    if let Some(column) = model.column_mut(by) {
        column.maker = column.maker.clone().with("spread", "skewed");
    }
    if let Some(column) = model.column_mut(line) {
        column.maker = MakerToml::new("sequence").with("within", by.as_str());
    }
}

fn is_plain_reference(model: &ModelTable, column: &str) -> bool {
    let column = model.column(column).map(|it| &it.maker);
    column
        .is_some_and(|it| it.make == "reference" && it.options.iter().all(|(name, _)| name == "to"))
}

/// Whether a column is a number from 1, which nothing else bounds.
fn is_position(table: &SourceTable, model: &ModelTable, column: &str) -> bool {
    let Some(maker) = model.column(column).map(|it| &it.maker) else {
        return false;
    };
    let greatest = table.column(column).and_then(|it| it.data_type.scalar());
    let from_one = maker.option("min") == Some(&1_i64.into());
    let is_default = BY_DEFAULT
        .iter()
        .any(|it| maker.option("max") == Some(&(*it).into()));
    maker.make == "integer"
        && maker.options.len() == 2
        && from_one
        && is_default
        && greatest.is_some_and(|it| types::greatest(it) > MOST)
}
