//! `bytea`, and strings of bits.

use crate::dataset::choices::Choices;
use crate::dataset::values::lengths::Lengths;

/// Bytes, as `\x` and hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bytea(Lengths);

/// Bits, as digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BitString(Lengths);

impl Bytea {
    /// So many bytes.
    pub fn new(min: u32, max: u32) -> Bytea {
        Bytea(Lengths::new(min, max, 256))
    }

    pub(super) fn domain(&self) -> u128 {
        self.0.domain()
    }

    /// Appends the bytes themselves.
    pub fn write_bytes(&self, mut choices: Choices, out: &mut Vec<u8>) {
        for _ in 0..self.0.pick(&mut choices) {
            out.push(u8::try_from(choices.below(256)).unwrap_or(0));
        }
    }

    pub(super) fn write(&self, mut choices: Choices, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\\x");
        for _ in 0..self.0.pick(&mut choices) {
            write_hex(&[u8::try_from(choices.below(256)).unwrap_or(0)], out);
        }
    }
}

impl BitString {
    /// So many bits.
    pub fn new(min: u32, max: u32) -> BitString {
        BitString(Lengths::new(min, max, 2))
    }

    pub(super) fn domain(&self) -> u128 {
        self.0.domain()
    }

    pub(super) fn may_be_empty(&self) -> bool {
        self.0.min() == 0
    }

    pub(super) fn write(&self, mut choices: Choices, out: &mut Vec<u8>) {
        for _ in 0..self.0.pick(&mut choices) {
            out.push(if choices.below(2) == 0 { b'0' } else { b'1' });
        }
    }
}

/// Appends bytes as lower-case hexadecimal digits.
pub(super) fn write_hex(bytes: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for &byte in bytes {
        out.push(DIGITS[usize::from(byte >> 4)]);
        out.push(DIGITS[usize::from(byte & 15)]);
    }
}
