//! The tables of a dataset that are only loaded, completed with the columns that the database's catalog has. Pure.

use anyhow::{Result, anyhow, bail};

use crate::dataset::document::did_you_mean;
use crate::dataset::{ColumnSpec, Dataset, TableSpec};
use crate::infer::SchemaTables;
use crate::postgres::catalog::{Column, ColumnDefault};

/// Gives each table that is only loaded the columns that may be filled, in the catalog's order. What the dataset says of
/// some of them stays; a column or a table that the catalog lacks is refused.
pub fn complete(dataset: &mut Dataset, found: &SchemaTables) -> Result<()> {
    let path = dataset.path.display().to_string();
    let schema = dataset.schema.path.display().to_string();
    for table in dataset.tables.iter_mut().filter(|table| table.is_loaded()) {
        let Some(columns) = found.columns_of(&table.name) else {
            bail!(
                "{path}, line {}: table `{}` is neither in the database nor created by {schema}",
                table.line,
                table.name
            );
        };
        complete_table(table, &columns)
            .map_err(|(line, why)| anyhow!("{path}, line {line}: {why}"))?;
    }
    Ok(())
}

/// The error is a line and what is wrong there.
fn complete_table(table: &mut TableSpec, found: &[Column]) -> Result<(), (usize, String)> {
    let is_filled = |it: &&Column| !matches!(it.default, ColumnDefault::Generated(_));
    let filled: Vec<&Column> = found.iter().filter(is_filled).collect();
    let position = |name: &str| filled.iter().position(|column| column.name == name);
    for column in &table.columns {
        if position(&column.name).is_none() {
            let names = filled.iter().map(|column| column.name.as_str());
            let advice = did_you_mean(&column.name, names);
            let (table, name) = (&table.name, &column.name);
            let why = format!("table `{table}` has no column `{name}` that is filled; {advice}");
            return Err((column.line, why));
        }
    }
    for column in &table.columns {
        let mut aliases = column.aliases.iter();
        let is_other = |name: &&String| {
            let mut others = filled.iter().filter(|it| it.name != column.name);
            others.any(|other| other.name.to_lowercase() == name.to_lowercase())
        };
        if let Some(alias) = aliases.find(is_other) {
            let (table, name) = (&table.name, &column.name);
            let why = format!(
                "table `{table}`, column `{name}`: a header `{alias}` means another column"
            );
            return Err((column.line, why));
        }
    }
    for rule in &mut table.drop {
        let name = &table.columns[rule.column].name;
        rule.column = position(name).unwrap_or(rule.column);
    }
    let mut known = std::mem::take(&mut table.columns);
    let column = |column: &&Column| match known.iter().position(|it| it.name == column.name) {
        Some(at) => known.swap_remove(at),
        None => ColumnSpec::loaded(&column.name, table.line),
    };
    table.columns = filled.iter().map(column).collect();
    Ok(())
}
