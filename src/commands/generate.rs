//! `seedrow generate`: one CSV a table and a manifest, or a query's documents.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, bail};

use crate::cli::{DatasetArgs, JobsArgs, QuietArgs, RowsArgs, TargetArgs};
use crate::commands::context::{self, Context, select_generated};
use crate::commands::interrupt::stoppable;
use crate::commands::{Outcome, documents};
use crate::dataset::{Dataset, Part};
use crate::files::folder::ExistingFiles;
use crate::files::write::WriteJob;
use crate::progress::Progress;
use crate::report;
use crate::suggestion::Suggestions;

/// Write a dataset as one CSV a table, with a manifest; or a query's results as documents
///
/// With --format ndjson, --query is run on the target database for every value of its parameter's column, and each result is
/// a line of JSON in QUERY.ndjson, for a document store's import. --rows, --scale and --seed are of no use then: the rows are those
/// that the tables hold.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  seedrow generate --rows 1M --out catalog-1M && seedrow load catalog-1M
  seedrow generate --rows 1M --part 3/10 --out catalog-1M
  seedrow generate --format ndjson --query styles --out documents")]
pub struct Args {
    #[command(flatten)]
    dataset: DatasetArgs,

    #[command(flatten)]
    rows: RowsArgs,

    /// Only part K of N of every table, for N hosts that know nothing of each other: together the parts are byte for byte the
    /// whole
    #[arg(
        long,
        value_name = "K/N",
        conflicts_with = "query",
        help_heading = "Data"
    )]
    part: Option<Part>,

    /// The folder for the files; created when it is missing
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// With --format ndjson, the query whose results are the documents: its file's name without `.sql`
    #[arg(long, value_name = "NAME", required_if_eq("format", "ndjson"))]
    query: Option<String>,

    /// Replace existing files in --out
    #[arg(long)]
    overwrite: bool,

    #[command(flatten)]
    jobs: JobsArgs,

    #[command(flatten)]
    target: TargetArgs,

    /// What is written
    #[arg(long, value_enum, default_value_t = FileKind::Csv, value_name = "FORMAT", help_heading = "Output")]
    format: FileKind,

    #[command(flatten)]
    quiet: QuietArgs,
}

/// The files that are written.
#[derive(clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
enum FileKind {
    /// One CSV a table, and a manifest
    Csv,
    /// One document a line, from the target's rows
    Ndjson,
}

impl Args {
    pub(super) fn suggestions(&self) -> Suggestions {
        match self.format {
            FileKind::Csv => context::typed_suggestions(),
            FileKind::Ndjson => context::suggestions(&self.target, &self.dataset.dataset),
        }
    }

    pub(super) fn out(&self) -> &Path {
        &self.out
    }
}

/// Writes the files and reports them.
pub async fn run(args: &Args) -> Result<Outcome> {
    match (args.format, &args.query) {
        (FileKind::Ndjson, Some(query)) => args.write_documents(query).await?,
        (FileKind::Csv, Some(query)) => {
            bail!("--query {query} makes documents; add --format ndjson")
        }
        _ => args.write_tables().await?,
    }
    Ok(Outcome::Held)
}

impl Args {
    fn existing(&self) -> ExistingFiles {
        match self.overwrite {
            true => ExistingFiles::Overwrite,
            false => ExistingFiles::Refuse,
        }
    }

    async fn write_documents(&self, query: &str) -> Result<()> {
        let typed = [
            ("--rows", self.rows.rows.is_some()),
            ("--scale", self.rows.scale.is_some()),
        ];
        if let Some((option, _)) = typed.iter().find(|(_, is_typed)| *is_typed) {
            bail!(
                "{option} is for generated tables; documents are made of the rows that the target holds"
            );
        }
        let context = Context::new(&self.dataset.dataset, &self.target, self.quiet);
        let (jobs, existing) = (self.jobs.count(), self.existing());
        documents::write(&context, query, &self.out, existing, jobs).await
    }

    async fn write_tables(&self) -> Result<()> {
        let dataset = Dataset::open(&self.dataset.dataset)?;
        let tables = select_generated(&dataset, self.dataset.tables.as_deref())?;
        let progress = Progress::new(self.quiet.quiet);
        let job = WriteJob {
            amount: self.rows.amount(&dataset),
            dataset: Arc::new(dataset),
            tables,
            seed: self.rows.seed,
            part: self.part,
            jobs: self.jobs.count(),
            out: self.out.clone(),
            existing: self.existing(),
        };
        let start = std::time::Instant::now();
        let manifest = stoppable(move |stop| job.run(&progress, stop)).await?;
        report::generate::files(&self.out, &manifest, start.elapsed())
    }
}
