//! A check as a page.

use super::element::{id, text, verdict};
use super::page::page;
use super::plan;
use super::plot::{self, Series};
use crate::check::{
    Check, CheckReport, Finding, IndexProof, Measurements, SampleCost, Subject, Verdict,
};
use crate::progress::grouped;
use crate::report::figures::milliseconds;

/// The verdict, the findings, a table of all checks, and each measured one with its times, pages and plans.
pub fn check(report: &CheckReport) -> String {
    let title = format!("seedrow check: {}", report.verdict().name());
    page(
        &title,
        &format!(
            "<h1>seedrow check {}</h1>\n{}",
            verdict(report.verdict()),
            sections(report)
        ),
    )
}

/// All but the heading.
pub fn sections(report: &CheckReport) -> String {
    let dataset = report
        .dataset
        .as_ref()
        .map(|name| format!(", dataset {}", text(name)));
    let mut body = format!(
        "<p class=\"facts\">{}, PostgreSQL {}{}</p>\n",
        text(&report.target),
        text(&report.server_version),
        dataset.unwrap_or_default()
    );
    body.push_str(&findings(report));
    body.push_str(&table(report));
    for (place, check) in report.checks.iter().enumerate() {
        if let Some(measured) = check.subject.measured() {
            body.push_str(&article(place, check, measured));
        }
    }
    body
}

fn findings(report: &CheckReport) -> String {
    let mut items = String::new();
    for check in &report.checks {
        for finding in &check.findings {
            items.push_str(&item(
                finding.on.as_ref().unwrap_or(&check.name),
                finding,
                "",
            ));
        }
        for waived in &check.waived {
            let reason = format!(" Waived: {}.", waived.reason);
            let on = waived.finding.on.as_ref().unwrap_or(&check.name);
            items.push_str(&item(on, &waived.finding, &reason));
        }
    }
    match items.is_empty() {
        true => String::new(),
        false => format!("<h2>Findings</h2>\n<ul class=\"findings\">\n{items}</ul>\n"),
    }
}

fn item(on: &str, finding: &Finding, more: &str) -> String {
    format!(
        "<li>{} <strong>{}</strong>: {}{} <code>{}</code><pre>{}</pre></li>\n",
        verdict(Verdict::from(finding.severity)),
        text(on),
        text(&finding.message),
        text(more),
        text(finding.rule),
        text(&finding.help)
    )
}

fn table(report: &CheckReport) -> String {
    let rows: String = report
        .checks
        .iter()
        .enumerate()
        .map(|(place, check)| row(place, check))
        .collect();
    let skipped: String = report
        .skipped
        .iter()
        .map(|it| {
            format!(
                "<tr><td>{}</td><td colspan=\"5\">skipped: {}</td></tr>\n",
                text(&it.name),
                text(&it.reason)
            )
        })
        .collect();
    format!(
        "<h2>All checks</h2>\n<div class=\"scroll\"><table>\n<tr><th>check</th><th>verdict</th><th class=\"number\">ms</th>\
         <th class=\"number\">pages</th><th class=\"number\">rows</th><th>indexes</th></tr>\n{rows}{skipped}</table></div>\n"
    )
}

fn row(place: usize, check: &Check) -> String {
    let cells = match &check.subject {
        Subject::Query(Some(it)) | Subject::Lookup(Some(it)) => format!(
            "<td class=\"number\">{}</td><td class=\"number\">{}</td><td class=\"number\">{:.0}</td><td>{}</td>",
            milliseconds(it.figures.p50_ms),
            grouped(it.figures.buffers),
            it.figures.rows,
            text(&it.figures.indexes.join(", "))
        ),
        Subject::ForeignKeys { covered, total, .. } => {
            format!("<td colspan=\"4\">{covered} of {total} foreign keys have an index</td>")
        }
        Subject::Schema { tables, against } => {
            let against = against
                .as_ref()
                .map(|it| format!(", compared with {}", text(it)));
            format!(
                "<td colspan=\"4\">{tables} tables{}</td>",
                against.unwrap_or_default()
            )
        }
        Subject::Query(None) | Subject::Lookup(None) => "<td colspan=\"4\"></td>".to_owned(),
    };
    let name = match check.subject.measured() {
        Some(_) => format!(
            "<a href=\"#{}\">{}</a>",
            id(place, &check.name),
            text(&check.name)
        ),
        None => text(&check.name),
    };
    format!(
        "<tr><td>{name}</td><td>{}</td>{cells}</tr>\n",
        verdict(check.verdict())
    )
}

fn article(place: usize, check: &Check, measured: &Measurements) -> String {
    let times: Vec<f64> = measured.samples.iter().map(|it| it.execution_ms).collect();
    let mut bars = vec![("touched", "after", measured.figures.buffers)];
    bars.extend(measured.bound.map(|bound| ("bound", "before", bound)));
    let proofs: String = measured.proofs.iter().map(proof).collect();
    format!(
        "<article id=\"{}\">\n<h2>{} {}</h2>\n{}<h3>Times, as EXPLAIN has them</h3>\n{}{}<h3>Pages</h3>\n{}{proofs}\
         <h3>Plan</h3>\n{}{}{}</article>\n",
        id(place, &check.name),
        text(&check.name),
        verdict(check.verdict()),
        measured
            .stopped
            .as_ref()
            .map(|why| format!("<p>{}</p>\n", text(why)))
            .unwrap_or_default(),
        plot::times(&[Series {
            label: "samples",
            class: "after",
            values: times
        }]),
        latency(measured),
        plot::pages(&bars),
        plan::tree(&measured.plan),
        plan::raw(&measured.plan, "The plan"),
        plan::raw(&measured.generic_plan, "The plan without values"),
    )
}

fn latency(measured: &Measurements) -> String {
    match &measured.latency {
        Some(it) => format!(
            "<p>At the client, {} executions: median {} ms, 95% under {} ms, 99% under {} ms, the longest {} ms.</p>\n",
            it.executions,
            milliseconds(it.p50_ms),
            milliseconds(it.p95_ms),
            milliseconds(it.p99_ms),
            milliseconds(it.max_ms)
        ),
        None => String::new(),
    }
}

fn proof(proof: &IndexProof) -> String {
    let without = match proof.without {
        Some(SampleCost { p50_ms, buffers }) => {
            format!("{} ms and {} pages", milliseconds(p50_ms), grouped(buffers))
        }
        None => "cut off".to_owned(),
    };
    format!(
        "<p>Without {}: {} ms and {} pages become {without}.</p>\n",
        text(&proof.index),
        milliseconds(proof.with.p50_ms),
        grouped(proof.with.buffers)
    )
}
