//! Numbers as people write them: with a currency, with marks between thousands, with a decimal comma.

use std::borrow::Cow;

use crate::copy::decimal::Decimal;
use crate::copy::parsed::{Parsed, Reason, Unread};
use crate::copy::scalar::{self, OUT_OF_BIGINT, OUT_OF_INTEGER, OUT_OF_SMALLINT};
use crate::copy::types::Scalar;
use crate::copy::value::Value;
use crate::dataset::spellings::DecimalMark;

/// Signs that amounts usually carry.
const SIGNS: [char; 8] = ['$', '€', '£', '¥', '₹', '₩', '₽', '₺'];

/// How a column's numbers are spelled beyond what its type takes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Amounts {
    /// What may precede or follow a number.
    pub currency: Option<String>,
    /// What precedes the fraction; `None`: a point, and nothing between thousands.
    pub decimal: Option<DecimalMark>,
}

impl Amounts {
    /// A number that its type doesn't take as it is; `why` says so.
    #[cold]
    pub fn read(&self, scalar: Scalar, text: &[u8], modifier: i32, why: Unread) -> Parsed<'static> {
        let Ok(text) = str::from_utf8(text) else {
            return Err(why);
        };
        let text = text.trim();
        let integer = matches!(scalar, Scalar::Int2 | Scalar::Int4 | Scalar::Int8);
        let liberal = self.currency.is_some() || self.decimal.is_some();
        let plain = match liberal {
            true => self.plain(text),
            // Spreadsheets and data frames write whole numbers so.
            false if integer && is_whole(text) => Some(text.into()),
            false => None,
        };
        let Some(plain) = plain else {
            return Err(self.advised(text, why));
        };
        match scalar {
            _ if integer => whole(scalar, &plain, why),
            Scalar::Float4 | Scalar::Float8 => match scalar.parse(plain.as_bytes(), modifier)? {
                Value::Float4(value) => Ok(Value::Float4(value)),
                Value::Float8(value) => Ok(Value::Float8(value)),
                _ => Err(why),
            },
            _ => {
                let decimal = Decimal::parse(plain.as_bytes()).ok_or(why)?;
                scalar::fitted(decimal, modifier).map(Value::Decimal)
            }
        }
    }

    /// Whether a number's point is between thousands.
    pub fn has_comma(&self) -> bool {
        self.decimal == Some(DecimalMark::Comma)
    }

    /// The number with a decimal point alone.
    fn plain<'t>(&self, text: &'t str) -> Option<Cow<'t, str>> {
        let bare = match &self.currency {
            Some(currency) => without_currency(text, currency)?,
            None => text.into(),
        };
        let plain = match self.has_comma() {
            true => without_thousands(&bare, ',', &['.', ' ', '\'', '\u{a0}', '\u{202f}'])?,
            false => without_thousands(&bare, '.', &[','])?,
        };
        Some(plain.into_owned().into())
    }

    /// The reason with the option that would read the text, if one would.
    fn advised(&self, text: &str, why: Unread) -> Unread {
        let Unread::Invalid(reason) = why else {
            return why;
        };
        Unread::Invalid(match self.option_for(text) {
            Some(option) => format!("{reason}; {option}").into(),
            None => reason,
        })
    }

    fn option_for(&self, text: &str) -> Option<Reason> {
        let digits = text.bytes().any(|byte| byte.is_ascii_digit());
        let sign = SIGNS
            .iter()
            .find(|&&sign| text.contains(sign))
            .filter(|_| digits);
        if let (Some(sign), None) = (sign, &self.currency) {
            return Some(format!("`--currency '{sign}'` reads amounts with their sign").into());
        }
        let comma = Amounts {
            decimal: Some(DecimalMark::Comma),
            ..Amounts::default()
        };
        let fraction = text.rsplit_once(',').map(|(_, fraction)| fraction.len());
        // Three digits behind a comma may be thousands.
        let european =
            fraction.is_some_and(|it| it != 3) || (text.contains('.') && fraction.is_some());
        let reads = european
            && comma
                .plain(text)
                .is_some_and(|it| Decimal::parse(it.as_bytes()).is_some());
        reads.then(|| "`--decimal ,` reads numbers with a decimal comma".into())
    }
}

/// `42.0`.
fn is_whole(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let fraction = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte == b'0');
    let whole = text
        .strip_prefix(['-', '+'])
        .unwrap_or(text)
        .split_once('.');
    whole.is_some_and(|(whole, behind)| digits(whole) && fraction(behind))
}

/// An amount in a column of whole numbers.
fn whole(scalar: Scalar, text: &str, why: Unread) -> Parsed<'static> {
    let value = Decimal::parse(text.as_bytes()).ok_or(why)?.scaled(0);
    let value = value.ok_or(OUT_OF_BIGINT)?.exact();
    let value = value.ok_or("has a fraction, and the column takes whole numbers")?;
    Ok(match scalar {
        Scalar::Int2 => Value::Int2(value.try_into().map_err(|_| OUT_OF_SMALLINT)?),
        Scalar::Int4 => Value::Int4(value.try_into().map_err(|_| OUT_OF_INTEGER)?),
        _ => Value::Int8(value),
    })
}

/// The text without a currency before or behind it; a sign may be on either side of one before it.
fn without_currency<'t>(text: &'t str, currency: &str) -> Option<Cow<'t, str>> {
    if let Some(amount) = text.strip_suffix(currency) {
        return Some(amount.trim_end().into());
    }
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest.trim_start()),
        None => ("", text),
    };
    match rest.strip_prefix(currency) {
        Some(amount) => Some(format!("{sign}{}", amount.trim_start()).into()),
        None => Some(text.into()),
    }
}

/// `1,234,567.89` without the marks between thousands, and with a point before its fraction; `None` when they stand
/// elsewhere.
fn without_thousands<'t>(text: &'t str, decimal: char, marks: &[char]) -> Option<Cow<'t, str>> {
    let (whole, fraction) = match text.split_once(decimal) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    if fraction.is_some_and(|fraction| fraction.contains(marks) || fraction.contains(decimal)) {
        return None;
    }
    let whole = match whole.find(marks) {
        Some(at) => {
            let mark = whole[at..].chars().next()?;
            let mut groups = whole.split(mark);
            let first = groups.next()?.trim_start_matches(['-', '+']);
            let digits = |group: &str| group.bytes().all(|byte| byte.is_ascii_digit());
            let thousands = (1..=3).contains(&first.len())
                && digits(first)
                && groups.all(|group| group.len() == 3 && digits(group));
            thousands.then(|| whole.replace(mark, ""))?.into()
        }
        None => Cow::from(whole),
    };
    Some(match fraction {
        Some(fraction) => format!("{whole}.{fraction}").into(),
        None => whole,
    })
}
