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

use crate::check::CheckReport;

#[cfg(test)]
mod sample;

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
