use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::dataset::Dataset;
use crate::dataset::spec::Epoch;
use crate::files::records::{Dialect, Records};
use crate::generate::csv;
use crate::load::convert::boolean;
use crate::postgres::catalog::ColumnDefault;

fn integer_of(text: &str) -> Result<i64, &'static str> {
    integer(text.as_bytes())
}

fn column(base_type_oid: u32) -> catalog::Column {
    catalog::Column {
        table: 0,
        name: String::new(),
        number: 1,
        type_name: String::new(),
        type_oid: base_type_oid,
        base_type_oid,
        modifier: -1,
        not_null: false,
        default: ColumnDefault::Nothing,
    }
}

/// A record as COPY's text format has it, one of its columns being of a type that only the server reads.
fn as_text(text: &str) -> Result<String, Refusal> {
    const INET: u32 = 869;
    let dataset = Dataset::open("catalog").unwrap();
    let spec = &dataset.tables[0].columns[0];
    let types = [23, 25, INET, 1184, 16].map(column);
    let columns: Vec<_> = types
        .iter()
        .map(|it| Some((Kind::Text, spec, it)))
        .collect();
    let encoder = RowEncoder::new(&columns, false, &["null".into(), "\\N".into()]);
    assert!(!encoder.is_binary());
    let mut records =
        Records::new(text.as_bytes(), Path::new("x.csv"), Dialect::default()).unwrap();
    let mut out = Vec::new();
    while let Some(record) = records.read().unwrap() {
        encoder.encode(&record, &mut out)?;
    }
    Ok(String::from_utf8(out).unwrap())
}

#[test]
fn tables_with_other_types_go_as_text() {
    assert_eq!(
        as_text(" 7 ,\"a\tb\\c\nd\",::1,2024-02-29T12:00:00.5+01:00,yes\n").unwrap(),
        "7\ta\\tb\\\\c\\nd\t::1\t2024-02-29 11:00:00.500000+00\ttrue\n"
    );
    assert_eq!(
        as_text("1,\"null\",,null,\\N\n2,,\"\",, null \n").unwrap(),
        "1\tnull\t\\N\t\\N\t\\N\n2\t\\N\t\t\\N\t\\N\n"
    );
    assert_eq!(
        as_text("x,,,,\n").unwrap_err().to_string(),
        "\"x\" is not an integer"
    );
}

#[test]
fn integers_have_blanks_and_signs_and_nothing_else() {
    for (text, value) in [("0", 0), (" 42 ", 42), ("+7", 7), ("-7", -7), ("007", 7)] {
        assert_eq!(integer_of(text), Ok(value), "{text}");
    }
    assert_eq!(integer_of("9223372036854775807"), Ok(i64::MAX));
    assert_eq!(integer_of("-9223372036854775808"), Ok(i64::MIN));
    for text in [
        "", " ", "-", "1 2", "1.0", "1e3", "0x1F", "1_000", "--1", "٣",
    ] {
        assert_eq!(integer_of(text), Err("is not an integer"), "{text}");
    }
    for text in ["9223372036854775808", "-9223372036854775809"] {
        assert_eq!(
            integer_of(text),
            Err("is out of range for bigint"),
            "{text}"
        );
    }
}

#[test]
fn booleans_are_spelled_as_postgres_takes_them() {
    for text in ["t", "TRUE", "tr", "yes", "y", "on", "1"] {
        assert_eq!(boolean(text.as_bytes()), Some(true), "{text}");
    }
    for text in ["f", "False", "no", "n", "OFF", "of", "0"] {
        assert_eq!(boolean(text.as_bytes()), Some(false), "{text}");
    }
    for text in ["", "o", "2", "truee", "-1", "null"] {
        assert_eq!(boolean(text.as_bytes()), None, "{text}");
    }
}

#[test]
fn refusals_show_the_value_shortened() {
    let long = "x".repeat(50);
    let shown = refusal(3, long.as_bytes(), "is not an integer".into()).to_string();
    assert_eq!(shown, format!("\"{}…\" is not an integer", "x".repeat(40)));
    assert_eq!(
        refusal(0, b"a\nb\xff", "no".into()).to_string(),
        "\"a\\nb\u{fffd}\" no"
    );
}

proptest! {
    #[test]
    fn what_the_makers_write_is_read_back(value in any::<i64>(), days in -700_000..2_932_896i64, cents_of in -10_i64.pow(15)..10_i64.pow(15)) {
        let written = |kind, value| {
            let mut out = Vec::new();
            csv::number(kind, value, &mut out);
            out
        };
        prop_assert_eq!(integer(&written(Kind::Integer, value)), Ok(value));
        prop_assert_eq!(date(&written(Kind::Date, days)), Some(days));
        let seconds = days * DAY + value.rem_euclid(DAY);
        prop_assert_eq!(timestamp(&written(Kind::Timestamp, seconds)), Some(seconds));
        prop_assert_eq!(cents(&written(Kind::Cents, cents_of)), Some(cents_of));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..30)) {
        let mut out = Vec::new();
        for kind in [Kind::Integer, Kind::Cents, Kind::Date, Kind::Timestamp] {
            let _ = number(kind, Wire::Int8, &bytes, &mut out);
        }
        for oid in [16, 20, 21, 23, 25, 114, 700, 701, 869, 1043, 1082, 1114, 1184, 1700, 2950, 3802] {
            for (epoch, currency) in [(None, None), (Some(Epoch::Milliseconds), Some("$".to_owned()))] {
                let converter = Converter::new(&column(oid), epoch, currency);
                if let Ok(value) = converter.value(&bytes) {
                    write_binary(&value, &mut out);
                    write_text(&value, &mut out);
                }
            }
        }
    }
}
