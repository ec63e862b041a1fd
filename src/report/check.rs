//! What `seedrow check` prints: a line a query, the findings with what to type, the verdict; and the same as JSON.

use serde_json::{Map, Value, json};

use super::colour::Colour;
use super::table::{Align, table};
use crate::check::{Check, CheckReport, Finding, Measured, Sample, Subject, Verdict, Waived};
use crate::progress::grouped;

/// For people: sections with an empty line between.
pub fn text(report: &CheckReport, colour: Colour) -> String {
    let mut sections = vec![queries(report, colour), notes(report, colour)];
    sections.extend(
        report
            .checks
            .iter()
            .flat_map(|check| findings(check, colour)),
    );
    sections.push(summary(report, colour));
    sections.retain(|section| !section.is_empty());
    sections.join("\n")
}

fn queries(report: &CheckReport, colour: Colour) -> String {
    let columns = [
        ("query", Align::Left),
        ("p50 ms", Align::Right),
        ("p95 ms", Align::Right),
        ("max ms", Align::Right),
        ("buffers", Align::Right),
        ("rows", Align::Right),
        ("indexes", Align::Left),
        ("verdict", Align::Left),
    ];
    let rows: Vec<Vec<String>> = report
        .checks
        .iter()
        .filter_map(|check| match &check.subject {
            Subject::Query(measured) => Some(row(check, measured.as_ref(), colour)),
            Subject::ForeignKeys { .. } => None,
        })
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    table(&columns, rows)
}

fn row(check: &Check, measured: Option<&Measured>, colour: Colour) -> Vec<String> {
    let mut row = vec![check.name.clone()];
    match measured.filter(|measured| !measured.samples.is_empty()) {
        Some(Measured { figures, .. }) => row.extend([
            format!("{:.2}", figures.p50_ms),
            format!("{:.2}", figures.p95_ms),
            format!("{:.2}", figures.max_ms),
            grouped(figures.buffers),
            format!("{:.0}", figures.rows),
            match figures.indexes.is_empty() {
                true => "none".to_owned(),
                false => figures.indexes.join(", "),
            },
        ]),
        None => row.extend(["-"; 6].map(str::to_owned)),
    }
    row.push(painted(check.verdict(), colour));
    row
}

/// One line each: the foreign keys, queries whose sampling ended early, queries left out.
fn notes(report: &CheckReport, colour: Colour) -> String {
    let of_check = |check: &Check| match &check.subject {
        Subject::ForeignKeys { covered, total } => {
            let verdict = painted(check.verdict(), colour);
            let have = if *covered == 1 { "has" } else { "have" };
            Some(format!(
                "foreign keys: {covered} of {total} {have} an index  {verdict}\n"
            ))
        }
        Subject::Query(Some(Measured {
            stopped: Some(why), ..
        })) => Some(format!("{}: {why}\n", check.name)),
        Subject::Query(_) => None,
    };
    let waived = |check: &Check| {
        let line = |waived: &Waived| {
            let Waived { finding, reason } = waived;
            let Finding { rule, message, .. } = finding;
            format!("{}: {rule} is waived, {reason}: {message}\n", check.name)
        };
        check.waived.iter().map(line).collect::<String>()
    };
    let checks = report
        .checks
        .iter()
        .map(|check| of_check(check).unwrap_or_default() + &waived(check));
    let skipped = report.skipped.iter();
    checks
        .chain(skipped.map(|skipped| format!("{}: skipped, {}\n", skipped.name, skipped.reason)))
        .collect()
}

/// What was found, then on its own line what to type.
fn findings(check: &Check, colour: Colour) -> impl Iterator<Item = String> {
    check.findings.iter().map(move |finding| {
        let Finding {
            rule,
            severity,
            message,
            help,
        } = finding;
        let verdict = painted(Verdict::from(*severity), colour);
        format!(
            "{verdict}  {}: {message}  [{rule}]\n      {help}\n",
            check.name
        )
    })
}

fn summary(report: &CheckReport, colour: Colour) -> String {
    let verdicts = [
        Verdict::Fail,
        Verdict::Unchecked,
        Verdict::Warn,
        Verdict::Pass,
    ];
    let mut counts: Vec<String> = verdicts
        .into_iter()
        .map(|verdict| (report.count(verdict), verdict.name()))
        .filter(|(count, _)| *count > 0)
        .map(|(count, name)| format!("{count} {name}"))
        .collect();
    if !report.skipped.is_empty() {
        counts.push(format!("{} skipped", report.skipped.len()));
    }
    let checks = match report.checks.len() {
        1 => "1 check".to_owned(),
        checks => format!("{checks} checks"),
    };
    if counts.is_empty() {
        counts.push("nothing was looked at".to_owned());
    }
    format!(
        "{}: {checks}: {}\n",
        painted(report.verdict(), colour),
        counts.join(", ")
    )
}

fn painted(verdict: Verdict, colour: Colour) -> String {
    match verdict {
        Verdict::Pass => colour.green(verdict.name()),
        Verdict::Fail => colour.red(verdict.name()),
        Verdict::Warn | Verdict::Unchecked => colour.yellow(verdict.name()),
    }
}

/// For programs.
pub fn json(report: &CheckReport) -> Value {
    json!({
        "verdict": report.verdict().name(),
        "seedrow": env!("CARGO_PKG_VERSION"),
        "target": report.target,
        "server_version": report.server_version,
        "checks": report.checks.iter().map(check_json).collect::<Vec<Value>>(),
        "skipped": report
            .skipped
            .iter()
            .map(|skipped| json!({"name": skipped.name, "reason": skipped.reason}))
            .collect::<Vec<Value>>(),
    })
}

fn check_json(check: &Check) -> Value {
    let mut object = Map::new();
    object.insert("name".into(), check.name.as_str().into());
    object.insert("verdict".into(), check.verdict().name().into());
    let findings: Vec<Value> = check.findings.iter().map(finding_json).collect();
    object.insert("findings".into(), findings.into());
    if !check.waived.is_empty() {
        let waived = check.waived.iter().map(|waived| {
            let mut finding = finding_json(&waived.finding);
            finding["reason"] = waived.reason.as_str().into();
            finding
        });
        object.insert("waived".into(), waived.collect());
    }
    match &check.subject {
        Subject::ForeignKeys { covered, total } => {
            object.insert("covered".into(), (*covered).into());
            object.insert("total".into(), (*total).into());
        }
        Subject::Query(None) => {}
        Subject::Query(Some(measured)) => {
            let Measured {
                figures,
                samples,
                budget_ms,
                stopped,
                plan,
            } = measured;
            object.insert("budget_ms".into(), json!(budget_ms));
            object.insert("p50_ms".into(), json!(figures.p50_ms));
            object.insert("p95_ms".into(), json!(figures.p95_ms));
            object.insert("max_ms".into(), json!(figures.max_ms));
            object.insert("buffers".into(), json!(figures.buffers));
            object.insert("rows".into(), json!(figures.rows));
            object.insert("indexes".into(), json!(figures.indexes));
            object.insert("stopped".into(), json!(stopped));
            object.insert("samples".into(), samples.iter().map(sample_json).collect());
            object.insert("plan".into(), plan.get(0).unwrap_or(plan).clone());
        }
    }
    object.into()
}

fn finding_json(finding: &Finding) -> Value {
    json!({
        "rule": finding.rule,
        "severity": Verdict::from(finding.severity).name(),
        "message": finding.message,
        "help": finding.help,
    })
}

fn sample_json(sample: &Sample) -> Value {
    let parameters: Map<String, Value> = sample.parameters.iter().cloned().collect();
    json!({
        "parameters": parameters,
        "execution_ms": sample.execution_ms,
        "planning_ms": sample.planning_ms,
        "buffers": sample.buffers,
        "rows": sample.rows,
        "indexes": sample.indexes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{Figures, Severity, Skipped};

    fn report() -> CheckReport {
        let samples = vec![Sample {
            parameters: vec![("product_id".into(), 900_001.into())],
            execution_ms: 812.34,
            planning_ms: 0.1,
            buffers: 73_529,
            rows: 1.0,
            indexes: vec!["products_pkey".into()],
        }];
        let measured = Measured {
            figures: Figures::of(&samples),
            samples,
            budget_ms: 10.0,
            stopped: Some("its time was used up after 1 of 20 samples".into()),
            plan: json!([{"Plan": {"Node Type": "Result"}}]),
        };
        let finding = |rule, severity| Finding {
            rule,
            severity,
            message: "what".into(),
            help: "how".into(),
        };
        let check = |name: &str, subject, findings| Check {
            name: name.into(),
            subject,
            findings,
            waived: Vec::new(),
        };
        CheckReport {
            target: "db.example.com".into(),
            server_version: "15.18".into(),
            checks: vec![
                check(
                    "foreign-keys",
                    Subject::ForeignKeys {
                        covered: 6,
                        total: 6,
                    },
                    vec![],
                ),
                check(
                    "styles",
                    Subject::Query(Some(measured)),
                    vec![finding("seq-scan", Severity::Fail)],
                ),
                check(
                    "empty",
                    Subject::Query(None),
                    vec![finding("no-rows", Severity::Unchecked)],
                ),
            ],
            skipped: vec![Skipped {
                name: "related".into(),
                reason: "left out".into(),
            }],
        }
    }

    #[test]
    fn text_has_a_line_a_query_and_every_finding() {
        assert_eq!(
            text(&report(), Colour::Off),
            "\
query   p50 ms  p95 ms  max ms  buffers  rows  indexes        verdict
styles  812.34  812.34  812.34   73,529     1  products_pkey  fail
empty        -       -       -        -     -  -              unchecked

foreign keys: 6 of 6 have an index  pass
styles: its time was used up after 1 of 20 samples
related: skipped, left out

fail  styles: what  [seq-scan]
      how

unchecked  empty: what  [no-rows]
      how

fail: 3 checks: 1 fail, 1 unchecked, 1 pass, 1 skipped
"
        );
    }

    #[test]
    fn colours_are_kept_to_the_verdicts() {
        let coloured = text(&report(), Colour::On);
        assert!(
            coloured.contains("\x1b[31mfail\x1b[0m: 3 checks"),
            "{coloured}"
        );
        assert_eq!(coloured.matches("\x1b[0m").count(), 6, "{coloured}");
    }

    #[test]
    fn json_has_verdicts_findings_samples_and_plans() {
        let json = json(&report());
        assert_eq!(json["verdict"], "fail");
        assert_eq!(json["checks"][0]["verdict"], "pass");
        assert_eq!(json["checks"][1]["findings"][0]["rule"], "seq-scan");
        assert_eq!(
            json["checks"][1]["samples"][0]["parameters"]["product_id"],
            900_001
        );
        assert_eq!(json["checks"][1]["plan"]["Plan"]["Node Type"], "Result");
        assert_eq!(json["checks"][2]["samples"], Value::Null);
        assert_eq!(json["skipped"][0]["name"], "related");
    }
}
