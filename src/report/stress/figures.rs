//! Figures of a run as its text, Markdown and page write them.

use crate::report::figures::milliseconds;
use crate::stress::{
    FailureCount, FigureComparison, Figures, GeneratorFigures, LoadFigures, Percentiles,
    RunComparison, StressReport,
};
use crate::units::{counted, grouped, whole};

/// The titles of [`counts`].
pub const COUNTS: [&str; 6] = ["offered", "sent", "completed", "skipped", "errors", "req/s"];

/// The titles of [`LatencyRow::cells`], all in milliseconds.
pub const LATENCIES: [&str; 8] = ["mean", "p50", "p75", "p90", "p95", "p99", "p99.9", "max"];

/// A run's counts, in the titles' order.
pub fn counts(figures: &Figures) -> [String; 6] {
    [
        grouped(figures.offered),
        grouped(figures.sent),
        grouped(figures.completed),
        grouped(figures.skipped),
        grouped(figures.errors),
        whole(figures.rate),
    ]
}

/// Latencies of one kind, and how many there are.
pub struct LatencyRow<'a> {
    /// What they are of.
    pub name: String,
    figures: &'a Percentiles,
    count: u64,
}

impl LatencyRow<'_> {
    /// The figures, in the titles' order; a percentile only of so many latencies that one at least is above it.
    pub fn cells(&self) -> [String; 8] {
        let it = self.figures;
        [
            (it.mean, 1),
            (it.p50, 1),
            (it.p75, 4),
            (it.p90, 10),
            (it.p95, 20),
            (it.p99, 100),
            (it.p999, 1_000),
            (it.max, 1),
        ]
        .map(|(figure, least)| match self.count >= least {
            true => milliseconds(figure),
            false => "-".to_owned(),
        })
    }
}

/// The rows of counts: a row a query or path, and one of all where there are several.
pub fn count_rows(report: &StressReport) -> Vec<(&str, &Figures)> {
    let mut rows: Vec<(&str, &Figures)> = report
        .requests
        .iter()
        .map(|it| (it.name.as_str(), &it.figures))
        .collect();
    if rows.len() != 1 {
        rows.push(("all", &report.total));
    }
    rows
}

/// The rows of latencies: responses of each query or path, then service and lag of all.
pub fn latency_rows(report: &StressReport) -> Vec<LatencyRow<'_>> {
    let row = |name: String, figures, count| LatencyRow {
        name,
        figures,
        count,
    };
    let total = &report.total;
    let mut rows: Vec<LatencyRow> = count_rows(report)
        .into_iter()
        .map(|(name, it)| row(format!("{name}, response"), &it.response, it.completed))
        .collect();
    rows.push(row("service".to_owned(), &total.service, total.completed));
    if let Some(rejected) = &total.rejected {
        rows.push(row("errors, service".to_owned(), rejected, total.errors));
    }
    rows.push(row("lag".to_owned(), &report.lag, total.sent));
    rows
}

/// `1,000 requests/s for 60 s, constant, on 8 connections, ids: tail 10%`
pub fn load(load: &LoadFigures) -> String {
    let LoadFigures {
        duration_s,
        arrivals,
        connections,
        ids,
        ..
    } = load;
    let rate = match load.rate {
        Some(rate) => format!("{} requests/s", whole(rate)),
        None => "requests as fast as they are answered".to_owned(),
    };
    format!("{rate} for {duration_s} s, {arrivals}, on {connections} connections, ids: {ids}")
}

/// What the run's seconds have in common, and the slowest of them; none for a run of a second.
pub fn over_time(report: &StressReport) -> Option<String> {
    let seconds = &report.seconds;
    let full = &seconds[..seconds.len().min(whole_seconds(report.load.duration_s))];
    let least = full.iter().map(|it| it.completed).min()?;
    let most = full.iter().map(|it| it.completed).max()?;
    let slowest = seconds.iter().max_by(|a, b| a.p95.total_cmp(&b.p95))?;
    (seconds.len() > 1).then(|| {
        format!(
            "{} to {} answers in each second; the slowest is second {}, p95 {} ms",
            grouped(least),
            grouped(most),
            slowest.second + 1,
            milliseconds(slowest.p95)
        )
    })
}

/// Lines under a title.
pub struct Section {
    /// The title, where one is shown.
    pub title: &'static str,
    /// The lines, at least one.
    pub lines: Vec<Line>,
}

/// A line and how it is coloured.
pub struct Line {
    /// Without its end.
    pub text: String,
    /// Its colour.
    pub tone: Tone,
}

/// The colour of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// None.
    Plain,
    /// An expectation that held.
    Held,
    /// One that didn't.
    NotHeld,
}

impl From<String> for Line {
    fn from(text: String) -> Line {
        let tone = Tone::Plain;
        Line { text, tone }
    }
}

/// What all formats say beside the tables: expectations, errors, the limit, and notes on the run itself.
pub fn sections(report: &StressReport) -> Vec<Section> {
    let plain = |lines: Vec<String>| lines.into_iter().map(Line::from).collect();
    let sections: [(&'static str, Vec<Line>); 4] = [
        ("Limit", plain(limit_lines(report))),
        ("Errors", plain(error_lines(report))),
        ("Run", plain(run_lines(report))),
        ("Expectations", expectation_lines(report)),
    ];
    let filled = sections.into_iter().filter(|(_, lines)| !lines.is_empty());
    filled
        .map(|(title, lines)| Section { title, lines })
        .collect()
}

fn error_lines(report: &StressReport) -> Vec<String> {
    let line = |it: &FailureCount| {
        let message = match it.message.is_empty() {
            true => String::new(),
            false => format!(", first: {}", it.message),
        };
        format!("{}: {}{message}", it.kind, counted(it.count, "error"))
    };
    report.total.errors_by_kind.iter().map(line).collect()
}

fn run_lines(report: &StressReport) -> Vec<String> {
    let cache = report.total.cache.iter();
    let cache = cache.map(|it| format!("cache: {:.1}% hits", it.hit_ratio * 100.0));
    cache
        .chain(over_time(report))
        .chain([generator_line(&report.generator)])
        .chain(report.notes.iter().cloned())
        .collect()
}

fn generator_line(generator: &GeneratorFigures) -> String {
    let GeneratorFigures {
        threads,
        cpu_percent,
        busiest_percent,
        ..
    } = generator;
    let all = format!("generator: {cpu_percent:.0}% of a core");
    match threads {
        0 | 1 => all,
        _ => format!("{all}, {threads} threads, the busiest {busiest_percent:.0}%"),
    }
}

fn expectation_lines(report: &StressReport) -> Vec<Line> {
    let goal = report.goal.iter();
    let goal = goal.map(|it| Line::from(format!("goal {}: {}", it.name, it.source)));
    let expected = report.expectations.iter().map(|it| {
        let (held, tone) = match it.held {
            true => ("held", Tone::Held),
            false => ("not held", Tone::NotHeld),
        };
        let measured = number(it.measured);
        Line {
            text: format!("{}: {held}, measured {measured}{}", it.expect, it.unit),
            tone,
        }
    });
    goal.chain(expected).collect()
}

/// The rate that held, the one that didn't, and whether the target recovered.
fn limit_lines(report: &StressReport) -> Vec<String> {
    let Some(limit) = &report.limit else {
        return Vec::new();
    };
    let held = match limit.held {
        Some(rate) => format!(
            "{} requests/s held, p95 below {} ms",
            whole(rate),
            limit.limit_ms
        ),
        None => "no rate held".to_owned(),
    };
    let broke = match (limit.broke, &limit.why) {
        (Some(rate), Some(why)) => format!("{} requests/s didn't: {why}", whole(rate)),
        _ => "no rate broke".to_owned(),
    };
    let recovered = limit.recovered.map(|recovered| {
        let how = if recovered {
            "was answered as before"
        } else {
            "wasn't answered, either: no recovery"
        };
        format!("half of it, afterwards, {how}")
    });
    [held, broke].into_iter().chain(recovered).collect()
}

/// A figure with what counts of it: `0.52`, `41.6`, `812`.
fn number(value: f64) -> String {
    match value == value.round() {
        true => whole(value),
        false => milliseconds(value),
    }
}

/// The titles of a comparison's columns.
pub fn titles(comparison: &RunComparison) -> Vec<&'static str> {
    let first = comparison.requests.first();
    let figures = first.map(|it| it.figures.iter().map(|figure| figure.name));
    figures.into_iter().flatten().collect()
}

/// `3.1 → 8.2`; one figure where both are written alike.
pub fn cell(it: &FigureComparison) -> String {
    let (before, after) = (milliseconds(it.before), milliseconds(it.after));
    match before == after {
        true => before,
        false => format!("{before} → {after}"),
    }
}

/// Why the figures can't be compared.
pub fn differing_load(comparison: &RunComparison) -> Option<String> {
    let [before, after] = comparison.differing_load.as_ref()?;
    Some(format!(
        "the loads differ, and so may the figures: {before} before, {after} after"
    ))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a duration is at least 0, and `as` saturates"
)]
fn whole_seconds(seconds: f64) -> usize {
    (seconds as usize).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_of_so_many_that_one_is_above_it() {
        let figures = Percentiles::default();
        let shown = |count| {
            let row = LatencyRow {
                name: String::new(),
                figures: &figures,
                count,
            };
            row.cells().map(|it| it != "-")
        };
        for (count, expected) in [
            (0, [false; 8]),
            (1, [true, true, false, false, false, false, false, true]),
            (20, [true, true, true, true, true, false, false, true]),
            (999, [true, true, true, true, true, true, false, true]),
            (1_000, [true; 8]),
        ] {
            assert_eq!(shown(count), expected, "{count}");
        }
    }
}
