//! A run as text: counts, latencies, what failed, what was expected, the verdict.

use super::figures::{
    COUNTS, LATENCIES, LatencyRow, Line, Section, Tone, count_rows, counts, latency_rows, load,
};
use crate::printable;
use crate::progress;
use crate::report::colour::Colour;
use crate::report::database_note;
use crate::report::table::{Align, table};
use crate::stress::{StressReport, Verdict};
use crate::units::{counted, grouped};

/// The report: sections separated by empty lines.
pub fn text(report: &StressReport, colour: Colour) -> String {
    // What the terminal has already needs no line.
    let target = match progress::is_displayed(&database_note(&report.target)) {
        true => String::new(),
        false => format!("{}\n", report.target),
    };
    let head = format!("{target}{}\n", load(&report.load));
    let mut sections = vec![head, counts_table(report), latency_table(report)];
    let noted = super::figures::sections(report);
    sections.extend(noted.iter().map(|section| lines(section, colour)));
    sections.push(summary(report, colour));
    sections.join("\n")
}

fn counts_table(report: &StressReport) -> String {
    let columns = columns("requests", &COUNTS);
    let row = |(name, figures)| row(name, counts(figures));
    table(&columns, count_rows(report).into_iter().map(row).collect())
}

fn latency_table(report: &StressReport) -> String {
    let columns = columns("ms", &LATENCIES);
    let row = |it: LatencyRow| row(&it.name, it.cells());
    table(
        &columns,
        latency_rows(report).into_iter().map(row).collect(),
    )
}

fn columns<'a>(first: &'a str, titles: &[&'a str]) -> Vec<(&'a str, Align)> {
    let numbers = titles.iter().map(|title| (*title, Align::Right));
    std::iter::once((first, Align::Left))
        .chain(numbers)
        .collect()
}

fn row<const N: usize>(name: &str, cells: [String; N]) -> Vec<String> {
    std::iter::once(printable::text(name))
        .chain(cells)
        .collect()
}

fn lines(section: &Section, colour: Colour) -> String {
    let line = |line: &Line| {
        let text = printable::text(&line.text);
        let text = match line.tone {
            Tone::Plain => text,
            Tone::Held => colour.green(&text),
            Tone::NotHeld => colour.red(&text),
        };
        text + "\n"
    };
    section.lines.iter().map(line).collect()
}

fn summary(report: &StressReport, colour: Colour) -> String {
    let verdict = match report.verdict {
        Verdict::Held => colour.green(report.verdict.name()),
        Verdict::Failed => colour.red(report.verdict.name()),
        Verdict::Void | Verdict::Interrupted => colour.yellow(report.verdict.name()),
    };
    let total = &report.total;
    let failed = total.errors + total.skipped;
    let share = failed as f64 / total.offered.max(1) as f64 * 100.0;
    format!(
        "{verdict}: {} of {} answered in {:.1} s, {share:.2}% failed\n",
        grouped(total.completed),
        counted(total.offered, "request"),
        report.load.elapsed_s
    )
}
