//! Which of its maker's values a column with a profile has in each row.

use crate::dataset::distribution::Range;
use crate::dataset::permutation::mix;
use crate::dataset::profile::correlation::arrange;
use crate::dataset::profile::dependence::Dependence;
use crate::dataset::profile::order::{Arranged, Order};
use crate::dataset::profile::quantiles::Quantiles;
use crate::dataset::profile::ratio::{Ratio, share};
use crate::dataset::profile::shuffle::Shuffle;
use crate::dataset::profile::{ColumnProfile, Distinct, part};

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
    order: Order,
    quantiles: Quantiles,
    placement: Placement,
    /// The positions of the most common values, in the order of their shares.
    common: Vec<u64>,
    /// The sibling that decides some of the values.
    dependence: Option<Dependence>,
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
    /// For a table of so many rows. The order on disk and which values are common depend on `key`.
    pub fn new(profile: &ColumnProfile, domain: &Domain, rows: u64, key: u64) -> ProfileDraw {
        let rows = rows.max(1);
        let values = distinct_values(profile, domain, rows);
        let sizes = match (&domain.layout, profile.shares.is_empty(), profile.distinct) {
            (Layout::Weighted(weights), true, None) => weighted(weights, rows),
            _ => Sizes::new(profile, domain, values, rows, key),
        };
        let quantiles = Quantiles::new(&sizes.ascending(), sizes.values, rows);
        let (arranged, falls) = match profile.correlation {
            Some(correlation) if domain.layout != Layout::Unordered => {
                arrange(&quantiles, correlation)
            }
            _ => (Arranged::Shuffled, false),
        };
        ProfileDraw {
            order: Order::new(rows, arranged, falls, key),
            placement: Placement::new(domain, &sizes, profile.distinct, key),
            quantiles,
            common: sizes.common.iter().map(|(position, _)| *position).collect(),
            dependence: None,
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
        let follows = self.dependence.as_ref();
        let place = follows.and_then(|it| it.place(row, self.places()));
        self.position_at(place.unwrap_or_else(|| self.order.place(row.saturating_sub(1))))
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
    /// The rows that are NULL are drawn apart: shares of all rows become shares of the others.
    fn new(profile: &ColumnProfile, domain: &Domain, values: u64, rows: u64, key: u64) -> Sizes {
        let most = usize::try_from(values).unwrap_or(usize::MAX);
        let shares = &profile.shares[..profile.shares.len().min(most)];
        let count = shares.len() as u64;
        let null = profile.null.unwrap_or(0.0);
        let all: f64 = shares.iter().sum();
        // Where there are no other values, nothing else can have what is left.
        let total = match values - count {
            0 => all,
            _ => all.max(1.0 - null),
        };
        let left = rows - part(rows, all / total);
        let others =
            with_null(values - count, left, null).min(most_values(profile, domain) - count);
        let values = count + others;
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

/// Of so many values some have none but NULLs in place of their rows: how many it takes so that as many are left.
fn with_null(values: u64, places: u64, null: f64) -> u64 {
    if !(f64::EPSILON..1.0).contains(&null) || values == 0 || values >= places {
        return values;
    }
    let left = |count: u64| {
        let each = places as f64 / count as f64;
        count as f64 * (1.0 - libm::pow(null, each))
    };
    let (mut low, mut high) = (values, places);
    while low < high {
        let middle = low + (high - low) / 2;
        match left(middle) < values as f64 {
            true => low = middle + 1,
            false => high = middle,
        }
    }
    low
}

/// The positions of so many common values among all: by their ranks, each another, or scattered.
fn positions(ranks: &[f64], count: usize, values: u64, key: u64) -> Vec<u64> {
    if ranks.len() < count {
        let shuffle = Shuffle::new(values, key ^ 1);
        return (0..count as u64).map(|it| shuffle.at(it, 1)).collect();
    }
    let mut by_rank: Vec<usize> = (0..count).collect();
    by_rank.sort_by(|one, other| ranks[*one].total_cmp(&ranks[*other]));
    let mut positions = vec![0; count];
    let mut least = 0;
    for (place, &which) in by_rank.iter().enumerate() {
        // Those behind it need positions, too.
        let most = values - (count - place) as u64;
        positions[which] = part(values - 1, ranks[which]).clamp(least, most.max(least));
        least = positions[which] + 1;
    }
    positions
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

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Arc;

    use super::*;
    use crate::dataset::draw::{Chance, Key};

    const ROWS: u64 = 20_000;

    /// The position and the index of each row.
    fn drawn(profile: &ColumnProfile, size: u64, layout: Layout) -> Vec<(u64, u64)> {
        let draw = ProfileDraw::new(profile, &Domain { size, layout }, ROWS, 7);
        (1..=ROWS)
            .map(|row| (draw.position(row), draw.index(row)))
            .collect()
    }

    fn distinct(drawn: &[(u64, u64)]) -> usize {
        let mut indexes: Vec<u64> = drawn.iter().map(|(_, index)| *index).collect();
        indexes.sort_unstable();
        indexes.dedup();
        indexes.len()
    }

    /// As ANALYZE computes it from all rows: values are sorted, the same ones by their position on disk.
    fn correlation(drawn: &[(u64, u64)]) -> f64 {
        let mut rows: Vec<usize> = (0..drawn.len()).collect();
        rows.sort_by_key(|&row| (drawn[row].1, row));
        let count = rows.len() as f64;
        let products = rows
            .iter()
            .enumerate()
            .map(|(rank, &row)| rank as f64 * row as f64);
        let sum = count * (count - 1.0) / 2.0;
        let squares = count * (count - 1.0) * (2.0 * count - 1.0) / 6.0;
        (count * products.sum::<f64>() - sum * sum) / (count * squares - sum * sum)
    }

    fn profile(distinct: Option<Distinct>, shares: &[f64], ranks: &[f64]) -> ColumnProfile {
        ColumnProfile {
            distinct,
            shares: shares.to_vec(),
            ranks: ranks.to_vec(),
            ..ColumnProfile::default()
        }
    }

    #[test]
    fn values_follow_from_a_sibling_and_keep_their_shares() {
        let draw = |profile: &ColumnProfile, key: u64| {
            let layout = Layout::Even;
            ProfileDraw::new(
                profile,
                &Domain {
                    size: 1_000,
                    layout,
                },
                ROWS,
                key,
            )
        };
        let cities = draw(
            &profile(Some(Distinct::Count(500)), &[0.1, 0.05], &[0.3, 0.9]),
            7,
        );
        for (degree, least, most) in [(1.0, 0, 0), (0.9, 1_000, 2_000)] {
            let countries = profile(
                Some(Distinct::Count(4)),
                &[0.5, 0.3, 0.15],
                &[0.9, 0.1, 0.5],
            );
            let countries = draw(&countries, 8).following(Dependence {
                sibling: Arc::new(cities.clone()),
                degree: Chance::new(degree),
                key: Key::new(1, "t", "c"),
            });
            let mut of_city: HashMap<u64, HashMap<u64, usize>> = HashMap::new();
            let mut rows: HashMap<u64, usize> = HashMap::new();
            for row in 1..=ROWS {
                let (city, country) = (cities.position(row), countries.position(row));
                *of_city.entry(city).or_default().entry(country).or_default() += 1;
                *rows.entry(country).or_default() += 1;
            }
            let others = of_city
                .values()
                .map(|it| it.values().sum::<usize>() - it.values().max().unwrap());
            let others: usize = others.sum();
            assert!((least..=most).contains(&others), "{degree}: {others}");
            let most_common = rows[&countries.common(0).unwrap()];
            assert!(
                (9_000..=11_000).contains(&most_common),
                "{degree}: {most_common}"
            );
            assert_eq!(rows.len(), 4);
        }
    }

    #[test]
    fn distinct_values_are_as_many_as_are_asked_for() {
        let layouts = [
            Layout::Even,
            Layout::Unordered,
            Layout::Shaped(Range::log_normal(5, 200_000_000, 90_000.0, 0.8)),
            Layout::Shaped(Range::Histogram(vec![0, 3, 4, 199_999])),
        ];
        for layout in layouts {
            let size = match &layout {
                Layout::Shaped(range) => u64::try_from(range.domain()).unwrap(),
                _ => 200_000,
            };
            for count in [1, 2, 17, 4_200, 19_999] {
                for (shares, others) in [
                    (vec![], 20_000),
                    (vec![0.3], 14_000),
                    (vec![0.3, 0.2], 10_000),
                ] {
                    let (count, most) = (count.max(shares.len()), others + shares.len());
                    let profile = profile(Some(Distinct::Count(count as u64)), &shares, &[]);
                    let drawn = drawn(&profile, size, layout.clone());
                    assert_eq!(
                        distinct(&drawn),
                        count.min(most),
                        "of {size}: {count} {shares:?}"
                    );
                    assert!(drawn.iter().all(|(_, index)| *index < size));
                }
            }
        }
    }

    #[test]
    fn common_values_have_their_shares_and_ranks() {
        let shares = [0.3, 0.2, 0.1];
        let profile = profile(Some(Distinct::Count(11)), &shares, &[1.0, 0.0, 0.5]);
        let drawn = drawn(&profile, 11, Layout::Even);
        let rows = |position| drawn.iter().filter(|(it, _)| *it == position).count();
        assert_eq!(
            [10, 0, 5, 1, 9].map(rows),
            [6_000, 4_000, 2_000, 1_000, 1_000]
        );
        assert!(drawn.iter().all(|(position, index)| position == index));
    }

    #[test]
    fn shares_are_those_of_all_rows_where_some_are_null() {
        let mut profile = profile(Some(Distinct::Count(3)), &[0.5, 0.2], &[]);
        profile.null = Some(0.2);
        let drawn = drawn(&profile, 1_000, Layout::Even);
        let draw = ProfileDraw::new(
            &profile,
            &Domain {
                size: 1_000,
                layout: Layout::Even,
            },
            ROWS,
            7,
        );
        let rows = |place| {
            drawn
                .iter()
                .filter(|(it, _)| Some(*it) == draw.common(place))
                .count()
        };
        assert_eq!([rows(0), rows(1)], [12_500, 5_000], "of 0.8 of the rows");
        assert_eq!(distinct(&drawn), 3);
    }

    #[test]
    fn values_that_few_rows_have_make_up_for_those_lost_to_nulls() {
        let mut profile = profile(Some(Distinct::Count(5_000)), &[], &[]);
        profile.null = Some(0.5);
        let drawn = drawn(&profile, 1 << 40, Layout::Even);
        let key = crate::dataset::draw::Key::new(1, "t", "c");
        let half = crate::dataset::draw::Chance::new(0.5);
        let kept = drawn
            .iter()
            .enumerate()
            .filter(|(row, _)| !key.row(*row as u64).happens(half));
        let kept: Vec<(u64, u64)> = kept.map(|(_, it)| *it).collect();
        let distinct = distinct(&kept);
        assert!((4_900..5_100).contains(&distinct), "{distinct}");
    }

    #[test]
    fn rows_are_correlated_as_analyze_measures_it() {
        let shapes: [(u64, &[f64], &[f64]); 6] = [
            (20_000, &[], &[]),
            (4_200, &[0.1, 0.05], &[0.3, 0.9]),
            (2, &[0.9], &[0.0]),
            (2, &[0.5], &[1.0]),
            (5, &[0.61, 0.2, 0.1], &[0.25, 0.75, 0.0]),
            (300, &[0.02; 20], &[0.5; 20]),
        ];
        for (count, shares, ranks) in shapes {
            for wanted in [
                -1.0, -0.97, -0.4, 0.0, 0.1, 0.5, 0.82, 0.9, 0.95, 0.999, 1.0,
            ] {
                let mut profile = profile(Some(Distinct::Count(count)), shares, ranks);
                profile.correlation = Some(-1.0);
                let least = correlation(&drawn(&profile, 1 << 30, Layout::Even));
                profile.correlation = Some(wanted);
                let found = correlation(&drawn(&profile, 1 << 30, Layout::Even));
                let wanted = wanted.max(least);
                assert!(
                    (found - wanted).abs() < 0.02,
                    "{count} {shares:?}: {wanted}, {found}"
                );
            }
        }
    }

    #[test]
    fn makers_keep_their_own_shares_where_the_profile_has_none() {
        let mut profile = profile(None, &[], &[]);
        profile.correlation = Some(0.7);
        let weights = drawn(&profile, 3, Layout::Weighted(vec![1.0, 2.0, 1.0]));
        let rows = |index| weights.iter().filter(|(_, it)| *it == index).count();
        assert_eq!([0, 1, 2].map(rows), [5_000, 10_000, 5_000]);
        let prices = Range::log_normal(0, 2_000, 60.0, 0.8);
        let least = prices.bounds().0.cast_unsigned();
        let mut drawn = drawn(&profile, 2_001, Layout::Shaped(prices));
        assert!((correlation(&drawn) - 0.7).abs() < 0.02);
        drawn.sort_unstable();
        assert!((57..=63).contains(&(least + drawn[10_000].1)), "the median");
    }
}
