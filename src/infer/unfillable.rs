//! Columns that nothing can fill: no value is left, or no maker makes their type. Pure.

use super::constraints::TableReading;
use super::domain::Limits;
use super::model::Refusal;
use super::source::{SourceColumn, SourceTable};
use super::types;
use crate::copy::TypeKind;
use crate::postgres::name::quoted;

/// The columns of a table that nothing can fill.
pub fn columns(table: &SourceTable, reading: &TableReading) -> Vec<Refusal> {
    let columns = table.columns.iter();
    let columns = columns.filter(|it| !table.is_in_foreign_key(&it.name));
    columns
        .filter_map(|column| self::column(table, column, &reading.limits(column)))
        .collect()
}

/// Why nothing can fill a column; `None` where something can, or where it may be left out.
pub fn column(table: &SourceTable, column: &SourceColumn, limits: &Limits) -> Option<Refusal> {
    let can_be_left_out = !column.not_null || column.has_default();
    if can_be_left_out {
        return None;
    }
    let refusal = |reason: String, advice: String| Refusal {
        table: table.name.clone(),
        what: format!("column {}", quoted(&column.name)),
        reason,
        advice,
    };
    let is_empty_enum =
        matches!(&column.data_type.base().kind, TypeKind::Enum(labels) if labels.is_empty());
    let none_left = limits
        .allowed_values()
        .is_some_and(|values| values.is_empty());
    if none_left || is_empty_enum {
        let reason = match is_empty_enum {
            true => format!("its type {} has no labels", column.type_name),
            false => "its constraints leave no value".to_owned(),
        };
        return Some(refusal(
            reason,
            "change the type or the constraint".to_owned(),
        ));
    }
    if types::maker(&column.data_type, &column.base_type, limits).is_some() {
        return None;
    }
    Some(refusal(
        format!(
            "there is no maker for type {}, and the column takes no NULL and has no default",
            column.type_name
        ),
        format!(
            "{} = {{ make = \"value\", of = \"…\" }} with a text that the type's input takes",
            super::toml::key(&column.name)
        ),
    ))
}
