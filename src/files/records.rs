//! CSV records as others write them: fields with or without quotes, each record with the line it begins on.
//!
//! The `csv` crate does not tell a quoted `"null"` from a bare `null`, and takes text behind a closing quote for
//! granted; both decide here whether rows are right. COPY takes such text, too: two lines that each lack a closing
//! quote become one record, with everything between them inside it, and no error.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

const BUFFER: usize = 1 << 20;
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// The bytes that end a bare field or may begin a quoted one.
const SPECIAL: [bool; 256] = {
    let mut special = [false; 256];
    let mut each = 0;
    while each < 4 {
        special[b",\n\r\""[each] as usize] = true;
        each += 1;
    }
    special
};

/// Reads records one after the other; memory holds a buffer and the record.
pub struct Records<R> {
    input: R,
    path: PathBuf,
    buffer: Vec<u8>,
    /// The byte of the input that the buffer begins with.
    start: u64,
    at: usize,
    filled: usize,
    line: u64,
    after_return: bool,
}

/// One record, its fields unquoted.
#[derive(Debug, Default)]
pub struct Record {
    /// The line it begins on, from 1.
    pub line: u64,
    bytes: Vec<u8>,
    fields: Vec<Field>,
}

#[derive(Debug, Clone, Copy)]
struct Field {
    end: usize,
    quoted: bool,
}

enum State {
    Start,
    Bare,
    Quoted,
    Closed,
    /// In blanks behind the closing quote.
    Behind,
}

impl Record {
    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether there are none: the file's end.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// A field's bytes, and whether it stood in quotes.
    pub fn field(&self, index: usize) -> (&[u8], bool) {
        let start = if index == 0 {
            0
        } else {
            self.fields[index - 1].end
        };
        let Field { end, quoted } = self.fields[index];
        (&self.bytes[start..end], quoted)
    }

    fn clear(&mut self, line: u64) {
        self.line = line;
        self.bytes.clear();
        self.fields.clear();
    }

    fn end_field(&mut self, state: &State) {
        self.fields.push(Field {
            end: self.bytes.len(),
            quoted: matches!(state, State::Closed | State::Behind),
        });
    }

    /// Drops the field begun when nothing but blanks stands in it: those of `1, "a"`.
    fn forget_blanks(&mut self) -> bool {
        let start = self.fields.last().map_or(0, |field| field.end);
        let blank = self.bytes[start..]
            .iter()
            .all(|byte| matches!(byte, b' ' | b'\t'));
        if blank {
            self.bytes.truncate(start);
        }
        blank
    }

    fn is_blank(&self) -> bool {
        matches!(
            self.fields.as_slice(),
            [Field {
                end: 0,
                quoted: false
            }]
        )
    }
}

impl<R: Read> Records<R> {
    /// Reads `input`, called `path` in messages; a byte-order mark is passed over.
    pub fn new(input: R, path: &Path) -> Result<Records<R>> {
        let mut records = Records {
            input,
            path: path.to_owned(),
            buffer: vec![0; BUFFER],
            start: 0,
            at: 0,
            filled: 0,
            line: 1,
            after_return: false,
        };
        // A first read of a file or pipe brings more than three bytes wherever there are more.
        records.fill()?;
        if records.buffer[..records.filled].starts_with(BYTE_ORDER_MARK) {
            records.at = BYTE_ORDER_MARK.len();
        }
        Ok(records)
    }

    /// The next record that isn't a blank line; false at the end. Lines end in LF, CRLF or CR.
    ///
    /// Errors name the line: a quote that is never closed, text behind a closing quote.
    pub fn read(&mut self, record: &mut Record) -> Result<bool> {
        loop {
            record.clear(self.line);
            if !self.read_record(record)? {
                return Ok(false);
            }
            if !record.is_blank() {
                return Ok(true);
            }
        }
    }

    /// The byte of the input and the line at which the next record begins.
    pub fn position(&self) -> (u64, u64) {
        let rest = &self.buffer[self.at..self.filled];
        // The second half of a CRLF belongs to the record before.
        let behind = self.after_return && rest.first() == Some(&b'\n');
        (self.start + self.at as u64 + u64::from(behind), self.line)
    }

    /// Passes over the input up to a place that [`Records::position`] told earlier; all of it is read.
    pub fn skip_to(&mut self, at: u64, line: u64) -> Result<()> {
        while self.start + (self.filled as u64) < at {
            self.fill()?;
            if self.filled == 0 {
                bail!(
                    "{} ends before byte {at}, where its load was left; it was changed since",
                    self.path.display()
                );
            }
        }
        self.at = usize::try_from(at.saturating_sub(self.start))?;
        self.line = line;
        self.after_return = false;
        Ok(())
    }

    /// The input, to be asked about what was read.
    pub fn into_input(self) -> R {
        self.input
    }

    fn read_record(&mut self, record: &mut Record) -> Result<bool> {
        let mut state = State::Start;
        loop {
            state = self.take_run(record, state);
            let Some(byte) = self.next_byte()? else {
                return self.end_of_file(record, &state);
            };
            if std::mem::take(&mut self.after_return) && byte == b'\n' {
                continue;
            }
            state = match (state, byte) {
                (State::Quoted, b'"') => State::Closed,
                (State::Quoted, byte) => {
                    self.line += u64::from(byte == b'\n');
                    record.bytes.push(byte);
                    State::Quoted
                }
                (State::Closed, b'"') => {
                    record.bytes.push(b'"');
                    State::Quoted
                }
                (state, b',') => {
                    record.end_field(&state);
                    State::Start
                }
                (state, b'\n' | b'\r') => {
                    record.end_field(&state);
                    self.after_return = byte == b'\r';
                    self.line += 1;
                    return Ok(true);
                }
                (State::Closed | State::Behind, b' ' | b'\t') => State::Behind,
                (State::Closed | State::Behind, byte) => {
                    bail!(self.text_behind_quote(record, byte))
                }
                (State::Start, b'"') => State::Quoted,
                (State::Bare, b'"') if record.forget_blanks() => State::Quoted,
                (State::Start | State::Bare, byte) => {
                    record.bytes.push(byte);
                    State::Bare
                }
            };
        }
    }

    /// Takes what stands in the buffer up to the next byte that means something, at once.
    #[inline]
    fn take_run(&mut self, record: &mut Record, state: State) -> State {
        if self.after_return {
            return state;
        }
        let rest = &self.buffer[self.at..self.filled];
        let run = match state {
            State::Start | State::Bare => rest.iter().position(|&byte| SPECIAL[usize::from(byte)]),
            State::Quoted => memchr::memchr(b'"', rest),
            State::Closed | State::Behind => Some(0),
        };
        let run = run.unwrap_or(rest.len());
        let text = &rest[..run];
        if matches!(state, State::Quoted) {
            self.line += memchr::memchr_iter(b'\n', text).count() as u64;
        }
        record.bytes.extend_from_slice(text);
        self.at += run;
        match state {
            State::Start if run > 0 => State::Bare,
            state => state,
        }
    }

    fn end_of_file(&self, record: &mut Record, state: &State) -> Result<bool> {
        match state {
            State::Quoted => bail!(
                "{}, line {}: a quote opens in this record and is never closed; close it, or take it away",
                self.path.display(),
                record.line
            ),
            State::Start if record.is_empty() => Ok(false),
            state => {
                record.end_field(state);
                Ok(true)
            }
        }
    }

    fn text_behind_quote(&self, record: &Record, byte: u8) -> String {
        format!(
            "{}, line {}: a quoted field goes on with `{}` behind its closing quote; most often the quote of the field \
             before it is not closed, or a quote inside it is not doubled",
            self.path.display(),
            record.line,
            byte.escape_ascii()
        )
    }

    #[inline]
    fn next_byte(&mut self) -> Result<Option<u8>> {
        if self.at == self.filled {
            self.fill()?;
            if self.filled == 0 {
                return Ok(None);
            }
        }
        let byte = self.buffer[self.at];
        self.at += 1;
        Ok(Some(byte))
    }

    fn fill(&mut self) -> Result<()> {
        self.start += self.filled as u64;
        self.at = 0;
        self.filled = loop {
            match self.input.read(&mut self.buffer) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                result => {
                    break result
                        .with_context(|| format!("could not read {}", self.path.display()))?;
                }
            }
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Fields = Vec<(String, bool)>;

    fn read(text: &[u8]) -> Result<Vec<(u64, Fields)>> {
        let mut records = Records::new(text, Path::new("x.csv"))?;
        let (mut record, mut all) = (Record::default(), Vec::new());
        while records.read(&mut record)? {
            let field = |index| {
                let (bytes, quoted) = record.field(index);
                (String::from_utf8_lossy(bytes).into_owned(), quoted)
            };
            all.push((record.line, (0..record.len()).map(field).collect()));
        }
        Ok(all)
    }

    fn fields(text: &str) -> Vec<Vec<String>> {
        let plain = |record: (u64, Vec<(String, bool)>)| {
            record.1.into_iter().map(|(text, _)| text).collect()
        };
        read(text.as_bytes())
            .unwrap()
            .into_iter()
            .map(plain)
            .collect()
    }

    #[test]
    fn quotes_are_told_from_bare_text() {
        let all = read(b"a,\"null\",null,\"\",\n").unwrap();
        let expected = [
            ("a", false),
            ("null", true),
            ("null", false),
            ("", true),
            ("", false),
        ];
        assert_eq!(
            all,
            [(
                1,
                expected
                    .map(|(text, quoted)| (text.to_owned(), quoted))
                    .to_vec()
            )]
        );
    }

    #[test]
    fn blanks_around_quotes_are_not_part_of_the_field() {
        let text = "1, \"a, b\" ,\t\"\", c , \"d\"\n2,x \"y\",,,";
        let rows = [["1", "a, b", "", " c ", "d"], ["2", "x \"y\"", "", "", ""]];
        assert_eq!(fields(text), rows);
    }

    #[test]
    fn text_behind_a_closing_quote_is_refused() {
        for text in ["1,\"a\"b\n", "1,\"a\" b\n", "1,\"a\" \"b\"\n"] {
            let error = read(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains("x.csv, line 1:"), "{text:?}: {error}");
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
    }

    #[test]
    fn lines_are_counted_through_quoted_breaks() {
        let all = read(b"\"a\nb\",1\nc,2\n\nd,3").unwrap();
        assert_eq!(
            all.iter().map(|record| record.0).collect::<Vec<_>>(),
            [1, 3, 5]
        );
    }

    #[test]
    fn an_unclosed_quote_never_merges_two_records_in_silence() {
        let two = "1,\"a\",\"b\n2,\"c\",\"d\"\n3,\"e\",\"f\n4,\"g\",\"h\"\n";
        let error = read(two.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("x.csv, line 1:"), "{error}");
        let error = read(b"1,a\n2,\"b\n3,c\n").unwrap_err().to_string();
        assert!(
            error.contains("x.csv, line 2:") && error.contains("never closed"),
            "{error}"
        );
    }

    proptest! {
        #[test]
        fn well_formed_csv_is_read_as_the_csv_crate_reads_it(
            rows in prop::collection::vec(prop::collection::vec("[a-z\",\n ]{0,6}", 3), 0..20)
        ) {
            let mut writer = csv::Writer::from_writer(Vec::new());
            for row in &rows {
                writer.write_record(row).unwrap();
            }
            let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
            prop_assert_eq!(fields(&text), rows);
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(prop::num::u8::ANY, 0..200)) {
            let _ = read(&bytes);
        }
    }
}
