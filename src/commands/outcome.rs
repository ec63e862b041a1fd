//! How a command ended, and its exit code.

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::check::{CheckReport, Verdict};

/// The outcome of a command that ran to an end without an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing to report.
    Held,
    /// There are findings.
    Found,
    /// A signal stopped the command.
    Interrupted,
}

impl Outcome {
    /// 0 for held, 1 for findings, 130 for interrupted; errors exit with 2.
    pub fn exit_code(self) -> ExitCode {
        ExitCode::from(match self {
            Outcome::Held => 0,
            Outcome::Found => 1,
            Outcome::Interrupted => 130,
        })
    }

    /// Failures are findings; without any, a check that couldn't be judged is an error.
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
                report.cases().len()
            ),
        }
    }
}

/// The mildest verdict that is a failure.
#[derive(clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailOn {
    /// Warnings are failures, too
    Warn,
    /// Only failed checks are failures
    Fail,
}
