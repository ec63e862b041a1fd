//! A shuffle of the numbers below a size that is computed, not stored: what makes values unique without a set in memory.
//!
//! A Feistel network over two halves of nearly the same size (Black and Rogaway 2002): each round adds a hash of one half
//! to the other, so that it can be undone and no two numbers meet. The halves' product is a little above the size; a
//! number that falls outside goes through again ("cycle walking").

/// More rounds look no more random here; fewer leave patterns in small sizes.
const ROUNDS: u64 = 4;

/// Sizes above this are cut to it, so that a half fits in 64 bits.
pub const LARGEST: u128 = 1 << 124;

/// A shuffle of the numbers 0 to `size` - 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permutation {
    size: u128,
    left: u64,
    right: u64,
    key: u64,
}

impl Permutation {
    /// A size of 0 counts as 1.
    pub fn new(size: u128, key: u64) -> Permutation {
        let size = size.clamp(1, LARGEST);
        let left = square_root_above(size);
        let right = u64::try_from(size.div_ceil(u128::from(left))).unwrap_or(u64::MAX);
        Permutation {
            size,
            left,
            right,
            key,
        }
    }

    /// How many numbers it shuffles.
    pub fn size(&self) -> u128 {
        self.size
    }

    /// Where a number below the size goes; another shuffle for each `tweak`.
    #[inline]
    pub fn at(&self, index: u128, tweak: u64) -> u128 {
        let key = mix(self.key ^ tweak.wrapping_mul(0xA076_1D64_78BD_642F));
        let mut index = index % self.size;
        loop {
            index = self.pass(index, key);
            if index < self.size {
                return index;
            }
        }
    }

    #[inline]
    fn pass(&self, index: u128, key: u64) -> u128 {
        let (mut left, mut right) = self.halves(index);
        for round in 0..ROUNDS {
            let key = key.wrapping_add(round.wrapping_mul(0x9E37_79B9_7F4A_7C15));
            if round % 2 == 0 {
                left = add_below(left, mix(right ^ key), self.left);
            } else {
                right = add_below(right, mix(left ^ key), self.right);
            }
        }
        u128::from(right) * u128::from(self.left) + u128::from(left)
    }

    #[inline]
    fn halves(&self, index: u128) -> (u64, u64) {
        if let Ok(index) = u64::try_from(index) {
            return (index % self.left, index / self.left);
        }
        let left = index % u128::from(self.left);
        let right = index / u128::from(self.left);
        (
            u64::try_from(left).unwrap_or(0),
            u64::try_from(right).unwrap_or(0),
        )
    }
}

/// A number below `bound` plus any other, around.
#[inline]
fn add_below(number: u64, other: u64, bound: u64) -> u64 {
    let other = u64::try_from((u128::from(other) * u128::from(bound)) >> 64).unwrap_or(0);
    let rest = bound - number;
    if other >= rest {
        other - rest
    } else {
        number + other
    }
}

/// Bits that depend on every bit of a number.
#[inline]
pub fn mix(number: u64) -> u64 {
    let mut x = number;
    x = (x ^ (x >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    x = (x ^ (x >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    x ^ (x >> 32)
}

/// The least number whose square is not below a size.
fn square_root_above(size: u128) -> u64 {
    let (mut low, mut high) = (1u128, 1u128 << 62);
    while low < high {
        let middle = (low + high) / 2;
        if middle * middle >= size {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    u64::try_from(low).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_small_size_is_shuffled_without_repeats() {
        for size in 1..=600u128 {
            for (key, tweak) in [(1, 0), (2, 7)] {
                let shuffle = Permutation::new(size, key);
                let all: HashSet<u128> = (0..size).map(|it| shuffle.at(it, tweak)).collect();
                assert_eq!(all.len() as u128, size);
                assert!(all.iter().all(|&it| it < size), "{size}");
            }
        }
    }

    #[test]
    fn keys_and_tweaks_shuffle_differently() {
        let of = |key, tweak| -> Vec<u128> {
            let shuffle = Permutation::new(1_000, key);
            (0..1_000).map(|it| shuffle.at(it, tweak)).collect()
        };
        assert_ne!(of(1, 0), of(2, 0));
        assert_ne!(of(1, 0), of(1, 1));
        let kept = of(1, 0)
            .iter()
            .enumerate()
            .filter(|(at, it)| *at as u128 == **it)
            .count();
        assert!(kept < 10, "{kept} of 1,000 stay where they are");
    }

    #[test]
    fn neighbours_land_far_apart() {
        let shuffle = Permutation::new(1_000_000, 3);
        let near =
            (0..10_000).filter(|&it| shuffle.at(it, 0).abs_diff(shuffle.at(it + 1, 0)) < 10_000);
        assert!(near.count() < 600, "about 2% are expected");
    }

    proptest! {
        #[test]
        fn no_two_numbers_of_a_large_size_meet(size in 1u128..LARGEST, key: u64, tweak: u64, first: u64) {
            let shuffle = Permutation::new(size, key);
            let numbers: HashSet<u128> = (0..200).map(|it| (u128::from(first) + it) % size).collect();
            let shuffled: HashSet<u128> = numbers.iter().map(|&it| shuffle.at(it, tweak)).collect();
            prop_assert_eq!(shuffled.len(), numbers.len());
            prop_assert!(shuffled.iter().all(|&it| it < size));
        }

        #[test]
        fn sizes_beyond_the_largest_are_cut(size in LARGEST..u128::MAX) {
            prop_assert!(Permutation::new(size, 1).at(5, 0) < LARGEST);
        }
    }
}
