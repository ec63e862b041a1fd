//! What can only be judged when a table's columns are all known: siblings' kinds, circles, names that collide.

use anyhow::{Result, bail};

use crate::dataset::circles::ensure_no_circle;
use crate::dataset::column_rules::Conditions;
use crate::dataset::document::{Document, did_you_mean};
use crate::dataset::makers::references::Reference;
use crate::dataset::makers::{Maker, Needed};
use crate::dataset::pool_texts::allowed_entries;
use crate::dataset::profile;
use crate::dataset::profile::fan_out::{self, Repeats};
use crate::dataset::spec::{ColumnSpec, Kind, TableSpec};
use crate::dataset::tables::Siblings;

/// Fills in what the columns' values are, and rejects tables that cannot be generated, naming the column and its line.
pub fn complete(tables: &mut [TableSpec], document: &Document) -> Result<()> {
    ensure_no_circle(tables, document)?;
    for table in 0..tables.len() {
        for column in 0..tables[table].columns.len() {
            tables[table].columns[column].kind = Siblings::new(tables, table).kind(column);
            apply_profile(&mut tables[table], column, document)?;
        }
    }
    (0..tables.len()).try_for_each(|table| ensure_sound(tables, table, document))
}

/// Rejects a profile that a column's maker cannot follow, naming its line.
fn apply_profile(table: &mut TableSpec, column: usize, document: &Document) -> Result<()> {
    let mut alone = table.unique.iter().map(|set| set.columns.as_slice());
    let repeats = match alone.any(|columns| columns == [column]) {
        true => Repeats::Never,
        false => Repeats::Allowed,
    };
    let column = &mut table.columns[column];
    let line = column.profile.as_ref().map_or(column.line, |it| it.line);
    let applied = match (&mut column.maker, &column.profile) {
        (Maker::Reference(reference), Some(profile)) => {
            fan_out::apply(reference, profile, &mut column.null, repeats)
        }
        _ => profile::apply(column).and_then(|()| profile::ensure_fits(column)),
    };
    applied.map_err(|message| {
        let what = format!("table `{}`, column `{}`", table.name, column.name);
        document.error(line, format!("{what}, `profile`: {message}"))
    })
}

fn ensure_sound(tables: &[TableSpec], index: usize, document: &Document) -> Result<()> {
    let (table, siblings) = (&tables[index], Siblings::new(tables, index));
    for (position, column) in table.columns.iter().enumerate() {
        let fail = |message: String| {
            document.error(
                column.line,
                format!(
                    "table `{}`, column `{}`: {message}",
                    table.name, column.name
                ),
            )
        };
        column.maker.spec().ensure_fits(&siblings).map_err(fail)?;
        if let Maker::Reference(Reference { table, .. }) = &column.maker
            && tables[*table].is_loaded()
        {
            let name = &tables[*table].name;
            return Err(fail(format!(
                "`{name}` is only loaded, so that its ids aren't known; give it `rows = …` or `per = …`"
            )));
        }
        ensure_siblings_not_null(&siblings, column).map_err(fail)?;
        ensure_conditions_fit(&siblings, column).map_err(fail)?;
        ensure_limits_fit(column).map_err(fail)?;
        ensure_exclusive_fits(&siblings, column, position).map_err(fail)?;
    }
    if table.file.is_some() && !table.is_loaded() && table.written().next().is_none() {
        bail!(document.error(
            table.line,
            format!("table `{}` has no column that is written", table.name)
        ));
    }
    ensure_lines_not_blank(&siblings, table, document)?;
    ensure_distinct_columns(table, document)
}

/// A record of one NULL would be a blank line, which readers of CSV pass over.
fn ensure_lines_not_blank(
    siblings: &Siblings,
    table: &TableSpec,
    document: &Document,
) -> Result<()> {
    let written = (0..table.columns.len()).filter(|&it| !table.columns[it].hidden);
    match written.collect::<Vec<_>>().as_slice() {
        &[only] if siblings.may_be_null(only) => {
            let only = &table.columns[only];
            let message = format!(
                "table `{}`, column `{}`: the only column cannot be NULL, its line would be blank; take `null` away or \
                 write another column",
                table.name, only.name
            );
            bail!(document.error(only.line, message))
        }
        _ => Ok(()),
    }
}

/// A value cannot be made from one that is NULL, unless it is NULL there, too.
fn ensure_siblings_not_null(siblings: &Siblings, column: &ColumnSpec) -> Result<(), String> {
    let mut nullable = None;
    let spec = column.maker.spec();
    spec.needs(&mut |needed| match needed {
        Needed::Sibling(it) if siblings.may_be_null(it) && !spec.takes_null(it) => {
            nullable = nullable.or(Some(it));
        }
        Needed::Sibling(_) | Needed::Foreign { .. } => {}
    });
    let follows = spec.may_be_null(siblings);
    match nullable {
        Some(index) if column.conditions.null_with != Some(index) && !follows => Err(format!(
            "it needs the value of `{}`, which may be NULL; take `null` away there, or write null-with = \"{}\" here",
            siblings.name(index),
            siblings.name(index)
        )),
        _ => Ok(()),
    }
}

/// What a condition compares must be a value of a few.
fn ensure_conditions_fit(siblings: &Siblings, column: &ColumnSpec) -> Result<(), String> {
    for (of, values) in &column.conditions.only_if {
        let name = siblings.name(*of);
        let known: Vec<String> = match siblings.maker(*of) {
            Maker::Boolean(_) => vec!["true".into(), "false".into()],
            Maker::Placed(placed) if placed.is_flag() => vec!["true".into(), "false".into()],
            Maker::Number(number) => number.values.iter().map(i64::to_string).collect(),
            maker => match maker.spec().texts() {
                Some(texts) => texts.into_iter().map(str::to_owned).collect(),
                None => {
                    return Err(format!(
                        "`only-if` needs a column that is one of a few values, and `{name}` is none"
                    ));
                }
            },
        };
        if let Some(value) = values.iter().find(|it| !known.contains(it)) {
            let advice = did_you_mean(value, known.iter().map(String::as_str));
            return Err(format!("`only-if`: `{name}` is never `{value}`; {advice}"));
        }
    }
    Ok(())
}

/// Exactly one of exclusive columns has a value only where each has one whenever it is chosen.
fn ensure_exclusive_fits(
    siblings: &Siblings,
    column: &ColumnSpec,
    index: usize,
) -> Result<(), String> {
    let is_exclusive = siblings.is_exclusive(index);
    let else_null = !column.null.is_never() || column.conditions != Conditions::default();
    match is_exclusive && else_null {
        true => Err(
            "an exclusive column is NULL where another one isn't; take its `null`, `null-with` and `only-if` away, and \
             say `none = …` in `exclusive`"
                .into(),
        ),
        false => Ok(()),
    }
}

/// Text limits are for texts.
fn ensure_limits_fit(column: &ColumnSpec) -> Result<(), String> {
    let key = match (column.text.max_length, column.text.case) {
        (Some(_), _) => "max-length",
        (None, Some(_)) => "case",
        (None, None) => return Ok(()),
    };
    if column.kind != Kind::Text {
        return Err(format!("`{key}` is for texts"));
    }
    if let Maker::Reference(_) | Maker::Copy(_) | Maker::Parent(_) | Maker::Each(_) = column.maker {
        return Err(format!(
            "`{key}` would change a key of another table; write it in that table"
        ));
    }
    match column.maker.spec().texts() {
        Some(_) if allowed_entries(column).is_empty() => Err(format!(
            "none of its texts has at most {} characters",
            column.text.max_length.unwrap_or(0)
        )),
        _ => Ok(()),
    }
}

fn ensure_distinct_columns(table: &TableSpec, document: &Document) -> Result<()> {
    let mut names: Vec<(String, &ColumnSpec)> = Vec::new();
    for column in table.written() {
        for name in std::iter::once(&column.name).chain(&column.aliases) {
            let folded = name.to_lowercase();
            if let Some((_, other)) = names.iter().find(|(known, _)| *known == folded) {
                let message = format!(
                    "table `{}`, column `{}`: a header `{name}` could also mean `{}`",
                    table.name, column.name, other.name
                );
                bail!(document.error(column.line, message));
            }
            names.push((folded, column));
        }
    }
    Ok(())
}

/// Refuses two tables that would write the same file.
pub fn ensure_distinct_files(tables: &[TableSpec], document: &Document) -> Result<()> {
    for (index, table) in tables.iter().enumerate() {
        let same = tables[..index]
            .iter()
            .find(|other| other.file.is_some() && other.file == table.file);
        if let (Some(other), Some(file)) = (same, &table.file) {
            let message = format!(
                "table `{}`: `{}` is the file of `{}` already",
                table.name, file, other.name
            );
            bail!(document.error(table.line, message));
        }
    }
    Ok(())
}
