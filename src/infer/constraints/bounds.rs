//! Partitions' bounds, as `pg_get_expr` writes them → what the partition key may be.

use crate::infer::domain::{Bound, Limits, compare};

/// The values of LIST partitions; `None` where a default partition takes any.
pub fn of_lists(bounds: &[String]) -> Option<Limits> {
    let mut values = Vec::new();
    for bound in bounds {
        let list = inside(bound, "FOR VALUES IN (")?;
        values.extend(literals(list).into_iter().filter(|it| it != "NULL"));
    }
    Some(Limits::of_values(values))
}

/// The longest run of RANGE partitions without a gap, by the key's first column; `None` where a default partition takes any.
pub fn of_ranges(bounds: &[String]) -> Option<Limits> {
    let mut ranges = Vec::new();
    for bound in bounds {
        let (from, to) = bound.strip_prefix("FOR VALUES FROM ")?.split_once(" TO ")?;
        ranges.push((end(from)?, end(to)?));
    }
    ranges.sort_by(|a, b| compare_ends(&a.0, &b.0, true));
    let mut runs: Vec<(Option<String>, Option<String>, usize)> = Vec::new();
    for (from, to) in ranges {
        match runs.last_mut() {
            Some(run) if run.1.is_some() && run.1 == from => {
                run.1 = to;
                run.2 += 1;
            }
            _ => runs.push((from, to, 1)),
        }
    }
    let (from, to, _) = runs.into_iter().max_by_key(|run| run.2)?;
    Some(Limits {
        min: from.map(Bound::inclusive),
        max: to.map(Bound::exclusive),
        ..Limits::default()
    })
}

/// One end of a range: its first column's value, `None` for MINVALUE and MAXVALUE.
fn end(text: &str) -> Option<Option<String>> {
    let first = literals(inside(text, "(")?).into_iter().next()?;
    Some((first != "MINVALUE" && first != "MAXVALUE").then_some(first))
}

fn compare_ends(a: &Option<String>, b: &Option<String>, low: bool) -> std::cmp::Ordering {
    use std::cmp::Ordering::{Equal, Greater, Less};
    let open = if low { Less } else { Greater };
    match (a, b) {
        (Some(a), Some(b)) => compare(a, b),
        (None, None) => Equal,
        (None, Some(_)) => open,
        (Some(_), None) => open.reverse(),
    }
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

    fn owned(bounds: &[&str]) -> Vec<String> {
        bounds.iter().map(|it| (*it).to_owned()).collect()
    }

    #[test]
    fn list_partitions_give_their_values() {
        let bounds = owned(&["FOR VALUES IN ('it''s', 'b')", "FOR VALUES IN (NULL, 'c')"]);
        let values = of_lists(&bounds).unwrap().values.unwrap();
        assert_eq!(values, ["it's", "b", "c"]);
        assert!(of_lists(&owned(&["FOR VALUES IN ('a')", "DEFAULT"])).is_none());
    }

    #[test]
    fn range_partitions_give_the_longest_run() {
        let bounds = owned(&[
            "FOR VALUES FROM ('2024-02-01 00:00:00') TO ('2024-03-01 00:00:00')",
            "FOR VALUES FROM ('2024-01-01 00:00:00') TO ('2024-02-01 00:00:00')",
            "FOR VALUES FROM ('2025-01-01 00:00:00') TO ('2025-02-01 00:00:00')",
        ]);
        let limits = of_ranges(&bounds).unwrap();
        assert_eq!(limits.min, Some(Bound::inclusive("2024-01-01 00:00:00")));
        assert_eq!(limits.max, Some(Bound::exclusive("2024-03-01 00:00:00")));
        let open = owned(&[
            "FOR VALUES FROM (MINVALUE) TO (10)",
            "FOR VALUES FROM (10) TO (20)",
        ]);
        let limits = of_ranges(&open).unwrap();
        assert_eq!(
            (limits.min, limits.max),
            (None, Some(Bound::exclusive("20")))
        );
    }
}
