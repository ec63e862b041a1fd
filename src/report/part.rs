//! The account of a part of a load, and what is to be typed for the others.

use anyhow::Result;

use crate::load::{PartOutcome, PartReport};
use crate::report::{load, print};
use crate::suggestion::Suggestions;
use crate::units::{counted, rate};

/// What was loaded, which parts are missing, and the commands that load and finish these.
pub fn loaded(outcome: &PartOutcome, suggestions: &Suggestions) -> Result<()> {
    let text = match outcome {
        PartOutcome::Loaded(report) => text(report),
        PartOutcome::AlreadyComplete(report) => format!(
            "{}all parts of this load are there, and it was finished before; nothing to do\n",
            load::accounts(&report.accounts)
        ),
    };
    print(&suggestions.complete(&text))
}

fn text(report: &PartReport) -> String {
    let PartReport {
        part,
        accounts,
        earlier,
        parts,
        phases,
        settings,
    } = report;
    let mut text = String::new();
    if !accounts.is_empty() {
        text.push_str(&load::accounts(accounts));
    }
    if !earlier.is_empty() {
        let earlier = earlier.join(", ");
        text.push_str(&format!("part {part} was there before of {earlier}\n"));
    }
    let rows = accounts.iter().map(|account| account.loaded).sum();
    let seconds: f64 = phases.iter().map(|phase| phase.took.as_secs_f64()).sum();
    text.push_str(&format!(
        "part {part}: {} in {seconds:.1} s{}\n",
        counted(rows, "row"),
        rate(rows, seconds)
    ));
    text.push_str(&load::settings(settings));
    text.push_str(&format!("this load is {}\n", parts.described()));
    for command in parts.next_commands() {
        text.push_str(&format!("  {command}\n"));
    }
    text
}
