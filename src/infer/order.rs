//! The order that tables are loaded in: those that are referred to before those that refer to them.

use crate::postgres::catalog::{ForeignKey, Table};

/// Parents first, by name where nothing decides; of a circle, the first by name comes first.
pub fn parents_first<'t>(tables: &[&'t Table], foreign_keys: &[ForeignKey]) -> Vec<&'t Table> {
    let mut left: Vec<&Table> = tables.to_vec();
    left.sort_by(|a, b| a.name.name.cmp(&b.name.name));
    let mut ordered = Vec::new();
    while !left.is_empty() {
        let is_left = |oid: u32| left.iter().any(|table| table.oid == oid);
        let waits = |table: &Table| {
            let mut keys = foreign_keys.iter().filter(|key| key.table_oid == table.oid);
            keys.any(|key| key.referenced_oid != table.oid && is_left(key.referenced_oid))
        };
        let next = left.iter().position(|table| !waits(table)).unwrap_or(0);
        ordered.push(left.remove(next));
    }
    ordered
}
