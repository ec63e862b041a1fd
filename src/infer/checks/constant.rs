//! Constants: what casts and functions make of them.

use super::term::{Constant, Term};
use crate::copy::interval::{self, Interval};
use crate::copy::time::{
    DAY_MICROS, Moment, SECOND, moment, timestamp_number, write_date, write_timestamp,
};

const DAY: i64 = 86_400;

/// An interval's text as seconds; months have 30 days.
pub fn interval(text: &str) -> Option<i64> {
    let Interval {
        months,
        days,
        micros,
    } = interval::interval(text.as_bytes())?;
    Some((i64::from(months) * 30 + i64::from(days)) * DAY + micros / SECOND)
}

/// A constant under a cast to a type, which is named as SQL prints it.
pub fn cast(value: Constant, to: &str) -> Constant {
    let text = match value {
        Constant::Text(text) => text,
        other => return other,
    };
    if to.ends_with(']') {
        return match array(&text) {
            Some(elements) => Constant::Array(elements),
            None => Constant::Text(text),
        };
    }
    let is_time = to.starts_with("timestamp") || to == "date";
    match text.as_str() {
        "now" | "today" if is_time => Constant::Now(0),
        "t" | "f" | "yes" | "no" | "on" | "off" if to.starts_with("bool") => {
            Constant::boolean(matches!(text.as_str(), "t" | "yes" | "on"))
        }
        _ if to.starts_with("interval") => match interval(&text) {
            Some(seconds) => Constant::Interval(seconds),
            None => Constant::Text(text),
        },
        _ => Constant::Text(text),
    }
}

/// The elements of an array's text: `{a,"b c",NULL}`.
fn array(text: &str) -> Option<Vec<Option<String>>> {
    let inner = text.trim().strip_prefix('{')?.strip_suffix('}')?;
    let mut elements = Vec::new();
    if inner.is_empty() {
        return Some(elements);
    }
    let (mut element, mut quoted, mut was_quoted) = (String::new(), false, false);
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => element.push(characters.next()?),
            '"' => {
                quoted = !quoted;
                was_quoted = true;
            }
            ',' if !quoted => {
                elements.push(finished(&element, was_quoted));
                element.clear();
                was_quoted = false;
            }
            '{' | '}' if !quoted => return None,
            other => element.push(other),
        }
    }
    elements.push(finished(&element, was_quoted));
    Some(elements)
}

fn finished(element: &str, was_quoted: bool) -> Option<String> {
    (was_quoted || !element.eq_ignore_ascii_case("null")).then(|| element.to_owned())
}

/// A function's value where its arguments are constants, else the call.
pub fn folded(name: &str, arguments: Vec<Term>) -> Term {
    let constants: Option<Vec<&Constant>> = arguments
        .iter()
        .map(|it| match it {
            Term::Constant(constant) => Some(constant),
            _ => None,
        })
        .collect();
    match constants.and_then(|it| value(name, &it)) {
        Some(constant) => Term::Constant(constant),
        None => Term::Call(name.to_owned(), arguments),
    }
}

fn value(name: &str, arguments: &[&Constant]) -> Option<Constant> {
    let text = |text: String| Some(Constant::Text(text));
    match (name, arguments) {
        (
            "now"
            | "current_date"
            | "current_timestamp"
            | "localtimestamp"
            | "clock_timestamp"
            | "transaction_timestamp"
            | "statement_timestamp",
            _,
        ) => Some(Constant::Now(0)),
        ("timezone", [_, Constant::Now(at)]) | ("date_trunc", [_, Constant::Now(at)]) => {
            Some(Constant::Now(*at))
        }
        ("date" | "timestamp" | "timestamptz", [value]) => Some((*value).clone()),
        ("date_part", [Constant::Text(field), Constant::Now(at)]) if field == "year" => {
            Some(Constant::Year(at / (365 * DAY)))
        }
        ("+" | "-", [a, b]) => {
            let sign = if name == "+" { 1 } else { -1 };
            added(a, b, sign)
        }
        ("*", [a, b]) => text(shown(number(a)? * number(b)?)),
        ("/", [a, b]) => {
            let (a, b) = (number(a)?, number(b)?);
            let quotient = a / b;
            (quotient.is_finite() && quotient.fract() == 0.0)
                .then(|| Constant::Text(shown(quotient)))
        }
        ("lower", [Constant::Text(it)]) => text(it.to_lowercase()),
        ("upper", [Constant::Text(it)]) => text(it.to_uppercase()),
        ("make_date", [y, m, d]) => text(format!(
            "{:04}-{:02}-{:02}",
            number(y)?,
            number(m)?,
            number(d)?
        )),
        _ => None,
    }
}

fn number(constant: &Constant) -> Option<f64> {
    match constant {
        Constant::Text(text) => text.parse().ok().filter(|it: &f64| it.is_finite()),
        _ => None,
    }
}

/// A number as Postgres reads it.
pub fn shown(number: f64) -> String {
    // Sums of decimals such as 0.1 + 0.2 carry the error of their binary form.
    let rounded = (number * 1e9).round() / 1e9;
    if rounded == 0.0 {
        "0".to_owned()
    } else {
        rounded.to_string()
    }
}

fn added(a: &Constant, b: &Constant, sign: i64) -> Option<Constant> {
    match (a, b) {
        (Constant::Now(at), Constant::Interval(seconds)) => {
            Some(Constant::Now(at + sign * seconds))
        }
        (Constant::Now(at), Constant::Text(_)) => {
            #[expect(clippy::cast_possible_truncation, reason = "days near today")]
            let days = number(b)? as i64;
            Some(Constant::Now(at + sign * days * DAY))
        }
        (Constant::Year(years), Constant::Text(_)) => {
            #[expect(clippy::cast_possible_truncation, reason = "a few years")]
            let more = number(b)? as i64;
            Some(Constant::Year(years + sign * more))
        }
        (Constant::Interval(a), Constant::Interval(b)) => Some(Constant::Interval(a + sign * b)),
        (Constant::Text(_), Constant::Text(_)) if number(a).is_some() => {
            #[expect(clippy::cast_precision_loss, reason = "1 or -1")]
            let sign = sign as f64;
            Some(Constant::Text(shown(number(a)? + sign * number(b)?)))
        }
        (Constant::Text(_), Constant::Interval(seconds)) => moved(a, sign * seconds),
        (Constant::Text(_), Constant::Text(_)) => {
            #[expect(clippy::cast_possible_truncation, reason = "days of a date")]
            let days = number(b)? as i64;
            moved(a, sign * days * DAY)
        }
        _ => None,
    }
}

/// A date or timestamp so many seconds later.
fn moved(from: &Constant, seconds: i64) -> Option<Constant> {
    let Constant::Text(text) = from else {
        return None;
    };
    later(text, seconds).map(Constant::Text)
}

/// The text of a date or timestamp so many seconds later, in the same form.
pub fn later(text: &str, seconds: i64) -> Option<String> {
    let at = moment(text.as_bytes())?;
    let zoned = matches!(at, Moment::At { zone: Some(_), .. });
    let micros = timestamp_number(at, zoned)?.checked_add(seconds * SECOND)?;
    let mut out = Vec::new();
    match at {
        Moment::At {
            micros: 0,
            zone: None,
            ..
        } if !text.contains(':') && seconds % DAY == 0 => {
            write_date(i32::try_from(micros.div_euclid(DAY_MICROS)).ok()?, &mut out);
        }
        _ => write_timestamp(micros, zoned, &mut out),
    }
    String::from_utf8(out).ok()
}
