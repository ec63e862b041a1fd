//! A check as a page.

use maud::{Markup, html};

use super::element::{id, verdict};
use super::page::page;
use super::plan;
use super::plot::{self, Series};
use crate::check::{
    Check, CheckReport, Finding, IndexProof, Measurements, SampleCost, Subject, Verdict,
};
use crate::report::check::finding_groups;
use crate::report::figures::milliseconds;
use crate::units::grouped;

/// The verdict, the findings, a table of all checks, and each measured one with its times, pages and plans.
pub fn check(report: &CheckReport) -> String {
    let title = format!("seedrow check: {}", report.verdict().name());
    let body = html! {
        h1 { "seedrow check " (verdict(report.verdict())) }
        (sections(report))
    };
    page(&title, &body)
}

/// All but the heading.
pub fn sections(report: &CheckReport) -> Markup {
    html! {
        p class="facts" {
            (report.target) ", PostgreSQL " (report.server_version)
            @if let Some(dataset) = &report.dataset { ", dataset " (dataset) }
        }
        (findings(report))
        (table(report))
        @for (place, check) in report.checks.iter().enumerate() {
            @if let Some(measured) = check.subject.measured() {
                (article(place, check, measured))
            }
        }
    }
}

fn findings(report: &CheckReport) -> Markup {
    let checks = || report.checks.iter();
    let any = checks().any(|it| !(it.findings.is_empty() && it.waived.is_empty()));
    html! {
        @if any {
            h2 { "Findings" }
            ul class="findings" {
                @for group in finding_groups(report) {
                    li {
                        @for it in &group.findings {
                            div { (item(&it.about(), it.finding, None)) }
                        }
                        pre { (group.help) }
                    }
                }
                @for check in checks() {
                    @for waived in &check.waived {
                        @let about = waived.finding.on.as_ref().unwrap_or(&check.name);
                        li { (item(about, &waived.finding, Some(&waived.reason))) }
                    }
                }
            }
        }
    }
}

fn item(about: &str, finding: &Finding, waived: Option<&str>) -> Markup {
    html! {
        (verdict(Verdict::from(finding.severity))) " "
        strong { (about) }
        ": " (finding.message)
        @if let Some(reason) = waived { " Waived: " (reason) "." }
        " " code { (finding.rule) }
    }
}

fn table(report: &CheckReport) -> Markup {
    html! {
        h2 { "All checks" }
        div class="scroll" {
            table {
                tr {
                    th { "check" }
                    th { "verdict" }
                    @for title in ["ms", "pages", "rows"] { th class="number" { (title) } }
                    th { "indexes" }
                }
                @for (place, check) in report.checks.iter().enumerate() { (row(place, check)) }
                @for skipped in &report.skipped {
                    tr {
                        td { (skipped.name) }
                        td colspan="5" { "skipped: " (skipped.reason) }
                    }
                }
            }
        }
    }
}

fn row(place: usize, check: &Check) -> Markup {
    html! {
        tr {
            td {
                @if check.subject.measured().is_some() {
                    a href={ "#" (id(place, &check.name)) } { (check.name) }
                } @else {
                    (check.name)
                }
            }
            td { (verdict(check.verdict())) }
            (figures(&check.subject))
        }
    }
}

fn figures(subject: &Subject) -> Markup {
    match subject {
        Subject::Query(Some(it)) | Subject::Lookup(Some(it)) => html! {
            td class="number" { (milliseconds(it.figures.p50_ms)) }
            td class="number" { (grouped(it.figures.buffers)) }
            td class="number" { (format!("{:.0}", it.figures.rows)) }
            td { (it.figures.indexes.join(", ")) }
        },
        Subject::ForeignKeys { covered, total, .. } => html! {
            td colspan="4" { (covered) " of " (total) " foreign keys have an index" }
        },
        Subject::Schema { tables, against } => html! {
            td colspan="4" {
                (tables) " tables"
                @if let Some(against) = against { ", compared with " (against) }
            }
        },
        Subject::Query(None) | Subject::Lookup(None) => html! { td colspan="4" {} },
    }
}

fn article(place: usize, check: &Check, measured: &Measurements) -> Markup {
    let times = Series {
        label: "samples",
        class: "after",
        values: measured.samples.iter().map(|it| it.execution_ms).collect(),
    };
    let mut bars = vec![("touched", "after", measured.figures.buffers)];
    bars.extend(measured.bound.map(|bound| ("bound", "before", bound)));
    html! {
        article id=(id(place, &check.name)) {
            h2 { (check.name) " " (verdict(check.verdict())) }
            @if let Some(why) = &measured.stopped { p { (why) } }
            h3 { "Times, as EXPLAIN has them" }
            (plot::times(&[times]))
            (latency(measured))
            h3 { "Pages" }
            (plot::pages(&bars))
            @for it in &measured.proofs { (proof(it)) }
            h3 { "Plan" }
            (plan::tree(&measured.plan))
            (plan::raw(&measured.plan, "The plan"))
            (plan::raw(&measured.generic_plan, "The plan without values"))
        }
    }
}

fn latency(measured: &Measurements) -> Markup {
    html! {
        @if let Some(it) = &measured.latency {
            p {
                "At the client, " (it.executions) " executions: median " (milliseconds(it.p50_ms))
                " ms, 95% under " (milliseconds(it.p95_ms)) " ms, 99% under " (milliseconds(it.p99_ms))
                " ms, the longest " (milliseconds(it.max_ms)) " ms."
            }
        }
    }
}

fn proof(proof: &IndexProof) -> Markup {
    let without = match proof.without {
        Some(SampleCost { p50_ms, buffers }) => {
            format!("{} ms and {} pages", milliseconds(p50_ms), grouped(buffers))
        }
        None => "cut off".to_owned(),
    };
    html! {
        p {
            "Without " (proof.index) ": " (milliseconds(proof.with.p50_ms)) " ms and "
            (grouped(proof.with.buffers)) " pages become " (without) "."
        }
    }
}
