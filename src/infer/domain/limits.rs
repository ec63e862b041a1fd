//! What type, domain and CHECKs allow a column.

use std::cmp::Ordering;

use crate::dataset::calendar::{date_from_days, parse_date};

/// What type, domain and CHECKs allow a column; each constraint narrows it. The default allows everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    /// The only values: an IN list's, an enum's labels. Empty: none is possible but NULL.
    pub values: Option<Vec<String>>,
    /// The least value of a number, a date, a time or a text.
    pub min: Option<Bound>,
    /// The greatest.
    pub max: Option<Bound>,
    /// The fewest characters; bytes of a bytea, elements of an array.
    pub min_length: Option<u32>,
    /// The most.
    pub max_length: Option<u32>,
    /// Regular expressions of Postgres' kind that must all match; LIKE converted.
    pub patterns: Vec<String>,
    /// Texts are in this case.
    pub case: Option<Case>,
    /// Texts have no blanks at their ends.
    pub trimmed: bool,
    /// The empty text is refused.
    pub not_empty: bool,
    /// NULL is refused.
    pub not_null: bool,
    /// The top-level kinds that a JSON value may have; empty: any.
    pub json_kinds: Vec<JsonKind>,
    /// Values that are refused.
    pub excluded: Vec<String>,
    /// The most digits behind a number's point.
    pub scale: Option<u32>,
    /// Keys that a JSON object must have.
    pub json_keys: Vec<JsonKey>,
}

/// A key of a JSON object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonKey {
    /// Its name.
    pub name: String,
    /// The kinds that its value may have; empty: any.
    pub kinds: Vec<JsonKind>,
    /// The only values, as texts without quotes; empty: any.
    pub values: Vec<String>,
}

/// One end of what is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// As the type's input reads it: `0`, `-1.5`, `2024-01-31`, `08:00:00`.
    pub value: String,
    /// Whether the value itself is allowed.
    pub inclusive: bool,
}

/// The case of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// `x = lower(x)`.
    Lower,
    /// `x = upper(x)`.
    Upper,
}

/// What `jsonb_typeof` answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonKind {
    /// `{…}`
    Object,
    /// `[…]`
    Array,
    /// `"…"`
    String,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// The JSON null.
    Null,
}

impl Bound {
    /// A bound that is allowed itself.
    pub fn inclusive(value: impl Into<String>) -> Bound {
        Bound {
            value: value.into(),
            inclusive: true,
        }
    }

    /// A bound that isn't allowed itself.
    pub fn exclusive(value: impl Into<String>) -> Bound {
        Bound {
            value: value.into(),
            inclusive: false,
        }
    }

    /// The first day that lies wholly above this bound of dates or times.
    pub fn first_day(&self) -> Option<String> {
        let (day, is_midnight) = self.day()?;
        Some(date(day + i64::from(!self.inclusive || !is_midnight)))
    }

    /// The last day that lies wholly below this bound; of times, midnight is the day's first.
    pub fn last_day(&self, is_date: bool) -> Option<String> {
        let (day, _) = self.day()?;
        Some(date(day - i64::from(!self.inclusive || !is_date)))
    }

    /// The day it lies on, and whether it is that day's first moment.
    fn day(&self) -> Option<(i64, bool)> {
        let day = parse_date(self.value.get(..10)?)?;
        let time = self.value.get(10..)?.trim_start_matches([' ', 'T']);
        Some((day, matches!(time, "" | "00:00:00" | "00:00:00+00")))
    }
}

/// A day as text.
fn date(day: i64) -> String {
    let (year, month, day) = date_from_days(day);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Orders two input texts: numbers by value, anything else (dates and times in ISO form) as text.
pub fn compare(a: &str, b: &str) -> Ordering {
    match (number(a), number(b)) {
        (Some(a), Some(b)) => a.cmp(&b),
        _ => a.cmp(b),
    }
}

/// A plain decimal number as a value that orders as the number does, exact to 18 digits behind the point.
fn number(text: &str) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() || fraction.len() > 18 {
        return None;
    }
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    let value: i128 = format!("{whole}{fraction:0<18}").parse().ok()?;
    Some(if negative { -value } else { value })
}

impl Limits {
    /// Has bounds of dates and times be whole days, both of them within; where less than `fewest` days are left, the day that ends
    /// the range stays its end.
    pub fn to_days(&mut self, fewest: i64) {
        let split = |bound: &Bound| {
            let day = parse_date(bound.value.get(..10)?)?;
            let rest = &bound.value[10..];
            let is_midnight = rest.is_empty() || rest.trim().starts_with("00:00:00");
            Some((day, is_midnight))
        };
        let min = self.min.as_ref().and_then(|it| {
            let (day, is_midnight) = split(it)?;
            Some(day + i64::from(!is_midnight || !it.inclusive))
        });
        let max = self.max.as_ref().and_then(|it| {
            let (day, is_midnight) = split(it)?;
            let last = day - i64::from(is_midnight && !it.inclusive);
            Some(if min.is_some_and(|min| last - min < fewest) {
                day
            } else {
                last
            })
        });
        let bound = |day: i64| {
            let (year, month, day) = date_from_days(day);
            Bound::inclusive(format!("{year:04}-{month:02}-{day:02}"))
        };
        self.min = min.map(bound).or(self.min.take());
        self.max = max.map(bound).or(self.max.take());
    }

    /// Only these values.
    pub fn of_values<T: Into<String>>(values: impl IntoIterator<Item = T>) -> Limits {
        Limits {
            values: Some(values.into_iter().map(Into::into).collect()),
            ..Limits::default()
        }
    }

    /// Nothing below a bound.
    pub fn above(bound: Bound) -> Limits {
        Limits {
            min: Some(bound),
            ..Limits::default()
        }
    }

    /// Nothing above a bound.
    pub fn below(bound: Bound) -> Limits {
        Limits {
            max: Some(bound),
            ..Limits::default()
        }
    }

    /// Narrows to what both allow.
    pub fn narrow(&mut self, other: &Limits) {
        self.values = match (self.values.take(), &other.values) {
            (Some(own), Some(others)) => {
                Some(own.into_iter().filter(|it| others.contains(it)).collect())
            }
            (own, others) => own.or_else(|| others.clone()),
        };
        self.min = tighter(self.min.take(), other.min.as_ref(), Ordering::Greater);
        self.max = tighter(self.max.take(), other.max.as_ref(), Ordering::Less);
        self.min_length = self.min_length.max(other.min_length);
        self.max_length = match (self.max_length, other.max_length) {
            (Some(own), Some(others)) => Some(own.min(others)),
            (own, others) => own.or(others),
        };
        add_new(&mut self.patterns, &other.patterns);
        add_new(&mut self.excluded, &other.excluded);
        self.scale = match (self.scale, other.scale) {
            (Some(own), Some(others)) => Some(own.min(others)),
            (own, others) => own.or(others),
        };
        for key in &other.json_keys {
            match self.json_keys.iter_mut().find(|it| it.name == key.name) {
                Some(own) => own.narrow(key),
                None => self.json_keys.push(key.clone()),
            }
        }
        self.case = self.case.or(other.case);
        self.trimmed |= other.trimmed;
        self.not_empty |= other.not_empty;
        self.not_null |= other.not_null;
        narrow_list(&mut self.json_kinds, &other.json_kinds);
    }

    /// The values that are listed, without those that other limits refuse.
    pub fn allowed_values(&self) -> Option<Vec<&str>> {
        let values = self.values.as_ref()?.iter().map(String::as_str);
        Some(values.filter(|value| self.is_within(value)).collect())
    }

    /// Whether a value is neither excluded nor out of bounds; lengths and patterns are not looked at.
    pub fn is_within(&self, value: &str) -> bool {
        let beyond = |bound: &Bound, side: Ordering| match compare(value, &bound.value) {
            Ordering::Equal => !bound.inclusive,
            other => other == side,
        };
        let (min, max) = (self.min.as_ref(), self.max.as_ref());
        let is_refused = self.excluded.iter().any(|it| it == value)
            || min.is_some_and(|it| beyond(it, Ordering::Less))
            || max.is_some_and(|it| beyond(it, Ordering::Greater))
            || self.not_empty && value.is_empty();
        !is_refused
    }
}

impl JsonKey {
    /// A key with any value.
    pub fn named(name: impl Into<String>) -> JsonKey {
        JsonKey {
            name: name.into(),
            kinds: Vec::new(),
            values: Vec::new(),
        }
    }

    fn narrow(&mut self, other: &JsonKey) {
        narrow_list(&mut self.kinds, &other.kinds);
        narrow_list(&mut self.values, &other.values);
    }
}

/// What both lists hold, where an empty one means anything.
fn narrow_list<T: Clone + PartialEq>(own: &mut Vec<T>, others: &[T]) {
    if own.is_empty() {
        *own = others.to_vec();
    } else if !others.is_empty() {
        own.retain(|it| others.contains(it));
    }
}

/// The bound of two that lies further to a side.
fn tighter(own: Option<Bound>, others: Option<&Bound>, side: Ordering) -> Option<Bound> {
    let (Some(a), Some(b)) = (&own, others) else {
        return own.or_else(|| others.cloned());
    };
    let takes_other = match compare(&b.value, &a.value) {
        Ordering::Equal => !b.inclusive,
        other => other == side,
    };
    if takes_other { others.cloned() } else { own }
}

fn add_new(own: &mut Vec<String>, others: &[String]) {
    for text in others {
        if !own.contains(text) {
            own.push(text.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_texts_are_ordered_as_their_values_are() {
        for (a, b) in [
            ("9", "10"),
            ("-10", "-9"),
            ("-0.5", "0.25"),
            ("1.5", "1.75"),
            ("2024-01-31", "2024-02-01"),
        ] {
            assert_eq!(compare(a, b), Ordering::Less, "{a} {b}");
        }
        assert_eq!(compare("1.50", "1.5"), Ordering::Equal);
    }

    #[test]
    fn narrowing_keeps_what_both_allow() {
        let mut limits = Limits {
            min: Some(Bound::inclusive("0")),
            max_length: Some(20),
            ..Limits::of_values(["a", "b", "c"])
        };
        limits.narrow(&Limits {
            min: Some(Bound::exclusive("0")),
            max: Some(Bound::inclusive("9")),
            min_length: Some(2),
            max_length: Some(30),
            excluded: vec!["c".into()],
            ..Limits::of_values(["b", "c", "d"])
        });
        assert_eq!(limits.values, Some(vec!["b".into(), "c".into()]));
        assert_eq!(limits.min, Some(Bound::exclusive("0")));
        assert_eq!(limits.max, Some(Bound::inclusive("9")));
        assert_eq!((limits.min_length, limits.max_length), (Some(2), Some(20)));
    }

    #[test]
    fn whole_days_lie_within_bounds() {
        let (midnight, later) = ("2024-03-01 00:00:00+00", "2024-03-01 08:30:00+00");
        for (bound, first, last) in [
            (Bound::inclusive("2024-03-01"), "2024-03-01", "2024-03-01"),
            (Bound::exclusive("2024-03-01"), "2024-03-02", "2024-02-29"),
        ] {
            let days = (bound.first_day().unwrap(), bound.last_day(true).unwrap());
            assert_eq!((days.0.as_str(), days.1.as_str()), (first, last));
        }
        for (bound, first) in [
            (Bound::inclusive(midnight), "2024-03-01"),
            (Bound::exclusive(midnight), "2024-03-02"),
            (Bound::inclusive(later), "2024-03-02"),
        ] {
            assert_eq!(bound.first_day().as_deref(), Some(first), "{bound:?}");
            assert_eq!(bound.last_day(false).as_deref(), Some("2024-02-29"));
        }
        assert_eq!(Bound::inclusive("08:30").first_day(), None);
    }

    #[test]
    fn listed_values_out_of_bounds_are_not_allowed() {
        let limits = Limits {
            min: Some(Bound::exclusive("1")),
            excluded: vec!["3".into()],
            ..Limits::of_values(["1", "2", "3", "10"])
        };
        assert_eq!(limits.allowed_values(), Some(vec!["2", "10"]));
    }

    #[test]
    fn bounds_of_times_become_whole_days() {
        for (min, max, fewest, expected) in [
            (
                "2024-01-01 00:00:00",
                "2024-02-01 00:00:00",
                1,
                "2024-01-01 2024-01-31",
            ),
            (
                "2024-01-01 00:00:00+00",
                "2024-01-02 00:00:00+00",
                1,
                "2024-01-01 2024-01-02",
            ),
            ("2024-01-01", "2024-01-02", 0, "2024-01-01 2024-01-01"),
            (
                "2024-02-28 12:00:00",
                "2024-03-09 12:00:00",
                1,
                "2024-02-29 2024-03-09",
            ),
        ] {
            let mut limits = Limits {
                min: Some(Bound::inclusive(min)),
                max: Some(Bound::exclusive(max)),
                ..Limits::default()
            };
            limits.to_days(fewest);
            let (min, max) = (limits.min.unwrap(), limits.max.unwrap());
            assert_eq!(format!("{} {}", min.value, max.value), expected);
        }
    }
}
