//! Records of foreign CSV files: fields with or without quotes, each record with the line it begins on and its text as it
//! is in the file.
//!
//! The `csv` crate does not distinguish a quoted `"null"` from a bare `null`, and accepts text behind a closing
//! quote; both decide here whether rows are right. COPY takes such text, too: two lines that each lack a closing
//! quote become one record, with everything between them inside it, and no error.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use memchr::{memchr2, memchr3};

mod record;
mod scan;

use record::FieldSpan;
pub use record::{Flaw, Record};
use scan::{OpenQuote, RecordEnd, Refill, ScanState, bare, count_lines};

const BUFFER: usize = 1 << 20;
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// The longest record, bytes: a quote that is never closed would else take the whole file into memory.
const LONGEST: usize = 16 << 20;

/// How a file's records are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dialect {
    /// The byte between fields.
    pub delimiter: u8,
    /// Whether a field in quotes may hold line breaks. Where it may not, a record ends where its line does, whatever its
    /// quotes say.
    pub breaks: bool,
}

impl Default for Dialect {
    fn default() -> Dialect {
        Dialect {
            delimiter: b',',
            breaks: true,
        }
    }
}

/// Reads records one after the other; memory holds a buffer with the whole of the record.
pub struct Records<R> {
    input: R,
    path: PathBuf,
    dialect: Dialect,
    /// The bytes that end a bare field or may begin a quoted one.
    special: [bool; 256],
    buffer: Vec<u8>,
    /// The byte of the input that the buffer begins with.
    start: u64,
    /// Where in the buffer the record begins.
    begin: usize,
    at: usize,
    filled: usize,
    line: u64,
    fields: Vec<FieldSpan>,
    /// The fields with doubled quotes, without them.
    unescaped: Vec<u8>,
}

impl<R: Read> Records<R> {
    /// Reads `input`, called `path` in messages; a byte-order mark is passed over.
    pub fn new(input: R, path: &Path, dialect: Dialect) -> Result<Records<R>> {
        let mut records = Records::at_start(input, path, dialect);
        while records.filled < BYTE_ORDER_MARK.len() && matches!(records.fill()?, Refill::More) {}
        if records.buffer[..records.filled].starts_with(BYTE_ORDER_MARK) {
            records.at = BYTE_ORDER_MARK.len();
        }
        Ok(records)
    }

    fn at_start(input: R, path: &Path, dialect: Dialect) -> Records<R> {
        let mut special = [false; 256];
        for byte in [dialect.delimiter, b'\n', b'\r', b'"'] {
            special[usize::from(byte)] = true;
        }
        Records {
            input,
            path: path.to_owned(),
            dialect,
            special,
            buffer: vec![0; BUFFER],
            start: 0,
            begin: 0,
            at: 0,
            filled: 0,
            line: 1,
            fields: Vec::new(),
            unescaped: Vec::new(),
        }
    }

    /// The next record that isn't a blank line; `None` at the end. Lines end in LF, CRLF or CR.
    ///
    /// A record that cannot be parsed is one line, and has a flaw; the next one begins on the line behind it. An error
    /// when the input cannot be read, or has a line longer than 16 MiB.
    pub fn read(&mut self) -> Result<Option<Record<'_>>> {
        loop {
            let line = self.line;
            let (end, flaw, mended) = match self.read_record()? {
                RecordEnd::Nothing => return Ok(None),
                RecordEnd::Whole { end, mended } => (end, None, mended),
                RecordEnd::Flawed { end, flaw } => {
                    self.fields.clear();
                    (end, Some(flaw), false)
                }
            };
            let blank = end == 0;
            if !blank {
                return Ok(Some(Record {
                    line,
                    raw: &self.buffer[self.begin..self.begin + end],
                    flaw,
                    mended,
                    fields: &self.fields,
                    unescaped: &self.unescaped,
                }));
            }
        }
    }

    /// Resumes at a place that [`Records::position`] returned earlier; `input` is there already.
    pub fn resume(input: R, path: &Path, dialect: Dialect, at: u64, line: u64) -> Records<R> {
        Records {
            start: at,
            line,
            ..Records::at_start(input, path, dialect)
        }
    }

    /// The byte of the input and the line at which the next record begins.
    pub fn position(&self) -> (u64, u64) {
        (self.start + self.at as u64, self.line)
    }

    /// Skips the input up to a place that [`Records::position`] returned earlier; all of it is read.
    pub fn skip_to(&mut self, at: u64, line: u64) -> Result<()> {
        while self.start + (self.filled as u64) < at {
            self.begin = self.filled;
            self.at = self.filled;
            if !matches!(self.fill()?, Refill::More) {
                bail!(
                    "{} ends before byte {at}, where its load is to be resumed; it was changed since",
                    self.path.display()
                );
            }
        }
        self.at = usize::try_from(at.saturating_sub(self.start))?;
        self.line = line;
        Ok(())
    }

    /// The input.
    pub fn input(&self) -> &R {
        &self.input
    }

    fn read_record(&mut self) -> Result<RecordEnd> {
        self.fields.clear();
        self.unescaped.clear();
        self.begin = self.at;
        let (mut state, mut from, mut open) = (ScanState::Start, 0, OpenQuote::default());
        // The first line's end, once a quoted field goes on behind it.
        let mut first_break = None;
        loop {
            match self.find(state) {
                Some(0) => {}
                Some(run) => {
                    self.at += run;
                    state = bare(state);
                }
                None => {
                    state = if self.at < self.filled {
                        bare(state)
                    } else {
                        state
                    };
                    self.at = self.filled;
                    match self.fill()? {
                        Refill::More => continue,
                        Refill::End => {
                            return Ok(self.end_of_input(state, from, &open, first_break));
                        }
                        Refill::TooLong => return self.too_long(first_break),
                    }
                }
            }
            let byte = self.buffer[self.at];
            let here = self.at - self.begin;
            self.at += 1;
            let ends_line = matches!(byte, b'\n' | b'\r');
            match state {
                ScanState::Quoted if byte == b'"' => {
                    if self.peek()? == Some(b'"') {
                        self.at += 1;
                        self.unescape(&mut open, here + 1);
                    } else {
                        self.close(&open, here);
                        state = ScanState::Behind;
                    }
                }
                ScanState::Quoted if self.dialect.breaks => {
                    first_break.get_or_insert(here);
                    self.end_line(byte)?;
                }
                ScanState::Quoted => {
                    self.close(&open, here);
                    self.end_line(byte)?;
                    return Ok(RecordEnd::Whole {
                        end: here,
                        mended: true,
                    });
                }
                ScanState::Start | ScanState::Bare if byte == b'"' => {
                    let before = &self.buffer[self.begin + from..self.begin + here];
                    if before.iter().all(|byte| matches!(byte, b' ' | b'\t')) {
                        (state, open) = (
                            ScanState::Quoted,
                            OpenQuote {
                                from: here + 1,
                                copied: None,
                            },
                        );
                    } else {
                        state = ScanState::Bare;
                    }
                }
                _ if byte == self.dialect.delimiter || ends_line => {
                    if state != ScanState::Behind {
                        self.push_bare(from, here);
                    }
                    if ends_line {
                        self.end_line(byte)?;
                        return Ok(RecordEnd::Whole {
                            end: here,
                            mended: false,
                        });
                    }
                    (state, from) = (ScanState::Start, here + 1);
                }
                ScanState::Behind if matches!(byte, b' ' | b'\t') => {}
                _ => return self.text_behind_quote(first_break),
            }
        }
    }

    /// How far it is to the next byte that means something.
    #[inline]
    fn find(&self, state: ScanState) -> Option<usize> {
        let rest = &self.buffer[self.at..self.filled];
        match state {
            ScanState::Start | ScanState::Bare => rest
                .iter()
                .position(|&byte| self.special[usize::from(byte)]),
            ScanState::Quoted => memchr3(b'"', b'\n', b'\r', rest),
            ScanState::Behind if rest.is_empty() => None,
            ScanState::Behind => Some(0),
        }
    }

    #[inline]
    fn push_bare(&mut self, start: usize, end: usize) {
        self.fields.push(FieldSpan {
            start,
            end,
            quoted: false,
            unescaped: false,
        });
    }

    /// Copies what is before a doubled quote, up to `end`, and one of the two.
    fn unescape(&mut self, open: &mut OpenQuote, end: usize) {
        open.copied.get_or_insert(self.unescaped.len());
        let text = &self.buffer[self.begin + open.from..self.begin + end];
        self.unescaped.extend_from_slice(text);
        open.from = end + 1;
    }

    /// Ends a quoted field.
    #[inline]
    fn close(&mut self, open: &OpenQuote, end: usize) {
        let (start, end) = match open.copied {
            None => (open.from, end),
            Some(start) => {
                let rest = &self.buffer[self.begin + open.from..self.begin + end];
                self.unescaped.extend_from_slice(rest);
                (start, self.unescaped.len())
            }
        };
        self.fields.push(FieldSpan {
            start,
            end,
            quoted: true,
            unescaped: open.copied.is_some(),
        });
    }

    /// Counts a line, and passes over the second half of a CRLF.
    #[inline]
    fn end_line(&mut self, byte: u8) -> Result<()> {
        if byte == b'\r' && self.peek()? == Some(b'\n') {
            self.at += 1;
        }
        self.line += 1;
        Ok(())
    }

    fn end_of_input(
        &mut self,
        state: ScanState,
        from: usize,
        open: &OpenQuote,
        first_break: Option<usize>,
    ) -> RecordEnd {
        let end = self.filled - self.begin;
        let mut mended = false;
        match state {
            ScanState::Start if end == 0 => return RecordEnd::Nothing,
            ScanState::Start | ScanState::Bare => self.push_bare(from, end),
            ScanState::Quoted if self.dialect.breaks => {
                return self.flawed(Flaw::Unclosed, first_break.unwrap_or(end));
            }
            ScanState::Quoted => {
                self.close(open, end);
                mended = true;
            }
            ScanState::Behind => {}
        }
        RecordEnd::Whole { end, mended }
    }

    /// A line that cannot be parsed, up to `end`; the next record begins behind it.
    fn flawed(&mut self, flaw: Flaw, end: usize) -> RecordEnd {
        let text = &self.buffer[self.begin..self.begin + end];
        // Breaks within the record were counted; all but the first line are read again.
        let behind = &self.buffer[self.begin + end..self.at];
        self.line -= count_lines(behind);
        debug_assert!(count_lines(text) == 0, "a flawed record is one line");
        let line_end = match behind {
            [b'\r', b'\n', ..] => 2,
            [b'\r' | b'\n', ..] => 1,
            _ => 0,
        };
        self.line += u64::from(line_end > 0);
        self.at = self.begin + end + line_end;
        RecordEnd::Flawed { end, flaw }
    }

    /// Refuses the record's first line. The quote that was open may be the fault of it, when there are more.
    fn text_behind_quote(&mut self, first_break: Option<usize>) -> Result<RecordEnd> {
        if let Some(end) = first_break {
            return Ok(self.flawed(Flaw::Unclosed, end));
        }
        let end = loop {
            let rest = &self.buffer[self.at..self.filled];
            match memchr2(b'\n', b'\r', rest) {
                Some(run) => {
                    self.at += run;
                    break self.at - self.begin;
                }
                None => {
                    self.at = self.filled;
                    match self.fill()? {
                        Refill::More => {}
                        Refill::End => break self.filled - self.begin,
                        Refill::TooLong => return self.too_long(None),
                    }
                }
            }
        };
        if self.at < self.filled {
            let byte = self.buffer[self.at];
            self.at += 1;
            self.end_line(byte)?;
        }
        Ok(RecordEnd::Flawed {
            end,
            flaw: Flaw::TextBehindQuote,
        })
    }

    fn too_long(&mut self, first_break: Option<usize>) -> Result<RecordEnd> {
        match first_break {
            Some(end) => Ok(self.flawed(Flaw::Unclosed, end)),
            None => bail!(
                "{}, line {}: the line is longer than {} MiB; is this a CSV file?",
                self.path.display(),
                self.line,
                LONGEST >> 20
            ),
        }
    }

    /// The byte behind, if there is one.
    #[inline]
    fn peek(&mut self) -> Result<Option<u8>> {
        if self.at == self.filled && !matches!(self.fill_more()?, Refill::More) {
            return Ok(None);
        }
        Ok(Some(self.buffer[self.at]))
    }

    /// Reads more behind what is there, keeping the record.
    fn fill(&mut self) -> Result<Refill> {
        if self.filled - self.begin >= LONGEST {
            return Ok(Refill::TooLong);
        }
        self.fill_more()
    }

    fn fill_more(&mut self) -> Result<Refill> {
        if self.begin > 0 {
            self.buffer.copy_within(self.begin..self.filled, 0);
            self.start += self.begin as u64;
            self.at -= self.begin;
            self.filled -= self.begin;
            self.begin = 0;
        }
        if self.filled == self.buffer.len() {
            self.buffer.resize(2 * self.filled, 0);
        }
        let count = loop {
            match self.input.read(&mut self.buffer[self.filled..]) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                result => {
                    break result
                        .with_context(|| format!("could not read {}", self.path.display()))?;
                }
            }
        };
        self.filled += count;
        Ok(match count {
            0 => Refill::End,
            _ => Refill::More,
        })
    }
}

#[cfg(test)]
mod tests;
