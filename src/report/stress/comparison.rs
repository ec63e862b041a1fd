//! Two runs side by side.

use anyhow::Result;

use super::figures::{cell, differing_load, titles};
use crate::compare::Direction;
use crate::printable;
use crate::report::colour::Colour;
use crate::report::markdown::plain;
use crate::report::table::{Align, table};
use crate::report::{OutputFormat, html, pretty};
use crate::stress::{FigureComparison, RequestComparison, RunComparison};

/// The comparison in one of the formats of `seedrow compare`.
pub fn render_comparison(
    format: OutputFormat,
    comparison: &RunComparison,
    colour: Colour,
) -> Result<String> {
    match format {
        OutputFormat::Json => pretty(&serde_json::json!({
            "kind": "stress-comparison",
            "verdict": comparison.direction().name(),
            "comparison": comparison,
        })),
        OutputFormat::Markdown => Ok(printable::lines(&markdown(comparison))),
        OutputFormat::Html => Ok(printable::lines(&html::run_comparison(comparison))),
        _ => Ok(text(comparison, colour)),
    }
}

fn text(comparison: &RunComparison, colour: Colour) -> String {
    let mut columns = vec![("requests", Align::Left)];
    columns.extend(titles(comparison).into_iter().map(|it| (it, Align::Right)));
    let row = |it: &RequestComparison| {
        let cells = it.figures.iter().map(cell);
        std::iter::once(printable::text(&it.name))
            .chain(cells)
            .collect()
    };
    let rows = comparison.requests.iter().map(row).collect();
    let direction = comparison.direction();
    let verdict = match direction {
        Direction::Worse => colour.red(direction.name()),
        Direction::Better | Direction::Same => colour.green(direction.name()),
        Direction::Changed | Direction::Unchecked => colour.yellow(direction.name()),
    };
    let changes = changes(comparison).into_iter().map(|line| line + "\n");
    let load = differing_load(comparison).map(|line| line + "\n");
    format!(
        "{}\n{}{}{verdict}\n",
        table(&columns, rows),
        changes.collect::<String>(),
        load.unwrap_or_default()
    )
}

/// A line a figure that changed.
fn changes(comparison: &RunComparison) -> Vec<String> {
    let of_request = |it: &RequestComparison| {
        let changed = it
            .figures
            .iter()
            .filter(|it| it.direction != Direction::Same);
        let line = |figure: &FigureComparison| {
            let direction = figure.direction.name();
            format!("{direction}: {} {}: {}", it.name, figure.name, cell(figure))
        };
        changed.map(line).collect::<Vec<String>>()
    };
    comparison.requests.iter().flat_map(of_request).collect()
}

fn markdown(comparison: &RunComparison) -> String {
    let titles = titles(comparison);
    let mut text = format!(
        "## seedrow compare: {}\n\n| requests | {} |\n|---|{}\n",
        comparison.direction().name(),
        titles.join(" | "),
        "--:|".repeat(titles.len())
    );
    for it in &comparison.requests {
        let cells: Vec<String> = it.figures.iter().map(cell).collect();
        text.push_str(&format!(
            "| {} | {} |\n",
            plain(&it.name),
            cells.join(" | ")
        ));
    }
    text.push('\n');
    let lines = changes(comparison)
        .into_iter()
        .chain(differing_load(comparison));
    text.extend(lines.map(|line| format!("- {}\n", plain(&line))));
    text
}
