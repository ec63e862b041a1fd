//! Values of one of two columns that together never repeat, of which some come up more often than others: each group of rows
//! takes as many different ones as it has rows, the common ones in more groups.
//!
//! The rows of a group are points an even distance apart on the values' places, where each value has as many as its share of the
//! rows. No value has more places than the distance of two points, so that none is met twice: shares above that are cut, as
//! they are in any table where the two never repeat.

use crate::dataset::dealt_rows::DealtRows;
use crate::dataset::makers::Maker;
use crate::dataset::makers::references::{Measured, Pick, Reach};
use crate::dataset::profile::ratio::share;
use crate::dataset::profile::shuffle::Shuffle;
use crate::dataset::spec::TableSpec;
use crate::dataset::spread::{Spread, SpreadShape};

/// Places for each value at least.
const FINE: u64 = 64;

/// Of two columns that never repeat together and are both dealt out as measured: the one that groups rows, whose order on disk is
/// the stronger one, and the one whose values are chosen. In no other set.
pub fn columns(table: &TableSpec, set: &[usize]) -> Option<(usize, usize)> {
    let &[one, other] = set else { return None };
    let sets = || table.unique.iter().map(|it| it.columns.as_slice());
    let is_apart = |column| sets().filter(|it| it.contains(&column)).count() == 1;
    let order = |column| measured(table, column).map(|it| it.correlation.abs());
    let (first, second) = (order(one)?, order(other)?);
    if !is_apart(one) || !is_apart(other) {
        return None;
    }
    Some(if second > first {
        (other, one)
    } else {
        (one, other)
    })
}

/// What is known of a reference that always has a value.
fn measured(table: &TableSpec, column: usize) -> Option<&Measured> {
    match &table.columns[column].maker {
        Maker::Reference(reference) => match &reference.pick {
            Pick::Measured(it) if it.null == 0.0 && it.reach == Reach::All => Some(it),
            _ => None,
        },
        _ => None,
    }
}

/// How groups of rows take their values.
#[derive(Debug, Clone)]
pub struct Chosen {
    groups: DealtRows,
    /// The values' places for groups of 1, up to 2, up to 4 rows, and so on; the last for all larger ones.
    by_size: Vec<Spread>,
    places: u64,
    rows: u64,
    /// Where groups begin, spread evenly over the places.
    starts: Shuffle,
}

impl Chosen {
    /// For groups of rows and so many values; `None` where a group has more rows than there are values.
    pub fn new(
        groups: &DealtRows,
        rows: u64,
        values: u64,
        shape: &SpreadShape,
        key: u64,
    ) -> Option<Chosen> {
        if groups.most() > values {
            return None;
        }
        let (values, rows) = (values.max(1), rows.max(1));
        let each = rows.div_ceil(values).max(FINE);
        let places = values.saturating_mul(each);
        let largest = groups.most().max(1);
        let mut by_size = Vec::new();
        let mut size = 1u64;
        while size < largest && size < values {
            by_size.push(spread(places, values, size, shape));
            size *= 2;
        }
        by_size.push(match size < values {
            true => spread(places, values, size, shape),
            false => Spread::new(places, values, &SpreadShape::Even),
        });
        Some(Chosen {
            groups: groups.clone(),
            by_size,
            places,
            rows,
            starts: Shuffle::new(rows, key),
        })
    }

    /// The index of a row's value; rows count from 0.
    pub fn at(&self, row: u64) -> u64 {
        // A row without a group is NULL there, and repeats nothing.
        let (parent, rank) = self.groups.parent(row).unwrap_or_default();
        let rows = self.groups.count(parent).max(rank + 1);
        let class = u64::BITS - (rows - 1).leading_zeros();
        let last = self.by_size.len() - 1;
        let spread = &self.by_size[(class as usize).min(last)];
        let first = self.groups.first(parent).min(self.rows - 1);
        let start = share(self.starts.at(first, 0), self.places, self.rows);
        let point = u128::from(rank) * u128::from(self.places) + u128::from(start);
        let point = point / u128::from(rows);
        spread.parent(u64::try_from(point).unwrap_or(0)).0
    }
}

/// Places of which no value has more than one group's rows allow: as near to the shape as there is.
fn spread(places: u64, values: u64, rows: u64, shape: &SpreadShape) -> Spread {
    let most = places / rows;
    let shapes = match shape {
        SpreadShape::Measured(shape) => {
            let shape = shape.capped(1.0 / rows as f64);
            vec![shape.clone(), shape.evened()]
        }
        _ => Vec::new(),
    };
    let spreads = shapes
        .into_iter()
        .map(|it| Spread::new(places, values, &SpreadShape::Measured(it.into())));
    let mut fitting = spreads.filter(|it| it.most() <= most);
    fitting
        .next()
        .unwrap_or_else(|| Spread::new(places, values, &SpreadShape::Even))
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;
    use crate::dataset::measured::MeasuredShape;
    use crate::dataset::profile::CountShare;

    #[test]
    fn groups_have_different_values_and_common_ones_come_up_in_more_groups() {
        let share = |(children, share)| CountShare { children, share };
        let counts: Vec<CountShare> = [(1, 0.5), (3, 0.4), (30, 0.1)].map(share).to_vec();
        let shape = MeasuredShape::of(&counts).with_hot([(0.2, 0.5)].into_iter());
        let shape = SpreadShape::Measured(shape.into());
        let (even, skewed) = (SpreadShape::Even, SpreadShape::Skewed);
        for (spread, parents, rows, values) in [
            (&even, 1_000, 3_000, 150),
            (&skewed, 1_000, 3_000, 150),
            (&even, 40, 3_000, 150),
            (&even, 1, 100, 100),
            (&even, 7, 700, 100),
        ] {
            let groups = DealtRows::in_order(Spread::new(rows, parents, spread));
            let chosen = Chosen::new(&groups, rows, values, &shape, 5).unwrap();
            let mut pairs = HashSet::new();
            let mut found: HashMap<u64, u64> = HashMap::new();
            for row in 0..rows {
                let value = chosen.at(row);
                assert!(value < values);
                assert!(pairs.insert((groups.parent(row).map(|it| it.0), value)));
                *found.entry(value).or_default() += 1;
            }
            let most = *found.values().max().unwrap();
            if parents == 1_000 && *spread == SpreadShape::Even {
                assert!((590..=610).contains(&most), "a fifth of 3,000: {most}");
            }
        }
    }
}
