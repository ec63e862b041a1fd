//! How many parents have how many children: shares of parents, turned into numbers that add up.

use crate::dataset::profile::CountShare;

/// A share's denominator.
pub const WHOLE: f64 = 1e12;

/// How often an interval is halved to find a number.
const HALVINGS: u32 = 40;

/// For a child more, shares are multiplied by e to the power of this at most.
const STEEPEST: f64 = 50.0;

/// Parents without children are e to the power of this times as likely at most, or as unlikely.
const FAVOUR: f64 = 12.0;

/// A share of parents with as many children each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountClass {
    /// How many children.
    pub children: u64,
    /// How many of 10¹² parents.
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

    /// The same, so many times as likely where it is the one without children.
    fn with_odds(self, odds: f64) -> CountClass {
        let share = match self.children {
            0 => in_parts(self.share as f64 * odds / (1.0 + odds) / WHOLE),
            _ => in_parts(self.share as f64 / (1.0 + odds) / WHOLE),
        };
        CountClass { share, ..self }
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

/// Counts of which the parents have so many children on the mean.
pub fn with_mean(counts: &[CountShare], mean: f64) -> Vec<CountShare> {
    let share = |it: &CountClass| CountShare {
        children: u32::try_from(it.children).unwrap_or(u32::MAX),
        share: it.share as f64 / WHOLE,
    };
    let tilted = tilted(&CountClass::of(counts), mean);
    tilted.iter().filter(|it| it.share > 0).map(share).collect()
}

/// The classes of each of several parts, which have so many parents and children: together as many parents have none as the
/// counts of all say.
pub fn counts_of_parts(counts: &[CountClass], parts: &[(u64, u64)]) -> Vec<Vec<CountClass>> {
    let weights: Vec<f64> = counts.iter().map(|it| it.share as f64).collect();
    let sum = |of: &dyn Fn(&(u64, u64)) -> u64| parts.iter().map(of).sum::<u64>() as f64;
    let (parents, children) = (sum(&|it| it.0), sum(&|it| it.1));
    // Counts are those of the source's mean.
    let scale = mean_of(counts, &weights) * parents.max(1.0) / children.max(1.0);
    let of_parts = |odds: f64| -> Vec<Vec<CountClass>> {
        let favoured: Vec<CountClass> = counts.iter().map(|it| it.with_odds(odds)).collect();
        let mean = |&(parents, children): &(u64, u64)| scale * children as f64 / parents as f64;
        parts.iter().map(|it| tilted(&favoured, mean(it))).collect()
    };
    let without = |of_parts: &[Vec<CountClass>]| -> f64 {
        let shares = of_parts.iter().map(|it| childless(it));
        shares
            .zip(parts)
            .map(|(share, part)| share * part.0 as f64)
            .sum()
    };
    let wanted = without(&vec![counts.to_vec(); parts.len()]);
    // The logarithm of the odds.
    let (mut low, mut high) = (-FAVOUR, FAVOUR);
    for _ in 0..HALVINGS / 2 {
        let middle = f64::midpoint(low, high);
        match without(&of_parts(libm::exp(middle))) < wanted {
            true => low = middle,
            false => high = middle,
        }
    }
    of_parts(libm::exp(low))
}

/// The share of parents without children.
fn childless(counts: &[CountClass]) -> f64 {
    let all: f64 = counts.iter().map(|it| it.share as f64).sum();
    let none = counts.iter().filter(|it| it.children == 0);
    none.map(|it| it.share as f64).sum::<f64>() / all.max(1.0)
}

/// The classes of parents that have so many children on the mean: those of all parents, of which the ones with more come up
/// the more often the more children these have, so that the sharpest counts of all don't blur.
fn tilted(counts: &[CountClass], mean: f64) -> Vec<CountClass> {
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
fn mean_of(counts: &[CountClass], weights: &[f64]) -> f64 {
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

    #[test]
    fn parts_of_different_density_have_as_many_childless_parents_together() {
        let counts: Vec<CountShare> = [(0, 0.3), (1, 0.3), (2, 0.2), (9, 0.2)]
            .map(|(children, share)| CountShare { children, share })
            .to_vec();
        let parts = [(1_000, 6_000), (2_000, 3_000), (3_000, 6_000)];
        let of_parts = counts_of_parts(&CountClass::of(&counts), &parts);
        let none: f64 = of_parts
            .iter()
            .zip(parts)
            .map(|(it, (parents, _))| childless(it) * parents as f64)
            .sum();
        assert!((none - 1_800.0).abs() < 10.0, "{none}");
        assert!(childless(&of_parts[0]) < childless(&of_parts[1]));
    }
}
