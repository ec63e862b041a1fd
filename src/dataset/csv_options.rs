//! The keys of a table that say how foreign CSV files are read: delimiter and header, records to drop, and spellings of
//! values.

use anyhow::{Result, bail};

use crate::dataset::date_format::DateFormat;
use crate::dataset::document::{Section, TomlValue, did_you_mean, texts};
use crate::dataset::makers::Maker;
use crate::dataset::record_format::{
    Delimiter, Encoding, Escape, FileFormat, FormatOptions, Quote, SkipLines,
};
use crate::dataset::spec::{ColumnSpec, DropRule, LoadedParent, Reading, TableSpec};
use crate::dataset::spellings::{self, DECIMAL_MARKS, EPOCHS, Spellings};

/// The name of an ignored column in a list of columns.
pub const PASSED_OVER: &str = "-";

/// What is done with a record whose quote isn't closed.
const UNCLOSED: &[(&str, bool)] = &[("repair", true), ("reject", false)];

/// Reads `read = { delimiter = "|", header = false, columns = […], encoding = "latin1", … }`.
pub fn reading(table: &Section, columns: &[ColumnSpec]) -> Result<Reading> {
    let plain = Reading::default();
    let Some(value) = table.get("read") else {
        return Ok(plain);
    };
    let section = value.section(value.what())?;
    let reading = Reading {
        format: format(&section)?,
        header: truth(&section, "header")?.unwrap_or(plain.header),
        columns: match section.get("columns") {
            Some(value) => Some(order(&value, columns)?),
            None => None,
        },
        repair: match section.get("unclosed") {
            Some(value) => value.one_of("way", UNCLOSED)?,
            None => plain.repair,
        },
    };
    section.ensure_known_keys()?;
    Ok(reading)
}

/// The format of records; the same as the options of the command line.
fn format(section: &Section) -> Result<FormatOptions> {
    Ok(FormatOptions {
        file_format: parsed(section, "format", FileFormat::parse)?,
        delimiter: parsed(section, "delimiter", Delimiter::parse)?,
        quote: parsed(section, "quote", Quote::parse)?,
        escape: parsed(section, "escape", Escape::parse)?,
        encoding: parsed(section, "encoding", Encoding::named)?,
        skip_lines: match section.get("skip-lines") {
            Some(value) if value.is_integer() => {
                let count = u64::try_from(value.integer()?);
                Some(SkipLines::Count(
                    count.map_err(|_| value.error("expected a number of lines"))?,
                ))
            }
            Some(_) => parsed(section, "skip-lines", SkipLines::parse)?,
            None => None,
        },
        trailing_delimiter: truth(section, "trailing-delimiter")?,
        trim: truth(section, "trim")?,
        one_line: truth(section, "one-line")?,
    })
}

fn truth(section: &Section, key: &'static str) -> Result<Option<bool>> {
    let value = section.get(key);
    value.map(|value| value.boolean()).transpose()
}

fn parsed<T>(
    section: &Section,
    key: &'static str,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<Option<T>> {
    let Some(value) = section.get(key) else {
        return Ok(None);
    };
    let parsed = parse(value.text()?).map_err(|why| value.error(why))?;
    Ok(Some(parsed))
}

/// The columns that a table's `read` and `drop` name, mistakes left out.
pub fn columns_named(table: &Section) -> Vec<String> {
    fn section<'a>(value: TomlValue<'a>) -> Option<Section<'a>> {
        value.section("").ok()
    }
    let read = table.get("read").and_then(section);
    let order = read.and_then(|read| texts(read.get("columns")).ok());
    let rules = table.get("drop").and_then(section);
    let rules = rules.map(|rules| rules.entries()).unwrap_or_default();
    let dropped = rules.into_iter().filter_map(|(_, rule)| {
        let column = section(rule)?.get("column")?;
        Some(column.text().ok()?.to_owned())
    });
    let names = order.unwrap_or_default().into_iter().chain(dropped);
    names.filter(|name| name != PASSED_OVER).collect()
}

/// The columns' names in a file's order.
fn order(value: &TomlValue, columns: &[ColumnSpec]) -> Result<Vec<String>> {
    let names = texts(Some(value.clone()))?;
    for name in &names {
        let known = |column: &&ColumnSpec| !column.hidden && column.name == *name;
        if name != PASSED_OVER && !columns.iter().any(|column| known(&column)) {
            let written = columns.iter().filter(|column| !column.hidden);
            let advice = did_you_mean(name, written.map(|column| column.name.as_str()));
            bail!(value.error(format!("unknown column `{name}`; {advice}")));
        }
    }
    Ok(names)
}

/// Reads `drop = { no-such-product = { column = "related_product_id", values = [0], unless-loaded = "products" } }`.
pub fn drop_rules(
    table: &Section,
    columns: &[ColumnSpec],
    earlier: &[TableSpec],
) -> Result<Vec<DropRule>> {
    let Some(value) = table.get("drop") else {
        return Ok(Vec::new());
    };
    let rules = value.section(value.what())?.entries();
    let rule = |(name, value): (String, TomlValue)| drop_rule(name, &value, columns, earlier);
    rules.into_iter().map(rule).collect()
}

fn drop_rule(
    name: String,
    value: &TomlValue,
    columns: &[ColumnSpec],
    earlier: &[TableSpec],
) -> Result<DropRule> {
    let section = value.section(value.what())?;
    let column = section.need("column")?;
    let wanted = column.text()?;
    let is_wanted = |column: &ColumnSpec| !column.hidden && column.name == wanted;
    let Some(position) = columns.iter().position(is_wanted) else {
        let written = columns.iter().filter(|column| !column.hidden);
        let advice = did_you_mean(wanted, written.map(|column| column.name.as_str()));
        bail!(column.error(format!("unknown column `{wanted}`; {advice}")));
    };
    let values = section.need("values")?;
    let list = values.list()?;
    if list.is_empty() {
        bail!(values.error("expected at least one value"));
    }
    let unless_loaded = section.get("unless-loaded");
    let unless_loaded = unless_loaded.map(|value| loaded_parent(&value, earlier));
    section.ensure_known_keys()?;
    Ok(DropRule {
        name,
        column: position,
        values: list.iter().map(TomlValue::as_written).collect(),
        unless_loaded: unless_loaded.transpose()?,
    })
}

/// A table before this one, and its ids.
fn loaded_parent(value: &TomlValue, earlier: &[TableSpec]) -> Result<LoadedParent> {
    let name = value.text()?;
    let Some(table) = earlier.iter().position(|table| table.name == name) else {
        let known = earlier.iter().map(|table| table.name.as_str());
        bail!(value.error(format!(
            "`{name}` is no table before this one; {}",
            did_you_mean(name, known)
        )));
    };
    let mut columns = earlier[table].columns.iter();
    match columns.find(|column| matches!(column.maker, Maker::Serial(_)) && !column.hidden) {
        Some(column) => Ok(LoadedParent {
            table,
            table_name: name.to_owned(),
            column: column.name.clone(),
        }),
        None => Err(value.error(format!(
            "`{name}` has no `serial` column to look values up in"
        ))),
    }
}

/// Reads a column's `epoch = "ms"`, `format = "M/D/YYYY"`, `currency = "$"`, `decimal = ","`, `nulls = ["NA"]`,
/// `force-null = true` and `force-not-null = true`.
pub fn spellings(column: &Section) -> Result<Spellings> {
    let truth = |value: Option<TomlValue>| value.map_or(Ok(false), |value| value.boolean());
    let epoch = column.get("epoch");
    let decimal = column.get("decimal");
    let nulls = column.get("nulls");
    Ok(Spellings {
        epoch: epoch
            .map(|value| value.one_of("unit", EPOCHS))
            .transpose()?,
        date_format: typed(column.get("format"), DateFormat::parse)?,
        currency: typed(column.get("currency"), spellings::currency)?,
        decimal: decimal
            .map(|value| value.one_of("decimal mark", DECIMAL_MARKS))
            .transpose()?,
        nulls: nulls.map(|value| texts(Some(value))).transpose()?,
        force_null: truth(column.get("force-null"))?,
        force_not_null: truth(column.get("force-not-null"))?,
    })
}

/// A text that is read further.
fn typed<T>(
    value: Option<TomlValue>,
    read: impl FnOnce(&str) -> Result<T, String>,
) -> Result<Option<T>> {
    let Some(value) = value else {
        return Ok(None);
    };
    let read = read(value.text()?).map_err(|why| value.error(why))?;
    Ok(Some(read))
}
