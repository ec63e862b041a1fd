//! What was measured of one read: its executions, figures over them, and how its tables are reached.

use std::time::Duration;

use serde_json::Value;

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

/// A duration in milliseconds.
pub fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// What dropping one index does to a check.
#[derive(Debug, Clone, PartialEq)]
pub struct IndexProof {
    /// `skus(style_id)`
    pub index: String,
    /// The index' name.
    pub name: String,
    /// The median time and pages with it.
    pub with: (f64, u64),
    /// The median time and pages without it; `None` when it was cut off.
    pub without: Option<(f64, u64)>,
    /// What fails without it, as it should; `None` when all stays green.
    pub fails: Option<FailingCheck>,
}

/// The check that fails without an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailingCheck {
    /// The read's own plan, pages or time.
    Plan,
    /// The coverage of the foreign key that is looked up; its plan stays green, since little is read either way.
    Coverage,
}

impl FailingCheck {
    /// The word for it, in JSON.
    pub fn name(self) -> &'static str {
        match self {
            FailingCheck::Plan => "plan",
            FailingCheck::Coverage => "coverage",
        }
    }
}

/// How a query reaches the tables that aren't small.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AccessPath {
    /// By indexes alone.
    Index,
    /// The plan has a node whose reads aren't known.
    Unknown,
    /// One of them at least is read from end to end.
    Scan,
}

impl AccessPath {
    /// The worst of several plans; by indexes alone when there is none.
    pub fn worst(paths: impl Iterator<Item = AccessPath>) -> AccessPath {
        paths.max().unwrap_or(AccessPath::Index)
    }

    /// The word for it, in JSON.
    pub fn name(self) -> &'static str {
        match self {
            AccessPath::Index => "index",
            AccessPath::Unknown => "unknown",
            AccessPath::Scan => "scan",
        }
    }
}

/// How a query could be carried out, and how it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccessPaths {
    /// What the planner could do with sequential scans switched off.
    pub capability: AccessPath,
    /// What it chooses for the samples' values.
    pub choice: AccessPath,
    /// What it chooses without knowing the values.
    pub generic: AccessPath,
}

/// Times of many executions of the prepared statement, from the first byte sent to the last row received.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Latency {
    /// How many executions.
    pub executions: usize,
    /// The median, in milliseconds.
    pub p50_ms: f64,
    /// The 95th percentile.
    pub p95_ms: f64,
    /// The 99th percentile.
    pub p99_ms: f64,
    /// The longest.
    pub max_ms: f64,
}

impl Latency {
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
#[derive(Debug, Clone, PartialEq)]
pub struct Measurements {
    /// One for each execution that was measured, in the order of the ids.
    pub samples: Vec<SampleRun>,
    /// The figures over all samples.
    pub figures: SampleFigures,
    /// The longest the median may be, in milliseconds; `None` where time isn't judged.
    pub budget_ms: Option<f64>,
    /// How its tables are reached.
    pub shape: AccessPaths,
    /// Times at the client; `None` when it was too slow to be run again.
    pub latency: Option<Latency>,
    /// What its indexes buy, when that was to be proven.
    pub proofs: Vec<IndexProof>,
    /// The pages that the median's plan needs, from the indexes' sizes and the rows fetched; `None` where that can't be told.
    pub bound: Option<u64>,
    /// Why fewer samples were taken than asked for.
    pub stopped: Option<String>,
    /// The plan of the sample whose time is the median, as EXPLAIN gave it.
    pub plan: Value,
    /// The plan without knowing the values.
    pub generic_plan: Value,
}

/// One measured execution.
#[derive(Debug, Clone, PartialEq)]
pub struct SampleRun {
    /// Each parameter's name and value.
    pub parameters: Vec<(String, Value)>,
    /// EXPLAIN's Execution Time.
    pub execution_ms: f64,
    /// EXPLAIN's Planning Time.
    pub planning_ms: f64,
    /// Pages touched.
    pub buffers: u64,
    /// Rows given.
    pub rows: f64,
    /// Indexes used.
    pub indexes: Vec<String>,
    /// Its plan, as EXPLAIN gave it.
    pub plan: Value,
}

/// SampleFigures over a query's samples.
#[derive(Debug, Clone, PartialEq)]
pub struct SampleFigures {
    /// The median of the execution times.
    pub p50_ms: f64,
    /// The 95th percentile of the execution times.
    pub p95_ms: f64,
    /// The longest execution time.
    pub max_ms: f64,
    /// The median of the pages touched.
    pub buffers: u64,
    /// The median of the rows given.
    pub rows: f64,
    /// The indexes used by any sample.
    pub indexes: Vec<String>,
}

impl SampleFigures {
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
    fn percentiles_are_of_the_nearest_rank() {
        let twenty: Vec<u64> = (1..=20).collect();
        assert_eq!(percentile(&twenty, 50), 10);
        assert_eq!(percentile(&twenty, 95), 19);
        assert_eq!(percentile(&twenty, 100), 20);
        assert_eq!(percentile(&[7_u64], 50), 7);
        assert_eq!(percentile::<u64>(&[], 95), 0);
    }
}
