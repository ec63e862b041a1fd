//! What `seedrow compare --twin` prints.

use anyhow::Result;
use serde_json::{Value, json};

use super::colour::Colour;
use super::table::{Align, table};
use super::{Formats, OutputFormat, html, pretty};
use crate::compare::{ColumnComparison, ColumnFigure, PlanEquality, TwinComparison, quantile};
use crate::printable;
use crate::units::counted;

/// What writes a comparison with a twin in one format.
type TwinRenderer = fn(&TwinComparison<'_>, Colour) -> Result<String>;

const FORMATS: Formats<TwinRenderer> = Formats {
    of: "a comparison with a twin",
    renderers: &[
        (OutputFormat::Text, |it, colour| Ok(text(it, colour))),
        (OutputFormat::Json, |it, _| pretty(&to_json(it))),
        (OutputFormat::Html, |it, _| Ok(html::twin(it))),
    ],
};

/// The comparison in this format.
pub fn render(format: OutputFormat, comparison: &TwinComparison, colour: Colour) -> Result<String> {
    FORMATS.render(format, |renderer| renderer(comparison, colour))
}

/// For people: what differs, then the sums.
fn text(comparison: &TwinComparison, colour: Colour) -> String {
    let sections = [
        plans(comparison, colour),
        columns(comparison),
        lone_tables(comparison),
        summary(comparison, colour),
    ];
    let sections: Vec<String> = sections.into_iter().filter(|it| !it.is_empty()).collect();
    sections.join("\n")
}

fn plans(comparison: &TwinComparison, colour: Colour) -> String {
    let mut text = String::new();
    for read in &comparison.reads {
        let (verdict, reasons) = match &read.plans {
            PlanEquality::Equal => continue,
            PlanEquality::Different {
                differences,
                causes,
            } => (
                colour.red("another plan"),
                [differences.as_slice(), causes].concat(),
            ),
            PlanEquality::Unknown(reason) => (colour.yellow("unchecked"), vec![reason.clone()]),
        };
        text.push_str(&format!("{verdict}  {}\n", printable::text(read.name)));
        for reason in reasons {
            text.push_str(&format!("    {}\n", printable::text(&reason)));
        }
    }
    text
}

fn columns(comparison: &TwinComparison) -> String {
    let titles = [
        ("column", Align::Left),
        ("figure", Align::Left),
        ("source", Align::Right),
        ("twin", Align::Right),
        ("apart", Align::Right),
    ];
    let row = |column: &ColumnComparison, figure: &ColumnFigure| {
        vec![
            printable::text(&format!("{}.{}", column.table, column.column)),
            figure.name.name().to_owned(),
            number(figure.source),
            number(figure.twin),
            figure.error(),
        ]
    };
    let rows: Vec<Vec<String>> = comparison
        .columns
        .iter()
        .flat_map(|column| {
            let far = column.figures.iter().filter(|it| !it.is_close);
            far.map(move |figure| row(column, figure))
        })
        .collect();
    match rows.is_empty() {
        true => String::new(),
        false => table(&titles, rows),
    }
}

/// Whole from 100 on, with three decimals below, and with four where it is small.
pub(super) fn number(value: f64) -> String {
    let size = value.abs();
    if size >= 100.0 || value.fract() == 0.0 {
        let sign = if value < 0.0 { "-" } else { "" };
        return format!("{sign}{}", crate::units::whole(size));
    }
    match size < 0.01 {
        true => format!("{value:.4}"),
        false => format!("{value:.3}"),
    }
}

fn lone_tables(comparison: &TwinComparison) -> String {
    match comparison.lone_tables.is_empty() {
        true => String::new(),
        false => format!(
            "statistics in one of both alone: {}\n",
            printable::text(&comparison.lone_tables.join(", "))
        ),
    }
}

fn summary(comparison: &TwinComparison, colour: Colour) -> String {
    let nodes = &comparison.nodes;
    let mut lines = vec![format!(
        "plans: {} of {} equal",
        comparison.equal_plans(),
        comparison.reads.len()
    )];
    for (what, errors) in [("expected", &nodes.expected), ("actual", &nodes.actual)] {
        if let (Some(median), Some(high)) = (quantile(errors, 0.5), quantile(errors, 0.95)) {
            lines.push(format!(
                "{what} rows of {}: median q-error {median:.2}, 95th percentile {high:.2}",
                counted(errors.len() as u64, "node")
            ));
        }
    }
    lines.push(match comparison.columns.is_empty() {
        true => "columns: none has statistics in both files; `seedrow check --save` keeps them"
            .to_owned(),
        false => format!(
            "columns: {} of {} within 10%",
            comparison.close_columns(),
            comparison.columns.len()
        ),
    });
    lines.push(match comparison.is_equal() {
        true => colour.green("equal"),
        false => colour.yellow("different"),
    });
    lines.join("\n") + "\n"
}

/// For programs: all of it, what is equal included.
fn to_json(comparison: &TwinComparison) -> Value {
    let side = |saved: &crate::check::SavedReport| json!({"target": saved.target, "server_version": saved.server_version});
    let nodes = &comparison.nodes;
    let quantiles = |sorted: &[f64]| json!({"nodes": sorted.len(), "median": quantile(sorted, 0.5), "p95": quantile(sorted, 0.95), "max": sorted.last()});
    let reads = comparison.reads.iter().map(|read| {
        let (plan, reasons, causes) = match &read.plans {
            PlanEquality::Equal => ("equal", Vec::new(), Vec::new()),
            PlanEquality::Different {
                differences,
                causes,
            } => ("different", differences.clone(), causes.clone()),
            PlanEquality::Unknown(reason) => ("unchecked", vec![reason.clone()], Vec::new()),
        };
        json!({"name": read.name, "plan": plan, "reasons": reasons, "causes": causes})
    });
    let columns = comparison.columns.iter().map(|column| {
        let figures = column.figures.iter().map(|it| {
            json!({"figure": it.name.name(), "source": it.source, "twin": it.twin, "close": it.is_close})
        });
        json!({"table": column.table, "column": column.column, "close": column.is_close(), "figures": figures.collect::<Vec<_>>()})
    });
    json!({
        "equal": comparison.is_equal(),
        "source": side(comparison.source),
        "twin": side(comparison.twin),
        "equal_plans": comparison.equal_plans(),
        "close_columns": comparison.close_columns(),
        "q_error": {"expected": quantiles(&nodes.expected), "actual": quantiles(&nodes.actual)},
        "reads": reads.collect::<Vec<_>>(),
        "columns": columns.collect::<Vec<_>>(),
        "lone_tables": comparison.lone_tables,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_sign_and_what_tells_them_apart() {
        let numbers = [-1.0, -1_500.0, 0.0, 0.25, 0.0007, 1_234.5];
        assert_eq!(
            numbers.map(number),
            ["-1", "-1,500", "0", "0.250", "0.0007", "1,235"]
        );
    }
}
