//! A report as its cases: one a foreign key, with its coverage and its lookup, one a query, and the schema. These are what is
//! counted, so that the counts add up.

use std::collections::{HashMap, HashSet};

use super::finding::{Finding, Verdict};
use super::measurement::Measurements;
use super::report::{Check, CheckReport, KeyCoverage, SkippedCheck, Subject};

/// Between a key's own columns and those that it refers to.
const ARROW: &str = " → ";

/// What a case is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CaseKind {
    /// A foreign key: an index covers it, and its lookup uses that.
    ForeignKey,
    /// A query.
    Query,
    /// The schema.
    Schema,
}

impl CaseKind {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            CaseKind::ForeignKey => "foreign-key",
            CaseKind::Query => "query",
            CaseKind::Schema => "schema",
        }
    }
}

/// One thing that holds or doesn't.
#[derive(Debug, Clone)]
pub struct Case<'r> {
    /// `skus(style_id)`, a query's name, or `schema`. Two foreign keys of the same columns are told apart by what they refer to.
    pub name: String,
    /// What it is.
    pub kind: CaseKind,
    /// The check's findings about it.
    pub findings: Vec<&'r Finding>,
    /// The read that was measured.
    pub measured: Option<&'r Measurements>,
}

impl Case<'_> {
    /// The verdict of its most severe finding.
    pub fn verdict(&self) -> Verdict {
        let verdicts = self.findings.iter().map(|finding| finding.severity.into());
        verdicts.max().unwrap_or(Verdict::Pass)
    }
}

impl CheckReport {
    /// All cases: foreign keys, queries, the schema.
    pub fn cases(&self) -> Vec<Case<'_>> {
        let mut cases: Vec<Case<'_>> = Vec::new();
        let mut of_columns = HashMap::new();
        for check in &self.checks {
            match &check.subject {
                Subject::ForeignKeys { keys, .. } => {
                    add_keys(&mut cases, &mut of_columns, check, keys);
                }
                Subject::Lookup(measured) => {
                    add_lookup(&mut cases, &mut of_columns, check, measured.as_ref());
                }
                Subject::Query(measured) => cases.push(Case {
                    name: check.name.clone(),
                    kind: CaseKind::Query,
                    findings: check.findings.iter().collect(),
                    measured: measured.as_ref(),
                }),
                Subject::Schema { .. } => cases.push(Case {
                    name: check.name.clone(),
                    kind: CaseKind::Schema,
                    findings: check.findings.iter().collect(),
                    measured: None,
                }),
            }
        }
        cases.sort_by_key(|case| case.kind);
        cases
    }
}

impl CheckReport {
    /// What was skipped and is no part of a case either: a key whose lookup was skipped is judged by its coverage.
    pub fn left_out(&self) -> Vec<&SkippedCheck> {
        let cases = self.cases();
        let cases: HashSet<&str> = cases.iter().map(|case| case.name.as_str()).collect();
        let skipped = self.skipped.iter();
        skipped
            .filter(|it| !cases.contains(it.name.as_str()))
            .collect()
    }
}

/// The place of the first case about a table's columns, by the name that a lookup of them has: a database may have thousands.
type CaseOfColumns<'r> = HashMap<&'r str, usize>;

/// A case for each key; findings about none of them, and a check without keys, are a case of their own.
fn add_keys<'r>(
    cases: &mut Vec<Case<'r>>,
    of_columns: &mut CaseOfColumns<'r>,
    check: &'r Check,
    keys: &'r [KeyCoverage],
) {
    let mut left: Vec<&Finding> = check.findings.iter().collect();
    let first = cases.len();
    let mut twins: HashMap<&str, usize> = HashMap::new();
    for key in keys {
        *twins.entry(key.columns()).or_default() += 1;
    }
    for key in keys {
        let short = key.columns();
        let is_twin = twins[short] > 1;
        let is_about = |finding: &&Finding| {
            let on = finding.on.as_deref();
            match is_twin {
                true => {
                    on == Some(short) && finding.message.contains(&key.key) || on == Some(&key.key)
                }
                false => on == Some(short) || on == Some(&key.key),
            }
        };
        let (own, others) = left.into_iter().partition(is_about);
        left = others;
        of_columns.entry(short).or_insert(cases.len());
        cases.push(Case {
            name: if is_twin {
                key.key.clone()
            } else {
                short.to_owned()
            },
            kind: CaseKind::ForeignKey,
            findings: own,
            measured: None,
        });
    }
    if !left.is_empty() || cases.len() == first {
        cases.push(Case {
            name: check.name.clone(),
            kind: CaseKind::ForeignKey,
            findings: left,
            measured: None,
        });
    }
}

/// A lookup belongs to its key; without coverage, or where several keys have it, the first has it.
fn add_lookup<'r>(
    cases: &mut Vec<Case<'r>>,
    of_columns: &mut CaseOfColumns<'r>,
    check: &'r Check,
    measured: Option<&'r Measurements>,
) {
    let short = check.name.split(ARROW).next().unwrap_or(&check.name);
    match of_columns.get(short) {
        Some(&at) => {
            let key = &mut cases[at];
            key.findings.extend(&check.findings);
            key.measured = measured;
        }
        None => {
            of_columns.insert(short, cases.len());
            cases.push(Case {
                name: check.name.clone(),
                kind: CaseKind::ForeignKey,
                findings: check.findings.iter().collect(),
                measured,
            });
        }
    }
}

impl KeyCoverage {
    /// Its table and columns: `skus(style_id)`.
    pub fn columns(&self) -> &str {
        self.key.split(ARROW).next().unwrap_or(&self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::conditions::CheckConditions;
    use crate::check::finding::Severity;

    fn finding(on: Option<&str>, message: &str) -> Finding {
        Finding {
            rule: "fk-not-indexed",
            severity: Severity::Fail,
            on: on.map(str::to_owned),
            message: message.to_owned(),
            help: String::new(),
        }
    }

    fn key(key: &str) -> KeyCoverage {
        KeyCoverage {
            key: key.to_owned(),
            verdict: "COVERED".into(),
            reason: String::new(),
            index: None,
            index_bytes: None,
            planner: None,
        }
    }

    fn check(name: &str, subject: Subject, findings: Vec<Finding>) -> Check {
        Check {
            name: name.to_owned(),
            subject,
            findings,
            waived: Vec::new(),
        }
    }

    fn report(checks: Vec<Check>) -> CheckReport {
        CheckReport {
            target: String::new(),
            server_version: String::new(),
            home: "public".into(),
            dataset: None,
            conditions: CheckConditions::default(),
            settings: Vec::new(),
            checks,
            skipped: Vec::new(),
        }
    }

    #[test]
    fn a_key_is_one_case_with_its_coverage_and_its_lookup() {
        let keys = vec![key("a(b) → b(id)"), key("a(c) → c(id)")];
        let coverage = Subject::ForeignKeys {
            covered: 1,
            total: 2,
            keys,
        };
        let uncovered = finding(Some("a(b)"), "no index serves the foreign key a(b) → b(id)");
        let report = report(vec![
            check("foreign-keys", coverage, vec![uncovered]),
            check(
                "schema",
                Subject::Schema {
                    against: None,
                    tables: 2,
                },
                vec![],
            ),
            check("a(b)", Subject::Lookup(None), vec![finding(None, "a scan")]),
            check("a(c)", Subject::Lookup(None), vec![]),
            check("q", Subject::Query(None), vec![]),
        ]);
        let cases = report.cases();
        let shown: Vec<_> = cases
            .iter()
            .map(|case| (case.name.as_str(), case.kind, case.findings.len()))
            .collect();
        let expected = [
            ("a(b)", CaseKind::ForeignKey, 2),
            ("a(c)", CaseKind::ForeignKey, 0),
            ("q", CaseKind::Query, 0),
            ("schema", CaseKind::Schema, 0),
        ];
        assert_eq!(shown, expected);
        assert_eq!(
            (report.count(Verdict::Fail), report.count(Verdict::Pass)),
            (1, 3)
        );
    }

    #[test]
    fn keys_of_the_same_columns_are_told_apart_and_no_keys_are_a_case() {
        let keys = vec![key("a(b) → b(id)"), key("a(b) → c(id)")];
        let coverage = Subject::ForeignKeys {
            covered: 0,
            total: 2,
            keys,
        };
        let uncovered = finding(Some("a(b)"), "no index serves the foreign key a(b) → c(id)");
        let twins = report(vec![check("foreign-keys", coverage, vec![uncovered])]);
        let shown = twins.cases();
        assert_eq!(shown[0].name, "a(b) → b(id)");
        assert_eq!((shown[0].findings.len(), shown[1].findings.len()), (0, 1));
        let none = Subject::ForeignKeys {
            covered: 0,
            total: 0,
            keys: Vec::new(),
        };
        let none = report(vec![check("foreign-keys", none, vec![])]);
        assert_eq!(none.cases()[0].name, "foreign-keys");
    }
}
