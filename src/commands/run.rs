//! `seedrow run`, the main job: generate, load, index, check.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::check::{self, Area, CheckReport, Settings};
use crate::cli::{DatasetArgs, JobsArgs, QuietArgs, RowsArgs, SampleArgs, TargetArgs};
use crate::commands::check::{outcome, suite};
use crate::commands::{Outcome, command_line, stoppable};
use crate::dataset::Dataset;
use crate::files::folder::Existing;
use crate::files::write::Order;
use crate::files::{Manifest, manifest};
use crate::index::{self, Built, Mode, Survey};
use crate::load::{Finished, Found, Input, Load, Phase};
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
}

/// A folder of CSV files for as long as it is needed.
struct Csv {
    folder: PathBuf,
    /// Removed when dropped.
    _temporary: Option<TempDir>,
}

/// The whole main job.
pub async fn run(args: &Args) -> Result<Outcome> {
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
    };

    let mut phases = Vec::new();
    let finished = job.seed(&mut phases).await?;
    let (built, survey) = job.index(&mut phases).await?;
    let start = Instant::now();
    let checked = check::run(&job.server, &queries, &job.settings(), &job.progress).await?;
    phases.push(phase("check", None, start));
    report::run::summary(
        &finished,
        &report::index::built(&built, &survey.home),
        &checked,
        &phases,
    )?;
    verdict(&finished, &checked)
}

fn phase(name: &'static str, rows: Option<u64>, start: Instant) -> Phase {
    Phase {
        name,
        rows,
        took: start.elapsed().max(Duration::from_millis(1)),
    }
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
        };
        let identity = load.generated_identity(self.rows, self.args.rows.seed);
        if load.look(&identity).await? == Found::Complete {
            self.progress
                .say("run: these rows are loaded already; on to index and check");
            return load.recall().await;
        }
        let start = Instant::now();
        let (csv, manifest) = self.generate().await?;
        phases.push(phase("generate", Some(manifest.total_rows()), start));
        let input = Input::find(self.dataset, &csv.folder, &self.tables, &[])?;
        let finished = load.carry_out(&input, &self.progress).await?;
        phases.extend(finished.loaded().phases.iter().cloned());
        Ok(finished)
    }

    /// Writes the CSV files, or takes those that --csv holds when they are just these.
    async fn generate(&self) -> Result<(Csv, Manifest)> {
        let temporary = match &self.args.csv {
            Some(_) => None,
            None => Some(
                TempDir::with_prefix("seedrow-").context("could not make a temporary folder")?,
            ),
        };
        let folder = match (&self.args.csv, &temporary) {
            (Some(folder), _) => folder.clone(),
            (None, Some(folder)) => folder.path().to_owned(),
            (None, None) => PathBuf::new(),
        };
        if let Some(manifest) =
            Manifest::read(&folder)?.filter(|manifest| self.is_just_this(manifest))
        {
            self.progress.say(format!(
                "run: {} holds these rows already",
                folder.join(manifest::FILE).display()
            ));
            return Ok((
                Csv {
                    folder,
                    _temporary: temporary,
                },
                manifest,
            ));
        }
        // Read anew on the other thread: a dataset holds nothing that a second reading doesn't bring.
        let dataset = Dataset::open(&self.args.dataset.dataset)?;
        let (tables, rows, seed, jobs) = (
            self.tables.clone(),
            self.rows,
            self.args.rows.seed,
            self.args.jobs.count(),
        );
        let (out, progress) = (folder.clone(), self.progress.clone());
        let manifest = stoppable(move |stop| {
            let order = Order {
                dataset: &dataset,
                tables,
                rows,
                seed,
                jobs,
                out: &out,
                existing: Existing::Refuse,
            };
            order.carry_out(&progress, stop)
        })
        .await?;
        Ok((
            Csv {
                folder,
                _temporary: temporary,
            },
            manifest,
        ))
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
        phases.push(phase("index", None, start));
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
pub fn after_interrupt(_: &Args) -> String {
    let command = command_line();
    format!(
        "nothing is half-written: `{command}` goes on where nothing was loaded yet or all of it was, and \
         `{command} --replace` redoes a load that was interrupted"
    )
}
