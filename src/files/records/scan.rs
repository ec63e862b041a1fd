//! The states of reading a record, and how one ends.

use crate::files::records::record::Flaw;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ScanState {
    Start,
    Bare,
    Quoted,
    /// Behind the closing quote.
    Behind,
}

/// The result of reading more input.
pub(super) enum Refill {
    More,
    End,
    /// The record is longer than [`super::LONGEST`].
    TooLong,
}

/// How a record ended.
pub(super) enum RecordEnd {
    /// At the end of the input, before it began.
    Nothing,
    Whole {
        end: usize,
        mended: bool,
    },
    Flawed {
        end: usize,
        flaw: Flaw,
    },
}

/// The quoted field that is open.
#[derive(Default)]
pub(super) struct OpenQuote {
    /// Where its text begins, or goes on behind a doubled quote.
    pub(super) from: usize,
    /// Where its text begins among the unescaped, once it has a doubled quote.
    pub(super) copied: Option<usize>,
}

/// The state behind bytes that mean nothing.
pub(super) fn bare(state: ScanState) -> ScanState {
    match state {
        ScanState::Start => ScanState::Bare,
        state => state,
    }
}

/// Line ends: LF, CR, and CRLF as one.
pub(super) fn count_lines(text: &[u8]) -> u64 {
    let ends = |(at, &byte): (usize, &u8)| match byte {
        b'\n' => at == 0 || text[at - 1] != b'\r',
        byte => byte == b'\r',
    };
    text.iter().enumerate().filter(|&it| ends(it)).count() as u64
}
