//! The end of a page: what was measured, when, by which versions, and with which settings, so that it can be repeated.

use maud::{Markup, html};

use crate::check::{CheckConditions, CheckReport, SavedReport};
use crate::report::figures::milliseconds;

/// Of a check.
pub fn footer(report: &CheckReport) -> Markup {
    let mut facts = vec![
        ("target", report.target.clone()),
        ("schema", report.home.clone()),
        ("PostgreSQL", report.server_version.clone()),
        ("seedrow", env!("CARGO_PKG_VERSION").to_owned()),
    ];
    facts.extend(report.dataset.clone().map(|it| ("dataset", it)));
    facts.extend(conditions(&report.conditions));
    let settings = report.settings.iter();
    let settings: Vec<(&str, &str)> = settings.map(|(name, value)| (&**name, &**value)).collect();
    html! {
        footer {
            (list(&facts))
            (settings_of("Settings of the planner", &settings))
        }
    }
}

/// Of a check that was saved.
pub fn footer_of_saved(title: &str, saved: &SavedReport) -> Markup {
    let mut facts = vec![
        ("target", saved.target.clone()),
        ("PostgreSQL", saved.server_version.clone()),
        ("seedrow", saved.seedrow.clone()),
    ];
    facts.extend(saved.dataset.clone().map(|it| ("dataset", it)));
    facts.extend(saved.conditions.iter().flat_map(conditions));
    let settings = saved.settings.iter();
    let settings: Vec<(&str, &str)> = settings
        .filter_map(|(name, value)| Some((&**name, value.as_str()?)))
        .collect();
    html! {
        div { h3 { (title) } (list(&facts)) (settings_of("Settings of the planner", &settings)) }
    }
}

fn conditions(it: &CheckConditions) -> Vec<(&'static str, String)> {
    if it.started.is_empty() {
        return Vec::new();
    }
    let percent = (it.tail * 1e4).round() / 1e2;
    vec![
        ("checked", it.started.clone()),
        ("took", format!("{:.1} s", it.seconds)),
        ("seed", it.seed.to_string()),
        ("samples", format!("{} a read", it.samples)),
        ("tail", format!("the last {percent}% of the ids")),
        (
            "budget",
            format!(
                "{} ms, unless a query says otherwise",
                milliseconds(it.budget_ms)
            ),
        ),
    ]
}

/// Names with their values.
pub fn list(facts: &[(&str, String)]) -> Markup {
    html! {
        dl class="facts-list" {
            @for (name, value) in facts.iter().filter(|(_, value)| !value.is_empty()) {
                div { dt { (name) } dd { (value) } }
            }
        }
    }
}

fn settings_of(title: &str, settings: &[(&str, &str)]) -> Markup {
    html! {
        @if !settings.is_empty() {
            details {
                summary { (title) }
                dl class="facts-list" {
                    @for (name, value) in settings { div { dt { code { (name) } } dd { code { (value) } } } }
                }
            }
        }
    }
}
