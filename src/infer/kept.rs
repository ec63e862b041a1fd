//! Rows that are there already → a table that others refer to: a list of its keys. Pure.

use super::domain::{Confidence, MakerToml};
use super::model::{ModelColumn, ModelTable, PoolList};
use super::source::KeptRows;
use crate::dataset::profile::TableProfile;

/// The table with the columns that keys refer to, a row for each that is known.
pub fn table(name: &str, kept: &KeptRows) -> ModelTable {
    let list = list_name(name);
    let entry = free_name(&kept.columns);
    let number = |place: usize| i64::try_from(place + 2).unwrap_or(i64::MAX);
    let hidden = ModelColumn {
        name: entry.clone(),
        maker: MakerToml::new("word")
            .with("list", list.as_str())
            .with("field", 1_i64)
            .with("unique", true),
        reason: "each entry once".to_owned(),
        confidence: Confidence::Sure,
        hidden: true,
    };
    let fields = kept
        .columns
        .iter()
        .enumerate()
        .map(|(place, column)| ModelColumn {
            name: column.clone(),
            maker: MakerToml::new("field")
                .with("of", entry.as_str())
                .with("field", number(place)),
            reason: "of a row that is there".to_owned(),
            confidence: Confidence::Sure,
            hidden: false,
        });
    ModelTable {
        name: name.to_owned(),
        rows: kept.rows.len() as u64,
        rows_reason: match kept.more {
            true => "some of those that it holds".to_owned(),
            false => "those that it holds".to_owned(),
        },
        fixed: true,
        kept: true,
        unique: Vec::new(),
        exclusive: Vec::new(),
        columns: std::iter::once(hidden).chain(fields).collect(),
        skipped: Vec::new(),
        parents: Vec::new(),
        triggers: Vec::new(),
        silenced: None,
        lists: Vec::new(),
        profile: TableProfile::default(),
        pools: vec![PoolList {
            name: list,
            text: text(kept),
        }],
    }
}

/// The name of the list, which is a file's, too.
fn list_name(table: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let plain = table.chars().map(|c| if is_plain(c) { c } else { '_' });
    format!("{}_keys", plain.collect::<String>())
}

/// A name that none of the columns has.
fn free_name(columns: &[String]) -> String {
    let is_free = |name: &String| !columns.contains(name);
    let mut names = (1..).map(|number| match number {
        1 => "entry".to_owned(),
        number => format!("entry_{number}"),
    });
    names.find(is_free).unwrap_or_default()
}

/// The list as CSV: a number, then the values.
fn text(kept: &KeptRows) -> String {
    let field = |it: &String| format!("\"{}\"", it.replace('"', "\"\""));
    let line = |(number, row): (usize, &Vec<String>)| {
        let fields: Vec<String> = row.iter().map(field).collect();
        format!("{},{}\n", number + 1, fields.join(","))
    };
    kept.rows.iter().enumerate().map(line).collect()
}
