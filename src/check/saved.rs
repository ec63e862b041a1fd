//! A check as JSON: what `seedrow check --format json` and `--save FILE` write, and what `seedrow compare` reads.
//!
//! These types are the only description of that JSON; `data/check.schema.json` is generated from them. Fields are added, never renamed, and all but a check's name have defaults, so that files of older versions are read, and
//! what newer ones add is ignored.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::conditions::CheckConditions;
use super::finding::{Finding, Severity, Verdict};
use super::measurement::{Measurements, SampleRun};
use super::report::{Check, CheckReport, KeyCoverage, SkippedCheck, Subject};
use crate::postgres::statistics::TableStatistics;

/// The newest arrangement of the file that this version understands. Adding a field makes no new one.
pub const FORMAT: u64 = 1;

/// The result of a check of one database. Fields may be added; those described here stay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct SavedReport {
    /// How the file is arranged; added fields make no new one.
    #[serde(default = "first_format")]
    #[cfg_attr(test, schemars(extend("const" = FORMAT)))]
    pub format: u64,
    /// The worst of all checks; unchecked when there are none.
    #[serde(default)]
    pub verdict: Verdict,
    /// The version that checked.
    #[serde(default)]
    pub seedrow: String,
    /// Server and database, without a password.
    #[serde(default)]
    pub target: String,
    /// The server's version.
    #[serde(default)]
    pub server_version: String,
    /// The dataset whose queries were run; null for a database without one.
    #[serde(default)]
    pub dataset: Option<String>,
    /// When it was checked, and how; null in files of versions that didn't keep it.
    #[serde(default)]
    pub conditions: Option<CheckConditions>,
    /// The server's settings that plans depend on.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "std::collections::BTreeMap<String, String>"))]
    pub settings: Map<String, Value>,
    /// The checks: foreign keys, schema, the keys' lookups, queries.
    pub checks: Vec<SavedCheck>,
    /// What was left out, and why.
    #[serde(default)]
    pub skipped: Vec<SkippedCheck>,
    /// What the planner knows of the tables, without their values; only `--save` keeps it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub statistics: Vec<TableStatistics>,
}

fn first_format() -> u64 {
    1
}

/// One check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct SavedCheck {
    /// foreign-keys, schema, skus(style_id) for a lookup, or a query file's stem.
    pub name: String,
    /// What was checked.
    #[serde(default)]
    pub kind: SavedKind,
    /// The worst of its findings.
    #[serde(default)]
    pub verdict: Verdict,
    /// What was found.
    #[serde(default)]
    pub findings: Vec<SavedFinding>,
    /// What was found and doesn't count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waived: Vec<SavedWaived>,
    /// Of the foreign keys.
    #[serde(flatten)]
    pub foreign_keys: Option<SavedForeignKeys>,
    /// Of the schema.
    #[serde(flatten)]
    pub schema: Option<SavedSchema>,
    /// Of a lookup or a query that was executed.
    #[serde(flatten, deserialize_with = "measured")]
    pub measured: Option<Measurements>,
}

/// What a check is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum SavedKind {
    /// The database's foreign keys.
    ForeignKeys,
    /// The database's schema.
    Schema,
    /// The lookup of a foreign key.
    Lookup,
    /// A query.
    #[default]
    Query,
    /// A kind that a newer version writes.
    #[serde(other)]
    #[cfg_attr(test, schemars(skip))]
    Other,
}

/// The figures of a check of the foreign keys.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SavedForeignKeys {
    /// Foreign keys with an index.
    pub covered: usize,
    /// Foreign keys.
    pub total: usize,
    /// Each of them.
    pub keys: Vec<KeyCoverage>,
}

/// The figures of a check of the schema.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SavedSchema {
    /// The dataset or file that the schema was compared with; null for none.
    pub against: Option<String>,
    /// How many tables were compared.
    pub tables: usize,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SavedFinding {
    /// The rule's id.
    #[cfg_attr(test, schemars(extend("enum" = super::rules::all_rules().collect::<Vec<_>>())))]
    pub rule: String,
    /// How severe it is.
    pub severity: Severity,
    /// What it was found on, as waivers name it.
    pub on: String,
    /// What was seen.
    pub message: String,
    /// What helps, commands included.
    pub help: String,
}

/// A finding that doesn't count.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SavedWaived {
    /// What was found.
    #[serde(flatten)]
    pub finding: SavedFinding,
    /// Why it doesn't count.
    pub reason: String,
}

/// The measurements of a check that has samples. A plain flattened option would take a mistake in them for their absence.
fn measured<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Measurements>, D::Error> {
    let fields = Map::deserialize(deserializer)?;
    if !fields.contains_key("samples") {
        return Ok(None);
    }
    let measured = Measurements::deserialize(Value::Object(fields));
    measured.map(Some).map_err(serde::de::Error::custom)
}

impl SavedReport {
    /// A report with the plan of every execution.
    pub fn of(report: &CheckReport) -> SavedReport {
        let settings = report.settings.iter();
        SavedReport {
            format: FORMAT,
            verdict: report.verdict(),
            seedrow: env!("CARGO_PKG_VERSION").to_owned(),
            target: report.target.clone(),
            server_version: report.server_version.clone(),
            dataset: report.dataset.clone(),
            conditions: Some(report.conditions.clone()),
            settings: settings
                .map(|(name, value)| (name.clone(), value.as_str().into()))
                .collect(),
            checks: report.checks.iter().map(SavedCheck::of).collect(),
            skipped: report.skipped.clone(),
            statistics: Vec::new(),
        }
    }

    /// Adds the statistics of the tables.
    pub fn with_statistics(self, statistics: Vec<TableStatistics>) -> SavedReport {
        SavedReport { statistics, ..self }
    }

    /// Keeps the plan of each check's median execution alone.
    pub fn without_sample_plans(mut self) -> SavedReport {
        let measured = self.checks.iter_mut().filter_map(|it| it.measured.as_mut());
        for sample in measured.flat_map(|it| &mut it.samples) {
            sample.plan = None;
        }
        self
    }

    /// Reads a file; an error names it.
    pub fn open(path: &Path) -> Result<SavedReport> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("could not read {}", path.display()))?;
        SavedReport::parse(&text)
            .with_context(|| format!("could not understand {}", path.display()))
    }

    /// Reads a file's text.
    pub fn parse(text: &str) -> Result<SavedReport> {
        let saved: SavedReport = serde_json::from_str(text)
            .context("it is no check as `seedrow check --save` keeps it")?;
        ensure!(
            saved.format <= FORMAT,
            "a newer seedrow ({}) wrote it; update this one",
            saved.seedrow
        );
        Ok(saved)
    }

    /// The checks that were measured: queries and lookups.
    pub fn measured(&self) -> impl Iterator<Item = &SavedCheck> {
        self.checks.iter().filter(|it| !it.samples().is_empty())
    }
}

impl SavedCheck {
    fn of(check: &Check) -> SavedCheck {
        let (foreign_keys, schema) = match &check.subject {
            Subject::ForeignKeys {
                covered,
                total,
                keys,
            } => {
                let (covered, total, keys) = (*covered, *total, keys.clone());
                let figures = SavedForeignKeys {
                    covered,
                    total,
                    keys,
                };
                (Some(figures), None)
            }
            Subject::Schema { against, tables } => {
                let (against, tables) = (against.clone(), *tables);
                (None, Some(SavedSchema { against, tables }))
            }
            Subject::Lookup(_) | Subject::Query(_) => (None, None),
        };
        let finding = |it: &Finding| SavedFinding {
            rule: it.rule.to_owned(),
            severity: it.severity,
            on: it.on.as_ref().unwrap_or(&check.name).clone(),
            message: it.message.clone(),
            help: it.help.clone(),
        };
        let waived = check.waived.iter().map(|it| SavedWaived {
            finding: finding(&it.finding),
            reason: it.reason.clone(),
        });
        SavedCheck {
            name: check.name.clone(),
            kind: SavedKind::of(&check.subject),
            verdict: check.verdict(),
            findings: check.findings.iter().map(finding).collect(),
            waived: waived.collect(),
            foreign_keys,
            schema,
            measured: check.subject.measured().cloned(),
        }
    }

    /// The measured executions; none where it could not be executed.
    pub fn samples(&self) -> &[SampleRun] {
        let measured = self.measured.as_ref();
        measured.map_or(&[], |measured| &measured.samples)
    }

    /// EXPLAIN's plan of the median execution, where the file has it.
    pub fn plan(&self) -> Option<&Value> {
        let plan = &self.measured.as_ref()?.plan;
        (!plan.is_null()).then_some(plan)
    }
}

impl SavedKind {
    fn of(subject: &Subject) -> SavedKind {
        match subject {
            Subject::ForeignKeys { .. } => SavedKind::ForeignKeys,
            Subject::Schema { .. } => SavedKind::Schema,
            Subject::Lookup(_) => SavedKind::Lookup,
            Subject::Query(_) => SavedKind::Query,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_first_version_kept_is_read() {
        let text = r#"{"verdict": "pass", "checks": [{"name": "styles", "verdict": "pass",
            "samples": [{"parameters": {"id": 5}, "execution_ms": 0.1, "planning_ms": 0.2, "buffers": 9, "rows": 1}],
            "plan": {"Plan": {"Node Type": "Result"}}}]}"#;
        let saved = SavedReport::parse(text).unwrap();
        assert_eq!((saved.format, saved.measured().count()), (1, 1));
        assert_eq!(saved.checks[0].kind, SavedKind::Query);
        assert_eq!(
            saved.checks[0].plan().unwrap()["Plan"]["Node Type"],
            "Result"
        );
    }

    #[test]
    fn what_a_newer_version_adds_is_ignored() {
        let text = r#"{"format": 1, "new": [], "checks": [{"name": "a", "newer": 1, "kind": "index-advice"}]}"#;
        let saved = SavedReport::parse(text).unwrap();
        assert_eq!(saved.measured().count(), 0);
        assert_eq!(saved.checks[0].kind, SavedKind::Other);
    }

    #[test]
    fn another_arrangement_and_other_files_are_refused() {
        let error = |text| format!("{:#}", SavedReport::parse(text).unwrap_err());
        let newer = error(r#"{"format": 2, "seedrow": "9.1.0", "checks": []}"#);
        assert_eq!(newer, "a newer seedrow (9.1.0) wrote it; update this one");
        let other = "it is no check as `seedrow check --save` keeps it";
        assert!(error("{}").starts_with(other));
        // Samples without times aren't taken for a check without samples.
        assert!(
            error(r#"{"checks": [{"name": "a", "samples": [{"rows": 1}]}]}"#).starts_with(other)
        );
    }

    #[test]
    fn a_file_of_the_first_version_is_read_whole() {
        let first = include_str!("../../tests/fixtures/saved/format-1.json");
        let first = SavedReport::parse(first).unwrap();
        assert_eq!(first.measured().count(), 2);
        assert_eq!(first.checks[0].foreign_keys.as_ref().unwrap().total, 1);
    }
}
