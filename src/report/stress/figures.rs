//! Figures of a run as its text, Markdown and page write them.

use crate::report::figures::milliseconds;
use crate::stress::{Figures, LoadFigures, Percentiles, StressReport};
use crate::units::{grouped, whole};

/// The titles of [`counts`].
pub const COUNTS: [&str; 6] = ["offered", "sent", "completed", "skipped", "errors", "req/s"];

/// The titles of [`latencies`], all in milliseconds.
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

/// Latencies, in the titles' order.
pub fn latencies(it: &Percentiles) -> [String; 8] {
    [
        it.mean, it.p50, it.p75, it.p90, it.p95, it.p99, it.p999, it.max,
    ]
    .map(milliseconds)
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
pub fn latency_rows(report: &StressReport) -> Vec<(String, &Percentiles)> {
    let rows = count_rows(report).into_iter();
    let responses = rows.map(|(name, figures)| (format!("{name}, response"), &figures.response));
    let others = [
        ("service".to_owned(), &report.total.service),
        ("lag".to_owned(), &report.lag),
    ];
    responses.chain(others).collect()
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

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a duration is at least 0, and `as` saturates"
)]
fn whole_seconds(seconds: f64) -> usize {
    (seconds as usize).max(1)
}
