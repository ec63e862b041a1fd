//! `seedrow compare`

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};

use crate::check::{self, SavedReport};
use crate::cli::{QuietArgs, SampleArgs, TargetArgs};
use crate::commands::context::{self, Context, DEFAULT_DATASET, plan_settings};
use crate::commands::output_paths::ensure_writable;
use crate::commands::{Outcome, documents};
use crate::compare::{Comparison, Direction, compare};
use crate::dataset::waivers_with;
use crate::postgres::Server;
use crate::postgres::error::ErrorWithNotes;
use crate::report::{self, OutputFormat, colour::Colour};
use crate::stress::{RunComparison, StressReport};
use crate::suggestion::{Suggestions, TARGET, shell_word};
use crate::units::rows;

mod twin;

/// Show what changed between two checks: plans, pages, rows and times, read by read; or between two runs of `stress`
///
/// Plans are compared by how they read each table. A change of time counts when it is at least 5% and significant (p <
/// 0.001 in the Mann-Whitney test over the samples); without a change of plan or pages only when the time doubled,
/// because smaller changes can be the machine's. With --twin the question is another one: whether B stands for A, by its
/// plans, the rows of their nodes, and the planner's statistics.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  seedrow check --save before.json
  seedrow compare before.json after.json
  seedrow compare before.json after.json --format markdown --fail-on regression
  seedrow compare --without-indexes --format html --output indexes.html
  seedrow compare --documents --last 100k
  seedrow compare --twin production.json --url postgres://app@localhost/twin")]
pub struct Args {
    /// The check before, saved by `seedrow check --save`, or the run, written by `seedrow stress --format json`
    #[arg(
        required_unless_present_any = ["without_indexes", "documents"],
        value_name = "A"
    )]
    before: Option<PathBuf>,

    /// The check after
    #[arg(value_name = "B", required_unless_present_any = ["without_indexes", "documents", "twin"])]
    after: Option<PathBuf>,

    /// Compare a database that stands for another one with it: whether plans are equal, how far the rows of their nodes are
    /// apart, and the planner's statistics column by column; without B, the target is checked now
    #[arg(long, conflicts_with_all = ["without_indexes", "documents"])]
    twin: bool,

    /// Measure instead of reading files: the same samples without and with the foreign keys' indexes on one database,
    /// alternating; the indexes are dropped in transactions that are rolled back
    #[arg(long, conflicts_with_all = ["before", "after"])]
    without_indexes: bool,

    /// Measure the same reads from tables, from one `jsonb` and one `json` a document, and from a materialized view, which
    /// are made in a schema of their own and dropped: bodies, times, pages, sizes, and what a change costs
    #[arg(long, conflicts_with_all = ["before", "after", "without_indexes"])]
    documents: bool,

    /// With --documents, the query whose results are the documents
    #[arg(long, value_name = "NAME", default_value = "styles")]
    query: String,

    /// With --documents, how many: those of the last values
    #[arg(long, value_parser = rows, default_value = "20k", value_name = "COUNT")]
    last: u64,

    /// With --documents, how many of them are read
    #[arg(long, value_parser = rows, default_value = "1k", value_name = "COUNT")]
    reads: u64,

    /// Allow --documents to make and drop a schema on a server that isn't the embedded one
    #[arg(long)]
    allow_scratch: bool,

    /// Allow --without-indexes to lock tables for a moment on a server that isn't the embedded one
    #[arg(long)]
    allow_locks: bool,

    /// The dataset whose queries are run: a built-in one's name or a TOML file [default: catalog, where its tables
    /// exist]
    #[arg(long, value_name = "NAME|FILE.toml")]
    dataset: Option<String>,

    /// With --without-indexes or --twin, only the reads of these tables, separated by commas [default: all]
    #[arg(long, value_delimiter = ',', value_name = "TABLE,…")]
    tables: Option<Vec<String>>,

    /// With --without-indexes or --twin, pass where there is nothing to compare
    #[arg(long)]
    allow_empty: bool,

    #[command(flatten)]
    sampling: SampleArgs,

    /// The number that sampled ids are drawn from
    #[arg(long, default_value_t = 42, value_name = "N")]
    seed: u64,

    /// Exit with 1 when a read regressed, or when anything differs
    #[arg(long, value_enum, value_name = "WHAT")]
    fail_on: Option<FailOnChange>,

    #[command(flatten)]
    target: TargetArgs,

    /// How results are printed
    #[arg(long, value_parser = report::compare::format_parser(), default_value = "text", help_heading = "Output")]
    format: OutputFormat,

    /// Write the results to this file
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,

    #[command(flatten)]
    quiet: QuietArgs,
}

/// The change that is a failure.
#[derive(clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
enum FailOnChange {
    /// A plan, pages or time that got worse
    Regression,
    /// Anything that changed; with --twin, a plan that isn't equal, or a column whose statistics are more than 10% apart
    Difference,
}

/// Reads or measures two checks, compares, prints.
pub async fn run(args: &Args) -> Result<Outcome> {
    ensure_writable(args.output.as_deref())?;
    for path in args.before.iter().chain(&args.after) {
        ensure_exists(path)?;
    }
    if let (Some(before), Some(after)) = (&args.before, &args.after)
        && (StressReport::is_at(before) || StressReport::is_at(after))
    {
        return args.compare_runs(before, after);
    }
    if args.documents {
        return args.documents().await;
    }
    if args.twin {
        return args.compare_twin().await;
    }
    let (before, after) = match (&args.before, &args.after) {
        (Some(before), Some(after)) => (SavedReport::open(before)?, SavedReport::open(after)?),
        _ => args.measured().await?,
    };
    let comparison = compare(&before, &after);
    args.print(&comparison)?;
    let unchecked = comparison.count(Direction::Unchecked);
    match (args.fail_on, comparison.direction()) {
        (None, _) => Ok(Outcome::Held),
        (Some(FailOnChange::Regression), Direction::Worse) => Ok(Outcome::Found),
        (Some(FailOnChange::Difference), direction) if direction.is_change() => Ok(Outcome::Found),
        (Some(_), _) if unchecked > 0 => bail!(
            "{unchecked} of {} reads could not be compared; the report says why",
            comparison.reads.len()
        ),
        (Some(_), _) => Ok(Outcome::Held),
    }
}

/// Refuses a file that isn't there, and says what writes one.
fn ensure_exists(path: &Path) -> Result<()> {
    if path.exists() {
        return Ok(());
    }
    let file = shell_word(&path.display().to_string());
    Err(ErrorWithNotes::of(
        format!("{} does not exist", path.display()),
        vec![
            format!(
                "to save a check of the database as it is now, run: seedrow check{TARGET} --save {file}"
            ),
            format!(
                "to save a run of requests, run: seedrow stress{TARGET} --format json --output {file}"
            ),
        ],
    ))
}

impl Args {
    fn dataset_name(&self) -> &str {
        self.dataset.as_deref().unwrap_or(DEFAULT_DATASET)
    }

    pub(super) fn suggestions(&self) -> Suggestions {
        context::suggestions(&self.target, self.dataset_name())
    }

    pub(super) fn makes_documents(&self) -> bool {
        self.documents
    }

    /// Found, where a form's bodies differ.
    async fn documents(&self) -> Result<Outcome> {
        ensure!(
            matches!(self.format, OutputFormat::Text | OutputFormat::Json),
            "--documents is printed as text or as json: add --format text or --format json"
        );
        let context = Context::new(self.dataset_name(), &self.target, self.quiet);
        let (last, reads) = (self.last, self.reads);
        let measured = documents::measure(&context, &self.query, last, reads, self.allow_scratch);
        let comparison = measured.await?;
        self.write(&report::documents::render(self.format, &comparison)?)?;
        Ok(match comparison.differences.is_empty() {
            true => Outcome::Held,
            false => Outcome::Found,
        })
    }

    /// The target, and what is read of it: the foreign keys' lookups and the queries of the dataset that fits it.
    async fn open_suite(&self, context: &Context) -> Result<(Server, check::Suite)> {
        let dataset = context.open_dataset()?;
        let (named, tables) = (self.dataset.is_some(), self.tables.as_deref());
        if named {
            // Refuses names that aren't tables.
            dataset.select(tables)?;
        }
        let server = context.open_server().await?;
        let dataset = check::fitting_dataset(dataset, named, tables, &server).await?;
        let tables = self.tables.clone();
        let suite = check::Suite {
            waivers: waivers_with(dataset.as_ref())?,
            ..match &dataset {
                Some(dataset) => check::Suite::of(dataset, tables),
                None => check::Suite::of_tables(tables),
            }
        };
        Ok((server, suite))
    }

    async fn measured(&self) -> Result<(SavedReport, SavedReport)> {
        let context = Context::new(self.dataset_name(), &self.target, self.quiet);
        let (server, suite) = self.open_suite(&context).await?;
        check::ensure_locks_allowed("--without-indexes", self.allow_locks, &server)?;
        let settings = plan_settings(&self.sampling, self.seed);
        let (before, after) =
            check::without_and_with_indexes(&server, &suite, &settings, &context.progress).await?;
        ensure!(
            self.allow_empty || !after.checks.is_empty(),
            "there is nothing to compare: no foreign key's tables hold rows, and no query was run; --allow-empty passes"
        );
        let saved = |report| {
            let report = report::check::completed(report, &context.suggestions);
            SavedReport::of(&report)
        };
        Ok((saved(before), saved(after)))
    }

    /// Two runs of `seedrow stress`.
    fn compare_runs(&self, before: &Path, after: &Path) -> Result<Outcome> {
        let (before, after) = (StressReport::open(before)?, StressReport::open(after)?);
        let comparison = RunComparison::of(&before, &after);
        self.write(&report::stress::render_comparison(
            self.format,
            &comparison,
            self.colour(),
        )?)?;
        match (self.fail_on, comparison.direction()) {
            (Some(FailOnChange::Regression), Direction::Worse) => Ok(Outcome::Found),
            (Some(FailOnChange::Difference), direction) if direction.is_change() => {
                Ok(Outcome::Found)
            }
            (Some(_), Direction::Unchecked) => {
                bail!("the runs could not be compared: their loads differ")
            }
            _ => Ok(Outcome::Held),
        }
    }

    fn colour(&self) -> Colour {
        match self.output {
            Some(_) => Colour::Off,
            None => Colour::of_stdout(),
        }
    }

    fn print(&self, comparison: &Comparison) -> Result<()> {
        self.write(&report::compare::render(
            self.format,
            comparison,
            self.colour(),
        )?)
    }

    fn write(&self, text: &str) -> Result<()> {
        match &self.output {
            Some(path) => std::fs::write(path, text)
                .with_context(|| format!("could not write {}", path.display())),
            None => report::print(text),
        }
    }
}
