//! A comparison with constants of what functions make of a column, as limits of the column itself.
//!
//! Limits may be tighter than the comparison: what satisfies them satisfies it.

use super::comparison::{Comparison, array_text};
use super::constant::{later, shown};
use super::moments;
use super::patterns;
use super::reader::Reader;
use super::subject::{Step, Subject};
use super::term::{Constant, Term};
use crate::copy::{DataType, Scalar, TypeKind};
use crate::infer::domain::{Bound, Case, JsonKey, JsonKind, Limits};

/// How many multiples are listed for `x % 5 = 0`.
const MULTIPLES: i64 = 1000;

type Alternatives = Result<Vec<Limits>, String>;

/// The limits of a subject's column under which a comparison of it holds: one of them is enough.
pub fn of(reader: &Reader, subject: &Subject, comparison: &Comparison) -> Alternatives {
    let data_type = reader.columns[subject.column].data_type;
    within(data_type, &subject.steps, comparison).map_err(|reason| {
        let name = reader.named(&Term::Column(subject.column));
        format!("{reason} of {name}")
    })
}

fn within(data_type: &DataType, steps: &[Step], comparison: &Comparison) -> Alternatives {
    let Some((step, inner)) = steps.split_last() else {
        return plain(data_type, comparison);
    };
    match step {
        Step::Lower | Step::Upper => {
            let case = if *step == Step::Lower {
                Case::Lower
            } else {
                Case::Upper
            };
            with_each(within(data_type, inner, comparison)?, |it| {
                it.case = Some(case)
            })
        }
        Step::Trim => with_each(within(data_type, inner, comparison)?, |it| {
            it.trimmed = true
        }),
        Step::NullIf(_) => within(data_type, inner, comparison),
        // As many characters as the type's output has, which limits of its values don't tell.
        Step::Length if inner.contains(&Step::Digits) && !is_number(data_type) => {
            Err("the length of the output".into())
        }
        Step::Length | Step::ArrayLength | Step::Octets | Step::JsonLength => {
            let found = lengths(comparison)?;
            with_each(carried(inner, found)?, |it| {
                if *step == Step::JsonLength {
                    it.json_kinds = vec![JsonKind::Array];
                }
                if *step == Step::Octets {
                    in_bytes(it);
                }
            })
        }
        Step::Dimensions if comparison.accepts(1) => carried(inner, vec![not_empty_array()]),
        Step::Digits => digits(data_type, inner, comparison),
        Step::Abs => absolute(data_type, inner, comparison),
        Step::Linear { factor, offset } => {
            within(data_type, inner, &unscaled(comparison, *factor, *offset)?)
        }
        Step::Modulo(divisor) => multiples(data_type, inner, comparison, *divisor),
        Step::Rounded(places) => with_each(within(data_type, inner, comparison)?, |it| {
            it.scale = Some(*places)
        }),
        Step::Scale => scales(inner, comparison),
        Step::Field(field) if inner.is_empty() => moments::fields(field, data_type, comparison),
        Step::Truncated(unit) if inner.is_empty() => truncated(unit, data_type, comparison),
        Step::Prefix(length) => {
            let pattern = part(comparison, *length, |it| format!("^{it}"))?;
            within(data_type, inner, &Comparison::Matches(pattern))
        }
        Step::Suffix(length) => {
            let pattern = part(comparison, *length, |it| format!("{it}$"))?;
            within(data_type, inner, &Comparison::Matches(pattern))
        }
        Step::Position(text) => position(data_type, inner, text, comparison),
        Step::RangeStart | Step::RangeEnd if inner.is_empty() => range(data_type, comparison),
        Step::JsonKind => json_kinds(inner, comparison),
        Step::JsonText(key) if inner.is_empty() => json_text(key, comparison),
        _ => Err("a comparison of a function".into()),
    }
}

fn with_each(mut alternatives: Vec<Limits>, change: impl Fn(&mut Limits)) -> Alternatives {
    alternatives.iter_mut().for_each(change);
    Ok(alternatives)
}

/// A comparison of the column's own value.
fn plain(data_type: &DataType, comparison: &Comparison) -> Alternatives {
    let limits = match comparison {
        Comparison::In(values) => {
            Limits::of_values(values.iter().map(|it| input_text(data_type, it)))
        }
        Comparison::NotIn(values) if values.iter().all(String::is_empty) && data_type.is_text() => {
            Limits {
                not_empty: true,
                ..Limits::default()
            }
        }
        Comparison::NotIn(values) => Limits {
            excluded: values.iter().map(|it| input_text(data_type, it)).collect(),
            ..Limits::default()
        },
        Comparison::Above(bound) if bound.value.is_empty() => Limits {
            not_empty: !bound.inclusive,
            ..Limits::default()
        },
        Comparison::Above(bound) | Comparison::Below(bound) if is_infinite(&bound.value) => {
            Limits {
                excluded: vec![bound.value.clone()],
                ..Limits::default()
            }
        }
        Comparison::Above(_) | Comparison::Below(_)
            if matches!(data_type.base().kind, TypeKind::Enum(_)) =>
        {
            return labels(data_type, comparison);
        }
        Comparison::Above(bound) => Limits {
            min: Some(bound.clone()),
            ..Limits::default()
        },
        Comparison::Below(bound) => Limits {
            max: Some(bound.clone()),
            ..Limits::default()
        },
        Comparison::Matches(_) | Comparison::MatchesNot(_) if !data_type.is_text() => {
            return Err("a pattern of something else than text".into());
        }
        Comparison::Matches(pattern) => Limits {
            patterns: vec![pattern.clone()],
            ..Limits::default()
        },
        Comparison::MatchesNot(pattern) => Limits {
            patterns: vec![patterns::complement(pattern).ok_or("what a pattern refuses")?],
            ..Limits::default()
        },
    };
    Ok(vec![limits])
}

/// Nothing lies beyond it: only the value itself may be refused.
fn is_infinite(text: &str) -> bool {
    text.trim_start_matches('-')
        .eq_ignore_ascii_case("infinity")
}

/// Booleans in one spelling.
fn input_text(data_type: &DataType, text: &str) -> String {
    match data_type.scalar() {
        Some(Scalar::Bool) => Constant::Text(text.to_owned())
            .as_boolean()
            .map_or_else(|| text.to_owned(), |yes| yes.to_string()),
        // Blanks at the end of a character(n) don't count.
        Some(Scalar::Bpchar) => text.trim_end().to_owned(),
        _ => text.to_owned(),
    }
}

/// An enum's labels are ordered as they are declared.
fn labels(data_type: &DataType, comparison: &Comparison) -> Alternatives {
    let TypeKind::Enum(labels) = &data_type.base().kind else {
        return Err("an order".into());
    };
    let (Comparison::Above(bound) | Comparison::Below(bound)) = comparison else {
        return Err("an order".into());
    };
    let place = |label: &String| labels.iter().position(|it| it == label);
    let limit = place(&bound.value).ok_or("an unknown label")?;
    let fits = |at: usize| match comparison {
        Comparison::Above(_) => at > limit || (at == limit && bound.inclusive),
        _ => at < limit || (at == limit && bound.inclusive),
    };
    let values = labels.iter().enumerate().filter(|(at, _)| fits(*at));
    Ok(vec![Limits::of_values(
        values.map(|(_, label)| label.clone()),
    )])
}

fn lengths(comparison: &Comparison) -> Alternatives {
    let intervals = comparison.intervals().ok_or("a length")?;
    let mut found = Vec::new();
    for (low, high) in intervals {
        let least = match low {
            Some(bound) => whole(&bound, 1)?,
            None => 0,
        };
        let most = high.as_ref().map(|bound| whole(bound, -1)).transpose()?;
        if most.is_some_and(|most| most < least.max(0)) {
            continue;
        }
        found.push(Limits {
            min_length: u32::try_from(least).ok().filter(|it| *it > 0),
            max_length: most.map(|it| u32::try_from(it).unwrap_or(0)),
            ..Limits::default()
        });
    }
    match found.is_empty() {
        true => Err("a length that no value has".into()),
        false => Ok(found),
    }
}

/// Characters for a length in bytes: one has a byte at least, and two at most in the texts that are made. Where that leaves
/// too little, only plain characters.
fn in_bytes(limits: &mut Limits) {
    match limits.max_length {
        Some(most) if most >= 40 && limits.min_length.unwrap_or(0) <= most / 2 => {
            limits.max_length = Some(most / 2);
        }
        Some(_) => limits.patterns.push("^[ -~]*$".into()),
        None => {}
    }
}

/// A bound as the closest whole number inside it; `inward`: 1 from below, -1 from above.
fn whole(bound: &Bound, inward: i64) -> Result<i64, String> {
    let value: f64 = bound.value.parse().map_err(|_| "a length".to_owned())?;
    let closest = if inward > 0 {
        value.ceil()
    } else {
        value.floor()
    };
    #[expect(clippy::cast_possible_truncation, reason = "lengths")]
    let number = closest as i64;
    let is_itself = (closest - value).abs() < f64::EPSILON;
    Ok(if is_itself && !bound.inclusive {
        number + inward
    } else {
        number
    })
}

/// Limits of a length, on functions below it.
fn carried(steps: &[Step], mut alternatives: Vec<Limits>) -> Alternatives {
    for step in steps {
        match step {
            Step::Trim => alternatives.iter_mut().for_each(|it| it.trimmed = true),
            Step::Lower | Step::Upper | Step::NullIf(_) => {}
            Step::Digits => alternatives = alternatives.iter().filter_map(of_digits).collect(),
            _ => return Err("the length of a function".into()),
        }
    }
    match alternatives.is_empty() {
        true => Err("the length of a number".into()),
        false => Ok(alternatives),
    }
}

fn is_number(data_type: &DataType) -> bool {
    matches!(
        data_type.base().kind,
        TypeKind::Scalar(
            Scalar::Int2
                | Scalar::Int4
                | Scalar::Int8
                | Scalar::Numeric
                | Scalar::Float4
                | Scalar::Float8
        )
    )
}

/// Numbers of so many digits.
fn of_digits(length: &Limits) -> Option<Limits> {
    let least = length.min_length.unwrap_or(1).max(1);
    let most = length.max_length.unwrap_or(18).min(18);
    (least <= most).then(|| Limits {
        min: Some(Bound::inclusive(10_i64.pow(least - 1).to_string())),
        max: Some(Bound::inclusive((10_i64.pow(most) - 1).to_string())),
        ..Limits::default()
    })
}

/// Patterns of a number's digits: `^\d{5}$`.
fn digits(data_type: &DataType, inner: &[Step], comparison: &Comparison) -> Alternatives {
    let Comparison::Matches(pattern) = comparison else {
        return within(data_type, inner, comparison);
    };
    let core = pattern.trim_start_matches('^').trim_end_matches('$');
    let core = core
        .strip_prefix("\\d")
        .or_else(|| core.strip_prefix("[0-9]"))
        .ok_or("digits")?;
    let (least, most) = match core {
        "+" | "*" => (1, 18),
        "" => (1, 1),
        repeated => {
            let counts = repeated
                .strip_prefix('{')
                .and_then(|it| it.strip_suffix('}'))
                .ok_or("digits")?;
            let (least, most) = counts.split_once(',').unwrap_or((counts, counts));
            let number = |it: &str| it.trim().parse::<u32>().map_err(|_| "digits".to_owned());
            (
                number(least)?,
                if most.is_empty() { 18 } else { number(most)? },
            )
        }
    };
    let length = Limits {
        min_length: Some(least),
        max_length: Some(most),
        ..Limits::default()
    };
    of_digits(&length)
        .map(|it| vec![it])
        .ok_or_else(|| "digits".into())
}

fn absolute(data_type: &DataType, inner: &[Step], comparison: &Comparison) -> Alternatives {
    let mut found = Vec::new();
    let negative = |bound: &Bound| Bound {
        value: shown(-bound.value.parse::<f64>().unwrap_or(0.0)),
        inclusive: bound.inclusive,
    };
    for (low, high) in comparison.intervals().ok_or("an absolute value")? {
        // From both ends of an interval of absolute values: the positive side, and for an upper bound the negative, too.
        let mut limits = within(
            data_type,
            inner,
            &Comparison::Above(low.clone().unwrap_or(Bound::inclusive("0"))),
        )?;
        if let Some(high) = &high {
            let below = within(data_type, inner, &Comparison::Below(high.clone()))?;
            for (limits, below) in limits.iter_mut().zip(&below) {
                limits.narrow(below);
                if low.is_none() {
                    limits.min = Some(negative(high));
                }
            }
        }
        found.extend(limits);
    }
    Ok(found)
}

/// A comparison of `x * factor + offset` as one of `x`.
fn unscaled(comparison: &Comparison, factor: f64, offset: f64) -> Result<Comparison, String> {
    if factor == 0.0 || !factor.is_finite() {
        return Err("a product".into());
    }
    let value = |text: &String| -> Result<String, String> {
        let number: f64 = text.parse().map_err(|_| "a sum".to_owned())?;
        Ok(shown((number - offset) / factor))
    };
    let bound = |bound: &Bound| -> Result<Bound, String> {
        Ok(Bound {
            value: value(&bound.value)?,
            inclusive: bound.inclusive,
        })
    };
    let all = |values: &[String]| {
        values
            .iter()
            .map(value)
            .collect::<Result<Vec<String>, String>>()
    };
    Ok(match comparison {
        Comparison::In(values) => Comparison::In(all(values)?),
        Comparison::NotIn(values) => Comparison::NotIn(all(values)?),
        Comparison::Above(it) if factor > 0.0 => Comparison::Above(bound(it)?),
        Comparison::Above(it) => Comparison::Below(bound(it)?),
        Comparison::Below(it) if factor > 0.0 => Comparison::Below(bound(it)?),
        Comparison::Below(it) => Comparison::Above(bound(it)?),
        Comparison::Matches(_) | Comparison::MatchesNot(_) => {
            return Err("a pattern of a sum".into());
        }
    })
}

/// The first numbers whose remainder fits.
fn multiples(
    data_type: &DataType,
    inner: &[Step],
    comparison: &Comparison,
    divisor: i64,
) -> Alternatives {
    if !inner.is_empty() || divisor == 0 {
        return Err("a remainder of a function".into());
    }
    let limit = match data_type.scalar() {
        Some(Scalar::Int2) => i64::from(i16::MAX),
        _ => i64::from(i32::MAX),
    };
    let count = usize::try_from(MULTIPLES).unwrap_or(usize::MAX);
    let fitting =
        (0..=limit.min(MULTIPLES * divisor.abs())).filter(|it| comparison.accepts(it % divisor));
    let values: Vec<String> = fitting.take(count).map(|it| it.to_string()).collect();
    Ok(vec![Limits::of_values(values)])
}

fn scales(inner: &[Step], comparison: &Comparison) -> Alternatives {
    let most = (0..=20).rev().find(|it| comparison.accepts(*it));
    match (inner.is_empty(), most) {
        (true, Some(most)) => Ok(vec![Limits {
            scale: u32::try_from(most).ok(),
            ..Limits::default()
        }]),
        _ => Err("a scale".into()),
    }
}

/// `x::date <= '2020-12-31'` of a timestamp: the whole day counts.
fn truncated(unit: &str, data_type: &DataType, comparison: &Comparison) -> Alternatives {
    const DAY: i64 = 86_400;
    let next = |text: &str| later(text, DAY).ok_or_else(|| "a day".to_owned());
    match (unit, comparison) {
        ("day", Comparison::Above(bound)) if !bound.inclusive => plain(
            data_type,
            &Comparison::Above(Bound::inclusive(next(&bound.value)?)),
        ),
        ("day", Comparison::Below(bound)) if bound.inclusive => plain(
            data_type,
            &Comparison::Below(Bound::exclusive(next(&bound.value)?)),
        ),
        (_, Comparison::Above(bound)) if bound.inclusive => plain(data_type, comparison),
        (_, Comparison::Below(_)) | ("day", Comparison::Above(_)) => plain(data_type, comparison),
        ("day", Comparison::In(_)) => plain(data_type, comparison),
        _ => Err("a truncated time".into()),
    }
}

/// A pattern of the first or last characters of a text.
fn part(
    comparison: &Comparison,
    length: u32,
    pattern: impl Fn(&str) -> String,
) -> Result<String, String> {
    let fits = |it: &String| u32::try_from(it.chars().count()) == Ok(length);
    match comparison {
        Comparison::In(texts) if texts.iter().all(fits) => {
            let texts: Vec<String> = texts.iter().map(|it| patterns::escaped(it)).collect();
            Ok(match texts.as_slice() {
                [single] => pattern(single),
                _ => pattern(&format!("({})", texts.join("|"))),
            })
        }
        Comparison::NotIn(texts) if length == 1 && texts.len() == 1 => {
            Ok(pattern(&format!("[^{}]", patterns::escaped(&texts[0]))))
        }
        Comparison::Matches(of) if of.starts_with('^') && of.ends_with('$') => {
            let inner = of.trim_start_matches('^').trim_end_matches('$');
            Ok(pattern(&format!("({inner})")))
        }
        _ => Err("a part".into()),
    }
}

/// `strpos(x, '@') > 1`
fn position(
    data_type: &DataType,
    inner: &[Step],
    text: &str,
    comparison: &Comparison,
) -> Alternatives {
    let accepts = |at: i64| comparison.accepts(at);
    let found = patterns::escaped(text);
    let pattern = match (accepts(0), accepts(1), accepts(2)) {
        (true, true, _) => return Ok(vec![Limits::default()]),
        (true, false, false) => patterns::complement(&found).ok_or("what isn't in a text")?,
        (false, true, _) if accepts(2) => found,
        (false, true, _) => format!("^{found}"),
        (false, false, _) => {
            let least = (2..100).find(|it| accepts(*it)).ok_or("a position")?;
            let other = patterns::complement(&found).ok_or("what isn't in a text")?;
            let other = other.trim_start_matches('^').trim_end_matches("*$");
            format!("^{other}{{{}}}{found}", least - 1)
        }
        _ => return Err("a position".into()),
    };
    within(data_type, inner, &Comparison::Matches(pattern))
}

/// A bound of a range's start or end, for the whole of it.
fn range(data_type: &DataType, comparison: &Comparison) -> Alternatives {
    match comparison {
        Comparison::Above(_) | Comparison::Below(_) => plain(data_type, comparison),
        _ => Err("a range's end".into()),
    }
}

fn json_kinds(inner: &[Step], comparison: &Comparison) -> Alternatives {
    let kinds: Vec<JsonKind> = match comparison {
        Comparison::In(names) => names.iter().filter_map(|it| json_kind(it)).collect(),
        Comparison::NotIn(names) => {
            let others = KINDS
                .iter()
                .filter(|(name, _)| !names.iter().any(|it| it == name));
            others.map(|(_, kind)| *kind).collect()
        }
        _ => return Err("a kind of JSON".into()),
    };
    match inner {
        [] => Ok(vec![Limits {
            json_kinds: kinds,
            ..Limits::default()
        }]),
        [Step::JsonKey(key)] => {
            let mut key = JsonKey::named(key.clone());
            key.kinds = kinds;
            Ok(vec![json_key(key)])
        }
        _ => Err("a kind of JSON".into()),
    }
}

fn json_text(key: &str, comparison: &Comparison) -> Alternatives {
    let mut key = JsonKey::named(key);
    match comparison {
        Comparison::In(values) => key.values.clone_from(values),
        Comparison::NotIn(values) if values.iter().all(String::is_empty) => {
            key.kinds = vec![JsonKind::Number]
        }
        _ => return Err("a value in JSON".into()),
    }
    Ok(vec![json_key(key)])
}

/// JSON objects with a key.
pub fn json_key(key: JsonKey) -> Limits {
    Limits {
        json_kinds: vec![JsonKind::Object],
        json_keys: vec![key],
        ..Limits::default()
    }
}

const KINDS: [(&str, JsonKind); 6] = [
    ("object", JsonKind::Object),
    ("array", JsonKind::Array),
    ("string", JsonKind::String),
    ("number", JsonKind::Number),
    ("boolean", JsonKind::Boolean),
    ("null", JsonKind::Null),
];

fn json_kind(name: &str) -> Option<JsonKind> {
    let found = KINDS.iter().find(|(own, _)| *own == name);
    found.map(|(_, kind)| *kind)
}

/// Numbers from one on.
pub fn at_least(number: &str) -> Limits {
    Limits {
        min: Some(Bound::inclusive(number)),
        ..Limits::default()
    }
}

/// Arrays with an element.
pub fn not_empty_array() -> Limits {
    Limits {
        min_length: Some(1),
        ..Limits::default()
    }
}

/// Arrays of no, one, two and all of some elements.
pub fn subsets(elements: &[Option<String>]) -> Vec<String> {
    let mut arrays = vec!["{}".to_owned()];
    arrays.extend(
        elements
            .iter()
            .map(|it| array_text(std::slice::from_ref(it))),
    );
    let pairs = elements.windows(2).filter(|_| elements.len() > 2);
    arrays.extend(pairs.map(array_text));
    if elements.len() > 1 {
        arrays.push(array_text(elements));
    }
    arrays
}
