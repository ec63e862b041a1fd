//! The part of the input that is in memory: the record that is being read, and what is behind it.

use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use memchr::memchr2;

use crate::files::records::LONGEST;

const CAPACITY: usize = 1 << 20;

/// See the module.
pub(super) struct Buffer<R> {
    input: R,
    path: PathBuf,
    pub(super) bytes: Vec<u8>,
    /// The byte of the input that the buffer begins with.
    start: u64,
    /// Where in the buffer the record begins.
    pub(super) begin: usize,
    pub(super) at: usize,
    pub(super) filled: usize,
}

/// The result of reading more input.
pub(super) enum Refill {
    More,
    End,
    /// The record is longer than [`LONGEST`].
    TooLong,
}

impl Buffer<io::Empty> {
    /// All of a text.
    pub(super) fn of_text(text: &[u8]) -> Buffer<io::Empty> {
        Buffer {
            input: io::empty(),
            path: PathBuf::new(),
            bytes: text.to_vec(),
            start: 0,
            begin: 0,
            at: 0,
            filled: text.len(),
        }
    }
}

impl<R: Read> Buffer<R> {
    /// `start` is the byte at which the input is.
    pub(super) fn new(input: R, path: &Path, start: u64) -> Buffer<R> {
        Buffer {
            input,
            path: path.to_owned(),
            bytes: vec![0; CAPACITY],
            start,
            begin: 0,
            at: 0,
            filled: 0,
        }
    }

    pub(super) fn input(&self) -> &R {
        &self.input
    }

    pub(super) fn path(&self) -> std::path::Display<'_> {
        self.path.display()
    }

    pub(super) fn position(&self) -> u64 {
        self.start + self.at as u64
    }

    /// What is behind.
    #[inline]
    pub(super) fn rest(&self) -> &[u8] {
        &self.bytes[self.at..self.filled]
    }

    /// The record's first bytes.
    #[inline]
    pub(super) fn record(&self, end: usize) -> &[u8] {
        &self.bytes[self.begin..self.begin + end]
    }

    /// Whether a text is next.
    pub(super) fn is_at(&mut self, text: &[u8]) -> Result<bool> {
        while self.rest().len() < text.len() && matches!(self.fill_more()?, Refill::More) {}
        Ok(self.rest().starts_with(text))
    }

    pub(super) fn is_at_end(&mut self) -> Result<bool> {
        Ok(self.peek()?.is_none())
    }

    /// The byte behind, if there is one.
    #[inline]
    pub(super) fn peek(&mut self) -> Result<Option<u8>> {
        if self.at == self.filled && !matches!(self.fill_more()?, Refill::More) {
            return Ok(None);
        }
        Ok(Some(self.bytes[self.at]))
    }

    /// Where the line ends that holds a place of the record, both counted from its beginning; `None` when that is too
    /// far.
    pub(super) fn find_line_end(&mut self, from: usize) -> Result<Option<usize>> {
        let mut from = from;
        loop {
            let rest = &self.bytes[self.begin + from..self.filled];
            if let Some(run) = memchr2(b'\n', b'\r', rest) {
                return Ok(Some(from + run));
            }
            from = self.filled - self.begin;
            match self.fill()? {
                Refill::More => {}
                Refill::End => return Ok(Some(self.filled - self.begin)),
                Refill::TooLong => return Ok(None),
            }
        }
    }

    /// Skips the input up to a byte.
    pub(super) fn skip_to(&mut self, at: u64) -> Result<()> {
        while self.start + (self.filled as u64) < at {
            self.begin = self.filled;
            self.at = self.filled;
            if !matches!(self.fill()?, Refill::More) {
                bail!(
                    "{} ends before byte {at}, where its load is to be resumed; it was changed since",
                    self.path()
                );
            }
        }
        self.at = usize::try_from(at.saturating_sub(self.start))?;
        Ok(())
    }

    /// Reads more behind what is there, keeping the record.
    pub(super) fn fill(&mut self) -> Result<Refill> {
        if self.filled - self.begin >= LONGEST {
            return Ok(Refill::TooLong);
        }
        self.fill_more()
    }

    pub(super) fn fill_more(&mut self) -> Result<Refill> {
        if self.begin > 0 {
            self.bytes.copy_within(self.begin..self.filled, 0);
            self.start += self.begin as u64;
            self.at -= self.begin;
            self.filled -= self.begin;
            self.begin = 0;
        }
        if self.filled == self.bytes.len() {
            self.bytes.resize((2 * self.filled).max(16), 0);
        }
        let count = loop {
            match self.input.read(&mut self.bytes[self.filled..]) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
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
