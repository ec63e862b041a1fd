//! `[tables]` of a TOML file: sizes, columns and their makers.

use anyhow::{Result, bail};

use crate::dataset::distribution::{COUNT_SHAPES, CountShape, Counts};
use crate::dataset::document::{Document, Section, TomlValue, did_you_mean, texts};
use crate::dataset::draw::Chance;
use crate::dataset::lists::Lists;
use crate::dataset::makers::{self, MakerScope};
use crate::dataset::outline::{self, TableOutline};
use crate::dataset::spec::{ColumnSpec, Kind, Size, TableSpec, is_file_name};
use crate::dataset::{csv_options, validate};

/// What a table can refer to.
struct Scope<'a> {
    earlier: &'a [TableSpec],
    outline: &'a [TableOutline],
    lists: &'a Lists,
}

/// Reads `[tables]`: first all names, so that a maker may refer to a later table, then each table, and what can only be
/// judged when all are known.
pub fn read_tables(value: &TomlValue, document: Document, lists: &Lists) -> Result<Vec<TableSpec>> {
    let outline = outline::read(value)?;
    let mut tables: Vec<TableSpec> = Vec::new();
    for (name, value) in value.section("[tables]")?.entries() {
        let section = value.section(format!("table `{name}`"))?;
        let scope = Scope {
            earlier: &tables,
            outline: &outline,
            lists,
        };
        let table = read_table(name, &section, &scope)?;
        tables.push(table);
    }
    validate::complete(&mut tables, document)?;
    if !tables
        .iter()
        .any(|table| matches!(table.size, Size::Rows(_)))
    {
        bail!(value.error("no table has `rows = …`; the root table needs it"));
    }
    if tables.iter().all(|table| table.file.is_none()) {
        bail!(value.error("every table is virtual; at least one must have rows of its own"));
    }
    validate::ensure_distinct_files(&tables, document)?;
    Ok(tables)
}

fn read_table(name: String, section: &Section, scope: &Scope) -> Result<TableSpec> {
    let size = read_size(section, scope)?;
    let is_virtual = section
        .get("virtual")
        .map_or(Ok(false), |value| value.boolean())?;
    let file = match (section.get("file"), is_virtual) {
        (Some(value), true) => bail!(value.error("a virtual table has no file")),
        (None, true) => None,
        (Some(value), false) => Some(file_name(&value)?),
        (None, false) => Some(default_file_name(&name, section)?),
    };
    let other_files = texts(section.get("other-files"))?;
    let columns = match section.get("columns") {
        Some(value) if is_virtual => bail!(value.error("a virtual table has no columns")),
        Some(value) => read_columns(&name, &value, scope, &size)?,
        None if is_virtual => Vec::new(),
        None => bail!(section.error("`columns` is missing")),
    };
    let reading = csv_options::reading(section, &columns)?;
    let drop = csv_options::drop_rules(section, &columns, scope.earlier)?;
    section.ensure_known_keys()?;
    Ok(TableSpec {
        name,
        file,
        other_files,
        reading,
        drop,
        size,
        columns,
        line: section.line(),
    })
}

fn file_name(value: &TomlValue) -> Result<String> {
    let name = value.text()?;
    if !is_file_name(name) {
        bail!(value.error(format!(
            "\"{name}\" is not a file name; write a plain one such as \"products.csv\""
        )));
    }
    Ok(name.to_owned())
}

fn default_file_name(table: &str, section: &Section) -> Result<String> {
    let name = format!("{table}.csv");
    if table.is_empty() || !is_file_name(&name) {
        bail!(section.error(format!(
            "\"{name}\" is not a file name; add a plain one such as `file = \"products.csv\"`"
        )));
    }
    Ok(name)
}

fn read_size(section: &Section, scope: &Scope) -> Result<Size> {
    match (section.get("rows"), section.get("per")) {
        (Some(value), None) => match u64::try_from(value.integer()?) {
            Ok(rows @ 1..) => Ok(Size::Rows(rows)),
            _ => Err(value.error("expected a whole number above 0")),
        },
        (None, Some(value)) => read_fan_out(&value.section(section.what())?, scope),
        (Some(_), Some(value)) => Err(value.error("a table has `rows` or `per`, not both")),
        (None, None) => {
            Err(section.error("`rows = …` or `per = { table = …, mean = …, max = … }` is missing"))
        }
    }
}

fn read_fan_out(section: &Section, scope: &Scope) -> Result<Size> {
    let earlier = scope.earlier;
    let value = section.need("table")?;
    let name = value.text()?;
    let Some(parent) = earlier.iter().position(|table| table.name == name) else {
        let names = || scope.outline.iter().map(|table| table.name.as_str());
        if names().any(|known| known == name) {
            let this = &scope.outline[earlier.len()].name;
            bail!(value.error(no_earlier_table(name, this)));
        }
        let advice = did_you_mean(name, names());
        bail!(value.error(format!("unknown table `{name}`; {advice}")));
    };
    if let Some(value) = section.get("each") {
        let size = read_each(&value, parent, earlier)?;
        section.ensure_known_keys()?;
        return Ok(size);
    }
    let shape = match section.get("distribution") {
        Some(value) => value.one_of("distribution", COUNT_SHAPES)?,
        None => CountShape::Poisson,
    };
    let mean = section.need("mean")?.number()?;
    let max = section.need("max")?;
    let Ok(maximum @ 1..=65_000) = u16::try_from(max.integer()?) else {
        bail!(max.error("expected a whole number from 1 to 65,000"));
    };
    let childless = section
        .get("childless")
        .map_or(Ok(0.0), |value| value.probability())?;
    section.ensure_known_keys()?;
    let counts = Counts::new(shape, mean, maximum, childless).map_err(|why| section.error(why))?;
    Ok(Size::Per {
        parent,
        counts,
        each: None,
    })
}

/// Reads `each = "characteristics"`: a child for each row of that table that has the parent's own parent.
fn read_each(value: &TomlValue, parent: usize, earlier: &[TableSpec]) -> Result<Size> {
    let name = value.text()?;
    let plain = |table: usize| match &earlier[table].size {
        Size::Per {
            parent,
            counts,
            each: None,
        } => Some((*parent, counts)),
        _ => None,
    };
    let other = earlier.iter().position(|table| table.name == name);
    let shared = other.zip(plain(parent)).and_then(|(other, (above, _))| {
        let (same, counts) = plain(other).filter(|_| other != parent)?;
        (same == above).then(|| (other, counts.clone()))
    });
    let Some((other, counts)) = shared else {
        let parent = &earlier[parent].name;
        bail!(value.error(format!(
            "`{name}` must be another table before this one, with the same parent as `{parent}` has"
        )));
    };
    Ok(Size::Per {
        parent,
        counts,
        each: Some(other),
    })
}

fn no_earlier_table(parent: &str, this: &str) -> String {
    if parent == this {
        "a table cannot be its own parent; for rows of the same table there is `make = \"reference\"`".into()
    } else {
        format!(
            "`{parent}` is a later table; parents come first, so put [tables.{parent}] before [tables.{this}]"
        )
    }
}

fn read_columns(
    table: &str,
    value: &TomlValue,
    scope: &Scope,
    size: &Size,
) -> Result<Vec<ColumnSpec>> {
    let entries = value.section(format!("table `{table}`"))?.entries();
    let columns: Vec<String> = entries.iter().map(|(name, _)| name.clone()).collect();
    let scope = MakerScope {
        earlier: scope.earlier,
        outline: scope.outline,
        columns: &columns,
        size,
        lists: scope.lists,
    };
    let column = |(name, value): (String, TomlValue)| read_column(table, name, &value, &scope);
    entries.into_iter().map(column).collect()
}

/// Reads `id = "serial"` or `id = { make = "serial", … }`.
fn read_column(
    table: &str,
    name: String,
    value: &TomlValue,
    scope: &MakerScope,
) -> Result<ColumnSpec> {
    let what = format!("table `{table}`, column `{name}`");
    let (section, make) = if value.is_text() {
        (value.without_keys(&*what), value.called(what))
    } else {
        let section = value.section(what)?;
        let make = section.need("make")?.called(section.what());
        (section, make)
    };
    let column = ColumnSpec {
        maker: makers::named(&make)?(&section, scope)?,
        aliases: texts(section.get("aliases"))?,
        spellings: csv_options::spellings(&section)?,
        hidden: section
            .get("hidden")
            .map_or(Ok(false), |value| value.boolean())?,
        null: Chance::new(
            section
                .get("null")
                .map_or(Ok(0.0), |value| value.probability())?,
        ),
        // Known when all tables are.
        kind: Kind::Text,
        line: value.line(),
        name,
    };
    section.ensure_known_keys()?;
    Ok(column)
}
