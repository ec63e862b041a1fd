//! A check as a page: the verdict, what is wrong by what helps, a card for each thing that doesn't hold, the foreign keys one
//! by one, and folded what holds.

use maud::{Markup, html};

use super::card::{self, Scales, card_id, fix};
use super::coverage::coverage;
use super::element::{copyable, tile, verdict, verdict_class};
use super::footer::footer;
use super::page::{page, tools};
use crate::check::{Case, CaseKind, CheckReport, Verdict, WaivedFinding};
use crate::report::check::{FindingGroup, SharedFinding, finding_groups, remedy};
use crate::report::figures::milliseconds;
use crate::units::{counted, grouped};

/// The whole page.
pub fn check(report: &CheckReport) -> String {
    let title = format!("seedrow check: {}", report.verdict().name());
    let parts = Parts::of(report);
    let body = html! {
        h1 { "seedrow check " (verdict(report.verdict())) }
        (parts.head())
        (parts.problems())
        (parts.rest())
    };
    page(&title, &body)
}

/// A report's parts, for a page of its own and for that of a run.
pub struct Parts<'r> {
    report: &'r CheckReport,
    /// All cases with their places, the worst first.
    cases: Vec<(usize, Case<'r>)>,
    scales: Scales,
}

impl<'r> Parts<'r> {
    /// Of a report.
    pub fn of(report: &'r CheckReport) -> Parts<'r> {
        let cases = report.cases();
        let scales = Scales::of(&cases);
        let mut cases: Vec<(usize, Case)> = cases.into_iter().enumerate().collect();
        cases.sort_by_key(|(_, case)| std::cmp::Reverse(case.verdict()));
        Parts {
            report,
            cases,
            scales,
        }
    }

    /// What was checked, the counts, and the search.
    pub fn head(&self) -> Markup {
        let report = self.report;
        let orders = [
            ("rank", "verdict"),
            ("name", "name"),
            ("ms", "time"),
            ("pages", "pages"),
        ];
        html! {
            p class="facts" {
                (report.target) ", PostgreSQL " (report.server_version)
                @if let Some(dataset) = &report.dataset { ", dataset " (dataset) }
                @if !report.conditions.started.is_empty() { ", " (report.conditions.started) }
            }
            ul class="tiles" { (self.counts()) (self.tiles()) }
            (tools(&orders))
        }
    }

    fn counts(&self) -> Markup {
        html! {
            @for verdict in Verdict::WORST_FIRST {
                @let count = self.report.count(verdict);
                @if count > 0 {
                    (tile(verdict_class(verdict), &count.to_string(), verdict.name()))
                }
            }
        }
    }

    /// Foreign keys with an index, and the slowest read.
    fn tiles(&self) -> Markup {
        let keys = self.report.coverage();
        let measured = self.cases.iter().filter_map(|(_, case)| {
            let measured = case.measured.filter(|it| !it.samples.is_empty())?;
            Some((&case.name, measured.figures.p50_ms))
        });
        let slowest = measured.max_by(|a, b| a.1.total_cmp(&b.1));
        html! {
            @if let Some((covered, total)) = keys {
                (tile("", &format!("{covered} of {total}"), "foreign keys have an index"))
            }
            @if let Some((name, ms)) = slowest {
                (tile("", &format!("{} ms", milliseconds(ms)), &format!("the slowest read, {name}")))
            }
        }
    }

    /// What is wrong, by what helps, then a card for each thing that doesn't hold; nothing where all of it does.
    pub fn problems(&self) -> Markup {
        let groups = finding_groups(self.report);
        let cards = || {
            self.cases
                .iter()
                .filter(|(_, case)| case.verdict() != Verdict::Pass)
        };
        html! {
            @if !groups.is_empty() {
                section {
                    h2 { "What to fix" }
                    @for group in &groups { (self.cause(group)) }
                    (script(&groups))
                }
            }
            @if cards().next().is_some() {
                section {
                    h2 { "What doesn't hold" }
                    div class="cards" {
                        @for (place, case) in cards() { (card::open(*place, case, &self.scales)) }
                    }
                }
            }
        }
    }

    fn cause(&self, group: &FindingGroup) -> Markup {
        let class = format!("cause {}", verdict_class(Verdict::from(group.severity)));
        html! {
            div class=(class) {
                ul {
                    @for it in &group.findings {
                        li {
                            (verdict(Verdict::from(it.finding.severity))) " "
                            (self.about(it)) ": " (it.finding.message) " "
                            code class="rule" { (it.finding.rule) }
                        }
                    }
                }
                (fix(group.help))
            }
        }
    }

    /// What a finding is about, with links to the cards that have it.
    fn about(&self, it: &SharedFinding) -> Markup {
        let has_it = |case: &Case| {
            let mut own = case.findings.iter();
            own.any(|own| std::ptr::eq(*own, it.finding)) || it.checks.contains(&case.name.as_str())
        };
        let found: Vec<_> = self.cases.iter().filter(|(_, case)| has_it(case)).collect();
        html! {
            @if found.is_empty() { strong { (it.about()) } }
            @for (at, (place, case)) in found.into_iter().enumerate() {
                @if at > 0 { ", " }
                a href={ "#" (card_id(*place, case)) } { (case.name) }
            }
        }
    }

    /// The foreign keys, what holds, what was left out, and how all of it was measured.
    pub fn rest(&self) -> Markup {
        html! {
            (coverage(self.report, &self.cases))
            (self.passes())
            (self.waived())
            (self.skipped())
            (footer(self.report))
        }
    }

    fn passes(&self) -> Markup {
        let passes = || {
            self.cases
                .iter()
                .filter(|(_, case)| case.verdict() == Verdict::Pass)
        };
        let of_kind = |kind| passes().filter(|(_, case)| case.kind == kind).count() as u64;
        let kinds = [CaseKind::ForeignKey, CaseKind::Query, CaseKind::Schema];
        let counts: Vec<String> = kinds
            .into_iter()
            .map(|kind| (kind, of_kind(kind)))
            .filter(|(_, count)| *count > 0)
            .map(|(kind, count)| counted_kind(kind, count))
            .collect();
        html! {
            @if passes().next().is_some() {
                details class="passes" {
                    summary { h2 { "What holds" } span class="none" { (counts.join(", ")) } }
                    div class="cards" {
                        @for (place, case) in passes() { (card::folded(*place, case, &self.scales)) }
                    }
                }
            }
        }
    }

    fn waived(&self) -> Markup {
        let checks = self.report.checks.iter();
        let waived: Vec<(&String, &WaivedFinding)> = checks
            .flat_map(|check| check.waived.iter().map(move |it| (&check.name, it)))
            .collect();
        html! {
            @if !waived.is_empty() {
                section {
                    h2 { "Waived" }
                    ul class="plain" {
                        @for (name, WaivedFinding { finding, reason }) in waived {
                            li {
                                strong { (finding.on.as_ref().unwrap_or(name)) } ": " (finding.message) " "
                                code class="rule" { (finding.rule) } " Waived: " (reason) "."
                            }
                        }
                    }
                }
            }
        }
    }

    fn skipped(&self) -> Markup {
        let skipped = &self.report.skipped;
        html! {
            @if !skipped.is_empty() {
                details class="passes" {
                    summary { h2 { "Skipped" } span class="none" { (counted(skipped.len() as u64, "check")) } }
                    ul class="plain" {
                        @for it in skipped { li { strong { (it.name) } ": " (it.reason) } }
                    }
                }
            }
        }
    }
}

fn counted_kind(kind: CaseKind, count: u64) -> String {
    match (kind, count) {
        (CaseKind::ForeignKey, count) => counted(count, "foreign key"),
        (CaseKind::Query, 1) => "1 query".to_owned(),
        (CaseKind::Query, count) => format!("{} queries", grouped(count)),
        (CaseKind::Schema, _) => "the schema".to_owned(),
    }
}

/// The statements of all groups as one script, where several can be run as they are. What drops something is to be read
/// first.
fn script(groups: &[FindingGroup]) -> Markup {
    let statements = groups.iter().filter_map(|it| remedy(it.help).sql);
    let statements: Vec<&str> = statements
        .filter(|sql| !sql.contains("DROP ") && !sql.contains('…'))
        .collect();
    html! {
        @if statements.len() > 1 {
            details class="all-fixes" {
                summary { (statements.len()) " of these as one script" }
                (copyable("As SQL", &statements.join("\n")))
            }
        }
    }
}

#[cfg(test)]
mod tests;
