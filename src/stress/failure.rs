//! Why a request has no answer that counts.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Instant;

use serde::{Deserialize, Serialize};

/// The kinds of failures.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum FailureKind {
    /// An HTTP status of 400 or above.
    Status {
        /// The status.
        status: u16,
    },
    /// The server's error.
    SqlState {
        /// Its SQLSTATE.
        code: String,
    },
    /// No answer in time.
    Timeout,
    /// No connection, or one that was lost.
    Connection,
    /// No answer when the run was interrupted.
    Unanswered,
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FailureKind::Status { status } => write!(f, "status {status}"),
            FailureKind::SqlState { code } => write!(f, "SQLSTATE {code}"),
            FailureKind::Timeout => f.write_str("no answer in time"),
            FailureKind::Connection => f.write_str("connection"),
            FailureKind::Unanswered => f.write_str("unanswered"),
        }
    }
}

/// One failed request.
#[derive(Debug)]
pub struct Failure {
    /// Its kind.
    pub kind: FailureKind,
    /// What was reported; empty where the kind says it all.
    pub message: String,
    /// When the request was sent that an answer rejected; none where there is no answer.
    pub rejected: Option<Instant>,
}

impl Failure {
    /// A lost connection, or one that couldn't be made.
    pub fn connection(message: impl fmt::Display) -> Failure {
        Failure {
            kind: FailureKind::Connection,
            message: message.to_string(),
            rejected: None,
        }
    }

    /// A kind that says it all.
    pub fn of(kind: FailureKind) -> Failure {
        Failure {
            kind,
            message: String::new(),
            rejected: None,
        }
    }

    /// An answer to a request that was sent then.
    pub fn rejected(self, sent: Instant) -> Failure {
        Failure {
            rejected: Some(sent),
            ..self
        }
    }
}

/// How often each kind happened, with the first message of each.
#[derive(Debug, Clone, Default)]
pub struct FailureCounts(BTreeMap<FailureKind, (u64, String)>);

/// How often one kind happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FailureCount {
    /// The kind.
    #[serde(flatten)]
    pub kind: FailureKind,
    /// How often.
    pub count: u64,
    /// What was reported first; empty where the kind says it all.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
}

impl FailureCounts {
    /// Counts one.
    pub fn add(&mut self, kind: FailureKind, message: String) {
        self.0.entry(kind).or_insert((0, message)).0 += 1;
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.0.values().map(|(count, _)| count).sum()
    }

    /// Adds all of another's.
    pub fn merge(&mut self, other: &FailureCounts) {
        for (kind, (count, message)) in &other.0 {
            let entry = self.0.entry(kind.clone());
            entry.or_insert((0, message.clone())).0 += count;
        }
    }

    /// One entry a kind.
    pub fn list(&self) -> Vec<FailureCount> {
        let one = |(kind, (count, message)): (&FailureKind, &(u64, String))| FailureCount {
            kind: kind.clone(),
            count: *count,
            message: message.clone(),
        };
        self.0.iter().map(one).collect()
    }
}
