//! Counter-based random numbers: a draw is a pure function of (seed, table, column, row).
//!
//! No state runs from row to row, so any block can be made alone, adding a column changes no other, and a maker can
//! recompute a sibling's value.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "numbers are cut to their bound by design, and probabilities are positive"
)]

use xxhash_rust::xxh3::Xxh3;

/// Steps between rows and between a row's own draws: odd, so that each runs through all of 2^64, and unrelated, so
/// that two rows' draws do not fall on the same numbers.
const ROW_STEP: u64 = 0xD1B5_4A32_D192_ED03;
const DRAW_STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// What a column's (or a fan-out's) draws start from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key(u64);

impl Key {
    /// The key of one named thing of one table.
    pub fn new(seed: u64, table: &str, what: &str) -> Key {
        let mut hash = Xxh3::with_seed(seed);
        hash.update(table.as_bytes());
        hash.update(&[0]);
        hash.update(what.as_bytes());
        Key(hash.digest())
    }

    /// One that depends on nothing, for orders that only look random.
    pub const fn fixed() -> Key {
        Key(0)
    }

    /// The key of one of a value's parts.
    #[inline]
    pub fn part(self, place: u64) -> Key {
        Key(Draws(self.0 ^ place.wrapping_mul(ROW_STEP)).bits())
    }

    /// The draws of one row; their first 64 bits are another number for each row.
    #[inline]
    pub fn row(self, row: u64) -> Draws {
        Draws(self.0.wrapping_add(row.wrapping_mul(ROW_STEP)))
    }
}

/// One row's random numbers, one after the other.
#[derive(Debug, Clone)]
pub struct Draws(u64);

impl Draws {
    /// Draws that start from bits drawn elsewhere.
    #[inline]
    pub fn from_bits(bits: u64) -> Draws {
        Draws(bits)
    }

    /// 64 random bits: splitmix64 (Steele, Lea and Flood 2014, with Stafford's "variant 13" constants).
    #[inline]
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(DRAW_STEP);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^ (x >> 31)
    }

    /// A number in `0..bound`, 0 for a bound of 0 (Lemire's multiplication; the bias is below bound / 2^64).
    #[inline]
    pub fn below(&mut self, bound: u64) -> u64 {
        let product = u128::from(self.bits()) * u128::from(bound);
        (product >> 64) as u64
    }

    /// [`Draws::below`] for an index.
    #[inline]
    pub fn index(&mut self, length: usize) -> usize {
        self.below(length as u64) as usize
    }

    /// Whether an event of this probability happens.
    #[inline]
    pub fn happens(&mut self, chance: Chance) -> bool {
        self.bits() >> 11 < chance.0
    }

    /// 53 random bits, the scale of [`Chance`] and of a distribution's thresholds.
    #[inline]
    pub fn bits53(&mut self) -> u64 {
        self.bits() >> 11
    }
}

/// 2^53: the largest power up to which every integer is an f64.
pub const ONE: f64 = 9_007_199_254_740_992.0;

/// A probability in 2^-53ths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chance(u64);

impl Chance {
    /// What never happens.
    pub const NEVER: Chance = Chance(0);

    /// A probability between 0 and 1; what lies outside is cut.
    pub fn new(probability: f64) -> Chance {
        Chance((probability.clamp(0.0, 1.0) * ONE) as u64)
    }

    /// Between 0 and 1.
    pub fn probability(self) -> f64 {
        self.0 as f64 / ONE
    }

    /// Whether it can happen at all.
    pub fn is_never(self) -> bool {
        self.0 == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_fixed_by_seed_table_column_and_row() {
        let one = |seed, table, column, row| Key::new(seed, table, column).row(row).bits();
        assert_eq!(one(42, "a", "b", 7), one(42, "a", "b", 7));
        assert_ne!(one(42, "a", "b", 7), one(43, "a", "b", 7));
        assert_ne!(one(42, "a", "b", 7), one(42, "ab", "", 7));
        assert_ne!(one(42, "a", "b", 7), one(42, "a", "b", 8));
    }

    #[test]
    fn bounded_draws_are_even_over_rows() {
        let key = Key::new(1, "t", "c");
        let mut counts = [0u32; 10];
        for row in 0..100_000 {
            counts[key.row(row).index(10)] += 1;
        }
        assert!(
            counts.iter().all(|&n| (9_500..10_500).contains(&n)),
            "{counts:?}"
        );
    }

    #[test]
    fn chances_of_zero_and_one_are_certain() {
        let mut draws = Key::new(1, "t", "c").row(0);
        assert!(
            (0..1000).all(|_| draws.happens(Chance::new(1.0)) && !draws.happens(Chance::NEVER))
        );
    }
}
