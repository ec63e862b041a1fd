//! Records of foreign CSV files: fields with or without quotes, each record with the line it begins on and its text as it
//! is in the file.
//!
//! The `csv` crate does not distinguish a quoted `"null"` from a bare `null`, and accepts text behind a closing
//! quote; both decide here whether rows are right. COPY takes such text, too: two lines that each lack a closing
//! quote become one record, with everything between them inside it, and no error.

use std::io::{self, Read};
use std::path::Path;

use anyhow::{Result, bail};

mod buffer;
mod dialect;
mod escape;
mod plain;
mod record;
mod scan;
mod state;
mod unclosed;

use buffer::Buffer;
pub use dialect::Dialect;
use record::FieldSpan;
pub use record::{Flaw, Record, Shape};
use scan::RecordEnd;

use crate::dataset::record_format::SkipLines;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// The longest record, bytes: a quote that is never closed would else take the whole file into memory.
const LONGEST: usize = 16 << 20;

/// Reads records one after the other; memory holds a buffer with the whole of the record.
pub struct Records<R> {
    text: Buffer<R>,
    dialect: Dialect,
    /// The bytes that end a bare field or may begin a quoted one.
    special: [bool; 256],
    line: u64,
    fields: Vec<FieldSpan>,
    /// The fields with escapes, without them.
    unescaped: Vec<u8>,
}

impl Records<io::Empty> {
    /// A record's text alone: where it is one line, a quote that is open ends with it.
    pub fn of_record(raw: &[u8], dialect: Dialect) -> Records<io::Empty> {
        let breaks = dialect.breaks && raw.iter().any(|byte| matches!(byte, b'\n' | b'\r'));
        let dialect = Dialect { breaks, ..dialect };
        Records::over(Buffer::of_text(raw), dialect)
    }
}

impl<R: Read> Records<R> {
    /// Reads `input`, called `path` in messages; a byte-order mark is passed over.
    pub fn new(input: R, path: &Path, dialect: Dialect) -> Result<Records<R>> {
        let mut records = Records::over(Buffer::new(input, path, 0), dialect);
        if records.text.is_at(BYTE_ORDER_MARK)? {
            records.text.at = BYTE_ORDER_MARK.len();
        }
        Ok(records)
    }

    /// Resumes at a place that [`Records::position`] returned earlier; `input` is there already.
    pub fn resume(input: R, path: &Path, dialect: Dialect, at: u64, line: u64) -> Records<R> {
        Records {
            line,
            ..Records::over(Buffer::new(input, path, at), dialect)
        }
    }

    fn over(text: Buffer<R>, dialect: Dialect) -> Records<R> {
        Records {
            text,
            special: dialect.special(),
            dialect,
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
        self.next(None)
    }

    /// The same where it is known what a record looks like: a quote that is open at its line's end is closed there when
    /// what follows shows that it was forgotten.
    #[inline]
    pub fn read_as(&mut self, shape: &mut Shape) -> Result<Option<Record<'_>>> {
        self.next(Some(shape))
    }

    #[inline]
    fn next(&mut self, mut shape: Option<&mut Shape>) -> Result<Option<Record<'_>>> {
        loop {
            let line = self.line;
            let (end, flaw, repaired) = match self.read_record(shape.as_deref_mut())? {
                RecordEnd::Nothing => return Ok(None),
                RecordEnd::Whole { end, repaired } => (end, None, repaired),
                RecordEnd::Flawed { end, flaw } => {
                    self.fields.clear();
                    (end, Some(flaw), false)
                }
            };
            let is_end_of_data =
                self.dialect.literal && self.text.record(end) == escape::END_OF_DATA;
            if end > 0 && !is_end_of_data {
                return Ok(Some(Record {
                    line,
                    raw: self.text.record(end),
                    flaw,
                    repaired,
                    fields: &self.fields,
                    unescaped: &self.unescaped,
                }));
            }
        }
    }

    /// The byte of the input and the line at which the next record begins.
    pub fn position(&self) -> (u64, u64) {
        (self.text.position(), self.line)
    }

    /// Skips the input up to a place that [`Records::position`] returned earlier; all of it is read.
    pub fn skip_to(&mut self, at: u64, line: u64) -> Result<()> {
        self.text.skip_to(at)?;
        self.line = line;
        Ok(())
    }

    /// Skips lines that are no records; an error where there are fewer.
    pub fn skip_lines(&mut self, lines: &SkipLines) -> Result<()> {
        match lines {
            SkipLines::Nothing => {}
            SkipLines::Count(count) => {
                for skipped in 0..*count {
                    if self.skip_line()?.is_none() {
                        bail!(
                            "{} has {skipped} lines, and {count} are to be skipped",
                            self.text.path()
                        );
                    }
                }
            }
            SkipLines::StartingWith(start) => {
                while self.text.is_at(start.as_bytes())? && self.skip_line()?.is_some() {}
            }
        }
        Ok(())
    }

    /// Skips a line, and returns it; `None` at the end.
    pub fn skip_line(&mut self) -> Result<Option<&[u8]>> {
        self.text.begin = self.text.at;
        let Some(end) = self.text.find_line_end(0)? else {
            return self.line_too_long();
        };
        self.text.at = self.text.begin + end;
        if !self.text.is_at_end()? {
            self.pass_line_end()?;
        } else if end == 0 {
            return Ok(None);
        }
        Ok(Some(self.text.record(end)))
    }

    /// The input.
    pub fn input(&self) -> &R {
        self.text.input()
    }

    #[cold]
    fn line_too_long<T>(&self) -> Result<T> {
        bail!(
            "{}, line {}: the line is longer than {} MiB; is this a CSV file?",
            self.text.path(),
            self.line,
            LONGEST >> 20
        )
    }
}

#[cfg(test)]
mod tests;
