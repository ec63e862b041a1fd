//! JUnit XML, which every CI system shows: a test case for each check.

use anyhow::{Context, Result};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::finding_groups::without_repetition;
use crate::check::{Check, CheckReport, Finding, Subject, Verdict};

/// A failed check is a failure, an unchecked one an error; a warning passes, and is in the case's output.
pub fn junit(report: &CheckReport) -> Result<String> {
    let mut suite = TestSuite::new("seedrow check");
    suite.add_property(("target", report.target.as_str()));
    suite.add_property(("server_version", report.server_version.as_str()));
    suite.add_test_cases(report.checks.iter().map(case));
    suite.add_test_cases(report.skipped.iter().map(|skipped| {
        let mut status = TestCaseStatus::skipped();
        status.set_message(skipped.reason.as_str());
        named(&skipped.name, "skipped", status)
    }));
    let mut junit = Report::new("seedrow");
    junit.add_test_suite(suite);
    junit.to_string().context("could not write JUnit XML")
}

fn case(check: &Check) -> TestCase {
    let kind = match check.verdict() {
        Verdict::Pass | Verdict::Warn => None,
        Verdict::Fail | Verdict::Unstable => Some(NonSuccessKind::Failure),
        Verdict::Unchecked => Some(NonSuccessKind::Error),
    };
    let status = match (kind, worst(check)) {
        (Some(kind), Some(finding)) => {
            let mut status = TestCaseStatus::non_success(kind);
            status
                .set_type(finding.rule)
                .set_message(finding.message.as_str())
                .set_description(findings(check));
            status
        }
        _ => TestCaseStatus::success(),
    };
    let mut case = named(&check.name, check.subject.kind(), status);
    if let Subject::Query(Some(measured)) | Subject::Lookup(Some(measured)) = &check.subject {
        let spent: f64 = measured
            .samples
            .iter()
            .map(|it| it.execution_ms + it.planning_ms)
            .sum();
        case.set_time(std::time::Duration::from_secs_f64(spent / 1e3));
    }
    if check.verdict() == Verdict::Warn {
        case.set_system_out(findings(check));
    }
    case
}

fn named(name: &str, kind: &str, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(name, status);
    case.set_classname(format!("seedrow.{kind}"));
    case
}

fn worst(check: &Check) -> Option<&Finding> {
    check
        .findings
        .iter()
        .max_by_key(|finding| Verdict::from(finding.severity))
}

/// A line per finding, and the suggested command behind those that it helps against. Each case says all of its own: it is
/// shown alone.
fn findings(check: &Check) -> String {
    let mut text = String::new();
    let mut printed = Vec::new();
    for them in check.findings.chunk_by(|a, b| a.help == b.help) {
        for Finding { rule, message, .. } in them {
            text.push_str(&format!("[{rule}] {message}\n"));
        }
        let help = without_repetition(&them[0].help, &mut printed);
        text.push_str(&format!("    {help}\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::check::sample::report;

    #[test]
    fn every_check_is_a_case() {
        let xml = junit(&report()).unwrap();
        let read = Report::deserialize_from_str(&xml).unwrap();
        let suite = &read.test_suites[0];
        assert_eq!((suite.tests, suite.failures, suite.errors), (6, 1, 1));
        assert!(xml.contains(r#"<skipped message="left out"/>"#), "{xml}");
        let names: Vec<&str> = suite
            .test_cases
            .iter()
            .map(|case| case.name.as_str())
            .collect();
        let expected = [
            "foreign-keys",
            "schema",
            "skus(style_id)",
            "styles",
            "empty",
            "related",
        ];
        assert_eq!(names, expected);
        assert!(
            xml.contains(r#"<failure message="what" type="seq-scan">[seq-scan] what"#),
            "{xml}"
        );
        assert!(
            xml.contains(r#"<error message="what" type="no-rows">"#),
            "{xml}"
        );
        assert!(
            xml.contains(r#"classname="seedrow.lookup" time="0.000""#),
            "{xml}"
        );
    }

    #[test]
    fn what_xml_can_t_hold_is_left_out() {
        let mut report = report();
        report.checks[3].findings[0].message = "a < \u{1} & \"b\"".into();
        let xml = junit(&report).unwrap();
        assert!(xml.contains("a &lt;  &amp; &quot;b&quot;"), "{xml}");
        assert!(Report::deserialize_from_str(&xml).is_ok());
    }
}
