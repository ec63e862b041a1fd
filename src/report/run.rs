//! The summary of a run: the verdict and what is wrong, then accounts, indexes, and the time of each phase.

use anyhow::Result;

use crate::check::CheckReport;
use crate::load::{LoadOutcome, Phase};
use crate::report::table::{Align, table};
use crate::report::{Detail, TextStyle, check, load, print, print_text};
use crate::units::{RATED, grouped, per_second};

/// Everything, the checks and broken foreign keys first; `built` is the table of the indexes built.
pub fn summary(
    outcome: &LoadOutcome,
    built: &str,
    checked: &CheckReport,
    phases: &[Phase],
    detail: Detail,
) -> Result<()> {
    let loaded = outcome.report();
    print(&check::text(checked, TextStyle::of_stdout(detail)))?;
    let mut text = load::findings(loaded);
    text.push('\n');
    text.push_str(&load::accounts(&loaded.accounts));
    text.push('\n');
    if !built.is_empty() {
        text.push_str(built);
        text.push('\n');
    }
    text.push_str(&self::phases(phases));
    text.push_str(&load::settings(&loaded.settings));
    print_text(&text)
}

/// Rows, seconds and rows per second of each phase, and of all.
fn phases(phases: &[Phase]) -> String {
    let right = |title| (title, Align::Right);
    let head = [
        ("phase", Align::Left),
        right("rows"),
        right("seconds"),
        right("rows/s"),
    ];
    let total: f64 = phases.iter().map(|phase| phase.took.as_secs_f64()).sum();
    let rows = phases.iter().filter_map(|phase| phase.rows).max();
    let line = |name: &str, rows: Option<u64>, seconds: f64| {
        let rate = rows
            .filter(|rows| *rows >= RATED)
            .map(|rows| grouped(per_second(rows, seconds)));
        vec![
            name.to_owned(),
            rows.map(grouped).unwrap_or_default(),
            format!("{seconds:.1}"),
            rate.unwrap_or_default(),
        ]
    };
    let mut lines: Vec<Vec<String>> = phases
        .iter()
        .map(|phase| line(phase.name, phase.rows, phase.took.as_secs_f64()))
        .collect();
    lines.push(line("all", rows, total));
    table(&head, lines)
}
