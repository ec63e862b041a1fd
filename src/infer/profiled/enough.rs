//! Whether a maker that stays has as many values as the source's column.

use super::burst;
use crate::dataset::calendar::parse_date;
use crate::infer::domain::{MakerToml, Value};

/// Seconds are their steps, or less.
const FINE: &[&str] = &["timestamp", "time", "interval"];

/// How many values a maker that follows figures has; `None` where that isn't known, or there is no limit.
pub fn number_of_values(maker: &MakerToml) -> Option<f64> {
    let number = |name: &str| match maker.option(name) {
        Some(Value::Integer(number)) => Some(*number as f64),
        Some(Value::Float(number)) => Some(*number),
        _ => None,
    };
    let scale = |default: f64| libm::pow(10.0, number("scale").unwrap_or(default));
    let range = |steps: f64| {
        let (min, max) = (number("min")?, number("max")?);
        Some(libm::floor((max - min) * steps + 1e-6) + 1.0)
    };
    match maker.make.as_str() {
        "boolean" => Some(2.0),
        "one-of" => match maker.option("values") {
            Some(Value::List(values)) => Some(values.len() as f64),
            _ => None,
        },
        "integer" => range(1.0),
        "cents" => range(100.0),
        "decimal" => range(scale(2.0)),
        "date" => match (day(maker, "min"), day(maker, "max")) {
            (Some(min), Some(max)) => Some((max - min + 1) as f64),
            _ => None,
        },
        "ranked" => ranked(maker, number),
        "histogram" => histogram(maker, scale(2.0)),
        _ => None,
    }
}

/// From the first bound to the last.
fn histogram(maker: &MakerToml, steps: f64) -> Option<f64> {
    let (Some(Value::List(bounds)), Some(Value::Text(kind))) =
        (maker.option("bounds"), maker.option("as"))
    else {
        return None;
    };
    let steps = match kind.as_str() {
        "decimal" | "cents" => steps,
        _ => 1.0,
    };
    let number = |bound: &Value| match (bound, kind.as_str()) {
        (Value::Integer(number), _) => Some(*number as f64),
        (Value::Float(number), _) => Some(*number),
        (Value::Text(text), "date") => Some((burst::seconds(text)? / burst::DAY) as f64),
        (Value::Text(text), "timestamp") => Some(burst::seconds(text)? as f64),
        _ => None,
    };
    let (first, last) = (number(bounds.first()?)?, number(bounds.last()?)?);
    Some(libm::floor((last - first) * steps + 1e-6) + 1.0)
}

fn ranked(maker: &MakerToml, number: impl Fn(&str) -> Option<f64>) -> Option<f64> {
    let scale = match maker.option("as") {
        Some(Value::Text(kind)) => match kind.as_str() {
            "integer" => 0.0,
            "decimal" => number("scale").unwrap_or(2.0),
            // Seconds of a day.
            "time" => return Some(86_400.0),
            _ => return None,
        },
        _ => return None,
    };
    let unit = libm::pow(10.0, -scale);
    let (min, step) = (
        number("min").unwrap_or(unit),
        number("step").unwrap_or(unit),
    );
    Some(libm::floor((number("max")? - min) / step + 1e-6) + 1.0)
}

/// Whether it has so many values, and they have an order.
pub(super) fn has_enough(maker: &MakerToml, distinct: f64) -> bool {
    match number_of_values(maker) {
        Some(values) => maker.make != "ranked" && distinct <= values,
        None => FINE.contains(&maker.make.as_str()),
    }
}

fn day(maker: &MakerToml, option: &str) -> Option<i64> {
    match maker.option(option)? {
        Value::Text(text) => parse_date(text.get(..10)?),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_have_as_many_values_as_steps() {
        let integers = MakerToml::new("integer").with("min", 1).with("max", 100);
        let days = MakerToml::new("date")
            .with("min", "2022-01-01")
            .with("max", "2022-01-10");
        let labels = MakerToml::new("one-of").with("values", vec!["a", "b"]);
        for (maker, most) in [(integers, 100.0), (days, 10.0), (labels, 2.0)] {
            assert!(has_enough(&maker, most), "{maker:?}");
            assert!(!has_enough(&maker, most + 1.0), "{maker:?}");
        }
        let dates = MakerToml::new("histogram").with("as", "date");
        let dates = dates.with("bounds", vec!["2022-01-01", "2022-01-01", "2022-01-31"]);
        assert_eq!(number_of_values(&dates), Some(31.0));
        let cents = MakerToml::new("ranked").with("as", "decimal");
        let cents = cents.with("min", 0.1).with("max", 9.99);
        assert_eq!(number_of_values(&cents), Some(990.0));
    }
}
