//! The entries of a column whose texts are a few: those that its limits allow, and those that tell rows apart.

use std::collections::HashSet;

use crate::dataset::spec::ColumnSpec;

/// The positions of the entries that are not too long.
pub fn allowed_entries(column: &ColumnSpec) -> Vec<usize> {
    let texts = column.maker.spec().texts().unwrap_or_default();
    let fits = |text: &str| match column.text.max_length {
        Some(most) => text.chars().count() <= most as usize,
        None => true,
    };
    (0..texts.len()).filter(|&it| fits(texts[it])).collect()
}

/// Of these, the first of those that are the same whatever their case.
pub fn distinct_entries(column: &ColumnSpec) -> Vec<usize> {
    let texts = column.maker.spec().texts().unwrap_or_default();
    let mut seen = HashSet::new();
    let mut entries = allowed_entries(column);
    entries.retain(|&entry| seen.insert(texts[entry].to_lowercase()));
    entries
}
