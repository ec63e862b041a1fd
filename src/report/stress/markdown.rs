//! A run for a pull request.

use super::figures::{
    COUNTS, LATENCIES, Section, count_rows, counts, latency_rows, load, sections,
};
use crate::report::markdown::plain;
use crate::stress::{StressReport, Verdict};

/// The verdict, two tables, and what the text has below them.
pub fn markdown(report: &StressReport) -> String {
    let icon = match report.verdict {
        Verdict::Held => "🟢",
        Verdict::Failed => "🔴",
        Verdict::Void | Verdict::Interrupted => "🟡",
    };
    let mut text = format!(
        "### {icon} seedrow stress: {}\n\n{}\n{}\n\n",
        report.verdict.name(),
        plain(&report.target),
        plain(&load(&report.load))
    );
    let rows = count_rows(report).into_iter();
    text.push_str(&table(
        "requests",
        &COUNTS,
        rows.map(|(name, it)| (name.to_owned(), counts(it))),
    ));
    let rows = latency_rows(report).into_iter();
    text.push_str(&table(
        "ms",
        &LATENCIES,
        rows.map(|it| (it.name.clone(), it.cells())),
    ));
    for Section { lines, .. } in sections(report) {
        text.push_str(
            &lines
                .iter()
                .map(|line| format!("- {}\n", plain(&line.text)))
                .collect::<String>(),
        );
    }
    text
}

fn table<const N: usize>(
    first: &str,
    titles: &[&str; N],
    rows: impl Iterator<Item = (String, [String; N])>,
) -> String {
    let head = format!(
        "| {first} | {} |\n|---|{}\n",
        titles.join(" | "),
        "---:|".repeat(N)
    );
    let rows = rows.map(|(name, cells)| format!("| {} | {} |\n", plain(&name), cells.join(" | ")));
    head + &rows.collect::<String>() + "\n"
}
