//! Fractions that numbers are multiplied by: a division beforehand in place of one for each value, which takes longer than all
//! the rest.

/// A fraction, in 2^-64ths above its whole part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ratio {
    whole: u64,
    /// Rounded up: so products of numbers and fractions below 2^32 are cut to exactly what a division gives.
    fraction: u64,
}

impl Ratio {
    /// `of` / `all`; `all` is at least 1.
    pub fn new(of: u64, all: u64) -> Ratio {
        let all = all.max(1);
        let rest = u128::from(of % all) << 64;
        Ratio {
            whole: of / all,
            fraction: u64::try_from(rest.div_ceil(u128::from(all))).unwrap_or(u64::MAX),
        }
    }

    /// The whole part of its product with a number.
    #[inline]
    pub fn times(self, number: u64) -> u64 {
        let part = (u128::from(number) * u128::from(self.fraction)) >> 64;
        let part = u64::try_from(part).unwrap_or(u64::MAX);
        number.wrapping_mul(self.whole).wrapping_add(part)
    }
}

/// `number` × `of` / `all`, for what is computed once.
#[inline]
pub fn share(number: u64, of: u64, all: u64) -> u64 {
    match number.checked_mul(of) {
        Some(product) => product / all,
        None => {
            let product = u128::from(number) * u128::from(of);
            u64::try_from(product / u128::from(all)).unwrap_or(u64::MAX)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn products_are_what_a_division_gives(of in 0u64..1 << 32, all in 1u64..1 << 32, number: u64) {
            let number = number % (all + 1);
            prop_assert_eq!(Ratio::new(of, all).times(number), number * of / all);
        }
    }
}
