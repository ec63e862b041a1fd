//! `run --dry-run`: what a run would do, on this database as it is.

use anyhow::Result;

use super::Job;
use crate::commands::Outcome;
use crate::commands::context::ensure_may_recreate;
use crate::index::IndexHook;
use crate::load::{self, Load, Prospect, Unfinished};
use crate::report;
use crate::report::dry_run::DryRunReport;
use crate::suggestion::Suggestions;

impl Job<'_> {
    /// Says what a run would do.
    pub(super) async fn dry_run(&self, suggestions: &Suggestions) -> Result<Outcome> {
        let load = self.load();
        let prospect = self.prospect(&load).await?;
        let hook = IndexHook::new(&self.server, &self.waivers, load.jobs, &self.progress);
        let input = self.generated().await?;
        let plan = load::dry_run::run(&load, self.origin, &input, &hook, &self.progress).await?;
        let file = self.dataset.schema.path.display().to_string();
        let report = DryRunReport {
            target: self.server.display_name(),
            label: &input.label,
            ddl: (&file, &self.dataset.schema.text),
            prospect: &prospect,
            plan: &plan,
            indexes: &hook.planned_statements(),
        };
        report::dry_run::planned(&report, self.args.summary.detail(), suggestions)?;
        Ok(Outcome::Held)
    }

    /// What would become of the load as it was typed.
    async fn prospect(&self, load: &Load<'_>) -> Result<Prospect> {
        if let Some(other @ Unfinished::AtWork(_)) = Unfinished::on(&self.server).await? {
            return Ok(Prospect::Blocked(other.refusal()));
        }
        if let Err(refusal) = ensure_may_recreate(&self.args.loading, &self.server) {
            return Ok(Prospect::Blocked(refusal));
        }
        load::prospect(load, &load::of_generated(load, self.origin)).await
    }
}
