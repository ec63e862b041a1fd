//! Each text is accepted by the reader of its type, where there is one, and distinct indexes give distinct texts.

use std::collections::HashSet;

use super::network::IpVersion;
use super::range::Overlap;
use super::*;
use crate::dataset::draw::Key;

fn key() -> Key {
    Key::new(42, "t", "c")
}

fn text(values: &Values, choices: Choices) -> String {
    let mut out = Vec::new();
    values.write(choices, &mut out);
    String::from_utf8(out).unwrap()
}

fn of_index(values: &Values, index: u64) -> String {
    text(
        values,
        Choices::of_index(key(), index + 1, index, values.domain()),
    )
}

fn drawn(values: &Values, row: u64) -> String {
    text(values, Choices::drawn(row, key().row(row)))
}

fn range(of: RangeOf, min: i64, max: i64, length: u64, overlap: Overlap) -> RangeValues {
    RangeValues {
        of,
        min,
        max,
        length,
        overlap,
        multi: false,
    }
}

fn all() -> Vec<Values> {
    let point = Point {
        min: -1_000,
        max: 180_000,
        scale: 3,
    };
    let timed = UuidVersion::Timed {
        from: 1_600_000_000_000,
        to: 1_700_000_000_000,
        rows: 2000,
    };
    let mut all = vec![
        Values::Uuid(Uuid {
            version: UuidVersion::Random,
        }),
        Values::Uuid(Uuid { version: timed }),
        Values::Inet(Inet {
            version: IpVersion::V4,
        }),
        Values::Inet(Inet {
            version: IpVersion::V6,
        }),
        Values::Cidr(Cidr {
            version: IpVersion::V4,
        }),
        Values::Cidr(Cidr {
            version: IpVersion::V6,
        }),
        Values::Macaddr(Macaddr { bytes: 6 }),
        Values::Macaddr(Macaddr { bytes: 8 }),
        Values::Point(point.clone()),
        Values::Polygon(Polygon {
            corner: point,
            corners: 5,
        }),
        Values::Labels(Labels::new(1, 4)),
        Values::Lexemes(Lexemes { count: 5 }),
        Values::Code(Code::new(1, 3, code::alphabet("a-zA-Z0-9äÄ").unwrap())),
        Values::Pattern(Pattern::new("^[a-z]+(-[a-z]+)*$", 3, Some(20)).unwrap()),
    ];
    for (min, max) in [(0, 0), (0, 3), (1, 1), (16, 16), (2, 40)] {
        all.push(Values::Bytea(Bytea::new(min, max)));
        all.push(Values::Bits(BitString::new(min, max)));
    }
    for (min, max) in [
        (0, 1),
        (0, 5),
        (3, 10),
        (10, 10),
        (0, 20),
        (24, 24),
        (0, 40),
        (20, 200),
        (500, 600),
    ] {
        all.push(Values::Prose(Prose { min, max }));
    }
    for overlap in [Overlap::Allowed, Overlap::Never] {
        all.push(Values::Range(range(RangeOf::Integer, -5, 500, 7, overlap)));
        all.push(Values::Range(range(
            RangeOf::Date,
            18_000,
            20_000,
            30,
            overlap,
        )));
        all.push(Values::Range(range(
            RangeOf::Timestamp,
            0,
            1_700_000_000,
            3_600,
            overlap,
        )));
    }
    all
}

#[test]
fn distinct_indexes_give_distinct_texts() {
    for values in all() {
        let domain = u64::try_from(values.domain()).unwrap();
        assert!(domain > 0, "{values:?}");
        let mut seen = HashSet::new();
        let indexes: HashSet<u64> = (0..domain.min(1500))
            .flat_map(|it| [it, domain - 1 - it])
            .collect();
        for &index in &indexes {
            assert!(
                seen.insert(of_index(&values, index).to_lowercase()),
                "{values:?} repeats that of {index}"
            );
        }
    }
}

#[test]
fn a_row_always_has_the_same_text() {
    for values in all() {
        assert_eq!(drawn(&values, 7), drawn(&values, 7));
        assert_eq!(of_index(&values, 0), of_index(&values, 0));
    }
}

#[test]
fn traits_hold_for_every_text() {
    for values in all() {
        for row in 1..300 {
            let text = drawn(&values, row);
            assert!(!text.is_empty() || values.may_be_empty(), "{values:?}");
            for byte in [b',', b'"', b'\n', b'\r', b'\\'] {
                assert!(
                    !text.contains(char::from(byte)) || values.may_hold(byte),
                    "{values:?} {text}"
                );
            }
        }
    }
}

#[test]
fn prose_keeps_its_lengths() {
    for values in all() {
        let Values::Prose(Prose { min, max }) = values else {
            continue;
        };
        let domain = u64::try_from(values.domain()).unwrap();
        for row in 0..300 {
            for text in [drawn(&values, row), of_index(&values, row % domain)] {
                let length = u32::try_from(text.chars().count()).unwrap();
                assert!((min..=max).contains(&length), "{min} to {max}: {text:?}");
                assert_eq!(text.trim(), text);
            }
        }
    }
}

#[test]
fn uuids_never_repeat_and_version_7_rises() {
    let random = Values::Uuid(Uuid {
        version: UuidVersion::Random,
    });
    let texts: HashSet<String> = (1..=20_000).map(|row| drawn(&random, row)).collect();
    assert_eq!(texts.len(), 20_000);
    assert!(
        texts
            .iter()
            .all(|it| &it[14..15] == "4" && "89ab".contains(&it[19..20]))
    );
    let timed = UuidVersion::Timed {
        from: 1_000,
        to: 5_000_000,
        rows: 0,
    };
    let timed = Values::Uuid(Uuid { version: timed }.for_rows(1000));
    let texts: Vec<String> = (1..=1000).map(|row| drawn(&timed, row)).collect();
    assert!(texts.is_sorted_by(|a, b| a < b));
    assert!(texts.iter().all(|it| &it[14..15] == "7"));
    assert_eq!(&texts[0][..13], "00000000-03e8");
}

#[test]
fn addresses_belong_to_nobody() {
    let inet = Values::Inet(Inet {
        version: IpVersion::V4,
    });
    let documentation = ["192.0.2.", "198.51.100.", "203.0.113."];
    for row in 0..500 {
        let text = drawn(&inet, row);
        assert!(
            documentation.iter().any(|it| text.starts_with(it)),
            "{text}"
        );
    }
    assert!(of_index(&inet, 762).starts_with("10."));
    assert!(
        of_index(
            &Values::Inet(Inet {
                version: IpVersion::V6
            }),
            9
        )
        .starts_with("2001:db8:")
    );
    let local = drawn(&Values::Macaddr(Macaddr { bytes: 6 }), 3);
    assert_eq!(u8::from_str_radix(&local[..2], 16).unwrap() & 3, 2);
}

#[test]
fn ranges_with_slots_never_overlap() {
    let values = Values::Range(range(RangeOf::Integer, 0, 10_000, 9, Overlap::Never));
    let mut bounds: Vec<(i64, i64)> = (0..1111)
        .map(|index| {
            let text = of_index(&values, index);
            let (lower, upper) = text[1..text.len() - 1].split_once(',').unwrap();
            (lower.parse().unwrap(), upper.parse().unwrap())
        })
        .collect();
    bounds.sort_unstable();
    assert!(bounds.windows(2).all(|pair| pair[0].1 <= pair[1].0));
    assert!(
        bounds
            .iter()
            .all(|(lower, upper)| lower < upper && *upper <= 10_000)
    );
}

#[test]
fn alphabets_have_ranges() {
    assert_eq!(code::alphabet("a-c-").unwrap(), ['-', 'a', 'b', 'c']);
    for (text, message) in [
        ("z-a", "backwards"),
        ("a", "two characters"),
        ("a\t", "control"),
    ] {
        assert!(
            code::alphabet(text)
                .unwrap_err()
                .to_string()
                .contains(message),
            "{text}"
        );
    }
}

#[test]
fn prose_has_the_bytes_that_it_is_asked_for_in_the_mean() {
    for bytes in [3.0, 12.0, 24.0, 30.0, 60.0, 139.0, 500.0, 2_000.0] {
        let prose = Values::Prose(Prose::of_bytes(bytes, false));
        let total: usize = (1..=2_000).map(|row| drawn(&prose, row).len()).sum();
        let mean = total as f64 / 2_000.0;
        assert!((mean - bytes).abs() < bytes * 0.06 + 0.5, "{bytes}: {mean}");
        let prose = Values::Prose(Prose::of_bytes(bytes, true));
        assert!(
            (of_index(&prose, 7).len() as f64 - bytes).abs() < 0.5,
            "{bytes}"
        );
    }
}
