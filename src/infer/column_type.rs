//! The texts of a column → the type that the column is created with. Pure: one text after the other, in bounded memory.
//!
//! A type is chosen only where it holds each text without loss, as a load reads it: `007` and `1e5` stay texts, and so
//! does `3/4/2024` unless a format is named.

use crate::copy::column::formatted_moment;
use crate::copy::number::integer;
use crate::copy::spelled_date;
use crate::copy::time::{self, Moment, is_bare_number};
use crate::copy::{ColumnReader, Scalar};
use crate::dataset::spellings::Spellings;

/// Different texts that may mean NULL in a column of another type, for advice.
const ODD_TEXTS: usize = 2;

/// The longest of them, bytes.
const LONGEST_ODD: usize = 20;

/// The types that a text can be a value of, one bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Types(u16);

impl Types {
    const NONE: Types = Types(0);
    const DATE: Types = Types(1);
    const TIMESTAMP: Types = Types(1 << 1);
    const TIMESTAMPTZ: Types = Types(1 << 2);
    const INTEGER: Types = Types(1 << 3);
    const BIGINT: Types = Types(1 << 4);
    const NUMERIC: Types = Types(1 << 5);
    const BOOLEAN: Types = Types(1 << 6);
    /// `t` and `f`, which are booleans where both occur.
    const LETTER: Types = Types(1 << 7);
    const UUID: Types = Types(1 << 8);

    const fn and(self, other: Types) -> Types {
        Types(self.0 & other.0)
    }

    const fn or(self, other: Types) -> Types {
        Types(self.0 | other.0)
    }

    fn has(self, other: Types) -> bool {
        self.and(other) == other
    }
}

/// The types, the first that holds all texts counts: under an option, numbers are dates.
const ORDER: &[(Types, Scalar)] = &[
    (Types::DATE, Scalar::Date),
    (Types::TIMESTAMP, Scalar::Timestamp),
    (Types::TIMESTAMPTZ, Scalar::Timestamptz),
    (Types::INTEGER, Scalar::Int4),
    (Types::BIGINT, Scalar::Int8),
    (Types::NUMERIC, Scalar::Numeric),
    (Types::BOOLEAN, Scalar::Bool),
    (Types::LETTER, Scalar::Bool),
    (Types::UUID, Scalar::Uuid),
];

/// Recognises the types of texts, with the spellings that options allow.
#[derive(Debug, Clone)]
pub struct TypeRules {
    spellings: Spellings,
    numeric: ColumnReader,
}

/// What is known of a column so far.
#[derive(Debug, Clone, Default)]
pub struct ColumnProfile {
    /// The types that hold each text; `None` before the first.
    types: Option<Types>,
    /// Whether a text is no value of any type but text.
    is_text: bool,
    /// Whether a text is more than `NaN` or `infinity`, which are words, too.
    has_plain: bool,
    /// Whether `t`, and whether `f` occurred.
    letters: (bool, bool),
    /// Whether a field may be NULL.
    has_null: bool,
    order: Order,
    odd: Vec<OddText>,
}

/// Whether a column's whole numbers are in order so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Order {
    #[default]
    Unknown,
    /// Each is greater than the one before; the last.
    Ascending(i64),
    Mixed,
}

/// A bare text that is a value of no type but text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OddText {
    /// The text.
    pub text: String,
    /// The line of the first record with it.
    pub line: u64,
}

/// The type of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InferredType {
    /// The type.
    pub scalar: Scalar,
    /// Whether there are values, no NULL among them, each a whole number greater than the one before.
    pub is_ascending: bool,
    /// Where it is text for a few texts alone: these, and the type of the others.
    pub but_for: Option<(Scalar, Vec<OddText>)>,
}

impl TypeRules {
    /// With the spellings of the command line.
    pub fn new(spellings: &Spellings) -> TypeRules {
        TypeRules {
            numeric: ColumnReader::new(&Scalar::Numeric.into(), spellings),
            spellings: spellings.clone(),
        }
    }

    /// Whether a field means NULL in a column of any type but text.
    fn is_null(&self, text: &[u8], quoted: bool) -> bool {
        if text.is_empty() {
            return true;
        }
        if quoted && !self.spellings.force_null {
            return false;
        }
        let text = text.trim_ascii();
        let mut nulls = self.spellings.nulls.iter().flatten();
        text.is_empty() || nulls.any(|null| null.as_bytes() == text)
    }

    /// The types that hold a text, blanks around it left out.
    fn types(&self, text: &[u8]) -> Types {
        let has_options = self.spellings.date_format.is_some() || self.spellings.epoch.is_some();
        if !has_options && (is_whole(text) || is_decimal(text)) {
            return self.number(text);
        }
        let moment = self.moment(text);
        if moment != Types::NONE && is_special(text) {
            return moment.or(self.number(text));
        }
        if moment != Types::NONE && !is_bare_number(text) {
            return moment;
        }
        match text {
            b"t" | b"f" => Types::LETTER,
            _ if text.eq_ignore_ascii_case(b"true") || text.eq_ignore_ascii_case(b"false") => {
                Types::BOOLEAN
            }
            _ if is_uuid(text) => Types::UUID,
            _ => moment.or(self.number(text)),
        }
    }

    fn number(&self, text: &[u8]) -> Types {
        if is_whole(text) {
            return match integer(text).map(i32::try_from) {
                Ok(Ok(_)) => Types::INTEGER.or(Types::BIGINT).or(Types::NUMERIC),
                Ok(Err(_)) => Types::BIGINT.or(Types::NUMERIC),
                Err(_) => self.numeric(text),
            };
        }
        let is_amount = self.spellings.currency.is_some() || self.spellings.decimal.is_some();
        match is_special(text) || is_decimal(text) || (is_amount && !is_padded(text)) {
            true => self.numeric(text),
            false => Types::NONE,
        }
    }

    fn numeric(&self, text: &[u8]) -> Types {
        match self.numeric.write_binary(text, &mut Vec::new()) {
            Ok(()) => Types::NUMERIC,
            Err(_) => Types::NONE,
        }
    }

    fn moment(&self, text: &[u8]) -> Types {
        let format = self.spellings.date_format.as_ref();
        let named = || format.and_then(|format| formatted_moment(format, text));
        let Some(moment) = time::moment(text).or_else(named).or_else(|| spelled(text)) else {
            let epoch = self.spellings.epoch;
            let counts = is_bare_number(text) && epoch.is_some_and(|unit| unit.is_usual(text));
            return match counts {
                true => Types::TIMESTAMPTZ,
                false => Types::NONE,
            };
        };
        let has_clock = text.contains(&b':');
        match moment {
            Moment::Latest | Moment::Earliest => {
                Types::DATE.or(Types::TIMESTAMP).or(Types::TIMESTAMPTZ)
            }
            Moment::At { zone: Some(_), .. } => {
                match time::timestamp_number(moment, true).is_some() {
                    true => Types::TIMESTAMPTZ,
                    false => Types::NONE,
                }
            }
            Moment::At { zone: None, .. } => {
                let timestamp = match time::timestamp_number(moment, false) {
                    Some(_) => Types::TIMESTAMP,
                    None => Types::NONE,
                };
                match time::date_number(moment).filter(|_| !has_clock) {
                    Some(_) => timestamp.or(Types::DATE),
                    None => timestamp,
                }
            }
        }
    }
}

impl ColumnProfile {
    /// Adds a field and the line of its record.
    pub fn add(&mut self, rules: &TypeRules, text: &[u8], quoted: bool, line: u64) {
        if rules.is_null(text, quoted) {
            self.has_null = true;
            return;
        }
        if self.is_text {
            return;
        }
        let trimmed = text.trim_ascii();
        let types = match trimmed.is_empty() {
            // Blanks in quotes are text.
            true => Types::NONE,
            false => rules.types(trimmed),
        };
        if types == Types::NONE {
            self.add_odd(text, quoted, line);
            return;
        }
        let known = self.types.unwrap_or(types).and(types);
        self.types = Some(known);
        self.is_text = known == Types::NONE;
        self.has_plain |= !is_special(trimmed);
        self.letters.0 |= trimmed == b"t";
        self.letters.1 |= trimmed == b"f";
        self.add_to_order(trimmed, types);
    }

    fn add_odd(&mut self, text: &[u8], quoted: bool, line: u64) {
        if self.odd.iter().any(|odd| odd.text.as_bytes() == text) {
            return;
        }
        let short = str::from_utf8(text).ok().filter(|text| {
            text.len() <= LONGEST_ODD && !text.contains(',') && text.trim() == *text
        });
        match short {
            Some(text) if !quoted && self.odd.len() < ODD_TEXTS => self.odd.push(OddText {
                text: text.to_owned(),
                line,
            }),
            _ => self.is_text = true,
        }
    }

    fn add_to_order(&mut self, text: &[u8], types: Types) {
        self.order = match (self.order, integer(text)) {
            (Order::Unknown, Ok(number)) if types.has(Types::BIGINT) => Order::Ascending(number),
            (Order::Ascending(last), Ok(number)) if types.has(Types::BIGINT) && last < number => {
                Order::Ascending(number)
            }
            _ => Order::Mixed,
        };
    }

    /// The type of the texts so far; text where there are none.
    pub fn decide(&self) -> InferredType {
        let types = self.types.filter(|_| !self.is_text && self.has_plain);
        let types = types.unwrap_or(Types::NONE);
        let fits = |&&(wanted, _): &&(Types, Scalar)| {
            types.has(wanted) && (wanted != Types::LETTER || self.letters == (true, true))
        };
        let found = ORDER.iter().find(fits).map(|&(_, scalar)| scalar);
        let is_whole = matches!(found, Some(Scalar::Int4 | Scalar::Int8));
        InferredType {
            scalar: found
                .filter(|_| self.odd.is_empty())
                .unwrap_or(Scalar::Text),
            is_ascending: is_whole
                && self.odd.is_empty()
                && !self.has_null
                && matches!(self.order, Order::Ascending(_)),
            but_for: found
                .filter(|_| !self.odd.is_empty())
                .map(|scalar| (scalar, self.odd.clone())),
        }
    }
}

/// Digits without zeros before them, a minus before them or not.
fn is_whole(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) && !is_padded(text)
}

/// Whether zeros precede a number's other digits: those of a code, which a number would lose.
fn is_padded(text: &[u8]) -> bool {
    let mut digits = text.iter().skip_while(|byte| !byte.is_ascii_digit());
    digits.next() == Some(&b'0') && digits.next().is_some_and(u8::is_ascii_digit)
}

/// `1.5`, `.5`, `-1.5e-07`, `1e+16`: a point, or an exponent as programs write it. `12E4` may be a code.
fn is_decimal(text: &[u8]) -> bool {
    let number = text.strip_prefix(b"-").unwrap_or(text);
    let at = number.iter().position(|byte| matches!(byte, b'e' | b'E'));
    let (mantissa, exponent) = match at {
        Some(at) => (&number[..at], &number[at + 1..]),
        None => (number, &[][..]),
    };
    let points = mantissa.iter().filter(|&&byte| byte == b'.').count();
    let plain = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
    let has_sign = matches!(exponent.first(), Some(b'-' | b'+'));
    !is_padded(number)
        && points <= 1
        && (points == 1 || has_sign)
        && mantissa.iter().all(plain)
        && mantissa.iter().any(u8::is_ascii_digit)
        && exponent.iter().skip(1).all(u8::is_ascii_digit)
}

/// Words that are numbers or dates, too.
fn is_special(text: &[u8]) -> bool {
    let word = text.strip_prefix(b"-").unwrap_or(text);
    let words: [&[u8]; 3] = [b"nan", b"inf", b"infinity"];
    words.iter().any(|it| it.eq_ignore_ascii_case(word))
}

/// `6ec0bd7f-11c0-43da-975e-2a8ad9ebae0b`, in any case; other spellings may be hashes.
fn is_uuid(text: &[u8]) -> bool {
    let fits = |(place, byte): (usize, &u8)| match place {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    text.len() == 36 && text.iter().enumerate().all(fits)
}

/// `Jul 4, 2024`, `2024/7/4`: a year of four digits beside a month's name, or before slashes.
fn spelled(text: &[u8]) -> Option<Moment> {
    let has_year = text
        .split(|byte| !byte.is_ascii_digit())
        .any(|digits| digits.len() == 4);
    let is_name = text.iter().any(u8::is_ascii_alphabetic);
    let year_first = text.get(4) == Some(&b'/') && text[..4].iter().all(u8::is_ascii_digit);
    let telling = has_year && !is_bare_number(text) && (is_name || year_first);
    let moment = telling.then(|| spelled_date::moment(text, ""));
    moment?.ok()
}

#[cfg(test)]
mod tests;
