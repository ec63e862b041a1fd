//! A table's rows dealt out to those of another: which row each refers to, whatever the order in which they lie.
//!
//! The number of a row leads to its number among those that aren't NULL, by the order on disk to a place, and from there
//! to the parent that has this place. Each step is arithmetic, so that the totals are exact and any row can be made alone.

use std::sync::Arc;

use crate::dataset::draw::Key;
use crate::dataset::makers::Maker;
use crate::dataset::makers::references::{Measured, Pick, Reach};
use crate::dataset::profile::correlation::nearest;
use crate::dataset::profile::order::Order;
use crate::dataset::profile::part;
use crate::dataset::profile::quantiles::Quantiles;
use crate::dataset::profile::ratio::share;
use crate::dataset::profile::shuffle::Shuffle;
use crate::dataset::spec::TableSpec;
use crate::dataset::spread::Spread;

/// Rows among which the NULLs are shuffled: few enough for the order on disk to stay.
const WINDOW: u64 = 256;

/// Rows and the parents that they refer to; both count from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DealtRows {
    spread: Spread,
    order: Option<Arc<Order>>,
    nulls: Option<Nulls>,
    reach: Reach,
}

impl DealtRows {
    /// Rows in their parents' order.
    pub fn in_order(spread: Spread) -> DealtRows {
        DealtRows {
            spread,
            order: None,
            nulls: None,
            reach: Reach::All,
        }
    }

    /// Rows in an order that depends on `key`.
    pub fn new(rows: u64, parents: u64, measured: &Measured, key: u64) -> DealtRows {
        let nulls = Nulls::new(rows, measured.null, key);
        let filled = nulls.as_ref().map_or(rows, |it| it.filled);
        let spread = Spread::new(filled, parents, &measured.shape);
        let quantiles = Quantiles::new(&spread.common_parents(), parents.max(1), filled.max(1));
        let order = nearest(&quantiles, measured.correlation, key, &|place| {
            spread.parent(place).0
        });
        DealtRows {
            spread,
            order: Some(Arc::new(order)),
            nulls,
            reach: measured.reach,
        }
    }

    /// The rows of a column, where its reference deals them out; `key` is the table's.
    pub fn of_column(
        table: (usize, &TableSpec),
        column: usize,
        rows: &dyn Fn(usize) -> u64,
        key: u64,
    ) -> Option<DealtRows> {
        let (position, spec) = table;
        let Maker::Reference(reference) = &spec.columns[column].maker else {
            return None;
        };
        let (children, parents) = (rows(position), rows(reference.table));
        match &reference.pick {
            Pick::Spread(shape) => {
                let spread = Spread::new(children, parents, shape);
                Some(DealtRows::in_order(spread))
            }
            Pick::Measured(measured) => {
                let key = Key::new(key, &spec.columns[column].name, "\0order");
                let key = key.row(0).bits();
                Some(DealtRows::new(children, parents, measured, key))
            }
            _ => None,
        }
    }

    /// The parent of a row, and how many places of the parent come before the row's; `None` where it is NULL.
    #[inline]
    pub fn parent(&self, row: u64) -> Option<(u64, u64)> {
        let number = match &self.nulls {
            None => row,
            Some(nulls) => nulls.number(row)?,
        };
        let place = match &self.order {
            None => number,
            Some(order) => order.place(number),
        };
        let (parent, rank) = self.spread.parent(place);
        match self.reach {
            Reach::Before => Some((before(row, parent)?, rank)),
            Reach::All => Some((parent, rank)),
        }
    }

    /// How many rows the parents before one have.
    #[inline]
    pub fn first(&self, parent: u64) -> u64 {
        self.spread.first(parent)
    }

    /// How many rows a parent has.
    #[inline]
    pub fn count(&self, parent: u64) -> u64 {
        self.spread.count(parent)
    }

    /// No parent has more rows.
    pub fn most(&self) -> u64 {
        self.spread.most()
    }
}

/// A row before this one: the one that is meant, or the one as far before this as that is behind it.
fn before(row: u64, meant: u64) -> Option<u64> {
    match meant < row {
        true => Some(meant),
        false => (2 * row)
            .checked_sub(meant + 1)
            .or_else(|| meant.checked_rem(row)),
    }
}

/// Which rows are NULL: exactly a share of them, in every window of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nulls {
    rows: u64,
    /// How many aren't.
    pub filled: u64,
    window: u64,
    full: Shuffle,
    last: Shuffle,
}

impl Nulls {
    /// `None` where no row is.
    pub fn new(rows: u64, null: f64, key: u64) -> Option<Nulls> {
        let filled = rows - part(rows, null);
        let window = WINDOW.min(rows / 16).max(1);
        (filled < rows).then(|| Nulls {
            rows,
            filled,
            window,
            full: Shuffle::new(window, key ^ 2),
            last: Shuffle::new(rows % window, key ^ 2),
        })
    }

    /// A row's number among those that aren't NULL.
    #[inline]
    pub fn number(&self, row: u64) -> Option<u64> {
        let number = row / self.window;
        let first = number * self.window;
        let shuffle = match first + self.window <= self.rows {
            true => &self.full,
            false => &self.last,
        };
        let place = first + shuffle.at(row - first, number);
        let before = share(place, self.filled, self.rows);
        (share(place + 1, self.filled, self.rows) > before).then_some(before)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashMap, HashSet};

    use super::*;
    use crate::dataset::measured::MeasuredShape;
    use crate::dataset::profile::CountShare;
    use crate::dataset::spread::SpreadShape;

    fn measured(counts: &[(u32, f64)], correlation: f64, null: f64) -> Measured {
        let share = |&(children, share)| CountShare { children, share };
        let counts: Vec<CountShare> = counts.iter().map(share).collect();
        Measured {
            shape: SpreadShape::Measured(MeasuredShape::of(&counts).into()),
            correlation,
            null,
            reach: Reach::All,
        }
    }

    #[test]
    fn rows_of_the_own_table_refer_to_earlier_ones() {
        let measured = Measured {
            reach: Reach::Before,
            ..measured(&[(0, 0.6), (2, 0.4)], 0.6, 0.2)
        };
        let dealt = DealtRows::new(1_000, 1_000, &measured, 7);
        let found = (0..1_000).filter_map(|row| Some((row, dealt.parent(row)?.0)));
        let found: Vec<(u64, u64)> = found.collect();
        assert!(found.iter().all(|(row, parent)| parent < row));
        assert!((798..=800).contains(&found.len()), "{}", found.len());
    }

    /// As ANALYZE measures it: positions beside the rows sorted by parent and position.
    fn correlation(parents: &[Option<(u64, u64)>]) -> f64 {
        let mut sorted: Vec<(u64, usize)> = parents
            .iter()
            .flatten()
            .enumerate()
            .map(|(position, (parent, _))| (*parent, position))
            .collect();
        sorted.sort_unstable();
        let mean = (sorted.len() - 1) as f64 / 2.0;
        let product = |(rank, (_, position)): (usize, &(u64, usize))| {
            (rank as f64 - mean) * (*position as f64 - mean)
        };
        let squares: f64 = (0..sorted.len())
            .map(|rank| (rank as f64 - mean) * (rank as f64 - mean))
            .sum();
        sorted.iter().enumerate().map(product).sum::<f64>() / squares
    }

    #[test]
    fn counts_nulls_and_correlation_are_as_they_were_measured() {
        type Case = (u64, u64, &'static [(u32, f64)]);
        let cases: [Case; 3] = [
            (12_000, 4_000, &[(0, 0.5), (2, 0.4), (20, 0.09), (40, 0.01)]),
            (
                12_000,
                10,
                &[(100, 0.5), (600, 0.3), (2_000, 0.1), (3_700, 0.1)],
            ),
            (9_000, 9_000, &[(0, 0.25), (1, 0.5), (2, 0.25)]),
        ];
        for (rows, parents, counts) in cases {
            for (correlation_wanted, null) in [
                (0.0, 0.0),
                (1.0, 0.0),
                (0.95, 0.2),
                (0.5, 0.01),
                (-0.7, 0.0),
            ] {
                let measured = measured(counts, correlation_wanted, null);
                let dealt = DealtRows::new(rows, parents, &measured, 7);
                let found: Vec<Option<(u64, u64)>> =
                    (0..rows).map(|row| dealt.parent(row)).collect();
                let filled = rows - part(rows, null);
                assert_eq!(found.iter().flatten().count() as u64, filled);
                let places: HashSet<(u64, u64)> = found.iter().flatten().copied().collect();
                assert_eq!(places.len() as u64, filled, "each has a place of its own");
                let mut children: HashMap<u64, u64> = HashMap::new();
                for (parent, _) in &places {
                    *children.entry(*parent).or_default() += 1;
                }
                let spread = Spread::new(filled, parents, &measured.shape);
                for (parent, count) in &children {
                    assert_eq!(*count, spread.count(*parent));
                }
                let mut classes: BTreeMap<u64, u64> = BTreeMap::new();
                children
                    .values()
                    .for_each(|it| *classes.entry(*it).or_default() += 1);
                assert!(*classes.keys().last().unwrap() <= dealt.most());
                let is = correlation(&found);
                let least = if parents == 10 { 0.05 } else { 0.02 };
                let reachable = correlation_wanted.max(if parents == 10 { is } else { -1.0 });
                assert!(
                    (is - reachable).abs() < least || parents == 10 && correlation_wanted < 0.3,
                    "{parents} parents, {correlation_wanted}, {null}: {is}"
                );
            }
        }
    }

    #[test]
    fn the_newest_parents_have_the_newest_rows_where_rows_are_in_order() {
        let counts = [(0, 0.4), (1, 0.3), (5, 0.25), (40, 0.05)];
        for (correlation, least) in [(1.0, 10_000), (0.95, 7_500), (0.5, 5_000)] {
            let dealt = DealtRows::new(100_000, 30_000, &measured(&counts, correlation, 0.0), 3);
            let newest = (90_000..100_000).filter_map(|row| dealt.parent(row));
            let newest = newest.filter(|(parent, _)| *parent >= 26_700).count();
            assert!(newest + 400 >= least, "{correlation}: {newest}");
        }
    }
}
