//! Children dealt out to parents in the parents' order, in closed form both ways: which parent a child has, and which
//! children a parent has, without a table of counts.

use std::sync::Arc;

use crate::dataset::measured::{MeasuredShape, MeasuredSpread};

/// How many children one parent has beside another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpreadShape {
    /// All the same, give or take one.
    Even,
    /// Most have few, some have many: weights that repeat every 64 parents.
    Skewed,
    /// As it was measured.
    Measured(Arc<MeasuredShape>),
}

/// Every shape that has a name with the name it has in a dataset.
pub const SPREAD_SHAPES: &[(&str, SpreadShape)] =
    &[("even", SpreadShape::Even), ("skewed", SpreadShape::Skewed)];

/// Parents after which the weights repeat.
const PERIOD: u64 = 64;

/// A multiplier that moves neighbours apart and visits every place of a period.
const SCATTER: u64 = 37;

/// `SUMS[i]`: the weights of a period's first `i` parents together. A weight is the largest power of two that divides a
/// number from 1 to 64: half of the parents have 1, a quarter 2 and so on, as sizes often are.
const SUMS: [u64; 65] = {
    let mut sums = [0; 65];
    let mut index = 0;
    while index < 64 {
        let place = 1 + (index as u64 * SCATTER + 11) % PERIOD;
        sums[index + 1] = sums[index] + (1 << place.trailing_zeros());
        index += 1;
    }
    sums
};

/// The largest weight.
const HEAVIEST: u64 = PERIOD;

/// Children of parents; both count from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spread {
    children: u64,
    parents: u64,
    dealt: Dealt,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Dealt {
    Even,
    Skewed,
    Measured(Arc<MeasuredSpread>),
}

impl Spread {
    /// Every parent has a child while there are enough, unless counts say otherwise. No parents count as one.
    pub fn new(children: u64, parents: u64, shape: &SpreadShape) -> Spread {
        let parents = parents.max(1);
        let dealt = match shape {
            SpreadShape::Measured(shape) => {
                Dealt::Measured(Arc::new(MeasuredSpread::new(children, parents, shape)))
            }
            // Too few for weights to tell.
            SpreadShape::Skewed if children > parents => Dealt::Skewed,
            SpreadShape::Skewed | SpreadShape::Even => Dealt::Even,
        };
        Spread {
            children,
            parents,
            dealt,
        }
    }

    /// How many parents there are.
    pub fn parents(&self) -> u64 {
        self.parents
    }

    /// The first child of a parent; for the number of parents, that of children.
    #[inline]
    pub fn first(&self, parent: u64) -> u64 {
        match &self.dealt {
            Dealt::Even => ratio_up(parent, self.children, self.parents),
            Dealt::Measured(measured) => measured.first(parent),
            Dealt::Skewed => {
                let rest = self.children - self.parents;
                parent + ratio_up(weights(parent), rest, weights(self.parents))
            }
        }
    }

    /// How many children a parent has.
    pub fn count(&self, parent: u64) -> u64 {
        self.first(parent + 1) - self.first(parent)
    }

    /// A child's parent, and how many children of the parent come before it.
    #[inline]
    pub fn parent(&self, child: u64) -> (u64, u64) {
        let parent = match &self.dealt {
            Dealt::Even => ratio_down(child, self.parents, self.children.max(1)),
            Dealt::Skewed => self.skewed_parent(child),
            Dealt::Measured(measured) => return measured.parent(child),
        };
        (parent, child - self.first(parent))
    }

    /// The parent's period is found by its mean, the parent in it by halving.
    fn skewed_parent(&self, child: u64) -> u64 {
        let mut low = ratio_down(child, self.parents, self.children) / PERIOD * PERIOD;
        while self.first(low) > child {
            low -= PERIOD;
        }
        while low + PERIOD < self.parents && self.first(low + PERIOD) <= child {
            low += PERIOD;
        }
        let mut high = (low + PERIOD).min(self.parents);
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            match self.first(middle) <= child {
                true => low = middle,
                false => high = middle,
            }
        }
        low
    }

    /// The parents that have more than 1% of the children, with how many.
    pub fn common_parents(&self) -> Vec<(u64, u64)> {
        match &self.dealt {
            Dealt::Measured(measured) => measured.parents_above(self.children / 100),
            Dealt::Even if self.parents < 100 => {
                let parents = 0..self.parents;
                parents.map(|it| (it, self.count(it))).collect()
            }
            Dealt::Even | Dealt::Skewed => Vec::new(),
        }
    }

    /// No parent has more children.
    pub fn most(&self) -> u64 {
        match &self.dealt {
            Dealt::Even => self.children.div_ceil(self.parents),
            Dealt::Measured(measured) => measured.most(),
            Dealt::Skewed => {
                1 + ratio_up(
                    HEAVIEST,
                    self.children - self.parents,
                    weights(self.parents),
                )
            }
        }
    }

    /// No parent has fewer children.
    pub fn least(&self) -> u64 {
        match &self.dealt {
            Dealt::Even => self.children / self.parents,
            Dealt::Measured(measured) => measured.least(),
            Dealt::Skewed => 1 + ratio_down(1, self.children - self.parents, weights(self.parents)),
        }
    }
}

/// The weights of the first parents together.
#[inline]
fn weights(parents: u64) -> u64 {
    let place = usize::try_from(parents % PERIOD).unwrap_or(0);
    parents / PERIOD * SUMS[64] + SUMS[place]
}

/// `a` · `b` / `c`, rounded down.
#[inline]
fn ratio_down(a: u64, b: u64, c: u64) -> u64 {
    match a.checked_mul(b) {
        Some(product) => product / c,
        None => u64::try_from(u128::from(a) * u128::from(b) / u128::from(c)).unwrap_or(u64::MAX),
    }
}

/// `a` · `b` / `c`, rounded up.
#[inline]
fn ratio_up(a: u64, b: u64, c: u64) -> u64 {
    match a.checked_mul(b) {
        Some(product) => product.div_ceil(c),
        None => u64::try_from((u128::from(a) * u128::from(b)).div_ceil(u128::from(c)))
            .unwrap_or(u64::MAX),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::dataset::profile::CountShare;

    #[test]
    fn every_child_is_found_both_ways_whatever_the_sizes() {
        let measured = |counts: &[(u32, f64)]| {
            let share = |&(children, share)| CountShare { children, share };
            let counts: Vec<CountShare> = counts.iter().map(share).collect();
            SpreadShape::Measured(MeasuredShape::of(&counts).into())
        };
        for shape in [
            SpreadShape::Even,
            SpreadShape::Skewed,
            measured(&[(0, 1.0)]),
            measured(&[(0, 0.4), (1, 0.3), (2, 0.25), (7, 0.04), (90, 0.01)]),
        ] {
            for parents in [1, 2, 3, 7, 63, 64, 65, 130, 200] {
                for children in (0..70).chain([199, 200, 201, 1_000, 4_321]) {
                    let spread = Spread::new(children, parents, &shape);
                    let mut found = 0;
                    for parent in 0..parents {
                        let (first, count) = (spread.first(parent), spread.count(parent));
                        assert_eq!(first, found, "{spread:?}");
                        assert!(
                            (spread.least()..=spread.most()).contains(&count),
                            "{spread:?} {count}"
                        );
                        for rank in 0..count {
                            assert_eq!(spread.parent(first + rank), (parent, rank), "{spread:?}");
                        }
                        found += count;
                    }
                    assert_eq!(found, children, "{spread:?}");
                }
            }
        }
    }

    #[test]
    fn skewed_parents_are_unequal_and_none_is_without() {
        let spread = Spread::new(100_000, 1_000, &SpreadShape::Skewed);
        let mut counts: Vec<u64> = (0..1_000).map(|parent| spread.count(parent)).collect();
        counts.sort_unstable();
        assert!(
            counts[0] >= 1 && counts[999] > 20 * counts[0],
            "{} {}",
            counts[0],
            counts[999]
        );
        let even = Spread::new(100_000, 1_000, &SpreadShape::Even);
        assert!((0..1_000).all(|parent| even.count(parent) == 100));
    }

    proptest! {
        #[test]
        fn large_spreads_agree_both_ways(children in 1u64..1 << 60, parents in 1u64..1 << 40, child: u64, skewed: bool) {
            let shape = if skewed { SpreadShape::Skewed } else { SpreadShape::Even };
            let spread = Spread::new(children, parents, &shape);
            let child = child % children;
            let (parent, rank) = spread.parent(child);
            prop_assert!(parent < parents && rank < spread.count(parent));
            prop_assert_eq!(spread.first(parent) + rank, child);
            prop_assert_eq!(spread.first(parents), children);
            prop_assert!((spread.least()..=spread.most()).contains(&spread.count(parent)));
        }
    }
}
