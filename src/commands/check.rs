//! `seedrow check`

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::check::{self, Area, CheckReport, QueryFile, Settings, Suite, Verdict};
use crate::cli::{Format, QuietArgs, SampleArgs, TargetArgs};
use crate::commands::Outcome;
use crate::commands::index::target_options;
use crate::dataset::Dataset;
use crate::postgres::Server;
use crate::progress::Progress;
use crate::report::{self, colour::Colour};

/// Prove that every foreign key has an index and that every query is fast on the last ids
///
/// Each query of the dataset runs with existing ids from the last part of its table, in a read-only transaction that
/// is rolled back: nothing in the target changes. Exits with 1 when something doesn't hold, with 2 when something
/// couldn't be judged.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  seedrow check
  seedrow check --url postgres://app@db.example.com/shop --only coverage
  seedrow check --dataset shop.toml --samples 50 --tail 5% --format json --output check.json")]
pub struct Args {
    /// The dataset whose queries are run: a built-in one's name or a TOML file
    #[arg(long, default_value = "catalog", value_name = "NAME|FILE.toml")]
    dataset: String,

    #[command(flatten)]
    target: TargetArgs,

    #[command(flatten)]
    sampling: SampleArgs,

    /// Only queries that read none but these tables, separated by commas [default: all]
    #[arg(long, value_delimiter = ',', value_name = "TABLE,…")]
    tables: Option<Vec<String>>,

    /// The number that sampled ids are drawn from
    #[arg(long, default_value_t = 42, value_name = "N")]
    seed: u64,

    /// Only these checks, separated by commas [default: all]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "CHECK,…")]
    only: Option<Vec<Area>>,

    /// How results are printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,

    /// Write the results to this file
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,

    #[command(flatten)]
    quiet: QuietArgs,
}

/// Opens dataset and target, checks, prints.
pub async fn run(args: &Args) -> Result<Outcome> {
    let dataset = Dataset::open(&args.dataset)?;
    // Refuses names that aren't tables.
    dataset.select(args.tables.as_deref())?;
    let suite = suite(&dataset, args.tables.clone());
    let progress = Progress::new(args.quiet.quiet);
    let database = super::database_name(&args.dataset);
    let server = Server::open(&args.target, &database, &progress).await?;
    let report = check::run(&server, &suite, &args.settings(), &progress).await?;
    show(args, &report)?;
    outcome(&report)
}

impl Args {
    fn settings(&self) -> Settings {
        Settings {
            areas: self.only.clone().unwrap_or_else(|| Area::ALL.to_vec()),
            budget: self.sampling.budget,
            samples: self.sampling.samples,
            tail: self.sampling.tail,
            seed: self.seed,
            target_options: target_options(&self.target, &self.dataset),
        }
    }
}

/// A dataset's queries, all of them or those over some tables.
pub(crate) fn suite(dataset: &Dataset, tables: Option<Vec<String>>) -> Suite {
    let queries = dataset.queries.iter().map(|file| QueryFile {
        name: file
            .path
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
            .unwrap_or_default(),
        path: file.path.display().to_string(),
        text: file.text.clone(),
    });
    Suite {
        queries: queries.collect(),
        tables: tables.map(trimmed),
    }
}

/// `--tables 'a, b'` names b.
fn trimmed(names: Vec<String>) -> Vec<String> {
    let names = names.iter().map(|name| name.trim().to_owned());
    names.collect()
}

fn show(args: &Args, report: &CheckReport) -> Result<()> {
    let colour = match args.output {
        Some(_) => Colour::Off,
        None => Colour::of_stdout(),
    };
    let text = match args.format {
        Format::Text => report::check::text(report, colour),
        Format::Json => report::pretty(&report::check::json(report)),
    };
    match &args.output {
        Some(path) => std::fs::write(path, text)
            .with_context(|| format!("could not write {}", path.display())),
        None => report::print(&text),
    }
}

/// A failure is a finding whatever else happened; else what couldn't be judged, though it was asked for, is an error.
pub(crate) fn outcome(report: &CheckReport) -> Result<Outcome> {
    match report.verdict() {
        Verdict::Pass | Verdict::Warn => Ok(Outcome::Held),
        Verdict::Fail => Ok(Outcome::Found),
        Verdict::Unchecked if report.checks.is_empty() => bail!(
            "no check is left, and nothing is proven; the report says which of the queries were skipped, and why"
        ),
        Verdict::Unchecked => bail!(
            "{} of {} checks could not be judged; the report says why",
            report.count(Verdict::Unchecked),
            report.checks.len()
        ),
    }
}
