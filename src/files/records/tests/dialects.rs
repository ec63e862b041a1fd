//! Delimiters, quotes and escapes other than CSV's own.

use super::*;

#[test]
fn dialects_are_read() {
    let quote = |byte| Dialect {
        quote: Quote::Byte(byte),
        ..Dialect::CSV
    };
    let bare = Dialect {
        quote: Quote::None,
        delimiter: Delimiter::TAB,
        ..Dialect::CSV
    };
    let backslash = Dialect {
        escape: Escape::Backslash,
        ..Dialect::CSV
    };
    let text = Dialect {
        escape: Escape::Backslash,
        literal: true,
        ..bare
    };
    let colons = Dialect {
        delimiter: Delimiter::parse("::").unwrap(),
        ..Dialect::CSV
    };
    let piped = Dialect {
        delimiter: Delimiter::of(b'|'),
        trailing_delimiter: true,
        ..Dialect::CSV
    };
    let trimmed = Dialect {
        trim: true,
        ..Dialect::CSV
    };
    let cases: &[(Dialect, &str, &[&[&str]])] = &[
        (
            quote(b'\''),
            "1,'a,b'\n2,\"c'\n",
            &[&["1", "a,b"], &["2", "\"c'"]],
        ),
        (bare, "1\t\"a\n2\tb\"c\n", &[&["1", "\"a"], &["2", "b\"c"]]),
        (
            backslash,
            "1,\"a\\\"b\\\\\",\\N\n2,\"c\\\nd\\n\",\"\\N\"\n3,\"e\"\"f\",g\\h\n",
            &[
                &["1", "a\"b\\", ""],
                &["2", "c\nd\n", "N"],
                &["3", "e\"f", "g\\h"],
            ],
        ),
        (
            text,
            "1\t\\N\ta\\tb\n\\101\\\\\tc\\\nd\t\n\\.\n",
            &[&["1", "", "a\tb"], &["A\\", "c\nd", ""]],
        ),
        (
            colons,
            "1::a:b::\"c::d\"::\n2::\"e\"::::f",
            &[&["1", "a:b", "c::d", ""], &["2", "e", "", "f"]],
        ),
        (
            piped,
            "1|a|\n2||\n3|b\n",
            &[&["1", "a"], &["2", ""], &["3", "b"]],
        ),
        (
            trimmed,
            " 1 ,\" a \", b \"c\" \n",
            &[&["1", "a", "b \"c\""]],
        ),
    ];
    for (dialect, file, expected) in cases {
        for drip in [1, 2, 3, 1000] {
            let all = read_as(Drip(file.as_bytes(), drip), *dialect).unwrap();
            let found: Vec<Vec<String>> = all.iter().map(plain).collect();
            assert_eq!(found, *expected, "{file:?} by {drip}");
        }
    }
    let nulls = read_as(&b"\\N\t\\\\N\t\n"[..], text).unwrap();
    let quoted: Vec<bool> = nulls[0].fields.iter().map(|(_, quoted)| *quoted).collect();
    assert_eq!(quoted, [false, true, true]);
}

#[test]
fn what_is_written_in_a_dialect_is_read_again() {
    let fields = ["a", "", " b ", "c\nd", "e\"f", "g\\h", "i::j", "k,l", "\t"];
    let mut options = Vec::new();
    for delimiter in [",", "tab", "::", "|"] {
        for escape in [Escape::Doubled, Escape::Backslash] {
            for quote in [Quote::DOUBLE, Quote::Byte(b'\''), Quote::None] {
                options.push((Delimiter::parse(delimiter).unwrap(), quote, escape));
            }
        }
    }
    for (delimiter, quote, escape) in options {
        let dialect = Dialect {
            delimiter,
            quote,
            escape,
            ..Dialect::CSV
        };
        let mut line = dialect.line(fields);
        line.push(b'\n');
        let all = read_as(&*line, dialect).unwrap();
        assert_eq!(
            (all.len(), all[0].fields.len()),
            (1, fields.len()),
            "{dialect:?}"
        );
        if (quote, escape) != (Quote::None, Escape::Doubled) {
            assert_eq!(plain(&all[0]), fields, "{dialect:?}");
        }
    }
}
