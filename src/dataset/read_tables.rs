//! `[tables]` of a TOML file: sizes, columns and their makers.

use anyhow::{Result, bail};

use crate::dataset::counts::{CountShape, Counts, DISTRIBUTIONS};
use crate::dataset::document::{Document, Section, TomlValue, did_you_mean, texts};
use crate::dataset::lists::Lists;
use crate::dataset::outline::TableOutline;
use crate::dataset::read_columns::{Scope, read_columns};
use crate::dataset::spec::{ColumnSpec, Size, TableSpec, is_file_name};
use crate::dataset::{csv_options, outline, profile, read_sharding, table_keys, validate};

/// Reads `[tables]`: first all names, so that a maker may refer to a later table, then each table, and what can only be
/// judged when all are known.
pub fn read_tables(
    value: &TomlValue,
    document: &Document,
    lists: &Lists,
) -> Result<Vec<TableSpec>> {
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
    let only_loaded = !tables.is_empty() && tables.iter().all(TableSpec::is_loaded);
    let mut sizes = tables.iter().map(|table| &table.size);
    if !only_loaded && !sizes.any(|size| matches!(size, Size::Rows(_))) {
        bail!(value.error("no table has `rows = …`; the root table needs it"));
    }
    if tables.iter().all(|table| table.file.is_none()) {
        bail!(
            value.error("every table is virtual or kept; at least one must have rows of its own")
        );
    }
    validate::ensure_distinct_files(&tables, document)?;
    Ok(tables)
}

/// Where a table's rows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In a file, from which they are loaded.
    File,
    /// Nowhere: they are counted.
    Virtual,
    /// In the database already: its columns are what other tables refer to.
    Kept,
}

impl Place {
    fn read(section: &Section) -> Result<Place> {
        let is = |key: &'static str| {
            let value = section.get(key);
            value.map_or(Ok(false), |value| value.boolean())
        };
        match (is("virtual")?, is("kept")?) {
            (false, false) => Ok(Place::File),
            (true, false) => Ok(Place::Virtual),
            (false, true) => Ok(Place::Kept),
            (true, true) => bail!(section.error("a table is `virtual` or `kept`, not both")),
        }
    }
}

fn read_table(name: String, section: &Section, scope: &Scope) -> Result<TableSpec> {
    let place = Place::read(section)?;
    let is_virtual = place == Place::Virtual;
    let size = read_size(section, scope, is_virtual)?;
    if place == Place::Kept && !matches!(size, Size::Rows(_)) {
        bail!(section.error("a kept table needs `rows = …`: how many of its rows are known here"));
    }
    let file = match (section.get("file"), place) {
        (Some(value), Place::Virtual) => bail!(value.error("a virtual table has no file")),
        (Some(value), Place::Kept) => {
            bail!(value.error("a kept table has no file; its rows are in the database"))
        }
        (None, Place::Virtual | Place::Kept) => None,
        (Some(value), Place::File) => Some(file_name(&value)?),
        (None, Place::File) => Some(default_file_name(&name, section)?),
    };
    let other_files = texts(section.get("other-files"))?;
    let known = scope.outline[scope.earlier.len()].columns.iter();
    let known: Vec<&str> = known.map(|column| column.name.as_str()).collect();
    let profile = profile::table(section, &name, &known)?;
    if let (Size::Loaded, Some((column, _))) = (&size, profile.columns.first()) {
        bail!(section.error(format!(
            "`profile` is about values that are made, and `{column}` is only loaded; take it away"
        )));
    }
    let (columns, unique) = match section.get("columns") {
        Some(value) if is_virtual => bail!(value.error("a virtual table has no columns")),
        value if matches!(size, Size::Loaded) => {
            (read_loaded_columns(&name, value, section)?, Vec::new())
        }
        Some(value) => read_columns(&name, &value, scope, &size, &profile)?,
        None if is_virtual => (Vec::new(), Vec::new()),
        None => bail!(section.error("`columns` is missing")),
    };
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let mut unique = unique;
    unique.extend(table_keys::unique(section, &names)?);
    let exclusive = table_keys::exclusive(section, &names)?;
    let fixed = table_keys::fixed(section, &size)? || place == Place::Kept;
    let triggers = table_keys::triggers(section)?;
    let sharding = read_sharding::read(section, &names, &size, scope.earlier)?;
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
        fixed,
        columns,
        unique,
        exclusive,
        joint: profile.joint,
        triggers,
        sharding,
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

fn read_size(section: &Section, scope: &Scope, is_virtual: bool) -> Result<Size> {
    let outline = &scope.outline[scope.earlier.len()];
    let has_maker = outline.columns.iter().any(|column| !column.make.is_empty());
    match (section.get("rows"), section.get("per")) {
        (Some(value), None) => match u64::try_from(value.integer()?) {
            Ok(rows @ 1..) => Ok(Size::Rows(rows)),
            _ => Err(value.error("expected a whole number above 0")),
        },
        (None, Some(value)) => read_fan_out(&value.section(section.what())?, scope),
        (Some(_), Some(value)) => Err(value.error("a table has `rows` or `per`, not both")),
        (None, None) if is_virtual => Err(section.error(NO_SIZE)),
        (None, None) if has_maker => Err(section.error(format!(
            "{NO_SIZE}; a table without it is only loaded, and its columns have no makers"
        ))),
        (None, None) => Ok(Size::Loaded),
    }
}

/// What a table that is generated lacks.
const NO_SIZE: &str = "`rows = …` or `per = { table = …, mean = …, max = … }` is missing";

fn read_fan_out(section: &Section, scope: &Scope) -> Result<Size> {
    let earlier = scope.earlier;
    let value = section.need("table")?;
    let name = value.text()?;
    let Some(parent) = earlier.iter().position(|table| table.name == name) else {
        let names = || scope.outline.iter().map(|table| table.name.as_str());
        if names().any(|known| known == name) {
            let this = &scope.outline[earlier.len()].name;
            bail!(value.error(no_earlier_table(name, this, scope.outline)));
        }
        let advice = did_you_mean(name, names());
        bail!(value.error(format!("unknown table `{name}`; {advice}")));
    };
    if earlier[parent].is_loaded() {
        bail!(value.error(format!(
            "`{name}` is only loaded, so that its rows cannot be counted; give it `rows = …`, or `virtual = true` in a \
             dataset that generates rows"
        )));
    }
    if let Some(value) = section.get("each") {
        let size = read_each(&value, parent, earlier)?;
        section.ensure_known_keys()?;
        return Ok(size);
    }
    let counts = match section.get("distribution") {
        Some(value) => match value.one_of("distribution", DISTRIBUTIONS)? {
            Some(shape) => shaped_counts(shape, section)?,
            None => {
                let shares = profile::counts(&section.need("counts")?)?;
                Counts::measured(&shares).map_err(|why| section.error(why))?
            }
        },
        None => shaped_counts(CountShape::Poisson, section)?,
    };
    section.ensure_known_keys()?;
    Ok(Size::Per {
        parent,
        counts,
        each: None,
    })
}

/// Reads the numbers of a named shape.
fn shaped_counts(shape: CountShape, section: &Section) -> Result<Counts> {
    let mean = section.need("mean")?.number()?;
    let max = section.need("max")?;
    let Ok(maximum @ 1..=65_000) = u16::try_from(max.integer()?) else {
        bail!(max.error("expected a whole number from 1 to 65,000"));
    };
    let childless = section
        .get("childless")
        .map_or(Ok(0.0), |value| value.probability())?;
    Counts::new(shape, mean, maximum, childless).map_err(|why| section.error(why))
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

fn no_earlier_table(parent: &str, this: &str, outline: &[TableOutline]) -> String {
    if parent == this {
        return "a table cannot be its own parent; for rows of the same table there is `make = \"reference\"`".into();
    }
    match cycle(this, outline) {
        Some(names) => format!(
            "{} are a cycle, in which no table comes first, so that no rows can be counted; give one of them \
             `rows = …` in place of `per`, and the column that refers to the other `{{ make = \"reference\", to = … }}`",
            names.join(" per ")
        ),
        None => format!(
            "`{parent}` is a later table; parents come first, so put [tables.{parent}] before [tables.{this}]"
        ),
    }
}

/// `a`, its parent, that one's, and so on back to `a`; `None` where the way ends, or leads elsewhere.
fn cycle(this: &str, outline: &[TableOutline]) -> Option<Vec<String>> {
    let mut names = vec![format!("`{this}`")];
    let mut at = this;
    for _ in outline {
        let table = outline.iter().find(|table| table.name == at)?;
        at = table.parent.as_deref()?;
        names.push(format!("`{at}`"));
        if at == this {
            return Some(names);
        }
    }
    None
}

/// Reads the columns of a table that is only loaded: those of which there is something to say.
///
/// The others are the schema's, so that any name in `read` and `drop` may be one.
fn read_loaded_columns(
    table: &str,
    value: Option<TomlValue>,
    section: &Section,
) -> Result<Vec<ColumnSpec>> {
    let entries = match value {
        Some(value) => value.section(format!("table `{table}`"))?.entries(),
        None => Vec::new(),
    };
    let column = |(name, value): (String, TomlValue)| -> Result<ColumnSpec> {
        let section = value.section(format!("table `{table}`, column `{name}`"))?;
        let column = ColumnSpec {
            aliases: texts(section.get("aliases"))?,
            spellings: csv_options::spellings(&section)?,
            ..ColumnSpec::loaded(&name, value.line())
        };
        section.ensure_known_keys()?;
        Ok(column)
    };
    let mut columns = entries
        .into_iter()
        .map(column)
        .collect::<Result<Vec<_>>>()?;
    for name in csv_options::columns_named(section) {
        if columns.iter().all(|column| column.name != name) {
            columns.push(ColumnSpec::loaded(&name, section.line()));
        }
    }
    Ok(columns)
}
