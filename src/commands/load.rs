//! `seedrow load DIR`: CSV files into Postgres, every row accounted for.

use std::path::PathBuf;

use anyhow::Result;

use crate::cli::{CommitArg, DatasetArgs, Format, JobsArgs, LoadArgs, QuietArgs, TargetArgs};
use crate::commands::index::target_options;
use crate::commands::{Outcome, command_line, typed};
use crate::dataset::Dataset;
use crate::load::{Commit, Input, Load, NamedFile, Nothing, Reached, Stage};
use crate::postgres::Server;
use crate::progress::Progress;
use crate::report;

/// Load CSV files, seedrow's own or anyone's, through COPY
///
/// With the manifest that `seedrow generate` writes, files are sent as they are and held against it. Without one, every
/// record is read: columns go by the header, and the dataset's null texts become NULL.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  seedrow load catalog-1M\n  \
                        seedrow load legacy --file photos=legacy/photos_old.csv --url postgresql://app@db.example.com/shop")]
pub struct Args {
    /// The folder that holds the files
    #[arg(value_name = "DIR")]
    folder: PathBuf,

    #[command(flatten)]
    dataset: DatasetArgs,

    /// Take a table's rows from this file; may be given for several tables
    #[arg(long, value_parser = named_file, value_name = "TABLE=PATH")]
    file: Vec<NamedFile>,

    #[command(flatten)]
    loading: LoadArgs,

    /// How results are printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,

    #[command(flatten)]
    target: TargetArgs,

    #[command(flatten)]
    jobs: JobsArgs,

    #[command(flatten)]
    quiet: QuietArgs,
}

/// Loads the folder and reports what became of every record.
pub async fn run(args: &Args, stage: &Stage) -> Result<Outcome> {
    let dataset = Dataset::open(&args.dataset.dataset)?;
    let tables = dataset.select(args.dataset.tables.as_deref())?;
    let progress = Progress::new(args.quiet.quiet);
    let input = Input::find(&dataset, &args.folder, &tables, &args.file)?;
    let server = Server::open(&args.target, &dataset.name, &progress).await?;
    let load = Load {
        server: &server,
        dataset: &dataset,
        tables: &tables,
        jobs: args.jobs.count(),
        replace: args.loading.replace,
        commit: args.loading.commit.map(commit),
        lock_timeout: args.loading.lock_timeout,
        command: command_line(),
        target_options: target_options(&args.target, &args.dataset.dataset),
        stage,
    };
    let finished = load.carry_out(&input, &Nothing, &progress).await?;
    report::load::loaded(&finished, args.format)?;
    Ok(if finished.loaded().broken.is_empty() {
        Outcome::Held
    } else {
        Outcome::Found
    })
}

/// What was typed as what is meant.
pub fn commit(typed: CommitArg) -> Commit {
    match typed {
        CommitArg::Table => Commit::Table,
        CommitArg::Segment => Commit::Segment,
    }
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

/// What an interrupted load left and what to type next.
pub fn after_interrupt(reached: Reached) -> String {
    match reached {
        Reached::Nothing => format!("no row was loaded; `{}` starts over", typed()),
        Reached::Begun => format!(
            "the load is unfinished, and its ledger knows what is there; `{}` finishes it",
            command_line()
        ),
        Reached::Complete => "the load is complete".to_owned(),
    }
}
