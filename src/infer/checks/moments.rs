//! Fields of dates and times: `extract(year FROM x)`, `date_trunc('month', x)`.

use super::comparison::Comparison;
use crate::copy::{DataType, Scalar};
use crate::dataset::calendar::{date_from_days, days_from_date};
use crate::infer::domain::{Bound, Limits};

/// The days that values are listed from, as days since 1970-01-01: 2022-01-01 to 2024-12-31.
const DAYS: std::ops::Range<i64> = 18_993..20_089;

/// Limits under which a field of a date or time fits a comparison.
pub fn fields(
    field: &str,
    data_type: &DataType,
    comparison: &Comparison,
) -> Result<Vec<Limits>, String> {
    match field {
        "year" => years(comparison),
        "epoch" => epochs(data_type, comparison),
        _ => listed(field, data_type, comparison),
    }
}

fn years(comparison: &Comparison) -> Result<Vec<Limits>, String> {
    let start = |year: i64| format!("{year:04}-01-01");
    let between = |first: Option<i64>, last: Option<i64>| Limits {
        min: first.map(|it| Bound::inclusive(start(it))),
        max: last.map(|it| Bound::exclusive(start(it + 1))),
        ..Limits::default()
    };
    let year = |text: &str| -> Result<i64, String> {
        let number: f64 = text.parse().map_err(|_| "a year".to_owned())?;
        #[expect(clippy::cast_possible_truncation, reason = "a year")]
        Ok(number as i64)
    };
    Ok(match comparison {
        Comparison::In(values) => {
            let each = values
                .iter()
                .map(|it| year(it).map(|it| between(Some(it), Some(it))));
            each.collect::<Result<_, _>>()?
        }
        Comparison::Above(bound) => {
            let first = year(&bound.value)? + i64::from(!bound.inclusive);
            vec![between(Some(first), None)]
        }
        Comparison::Below(bound) => {
            let last = year(&bound.value)? - i64::from(!bound.inclusive);
            vec![between(None, Some(last))]
        }
        _ => return Err("a year".into()),
    })
}

/// Seconds of an interval.
fn epochs(data_type: &DataType, comparison: &Comparison) -> Result<Vec<Limits>, String> {
    if data_type.scalar() != Some(Scalar::Interval) {
        return Err("an epoch".into());
    }
    let limits = match comparison {
        Comparison::Above(bound) => Limits::above(bound.clone()),
        Comparison::Below(bound) => Limits::below(bound.clone()),
        _ => return Err("an epoch".into()),
    };
    Ok(vec![limits])
}

/// All days, or hours of some, whose field fits.
fn listed(
    field: &str,
    data_type: &DataType,
    comparison: &Comparison,
) -> Result<Vec<Limits>, String> {
    let is_date = data_type.scalar() == Some(Scalar::Date);
    let of_clock = matches!(
        field,
        "hour" | "minute" | "second" | "milliseconds" | "microseconds"
    );
    let is_time = matches!(data_type.scalar(), Some(Scalar::Time | Scalar::Timetz));
    if !is_date
        && !is_time
        && !matches!(
            data_type.scalar(),
            Some(Scalar::Timestamp | Scalar::Timestamptz)
        )
    {
        return Err(format!("the {field}"));
    }
    let mut values = Vec::new();
    if of_clock && !is_date {
        let days = if is_time || field == "minute" { 1 } else { 40 };
        for day in DAYS.start..DAYS.start + days {
            let clocks = clocks(field)
                .into_iter()
                .filter(|(number, _)| comparison.accepts(*number));
            values.extend(clocks.map(|(_, clock)| match is_time {
                true => clock,
                false => format!("{} {clock}", date(day)),
            }));
        }
    } else {
        for day in DAYS {
            let number = field_of(field, day).ok_or_else(|| format!("the {field}"))?;
            if comparison.accepts(number) {
                values.push(date(day));
            }
        }
    }
    Ok(vec![Limits::of_values(values)])
}

/// Times of day with the number of one of their fields.
fn clocks(field: &str) -> Vec<(i64, String)> {
    match field {
        "hour" => (0..24).map(|it| (it, format!("{it:02}:30:00"))).collect(),
        "minute" => (0..24 * 60)
            .map(|it| (it % 60, format!("{:02}:{:02}:00", it / 60, it % 60)))
            .collect(),
        _ => (0..60).map(|it| (it, format!("09:15:{it:02}"))).collect(),
    }
}

fn date(day: i64) -> String {
    let (year, month, day) = date_from_days(day);
    format!("{year:04}-{month:02}-{day:02}")
}

fn field_of(field: &str, days: i64) -> Option<i64> {
    let (year, month, day) = date_from_days(days);
    // 1970-01-01 was a Thursday.
    let weekday = (days + 4).rem_euclid(7);
    Some(match field {
        "month" => month,
        "day" => day,
        "quarter" => (month + 2) / 3,
        "dow" => weekday,
        "isodow" => {
            if weekday == 0 {
                7
            } else {
                weekday
            }
        }
        "doy" => days - days_from_date(year, 1, 1) + 1,
        "hour" | "minute" | "second" | "milliseconds" | "microseconds" => 0,
        "decade" => year / 10,
        "century" => (year + 99) / 100,
        _ => return None,
    })
}

/// Dates that `date_trunc` leaves as they are; of timestamps, at midnight.
pub fn starts_of(unit: &str, data_type: &DataType) -> Option<Vec<String>> {
    let is_moment = matches!(
        data_type.scalar(),
        Some(Scalar::Date | Scalar::Timestamp | Scalar::Timestamptz)
    );
    let starts = |days: i64| match unit {
        "microseconds" | "milliseconds" | "second" | "minute" | "hour" | "day" => Some(true),
        "week" => Some(field_of("isodow", days)? == 1),
        "month" => Some(date_from_days(days).2 == 1),
        "quarter" => Some(date_from_days(days).2 == 1 && date_from_days(days).1 % 3 == 1),
        "year" => Some(date_from_days(days).2 == 1 && date_from_days(days).1 == 1),
        _ => None,
    };
    // Few days start a year: a longer stretch.
    let span = if unit == "year" {
        DAYS.start - 40 * 366..DAYS.end
    } else {
        DAYS
    };
    starts(span.start).filter(|_| is_moment)?;
    Some(
        span.filter(|it| starts(*it) == Some(true))
            .map(date)
            .collect(),
    )
}
