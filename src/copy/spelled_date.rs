//! Dates and times in the spellings that Postgres takes beside ISO's: `20240704`, `7/14/2024`, `Jul 4, 2024`.
//!
//! What a session's `DateStyle` decides is rejected, with the format to name, unless every style reads the same day. What
//! isn't known here is left to the server.

use crate::copy::parsed::Unread;
use crate::copy::time::{EPOCH, Moment, clock_and_zone};
use crate::dataset::calendar::days_from_parts;
use crate::dataset::date_format::month_number;

/// Years of two digits below this one are in the 2000s, as for Postgres.
const PIVOT: i64 = 70;

/// Words that Postgres takes for a date.
const WORDS: [&str; 5] = ["now", "today", "tomorrow", "yesterday", "epoch"];

/// Reads a text that isn't spelled as ISO has it; `otherwise` says that it is none.
pub fn moment(text: &[u8], otherwise: &'static str) -> Result<Moment, Unread> {
    let text = str::from_utf8(text).map_err(|_| otherwise)?;
    if !text.bytes().any(|byte| byte.is_ascii_digit()) {
        let first = text.split([' ', ',']).next().unwrap_or("");
        let known = WORDS.iter().any(|word| word.eq_ignore_ascii_case(first));
        return Err(match known {
            true => Unread::Undecided,
            false => otherwise.into(),
        });
    }
    let (date, clock) = split_clock(text);
    let days = days(date, otherwise)?;
    let (micros, zone) = match clock {
        "" => (0, None),
        clock => clock_and_zone(clock).ok_or(Unread::Undecided)?,
    };
    Ok(Moment::At { days, micros, zone })
}

/// `20240704` or `240704`, and no other number.
pub fn digits(text: &[u8]) -> Option<Moment> {
    let text = str::from_utf8(text).ok()?;
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let days = plain.then(|| digits_alone(text))??;
    Some(Moment::At {
        days,
        micros: 0,
        zone: None,
    })
}

/// The date, and the time of day behind it, if there is one.
pub fn split_clock(text: &str) -> (&str, &str) {
    let Some(colon) = text.find(':') else {
        return (text, "");
    };
    let separates = |byte: u8| matches!(byte, b' ' | b'T' | b't');
    let at = text.as_bytes()[..colon]
        .iter()
        .rposition(|&byte| separates(byte));
    match at {
        Some(at) => {
            let date = text[..at].trim_end();
            (date.strip_suffix(',').unwrap_or(date), &text[at + 1..])
        }
        None => (text, ""),
    }
}

/// Days since 2000-01-01.
fn days(date: &str, otherwise: &'static str) -> Result<i64, Unread> {
    if date.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(digits_alone(date).ok_or(otherwise)?);
    }
    match date.find(|c: char| c.is_ascii_alphabetic()) {
        None => numbers(date, otherwise),
        Some(_) => with_month(date),
    }
}

/// `20240704`, and `240704`.
fn digits_alone(date: &str) -> Option<i64> {
    let part = |range: std::ops::Range<usize>| date[range].parse::<i64>().ok();
    match date.len() {
        8 => day_of(part(0..4)?, part(4..6)?, part(6..8)?),
        6 => day_of(full_year(part(0..2)?), part(2..4)?, part(4..6)?),
        _ => None,
    }
}

/// `2024/7/4`, `7/14/2024`, `14.7.24`.
fn numbers(date: &str, otherwise: &'static str) -> Result<i64, Unread> {
    let mark = date.find(['/', '-', '.']).map(|at| &date[at..=at]);
    let mark = mark.ok_or(Unread::Undecided)?;
    let parts: Vec<&str> = date.split(mark).collect();
    let [first, second, third] = parts[..] else {
        return Err(Unread::Undecided);
    };
    let plain =
        |part: &str| (1..=4).contains(&part.len()) && part.bytes().all(|it| it.is_ascii_digit());
    if !parts.iter().all(|part| plain(part)) || second.len() > 2 {
        return Err(Unread::Undecided);
    }
    let number = |part: &str| part.parse::<i64>().unwrap_or(0);
    let (a, b, c) = (number(first), number(second), number(third));
    if first.len() == 4 && third.len() <= 2 {
        return Ok(day_of(a, b, c).ok_or(otherwise)?);
    }
    if first.len() > 2 || third.len() == 3 {
        return Err(Unread::Undecided);
    }
    let (year, years) = match third.len() {
        4 => (c, "YYYY"),
        _ => (full_year(c), "YY"),
    };
    let month_first = day_of(year, a, b);
    let day_first = day_of(year, b, a);
    let year_first = match years {
        "YY" => day_of(full_year(a), b, c),
        _ => None,
    };
    let formats = [
        (month_first, format!("M{mark}D{mark}{years}")),
        (day_first, format!("D{mark}M{mark}{years}")),
        (year_first, format!("YY{mark}M{mark}D")),
    ];
    decided(month_first, &formats, otherwise)
}

/// The day that the usual style reads, when no other style reads another.
fn decided(
    usual: Option<i64>,
    formats: &[(Option<i64>, String)],
    otherwise: &'static str,
) -> Result<i64, Unread> {
    let read: Vec<&(Option<i64>, String)> = formats.iter().filter(|it| it.0.is_some()).collect();
    match (usual, &read[..]) {
        (_, []) => Err(otherwise.into()),
        (Some(days), read) if read.iter().all(|it| it.0 == usual) => Ok(days),
        (None, [(_, format)]) => Err(Unread::Invalid(
            format!("{otherwise}; `--date-format {format}` reads it").into(),
        )),
        (_, read) => {
            let names: Vec<&str> = read.iter().map(|(_, format)| format.as_str()).collect();
            Err(Unread::Invalid(
                format!(
                    "could be {}; name the one that it is, such as --date-format {}",
                    names.join(" or "),
                    names[0]
                )
                .into(),
            ))
        }
    }
}

/// `Jul 4, 2024`, `4 July 2024`, `04-Jul-2024`, `2024-Jul-04`.
fn with_month(date: &str) -> Result<i64, Unread> {
    let mark: &[char] = if date.contains('-') { &['-'] } else { &[' '] };
    let parts: Vec<&str> = date.split(mark).collect();
    let [first, second, third] = parts[..] else {
        return Err(Unread::Undecided);
    };
    // `Jul 4, 2024`: a comma is between day and year.
    let (month, a, b) = match (month_number(first), month_number(second)) {
        (Some(month), None) if mark == [' '] => {
            (month, second.strip_suffix(',').unwrap_or(second), third)
        }
        (Some(month), None) => (month, second, third),
        (None, Some(month)) => (month, first, third),
        _ => return Err(Unread::Undecided),
    };
    let number = |part: &str| {
        let plain = matches!(part.len(), 1 | 2 | 4) && part.bytes().all(|it| it.is_ascii_digit());
        plain.then(|| part.parse::<i64>().ok()).flatten()
    };
    let (Some(m), Some(n)) = (number(a), number(b)) else {
        return Err(Unread::Undecided);
    };
    match (a.len(), b.len()) {
        (1 | 2, 4) => day_of(n, month, m).ok_or(Unread::Undecided),
        (4, 1 | 2) => day_of(m, month, n).ok_or(Unread::Undecided),
        (1 | 2, 1 | 2) => {
            let day_first = day_of(full_year(n), month, m);
            let year_first = day_of(full_year(m), month, n);
            match (day_first, year_first) {
                (Some(day), Some(year)) if day != year => Err(Unread::Invalid(
                    "could be a day and a year, or a year and a day; write the year with four digits, or name the \
                     format, such as --date-format 'D Mon YY'"
                        .into(),
                )),
                (Some(days), _) => Ok(days),
                (None, _) => Err(Unread::Undecided),
            }
        }
        _ => Err(Unread::Undecided),
    }
}

/// Days since 2000-01-01 of a year, a month and a day, when there is such a day.
fn day_of(year: i64, month: i64, day: i64) -> Option<i64> {
    Some(days_from_parts(year, month, day)? - EPOCH)
}

/// A year of two digits, as Postgres completes it.
pub fn full_year(year: i64) -> i64 {
    if year < PIVOT {
        2000 + year
    } else {
        1900 + year
    }
}
