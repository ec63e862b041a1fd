//! A run as text: counts, latencies, what failed, what was expected, the verdict.

use super::figures::{
    COUNTS, LATENCIES, count_rows, counts, latencies, latency_rows, load, over_time,
};
use crate::printable;
use crate::report::colour::Colour;
use crate::report::figures::counted;
use crate::report::table::{Align, table};
use crate::stress::{Expected, FailureCount, StressReport, Verdict};

/// The report: sections separated by empty lines.
pub fn text(report: &StressReport, colour: Colour) -> String {
    let head = format!("{}\n{}\n", report.target, load(&report.load));
    let mut sections = vec![
        head,
        counts_table(report),
        latency_table(report),
        notes(report),
        expectations(report, colour),
        summary(report, colour),
    ];
    sections.retain(|section| !section.is_empty());
    sections.join("\n")
}

fn counts_table(report: &StressReport) -> String {
    let columns = columns("requests", &COUNTS);
    let row = |(name, figures)| row(name, counts(figures));
    table(&columns, count_rows(report).into_iter().map(row).collect())
}

fn latency_table(report: &StressReport) -> String {
    let columns = columns("ms", &LATENCIES);
    let row = |(name, figures): (String, _)| row(&name, latencies(figures));
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

fn notes(report: &StressReport) -> String {
    let errors = report.total.errors_by_kind.iter().map(|it| {
        let FailureCount {
            kind,
            count,
            message,
        } = it;
        let message = match message.is_empty() {
            true => String::new(),
            false => format!(", first: {}", printable::text(message)),
        };
        format!("{} of {kind}{message}\n", counted(*count, "error"))
    });
    let cache = report
        .total
        .cache
        .iter()
        .map(|it| format!("cache: {:.1}% hits\n", it.hit_ratio * 100.0));
    let over_time = over_time(report).into_iter().map(|line| line + "\n");
    let generator = format!(
        "generator: {:.0}% of a core\n",
        report.generator.cpu_percent
    );
    let notes = report.notes.iter().map(|note| format!("{note}\n"));
    errors
        .chain(cache)
        .chain(over_time)
        .chain([generator])
        .chain(notes)
        .collect()
}

fn expectations(report: &StressReport, colour: Colour) -> String {
    let goal = report.goal.iter();
    let goal = goal.map(|it| format!("goal {}: {}\n", it.name, it.source));
    let expected = report.expectations.iter().map(|it| {
        let Expected {
            expect,
            measured,
            held,
        } = it;
        let held = match held {
            true => colour.green("held"),
            false => colour.red("not held"),
        };
        format!("expected {expect}: {held}, {measured:.4} was measured\n")
    });
    goal.chain(expected).collect()
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
        crate::units::grouped(total.completed),
        counted(total.offered, "request"),
        report.load.elapsed_s
    )
}
