//! A card of a check's page: one foreign key, query or schema, with what was found, what helps, and what was measured.

use maud::{Markup, html};

use super::element::{copyable, id, verdict, verdict_class};
use super::plan;
use super::plot::{self, INDEXED, Mark, Series};
use super::scale::{Scale, Unit};
use crate::check::{
    AccessPath, Case, CaseKind, Finding, IndexProof, Latency, Measurements, SampleCost, Verdict,
};
use crate::report::check::{remedy, without_repetition};
use crate::report::figures::milliseconds;
use crate::units::{counted, grouped, shortened, whole};

/// The scales of all plots of a page.
pub struct Scales {
    ms: Scale,
    pages: Scale,
}

impl Scales {
    /// Around all that is measured in these cases.
    pub fn of(cases: &[Case]) -> Scales {
        let measured = || cases.iter().filter_map(|case| case.measured);
        let ms = measured().flat_map(|it| {
            let samples = it.samples.iter().map(|sample| sample.execution_ms);
            samples.chain(it.budget_ms).chain(indexed_ms(it))
        });
        let pages = measured().flat_map(|it| {
            let samples = it.samples.iter().map(|sample| sample.buffers);
            samples.chain(it.bound).map(|pages| pages as f64)
        });
        Scales {
            ms: Scale::around(Unit::Milliseconds, ms),
            pages: Scale::around(Unit::Pages, pages),
        }
    }
}

/// The id of a case's card.
pub fn card_id(place: usize, case: &Case) -> String {
    id(place, &case.name)
}

/// A card that is open: of what doesn't hold.
pub fn open(place: usize, case: &Case, scales: &Scales) -> Markup {
    let class = format!("card {}", verdict_class(case.verdict()));
    let (rank, ms, pages) = keys(case);
    html! {
        article id=(card_id(place, case)) class=(class) data-name=(case.name) data-rank=(rank) data-ms=(ms) data-pages=(pages) {
            header { h3 { (case.name) } (verdict(case.verdict())) (summary(case)) }
            (body(case, scales))
        }
    }
}

/// A card that is folded: of what holds.
pub fn folded(place: usize, case: &Case, scales: &Scales) -> Markup {
    let (rank, ms, pages) = keys(case);
    html! {
        details id=(card_id(place, case)) class="card good" data-name=(case.name) data-rank=(rank) data-ms=(ms) data-pages=(pages) {
            summary { h3 { (case.name) } (verdict(case.verdict())) (summary(case)) }
            (body(case, scales))
        }
    }
}

/// What the script sorts by: how bad it is, milliseconds, pages.
fn keys(case: &Case) -> (usize, f64, u64) {
    let order = [
        Verdict::Pass,
        Verdict::Warn,
        Verdict::Unchecked,
        Verdict::Unstable,
        Verdict::Fail,
    ];
    let rank = order.iter().position(|it| *it == case.verdict());
    let figures = case.measured.map(|it| &it.figures);
    (
        rank.unwrap_or_default(),
        figures.map_or(0.0, |it| it.p50_ms),
        figures.map_or(0, |it| it.buffers),
    )
}

/// A line of figures.
fn summary(case: &Case) -> Markup {
    let kind = match case.kind {
        CaseKind::ForeignKey => "foreign key",
        CaseKind::Query => "query",
        CaseKind::Schema => "schema",
    };
    let measured = case.measured.filter(|it| !it.samples.is_empty());
    html! {
        span class="figures" {
            span { (kind) }
            @if let Some(it) = measured {
                span { (milliseconds(it.figures.p50_ms)) " ms" }
                span { (counted(it.figures.buffers, "page")) }
                span { (whole(it.figures.rows)) @if it.figures.rows == 1.0 { " row" } @else { " rows" } }
                @if !it.figures.indexes.is_empty() { span { "by " (shortened(&it.figures.indexes)) } }
            }
        }
    }
}

fn body(case: &Case, scales: &Scales) -> Markup {
    html! {
        (findings(&case.findings))
        @if let Some(measured) = case.measured {
            @if let Some(why) = &measured.stopped { p class="note" { (why) "." } }
            (plots(measured, scales))
            @if let Some(latency) = &measured.latency { p { (at_client(latency)) } }
            @for it in &measured.proofs { (proof(it)) }
            (details(case, measured))
        }
        @if case.measured.is_none() && case.findings.is_empty() {
            p class="note" {
                @match case.kind {
                    CaseKind::ForeignKey => "An index covers it. Its lookup wasn't run.",
                    CaseKind::Query => "It wasn't run.",
                    CaseKind::Schema => "Every table, column, key and constraint is as it should be.",
                }
            }
        }
    }
}

/// Each finding once, and what helps against several once.
fn findings(findings: &[&Finding]) -> Markup {
    let mut by_help: Vec<(&str, Vec<&Finding>)> = Vec::new();
    for &finding in findings {
        match by_help.iter_mut().find(|(help, _)| *help == finding.help) {
            Some((_, known)) => known.push(finding),
            None => by_help.push((finding.help.as_str(), vec![finding])),
        }
    }
    let mut known = Vec::new();
    html! {
        @for (help, findings) in &by_help {
            @let help = without_repetition(help, &mut known);
            div class="found" {
                ul {
                    @for it in findings {
                        li { (verdict(Verdict::from(it.severity))) " " (it.message) " " code class="rule" { (it.rule) } }
                    }
                }
                (fix(help))
            }
        }
    }
}

/// What helps: the command and the SQL, each to be copied.
pub fn fix(help: &str) -> Markup {
    let it = remedy(help);
    let sql = match it.command {
        Some(_) => "Or as SQL",
        None => "As SQL",
    };
    html! {
        @if !it.note.is_empty() { p class="note" { (with_code(it.note)) } }
        div class="fix" {
            @if let Some(command) = it.command.filter(|_| it.note.is_empty()) {
                (copyable("In a shell", command))
            }
            @if let Some(statements) = it.sql { (copyable(sql, statements)) }
        }
    }
}

/// What stands between backticks as code.
fn with_code(text: &str) -> Markup {
    html! {
        @for (at, part) in text.split('`').enumerate() {
            @if at % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

fn plots(measured: &Measurements, scales: &Scales) -> Markup {
    let series = |values: Vec<f64>, median: f64| {
        [Series {
            label: counted(values.len() as u64, "sample"),
            class: "after",
            values,
            median,
        }]
    };
    let (samples, figures) = (&measured.samples, &measured.figures);
    let times = series(
        samples.iter().map(|it| it.execution_ms).collect(),
        figures.p50_ms,
    );
    let pages = series(
        samples.iter().map(|it| it.buffers as f64).collect(),
        figures.buffers as f64,
    );
    let indexed = |value| Mark {
        label: "an indexed read, at most",
        class: INDEXED,
        value,
    };
    let budget = measured.budget_ms.map(|value| Mark {
        label: "budget",
        class: "budget",
        value,
    });
    let of_times: Vec<Mark> = indexed_ms(measured)
        .map(indexed)
        .into_iter()
        .chain(budget)
        .collect();
    let of_pages: Vec<Mark> = measured
        .bound
        .map(|it| indexed(it as f64))
        .into_iter()
        .collect();
    html! {
        @if !samples.is_empty() {
            div class="plots" {
                (plot::dots("Time, as EXPLAIN has it", &scales.ms, &times, &of_times))
                (plot::dots("Pages touched", &scales.pages, &pages, &of_pages))
            }
            (excess(measured))
        }
    }
}

/// How many times the pages of an indexed read are touched.
fn excess(measured: &Measurements) -> Markup {
    let pages = measured.figures.buffers;
    let bound = measured
        .bound
        .filter(|it| scans(measured) && pages > it * 2);
    html! {
        @if let Some(bound) = bound {
            p class="note" {
                "An indexed read would touch at most " (counted(bound, "page")) "; this one touches " (grouped(pages)) ", "
                strong class="bad" { (grouped(pages / bound.max(1))) " times as many" } "."
            }
        }
    }
}

fn scans(measured: &Measurements) -> bool {
    measured.shape.choice == AccessPath::Scan
}

/// What an indexed read would take: its pages, each at what a page took here. An index reads less of a page than a scan
/// does, so that is the most.
fn indexed_ms(measured: &Measurements) -> Option<f64> {
    let figures = &measured.figures;
    let bound = measured
        .bound
        .filter(|_| scans(measured) && figures.buffers > 0)?;
    Some(figures.p50_ms / figures.buffers as f64 * bound as f64)
}

/// Percentiles only of executions enough.
fn at_client(it: &Latency) -> Markup {
    html! {
        "At the client, " (counted(it.executions as u64, "execution")) ": median " (milliseconds(it.p50_ms)) " ms"
        @if let Some(ms) = it.reported_p95() { ", 95% under " (milliseconds(ms)) " ms" }
        @if let Some(ms) = it.reported_p99() { ", 99% under " (milliseconds(ms)) " ms" }
        ", the longest " (milliseconds(it.max_ms)) " ms."
    }
}

fn proof(proof: &IndexProof) -> Markup {
    let without = match proof.without {
        Some(SampleCost { p50_ms, buffers }) => {
            format!(
                "{} ms and {}",
                milliseconds(p50_ms),
                counted(buffers, "page")
            )
        }
        None => "a read that was cancelled".to_owned(),
    };
    html! {
        p {
            "Without " code { (proof.index) } ", " (milliseconds(proof.with.p50_ms)) " ms and "
            (counted(proof.with.buffers, "page")) " become " (without)
            @match proof.fails {
                Some(_) => "; the check fails, as it should.",
                None => "; the check stays green.",
            }
        }
    }
}

/// The plan, the SQL and the values.
fn details(case: &Case, measured: &Measurements) -> Markup {
    let is_open = case.verdict() != Verdict::Pass;
    html! {
        details open[is_open] { summary { "Plan" } (plan::tree(&measured.plan)) }
        @if !measured.sql.trim().is_empty() {
            details {
                summary { "SQL" }
                (copyable("The statement that ran", measured.sql.trim()))
                (values(measured))
            }
        }
        details {
            summary { "Plan without the values, and both as EXPLAIN printed them" }
            (plan::tree(&measured.generic_plan))
            (plan::raw(&measured.plan, "The plan"))
            (plan::raw(&measured.generic_plan, "The plan without values"))
        }
    }
}

/// The first and the last set of values.
fn values(measured: &Measurements) -> Markup {
    let set = |at: usize| {
        let values = measured.samples.get(at)?.parameters.iter();
        let values: Vec<String> = values
            .map(|(name, value)| format!("{name} = {value}"))
            .collect();
        (!values.is_empty()).then(|| values.join(", "))
    };
    let last = measured.samples.len().saturating_sub(1);
    html! {
        @if let Some(first) = set(0) {
            p class="note" {
                "With " code { (first) }
                @if last > 0 {
                    @if let Some(last) = set(last) { " up to " code { (last) } }
                }
                "."
            }
        }
    }
}
