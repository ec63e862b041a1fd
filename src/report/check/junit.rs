//! JUnit XML, which every CI system shows: a test case for each foreign key, each query and the schema.

use anyhow::{Context, Result};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::finding_groups::without_repetition;
use crate::check::{Case, CheckReport, Finding, Verdict};

/// A failed check is a failure, an unchecked one an error; a warning passes, and is in the case's output.
pub fn junit(report: &CheckReport) -> Result<String> {
    let mut suite = TestSuite::new("seedrow check");
    suite.add_property(("target", report.target.as_str()));
    suite.add_property(("server_version", report.server_version.as_str()));
    suite.add_test_cases(report.cases().iter().map(case));
    suite.add_test_cases(report.left_out().into_iter().map(|skipped| {
        let mut status = TestCaseStatus::skipped();
        status.set_message(skipped.reason.as_str());
        named(&skipped.name, "skipped", status)
    }));
    let mut junit = Report::new("seedrow");
    junit.add_test_suite(suite);
    junit.to_string().context("could not write JUnit XML")
}

fn case(it: &Case) -> TestCase {
    let kind = match it.verdict() {
        Verdict::Pass | Verdict::Warn => None,
        Verdict::Fail | Verdict::Unstable => Some(NonSuccessKind::Failure),
        Verdict::Unchecked => Some(NonSuccessKind::Error),
    };
    let status = match (kind, worst(it)) {
        (Some(kind), Some(finding)) => {
            let mut status = TestCaseStatus::non_success(kind);
            status
                .set_type(finding.rule)
                .set_message(finding.message.as_str())
                .set_description(findings(it));
            status
        }
        _ => TestCaseStatus::success(),
    };
    let mut case = named(&it.name, it.kind.name(), status);
    if let Some(measured) = it.measured {
        let samples = measured.samples.iter();
        let spent: f64 = samples.map(|it| it.execution_ms + it.planning_ms).sum();
        case.set_time(std::time::Duration::from_secs_f64(spent / 1e3));
    }
    if it.verdict() == Verdict::Warn {
        case.set_system_out(findings(it));
    }
    case
}

fn named(name: &str, kind: &str, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(name, status);
    case.set_classname(format!("seedrow.{kind}"));
    case
}

/// The first of the most severe ones.
fn worst<'r>(case: &Case<'r>) -> Option<&'r Finding> {
    let findings = case.findings.iter().rev().copied();
    findings.max_by_key(|finding| Verdict::from(finding.severity))
}

/// A line per finding, and the suggested command behind those that it helps against. Each case says all of its own: it is
/// shown alone.
fn findings(case: &Case) -> String {
    let mut text = String::new();
    let mut printed = Vec::new();
    for them in case.findings.chunk_by(|a, b| a.help == b.help) {
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
        assert_eq!((suite.tests, suite.failures, suite.errors), (10, 1, 1));
        assert!(xml.contains(r#"<skipped message="left out"/>"#), "{xml}");
        let names: Vec<&str> = suite
            .test_cases
            .iter()
            .map(|case| case.name.as_str())
            .collect();
        let expected = [
            "audit(user_id)",
            "photos(style_id)",
            "related(product_id)",
            "reviews(product_id)",
            "skus(style_id)",
            "styles(product_id)",
            "styles",
            "empty",
            "schema",
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
            xml.contains(r#"classname="seedrow.foreign-key" time="0.000""#),
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
