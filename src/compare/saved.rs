//! A check as a file keeps it: what `seedrow check --save FILE` and `--format json` write.
//!
//! Every field but the names has a default, so that files of older versions are read, and what newer ones add is passed over.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::{Map, Value};

/// The newest arrangement of the file that this version understands. Adding a field makes no new one.
pub const FORMAT: u64 = 1;

/// A check of one database.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Saved {
    /// How the file is arranged.
    #[serde(default = "first")]
    pub format: u64,
    /// The version of seedrow that checked.
    #[serde(default)]
    pub seedrow: String,
    /// Server and database.
    #[serde(default)]
    pub target: String,
    /// The server's version.
    #[serde(default)]
    pub server_version: String,
    /// The dataset's name; `None` for a database without.
    #[serde(default)]
    pub dataset: Option<String>,
    /// The server's settings that plans depend on.
    #[serde(default)]
    pub settings: Map<String, Value>,
    /// The checks.
    pub checks: Vec<SavedCheck>,
}

fn first() -> u64 {
    1
}

/// One check.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct SavedCheck {
    /// The query's or lookup's name.
    pub name: String,
    /// `query`, `lookup`, …
    #[serde(default = "query")]
    pub kind: String,
    /// `pass`, `fail`, …
    #[serde(default)]
    pub verdict: String,
    /// The measured executions; none where it could not be run.
    #[serde(default)]
    pub samples: Vec<SavedSample>,
    /// Times at the client.
    #[serde(default)]
    pub latency: Option<SavedLatency>,
    /// The plan of the median execution.
    #[serde(default)]
    pub plan: Option<Value>,
}

fn query() -> String {
    "query".to_owned()
}

/// One measured execution.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct SavedSample {
    /// What it was run with.
    #[serde(default)]
    pub parameters: Map<String, Value>,
    /// EXPLAIN's Execution Time.
    pub execution_ms: f64,
    /// Pages touched.
    #[serde(default)]
    pub buffers: u64,
    /// Rows given.
    #[serde(default)]
    pub rows: f64,
    /// Its plan; `None` in files that keep the median's only.
    #[serde(default)]
    pub plan: Option<Value>,
}

/// Times at the client.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub struct SavedLatency {
    /// How many executions.
    #[serde(default)]
    pub executions: u64,
    /// The median, in milliseconds.
    pub p50_ms: f64,
    /// The 95th percentile.
    #[serde(default)]
    pub p95_ms: f64,
    /// The 99th percentile.
    #[serde(default)]
    pub p99_ms: f64,
    /// The longest.
    #[serde(default)]
    pub max_ms: f64,
}

impl Saved {
    /// Reads a file; an error names it.
    pub fn open(path: &Path) -> Result<Saved> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("could not read {}", path.display()))?;
        Saved::parse(&text).with_context(|| format!("could not understand {}", path.display()))
    }

    /// Reads a file's text.
    pub fn parse(text: &str) -> Result<Saved> {
        let saved: Saved = serde_json::from_str(text)
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
        self.checks.iter().filter(|check| !check.samples.is_empty())
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
        let saved = Saved::parse(text).unwrap();
        assert_eq!((saved.format, saved.measured().count()), (1, 1));
        assert_eq!(saved.checks[0].kind, "query");
    }

    #[test]
    fn what_a_newer_version_adds_is_passed_over() {
        let text = r#"{"format": 1, "new": [], "checks": [{"name": "a", "newer": 1}]}"#;
        assert_eq!(Saved::parse(text).unwrap().measured().count(), 0);
    }

    #[test]
    fn another_arrangement_and_other_files_are_refused() {
        let error = |text| format!("{:#}", Saved::parse(text).unwrap_err());
        let newer = error(r#"{"format": 2, "seedrow": "9.1.0", "checks": []}"#);
        assert_eq!(newer, "a newer seedrow (9.1.0) wrote it; update this one");
        assert!(error("{}").starts_with("it is no check as `seedrow check --save` keeps it"));
    }
}
