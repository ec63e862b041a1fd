//! Named distributions as tables of thresholds: how large a number is.
//!
//! Only additions, multiplications and divisions (and `libm` for the log-normal), whose results are the same on every
//! platform, so that a seed gives the same rows everywhere.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "thresholds are positive and below 2^53, and a drawn number lies in its range"
)]

use crate::dataset::draw::{Draws, ONE};

/// One of a few, drawn by their weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// `thresholds[i]`: P(index <= i) in 2^-53ths.
    thresholds: Vec<u64>,
    /// Where to start looking, by the draw's highest 8 bits.
    guide: Vec<u16>,
}

impl Weights {
    /// At most 65,535 weights, none negative, not all zero.
    pub fn new(weights: &[f64]) -> Weights {
        let total: f64 = weights.iter().sum();
        let mut below = 0.0;
        let mut thresholds: Vec<u64> = weights
            .iter()
            .map(|weight| {
                below += weight;
                (below / total * ONE) as u64
            })
            .collect();
        if let Some(last) = thresholds.last_mut() {
            *last = ONE as u64;
        }
        let start = |high: u64| thresholds.partition_point(|&t| t <= high << 45);
        let guide = (0..256)
            .map(|high| u16::try_from(start(high)).unwrap_or(u16::MAX))
            .collect();
        Weights { thresholds, guide }
    }

    /// Whether all are as likely.
    pub fn are_even(&self) -> bool {
        *self == Weights::new(&vec![1.0; self.thresholds.len()])
    }

    /// The share that each has.
    pub fn shares(&self) -> Vec<f64> {
        let below = std::iter::once(0).chain(self.thresholds.iter().copied());
        let shares = self.thresholds.iter().zip(below);
        shares.map(|(to, from)| (to - from) as f64 / ONE).collect()
    }

    /// Those of some positions alone; `None` where all of them are zero.
    pub fn of_positions(&self, positions: &[usize]) -> Option<Weights> {
        let below = |position: usize| match position {
            0 => 0,
            _ => self.thresholds[position - 1],
        };
        let weight = |&position: &usize| (self.thresholds[position] - below(position)) as f64;
        let weights: Vec<f64> = positions.iter().map(weight).collect();
        let some = weights.iter().any(|&weight| weight > 0.0);
        some.then(|| Weights::new(&weights))
    }

    /// An index into the weights.
    #[inline]
    pub fn draw(&self, draws: &mut Draws) -> usize {
        let x = draws.bits53();
        let mut index = usize::from(self.guide[(x >> 45) as usize]);
        while self.thresholds[index] <= x {
            index += 1;
        }
        index
    }
}

/// How large a number is.
#[derive(Debug, Clone, PartialEq)]
pub enum Range {
    /// Every number from the first to the last as likely.
    Uniform {
        /// The least.
        min: i64,
        /// The greatest.
        max: i64,
    },
    /// A table of quantiles, linear between them.
    Quantiles(Vec<i64>),
    /// Bounds of buckets, at least 2, ascending: each bucket as likely, and in it each number.
    Histogram(Vec<i64>),
}

/// Steps of a quantile table: 1,024 cells keep 2,000 distinct prices of a log-normal apart.
const QUANTILES: usize = 1024;

impl Range {
    /// A log-normal around `median` (half lie below it), `spread` being the standard deviation of the logarithm;
    /// what falls outside `min..=max` is drawn in to them.
    pub fn log_normal(min: i64, max: i64, median: f64, spread: f64) -> Range {
        let quantile = |step: usize| {
            let p = (step as f64 + 0.5) / (QUANTILES as f64 + 1.0);
            let value = median * libm::exp(spread * normal_quantile(p));
            (value as i64).clamp(min, max)
        };
        Range::Quantiles((0..=QUANTILES).map(quantile).collect())
    }

    /// One number.
    #[inline]
    pub fn draw(&self, draws: &mut Draws) -> i64 {
        match self {
            Range::Uniform { min, max } => {
                min.wrapping_add_unsigned(draws.below(min.abs_diff(*max) + 1))
            }
            Range::Quantiles(_) | Range::Histogram(_) => self.quantile(draws.bits53()),
        }
    }

    /// The number below which a share of them lies, in 2^-53ths below 1.
    #[inline]
    pub fn quantile(&self, share: u64) -> i64 {
        match self {
            Range::Uniform { min, max } => {
                let numbers = u128::from(min.abs_diff(*max)) + 1;
                min.wrapping_add_unsigned(((numbers * u128::from(share)) >> 53) as u64)
            }
            Range::Quantiles(table) => {
                let cell = (share >> 43) as usize;
                let (low, high) = (table[cell], table[cell + 1]);
                let within = u128::from(share & ((1 << 43) - 1));
                low.wrapping_add_unsigned(((u128::from(low.abs_diff(high)) * within) >> 43) as u64)
            }
            Range::Histogram(bounds) => {
                let buckets = (bounds.len() - 1) as u128;
                let place = u128::from(share) * buckets;
                let (bucket, within) = ((place >> 53) as usize, place & ((1 << 53) - 1));
                let (low, high) = (bounds[bucket], bounds[bucket + 1]);
                low.wrapping_add_unsigned(((u128::from(low.abs_diff(high)) * within) >> 53) as u64)
            }
        }
    }

    /// Whether some numbers are drawn more often than others.
    pub fn is_shaped(&self) -> bool {
        matches!(self, Range::Quantiles(_) | Range::Histogram(_))
    }

    /// How many numbers lie between the least and the greatest.
    pub fn domain(&self) -> u128 {
        let (min, max) = self.bounds();
        u128::from(min.abs_diff(max)) + 1
    }

    /// The least and the greatest number that can be drawn.
    pub fn bounds(&self) -> (i64, i64) {
        match self {
            Range::Uniform { min, max } => (*min, *max),
            Range::Quantiles(table) | Range::Histogram(table) => (table[0], table[table.len() - 1]),
        }
    }
}

/// The normal distribution's quantile (Abramowitz and Stegun 26.2.23: within 4.5e-4, ample for prices).
fn normal_quantile(p: f64) -> f64 {
    let tail = if p < 0.5 { p } else { 1.0 - p };
    let t = libm::sqrt(-2.0 * libm::log(tail));
    let z = t
        - (2.515_517 + 0.802_853 * t + 0.010_328 * t * t)
            / (1.0 + 1.432_788 * t + 0.189_269 * t * t + 0.001_308 * t * t * t);
    if p < 0.5 { -z } else { z }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::draw::Key;

    #[test]
    fn log_normal_has_its_median_and_stays_inside() {
        let range = Range::log_normal(5, 2_000, 60.0, 0.8);
        let key = Key::new(42, "t", "price");
        let mut drawn: Vec<i64> = (0..50_001)
            .map(|row| range.draw(&mut key.row(row)))
            .collect();
        drawn.sort_unstable();
        assert!((57..=63).contains(&drawn[25_000]), "{}", drawn[25_000]);
        assert!(drawn[0] >= 5 && drawn[50_000] <= 2_000);
        let mean = drawn.iter().sum::<i64>() / 50_001;
        assert!(
            (75..=90).contains(&mean),
            "a log-normal's mean lies above its median: {mean}"
        );
    }

    #[test]
    fn uniform_reaches_both_ends() {
        let range = Range::Uniform { min: -2, max: 2 };
        let key = Key::new(1, "t", "c");
        let drawn: std::collections::BTreeSet<i64> = (0..1_000)
            .map(|row| range.draw(&mut key.row(row)))
            .collect();
        assert_eq!(drawn.into_iter().collect::<Vec<_>>(), [-2, -1, 0, 1, 2]);
    }
}
