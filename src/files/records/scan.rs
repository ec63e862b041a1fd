//! Reading one record: a state machine over the bytes that mean something.

use std::io::Read;

use anyhow::Result;
use memchr::memchr3;

use crate::dataset::record_format::Escape;
use crate::files::records::Records;
use crate::files::records::buffer::Refill;
use crate::files::records::escape;
use crate::files::records::plain::Plain;
use crate::files::records::record::{FieldSpan, Flaw, Shape};
use crate::files::records::state::State;

/// How a record ended.
pub(super) enum RecordEnd {
    /// At the end of the input, before it began.
    Nothing,
    Whole {
        end: usize,
        repaired: bool,
    },
    Flawed {
        end: usize,
        flaw: Flaw,
    },
}

/// The record that is being read. Places are counted from its beginning.
pub(super) struct Scan<'s, 'j> {
    state: State,
    /// Where the field begins.
    from: usize,
    /// Whether the bare field has escapes.
    escaped: bool,
    open: OpenQuote,
    pub(super) lines: Lines,
    pub(super) shape: Option<&'s mut Shape<'j>>,
}

/// The quoted field that is open.
#[derive(Default)]
struct OpenQuote {
    /// Where its text begins, or goes on behind a doubled quote.
    from: usize,
    /// Where its text begins among the unescaped, once it has a doubled quote.
    copied: Option<usize>,
    /// Whether it has escapes behind a backslash.
    escaped: bool,
}

/// The lines of a record of several.
#[derive(Clone, Copy)]
pub(super) struct Lines {
    /// The number of the first.
    pub(super) first: u64,
    /// The first line's end, once a quoted field goes on behind it.
    pub(super) first_end: Option<usize>,
    /// Where the last line so far begins.
    pub(super) last: usize,
}

impl<R: Read> Records<R> {
    /// The next record, its fields in `self`.
    pub(super) fn read_record(&mut self, shape: Option<&mut Shape>) -> Result<RecordEnd> {
        self.fields.clear();
        self.unescaped.clear();
        self.text.begin = self.text.at;
        let (state, from) = match self.plain_fields() {
            Plain::Record(end) => {
                self.finish_fields();
                return Ok(RecordEnd::whole(end));
            }
            Plain::Undecided { state, from } => (state, from),
        };
        let mut scan = Scan {
            state,
            from,
            escaped: false,
            open: OpenQuote::default(),
            lines: Lines {
                first: self.line,
                first_end: None,
                last: 0,
            },
            shape,
        };
        let ended = loop {
            match self.find(scan.state) {
                Some(0) => {}
                Some(run) => {
                    self.text.at += run;
                    scan.state = scan.state.behind_text();
                }
                None => {
                    if self.text.at < self.text.filled {
                        scan.state = scan.state.behind_text();
                    }
                    self.text.at = self.text.filled;
                    match self.text.fill()? {
                        Refill::More => continue,
                        Refill::End => break self.end_of_input(&mut scan)?,
                        Refill::TooLong => break self.too_long(&mut scan)?,
                    }
                }
            }
            let byte = self.text.bytes[self.text.at];
            let here = self.text.at - self.text.begin;
            self.text.at += 1;
            let ended = match scan.state {
                State::Start | State::Bare => self.bare(&mut scan, byte, here)?,
                State::Quoted => self.quoted(&mut scan, byte, here)?,
                State::Behind => self.behind_quote(&mut scan, byte, here)?,
            };
            if let Some(ended) = ended {
                break ended;
            }
        };
        self.finish(ended, &mut scan)
    }

    /// How far it is to the next byte that means something.
    #[inline]
    fn find(&self, state: State) -> Option<usize> {
        let rest = self.text.rest();
        match state {
            State::Start | State::Bare => rest
                .iter()
                .position(|&byte| self.special[usize::from(byte)]),
            State::Quoted => {
                let quote = self.dialect.quote.byte().unwrap_or(b'\n');
                let found = memchr3(quote, b'\n', b'\r', rest);
                match self.dialect.escape {
                    Escape::Doubled => found,
                    Escape::Backslash => {
                        let before = &rest[..found.unwrap_or(rest.len())];
                        memchr::memchr(b'\\', before).or(found)
                    }
                }
            }
            State::Behind if rest.is_empty() => None,
            State::Behind => Some(0),
        }
    }

    /// A byte of a field without quotes.
    #[inline]
    fn bare(&mut self, scan: &mut Scan, byte: u8, here: usize) -> Result<Option<RecordEnd>> {
        if self.is_delimiter(byte)? {
            self.push_bare(scan, here);
            scan.begin_field(self.text.at - self.text.begin);
            return Ok(None);
        }
        if matches!(byte, b'\n' | b'\r') {
            self.push_bare(scan, here);
            self.end_line(byte)?;
            return Ok(Some(RecordEnd::whole(here)));
        }
        if self.dialect.quote.byte() == Some(byte) && self.is_blank(scan.from, here) {
            scan.state = State::Quoted;
            scan.open = OpenQuote {
                from: here + 1,
                ..OpenQuote::default()
            };
            return Ok(None);
        }
        scan.state = State::Bare;
        if byte == b'\\' && self.dialect.escapes_bare() {
            scan.escaped = true;
            self.pass_escaped()?;
        }
        Ok(None)
    }

    /// A byte of a field within quotes.
    #[inline]
    fn quoted(&mut self, scan: &mut Scan, byte: u8, here: usize) -> Result<Option<RecordEnd>> {
        if self.dialect.quote.byte() == Some(byte) {
            if self.text.peek()? != Some(byte) {
                self.close(&scan.open, here);
                scan.state = State::Behind;
                return Ok(None);
            }
            self.text.at += 1;
            match self.dialect.escape {
                Escape::Doubled => self.copy_quote(&mut scan.open, here + 1),
                Escape::Backslash => scan.open.escaped = true,
            }
            return Ok(None);
        }
        if byte == b'\\' {
            scan.open.escaped = true;
            self.pass_escaped()?;
            return Ok(None);
        }
        if self.dialect.breaks {
            return self.break_in_quotes(scan, byte, here);
        }
        self.close(&scan.open, here);
        self.end_line(byte)?;
        Ok(Some(RecordEnd::Whole {
            end: here,
            repaired: true,
        }))
    }

    /// A byte between a closing quote and the field's end.
    #[inline]
    fn behind_quote(
        &mut self,
        scan: &mut Scan,
        byte: u8,
        here: usize,
    ) -> Result<Option<RecordEnd>> {
        if self.is_delimiter(byte)? {
            scan.begin_field(self.text.at - self.text.begin);
            return Ok(None);
        }
        match byte {
            b'\n' | b'\r' => {
                self.end_line(byte)?;
                Ok(Some(RecordEnd::whole(here)))
            }
            b' ' | b'\t' => Ok(None),
            _ => self.text_behind_quote(scan, here).map(Some),
        }
    }

    /// Whether a byte begins a delimiter, which is passed over then.
    #[inline]
    fn is_delimiter(&mut self, byte: u8) -> Result<bool> {
        if byte != self.dialect.delimiter.first() {
            return Ok(false);
        }
        let delimiter = self.dialect.delimiter;
        let more = &delimiter.bytes()[1..];
        if more.is_empty() {
            return Ok(true);
        }
        let found = self.text.is_at(more)?;
        if found {
            self.text.at += more.len();
        }
        Ok(found)
    }

    fn is_blank(&self, start: usize, end: usize) -> bool {
        let text = &self.text.record(end)[start..];
        text.iter().all(|byte| matches!(byte, b' ' | b'\t'))
    }

    /// Passes over the byte behind a backslash.
    fn pass_escaped(&mut self) -> Result<()> {
        if let Some(byte) = self.text.peek()? {
            self.text.at += 1;
            if matches!(byte, b'\n' | b'\r') {
                self.end_line(byte)?;
            }
        }
        Ok(())
    }

    /// Ends a field without quotes.
    #[inline]
    fn push_bare(&mut self, scan: &mut Scan, end: usize) {
        let mut span = FieldSpan::bare(scan.from, end);
        if self.dialect.escape == Escape::Backslash {
            let field = &self.text.record(end)[scan.from..];
            if field == escape::NULL {
                span.end = span.start;
            } else {
                span.quoted = self.dialect.literal;
                if std::mem::take(&mut scan.escaped) {
                    span.unescaped = true;
                    span.start = self.unescaped.len();
                    escape::unescape(field, None, &mut self.unescaped);
                    span.end = self.unescaped.len();
                }
            }
            scan.escaped = false;
        }
        self.fields.push(span);
    }

    /// Copies what is before a doubled quote, up to `end`, and one of the two.
    fn copy_quote(&mut self, open: &mut OpenQuote, end: usize) {
        open.copied.get_or_insert(self.unescaped.len());
        let text = &self.text.record(end)[open.from..];
        self.unescaped.extend_from_slice(text);
        open.from = end + 1;
    }

    /// Ends a quoted field.
    #[inline]
    fn close(&mut self, open: &OpenQuote, end: usize) {
        let rest = &self.text.record(end)[open.from..];
        let (start, end) = match open.copied {
            None if open.escaped => {
                let start = self.unescaped.len();
                escape::unescape(rest, self.dialect.quote.byte(), &mut self.unescaped);
                (start, self.unescaped.len())
            }
            None => (open.from, end),
            Some(start) => {
                self.unescaped.extend_from_slice(rest);
                (start, self.unescaped.len())
            }
        };
        self.fields.push(FieldSpan {
            start,
            end,
            quoted: true,
            unescaped: open.copied.is_some() || open.escaped,
        });
    }

    /// Passes over the line end that is next.
    pub(super) fn pass_line_end(&mut self) -> Result<()> {
        if let Some(byte) = self.text.peek()? {
            self.text.at += 1;
            self.end_line(byte)?;
        }
        Ok(())
    }

    /// Counts a line, and passes over the second half of a CRLF.
    #[inline]
    pub(super) fn end_line(&mut self, byte: u8) -> Result<()> {
        if byte == b'\r' && self.text.peek()? == Some(b'\n') {
            self.text.at += 1;
        }
        self.line += 1;
        Ok(())
    }

    fn end_of_input(&mut self, scan: &mut Scan) -> Result<RecordEnd> {
        let end = self.text.filled - self.text.begin;
        match scan.state {
            State::Start if end == 0 => return Ok(RecordEnd::Nothing),
            State::Start | State::Bare => self.push_bare(scan, end),
            State::Quoted if self.dialect.breaks => {
                scan.lines.first_end.get_or_insert(end);
                return self.unclosed(scan);
            }
            State::Quoted => {
                self.close(&scan.open, end);
                return Ok(RecordEnd::Whole {
                    end,
                    repaired: true,
                });
            }
            State::Behind => {}
        }
        Ok(RecordEnd::whole(end))
    }

    /// Applies what the dialect says of fields.
    #[inline]
    fn finish_fields(&mut self) {
        if self.dialect.trailing_delimiter {
            self.drop_trailing();
        }
        if self.dialect.trim {
            self.trim();
        }
    }

    /// Finishes a record, and compares one of several lines with what a record looks like.
    fn finish(&mut self, ended: RecordEnd, scan: &mut Scan) -> Result<RecordEnd> {
        if let RecordEnd::Whole { .. } = ended {
            self.finish_fields();
        }
        match ended {
            RecordEnd::Whole {
                end,
                repaired: false,
            } if scan.lines.first_end.is_some() => self.judge_lines(scan, end),
            ended => Ok(ended),
        }
    }

    /// Leaves out the empty field behind a delimiter at a record's end.
    fn drop_trailing(&mut self) {
        if let [_, .., last] = self.fields.as_slice()
            && last.start == last.end
            && (!last.quoted || self.dialect.literal)
        {
            self.fields.pop();
        }
    }

    fn trim(&mut self) {
        let raw = &self.text.bytes[self.text.begin..self.text.filled];
        for field in &mut self.fields {
            let text = match field.unescaped {
                true => &self.unescaped[field.start..field.end],
                false => &raw[field.start..field.end],
            };
            let behind = text.trim_ascii_start();
            field.start += text.len() - behind.len();
            field.end = field.start + behind.trim_ascii_end().len();
        }
    }
}

impl RecordEnd {
    fn whole(end: usize) -> RecordEnd {
        RecordEnd::Whole {
            end,
            repaired: false,
        }
    }
}

impl Scan<'_, '_> {
    #[inline]
    fn begin_field(&mut self, from: usize) {
        self.state = State::Start;
        self.from = from;
    }
}
