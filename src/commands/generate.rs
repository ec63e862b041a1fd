//! `seedrow generate`: one CSV a table and a manifest.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::cli::{DatasetArgs, JobsArgs, QuietArgs, RowsArgs};
use crate::commands::Outcome;
use crate::commands::context::select_generated;
use crate::commands::interrupt::stoppable;
use crate::dataset::Dataset;
use crate::files::folder::ExistingFiles;
use crate::files::write::WriteJob;
use crate::progress::Progress;
use crate::report;

/// Write a dataset as one CSV a table, with a manifest
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Example:\n  seedrow generate --rows 1M --out catalog-1M\n  seedrow load catalog-1M"
)]
pub struct Args {
    #[command(flatten)]
    dataset: DatasetArgs,

    #[command(flatten)]
    rows: RowsArgs,

    /// The folder for the files; created when it is missing
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// Replace existing files in --out
    #[arg(long)]
    overwrite: bool,

    #[command(flatten)]
    jobs: JobsArgs,

    #[command(flatten)]
    quiet: QuietArgs,
}

impl Args {
    pub(super) fn out(&self) -> &Path {
        &self.out
    }
}

/// Writes the files and reports them.
pub async fn run(args: &Args) -> Result<Outcome> {
    let dataset = Dataset::open(&args.dataset.dataset)?;
    let tables = select_generated(&dataset, args.dataset.tables.as_deref())?;
    let progress = Progress::new(args.quiet.quiet);
    let (rows, seed) = (
        args.rows.rows.unwrap_or(dataset.default_rows()),
        args.rows.seed,
    );
    let (jobs, out) = (args.jobs.count(), args.out.clone());
    let existing = if args.overwrite {
        ExistingFiles::Overwrite
    } else {
        ExistingFiles::Refuse
    };
    let start = std::time::Instant::now();
    let manifest = stoppable(move |stop| {
        let job = WriteJob {
            dataset: &dataset,
            tables,
            rows,
            seed,
            jobs,
            out: &out,
            existing,
        };
        job.run(&progress, stop)
    })
    .await?;
    report::generate::files(&args.out, &manifest, start.elapsed())?;
    Ok(Outcome::Held)
}
