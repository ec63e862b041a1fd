//! `seedrow compare --twin`

use anyhow::{Context as _, Result, ensure};

use super::{Args, FailOnChange};
use crate::check::{self, CheckSettings, SavedReport};
use crate::commands::Outcome;
use crate::commands::context::{Context, plan_settings};
use crate::compare::{TwinComparison, aligned};
use crate::postgres::statistics::statistics;
use crate::report::{self, OutputFormat};

impl Args {
    /// Compares the source's saved check with the twin's, which is made now where no file of it was named.
    pub(super) async fn compare_twin(&self) -> Result<Outcome> {
        ensure!(
            self.format != OutputFormat::Markdown,
            "--twin is printed as text, json or html: add --format html"
        );
        ensure!(
            self.fail_on != Some(FailOnChange::Regression),
            "a twin has no regressions; --fail-on difference exits with 1 when something differs"
        );
        let source = self.before.as_deref();
        let source = SavedReport::open(source.context("name the saved check of the source")?)?;
        let twin = match &self.after {
            Some(path) => SavedReport::open(path)?,
            None => self.checked_now(&source).await?,
        };
        let twin = aligned(&source, twin);
        let comparison = TwinComparison::of(&source, &twin);
        self.write(&report::twin::render(
            self.format,
            &comparison,
            self.colour(),
        )?)?;
        Ok(match self.fail_on {
            Some(_) if !comparison.is_equal() => Outcome::Found,
            _ => Outcome::Held,
        })
    }

    /// The target's lookups, its dataset's queries and the source's, and its statistics.
    async fn checked_now(&self, source: &SavedReport) -> Result<SavedReport> {
        let context = Context::new(self.dataset_name(), &self.target, self.quiet);
        let (server, mut suite) = self.open_suite(&context).await?;
        let mut queries = source.queries("the source's check");
        queries.retain(|query| suite.queries.iter().all(|it| it.name != query.name));
        suite.statements.queries = queries;
        let settings = CheckSettings {
            areas: vec![check::Area::Plans],
            allow_empty: self.allow_empty,
            ..plan_settings(&self.sampling, self.seed)
        };
        let report = check::run(&server, &suite, &settings, &context.progress).await?;
        let statistics = statistics(&server, self.tables.as_deref()).await?;
        let report = report::check::completed(report, &context.suggestions);
        Ok(SavedReport::of(&report).with_statistics(statistics))
    }
}
