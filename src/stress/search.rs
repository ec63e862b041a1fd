//! Runs the steps of the search for a target's limit, one after the other, on the same connections.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::Result;

use super::counts::{Counts, SoFar};
use super::generator::{Ended, Generator, Load, Measured, Watched};
use super::limit::{LimitSearch, LimitSettings, Phase, Step, StepFigures};
use super::limit_report::{LimitFigures, StepReport};
use super::report::is_generator_late;
use super::schedule::Rate;
use crate::progress::{Progress, Unit};
use crate::units::whole;

/// Requests that may be in flight however low a step's rate is.
const LEAST_IN_FLIGHT: u64 = 100;

/// A search's result, and the counts of one of its steps: of the rate that held, else of the first.
pub struct Searched {
    /// The steps and what they found.
    pub figures: LimitFigures,
    /// The counts of one step.
    pub measured: Measured,
    /// That step's load.
    pub load: Load,
    /// Whether it ended because the generator was the limit.
    pub is_void: bool,
}

/// What all steps share.
pub struct Searcher<'a> {
    /// Connections to the target.
    pub generator: &'a Generator,
    /// The load, but for rate and duration.
    pub load: &'a Load,
    /// Set to end early.
    pub interrupt: &'a AtomicBool,
    /// Where each step is reported.
    pub progress: &'a Progress,
}

impl Searcher<'_> {
    /// Searches until the limit is found, a signal comes, or the generator is the limit.
    pub async fn search(&self, settings: LimitSettings) -> Result<Searched> {
        let mut search = LimitSearch::new(settings);
        let mut steps = Vec::new();
        let mut first = 0;
        let mut kept: Option<(Load, Measured)> = None;
        let mut is_void = false;
        while let Some(step) = search.next() {
            let load = self.step_load(&step, first);
            first += load.expected_requests();
            let measured = self.run(&step, &load).await?;
            let figures = step_figures(&measured.counts, step.duration);
            let broken = figures.broken(step.rate, settings.limit);
            let report = StepReport::of(&step, &measured, broken.as_ref());
            self.progress.note(report.to_string());
            let ended = measured.ended;
            is_void = is_generator_late(&measured);
            let held = broken.is_none() && !is_void && step.phase != Phase::Recover;
            if held || kept.is_none() {
                kept = Some((load, measured));
            }
            steps.push(report);
            if ended != Ended::InTime || is_void {
                if let Some((_, measured)) = &mut kept {
                    measured.ended = ended;
                }
                break;
            }
            search.record(broken);
        }
        let Some((load, measured)) = kept else {
            anyhow::bail!("the search has no step");
        };
        Ok(Searched {
            figures: LimitFigures::of(&search, settings.limit, steps),
            measured,
            load,
            is_void,
        })
    }

    fn step_load(&self, step: &Step, first: u64) -> Load {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a rate is above 0 and has an upper bound"
        )]
        let a_second = step.rate as u64;
        Load {
            rate: Rate::PerSecond(step.rate),
            duration: step.duration,
            max_in_flight: a_second.max(LEAST_IN_FLIGHT),
            first,
            ..self.load.clone()
        }
    }

    async fn run(&self, step: &Step, load: &Load) -> Result<Measured> {
        let total = step.duration.as_secs();
        let name = format!("{} requests/s", whole(step.rate));
        let task = self.progress.task(name, total, Unit::Seconds);
        let mut watch = |so_far: &SoFar| {
            task.set(so_far.elapsed.as_secs().min(total));
            if let Some(last) = so_far.seconds.last() {
                task.describe(last.to_string());
            }
            Watched::Continue
        };
        self.generator.run(load, self.interrupt, &mut watch).await
    }
}

/// The figures of the seconds that requests were due in; what is answered afterwards was too late.
fn step_figures(counts: &Counts, duration: Duration) -> StepFigures {
    let total = counts.total();
    let due = duration.as_secs().max(1);
    let seconds = counts.seconds.iter().filter(|it| it.second < due);
    StepFigures {
        offered: seconds.clone().map(|it| it.offered).sum(),
        completed_in_time: seconds.clone().map(|it| it.completed).sum(),
        failed: total.errors() + total.skipped,
        p95: total.response.quantile(0.95),
        in_flight: seconds.map(|it| it.in_flight).collect(),
    }
}
