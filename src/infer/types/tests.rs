//! Types with and without limits, and what makes their values.

use super::*;
use crate::infer::domain::{JsonKey, JsonKind};

fn made(scalar: Scalar, modifier: i32, limits: &Limits) -> String {
    let data_type = DataType {
        modifier,
        ..scalar.into()
    };
    let maker = maker(&data_type, "", limits).unwrap();
    let option = |(name, value): &(String, Value)| match value {
        Value::Text(text) => format!("{name}={text}"),
        Value::Integer(number) => format!("{name}={number}"),
        Value::Float(number) => format!("{name}={number}"),
        other => format!("{name}={other:?}"),
    };
    let options: Vec<String> = maker.options.iter().map(option).collect();
    format!("{} {}", maker.make, options.join(" "))
}

#[test]
fn every_scalar_type_has_a_maker() {
    for &scalar in Scalar::ALL {
        assert!(
            maker(&scalar.into(), scalar.name(), &Limits::default()).is_some(),
            "{}",
            scalar.name()
        );
    }
}

#[test]
fn numbers_stay_within_type_and_limits() {
    let none = Limits::default();
    let above_zero = Limits::above(Bound::exclusive("0"));
    assert_eq!(made(Scalar::Int4, -1, &none), "integer min=1 max=1000");
    assert_eq!(
        made(Scalar::Int4, -1, &above_zero),
        "integer min=1 max=1001"
    );
    // numeric(5, 2)
    let packed = ((5 << 16) | 2) + 4;
    assert_eq!(
        made(Scalar::Numeric, packed, &none),
        "decimal min=0 max=999.99"
    );
    let share = Limits {
        min: Some(Bound::inclusive("0")),
        max: Some(Bound::inclusive("1")),
        ..Limits::default()
    };
    assert_eq!(made(Scalar::Numeric, packed, &share), "decimal min=0 max=1");
}

#[test]
fn days_lie_within_the_bounds_of_partitions() {
    let month = Limits {
        min: Some(Bound::inclusive("2024-02-01 00:00:00+00")),
        max: Some(Bound::exclusive("2024-03-01 00:00:00+00")),
        ..Limits::default()
    };
    let days = "min=2024-02-01 max=2024-02-29";
    assert_eq!(made(Scalar::Date, -1, &month), format!("date {days}"));
    let times = made(Scalar::Timestamptz, -1, &month);
    assert_eq!(times, format!("timestamp {days}"));
}

#[test]
fn json_has_the_keys_that_constraints_ask_for() {
    let key = |name: &str, kinds: &[JsonKind], values: &[&str]| JsonKey {
        kinds: kinds.to_vec(),
        values: values.iter().map(|it| (*it).to_owned()).collect(),
        ..JsonKey::named(name)
    };
    let limits = Limits {
        json_keys: vec![
            key("kind", &[], &["a{b"]),
            key("n", &[JsonKind::Number], &[]),
            key("x", &[], &[]),
        ],
        ..Limits::default()
    };
    let expected = r#"json of={{"kind": "a{{b", "n": 1, "x": "text"}}"#;
    assert_eq!(made(Scalar::Jsonb, -1, &limits), expected);
    let array = Limits {
        json_kinds: vec![JsonKind::Array],
        min_length: Some(2),
        ..Limits::default()
    };
    assert_eq!(made(Scalar::Jsonb, -1, &array), "json of=[1, 2]");
}

#[test]
fn short_texts_are_codes() {
    let none = Limits::default();
    assert_eq!(made(Scalar::Varchar, 4 + 3, &none), "code length=3");
    assert_eq!(made(Scalar::Varchar, 4 + 30, &none), "text min=5 max=30");
    assert_eq!(made(Scalar::Text, -1, &none), "text min=5 max=40");
    assert_eq!(made(Scalar::Bpchar, 4 + 2, &none), "code length=2");
}
