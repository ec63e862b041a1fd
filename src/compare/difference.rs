//! Two checks, read by read: what changed, which way, and whether it is more than noise.

use super::change::{Difference, Direction};
use super::noise::{Shift, shift};
use super::plan_difference::plan_differences;
use crate::check::{SampleRun, SavedCheck, SavedReport};
use crate::units::whole;

/// Without a change of plan or pages, times up to this factor apart can be the machine's.
const MACHINE: f64 = 2.0;
/// Smaller changes of time are not reported, milliseconds.
const NOTICED_MS: f64 = 0.1;
/// Smaller changes of pages are not reported.
const FEW_PAGES: f64 = 2.0;

/// A figure of one read, before and after.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figure {
    /// The shift of its samples.
    pub shift: Shift,
    /// Whether the change is reported.
    pub counts: bool,
}

/// One query or lookup, before and after.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadComparison<'a> {
    /// Its name.
    pub name: &'a str,
    /// The check before and after; one is missing where the read was added or removed.
    pub before: Option<&'a SavedCheck>,
    /// See [`ReadComparison::before`].
    pub after: Option<&'a SavedCheck>,
    /// EXPLAIN's execution time.
    pub ms: Figure,
    /// Pages touched.
    pub buffers: Figure,
    /// Rows given.
    pub rows: Figure,
    /// What changed, the worst first.
    pub differences: Vec<Difference>,
}

impl ReadComparison<'_> {
    /// The worst of what changed.
    pub fn direction(&self) -> Direction {
        let directions = self.differences.iter().map(|it| it.direction);
        directions.max().unwrap_or(Direction::Same)
    }
}

/// Two checks side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison<'a> {
    /// The check before.
    pub before: &'a SavedReport,
    /// The check after.
    pub after: &'a SavedReport,
    /// The reads in the order of the one after, then those that were removed.
    pub reads: Vec<ReadComparison<'a>>,
    /// The server's settings that differ: name, before, after.
    pub settings: Vec<(String, String, String)>,
}

impl Comparison<'_> {
    /// The worst of all reads.
    pub fn direction(&self) -> Direction {
        let directions = self.reads.iter().map(ReadComparison::direction);
        directions.max().unwrap_or(Direction::Same)
    }

    /// How many reads changed in this direction.
    pub fn count(&self, direction: Direction) -> usize {
        self.reads
            .iter()
            .filter(|it| it.direction() == direction)
            .count()
    }
}

/// Compares two checks.
pub fn compare<'a>(before: &'a SavedReport, after: &'a SavedReport) -> Comparison<'a> {
    let is_same = |a: &SavedCheck, b: &SavedCheck| a.kind == b.kind && a.name == b.name;
    let mut reads: Vec<ReadComparison> = after
        .measured()
        .map(|check| read(before.measured().find(|it| is_same(it, check)), Some(check)))
        .collect();
    let removed = before
        .measured()
        .filter(|it| !after.measured().any(|check| is_same(it, check)));
    reads.extend(removed.map(|check| read(Some(check), None)));
    Comparison {
        reads,
        settings: settings(before, after),
        before,
        after,
    }
}

/// The server's settings that differ: name, before, after. None where the one before didn't keep them.
pub(super) fn settings(before: &SavedReport, after: &SavedReport) -> Vec<(String, String, String)> {
    let value = |saved: &SavedReport, name: &str| match saved.settings.get(name) {
        Some(value) => value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned),
        None => "unknown".to_owned(),
    };
    let names = after
        .settings
        .keys()
        .filter(|_| !before.settings.is_empty());
    names
        .filter(|name| before.settings.get(*name) != after.settings.get(*name))
        .map(|name| (name.clone(), value(before, name), value(after, name)))
        .collect()
}

fn read<'a>(before: Option<&'a SavedCheck>, after: Option<&'a SavedCheck>) -> ReadComparison<'a> {
    let (mut differences, opaque) = match (before, after) {
        (Some(before), Some(after)) => plan_differences(before, after),
        (None, _) => (vec![Difference::changed("it is new")], Vec::new()),
        (_, None) => (vec![Difference::changed("it is gone")], Vec::new()),
    };
    let Figures { ms, buffers, rows } = figures(before, after, !differences.is_empty());
    if ms.counts {
        differences.push(moved(ms.shift, |value| format!("{value:.2}"), "ms"));
    }
    if buffers.counts {
        differences.push(moved(buffers.shift, whole, "buffers"));
    }
    if rows.counts {
        differences.push(Difference::changed(format!(
            "{} → {} rows",
            whole(rows.shift.before),
            whole(rows.shift.after)
        )));
    }
    differences.extend(opaque.iter().map(|label| Difference {
        direction: Direction::Unchecked,
        message: format!("the plan has a {label}, and what that reads can't be compared"),
    }));
    // With a different number of rows, different figures are no regression.
    if rows.counts {
        for difference in &mut differences {
            difference.direction = difference.direction.min(Direction::Changed);
        }
    }
    differences.sort_by_key(|it| std::cmp::Reverse(it.direction));
    ReadComparison {
        name: after.or(before).map_or("", |check| &check.name),
        before,
        after,
        ms,
        buffers,
        rows,
        differences,
    }
}

/// The figures of a read.
struct Figures {
    ms: Figure,
    buffers: Figure,
    rows: Figure,
}

/// The figures before and after. A change of time counts sooner where the plan or its pages changed.
fn figures(before: Option<&SavedCheck>, after: Option<&SavedCheck>, plan_changed: bool) -> Figures {
    let series = |check: Option<&SavedCheck>, value: fn(&SampleRun) -> f64| {
        let samples = check.map(SavedCheck::samples).unwrap_or_default();
        samples.iter().map(value).collect::<Vec<f64>>()
    };
    let shift_of = |value| shift(&series(before, value), &series(after, value));
    let ms = shift_of(|sample| sample.execution_ms);
    #[expect(clippy::cast_precision_loss, reason = "pages are far fewer than 2^52")]
    let buffers = shift_of(|sample| sample.buffers as f64);
    let rows = shift_of(|sample| sample.rows);
    let both = before.is_some() && after.is_some();
    let pages_moved =
        both && buffers.is_real() && (buffers.after - buffers.before).abs() >= FEW_PAGES;
    let noticed = (ms.after - ms.before).abs() >= NOTICED_MS && ms.is_real();
    let time_moved = both && noticed && (plan_changed || pages_moved || ms.factor() >= MACHINE);
    Figures {
        ms: Figure {
            shift: ms,
            counts: time_moved,
        },
        buffers: Figure {
            shift: buffers,
            counts: pages_moved,
        },
        rows: Figure {
            shift: rows,
            counts: both && rows.is_real(),
        },
    }
}

/// Less is better.
fn moved(shift: Shift, written: fn(f64) -> String, unit: &str) -> Difference {
    Difference {
        direction: match shift.after > shift.before {
            true => Direction::Worse,
            false => Direction::Better,
        },
        message: format!(
            "{} → {} {unit}",
            written(shift.before),
            written(shift.after)
        ),
    }
}

#[cfg(test)]
mod tests;
