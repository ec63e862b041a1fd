//! Renders a report in one of its formats, with suggested commands completed.

use std::io::Write;

use anyhow::{Context, Result};
use clap::builder::TypedValueParser;

use super::{github, json, junit, markdown, text::text};
use crate::check::{CheckReport, Finding};
use crate::printable;
use crate::report::html;
use crate::report::{Formats, OutputFormat, TextStyle};
use crate::suggestion::Suggestions;

/// What writes a report in one format.
type CheckRenderer = fn(&CheckReport, TextStyle) -> Result<String>;

/// The formats that a check is printed in.
const FORMATS: Formats<CheckRenderer> = Formats {
    of: "a check",
    renderers: &[
        (OutputFormat::Text, |it, style| Ok(text(it, style))),
        (OutputFormat::Json, |it, _| json::json(it)),
        (OutputFormat::Junit, |it, _| junit::junit(it)),
        (OutputFormat::Github, |it, _| Ok(github::github(it))),
        (OutputFormat::Markdown, |it, _| Ok(markdown::markdown(it))),
        (OutputFormat::Html, |it, _| Ok(html::check(it))),
    ],
};

/// Reads one of the formats that a check is printed in.
pub fn format_parser() -> impl TypedValueParser<Value = OutputFormat> {
    FORMATS.parser()
}

/// The report in this format.
pub fn render(format: OutputFormat, report: &CheckReport, style: TextStyle) -> Result<String> {
    FORMATS.render(format, |renderer| renderer(report, style))
}

/// The report with its suggested commands completed, and what isn't printed as it is escaped in its messages, for all
/// formats.
pub fn completed(mut report: CheckReport, suggestions: &Suggestions) -> CheckReport {
    let complete = |text: &str| printable::lines(&suggestions.complete(text));
    let complete_finding = |finding: &mut Finding| {
        finding.message = complete(&finding.message);
        finding.help = complete(&finding.help);
    };
    for check in &mut report.checks {
        check.findings.iter_mut().for_each(complete_finding);
        check
            .waived
            .iter_mut()
            .map(|it| &mut it.finding)
            .for_each(complete_finding);
    }
    for skipped in &mut report.skipped {
        skipped.reason = complete(&skipped.reason);
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
    file.write_all(printable::lines(&markdown::markdown(report)).as_bytes())
        .with_context(could_not)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::check::sample::report;

    #[test]
    fn no_format_prints_bytes_that_a_terminal_obeys() {
        let mut report = report();
        report.checks[3].findings[0].message = "a \u{1b}[2J row".into();
        report.checks[3].findings[0].help = "an \u{9b} order".into();
        report.checks[3].name = "styles\u{7}".into();
        report.skipped[0].reason = "left \u{202e} out".into();
        let report = completed(report, &Suggestions::default());
        for format in FORMATS.all() {
            let text = render(format, &report, TextStyle::plain()).unwrap();
            let is_obeyed =
                |c: &char| (c.is_control() && *c != '\n' && *c != '\t') || matches!(c, '\u{202e}');
            assert_eq!(text.chars().find(is_obeyed), None, "{format:?}");
        }
    }

    #[test]
    fn what_helps_is_said_once_in_each_format() {
        let mut report = report();
        let sample = report.checks[3].findings[0].clone();
        let finding = |message: &str| Finding {
            message: message.to_owned(),
            help: "the-remedy".to_owned(),
            ..sample.clone()
        };
        report.checks[3].findings = vec![finding("no index"), finding("a scan")];
        for format in FORMATS.all() {
            let text = render(format, &report, TextStyle::plain()).unwrap();
            let times = match format {
                // Each finding of its own; and annotations before the whole report.
                OutputFormat::Json | OutputFormat::Github => 2,
                // By what helps, and in the card of the check.
                OutputFormat::Html => 2,
                _ => 1,
            };
            assert_eq!(
                text.matches("the-remedy").count(),
                times,
                "{format:?}\n{text}"
            );
            assert!(
                text.contains("no index") && text.contains("a scan"),
                "{text}"
            );
        }
    }
}
