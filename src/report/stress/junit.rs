//! A run as JUnit XML: a test case for each expectation, or one for the run.

use anyhow::{Context, Result};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::figures::load;
use crate::stress::{Expected, StressReport, Verdict};

/// An expectation that isn't held is a failure; a void or interrupted run an error.
pub fn junit(report: &StressReport) -> Result<String> {
    let mut suite = TestSuite::new("seedrow stress");
    suite.add_property(("target", report.target.as_str()));
    suite.add_property(("load", load(&report.load).as_str()));
    suite.add_test_case(run(report));
    suite.add_test_cases(report.expectations.iter().map(expectation));
    let mut junit = Report::new("seedrow");
    junit.add_test_suite(suite);
    junit.to_string().context("could not write JUnit XML")
}

fn run(report: &StressReport) -> TestCase {
    let others_say_why = report.expectations.iter().any(|it| !it.held);
    let kind = match report.verdict {
        Verdict::Held => None,
        Verdict::Failed if others_say_why => None,
        Verdict::Failed => Some(NonSuccessKind::Failure),
        Verdict::Void | Verdict::Interrupted => Some(NonSuccessKind::Error),
    };
    let status = match kind {
        None => TestCaseStatus::success(),
        Some(kind) => {
            let mut status = TestCaseStatus::non_success(kind);
            status
                .set_type(report.verdict.name())
                .set_message(report.notes.join("; "));
            status
        }
    };
    let mut case = named("run", status);
    case.set_time(std::time::Duration::from_secs_f64(report.load.elapsed_s));
    case
}

fn expectation(expected: &Expected) -> TestCase {
    let Expected {
        expect,
        measured,
        unit,
        held,
    } = expected;
    let status = match held {
        true => TestCaseStatus::success(),
        false => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status
                .set_type("not-held")
                .set_message(format!("expected {expect}, measured {measured:.3}{unit}"));
            status
        }
    };
    named(expect, status)
}

fn named(name: &str, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(name, status);
    case.set_classname("seedrow.stress");
    case
}
