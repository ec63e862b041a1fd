//! Whether a maker that stays has as many values as the source's column.

use crate::dataset::calendar::parse_date;
use crate::infer::domain::{MakerToml, Value};

/// Seconds are their steps, or less.
const FINE: &[&str] = &["timestamp", "time", "interval"];

/// Whether it has so many values, and they have an order.
pub(super) fn has_enough(maker: &MakerToml, distinct: f64) -> bool {
    let number = |name: &str| match maker.option(name) {
        Some(Value::Integer(number)) => Some(*number as f64),
        Some(Value::Float(number)) => Some(*number),
        _ => None,
    };
    let range = |steps: f64| match (number("min"), number("max")) {
        (Some(min), Some(max)) => distinct <= (max - min) * steps + 1.0,
        _ => false,
    };
    match maker.make.as_str() {
        "boolean" => distinct <= 2.0,
        "one-of" => match maker.option("values") {
            Some(Value::List(values)) => distinct <= values.len() as f64,
            _ => false,
        },
        "integer" => range(1.0),
        "cents" => range(100.0),
        "decimal" => range(libm::pow(10.0, number("scale").unwrap_or(2.0))),
        "date" => match (day(maker, "min"), day(maker, "max")) {
            (Some(min), Some(max)) => distinct <= (max - min + 1) as f64,
            _ => false,
        },
        make => FINE.contains(&make),
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
    }
}
