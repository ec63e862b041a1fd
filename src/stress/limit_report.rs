//! What a search for the limit found, as the report has it.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::generator::Measured;
use super::limit::{Broken, LimitSearch, Phase, Step};
use crate::units::whole;

/// What a search for the limit found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LimitFigures {
    /// The longest that 95% of responses were allowed to take, in milliseconds.
    pub limit_ms: f64,
    /// The highest rate that held; null where none did.
    pub held: Option<f64>,
    /// The lowest rate that didn't; null where none broke.
    pub broke: Option<f64>,
    /// Why it didn't.
    pub why: Option<String>,
    /// Whether half of the rate that held was answered afterwards; null where that wasn't tried.
    pub recovered: Option<bool>,
    /// All rates that were tried, in their order.
    pub steps: Vec<StepReport>,
}

/// A rate that was tried.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StepReport {
    /// What it was tried for.
    pub phase: Phase,
    /// Requests a second.
    pub rate: f64,
    /// For how long, in seconds.
    pub duration_s: f64,
    /// Requests due.
    pub offered: u64,
    /// Requests answered.
    pub completed: u64,
    /// Requests that failed.
    pub failed: u64,
    /// The median response, in milliseconds.
    pub p50: f64,
    /// 95% of responses are no longer.
    pub p95: f64,
    /// 99% of responses are no longer.
    pub p99: f64,
    /// Why it didn't hold; null where it did.
    pub broken: Option<String>,
}

impl StepReport {
    /// Of a step that was run.
    pub fn of(step: &Step, measured: &Measured, broken: Option<&Broken>) -> StepReport {
        let total = measured.counts.total();
        StepReport {
            phase: step.phase,
            rate: step.rate,
            duration_s: step.duration.as_secs_f64(),
            offered: total.offered,
            completed: total.completed,
            failed: total.errors() + total.skipped,
            p50: total.response.quantile(0.5),
            p95: total.response.quantile(0.95),
            p99: total.response.quantile(0.99),
            broken: broken.map(Broken::to_string),
        }
    }
}

impl fmt::Display for StepReport {
    /// `1,400 requests/s for 5 s: p95 3.1 ms, held`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rate, seconds) = (whole(self.rate), self.duration_s);
        write!(f, "{rate} requests/s for {seconds} s: ")?;
        match &self.broken {
            None => write!(f, "held, p95 {:.1} ms", self.p95),
            Some(why) => write!(f, "not held, {why}"),
        }
    }
}

impl LimitFigures {
    /// Of a search, in the end.
    pub fn of(search: &LimitSearch, limit: Duration, steps: Vec<StepReport>) -> LimitFigures {
        LimitFigures {
            limit_ms: limit.as_secs_f64() * 1e3,
            held: search.held(),
            broke: search.broke().map(|(rate, _)| *rate),
            why: search.broke().map(|(_, why)| why.to_string()),
            recovered: search.recovered(),
            steps,
        }
    }
}
