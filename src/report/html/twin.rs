//! A database beside its twin as a page: reads whose plans differ and why, the rows of equal plans' nodes, statistics.

use maud::{Markup, html};

use super::element::{badge, copyable, id, numbers, table, tile, words};
use super::footer::footer_of_saved;
use super::page::{page, settings, tools};
use super::plan;
use crate::check::{SavedCheck, SavedReport};
use crate::compare::{
    ColumnComparison, NodeComparison, PlanEquality, TableComparison, TwinComparison, TwinRead,
    quantile,
};
use crate::report::twin::number;
use crate::units::{counted, whole};

/// A node's q-error is marked from here on.
const FAR: f64 = 5.0;

/// The whole page.
pub fn twin(comparison: &TwinComparison) -> String {
    let verdict = match comparison.is_equal() {
        true => badge("good", "equal"),
        false => badge("odd", "different"),
    };
    let reads = comparison.reads.iter().enumerate();
    let (same, other): (Vec<_>, Vec<_>) = reads.partition(|it| it.1.plans == PlanEquality::Equal);
    let body = html! {
        h1 { "seedrow compare --twin " (verdict) }
        p class="facts" {
            "Source: " (side(comparison.source)) br; "Twin: " (side(comparison.twin))
        }
        (head(comparison))
        (settings(&comparison.settings))
        @if !other.is_empty() {
            section {
                h2 { "Other plans" }
                div class="cards" { @for (place, read) in &other { (open(*place, read)) } }
            }
        }
        (columns(comparison))
        (sizes(&comparison.tables))
        @if !same.is_empty() {
            details class="passes" {
                summary { h2 { "Equal plans" } span class="none" { (counted(same.len() as u64, "read")) } }
                div class="cards" { @for (place, read) in &same { (folded(*place, read)) } }
            }
        }
        footer class="pair" {
            (footer_of_saved("Source", comparison.source))
            (footer_of_saved("Twin", comparison.twin))
        }
    };
    let title = match comparison.is_equal() {
        true => "seedrow compare --twin: equal",
        false => "seedrow compare --twin: different",
    };
    page(title, &body)
}

fn side(saved: &SavedReport) -> String {
    format!("{}, PostgreSQL {}", saved.target, saved.server_version)
}

fn head(comparison: &TwinComparison) -> Markup {
    let share = |close: usize, all: usize| format!("{close} of {all}");
    let class = |close: usize, all: usize| if close == all { "good" } else { "odd" };
    let plans = (comparison.equal_plans(), comparison.reads.len());
    let columns = (comparison.close_columns(), comparison.columns.len());
    let orders = [("rank", "q-error"), ("name", "name"), ("pages", "pages")];
    html! {
        ul class="tiles" {
            (tile(class(plans.0, plans.1), &share(plans.0, plans.1), "plans equal"))
            (tile(class(columns.0, columns.1), &share(columns.0, columns.1), "columns within 10%"))
            @for (what, errors) in [("expected", &comparison.nodes.expected), ("actual", &comparison.nodes.actual)] {
                @if let (Some(median), Some(high)) = (quantile(errors, 0.5), quantile(errors, 0.95)) {
                    (tile(
                        if high < FAR { "good" } else { "odd" },
                        &format!("{median:.2}, {high:.2}"),
                        &format!("q-error of {what} rows: median, 95th percentile"),
                    ))
                }
            }
        }
        (tools(&orders))
    }
}

/// The worst q-error of a read's nodes.
fn worst(read: &TwinRead) -> f64 {
    let nodes = read.nodes.iter();
    nodes
        .map(|it| it.expected().max(it.actual()))
        .fold(1.0, f64::max)
}

/// The median of the pages that an execution touched.
fn pages(check: Option<&SavedCheck>) -> f64 {
    let measured = check.and_then(|it| it.measured.as_ref());
    measured.map_or(0.0, |it| it.figures.buffers as f64)
}

fn figures(read: &TwinRead) -> Markup {
    let (source, twin) = (whole(pages(read.source)), whole(pages(read.twin)));
    html! {
        span class="figures" {
            @if !read.nodes.is_empty() { span { "q-error up to " (format!("{:.2}", worst(read))) } }
            @if source == twin { span { (source) " pages" } } @else { span { (source) " → " (twin) " pages" } }
        }
    }
}

fn open(place: usize, read: &TwinRead) -> Markup {
    let (class, word, differences, causes) = match &read.plans {
        PlanEquality::Different {
            differences,
            causes,
        } => (
            "bad",
            "another plan",
            differences.as_slice(),
            causes.as_slice(),
        ),
        PlanEquality::Unknown(reason) => (
            "odd",
            "unchecked",
            std::slice::from_ref(reason),
            [].as_slice(),
        ),
        PlanEquality::Equal => return html! {},
    };
    html! {
        article id=(id(place, read.name)) class={ "card " (class) }
            data-name=(read.name) data-rank=(worst(read)) data-pages=(pages(read.source)) {
            header { h3 { (read.name) } (badge(class, word)) (figures(read)) }
            ul class="plain" { @for it in differences { li { (it) } } }
            @if !causes.is_empty() {
                h4 { "Why" }
                ul class="plain" { @for it in causes { li { (it) } } }
            }
            (sql(read))
            details {
                summary { "Plans" }
                div class="pair" {
                    (plan_of("The source's plan", read.source))
                    (plan_of("The twin's plan", read.twin))
                }
            }
        }
    }
}

fn folded(place: usize, read: &TwinRead) -> Markup {
    html! {
        details id=(id(place, read.name)) class="card none"
            data-name=(read.name) data-rank=(worst(read)) data-pages=(pages(read.source)) {
            summary { h3 { (read.name) } (badge("none", "equal")) (figures(read)) }
            (nodes(&read.nodes))
            (sql(read))
        }
    }
}

fn nodes(nodes: &[NodeComparison]) -> Markup {
    let titles = [
        words("node"),
        numbers("expected rows"),
        numbers("q-error"),
        numbers("actual rows"),
        numbers("q-error"),
    ];
    let error = |error: f64| {
        let class = if error > FAR { "odd" } else { "" };
        html! { span class=(class) { (format!("{error:.2}")) } }
    };
    let rows = nodes.iter().map(|node| {
        vec![
            html! { (node.label) },
            html! { (both(node.source.expected, node.twin.expected)) },
            error(node.expected()),
            html! { (both(node.source.actual, node.twin.actual)) },
            error(node.actual()),
        ]
    });
    html! { @if !nodes.is_empty() { (table(&titles, rows)) } }
}

fn both(source: f64, twin: f64) -> String {
    match whole(source) == whole(twin) {
        true => whole(source),
        false => format!("{} → {}", whole(source), whole(twin)),
    }
}

fn sql(read: &TwinRead) -> Markup {
    let checks = [read.source, read.twin].into_iter().flatten();
    let mut statements = checks.filter_map(|it| Some(it.measured.as_ref()?.sql.trim()));
    html! {
        @if let Some(sql) = statements.find(|sql| !sql.is_empty()) {
            details { summary { "SQL" } (copyable("The statement that ran", sql)) }
        }
    }
}

fn plan_of(title: &str, check: Option<&SavedCheck>) -> Markup {
    html! {
        div {
            h4 { (title) }
            @match check.and_then(SavedCheck::plan) {
                Some(it) => { (plan::tree(it)) (plan::raw(it, title)) },
                None => p class="none" { "There is none." },
            }
        }
    }
}

/// The columns with a figure out of the tolerance, then the others.
fn columns(comparison: &TwinComparison) -> Markup {
    let (close, far): (Vec<_>, Vec<_>) = comparison.columns.iter().partition(|it| it.is_close());
    html! {
        @if !far.is_empty() {
            section { h2 { "Columns further apart than 10%" } (column_table(&far)) }
        }
        @if !close.is_empty() {
            details class="passes" {
                summary { h2 { "Columns within 10%" } span class="none" { (counted(close.len() as u64, "column")) } }
                (column_table(&close))
            }
        }
    }
}

/// A figure a row: of the source and of the twin, and how far they are apart.
fn column_table(columns: &[&ColumnComparison]) -> Markup {
    let titles = [
        words("column"),
        words("figure"),
        numbers("source"),
        numbers("twin"),
        numbers("error"),
    ];
    let rows = columns.iter().flat_map(|column| {
        column.figures.iter().map(move |figure| {
            let class = if figure.is_close { "" } else { "bad" };
            vec![
                html! { (column.table) "." (column.column) },
                html! { span class=(class) { (figure.name.name()) } },
                html! { (number(figure.source)) },
                html! { (number(figure.twin)) },
                html! { span class=(class) { (figure.error()) } },
            ]
        })
    });
    table(&titles, rows)
}

fn sizes(tables: &[TableComparison]) -> Markup {
    let titles = [words("table"), numbers("rows"), numbers("pages")];
    let rows = tables.iter().map(|it| {
        let class = if it.is_close() { "" } else { "bad" };
        vec![
            html! { (it.table) },
            html! { (both(it.rows.0, it.rows.1)) },
            html! { span class=(class) { (both(it.pages.0, it.pages.1)) } },
        ]
    });
    html! {
        @if !tables.is_empty() {
            details class="passes" {
                summary { h2 { "Sizes" } span class="none" { (counted(tables.len() as u64, "table")) } }
                (table(&titles, rows))
            }
        }
    }
}
