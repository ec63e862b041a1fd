//! A TOML file → a validated [`Dataset`].

use std::path::{Path, PathBuf};

use anyhow::Result;
use xxhash_rust::xxh3::Xxh3;

use crate::dataset::document::{Document, TomlValue, texts};
use crate::dataset::lists::Lists;
use crate::dataset::read_tables::read_tables;
use crate::dataset::source::{Source, join, locate};
use crate::dataset::spec::{Dataset, Scale, SchemaScope, TextFile};
use crate::dataset::waivers;
use crate::dataset::waivers::Waiver;
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
        let tables = read_tables(&root.need("tables")?, &document, &lists)?;
        let (schema, schema_scope) = match root.get("schema") {
            Some(value) => (read_schema(source, folder, &value)?, SchemaScope::Whole),
            None => (Script::empty(path), SchemaScope::Nothing),
        };
        let queries = read_queries(source, folder, root.get("queries"))?;
        let changes = read_changes(source, folder, root.get("queries"))?;
        let waivers = waivers::read(&shown, root.get("waive"))?;
        let scale = root.get("scale");
        let scale = scale.map_or(Ok(Scale::Root), |it| it.one_of("scale", SCALES))?;
        let init = root.get("init").map(|it| read_init(&it)).transpose()?;
        root.ensure_known_keys()?;

        let statements = queries.iter().chain(&changes);
        let schema_path = (schema_scope != SchemaScope::Nothing).then_some(&schema.path);
        let included = schema.included.iter().map(|(path, _)| path);
        let files = lists.files.iter().map(|(path, _)| path);
        let files = files.chain(schema_path).chain(included);
        let files = files.chain(statements.map(|file| &file.path));
        let files = files.cloned().collect();
        let hash = hash(text, &lists, &schema);
        Ok(Dataset {
            name: name_of(path),
            about,
            source,
            path: path.to_owned(),
            files,
            hash,
            schema,
            schema_scope,
            queries,
            changes,
            nulls,
            waivers,
            scale,
            init,
            tables,
        })
    }
}

/// A dataset is called as its file is.
fn name_of(path: &Path) -> String {
    let stem = path.file_stem().and_then(|stem| stem.to_str());
    stem.unwrap_or("dataset").to_owned()
}

/// Every scale with the name it has in a dataset.
const SCALES: &[(&str, Scale)] = &[("root", Scale::Root), ("all", Scale::All)];

/// Reads `init = { version = "0.2.0", … }`: kept as it is written.
fn read_init(value: &TomlValue) -> Result<Vec<(String, String)>> {
    let entries = value.section(value.what())?.entries().into_iter();
    Ok(entries
        .map(|(key, value)| (key, value.as_written()))
        .collect())
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
    source
        .list(&join(folder, value.text()?), "sql")
        .map_err(|why| value.error(format!("{why:#}")))?
        .into_iter()
        .map(|path| read_text(source, path))
        .collect()
}

/// The folder `changes` beside that of the queries, where there is one.
fn read_changes(
    source: Source,
    folder: &Path,
    queries: Option<TomlValue>,
) -> Result<Vec<TextFile>> {
    let Some(queries) = queries else {
        return Ok(Vec::new());
    };
    let changes = join(folder, queries.text()?).with_file_name("changes");
    // A dataset needn't have them.
    let paths = source.list(&changes, "sql").unwrap_or_default();
    paths
        .into_iter()
        .map(|path| read_text(source, path))
        .collect()
}

fn read_text(source: Source, path: PathBuf) -> Result<TextFile> {
    Ok(TextFile {
        text: source.read(&path)?,
        path,
    })
}
