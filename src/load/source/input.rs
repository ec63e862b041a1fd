//! The sources of all tables of a load: found in a folder, named one by one, or generated.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};

use crate::dataset::record_format::SkipLines;
use crate::dataset::{Amount, Dataset, Part, RowPlan};
use crate::files::{Manifest, manifest, parts};
use crate::generate::{CompiledTable, TextEscaping};
use crate::load::source::epochs::ensure_epochs;
use crate::load::source::folder::{
    described, ensure_all_parts, ensure_is_folder, ensure_made_from, ignored, locate,
};
use crate::load::source::generated::GeneratedRows;
use crate::load::source::overrides::{MissingColumns, Overrides};
use crate::load::source::table_source::{OpenedFiles, SourceKind, TableSource};
use crate::units::rows_of;

/// Rows, ready to be loaded.
#[derive(Debug)]
pub struct Input {
    /// Where they come from, for messages.
    pub label: String,
    /// What decides every row, when this version of seedrow made them all.
    pub origin: Option<RowOrigin>,
    /// In load order.
    pub tables: Vec<TableSource>,
    /// CSV files of the folder that belong to no table.
    pub ignored: Vec<String>,
}

/// Rows and seed: with version, dataset and tables they decide every row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowOrigin {
    /// How many rows.
    pub amount: Amount,
    /// The seed.
    pub seed: u64,
}

impl Input {
    /// Finds the file of every table wanted and the columns that its fields go to.
    ///
    /// With a manifest: its files, whose sizes must be what it says. Without: each table's own file name, or the table's
    /// name with `.csv`, plain or with `.gz`, `.zst`, `.bz2`, `.xz` or `.zip` behind it. A file that is named comes first, manifest or not; without a
    /// folder each table needs one.
    pub fn find(
        dataset: &Dataset,
        folder: Option<&Path>,
        wanted: &[usize],
        overrides: &Overrides,
    ) -> Result<Input> {
        Input::find_opened(dataset, folder, wanted, overrides, &OpenedFiles::default())
    }

    /// As [`Input::find`], where some files were opened before.
    pub fn find_opened(
        dataset: &Dataset,
        folder: Option<&Path>,
        wanted: &[usize],
        overrides: &Overrides,
        opened: &OpenedFiles,
    ) -> Result<Input> {
        let manifests = match folder {
            Some(folder) => read_manifests(dataset, folder, overrides.part)?,
            None => Vec::new(),
        };
        overrides.ensure_wanted(dataset, wanted)?;
        let find = |&table: &usize| {
            let spec = &dataset.tables[table];
            let foreign = |kinds| {
                let source = TableSource::foreign(dataset, table, kinds, overrides)?;
                ensure_epochs(dataset, &source)?;
                Ok(source)
            };
            let files = overrides.files_of(spec)?;
            match (files.as_slice(), manifests.as_slice(), folder) {
                ([_, ..], _, _) => {
                    let kinds = files.iter().map(|path| opened.get(path));
                    foreign(kinds.collect::<Result<_>>()?)
                }
                ([], [], Some(folder)) => {
                    let path = locate(dataset, table, wanted, folder)?;
                    foreign(vec![SourceKind::Foreign { path }])
                }
                ([], manifests, Some(folder)) => described(dataset, table, manifests, folder),
                ([], _, None) => bail!(
                    "no file for table {}; give the folder that holds it, or --file {}=PATH, or leave the table out \
                     with --tables",
                    spec.name,
                    spec.name
                ),
            }
        };
        let tables = wanted.iter().map(find).collect::<Result<Vec<_>>>()?;
        ensure_used(overrides, &tables)?;
        ensure_skipped(overrides, &tables)?;
        let ignored = match folder {
            Some(folder) if manifests.is_empty() => ignored(folder, &tables)?,
            _ => Vec::new(),
        };
        Ok(Input {
            label: label(folder, &tables),
            origin: manifests.first().and_then(|it| origin(it, &tables)),
            tables,
            ignored,
        })
    }

    /// Rows that are generated while they are loaded, no file between: drawn from rows of the root table and a seed, all or
    /// a part of them, `jobs` threads for each table.
    pub fn generated(
        dataset: &Arc<Dataset>,
        wanted: &[usize],
        origin: RowOrigin,
        part: Option<Part>,
        jobs: usize,
    ) -> Result<Input> {
        let parts = part.map_or(1, |part| part.of);
        let plan = RowPlan::in_parts(dataset, origin.amount, origin.seed, wanted, parts);
        let compiled = wanted.iter().map(|&table| {
            let columns = CompiledTable::new(dataset, &plan, table, TextEscaping::Binary)?;
            Ok((table, columns))
        });
        let rows = Arc::new(GeneratedRows {
            dataset: Arc::clone(dataset),
            compiled: compiled.collect::<Result<_>>()?,
            blocks: part.unwrap_or(Part::WHOLE).blocks(plan.blocks()),
            plan,
            jobs,
        });
        let source = |&table: &usize| -> Result<TableSource> {
            let bytes = rows.csv_bytes(table)?;
            Ok(TableSource::generated(table, Arc::clone(&rows), bytes))
        };
        Ok(Input {
            label: format!(
                "{}, {}, seed {}{}",
                dataset.name,
                rows_of(
                    origin.amount.root_rows,
                    &dataset.tables[dataset.root()].name
                ),
                origin.seed,
                part.map(|part| format!(", part {part}"))
                    .unwrap_or_default()
            ),
            origin: Some(origin),
            tables: wanted.iter().map(source).collect::<Result<_>>()?,
            ignored: Vec::new(),
        })
    }

    /// All tables' bytes.
    pub fn bytes(&self) -> u64 {
        self.tables.iter().map(|table| table.bytes).sum()
    }

    /// All tables' rows, when each one's are known.
    pub fn rows(&self) -> Option<u64> {
        self.tables.iter().map(|table| table.rows).sum()
    }

    /// The files that are read.
    pub fn paths(&self) -> impl Iterator<Item = PathBuf> {
        let paths = self.tables.iter().flat_map(TableSource::paths);
        paths.map(Path::to_owned)
    }
}

/// Refuses options that no file is read by: a manifest says how its files are written.
fn ensure_used(overrides: &Overrides, sources: &[TableSource]) -> Result<()> {
    let own = |table: &str| {
        let mut own = sources.iter().filter(|source| source.is_described());
        own.any(|source| source.table_name == table)
    };
    let unused = overrides.columns.iter().find(|named| own(&named.table));
    let option = match unused {
        Some(named) => format!("--columns {}", named.table),
        None if sources.iter().any(TableSource::is_foreign) => return Ok(()),
        None => match (overrides.headers.first(), overrides.options.first()) {
            (Some(named), _) if named.header => "--header".to_owned(),
            (Some(_), _) => "--no-header".to_owned(),
            (None, Some(option)) => option.to_owned(),
            (None, None) if overrides.missing == MissingColumns::Default => "--missing".to_owned(),
            (None, None) => return Ok(()),
        },
    };
    bail!(
        "{option} is about foreign files, and manifest.json says how seedrow wrote these; leave the option out, or \
         remove the manifest to have every record read and checked"
    )
}

/// Refuses a `--skip-lines TEXT` that no file's first line begins with: what was to be skipped is spelled otherwise.
fn ensure_skipped(overrides: &Overrides, sources: &[TableSource]) -> Result<()> {
    let (mut skipping, mut has_skipped) = (Vec::new(), false);
    for source in sources.iter().filter(|source| source.is_foreign()) {
        let typed = overrides.options.format_of(&source.table_name).skip_lines;
        let Some(lines @ SkipLines::StartingWith(_)) = typed else {
            continue;
        };
        for kind in source.kinds() {
            let path = kind.path().unwrap_or(Path::new(""));
            has_skipped |= source.format.skips(path, &kind.label(), &lines)?;
        }
        skipping.push(source.label());
    }
    ensure!(
        has_skipped || skipping.is_empty(),
        "--skip-lines: no first line of {} begins so; leave the option out, or name what the line begins with",
        skipping.join(", ")
    );
    Ok(())
}

/// The manifest of a folder, or those of all parts, or that of the part that is wanted alone; none where nothing describes its
/// files.
fn read_manifests(dataset: &Dataset, folder: &Path, part: Option<Part>) -> Result<Vec<Manifest>> {
    ensure_is_folder(folder)?;
    let whole = Manifest::read(folder)?;
    let parts = parts::manifests(folder)?;
    ensure!(
        whole.is_none() || parts.is_empty(),
        "{} holds {} and manifests of parts; keep the parts in a folder of their own",
        folder.display(),
        manifest::FILE
    );
    let manifests: Vec<Manifest> = whole.into_iter().chain(parts).collect();
    if let Some(manifest) = manifests.first() {
        ensure_made_from(dataset, manifest, folder)?;
    }
    let Some(part) = part else {
        ensure_all_parts(dataset, &manifests, folder)?;
        return Ok(manifests);
    };
    let mut found = manifests.into_iter();
    let found = found.find(|it| it.part == Some(part));
    let found = found.with_context(|| {
        let name = part.file_name(manifest::FILE);
        format!(
            "{} has no {name}; `seedrow generate --part {part} --out {}` writes that part there",
            folder.display(),
            folder.display()
        )
    })?;
    Ok(vec![found])
}

/// What decided every row, when this version of seedrow wrote all files.
fn origin(manifest: &Manifest, tables: &[TableSource]) -> Option<RowOrigin> {
    let all_own = tables.iter().all(TableSource::is_described);
    let decides = manifest.seedrow == env!("CARGO_PKG_VERSION") && all_own;
    decides.then_some(RowOrigin {
        amount: manifest.amount(),
        seed: manifest.seed,
    })
}

fn label(folder: Option<&Path>, tables: &[TableSource]) -> String {
    match folder {
        Some(folder) => folder.display().to_string(),
        None => {
            let labels: Vec<String> = tables.iter().map(TableSource::label).collect();
            labels.join(", ")
        }
    }
}
