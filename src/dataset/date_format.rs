//! Formats of dates by name, such as `M/D/YYYY`: how a foreign CSV file writes year, month and day.

use std::fmt;

use crate::dataset::calendar::days_from_parts;

/// How dates are written, in the order of the text. A time of day may follow in any spelling and isn't part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DateFormat {
    parts: Vec<Part>,
    typed: String,
}

/// A piece of a format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// `YYYY`.
    Year,
    /// `YY`.
    ShortYear,
    /// `M`, `MM`: one digit or two.
    Month,
    /// `D`, `DD`: one digit or two.
    Day,
    /// `Mon`: a month's name, whole or its first letters.
    MonthName,
    /// Anything between them.
    Literal(char),
}

/// What is written for each piece, longest first.
const NAMES: &[(&str, Part)] = &[
    ("yyyy", Part::Year),
    ("yy", Part::ShortYear),
    ("month", Part::MonthName),
    ("mon", Part::MonthName),
    ("mmm", Part::MonthName),
    ("mm", Part::Month),
    ("m", Part::Month),
    ("dd", Part::Day),
    ("d", Part::Day),
];

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

impl DateFormat {
    /// Reads `M/D/YYYY`, `DD.MM.YYYY`, `YYYYMMDD`, `Mon D, YYYY`; a time of day behind it, such as `HH:MM`, is allowed.
    pub fn parse(typed: &str) -> Result<DateFormat, String> {
        let expected = || {
            format!(
                "\"{typed}\" is no format of dates; expected year, month and day, such as M/D/YYYY, DD.MM.YYYY, \
                 YYYYMMDD or \"Mon D, YYYY\""
            )
        };
        let mut parts = Vec::new();
        let mut rest = date_alone(typed);
        while let Some(next) = rest.chars().next() {
            let lower = rest.to_ascii_lowercase();
            let named = NAMES.iter().find(|(name, _)| lower.starts_with(name));
            let length = match named {
                Some(&(name, part)) => {
                    parts.push(part);
                    name.len()
                }
                None if next.is_alphanumeric() => return Err(expected()),
                None => {
                    parts.push(Part::Literal(next));
                    next.len_utf8()
                }
            };
            rest = &rest[length..];
        }
        let count = |wanted: &[Part]| parts.iter().filter(|part| wanted.contains(part)).count();
        let once = count(&[Part::Year, Part::ShortYear]) == 1
            && count(&[Part::Month, Part::MonthName]) == 1
            && count(&[Part::Day]) == 1;
        match once {
            true => Ok(DateFormat {
                parts,
                typed: typed.to_owned(),
            }),
            false => Err(expected()),
        }
    }

    /// Days since 1970-01-01 of the date that a text begins with, and the text behind it; `None` when it doesn't have
    /// this format, or there is no such day.
    pub fn read<'t>(&self, text: &'t str) -> Option<(i64, &'t str)> {
        let (mut year, mut month, mut day) = (0, 0, 0);
        let mut rest = text;
        for (index, part) in self.parts.iter().enumerate() {
            // Without anything between them, numbers have their full width.
            let next = self.parts.get(index + 1);
            let before = index.checked_sub(1).map(|before| self.parts[before]);
            let adjoins = |other: Option<&Part>| {
                other.is_some_and(|it| !matches!(it, Part::Literal(_) | Part::MonthName))
            };
            let least = if adjoins(next) || adjoins(before.as_ref()) {
                2
            } else {
                1
            };
            match part {
                Part::Year => (year, rest) = number(rest, 4, 4)?,
                Part::ShortYear => {
                    (year, rest) = number(rest, 2, 2)?;
                    year += if year < 70 { 2000 } else { 1900 };
                }
                Part::Month => (month, rest) = number(rest, least, 2)?,
                Part::Day => (day, rest) = number(rest, least, 2)?,
                Part::MonthName => {
                    let end = rest.find(|c: char| !c.is_ascii_alphabetic());
                    let (name, behind) = rest.split_at(end.unwrap_or(rest.len()));
                    month = month_number(name)?;
                    rest = behind;
                }
                Part::Literal(literal) => rest = rest.strip_prefix(*literal)?,
            }
        }
        Some((days_from_parts(year, month, day)?, rest))
    }
}

impl fmt::Display for DateFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.typed)
    }
}

/// So many digits at the beginning, and the text behind them.
fn number(text: &str, least: usize, most: usize) -> Option<(i64, &str)> {
    let digits = text.bytes().take(most).take_while(u8::is_ascii_digit);
    let count = digits.count();
    if count < least {
        return None;
    }
    let (digits, rest) = text.split_at(count);
    Some((digits.parse().ok()?, rest))
}

/// A format without the time of day that may be named behind the date: ` HH:MM`, `THH24:MI:SS`, ` h:mm AM`.
fn date_alone(typed: &str) -> &str {
    let lower = typed.to_ascii_lowercase();
    let mut hours = lower.match_indices('h').map(|(at, _)| at);
    let Some(hours) = hours.find(|&at| !lower[..at].ends_with("mont")) else {
        return typed;
    };
    let clock = |byte: u8| b"hmisap24: .".contains(&byte);
    match lower[hours..].bytes().all(clock) {
        true => typed[..hours].trim_end_matches(['T', 't', ' ', ',']),
        false => typed,
    }
}

/// The number of a month from its English name, whole or its first three letters, in any case.
pub fn month_number(name: &str) -> Option<i64> {
    let lower = name.to_ascii_lowercase();
    let named = |month: &&str| {
        **month == lower || month[..3] == *lower || lower == "sept" && month.starts_with(&lower)
    };
    let at = MONTHS.iter().position(named)?;
    i64::try_from(at + 1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::calendar::parse_date;

    #[test]
    fn formats_read_their_dates_and_no_others() {
        for (format, text, expected) in [
            ("M/D/YYYY", "3/14/2024", Some("2024-03-14")),
            ("M/D/YYYY", "03/04/2024", Some("2024-03-04")),
            ("D/M/YYYY", "03/04/2024", Some("2024-04-03")),
            ("DD.MM.YYYY", "3.4.2024", Some("2024-04-03")),
            ("YYYYMMDD", "20240704", Some("2024-07-04")),
            ("YYYYMMDD", "2024074", None),
            ("MMDDYY", "070499", Some("1999-07-04")),
            ("Mon D, YYYY", "Mar 1, 2024", Some("2024-03-01")),
            ("Mon D, YYYY", "SEPTEMBER 30, 2024", Some("2024-09-30")),
            ("D-Mon-YY", "1-Sept-69", Some("2069-09-01")),
            ("M/D/YYYY", "14/3/2024", None),
            ("M/D/YYYY", "2/30/2024", None),
            ("M/D/YYYY", "3/14/24", None),
            ("M/D/YYYY", "3-14-2024", None),
            ("M/D/YYYY HH:MM", "3/14/2024", Some("2024-03-14")),
            ("D Month YYYY h:mm AM", "1 May 2024", Some("2024-05-01")),
        ] {
            let format = DateFormat::parse(format).unwrap();
            let days = format.read(text).map(|(days, rest)| {
                assert_eq!(rest, "");
                days
            });
            assert_eq!(days, expected.and_then(parse_date), "{format} {text}");
        }
    }

    #[test]
    fn formats_have_year_month_and_day_once() {
        for typed in [
            "",
            "M/D",
            "YYYY",
            "D/D/YYYY",
            "%Y-%m-%d",
            "US",
            "YYYY-MM-DDZ",
            "YYYY-MM HH:MM",
        ] {
            assert!(DateFormat::parse(typed).is_err(), "{typed}");
        }
    }
}
