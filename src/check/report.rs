//! What checks come to: each with its findings and figures, and a verdict.

use serde_json::Value;

use super::finding::{Finding, Verdict, Waived};
use crate::dataset::Waiver;

/// One check: the foreign keys, the schema, one foreign key's lookup, or one query.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// `foreign-keys`, `schema`, `skus(style_id)` for a lookup, or the query file's stem.
    pub name: String,
    /// What it looked at, with figures.
    pub subject: Subject,
    /// What it found, by rule and place.
    pub findings: Vec<Finding>,
    /// What it found and doesn't count.
    pub waived: Vec<Waived>,
}

impl Check {
    /// The gravest of its findings.
    pub fn verdict(&self) -> Verdict {
        let verdicts = self.findings.iter().map(|finding| finding.severity.into());
        verdicts.max().unwrap_or(Verdict::Pass)
    }

    /// Sets the findings aside that a waiver speaks of; `used` is told of each such waiver.
    pub fn waive(&mut self, waivers: &[Waiver], home: &str, used: &mut impl FnMut(&Waiver)) {
        let (mut counted, mut waived) = (Vec::new(), Vec::new());
        for finding in std::mem::take(&mut self.findings) {
            let on = finding.on.as_ref().unwrap_or(&self.name);
            match waivers.iter().find(|it| it.covers(finding.rule, on, home)) {
                Some(waiver) => {
                    used(waiver);
                    waived.push(Waived {
                        finding,
                        reason: waiver.reason.clone(),
                    });
                }
                None => counted.push(finding),
            }
        }
        self.findings = counted;
        self.waived.extend(waived);
    }
}

/// What a check looked at.
#[derive(Debug, Clone, PartialEq)]
pub enum Subject {
    /// The database's foreign keys.
    ForeignKeys {
        /// How many an index covers.
        covered: usize,
        /// How many there are.
        total: usize,
        /// Each of them, by table and columns.
        keys: Vec<KeyVerdict>,
    },
    /// The lookup of a foreign key, with its measurements when it could be run.
    Lookup(Option<Measured>),
    /// A query, with its measurements when it could be run.
    Query(Option<Measured>),
    /// The database's schema.
    Schema {
        /// What it was held against: a dataset's name or a file; `None` for nothing but itself.
        against: Option<String>,
        /// How many tables were looked at.
        tables: usize,
    },
}

impl Subject {
    /// The word for it, in JSON.
    pub fn kind(&self) -> &'static str {
        match self {
            Subject::ForeignKeys { .. } => "foreign-keys",
            Subject::Lookup(_) => "lookup",
            Subject::Query(_) => "query",
            Subject::Schema { .. } => "schema",
        }
    }

    /// The measurements of a lookup or a query.
    pub fn measured(&self) -> Option<&Measured> {
        match self {
            Subject::Lookup(measured) | Subject::Query(measured) => measured.as_ref(),
            Subject::ForeignKeys { .. } | Subject::Schema { .. } => None,
        }
    }
}

/// A foreign key and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyVerdict {
    /// `skus(style_id) → styles(id)`
    pub key: String,
    /// COVERED, PREFIX_ONLY, NON_LEADING, PARTIAL, INVALID, UNCOVERED or WAIVED.
    pub verdict: &'static str,
    /// Why, in a few words.
    pub reason: String,
    /// Whether the planner, asked for Postgres' own lookup, took an index for every column; `None` where it wasn't asked.
    pub planner: Option<bool>,
}

/// What dropping one index does to a check.
#[derive(Debug, Clone, PartialEq)]
pub struct Proof {
    /// `skus(style_id)`
    pub index: String,
    /// The index' name.
    pub name: String,
    /// The median time and pages with it.
    pub with: (f64, u64),
    /// The median time and pages without it; `None` when it was cut off.
    pub without: Option<(f64, u64)>,
    /// What fails without it, as it should; `None` when all stays green.
    pub fails: Option<Control>,
}

/// The check that fails without an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// The read's own plan, pages or time.
    Plan,
    /// The coverage of the foreign key that is looked up; its plan stays green, since little is read either way.
    Coverage,
}

impl Control {
    /// The word for it, in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Control::Plan => "plan",
            Control::Coverage => "coverage",
        }
    }
}

/// How a query reaches the tables that aren't small.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// By indexes alone.
    Index,
    /// The plan has a node whose reads aren't known.
    Unknown,
    /// One of them at least is read from end to end.
    Scan,
}

impl Access {
    /// The worst of several plans; by indexes alone when there is none.
    pub fn worst(accesses: impl Iterator<Item = Access>) -> Access {
        accesses.max().unwrap_or(Access::Index)
    }

    /// The word for it, in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Access::Index => "index",
            Access::Unknown => "unknown",
            Access::Scan => "scan",
        }
    }
}

/// How a query could be carried out, and how it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// What the planner could do with sequential scans switched off.
    pub capability: Access,
    /// What it chooses for the samples' values.
    pub choice: Access,
    /// What it chooses without knowing the values.
    pub generic: Access,
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
pub struct Measured {
    /// One for each execution that was measured, in the order of the ids.
    pub samples: Vec<Sample>,
    /// The figures over all samples.
    pub figures: Figures,
    /// The longest the median may be, in milliseconds; `None` where time isn't judged.
    pub budget_ms: Option<f64>,
    /// How its tables are reached.
    pub shape: Shape,
    /// Times at the client; `None` when it was too slow to be run again.
    pub latency: Option<Latency>,
    /// What its indexes buy, when that was to be proven.
    pub proofs: Vec<Proof>,
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
pub struct Sample {
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

/// Figures over a query's samples.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
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

impl Figures {
    /// Over at least one sample; none give zeros.
    pub fn of(samples: &[Sample]) -> Figures {
        let times = sorted(samples.iter().map(|s| s.execution_ms));
        let mut indexes: Vec<String> = Vec::new();
        for index in samples.iter().flat_map(|s| &s.indexes) {
            if !indexes.contains(index) {
                indexes.push(index.clone());
            }
        }
        let mut buffers: Vec<u64> = samples.iter().map(|s| s.buffers).collect();
        buffers.sort_unstable();
        Figures {
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

/// A query that was left out, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The query file's stem.
    pub name: String,
    /// Why.
    pub reason: String,
}

/// All checks of one database.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckReport {
    /// The target, for messages; never a password.
    pub target: String,
    /// The server's version, as it writes it.
    pub server_version: String,
    /// The schema that names are given without.
    pub home: String,
    /// The dataset whose queries were run; `None` for a database without.
    pub dataset: Option<String>,
    /// The server's settings that plans depend on, by name.
    pub settings: Vec<(String, String)>,
    /// The foreign keys first, then the schema, the keys' lookups, and the queries in their order.
    pub checks: Vec<Check>,
    /// The queries that were left out.
    pub skipped: Vec<Skipped>,
}

impl CheckReport {
    /// The gravest of all checks; without any, nothing is proven.
    pub fn verdict(&self) -> Verdict {
        let verdicts = self.checks.iter().map(Check::verdict);
        verdicts.max().unwrap_or(Verdict::Unchecked)
    }

    /// How many checks came to this.
    pub fn count(&self, verdict: Verdict) -> usize {
        let same = self.checks.iter().filter(|c| c.verdict() == verdict);
        same.count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::finding::Severity;

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let twenty: Vec<u64> = (1..=20).collect();
        assert_eq!(percentile(&twenty, 50), 10);
        assert_eq!(percentile(&twenty, 95), 19);
        assert_eq!(percentile(&twenty, 100), 20);
        assert_eq!(percentile(&[7_u64], 50), 7);
        assert_eq!(percentile::<u64>(&[], 95), 0);
    }

    #[test]
    fn the_gravest_finding_decides() {
        let finding = |severity| Finding {
            rule: "r",
            severity,
            on: None,
            message: String::new(),
            help: String::new(),
        };
        let check = |severities: &[Severity]| Check {
            name: "q".into(),
            subject: Subject::Query(None),
            findings: severities.iter().copied().map(finding).collect(),
            waived: Vec::new(),
        };
        assert_eq!(check(&[]).verdict(), Verdict::Pass);
        assert_eq!(check(&[Severity::Warn]).verdict(), Verdict::Warn);
        let both = check(&[Severity::Fail, Severity::Unchecked]);
        assert_eq!(both.verdict(), Verdict::Fail);
        let all = [Severity::Warn, Severity::Unchecked];
        assert_eq!(check(&all).verdict(), Verdict::Unchecked);
    }
}
