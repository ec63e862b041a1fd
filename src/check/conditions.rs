//! When and how a check ran, for its reports.

use serde::{Deserialize, Serialize};

/// When a check ran, and with which settings: what it takes to repeat it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(deny_unknown_fields))]
pub struct CheckConditions {
    /// When it began, by the server's clock: 2026-05-01 09:30:00 UTC.
    pub started: String,
    /// How long it took.
    #[cfg_attr(test, schemars(range(min = 0.0)))]
    pub seconds: f64,
    /// The number that sampled ids are drawn from.
    pub seed: u64,
    /// How many existing ids each query was run with.
    pub samples: u32,
    /// The share of a table's ids, from the last, that they were taken from.
    pub tail: f64,
    /// The longest a query's median may take, unless its header says otherwise, in milliseconds.
    #[cfg_attr(test, schemars(range(min = 0.0)))]
    pub budget_ms: f64,
}
