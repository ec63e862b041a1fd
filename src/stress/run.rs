//! A run from its settings to its report.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::Result;

use super::counts::{Counts, SoFar};
use super::expectation::Expectation;
use super::generator::{Ended, Generator, Load, Measured, Watch, Watched};
use super::goals::Goal;
use super::limit::LimitSettings;
use super::limit_report::LimitFigures;
use super::mix::Chooser;
use super::report::{
    FORMAT, FULL_CORE, Figures, GeneratorFigures, KIND, LoadFigures, NamedFigures, StressReport,
    Verdict, is_generator_late, outcome_so_far,
};
use super::schedule::{Arrivals, Rate};
use super::search::{Searched, Searcher};
use super::target::Endpoint;
use crate::progress::{Progress, Unit};

/// A generator's thread that waits for a core for more percent of the time than this shares its machine with too much.
const STARVED: f64 = 10.0;

/// What is run.
pub struct Plan {
    /// What requests are sent to.
    pub endpoint: Arc<Endpoint>,
    /// Which request comes next.
    pub chooser: Chooser,
    /// How many connections.
    pub connections: usize,
    /// How many threads send, at most.
    pub threads: usize,
    /// The load.
    pub load: Load,
    /// What it is expected to hold.
    pub expectations: Vec<Expectation>,
    /// How long an expectation may be broken before the run ends early.
    pub abort_after: Option<Duration>,
    /// Search the highest rate instead of sending at one.
    pub find_limit: Option<LimitSettings>,
    /// The goal that was named.
    pub goal: Option<&'static Goal>,
    /// Which ids were asked for, as typed.
    pub ids: String,
}

/// Runs it until it ends or `interrupt` is set.
pub async fn run(plan: Plan, interrupt: &AtomicBool, progress: &Progress) -> Result<StressReport> {
    let generator = Generator::connect(
        &plan.endpoint,
        plan.chooser.clone(),
        plan.threads,
        plan.connections,
        plan.load.timeout,
    );
    let generator = generator.await?;
    if let Some(settings) = plan.find_limit {
        let searcher = Searcher {
            generator: &generator,
            load: &plan.load,
            interrupt,
            progress,
        };
        return Ok(plan.searched(searcher.search(settings).await?));
    }
    let mut watch = plan.watch(progress);
    let measured = generator.run(&plan.load, interrupt, &mut *watch).await?;
    drop(watch);
    let is_void = is_generator_late(&measured);
    Ok(plan.report(measured, &plan.load, None, is_void))
}

impl Plan {
    /// Displays progress, and stops where an expectation is broken for too long.
    fn watch<'a>(&'a self, progress: &Progress) -> Box<Watch<'a>> {
        let (name, total) = match self.load.rate {
            Rate::PerSecond(rate) => (format!("{rate} requests/s"), self.load.duration.as_secs()),
            Rate::Max => ("requests".to_owned(), self.load.duration.as_secs()),
        };
        let task = progress.task(name, total, Unit::Seconds);
        let mut broken_since = None;
        Box::new(move |so_far: &SoFar| {
            let elapsed = so_far.elapsed;
            task.set(elapsed.as_secs().min(total));
            if let Some(last) = so_far.seconds.last() {
                task.describe(last.to_string());
            }
            let Some(patience) = self.abort_after else {
                return Watched::Continue;
            };
            let outcome = outcome_so_far(so_far);
            let lasting = self.expectations.iter().filter(|it| !it.is_for_the_end());
            if lasting.map(|it| it.judge(&outcome)).all(|it| it.held) {
                broken_since = None;
                return Watched::Continue;
            }
            match elapsed - *broken_since.get_or_insert(elapsed) >= patience {
                true => Watched::Stop,
                false => Watched::Continue,
            }
        })
    }

    fn searched(&self, searched: Searched) -> StressReport {
        let Searched {
            figures,
            measured,
            load,
            is_void,
        } = searched;
        self.report(measured, &load, Some(figures), is_void)
    }

    fn report(
        &self,
        measured: Measured,
        load: &Load,
        limit: Option<LimitFigures>,
        is_void: bool,
    ) -> StressReport {
        let Measured {
            counts,
            elapsed,
            threads,
            ended,
        } = measured;
        let elapsed = elapsed.as_secs_f64();
        let total = Figures::of(&counts.total(), elapsed);
        let outcome = total.outcome();
        let expectations = self.expectations.iter().map(|it| it.judge(&outcome));
        let mut report = StressReport {
            kind: KIND.to_owned(),
            format: FORMAT,
            seedrow: env!("CARGO_PKG_VERSION").to_owned(),
            verdict: Verdict::Held,
            notes: Vec::new(),
            target: self.endpoint.display_name(),
            load: self.load_figures(load, elapsed),
            lag: counts.lag.percentiles(),
            requests: self.named_figures(&counts, elapsed),
            expectations: expectations.collect(),
            goal: self.goal.map(Goal::figures),
            limit,
            generator: GeneratorFigures::of(&threads),
            seconds: counts.seconds,
            total,
        };
        report.verdict = verdict(&report, ended, is_void);
        report.notes = self.notes(&report, ended);
        report
    }

    fn load_figures(&self, load: &Load, elapsed_s: f64) -> LoadFigures {
        LoadFigures {
            rate: match load.rate {
                Rate::PerSecond(rate) => Some(rate),
                Rate::Max => None,
            },
            arrivals: match (load.rate, load.arrivals) {
                (Rate::Max, _) => "closed",
                (_, Arrivals::Constant) => "constant",
                (_, Arrivals::Poisson) => "poisson",
            }
            .to_owned(),
            duration_s: load.duration.as_secs_f64(),
            elapsed_s,
            connections: self.connections,
            max_in_flight: load.max_in_flight,
            ids: self.ids.clone(),
            seed: load.seed,
        }
    }

    fn named_figures(&self, counts: &Counts, elapsed: f64) -> Vec<NamedFigures> {
        let named = self.endpoint.names().into_iter().zip(&counts.kinds);
        let figures = named.map(|(name, record)| NamedFigures {
            name,
            figures: Figures::of(record, elapsed),
        });
        figures.collect()
    }

    /// What the verdict or the figures need beside them.
    fn notes(&self, report: &StressReport, ended: Ended) -> Vec<String> {
        let mut notes = Vec::new();
        if ended == Ended::Stopped {
            notes.push(format!(
                "ended after {:.0} s: an expectation was broken for {} s",
                report.load.elapsed_s,
                self.abort_after.unwrap_or_default().as_secs_f64()
            ));
        }
        let busy = report.generator.busiest_percent;
        if report.verdict == Verdict::Void {
            notes.push(format!(
                "void: the generator is the limit: it used {busy:.0}% of a core, and sent 1 in 100 requests more than \
                 {:.1} ms late; take a lower --rate, or several machines",
                report.lag.p99
            ));
        } else if busy >= FULL_CORE {
            notes.push(format!(
                "the generator used {busy:.0}% of a core: the target may be able to do more"
            ));
        }
        let waited = report.generator.waited_percent;
        if waited >= STARVED {
            notes.push(format!(
                "the generator waited for a free core {waited:.0}% of the time: the machine is full, and latencies \
                 include that"
            ));
        }
        notes
    }
}

/// Void, where the generator itself was the limit; failed, where an expectation or the limit's own wasn't held.
fn verdict(report: &StressReport, ended: Ended, is_void: bool) -> Verdict {
    let broken = report.expectations.iter().any(|it| !it.held);
    let no_limit = report
        .limit
        .as_ref()
        .is_some_and(|limit| limit.held.is_none() || limit.recovered == Some(false));
    match ended {
        Ended::Interrupted => Verdict::Interrupted,
        _ if is_void => Verdict::Void,
        Ended::Stopped => Verdict::Failed,
        Ended::InTime if broken || no_limit => Verdict::Failed,
        Ended::InTime => Verdict::Held,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stress::expectation::Expected;

    fn report(held: bool, limit: Option<(Option<f64>, bool)>) -> StressReport {
        let expected = serde_json::json!({
            "kind": KIND, "format": FORMAT, "seedrow": "", "verdict": "held", "target": "",
            "load": {"rate": 1.0, "arrivals": "constant", "duration_s": 1.0, "elapsed_s": 1.0, "connections": 1,
                "max_in_flight": 1, "ids": "", "seed": 1},
            "offered": 1, "sent": 1, "completed": 1, "skipped": 0, "errors": 0, "rate": 1.0, "service": {}, "lag": {},
            "requests": [], "generator": {"cpu_percent": 1.0, "waited_percent": 1.0}, "seconds": [],
        });
        let mut report: StressReport = serde_json::from_value(expected).unwrap();
        report.expectations = vec![Expected {
            expect: "p95<1ms".into(),
            measured: 2.0,
            unit: " ms".into(),
            held,
        }];
        report.limit = limit.map(|(held, recovered)| LimitFigures {
            limit_ms: 100.0,
            held,
            broke: None,
            why: None,
            recovered: Some(recovered),
            steps: Vec::new(),
        });
        report
    }

    #[test]
    fn verdicts_follow_expectations_limits_and_the_end() {
        let of = |held, limit, ended, is_void| verdict(&report(held, limit), ended, is_void);
        for (expected, found) in [
            (Verdict::Held, of(true, None, Ended::InTime, false)),
            (Verdict::Failed, of(false, None, Ended::InTime, false)),
            (Verdict::Failed, of(true, None, Ended::Stopped, false)),
            (Verdict::Void, of(false, None, Ended::InTime, true)),
            (
                Verdict::Interrupted,
                of(false, None, Ended::Interrupted, true),
            ),
            (
                Verdict::Held,
                of(true, Some((Some(100.0), true)), Ended::InTime, false),
            ),
            (
                Verdict::Failed,
                of(true, Some((Some(100.0), false)), Ended::InTime, false),
            ),
            (
                Verdict::Failed,
                of(true, Some((None, true)), Ended::InTime, false),
            ),
        ] {
            assert_eq!(expected, found);
        }
    }
}
