//! A shuffle of the numbers below a size that is computed, not stored, and can be undone.
//!
//! As [`Permutation`](crate::dataset::permutation::Permutation), for sizes of 64 bits: one half is a power of two, so that
//! a number is split without a division, which is half of the time that a value takes.

/// Pairs of rounds. More look no more random here; fewer leave patterns in small sizes.
const ROUNDS: [u64; 2] = [0, 2];

/// Between the rounds' keys.
const ROUND_STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// A shuffle of the numbers 0 to `size` - 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shuffle {
    size: u64,
    /// Bits of the lower half, at least 1.
    bits: u32,
    /// How many upper halves there are.
    upper: u64,
    key: u64,
}

impl Shuffle {
    /// A size of 0 counts as 1; the largest is 2^62.
    pub fn new(size: u64, key: u64) -> Shuffle {
        let size = size.clamp(1, 1 << 62);
        let bits = (size.ilog2() / 2).max(1);
        Shuffle {
            size,
            bits,
            upper: size.div_ceil(1 << bits),
            key,
        }
    }

    /// Where a number below the size goes; another shuffle for each `tweak`.
    #[inline]
    pub fn at(&self, number: u64, tweak: u64) -> u64 {
        let key = self.key ^ tweak.wrapping_mul(0xA076_1D64_78BD_642F);
        let mut number = number;
        // What falls outside goes through again.
        loop {
            number = self.pass(number, key);
            if number < self.size {
                return number;
            }
        }
    }

    /// The number that goes to this one.
    #[inline]
    pub fn from(&self, number: u64, tweak: u64) -> u64 {
        let key = self.key ^ tweak.wrapping_mul(0xA076_1D64_78BD_642F);
        let mut number = number;
        loop {
            number = self.pass_back(number, key);
            if number < self.size {
                return number;
            }
        }
    }

    #[inline]
    fn pass(&self, number: u64, key: u64) -> u64 {
        let mask = (1 << self.bits) - 1;
        let (mut low, mut high) = (number & mask, number >> self.bits);
        for round in ROUNDS {
            low = low.wrapping_add(self.low_bits(high, key, round)) & mask;
            high += self.below_upper(low, key, round + 1);
            high -= if high >= self.upper { self.upper } else { 0 };
        }
        high << self.bits | low
    }

    #[inline]
    fn pass_back(&self, number: u64, key: u64) -> u64 {
        let mask = (1 << self.bits) - 1;
        let (mut low, mut high) = (number & mask, number >> self.bits);
        for round in ROUNDS.into_iter().rev() {
            let added = self.below_upper(low, key, round + 1);
            high += if high < added { self.upper } else { 0 };
            high -= added;
            low = low.wrapping_sub(self.low_bits(high, key, round)) & mask;
        }
        high << self.bits | low
    }

    #[inline]
    fn low_bits(&self, other: u64, key: u64, round: u64) -> u64 {
        scrambled(other ^ key.wrapping_add(round.wrapping_mul(ROUND_STEP))) >> (64 - self.bits)
    }

    #[inline]
    fn below_upper(&self, other: u64, key: u64, round: u64) -> u64 {
        let bits = scrambled(other ^ key.wrapping_add(round.wrapping_mul(ROUND_STEP)));
        u64::try_from((u128::from(bits) * u128::from(self.upper)) >> 64).unwrap_or(0)
    }
}

/// Bits of which the highest depend on every bit of a number.
#[inline]
fn scrambled(number: u64) -> u64 {
    let x = (number ^ (number >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    (x ^ (x >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_small_size_is_shuffled_without_repeats() {
        for size in 1..=600 {
            let shuffle = Shuffle::new(size, 1);
            let all: HashSet<u64> = (0..size).map(|it| shuffle.at(it, 7)).collect();
            assert_eq!(all.len() as u64, size);
            assert!(all.iter().all(|&it| it < size), "{size}");
        }
    }

    #[test]
    fn neighbours_land_far_apart() {
        let shuffle = Shuffle::new(1_000_000, 3);
        let near =
            (0..10_000).filter(|&it| shuffle.at(it, 0).abs_diff(shuffle.at(it + 1, 0)) < 10_000);
        assert!(near.count() < 300, "about 2% are expected");
    }

    proptest! {
        #[test]
        fn a_shuffle_can_be_undone(size in 1u64..1 << 62, key: u64, tweak: u64, number: u64) {
            let shuffle = Shuffle::new(size, key);
            let there = shuffle.at(number % size, tweak);
            prop_assert!(there < size);
            prop_assert_eq!(shuffle.from(there, tweak), number % size);
        }
    }
}
