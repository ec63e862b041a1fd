//! How many parents have how many children: shares of parents, turned into numbers that add up.

use crate::dataset::profile::CountShare;

/// A share's denominator.
pub const WHOLE: f64 = 1e12;

/// How often an interval is halved to find a number.
const HALVINGS: u32 = 40;

/// For a child more, shares are multiplied by e to the power of this at most.
const STEEPEST: f64 = 50.0;

/// A share of parents with as many children each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountClass {
    /// How many children.
    pub children: u64,
    /// How many parents of [`WHOLE`].
    pub share: u64,
}

/// Parents with as many children each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// How many children each has.
    pub children: u64,
    /// How many parents.
    pub parents: u64,
}

impl CountClass {
    /// The classes that a profile has.
    pub fn of(counts: &[CountShare]) -> Vec<CountClass> {
        let class = |it: &CountShare| CountClass {
            children: u64::from(it.children),
            share: in_parts(it.share),
        };
        counts.iter().map(class).collect()
    }
}

/// A share, 0 to 1, as a number of [`WHOLE`].
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share is from 0 to 1"
)]
pub fn in_parts(share: f64) -> u64 {
    libm::round(share.clamp(0.0, 1.0) * WHOLE) as u64
}

/// So many parents by their shares, each number rounded so that together they are all.
pub fn counted(counts: &[CountClass], parents: u64) -> Vec<Counted> {
    let all: u128 = counts.iter().map(|it| u128::from(it.share)).sum();
    let (mut shares, mut before) = (0, 0);
    let mut classes = Vec::new();
    for class in counts {
        shares += u128::from(class.share);
        let end = rounded(u128::from(parents) * shares, all);
        classes.push(Counted {
            children: class.children,
            parents: end - before,
        });
        before = end;
    }
    classes
}

/// Classes with so many children together: each gets its part of them, and its parents the same number, give or take one.
pub fn scaled(classes: &[Counted], children: u64) -> Vec<Counted> {
    let product = |it: &Counted| u128::from(it.children) * u128::from(it.parents);
    let mut all: u128 = classes.iter().map(product).sum();
    // Where no parent has any, each gets as many as another.
    let weight = |it: &Counted| {
        if all == 0 {
            u128::from(it.parents)
        } else {
            product(it)
        }
    };
    let weights: Vec<u128> = classes.iter().map(weight).collect();
    all = weights.iter().sum::<u128>().max(1);
    let (mut sum, mut before) = (0, 0);
    let mut scaled = Vec::new();
    for (class, weight) in classes.iter().zip(weights) {
        sum += weight;
        let end = rounded_product(sum, u128::from(children), all);
        let (own, parents) = (end - before, class.parents);
        before = end;
        if parents == 0 {
            continue;
        }
        let (few, more) = (own / parents, own % parents);
        let counted = |children, parents| Counted { children, parents };
        scaled.extend([counted(few, parents - more), counted(few + 1, more)]);
    }
    scaled.retain(|it| it.parents > 0);
    scaled
}

/// The classes of parents that have so many children on the mean: those of all parents, of which the ones with more come up
/// the more often the more children these have, so that the sharpest counts of all don't blur.
pub fn tilted(counts: &[CountClass], mean: f64) -> Vec<CountClass> {
    let numbers = || counts.iter().map(|it| it.children);
    let (least, most) = (numbers().min().unwrap_or(0), numbers().max().unwrap_or(0));
    let whole = in_parts(1.0);
    if mean >= most as f64 {
        return vec![CountClass {
            children: most.max(1),
            share: whole,
        }];
    }
    if mean <= least as f64 {
        let share = in_parts(mean / (least as f64).max(1.0));
        let class = |children, share| CountClass { children, share };
        return vec![class(0, whole - share), class(least.max(1), share)];
    }
    let (mut low, mut high) = (-STEEPEST, STEEPEST);
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        match mean_of(counts, &weights(counts, middle)) < mean {
            true => low = middle,
            false => high = middle,
        }
    }
    let weights = weights(counts, low);
    let all: f64 = weights.iter().sum();
    let class = |(class, weight): (&CountClass, f64)| CountClass {
        children: class.children,
        share: in_parts(weight / all),
    };
    counts.iter().zip(weights).map(class).collect()
}

/// The shares of the classes times e to the power of their children and a slope, up to a factor.
fn weights(counts: &[CountClass], slope: f64) -> Vec<f64> {
    let powers = counts.iter().map(|it| it.children as f64 * slope);
    let greatest = powers.clone().fold(f64::MIN, f64::max);
    let weights = counts.iter().zip(powers);
    weights
        .map(|(it, power)| it.share as f64 * libm::exp(power - greatest))
        .collect()
}

/// The mean children of classes with such weights.
pub fn mean_of(counts: &[CountClass], weights: &[f64]) -> f64 {
    let children = counts.iter().zip(weights);
    let children: f64 = children
        .map(|(it, weight)| it.children as f64 * weight)
        .sum();
    children / weights.iter().sum::<f64>().max(f64::MIN_POSITIVE)
}

/// A quotient, to the nearest.
pub fn rounded(number: u128, by: u128) -> u64 {
    u64::try_from((number + by / 2) / by.max(1)).unwrap_or(u64::MAX)
}

/// `a` · `b` / `c`, to the nearest; `b` below 2^64 and `a` not above `c`.
pub fn rounded_product(a: u128, b: u128, c: u128) -> u64 {
    // What is too large for the product has bits to spare.
    let spare = (128 - a.leading_zeros()).saturating_sub(63);
    rounded((a >> spare) * b, (c >> spare).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tilted_classes_have_the_mean_that_is_asked_for() {
        let counts: Vec<CountShare> = [(0, 0.2), (1, 0.3), (4, 0.3), (20, 0.15), (90, 0.05)]
            .map(|(children, share)| CountShare { children, share })
            .to_vec();
        let counts = CountClass::of(&counts);
        for wanted in [0.0, 0.01, 0.9, 5.0, 8.2, 40.0, 89.0, 90.0, 300.0] {
            let tilted = tilted(&counts, wanted);
            let weights: Vec<f64> = tilted.iter().map(|it| it.share as f64).collect();
            let mean = mean_of(&tilted, &weights);
            assert!(
                (mean - wanted.min(90.0)).abs() < 0.001,
                "{wanted}: {mean} {tilted:?}"
            );
        }
        let same = tilted(
            &counts,
            mean_of(
                &counts,
                &counts.iter().map(|it| it.share as f64).collect::<Vec<_>>(),
            ),
        );
        let near = same
            .iter()
            .zip(&counts)
            .all(|(it, own)| it.share.abs_diff(own.share) < 1_000_000);
        assert!(near, "{same:?}");
    }
}
