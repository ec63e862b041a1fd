//! Two checks, read by read: what changed, which way, and whether it is more than noise.

use std::collections::BTreeMap;

use super::noise::{Shift, shift};
use super::structure::{Access, Scanned, Structure};
use crate::check::{SampleRun, SavedCheck, SavedReport};
use crate::postgres::explain::Plan;
use crate::progress::whole;

/// A time that moves without the plan or its pages moving is the machine's doing up to here: twice as much.
const MACHINE: f64 = 2.0;
/// So many milliseconds nobody notices.
const NOTICED_MS: f64 = 0.1;
/// So many pages say nothing.
const FEW_PAGES: f64 = 2.0;

/// Which way something changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// Nothing to report.
    Same,
    /// The plans can't be compared.
    Unchecked,
    /// Neither better nor worse.
    Changed,
    /// For the better.
    Better,
    /// For the worse.
    Worse,
}

impl Direction {
    /// The word for it, in text and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Direction::Same => "no change",
            Direction::Unchecked => "unchecked",
            Direction::Changed => "changed",
            Direction::Better => "better",
            Direction::Worse => "regression",
        }
    }
}

/// One thing that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Which way.
    pub direction: Direction,
    /// What, in one sentence.
    pub message: String,
}

/// A figure of one read, before and after.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figure {
    /// The shift of its samples.
    pub shift: Shift,
    /// Whether it counts.
    pub counts: bool,
}

/// One query or lookup, before and after.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadComparison<'a> {
    /// Its name.
    pub name: &'a str,
    /// The check before and after; one is missing where the read is new or gone.
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
    /// The reads in the order of the one after, then those that are gone.
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

    /// How many reads went this way.
    pub fn count(&self, direction: Direction) -> usize {
        self.reads
            .iter()
            .filter(|it| it.direction() == direction)
            .count()
    }
}

/// Holds two checks against each other.
pub fn compare<'a>(before: &'a SavedReport, after: &'a SavedReport) -> Comparison<'a> {
    let is_same = |a: &SavedCheck, b: &SavedCheck| a.kind == b.kind && a.name == b.name;
    let mut reads: Vec<ReadComparison> = after
        .measured()
        .map(|check| read(before.measured().find(|it| is_same(it, check)), Some(check)))
        .collect();
    let gone = before
        .measured()
        .filter(|it| !after.measured().any(|check| is_same(it, check)));
    reads.extend(gone.map(|check| read(Some(check), None)));
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
    let settings = names.filter(|name| before.settings.get(*name) != after.settings.get(*name));
    Comparison {
        reads,
        settings: settings
            .map(|name| (name.clone(), value(before, name), value(after, name)))
            .collect(),
        before,
        after,
    }
}

fn read<'a>(before: Option<&'a SavedCheck>, after: Option<&'a SavedCheck>) -> ReadComparison<'a> {
    let series = |check: Option<&SavedCheck>, value: fn(&SampleRun) -> f64| {
        let samples = check.map(SavedCheck::samples).unwrap_or_default();
        samples.iter().map(value).collect::<Vec<f64>>()
    };
    let shift_of = |value| shift(&series(before, value), &series(after, value));
    let ms = shift_of(|sample| sample.execution_ms);
    #[expect(clippy::cast_precision_loss, reason = "pages are far fewer than 2^52")]
    let buffers = shift_of(|sample| sample.buffers as f64);
    let rows = shift_of(|sample| sample.rows);
    let (mut differences, opaque) = match (before, after) {
        (Some(before), Some(after)) => structural(before, after),
        (None, _) => (vec![changed("it is new")], Vec::new()),
        (_, None) => (vec![changed("it is gone")], Vec::new()),
    };
    let both = before.is_some() && after.is_some();
    let pages_moved =
        both && buffers.is_real() && (buffers.after - buffers.before).abs() >= FEW_PAGES;
    let noticed = (ms.after - ms.before).abs() >= NOTICED_MS && ms.is_real();
    let cause = !differences.is_empty() || pages_moved;
    let time_moved = both && noticed && (cause || ms.factor() >= MACHINE);
    let rows_moved = both && rows.is_real();
    if time_moved {
        differences.push(moved(ms, |value| format!("{value:.2}"), "ms"));
    }
    if pages_moved {
        differences.push(moved(buffers, whole, "buffers"));
    }
    if rows_moved {
        differences.push(changed(format!(
            "{} → {} rows",
            whole(rows.before),
            whole(rows.after)
        )));
    }
    differences.extend(opaque.iter().map(|label| Difference {
        direction: Direction::Unchecked,
        message: format!("the plan has a {label}, and what that reads can't be compared"),
    }));
    // With other rows to give, other figures are no fault.
    if rows_moved {
        for difference in &mut differences {
            difference.direction = difference.direction.min(Direction::Changed);
        }
    }
    differences.sort_by_key(|it| std::cmp::Reverse(it.direction));
    ReadComparison {
        name: after.or(before).map_or("", |check| &check.name),
        before,
        after,
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
            counts: rows_moved,
        },
        differences,
    }
}

fn changed(message: impl Into<String>) -> Difference {
    Difference {
        direction: Direction::Changed,
        message: message.into(),
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

/// What differs between the median executions' plans, and the nodes of both whose reads aren't known.
fn structural(before: &SavedCheck, after: &SavedCheck) -> (Vec<Difference>, Vec<String>) {
    let structure = |check: &SavedCheck| {
        let plan = Plan::of_statement(check.plan()?).ok()?;
        Some(Structure::of(&plan))
    };
    let (Some(before), Some(after)) = (structure(before), structure(after)) else {
        return (vec![changed("a plan can't be read")], Vec::new());
    };
    let mut differences = Vec::new();
    scans(&before.scans, &after.scans, &mut differences);
    for (tables, kind) in &after.joins {
        let earlier = before.joins.get(tables);
        let tables = tables.join(", ");
        match earlier {
            Some(earlier) if earlier != kind => differences.push(changed(format!(
                "{tables} are joined by a {kind}, and were by a {earlier}"
            ))),
            Some(_) => {}
            None => differences.push(changed(format!("{tables} are joined first, by a {kind}"))),
        }
    }
    for (node, count) in &after.others {
        let earlier = before.others.get(node).copied().unwrap_or(0);
        if *count > earlier {
            differences.push(changed(format!("{} {node} more", count - earlier)));
        }
    }
    for (node, count) in &before.others {
        let later = after.others.get(node).copied().unwrap_or(0);
        if *count > later {
            differences.push(changed(format!("{} {node} less", count - later)));
        }
    }
    let mut opaque = [before.opaque, after.opaque].concat();
    opaque.sort();
    opaque.dedup();
    (differences, opaque)
}

fn scans(
    before: &BTreeMap<Scanned, Vec<Access>>,
    after: &BTreeMap<Scanned, Vec<Access>>,
    differences: &mut Vec<Difference>,
) {
    for (table, now) in after {
        let Some(then) = before.get(table) else {
            differences.push(changed(format!("{table} is read")));
            continue;
        };
        if then == now {
            continue;
        }
        let whole = |accesses: &[Access]| accesses.iter().filter(|it| it.whole).count();
        let direction = match whole(now).cmp(&whole(then)) {
            std::cmp::Ordering::Greater => Direction::Worse,
            std::cmp::Ordering::Less => Direction::Better,
            std::cmp::Ordering::Equal => Direction::Changed,
        };
        let words = |accesses: &[Access]| {
            let mut words: Vec<String> = accesses.iter().map(ToString::to_string).collect();
            words.dedup();
            words.join(", ")
        };
        let (then_words, now_words) = (words(then), words(now));
        let message = match then_words == now_words {
            // The same index, asked for something else.
            true => {
                let condition = |accesses: &[Access]| {
                    accesses
                        .iter()
                        .map(|it| it.condition.as_str())
                        .collect::<Vec<_>>()
                        .join(", ")
                };
                format!(
                    "{table}: {now_words} for {}, and was for {}",
                    condition(now),
                    condition(then)
                )
            }
            false => format!("{table}: {then_words} → {now_words}"),
        };
        differences.push(Difference { direction, message });
    }
    for table in before.keys().filter(|table| !after.contains_key(table)) {
        differences.push(changed(format!("{table} isn't read any more")));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// A check of one query: twenty samples about these figures, and a plan.
    fn saved(ms: f64, buffers: u64, plan: &Value) -> SavedReport {
        let samples: Vec<Value> = (0..20_u64)
            .map(|at| {
                let wave = 1.0 + 0.02 * (at % 5) as f64;
                json!({"execution_ms": ms * wave, "buffers": buffers + at % 3, "rows": 1})
            })
            .collect();
        let check =
            json!({"name": "q", "kind": "query", "samples": samples, "plan": {"Plan": plan}});
        serde_json::from_value(json!({"checks": [check]})).unwrap()
    }

    fn scan(node: &str, index: Option<&str>) -> Value {
        json!({"Node Type": node, "Schema": "s", "Relation Name": "t", "Alias": "t", "Index Name": index})
    }

    fn compared(before: &SavedReport, after: &SavedReport) -> (Direction, Vec<String>) {
        let comparison = compare(before, after);
        let read = &comparison.reads[0];
        let messages = read.differences.iter().map(|it| it.message.clone());
        (comparison.direction(), messages.collect())
    }

    fn bitmap() -> Value {
        let mut scan = scan("Bitmap Heap Scan", None);
        scan["Plans"] =
            json!([{"Node Type": "Bitmap Index Scan", "Index Name": "x", "Index Cond": "(a = 1)"}]);
        scan
    }

    #[test]
    fn a_bitmap_that_becomes_a_sequential_scan_is_a_regression() {
        let (before, after) = (
            saved(0.5, 10, &bitmap()),
            saved(40.0, 6_000, &scan("Seq Scan", None)),
        );
        let (direction, messages) = compared(&before, &after);
        assert_eq!(direction, Direction::Worse);
        assert_eq!(messages[0], "t: Bitmap Heap Scan by x → Seq Scan");
        assert_eq!(messages[1], "0.52 → 41.60 ms");
        assert_eq!(messages[2], "11 → 6,001 buffers");
        assert_eq!(compared(&after, &before).0, Direction::Better);
    }

    #[test]
    fn the_same_is_no_change() {
        let plan = scan("Index Scan", Some("x"));
        let (before, after) = (saved(0.5, 10, &plan), saved(0.5, 10, &plan));
        assert_eq!(compared(&before, &after), (Direction::Same, vec![]));
    }

    #[test]
    fn a_machine_that_is_slower_is_noise_up_to_twice() {
        let plan = scan("Index Scan", Some("x"));
        let before = saved(5.0, 10, &plan);
        assert_eq!(compared(&before, &saved(9.0, 10, &plan)).0, Direction::Same);
        let (direction, messages) = compared(&before, &saved(11.0, 10, &plan));
        assert_eq!(
            (direction, &*messages[0]),
            (Direction::Worse, "5.20 → 11.44 ms")
        );
        // With more pages it isn't the machine.
        assert_eq!(
            compared(&before, &saved(6.0, 20, &plan)).0,
            Direction::Worse
        );
    }

    #[test]
    fn what_nobody_notices_isn_t_told() {
        let plan = scan("Index Scan", Some("x"));
        let (before, after) = (saved(0.01, 10, &plan), saved(0.09, 10, &plan));
        assert_eq!(compared(&before, &after).0, Direction::Same);
    }

    #[test]
    fn another_index_is_a_change_and_no_verdict() {
        let (before, after) = (
            scan("Index Scan", Some("x")),
            scan("Index Only Scan", Some("y")),
        );
        let (direction, messages) = compared(&saved(1.0, 10, &before), &saved(1.0, 10, &after));
        assert_eq!(direction, Direction::Changed);
        assert_eq!(messages, ["t: Index Scan by x → Index Only Scan by y"]);
    }

    #[test]
    fn reads_that_are_new_or_gone_are_told() {
        let plan = scan("Index Scan", Some("x"));
        let before = saved(1.0, 10, &plan);
        let mut after = before.clone();
        after.checks[0].name = "r".into();
        let comparison = compare(&before, &after);
        let told: Vec<(&str, &str)> = comparison
            .reads
            .iter()
            .map(|it| (it.name, it.differences[0].message.as_str()))
            .collect();
        assert_eq!(told, [("r", "it is new"), ("q", "it is gone")]);
        assert_eq!(comparison.direction(), Direction::Changed);
    }

    #[test]
    fn a_node_that_nobody_knows_is_unchecked_and_named() {
        let plan = json!({"Node Type": "Custom Scan", "Custom Plan Provider": "Citus Adaptive"});
        let (direction, messages) = compared(&saved(1.0, 10, &plan), &saved(1.0, 10, &plan));
        assert_eq!(direction, Direction::Unchecked);
        assert_eq!(
            messages,
            ["the plan has a Custom Scan (Citus Adaptive), and what that reads can't be compared"]
        );
        let (direction, messages) = compared(&saved(1.0, 10, &plan), &saved(90.0, 900, &plan));
        assert_eq!(direction, Direction::Worse);
        assert_eq!(messages.len(), 3);
    }

    #[test]
    fn bitmap_scans_below_a_join_are_compared() {
        let join = |inner: Value| json!({"Node Type": "Nested Loop", "Join Type": "Inner", "Plans": [scan("Index Scan", Some("y")), inner]});
        let mut inner = scan("Seq Scan", None);
        inner["Alias"] = "u".into();
        let mut by_bitmap = bitmap();
        by_bitmap["Alias"] = "u".into();
        let (direction, messages) = compared(
            &saved(1.0, 10, &join(by_bitmap)),
            &saved(1.0, 10, &join(inner)),
        );
        assert_eq!(direction, Direction::Worse);
        assert_eq!(messages, ["t AS u: Bitmap Heap Scan by x → Seq Scan"]);
    }

    #[test]
    fn joins_are_known_by_what_they_join() {
        let join = |kind: &str| {
            let table = |alias: &str| json!({"Node Type": "Index Scan", "Schema": "s", "Relation Name": "t", "Alias": alias, "Index Name": "x"});
            json!({"Node Type": kind, "Join Type": "Inner", "Plans": [table("a"), table("b")]})
        };
        let (before, after) = (
            saved(1.0, 10, &join("Nested Loop")),
            saved(1.0, 10, &join("Merge Join")),
        );
        assert_eq!(
            compared(&before, &after),
            (
                Direction::Changed,
                vec!["a, b are joined by a Merge Join, and were by a Nested Loop".into()]
            )
        );
    }
}
