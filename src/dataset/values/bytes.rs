//! `bytea`, and strings of bits.

use crate::dataset::choices::{Choices, power, product};

/// Bytes, as `\x` and hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bytea {
    /// The fewest bytes.
    pub min: u32,
    /// The most bytes.
    pub max: u32,
}

/// Bits, as digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BitString {
    /// The fewest bits.
    pub min: u32,
    /// The most bits.
    pub max: u32,
}

impl Bytea {
    pub(super) fn domain(&self) -> u128 {
        lengths(self.min, self.max, 256)
            .fold(0, u128::saturating_add)
            .min(product([u128::MAX]))
    }

    /// Appends the bytes themselves.
    pub fn write_bytes(&self, mut choices: Choices, out: &mut Vec<u8>) {
        let length = length(self.min, self.max, 256, &mut choices);
        for _ in 0..length {
            out.push(u8::try_from(choices.below(256)).unwrap_or(0));
        }
    }

    pub(super) fn write(&self, choices: Choices, out: &mut Vec<u8>) {
        let mut bytes = Vec::with_capacity(self.max as usize);
        self.write_bytes(choices, &mut bytes);
        out.extend_from_slice(b"\\x");
        write_hex(&bytes, out);
    }
}

impl BitString {
    pub(super) fn domain(&self) -> u128 {
        lengths(self.min, self.max, 2)
            .fold(0, u128::saturating_add)
            .min(product([u128::MAX]))
    }

    pub(super) fn may_be_empty(&self) -> bool {
        self.min == 0
    }

    pub(super) fn write(&self, mut choices: Choices, out: &mut Vec<u8>) {
        for _ in 0..length(self.min, self.max, 2, &mut choices) {
            out.push(if choices.below(2) == 0 { b'0' } else { b'1' });
        }
    }
}

/// How many values there are of each length.
pub(super) fn lengths(min: u32, max: u32, symbols: u128) -> impl ExactSizeIterator<Item = u128> {
    let sizes: Vec<u128> = (min..=max).map(|length| power(symbols, length)).collect();
    sizes.into_iter()
}

/// The length of a value whose places have so many symbols each.
pub(super) fn length(min: u32, max: u32, symbols: u128, choices: &mut Choices) -> u32 {
    if min == max {
        return min;
    }
    let place = choices.branch(lengths(min, max, symbols));
    min + u32::try_from(place).unwrap_or(0)
}

/// Appends bytes as lower-case hexadecimal digits.
pub(super) fn write_hex(bytes: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for &byte in bytes {
        out.push(DIGITS[usize::from(byte >> 4)]);
        out.push(DIGITS[usize::from(byte & 15)]);
    }
}
