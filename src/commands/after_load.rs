//! What follows a load of generated rows: missing indexes, checks, the summary.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, Result};

use crate::check::{self, Area, CheckReport, CheckSettings, Suite};
use crate::commands::Outcome;
use crate::commands::context::Context;
use crate::commands::detail_args::DetailArgs;
use crate::commands::outcome::FailOn;
use crate::dataset::{Dataset, Waiver};
use crate::index::{self, BuildMode, BuildOptions, Built, IndexHook, Survey};
use crate::load::{LoadOutcome, Phase};
use crate::postgres::placements::ShardSizes;
use crate::postgres::{Server, locks};
use crate::report::html::RunPage;
use crate::report::{self, Detail};

/// How the summary is printed.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Output")]
pub struct SummaryArgs {
    /// Write a page with the phases and the checks to this file
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,

    #[command(flatten)]
    detail: DetailArgs,
}

impl SummaryArgs {
    /// How much of the checks is shown.
    pub fn detail(&self) -> Detail {
        self.detail.detail()
    }
}

/// What follows a load.
pub struct AfterLoad<'a> {
    /// The server.
    pub server: &'a Server,
    /// The dataset that was loaded.
    pub dataset: &'a Dataset,
    /// The tables asked for; `None` for all.
    pub tables: Option<Vec<String>>,
    /// What needs no index.
    pub waivers: &'a [Waiver],
    /// Connections that build at a time.
    pub jobs: usize,
    /// How plans are checked.
    pub settings: CheckSettings,
    /// Messages and suggestions.
    pub context: &'a Context,
    /// How much the summary shows.
    pub detail: Detail,
}

impl AfterLoad<'_> {
    /// Builds what the load's hook didn't, checks, prints the summary, and writes the page asked for.
    pub async fn run(
        &self,
        hook: IndexHook<'_>,
        finished: &LoadOutcome,
        mut phases: Vec<Phase>,
        html: Option<&Path>,
    ) -> Result<Outcome> {
        let mut built = hook.into_built();
        let (survey, shards) = self.index(&mut built, &mut phases).await?;
        let checked = self.check(&shards, &mut phases).await?;
        report::run::summary(
            finished,
            &report::index::built(&built, &survey.home),
            &checked,
            &phases,
            self.detail,
        )?;
        if let Some(path) = html {
            let page = RunPage {
                loaded: finished.report(),
                phases: &phases,
                built: &built,
                home: &survey.home,
                checked: &checked,
            };
            std::fs::write(path, report::html::run(&page))
                .with_context(|| format!("could not write {}", path.display()))?;
        }
        verdict(finished, &checked)
    }

    /// Builds the foreign keys' indexes that the load's hook did not build; returns the survey taken before, and the sizes
    /// of shards now.
    async fn index(
        &self,
        built: &mut Vec<Built>,
        phases: &mut Vec<Phase>,
    ) -> Result<(Survey, ShardSizes)> {
        let start = Instant::now();
        let client = self.server.connect().await?;
        locks::limit_waits(&client, locks::PATIENCE).await?;
        let asked = ShardSizes::of(self.server.capabilities());
        let placements = asked.read(&client).await?;
        index::complete_sizes(&client, &placements, built).await?;
        let shards = ShardSizes::Known(placements);
        let survey = index::survey(&client, self.server.schema(), self.waivers, &shards);
        let survey = match survey.await {
            Err(error) => return Err(locks::explain_timeout(self.server, error).await),
            Ok(survey) => survey,
        };
        let allowed = index::permission(self.server, &client, &survey.proposals)
            .await?
            .granted;
        let options = BuildOptions {
            jobs: self.jobs,
            neighbours: 0,
            mode: BuildMode::Plain,
        };
        self.server.keep(client);
        let progress = &self.context.progress;
        built.extend(index::build(self.server, &allowed, options, progress).await?);
        phases.push(Phase::since(start, "index", None));
        Ok(match allowed.is_empty() {
            true => (survey, shards),
            false => (survey, asked),
        })
    }

    /// Checks what was loaded and indexed.
    async fn check(&self, shards: &ShardSizes, phases: &mut Vec<Phase>) -> Result<CheckReport> {
        let start = Instant::now();
        let suite = Suite {
            waivers: self.waivers.to_vec(),
            ..Suite::of(self.dataset, self.checked_tables())
        };
        let settings = CheckSettings {
            // The schema was created, or compared with the dataset's, when the load began.
            areas: vec![Area::Coverage, Area::Plans],
            // A schema may be without foreign keys; that its tables were meant, the load has shown.
            allow_empty: self.dataset.init.is_some(),
            ..self.settings.clone()
        };
        let progress = &self.context.progress;
        let checked = check::run_with(self.server, &suite, &settings, shards, progress).await?;
        phases.push(Phase::since(start, "check", None));
        Ok(report::check::completed(checked, &self.context.suggestions))
    }

    /// The tables whose plans are checked. Of a schema that `init` read, those that were loaded: nobody has analysed the
    /// others.
    fn checked_tables(&self) -> Option<Vec<String>> {
        self.tables.clone().or_else(|| {
            self.dataset.init.as_ref()?;
            let tables = self.dataset.real_tables().into_iter();
            let names = tables.map(|it| self.dataset.tables[it].name.clone());
            Some(names.collect())
        })
    }
}

/// A broken foreign key is a finding, whatever the checks' verdict.
fn verdict(finished: &LoadOutcome, checked: &CheckReport) -> Result<Outcome> {
    if finished.report().broken_keys.is_empty() {
        Outcome::of_checks(checked, FailOn::Fail)
    } else {
        Ok(Outcome::Found)
    }
}
