//! What `seedrow check` prints: for people, for programs, and for what shows results of CI.

mod github;
mod json;
mod junit;
mod markdown;
mod text;

pub use github::github;
pub use json::{json, saved};
pub use junit::junit;
pub use markdown::markdown;
pub use text::text;

use std::io::Write;

use anyhow::{Context, Result};

use crate::check::{CheckReport, Finding};
use crate::suggestion::Suggestions;

#[cfg(test)]
mod sample;

/// The report with the commands that its findings suggest as they can be typed: what is printed, in whichever format.
pub fn completed(mut report: CheckReport, suggestions: &Suggestions) -> CheckReport {
    let complete = |finding: &mut Finding| {
        finding.message = suggestions.complete(&finding.message);
        finding.help = suggestions.complete(&finding.help);
    };
    for check in &mut report.checks {
        check.findings.iter_mut().for_each(complete);
        check
            .waived
            .iter_mut()
            .map(|it| &mut it.finding)
            .for_each(complete);
    }
    for skipped in &mut report.skipped {
        skipped.reason = suggestions.complete(&skipped.reason);
    }
    report
}

/// Adds the Markdown to the summary of a job of GitHub's, where there is one: the file that GITHUB_STEP_SUMMARY names.
pub fn summarise(report: &CheckReport) -> Result<()> {
    let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) else {
        return Ok(());
    };
    let could_not = || format!("could not write the job summary, {}", path.display());
    let file = std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(&path);
    let mut file = file.with_context(could_not)?;
    file.write_all(markdown(report).as_bytes())
        .with_context(could_not)
}
