//! Values in the order of their numbers.

mod lists;

use std::io::Write as _;
use std::net::Ipv4Addr;

use crate::dataset::makers::ranked::{CONSONANTS, Lengths, Ranked, SYLLABLES, Steps, VOWELS};
use crate::dataset::permutation::mix;
use crate::generate::compiled::{CompiledMaker, RowNumber, RowText, ValueContext};
use crate::generate::context::Compiler;
use crate::generate::pool::TextTraits;

use lists::RankedList;

/// Compiles `make = "ranked"`.
pub fn ranked(ranked: &Ranked, compiler: &Compiler) -> CompiledMaker {
    let text = |maker| CompiledMaker::Text(maker, compiler.escaping);
    match ranked {
        Ranked::Number(steps) => CompiledMaker::Computed(Box::new(*steps)),
        Ranked::Text(lengths) => text(Box::new(RankedText {
            lengths: *lengths,
            letters: Letters::enough(u64::MAX, *lengths),
        })),
        Ranked::Bytes(lengths) => text(Box::new(RankedBytes {
            lengths: *lengths,
            bytes: 8,
        })),
        Ranked::Uuid => text(Box::new(RankedUuid { values: 1 << 48 })),
        Ranked::Inet => text(Box::new(RankedInet)),
        Ranked::List(elements, lengths) => text(Box::new(RankedList::new(elements, *lengths))),
    }
}

impl RowNumber for Steps {
    fn number(&self, value: &mut ValueContext) -> i64 {
        self.at(value.row.id.saturating_sub(1))
    }

    fn at_index(&self, index: u128, _: &mut ValueContext) -> i64 {
        self.at(small(index))
    }
}

/// Letters that tell the number, and further ones up to the length.
#[derive(Debug)]
struct RankedText {
    lengths: Lengths,
    letters: Letters,
}

/// How a number is written in letters: so many of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Letters {
    /// Consonants and vowels in turn.
    Syllables(u32),
    /// Any.
    Alphabet(u32),
}

impl Letters {
    /// As few as tell so many numbers apart: any letters where syllables are too long.
    fn enough(values: u64, lengths: Lengths) -> Letters {
        let digits =
            |base: u64| (1..).find(|&it| base.checked_pow(it).is_none_or(|all| all >= values));
        let most = lengths.most.unwrap_or(u32::MAX);
        let syllables = 2 * digits(SYLLABLES).unwrap_or(1);
        let fits =
            lengths.mean.is_none_or(|mean| f64::from(syllables) <= mean) && syllables <= most;
        match fits {
            true => Letters::Syllables(syllables),
            false => Letters::Alphabet(digits(26).unwrap_or(1).min(most)),
        }
    }

    fn count(self) -> u32 {
        match self {
            Letters::Syllables(count) | Letters::Alphabet(count) => count,
        }
    }

    /// Appends a number, the highest digit first.
    fn write(self, number: u64, out: &mut Vec<u8>) {
        let mut digits = [0; MOST_LETTERS];
        let first = MOST_LETTERS.saturating_sub(self.count() as usize);
        let mut rest = number;
        match self {
            Letters::Syllables(_) => {
                for pair in digits[first..].rchunks_mut(2) {
                    pair.copy_from_slice(syllable(rest % SYLLABLES));
                    rest /= SYLLABLES;
                }
            }
            Letters::Alphabet(_) => {
                for digit in digits[first..].iter_mut().rev() {
                    *digit = b'a' + u8::try_from(rest % 26).unwrap_or(0);
                    rest /= 26;
                }
            }
        }
        out.extend_from_slice(&digits[first..]);
    }
}

/// As many letters as the largest number takes, and more.
const MOST_LETTERS: usize = 32;

/// A consonant and a vowel, by their number.
#[inline]
fn syllable(number: u64) -> &'static [u8; 2] {
    const COUNT: usize = CONSONANTS.len() * VOWELS.len();
    const ALL: [[u8; 2]; COUNT] = {
        let mut all = [[0; 2]; COUNT];
        let mut place = 0;
        while place < COUNT {
            all[place] = [
                CONSONANTS[place / VOWELS.len()],
                VOWELS[place % VOWELS.len()],
            ];
            place += 1;
        }
        all
    };
    &ALL[usize::try_from(number % SYLLABLES).unwrap_or(0)]
}

impl RowText for RankedText {
    fn prepare(&mut self, values: u64) {
        self.letters = Letters::enough(values, self.lengths);
    }

    fn write(&self, value: &mut ValueContext, out: &mut Vec<u8>) {
        self.write_index(u128::from(value.row.id.saturating_sub(1)), value, out);
    }

    fn write_index(&self, index: u128, _: &mut ValueContext, out: &mut Vec<u8>) {
        let number = small(index);
        self.letters.write(number, out);
        letters_up_to(length(self.lengths, number), self.letters, number, out);
    }

    fn traits(&self) -> TextTraits {
        TextTraits::default()
    }
}

/// Appends letters behind those that tell the number, up to a length: sixteen from each number of a sequence.
fn letters_up_to(length: u32, own: Letters, number: u64, out: &mut Vec<u8>) {
    let mut left = length.saturating_sub(own.count()) as usize;
    let mut bits = mix(number);
    while left > 0 {
        let mut letters = [0; 16];
        let mut rest = bits >> 16;
        for pair in letters.chunks_exact_mut(2) {
            pair.copy_from_slice(syllable(rest & 63));
            rest >>= 6;
        }
        let count = left.min(letters.len());
        out.extend_from_slice(&letters[..count]);
        left -= count;
        bits = next(bits, number);
    }
}

/// The next number of a sequence.
#[inline]
fn next(bits: u64, number: u64) -> u64 {
    bits.wrapping_mul(0xD6E8_FEB8_6659_FD93)
        .wrapping_add(number)
}

/// Bytes that tell the number, and further ones up to the length.
#[derive(Debug)]
struct RankedBytes {
    lengths: Lengths,
    bytes: u32,
}

impl RowText for RankedBytes {
    fn prepare(&mut self, values: u64) {
        let last = values.saturating_sub(1).max(1);
        self.bytes = last.ilog2() / 8 + 1;
    }

    fn write(&self, value: &mut ValueContext, out: &mut Vec<u8>) {
        self.write_index(u128::from(value.row.id.saturating_sub(1)), value, out);
    }

    fn write_index(&self, index: u128, _: &mut ValueContext, out: &mut Vec<u8>) {
        let number = small(index);
        out.extend_from_slice(b"\\x");
        write_hex(&number.to_be_bytes()[8 - self.bytes as usize..], out);
        let mut bits = mix(number);
        for _ in self.bytes..length(self.lengths, number) {
            write_hex(&bits.to_be_bytes()[..1], out);
            bits = next(bits, number);
        }
    }

    fn traits(&self) -> TextTraits {
        TextTraits {
            special: true,
            empty: false,
        }
    }
}

/// uuids of version 4 whose first 48 bits are the number's share of them.
#[derive(Debug)]
struct RankedUuid {
    values: u64,
}

impl RowText for RankedUuid {
    fn prepare(&mut self, values: u64) {
        self.values = values.clamp(1, 1 << 48);
    }

    fn write(&self, value: &mut ValueContext, out: &mut Vec<u8>) {
        self.write_index(u128::from(value.row.id.saturating_sub(1)), value, out);
    }

    fn write_index(&self, index: u128, _: &mut ValueContext, out: &mut Vec<u8>) {
        let number = small(index);
        let (own, other) = (mix(number ^ 0x5EED), mix(number ^ 0xD0_5EED));
        let (first, step) = (number * ((1 << 48) / self.values), (1 << 48) / self.values);
        let high = (first + below(own, step)) << 16 | 0x4000 | own & 0x0fff;
        let low = other & (u64::MAX >> 2) | 1 << 63;
        let bytes = (u128::from(high) << 64 | u128::from(low)).to_be_bytes();
        for (place, pair) in bytes.chunks(2).enumerate() {
            if (2..=5).contains(&place) {
                out.push(b'-');
            }
            write_hex(pair, out);
        }
    }

    fn traits(&self) -> TextTraits {
        TextTraits::default()
    }
}

/// Addresses of 10.0.0.0/8.
#[derive(Debug)]
struct RankedInet;

impl RowText for RankedInet {
    fn write(&self, value: &mut ValueContext, out: &mut Vec<u8>) {
        self.write_index(u128::from(value.row.id.saturating_sub(1)), value, out);
    }

    fn write_index(&self, index: u128, _: &mut ValueContext, out: &mut Vec<u8>) {
        let host = u32::try_from(index + 1).unwrap_or(1) & 0x00ff_ffff;
        // Writing to memory cannot fail.
        let _ = write!(out, "{}", Ipv4Addr::from(10 << 24 | host));
    }

    fn traits(&self) -> TextTraits {
        TextTraits::default()
    }
}

/// How long the text with a number is: near the mean, which needn't be whole.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "lengths are positive and below 2^32, and `as` saturates"
)]
fn length(lengths: Lengths, number: u64) -> u32 {
    let mean = lengths.mean.unwrap_or(0.0);
    let whole = libm::floor(mean);
    let more = (mix(number ^ 0x1E27) >> 32) as f64 / 4_294_967_296.0 < mean - whole;
    let length = whole as u32 + u32::from(more);
    length.min(lengths.most.unwrap_or(u32::MAX))
}

fn write_hex(bytes: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        out.extend_from_slice(&[
            DIGITS[usize::from(byte >> 4)],
            DIGITS[usize::from(byte & 15)],
        ]);
    }
}

fn below(bits: u64, bound: u64) -> u64 {
    u64::try_from((u128::from(bits) * u128::from(bound)) >> 64).unwrap_or(0)
}

fn small(index: u128) -> u64 {
    u64::try_from(index).unwrap_or(u64::MAX)
}
