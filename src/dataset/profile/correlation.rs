//! From the correlation that ANALYZE is to find to how the rows are arranged.
//!
//! ANALYZE sorts the rows by value, those of one value by their position on disk, and correlates the two numbers of each
//! row. So rows in any order have the sum of the squares of the values' shares, not 0. How a mixture of rows that are in
//! order and of others is correlated follows from the shares; the mixture is found by halving.

use crate::dataset::permutation::mix;
use crate::dataset::profile::order::{Arranged, Order};
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

/// Of so few rows chance decides how far an order is from what is asked for: the nearest of some is taken.
const FEW_ROWS: u64 = 1_000;
const ORDERS: u64 = 24;
const HANDFUL: u64 = 50;
const NEAR_ENOUGH: f64 = 0.005;

/// The order of rows whose values have a correlation; which value has a place is known.
pub fn nearest(
    quantiles: &Quantiles,
    correlation: f64,
    key: u64,
    value: &dyn Fn(u64) -> u64,
) -> Order {
    let rows = quantiles.places();
    let (arranged, falls) = arrange(quantiles, correlation);
    let first = Order::new(rows, arranged, falls, key);
    if !(3..=FEW_ROWS).contains(&rows) {
        return first;
    }
    let apart = |order: &Order| (of_order(order, value) - correlation).abs();
    let mut best = (apart(&first), first);
    for other in 1..ORDERS {
        if best.0 < NEAR_ENOUGH {
            break;
        }
        // A handful of rows that are partly in order have few orders.
        let arranged = match rows <= HANDFUL && other % 2 == 1 {
            true => Arranged::Shuffled,
            false => arranged,
        };
        let order = Order::new(rows, arranged, falls, mix(key ^ other));
        let apart = apart(&order);
        if apart < best.0 {
            best = (apart, order);
        }
    }
    best.1
}

/// As ANALYZE computes it from all rows.
fn of_order(order: &Order, value: &dyn Fn(u64) -> u64) -> f64 {
    let rows = 0..order.rows();
    let mut sorted: Vec<(u64, u64)> = rows.map(|row| (value(order.place(row)), row)).collect();
    sorted.sort_unstable();
    let count = sorted.len() as f64;
    let products = sorted.iter().enumerate();
    let products: f64 = products
        .map(|(rank, (_, row))| rank as f64 * *row as f64)
        .sum();
    let sum = count * (count - 1.0) / 2.0;
    let squares = count * (count - 1.0) * (2.0 * count - 1.0) / 6.0;
    (count * products - sum * sum) / (count * squares - sum * sum)
}

/// How rows are arranged for a correlation, and whether their values fall.
fn arrange(quantiles: &Quantiles, correlation: f64) -> (Arranged, bool) {
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
