//! Texts drawn or read once and escaped beforehand, in one buffer, so that a value is one copy.

use crate::generate::csv;

/// Texts in one buffer.
#[derive(Debug, Clone, Default)]
pub struct Pool {
    bytes: Vec<u8>,
    /// Where each text ends.
    ends: Vec<u32>,
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
        let mut pool = Pool::default();
        for text in texts {
            let text = text.as_ref();
            encoding.put(text, &mut pool.bytes);
            pool.ends
                .push(u32::try_from(pool.bytes.len()).unwrap_or(u32::MAX));
            pool.traits.special |= csv::is_special(text);
            pool.traits.empty |= text.is_empty();
        }
        pool
    }

    /// How many texts there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether one of them is one of these, blanks around it ignored.
    pub fn holds_any(&self, texts: &[String]) -> bool {
        let is_one = |own: &[u8]| texts.iter().any(|text| text.as_bytes() == own.trim_ascii());
        (0..self.len()).any(|index| is_one(self.get(index)))
    }

    /// One text, escaped.
    #[inline]
    pub fn get(&self, index: usize) -> &[u8] {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.bytes[start as usize..self.ends[index] as usize]
    }
}
