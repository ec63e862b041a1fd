//! Records whose quotes don't close where they should.
//!
//! Records are CSV first: a quoted field that closes is read, line breaks and all. A quote was forgotten where that fails,
//! or where a line within the quotes is a whole record by itself. The first line is then closed at its end, if it is a
//! record that way and the next line is one, too; else it is rejected, and it alone.

use std::io::Read;

use anyhow::Result;

use crate::files::records::record::{Flaw, Shape};
use crate::files::records::scan::{RecordEnd, Scan};
use crate::files::records::{Dialect, Records};

impl<R: Read> Records<R> {
    /// A line end within quotes.
    #[cold]
    pub(super) fn break_in_quotes(
        &mut self,
        scan: &mut Scan,
        byte: u8,
        here: usize,
    ) -> Result<Option<RecordEnd>> {
        if scan.lines.first_end.is_some() && self.is_record(scan, scan.lines.last, here) {
            return self.unclosed(scan).map(Some);
        }
        scan.lines.first_end.get_or_insert(here);
        self.end_line(byte)?;
        scan.lines.last = self.text.at - self.text.begin;
        Ok(None)
    }

    /// A record of several lines that is right as CSV: it is one, but for a wrong number of fields whose last line shows
    /// that records are lines.
    #[cold]
    pub(super) fn judge_lines(&mut self, scan: &mut Scan, end: usize) -> Result<RecordEnd> {
        let expected = scan.shape.as_ref().map(|shape| shape.fields);
        let is_right = expected.is_none_or(|fields| fields == self.fields.len());
        if is_right || !self.is_record(scan, scan.lines.last, end) {
            return Ok(RecordEnd::Whole {
                end,
                repaired: false,
            });
        }
        self.unclosed(scan)
    }

    /// There is text behind a closing quote: of its line alone, unless the quote that was open may be at fault.
    #[cold]
    pub(super) fn text_behind_quote(&mut self, scan: &mut Scan, here: usize) -> Result<RecordEnd> {
        if scan.lines.first_end.is_some() {
            return self.unclosed(scan);
        }
        let Some(end) = self.text.find_line_end(here)? else {
            return self.line_too_long();
        };
        self.text.at = self.text.begin + end;
        self.pass_line_end()?;
        Ok(RecordEnd::Flawed {
            end,
            flaw: Flaw::TextBehindQuote,
        })
    }

    #[cold]
    pub(super) fn too_long(&mut self, scan: &mut Scan) -> Result<RecordEnd> {
        match scan.lines.first_end {
            Some(_) => self.unclosed(scan),
            None => self.line_too_long(),
        }
    }

    /// The record's first line, whose quote isn't closed; the next record begins behind it.
    #[cold]
    pub(super) fn unclosed(&mut self, scan: &mut Scan) -> Result<RecordEnd> {
        let end = scan.lines.first_end.unwrap_or(0);
        self.text.at = self.text.begin + end;
        self.line = scan.lines.first;
        if !self.text.is_at_end()? {
            self.pass_line_end()?;
        }
        let flawed = RecordEnd::Flawed {
            end,
            flaw: Flaw::Unclosed,
        };
        let Some(shape) = scan.shape.as_deref_mut() else {
            return Ok(flawed);
        };
        let mut repaired = self.line_alone(0, end);
        let is_right = match repaired.read()? {
            Some(record) => record.flaw.is_none() && record.len() == shape.fields,
            None => false,
        };
        if !is_right || !self.is_next_a_record(shape)? {
            return Ok(flawed);
        }
        (self.fields, self.unescaped) = (repaired.fields, repaired.unescaped);
        Ok(RecordEnd::Whole {
            end,
            repaired: true,
        })
    }

    /// Whether the line behind the record is a record, or there is none.
    fn is_next_a_record(&mut self, shape: &mut Shape) -> Result<bool> {
        let mut start = self.text.at - self.text.begin;
        loop {
            let Some(end) = self.text.find_line_end(start)? else {
                return Ok(false);
            };
            if end > start {
                let mut line = self.line_alone(start, end);
                let record = line.read()?;
                return Ok(record.is_some_and(|record| {
                    record.flaw.is_none() && record.len() == shape.fields && shape.accepts(&record)
                }));
            }
            if self.text.begin + end == self.text.filled {
                return Ok(true);
            }
            start = end + 1;
        }
    }

    /// Whether a line of the record is one by itself.
    fn is_record(&self, scan: &mut Scan, start: usize, end: usize) -> bool {
        let Some(shape) = scan.shape.as_deref_mut() else {
            return false;
        };
        let mut line = self.line_alone(start, end);
        let Ok(Some(record)) = line.read() else {
            return false;
        };
        let is_whole = record.flaw.is_none() && !record.repaired;
        is_whole && record.len() == shape.fields && shape.accepts(&record)
    }

    /// A line of what is in memory, read as if there were no other.
    fn line_alone(&self, start: usize, end: usize) -> Records<std::io::Empty> {
        let dialect = Dialect {
            breaks: false,
            ..self.dialect
        };
        Records::of_record(&self.text.record(end)[start..], dialect)
    }
}
