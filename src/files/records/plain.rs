//! Records without quotes, read in one loop: most are, and the state machine's bookkeeping would cost them a third of their
//! time.

use std::io::Read;

use crate::dataset::record_format::Escape;
use crate::files::records::Records;
use crate::files::records::record::FieldSpan;
use crate::files::records::state::State;

/// From this length on a field's bytes are compared 32 at once: most fields end before.
const LONG_FIELD: usize = 16;

/// What comes of reading a record as one without quotes.
pub(super) enum Plain {
    /// It is one, and ends here.
    Record(usize),
    /// The fields before the one that begins at `from` are read.
    Undecided { state: State, from: usize },
}

impl<R: Read> Records<R> {
    /// The record's fields up to the first byte that isn't just text, a delimiter of one byte or a newline.
    #[inline]
    pub(super) fn plain_fields(&mut self) -> Plain {
        let [delimiter] = *self.dialect.delimiter.bytes() else {
            return Plain::NONE;
        };
        if self.dialect.escape == Escape::Backslash {
            return Plain::NONE;
        }
        let text = &self.text.bytes[self.text.begin..self.text.filled];
        let (mut from, mut at) = (0, 0);
        while let Some(&byte) = text.get(at) {
            if !self.special[usize::from(byte)] {
                at += 1;
                if at - from == LONG_FIELD {
                    at += self.ordinary(&text[at..]);
                }
            } else if byte == delimiter {
                self.fields.push(FieldSpan::bare(from, at));
                at += 1;
                from = at;
            } else if byte == b'\n' {
                self.fields.push(FieldSpan::bare(from, at));
                self.text.at += at + 1;
                self.line += 1;
                return Plain::Record(at);
            } else {
                break;
            }
        }
        self.text.at += at;
        let state = match at == from {
            true => State::Start,
            false => State::Bare,
        };
        Plain::Undecided { state, from }
    }

    /// How many bytes a text surely begins with that mean nothing: whole vectors of them, compared at once.
    #[inline]
    fn ordinary(&self, text: &[u8]) -> usize {
        let delimiter = self.dialect.delimiter.first();
        let quote = self.dialect.quote.byte().unwrap_or(b'\n');
        let means =
            |byte: u8| (byte == delimiter) | (byte == quote) | (byte == b'\n') | (byte == b'\r');
        let (vectors, _) = text.as_chunks::<32>();
        let is_ordinary =
            |vector: &&[u8; 32]| !vector.iter().fold(false, |any, &byte| any | means(byte));
        32 * vectors.iter().take_while(is_ordinary).count()
    }
}

impl Plain {
    /// Nothing is read.
    const NONE: Plain = Plain::Undecided {
        state: State::Start,
        from: 0,
    };
}
