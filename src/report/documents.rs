//! The output of `seedrow generate --format ndjson` and `seedrow compare --documents`.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use indicatif::HumanBytes;
use serde::Serialize;

use crate::documents::{Effort, Exported, Figures, FormComparison, Size};
use crate::report::table::{Align, table};
use crate::report::{OutputFormat, pretty, print_text};
use crate::units::grouped;

/// How many documents a file holds.
pub fn exported(file: &Path, exported: &Exported, taken: Duration) -> Result<()> {
    let without = match exported.values.saturating_sub(exported.documents) {
        0 => String::new(),
        without => format!("; {} values without a document", grouped(without)),
    };
    print_text(&format!(
        "{} documents, {} in {:.1} s in {}{without}\n",
        grouped(exported.documents),
        HumanBytes(exported.bytes),
        taken.as_secs_f64(),
        file.display()
    ))
}

/// The forms side by side, as JSON or as text.
pub fn render(format: OutputFormat, comparison: &FormComparison) -> Result<String> {
    match format {
        OutputFormat::Json => pretty(&DocumentsReport::of(comparison)),
        _ => Ok(text(comparison)),
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

/// The forms side by side; `data/documents.schema.json` is generated from it. Fields may be added; those described here
/// stay.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct DocumentsReport {
    /// The query whose results are the documents.
    query: String,
    /// How many documents each form holds.
    documents: u64,
    /// How many there are in the tables.
    of: u64,
    /// Whether all forms' bodies are those of the tables.
    equal: bool,
    /// Bodies that aren't.
    differences: Vec<String>,
    /// One for each form, the tables first.
    forms: Vec<FormReport>,
}

/// One form's figures; times in milliseconds.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct FormReport {
    /// tables, jsonb, json text or materialized view.
    form: &'static str,
    /// The median read, from the request to the last byte.
    p50: f64,
    /// 95% are no longer.
    p95: f64,
    /// 99% are no longer.
    p99: f64,
    /// The longest.
    max: f64,
    /// How many reads.
    reads: usize,
    /// Pages touched by a read, on average.
    pages: f64,
    /// On disk.
    bytes: Size,
    /// On disk for a document: the tables hold all documents, the other forms those that were made.
    bytes_per_document: f64,
    /// Making it from the tables, indexes included; null for the tables.
    build: Option<Effort>,
    /// Changing one row of a table and what was made from it, the median; null where no change is defined.
    change: Option<Effort>,
}

impl DocumentsReport {
    fn of(comparison: &FormComparison) -> DocumentsReport {
        let form = |figures: &Figures| FormReport {
            form: figures.form.name(),
            p50: figures.latency.p50_ms,
            p95: figures.latency.p95_ms,
            p99: figures.latency.p99_ms,
            max: figures.latency.max_ms,
            reads: figures.latency.executions,
            pages: figures.pages,
            bytes: figures.size,
            bytes_per_document: comparison.bytes_per_document(figures),
            build: figures.build,
            change: figures.change,
        };
        DocumentsReport {
            query: comparison.query.clone(),
            documents: comparison.documents,
            of: comparison.of,
            equal: comparison.differences.is_empty(),
            differences: comparison.differences.clone(),
            forms: comparison.figures.iter().map(form).collect(),
        }
    }
}
