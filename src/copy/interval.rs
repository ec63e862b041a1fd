//! Intervals as text, in the spelling of Postgres' own output.

use std::io::Write;

use crate::copy::time::{SECOND, fraction_micros, two_digits, write_clock};

/// An interval in the units that Postgres keeps apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Interval {
    /// Months.
    pub months: i32,
    /// Days.
    pub days: i32,
    /// Microseconds.
    pub micros: i64,
}

/// `1 year 2 mons 3 days 04:05:06.789`, as the server writes it, each unit once at most and none negative (what a
/// sign means depends on the session's `IntervalStyle`). `None` for what is spelled otherwise.
pub fn interval(text: &[u8]) -> Option<Interval> {
    let text = str::from_utf8(text).ok()?;
    let mut interval = Interval::default();
    let mut rank = 0;
    let mut words = text.split(' ');
    while let Some(word) = words.next() {
        let this = if word.contains(':') {
            interval.micros = interval_clock(word)?;
            4
        } else {
            let plain = !word.is_empty() && word.bytes().all(|it| it.is_ascii_digit());
            let number = plain.then(|| word.parse::<i32>().ok())??;
            match words.next()? {
                "year" | "years" => {
                    interval.months = number.checked_mul(12)?;
                    1
                }
                "mon" | "mons" | "month" | "months" => {
                    interval.months = interval.months.checked_add(number)?;
                    2
                }
                "day" | "days" => {
                    interval.days = number;
                    3
                }
                _ => return None,
            }
        };
        if this <= rank {
            return None;
        }
        rank = this;
    }
    (rank > 0).then_some(interval)
}

/// `04:05:06.789`, with up to nine digits of hours.
fn interval_clock(text: &str) -> Option<i64> {
    let (hours, rest) = text.split_once(':')?;
    let plain = (1..=9).contains(&hours.len()) && hours.bytes().all(|it| it.is_ascii_digit());
    let hours = plain.then(|| hours.parse::<i64>().ok())??;
    let (minutes, seconds) = rest.split_once(':')?;
    let (seconds, fraction) = match seconds.split_once('.') {
        Some((seconds, fraction)) => (seconds, fraction_micros(fraction)?),
        None => (seconds, 0),
    };
    let seconds = two_digits(minutes, 60)? * 60 + two_digits(seconds, 60)?;
    Some((hours * 3600 + seconds) * SECOND + fraction)
}

/// Appends an interval without negative parts.
pub fn write_interval(interval: Interval, out: &mut Vec<u8>) {
    let start = out.len();
    let Interval {
        months,
        days,
        micros,
    } = interval;
    for (number, unit) in [(months / 12, "year"), (months % 12, "mon"), (days, "day")] {
        if number != 0 {
            let plural = if number == 1 { "" } else { "s" };
            // As above.
            let _ = write!(out, "{number} {unit}{plural} ");
        }
    }
    if micros != 0 || out.len() == start {
        write_clock(micros, out);
    } else {
        out.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_have_units_in_order() {
        for (text, expected) in [
            (
                "1 year 2 mons 3 days 04:05:06.789",
                "1 year 2 mons 3 days 04:05:06.789",
            ),
            ("14 months", "1 year 2 mons"),
            ("100:00:00", "100:00:00"),
            ("1 day", "1 day"),
            ("0 days", "00:00:00"),
        ] {
            let mut out = Vec::new();
            write_interval(interval(text.as_bytes()).unwrap(), &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected, "{text}");
        }
        for text in [
            "",
            "1",
            "-1 day",
            "1 day ago",
            "1 day 1 year",
            "1 day 2 days",
            "P1Y",
            "01:02",
            "1.5 days",
            "99999999999 days",
        ] {
            assert_eq!(interval(text.as_bytes()), None, "{text}");
        }
    }
}
