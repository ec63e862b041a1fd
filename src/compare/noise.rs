//! Whether two series of measurements differ significantly.
//!
//! The Mann-Whitney U test compares ranks, so that neither outliers nor the distribution of times matter. Its normal
//! approximation, with a correction for ties, is good from eight values each.

/// The fewest values of a series that the test is applied to.
const LEAST: usize = 8;
/// The smallest change of the median that is reported: 5%.
pub const LEAST_EFFECT: f64 = 0.05;
/// The significance level: the probability of reporting a difference where there is none.
pub const CHANCE: f64 = 0.001;

/// The change between two series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shift {
    /// The median before.
    pub before: f64,
    /// The median after.
    pub after: f64,
    /// The p-value; `None` for too few values.
    pub chance: Option<f64>,
}

impl Shift {
    /// Whether it is more than noise: significant, and large enough to report.
    pub fn is_real(&self) -> bool {
        let effect = (self.after - self.before).abs() / self.before.abs().max(f64::MIN_POSITIVE);
        self.chance.is_some_and(|chance| chance < CHANCE) && effect >= LEAST_EFFECT
    }

    /// The ratio of the larger median to the smaller; 1 for no change.
    pub fn factor(&self) -> f64 {
        let (low, high) = (self.before.min(self.after), self.before.max(self.after));
        if low > 0.0 {
            high / low
        } else if high > 0.0 {
            f64::INFINITY
        } else {
            1.0
        }
    }
}

/// The shift between two series, in any order.
pub fn shift(before: &[f64], after: &[f64]) -> Shift {
    Shift {
        before: median(before),
        after: median(after),
        chance: (before.len() >= LEAST && after.len() >= LEAST).then(|| chance(before, after)),
    }
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => 0.0,
        n if n % 2 == 1 => values[n / 2],
        n => f64::midpoint(values[n / 2 - 1], values[n / 2]),
    }
}

/// Two-sided.
fn chance(before: &[f64], after: &[f64]) -> f64 {
    let mut all: Vec<(f64, bool)> = before.iter().map(|&value| (value, true)).collect();
    all.extend(after.iter().map(|&value| (value, false)));
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut ranks, mut ties, mut at) = (0.0, 0.0, 0);
    while at < all.len() {
        let same = all[at..]
            .iter()
            .take_while(|(value, _)| *value == all[at].0)
            .count();
        // Values that are equal share the mean of their ranks.
        let rank = at as f64 + (same as f64 + 1.0) / 2.0;
        ranks += rank
            * all[at..at + same]
                .iter()
                .filter(|(_, first)| *first)
                .count() as f64;
        let tied = same as f64;
        ties += tied * tied * tied - tied;
        at += same;
    }
    let (n, m) = (before.len() as f64, after.len() as f64);
    let u = ranks - n * (n + 1.0) / 2.0;
    let mean = n * m / 2.0;
    let variance = n * m / 12.0 * (n + m + 1.0 - ties / ((n + m) * (n + m - 1.0)));
    if variance <= 0.0 {
        return 1.0;
    }
    // Half a step towards the mean: counts are whole.
    let z = ((u - mean).abs() - 0.5).max(0.0) / variance.sqrt();
    libm::erfc(z / std::f64::consts::SQRT_2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(start: u32, step: f64) -> Vec<f64> {
        (0..20)
            .map(|at| f64::from(start) + f64::from(at) * step)
            .collect()
    }

    #[test]
    fn the_same_series_is_no_shift() {
        let shift = shift(&series(10, 0.1), &series(10, 0.1));
        assert!(!shift.is_real());
        assert!(shift.chance.unwrap() > 0.9, "{shift:?}");
    }

    #[test]
    fn series_that_don_t_mix_are_a_shift() {
        let shift = shift(&series(10, 0.1), &series(20, 0.1));
        assert!(shift.is_real(), "{shift:?}");
        assert!((shift.factor() - 20.95 / 10.95).abs() < 1e-9);
    }

    /// The example of Mann and Whitney's test in Wikipedia's article, tortoises against hares: U = 11 of 6 and 6.
    #[test]
    fn the_statistic_is_the_known_one() {
        let (tortoises, hares) = (
            [1.0, 7.0, 8.0, 9.0, 10.0, 11.0],
            [2.0, 3.0, 4.0, 5.0, 6.0, 12.0],
        );
        let z = (18.0 - 11.0 - 0.5) / (6.0_f64 * 6.0 * 13.0 / 12.0).sqrt();
        let expected = libm::erfc(z / std::f64::consts::SQRT_2);
        assert!((chance(&tortoises, &hares) - expected).abs() < 1e-12);
    }

    #[test]
    fn small_effects_and_few_values_are_noise() {
        let slower: Vec<f64> = series(1_000, 0.1)
            .iter()
            .map(|value| value * 1.04)
            .collect();
        let small = shift(&series(1_000, 0.1), &slower);
        assert!(
            small.chance.unwrap() < CHANCE && !small.is_real(),
            "{small:?}"
        );
        assert!(!shift(&[1.0; 7], &[9.0; 7]).is_real());
    }

    #[test]
    fn ties_are_no_evidence() {
        let mut shifted = vec![4.0; 20];
        shifted[0] = 9.0;
        assert!(!shift(&[4.0; 20], &shifted).is_real());
        assert_eq!(shift(&[4.0; 20], &[4.0; 20]).chance, Some(1.0));
        assert!(shift(&[4.0; 20], &[5.0; 20]).is_real());
    }
}
