//! A shuffle of the numbers below a size that is computed, not stored, and can be undone.
//!
//! A [`Permutation`](crate::dataset::permutation::Permutation) takes four times as long as all else of a number. Here odd
//! multiples and shifts mix the bits of the next power of two, each a step that can be undone; what falls outside of the size
//! goes through again.

/// Odd numbers to multiply by, from splitmix64's sequence.
const FACTORS: [u64; 3] = [
    0xBF58_476D_1CE4_E5B9,
    0x94D0_49BB_1331_11EB,
    0xD6E8_FEB8_6659_FD93,
];

/// A shuffle of the numbers 0 to `size` - 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shuffle {
    size: u64,
    /// The bits of the next power of two.
    mask: u64,
    /// Half of them: a shift by so many that is undone by itself.
    half: u32,
    key: u64,
    /// What undoes a multiplication by each factor.
    inverses: [u64; 3],
}

impl Shuffle {
    /// A size of 0 counts as 1; the largest is 2^62.
    pub fn new(size: u64, key: u64) -> Shuffle {
        let size = size.clamp(1, 1 << 62);
        let bits = (u64::BITS - (size - 1).leading_zeros()).max(1);
        Shuffle {
            size,
            mask: (1 << bits) - 1,
            half: bits.div_ceil(2),
            key,
            inverses: FACTORS.map(inverse),
        }
    }

    /// Where a number below the size goes; another shuffle for each `tweak`.
    #[inline]
    pub fn at(&self, number: u64, tweak: u64) -> u64 {
        let key = self.key ^ tweak.wrapping_mul(0xA076_1D64_78BD_642F);
        let mut number = number;
        loop {
            for (place, factor) in FACTORS.iter().enumerate() {
                number = number
                    .wrapping_add(key >> (8 * place))
                    .wrapping_mul(*factor)
                    & self.mask;
                number ^= number >> self.half;
            }
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
            for (place, inverse) in self.inverses.iter().enumerate().rev() {
                number ^= number >> self.half;
                number = number
                    .wrapping_mul(*inverse)
                    .wrapping_sub(key >> (8 * place))
                    & self.mask;
            }
            if number < self.size {
                return number;
            }
        }
    }
}

/// The number that an odd one has to be multiplied with for 1 (Newton: each step doubles the bits that are right).
fn inverse(odd: u64) -> u64 {
    (0..6).fold(odd, |it, _| {
        it.wrapping_mul(2u64.wrapping_sub(odd.wrapping_mul(it)))
    })
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
