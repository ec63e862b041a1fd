//! The columns of a table: what makers read, and the keys that any column can have.

use anyhow::{Result, bail};

use crate::dataset::column_rules::{Case, Conditions, TextLimits, UniqueSet};
use crate::dataset::csv_options;
use crate::dataset::document::{Section, TomlValue, did_you_mean, texts};
use crate::dataset::draw::Chance;
use crate::dataset::lists::Lists;
use crate::dataset::makers::{self, MakerScope};
use crate::dataset::outline::TableOutline;
use crate::dataset::profile::{self, TableProfile};
use crate::dataset::spec::{ColumnSpec, Kind, Size, TableSpec};
use crate::dataset::templates::PlaceholderNames;

/// What a table can refer to.
pub struct Scope<'a> {
    /// The tables before it.
    pub earlier: &'a [TableSpec],
    /// The names of all.
    pub outline: &'a [TableOutline],
    /// The dataset's lists.
    pub lists: &'a Lists,
}

/// The cases that texts can be written in.
const CASES: &[(&str, Case)] = &[
    ("lower", Case::Lower),
    ("upper", Case::Upper),
    ("slug", Case::Slug),
];

/// Reads a table's columns, and the sets that those make which never repeat by themselves.
pub fn read_columns(
    table: &str,
    value: &TomlValue,
    scope: &Scope,
    size: &Size,
    profile: &TableProfile,
) -> Result<(Vec<ColumnSpec>, Vec<UniqueSet>)> {
    let entries = value.section(format!("table `{table}`"))?.entries();
    let columns: Vec<String> = entries.iter().map(|(name, _)| name.clone()).collect();
    let scope = MakerScope {
        earlier: scope.earlier,
        outline: scope.outline,
        columns: &columns,
        size,
        lists: scope.lists,
        placeholders: PlaceholderNames::new(&columns, scope.lists),
    };
    let (mut read, mut unique) = (Vec::new(), Vec::new());
    for (position, (name, value)) in entries.into_iter().enumerate() {
        let (mut column, is_unique) = read_column(table, name, &value, &scope)?;
        set_profile(&mut column, profile);
        if is_unique {
            unique.push(UniqueSet {
                columns: vec![position],
                line: column.line,
            });
        }
        read.push(column);
    }
    Ok((read, unique))
}

/// Reads `id = "serial"` or `id = { make = "serial", … }`.
fn read_column(
    table: &str,
    name: String,
    value: &TomlValue,
    scope: &MakerScope,
) -> Result<(ColumnSpec, bool)> {
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
        // Known with the table's profile.
        null: Chance::NEVER,
        profile: Some(Box::new(profile::own_keys(&section, scope.columns)?)),
        // Known when all tables are.
        kind: Kind::Text,
        conditions: conditions(&section, scope)?,
        text: text_limits(&section)?,
        line: value.line(),
        name,
    };
    let is_unique = section
        .get("unique")
        .map_or(Ok(false), |value| value.boolean())?;
    section.ensure_known_keys()?;
    Ok((column, is_unique))
}

/// Gives a column the keys of the table's profile that it hasn't itself.
fn set_profile(column: &mut ColumnSpec, table: &TableProfile) {
    let own = column.profile.take().unwrap_or_default();
    let named = table.columns.iter().find(|(name, _)| *name == column.name);
    let profile = match named {
        Some((_, profile)) => own.or(profile.clone()),
        None => *own,
    };
    column.null = Chance::new(profile.null.unwrap_or(0.0));
    column.profile = profile.shapes_values().then(|| Box::new(profile));
}

/// Reads `null-with = "other"` and `only-if = { status = ["shipped"] }`.
fn conditions(section: &Section, scope: &MakerScope) -> Result<Conditions> {
    let null_with = section.get("null-with");
    let null_with = null_with.map(|value| makers::sibling(&value, scope));
    let mut only_if = Vec::new();
    if let Some(value) = section.get("only-if") {
        for (name, values) in value.section(section.what())?.entries() {
            let known = || scope.columns.iter().map(String::as_str);
            let Some(column) = known().position(|it| it == name) else {
                let advice = did_you_mean(&name, known());
                bail!(values.error(format!(
                    "no column of this table is called `{name}`; {advice}"
                )));
            };
            let values = match values.is_list() {
                true => values.list()?.iter().map(TomlValue::as_written).collect(),
                false => vec![values.as_written()],
            };
            only_if.push((column, values));
        }
    }
    Ok(Conditions {
        null_with: null_with.transpose()?,
        only_if,
    })
}

/// Reads `max-length = 20` and `case = "lower"`.
fn text_limits(section: &Section) -> Result<TextLimits> {
    let max_length = match section.get("max-length") {
        None => None,
        Some(value) => match u32::try_from(value.integer()?) {
            Ok(length @ 1..) => Some(length),
            _ => bail!(value.error("expected a whole number above 0")),
        },
    };
    let case = section.get("case");
    Ok(TextLimits {
        max_length,
        case: case.map(|value| value.one_of("case", CASES)).transpose()?,
    })
}
