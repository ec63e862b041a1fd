//! Two checks as a page, side by side: what changed on top, folded what didn't.

use maud::{Markup, html};

use super::element::{badge, copyable, id, tile};
use super::footer::footer_of_saved;
use super::page::{page, settings, tools};
use super::plan;
use super::plot::{self, Series};
use super::scale::{Scale, Unit};
use crate::check::{SampleRun, SavedCheck, SavedReport};
use crate::compare::{Comparison, Direction, Figure, ReadComparison};
use crate::report::figures::{arrow, milliseconds};
use crate::units::{counted, whole};

/// The whole page.
pub fn comparison(comparison: &Comparison) -> String {
    let direction = comparison.direction();
    let scales = Scales::of(comparison);
    let mut reads: Vec<(usize, &ReadComparison)> = comparison.reads.iter().enumerate().collect();
    reads.sort_by_key(|(_, read)| std::cmp::Reverse(read.direction()));
    let (same, changed): (Vec<_>, Vec<_>) = reads
        .into_iter()
        .partition(|(_, read)| read.direction() == Direction::Same);
    let body = html! {
        h1 { "seedrow compare " (coloured(direction)) }
        p class="facts" {
            "Before: " (side(comparison.before)) br; "After: " (side(comparison.after))
        }
        (head(comparison))
        (settings(&comparison.settings))
        @if !changed.is_empty() {
            section {
                h2 { "What changed" }
                div class="cards" { @for (place, read) in &changed { (open(*place, read, &scales)) } }
            }
        }
        @if !same.is_empty() {
            details class="passes" {
                summary { h2 { "What didn't" } span class="none" { (counted(same.len() as u64, "read")) } }
                div class="cards" { @for (place, read) in &same { (folded(*place, read, &scales)) } }
            }
        }
        footer class="pair" {
            (footer_of_saved("Before", comparison.before))
            (footer_of_saved("After", comparison.after))
        }
    };
    page(&format!("seedrow compare: {}", direction.name()), &body)
}

fn side(saved: &SavedReport) -> String {
    format!("{}, PostgreSQL {}", saved.target, saved.server_version)
}

fn class(direction: Direction) -> &'static str {
    match direction {
        Direction::Worse => "bad",
        Direction::Better => "good",
        Direction::Changed | Direction::Unchecked => "odd",
        Direction::Same => "none",
    }
}

/// A direction in its colour.
pub fn coloured(direction: Direction) -> Markup {
    badge(class(direction), direction.name())
}

/// The scales of all plots of the page.
struct Scales {
    ms: Scale,
    pages: Scale,
}

impl Scales {
    fn of(comparison: &Comparison) -> Scales {
        let sides = comparison.reads.iter().flat_map(|it| [it.before, it.after]);
        let samples: Vec<&SampleRun> = sides.flatten().flat_map(SavedCheck::samples).collect();
        let pages = samples.iter().map(|it| it.buffers as f64);
        Scales {
            ms: Scale::around(Unit::Milliseconds, samples.iter().map(|it| it.execution_ms)),
            pages: Scale::around(Unit::Pages, pages),
        }
    }
}

fn head(comparison: &Comparison) -> Markup {
    let directions = [
        Direction::Worse,
        Direction::Changed,
        Direction::Unchecked,
        Direction::Better,
        Direction::Same,
    ];
    let orders = [
        ("rank", "change"),
        ("name", "name"),
        ("ms", "time"),
        ("pages", "pages"),
    ];
    html! {
        ul class="tiles" {
            @for direction in directions {
                @let count = comparison.count(direction);
                @if count > 0 { (tile(class(direction), &count.to_string(), direction.name())) }
            }
        }
        (tools(&orders))
    }
}

/// What the script sorts by.
fn keys(read: &ReadComparison) -> (u8, f64, f64) {
    (
        read.direction() as u8,
        read.ms.shift.after,
        read.buffers.shift.after,
    )
}

fn open(place: usize, read: &ReadComparison, scales: &Scales) -> Markup {
    let direction = read.direction();
    let (rank, ms, pages) = keys(read);
    html! {
        article id=(id(place, read.name)) class={ "card " (class(direction)) }
            data-name=(read.name) data-rank=(rank) data-ms=(ms) data-pages=(pages) {
            header { h3 { (read.name) } (coloured(direction)) (figures(read)) }
            ul class="plain" {
                @for it in &read.differences { li { (coloured(it.direction)) " " (it.message) } }
            }
            (body(read, scales))
        }
    }
}

fn folded(place: usize, read: &ReadComparison, scales: &Scales) -> Markup {
    let (rank, ms, pages) = keys(read);
    html! {
        details id=(id(place, read.name)) class="card none"
            data-name=(read.name) data-rank=(rank) data-ms=(ms) data-pages=(pages) {
            summary { h3 { (read.name) } (coloured(Direction::Same)) (figures(read)) }
            p class="none" { "Nothing that is more than noise." }
            (body(read, scales))
        }
    }
}

fn figures(read: &ReadComparison) -> Markup {
    html! {
        span class="figures" {
            span { (arrow(&read.ms, milliseconds)) " ms" }
            span { (arrow(&read.buffers, whole)) " pages" }
            span { (arrow(&read.rows, whole)) " rows" }
        }
    }
}

/// The sides' names and checks.
type Sides<'a> = [(&'static str, Option<&'a SavedCheck>); 2];

fn body(read: &ReadComparison, scales: &Scales) -> Markup {
    let sides = [("before", read.before), ("after", read.after)];
    let is_open = read.direction() != Direction::Same;
    let times = series(&sides, &read.ms, |it| it.execution_ms);
    let pages = series(&sides, &read.buffers, |it| it.buffers as f64);
    html! {
        div class="plots" {
            (plot::dots("Time, as EXPLAIN has it", &scales.ms, &times, &[]))
            (plot::dots("Pages touched", &scales.pages, &pages, &[]))
        }
        p class="note" { (chance(&read.ms)) }
        (sql(read))
        details open[is_open] {
            summary { "Plans" }
            div class="pair" {
                @for (name, check) in sides {
                    @if let Some(check) = check { (plan_of(name, check)) }
                }
            }
        }
    }
}

fn series(sides: &Sides, figure: &Figure, of: fn(&SampleRun) -> f64) -> Vec<Series<'static>> {
    let medians = [figure.shift.before, figure.shift.after];
    let series = sides
        .iter()
        .zip(medians)
        .filter_map(|((name, check), median)| {
            let samples = (*check)?.samples();
            Some(Series {
                label: format!("{name}, {}", counted(samples.len() as u64, "sample")),
                class: name,
                values: samples.iter().map(of).collect(),
                median,
            })
        });
    series.collect()
}

/// The chance that the times differ by accident.
fn chance(figure: &Figure) -> String {
    match figure.shift.chance {
        Some(chance) if chance < 1e-6 => {
            "The chance that the times differ by accident is under one in a million.".to_owned()
        }
        Some(chance) => format!("The chance that the times differ by accident: {chance:.3}."),
        None => "Too few samples to tell a change of time from chance.".to_owned(),
    }
}

/// The statement, of the newer side that has it.
fn sql(read: &ReadComparison) -> Markup {
    let sides = [read.after, read.before].into_iter().flatten();
    let mut statements = sides.filter_map(|it| Some(it.measured.as_ref()?.sql.trim()));
    html! {
        @if let Some(sql) = statements.find(|sql| !sql.is_empty()) {
            details { summary { "SQL" } (copyable("The statement that ran", sql)) }
        }
    }
}

fn plan_of(name: &str, check: &SavedCheck) -> Markup {
    let title = match name {
        "before" => "The plan before",
        _ => "The plan after",
    };
    html! {
        div {
            h4 { (title) }
            @if let Some(it) = check.plan() {
                (plan::tree(it))
                (plan::raw(it, title))
            } @else {
                p class="none" { "It wasn't kept." }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::compare;
    use crate::report::compare::sample::{after, before};

    #[test]
    fn what_changed_is_open_and_what_didn_t_is_folded() {
        let (before, after) = (before(), after());
        let page = comparison(&compare(&before, &after));
        let place = |part: &str| page.find(part).unwrap_or_else(|| panic!("{part}\n{page}"));
        let order = [
            "<h2>What changed</h2>",
            "class=\"card good\" data-name=\"styles\"",
            "<details class=\"passes\"><summary><h2>What didn't</h2>",
            "class=\"card none\" data-name=\"products\"",
            "<footer class=\"pair\">",
        ];
        assert!(order.map(place).is_sorted());
        assert!(page.contains("<code>work_mem</code>: 4MB → 64MB"), "{page}");
    }

    #[test]
    fn both_sides_of_all_reads_have_one_scale() {
        let (before, after) = (before(), after());
        let page = comparison(&compare(&before, &after));
        let axes: Vec<&str> = page.split("<div class=\"axis\"").skip(1).collect();
        let axes: Vec<_> = axes
            .iter()
            .filter_map(|it| it.split("</div>").next())
            .collect();
        assert_eq!(axes.len(), 4);
        assert_eq!((axes[0], axes[1]), (axes[2], axes[3]));
    }
}
