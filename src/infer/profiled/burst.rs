//! Bounds of a time that rises with the rows, by which the last tenth of them comes within a share of the time.

use crate::dataset::calendar::{date_from_days, parse_date};
use crate::infer::domain::{MakerToml, Value};

/// In seconds.
pub(super) const DAY: i64 = 86_400;

/// Ten buckets with as many rows each, between the maker's own bounds; `None` for one that makes no times.
pub(super) fn bounds(maker: &MakerToml, share: f64) -> Option<Vec<String>> {
    let (first, last) = match maker.option("bounds") {
        Some(Value::List(known)) => (of(known.first()?)?, of(known.last()?)?),
        _ => (of(maker.option("min")?)?, of(maker.option("max")?)?),
    };
    let kind = match (maker.make.as_str(), maker.option("as")) {
        ("histogram", Some(Value::Text(kind))) => kind.as_str(),
        (make, _) => make,
    };
    let is_date = match kind {
        "date" => true,
        "timestamp" => false,
        _ => return None,
    };
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "a number of seconds"
    )]
    let before = ((last - first) as f64 * (1.0 - share)) as i64;
    let times = (0..10).map(|place| first + before * place / 9);
    let times = times.chain([last]);
    Some(times.map(|it| shown(it, is_date)).collect())
}

fn of(value: &Value) -> Option<i64> {
    match value {
        Value::Text(text) => seconds(text),
        _ => None,
    }
}

/// Since 1970-01-01, of a date, with a time behind it or without.
pub(super) fn seconds(text: &str) -> Option<i64> {
    let days = parse_date(text.get(..10)?)?;
    let mut seconds = days * DAY;
    let time = text.get(11..19).unwrap_or_default();
    for (part, unit) in time.split(':').zip([3_600, 60, 1]) {
        seconds += part.parse::<i64>().unwrap_or(0) * unit;
    }
    Some(seconds)
}

/// As a dataset writes it.
pub(super) fn shown(seconds: i64, is_date: bool) -> String {
    let (year, month, day) = date_from_days(seconds.div_euclid(DAY));
    let date = format!("{year:04}-{month:02}-{day:02}");
    if is_date {
        return date;
    }
    let rest = seconds.rem_euclid(DAY);
    let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
    format!("{date} {hour:02}:{minute:02}:{second:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_tenth_comes_within_the_share() {
        let maker = MakerToml::new("timestamp")
            .with("min", "2022-01-01")
            .with("max", "2022-04-11");
        let bounds = bounds(&maker, 0.1).unwrap();
        assert_eq!(bounds.len(), 11);
        assert_eq!(
            [&bounds[0], &bounds[1], &bounds[9], &bounds[10]],
            [
                "2022-01-01 00:00:00",
                "2022-01-11 00:00:00",
                "2022-04-01 00:00:00",
                "2022-04-11 00:00:00"
            ]
        );
    }
}
