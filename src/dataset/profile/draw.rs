//! Which of its maker's values a column with a profile has in each row.

use std::sync::Arc;

use crate::dataset::dealt_rows::Nulls;
use crate::dataset::distribution::Range;
use crate::dataset::draw::{Chance, Key};
use crate::dataset::permutation::mix;
use crate::dataset::profile::correlation::nearest;
use crate::dataset::profile::order::{Arranged, Order};
use crate::dataset::profile::quantiles::Quantiles;
use crate::dataset::profile::ratio::{Ratio, share};
use crate::dataset::profile::shuffle::Shuffle;
use crate::dataset::profile::together::{Leader, Together};
use crate::dataset::profile::{ColumnProfile, Distinct, part, positions_by_rank};

/// What a column's maker has: values with an index each.
#[derive(Debug, Clone, PartialEq)]
pub struct Domain {
    /// How many.
    pub size: u64,
    /// How they lie.
    pub layout: Layout,
}

/// How a maker's values lie.
#[derive(Debug, Clone, PartialEq)]
pub enum Layout {
    /// In the order of their indexes, evenly.
    Even,
    /// As before, each with its own share of the rows.
    Weighted(Vec<f64>),
    /// In the order of their indexes, which are numbers of this range above its least.
    Shaped(Range),
    /// In no order.
    Unordered,
    /// In the order of their indexes: as many as it takes, from the first on.
    Open,
}

/// The draws of a column: from a row to the index of its value.
///
/// The distinct values that come up are numbered in their order ("positions"), whatever their indexes are.
#[derive(Debug, Clone)]
pub struct ProfileDraw {
    nulls: Option<Nulls>,
    order: Order,
    quantiles: Quantiles,
    placement: Placement,
    /// The positions of the most common values, in the order of their shares.
    common: Vec<u64>,
    /// The sibling that decides some of the values.
    dependence: Option<Dependence>,
    /// The sibling that some of the values come up together with.
    together: Option<Together>,
}

/// From a value's position to its index.
#[derive(Debug, Clone)]
enum Placement {
    /// The same.
    Same,
    /// One of the indexes in its part of the domain: so many for each position.
    Parts { each: Ratio, key: u64 },
    /// By a range's quantiles.
    Quantile(RangePlacement),
}

/// From a position to a range's number.
#[derive(Debug, Clone)]
struct RangePlacement {
    range: Range,
    /// The positions' distance in 2^-53ths, and half of it.
    distance: (Ratio, u64),
    /// How much of the range is left for each of its numbers, where no two positions may have the same.
    left: Option<Ratio>,
}

impl ProfileDraw {
    /// For a table of so many rows, of which some are NULL; the profile is that of the others. The order on disk and which
    /// values are common depend on `key`.
    pub fn new(
        profile: &ColumnProfile,
        domain: &Domain,
        nulls: Option<Nulls>,
        rows: u64,
        key: u64,
    ) -> ProfileDraw {
        let rows = nulls.as_ref().map_or(rows, |it| it.filled).max(1);
        let values = distinct_values(profile, domain, rows);
        let sizes = match (&domain.layout, profile.shares.is_empty(), profile.distinct) {
            (Layout::Weighted(weights), true, None) => weighted(weights, rows),
            _ => Sizes::new(profile, values, rows, key),
        };
        let quantiles = Quantiles::new(&sizes.ascending(), sizes.values, rows);
        let order = match profile.correlation {
            Some(correlation) if domain.layout != Layout::Unordered => {
                nearest(&quantiles, correlation, key, &|place| {
                    quantiles.value(place)
                })
            }
            _ => Order::new(rows, Arranged::Shuffled, false, key),
        };
        ProfileDraw {
            nulls,
            order,
            placement: Placement::new(domain, &sizes, profile.distinct, key),
            quantiles,
            common: sizes.common.iter().map(|(position, _)| *position).collect(),
            dependence: None,
            together: None,
        }
    }

    /// The same where some rows have combinations with a sibling's values: the other rows have what is left of each value.
    #[must_use]
    pub fn with(self, together: Together) -> ProfileDraw {
        let taken = together.rows_of_followers();
        let places = self.places();
        let all: u64 = taken.values().sum();
        let left = |position: u64, count: u64| {
            count.saturating_sub(taken.get(&position).copied().unwrap_or(0))
        };
        let mut common: Vec<(u64, u64)> = self
            .common
            .iter()
            .map(|it| (*it, left(*it, self.quantiles.places_of(*it).1)))
            .collect();
        common.sort_unstable();
        let quantiles = Quantiles::new(&common, self.values(), places.saturating_sub(all).max(1));
        ProfileDraw {
            quantiles: if all == 0 { self.quantiles } else { quantiles },
            together: Some(together),
            ..self
        }
    }

    /// The same where values follow from a sibling's.
    pub fn following(self, dependence: Dependence) -> ProfileDraw {
        ProfileDraw {
            dependence: Some(dependence),
            ..self
        }
    }

    /// The index of a row's value among its maker's; rows count from 1.
    #[inline]
    pub fn index(&self, row: u64) -> u64 {
        self.index_of(self.position(row))
    }

    /// The position of a row's value among the distinct ones.
    #[inline]
    pub fn position(&self, row: u64) -> u64 {
        if let Some(position) = self.together.as_ref().and_then(|it| it.position(row)) {
            return position;
        }
        let follows = self.dependence.as_ref();
        let place = follows.and_then(|it| it.place(row, self.places()));
        self.position_at(place.unwrap_or_else(|| self.own_place(row)))
    }

    /// The place of a row that nothing else decides.
    #[inline]
    fn own_place(&self, row: u64) -> u64 {
        let place = self.order.place(self.number(row));
        match &self.together {
            None => place,
            // The others share what combinations leave.
            Some(_) => share(place, self.places(), self.order.rows()),
        }
    }

    /// A row's number among those that aren't NULL, from 0; that of any where it is.
    #[inline]
    fn number(&self, row: u64) -> u64 {
        let row = row.saturating_sub(1);
        match &self.nulls {
            None => row,
            Some(nulls) => nulls.number(row).unwrap_or(row % nulls.filled.max(1)),
        }
    }

    /// What columns follow whose values come up together with this one's.
    pub fn leader(&self) -> Leader {
        Leader {
            nulls: self.nulls.clone(),
            order: self.order.clone(),
            quantiles: self.quantiles.clone(),
        }
    }

    /// The position of the value at a place among the sorted values of all rows.
    #[inline]
    pub fn position_at(&self, place: u64) -> u64 {
        self.quantiles.value(place)
    }

    /// The middle of the places that the value at a position has, where all are so many.
    #[inline]
    pub fn middle_of(&self, position: u64, places: u64) -> u64 {
        share(self.quantiles.middle(position), places, self.places())
    }

    /// How many places there are.
    pub fn places(&self) -> u64 {
        self.quantiles.places()
    }

    /// How many distinct values there are.
    pub fn values(&self) -> u64 {
        self.quantiles.values()
    }

    /// The position of one of the most common values, by its place in `shares`.
    pub fn common(&self, place: usize) -> Option<u64> {
        self.common.get(place).copied()
    }

    /// The index of the value at a position.
    #[inline]
    pub fn index_of(&self, position: u64) -> u64 {
        match &self.placement {
            Placement::Same => position,
            Placement::Parts { each, key } => {
                let (first, next) = (each.times(position), each.times(position + 1));
                first + below(mix(position ^ key), next - first)
            }
            Placement::Quantile(placement) => placement.at(position),
        }
    }
}

/// How many distinct values come up at most.
fn distinct_values(profile: &ColumnProfile, domain: &Domain, rows: u64) -> u64 {
    let asked = profile.distinct.map_or(rows, |it| it.of_rows(rows));
    let least = (profile.shares.len() as u64).max(1);
    asked.max(least).min(most_values(profile, domain))
}

/// How many positions there can be: a shaped range repeats its likelier numbers by itself, unless it is told how many to have.
fn most_values(profile: &ColumnProfile, domain: &Domain) -> u64 {
    match (profile.distinct, &domain.layout) {
        (None, Layout::Shaped(_)) => u64::MAX,
        _ => domain.size.max(1),
    }
}

/// How many rows each value has.
struct Sizes {
    /// All distinct values.
    values: u64,
    /// The common values' positions and rows, in the order of their shares.
    common: Vec<(u64, u64)>,
}

impl Sizes {
    fn new(profile: &ColumnProfile, values: u64, rows: u64, key: u64) -> Sizes {
        let most = usize::try_from(values).unwrap_or(usize::MAX);
        let shares = &profile.shares[..profile.shares.len().min(most)];
        let count = shares.len() as u64;
        let all: f64 = shares.iter().sum();
        // Where there are no other values, nothing else can have what is left.
        let total = match values - count {
            0 => all,
            _ => all.max(1.0),
        };
        let (mut before, mut common) = (0.0, Vec::new());
        for (share, position) in
            shares
                .iter()
                .zip(positions(&profile.ranks, shares.len(), values, key))
        {
            let places = part(rows, (before + share) / total) - part(rows, before / total);
            before += share;
            common.push((position, places));
        }
        Sizes { values, common }
    }

    /// By position.
    fn ascending(&self) -> Vec<(u64, u64)> {
        let mut common = self.common.clone();
        common.sort_unstable();
        common
    }
}

/// Each value of a list by its weight.
fn weighted(weights: &[f64], rows: u64) -> Sizes {
    let total: f64 = weights.iter().sum();
    let mut before = 0.0;
    let common = weights.iter().enumerate().map(|(position, weight)| {
        let places = part(rows, (before + weight) / total) - part(rows, before / total);
        before += weight;
        (position as u64, places)
    });
    let common: Vec<(u64, u64)> = common.collect();
    Sizes {
        values: common.len() as u64,
        common,
    }
}

/// The positions of so many common values among all: by their ranks, each another, or scattered.
fn positions(ranks: &[f64], count: usize, values: u64, key: u64) -> Vec<u64> {
    if ranks.len() < count {
        let shuffle = Shuffle::new(values, key ^ 1);
        return (0..count as u64).map(|it| shuffle.at(it, 1)).collect();
    }
    positions_by_rank(&ranks[..count], values)
}

impl Placement {
    fn new(domain: &Domain, sizes: &Sizes, distinct: Option<Distinct>, key: u64) -> Placement {
        let (values, size) = (sizes.values, domain.size.max(1));
        match &domain.layout {
            Layout::Shaped(range) => {
                let never_repeats = distinct.is_some() && values <= size;
                Placement::Quantile(RangePlacement::new(range, values, never_repeats))
            }
            Layout::Open => Placement::Same,
            _ if values >= size => Placement::Same,
            Layout::Even | Layout::Weighted(_) | Layout::Unordered => Placement::Parts {
                each: Ratio::new(size, values),
                key,
            },
        }
    }
}

impl RangePlacement {
    fn new(range: &Range, values: u64, never_repeats: bool) -> RangePlacement {
        let (least, greatest) = range.bounds();
        let span = least.abs_diff(greatest);
        let distance = Ratio::new(1 << 53, values);
        RangePlacement {
            range: range.clone(),
            distance: (distance, distance.times(1) / 2),
            left: never_repeats.then(|| Ratio::new(span + 1 - values, span)),
        }
    }

    /// How far above the range's least number its quantile at a position lies. Where no two may be the same, each number has
    /// those before it below, and its quantile of what is left of the range on top.
    #[inline]
    fn at(&self, position: u64) -> u64 {
        let (least, _) = self.range.bounds();
        let quantile = self.distance.0.times(position) + self.distance.1;
        let above = least.abs_diff(self.range.quantile(quantile));
        match self.left {
            Some(left) => position + left.times(above),
            None => above,
        }
    }
}

/// A number below a bound, 0 for a bound of 0.
#[inline]
fn below(bits: u64, bound: u64) -> u64 {
    u64::try_from((u128::from(bits) * u128::from(bound)) >> 64).unwrap_or(0)
}

/// How the position of a column's value follows from a sibling's.
///
/// Both columns' values lie in order over the same rows, and a value of the one leads to that of the other at the middle of its
/// rows: so the other's values keep their shares as far as the sibling's values are fine enough.
#[derive(Debug, Clone)]
pub struct Dependence {
    /// The sibling's draws.
    pub sibling: Arc<ProfileDraw>,
    /// How often it is followed.
    pub degree: Chance,
    /// The draws that decide.
    pub key: Key,
}

impl Dependence {
    /// The position of a row's value in a column with so many places, where it follows from the sibling's.
    #[inline]
    pub fn place(&self, row: u64, places: u64) -> Option<u64> {
        let follows = self.key.row(row).happens(self.degree);
        follows.then(|| {
            let position = self.sibling.position(row);
            self.sibling.middle_of(position, places)
        })
    }
}

#[cfg(test)]
mod tests;
