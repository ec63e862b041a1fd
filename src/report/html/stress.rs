//! A run as a page: figures, and rate and latency over time.

use maud::{Markup, html};

use super::comparison::coloured;
use super::element::{Column, badge, numbers, table, tile, words};
use super::footer::list;
use super::page::page;
use super::plot::{self, Line};
use crate::compare::Direction;
use crate::report::figures::milliseconds;
use crate::report::stress::figures::{
    COUNTS, LATENCIES, Section, Tone, cell, count_rows, counts, differing_load, latency_rows, load,
    sections, titles,
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
    let requests = requests.map(|(name, it)| row(name, &counts(it)));
    let responses = latency_rows(report).into_iter();
    let responses = responses.map(|it| row(&it.name, &it.cells()));
    let body = html! {
        h1 { "seedrow stress " (badge(class, name)) }
        p class="facts" { (report.target) br; (load(&report.load)) }
        (tiles(report))
        @for section in sections(report) { (lines(&section)) }
        @if let Some(limit) = &report.limit { (steps(limit)) }
        section { h2 { "Requests" } (table(&columns("requests", &COUNTS), requests)) }
        section { h2 { "Latency in milliseconds" } (table(&columns("ms", &LATENCIES), responses)) }
        (over_time(report))
        footer { (facts(report)) }
    };
    page(&format!("seedrow stress: {name}"), &body)
}

fn tiles(report: &StressReport) -> Markup {
    let total = &report.total;
    let ms = |ms: f64| format!("{} ms", milliseconds(ms));
    let errors = if total.errors > 0 { "bad" } else { "" };
    html! {
        ul class="tiles" {
            (tile("", &whole(total.rate), "answers a second"))
            (tile("", &ms(total.response.p50), "median response"))
            (tile("", &ms(total.response.p99), "99% under"))
            (tile(errors, &grouped(total.errors), "errors"))
        }
    }
}

/// Lines under their title, what didn't hold marked.
fn lines(section: &Section) -> Markup {
    html! {
        section {
            h2 { (section.title) }
            ul class="plain" {
                @for line in &section.lines { li class=(colour(line.tone)) { (line.text) } }
            }
        }
    }
}

fn colour(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain => "",
        Tone::Held => "good",
        Tone::NotHeld => "bad",
    }
}

fn facts(report: &StressReport) -> Markup {
    list(&[
        ("target", report.target.clone()),
        ("seedrow", report.seedrow.clone()),
        ("load", load(&report.load)),
    ])
}

fn columns<'t>(first: &'t str, titles: &[&'t str]) -> Vec<Column<'t>> {
    let titles = titles.iter().map(|title| numbers(title));
    std::iter::once(words(first)).chain(titles).collect()
}

fn row(name: &str, cells: &[String]) -> Vec<Markup> {
    let cells = cells.iter().map(|cell| html! { (cell) });
    std::iter::once(html! { (name) }).chain(cells).collect()
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
            section class="card" {
                h2 { "In each second" }
                (plot::over_time("Requests", &rates, whole))
                (plot::over_time("Latency", &latencies, |ms| format!("{} ms", milliseconds(ms))))
            }
        }
    }
}

fn steps(limit: &LimitFigures) -> Markup {
    let figures = [
        "req/s", "seconds", "answered", "failed", "p50 ms", "p95 ms", "p99 ms",
    ];
    let mut columns = columns("for", &figures);
    columns.push(words("result"));
    let rows = limit.steps.iter().map(|step| {
        let [p50, p95, p99] = [step.p50, step.p95, step.p99].map(milliseconds);
        let figures = [
            whole(step.rate),
            step.duration_s.to_string(),
            grouped(step.completed),
            grouped(step.failed),
            p50,
            p95,
            p99,
        ];
        let mut cells = row(&format!("{:?}", step.phase).to_lowercase(), &figures);
        cells.push(html! { @match &step.broken { None => "held", Some(why) => (why) } });
        cells
    });
    html! { section { h2 { "Rates that were tried" } (table(&columns, rows)) } }
}

/// Two runs side by side.
pub fn run_comparison(comparison: &RunComparison) -> String {
    let direction = comparison.direction();
    let columns = columns("requests", &titles(comparison));
    let rows = comparison.requests.iter().map(|request| {
        let figures = request.figures.iter().map(compared);
        std::iter::once(html! { (request.name) })
            .chain(figures)
            .collect()
    });
    let body = html! {
        h1 { "seedrow compare " (coloured(direction)) }
        @if let Some(why) = differing_load(comparison) { p class="note" { (why) } }
        (table(&columns, rows))
    };
    page(&format!("seedrow compare: {}", direction.name()), &body)
}

fn compared(figure: &FigureComparison) -> Markup {
    let class = match figure.direction {
        Direction::Worse => "bad",
        Direction::Better => "good",
        _ => "",
    };
    html! { span class=(class) { (cell(figure)) } }
}
