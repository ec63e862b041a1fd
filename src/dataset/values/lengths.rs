//! How many places a value has, where each has as many symbols.

use crate::dataset::choices::{Choices, LARGEST_DOMAIN, power};

/// Lengths from the least to the greatest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lengths {
    min: u32,
    /// How many values there are of each length.
    sizes: Vec<u128>,
}

impl Lengths {
    /// For places of so many symbols; `min` is at most `max`.
    pub fn new(min: u32, max: u32, symbols: usize) -> Lengths {
        let sizes = (min..=max).map(|length| power(symbols as u128, length));
        Lengths {
            min,
            sizes: sizes.collect(),
        }
    }

    /// The least.
    pub fn min(&self) -> u32 {
        self.min
    }

    /// The greatest.
    pub fn max(&self) -> u32 {
        self.min + u32::try_from(self.sizes.len()).unwrap_or(1) - 1
    }

    /// How many values there are of all lengths.
    pub fn domain(&self) -> u128 {
        let sum = self
            .sizes
            .iter()
            .fold(0u128, |sum, &size| sum.saturating_add(size));
        sum.min(LARGEST_DOMAIN)
    }

    /// The length of a value.
    #[inline]
    pub fn pick(&self, choices: &mut Choices) -> usize {
        let more = match self.sizes.len() {
            1 => 0,
            _ => choices.branch(self.sizes.iter().copied()),
        };
        self.min as usize + more
    }
}
