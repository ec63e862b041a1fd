//! Two checks as a page, side by side.

use super::element::{badge, id, text};
use super::page::page;
use super::plan;
use super::plot::{self, Series};
use crate::check::{SavedCheck, SavedReport};
use crate::compare::{Comparison, Direction, Figure, ReadComparison};
use crate::progress::whole;
use crate::report::figures::{arrow, milliseconds};

/// What changed, a table of all reads, and each read with its times, pages and plans before and after.
pub fn comparison(comparison: &Comparison) -> String {
    let direction = comparison.direction();
    let mut body = format!(
        "<h1>seedrow compare {}</h1>\n<p class=\"facts\">Before: {}<br>After: {}</p>\n",
        shown(direction),
        side(comparison.before),
        side(comparison.after)
    );
    body.push_str(&settings(comparison));
    body.push_str(&table(comparison));
    let reads = comparison.reads.iter().enumerate();
    body.extend(reads.map(|(place, read)| article(place, read)));
    page(&format!("seedrow compare: {}", direction.name()), &body)
}

fn side(saved: &SavedReport) -> String {
    format!(
        "{}, PostgreSQL {}",
        text(&saved.target),
        text(&saved.server_version)
    )
}

fn shown(direction: Direction) -> String {
    let class = match direction {
        Direction::Worse => "bad",
        Direction::Better => "good",
        Direction::Changed | Direction::Unchecked => "odd",
        Direction::Same => "none",
    };
    badge(class, direction.name())
}

fn settings(comparison: &Comparison) -> String {
    let item = |(name, before, after): &(String, String, String)| {
        format!(
            "<li><code>{}</code>: {} → {}</li>\n",
            text(name),
            text(before),
            text(after)
        )
    };
    let items: String = comparison.settings.iter().map(item).collect();
    match items.is_empty() {
        true => items,
        false => format!("<h2>Settings that differ</h2>\n<ul>\n{items}</ul>\n"),
    }
}

fn table(comparison: &Comparison) -> String {
    let row = |(place, read): (usize, &ReadComparison)| {
        format!(
            "<tr><td><a href=\"#{}\">{}</a></td><td>{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td>\
             <td class=\"number\">{}</td></tr>\n",
            id(place, read.name),
            text(read.name),
            shown(read.direction()),
            arrow(&read.ms, milliseconds),
            arrow(&read.buffers, whole),
            arrow(&read.rows, whole)
        )
    };
    let rows: String = comparison.reads.iter().enumerate().map(row).collect();
    format!(
        "<h2>All reads</h2>\n<div class=\"scroll\"><table>\n<tr><th>read</th><th>what changed</th><th class=\"number\">ms</th>\
         <th class=\"number\">pages</th><th class=\"number\">rows</th></tr>\n{rows}</table></div>\n"
    )
}

fn article(place: usize, read: &ReadComparison) -> String {
    let differences = read
        .differences
        .iter()
        .map(|it| format!("<li>{} {}</li>\n", shown(it.direction), text(&it.message)));
    let differences: String = differences.collect();
    let differences = match differences.is_empty() {
        true => "<p class=\"none\">Nothing that is more than noise.</p>\n".to_owned(),
        false => format!("<ul class=\"findings\">\n{differences}</ul>\n"),
    };
    let sides = [("before", read.before), ("after", read.after)];
    let times: Vec<Series> = sides
        .iter()
        .filter_map(|(class, check)| {
            let samples = (*check)?.samples();
            let values = samples.iter().map(|it| it.execution_ms).collect();
            Some(Series {
                label: class,
                class,
                values,
            })
        })
        .collect();
    let pages: Vec<(&str, &str, u64)> = sides
        .iter()
        .filter(|(_, check)| check.is_some())
        .zip([read.buffers.shift.before, read.buffers.shift.after])
        .map(|((class, _), pages)| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "pages are at least 0"
            )]
            let pages = pages.round() as u64;
            (*class, *class, pages)
        })
        .collect();
    let plans = sides
        .iter()
        .filter_map(|(name, check)| Some(plan_of(name, (*check)?)));
    format!(
        "<article id=\"{}\">\n<h2>{} {}</h2>\n{differences}<h3>Times, as EXPLAIN has them{}</h3>\n{}<h3>Pages</h3>\n{}\
         <div class=\"pair\">\n{}</div>\n</article>\n",
        id(place, read.name),
        text(read.name),
        shown(read.direction()),
        chance(&read.ms),
        plot::times(&times),
        plot::pages(&pages),
        plans.collect::<String>()
    )
}

/// What the test says of the times.
fn chance(figure: &Figure) -> String {
    match figure.shift.chance {
        Some(chance) if chance < 1e-6 => "; chance: under one in a million".to_owned(),
        Some(chance) => format!("; chance: {chance:.3}"),
        None => "; too few to tell from chance".to_owned(),
    }
}

fn plan_of(name: &str, check: &SavedCheck) -> String {
    let title = match name {
        "before" => "The plan before",
        _ => "The plan after",
    };
    match check.plan() {
        Some(it) => format!(
            "<div><h3>{title}</h3>\n{}{}</div>\n",
            plan::tree(it),
            plan::raw(it, title)
        ),
        None => format!("<div><h3>{title}</h3>\n<p class=\"none\">It wasn't kept.</p></div>\n"),
    }
}
