//! The keys of a table that say how foreign CSV files are read: delimiter and header, records to drop, and spellings of
//! values.

use anyhow::{Result, bail};

use crate::dataset::document::{Section, TomlValue, did_you_mean, texts};
use crate::dataset::spec::{ColumnSpec, DropRule, Epoch, Reading};

/// The name of an ignored column in a list of columns.
pub const PASSED_OVER: &str = "-";

/// What is done with a record whose quote is open at its line's end.
const UNCLOSED: &[(&str, bool)] = &[("repair", true), ("reject", false)];

/// What bare numbers count.
const EPOCHS: &[(&str, Epoch)] = &[("s", Epoch::Seconds), ("ms", Epoch::Milliseconds)];

/// Reads `read = { delimiter = "|", header = false, columns = […], one-line = true, unclosed = "reject" }`.
pub fn reading(table: &Section, columns: &[ColumnSpec]) -> Result<Reading> {
    let plain = Reading::default();
    let Some(value) = table.get("read") else {
        return Ok(plain);
    };
    let section = value.section(value.what())?;
    let truth = |key, otherwise| {
        let value: Option<TomlValue> = section.get(key);
        value.map_or(Ok(otherwise), |value| value.boolean())
    };
    let one_line = truth("one-line", plain.one_line)?;
    let reading = Reading {
        delimiter: match section.get("delimiter") {
            Some(value) => delimiter(value.text()?).map_err(|why| value.error(why))?,
            None => plain.delimiter,
        },
        header: truth("header", plain.header)?,
        columns: match section.get("columns") {
            Some(value) => Some(order(&value, columns)?),
            None => None,
        },
        one_line,
        mend: match section.get("unclosed") {
            Some(value) if !one_line => bail!(value.error(
                "it applies to tables whose records are one line each; add `one-line = true`"
            )),
            Some(value) => value.one_of("way", UNCLOSED)?,
            None => plain.mend,
        },
    };
    section.ensure_known_keys()?;
    Ok(reading)
}

/// One byte of ASCII that may delimit fields; `tab` and `\\t` are the tab.
pub fn delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        _ if text == "tab" || text == "\\t" => Ok(b'\t'),
        [b'"' | b'\n' | b'\r' | b' '] => {
            Err("a quote, a blank or a line end cannot be a delimiter".into())
        }
        [byte] if byte.is_ascii() && !byte.is_ascii_alphanumeric() => Ok(*byte),
        _ => Err(format!(
            "\"{text}\" is no delimiter; expected one character such as `,` `;` `|` or `tab`"
        )),
    }
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

/// Reads `drop = { no-such-product = { column = "related_product_id", values = [0] } }`.
pub fn drop_rules(table: &Section, columns: &[ColumnSpec]) -> Result<Vec<DropRule>> {
    let Some(value) = table.get("drop") else {
        return Ok(Vec::new());
    };
    let rule = |(name, value): (String, TomlValue)| {
        let section = value.section(value.what())?;
        let column = section.need("column")?;
        let wanted = column.text()?;
        let written = || columns.iter().filter(|column| !column.hidden);
        let Some(position) = columns
            .iter()
            .position(|column| !column.hidden && column.name == wanted)
        else {
            let advice = did_you_mean(wanted, written().map(|column| column.name.as_str()));
            bail!(column.error(format!("unknown column `{wanted}`; {advice}")));
        };
        let values = section.need("values")?;
        let list = values.list()?;
        if list.is_empty() {
            bail!(values.error("expected at least one value"));
        }
        section.ensure_known_keys()?;
        Ok(DropRule {
            name,
            column: position,
            values: list.iter().map(TomlValue::as_written).collect(),
        })
    };
    let rules = value.section(value.what())?.entries();
    rules.into_iter().map(rule).collect()
}

/// Reads `epoch = "ms"`.
pub fn epoch(column: &Section) -> Result<Option<Epoch>> {
    let value = column.get("epoch");
    value.map(|value| value.one_of("unit", EPOCHS)).transpose()
}

/// Reads `currency = "$"`.
pub fn currency(column: &Section) -> Result<Option<String>> {
    let Some(value) = column.get("currency") else {
        return Ok(None);
    };
    let text = value.text()?;
    let sign = |c: char| {
        !c.is_ascii_digit() && !matches!(c, '.' | ',' | '-' | '+' | '"') && !c.is_whitespace()
    };
    if text.is_empty() || !text.chars().all(sign) {
        bail!(value.error("expected a sign such as \"$\" or \"EUR\""));
    }
    Ok(Some(text.to_owned()))
}
