//! Values of several columns that come up together: the first column leads, and the values of the others follow from where its
//! own lies among the rows that have it.

use std::collections::HashMap;

use crate::dataset::dealt_rows::Nulls;
use crate::dataset::profile::order::Order;
use crate::dataset::profile::part;
use crate::dataset::profile::quantiles::Quantiles;
use crate::dataset::profile::shuffle::Shuffle;

/// How a column's value follows from the value of the one that leads, in the rows that have a common combination.
#[derive(Debug, Clone)]
pub struct Together {
    leader: Leader,
    /// By the leader's value.
    of_value: HashMap<u64, Combinations>,
}

/// The values of the column that leads, and in which order its rows lie.
#[derive(Debug, Clone)]
pub struct Leader {
    /// The rows that have none.
    pub nulls: Option<Nulls>,
    /// The order of the others.
    pub order: Order,
    /// The values of their places.
    pub quantiles: Quantiles,
}

impl Leader {
    /// The place of a row's value among the sorted values of all rows; `None` where it is NULL. Rows count from 1.
    fn place(&self, row: u64) -> Option<u64> {
        let row = row.saturating_sub(1);
        let number = match &self.nulls {
            None => row,
            Some(nulls) => nulls.number(row)?,
        };
        Some(self.order.place(number))
    }
}

/// The combinations of one value of the leader.
#[derive(Debug, Clone)]
struct Combinations {
    /// The first of the value's places.
    first: u64,
    /// Mixes them, so that combinations don't follow the order on disk.
    shuffle: Shuffle,
    /// Where each combination ends among them, and the follower's value, if it has one.
    ends: Vec<(u64, Option<u64>)>,
}

/// A combination: the positions of both values, `None` for a NULL of the follower, and its share of the leader's rows.
pub type Pair = (u64, Option<u64>, f64);

impl Together {
    /// Combinations of values of the leader and of a follower.
    pub fn new(leader: Leader, pairs: &[Pair], key: u64) -> Together {
        let mut of_value: HashMap<u64, Combinations> = HashMap::new();
        let rows = leader.quantiles.places();
        let mut shares: HashMap<u64, f64> = HashMap::new();
        for &(own, follower, share) in pairs {
            let (first, places) = leader.quantiles.places_of(own);
            let known = of_value.entry(own).or_insert_with(|| Combinations {
                first,
                shuffle: Shuffle::new(places, key ^ own),
                ends: Vec::new(),
            });
            let sum = shares.entry(own).or_default();
            *sum += share;
            known.ends.push((part(rows, *sum).min(places), follower));
        }
        Together { leader, of_value }
    }

    /// The position of the follower's value in a row, where it has a combination.
    pub fn position(&self, row: u64) -> Option<u64> {
        let place = self.leader.place(row)?;
        let value = self.leader.quantiles.value(place);
        let known = self.of_value.get(&value)?;
        let place = known.shuffle.at(place - known.first, 0);
        let after = known.ends.partition_point(|(end, _)| *end <= place);
        known.ends.get(after).and_then(|(_, follower)| *follower)
    }

    /// How many rows each of the follower's values has by combinations.
    pub fn rows_of_followers(&self) -> HashMap<u64, u64> {
        let mut rows = HashMap::new();
        for known in self.of_value.values() {
            let mut before = 0;
            for &(end, follower) in &known.ends {
                if let Some(follower) = follower {
                    *rows.entry(follower).or_default() += end - before;
                }
                before = end;
            }
        }
        rows
    }
}
