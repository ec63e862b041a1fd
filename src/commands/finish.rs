//! `seedrow finish`: keys, indexes, statistics and checks of a load whose parts are all there.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::cli::{JobsArgs, OrphansArg, QuietArgs, SampleArgs, TargetArgs};
use crate::commands::Outcome;
use crate::commands::after_load::{AfterLoad, SummaryArgs};
use crate::commands::context::{self, Context, orphans, plan_settings, typed_command};
use crate::commands::interrupt::stoppable;
use crate::commands::output_paths::ensure_writable;
use crate::dataset::{Dataset, waivers_with};
use crate::index::IndexHook;
use crate::load::{
    self, Commits, Duplicates, Input, LedgerState, Load, LoadOutcome, Policy, Rejects, RowOrigin,
    StageTracker, TablesFound, Triggers,
};
use crate::postgres::Server;
use crate::progress::Progress;
use crate::suggestion::Suggestions;
use crate::units::duration;

/// Build keys and indexes, and check, once all parts of a load are in the database
///
/// The parts are loaded with `seedrow run --part K/N`, one command each. While some are missing they are named, with the
/// commands that load them. What is there then is what `seedrow run` leaves.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  seedrow finish\n  \
                        seedrow finish --url postgresql://app@db.example.com/shop")]
pub struct Args {
    /// The dataset that the parts are of: a built-in one's name or a TOML file
    #[arg(
        long,
        default_value = "catalog",
        value_name = "NAME|FILE.toml",
        help_heading = "Data"
    )]
    dataset: String,

    /// Rows that refer to one that isn't there, since the parts leave its table out or a foreign key refers to a table outside
    /// the dataset: stop, or keep them and leave the foreign key NOT VALID
    #[arg(long, value_enum, default_value_t = OrphansArg::Fail, help_heading = "Loading")]
    orphans: OrphansArg,

    /// How long to wait for a table that another session has locked
    #[arg(long, value_parser = duration, default_value = "10s", value_name = "TIME", help_heading = "Loading")]
    lock_timeout: Duration,

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
        context::suggestions(&self.target, &self.dataset)
    }
}

/// Finishes the load, builds what is missing, checks, and prints the summary.
pub async fn run(args: &Args, stage: &StageTracker) -> Result<Outcome> {
    ensure_writable(args.summary.html.as_deref())?;
    let context = Context::new(&args.dataset, &args.target, args.quiet);
    let dataset = Arc::new(context.open_dataset()?);
    let server = context.open_server_to("finish a load").await?;
    let begun = load::begun_load(&server, &dataset).await?;
    let tables = dataset.select(Some(&begun.tables))?;
    let waivers = waivers_with(Some(&dataset))?;
    let load = args.load(&server, &dataset, &tables, stage);
    let hook = IndexHook::new(&server, &waivers, load.jobs, &context.progress);
    let finished = finish(&load, begun.origin, &hook, &context.progress).await?;
    let is_subset = tables.len() < dataset.real_tables().len();
    let after = AfterLoad {
        server: &server,
        dataset: &dataset,
        tables: is_subset.then_some(begun.tables),
        waivers: &waivers,
        jobs: load.jobs,
        settings: plan_settings(&args.sampling, begun.origin.seed),
        context: &context,
        detail: args.summary.detail(),
    };
    let phases = finished.report().phases.clone();
    after
        .run(hook, &finished, phases, args.summary.html.as_deref())
        .await
}

/// Joins the parts, unless that was done before, and finishes the load that they are then.
async fn finish(
    load: &Load<'_>,
    origin: RowOrigin,
    hook: &IndexHook<'_>,
    progress: &Progress,
) -> Result<LoadOutcome> {
    load::join_parts(load, origin, progress).await?;
    let identity = load::of_generated(load, origin);
    if load::ledger_state(load, &identity).await? == LedgerState::Complete {
        progress.note("finish: this load is complete already; continuing with index and check");
        return load::report_completed(load).await;
    }
    let (dataset, tables) = (Arc::clone(load.dataset), load.tables.to_vec());
    let input = stoppable(move |_| Input::generated(&dataset, &tables, origin, None, 1)).await?;
    let finished = load::run(load, &input, hook, progress).await;
    finished.context("could not finish the load")
}

impl Args {
    fn load<'a>(
        &self,
        server: &'a Server,
        dataset: &'a Arc<Dataset>,
        tables: &'a [usize],
        stage: &'a StageTracker,
    ) -> Load<'a> {
        Load {
            server,
            dataset,
            tables,
            part: None,
            jobs: self.jobs.count(),
            replace: false,
            tables_found: TablesFound::Used,
            policy: Policy {
                append: false,
                duplicates: Duplicates::Fail,
                orphans: orphans(self.orphans),
                triggers: Triggers::Fire,
            },
            rejects: Arc::new(Rejects::none()),
            commit: None,
            commits: Commits::Synchronous,
            lock_timeout: self.lock_timeout,
            command: typed_command(),
            stage,
        }
    }
}
