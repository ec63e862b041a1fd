//! A run as a page: the check's verdict and what is wrong, then when each phase, table, key and index had its turn, rows and
//! sizes, and the rest of the check.

use std::time::Instant;

use maud::{Markup, html};

use super::check::Parts;
use super::element::{numbers, table, verdict, words};
use super::page::page;
use super::plot::{self, Bar};
use crate::check::CheckReport;
use crate::index::Built;
use crate::load::{LoadReport, Phase, Span, SpanKind};
use crate::units::{counted, grouped, per_second, size};

/// What a run did.
pub struct RunPage<'r> {
    /// The load.
    pub loaded: &'r LoadReport,
    /// All phases, those of the load among them.
    pub phases: &'r [Phase],
    /// The indexes that were built.
    pub built: &'r [Built],
    /// The schema that names are given without.
    pub home: &'r str,
    /// The check.
    pub checked: &'r CheckReport,
}

/// The whole page.
pub fn run(run: &RunPage) -> String {
    let name = run.checked.verdict().name();
    let check = Parts::of(run.checked);
    let body = html! {
        h1 { "seedrow run " (verdict(run.checked.verdict())) }
        (check.head())
        (check.problems())
        (run.timeline())
        (run.tables())
        (run.indexes())
        (check.rest())
    };
    page(&format!("seedrow run: {name}"), &body)
}

impl RunPage<'_> {
    fn timeline(&self) -> Markup {
        let starts = self.phases.iter().map(|phase| phase.start);
        let Some(origin) = starts.min() else {
            return html! {};
        };
        let since = |start: Instant| start.saturating_duration_since(origin).as_secs_f64();
        let phases = self.phases.iter().map(|it| {
            let seconds = it.took.as_secs_f64();
            bar(it.name, "phase", since(it.start), seconds, it.rows)
        });
        let of_kind = |kind: SpanKind, class: &'static str| {
            let spans = self.loaded.spans.iter().filter(move |it| it.kind == kind);
            let bars = spans.map(move |it| {
                let rows = self.rows(it).filter(|_| kind == SpanKind::Rows);
                bar(
                    &it.name,
                    class,
                    since(it.start),
                    it.took.as_secs_f64(),
                    rows,
                )
            });
            in_order(bars.collect())
        };
        let indexes = self.built.iter().map(|it| Bar {
            note: format!("{:.1} s, {}", it.seconds, size(it.bytes)),
            ..bar(
                &it.proposal.name,
                "index",
                since(it.started),
                it.seconds,
                None,
            )
        });
        let groups = [
            ("Phases", phases.collect()),
            ("Rows of each table", of_kind(SpanKind::Rows, "rows")),
            ("Primary and unique keys", of_kind(SpanKind::Key, "key")),
            ("Foreign keys' indexes", in_order(indexes.collect())),
        ];
        let all: f64 = self.phases.iter().map(|it| it.took.as_secs_f64()).sum();
        html! {
            section class="card" {
                h2 { "Timeline, " (format!("{all:.1}")) " s in all" }
                (plot::timeline(&groups))
            }
        }
    }

    /// The rows that a table's span loaded.
    fn rows(&self, span: &Span) -> Option<u64> {
        let mut accounts = self.loaded.accounts.iter();
        Some(accounts.find(|it| it.name == span.name)?.loaded)
    }

    fn tables(&self) -> Markup {
        let columns = [
            words("table"),
            numbers("rows"),
            numbers("seconds"),
            numbers("rows/s"),
            numbers("rejected"),
        ];
        let rows = self.loaded.accounts.iter().map(|account| {
            let mut spans = self.loaded.spans.iter();
            let span = spans.find(|it| it.kind == SpanKind::Rows && it.name == account.name);
            let seconds = span.map(|it| it.took.as_secs_f64());
            let rate = seconds.map(|it| grouped(per_second(account.loaded, it)));
            let seconds = seconds.map(|it| format!("{it:.1}"));
            vec![
                html! { (account.name) },
                html! { (grouped(account.loaded)) },
                html! { (seconds.unwrap_or_default()) },
                html! { (rate.unwrap_or_default()) },
                html! { (grouped(account.rejected)) },
            ]
        });
        html! { section { h2 { "Tables" } (table(&columns, rows)) } }
    }

    fn indexes(&self) -> Markup {
        let columns = [
            words("index"),
            words("on"),
            numbers("size"),
            numbers("seconds"),
        ];
        let rows = self.built.iter().map(|built| {
            vec![
                html! { code { (built.proposal.name) } },
                html! { (built.proposal.shown(self.home)) },
                html! { (size(built.bytes)) },
                html! { (format!("{:.1}", built.seconds)) },
            ]
        });
        html! {
            @if !self.built.is_empty() {
                section { h2 { "Indexes built" } (table(&columns, rows)) }
            }
        }
    }
}

fn bar<'a>(name: &'a str, class: &'a str, start: f64, seconds: f64, rows: Option<u64>) -> Bar<'a> {
    let rows = rows.map(|rows| format!("{}, ", counted(rows, "row")));
    Bar {
        name,
        class,
        start,
        seconds,
        note: format!("{}{seconds:.1} s", rows.unwrap_or_default()),
    }
}

/// By their starts.
fn in_order(mut bars: Vec<Bar>) -> Vec<Bar> {
    bars.sort_by(|a, b| a.start.total_cmp(&b.start));
    bars
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::load::Account;
    use crate::report::check::sample::report;

    #[test]
    fn tables_have_rows_seconds_and_a_bar() {
        let start = Instant::now();
        let took = Duration::from_secs(4);
        let mut account = Account::new("skus", &["skus.csv".to_owned()]);
        account.loaded = 120_000;
        let loaded = LoadReport {
            accounts: vec![account],
            spans: vec![Span {
                kind: SpanKind::Rows,
                name: "skus".to_owned(),
                start: start + Duration::from_secs(1),
                took: Duration::from_secs(2),
            }],
            ..LoadReport::default()
        };
        let phases = [Phase {
            name: "load",
            rows: None,
            start,
            took,
        }];
        let checked = report();
        let page = run(&RunPage {
            loaded: &loaded,
            phases: &phases,
            built: &[],
            home: "public",
            checked: &checked,
        });
        for part in [
            "aria-label=\"Timeline: load 4.0 s, skus 2.0 s\"",
            "x=\"25.00%\" y=\"15%\" width=\"50.00%\"",
            "120,000 rows, 2.0 s",
            "data-title=\"rows/s\">60,000<",
            "<h2>What to fix</h2>",
        ] {
            assert!(page.contains(part), "{part}\n{page}");
        }
        assert!(!page.contains("Indexes built"));
    }
}
