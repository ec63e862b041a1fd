//! `seedrow run`, the main job: generate, load, index, check.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::check::{self, Area, CheckReport, Settings};
use crate::cli::{DatasetArgs, JobsArgs, QuietArgs, RowsArgs, SampleArgs, TargetArgs};
use crate::commands::check::{outcome, suite};
use crate::commands::{Outcome, command_line, stoppable, typed};
use crate::dataset::Dataset;
use crate::files::folder::{Existing, ensure_may_hold};
use crate::files::write::Order;
use crate::files::{Manifest, manifest};
use crate::index::{self, Built, Mode, Survey};
use crate::load::{self, Finished, Found, Input, Load, Phase, Reached, Stage};
use crate::postgres::Server;
use crate::progress::Progress;
use crate::report;

/// Generate, load, index and check in one go
///
/// Without --url, DATABASE_URL or PG* variables it all happens on an embedded Postgres. The same command again goes
/// straight on to index and check.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  seedrow run --rows 100k\n  \
                        seedrow run --rows 10M --tables products --url postgresql://app@db.example.com/shop")]
pub struct Args {
    #[command(flatten)]
    dataset: DatasetArgs,

    #[command(flatten)]
    rows: RowsArgs,

    /// Keep the CSV files in this folder [default: a temporary one]
    #[arg(long, value_name = "DIR")]
    csv: Option<PathBuf>,

    /// Empty the tables first, and take the place of an earlier or unfinished load
    #[arg(long)]
    replace: bool,

    #[command(flatten)]
    target: TargetArgs,

    #[command(flatten)]
    jobs: JobsArgs,

    #[command(flatten)]
    sampling: SampleArgs,

    #[command(flatten)]
    quiet: QuietArgs,
}

/// What is meant, once names are resolved.
struct Job<'a> {
    args: &'a Args,
    dataset: &'a Dataset,
    tables: Vec<usize>,
    rows: u64,
    server: Server,
    progress: Progress,
    stage: &'a Stage,
}

/// A folder of CSV files for as long as it is needed.
struct Csv {
    folder: PathBuf,
    /// Removed when dropped.
    _temporary: Option<TempDir>,
}

impl Csv {
    /// The folder asked for, else a temporary one.
    fn choose(kept: Option<&Path>) -> Result<Csv> {
        if let Some(folder) = kept {
            let folder = folder.to_owned();
            return Ok(Csv {
                folder,
                _temporary: None,
            });
        }
        let made = TempDir::with_prefix("seedrow-").context("could not make a temporary folder")?;
        Ok(Csv {
            folder: made.path().to_owned(),
            _temporary: Some(made),
        })
    }
}

/// The whole main job.
pub async fn run(args: &Args, stage: &Stage) -> Result<Outcome> {
    let dataset = Dataset::open(&args.dataset.dataset)?;
    let queries = suite(&dataset, args.dataset.tables.clone());
    let tables = dataset.select(args.dataset.tables.as_deref())?;
    let progress = Progress::new(args.quiet.quiet);
    let server = Server::open(&args.target, &dataset.name, &progress).await?;
    let rows = args.rows.rows.unwrap_or(dataset.default_rows());
    let job = Job {
        args,
        dataset: &dataset,
        tables,
        rows,
        server,
        progress,
        stage,
    };

    let mut phases = Vec::new();
    let finished = job.seed(&mut phases).await?;
    let (built, survey) = job.index(&mut phases).await?;
    let start = Instant::now();
    let checked = check::run(&job.server, &queries, &job.settings(), &job.progress).await?;
    phases.push(Phase::since(start, "check", None));
    report::run::summary(
        &finished,
        &report::index::built(&built, &survey.home),
        &checked,
        &phases,
    )?;
    verdict(&finished, &checked)
}

/// A broken foreign key is a finding, whatever the checks said.
fn verdict(finished: &Finished, checked: &CheckReport) -> Result<Outcome> {
    if finished.loaded().broken.is_empty() {
        outcome(checked)
    } else {
        Ok(Outcome::Found)
    }
}

impl Job<'_> {
    /// Generates and loads, unless that was done before.
    async fn seed(&self, phases: &mut Vec<Phase>) -> Result<Finished> {
        let load = Load {
            server: &self.server,
            dataset: self.dataset,
            tables: &self.tables,
            jobs: self.args.jobs.count(),
            replace: self.args.replace,
            command: command_line(),
            stage: self.stage,
        };
        let identity = load::of_generated(&load, self.rows, self.args.rows.seed);
        if load.look(&identity).await? == Found::Complete {
            self.progress
                .say("run: these rows are loaded already; on to index and check");
            return load.recall().await;
        }
        let start = Instant::now();
        let (csv, manifest) = self.generate().await?;
        phases.push(Phase::since(start, "generate", Some(manifest.total_rows())));
        let input = Input::find(self.dataset, &csv.folder, &self.tables, &[])?;
        let finished = load.carry_out(&input, &self.progress).await?;
        phases.extend(finished.loaded().phases.iter().cloned());
        Ok(finished)
    }

    /// Writes the CSV files, or takes those that --csv holds when they are just these.
    async fn generate(&self) -> Result<(Csv, Manifest)> {
        let csv = Csv::choose(self.args.csv.as_deref())?;
        if let Some(manifest) = Manifest::read(&csv.folder)? {
            ensure!(
                self.is_just_this(&manifest),
                "{} holds other rows than these; choose another --csv folder, or remove that one",
                csv.folder.display()
            );
            self.progress.say(format!(
                "run: {} holds these rows already",
                csv.folder.join(manifest::FILE).display()
            ));
            return Ok((csv, manifest));
        }
        ensure!(
            ensure_may_hold(&csv.folder, Existing::Refuse).is_ok(),
            "{} is a file or holds files already; choose another --csv folder",
            csv.folder.display()
        );
        // Read anew on the other thread: a dataset holds nothing that a second reading doesn't bring.
        let dataset = Dataset::open(&self.args.dataset.dataset)?;
        let (rows, seed) = (self.rows, self.args.rows.seed);
        let (tables, jobs) = (self.tables.clone(), self.args.jobs.count());
        let progress = self.progress.clone();
        // The folder goes along, so that an interrupt removes it only when nothing is written there any more.
        stoppable(move |stop| {
            let order = Order {
                dataset: &dataset,
                tables,
                rows,
                seed,
                jobs,
                out: &csv.folder,
                existing: Existing::Refuse,
            };
            let manifest = order.carry_out(&progress, stop)?;
            Ok((csv, manifest))
        })
        .await
    }

    fn is_just_this(&self, manifest: &Manifest) -> bool {
        let names: Vec<&str> = self
            .tables
            .iter()
            .map(|&table| self.dataset.tables[table].name.as_str())
            .collect();
        manifest.seedrow == env!("CARGO_PKG_VERSION")
            && manifest.dataset.hash == self.dataset.hash
            && (manifest.rows, manifest.seed) == (self.rows, self.args.rows.seed)
            && manifest
                .tables
                .iter()
                .map(|table| table.name.as_str())
                .eq(names)
    }

    /// Builds the foreign keys' indexes; the survey is the one from before.
    async fn index(&self, phases: &mut Vec<Phase>) -> Result<(Vec<Built>, Survey)> {
        let start = Instant::now();
        let client = self.server.connect().await?;
        let survey = index::survey(&client, self.server.schema()).await?;
        let allowed = index::permission(&self.server, &client, &survey.proposals)
            .await?
            .granted;
        let jobs = self.args.jobs.count();
        let built = index::build(&self.server, &allowed, jobs, Mode::Plain, &self.progress).await?;
        phases.push(Phase::since(start, "index", None));
        Ok((built, survey))
    }

    fn settings(&self) -> Settings {
        let sampling = &self.args.sampling;
        Settings {
            areas: Area::ALL.to_vec(),
            budget: sampling.budget,
            samples: sampling.samples,
            tail: sampling.tail,
            seed: self.args.rows.seed,
        }
    }
}

/// What an interrupted run left and what to type next.
pub fn after_interrupt(reached: Reached) -> String {
    match reached {
        Reached::Nothing => format!("no row was loaded; `{}` starts over", typed()),
        Reached::Begun => format!(
            "every table is whole or empty, and the load is unfinished; `{} --replace` redoes it",
            command_line()
        ),
        Reached::Complete => format!(
            "the rows are loaded; `{}` goes on with index and check",
            command_line()
        ),
    }
}
