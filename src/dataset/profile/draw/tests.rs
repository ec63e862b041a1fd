use std::collections::HashMap;
use std::sync::Arc;

use super::*;
use crate::dataset::draw::{Chance, Key};

const ROWS: u64 = 20_000;

/// The position and the index of each row.
fn drawn(profile: &ColumnProfile, size: u64, layout: Layout) -> Vec<(u64, u64)> {
    let draw = ProfileDraw::new(profile, &Domain { size, layout }, None, ROWS, 7);
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
            None,
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
fn shares_and_distinct_values_are_those_of_all_rows_where_some_are_null() {
    let nulls = Nulls::new(ROWS, 0.2, 3).unwrap();
    let domain = Domain {
        size: 1_000,
        layout: Layout::Even,
    };
    for (distinct_values, shares) in [
        (Distinct::Count(3), vec![0.5, 0.2]),
        (Distinct::PerRow(0.02), vec![]),
    ] {
        let profile = profile(Some(distinct_values), &shares, &[]).of_filled(ROWS, nulls.filled);
        let draw = ProfileDraw::new(&profile, &domain, Some(nulls.clone()), ROWS, 7);
        let filled = (1..=ROWS).filter(|row| nulls.number(row - 1).is_some());
        let drawn: Vec<(u64, u64)> = filled
            .map(|row| (draw.position(row), draw.index(row)))
            .collect();
        assert_eq!(drawn.len(), 16_000);
        let expected = distinct_values.of_rows(ROWS);
        assert_eq!(distinct(&drawn) as u64, expected);
        for (place, share) in shares.iter().enumerate() {
            let rows = drawn
                .iter()
                .filter(|(it, _)| Some(*it) == draw.common(place))
                .count();
            assert_eq!(rows as f64, share * ROWS as f64);
        }
    }
}

#[test]
fn few_rows_are_correlated_as_well_as_many() {
    for rows in [12, 40, 150, 800] {
        for wanted in [-0.38, 0.0, 0.3, 0.7] {
            let mut profile = profile(Some(Distinct::PerRow(1.0)), &[], &[]);
            profile.correlation = Some(wanted);
            let domain = Domain {
                size: 1 << 30,
                layout: Layout::Even,
            };
            let draw = ProfileDraw::new(&profile, &domain, None, rows, 7);
            let drawn: Vec<(u64, u64)> = (1..=rows)
                .map(|row| (draw.position(row), draw.index(row)))
                .collect();
            let found = correlation(&drawn);
            assert!((found - wanted).abs() < 0.06, "{rows}: {wanted}, {found}");
        }
    }
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
