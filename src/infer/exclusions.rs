//! EXCLUDE constraints → ranges that don't overlap. Pure.

use super::model::{Doubt, ModelTable};
use super::source::{SourceCheck, SourceTable, columns_in};

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

/// `EXCLUDE USING gist (room_id WITH =, during WITH &&)`: a range that overlaps no other keeps it, whatever the room.
fn keep(table: &SourceTable, model: &mut ModelTable, exclusion: &SourceCheck) -> bool {
    let parts = exclusion.definition.split(" WITH ");
    let mut before = None;
    let mut overlapping = Vec::new();
    for part in parts {
        if part.starts_with("&&") {
            overlapping.extend(before);
        }
        before = Some(part);
    }
    for part in overlapping {
        let element = part.rsplit([',', '(']).next().unwrap_or(part);
        let columns = columns_in(table, element);
        let [column] = columns.as_slice() else {
            continue;
        };
        match model.column_mut(column) {
            // Left out: NULL overlaps nothing.
            None => return true,
            Some(column) if column.maker.make == "range" => {
                let mut maker = column
                    .maker
                    .clone()
                    .with("disjoint", true)
                    .with("unique", true);
                if maker.option("length").is_some() {
                    maker = maker.with("length", SLOT);
                }
                column.maker = maker;
                return true;
            }
            Some(_) => {}
        }
    }
    false
}
