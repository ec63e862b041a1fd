//! Sets of every structure: what is planned never repeats, and what can't be is named.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use crate::dataset::unique::index::RowPlace;

fn free(size: u128) -> Domain {
    Domain::Free {
        size,
        shaped: false,
    }
}

/// How many values each run of a column has that is `Within` another: those of parent k begin at k · `least`.
fn repeats(rows: u64, columns: &[Domain], sets: &[Vec<usize>]) -> Result<usize, TooSmall> {
    let indexes = plan(rows, columns, sets, 7)?;
    let value = |row: u64, column: usize| {
        let group_value = |column: usize| match (&columns[column], &indexes[column]) {
            (Domain::Spread(spread), _) => u128::from(spread.parent(row - 1).unwrap().0),
            (_, Some(index)) => index.at(RowPlace::numbered(row), &|_| (0, 0)),
            _ => 0,
        };
        let run = |column: usize| match &columns[column] {
            Domain::Within {
                group: Some(group),
                least,
            } => {
                let parent = u64::try_from(group_value(*group)).unwrap();
                (parent * least, *least)
            }
            _ => (0, 0),
        };
        match (&columns[column], &indexes[column]) {
            (Domain::Distinct, _) => u128::from(row),
            (Domain::Spread(_), _) => group_value(column),
            (_, Some(index)) => index.at(RowPlace::numbered(row), &run),
            (_, None) => 0,
        }
    };
    let mut repeats = 0;
    for set in sets {
        let mut seen = HashSet::new();
        for row in 1..=rows {
            let values: Vec<u128> = set.iter().map(|&column| value(row, column)).collect();
            for (value, &column) in values.iter().zip(set) {
                if let Domain::Free { size, .. } = columns[column] {
                    assert!(*value < size, "{value} of {size}");
                }
            }
            repeats += usize::from(!seen.insert(values));
        }
    }
    Ok(repeats)
}

#[test]
fn sets_hold_by_whatever_their_columns_allow() {
    let spread = |parents| {
        Domain::Spread(DealtRows::in_order(Spread::new(
            1_000,
            parents,
            &SpreadShape::Skewed,
        )))
    };
    let even = Domain::Spread(DealtRows::in_order(Spread::new(
        1_000,
        300,
        &SpreadShape::Even,
    )));
    let within = Domain::Within {
        group: Some(0),
        least: 20,
    };
    let fixed = Domain::Fixed;
    for (what, columns, sets) in [
        ("one column", vec![free(1_000)], vec![vec![0]]),
        ("one column with more", vec![free(1 << 100)], vec![vec![0]]),
        ("a pair", vec![free(40), free(25)], vec![vec![0, 1]]),
        (
            "a triple",
            vec![free(10), free(10), free(10)],
            vec![vec![0, 1, 2]],
        ),
        (
            "a pair of which one follows from others",
            vec![fixed, free(1_000)],
            vec![vec![0, 1]],
        ),
        (
            "what never repeats",
            vec![Domain::Distinct, free(2)],
            vec![vec![0, 1]],
        ),
        (
            "lines of orders",
            vec![spread(100), free(200)],
            vec![vec![0, 1]],
        ),
        (
            "two sets that share a column",
            vec![free(100), free(10), free(12)],
            vec![vec![0, 1], vec![0, 2]],
        ),
        (
            "sets within sets",
            vec![free(1_000), free(3)],
            vec![vec![0], vec![0, 1]],
        ),
        (
            "sets within groups that share a column",
            vec![free(10), free(10), free(10), free(10)],
            vec![vec![0, 1, 2], vec![0, 1, 3]],
        ),
        (
            "three pairs of three",
            vec![free(40), free(40), free(40)],
            vec![vec![0, 1], vec![1, 2], vec![0, 2]],
        ),
        (
            "pairs in a ring",
            vec![free(40); 4],
            vec![vec![0, 1], vec![1, 2], vec![2, 3], vec![3, 0]],
        ),
        (
            "rows of one tenant",
            vec![free(50), within.clone()],
            vec![vec![1]],
        ),
        (
            "pairs of one tenant",
            vec![free(5), within.clone(), within.clone()],
            vec![vec![1, 2]],
        ),
        (
            "rows of one tenant and a name in it",
            vec![even, within, free(50)],
            vec![vec![1], vec![0, 2]],
        ),
    ] {
        assert_eq!(repeats(1_000, &columns, &sets), Ok(0), "{what}");
    }
}

#[test]
fn sets_that_cannot_hold_are_named() {
    let spread = Domain::Spread(DealtRows::in_order(Spread::new(
        1_000,
        100,
        &SpreadShape::Even,
    )));
    for (what, columns, sets, failing) in [
        ("one column", vec![free(999)], vec![vec![0]], 0),
        (
            "a pair",
            vec![free(9_999), free(3), free(333)],
            vec![vec![0], vec![1, 2]],
            1,
        ),
        (
            "lines of orders",
            vec![spread, free(9)],
            vec![vec![0, 1]],
            0,
        ),
        (
            "three pairs of three",
            vec![free(30); 3],
            vec![vec![0, 1], vec![1, 2], vec![0, 2]],
            0,
        ),
        (
            "what follows from others",
            vec![Domain::Fixed],
            vec![vec![0]],
            0,
        ),
    ] {
        assert_eq!(
            repeats(1_000, &columns, &sets),
            Err(TooSmall(failing)),
            "{what}"
        );
    }
}

#[test]
fn columns_with_a_shape_keep_it_where_others_suffice() {
    let hot = Domain::Free {
        size: 50,
        shaped: true,
    };
    let planned = |other| {
        let indexes = plan(1_000, &[hot.clone(), free(other)], &[vec![0, 1]], 1).unwrap();
        indexes[0].is_some()
    };
    assert!(!planned(5_000));
    assert!(planned(40));
}

proptest! {
    #[test]
    fn what_is_planned_never_repeats(
        rows in 1u64..300,
        sizes in proptest::collection::vec(1u128..60, 1..5),
        spread in 0u64..40,
        sets in proptest::collection::vec(proptest::collection::btree_set(0usize..5, 1..4), 1..4),
    ) {
        let mut columns: Vec<Domain> = sizes.into_iter().map(free).collect();
        if spread > 0 {
            columns.push(Domain::Spread(DealtRows::in_order(Spread::new(rows, spread, &SpreadShape::Skewed))));
        }
        let count = columns.len();
        let sets: Vec<Vec<usize>> = sets
            .iter()
            .map(|set| set.iter().map(|it| it % count).collect())
            .collect();
        if let Ok(repeats) = repeats(rows, &columns, &sets) {
            prop_assert_eq!(repeats, 0);
        }
    }

    #[test]
    fn one_set_is_planned_up_to_its_last_combination(sizes in proptest::collection::vec(1u128..8, 1..4)) {
        let all: u128 = sizes.iter().product();
        let rows = u64::try_from(all).unwrap();
        let set = vec![(0..sizes.len()).collect::<Vec<_>>()];
        let columns: Vec<Domain> = sizes.into_iter().map(free).collect();
        prop_assert_eq!(repeats(rows, &columns, &set), Ok(0));
        prop_assert!(repeats(rows + 1, &columns, &set).is_err());
    }
}

#[test]
fn siblings_differ_among_the_children_of_one_parent() {
    let columns = [Domain::Siblings(6), free(8)];
    let indexes = plan(1_000_000, &columns, &[vec![0, 1]], 3).unwrap();
    let index = indexes[1].as_ref().unwrap();
    for parent in 1..50 {
        let place = |place| RowPlace {
            id: 9,
            parent,
            place,
        };
        let values: HashSet<u128> = (0..6).map(|it| index.at(place(it), &|_| (0, 0))).collect();
        assert_eq!(values.len(), 6);
    }
    assert!(plan(1_000, &[Domain::Siblings(9), free(8)], &[vec![0, 1]], 3).is_err());
}
