//! The arguments of `seedrow load`, and what they mean.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::cli::{JobsArgs, LoadArgs, QuietArgs, TargetArgs};
use crate::commands::context::{self, DEFAULT_DATASET, triggers};
use crate::commands::format_args::FormatArgs;
use crate::commands::load::rejecting_args::RejectingArgs;
use crate::commands::spelling_args::SpellingArgs;
use crate::dataset::{Dataset, Part};
use crate::load::source::folder::has_any;
use crate::load::source::options::FileOptions;
use crate::load::{
    MaxRejects, MissingColumns, NamedBy, NamedColumns, NamedFile, NamedHeader, Overrides, Policy,
};
use crate::report::{self, OutputFormat};
use crate::suggestion::Suggestions;

/// The option for the table of one file.
pub(super) const INTO: &str = "--into";

/// Load CSV files, seedrow's own or foreign ones, with COPY
///
/// Every record is accounted for: read = loaded + rejected + dropped by a rule of the dataset. The header decides which
/// column a field goes to, the column's type how it is read; a record that can't be loaded is written unchanged to
/// rejects/TABLE.csv, with line and reason, up to --max-rejects. A manifest of `seedrow generate` is compared with its
/// files.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  seedrow generate --rows 10k --out shop && seedrow load shop
  seedrow load shop --replace --max-rejects 1% --orphans reject
  seedrow load --replace --tables related --file related=shop/related.csv
  seedrow load shop/styles.csv --into my_styles --create")]
pub struct Args {
    /// The folder that holds the files, or one file with --into; not needed where --file names one for each table
    #[arg(value_name = "DIR", required_unless_present = "file")]
    pub(super) folder: Option<PathBuf>,

    /// The dataset: a built-in one's name, or a TOML file [default: catalog where the files are its tables', else the
    /// target's own tables]
    #[arg(long, value_name = "NAME|FILE.toml")]
    pub(super) dataset: Option<String>,

    /// Load into the tables that this file of DDL creates; they are created where they are missing. No dataset is needed
    #[arg(long, value_name = "FILE.sql", conflicts_with_all = ["dataset", "check_only"])]
    pub(super) schema: Option<PathBuf>,

    /// Create the tables that don't exist, one for each file, with the columns of its header and types inferred from all of
    /// its records; the DDL is shown. No dataset is needed
    #[arg(long, conflicts_with_all = ["dataset", "schema"])]
    pub(super) create: bool,

    /// Only these tables, separated by commas [default: all]
    #[arg(long, value_delimiter = ',', value_name = "TABLE,…")]
    pub(super) tables: Option<Vec<String>>,

    /// The table that one file is loaded into: `seedrow load FILE.csv --into TABLE`
    #[arg(long, value_name = "TABLE", requires = "folder", conflicts_with_all = ["file", "tables"])]
    pub(super) into: Option<String>,

    /// Read a table's rows from this file, `-` for standard input, or from those that match: `photos=part-*.csv`. May be
    /// given for several tables, and several times for one: all its files are loaded, in order. Without DIR, only these
    /// tables are loaded
    #[arg(long, value_parser = named_file, value_name = "TABLE=PATH")]
    pub(super) file: Vec<NamedFile>,

    /// Load only part K of N, which `seedrow generate --part` wrote to DIR, beside the other parts, which other hosts load into
    /// the same database; `seedrow finish` then builds keys and indexes
    #[arg(
        long,
        value_name = "K/N",
        requires = "folder",
        conflicts_with_all = ["append", "check_only", "commit", "create", "file", "format", "into", "schema"]
    )]
    pub(super) part: Option<Part>,

    #[command(flatten)]
    pub(super) reading: ReadingArgs,

    #[command(flatten, next_help_heading = "Values of foreign files")]
    pub(super) spelling: SpellingArgs,

    /// Read the files and account for their records, without a database; keys are not checked
    #[arg(long, conflicts_with_all = ["append", "replace", "recreate", "url", "target_schema"])]
    pub(super) check_only: bool,

    /// Add to the existing rows; keys and indexes stay in place during the load
    #[arg(long, conflicts_with_all = ["replace", "recreate"])]
    pub(super) append: bool,

    #[command(flatten)]
    pub(super) rejecting: RejectingArgs,

    #[command(flatten)]
    pub(super) loading: LoadArgs,

    #[command(flatten)]
    pub(super) jobs: JobsArgs,

    #[command(flatten)]
    pub(super) target: TargetArgs,

    /// How results are printed
    #[arg(long, value_parser = report::text_or_json(), default_value = "text", help_heading = "Output")]
    pub(super) format: OutputFormat,

    #[command(flatten)]
    pub(super) quiet: QuietArgs,
}

/// The format of foreign CSV files, where the dataset doesn't define it.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Format of foreign files")]
pub(super) struct ReadingArgs {
    #[command(flatten)]
    format: FormatArgs,

    /// The first record of all files, or of those of some tables, is a record like the others: columns are in the
    /// dataset's order, or as --columns says
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "", value_delimiter = ',',
        value_name = "TABLE,…")]
    no_header: Vec<String>,

    /// The first record is a header, whatever it says: --columns then names the columns in its place
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "", value_delimiter = ',',
        value_name = "TABLE,…")]
    header: Vec<String>,

    /// A column that a file lacks: refuse the file, or fill the column with its default, or NULL
    #[arg(long, value_enum, default_value_t = MissingArg::Fail)]
    missing: MissingArg,

    /// The columns of a table's files in order, instead of their header; `-` skips one
    #[arg(long, value_parser = named_columns, value_name = "TABLE=A,B,-")]
    columns: Vec<NamedColumns>,
}

/// See [`MissingColumns`].
#[derive(clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
enum MissingArg {
    Fail,
    Default,
}

impl ReadingArgs {
    fn headers(&self) -> Result<Vec<NamedHeader>> {
        if let Some(both) = self.header.iter().find(|it| self.no_header.contains(it)) {
            let files = match both.as_str() {
                "" => "all files".to_owned(),
                table => format!("table {table}"),
            };
            bail!("--header and --no-header are both given for {files}; leave one of them out");
        }
        let named = |header| {
            move |table: &String| NamedHeader {
                table: (!table.is_empty()).then(|| table.clone()),
                header,
            }
        };
        let with = self.header.iter().map(named(true));
        let all = with.chain(self.no_header.iter().map(named(false)));
        Ok(all.collect())
    }
}

impl Args {
    pub(in crate::commands) fn suggestions(&self) -> Suggestions {
        // Options that can't be read are reported by the command itself.
        let options = self.options().unwrap_or_default();
        let everywhere = self.typed_for_tables();
        let words = move |table: &str| [options.typed_of(table), everywhere.clone()].concat();
        context::suggestions(&self.target, self.dataset_name()).format(words)
    }

    /// The options that say which tables there are, and which of their columns files have.
    fn typed_for_tables(&self) -> Vec<String> {
        let mut words = Vec::new();
        if self.create {
            words.push("--create".to_owned());
        }
        if let Some(schema) = &self.schema {
            words.extend(["--schema".to_owned(), schema.display().to_string()]);
        }
        if self.reading.missing == MissingArg::Default || !self.reading.columns.is_empty() {
            words.extend(["--missing".to_owned(), "default".to_owned()]);
        }
        words
    }

    pub(super) fn dataset_name(&self) -> &str {
        self.dataset.as_deref().unwrap_or(DEFAULT_DATASET)
    }

    /// The folder typed, unless that is the file for --into.
    pub(super) fn folder(&self) -> Option<&Path> {
        self.folder.as_deref().filter(|_| self.into.is_none())
    }

    fn files(&self) -> Vec<NamedFile> {
        let into = self.into.iter().zip(&self.folder);
        let into = into.map(|(table, path)| NamedFile {
            table: table.clone(),
            path: path.clone(),
            named_by: NamedBy::Into,
        });
        self.file.iter().cloned().chain(into).collect()
    }

    fn options(&self) -> Result<FileOptions> {
        Ok(FileOptions {
            formats: self.reading.format.options()?,
            spellings: self.spelling.spellings()?,
        })
    }

    pub(super) fn overrides(&self) -> Result<Overrides> {
        Ok(Overrides {
            files: self.files(),
            options: self.options()?,
            headers: self.reading.headers()?,
            missing: match self.reading.missing {
                MissingArg::Fail => MissingColumns::Refuse,
                MissingArg::Default => MissingColumns::Default,
            },
            columns: self.reading.columns.clone(),
            part: self.part,
        })
    }

    /// How many records may be rejected: any number where they are only counted.
    pub(super) fn max_rejects(&self) -> MaxRejects {
        match self.check_only {
            true => MaxRejects::Count(u64::MAX),
            false => self.rejecting.max_rejects,
        }
    }

    pub(super) fn policy(&self) -> Policy {
        Policy {
            append: self.append,
            duplicates: self.rejecting.duplicates(),
            orphans: self.rejecting.orphans(),
            triggers: triggers(self.loading.triggers),
        }
    }

    /// Whether the folder or an option has a file of one of a dataset's tables, or names one.
    pub(super) fn names_any_of(&self, dataset: &Dataset) -> bool {
        let mut named = self.tables().into_iter().flatten();
        named.any(|name| dataset.position(&name).is_some())
            || self.folder().is_some_and(|it| has_any(dataset, it))
    }

    /// The table of a file that is only read, without a dataset.
    pub(super) fn read_table(&self) -> Option<&str> {
        let is_read = self.check_only && self.dataset.is_none();
        self.into.as_deref().filter(|_| is_read)
    }

    /// The tables that are named with a point, each with its option.
    pub(super) fn tables_with_points(&self) -> Vec<(&'static str, String)> {
        let into = self.into.iter().map(|name| (INTO, name));
        let tables = self.tables.iter().flatten().map(|name| ("--tables", name));
        let files = self.file.iter().map(|file| ("--file", &file.table));
        let named = into.chain(tables).chain(files);
        let named = named.filter(|(_, name)| name.contains('.'));
        named.map(|(option, name)| (option, name.clone())).collect()
    }

    /// The tables named; without a folder and a list, those that a file is named for.
    pub(super) fn tables(&self) -> Option<Vec<String>> {
        match (&self.tables, self.folder()) {
            (Some(tables), _) => Some(tables.clone()),
            (None, Some(_)) => None,
            (None, None) => Some(self.files().into_iter().map(|file| file.table).collect()),
        }
    }
}

/// Reads `photos=some_name.csv`.
fn named_file(text: &str) -> Result<NamedFile, String> {
    match text.split_once('=') {
        Some((table, path)) if !table.is_empty() && !path.is_empty() => Ok(NamedFile {
            table: table.to_owned(),
            path: PathBuf::from(path),
            named_by: NamedBy::File,
        }),
        _ => Err("expected TABLE=PATH, such as photos=some_name.csv".into()),
    }
}

/// Reads `photos=id,style_id,-,url`.
fn named_columns(text: &str) -> Result<NamedColumns, String> {
    match text.split_once('=') {
        Some((table, columns)) if !table.is_empty() && !columns.is_empty() => Ok(NamedColumns {
            table: table.to_owned(),
            columns: columns
                .split(',')
                .map(|name| name.trim().to_owned())
                .collect(),
        }),
        _ => Err("expected TABLE=COLUMN,…, such as photos=id,style_id,-,url".into()),
    }
}
