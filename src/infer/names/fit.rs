//! What a rule makes, fitted to the column: its type's range, its length, its limits, its uniqueness. Pure.

use crate::copy::DataType;
use crate::copy::types::Scalar;
use crate::infer::domain::{Bound, Case, MakerToml, Value};
use crate::infer::names::extent::{characters, extent};
use crate::infer::names::made::{one_of, phrase};
use crate::infer::names::rule::{Made, Scene};
use crate::infer::names::types::{DATE, STAMP, TEXT};

/// The least and greatest number of a type, and its decimals.
fn range_of(data_type: &DataType) -> (f64, f64, i32) {
    let base = data_type.base();
    match base.scalar() {
        Some(Scalar::Int2) => (-32_768.0, 32_767.0, 0),
        Some(Scalar::Int4) => (-2_147_483_648.0, 2_147_483_647.0, 0),
        Some(Scalar::Int8) => (-9e15, 9e15, 0),
        Some(Scalar::Numeric) if base.modifier >= 4 => {
            let packed = base.modifier - 4;
            let (precision, scale) = (packed >> 16, packed & 0x7ff);
            let most = power(precision - scale) - power(-scale);
            (-most, most, scale)
        }
        _ => (-9e15, 9e15, 2),
    }
}

/// The greatest number that the column's type takes.
pub fn greatest(scene: &Scene) -> f64 {
    range_of(scene.column.data_type).1
}

/// The decimals that the column's numbers are written with.
pub fn decimals(scene: &Scene) -> i32 {
    range_of(scene.column.data_type).2.max(0)
}

/// The decimals that the maker `decimal` has without `scale`.
const DECIMALS: i32 = 2;

fn power(exponent: i32) -> f64 {
    let whole = (0..exponent.abs()).fold(1.0, |it, _| it * 10.0);
    if exponent < 0 { 1.0 / whole } else { whole }
}

/// A number between two bounds of a rule, within those of type and limits; 0 as `usual`: all alike.
pub fn number(scene: &Scene, least: f64, usual: f64, most: f64) -> MakerToml {
    let (low, high, scale) = range_of(scene.column.data_type);
    let step = power(-scale);
    let limits = scene.column.limits;
    let low = low.max(bound(limits.min.as_ref(), step).unwrap_or(low));
    let high = high.min(bound(limits.max.as_ref(), -step).unwrap_or(high));
    let (mut min, mut max) = (least.max(low), most.min(high));
    if min > max {
        // As many numbers as the rule has, from the bound that is nearest.
        (min, max) = match least > high {
            true => ((high - (most - least)).max(low), high),
            false => (low, (low + (most - least)).min(high)),
        };
    }
    let make = match (scene.is_whole(), scene.is_float()) {
        (true, _) => "integer",
        (_, true) => "float",
        _ => "decimal",
    };
    let digits = if scene.is_float() { 2 } else { scale };
    let min = round(min, digits, f64::ceil);
    let maker = MakerToml::new(make)
        .with("min", value(min))
        .with("max", value(round(max, digits, f64::floor).max(min)));
    let maker = match make {
        "decimal" if scale != DECIMALS => maker.with("scale", i64::from(scale)),
        _ => maker,
    };
    match usual > 0.0 && usual > min && usual < max {
        true => maker
            .with("distribution", "log-normal")
            .with("median", value(round(usual, digits, f64::floor).max(step)))
            .with("spread", 0.8),
        false => maker,
    }
}

/// A bound as the nearest number that is allowed.
fn bound(bound: Option<&Bound>, step: f64) -> Option<f64> {
    let bound = bound?;
    let number: f64 = bound.value.parse().ok()?;
    Some(if bound.inclusive {
        number
    } else {
        number + step
    })
}

fn round(number: f64, digits: i32, direction: fn(f64) -> f64) -> f64 {
    let steps = number * power(digits);
    let nearest = steps.round();
    let whole = match (steps - nearest).abs() < 1e-6 {
        true => nearest,
        false => direction(steps),
    };
    whole / power(digits)
}

/// A number as TOML writes it best.
#[expect(
    clippy::cast_possible_truncation,
    reason = "whole numbers below 2^53 alone are cast"
)]
fn value(number: f64) -> Value {
    match number.fract() == 0.0 && number.abs() < 9e15 {
        true => Value::Integer(number as i64),
        false => Value::Float(number),
    }
}

/// Fits what a rule makes to the column; `None` where that can't be.
pub fn fit(scene: &Scene, made: Made) -> Option<Made> {
    match scene.types {
        TEXT => fit_text(scene, made),
        types if types == DATE || types == STAMP => fit_time(scene, made),
        _ => Some(made),
    }
}

/// Dates with bounds: only ranges can keep them.
fn fit_time(scene: &Scene, mut made: Made) -> Option<Made> {
    let limits = scene.column.limits;
    if limits.min.is_none() && limits.max.is_none() {
        return Some(made);
    }
    if !matches!(made.maker.make.as_str(), "date" | "timestamp") {
        return None;
    }
    let text = |maker: &MakerToml, option| match maker.option(option) {
        Some(Value::Text(text)) => text.clone(),
        _ => String::new(),
    };
    let (min, max) = (text(&made.maker, "min"), text(&made.maker, "max"));
    let first = limits.min.as_ref().and_then(Bound::first_day);
    let last = limits.max.as_ref();
    let last = last.and_then(|it| it.last_day(scene.types == DATE));
    let low = first.map_or(min.clone(), |it| it.max(min));
    let high = last.map_or(max.clone(), |it| it.min(max));
    if low > high {
        return None;
    }
    made.maker = made.maker.with("min", low).with("max", high);
    Some(made)
}

fn fit_text(scene: &Scene, made: Made) -> Option<Made> {
    let mut made = without_long_fields(scene, with_values_that_fit(scene, made)?);
    if scene.column.unique {
        made = distinct(scene, made);
    }
    let (shortest, longest) = extent(scene, &made, &made.maker);
    if shortest > scene.longest
        || scene
            .column
            .limits
            .min_length
            .is_some_and(|it| it > shortest)
    {
        return None;
    }
    if longest > scene.longest {
        made.maker = made.maker.with("max-length", i64::from(scene.longest));
    }
    made.maker = match scene.column.limits.case {
        Some(Case::Lower) => made.maker.with("case", "lower"),
        Some(Case::Upper) => made.maker.with("case", "upper"),
        None => made.maker,
    };
    Some(made)
}

/// Leaves out the values of `one-of` that are too long, too short or refused.
fn with_values_that_fit(scene: &Scene, mut made: Made) -> Option<Made> {
    let Some(Value::List(values)) = made.maker.option("values").cloned() else {
        return Some(made);
    };
    let least = scene.column.limits.min_length.unwrap_or(0);
    let fits = |it: &Value| match it {
        Value::Text(text) => {
            let length = characters(text);
            (least..=scene.longest).contains(&length) && scene.column.limits.is_within(text)
        }
        _ => true,
    };
    let weights = match made.maker.option("weights") {
        Some(Value::List(weights)) => weights.clone(),
        _ => Vec::new(),
    };
    let kept: Vec<usize> = (0..values.len())
        .filter(|&index| fits(&values[index]))
        .collect();
    if kept.len() == values.len() {
        return Some(made);
    }
    if kept.is_empty() {
        return None;
    }
    let pick =
        |of: &[Value]| -> Vec<Value> { kept.iter().map(|&index| of[index].clone()).collect() };
    made.maker = made.maker.with("values", pick(&values));
    if !weights.is_empty() {
        made.maker = made.maker.with("weights", pick(&weights));
    }
    Some(made)
}

/// A field that may be too long is drawn for itself: left-out entries would shift those of its siblings.
fn without_long_fields(scene: &Scene, mut made: Made) -> Made {
    if made.maker.make != "field" || extent(scene, &made, &made.maker).1 <= scene.longest {
        return made;
    }
    let of = match made.maker.option("of") {
        Some(Value::Text(of)) => of.clone(),
        _ => return made,
    };
    let drawn = made.hidden.iter().find(|(name, _)| *name == of);
    if let Some((_, maker)) = drawn {
        let number = made.maker.option("field").cloned();
        let number = number.unwrap_or(Value::Integer(1));
        made.maker = maker.clone().with("field", number);
        made.hidden.clear();
    }
    made
}

/// With the row's number, where values would repeat.
fn distinct(scene: &Scene, made: Made) -> Made {
    let (row, hidden) = scene.row();
    let mark = format!("{{{row}}}");
    let is_each_once = is_code_list(scene.subject) && is_of_list(&made.maker);
    if is_each_once || is_distinct(&made.maker, &mark) {
        return made;
    }
    let made = numbered(scene, made, &mark);
    match hidden {
        Some((name, maker)) => made.with_hidden(&name, maker),
        None => made,
    }
}

fn is_of_list(maker: &MakerToml) -> bool {
    matches!(maker.make.as_str(), "word" | "one-of" | "field")
}

/// The row's number behind each text.
fn numbered(scene: &Scene, made: Made, mark: &str) -> Made {
    let templates: Vec<String> = match (made.maker.make.as_str(), made.maker.option("of")) {
        ("phrase", Some(Value::Text(one))) => vec![one.clone()],
        ("phrase", Some(Value::List(many))) => {
            let texts = many.iter().filter_map(|it| match it {
                Value::Text(text) => Some(text.clone()),
                _ => None,
            });
            texts.collect()
        }
        _ => {
            let base = format!("{}_text", scene.column.name);
            let gap = if is_identifier(&made.maker) { "-" } else { " " };
            let text = format!("{{{base}}}{gap}{mark}");
            let maker = made.maker.clone();
            return Made {
                maker: phrase(&[&text]),
                ..made
            }
            .with_hidden(&base, maker);
        }
    };
    let numbered: Vec<String> = templates.iter().map(|it| format!("{it} {mark}")).collect();
    let texts: Vec<&str> = numbered.iter().map(String::as_str).collect();
    Made {
        maker: phrase(&texts),
        ..made
    }
}

/// Whether a maker's texts have no blanks.
fn is_identifier(maker: &MakerToml) -> bool {
    let list = match maker.option("list") {
        Some(Value::Text(list)) => list.as_str(),
        _ => "",
    };
    maker.make == "pattern" || ["keys", "tags", "roles", "events", "paths", "files"].contains(&list)
}

/// Tables of these hold a fixed set: their texts are those of a list, each once.
const CODE_LISTS: &[&str] = &[
    "category",
    "country",
    "currency",
    "language",
    "role",
    "department",
    "tag",
    "unit",
    "plan",
    "color",
    "material",
    "genre",
    "specialty",
    "diagnosis",
    "medication",
    "zone",
    "status",
    "type",
    "timezone",
];

/// Whether tables of such rows hold a fixed set.
pub fn is_code_list(subject: &str) -> bool {
    CODE_LISTS.contains(&subject)
}

/// Whether a maker's values never repeat, or are so many that a permutation can give each once.
fn is_distinct(maker: &MakerToml, mark: &str) -> bool {
    let carries_row = |of: &Value| match of {
        Value::Text(text) => text.contains(mark),
        Value::List(many) => many
            .iter()
            .all(|it| matches!(it, Value::Text(text) if text.contains(mark))),
        _ => false,
    };
    match maker.make.as_str() {
        "uuid" | "sequence" | "serial" => true,
        "code" => matches!(maker.option("length"), Some(Value::Integer(6..))),
        "pattern" => matches!(maker.option("of"), Some(Value::Text(of)) if texts_of(of) >= 1e7),
        "phrase" => maker.option("of").is_some_and(carries_row),
        _ => false,
    }
}

/// About how many texts a pattern of the rules has: classes and how often they come, no more.
fn texts_of(pattern: &str) -> f64 {
    let mut count = 1.0;
    for class in pattern.split('[').skip(1) {
        let (members, rest) = class.split_once(']').unwrap_or((class, ""));
        let size: f64 = match members {
            "0-9" => 10.0,
            "1-9" => 9.0,
            "0-9a-f" => 16.0,
            "A-Z" => 26.0,
            _ => 15.0,
        };
        let times = rest
            .strip_prefix('{')
            .and_then(|it| it.split('}').next()?.parse::<u32>().ok());
        count *= (0..times.unwrap_or(1)).fold(1.0, |it, _| it * size);
    }
    // `(:[0-9a-f]{2}){4}`
    match pattern.contains("){4}") {
        true => count * count * count * count,
        false => count,
    }
}

/// One of some texts, those that fit alone.
pub fn short_or(scene: &Scene, values: &[&str], weights: &[i64], letters: &[&str]) -> Made {
    let fits = values
        .iter()
        .filter(|it| characters(it) <= scene.longest)
        .count();
    Made::new(match fits >= 2 {
        true => one_of(values, weights),
        false => one_of(letters, &[]),
    })
}
