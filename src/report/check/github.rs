//! Annotations that GitHub shows beside a pull request.

use super::text::text;
use crate::check::{Check, CheckReport, Finding, Severity, Verdict};
use crate::report::TextStyle;

/// GitHub shows at most ten of a kind a step.
const SHOWN: usize = 10;

/// The worst ten findings as workflow commands, then the report as people read it.
pub fn github(report: &CheckReport) -> String {
    let mut findings: Vec<(&Check, &Finding)> = Vec::new();
    for check in &report.checks {
        findings.extend(check.findings.iter().map(|finding| (check, finding)));
    }
    findings.sort_by_key(|(_, it)| std::cmp::Reverse(Verdict::from(it.severity)));
    let shown = findings.iter().take(SHOWN);
    let mut helped = Vec::new();
    let annotations: String = shown
        .map(|(check, finding)| annotation(check, finding, &mut helped))
        .collect();
    let more = findings.len().saturating_sub(SHOWN);
    let more = match more {
        0 => String::new(),
        more => format!("and {more} more findings, below\n"),
    };
    format!("{annotations}{more}{}", text(report, TextStyle::plain()))
}

/// What helps is said once: `helped` are the texts of the annotations before.
fn annotation<'r>(
    check: &Check,
    finding: &'r Finding,
    helped: &mut Vec<(Severity, &'r str)>,
) -> String {
    let command = match finding.severity {
        Severity::Fail | Severity::Unstable => "error",
        Severity::Unchecked | Severity::Warn => "warning",
    };
    let title = format!(
        "{}: {}",
        finding.rule,
        finding.on.as_ref().unwrap_or(&check.name)
    );
    let message = match helped.contains(&(finding.severity, &finding.help)) {
        true => finding.message.clone(),
        false => format!("{}\n{}", finding.message, finding.help),
    };
    helped.push((finding.severity, &finding.help));
    format!(
        "::{command} title={}::{}\n",
        property(&title),
        data(&message)
    )
}

/// As the runner's own toolkit escapes a command's text.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::check::sample::report;

    #[test]
    fn the_worst_come_first() {
        let text = github(&report());
        let lines: Vec<&str> = text.lines().take(2).collect();
        assert_eq!(
            lines,
            [
                "::error title=seq-scan%3A styles::what%0Ahow",
                "::warning title=no-rows%3A empty::what%0Ahow"
            ]
        );
        assert!(text.contains("1 skipped\n"), "{text}");
    }

    #[test]
    fn ten_are_shown_and_the_rest_counted() {
        let mut report = report();
        let finding = report.checks[3].findings[0].clone();
        report.checks[3].findings = vec![finding; 12];
        let text = github(&report);
        assert_eq!(text.matches("::error ").count(), 10);
        assert!(!text.contains("::warning "));
        assert!(text.contains("and 3 more findings, below\n"), "{text}");
    }

    #[test]
    fn texts_are_escaped() {
        assert_eq!(property("a,b: 5%"), "a%2Cb%3A 5%25");
        assert_eq!(data("a: b\r\n"), "a: b%0D%0A");
    }
}
