//! Texts drawn or read once and escaped beforehand, in one buffer, so that a value is one copy.

use std::ops::Range;

use crate::generate::csv;

/// A text of up to so many bytes is copied by a move of this fixed size, of which its own length is kept: cheaper than a call
/// of `memcpy` with a length that nothing predicts.
const SHORT: usize = 32;

/// Texts in one buffer.
#[derive(Debug, Clone, Default)]
pub struct Pool {
    /// One text after the other, and behind the last as many bytes as a short text is copied with.
    bytes: Vec<u8>,
    /// Where each text begins, and the end of the last.
    bounds: Vec<u32>,
    /// What holds for all of its texts.
    pub traits: TextTraits,
}

/// How texts are escaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextEscaping {
    /// Quotes are doubled.
    Csv,
    /// As they are.
    Binary,
}

impl TextEscaping {
    /// Appends a text.
    pub fn put(self, text: &str, out: &mut Vec<u8>) {
        match self {
            TextEscaping::Csv => csv::escape(text, out),
            TextEscaping::Binary => out.extend_from_slice(text.as_bytes()),
        }
    }

    /// Escapes what has been appended from a position on.
    pub fn escape_from(self, start: usize, out: &mut Vec<u8>) {
        if self == TextEscaping::Binary || !out[start..].contains(&b'"') {
            return;
        }
        let text = out.split_off(start);
        for part in text.split_inclusive(|&byte| byte == b'"') {
            out.extend_from_slice(part);
            if part.ends_with(b"\"") {
                out.push(b'"');
            }
        }
    }

    /// Takes the escapes out of what has been appended from a position on.
    pub fn unescape_from(self, start: usize, out: &mut Vec<u8>) {
        if self == TextEscaping::Binary || !out[start..].contains(&b'"') {
            return;
        }
        let mut kept = start;
        let mut at = start;
        while at < out.len() {
            out[kept] = out[at];
            at += 1 + usize::from(out[at] == b'"');
            kept += 1;
        }
        out.truncate(kept);
    }
}

/// What a column's writer must know about the texts it may write.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TextTraits {
    /// One of them needs quotes around it.
    pub special: bool,
    /// One of them is empty, which without quotes would be NULL.
    pub empty: bool,
}

impl Pool {
    /// Stores the texts, escaped.
    pub fn new(encoding: TextEscaping, texts: impl IntoIterator<Item = impl AsRef<str>>) -> Pool {
        let mut pool = Pool {
            bounds: vec![0],
            ..Pool::default()
        };
        for text in texts {
            let text = text.as_ref();
            encoding.put(text, &mut pool.bytes);
            pool.bounds
                .push(u32::try_from(pool.bytes.len()).unwrap_or(u32::MAX));
            pool.traits.special |= csv::is_special(text);
            pool.traits.empty |= text.is_empty();
        }
        pool.bytes.extend_from_slice(&[0; SHORT]);
        pool
    }

    /// How many texts there are.
    pub fn len(&self) -> usize {
        self.bounds.len().saturating_sub(1)
    }

    /// Whether one of them is one of these, blanks around it ignored.
    pub fn holds_any(&self, texts: &[String]) -> bool {
        let is_one = |own: &[u8]| texts.iter().any(|text| text.as_bytes() == own.trim_ascii());
        (0..self.len()).any(|index| is_one(self.get(index)))
    }

    /// One text, escaped.
    #[inline]
    pub fn get(&self, index: usize) -> &[u8] {
        &self.bytes[self.range(index)]
    }

    /// Appends one text, escaped.
    #[inline]
    pub fn write(&self, index: usize, out: &mut Vec<u8>) {
        let range = self.range(index);
        let end = out.len() + range.len();
        match self.bytes[range.start..].first_chunk::<SHORT>() {
            Some(bytes) if range.len() <= SHORT => {
                out.extend_from_slice(bytes);
                out.truncate(end);
            }
            _ => out.extend_from_slice(&self.bytes[range]),
        }
    }

    #[inline]
    fn range(&self, index: usize) -> Range<usize> {
        self.bounds[index] as usize..self.bounds[index + 1] as usize
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn texts_of_any_length_are_written_as_they_are(texts in proptest::collection::vec("[a-z]{0,70}", 1..9)) {
            let pool = Pool::new(TextEscaping::Binary, &texts);
            let mut out = b"before".to_vec();
            (0..pool.len()).for_each(|index| pool.write(index, &mut out));
            prop_assert_eq!(String::from_utf8(out).unwrap(), format!("before{}", texts.concat()));
            prop_assert_eq!(pool.get(pool.len() - 1), texts[texts.len() - 1].as_bytes());
        }

        #[test]
        fn what_is_escaped_is_unescaped(text in "[a\"é]{0,20}", before in "[\"b]{0,3}") {
            for escaping in [TextEscaping::Csv, TextEscaping::Binary] {
                let mut out = before.clone().into_bytes();
                let mut put = out.clone();
                out.extend_from_slice(text.as_bytes());
                escaping.escape_from(before.len(), &mut out);
                escaping.put(&text, &mut put);
                prop_assert_eq!(&out, &put);
                escaping.unescape_from(before.len(), &mut out);
                prop_assert_eq!(String::from_utf8(out).unwrap(), format!("{before}{text}"));
            }
        }
    }
}
