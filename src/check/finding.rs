//! A finding of a check: its rule, severity and suggested command.

use serde::{Deserialize, Serialize};

/// A finding of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// A stable kebab-case id: `seq-scan`, `fk-not-indexed`, …
    pub rule: &'static str,
    /// Its severity.
    pub severity: Severity,
    /// The object within the check: `skus(style_id)`; `None` for the check itself.
    pub on: Option<String>,
    /// The finding in one sentence.
    pub message: String,
    /// The suggested command or remedy.
    pub help: String,
}

/// A finding that a query's header or a waiver accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaivedFinding {
    /// What was found.
    pub finding: Finding,
    /// The waiver's reason.
    pub reason: String,
}

/// The severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It doesn't hold.
    Fail,
    /// It holds, but not by much.
    Warn,
    /// It could not be judged.
    Unchecked,
    /// It holds now, and might not the next time statistics are taken.
    Unstable,
}

/// The verdict of a check, or of all; the most severe is the greatest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It holds.
    Pass,
    /// It holds, but not by much.
    Warn,
    /// It could not be judged.
    #[default]
    Unchecked,
    /// It holds now, and might not the next time statistics are taken.
    Unstable,
    /// It doesn't hold.
    Fail,
}

impl Verdict {
    /// All, the worst first.
    pub const WORST_FIRST: [Verdict; 5] = [
        Verdict::Fail,
        Verdict::Unstable,
        Verdict::Unchecked,
        Verdict::Warn,
        Verdict::Pass,
    ];

    /// Its name in text and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Warn => "warn",
            Verdict::Unchecked => "unchecked",
            Verdict::Unstable => "unstable",
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
            Severity::Unstable => Verdict::Unstable,
        }
    }
}
