//! A TOML file → a validated [`Dataset`].

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use xxhash_rust::xxh3::Xxh3;

use crate::dataset::csv_options;
use crate::dataset::distribution::{COUNT_SHAPES, CountShape, Counts};
use crate::dataset::document::{Document, Section, TomlValue, did_you_mean, texts};
use crate::dataset::draw::Chance;
use crate::dataset::lists::Lists;
use crate::dataset::makers::{self, MakerScope};
use crate::dataset::source::{Source, join, locate};
use crate::dataset::spec::{ColumnSpec, Dataset, Size, TableSpec, TextFile, is_file_name};
use crate::dataset::waivers::Waiver;
use crate::dataset::{validate, waivers};
use crate::script::Script;

impl Dataset {
    /// Opens a built-in dataset by its name, or a TOML file by its path.
    pub fn open(name_or_file: &str) -> Result<Dataset> {
        let (source, path) = locate(name_or_file)?;
        let text = source.read(&path)?;
        Dataset::read(source, &path, &text)
    }

    fn read(source: Source, path: &Path, text: &str) -> Result<Dataset> {
        let shown = path.display().to_string();
        let (document, root) = Document::parse(&shown, text)?;
        let root = document.root(&root);
        let folder = path.parent().unwrap_or(Path::new(""));

        let about = root
            .get("about")
            .map_or(Ok(""), |value| value.text())?
            .to_owned();
        let lists = match root.get("lists") {
            Some(value) => Lists::read(&value.section("[lists]")?, source, folder)?,
            None => Lists::default(),
        };
        let nulls = texts(root.get("nulls"))?;
        let tables = read_tables(&root.need("tables")?, document, &lists)?;
        let schema = read_schema(source, folder, &root.need("schema")?)?;
        let queries = read_queries(source, folder, root.get("queries"))?;
        let waivers = waivers::read(&shown, root.get("waive"))?;
        root.ensure_known_keys()?;

        let mut files: Vec<_> = lists.files.iter().map(|(path, _)| path.clone()).collect();
        files.push(schema.path.clone());
        files.extend(schema.included.iter().map(|(path, _)| path.clone()));
        files.extend(queries.iter().map(|query| query.path.clone()));
        let hash = hash(text, &lists, &schema);
        let name = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .unwrap_or("dataset")
            .to_owned();
        Ok(Dataset {
            name,
            about,
            source,
            path: path.to_owned(),
            files,
            hash,
            schema,
            queries,
            nulls,
            waivers,
            tables,
        })
    }
}

/// Those of a dataset, when there is one, and of the `seedrow.toml` beside it; for a built-in dataset or none, of the one
/// in the current folder.
pub fn waivers_with(dataset: Option<&Dataset>) -> Result<Vec<Waiver>> {
    let (mut waivers, folder) = match dataset {
        Some(dataset) => (
            dataset.waivers.clone(),
            folder(dataset.source, &dataset.path),
        ),
        None => (Vec::new(), PathBuf::new()),
    };
    waivers.extend(waivers::beside(&folder)?);
    Ok(waivers)
}

/// As [`waivers_with`], for a dataset's name.
pub fn waivers_of(dataset: &str) -> Result<Vec<Waiver>> {
    match locate(dataset)? {
        // Only its name may be meant: the embedded server's database of what is elsewhere, or gone.
        (Source::Disk, path) if !path.exists() => waivers::beside(&folder(Source::Disk, &path)),
        (Source::Disk, _) => waivers_with(Some(&Dataset::open(dataset)?)),
        (Source::BuiltIn, _) => waivers_with(None),
    }
}

fn folder(source: Source, dataset: &Path) -> PathBuf {
    match source {
        Source::Disk => dataset.parent().unwrap_or(Path::new("")).to_owned(),
        Source::BuiltIn => PathBuf::new(),
    }
}

/// Over all that decides a row or a table: not the queries, which can change without loading anew.
fn hash(text: &str, lists: &Lists, schema: &Script) -> String {
    let mut hash = Xxh3::new();
    for part in [text]
        .into_iter()
        .chain(lists.files.iter().map(|(_, text)| text.as_str()))
        .chain([&*schema.text])
        .chain(schema.included.iter().map(|(_, text)| text.as_str()))
    {
        hash.update(&(part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    format!("xxh3:{:016x}", hash.digest())
}

fn read_schema(source: Source, folder: &Path, value: &TomlValue) -> Result<Script> {
    let path = join(folder, value.text()?);
    let read = |path: &Path| source.read(path);
    read(&path)
        .and_then(|text| Script::read(&path, text, &read))
        .map_err(|why| value.error(format!("{why:#}")))
}

fn read_queries(source: Source, folder: &Path, value: Option<TomlValue>) -> Result<Vec<TextFile>> {
    let Some(value) = value else {
        return Ok(Vec::new());
    };
    let paths = source
        .list(&join(folder, value.text()?), "sql")
        .map_err(|why| value.error(format!("{why:#}")))?;
    paths
        .into_iter()
        .map(|path| {
            Ok(TextFile {
                text: source.read(&path)?,
                path,
            })
        })
        .collect()
}

fn read_tables(value: &TomlValue, document: Document, lists: &Lists) -> Result<Vec<TableSpec>> {
    let entries = value.section("[tables]")?.entries();
    let names: Vec<String> = entries.iter().map(|(name, _)| name.clone()).collect();
    let mut tables: Vec<TableSpec> = Vec::new();
    for (name, value) in entries {
        let section = value.section(format!("table `{name}`"))?;
        let table = read_table(name, &section, &tables, &names, lists)?;
        validate::ensure_sound(&table, &tables, document)?;
        tables.push(table);
    }
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

fn read_table(
    name: String,
    section: &Section,
    earlier: &[TableSpec],
    names: &[String],
    lists: &Lists,
) -> Result<TableSpec> {
    let size = read_size(section, earlier, names)?;
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
        Some(value) => read_columns(&name, &value, earlier, names, &size, lists)?,
        None if is_virtual => Vec::new(),
        None => bail!(section.error("`columns` is missing")),
    };
    let reading = csv_options::reading(section, &columns)?;
    let drop = csv_options::drop_rules(section, &columns, earlier)?;
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

fn read_size(section: &Section, earlier: &[TableSpec], names: &[String]) -> Result<Size> {
    match (section.get("rows"), section.get("per")) {
        (Some(value), None) => match u64::try_from(value.integer()?) {
            Ok(rows @ 1..) => Ok(Size::Rows(rows)),
            _ => Err(value.error("expected a whole number above 0")),
        },
        (None, Some(value)) => read_fan_out(&value.section(section.what())?, earlier, names),
        (Some(_), Some(value)) => Err(value.error("a table has `rows` or `per`, not both")),
        (None, None) => {
            Err(section.error("`rows = …` or `per = { table = …, mean = …, max = … }` is missing"))
        }
    }
}

fn read_fan_out(section: &Section, earlier: &[TableSpec], names: &[String]) -> Result<Size> {
    let value = section.need("table")?;
    let name = value.text()?;
    let Some(parent) = earlier.iter().position(|table| table.name == name) else {
        if names.iter().any(|known| known == name) {
            bail!(value.error(no_earlier_table(name, &names[earlier.len()])));
        }
        let advice = did_you_mean(name, names.iter().map(String::as_str));
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
    earlier: &[TableSpec],
    table_names: &[String],
    size: &Size,
    lists: &Lists,
) -> Result<Vec<ColumnSpec>> {
    let entries = value.section(format!("table `{table}`"))?.entries();
    let columns: Vec<String> = entries.iter().map(|(name, _)| name.clone()).collect();
    let scope = MakerScope {
        earlier,
        table_names,
        columns: &columns,
        size,
        lists,
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
        line: value.line(),
        name,
    };
    section.ensure_known_keys()?;
    Ok(column)
}
