//! The result of all checks: each with its findings, its measurements and a verdict.

use serde::{Deserialize, Serialize};

use super::conditions::CheckConditions;
use super::finding::{Finding, Verdict, WaivedFinding};
use super::measurement::Measurements;
use crate::dataset::Waiver;

/// One check: the foreign keys, the schema, one foreign key's lookup, or one query.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// `foreign-keys`, `schema`, `skus(style_id)` for a lookup, or the query file's stem.
    pub name: String,
    /// What it checked, with figures.
    pub subject: Subject,
    /// Its findings, by rule and object.
    pub findings: Vec<Finding>,
    /// Its waived findings.
    pub waived: Vec<WaivedFinding>,
}

impl Check {
    /// The verdict of its most severe finding.
    pub fn verdict(&self) -> Verdict {
        let verdicts = self.findings.iter().map(|finding| finding.severity.into());
        verdicts.max().unwrap_or(Verdict::Pass)
    }

    /// Moves waived findings to `waived`; `used` is called for each waiver that applies.
    pub fn waive(&mut self, waivers: &[Waiver], home: &str, used: &mut impl FnMut(&Waiver)) {
        let (mut counted, mut waived) = (Vec::new(), Vec::new());
        for finding in std::mem::take(&mut self.findings) {
            let on = finding.on.as_ref().unwrap_or(&self.name);
            match waivers.iter().find(|it| it.covers(finding.rule, on, home)) {
                Some(waiver) => {
                    used(waiver);
                    waived.push(WaivedFinding {
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

/// What a check is about.
#[derive(Debug, Clone, PartialEq)]
pub enum Subject {
    /// The database's foreign keys.
    ForeignKeys {
        /// How many an index covers.
        covered: usize,
        /// How many there are.
        total: usize,
        /// Each of them, by table and columns.
        keys: Vec<KeyCoverage>,
    },
    /// The lookup of a foreign key, with its measurements when it could be run.
    Lookup(Option<Measurements>),
    /// A query, with its measurements when it could be run.
    Query(Option<Measurements>),
    /// The database's schema.
    Schema {
        /// What it was compared with: a dataset's name or a file; `None` when only its own integrity was checked.
        against: Option<String>,
        /// How many tables were compared.
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
    pub fn measured(&self) -> Option<&Measurements> {
        match self {
            Subject::Lookup(measured) | Subject::Query(measured) => measured.as_ref(),
            Subject::ForeignKeys { .. } | Subject::Schema { .. } => None,
        }
    }
}

/// A foreign key and whether an index covers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(deny_unknown_fields))]
pub struct KeyCoverage {
    /// skus(style_id) → styles(id)
    pub key: String,
    /// COVERED, PREFIX_ONLY, NON_LEADING, PARTIAL, INVALID, UNCOVERED or WAIVED.
    #[cfg_attr(test, schemars(extend("enum" = crate::index::CoverageVerdict::NAMES)))]
    pub verdict: String,
    /// The index, or what is missing.
    pub reason: String,
    /// The index that covers it, or comes near, unquoted; null where there is none, or one on each partition.
    #[serde(default)]
    pub index: Option<String>,
    /// Its bytes on disk; those of the partitions' indexes for a partitioned table.
    #[serde(default)]
    pub index_bytes: Option<u64>,
    /// Whether the planner, asked for Postgres' own lookup, took an index for every column; null where it wasn't asked.
    pub planner: Option<bool>,
}

/// A query that was left out, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(deny_unknown_fields))]
pub struct SkippedCheck {
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
    /// When it was checked, and how.
    pub conditions: CheckConditions,
    /// The server's settings that plans depend on, by name.
    pub settings: Vec<(String, String)>,
    /// The foreign keys first, then the schema, the keys' lookups, and the queries in their order.
    pub checks: Vec<Check>,
    /// The queries that were left out.
    pub skipped: Vec<SkippedCheck>,
}

impl Check {
    /// Whether there was anything that it could have found something on.
    pub fn judged_something(&self) -> bool {
        let judged = match &self.subject {
            Subject::ForeignKeys { total, .. } => *total > 0,
            Subject::Schema { tables, .. } => *tables > 0,
            Subject::Lookup(_) | Subject::Query(_) => true,
        };
        judged || !self.findings.is_empty() || !self.waived.is_empty()
    }
}

impl Subject {
    /// What it would need.
    pub fn lacking(&self) -> &'static str {
        match self {
            Subject::ForeignKeys { .. } => "there is no foreign key",
            Subject::Schema { .. } => "there is no table",
            Subject::Lookup(_) | Subject::Query(_) => "there is no query",
        }
    }
}

impl CheckReport {
    /// The most severe verdict of all checks; unchecked when there is none.
    pub fn verdict(&self) -> Verdict {
        let verdicts = self.checks.iter().map(Check::verdict);
        verdicts.max().unwrap_or(Verdict::Unchecked)
    }

    /// How many foreign keys have an index, and of how many; `None` where they weren't looked at.
    pub fn coverage(&self) -> Option<(usize, usize)> {
        self.checks.iter().find_map(|check| match check.subject {
            Subject::ForeignKeys { covered, total, .. } => Some((covered, total)),
            _ => None,
        })
    }

    /// How many cases have this verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        let cases = self.cases();
        cases.iter().filter(|it| it.verdict() == verdict).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::finding::Severity;

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
