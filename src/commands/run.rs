//! `seedrow run`: generate, load, index, check.

mod dry_run;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Result, ensure};

use crate::cli::{
    DatasetArgs, JobsArgs, LoadArgs, OrphansArg, QuietArgs, RowsArgs, SampleArgs, TargetArgs,
};
use crate::commands::after_load::{AfterLoad, SummaryArgs};
use crate::commands::context::{
    self, Context, commit_unit, ensure_may_recreate, orphans, plan_settings, tables_found,
    triggers, typed_command,
};
use crate::commands::interrupt::stoppable;
use crate::commands::output_paths::ensure_writable;
use crate::commands::serve_args::ServeArgs;
use crate::commands::{Outcome, Step, any_schema};
use crate::dataset::{Dataset, Part, Waiver, waivers_with};
use crate::files::folder::{ExistingFiles, ensure_can_write};
use crate::files::write::WriteJob;
use crate::files::{Manifest, manifest};
use crate::index::IndexHook;
use crate::init::ExistingRows;
use crate::load::{
    self, Commits, Duplicates, Input, LedgerState, Load, LoadOutcome, Overrides, PartOutcome,
    Phase, Policy, Rejects, RowOrigin, StageTracker, trial,
};
use crate::postgres::Server;
use crate::progress::Progress;
use crate::report;
use crate::serve::Listen;
use crate::suggestion::Suggestions;

/// Generate, load, index and check in one go
///
/// Without --url, DATABASE_URL or PG* variables it runs on an embedded Postgres. When the rows are loaded already, it
/// continues with index and check.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  seedrow run --rows 100k\n  \
                        seedrow run --rows 10M --tables products --dry-run\n  \
                        seedrow run --rows 10M --part 3/10 --url postgresql://app@db.example.com/shop\n  \
                        seedrow run --any --url postgresql://app@db.example.com/shop")]
pub struct Args {
    #[command(flatten)]
    dataset: DatasetArgs,

    /// The tables that the target has, whatever they are: writes a dataset for them, as `seedrow init` does, and fills them
    #[arg(long, conflicts_with = "dataset")]
    any: bool,

    /// With --any: leave tables that hold rows as they are, and have the rows of the others refer to them
    #[arg(long)]
    keep_rows: bool,

    #[command(flatten)]
    rows: RowsArgs,

    /// Load only part K of N of every table, beside the other parts, which other hosts load into the same database; `seedrow
    /// finish` then builds keys and indexes
    #[arg(
        long,
        value_name = "K/N",
        conflicts_with_all = ["any", "commit", "csv", "dry_run", "html", "serve"],
        help_heading = "Data"
    )]
    part: Option<Part>,

    /// Rows that refer to one that isn't there, since --tables leaves its table out or a foreign key refers to a table outside
    /// the dataset: stop, or keep them and leave the foreign key NOT VALID
    #[arg(long, value_enum, default_value_t = OrphansArg::Fail)]
    orphans: OrphansArg,

    /// Write the rows as CSV files to this folder and load those [default: no files, rows go straight to the server]
    #[arg(long, value_name = "DIR")]
    csv: Option<PathBuf>,

    /// Then serve the dataset's queries over HTTP, as `seedrow serve` does, until SIGTERM or ^C [default address:
    /// 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS", num_args = 0..=1, require_equals = true, default_missing_value = "127.0.0.1:8080")]
    serve: Option<Listen>,

    /// Say what would be done: target, tables, rows, sizes, indexes, and the time that a small measured trial lets expect.
    /// Nothing is changed
    #[arg(long, conflicts_with_all = ["csv", "html", "serve"])]
    dry_run: bool,

    #[command(flatten)]
    loading: LoadArgs,

    #[command(flatten)]
    jobs: JobsArgs,

    #[command(flatten)]
    sampling: SampleArgs,

    #[command(flatten)]
    target: TargetArgs,

    #[command(flatten)]
    summary: SummaryArgs,

    #[command(flatten)]
    quiet: QuietArgs,
}

impl Args {
    pub(super) fn suggestions(&self) -> Suggestions {
        context::suggestions(&self.target, &self.dataset.dataset)
    }
}

/// The arguments, with names resolved and the server open.
struct Job<'a> {
    args: &'a Args,
    dataset: Arc<Dataset>,
    tables: Vec<usize>,
    origin: RowOrigin,
    server: Server,
    progress: Progress,
    stage: &'a StageTracker,
    waivers: Vec<Waiver>,
}

impl Args {
    /// The dataset as typed, or the file that is written for the schema that is there.
    async fn dataset_name(&self) -> Result<String> {
        if !self.any {
            return Ok(self.dataset.dataset.clone());
        }
        let existing = match self.keep_rows {
            true => ExistingRows::Keep,
            false => ExistingRows::KeepFew,
        };
        let file = any_schema::dataset_file(&self.target, existing, self.quiet).await?;
        Ok(file.to_string_lossy().into_owned())
    }
}

/// Runs all phases and prints the summary.
pub async fn run(args: &Args, stage: &StageTracker) -> Result<Step> {
    ensure_writable(args.summary.html.as_deref())?;
    let name = args.dataset_name().await?;
    let context = Context::new(&name, &args.target, args.quiet);
    let dataset = Arc::new(context.open_dataset()?);
    let tables = context::select_generated(&dataset, args.dataset.tables.as_deref())?;
    let server = context.open_server_to("load rows").await?;
    let origin = RowOrigin {
        amount: args.rows.amount(&dataset),
        seed: args.rows.seed,
    };
    let job = Job {
        args,
        tables,
        origin,
        server,
        progress: context.progress.clone(),
        stage,
        waivers: waivers_with(Some(&dataset))?,
        dataset,
    };

    if args.dry_run {
        let planned = job.dry_run(&context.suggestions).await;
        return planned.map(Step::Ended);
    }
    ensure_may_recreate(&args.loading, &job.server)?;
    let hook = IndexHook::new(&job.server, &job.waivers, args.jobs.count(), &job.progress);
    if args.part.is_some() {
        return job.load_part(&hook, &context).await.map(Step::Ended);
    }
    let mut phases = Vec::new();
    let finished = job.seed(&hook, &mut phases).await?;
    let outcome = job
        .after_load(&context)
        .run(hook, &finished, phases, args.summary.html.as_deref())
        .await?;
    let Some(listen) = &args.serve else {
        return Ok(Step::Ended(outcome));
    };
    let serving = ServeArgs::at(listen.clone());
    let tables = args.dataset.tables.as_deref();
    serving
        .prepare(&context, &job.dataset, tables, job.server)
        .await
}

impl Job<'_> {
    /// The load of the rows.
    fn load(&self) -> Load<'_> {
        Load {
            server: &self.server,
            dataset: &self.dataset,
            tables: &self.tables,
            part: self.args.part,
            jobs: self.args.jobs.count(),
            replace: self.args.loading.replace || self.args.loading.recreate,
            tables_found: tables_found(&self.args.loading),
            policy: Policy {
                append: false,
                duplicates: Duplicates::Fail,
                orphans: orphans(self.args.orphans),
                triggers: triggers(self.args.loading.triggers),
            },
            rejects: Arc::new(Rejects::none()),
            commit: self.args.loading.commit.map(commit_unit),
            commits: Commits::of(self.args.part),
            lock_timeout: self.args.loading.lock_timeout,
            command: typed_command(),
            stage: self.stage,
        }
    }

    /// What follows the load.
    fn after_load<'j>(&'j self, context: &'j Context) -> AfterLoad<'j> {
        AfterLoad {
            server: &self.server,
            dataset: &self.dataset,
            tables: self.args.dataset.tables.clone(),
            waivers: &self.waivers,
            jobs: self.args.jobs.count(),
            settings: plan_settings(&self.args.sampling, self.origin.seed),
            context,
            detail: self.args.summary.detail(),
        }
    }

    /// Loads the part asked for, and says what is missing then.
    async fn load_part(&self, hook: &IndexHook<'_>, context: &Context) -> Result<Outcome> {
        let load = self.load();
        let identity = load::of_generated(&load, self.origin);
        let state = load::ledger_state(&load, &identity).await?;
        let outcome = match state {
            LedgerState::Complete => {
                PartOutcome::AlreadyComplete(load::report_completed(&load).await?.report().clone())
            }
            _ => {
                if self.dataset.init.is_some() && state == LedgerState::Absent {
                    self.try_rows(&load, &mut Vec::new()).await?;
                }
                let input = self.generated().await?;
                load::run_part(&load, &input, hook, &self.progress).await?
            }
        };
        report::part::loaded(&outcome, &context.suggestions)?;
        Ok(Outcome::Held)
    }

    /// Makes and loads the rows, unless that was done before.
    async fn seed(&self, hook: &IndexHook<'_>, phases: &mut Vec<Phase>) -> Result<LoadOutcome> {
        let load = self.load();
        let identity = load::of_generated(&load, self.origin);
        let state = match load::ledger_state(&load, &identity).await {
            Ok(LedgerState::Complete) => LedgerState::Complete,
            state => {
                load::ensure_alone(&self.server).await?;
                state?
            }
        };
        if state == LedgerState::Complete {
            self.progress
                .note("run: these rows are loaded already; continuing with index and check");
            return load::report_completed(&load).await;
        }
        if self.dataset.init.is_some() && state == LedgerState::Absent {
            self.try_rows(&load, phases).await?;
        }
        let input = match &self.args.csv {
            None => self.generated().await?,
            Some(folder) => {
                let start = Instant::now();
                let manifest = self.write(folder).await?;
                phases.push(Phase::since(start, "generate", Some(manifest.total_rows())));
                Input::find(
                    &self.dataset,
                    Some(folder),
                    &self.tables,
                    &Overrides::default(),
                )?
            }
        };
        let finished = load::run(&load, &input, hook, &self.progress).await?;
        phases.extend(finished.report().phases.iter().cloned());
        Ok(finished)
    }

    /// Tries a few rows of each table, since nobody has seen the rows of a dataset that `init` wrote.
    async fn try_rows(&self, load: &Load<'_>, phases: &mut Vec<Phase>) -> Result<()> {
        let start = Instant::now();
        let phase = self.progress.phase("trial");
        let trial = trial::run(load, self.origin.seed).await?;
        drop(phase);
        trial.ensure_holds(&self.dataset)?;
        self.progress.note(format!(
            "run: a trial of {} rows a table holds with every constraint and trigger on; rolled back",
            trial::ROWS
        ));
        phases.push(Phase::since(start, "trial", None));
        Ok(())
    }

    /// Rows that are generated while they are loaded, by one thread a table: that keeps ahead of a server's backend.
    async fn generated(&self) -> Result<Input> {
        let (dataset, tables) = (Arc::clone(&self.dataset), self.tables.clone());
        let (origin, part) = (self.origin, self.args.part);
        stoppable(move |_| Input::generated(&dataset, &tables, origin, part, 1)).await
    }

    /// Writes the CSV files, or takes those that the folder holds when they are just these.
    async fn write(&self, folder: &Path) -> Result<Manifest> {
        if let Some(manifest) = Manifest::read(folder)? {
            ensure!(
                self.is_just_this(&manifest),
                "{} holds other rows than these; choose another --csv folder, or remove that one",
                folder.display()
            );
            self.progress.note(format!(
                "run: {} holds these rows already",
                folder.join(manifest::FILE).display()
            ));
            return Ok(manifest);
        }
        ensure!(
            ensure_can_write(folder, ExistingFiles::Refuse).is_ok(),
            "{} is a file or holds files already; choose another --csv folder",
            folder.display()
        );
        let job = WriteJob {
            dataset: Arc::clone(&self.dataset),
            tables: self.tables.clone(),
            amount: self.origin.amount,
            seed: self.origin.seed,
            part: None,
            jobs: self.args.jobs.count(),
            out: folder.to_owned(),
            existing: ExistingFiles::Refuse,
        };
        let progress = self.progress.clone();
        stoppable(move |stop| job.run(&progress, stop)).await
    }

    fn is_just_this(&self, manifest: &Manifest) -> bool {
        let names: Vec<&str> = self
            .tables
            .iter()
            .map(|&table| self.dataset.tables[table].name.as_str())
            .collect();
        manifest.seedrow == env!("CARGO_PKG_VERSION")
            && manifest.dataset.hash == self.dataset.hash
            && (manifest.amount(), manifest.seed) == (self.origin.amount, self.origin.seed)
            && manifest
                .tables
                .iter()
                .map(|table| table.name.as_str())
                .eq(names)
    }
}
