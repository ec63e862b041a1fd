//! How foreign CSV files spell the values of a column, beyond what its type takes: amounts, dates, NULL.

use crate::dataset::date_format::DateFormat;

/// The spellings of one column, or of all of them when the command line names them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spellings {
    /// What bare numbers count, in a column of dates or times.
    pub epoch: Option<Epoch>,
    /// How dates are written; ISO dates are read all the same.
    pub date_format: Option<DateFormat>,
    /// The sign before or after an amount: `$`. Marks between thousands are then ignored.
    pub currency: Option<String>,
    /// What precedes a number's fraction.
    pub decimal: Option<DecimalMark>,
    /// The bare texts that mean NULL, in place of the dataset's.
    pub nulls: Option<Vec<String>>,
    /// Whether quoted texts mean NULL, too, where bare ones do (`FORCE_NULL` of COPY).
    pub force_null: bool,
    /// Whether no text means NULL in a column of texts (`FORCE_NOT_NULL` of COPY).
    pub force_not_null: bool,
}

/// What a bare number in a column of dates or times counts from 1970-01-01 00:00 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Epoch {
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Milliseconds,
    /// Microseconds.
    Microseconds,
}

/// What precedes a number's fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecimalMark {
    /// `1,234.56`.
    Point,
    /// `1.234,56`.
    Comma,
}

/// 1971-01-01 and 2100-01-01, in seconds since 1970: between them are the times that numbers usually count.
const USUAL_SECONDS: std::ops::Range<f64> = 31_536_000.0..4_102_444_800.0;

impl Epoch {
    /// How many decimal places a number in this unit is shifted by, to count microseconds.
    pub fn places(self) -> usize {
        match self {
            Epoch::Seconds => 6,
            Epoch::Milliseconds => 3,
            Epoch::Microseconds => 0,
        }
    }

    /// Whether a bare number in this unit is in the years 1971 to 2099.
    pub fn is_usual(self, text: &[u8]) -> bool {
        let number: Option<f64> = str::from_utf8(text).ok().and_then(|it| it.parse().ok());
        let unit = match self {
            Epoch::Seconds => 1.0,
            Epoch::Milliseconds => 1e3,
            Epoch::Microseconds => 1e6,
        };
        number.is_some_and(|number| USUAL_SECONDS.contains(&(number / unit)))
    }
}

/// The names of units.
pub const EPOCHS: &[(&str, Epoch)] = &[
    ("s", Epoch::Seconds),
    ("ms", Epoch::Milliseconds),
    ("us", Epoch::Microseconds),
];

/// The names of decimal marks.
pub const DECIMAL_MARKS: &[(&str, DecimalMark)] =
    &[(".", DecimalMark::Point), (",", DecimalMark::Comma)];

/// The name of a value.
fn name_of<T: Copy + PartialEq>(known: &[(&str, T)], value: Option<T>) -> Option<String> {
    let found = known.iter().find(|(_, known)| Some(*known) == value);
    found.map(|(name, _)| (*name).to_owned())
}

/// The value of a name, one of [`EPOCHS`] or [`DECIMAL_MARKS`].
pub fn named<T: Copy>(known: &[(&str, T)], typed: &str) -> Result<T, String> {
    let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
    let found = known.iter().find(|(name, _)| *name == typed);
    found
        .map(|(_, value)| *value)
        .ok_or_else(|| format!("expected one of {}", names.join(" ")))
}

/// A sign that amounts may carry.
pub fn currency(text: &str) -> Result<String, String> {
    let sign = |c: char| {
        !c.is_ascii_digit() && !matches!(c, '.' | ',' | '-' | '+' | '"') && !c.is_whitespace()
    };
    match !text.is_empty() && text.chars().all(sign) {
        true => Ok(text.to_owned()),
        false => Err("expected a sign such as \"$\" or \"EUR\"".into()),
    }
}

impl Spellings {
    /// These, and what `other` says of what they say nothing of; the null texts of both.
    pub fn or(self, other: &Spellings) -> Spellings {
        Spellings {
            epoch: self.epoch.or(other.epoch),
            date_format: self.date_format.or_else(|| other.date_format.clone()),
            currency: self.currency.or_else(|| other.currency.clone()),
            decimal: self.decimal.or(other.decimal),
            nulls: match (self.nulls, &other.nulls) {
                (Some(own), Some(others)) => Some([own, others.clone()].concat()),
                (own, others) => own.or_else(|| others.clone()),
            },
            force_null: self.force_null || other.force_null,
            force_not_null: self.force_not_null || other.force_not_null,
        }
    }

    /// The options of the command line, as they are typed.
    pub fn typed(&self) -> Vec<(&'static str, Option<String>)> {
        let with_value = [
            (
                "--date-format",
                self.date_format.as_ref().map(ToString::to_string),
            ),
            ("--epoch", name_of(EPOCHS, self.epoch)),
            ("--currency", self.currency.clone()),
            ("--decimal", name_of(DECIMAL_MARKS, self.decimal)),
            ("--nulls", self.nulls.as_ref().map(|nulls| nulls.join(","))),
        ];
        let flags = [
            ("--force-null", self.force_null),
            ("--force-not-null", self.force_not_null),
        ];
        let with_value = with_value.into_iter();
        let with_value = with_value.filter_map(|(name, value)| Some((name, Some(value?))));
        let flags = flags.into_iter().filter(|(_, given)| *given);
        with_value
            .chain(flags.map(|(name, _)| (name, None)))
            .collect()
    }

    /// With those of the command line: what it names counts in place of a column's own, and its null texts beside
    /// those of the dataset or the column. Its `force_not_null` is about columns that take no NULL.
    pub fn overridden(
        &self,
        options: &Spellings,
        dataset_nulls: &[String],
        not_null: bool,
    ) -> Spellings {
        let mut nulls = self.nulls.as_deref().unwrap_or(dataset_nulls).to_vec();
        nulls.extend(options.nulls.iter().flatten().cloned());
        Spellings {
            // A format and an epoch of a column are about different texts: dates, and bare numbers.
            epoch: options.epoch.or(self.epoch),
            date_format: options
                .date_format
                .clone()
                .or_else(|| self.date_format.clone()),
            currency: options.currency.clone().or_else(|| self.currency.clone()),
            decimal: options.decimal.or(self.decimal),
            nulls: Some(nulls),
            force_null: self.force_null || options.force_null,
            force_not_null: self.force_not_null || (options.force_not_null && not_null),
        }
    }
}
