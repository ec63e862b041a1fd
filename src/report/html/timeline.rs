//! A run as a page: the phases in order, rows loaded and indexes built, and the check.

use maud::html;

use super::check::sections;
use super::element::verdict;
use super::page::page;
use super::plot;
use crate::check::CheckReport;
use crate::load::Phase;
use crate::units::counted;

/// The phases as a timeline, then the check as its own page has it.
pub fn run(phases: &[Phase], report: &CheckReport) -> String {
    let bars: Vec<(&str, f64, String)> = phases
        .iter()
        .map(|phase| {
            let rows = phase.rows.map(|rows| format!(", {}", counted(rows, "row")));
            let seconds = phase.took.as_secs_f64();
            (
                phase.name,
                seconds,
                format!("{seconds:.1} s{}", rows.unwrap_or_default()),
            )
        })
        .collect();
    let all: f64 = phases.iter().map(|phase| phase.took.as_secs_f64()).sum();
    let body = html! {
        h1 { "seedrow run " (verdict(report.verdict())) }
        h2 { "Phases, " (format!("{all:.1}")) " s in all" }
        (plot::phases(&bars))
        (sections(report))
    };
    page(&format!("seedrow run: {}", report.verdict().name()), &body)
}
