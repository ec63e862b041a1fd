//! The choices that make up one value: random ones, or the digits of an index, so that distinct indexes give distinct
//! values.
//!
//! A maker is written once, against these choices; whether its column repeats values is decided by who calls it.

use crate::dataset::draw::{Draws, Key};

/// Indexes are below this number; a maker with more values than that leaves the others to chance.
pub const LARGEST_DOMAIN: u128 = u64::MAX as u128;

/// What one value is made from. While there are digits of an index left, choices are taken from these; then they are
/// random.
#[derive(Debug, Clone)]
pub struct Choices {
    row: u64,
    /// Below `room`.
    rest: u64,
    /// How many indexes the digits that are left can tell apart; 1 for none.
    room: u64,
    draws: Draws,
}

impl Choices {
    /// Random ones.
    #[inline]
    pub fn drawn(row: u64, draws: Draws) -> Choices {
        Choices {
            row,
            rest: 0,
            room: 1,
            draws,
        }
    }

    /// Those of an index below a maker's domain. `key` is of the column; what the index leaves open depends on it and on
    /// the index.
    #[inline]
    pub fn of_index(key: Key, row: u64, index: u64, domain: u128) -> Choices {
        Choices {
            row,
            rest: index,
            room: u64::try_from(domain).unwrap_or(u64::MAX).max(1),
            draws: key.row(index),
        }
    }

    /// The row's number, for values that rise with it.
    pub fn row(&self) -> u64 {
        self.row
    }

    /// A number below `radix`, which is at least 1.
    #[inline]
    pub fn below(&mut self, radix: u64) -> u64 {
        if self.room == 1 {
            return self.draws.below(radix);
        }
        if radix <= self.room {
            let digit = self.rest % radix;
            self.rest /= radix;
            self.room = self.room.div_ceil(radix);
            return digit;
        }
        // The last digit: spread over the radix, so that it stays one of `room` different ones.
        let step = radix / self.room;
        let digit = self.rest * step + self.draws.below(step);
        (self.rest, self.room) = (0, 1);
        digit
    }

    /// [`Choices::below`] for a position in a list that isn't empty.
    #[inline]
    pub fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or(0)
    }

    /// A number from `min` to `max`.
    #[inline]
    pub fn between(&mut self, min: u64, max: u64) -> u64 {
        match (max - min).checked_add(1) {
            Some(count) => min + self.below(count),
            None => self.bits(),
        }
    }

    /// 64 bits; of an index, those that it has left, in an order that looks random.
    #[inline]
    pub fn bits(&mut self) -> u64 {
        if self.room == 1 {
            return self.draws.bits();
        }
        let rest = std::mem::take(&mut self.rest);
        self.room = 1;
        Key::fixed().row(rest).bits()
    }

    /// Whether no index decides any more.
    #[inline]
    pub fn is_random(&self) -> bool {
        self.room == 1
    }

    /// A random number below a bound, which says nothing of the index.
    #[inline]
    pub fn random_below(&mut self, bound: u64) -> u64 {
        self.draws.below(bound)
    }

    /// Random bits that say nothing of the index.
    #[inline]
    pub fn random_bits(&mut self) -> u64 {
        self.draws.bits()
    }

    /// One of several branches, of which each has so many values: evenly at random, or the one in which the index lies.
    /// What is left are the branch's choices.
    pub fn branch(&mut self, sizes: impl ExactSizeIterator<Item = u128>) -> usize {
        let count = sizes.len();
        if self.room == 1 {
            return self.draws.index(count);
        }
        let mut chosen = count - 1;
        for (place, size) in sizes.enumerate() {
            if u128::from(self.rest) < size {
                chosen = place;
                self.room = self
                    .room
                    .min(u64::try_from(size).unwrap_or(u64::MAX))
                    .max(1);
                break;
            }
            let size = u64::try_from(size).unwrap_or(0);
            self.rest -= size;
            self.room -= size;
        }
        chosen
    }

    /// The choices of a part that has so many values; the others remain.
    pub fn part(&mut self, size: u128) -> Choices {
        let mut part = self.clone();
        part.draws = Draws::from_bits(self.draws.bits());
        match u64::try_from(size) {
            Ok(size) if size < self.room => {
                part.rest = self.rest % size.max(1);
                part.room = size.max(1);
                self.rest /= size.max(1);
                self.room = self.room.div_ceil(size.max(1));
            }
            _ => (self.rest, self.room) = (0, 1),
        }
        part
    }
}

/// A product of numbers of values, which stops at [`LARGEST_DOMAIN`].
pub fn product(sizes: impl IntoIterator<Item = u128>) -> u128 {
    let mut product = 1u128;
    for size in sizes {
        product = product.saturating_mul(size).min(LARGEST_DOMAIN);
    }
    product
}

/// So many values for each of several parts.
pub fn power(size: u128, parts: u32) -> u128 {
    product((0..parts.min(64)).map(|_| size))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn of_index(index: u64, domain: u128) -> Choices {
        Choices::of_index(Key::new(1, "t", "c"), 1, index, domain)
    }

    #[test]
    fn an_index_below_the_product_of_radixes_has_digits_of_its_own() {
        let radixes = [3, 7, 2, 11];
        let domain = product(radixes.map(u128::from));
        let digits = |index| {
            let mut choices = of_index(index, domain);
            radixes.map(|radix| choices.below(radix))
        };
        let all: HashSet<_> = (0..462).map(digits).collect();
        assert_eq!(all.len(), 462);
        assert!(all.iter().flatten().all(|&digit| digit < 11));
    }

    #[test]
    fn a_domain_smaller_than_the_choices_leaves_the_rest_to_chance() {
        let domain = 1000;
        let digits = |index| {
            let mut choices = of_index(index, domain);
            [64, 64, 64].map(|radix| choices.below(radix))
        };
        let all: Vec<_> = (0..1000).map(digits).collect();
        let distinct: HashSet<_> = all.iter().map(|it| (it[0], it[1])).collect();
        assert_eq!(distinct.len(), 1000);
        let last: HashSet<_> = all.iter().map(|it| it[2]).collect();
        assert_eq!(last.len(), 64);
    }

    #[test]
    fn branches_hold_the_indexes_below_their_sizes() {
        let sizes = [1u128, 4, 16];
        let values = |index| {
            let mut choices = of_index(index, 21);
            let branch = choices.branch(sizes.into_iter());
            (branch, choices.below(u64::try_from(sizes[branch]).unwrap()))
        };
        let all: HashSet<_> = (0..21).map(values).collect();
        assert_eq!(all.len(), 21);
        assert!(all.contains(&(0, 0)) && all.contains(&(2, 15)));
    }

    #[test]
    fn parts_have_choices_of_their_own() {
        let values = |index| {
            let mut choices = of_index(index, 60);
            let mut part = choices.part(12);
            (part.below(3), part.below(4), choices.below(5))
        };
        let all: HashSet<_> = (0..60).map(values).collect();
        assert_eq!(all.len(), 60);
    }

    #[test]
    fn sixty_four_bits_of_distinct_indexes_differ() {
        let all: HashSet<_> = (0..10_000)
            .map(|index| of_index(index, LARGEST_DOMAIN).bits())
            .collect();
        assert_eq!(all.len(), 10_000);
    }
}
