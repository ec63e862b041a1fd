//! What a check can find, how severe it is, and what helps.

use serde::{Deserialize, Serialize};

/// Something that a check found: a rule's stable id, what it saw, and what to type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// A stable kebab-case id: `seq-scan`, `fk-not-indexed`, …
    pub rule: &'static str,
    /// How grave it is.
    pub severity: Severity,
    /// What within the check it is found on: `skus(style_id)`; `None` when that is the check itself.
    pub on: Option<String>,
    /// What was seen, in one sentence.
    pub message: String,
    /// What to type to mend it, or to see more.
    pub help: String,
}

/// A finding that a query's header or a waiver takes for granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaivedFinding {
    /// What was found.
    pub finding: Finding,
    /// Why it doesn't count.
    pub reason: String,
}

/// How grave a finding is.
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

/// What a check, or all of them, came to; the gravest is the greatest.
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
    /// The word for it, in text and in JSON.
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
