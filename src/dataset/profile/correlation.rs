//! From the correlation that ANALYZE is to find to how the rows are arranged.
//!
//! ANALYZE sorts the rows by value, those of one value by their position on disk, and correlates the two numbers of each
//! row. So rows in any order have the sum of the squares of the values' shares, not 0. How a mixture of rows that are in
//! order and of others is correlated follows from the shares; the mixture is found by halving.

use crate::dataset::profile::order::Arranged;
use crate::dataset::profile::quantiles::Quantiles;

/// From this correlation on rows are shuffled in blocks, as those of real tables are: none lies far from its place.
const BLOCKS_FROM: f64 = 0.9;

/// Where a value has a larger share than this, its rows fill blocks.
const COMMON: f64 = 0.05;

/// Correlations that differ by less are the same: chance moves those of 10,000 rows by 0.01.
const NEAR: f64 = 0.002;

/// Runs of more values than this are taken as if their values had no width.
const FINE: u64 = 4096;

/// Values one behind the other, as shares of all rows.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    /// The share before them.
    before: f64,
    /// Each value's.
    width: f64,
    /// How many; 0 for values without number, which have `width` together.
    values: u64,
}

/// How rows are arranged for a correlation, and whether their values fall.
pub fn arrange(quantiles: &Quantiles, correlation: f64) -> (Arranged, bool) {
    let stretches = stretches(quantiles);
    let shuffled = mixed(&stretches, 0.0, false);
    if (correlation - shuffled).abs() < NEAR {
        return (Arranged::Shuffled, false);
    }
    let falls = correlation < shuffled;
    let is_fine = stretches
        .iter()
        .all(|it| it.values == 0 || it.width < COMMON);
    if correlation.abs() >= BLOCKS_FROM && is_fine {
        return (Arranged::Blocks(block(correlation.abs())), falls);
    }
    let distance = |share| {
        let found = mixed(&stretches, share, falls) - correlation;
        if falls { -found } else { found }
    };
    (Arranged::Share(zero(distance)), falls)
}

fn stretches(quantiles: &Quantiles) -> Vec<Stretch> {
    let all = quantiles.places() as f64;
    let stretch = |run: &super::quantiles::Run| {
        let (before, places) = (run.before as f64 / all, run.places as f64 / all);
        match run.values.min(run.places) {
            values if values > FINE => Stretch {
                before,
                width: places,
                values: 0,
            },
            values => Stretch {
                before,
                width: places / values as f64,
                values,
            },
        }
    };
    quantiles.runs().iter().map(stretch).collect()
}

/// The correlation where a share of the rows is in order, or in the opposite one, and the others in none.
///
/// A row's position u is even in 0..1. With the share s it has the quantile u, else any: among the rows of a value with the
/// quantiles a..a+p the position has the distribution G(u) = (1-s)u + s·clamp((u-a)/p). A row's rank is a + p·G(u); the
/// mean of rank × u follows from the integral of G², and both are even, with the variance 1/12.
fn mixed(stretches: &[Stretch], share: f64, falls: bool) -> f64 {
    let mut product = 0.0;
    for stretch in stretches {
        match stretch.values {
            0 => product += continuous(stretch, share, falls),
            values => {
                for value in 0..values {
                    let before = stretch.before + stretch.width * value as f64;
                    product += of_value(before, stretch.width, share, falls);
                }
            }
        }
    }
    12.0 * (product - 0.25)
}

fn of_value(before: f64, width: f64, share: f64, falls: bool) -> f64 {
    let first = if falls { 1.0 - before - width } else { before };
    let rest = 1.0 - share;
    let mean = share * (first + width / 2.0) + rest / 2.0;
    let (low, high) = (rest * first, rest * (first + width) + share);
    let squares = rest * rest * cube(first)
        + width * (low * low + low * high + high * high)
        + (1.0 - first - width) * (high * high + high + 1.0);
    width * (before * mean + width * (1.0 - squares / 3.0) / 2.0)
}

/// The integral of the quantile times the mean position.
fn continuous(stretch: &Stretch, share: f64, falls: bool) -> f64 {
    let (a, b) = (stretch.before, stretch.before + stretch.width);
    let (first, second) = ((b * b - a * a) / 2.0, (cube(b) - cube(a)) / 3.0);
    let in_order = if falls { first - second } else { second };
    share * in_order + (1.0 - share) * first / 2.0
}

/// The share of all rows that blocks have, when rows are shuffled within them: 1 - Σ(b³) for blocks of these shares.
fn block(correlation: f64) -> f64 {
    zero(|size: f64| {
        let full = libm::floor(1.0 / size.max(1e-12));
        let last = (1.0 - full * size).max(0.0);
        full * cube(size) + cube(last) - (1.0 - correlation)
    })
}

/// By multiplication, which is the same on every platform.
fn cube(number: f64) -> f64 {
    number * number * number
}

/// Where a function that rises over 0..1 is 0; the end that is nearest where it is nowhere.
fn zero(function: impl Fn(f64) -> f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..40 {
        let middle = (low + high) / 2.0;
        match function(middle) < 0.0 {
            true => low = middle,
            false => high = middle,
        }
    }
    (low + high) / 2.0
}
