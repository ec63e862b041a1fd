//! How the columns of one table take their values so that none of its unique sets repeats.
//!
//! Pure: from how many values each column has to an [`Index`] a column. In this order: what never repeats anyway; the
//! combinations of a set's columns, shuffled; where sets share a column, its values as groups, within which the others
//! don't repeat; and polynomials, of which any few columns tell which row it is.

use std::sync::Arc;

use crate::dataset::permutation::{Permutation, mix};
use crate::dataset::spread::{Spread, SpreadShape};
use crate::dataset::unique::index::{Digits, Grouping, Index, Polynomial, Position, Size};

/// What the planner can do with a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Domain {
    /// Nothing: its values may repeat, and follow from others.
    Fixed,
    /// Its values never repeat.
    Distinct,
    /// Any of so many values.
    Free {
        /// How many.
        size: u128,
        /// Some are drawn more often than others, which is lost when they are planned.
        shaped: bool,
    },
    /// Its rows lie together by parents, as the column says.
    Spread(Spread),
    /// Values of a run that another column's value has.
    Within {
        /// The other column, where its value follows from this one's.
        group: Option<usize>,
        /// How many values each run has at least.
        least: u64,
    },
}

/// A set that can't be kept, by its position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooSmall(pub usize);

/// An index for each column that must have one; `key` is what shuffles start from.
pub fn plan(
    rows: u64,
    columns: &[Domain],
    sets: &[Vec<usize>],
    key: u64,
) -> Result<Vec<Option<Index>>, TooSmall> {
    let mut planner = Planner {
        columns,
        indexes: vec![None; columns.len()],
        key,
    };
    let sets = sets.iter().enumerate();
    let sets = sets.filter_map(|(number, columns)| planner.needed(number, columns));
    let sets = minimal(sets.collect());
    planner.solve(Scope::all(rows), sets)?;
    Ok(planner.indexes)
}

/// A set still to be kept: the columns that can help, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Set {
    number: usize,
    columns: Vec<usize>,
}

/// The rows that a set must not repeat among: all, or those of a group.
#[derive(Debug, Clone)]
struct Scope {
    position: Position,
    rows: u64,
    depth: u64,
}

impl Scope {
    fn all(rows: u64) -> Scope {
        Scope {
            position: Position::Row,
            rows,
            depth: 0,
        }
    }
}

/// What happens to columns of which some values are drawn more often than others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shaped {
    Kept,
    Planned,
}

#[derive(Clone)]
struct Planner<'a> {
    columns: &'a [Domain],
    indexes: Vec<Option<Index>>,
    key: u64,
}

impl Planner<'_> {
    /// What of a set must be planned; `None` where it holds anyway.
    fn needed(&self, number: usize, columns: &[usize]) -> Option<Set> {
        let mut set = Vec::new();
        for &column in columns {
            match &self.columns[column] {
                Domain::Distinct => return None,
                Domain::Fixed => {}
                // Its value tells the group's.
                Domain::Within { group, .. } => set.extend(group.iter().copied().chain([column])),
                Domain::Free { .. } | Domain::Spread(_) => set.push(column),
            }
        }
        set.sort_unstable();
        set.dedup();
        Some(Set {
            number,
            columns: set,
        })
    }

    /// Plans sets that may share columns; those that don't are planned apart.
    fn solve(&mut self, scope: Scope, mut sets: Vec<Set>) -> Result<(), TooSmall> {
        while let Some(first) = sets.pop() {
            let mut component = vec![first];
            while let Some(at) = sets.iter().position(|set| {
                let shares = |other: &Set| other.columns.iter().any(|it| set.columns.contains(it));
                component.iter().any(shares)
            }) {
                component.push(sets.swap_remove(at));
            }
            component.sort_by_key(|set| set.number);
            self.solve_component(&scope, component)?;
        }
        Ok(())
    }

    fn solve_component(&mut self, scope: &Scope, sets: Vec<Set>) -> Result<(), TooSmall> {
        if scope.rows <= 1 {
            return Ok(());
        }
        let failed = TooSmall(sets[0].number);
        if let [set] = sets.as_slice()
            && self.combine(scope, set, Shaped::Kept)
        {
            return Ok(());
        }
        for center in self.centers(scope, &sets) {
            let mut attempt = self.clone();
            if attempt.group(scope, &sets, center).is_ok() {
                *self = attempt;
                return Ok(());
            }
        }
        if let [set] = sets.as_slice()
            && self.combine(scope, set, Shaped::Planned)
        {
            return Ok(());
        }
        if self.polynomial(scope, &sets) {
            return Ok(());
        }
        Err(failed)
    }

    /// One set: the combinations of its free columns, with or without those that have a shape to lose.
    fn combine(&mut self, scope: &Scope, set: &Set, shaped_columns: Shaped) -> bool {
        let is_free = |column: &usize| match &self.columns[*column] {
            Domain::Free { shaped, .. } => shaped_columns == Shaped::Planned || !shaped,
            _ => false,
        };
        let columns: Vec<usize> = set.columns.iter().copied().filter(is_free).collect();
        let suffices = !columns.is_empty() && self.size(&columns) >= u128::from(scope.rows);
        if suffices {
            self.digits(scope, &columns);
        }
        suffices
    }

    /// At least so many combinations of columns' values.
    fn size(&self, columns: &[usize]) -> u128 {
        let size = |column: &usize| match &self.columns[*column] {
            Domain::Free { size, .. } => *size,
            Domain::Within { least, .. } => u128::from(*least),
            Domain::Fixed | Domain::Spread(_) | Domain::Distinct => 1,
        };
        columns.iter().map(size).fold(1, u128::saturating_mul)
    }

    fn digits(&mut self, scope: &Scope, columns: &[usize]) {
        let size = |column: &usize| match &self.columns[*column] {
            Domain::Within { .. } => Size::Run(*column),
            _ => Size::Fixed(self.size(&[*column])),
        };
        let sizes: Vec<Size> = columns.iter().map(size).collect();
        let key = self.key_of(scope, columns);
        let fixed = sizes.iter().all(|size| matches!(size, Size::Fixed(_)));
        let digits = Arc::new(Digits {
            position: scope.position.clone(),
            sizes,
            key,
            shuffle: fixed.then(|| Permutation::new(self.size(columns), key)),
        });
        for (place, column) in columns.iter().enumerate() {
            self.indexes[*column] = Some(Index::Digit(Arc::clone(&digits), place));
        }
    }

    /// The columns that all sets have and that can group rows: those that do so already, then those with most values.
    fn centers(&self, scope: &Scope, sets: &[Set]) -> Vec<usize> {
        let mut shared: Vec<usize> = sets[0].columns.clone();
        shared.retain(|column| sets.iter().all(|set| set.columns.contains(column)));
        let is_spread = |column: &usize| matches!(self.columns[*column], Domain::Spread(_));
        shared.retain(|column| match self.columns[*column] {
            Domain::Free { .. } => true,
            // Only a group of all rows is what the column says.
            Domain::Spread(_) => scope.depth == 0,
            _ => false,
        });
        shared.sort_by_key(|column| {
            (
                !is_spread(column),
                u128::MAX - self.size(&[*column]),
                *column,
            )
        });
        shared
    }

    /// Rows by the values of a column, and the rest of each set among the rows of one value.
    fn group(&mut self, scope: &Scope, sets: &[Set], center: usize) -> Result<(), TooSmall> {
        let (order, spread) = match &self.columns[center] {
            Domain::Spread(spread) => (None, *spread),
            _ => {
                let parents = u64::try_from(self.size(&[center])).unwrap_or(u64::MAX);
                let key = self.key_of(scope, &[center]);
                (
                    Some(Permutation::new(u128::from(scope.rows), key)),
                    Spread::new(scope.rows, parents, SpreadShape::Even),
                )
            }
        };
        let grouping = Arc::new(Grouping {
            position: scope.position.clone(),
            order,
            spread,
        });
        if order.is_some() {
            self.indexes[center] = Some(Index::Parent(Arc::clone(&grouping)));
        }
        let inner = Scope {
            rows: spread.most(),
            position: Position::Rank(grouping),
            depth: scope.depth + 1,
        };
        if inner.rows <= 1 {
            return Ok(());
        }
        let rest = sets.iter().map(|set| Set {
            number: set.number,
            columns: set
                .columns
                .iter()
                .copied()
                .filter(|it| *it != center)
                .collect(),
        });
        let rest = minimal(rest.collect());
        if let Some(empty) = rest.iter().find(|set| set.columns.is_empty()) {
            return Err(TooSmall(empty.number));
        }
        self.solve_groups(inner, rest)
    }

    /// As [`Planner::solve`], where columns may have runs of values that belong to the group.
    fn solve_groups(&mut self, scope: Scope, sets: Vec<Set>) -> Result<(), TooSmall> {
        let has_run = |column: &usize| matches!(self.columns[*column], Domain::Within { .. });
        let (runs, others): (Vec<Set>, Vec<Set>) = sets
            .into_iter()
            .partition(|set| set.columns.iter().any(has_run));
        for set in runs {
            let taken = |column: &usize| {
                self.indexes[*column].is_some()
                    || others.iter().any(|it| it.columns.contains(column))
            };
            let can_help = |column: &usize| {
                !taken(column) && !matches!(self.columns[*column], Domain::Spread(_))
            };
            let columns: Vec<usize> = set.columns.iter().copied().filter(can_help).collect();
            if self.size(&columns) < u128::from(scope.rows) {
                return Err(TooSmall(set.number));
            }
            self.digits(&scope, &columns);
        }
        self.solve(scope, others)
    }

    /// Any sets: each column a point of a polynomial that as many columns determine as the smallest set has.
    fn polynomial(&mut self, scope: &Scope, sets: &[Set]) -> bool {
        let mut columns: Vec<usize> = sets.iter().flat_map(|set| set.columns.clone()).collect();
        columns.sort_unstable();
        columns.dedup();
        let Some(terms) = sets.iter().map(|set| set.columns.len()).min() else {
            return false;
        };
        let is_free = |column: &usize| matches!(self.columns[*column], Domain::Free { .. });
        if terms == 0 || !columns.iter().all(is_free) {
            return false;
        }
        let smallest = columns.iter().map(|column| self.size(&[*column])).min();
        let terms = u32::try_from(terms).unwrap_or(1);
        let least = root_above(scope.rows, terms).max(columns.len() as u64);
        let is_below = |number: u64| smallest.is_none_or(|size| size < u128::from(number));
        if is_below(least) {
            return false;
        }
        let prime = prime_from(least);
        if is_below(prime) {
            return false;
        }
        let numbers = u128::from(prime).saturating_pow(terms);
        let polynomial = Arc::new(Polynomial {
            position: scope.position.clone(),
            shuffle: Permutation::new(numbers, self.key_of(scope, &columns)),
            prime,
            terms,
        });
        for (point, column) in (0..).zip(&columns) {
            self.indexes[*column] = Some(Index::Polynomial(Arc::clone(&polynomial), point));
        }
        true
    }

    fn key_of(&self, scope: &Scope, columns: &[usize]) -> u64 {
        let start = mix(self.key ^ scope.depth);
        columns
            .iter()
            .fold(start, |key, column| mix(key ^ (*column as u64 + 1)))
    }
}

/// The sets without those that hold when another one does.
fn minimal(sets: Vec<Set>) -> Vec<Set> {
    let holds_with = |at: usize, other: usize| {
        let (set, smaller) = (&sets[at], &sets[other]);
        let is_part = smaller.columns.iter().all(|it| set.columns.contains(it));
        is_part && (smaller.columns.len() < set.columns.len() || other < at)
    };
    let is_needed = |at: &usize| !(0..sets.len()).any(|it| it != *at && holds_with(*at, it));
    (0..sets.len())
        .filter(is_needed)
        .map(|at| sets[at].clone())
        .collect()
}

/// The least number whose power is not below another.
fn root_above(number: u64, power: u32) -> u64 {
    let (mut low, mut high) = (1u64, number.max(1));
    while low < high {
        let middle = low + (high - low) / 2;
        match u128::from(middle).saturating_pow(power) >= u128::from(number) {
            true => high = middle,
            false => low = middle + 1,
        }
    }
    low
}

/// The least prime that is not below a number: found at once for those that occur, roots of numbers of rows.
fn prime_from(number: u64) -> u64 {
    let is_prime = |it: u64| it >= 2 && (2..).take_while(|d| d * d <= it).all(|d| it % d != 0);
    (number..).find(|it| is_prime(*it)).unwrap_or(number)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

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
                (Domain::Spread(spread), _) => u128::from(spread.parent(row - 1).0),
                (_, Some(index)) => index.at(row, &|_| (0, 0)),
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
                (_, Some(index)) => index.at(row, &run),
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
        let spread = |parents| Domain::Spread(Spread::new(1_000, parents, SpreadShape::Skewed));
        let even = Domain::Spread(Spread::new(1_000, 300, SpreadShape::Even));
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
        let spread = Domain::Spread(Spread::new(1_000, 100, SpreadShape::Even));
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
                columns.push(Domain::Spread(Spread::new(rows, spread, SpreadShape::Skewed)));
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
}
