//! Values of Postgres' types as texts: parameters, how many distinct values they allow, and the text of one.
//!
//! Each is a pure function of [`Choices`]; distinct indexes below a maker's domain give distinct texts. No address is
//! one that could be somebody's.

pub mod bytes;
pub mod code;
pub mod geometry;
mod lengths;
pub mod network;
pub mod pattern;
pub mod prose;
pub mod range;
pub mod uuid;
mod words;

use crate::dataset::choices::Choices;
use crate::dataset::spec::Kind;

pub use bytes::{BitString, Bytea};
pub use code::Code;
pub use geometry::{Point, Polygon};
pub use network::{Cidr, Inet, Macaddr};
pub use pattern::Pattern;
pub use prose::{Labels, Lexemes, Prose};
pub use range::{RangeOf, RangeValues};
pub use uuid::{Uuid, UuidVersion};

/// The texts that a maker writes.
#[derive(Debug, Clone)]
pub enum Values {
    /// `uuid`.
    Uuid(Uuid),
    /// `inet`.
    Inet(Inet),
    /// `cidr`.
    Cidr(Cidr),
    /// `macaddr` and `macaddr8`.
    Macaddr(Macaddr),
    /// `bytea`.
    Bytea(Bytea),
    /// `bit` and `bit varying`.
    Bits(BitString),
    /// Ranges, and multiranges of one.
    Range(RangeValues),
    /// `point`.
    Point(Point),
    /// `polygon`.
    Polygon(Polygon),
    /// `ltree`.
    Labels(Labels),
    /// `tsvector`.
    Lexemes(Lexemes),
    /// Prose.
    Prose(Prose),
    /// Characters of an alphabet.
    Code(Code),
    /// Texts that match a regular expression.
    Pattern(Pattern),
}

impl Values {
    /// How many texts have an index, all distinct whatever their case; 2^64 at most.
    pub fn domain(&self) -> u128 {
        match self {
            Values::Uuid(values) => values.domain(),
            Values::Inet(values) => values.domain(),
            Values::Cidr(values) => values.domain(),
            Values::Macaddr(values) => values.domain(),
            Values::Bytea(values) => values.domain(),
            Values::Bits(values) => values.domain(),
            Values::Range(values) => values.domain(),
            Values::Point(values) => values.domain(),
            Values::Polygon(values) => values.domain(),
            Values::Labels(values) => values.domain(),
            Values::Lexemes(values) => values.domain(),
            Values::Prose(values) => values.domain(),
            Values::Code(values) => values.domain(),
            Values::Pattern(values) => values.domain(),
        }
    }

    /// How many characters a text has at most, where a column may have fewer.
    pub fn longest(&self) -> Option<u32> {
        match self {
            Values::Uuid(_) => Some(36),
            Values::Prose(values) => Some(values.max),
            Values::Code(values) => Some(values.longest()),
            Values::Pattern(values) => values.longest(),
            _ => None,
        }
    }

    /// Whether no two rows have the same value, whatever the choices.
    pub fn is_unique(&self) -> bool {
        matches!(self, Values::Uuid(_))
    }

    /// Appends the text.
    #[inline]
    pub fn write(&self, choices: Choices, out: &mut Vec<u8>) {
        match self {
            Values::Uuid(values) => values.write(choices, out),
            Values::Inet(values) => values.write(choices, out),
            Values::Cidr(values) => values.write(choices, out),
            Values::Macaddr(values) => values.write(choices, out),
            Values::Bytea(values) => values.write(choices, out),
            Values::Bits(values) => values.write(choices, out),
            Values::Range(values) => values.write(choices, out),
            Values::Point(values) => values.write(choices, out),
            Values::Polygon(values) => values.write(choices, out),
            Values::Labels(values) => values.write(choices, out),
            Values::Lexemes(values) => values.write(choices, out),
            Values::Prose(values) => values.write(choices, out),
            Values::Code(values) => values.write(choices, out),
            Values::Pattern(values) => values.write(choices, out),
        }
    }

    /// What the texts are.
    pub fn kind(&self) -> Kind {
        match self {
            Values::Prose(_) | Values::Code(_) | Values::Pattern(_) => Kind::Text,
            Values::Uuid(_) => Kind::Uuid,
            _ => Kind::Literal,
        }
    }

    /// What a text may hold that a CSV file has in quotes.
    pub fn may_hold(&self, byte: u8) -> bool {
        match self {
            Values::Code(values) => values.may_hold(byte),
            Values::Pattern(values) => values.may_hold(byte),
            Values::Range(_) | Values::Point(_) | Values::Polygon(_) => byte == b',',
            Values::Bytea(_) => byte == b'\\',
            _ => false,
        }
    }

    /// Whether a text may be empty.
    pub fn may_be_empty(&self) -> bool {
        match self {
            Values::Pattern(values) => values.may_be_empty(),
            Values::Bits(values) => values.may_be_empty(),
            Values::Code(values) => values.may_be_empty(),
            _ => false,
        }
    }
}

/// Appends a number's digits, with zeros before it up to a width.
pub(super) fn write_padded(number: u64, width: usize, out: &mut Vec<u8>) {
    let mut buffer = itoa::Buffer::new();
    let digits = buffer.format(number).as_bytes();
    out.resize(out.len() + width.saturating_sub(digits.len()), b'0');
    out.extend_from_slice(digits);
}

#[cfg(test)]
mod tests;
