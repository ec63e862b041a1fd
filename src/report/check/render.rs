//! Renders a report in one of its formats, with suggested commands completed.

use std::io::Write;

use anyhow::{Context, Result, bail};
use clap::builder::TypedValueParser;

use super::{github, json, junit, markdown, text::text};
use crate::check::{CheckReport, Finding};
use crate::report::OutputFormat;
use crate::report::colour::Colour;
use crate::report::html;
use crate::suggestion::Suggestions;

/// What writes a report in one format.
type CheckRenderer = fn(&CheckReport, Colour) -> Result<String>;

/// The formats that a check is printed in.
const FORMATS: &[(OutputFormat, CheckRenderer)] = &[
    (OutputFormat::Text, |it, colour| Ok(text(it, colour))),
    (OutputFormat::Json, |it, _| json::json(it)),
    (OutputFormat::Junit, |it, _| junit::junit(it)),
    (OutputFormat::Github, |it, _| Ok(github::github(it))),
    (OutputFormat::Markdown, |it, _| Ok(markdown::markdown(it))),
    (OutputFormat::Html, |it, _| Ok(html::check(it))),
];

/// Reads one of the formats that a check is printed in.
pub fn format_parser() -> impl TypedValueParser<Value = OutputFormat> {
    OutputFormat::parser(FORMATS.iter().map(|(format, _)| *format))
}

/// The report in this format.
pub fn render(format: OutputFormat, report: &CheckReport, colour: Colour) -> Result<String> {
    match FORMATS.iter().find(|(it, _)| *it == format) {
        Some((_, renderer)) => renderer(report, colour),
        None => bail!("a check isn't printed as {format:?}"),
    }
}

/// The report with its suggested commands completed, for all formats.
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
    file.write_all(markdown::markdown(report).as_bytes())
        .with_context(could_not)
}
