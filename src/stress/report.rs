//! The figures of a run, as `--format json` writes them and `seedrow compare` reads them.
//!
//! These types are the only description of that JSON; `data/stress.schema.json` is generated from them. Fields are added,
//! never renamed.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use super::counts::SoFar;
use super::expectation::{Expected, Outcome};
use super::failure::FailureCount;
use super::generator::Measured;
use super::latencies::Percentiles;
use super::limit_report::LimitFigures;
use super::recorder::{KindRecord, Second};
use crate::thread_time::ThreadUse;

/// How the JSON is told from a check's.
pub const KIND: &str = "stress";

/// The figures of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct StressReport {
    /// Always `stress`.
    #[cfg_attr(test, schemars(extend("const" = KIND)))]
    pub kind: String,
    /// How the file is arranged; added fields make no new one.
    #[cfg_attr(test, schemars(extend("const" = FORMAT)))]
    pub format: u64,
    /// The version that ran.
    pub seedrow: String,
    /// Whether all expectations held.
    pub verdict: Verdict,
    /// Why the run is void, failed without an expectation, or ended early.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What requests were sent to, without a password.
    pub target: String,
    /// The load that was asked for.
    pub load: LoadFigures,
    /// The figures of all requests.
    #[serde(flatten)]
    pub total: Figures,
    /// From due to taken up by the generator: its own delay, in milliseconds.
    pub lag: Percentiles,
    /// The figures of each query or path.
    pub requests: Vec<NamedFigures>,
    /// What was expected.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expectations: Vec<Expected>,
    /// The goal that was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goal: Option<GoalFigures>,
    /// The search for the limit; the figures above are those of the rate that was held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<LimitFigures>,
    /// The generator's own threads.
    pub generator: GeneratorFigures,
    /// The figures of each second.
    pub seconds: Vec<Second>,
}

/// The newest arrangement of the file that this version understands.
pub const FORMAT: u64 = 1;

impl StressReport {
    /// Whether a file is one, and not a check.
    pub fn is_at(path: &Path) -> bool {
        #[derive(Deserialize)]
        struct Head {
            kind: String,
        }
        let text = std::fs::read_to_string(path).unwrap_or_default();
        serde_json::from_str::<Head>(&text).is_ok_and(|head| head.kind == KIND)
    }

    /// Reads a file; an error names it.
    pub fn open(path: &Path) -> Result<StressReport> {
        let could_not = |what: &str| format!("could not {what} {}", path.display());
        let text = std::fs::read_to_string(path).with_context(|| could_not("read"))?;
        let report: StressReport = serde_json::from_str(&text)
            .context("it is no run as `seedrow stress --format json` writes it")
            .with_context(|| could_not("understand"))?;
        ensure!(
            report.format <= FORMAT,
            "a newer seedrow ({}) wrote {}; update this one",
            report.seedrow,
            path.display()
        );
        Ok(report)
    }
}

/// The result of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// All expectations held.
    Held,
    /// One didn't.
    Failed,
    /// The generator was the limit: the figures aren't the target's.
    Void,
    /// A signal ended it early.
    Interrupted,
}

impl Verdict {
    /// As it is printed.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Held => "held",
            Verdict::Failed => "failed",
            Verdict::Void => "void",
            Verdict::Interrupted => "interrupted",
        }
    }
}

/// The load that was asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LoadFigures {
    /// Requests a second; null for as many as are answered.
    pub rate: Option<f64>,
    /// `constant`, `poisson` or `closed`.
    pub arrivals: String,
    /// For how long requests were to be due, in seconds.
    pub duration_s: f64,
    /// From the start to the last answer, in seconds.
    pub elapsed_s: f64,
    /// Connections.
    pub connections: usize,
    /// The most requests in flight.
    pub max_in_flight: u64,
    /// Which ids were asked for.
    pub ids: String,
    /// What draws depended on.
    pub seed: u64,
}

/// Counts and latencies.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Figures {
    /// Requests due.
    pub offered: u64,
    /// Requests sent.
    pub sent: u64,
    /// Requests answered as they should be.
    pub completed: u64,
    /// Requests due while too many were in flight: not sent, and failed.
    pub skipped: u64,
    /// Requests sent and not answered as they should be.
    pub errors: u64,
    /// The errors by kind and status.
    #[serde(default)]
    pub errors_by_kind: Vec<FailureCount>,
    /// Completed requests a second.
    pub rate: f64,
    /// Responses, from due to answered, in milliseconds.
    #[serde(flatten)]
    pub response: Percentiles,
    /// From sent to answered, in milliseconds.
    pub service: Percentiles,
    /// From sent to answered with an error, in milliseconds; null where there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected: Option<Percentiles>,
    /// What the service's cache did, where it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache: Option<CacheFigures>,
}

/// What the service's cache did.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CacheFigures {
    /// Answers from the cache.
    pub hits: u64,
    /// Others.
    pub misses: u64,
    /// The hits' share.
    pub hit_ratio: f64,
}

/// The figures of one query or path.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct NamedFigures {
    /// The query's name, or the path.
    pub name: String,
    /// Its figures.
    #[serde(flatten)]
    pub figures: Figures,
}

/// A goal and its source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct GoalFigures {
    /// Its name.
    pub name: String,
    /// Where it comes from.
    pub source: String,
}

/// The generator's own threads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct GeneratorFigures {
    /// How many there were.
    pub threads: usize,
    /// The share of a core that all used, in percent: up to 100 for each thread.
    pub cpu_percent: f64,
    /// The share that the busiest one used.
    pub busiest_percent: f64,
    /// The share of the time that a thread could have run and no core was free, in percent, of the one that waited most.
    pub waited_percent: f64,
}

impl GeneratorFigures {
    /// Of threads, at least one.
    pub fn of(threads: &[ThreadUse]) -> GeneratorFigures {
        let most = |of: fn(&ThreadUse) -> f64| threads.iter().map(of).fold(0.0, f64::max);
        GeneratorFigures {
            threads: threads.len(),
            cpu_percent: threads.iter().map(|it| it.busy).sum::<f64>() * 100.0,
            busiest_percent: most(|it| it.busy) * 100.0,
            waited_percent: most(|it| it.waited) * 100.0,
        }
    }
}

/// A thread of the generator that uses more percent of its core than this is the limit.
pub const FULL_CORE: f64 = 90.0;

/// Whether the generator itself was the limit: late, and the core of one of its threads full.
pub fn is_generator_late(measured: &Measured) -> bool {
    let p50 = measured.counts.total().response.quantile(0.5);
    let latest = f64::max(1.0, p50 / 10.0);
    let busiest = GeneratorFigures::of(&measured.threads).busiest_percent;
    measured.counts.lag.quantile(0.99) > latest && busiest >= FULL_CORE
}

impl Figures {
    /// Of one kind of requests, or of all.
    pub fn of(record: &KindRecord, seconds: f64) -> Figures {
        let (hits, misses) = (record.hits, record.misses);
        Figures {
            offered: record.offered,
            sent: record.sent(),
            completed: record.completed,
            skipped: record.skipped,
            errors: record.errors(),
            errors_by_kind: record.failures.list(),
            rate: record.completed as f64 / seconds.max(1e-3),
            response: record.response.percentiles(),
            service: record.service.percentiles(),
            rejected: (record.rejected.count() > 0).then(|| record.rejected.percentiles()),
            cache: (hits + misses > 0).then(|| CacheFigures {
                hits,
                misses,
                hit_ratio: hits as f64 / (hits + misses) as f64,
            }),
        }
    }

    /// What expectations are compared with.
    pub fn outcome(&self) -> Outcome {
        Outcome {
            response: self.response,
            offered: self.offered,
            completed: self.completed,
            failed: self.errors + self.skipped,
            rate: self.rate,
        }
    }
}

/// What is expected so far: the counts of all kinds.
pub fn outcome_so_far(so_far: &SoFar) -> Outcome {
    Figures::of(&so_far.total(), so_far.elapsed.as_secs_f64()).outcome()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::stress::counts::Counts;
    use crate::stress::generator::Ended;
    use crate::stress::recorder::{CacheUse, Recorder, Times};

    /// A run of 1,000 requests, answered in 1 ms, that a generator took up late.
    fn measured(lag_ms: u64, busy: &[f64]) -> Measured {
        let mut recorder = Recorder::new(1);
        let ms = Duration::from_millis;
        for number in 0..1_000 {
            let (due, sent) = (ms(number), ms(number + lag_ms));
            recorder.begin(0, due, sent);
            let done = sent + ms(1);
            recorder.complete(0, Times { due, sent, done }, CacheUse::Unknown);
        }
        recorder.finish(ms(1_100));
        let threads = busy.iter().map(|&busy| ThreadUse { busy, waited: 0.0 });
        Measured {
            counts: Counts::of(vec![recorder]),
            elapsed: ms(1_100),
            threads: threads.collect(),
            ended: Ended::InTime,
        }
    }

    #[test]
    fn a_generator_is_the_limit_when_it_is_late_and_its_core_is_full() {
        for (lag_ms, busy, is_late) in [
            (20, &[0.97][..], true),
            // One thread of several is enough.
            (20, &[0.4, 0.97], true),
            // The machine is full.
            (20, &[0.4, 0.6], false),
            // It keeps up.
            (0, &[0.97, 0.97], false),
        ] {
            let measured = measured(lag_ms, busy);
            assert_eq!(is_generator_late(&measured), is_late, "{lag_ms} {busy:?}");
        }
        let figures = GeneratorFigures::of(&measured(0, &[0.5, 0.75]).threads);
        assert_eq!(
            (figures.cpu_percent, figures.busiest_percent),
            (125.0, 75.0)
        );
    }

    #[test]
    fn figures_are_those_of_the_counts() {
        let measured = measured(0, &[0.1]);
        let figures = Figures::of(&measured.counts.total(), 1.1);
        assert_eq!((figures.offered, figures.completed), (1_000, 1_000));
        assert!((figures.rate - 909.09).abs() < 0.1, "{}", figures.rate);
        assert!((figures.response.p50 - 1.0).abs() < 0.01);
        assert_eq!(figures.cache, None);
        let json = serde_json::to_value(&figures).unwrap();
        for key in [
            "p50", "p75", "p90", "p95", "p99", "p999", "max", "offered", "skipped",
        ] {
            assert!(json[key].is_number(), "{key} in {json:#}");
        }
        let read: Figures = serde_json::from_value(json).unwrap();
        assert_eq!(read, figures);
    }
}
