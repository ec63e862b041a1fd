use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn counts_of(counts: &[(u32, f64)]) -> Vec<CountShare> {
    let share = |&(children, share)| CountShare { children, share };
    counts.iter().map(share).collect()
}

fn shape(counts: &[(u32, f64)]) -> MeasuredShape {
    MeasuredShape::of(&counts_of(counts))
}

/// The children of each parent.
fn children(spread: &MeasuredSpread, parents: u64) -> Vec<u64> {
    let count = |parent| spread.first(parent + 1) - spread.first(parent);
    (0..parents).map(count).collect()
}

/// How many parents have how many children.
fn found(spread: &MeasuredSpread, parents: u64) -> BTreeMap<u64, u64> {
    let mut found = BTreeMap::new();
    for count in children(spread, parents) {
        *found.entry(count).or_default() += 1;
    }
    found
}

const COUNTS: &[(u32, f64)] = &[(0, 0.4), (1, 0.3), (2, 0.29), (40, 0.009), (3_000, 0.001)];

#[test]
fn counts_of_counts_are_exact_where_they_add_up_to_the_rows() {
    let children = 3_000 + 2 * 2_900 + 40 * 90 + 3_000 * 10;
    let spread = MeasuredSpread::new(children, 10_000, &shape(COUNTS));
    let expected = [(0, 4_000), (1, 3_000), (2, 2_900), (40, 90), (3_000, 10)];
    assert_eq!(found(&spread, 10_000), BTreeMap::from(expected));
}

#[test]
fn other_numbers_of_rows_scale_all_counts_alike() {
    let spread = MeasuredSpread::new(424_000, 10_000, &shape(COUNTS));
    let expected = [
        (0, 4_000),
        (10, 3_000),
        (20, 2_900),
        (400, 90),
        (30_000, 10),
    ];
    assert_eq!(found(&spread, 10_000), BTreeMap::from(expected));
    // A few rows more or fewer change a few parents.
    let spread = MeasuredSpread::new(42_393, 10_000, &shape(COUNTS));
    let found = found(&spread, 10_000);
    assert!(
        found[&1].abs_diff(3_000) <= 3 && found[&2].abs_diff(2_900) <= 3,
        "{found:?}"
    );
}

#[test]
fn parents_with_many_children_lie_everywhere_and_the_last_tenth_is_as_the_others() {
    let spread = MeasuredSpread::new(42_400, 10_000, &shape(COUNTS));
    let counts = children(&spread, 10_000);
    let hot: Vec<usize> = (0..10_000).filter(|&it| counts[it] == 3_000).collect();
    let tenths = |parents: &[usize]| {
        let mut tenths: Vec<usize> = parents.iter().map(|it| it / 1_000).collect();
        tenths.dedup();
        tenths.len()
    };
    assert!(tenths(&hot) >= 5, "{hot:?}");
    let childless = counts[9_000..].iter().filter(|it| **it == 0).count();
    assert!((380..=420).contains(&childless), "{childless}");
}

#[test]
fn hot_parents_are_at_their_ranks_and_the_others_have_the_rest() {
    let hot = [(0.5, 0.0), (0.2, 1.0), (0.1, 0.5)];
    let shape = shape(&[(0, 0.5), (2, 0.5)]).with_hot(hot.into_iter());
    let counts = children(&MeasuredSpread::new(1_000, 203, &shape), 203);
    assert_eq!([counts[0], counts[202], counts[101]], [500, 200, 100]);
    assert_eq!(counts.iter().filter(|it| **it == 2).count(), 100);
    // Where the others have none, the hot ones have all.
    let all = MeasuredShape::of(&[]).with_hot(hot.into_iter());
    assert_eq!(children(&MeasuredSpread::new(8, 3, &all), 3), [5, 1, 2]);
    assert_eq!(children(&MeasuredSpread::new(5, 1, &all), 1), [5]);
}

#[test]
fn others_are_denser_where_the_quantiles_are_close() {
    // Three quarters of the children are those of the first tenth of the parents, and the last fifth has none.
    let shape = shape(&[(0, 0.3), (1, 0.3), (5, 0.3), (40, 0.1)])
        .with_hot([(0.1, 0.05)].into_iter())
        .with_quantiles(&[0.0, 0.02, 0.05, 0.1, 0.8]);
    let counts = children(&MeasuredSpread::new(10_000, 1_001, &shape), 1_001);
    let sum = |from: usize, to: usize| counts[from..to].iter().sum::<u64>();
    assert_eq!(counts[50], 1_000);
    assert_eq!([sum(0, 20), sum(20, 50)], [2_250, 2_250]);
    assert_eq!([sum(100, 801), sum(801, 1_001)], [2_250, 0]);
    assert!(counts[100..801].contains(&0), "some have none in each part");
}

proptest! {
    #[test]
    fn large_spreads_agree_both_ways(
        children in 1u64..1 << 50,
        parents in 1u64..1 << 40,
        counts in prop::collection::btree_map(0u32..5_000, 0.0f64..1.0, 0..40),
        hot in prop::collection::vec((0.0f64..0.3, 0.0f64..1.0), 0..6),
        quantiles in prop::collection::vec(0.0f64..1.0, 0..12),
        child: u64,
    ) {
        let counts: Vec<(u32, f64)> = counts.into_iter().collect();
        let mut quantiles = quantiles;
        quantiles.sort_by(f64::total_cmp);
        let shape = shape(&counts).with_hot(hot.into_iter()).with_quantiles(&quantiles);
        let spread = MeasuredSpread::new(children, parents, &shape);
        prop_assert_eq!(spread.first(parents), children);
        for child in [child % children, 0, children - 1] {
            let (parent, rank) = spread.parent(child);
            prop_assert!(parent < parents);
            prop_assert_eq!(spread.first(parent) + rank, child);
            prop_assert!(spread.first(parent + 1) > child);
            let count = spread.first(parent + 1) - spread.first(parent);
            prop_assert!((spread.least()..=spread.most()).contains(&count));
        }
    }
}
