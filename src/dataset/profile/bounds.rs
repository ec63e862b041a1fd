//! Bounds of a histogram, as a dataset writes them, in the units of a column's values.

use crate::dataset::calendar::{DAY, parse_date};
use crate::dataset::ranges::{clock, units};
use crate::dataset::spec::Kind;

/// The bounds in a column's units; they ascend.
pub fn in_units(bounds: &[String], kind: Kind) -> Result<Vec<i64>, String> {
    let mut numbers = Vec::new();
    for bound in bounds {
        let number = in_unit(bound, kind)
            .filter(|it| it.unsigned_abs() <= 1 << 60)
            .ok_or_else(|| {
                format!(
                    "the bound `{bound}` is none of its values; {}",
                    as_written(kind)
                )
            })?;
        if numbers.last().is_some_and(|last| *last > number) {
            return Err(format!(
                "the bound `{bound}` is below the one before it; write the bounds in their order"
            ));
        }
        numbers.push(number);
    }
    Ok(numbers)
}

fn in_unit(bound: &str, kind: Kind) -> Option<i64> {
    match kind {
        Kind::Integer | Kind::Interval => units(bound, 0),
        Kind::Cents => units(bound, 2),
        Kind::Decimal(scale) => units(bound, scale),
        Kind::Date => parse_date(bound),
        Kind::Timestamp => timestamp(bound),
        Kind::Time => clock(bound),
        Kind::Boolean | Kind::Text | Kind::Uuid | Kind::Literal => None,
    }
}

/// `2024-02-29`, or with a time of day behind it.
fn timestamp(text: &str) -> Option<i64> {
    let (date, time) = text.split_once([' ', 'T']).unwrap_or((text, "00:00"));
    Some(parse_date(date)? * DAY + clock(time)?)
}

fn as_written(kind: Kind) -> &'static str {
    match kind {
        Kind::Integer => "write whole numbers",
        Kind::Interval => "write whole seconds",
        Kind::Cents | Kind::Decimal(_) => "write numbers with no more decimals than the column has",
        Kind::Date => "write dates such as \"2024-02-29\"",
        Kind::Timestamp => "write times such as \"2024-02-29 18:30:05\"",
        Kind::Time => "write times of day such as \"18:30:05\"",
        Kind::Boolean | Kind::Text | Kind::Uuid | Kind::Literal => {
            "only numbers, dates and times have bounds: take `bounds` away"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_read_in_the_units_of_their_kind() {
        let read = |bounds: &[&str], kind| {
            let bounds: Vec<String> = bounds.iter().map(|it| (*it).to_owned()).collect();
            in_units(&bounds, kind)
        };
        assert_eq!(
            read(&["-3", "0", "0", "12"], Kind::Integer),
            Ok(vec![-3, 0, 0, 12])
        );
        assert_eq!(read(&["0", "3.5"], Kind::Decimal(3)), Ok(vec![0, 3_500]));
        assert_eq!(
            read(&["1970-01-01", "1970-01-02 00:01:05"], Kind::Timestamp),
            Ok(vec![0, DAY + 65])
        );
        assert_eq!(
            read(&["00:00", "08:30:01"], Kind::Time),
            Ok(vec![0, 30_601])
        );
        for (bounds, kind, says) in [
            (["1", "2.5"], Kind::Integer, "write whole numbers"),
            (["2", "1"], Kind::Integer, "below the one before it"),
            (["2024-01-01", "x"], Kind::Date, "write dates such as"),
            (["a", "b"], Kind::Text, "take `bounds` away"),
        ] {
            let error = read(&bounds, kind).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }
}
