use std::path::Path;

use super::*;
use crate::copy::Scalar;
use crate::dataset::Dataset;
use crate::files::records::{Dialect, Records};
use crate::postgres::catalog::ColumnDefault;

fn column(scalar: Scalar) -> catalog::Column {
    catalog::Column {
        table: 0,
        name: String::new(),
        number: 1,
        type_name: String::new(),
        data_type: scalar.into(),
        not_null: false,
        default: ColumnDefault::Nothing,
    }
}

/// A record as COPY's text format has it, one of its columns being of a type that only the server reads.
fn as_text(text: &str) -> Result<String, Unencoded> {
    let dataset = Dataset::open("catalog").unwrap();
    let spec = &dataset.tables[0].columns[0];
    let types = [
        Scalar::Int4,
        Scalar::Text,
        Scalar::Point,
        Scalar::Timestamptz,
        Scalar::Bool,
    ]
    .map(column);
    let columns: Vec<_> = types
        .iter()
        .map(|it| Some((Kind::Text, spec, it)))
        .collect();
    let encoder = RowEncoder::new(
        &columns,
        false,
        &["null".into(), "\\N".into()],
        &TableSpellings::default(),
    );
    assert_eq!(encoder.format(), CopyFormat::Text);
    let mut records =
        Records::new(text.as_bytes(), Path::new("x.csv"), Dialect::default()).unwrap();
    let mut out = Vec::new();
    while let Some(record) = records.read().unwrap() {
        encoder.encode(&record, encoder.format(), &mut out)?;
    }
    Ok(String::from_utf8(out).unwrap())
}

fn display(unencoded: Unencoded) -> String {
    match unencoded {
        Unencoded::Rejected(field) => field.to_string(),
        Unencoded::Undecided => "undecided".to_owned(),
    }
}

#[test]
fn tables_with_other_types_go_as_text() {
    assert_eq!(
        as_text(" 7 ,\"a\tb\\c\nd\",\"(1,2)\",2024-02-29T12:00:00.5+01:00,yes\n").unwrap(),
        "7\ta\\tb\\\\c\\nd\t(1,2)\t2024-02-29 11:00:00.5+00\ttrue\n"
    );
    assert_eq!(
        as_text("1,\"null\",,null,\\N\n2,,\"\",, null \n").unwrap(),
        "1\tnull\t\\N\t\\N\t\\N\n2\t\\N\t\\N\t\\N\t\\N\n"
    );
    assert_eq!(
        display(as_text("x,,,,\n").unwrap_err()),
        "\"x\" is not an integer"
    );
}

#[test]
fn rejected_fields_show_the_value_shortened() {
    let long = "x".repeat(50);
    let displayed = display(unencoded(3, long.as_bytes(), "is not an integer".into()));
    assert_eq!(
        displayed,
        format!("\"{}…\" is not an integer", "x".repeat(40))
    );
    assert_eq!(
        display(unencoded(0, b"a\nb\xff", "no".into())),
        "\"a\\nb\u{fffd}\" no"
    );
}
