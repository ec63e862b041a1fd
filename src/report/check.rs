//! What `seedrow check` prints: a line a query, the findings with what to type, the verdict; and the same as JSON.

use serde_json::{Map, Value, json};

use super::colour::Colour;
use super::table::{Align, table};
use crate::check::{Check, CheckReport, Finding, Measured, Sample, Subject, Verdict};
use crate::progress::grouped;

/// For people.
pub fn text(report: &CheckReport, colour: Colour) -> String {
    let mut text = queries(report, colour);
    for check in &report.checks {
        if let Subject::ForeignKeys { covered, total } = check.subject {
            text += &format!(
                "foreign keys: {covered} of {total} have an index  {}\n",
                painted(check.verdict(), colour)
            );
        }
    }
    for skipped in &report.skipped {
        text += &format!("{}: skipped, {}\n", skipped.name, skipped.reason);
    }
    for check in &report.checks {
        text += &check_notes(check, colour);
    }
    text + &summary(report, colour)
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
    format!("{}\n", table(&columns, rows))
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

fn check_notes(check: &Check, colour: Colour) -> String {
    let mut text = String::new();
    if let Subject::Query(Some(Measured {
        stopped: Some(why), ..
    })) = &check.subject
    {
        text += &format!("\n{}: {why}\n", check.name);
    }
    for Finding {
        rule,
        severity,
        message,
        help,
    } in &check.findings
    {
        let verdict = painted(Verdict::from(*severity), colour);
        text += &format!(
            "\n{verdict}  {}: {message}  [{rule}]\n      {help}\n",
            check.name
        );
    }
    text
}

fn summary(report: &CheckReport, colour: Colour) -> String {
    let verdicts = [
        Verdict::Fail,
        Verdict::Unchecked,
        Verdict::Unstable,
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
    format!(
        "\n{}: {checks}: {}\n",
        painted(report.verdict(), colour),
        counts.join(", ")
    )
}

fn painted(verdict: Verdict, colour: Colour) -> String {
    match verdict {
        Verdict::Pass => colour.green(verdict.name()),
        Verdict::Fail => colour.red(verdict.name()),
        Verdict::Warn | Verdict::Unstable | Verdict::Unchecked => colour.yellow(verdict.name()),
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
