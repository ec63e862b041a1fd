//! Partitions' bounds, as `pg_get_expr` writes them → what the columns of the partition key may be.

use std::cmp::Ordering;

use crate::infer::domain::{Bound, Limits, compare};
use crate::infer::source::{Partition, Partitions};
use crate::postgres::catalog::Strategy;

/// What keeps rows within a table's partitions, by column. Default partitions count only where there is nothing else: the
/// others are what people fill.
pub fn read(partitions: &Partitions) -> Vec<(String, Limits)> {
    let (chosen, mut limits) = most_alike(partitions);
    let bounds: Vec<&str> = chosen.iter().map(|it| it.bounds.as_str()).collect();
    let has_default = partitions.each.iter().any(|it| it.bounds == DEFAULT);
    let own = match partitions.strategy {
        Strategy::Hash => Vec::new(),
        Strategy::List => of_lists(&bounds).into_iter().collect(),
        Strategy::Range => of_ranges(&bounds).unwrap_or_default(),
    };
    let columns = partitions.columns.iter();
    let named = columns
        .zip(own)
        .filter_map(|(name, limits)| Some((name.clone()?, limits)));
    limits.extend(named.map(|(name, mut limits)| {
        limits.not_null &= !has_default;
        (name, limits)
    }));
    limits
}

/// How the bounds of a default partition are written.
const DEFAULT: &str = "DEFAULT";

/// What rows must satisfy within a partition, by column.
type Inner = Vec<(String, Limits)>;

/// The partitions whose own partitions ask for the same, where most do, and what these ask for.
fn most_alike(partitions: &Partitions) -> (Vec<&Partition>, Inner) {
    let mut groups: Vec<(Inner, Vec<&Partition>)> = Vec::new();
    for partition in partitions.each.iter().filter(|it| it.bounds != DEFAULT) {
        let inner = partition.within.as_ref().map(read).unwrap_or_default();
        match groups.iter_mut().find(|(it, _)| *it == inner) {
            Some((_, group)) => group.push(partition),
            None => groups.push((inner, vec![partition])),
        }
    }
    let most = groups.iter().map(|(_, group)| group.len()).max();
    let mut groups = groups.into_iter();
    let largest = groups.find(|(_, group)| Some(group.len()) == most);
    largest
        .map(|(inner, group)| (group, inner))
        .unwrap_or_default()
}

/// The values of LIST partitions; `None` where there is none but NULL.
fn of_lists(bounds: &[&str]) -> Option<Limits> {
    let mut values = Vec::new();
    let mut takes_null = false;
    for bound in bounds {
        for value in literals(inside(bound, "FOR VALUES IN (")?) {
            match value.as_str() {
                "NULL" => takes_null = true,
                _ => values.push(value),
            }
        }
    }
    Some(Limits {
        not_null: !takes_null,
        ..Limits::of_values(values)
    })
    .filter(|_| !bounds.is_empty())
}

/// One end of a range in one column.
#[derive(Debug, Clone, PartialEq, Eq)]
enum End {
    Least,
    Value(String),
    Greatest,
}

impl End {
    fn of(literal: String) -> End {
        match literal.as_str() {
            "MINVALUE" => End::Least,
            "MAXVALUE" => End::Greatest,
            _ => End::Value(literal),
        }
    }

    fn compare(&self, other: &End) -> Ordering {
        let rank = |end: &End| match end {
            End::Least => 0,
            End::Value(_) => 1,
            End::Greatest => 2,
        };
        match (self, other) {
            (End::Value(a), End::Value(b)) => compare(a, b),
            (a, b) => rank(a).cmp(&rank(b)),
        }
    }

    fn value(&self) -> Option<&str> {
        match self {
            End::Value(value) => Some(value),
            End::Least | End::Greatest => None,
        }
    }
}

/// The longest run of RANGE partitions without a gap, by the key's columns in their order.
fn of_ranges(bounds: &[&str]) -> Option<Vec<Limits>> {
    let mut ranges = Vec::new();
    for bound in bounds {
        let (from, to) = bound.strip_prefix("FOR VALUES FROM ")?.split_once(" TO ")?;
        ranges.push((ends(from)?, ends(to)?));
    }
    ranges.sort_by(|(a, _), (b, _)| {
        let columns = a.iter().zip(b).map(|(a, b)| a.compare(b));
        columns.fold(Ordering::Equal, Ordering::then)
    });
    let mut runs: Vec<(Vec<End>, Vec<End>, usize)> = Vec::new();
    for (from, to) in ranges {
        match runs.last_mut() {
            Some(run) if run.1 == from => {
                run.1 = to;
                run.2 += 1;
            }
            _ => runs.push((from, to, 1)),
        }
    }
    let longest = runs.iter().map(|run| run.2).max();
    let (from, to, _) = runs.into_iter().find(|run| Some(run.2) == longest)?;
    let mut limits = between(&from, &to);
    // A range has no place for NULL.
    limits.resize_with(from.len(), Limits::default);
    for column in &mut limits {
        column.not_null = true;
    }
    Some(limits)
}

/// Columns whose values, compared one after the other, lie between two ends: enough, not everything.
fn between(from: &[End], to: &[End]) -> Vec<Limits> {
    let ([low, from_rest @ ..], [high, to_rest @ ..]) = (from, to) else {
        return Vec::new();
    };
    let only = |value: &str, to: &[End]| {
        let mut limits = vec![Limits {
            min: Some(Bound::inclusive(value)),
            max: Some(Bound::inclusive(value)),
            ..Limits::default()
        }];
        limits.extend(between(from_rest, to));
        limits
    };
    let starts_within = from_rest.iter().any(|it| *it != End::Least);
    match (low.value(), high.value()) {
        (Some(low), Some(high)) if low == high => only(low, to_rest),
        // The first value belongs to the range in part, and the next one ends it.
        (Some(low), Some(high)) if starts_within && !has_between(low, high) => {
            only(low, &vec![End::Greatest; to_rest.len()])
        }
        (low, high) => {
            let ends_behind = to_rest.first() == Some(&End::Greatest);
            vec![Limits {
                min: low.map(|value| bound(value, !starts_within)),
                max: high.map(|value| bound(value, ends_behind)),
                ..Limits::default()
            }]
        }
    }
}

fn bound(value: &str, inclusive: bool) -> Bound {
    match inclusive {
        true => Bound::inclusive(value),
        false => Bound::exclusive(value),
    }
}

/// Whether there is a value between two; unknown is yes.
fn has_between(low: &str, high: &str) -> bool {
    match (low.parse::<i64>(), high.parse::<i64>()) {
        (Ok(low), Ok(high)) => high.saturating_sub(low) > 1,
        _ => true,
    }
}

/// The ends of a range in one column, as `FOR VALUES FROM … TO …` has them; `None` for one that is open.
pub fn range_ends(bounds: &str) -> Option<(Option<String>, Option<String>)> {
    let (from, to) = bounds
        .strip_prefix("FOR VALUES FROM ")?
        .split_once(" TO ")?;
    let only = |text: &str| match ends(text)?.as_slice() {
        [end] => Some(end.value().map(str::to_owned)),
        _ => None,
    };
    Some((only(from)?, only(to)?))
}

/// The ends of a range, a column each.
fn ends(text: &str) -> Option<Vec<End>> {
    Some(
        literals(inside(text, "(")?)
            .into_iter()
            .map(End::of)
            .collect(),
    )
}

fn inside<'t>(text: &'t str, before: &str) -> Option<&'t str> {
    text.strip_prefix(before)?.strip_suffix(')')
}

/// The constants of a list: quoted ones without their quotes, others as they are.
fn literals(list: &str) -> Vec<String> {
    let mut values = Vec::new();
    let mut value = String::new();
    let mut quoted = false;
    let mut characters = list.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\'' if quoted && characters.peek() == Some(&'\'') => {
                characters.next();
                value.push('\'');
            }
            '\'' => quoted = !quoted,
            ',' if !quoted => values.push(std::mem::take(&mut value)),
            ' ' if !quoted => {}
            other => value.push(other),
        }
    }
    values.push(value);
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partitions(strategy: Strategy, columns: &[&str], bounds: &[&str]) -> Partitions {
        let partition = |bounds: &&str| Partition {
            bounds: (*bounds).to_owned(),
            within: None,
        };
        Partitions {
            strategy,
            columns: columns.iter().map(|it| Some((*it).to_owned())).collect(),
            each: bounds.iter().map(partition).collect(),
        }
    }

    /// Limits as a text: `a=[1,5)`, `a in x y`, with `?` where NULL is taken.
    fn shown(partitions: &Partitions) -> String {
        let shown = |(name, limits): (String, Limits)| {
            let null = if limits.not_null { "" } else { "?" };
            let end = |bound: &Option<Bound>| {
                bound.as_ref().map_or("", |it| it.value.as_str()).to_owned()
            };
            let sign = |bound: &Option<Bound>, closed: char, open: char| match bound {
                Some(it) if it.inclusive => closed,
                _ => open,
            };
            match limits.values {
                Some(values) => format!("{name}{null} in {}", values.join(" ")),
                None => format!(
                    "{name}{null}={}{},{}{}",
                    sign(&limits.min, '[', '('),
                    end(&limits.min),
                    end(&limits.max),
                    sign(&limits.max, ']', ')')
                ),
            }
        };
        read(partitions)
            .into_iter()
            .map(shown)
            .collect::<Vec<_>>()
            .join("; ")
    }

    #[test]
    fn list_partitions_give_their_values() {
        for (bounds, expected) in [
            (
                &["FOR VALUES IN ('it''s', 'b')", "FOR VALUES IN (NULL, 'c')"][..],
                "a? in it's b c",
            ),
            (&["FOR VALUES IN (1)", "DEFAULT"], "a? in 1"),
            (&["FOR VALUES IN (1, 2)"], "a in 1 2"),
            (&["DEFAULT"], ""),
        ] {
            assert_eq!(shown(&partitions(Strategy::List, &["a"], bounds)), expected);
        }
    }

    #[test]
    fn range_partitions_give_the_longest_run() {
        for (columns, bounds, expected) in [
            (
                &["a"][..],
                &[
                    "FOR VALUES FROM ('2024-02-01 00:00:00') TO ('2024-03-01 00:00:00')",
                    "FOR VALUES FROM ('2024-01-01 00:00:00') TO ('2024-02-01 00:00:00')",
                    "FOR VALUES FROM ('2025-01-01 00:00:00') TO ('2025-02-01 00:00:00')",
                ][..],
                "a=[2024-01-01 00:00:00,2024-03-01 00:00:00)",
            ),
            (
                &["a"],
                &[
                    "FOR VALUES FROM (MINVALUE) TO (10)",
                    "FOR VALUES FROM (10) TO (20)",
                    "DEFAULT",
                ],
                "a?=(,20)",
            ),
            (&["a"], &["DEFAULT"], ""),
            // Several columns, compared one after the other.
            (
                &["a", "b"],
                &["FOR VALUES FROM ('x', 1) TO ('x', 9)"],
                "a=[x,x]; b=[1,9)",
            ),
            (
                &["a", "b"],
                &["FOR VALUES FROM ('x', MINVALUE) TO ('x', MAXVALUE)"],
                "a=[x,x]; b=(,)",
            ),
            (
                &["a", "b"],
                &["FOR VALUES FROM (1, 5) TO (9, 2)"],
                "a=(1,9); b=(,)",
            ),
            (
                &["a", "b"],
                &["FOR VALUES FROM (1, 5) TO (2, 2)"],
                "a=[1,1]; b=[5,)",
            ),
            (
                &["a", "b"],
                &["FOR VALUES FROM (1, MINVALUE) TO (9, MAXVALUE)"],
                "a=[1,9]; b=(,)",
            ),
            (
                &["a", "b"],
                &[
                    "FOR VALUES FROM (1, 5) TO (1, 9)",
                    "FOR VALUES FROM (1, 1) TO (1, 5)",
                ],
                "a=[1,1]; b=[1,9)",
            ),
        ] {
            assert_eq!(
                shown(&partitions(Strategy::Range, columns, bounds)),
                expected
            );
        }
    }

    #[test]
    fn partitions_of_partitions_agree() {
        let years = |bounds: &[&str]| Some(partitions(Strategy::Range, &["year"], bounds));
        let partition = |bounds: &str, within: Option<Partitions>| Partition {
            bounds: bounds.to_owned(),
            within,
        };
        let two = &[
            "FOR VALUES FROM (2023) TO (2024)",
            "FOR VALUES FROM (2024) TO (2025)",
        ];
        let mut all = partitions(Strategy::List, &["region"], &[]);
        all.each = vec![
            partition("FOR VALUES IN ('eu')", years(two)),
            partition("FOR VALUES IN ('us')", years(&two[..1])),
            partition("FOR VALUES IN ('asia')", years(two)),
            partition("DEFAULT", None),
        ];
        assert_eq!(shown(&all), "year=[2023,2025); region? in eu asia");
        all.columns = vec![None];
        assert_eq!(shown(&all), "year=[2023,2025)");
    }
}
