//! The foreign keys of a check, one by one: the index that serves each, the verdict, the index' size.

use maud::{Markup, html};

use super::card::card_id;
use super::element::{badge, numbers, table, words};
use crate::check::{Case, CaseKind, CheckReport, KeyCoverage, Subject};
use crate::units::size;

/// The table; nothing where no foreign key was looked at.
pub fn coverage(report: &CheckReport, cases: &[(usize, Case)]) -> Markup {
    let keys = report.checks.iter().find_map(|check| match &check.subject {
        Subject::ForeignKeys { keys, .. } if !keys.is_empty() => Some(keys),
        _ => None,
    });
    let Some(keys) = keys else {
        return html! {};
    };
    let columns = [
        words("foreign key"),
        words("index"),
        words("verdict"),
        numbers("size"),
    ];
    let all: u64 = keys.iter().filter_map(|key| key.index_bytes).sum();
    html! {
        section class="coverage" {
            h2 { "Foreign keys" }
            (table(&columns, keys.iter().map(|key| row(key, cases))))
            @if all > 0 { p class="note" { "These indexes take " (size(all)) "." } }
        }
    }
}

fn row(key: &KeyCoverage, cases: &[(usize, Case)]) -> Vec<Markup> {
    let is_its_own = |case: &Case| {
        case.kind == CaseKind::ForeignKey && (case.name == key.columns() || case.name == key.key)
    };
    let card = cases.iter().find(|(_, case)| is_its_own(case));
    let name = html! {
        @match card {
            Some((place, case)) => a href={ "#" (card_id(*place, case)) } { (key.key) },
            None => (key.key),
        }
    };
    let index = html! {
        @match &key.index {
            Some(index) => code { (index) },
            None => span class="none" { (key.reason) },
        }
    };
    vec![
        name,
        index,
        verdict(key),
        html! { (key.index_bytes.map(size).unwrap_or_default()) },
    ]
}

/// In a word, with what stands behind it.
fn verdict(key: &KeyCoverage) -> Markup {
    let class = match key.verdict.as_str() {
        "COVERED" => "good",
        "WAIVED" => "odd",
        _ => "bad",
    };
    let word = key.verdict.to_lowercase().replace('_', " ");
    let more = match (class, key.planner) {
        ("good", Some(true)) => Some("the planner searches it".to_owned()),
        ("good", Some(false)) => Some("the planner doesn't search it".to_owned()),
        ("bad", _) if key.index.is_some() => Some(key.reason.clone()),
        _ => None,
    };
    html! {
        (badge(class, &word))
        @if let Some(more) = more { " " span class="none" { (more) } }
    }
}
