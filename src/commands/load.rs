//! `seedrow load DIR`: CSV files into Postgres, every row accounted for.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;

use crate::cli::{DatasetArgs, JobsArgs, LoadArgs, QuietArgs, TargetArgs};
use crate::commands::Outcome;
use crate::commands::context::{self, Context, commit_unit, resume_command};
use crate::commands::format_args::FormatArgs;
use crate::commands::interrupt::stoppable;
use crate::dataset::Dataset;
use crate::load::{
    self, Duplicates, Input, Load, MaxRejects, NamedColumns, NamedFile, NoHook, Orphans, Overrides,
    Policy, Rejects, StageTracker,
};
use crate::report::{self, OutputFormat};
use crate::suggestion::Suggestions;
use crate::units::percent;

/// Load CSV files, seedrow's own or foreign ones, with COPY
///
/// Every record is accounted for: read = loaded + rejected + dropped by a rule of the dataset. The header decides which
/// column a field goes to, the column's type how it is read; a record that can't be loaded is written unchanged to
/// rejects/TABLE.csv, with line and reason, up to --max-rejects. A manifest of `seedrow generate` is compared with its
/// files.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  seedrow load catalog-1M\n  \
                        seedrow load legacy --file photos=legacy/photos_old.csv.gz --max-rejects 1% --orphans reject\n  \
                        seedrow load --append --file photos=rejects/photos.csv")]
pub struct Args {
    /// The folder that holds the files; not needed where --file names one for each table
    #[arg(value_name = "DIR", required_unless_present = "file")]
    folder: Option<PathBuf>,

    #[command(flatten)]
    dataset: DatasetArgs,

    /// Read a table's rows from this file, `-` for standard input, or from those that match: `photos=part-*.csv`. May be
    /// given for several tables, and several times for one: all its files are loaded, in order. Without DIR, only these
    /// tables are loaded
    #[arg(long, value_parser = named_file, value_name = "TABLE=PATH")]
    file: Vec<NamedFile>,

    #[command(flatten)]
    reading: ReadingArgs,

    /// Read the files and account for their records, without a database; keys are not checked
    #[arg(long, conflicts_with_all = ["append", "replace", "url", "target_schema"])]
    check_only: bool,

    /// Add to the existing rows; keys and indexes stay in place during the load
    #[arg(long, conflicts_with = "replace")]
    append: bool,

    #[command(flatten)]
    rejecting: RejectingArgs,

    #[command(flatten)]
    loading: LoadArgs,

    /// How results are printed
    #[arg(long, value_parser = report::text_or_json(), default_value = "text")]
    format: OutputFormat,

    #[command(flatten)]
    target: TargetArgs,

    #[command(flatten)]
    jobs: JobsArgs,

    #[command(flatten)]
    quiet: QuietArgs,
}

/// The format of foreign CSV files, where the dataset doesn't define it.
#[derive(clap::Args, Debug)]
struct ReadingArgs {
    #[command(flatten)]
    format: FormatArgs,

    /// The files have no header: columns are in the dataset's order, or in that of --columns
    #[arg(long)]
    no_header: bool,

    /// The first record is a header, whatever it says: --columns then names the columns in its place
    #[arg(long, conflicts_with = "no_header")]
    header: bool,

    /// The columns of a table's files in order, instead of their header; `-` skips one
    #[arg(long, value_parser = named_columns, value_name = "TABLE=A,B,-")]
    columns: Vec<NamedColumns>,
}

/// How records that can't be loaded are handled.
#[derive(clap::Args, Debug)]
struct RejectingArgs {
    /// How many records the load may reject before it stops: 10, 1%
    #[arg(long, value_parser = max_rejects, default_value = "0", value_name = "N|N%")]
    max_rejects: MaxRejects,

    /// The folder for rejected records, TABLE.csv each
    #[arg(long, default_value = "rejects", value_name = "DIR")]
    rejects: PathBuf,

    /// Records with the primary or unique key of an earlier one: reject them and keep the first, or stop
    #[arg(long, value_enum, default_value_t = DuplicatesArg::Fail)]
    duplicates: DuplicatesArg,

    /// Records that refer to a missing row: stop, load them and leave the foreign key NOT VALID, or reject them and the
    /// records that refer to them
    #[arg(long, value_enum, default_value_t = OrphansArg::Fail)]
    orphans: OrphansArg,
}

/// See [`Duplicates`].
#[derive(clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
enum DuplicatesArg {
    Fail,
    Reject,
}

/// See [`Orphans`].
#[derive(clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
enum OrphansArg {
    Fail,
    Keep,
    Reject,
}

impl Args {
    pub(super) fn suggestions(&self) -> Suggestions {
        context::suggestions(&self.target, &self.dataset.dataset)
    }

    fn overrides(&self) -> Overrides {
        Overrides {
            files: self.file.clone(),
            format: self.reading.format.options(),
            header: match (self.reading.header, self.reading.no_header) {
                (true, _) => Some(true),
                (false, true) => Some(false),
                (false, false) => None,
            },
            columns: self.reading.columns.clone(),
        }
    }

    fn policy(&self) -> Policy {
        Policy {
            append: self.append,
            duplicates: match self.rejecting.duplicates {
                DuplicatesArg::Fail => Duplicates::Fail,
                DuplicatesArg::Reject => Duplicates::Reject,
            },
            orphans: match self.rejecting.orphans {
                OrphansArg::Fail => Orphans::Fail,
                OrphansArg::Keep => Orphans::Keep,
                OrphansArg::Reject => Orphans::Reject,
            },
        }
    }

    /// The tables named; without a folder and a list, those that a file is named for.
    fn tables(&self) -> Option<Vec<String>> {
        match (&self.dataset.tables, &self.folder) {
            (Some(tables), _) => Some(tables.clone()),
            (None, Some(_)) => None,
            (None, None) => Some(self.file.iter().map(|file| file.table.clone()).collect()),
        }
    }
}

/// Loads the folder and reports the account of every table.
pub async fn run(args: &Args, stage: &StageTracker) -> Result<Outcome> {
    let context = Context::new(&args.dataset.dataset, &args.target, args.quiet);
    let dataset = Arc::new(context.open_dataset()?);
    args.overrides().ensure_known(&dataset)?;
    let tables = dataset.select(args.tables().as_deref())?;
    let input = Input::find(&dataset, args.folder.as_deref(), &tables, &args.overrides())?;
    let max = match args.check_only {
        true => MaxRejects::Count(u64::MAX),
        false => args.rejecting.max_rejects,
    };
    let rejects = Rejects::new(&args.rejecting.rejects, max, input.paths());
    if args.check_only {
        return check_only(args, &dataset, input, rejects, context).await;
    }
    let server = context.open_server_to("load rows").await?;
    let load = Load {
        server: &server,
        dataset: &dataset,
        tables: &tables,
        jobs: args.jobs.count(),
        replace: args.loading.replace,
        policy: args.policy(),
        rejects: Arc::new(rejects),
        commit: args.loading.commit.map(commit_unit),
        lock_timeout: args.loading.lock_timeout,
        command: resume_command(),
        stage,
    };
    let finished = load::run(&load, &input, &NoHook, &context.progress).await?;
    report::load::loaded(&finished, &context.suggestions, args.format)?;
    Ok(if finished.report().broken_keys.is_empty() {
        Outcome::Held
    } else {
        Outcome::Found
    })
}

/// Reads the files and accounts for their records.
async fn check_only(
    args: &Args,
    dataset: &Arc<Dataset>,
    input: Input,
    rejects: Rejects,
    context: Context,
) -> Result<Outcome> {
    let (dataset, progress) = (Arc::clone(dataset), context.progress.clone());
    let (accounts, rejects) = stoppable(move |stop| {
        let accounts = load::check_only(&dataset, &input, &rejects, &progress, stop)?;
        Ok((accounts, rejects))
    })
    .await?;
    report::load::read(&accounts, &rejects, &context.suggestions, args.format)?;
    let read = accounts.iter().map(|account| account.read).sum();
    Ok(
        match args.rejecting.max_rejects.allows(rejects.count(), read) {
            true => Outcome::Held,
            false => Outcome::Found,
        },
    )
}

/// Reads `photos=some_name.csv`.
fn named_file(text: &str) -> Result<NamedFile, String> {
    match text.split_once('=') {
        Some((table, path)) if !table.is_empty() && !path.is_empty() => Ok(NamedFile {
            table: table.to_owned(),
            path: PathBuf::from(path),
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

/// Reads `10` or `1%`.
fn max_rejects(text: &str) -> Result<MaxRejects, String> {
    const EXPECTED: &str = "expected a number of records, or a share of them, such as 10 or 1%";
    match text.strip_suffix('%') {
        Some("0") => Ok(MaxRejects::Count(0)),
        Some(_) => percent(text)
            .map(MaxRejects::Share)
            .map_err(|_| EXPECTED.into()),
        None => {
            let plain = text.replace('_', "");
            plain
                .parse()
                .map(MaxRejects::Count)
                .map_err(|_| EXPECTED.into())
        }
    }
}
