use proptest::prelude::*;

use super::*;
use crate::dataset::date_format::DateFormat;
use crate::dataset::spellings::{DecimalMark, Epoch};

fn infer(rules: &TypeRules, texts: &[&str]) -> InferredType {
    let mut profile = ColumnProfile::default();
    for (line, text) in (2..).zip(texts) {
        // A text in quotes is a quoted one.
        match text.strip_prefix('"').and_then(|it| it.strip_suffix('"')) {
            Some(text) => profile.add(rules, text.as_bytes(), true, line),
            None => profile.add(rules, text.as_bytes(), false, line),
        }
    }
    profile.decide()
}

fn named(spellings: Spellings, texts: &[&str]) -> &'static str {
    infer(&TypeRules::new(&spellings), texts).scalar.name()
}

const DATE: &str = "date";
const TIMESTAMP: &str = "timestamp without time zone";
const TIMESTAMPTZ: &str = "timestamp with time zone";

#[test]
fn texts_have_the_narrowest_type_that_holds_them_all() {
    let cases: &[(&[&str], &str)] = &[
        (&["1", "-20", "0", ""], "integer"),
        (&[" 1", "2 ", "\"3\"", "\"\"", "  "], "integer"),
        (&["2147483647", "-2147483648"], "integer"),
        (&["1", "2147483648"], "bigint"),
        (&["9223372036854775807"], "bigint"),
        (&["9223372036854775808", "1"], "numeric"),
        (&["0", "1"], "integer"),
        (&["1", "2.50"], "numeric"),
        (&["42.0", "1.0"], "numeric"),
        (&[".5", "-.5", "5.", "-0", "-0.0"], "numeric"),
        (&["1.5E+07", "1e-05", "2", "NaN", "-inf"], "numeric"),
        (&["true", "False", "TRUE", ""], "boolean"),
        (&["t", "f", "t"], "boolean"),
        (
            &[
                "6ec0bd7f-11c0-43da-975e-2a8ad9ebae0b",
                "7EC0BD7F-11C0-43DA-975E-2A8AD9EBAE0B",
            ],
            "uuid",
        ),
        (&["2024-02-29", "0001-01-01", "infinity"], DATE),
        (
            &["Jul 4, 2024", "4 July 2024", "2024/7/4", "04-Jul-2024"],
            DATE,
        ),
        (
            &["2024-02-29 12:00", "2024-02-29T12:00:00.5", "2024-02-29"],
            TIMESTAMP,
        ),
        (
            &["2024-02-29 12:00:00+02", "2024-02-29T12:00:00Z"],
            TIMESTAMPTZ,
        ),
        // What a type would lose, or could mean something else, is text.
        (&["007", "8"], "text"),
        (&["-01", "1"], "text"),
        (&["00.5"], "text"),
        (&["+15551234567"], "text"),
        (&["12E4"], "text"),
        (&["1e400000.0"], "text"),
        (&["1,234"], "text"),
        (&["$5"], "text"),
        (&["1 2"], "text"),
        (&["yes", "no"], "text"),
        (&["f", "f"], "text"),
        (&["t", "true"], "text"),
        (&["true", "1"], "text"),
        (&["NaN", "inf"], "text"),
        (&["infinity"], "text"),
        (&["6ec0bd7f11c043da975e2a8ad9ebae0b"], "text"),
        (&["2024-02-30"], "text"),
        (&["3/4/2024"], "text"),
        (&["7/14/2024"], "text"),
        (&["10.11.12"], "text"),
        (&["2024.1.12"], "text"),
        (&["240704", "010224"], "text"),
        (&["2024-02-29", "1"], "text"),
        (&["2024-02-29", "2024-02-29 12:00:00+02"], "text"),
        (&["2024-02-29 12:00", "2024-02-29 12:00:00+02"], "text"),
        (&["today", "now"], "text"),
        (&["12:30"], "text"),
        (&["\"  \"", "1"], "text"),
        (&["1", "Rex"], "text"),
        (&["", "\"\""], "text"),
        (&[], "text"),
        // An exponent that numeric can't hold.
        (&["1.0e999999"], "text"),
    ];
    for (texts, expected) in cases {
        assert_eq!(named(Spellings::default(), texts), *expected, "{texts:?}");
    }
}

#[test]
fn options_read_what_else_files_bring() {
    let nulls = |nulls: &[&str]| Spellings {
        nulls: Some(nulls.iter().map(|&null| null.into()).collect()),
        ..Spellings::default()
    };
    let format = |format: &str| Spellings {
        date_format: DateFormat::parse(format).ok(),
        ..Spellings::default()
    };
    let epoch = |unit: Epoch| Spellings {
        epoch: Some(unit),
        ..Spellings::default()
    };
    let dollars = Spellings {
        currency: Some("$".into()),
        ..Spellings::default()
    };
    let comma = Spellings {
        decimal: Some(DecimalMark::Comma),
        ..Spellings::default()
    };
    let forced = Spellings {
        force_null: true,
        ..nulls(&["NA"])
    };
    let cases: Vec<(Spellings, &[&str], &str)> = vec![
        (nulls(&["NA", "-"]), &["1", "NA", " - ", "2"], "integer"),
        (nulls(&["NA"]), &["1", "\"NA\""], "text"),
        (forced, &["1", "\"NA\""], "integer"),
        (
            format("M/D/YYYY"),
            &["3/4/2024", "12/31/2024", "2024-01-01"],
            DATE,
        ),
        (
            format("M/D/YYYY"),
            &["3/4/2024 4:05 PM", "3/4/2024"],
            TIMESTAMP,
        ),
        (format("M/D/YYYY"), &["13/4/2024"], "text"),
        (format("YYYYMMDD"), &["20240704", "20241231"], DATE),
        (format("YYYYMMDD"), &["20240704", "20241331"], "integer"),
        (
            epoch(Epoch::Seconds),
            &["1596080407", "1596080408.5"],
            TIMESTAMPTZ,
        ),
        (epoch(Epoch::Seconds), &["1596080407", "12"], "integer"),
        (epoch(Epoch::Milliseconds), &["1596080407000"], TIMESTAMPTZ),
        (epoch(Epoch::Milliseconds), &["1596080407"], "integer"),
        (dollars.clone(), &["$5", "$1,234.50", "7"], "numeric"),
        (dollars.clone(), &["$007"], "text"),
        (dollars, &["5", "7"], "integer"),
        (comma.clone(), &["1.234,56", "7"], "numeric"),
        (comma.clone(), &["3.14"], "text"),
        (comma, &["1", "2"], "integer"),
    ];
    for (spellings, texts, expected) in cases {
        assert_eq!(
            named(spellings.clone(), texts),
            expected,
            "{texts:?} {spellings:?}"
        );
    }
}

#[test]
fn ascending_whole_numbers_are_a_key() {
    let cases: &[(&[&str], bool)] = &[
        (&["1", "2", "30"], true),
        (&["-5"], true),
        (&["1", "9223372036854775807"], true),
        (&["1", "1"], false),
        (&["2", "1"], false),
        (&["1", "", "2"], false),
        (&["1", "2.5"], false),
        (&["1", "N/A", "2"], false),
        (&[], false),
    ];
    let rules = TypeRules::new(&Spellings::default());
    for (texts, expected) in cases {
        assert_eq!(infer(&rules, texts).is_ascending, *expected, "{texts:?}");
    }
}

#[test]
fn a_few_odd_texts_are_named() {
    let rules = TypeRules::new(&Spellings::default());
    let but_for = |texts: &[&str]| {
        let (scalar, odd) = infer(&rules, texts).but_for?;
        let odd = odd.iter().map(|odd| format!("{} {}", odd.text, odd.line));
        Some((scalar.name(), odd.collect::<Vec<_>>().join(", ")))
    };
    assert_eq!(
        but_for(&["1", "N/A", "2", "-", "N/A"]),
        Some(("integer", "N/A 3, - 5".into()))
    );
    assert_eq!(
        but_for(&["null", "2024-01-01"]),
        Some(("date", "null 2".into()))
    );
    // Words alone, and too many of them, are texts.
    assert_eq!(but_for(&["N/A", "-"]), None);
    assert_eq!(but_for(&["1", "a", "b", "c"]), None);
    assert_eq!(but_for(&["1", "\"N/A\""]), None);
}

proptest! {
    #[test]
    fn a_load_reads_each_text_of_a_type(
        texts in proptest::collection::vec("[-+0-9a-fA-F.:,$/ eETZ]{0,24}|[0-9]{1,20}|20[0-9]{2}-[01][0-9]-[0-3][0-9]( [0-2][0-9]:[0-5][0-9])?", 1..4),
    ) {
        let spellings = [
            Spellings::default(),
            Spellings {
                currency: Some("$".into()),
                decimal: Some(DecimalMark::Comma),
                date_format: DateFormat::parse("D.M.YYYY").ok(),
                epoch: Some(Epoch::Seconds),
                ..Spellings::default()
            },
        ];
        for spellings in spellings {
            let rules = TypeRules::new(&spellings);
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let scalar = infer(&rules, &texts).scalar;
            let reader = ColumnReader::new(&scalar.into(), &spellings);
            for text in texts.iter().filter(|text| !text.trim().is_empty()) {
                let read = reader.write_binary(text.as_bytes(), &mut Vec::new());
                prop_assert!(read.is_ok(), "{text:?} as {}: {read:?}", scalar.name());
            }
        }
    }
}
