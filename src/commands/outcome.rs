//! How a command ended, and its exit code.

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::check::{CheckReport, Verdict};

/// How a command that could be run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Everything held.
    Held,
    /// A check found something.
    Found,
    /// A signal stopped it before its end.
    Interrupted,
}

impl Outcome {
    /// 0 held, 1 found something, 130 interrupted; what could not be done is an error, and 2.
    pub fn exit_code(self) -> ExitCode {
        ExitCode::from(match self {
            Outcome::Held => 0,
            Outcome::Found => 1,
            Outcome::Interrupted => 130,
        })
    }

    /// A failure is a finding whatever else happened; otherwise what was asked for and couldn't be judged is an error.
    pub fn of_checks(report: &CheckReport, fail_on: FailOn) -> Result<Outcome> {
        let warned = report.count(Verdict::Warn) > 0;
        match report.verdict() {
            _ if warned && fail_on == FailOn::Warn => Ok(Outcome::Found),
            Verdict::Pass | Verdict::Warn => Ok(Outcome::Held),
            Verdict::Fail | Verdict::Unstable => Ok(Outcome::Found),
            Verdict::Unchecked if report.checks.is_empty() => bail!(
                "no check is left, and nothing is proven; the report says which of the queries were skipped, and why"
            ),
            Verdict::Unchecked => bail!(
                "{} of {} checks could not be judged; the report says why",
                report.count(Verdict::Unchecked),
                report.checks.len()
            ),
        }
    }
}

/// The mildest verdict that is a failure.
#[derive(clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailOn {
    /// What holds, but not by much, is a failure
    Warn,
    /// What doesn't hold is a failure
    Fail,
}
