//! A check of a second server, such as a standby, beside that of the first: what its plans do otherwise.

use super::difference::{Comparison, ReadComparison, compare};
use super::plan_difference::plan_differences;
use crate::check::{CheckReport, Finding, SavedCheck, SavedReport, Severity, Verdict};

/// The rule's id.
const OTHER_PLAN: &str = "other-plan";

/// Adds a finding to each read whose plan is another one on the second server, or that couldn't be measured there.
///
/// Times and pages aren't compared: they are another machine's.
pub fn add_other_plans(report: &mut CheckReport, also: &CheckReport) {
    let (first, second) = (SavedReport::of(report), SavedReport::of(also));
    let comparison = compare(&first, &second);
    let findings: Vec<(&str, Finding)> = comparison
        .reads
        .iter()
        .filter_map(|read| Some((read.name, finding(read, &comparison)?)))
        .collect();
    for (name, finding) in findings {
        let mut checks = report.checks.iter_mut();
        let measured =
            checks.find(|check| check.name == name && check.subject.measured().is_some());
        if let Some(check) = measured {
            check.findings.push(finding);
        }
    }
}

/// What the second server does otherwise with a read that the first measured.
fn finding(read: &ReadComparison, comparison: &Comparison) -> Option<Finding> {
    let (target, before) = (&comparison.after.target, read.before?);
    let Some(after) = read.after else {
        return Some(Finding {
            rule: OTHER_PLAN,
            severity: Severity::Unchecked,
            on: None,
            message: format!("on {target}: {}", why_not_measured(read.name, comparison)),
            help: "check that server by itself".to_owned(),
        });
    };
    let (differences, _) = plan_differences(before, after);
    let mut messages: Vec<&str> = differences.iter().map(|it| it.message.as_str()).collect();
    let fails = after.verdict == Verdict::Fail && before.verdict != Verdict::Fail;
    if fails {
        messages.extend(failures(after));
    }
    if messages.is_empty() {
        return None;
    }
    Some(Finding {
        rule: OTHER_PLAN,
        severity: match fails {
            true => Severity::Fail,
            false => Severity::Warn,
        },
        on: None,
        message: format!("on {target}: {}", messages.join("; ")),
        help: settings(comparison),
    })
}

fn failures(check: &SavedCheck) -> impl Iterator<Item = &str> {
    let failing = check.findings.iter();
    failing
        .filter(|it| it.severity == Severity::Fail)
        .map(|it| it.message.as_str())
}

fn why_not_measured<'c>(name: &str, comparison: &'c Comparison) -> &'c str {
    let checks = &comparison.after.checks;
    let found = checks.iter().find(|check| check.name == name);
    let skipped = &comparison.after.skipped;
    let skipped = skipped.iter().find(|skipped| skipped.name == name);
    match (found.and_then(|check| check.findings.first()), skipped) {
        (Some(finding), _) => &finding.message,
        (None, Some(skipped)) => &skipped.reason,
        (None, None) => "it wasn't measured",
    }
}

/// Statistics are the same on a standby: what differs are the settings.
fn settings(comparison: &Comparison) -> String {
    let settings = comparison.settings.iter();
    let settings: Vec<String> = settings
        .map(|(name, first, second)| format!("{name} {first} → {second}"))
        .collect();
    match settings.is_empty() {
        true => {
            "no setting that plans depend on differs: compare statistics and indexes".to_owned()
        }
        false => format!("settings that differ: {}", settings.join(", ")),
    }
}
