use super::*;

fn date(text: &str) -> Option<String> {
    let mut out = Vec::new();
    write_date(date_number(moment(text.as_bytes())?)?, &mut out);
    Some(String::from_utf8(out).unwrap())
}

fn timestamp(text: &str, zoned: bool) -> Option<String> {
    let mut out = Vec::new();
    write_timestamp(
        timestamp_number(moment(text.as_bytes())?, zoned)?,
        zoned,
        &mut out,
    );
    Some(String::from_utf8(out).unwrap())
}

#[test]
fn dates_keep_their_day_whatever_the_zone() {
    for (text, expected) in [
        ("2024-02-29", "2024-02-29"),
        ("2024-03-01T00:30:00+02:00", "2024-03-01"),
        ("0044-03-15 BC", "0044-03-15 BC"),
        ("0001-01-01 BC", "0001-01-01 BC"),
        ("4714-11-24 BC", "4714-11-24 BC"),
        ("10000-01-01", "10000-01-01"),
        ("5874897-12-31", "5874897-12-31"),
        ("Infinity", "infinity"),
        ("-infinity", "-infinity"),
    ] {
        assert_eq!(date(text).as_deref(), Some(expected), "{text}");
    }
    for text in [
        "",
        "2023-02-29",
        "2024-13-01",
        "24-01-01",
        "2024-1-1",
        "0000-06-01",
        "2024-01-01T",
        "2024-01-01-01",
        "4714-11-23 BC",
        "5874898-01-01",
    ] {
        assert_eq!(date(text), None, "{text}");
    }
}

#[test]
fn timestamps_take_zones_only_with_time_zone() {
    let text = "2024-03-01T00:30:00.5+02:00";
    assert_eq!(
        timestamp(text, false).as_deref(),
        Some("2024-03-01 00:30:00.5")
    );
    assert_eq!(
        timestamp(text, true).as_deref(),
        Some("2024-02-29 22:30:00.5+00")
    );
    for (text, expected) in [
        ("2024-02-29", "2024-02-29 00:00:00"),
        ("2024-02-29 24:00", "2024-03-01 00:00:00"),
        ("2024-02-29 23:59:60", "2024-03-01 00:00:00"),
        ("2024-02-29 00:00:00.1234565", "2024-02-29 00:00:00.123456"),
        ("0044-03-15 12:00:00 BC", "0044-03-15 12:00:00 BC"),
        (
            "294276-12-31 23:59:59.999999",
            "294276-12-31 23:59:59.999999",
        ),
    ] {
        assert_eq!(timestamp(text, false).as_deref(), Some(expected), "{text}");
    }
    for text in [
        "294277-01-01",
        "2024-02-29 24:01",
        "2024-02-29 12:00:00.",
        "2024-02-29 12",
        "2024-02-29T12:00+16:00",
    ] {
        assert_eq!(timestamp(text, false), None, "{text}");
    }
}

#[test]
fn zones_have_hours_minutes_and_seconds() {
    let zone = |text: &str| clock_and_zone(text).and_then(|(_, zone)| zone);
    for (text, seconds) in [
        ("12:00Z", 0),
        ("12:00+02", 7_200),
        ("12:00-0330", -12_600),
        ("12:00 +05:30", 19_800),
        ("12:00-00:44:30", -2_670),
    ] {
        assert_eq!(zone(text), Some(seconds), "{text}");
        if seconds != 0 {
            let mut out = Vec::new();
            write_zone(seconds, &mut out);
            let written = String::from_utf8(out).unwrap();
            assert_eq!(zone(&format!("12:00{written}")), Some(seconds), "{text}");
        }
    }
    assert_eq!(clock_and_zone("12:00"), Some((43_200 * SECOND, None)));
    for text in ["12:00+2", "12:00 CET", "12:00+02:3", "12:00+020304"] {
        assert_eq!(clock_and_zone(text), None, "{text}");
    }
}

#[test]
fn numbers_are_no_dates() {
    for text in ["1596080481467", "-1", "1.6e12"] {
        assert!(is_bare_number(text.as_bytes()), "{text}");
    }
    assert!(!is_bare_number(b"2024-02-29"));
}
