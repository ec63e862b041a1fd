use proptest::prelude::*;

use super::*;
use crate::dataset::record_format::{Delimiter, Escape, Quote};

mod dialects;

type Fields = Vec<(String, bool)>;

/// A record as values: its line, its fields, its flaw, whether it was repaired, and its raw text.
#[derive(Debug, PartialEq)]
struct Seen {
    line: u64,
    fields: Fields,
    flaw: Option<Flaw>,
    repaired: bool,
    raw: Vec<u8>,
}

/// Gives a few bytes at a time, as a pipe may.
struct Drip<'a>(&'a [u8], usize);

impl Read for Drip<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.1.min(self.0.len()).min(buffer.len());
        buffer[..count].copy_from_slice(&self.0[..count]);
        self.0 = &self.0[count..];
        Ok(count)
    }
}

fn seen(record: &Record) -> Seen {
    let field = |index| {
        let (bytes, quoted) = record.field(index);
        (String::from_utf8_lossy(bytes).into_owned(), quoted)
    };
    Seen {
        line: record.line,
        fields: (0..record.len()).map(field).collect(),
        flaw: record.flaw,
        repaired: record.repaired,
        raw: record.raw.to_vec(),
    }
}

fn read_as(input: impl Read, dialect: Dialect) -> Result<Vec<Seen>> {
    let mut records = Records::new(input, Path::new("x.csv"), dialect)?;
    let mut all = Vec::new();
    while let Some(record) = records.read()? {
        all.push(seen(&record));
    }
    Ok(all)
}

fn read(text: &str) -> Vec<Seen> {
    read_as(text.as_bytes(), Dialect::default()).unwrap()
}

const ONE_LINE: Dialect = Dialect {
    breaks: false,
    ..Dialect::CSV
};

fn plain(seen: &Seen) -> Vec<String> {
    seen.fields.iter().map(|(text, _)| text.clone()).collect()
}

fn fields(text: &str) -> Vec<Vec<String>> {
    read(text).iter().map(plain).collect()
}

#[test]
fn quotes_are_told_from_bare_text() {
    let all = read("a,\"null\",null,\"\",\n");
    let expected = [
        ("a", false),
        ("null", true),
        ("null", false),
        ("", true),
        ("", false),
    ];
    assert_eq!(
        all[0].fields,
        expected.map(|(text, quoted)| (text.to_owned(), quoted))
    );
    assert_eq!(all.len(), 1);
}

#[test]
fn doubled_quotes_are_one() {
    assert_eq!(
        fields("\"a\"\"b\",\"\"\"\",\"\"\"c\"\"\",d\n"),
        [["a\"b", "\"", "\"c\"", "d"]]
    );
}

#[test]
fn blanks_around_quotes_are_not_part_of_the_field() {
    let text = "1, \"a, b\" ,\t\"\", c , \"d\"\n2,x \"y\",,,";
    let rows = [["1", "a, b", "", " c ", "d"], ["2", "x \"y\"", "", "", ""]];
    assert_eq!(fields(text), rows);
}

#[test]
fn another_delimiter_is_read() {
    let semicolon = Dialect {
        delimiter: Delimiter::of(b';'),
        ..Dialect::CSV
    };
    let all = read_as(&b"1;\"a;b\";c,d\n"[..], semicolon).unwrap();
    assert_eq!(plain(&all[0]), ["1", "a;b", "c,d"]);
    let tab = Dialect {
        delimiter: Delimiter::TAB,
        ..Dialect::CSV
    };
    let all = read_as(&b"1\t\"a\"\t\tb\n"[..], tab).unwrap();
    assert_eq!(plain(&all[0]), ["1", "a", "", "b"]);
}

#[test]
fn text_behind_a_closing_quote_is_refused_alone() {
    for text in [
        "1,\"a\"b\n2,c\n",
        "1,\"a\" b\r\n2,c\n",
        "1,\"a\" \"b\"\n2,c",
    ] {
        for dialect in [Dialect::default(), ONE_LINE] {
            let all = read_as(text.as_bytes(), dialect).unwrap();
            assert_eq!(all[0].flaw, Some(Flaw::TextBehindQuote), "{text:?}");
            assert_eq!(
                all[0].raw,
                text.lines().next().unwrap().as_bytes(),
                "{text:?}"
            );
            assert_eq!((all[1].line, plain(&all[1]).join(",").as_str()), (2, "2,c"));
        }
    }
}

#[test]
fn every_line_end_and_none_at_the_end_are_read() {
    for text in [
        "a,b\nc,d",
        "a,b\r\nc,d\r\n",
        "a,b\rc,d\r",
        "\u{feff}a,b\n\n\r\nc,d\n",
    ] {
        assert_eq!(fields(text), [["a", "b"], ["c", "d"]], "{text:?}");
    }
    assert!(fields("").is_empty());
    assert!(fields("\u{feff}\n\r\n\r").is_empty());
}

#[test]
fn lines_are_counted_through_quoted_breaks() {
    let lines = |text: &str| {
        read(text)
            .iter()
            .map(|record| record.line)
            .collect::<Vec<_>>()
    };
    assert_eq!(lines("\"a\nb\",1\nc,2\n\nd,3"), [1, 3, 5]);
    assert_eq!(lines("\"a\r\nb\",1\r\nc,2\r\n\r\nd,3"), [1, 3, 5]);
    assert_eq!(lines("\"a\rb\",1\rc,2\r\rd,3"), [1, 3, 5]);
}

#[test]
fn one_line_records_are_repaired_at_their_lines_end() {
    let two = "1,\"a\",\"b\r\n2,\"c\",\"d\"\n3,\"e\",\"f\n4,\"g\",\"h\"\n5,\"i\",\"j";
    let all = read_as(two.as_bytes(), ONE_LINE).unwrap();
    let rows: Vec<Vec<String>> = all.iter().map(plain).collect();
    assert_eq!(
        rows,
        [
            ["1", "a", "b"],
            ["2", "c", "d"],
            ["3", "e", "f"],
            ["4", "g", "h"],
            ["5", "i", "j"]
        ]
    );
    let repaired: Vec<bool> = all.iter().map(|record| record.repaired).collect();
    assert_eq!(repaired, [true, false, true, false, true]);
    assert_eq!(all[4].line, 5);
}

#[test]
fn where_breaks_are_allowed_an_unclosed_quote_costs_its_line_alone() {
    let two = "1,\"a\",\"b\n2,\"c\",\"d\"\r\n3,\"e\",\"f\n4,\"g\",\"h\"\n";
    let all = read(two);
    let flaws: Vec<_> = all
        .iter()
        .map(|record| (record.line, record.flaw.is_some()))
        .collect();
    assert_eq!(flaws, [(1, true), (2, false), (3, true), (4, false)]);
    assert_eq!(all[0].raw, b"1,\"a\",\"b");
    assert_eq!(plain(&all[3]), ["4", "g", "h"]);

    let end = read("1,a\n2,\"b\n3,c\n\n4,d");
    let seen: Vec<_> = end
        .iter()
        .map(|record| (record.line, record.flaw, record.fields.len()))
        .collect();
    assert_eq!(
        seen,
        [
            (1, None, 2),
            (2, Some(Flaw::Unclosed), 0),
            (3, None, 2),
            (5, None, 2)
        ]
    );
}

/// Reads records of three fields, the first of which is a number.
fn read_shaped(text: &str, dialect: Dialect) -> Vec<Seen> {
    let mut records = Records::new(text.as_bytes(), Path::new("x.csv"), dialect).unwrap();
    let mut fits = |record: &Record| record.field(0).0.iter().all(u8::is_ascii_digit);
    let mut shape = Shape {
        fields: 3,
        fits: &mut fits,
    };
    let mut all = Vec::new();
    while let Some(record) = records.read_as(&mut shape).unwrap() {
        all.push(seen(&record));
    }
    all
}

/// A record in short: its line, `repaired`, `flawed`, and its fields.
fn short(seen: &Seen) -> String {
    let fields = plain(seen).join("|").replace('\n', "/");
    match (seen.flaw, seen.repaired) {
        (Some(_), _) => format!("{} flawed", seen.line),
        (None, true) => format!("{} repaired {fields}", seen.line),
        (None, false) => format!("{} {fields}", seen.line),
    }
}

#[test]
fn records_are_csv_first_and_a_forgotten_quote_costs_no_other() {
    let cases: &[(&str, &[&str])] = &[
        // A field that closes, whatever lines it holds.
        ("1,a,\"b\nc\"\n2,d,e\n", &["1 1|a|b/c", "3 2|d|e"]),
        ("1,\"a\n\nb, c\nd\",e", &["1 1|a//b, c/d|e"]),
        ("1,a,\"b\nx,y,z\"", &["1 1|a|b/x,y,z"]),
        ("1,a,\"b\nx,y,z\nc\"", &["1 1|a|b/x,y,z/c"]),
        (
            "1,a,\"b\n\"\"c\"\"\n\"\n2,d,e",
            &["1 1|a|b/\"c\"/", "4 2|d|e"],
        ),
        // A line within the quotes that is a record.
        (
            "1,a,\"b\n2,c,d\n3,e,f\"\n4,g,h",
            &["1 repaired 1|a|b", "2 2|c|d", "3 3|e|f\"", "4 4|g|h"],
        ),
        (
            "1,a,\"b\n2,c,d\n3,e,f\n",
            &["1 repaired 1|a|b", "2 2|c|d", "3 3|e|f"],
        ),
        // Text behind the quote that seems to close it.
        (
            "1,\"a\",\"b\n2,\"c\",\"d\"\n3,\"e\",\"f\n4,\"g\",\"h\"\n",
            &["1 repaired 1|a|b", "2 2|c|d", "3 repaired 3|e|f", "4 4|g|h"],
        ),
        // Two in a row, and the last of the file.
        (
            "1,\"a\",\"b\n2,\"c\",\"d\n\n3,\"e\",\"f",
            &["1 repaired 1|a|b", "2 repaired 2|c|d", "4 repaired 3|e|f"],
        ),
        // What follows is no record: it may be the field's, so nothing is made up.
        (
            "1,a,\"b\nc \"d\" e\n2,f,g",
            &["1 flawed", "2 c \"d\" e", "3 2|f|g"],
        ),
        // A wrong number of fields: one record, unless its last line is another.
        ("1,a,\"b\nc\",d\n2,e,f", &["1 1|a|b/c|d", "3 2|e|f"]),
        ("1,\"a,b\n2,\",c\n3,d,e", &["1 1|a,b/2,|c", "3 3|d|e"]),
        ("1,\"a,b\n2,c,d\n3,e,f", &["1 flawed", "2 2|c|d", "3 3|e|f"]),
    ];
    for (text, expected) in cases {
        let all = read_shaped(text, Dialect::CSV);
        let found: Vec<String> = all.iter().map(short).collect();
        assert_eq!(found, *expected, "{text:?}");
    }
}

#[test]
fn lines_before_the_header_are_skipped() {
    let text = "\u{feff}# one\r\n#two\n\nid,name\n1,x\n";
    let skipped = |lines| -> Result<String> {
        let mut records = Records::new(text.as_bytes(), Path::new("x.csv"), Dialect::CSV)?;
        records.skip_lines(&lines)?;
        let record = records.read()?.map(|record| seen(&record));
        Ok(record.map_or_else(String::new, |record| short(&record)))
    };
    let starting = SkipLines::StartingWith("#".to_owned());
    assert_eq!(skipped(starting).unwrap(), "4 id|name");
    assert_eq!(skipped(SkipLines::Count(3)).unwrap(), "4 id|name");
    assert_eq!(skipped(SkipLines::Count(4)).unwrap(), "5 1|x");
    assert_eq!(skipped(SkipLines::Count(5)).unwrap(), "");
    let error = skipped(SkipLines::Count(6)).unwrap_err().to_string();
    assert_eq!(error, "x.csv has 5 lines, and 6 are to be skipped");
}

#[test]
fn a_quote_that_is_open_for_megabytes_costs_one_line() {
    let mut text = b"1,\"a\n".to_vec();
    let lines = LONGEST / 8 + 10;
    for _ in 0..lines {
        text.extend_from_slice(b"2345,ab\n");
    }
    let all = read_as(&*text, Dialect::default()).unwrap();
    assert_eq!(all.len(), lines + 1);
    assert_eq!(all[0].flaw, Some(Flaw::Unclosed));
    assert_eq!(all[lines].line, lines as u64 + 1);
}

#[test]
fn a_line_without_an_end_is_an_error() {
    let error = read_as(std::io::repeat(b'x'), ONE_LINE).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("x.csv, line 1: the line is longer than 16 MiB"),
        "{error}"
    );
}

#[test]
fn positions_lead_back_to_their_records() {
    let text = "a,b\r\n\"1\n2\",x\r\n3,\"y\r\n4,z\n";
    for dialect in [Dialect::default(), ONE_LINE] {
        let all = read_as(text.as_bytes(), dialect).unwrap();
        let mut records = Records::new(text.as_bytes(), Path::new("x.csv"), dialect).unwrap();
        let mut places = Vec::new();
        loop {
            places.push(records.position());
            if records.read().unwrap().is_none() {
                break;
            }
        }
        for (index, (at, line)) in places.into_iter().enumerate() {
            let mut records = Records::new(text.as_bytes(), Path::new("x.csv"), dialect).unwrap();
            records.skip_to(at, line).unwrap();
            let next = records.read().unwrap();
            let next = next.map(|record| (record.line, record.raw.to_vec()));
            let expected = all
                .get(index)
                .map(|record| (record.line, record.raw.clone()));
            assert_eq!(next, expected, "{dialect:?}, record {index}");
        }
    }
}

/// Texts of the bytes that decide most.
fn dirt() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(
        prop_oneof![
            Just(b'"'),
            Just(b','),
            Just(b'\n'),
            Just(b'\r'),
            Just(b' '),
            Just(b'a'),
            prop::num::u8::ANY
        ],
        0..120,
    )
}

proptest! {
    #[test]
    fn well_formed_csv_is_read_as_the_csv_crate_reads_it(
        rows in prop::collection::vec(prop::collection::vec("[a-z\",\r\n ]{0,6}", 3), 0..20),
        crlf in any::<bool>(),
        drip in 1..40usize,
    ) {
        let terminator = if crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
        let mut writer = csv::WriterBuilder::new().terminator(terminator).from_writer(Vec::new());
        for row in &rows {
            writer.write_record(row).unwrap();
        }
        let text = writer.into_inner().unwrap();
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(&*text);
        let expected: Vec<Vec<String>> = reader
            .records()
            .map(|record| record.unwrap().iter().map(str::to_owned).collect())
            .collect();
        let seen = read_as(Drip(&text, drip), Dialect::default()).unwrap();
        prop_assert!(seen.iter().all(|record| record.flaw.is_none() && !record.repaired));
        prop_assert_eq!(seen.iter().map(plain).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn any_bytes_are_read_to_their_end_alike_however_they_come(bytes in dirt(), drip in 1..40usize, breaks in any::<bool>()) {
        let dialect = Dialect { breaks, ..Dialect::CSV };
        let whole = read_as(&*bytes, dialect).unwrap();
        prop_assert_eq!(&read_as(Drip(&bytes, drip), dialect).unwrap(), &whole);
        // Nothing but a mark at the beginning and line ends is between records.
        let text = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&bytes);
        let kept: usize = whole.iter().map(|record| record.raw.len()).sum();
        let mut rest = text;
        for record in &whole {
            while let [b'\r' | b'\n', behind @ ..] = rest {
                rest = behind;
            }
            prop_assert!(rest.starts_with(&record.raw));
            rest = &rest[record.raw.len()..];
        }
        prop_assert!(rest.iter().all(|byte| matches!(byte, b'\r' | b'\n')));
        prop_assert!(kept <= text.len());
    }

    #[test]
    fn where_records_are_lines_each_line_is_one(bytes in dirt()) {
        let text = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&bytes);
        let lines = text.split(|byte| matches!(byte, b'\r' | b'\n')).filter(|line| !line.is_empty());
        let raw: Vec<Vec<u8>> = read_as(&*bytes, ONE_LINE).unwrap().into_iter().map(|record| record.raw).collect();
        prop_assert_eq!(raw, lines.map(<[u8]>::to_vec).collect::<Vec<_>>());
    }
}
