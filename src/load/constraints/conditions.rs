//! SQL expressions over the columns of a key, shared by the search for duplicates and for orphans.

use crate::postgres::catalog::{ForeignKey, KeyColumn};
use crate::postgres::name::quoted;

/// `ARRAY[t.a::text, t.b::text]`, with `prefix` being `t.`.
pub fn text_array(prefix: &str, columns: &[impl AsRef<str>]) -> String {
    let texts = columns
        .iter()
        .map(|column| format!("{prefix}{}::text", quoted(column.as_ref())));
    format!("ARRAY[{}]", texts.collect::<Vec<_>>().join(", "))
}

/// `t.a IS NOT NULL AND t.b IS NOT NULL`, with `prefix` being `t.`.
pub fn all_not_null(prefix: &str, columns: &[impl AsRef<str>]) -> String {
    let tests = columns
        .iter()
        .map(|column| format!("{prefix}{} IS NOT NULL", quoted(column.as_ref())));
    tests.collect::<Vec<_>>().join(" AND ")
}

/// Holds for rows `c` of the key's table that reference a missing row.
pub fn is_orphan(key: &ForeignKey) -> String {
    format!(
        "{} AND NOT EXISTS (SELECT 1 FROM {} AS p WHERE {})",
        all_not_null("c.", &key.column_names()),
        key.referenced,
        references(key)
    )
}

/// Holds for a row `c` and the row `p` that it references.
fn references(key: &ForeignKey) -> String {
    let pairs = key.columns.iter().zip(&key.referenced_columns);
    let pair = |(column, referenced): (&KeyColumn, &KeyColumn)| {
        format!(
            "c.{} = p.{}",
            quoted(&column.name),
            quoted(&referenced.name)
        )
    };
    pairs.map(pair).collect::<Vec<_>>().join(" AND ")
}
