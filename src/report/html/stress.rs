//! A run as a page: figures, and rate and latency over time.

use maud::{Markup, html};

use super::element::badge;
use super::page::page;
use super::plot::{self, Line};
use crate::compare::Direction;
use crate::report::figures::milliseconds;
use crate::report::stress::figures::{
    COUNTS, LATENCIES, Section, cell, count_rows, counts, differing_load, latencies, latency_rows,
    load, sections, titles,
};
use crate::stress::{FigureComparison, LimitFigures, RunComparison, Second, StressReport, Verdict};
use crate::units::{grouped, whole};

/// The whole page.
pub fn stress(report: &StressReport) -> String {
    let class = match report.verdict {
        Verdict::Held => "good",
        Verdict::Failed => "bad",
        Verdict::Void | Verdict::Interrupted => "odd",
    };
    let name = report.verdict.name();
    let requests = count_rows(report).into_iter();
    let requests = requests.map(|(name, it)| (name.to_owned(), counts(it)));
    let responses = latency_rows(report)
        .into_iter()
        .map(|(name, it)| (name, latencies(it)));
    let body = html! {
        h1 { "seedrow stress " (badge(class, name)) }
        p class="facts" { (report.target) br; (load(&report.load)) }
        @for Section { title, lines } in sections(report) {
            h2 { (title) }
            @for line in lines { p { (line.text) } }
        }
        @if let Some(limit) = &report.limit { (steps(limit)) }
        h2 { "Requests" }
        (table("requests", &COUNTS, requests))
        h2 { "Latency in milliseconds" }
        (table("ms", &LATENCIES, responses))
        (over_time(report))
    };
    page(&format!("seedrow stress: {name}"), &body)
}

fn table<const N: usize>(
    first: &str,
    titles: &[&str; N],
    rows: impl Iterator<Item = (String, [String; N])>,
) -> Markup {
    html! {
        div class="scroll" {
            table {
                tr { th { (first) } @for title in titles { th class="number" { (title) } } }
                @for (name, cells) in rows {
                    tr { td { (name) } @for cell in &cells { td class="number" { (cell) } } }
                }
            }
        }
    }
}

fn over_time(report: &StressReport) -> Markup {
    let of = |figure: fn(&Second) -> f64| report.seconds.iter().map(figure).collect();
    let rates = [
        Line {
            label: "offered",
            class: "before",
            values: of(|it| it.offered as f64),
        },
        Line {
            label: "answered",
            class: "after",
            values: of(|it| it.completed as f64),
        },
    ];
    let latencies = [
        Line {
            label: "p99",
            class: "before",
            values: of(|it| it.p99),
        },
        Line {
            label: "p50",
            class: "after",
            values: of(|it| it.p50),
        },
    ];
    html! {
        @if report.seconds.len() > 1 {
            h2 { "Requests in each second" }
            (plot::over_time(&rates, whole))
            h2 { "Latency in each second" }
            (plot::over_time(&latencies, |ms| format!("{} ms", milliseconds(ms))))
        }
    }
}

fn steps(limit: &LimitFigures) -> Markup {
    html! {
        h2 { "Rates that were tried" }
        div class="scroll" {
            table {
                tr {
                    th { "for" }
                    @for title in ["req/s", "seconds", "answered", "failed", "p50 ms", "p95 ms", "p99 ms"] {
                        th class="number" { (title) }
                    }
                    th { "result" }
                }
                @for step in &limit.steps {
                    tr {
                        td { (format!("{:?}", step.phase).to_lowercase()) }
                        td class="number" { (whole(step.rate)) }
                        td class="number" { (step.duration_s) }
                        td class="number" { (grouped(step.completed)) }
                        td class="number" { (grouped(step.failed)) }
                        @for ms in [step.p50, step.p95, step.p99] { td class="number" { (milliseconds(ms)) } }
                        td { @match &step.broken { None => "held", Some(why) => (why) } }
                    }
                }
            }
        }
    }
}

/// Two runs side by side.
pub fn run_comparison(comparison: &RunComparison) -> String {
    let direction = comparison.direction();
    let class = match direction {
        Direction::Worse => "bad",
        Direction::Better => "good",
        Direction::Changed | Direction::Unchecked => "odd",
        Direction::Same => "none",
    };
    let body = html! {
        h1 { "seedrow compare " (badge(class, direction.name())) }
        @if let Some(why) = differing_load(comparison) { p { (why) } }
        div class="scroll" {
            table {
                tr {
                    th { "requests" }
                    @for title in titles(comparison) { th class="number" { (title) } }
                }
                @for request in &comparison.requests {
                    tr {
                        td { (request.name) }
                        @for figure in &request.figures { (compared(figure)) }
                    }
                }
            }
        }
    };
    page(&format!("seedrow compare: {}", direction.name()), &body)
}

fn compared(figure: &FigureComparison) -> Markup {
    let class = match figure.direction {
        Direction::Worse => "number bad",
        Direction::Better => "number good",
        _ => "number",
    };
    html! { td class=(class) { (cell(figure)) } }
}
