//! The histogram of a column that ranges of partitions are made of: each partition gets as many rows as the source's has, whose
//! bounds belong to the schema.

use super::burst;
use crate::copy::Scalar;
use crate::infer::constraints::range_ends;
use crate::infer::domain::{MakerToml, Value};
use crate::infer::source::SourceTable;
use crate::postgres::catalog::Strategy;
use crate::profile::TableProfile;

/// Buckets with as many rows each.
const BUCKETS: u32 = 100;

/// The ends of a range, without the second one; `None` for one that is open.
type Ends = (Option<i64>, Option<i64>);

/// The values of a partition in seconds, days or numbers, from the first to the last, with its rows.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Stretch {
    first: i64,
    last: i64,
    rows: f64,
}

/// Draws from the partitions; `None` where they aren't ranges of this column alone, or aren't known to have rows.
pub(super) fn histogram(
    source: &SourceTable,
    profile: &TableProfile,
    column: &str,
) -> Option<MakerToml> {
    let partitions = source.partitions.as_ref()?;
    let is_alone = matches!(partitions.columns.as_slice(), [Some(only)] if only == column);
    if partitions.strategy != Strategy::Range || !is_alone {
        return None;
    }
    let kind = match source.column(column)?.data_type.scalar()? {
        Scalar::Int2 | Scalar::Int4 | Scalar::Int8 => "integer",
        Scalar::Date => "date",
        Scalar::Timestamp | Scalar::Timestamptz => "timestamp",
        _ => return None,
    };
    let number = |text: &String| match kind {
        "integer" => text.parse().ok(),
        "date" => Some(burst::seconds(text)? / burst::DAY),
        _ => burst::seconds(text),
    };
    let mut stretches = Vec::new();
    for partition in profile.partitions.iter().filter(|it| it.rows > 0.0) {
        let Some((from, to)) = range_ends(&partition.bounds) else {
            continue;
        };
        let ends = (from.as_ref().and_then(number), to.as_ref().and_then(number));
        stretches.push((ends, partition.rows));
    }
    let bounds = quantiles(&bounded(&stretches)?)
        .into_iter()
        .map(|it| match kind {
            "integer" => Value::Integer(it),
            "date" => Value::Text(burst::shown(it * burst::DAY, true)),
            _ => Value::Text(burst::shown(it, false)),
        });
    let maker = MakerToml::new("histogram").with("as", kind);
    Some(maker.with("bounds", bounds.collect::<Vec<Value>>()))
}

/// The stretches in their order; one that is open at an end is as long as the others are in the mean.
fn bounded(stretches: &[(Ends, f64)]) -> Option<Vec<Stretch>> {
    let lengths: Vec<i64> = stretches
        .iter()
        .filter_map(|((from, to), _)| Some((*to)? - (*from)?))
        .collect();
    let count = i64::try_from(lengths.len()).unwrap_or(1);
    let length = (lengths.iter().sum::<i64>() / count.max(1)).max(1);
    let stretch = |((from, to), rows): &(Ends, f64)| {
        let (first, last) = match (from, to) {
            (Some(from), Some(to)) => (*from, *to - 1),
            (Some(from), None) => (*from, *from + length - 1),
            (None, Some(to)) => (*to - length, *to - 1),
            (None, None) => return None,
        };
        let rows = *rows;
        Some(Stretch { first, last, rows })
    };
    let mut stretches: Vec<Stretch> = stretches.iter().filter_map(stretch).collect();
    stretches.sort_by_key(|it| it.first);
    (!stretches.is_empty()).then_some(stretches)
}

/// The bounds of buckets with as many rows each.
fn quantiles(stretches: &[Stretch]) -> Vec<i64> {
    let rows: f64 = stretches.iter().map(|it| it.rows).sum();
    let at = |mut before: f64| {
        for stretch in stretches {
            if before <= stretch.rows {
                let length = (stretch.last - stretch.first) as f64;
                #[expect(clippy::cast_possible_truncation, reason = "within the stretch")]
                let above = (length * before / stretch.rows) as i64;
                return stretch.first + above;
            }
            before -= stretch.rows;
        }
        stretches.last().map_or(0, |it| it.last)
    };
    (0..=BUCKETS)
        .map(|it| at(rows * f64::from(it) / f64::from(BUCKETS)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_partition_has_its_share_of_the_buckets() {
        let stretches = [
            ((Some(200), None), 50.0),
            ((Some(0), Some(100)), 150.0),
            ((Some(100), Some(200)), 0.0),
        ];
        let stretches: Vec<_> = stretches.into_iter().filter(|it| it.1 > 0.0).collect();
        let bounds = quantiles(&bounded(&stretches).unwrap());
        assert_eq!((bounds[0], bounds[75], bounds[100]), (0, 99, 299));
        assert_eq!(bounds.iter().filter(|it| **it >= 200).count(), 25);
    }
}
