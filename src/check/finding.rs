//! What checks come to: findings with what to type, figures, and verdicts.

use serde_json::Value;

/// Something that a check found: a rule's stable id, what it saw, and what to type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// A stable kebab-case id: `seq-scan`, `fk-not-indexed`, …
    pub rule: &'static str,
    /// How grave it is.
    pub severity: Severity,
    /// What was seen, in one sentence.
    pub message: String,
    /// What to type to mend it, or to see more.
    pub help: String,
}

/// The rules that a query can break, and that its header can waive.
pub const QUERY_RULES: &[&str] = &[
    "seq-scan",
    "over-budget",
    "index-not-used",
    "over-buffers",
    "over-rows",
    "no-rows",
    "not-an-integer",
    "outside-schema",
];

/// A finding that a query's header takes for granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waived {
    /// What was found.
    pub finding: Finding,
    /// Why it doesn't count.
    pub reason: String,
}

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// It doesn't hold.
    Fail,
    /// It holds, but not by much.
    Warn,
    /// It could not be judged.
    Unchecked,
}

/// What a check, or all of them, came to; the gravest is the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It holds.
    Pass,
    /// It holds, but not by much.
    Warn,
    /// It could not be judged.
    Unchecked,
    /// It doesn't hold.
    Fail,
}

impl Verdict {
    /// The word for it, in text and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Warn => "warn",
            Verdict::Unchecked => "unchecked",
            Verdict::Fail => "fail",
        }
    }
}

impl From<Severity> for Verdict {
    fn from(severity: Severity) -> Verdict {
        match severity {
            Severity::Fail => Verdict::Fail,
            Severity::Warn => Verdict::Warn,
            Severity::Unchecked => Verdict::Unchecked,
        }
    }
}

/// One check: the foreign keys, or one query.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// `foreign-keys`, or the query file's stem.
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
    },
    /// A query, with its measurements when it could be run.
    Query(Option<Measured>),
}

/// A query's measurements.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// One for each execution that was measured, in the order of the ids.
    pub samples: Vec<Sample>,
    /// The figures over all samples.
    pub figures: Figures,
    /// The longest the median may be, in milliseconds.
    pub budget_ms: f64,
    /// Why fewer samples were taken than asked for.
    pub stopped: Option<String>,
    /// The plan of the sample whose time is the median, as EXPLAIN gave it.
    pub plan: Value,
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
    /// The foreign keys first, then the queries in their order.
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
