//! A comparison with constants, whatever it is that is compared.

use super::constant::later;
use super::term::{Constant, Op};
use crate::infer::domain::{Bound, compare};

/// The time that counts as now where values must lie before it.
const PAST: &str = "2024-12-31";
/// Where they must lie behind it.
const FUTURE: &str = "2100-01-01";
/// Their years.
const YEARS: (i64, i64) = (2024, 2100);

/// A comparison with constants.
#[derive(Debug, Clone, PartialEq)]
pub enum Comparison {
    /// Is one of them.
    In(Vec<String>),
    /// Is none of them.
    NotIn(Vec<String>),
    /// Is above.
    Above(Bound),
    /// Is below.
    Below(Bound),
    /// Matches a regular expression.
    Matches(String),
    /// Matches none.
    MatchesNot(String),
}

impl Comparison {
    /// `OP constant`
    pub fn with(op: Op, constant: &Constant) -> Result<Comparison, String> {
        let text = match (constant, op) {
            (Constant::Text(text), _) => text.clone(),
            (Constant::Interval(seconds), _) => seconds.to_string(),
            (Constant::Array(elements), Op::Equal | Op::NotEqual) => array_text(elements),
            (Constant::Now(at), Op::Less | Op::LessOrEqual) => {
                later(PAST, (*at).min(0)).ok_or("a time long ago")?
            }
            (Constant::Now(at), Op::Greater | Op::GreaterOrEqual) => {
                later(FUTURE, (*at).max(0)).ok_or("a time far away")?
            }
            (Constant::Year(at), Op::Less | Op::LessOrEqual) => (YEARS.0 + at.min(&0)).to_string(),
            (Constant::Year(at), Op::Greater | Op::GreaterOrEqual) => {
                (YEARS.1 + at.max(&0)).to_string()
            }
            (Constant::Null | Constant::Array(_) | Constant::Now(_) | Constant::Year(_), _) => {
                return Err("a comparison with such a constant".into());
            }
        };
        Ok(match op {
            Op::Equal => Comparison::In(vec![text]),
            Op::NotEqual => Comparison::NotIn(vec![text]),
            Op::Less => Comparison::Below(Bound::exclusive(text)),
            Op::LessOrEqual => Comparison::Below(Bound::inclusive(text)),
            Op::Greater => Comparison::Above(Bound::exclusive(text)),
            Op::GreaterOrEqual => Comparison::Above(Bound::inclusive(text)),
        })
    }

    /// The numbers that it accepts: intervals, each end with a limit.
    pub fn intervals(&self) -> Option<Vec<(Option<Bound>, Option<Bound>)>> {
        let is_number = |text: &String| text.parse::<f64>().is_ok_and(f64::is_finite);
        Some(match self {
            Comparison::In(values) if values.iter().all(is_number) => {
                let point = |it: &String| {
                    let bound = Bound::inclusive(it.clone());
                    (Some(bound.clone()), Some(bound))
                };
                values.iter().map(point).collect()
            }
            Comparison::NotIn(values) if values.iter().all(is_number) => match values.as_slice() {
                [value] => vec![
                    (Some(Bound::exclusive(value.clone())), None),
                    (None, Some(Bound::exclusive(value.clone()))),
                ],
                _ => return None,
            },
            Comparison::Above(bound) if is_number(&bound.value) => {
                vec![(Some(bound.clone()), None)]
            }
            Comparison::Below(bound) if is_number(&bound.value) => {
                vec![(None, Some(bound.clone()))]
            }
            _ => return None,
        })
    }

    /// Whether it accepts a number.
    pub fn accepts(&self, number: i64) -> bool {
        let text = number.to_string();
        let equals = |it: &String| compare(it, &text).is_eq();
        match self {
            Comparison::In(values) => values.iter().any(equals),
            Comparison::NotIn(values) => !values.iter().any(equals),
            Comparison::Above(bound) => match compare(&text, &bound.value) {
                std::cmp::Ordering::Equal => bound.inclusive,
                order => order.is_gt(),
            },
            Comparison::Below(bound) => match compare(&text, &bound.value) {
                std::cmp::Ordering::Equal => bound.inclusive,
                order => order.is_lt(),
            },
            Comparison::Matches(_) | Comparison::MatchesNot(_) => false,
        }
    }
}

/// An array's text: `{"a","b"}`.
pub fn array_text(elements: &[Option<String>]) -> String {
    let element = |it: &Option<String>| match it {
        None => "NULL".to_owned(),
        Some(text) if text.parse::<f64>().is_ok() => text.clone(),
        Some(text) => {
            let plain = !text.is_empty()
                && !text.eq_ignore_ascii_case("null")
                && text
                    .chars()
                    .all(|it| it.is_alphanumeric() || "_-.".contains(it));
            match plain {
                true => text.clone(),
                false => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
            }
        }
    };
    let elements: Vec<String> = elements.iter().map(element).collect();
    format!("{{{}}}", elements.join(","))
}
