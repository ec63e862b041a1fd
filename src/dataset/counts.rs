//! How many children a parent has: numbers by a named distribution, or as they were measured.

use crate::dataset::distribution::Weights;
use crate::dataset::draw::Draws;
use crate::dataset::profile::CountShare;

/// How many children a parent has: a whole number from 0 up to a maximum.
#[derive(Debug, Clone, PartialEq)]
pub struct Counts {
    weights: Weights,
    /// The number of each weight; without them the weight's position.
    numbers: Vec<u16>,
    mean: f64,
    maximum: u16,
}

/// The shapes a fan-out can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CountShape {
    /// Always the same number.
    Fixed,
    /// Every number from 1 to the maximum as likely.
    Uniform,
    /// Few have many: each further child is as likely as the one before.
    Geometric,
    /// Around the mean, as independent arrivals.
    Poisson,
    /// Each of the maximum's places is filled or empty, independently.
    Binomial,
}

/// Every distribution of numbers of children by its name; `None` for one that was measured.
pub const DISTRIBUTIONS: &[(&str, Option<CountShape>)] = &[
    ("fixed", Some(CountShape::Fixed)),
    ("uniform", Some(CountShape::Uniform)),
    ("geometric", Some(CountShape::Geometric)),
    ("poisson", Some(CountShape::Poisson)),
    ("binomial", Some(CountShape::Binomial)),
    ("measured", None),
];

impl Counts {
    /// Numbers with this mean over all parents; a share of them (`childless`) has none, the others 1 to `maximum`.
    ///
    /// Errors say which of the three numbers contradicts the others.
    pub fn new(
        shape: CountShape,
        mean: f64,
        maximum: u16,
        childless: f64,
    ) -> Result<Counts, String> {
        if !(0.0..1.0).contains(&childless) {
            return Err(format!(
                "`childless` is {childless}; it must be at least 0 and below 1"
            ));
        }
        let parental = mean / (1.0 - childless);
        // 2.1 / (1 - 0.3) is a little more than 3.
        const ROUNDING: f64 = 1e-9;
        let possible = 1.0 - ROUNDING..=f64::from(maximum) + ROUNDING;
        if !possible.contains(&parental) {
            return Err(format!(
                "a mean of {mean} with {:.0}% childless needs {parental:.2} children for each other parent; that must \
                 be between 1 and the maximum, {maximum}; change `mean`, `childless` or `max`",
                childless * 100.0
            ));
        }
        let only = match shape {
            CountShape::Fixed => Some(f64::from(maximum)),
            CountShape::Uniform => Some((1.0 + f64::from(maximum)) / 2.0),
            _ => None,
        };
        if let Some(only) = only.filter(|only| (parental - only).abs() > 1e-6) {
            return Err(format!(
                "this distribution up to {maximum} has a mean of {} over all parents; `mean` says {mean}",
                only * (1.0 - childless)
            ));
        }
        let mut weights = solve(shape, parental, maximum);
        let total: f64 = weights.iter().sum();
        weights
            .iter_mut()
            .for_each(|weight| *weight *= (1.0 - childless) / total);
        weights.insert(0, childless);
        let mean = weights
            .iter()
            .enumerate()
            .map(|(number, weight)| number as f64 * weight)
            .sum();
        Ok(Counts {
            weights: Weights::new(&weights),
            numbers: Vec::new(),
            mean,
            maximum,
        })
    }

    /// Each number as often as it was measured. Errors say which can't be had.
    pub fn measured(counts: &[CountShare]) -> Result<Counts, String> {
        const MOST: u16 = 65_000;
        let number = |it: &CountShare| u16::try_from(it.children).ok().filter(|it| *it <= MOST);
        let numbers = counts.iter().map(number).collect::<Option<Vec<u16>>>();
        let maximum = counts.iter().map(|it| it.children).max().unwrap_or(0);
        let (Some(numbers), Ok(maximum @ 1..)) = (numbers, u16::try_from(maximum)) else {
            return Err(format!(
                "{maximum} children are impossible here, where 1 to {MOST} are; give the table `rows = …`, and the reference \
                 to its parents the `counts`"
            ));
        };
        let shares: Vec<f64> = counts.iter().map(|it| it.share).collect();
        let total: f64 = shares.iter().sum();
        let children = counts.iter().map(|it| f64::from(it.children) * it.share);
        Ok(Counts {
            weights: Weights::new(&shares),
            numbers,
            mean: children.sum::<f64>() / total,
            maximum,
        })
    }

    /// One number.
    #[inline]
    pub fn draw(&self, draws: &mut Draws) -> u64 {
        let weight = self.weights.draw(draws);
        let number = self.numbers.get(weight);
        number.map_or(weight as u64, |it| u64::from(*it))
    }

    /// The mean over all parents.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// The largest number that can be drawn.
    pub fn maximum(&self) -> u16 {
        self.maximum
    }
}

/// Weights of 1 to `maximum` whose mean is `mean`: the shape's parameter, found by halving.
fn solve(shape: CountShape, mean: f64, maximum: u16) -> Vec<f64> {
    let maximum = usize::from(maximum);
    let mean_of = |weights: &[f64]| {
        let total: f64 = weights.iter().sum();
        weights
            .iter()
            .enumerate()
            .map(|(k, w)| (k + 1) as f64 * w)
            .sum::<f64>()
            / total
    };
    // A parameter in 0..1 for each shape; every one of them moves the mean upwards from 1 to the maximum.
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..200 {
        let middle = (low + high) / 2.0;
        if mean_of(&weights(shape, middle, maximum)) < mean {
            low = middle;
        } else {
            high = middle;
        }
    }
    weights(shape, (low + high) / 2.0, maximum)
}

fn weights(shape: CountShape, parameter: f64, maximum: usize) -> Vec<f64> {
    let odds = parameter / (1.0 - parameter).max(1e-300);
    match shape {
        CountShape::Fixed => (1..=maximum)
            .map(|k| if k == maximum { 1.0 } else { 0.0 })
            .collect(),
        CountShape::Uniform => vec![1.0; maximum],
        CountShape::Geometric => tilted(maximum, |_| odds),
        CountShape::Poisson => tilted(maximum, |k| odds * maximum as f64 / (k + 1) as f64),
        CountShape::Binomial => tilted(maximum, |k| odds * (maximum - k) as f64 / k as f64),
    }
}

/// Weights in which each is its predecessor times a ratio, scaled so that none overflows.
fn tilted(maximum: usize, ratio: impl Fn(usize) -> f64) -> Vec<f64> {
    let mut weights = vec![1.0f64];
    for k in 1..maximum {
        let next = weights[k - 1] * ratio(k);
        weights.push(next);
        if next > 1e200 {
            // What came before the overflow grew up to it: behind the first zero all are zero.
            let above_zero = weights.iter_mut().rev().take_while(|w| **w > 0.0);
            above_zero.for_each(|w| *w *= 1e-200);
        }
    }
    weights
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::draw::Key;

    #[test]
    fn every_shape_meets_its_mean_and_maximum() {
        for &(name, shape) in DISTRIBUTIONS {
            let Some(shape) = shape else { continue };
            let (mean, maximum) = match shape {
                CountShape::Fixed => (5.4, 6),
                CountShape::Uniform => (4.5, 9),
                _ => (2.22, 9),
            };
            let counts = Counts::new(shape, mean, maximum, 0.1).unwrap();
            let key = Key::new(42, "t", name);
            let drawn: Vec<u64> = (0..100_000)
                .map(|row| counts.draw(&mut key.row(row)))
                .collect();
            let actual = drawn.iter().sum::<u64>() as f64 / drawn.len() as f64;
            assert!((actual - mean).abs() < 0.03, "{name}: {actual}");
            assert!(
                (counts.mean() - mean).abs() < 1e-6,
                "{name}: {}",
                counts.mean()
            );
            assert!(drawn.iter().all(|&n| n <= u64::from(maximum)), "{name}");
            let childless = drawn.iter().filter(|&&n| n == 0).count() as f64 / 100_000.0;
            assert!((childless - 0.1).abs() < 0.01, "{name}: {childless}");
        }
    }

    #[test]
    fn huge_fan_outs_meet_their_mean() {
        for shape in [
            CountShape::Geometric,
            CountShape::Poisson,
            CountShape::Binomial,
        ] {
            for (mean, maximum) in [(1.000_1, 5_000), (3_000.0, 5_000), (4_990.0, 5_000)] {
                let counts = Counts::new(shape, mean, maximum, 0.0).unwrap();
                assert!(
                    (counts.mean() - mean).abs() < 1e-3,
                    "{shape:?}: {}",
                    counts.mean()
                );
                let most = (0..500).map(|row| counts.draw(&mut Key::new(1, "t", "c").row(row)));
                assert!(most.max().unwrap() <= u64::from(maximum));
            }
        }
    }

    #[test]
    fn means_that_only_rounding_puts_out_of_reach_are_taken() {
        let all = Counts::new(CountShape::Fixed, 2.1, 3, 0.3).unwrap();
        assert!((all.mean() - 2.1).abs() < 1e-6);
        let one = Counts::new(CountShape::Poisson, 0.1, 1, 0.9).unwrap();
        assert_eq!(one.maximum(), 1);
    }

    #[test]
    fn impossible_fan_outs_say_why() {
        let error = Counts::new(CountShape::Poisson, 0.5, 9, 0.0).unwrap_err();
        assert!(error.contains("between 1 and the maximum"), "{error}");
        assert!(Counts::new(CountShape::Geometric, 12.0, 9, 0.0).is_err());
        assert!(Counts::new(CountShape::Geometric, 2.0, 9, 1.0).is_err());
    }

    #[test]
    fn measured_numbers_come_up_as_often_as_they_were_measured() {
        let share = |&(children, share): &(u32, f64)| CountShare { children, share };
        let measured =
            |counts: &[(u32, f64)]| Counts::measured(&counts.iter().map(share).collect::<Vec<_>>());
        let counts = measured(&[(0, 0.4), (3, 0.5), (900, 0.1)]).unwrap();
        assert_eq!((counts.maximum(), counts.mean()), (900, 91.5));
        let key = Key::new(42, "t", "measured");
        let drawn = (0..10_000).map(|row| counts.draw(&mut key.row(row)));
        let many = drawn.filter(|&count| count == 900).count();
        assert!((950..1_050).contains(&many), "{many}");
        for impossible in [&[(0, 1.0)][..], &[(1, 0.9), (70_000, 0.1)]] {
            let why = measured(impossible).unwrap_err();
            assert!(why.contains("give the table `rows = …`"), "{why}");
        }
    }
}
