//! Numbers within the bounds of their type and of constraints.

use crate::copy::Scalar;
use crate::infer::domain::{Bound, Limits, MakerToml, Value};

/// How wide a range of numbers is that has one bound or none.
const WIDTH: i128 = 1_000;

/// The greatest value of an integer type.
pub fn greatest(scalar: Scalar) -> i64 {
    match scalar {
        Scalar::Int2 => i64::from(i16::MAX),
        Scalar::Int4 | Scalar::Oid => i64::from(i32::MAX),
        _ => i64::MAX,
    }
}

/// Whole numbers within type and limits.
pub fn integer(scalar: Scalar, limits: &Limits) -> MakerToml {
    let whole = |bound: &Bound, inward: i128| {
        let number = bound.value.split('.').next()?.parse::<i128>().ok()?;
        Some(if bound.inclusive {
            number
        } else {
            number + inward
        })
    };
    let min = limits.min.as_ref().and_then(|it| whole(it, 1));
    let max = limits.max.as_ref().and_then(|it| whole(it, -1));
    let (min, max) = match (min, max) {
        (Some(min), Some(max)) => (min, max),
        (Some(min), None) => (min, min + WIDTH),
        (None, Some(max)) if max < 1 => (max - WIDTH, max),
        (None, Some(max)) => (1, max.min(1 + WIDTH)),
        (None, None) => (1, WIDTH),
    };
    let within = |number: i128| {
        let top = i128::from(greatest(scalar));
        i64::try_from(number.clamp(-top, top)).unwrap_or(0)
    };
    MakerToml::new("integer")
        .with("min", within(min))
        .with("max", within(max))
}

/// The precision and the scale of `numeric(p, s)`: the modifier packs both.
pub fn precision(modifier: i32) -> Option<(i32, i32)> {
    let packed = modifier - 4;
    (packed >= 0).then_some(((packed >> 16) & 0xffff, ((packed & 0x7ff) ^ 1024) - 1024))
}

/// `numeric(p, s)`.
pub fn numeric(modifier: i32, limits: &Limits) -> MakerToml {
    let (precision, scale) = precision(modifier).unwrap_or((12, 2));
    let digits = u32::try_from((precision - scale).clamp(0, 9)).unwrap_or(0);
    let top = 10_i64.pow(digits);
    let scale = i64::from(scale.max(0));
    let maker = decimals("decimal", scale, Some(top), limits);
    match scale {
        2 => maker,
        other => maker.with("scale", other),
    }
}

/// Numbers with a fraction. `below` is what every value must be less than.
pub fn decimals(make: &str, scale: i64, below: Option<i64>, limits: &Limits) -> MakerToml {
    #[expect(clippy::cast_precision_loss, reason = "bounds are small numbers")]
    let below = below.map(|it| it as f64);
    let step = 0.1_f64.powi(i32::try_from(scale.clamp(0, 9)).unwrap_or(2));
    let number = |bound: &Bound, inward: f64| {
        let number = bound.value.parse::<f64>().ok()?;
        Some(if bound.inclusive {
            number
        } else {
            number + inward
        })
    };
    let min = limits.min.as_ref().and_then(|it| number(it, step));
    let max = limits.max.as_ref().and_then(|it| number(it, -step));
    let (min, mut max) = match (min, max) {
        (Some(min), Some(max)) => (min, max),
        (Some(min), None) => (min, min + 1000.0),
        (None, Some(max)) if max < 0.0 => (max - 1000.0, max),
        (None, Some(max)) => (0.0, max.min(1000.0)),
        (None, None) => (0.0, 1000.0),
    };
    if let Some(below) = below {
        max = max.min(below - step);
    }
    MakerToml::new(make)
        .with("min", rounded(min, scale))
        .with("max", rounded(max, scale))
}

/// Rounded to so many digits, so that what is written is short.
fn rounded(number: f64, scale: i64) -> Value {
    let text = format!("{number:.*}", usize::try_from(scale).unwrap_or(2));
    let text = match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => &text,
    };
    match text.parse::<i64>() {
        Ok(whole) => Value::Integer(whole),
        Err(_) => Value::Float(text.parse().unwrap_or(number)),
    }
}
