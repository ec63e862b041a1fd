//! How the columns of one table take their values so that none of its unique sets repeats.
//!
//! Pure: from how many values each column has to an [`Index`] a column. In this order: what never repeats anyway; the
//! combinations of a set's columns, shuffled; where sets share a column, its values as groups, within which the others
//! don't repeat; and polynomials, of which any few columns tell which row it is.

use std::sync::Arc;

use crate::dataset::dealt_rows::DealtRows;
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
    Spread(DealtRows),
    /// The parent's, of which no row has more children than this.
    Siblings(u64),
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
                Domain::Free { .. } | Domain::Spread(_) | Domain::Siblings(_) => set.push(column),
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
            Domain::Fixed | Domain::Spread(_) | Domain::Siblings(_) | Domain::Distinct => 1,
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
        let is_spread = |column: &usize| {
            matches!(
                self.columns[*column],
                Domain::Spread(_) | Domain::Siblings(_)
            )
        };
        shared.retain(|column| match self.columns[*column] {
            Domain::Free { .. } => true,
            // Only a group of all rows is what the column says.
            Domain::Spread(_) | Domain::Siblings(_) => scope.depth == 0,
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
        let (rows, position) = match self.columns[center] {
            Domain::Siblings(most) => (most, Position::Siblings),
            _ => {
                let grouping = self.grouping(scope, center);
                (grouping.rows.most(), Position::Rank(grouping))
            }
        };
        let inner = Scope {
            rows,
            position,
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

    /// How a column groups rows: as it says, else in a shuffled order.
    fn grouping(&mut self, scope: &Scope, center: usize) -> Arc<Grouping> {
        let (order, rows) = match &self.columns[center] {
            Domain::Spread(rows) => (None, rows.clone()),
            _ => {
                let parents = u64::try_from(self.size(&[center])).unwrap_or(u64::MAX);
                let key = self.key_of(scope, &[center]);
                (
                    Some(Permutation::new(u128::from(scope.rows), key)),
                    DealtRows::in_order(Spread::new(scope.rows, parents, &SpreadShape::Even)),
                )
            }
        };
        let grouping = Arc::new(Grouping {
            position: scope.position.clone(),
            order,
            rows,
        });
        if order.is_some() {
            self.indexes[center] = Some(Index::Parent(Arc::clone(&grouping)));
        }
        grouping
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
                !taken(column)
                    && !matches!(
                        self.columns[*column],
                        Domain::Spread(_) | Domain::Siblings(_)
                    )
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
    let is_prime = |it: u64| {
        it >= 2
            && (2..)
                .take_while(|d| d * d <= it)
                .all(|d| !it.is_multiple_of(d))
    };
    (number..).find(|it| is_prime(*it)).unwrap_or(number)
}

#[cfg(test)]
mod tests;
