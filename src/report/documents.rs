//! The output of `seedrow generate --format ndjson` and `seedrow compare --documents`.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use indicatif::HumanBytes;
use serde_json::{Value, json};

use crate::documents::{Effort, Exported, Figures, FormComparison};
use crate::report::table::{Align, table};
use crate::report::{OutputFormat, print};
use crate::units::grouped;

/// How many documents a file holds.
pub fn exported(file: &Path, exported: &Exported, taken: Duration) -> Result<()> {
    let without = match exported.values.saturating_sub(exported.documents) {
        0 => String::new(),
        without => format!("; {} values without a document", grouped(without)),
    };
    print(&format!(
        "{} documents, {} in {:.1} s in {}{without}\n",
        grouped(exported.documents),
        HumanBytes(exported.bytes),
        taken.as_secs_f64(),
        file.display()
    ))
}

/// The forms side by side, as JSON or as text.
pub fn render(format: OutputFormat, comparison: &FormComparison) -> String {
    match format {
        OutputFormat::Json => format!("{:#}\n", json(comparison)),
        _ => text(comparison),
    }
}

fn text(comparison: &FormComparison) -> String {
    let FormComparison {
        query,
        documents,
        of,
        ..
    } = comparison;
    let mut text = format!(
        "{query}: {} documents of {}\n",
        grouped(*documents),
        grouped(*of)
    );
    let head = [
        ("form", Align::Left),
        ("p50 ms", Align::Right),
        ("p95 ms", Align::Right),
        ("p99 ms", Align::Right),
        ("pages", Align::Right),
        ("bytes each", Align::Right),
        ("heap", Align::Right),
        ("TOAST", Align::Right),
        ("index", Align::Right),
    ];
    let rows = comparison
        .figures
        .iter()
        .map(|figures| read_cells(comparison, figures));
    text.push_str(&table(&head, rows.collect()));
    let head = [
        ("form", Align::Left),
        ("build s", Align::Right),
        ("build WAL", Align::Right),
        ("change ms", Align::Right),
        ("change WAL", Align::Right),
    ];
    text.push('\n');
    text.push_str(&table(
        &head,
        comparison.figures.iter().map(write_cells).collect(),
    ));
    text.push_str(&verdict(comparison));
    text
}

fn read_cells(comparison: &FormComparison, figures: &Figures) -> Vec<String> {
    let bytes = |bytes| HumanBytes(bytes).to_string();
    let time = |ms: f64| format!("{ms:.2}");
    vec![
        figures.form.name().to_owned(),
        time(figures.latency.p50_ms),
        time(figures.latency.p95_ms),
        time(figures.latency.p99_ms),
        format!("{:.0}", figures.pages),
        format!("{:.0}", comparison.bytes_per_document(figures)),
        bytes(figures.size.heap),
        bytes(figures.size.toast),
        bytes(figures.size.index),
    ]
}

fn write_cells(figures: &Figures) -> Vec<String> {
    let cells = |effort: Option<Effort>, time: fn(f64) -> String| match effort {
        Some(effort) => [time(effort.ms), HumanBytes(effort.wal).to_string()],
        None => ["-".to_owned(), "-".to_owned()],
    };
    let mut row = vec![figures.form.name().to_owned()];
    row.extend(cells(figures.build, |ms| format!("{:.1}", ms / 1e3)));
    row.extend(cells(figures.change, |ms| format!("{ms:.2}")));
    row
}

fn verdict(comparison: &FormComparison) -> String {
    if comparison.differences.is_empty() {
        return "The bodies of all forms are equal byte for byte; jsonb's to the tables' cast to jsonb.\n".to_owned();
    }
    let lines = comparison.differences.iter();
    lines.map(|difference| format!("{difference}\n")).collect()
}

fn json(comparison: &FormComparison) -> Value {
    let form = |figures: &Figures| {
        json!({
            "form": figures.form.name(),
            "p50": figures.latency.p50_ms,
            "p95": figures.latency.p95_ms,
            "p99": figures.latency.p99_ms,
            "max": figures.latency.max_ms,
            "reads": figures.latency.executions,
            "pages": figures.pages,
            "bytes": figures.size,
            "bytes_per_document": comparison.bytes_per_document(figures),
            "build": figures.build,
            "change": figures.change,
        })
    };
    json!({
        "query": comparison.query,
        "documents": comparison.documents,
        "of": comparison.of,
        "equal": comparison.differences.is_empty(),
        "differences": comparison.differences,
        "forms": comparison.figures.iter().map(form).collect::<Vec<_>>(),
    })
}
