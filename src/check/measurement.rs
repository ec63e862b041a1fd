//! What was measured of one read: its executions, figures over them, and how its tables are reached.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// An execution that takes longer is cancelled.
pub const STATEMENT_TIMEOUT: Duration = Duration::from_secs(60);

/// Why fewer samples were executed than asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// The read's time was used up.
    TimeLimit {
        /// How many samples were asked for.
        of: usize,
    },
    /// An execution took longer than [`STATEMENT_TIMEOUT`].
    StatementTimeout,
}

impl StopReason {
    /// Why no more than `taken` samples were executed, for the report.
    pub fn message(self, taken: usize) -> String {
        match self {
            StopReason::TimeLimit { of } => {
                format!("its time was used up after {taken} of {of} samples")
            }
            StopReason::StatementTimeout => format!(
                "an execution was cancelled after {} s",
                STATEMENT_TIMEOUT.as_secs()
            ),
        }
    }
}

/// A duration in milliseconds.
pub fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// What dropping one index does to a check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(deny_unknown_fields))]
pub struct IndexProof {
    /// The index that was dropped, and restored.
    #[serde(rename = "index")]
    pub name: String,
    /// Its table and columns: skus(style_id).
    #[serde(rename = "on")]
    pub index: String,
    /// The median time and pages with it.
    pub with: SampleCost,
    /// The median time and pages without it; null when the execution was cancelled.
    pub without: Option<SampleCost>,
    /// What fails without it, as it should; null when all stays green.
    pub fails: Option<FailingCheck>,
}

/// What an execution costs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(deny_unknown_fields))]
pub struct SampleCost {
    /// The median time, in milliseconds.
    #[cfg_attr(test, schemars(range(min = 0.0)))]
    pub p50_ms: f64,
    /// The median of the pages touched.
    pub buffers: u64,
}

/// The check that fails without an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum FailingCheck {
    /// The read's own plan, pages or time.
    Plan,
    /// The coverage of the foreign key that is looked up; its plan stays green, since little is read either way.
    Coverage,
}

/// How a query reaches the tables that aren't small.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum AccessPath {
    /// By indexes alone.
    Index,
    /// The plan has a node whose reads aren't known.
    #[default]
    Unknown,
    /// One of them at least is read from end to end.
    Scan,
}

impl AccessPath {
    /// The worst of several plans; by indexes alone when there is none.
    pub fn worst(paths: impl Iterator<Item = AccessPath>) -> AccessPath {
        paths.max().unwrap_or(AccessPath::Index)
    }
}

/// The access paths of a query: possible, chosen and generic.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(deny_unknown_fields))]
pub struct AccessPaths {
    /// What the planner could do, sequential scans switched off.
    #[serde(default)]
    pub capability: AccessPath,
    /// The path chosen for the samples' values.
    #[serde(default)]
    pub choice: AccessPath,
    /// The path of the generic plan.
    #[serde(default)]
    pub generic: AccessPath,
}

/// Times of many executions of the prepared statement, from the first byte sent to the last row received.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(deny_unknown_fields))]
pub struct Latency {
    /// How many executions.
    #[serde(default)]
    pub executions: usize,
    /// The median, in milliseconds.
    #[cfg_attr(test, schemars(range(min = 0.0)))]
    pub p50_ms: f64,
    /// The 95th percentile.
    #[serde(default)]
    #[cfg_attr(test, schemars(range(min = 0.0)))]
    pub p95_ms: f64,
    /// The 99th percentile.
    #[serde(default)]
    #[cfg_attr(test, schemars(range(min = 0.0)))]
    pub p99_ms: f64,
    /// The longest.
    #[serde(default)]
    #[cfg_attr(test, schemars(range(min = 0.0)))]
    pub max_ms: f64,
}

/// Executions from which on a percentile is reported: one at least is above it.
const FOR_P95: usize = 20;
const FOR_P99: usize = 100;

impl Latency {
    /// The 95th percentile, where there are executions enough for one.
    pub fn reported_p95(&self) -> Option<f64> {
        (self.executions >= FOR_P95).then_some(self.p95_ms)
    }

    /// The same for the 99th.
    pub fn reported_p99(&self) -> Option<f64> {
        (self.executions >= FOR_P99).then_some(self.p99_ms)
    }

    /// Of at least one execution.
    pub fn of(milliseconds: &[f64]) -> Option<Latency> {
        let times = sorted(milliseconds.iter().copied());
        (!times.is_empty()).then(|| Latency {
            executions: times.len(),
            p50_ms: percentile(&times, 50),
            p95_ms: percentile(&times, 95),
            p99_ms: percentile(&times, 99),
            max_ms: percentile(&times, 100),
        })
    }
}

/// A query's measurements.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Measurements {
    /// The statement, its parameters as `$1` and so on.
    #[serde(default)]
    pub sql: String,
    /// The longest the median may be, in milliseconds; null where time isn't judged.
    pub budget_ms: Option<f64>,
    /// The figures over all samples.
    #[serde(flatten)]
    pub figures: SampleFigures,
    /// Times at the client; null when it was too slow to be executed again.
    pub latency: Option<Latency>,
    /// Pages that the median's rows need, from the indexes' sizes and the rows fetched, each large table by an index; null where
    /// that isn't known.
    #[serde(rename = "buffers_bound")]
    pub bound: Option<u64>,
    /// How its tables are reached.
    #[serde(default)]
    pub shape: AccessPaths,
    /// What its indexes buy, when that was to be proven.
    #[serde(default)]
    pub proofs: Vec<IndexProof>,
    /// Why there are fewer samples than asked for; null when there are not.
    pub stopped: Option<String>,
    /// One for each execution that was measured, in the order of the ids.
    pub samples: Vec<SampleRun>,
    /// EXPLAIN's plan of the sample whose time is the median.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "Map<String, Value>"))]
    pub plan: Value,
    /// EXPLAIN's plan made without the values; empty where the server makes none.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "Map<String, Value>"))]
    pub generic_plan: Value,
}

/// One measured execution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(deny_unknown_fields))]
pub struct SampleRun {
    /// Each parameter's name and value.
    #[serde(default)]
    pub parameters: Map<String, Value>,
    /// EXPLAIN's Execution Time.
    #[cfg_attr(test, schemars(range(min = 0.0)))]
    pub execution_ms: f64,
    /// EXPLAIN's Planning Time.
    #[serde(default)]
    #[cfg_attr(test, schemars(range(min = 0.0)))]
    pub planning_ms: f64,
    /// Pages touched.
    #[serde(default)]
    pub buffers: u64,
    /// Rows returned.
    #[serde(default)]
    #[cfg_attr(test, schemars(range(min = 0.0)))]
    pub rows: f64,
    /// Indexes used.
    #[serde(default)]
    pub indexes: Vec<String>,
    /// EXPLAIN's plan; with --save only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<Map<String, Value>>"))]
    pub plan: Option<Value>,
}

/// Figures over a query's samples.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SampleFigures {
    /// The median of EXPLAIN's execution times.
    #[serde(default)]
    #[cfg_attr(test, schemars(range(min = 0.0)))]
    pub p50_ms: f64,
    /// Their 95th percentile.
    #[serde(default)]
    #[cfg_attr(test, schemars(range(min = 0.0)))]
    pub p95_ms: f64,
    /// The longest of them.
    #[serde(default)]
    #[cfg_attr(test, schemars(range(min = 0.0)))]
    pub max_ms: f64,
    /// The median of the pages touched.
    #[serde(default)]
    pub buffers: u64,
    /// The median of the rows returned.
    #[serde(default)]
    #[cfg_attr(test, schemars(range(min = 0.0)))]
    pub rows: f64,
    /// The indexes used by any sample.
    #[serde(default)]
    pub indexes: Vec<String>,
}

impl SampleFigures {
    /// What an execution costs.
    pub fn cost(&self) -> SampleCost {
        SampleCost {
            p50_ms: self.p50_ms,
            buffers: self.buffers,
        }
    }

    /// Over at least one sample; none give zeros.
    pub fn of(samples: &[SampleRun]) -> SampleFigures {
        let times = sorted(samples.iter().map(|s| s.execution_ms));
        let mut indexes: Vec<String> = Vec::new();
        for index in samples.iter().flat_map(|s| &s.indexes) {
            if !indexes.contains(index) {
                indexes.push(index.clone());
            }
        }
        let mut buffers: Vec<u64> = samples.iter().map(|s| s.buffers).collect();
        buffers.sort_unstable();
        SampleFigures {
            p50_ms: percentile(&times, 50),
            p95_ms: percentile(&times, 95),
            max_ms: percentile(&times, 100),
            buffers: percentile(&buffers, 50),
            rows: percentile(&sorted(samples.iter().map(|s| s.rows)), 50),
            indexes,
        }
    }
}

fn sorted(numbers: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut numbers: Vec<f64> = numbers.collect();
    numbers.sort_by(f64::total_cmp);
    numbers
}

/// The least of the sorted values that `percent` of them don't exceed (nearest rank).
fn percentile<T: Copy + Default>(sorted: &[T], percent: usize) -> T {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_need_executions() {
        let reported = |executions| {
            let latency = Latency::of(&vec![0.3; executions]).unwrap();
            [latency.reported_p95(), latency.reported_p99()]
        };
        assert_eq!(reported(10), [None, None]);
        assert_eq!(reported(20), [Some(0.3), None]);
        assert_eq!(reported(100), [Some(0.3), Some(0.3)]);
    }

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let twenty: Vec<u64> = (1..=20).collect();
        assert_eq!(percentile(&twenty, 50), 10);
        assert_eq!(percentile(&twenty, 95), 19);
        assert_eq!(percentile(&twenty, 100), 20);
        assert_eq!(percentile(&[7_u64], 50), 7);
        assert_eq!(percentile::<u64>(&[], 95), 0);
    }
}
