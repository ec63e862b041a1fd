//! Two checks as a page, side by side.

use maud::{Markup, html};

use super::element::{badge, id};
use super::page::page;
use super::plan;
use super::plot::{self, Series};
use crate::check::{SavedCheck, SavedReport};
use crate::compare::{Comparison, Direction, Figure, ReadComparison};
use crate::report::figures::{arrow, milliseconds};
use crate::units::whole;

/// What changed, a table of all reads, and each read with its times, pages and plans before and after.
pub fn comparison(comparison: &Comparison) -> String {
    let direction = comparison.direction();
    let body = html! {
        h1 { "seedrow compare " (coloured(direction)) }
        p class="facts" {
            "Before: " (side(comparison.before)) br; "After: " (side(comparison.after))
        }
        (settings(comparison))
        (table(comparison))
        @for (place, read) in comparison.reads.iter().enumerate() { (article(place, read)) }
    };
    page(&format!("seedrow compare: {}", direction.name()), &body)
}

fn side(saved: &SavedReport) -> String {
    format!("{}, PostgreSQL {}", saved.target, saved.server_version)
}

fn coloured(direction: Direction) -> Markup {
    let class = match direction {
        Direction::Worse => "bad",
        Direction::Better => "good",
        Direction::Changed | Direction::Unchecked => "odd",
        Direction::Same => "none",
    };
    badge(class, direction.name())
}

fn settings(comparison: &Comparison) -> Markup {
    html! {
        @if !comparison.settings.is_empty() {
            h2 { "Settings that differ" }
            ul {
                @for (name, before, after) in &comparison.settings {
                    li { code { (name) } ": " (before) " → " (after) }
                }
            }
        }
    }
}

fn table(comparison: &Comparison) -> Markup {
    html! {
        h2 { "All reads" }
        div class="scroll" {
            table {
                tr {
                    th { "read" }
                    th { "what changed" }
                    @for title in ["ms", "pages", "rows"] { th class="number" { (title) } }
                }
                @for (place, read) in comparison.reads.iter().enumerate() {
                    tr {
                        td { a href={ "#" (id(place, read.name)) } { (read.name) } }
                        td { (coloured(read.direction())) }
                        td class="number" { (arrow(&read.ms, milliseconds)) }
                        td class="number" { (arrow(&read.buffers, whole)) }
                        td class="number" { (arrow(&read.rows, whole)) }
                    }
                }
            }
        }
    }
}

fn article(place: usize, read: &ReadComparison) -> Markup {
    let sides = [("before", read.before), ("after", read.after)];
    html! {
        article id=(id(place, read.name)) {
            h2 { (read.name) " " (coloured(read.direction())) }
            @if read.differences.is_empty() {
                p class="none" { "Nothing that is more than noise." }
            } @else {
                ul class="findings" {
                    @for it in &read.differences {
                        li { (coloured(it.direction)) " " (it.message) }
                    }
                }
            }
            h3 { "Times, as EXPLAIN has them" (chance(&read.ms)) }
            (plot::times(&times(&sides)))
            h3 { "Pages" }
            (plot::pages(&pages(read, &sides)))
            div class="pair" {
                @for (name, check) in sides {
                    @if let Some(check) = check { (plan_of(name, check)) }
                }
            }
        }
    }
}

/// The sides' names and checks.
type Sides<'a> = [(&'static str, Option<&'a SavedCheck>); 2];

fn times(sides: &Sides) -> Vec<Series<'static>> {
    let series = sides.iter().filter_map(|(name, check)| {
        let samples = (*check)?.samples();
        Some(Series {
            label: name,
            class: name,
            values: samples.iter().map(|it| it.execution_ms).collect(),
        })
    });
    series.collect()
}

fn pages(read: &ReadComparison, sides: &Sides) -> Vec<(&'static str, &'static str, u64)> {
    let medians = [read.buffers.shift.before, read.buffers.shift.after];
    let bars = sides
        .iter()
        .zip(medians)
        .filter_map(|((name, check), pages)| {
            (*check)?;
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "pages are at least 0"
            )]
            let pages = pages.round() as u64;
            Some((*name, *name, pages))
        });
    bars.collect()
}

/// The chance that the times differ by accident.
fn chance(figure: &Figure) -> String {
    match figure.shift.chance {
        Some(chance) if chance < 1e-6 => "; chance: under one in a million".to_owned(),
        Some(chance) => format!("; chance: {chance:.3}"),
        None => "; too few to tell from chance".to_owned(),
    }
}

fn plan_of(name: &str, check: &SavedCheck) -> Markup {
    let title = match name {
        "before" => "The plan before",
        _ => "The plan after",
    };
    html! {
        div {
            h3 { (title) }
            @if let Some(it) = check.plan() {
                (plan::tree(it))
                (plan::raw(it, title))
            } @else {
                p class="none" { "It wasn't kept." }
            }
        }
    }
}
